/* SPDX-License-Identifier: MIT */
/*
 * A disk that outlives its device: the instance, its lanes, and the devices it has had.
 *
 *   instance  a disk.  Whoever looks after it (a monitor, the manager) opens devices for it, says
 *             that one is lost, and adopts the next.
 *   device    the core's device with its rings, as long as anybody uses it: one of the instance's.
 *             What one device promised is a fact of that device, never of the disk.
 *   lane      one owner (a CPU's worker, a thread), lane n uses queue n: submits, reaps.  Touches
 *             its own lane, and the core's queue of the device that it follows.
 *
 * An owner looks at instance->turn in every call.  When it has moved, the owner leaves the old
 * device (what was in flight there comes back into its hands), follows to the new one when there is
 * one, and hands everything over again, once the old device is known to have stopped.  The last
 * that leaves a device ends it.  So no lock is on an owner's path, and what an old device may still
 * write reaches memory that nobody reads.
 *
 * What differs from home to home stands in one table, struct storage_home.  None of its functions
 * is called on the path of a plain request.
 *
 * A request is a struct orion_io in its caller's memory: until it completes it is the record from
 * which it is replayed.
 */
#ifndef STORAGE_LANE_H
#define STORAGE_LANE_H

#include "orion/io.h"
#include "orion/vblk.h"

#include "storage/pages.h"

#define likely(condition) __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

#define STORAGE_BATCH 64u
#define STORAGE_VECTORS_MAPPED 128u /* in one request of the device */
#define STORAGE_TABLES 16u /* requests that the core cuts into parts: it takes no more */
#define STORAGE_LANES_MAX 16u
#define STORAGE_FINISHED ORION_STATUS_COUNT /* in place of a status: nothing is left to do */
#define STORAGE_IDENTIFY 3u /* an operation of our own: the serial number */

struct storage_instance;
struct storage_lane;

/* The private part of a struct orion_io. */
struct storage_private {
	struct vblk_segment segment;    /* unused: not 0 when something of the lane's is lent */
	uint64_t sequence;              /* of submission; a flush keeps its mark in the segment */
};

_Static_assert(sizeof(struct orion_io) == 64, "orion_io");
_Static_assert(sizeof(struct storage_private) <= sizeof(((struct orion_io *)NULL)->private_),
	       "storage_private");

static inline struct storage_private *
storage_private(struct orion_io *io)
{
	return (struct storage_private *)(void *)io->private_;
}

/* What a device promises of a write that it has acknowledged, the least first. */
enum storage_promise {
	STORAGE_PROMISE_NONE,           /* nothing: FLUSH is not offered */
	STORAGE_PROMISE_FLUSH,          /* it survives once a later flush has completed */
	STORAGE_PROMISE_STABLE,         /* it survives */
};

/* Whether a device that was lost may still carry out what it was given. */
enum storage_end {
	STORAGE_MAY_RUN,
	STORAGE_STOPPED,
	STORAGE_DOUBTED,                /* patience is over, and nobody knows */
};

/* ---- what a home supplies ---- */

/* Where a piece of memory lies, for us and for the device. */
struct storage_place {
	unsigned char *base;
	size_t bytes;           /* 0: nowhere */
	uint64_t device;        /* address for the device */
};

/* Address for the device of CPU, which lies at PLACE. */
static inline uint64_t
storage_address(const struct storage_place *place, const void *cpu)
{
	return place->device + ((uintptr_t)cpu - (uintptr_t)place->base);
}

/* One of an instance's devices; a home keeps it in a struct of its own. */
struct storage_device {
	struct storage_instance *instance;
	struct vblk_device *device;
	uint32_t number;                /* 1 ... */
	unsigned users;                 /* lanes that follow it, and others: atomic */
	enum storage_promise promise;
	enum storage_end end;           /* atomic */
	bool expired;                   /* a request waited for the deadline: atomic */
	struct storage_place bounce;    /* memory for copies, in equal parts for all lanes */
	struct vblk_queue_stats asking; /* what its opening has counted on the first queue */
};

struct storage_home {
	/* For each orion_status the number that programs are told. */
	const int *results;
	/*
	 * Where the region lies that holds all of BYTES at ADDRESS and that every device of
	 * INSTANCE reaches; false: there is none, so that the bytes are copied.  Context: owner.
	 */
	bool (*find)(const struct storage_instance *instance, const void *address, size_t bytes,
		     struct storage_place *place);
	/* Keeps owners that follow, and whoever looks after INSTANCE, apart; never for long. */
	void (*lock)(struct storage_instance *instance);
	void (*unlock)(struct storage_instance *instance);
	/* LANE follows lane->device from now on; is about to leave it.  Context: owner. */
	void (*joined)(struct storage_lane *lane);
	void (*leaving)(struct storage_lane *lane);
	/* Nobody uses DEVICE any more: to be closed.  Context: whoever was the last. */
	void (*ended)(struct storage_device *device);
	/* Whoever looks after INSTANCE is to look at it.  Any context. */
	void (*look)(struct storage_instance *instance);
	/* INSTANCE's turn has moved: wakes the owner of lane N.  Any context. */
	void (*wake)(struct storage_instance *instance, unsigned n);
	uint64_t (*now_ns)(void);
	uint64_t (*ticks)(void);        /* by which the core notes when requests are handed over */
};

/* ---- the instance ---- */

enum storage_state {
	STORAGE_LIVE,
	STORAGE_LOST,                   /* another device is tried for; requests wait */
	STORAGE_FAILED,                 /* it is tried for on, more slowly; requests fail */
	STORAGE_FOREIGN,                /* of another process: it may only be closed */
};

struct storage_instance {
	uint32_t turn;                  /* moves when owners must look: atomic */
	uint32_t stale;                 /* losses of acknowledged writes: atomic */
	enum storage_state state;       /* atomic */
	const struct storage_home *home;
	uint64_t ticks_per_second;
	uint32_t deadline_ms;           /* that a request may take; 0: any time */
	uint32_t bounce_bytes;          /* for each lane, a multiple of STORAGE_PAGE */
	bool durable;                   /* the user promises that what is acknowledged survives */
	bool read_only;
	bool wrote;                     /* something was written: atomic */
	unsigned lane_count;
	struct vblk_queue_stats last;   /* what whoever looks after it reads just now */
	struct storage_device *device;  /* the newest, NULL while there is none: under the lock */
	uint32_t devices;               /* adopted so far: under the lock */
	struct storage_lane *lanes[STORAGE_LANES_MAX];
};

static inline enum storage_state
storage_state(const struct storage_instance *instance)
{
	return __atomic_load_n(&instance->state, __ATOMIC_ACQUIRE);
}

static inline void
storage_state_set(struct storage_instance *instance, enum storage_state state)
{
	__atomic_store_n(&instance->state, state, __ATOMIC_RELEASE);
}

/* Owners must look. */
void storage_turn(struct storage_instance *instance);

/* What the device promises of a write, by what was negotiated. [spec 5.2.6.2] */
enum storage_promise storage_promise_of(const struct vblk_info *info);

/* DEVICE is the newest from now on; NULL: there is none.  Takes the lock. */
void storage_adopt(struct storage_instance *instance, struct storage_device *device);

/*
 * DEVICE, the newest, is lost; from here on there is none.  What it acknowledged and no flush
 * covers may be lost with it.  Owners look, and leave it.
 */
void storage_lose(struct storage_instance *instance, struct storage_device *device);

/* Requests fail from now on, until a device is adopted and the state is STORAGE_LIVE again. */
void storage_fail(struct storage_instance *instance);

/* One user of DEVICE less; the last ends it. */
void storage_device_leave(struct storage_device *device);

/* ---- lanes ---- */

/* What is known of requests that take long: late.c. */
struct storage_late {
	uint64_t oldest;                /* ticks at which it was submitted */
	uint64_t patience;              /* ticks: its age at which the device is kicked */
	unsigned requests;              /* that were kicked for, on this device */
	bool woken;                     /* by the clock, not by the device */
	bool told;                      /* that by whoever looks after the instance: atomic */
	uint64_t given, given_ns;       /* theirs: when something came back */
};

/* How far each lane had come when a flush was submitted. */
struct storage_mark {
	uint64_t writes[STORAGE_LANES_MAX];
};

/* Of the request that was refused last, what words need. */
struct storage_refused {
	uint64_t offset, bytes;
	uint16_t vectors, bad_vector;
	uint8_t operation, flags;
	bool no_buffer, no_request;
};

struct storage_lane {
	/* The owner's path. */
	struct vblk_queue *ring;        /* of the device it follows; NULL: of none */
	struct vblk_queue *kick;        /* the same; NULL: each kick takes the long way */
	struct storage_instance *instance;
	struct storage_place near;      /* where the last buffer lay; forgotten at each turn */
	uint32_t turn;                  /* instance->turn that was last acted upon */
	uint8_t largest;                /* the largest operation that is plain here */
	int refusal;                    /* as the home names it */
	uint64_t sequence;
	uint64_t taken, given;          /* requests; their difference is in flight */
	uint64_t writes;                /* acknowledged; read by others: relaxed */
	struct vblk_completion completions[STORAGE_BATCH];
	struct vblk_request requests[STORAGE_BATCH];

	/* What is not on its way. */
	struct storage_device *device;  /* followed; NULL: none */
	struct orion_io **held;         /* taken, not handed over: by sequence */
	struct orion_io **ready;        /* finished here */
	unsigned held_count, ready_count, ready_first;
	unsigned depth;
	uint64_t covered;               /* of writes, by a flush: atomic */
	uint32_t stale_seen;            /* instance->stale that a flush has told */
	uint64_t connection;            /* storage_word() of the last followed: atomic */
	struct storage_device *doubt;   /* lost, and not known to have stopped; NULL: none */
	unsigned doubted;               /* so many of those held, the first, were given to it */
	struct storage_mark *marks;
	uint16_t *marks_free;
	unsigned marks_left;
	struct storage_pages bounce;
	unsigned char *bounce_base;
	uint64_t bounce_device;
	uint16_t index;
	const struct orion_io *identify; /* the one request that may ask for the serial number */
	struct storage_refused refused;
	struct orion_queue_counters counters;
	struct vblk_queue_stats past;   /* of devices before this */
	struct vblk_queue_stats last;   /* of the one that is being left */
	struct vblk_segment segments[STORAGE_VECTORS_MAPPED];
	struct vblk_segment (*tables)[ORION_VECTORS_MAX]; /* the core reads on in them */
	uint16_t tables_used;           /* a bit each */
	struct storage_late late;
};

/* Which device, and what it promises: one word for others to read. */
static inline uint64_t
storage_word(const struct storage_device *device)
{
	return (uint64_t)device->number << 2 | (unsigned)device->promise;
}

static inline uint32_t
storage_word_number(uint64_t word)
{
	return (uint32_t)(word >> 2);
}

static inline enum storage_promise
storage_word_promise(uint64_t word)
{
	return (enum storage_promise)(word & 3);
}

/* The private memory of a lane of DEPTH requests, with BOUNCE_BYTES for copies. */
size_t storage_lane_bytes(unsigned depth, uint32_t bounce_bytes);

/*
 * Makes LANE, which is zeroed, lane INDEX of INSTANCE, following no device yet.  MEMORY is zeroed,
 * of storage_lane_bytes(DEPTH, instance->bounce_bytes), aligned to 8, and the lane's from now on.
 */
void storage_lane_init(struct storage_lane *lane, struct storage_instance *instance, unsigned index,
		       unsigned depth, void *memory);

/* ---- io.c: the owner's path; the manual of the home has them ---- */

unsigned storage_submit(struct storage_lane *lane, struct orion_io *const *ios, unsigned count);
unsigned storage_reap(struct storage_lane *lane, struct orion_io **done, unsigned max);
void storage_kick(struct storage_lane *lane);

/* Requests taken and not yet given back.  Any context. */
static inline unsigned
storage_in_flight(const struct storage_lane *lane)
{
	return (unsigned)(__atomic_load_n(&lane->taken, __ATOMIC_RELAXED) -
			  __atomic_load_n(&lane->given, __ATOMIC_RELAXED));
}

/* A counter of the owner's that others read. */
static inline void
storage_count(uint64_t *counter, uint64_t more)
{
	__atomic_store_n(counter, *counter + more, __ATOMIC_RELAXED);
}

/* The number that programs are told for STATUS. */
int storage_result(const struct storage_lane *lane, orion_status status);

/* The device takes none at this moment: it is full, or about to be dropped. */
static inline bool
storage_not_now(orion_status status)
{
	return status == ORION_OK || status == ORION_NO_ROOM || status == ORION_WRONG_STATE ||
	       status == ORION_DEVICE_BROKEN;
}

/* IO (NULL: no request of the program's) is not taken, for STATUS; ORION_OK: it was. */
void storage_refuse(struct storage_lane *lane, orion_status status, const struct orion_io *io);

/* ---- prepare.c: requests that are not plain ---- */

/* Makes REQUEST from IO, whatever it is: ORION_OK, STORAGE_FINISHED, or why not. */
orion_status storage_prepare(struct storage_lane *lane, struct orion_io *io,
			     struct vblk_request *request);

/* Takes back what storage_prepare() took, IO being not done. */
void storage_release(struct storage_lane *lane, struct orion_io *io);

/* The same for one that the core refused: what was copied for the device is wiped. */
void storage_unprepare(struct storage_lane *lane, struct orion_io *io);

/* The same for one that is done, its result being set: the program gets what was read. */
void storage_give(struct storage_lane *lane, struct orion_io *io);

/* ---- follow.c: an owner and the devices ---- */

/* The instance's turn has moved: acts upon it.  Context: owner. */
void storage_follow(struct storage_lane *lane);

/* The next call is to look at the instance again. */
void storage_look_again(struct storage_lane *lane);

/* Whether LANE, and what it can hold, has room for another request. */
static inline bool
storage_has_room(const struct storage_lane *lane)
{
	return lane->taken - lane->given < lane->depth;
}

/* Hands over what is held, as room allows. */
void storage_hand_over(struct storage_lane *lane);

/* Gives up to MAX of what is finished here. */
unsigned storage_take_ready(struct storage_lane *lane, struct orion_io **done, unsigned max);

/* IO is finished with STATUS; it will be given by the next reap. */
void storage_finish(struct storage_lane *lane, struct orion_io *io, orion_status status);

/* ---- flush.c: what a flush may claim ---- */

/* A flush is submitted: ORION_OK, STORAGE_FINISHED, or why not. */
orion_status storage_flush_begin(struct storage_lane *lane, struct orion_io *io);

/* It completed with STATUS; returns what the program is told. */
orion_status storage_flush_end(struct storage_lane *lane, struct orion_io *io, orion_status status);

/* It never got to the device. */
void storage_flush_drop(struct storage_lane *lane, struct orion_io *io);

/*
 * Device NUMBER is lost: if LANE follows it, what was acknowledged there, and no flush covers, may
 * be, too.  Context: any.
 */
void storage_flush_lost(struct storage_lane *lane, uint32_t number);

/* ---- late.c: requests that take long ---- */

/*
 * Nothing was there to reap: kicks the device if the oldest request has waited for a second, and
 * gives the device up if for the deadline.  Context: owner.
 */
void storage_late_look(struct storage_lane *lane);

/* Something was there to reap: counts it if it was only found since the clock said to look. */
void storage_late_found(struct storage_lane *lane);

/* Finishes what is held since the deadline, without a device.  Context: owner. */
void storage_late_held(struct storage_lane *lane);

/* IO is held from now on. */
void storage_late_hold(const struct storage_lane *lane, struct orion_io *io);

/*
 * Has owners look whose requests take long; gives after how many ms to call again.  Context:
 * whoever looks after the instance.
 */
int storage_late_watch(struct storage_instance *instance);

/* The longest sleep that still notices in time, ns. */
uint64_t storage_late_sleep_ns(const struct storage_instance *instance);

#endif

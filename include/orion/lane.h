/* SPDX-License-Identifier: MIT */
/*
 * The storage framework's path: a disk that outlives its device, its lanes, and its devices.
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
#ifndef ORION_LANE_H
#define ORION_LANE_H

#include "orion/api.h"
#include "orion/io.h"
#include "orion/vblk.h"

ORION_BEGIN_C

#define STORAGE_BATCH 64u
#define STORAGE_VECTORS_MAPPED 128u /* in one request of the device */

/*
 * A flag of orion_io, for layers that share memory with the device themselves: buffer is a const
 * struct vblk_segment * of so many vectors, which stays until completion.  Refused where
 * instance->maps is not set.
 */
#define STORAGE_MAPPED 0x80u
#define STORAGE_IDENTIFY 3u /* an operation of the framework's own: the serial number */

#define STORAGE_PAGE 4096u

/* Which pages of a region are free: storage/pages.h. */
struct storage_pages {
	uint32_t count, free;
	uint32_t *run;          /* of page i: length of the run that starts there, or 0 */
	uint64_t *used;         /* a bit per page */
};

struct storage_instance;
struct storage_lane;

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

/* One of an instance's devices; a home keeps it in a struct of its own. */
struct storage_device {
	struct storage_instance *instance;
	struct vblk_device *device;
	uint32_t number;                /* 1 ... */
	unsigned users;                 /* lanes that follow it, and others: atomic */
	enum storage_promise promise;
	enum storage_end end;           /* atomic */
	bool expired;                   /* a request waited for the deadline: atomic */
	bool kept;                      /* it only was reset: what it acknowledged is not lost */
	/* What its opening has counted on the first queue, to be taken off; NULL: nothing. */
	const struct vblk_queue_stats *asking;
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
	/*
	 * LANE follows lane->device from now on: sets lane->bounce_base and bounce_device, where
	 * instance->bounce_bytes of its memory lie for LANE's copies.  Context: owner.
	 */
	void (*joined)(struct storage_lane *lane);
	/* LANE is about to leave lane->device.  Context: owner. */
	void (*leaving)(struct storage_lane *lane);
	/* Nobody uses DEVICE any more: to be closed.  Context: whoever was the last. */
	void (*ended)(struct storage_device *device);
	/* Whoever looks after INSTANCE is to look at it.  Any context. */
	void (*look)(struct storage_instance *instance);
	/* INSTANCE's turn has moved: wakes the owner of lane N.  Any context. */
	void (*wake)(struct storage_instance *instance, unsigned n);
	uint64_t (*now_ns)(const struct storage_instance *instance);
	/* By which the core notes when requests are handed over.  Unused without a rate. */
	uint64_t (*ticks)(void);
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
	uint64_t ticks_per_second;      /* 0: late requests are somebody else's to look after */
	uint32_t deadline_ms;           /* that a request may take; 0: any time */
	uint32_t bounce_bytes;          /* for each lane, a multiple of STORAGE_PAGE */
	uint16_t tables;                /* of each lane, up to 16: requests that the core cuts up */
	uint16_t marks;                 /* of each lane: flushes in flight at a time */
	bool maps;                      /* requests may come with segments: STORAGE_MAPPED */
	bool durable;                   /* the user promises that what is acknowledged survives */
	bool read_only;
	bool wrote;                     /* something was written: atomic */
	unsigned lane_count;
	/* Room for whoever looks after it; NULL: that it wrote is taken for granted. */
	struct vblk_queue_stats *last;
	struct storage_device *device;  /* the newest, NULL while there is none: under the lock */
	uint32_t devices;               /* adopted so far: under the lock */
	struct storage_lane *lanes[VBLK_QUEUES_MAX];
};

/* Owners must look. */
void storage_turn(struct storage_instance *instance);

/* What the device promises of a write, by what was negotiated. [spec 5.2.6.2] */
enum storage_promise storage_promise_of(const struct vblk_info *info);

/*
 * DEVICE is the newest from now on; NULL: there is none.  One that was there before, and was only
 * reset, keeps its number.  Takes the lock.
 */
void storage_adopt(struct storage_instance *instance, struct storage_device *device);

/*
 * DEVICE, the newest, is lost; from here on there is none.  What it acknowledged and no flush
 * covers may be lost with it, unless it is kept.  Owners look, and leave it.
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
	/*
	 * Acknowledged, read by others.  Stored with release: whoever sees one more has seen
	 * `connection`, of which it is.
	 */
	uint64_t writes;
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
	uint64_t *marks;                /* how far each lane had come when a flush was submitted */
	uint16_t *marks_free;
	unsigned marks_left;
	struct storage_pages bounce;
	unsigned char *bounce_base;
	uint64_t bounce_device;
	uint16_t index;
	const struct orion_io *identify; /* the one request that may ask for the serial number */
	struct storage_refused refused;
	struct orion_queue_counters counters;
	/* Bytes that were handed over to a device and given back, which counted them: atomic. */
	uint64_t again_read, again_written;
	struct vblk_queue_stats past;   /* of devices before this */
	struct vblk_queue_stats last;   /* of the one that is being left */
	struct vblk_segment segments[STORAGE_VECTORS_MAPPED];
	struct vblk_segment (*tables)[ORION_VECTORS_MAX]; /* the core reads on in them */
	uint16_t tables_used;           /* a bit each */
	struct storage_late late;
};

/* The private memory of a lane of INSTANCE, whose fields are set, for DEPTH requests. */
size_t storage_lane_bytes(const struct storage_instance *instance, unsigned depth);

/*
 * Makes LANE, which is zeroed, lane INDEX of INSTANCE, following no device yet.  MEMORY is zeroed,
 * of storage_lane_bytes(), aligned to 8, and the lane's from now on.  Context: setup.
 */
void storage_lane_init(struct storage_lane *lane, struct storage_instance *instance, unsigned index,
		       unsigned depth, void *memory);

/* LANE's owner looks at the instance, whatever it says of itself: once before the first request. */
void storage_follow(struct storage_lane *lane);

/*
 * Hands up to COUNT requests over, in order.  Returns how many were taken; the first that is not
 * ends the call, and lane->refusal says why, as the home names it (0: all were taken).  A request
 * is the framework's until storage_reap() gives its address back.  Context: owner.
 */
unsigned storage_submit(struct storage_lane *lane, struct orion_io *const *ios, unsigned count);

/* Tells the device of what was submitted, if it asks to be told.  Context: owner. */
void storage_kick(struct storage_lane *lane);

/*
 * Collects up to MAX completed requests into DONE, their results filled in.  Never waits.  Returns
 * how many.  Context: owner.
 */
unsigned storage_reap(struct storage_lane *lane, struct orion_io **done, unsigned max);

/* Requests taken and not yet given back.  Any context. */
static inline unsigned
storage_in_flight(const struct storage_lane *lane)
{
	return (unsigned)(__atomic_load_n(&lane->taken, __ATOMIC_RELAXED) -
			  __atomic_load_n(&lane->given, __ATOMIC_RELAXED));
}

/*
 * Has owners look whose requests take long; gives after how many ms to call again.  Context:
 * whoever looks after the instance.
 */
int storage_late_watch(struct storage_instance *instance);

/* The longest sleep that still notices in time, ns. */
uint64_t storage_late_sleep_ns(const struct storage_instance *instance);

ORION_END_C

#endif

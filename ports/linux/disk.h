/* SPDX-License-Identifier: MIT */
/*
 * The library's private types: a disk, its queues, its connections.  The manual is orion/disk.h.
 *
 * Who does what.
 *
 *   owner     of a queue: submits, reaps, waits.  Touches its own queue, and the core's queue of
 *             the connection that it follows.
 *   monitor   a thread per disk: watches the socket, connects anew, reads the configuration again;
 *             whatever must happen at a certain time is its work
 *   anyone    allocates, registers (waiting for messages to end), asks
 *
 * Connections.  Each has its own memory for rings and bounce buffers, and its own instance of the
 * core's device, made by the monitor while the owners still use the old one.  An owner looks at
 * disk->turn in every call.  When it has moved, the owner leaves the old connection (what was in
 * flight there comes back into its hands), follows to the new one when there is one, and hands
 * everything over again, once the old device is known to have stopped (lost.c).  The last owner
 * that leaves a connection closes it.  So no lock is on an owner's path, and what an old back end
 * may still write reaches memory that nobody reads.
 *
 * What one connection promised is a fact of that connection (struct session), never of the disk.
 */
#ifndef ORION_PORTS_LINUX_DISK_H
#define ORION_PORTS_LINUX_DISK_H

#include <pthread.h>
#include <sys/types.h>

#include "ports/linux/api/adaptive.h"
#include "ports/linux/link.h"

#include "orion/disk.h"
#include "orion/vblk.h"

#define likely(condition) __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

#define DISK_PATH_MAX 256u
#define IO_BATCH 64u
#define IO_FINISHED 1           /* of io_prepare(): nothing is left to do */
#define IO_IDENTIFY 3u          /* an operation of our own: orion_queue_identify() */
#define VECTORS_MAPPED 128u     /* in one request of the device */
#define TABLES 16u              /* requests that the core cuts into parts: it takes no more */

/* The private part of a struct orion_io. */
struct io_private {
	struct vblk_segment segment;    /* unused: not 0 when something of the queue's is lent */
	uint64_t sequence;              /* of submission; a flush keeps its mark in the segment */
};

_Static_assert(sizeof(struct orion_io) == 64, "orion_io");
_Static_assert(sizeof(struct io_private) <= sizeof(((struct orion_io *)NULL)->private_),
	       "io_private");

static inline struct io_private *
io_private(struct orion_io *io)
{
	return (struct io_private *)(void *)io->private_;
}

/* ---- a connection ---- */

/* What a device promises of a write that it has acknowledged, the least first. */
enum promise {
	PROMISE_NONE,           /* nothing: FLUSH is not offered */
	PROMISE_FLUSH,          /* it survives once a flush that came after it has completed */
	PROMISE_STABLE,         /* it survives */
};

/* By what a disk that comes back is known. */
struct identity {
	uint64_t sectors;
	uint32_t block_bytes;
	bool read_only;
	char serial[VIRTIO_BLK_ID_BYTES + 1];         /* "": it has none */
};

/* Whether a connection's device may still carry out what it was given. */
enum session_end {
	SESSION_MAY_RUN,
	SESSION_STOPPED,
	SESSION_DOUBTED,        /* loss_ms have passed, and nobody knows */
};

struct session {
	struct orion_disk *disk;
	uint32_t number;                /* 1 ... */
	enum promise promise;
	struct identity identity;
	struct vblk_queue_stats asking; /* what learning that has counted on the first queue */
	struct link link;
	uint64_t until_ns;              /* its opening may take so long */
	struct dma_arena arena;
	size_t arena_used;
	uint64_t memory_version;        /* of the disk's table, when the back end was told */
	void *memory[2];                /* the core's */
	struct orion_budget budget;
	struct vblk_device *device;
	unsigned users;                 /* owners that follow it, and the disk: atomic */
	bool broken;                    /* the core latched it: atomic */
	bool expired;                   /* a request waited for the deadline: atomic */
	struct orion_error error;       /* the core's last report */
	orion_event event;
	uint64_t event_a, event_b;

	/* Its end: lost.c. */
	struct session *next;           /* in disk->lost */
	enum session_end end;           /* atomic */
	uint64_t lost_ns;
};

/* Which connection, and what it promises: one word for others to read. */
static inline uint64_t
connection_word(const struct session *session)
{
	return (uint64_t)session->number << 2 | session->promise;
}

static inline uint32_t
connection_number(uint64_t word)
{
	return (uint32_t)(word >> 2);
}

static inline enum promise
connection_promise(uint64_t word)
{
	return (enum promise)(word & 3);
}

/* ---- a queue ---- */

/* What is known of requests that take long: late.c. */
struct late {
	uint64_t oldest;                /* ticks at which it was submitted */
	uint64_t patience;              /* ticks: its age at which the device is kicked */
	unsigned requests;              /* that were kicked for, on this connection */
	bool woken;                     /* by the clock, not by the device */
	bool told;                      /* that by the monitor: atomic */
	uint64_t given, given_ns;       /* the monitor's: when something came back */
};

/* How far each queue had come when a flush was submitted. */
struct flush_mark {
	uint64_t writes[ORION_DISK_QUEUES_MAX];
};

/* Of the request that was refused last, what words need: orion_queue_refusal_text(). */
struct refused {
	uint64_t offset, bytes;
	uint16_t vectors, bad_vector;
	uint8_t operation, flags;
	bool no_buffer, no_request;
};

struct orion_queue {
	/* The owner's path. */
	struct vblk_queue *ring;        /* of the connection it follows; NULL: of none */
	struct vblk_queue *kick;        /* the same; NULL: each kick takes the long way */
	struct orion_disk *disk;
	struct dma_place near;          /* where the last buffer lay; forgotten at each turn */
	uint32_t turn;                  /* disk->turn that was last acted upon */
	uint8_t largest;                /* the largest operation that is plain here */
	int refusal;
	uint64_t sequence;
	uint64_t taken, given;          /* requests; their difference is in flight */
	uint64_t writes;                /* acknowledged; read by others: relaxed */
	struct vblk_completion completions[IO_BATCH];

	/* What is not on its way. */
	struct session *session;        /* followed; NULL: of none */
	struct orion_io **held;         /* taken, not handed over: by sequence */
	struct orion_io **ready;        /* finished here */
	unsigned held_count, ready_count, ready_first;
	unsigned depth;
	uint64_t covered;               /* of writes, by a flush: atomic */
	uint32_t stale_seen;            /* disk->stale that a flush has told */
	uint64_t connection;            /* connection_word() of the last followed: atomic */
	struct session *doubt;          /* lost, and not known to have stopped; NULL: none */
	unsigned doubted;               /* so many of those held, the first, were given to it */
	struct flush_mark *marks;
	uint16_t *marks_free;
	unsigned marks_left;
	struct adaptive adaptive;
	struct dma_pages bounce;
	unsigned char *bounce_base;
	uint64_t bounce_device;
	uint16_t index;
	int event;                      /* epoll: completions, and the monitor's calls */
	struct refused refused;
	const void *signals;            /* the mask of a wait, a sigset_t; NULL: the thread's */
	struct orion_poll_group *group;
	struct orion_queue_counters counters;
	struct vblk_queue_stats past;   /* of connections before this */
	struct orion_io sync[8];        /* of the synchronous calls */
	struct vblk_segment segments[VECTORS_MAPPED];
	struct vblk_segment (*tables)[ORION_VECTORS_MAX]; /* TABLES: the core reads on in them */
	uint16_t tables_used;           /* a bit each */
	struct late late;
};

/* ---- a disk ---- */

/* Memory that a program registers. */
struct mapping {
	unsigned char *base;
	size_t bytes;
	int fd;
	uint64_t offset;
};

enum disk_state {
	DISK_CONNECTED,
	DISK_LOST,              /* the monitor tries to connect; requests wait */
	DISK_FAILED,            /* it tries on, more slowly; requests fail */
	DISK_FORKED,            /* we are a child that only may close */
};

struct orion_disk {
	uint32_t turn;                  /* moves when owners must look: atomic */
	uint32_t stale;                 /* losses of acknowledged writes: atomic */
	struct orion_disk_options options;
	char path[DISK_PATH_MAX];
	char url[DISK_PATH_MAX];        /* for people: without options */
	enum disk_state state;          /* atomic */
	unsigned queue_count;
	unsigned depth;
	const struct link_ops *link;    /* by which its connections are made */
	struct link_wish wish;          /* learnt: of whoever makes connections */
	struct vblk_info first;         /* what the first connection gave */
	enum promise promise;           /* of the first connection: the least that is taken */
	struct identity identity;       /* of the disk, as it was last seen */
	bool wrote;                     /* something was written: atomic */

	/*
	 * Of messages to the back end, and of what they tell it: memory.  Held as long as answers
	 * take, so no owner takes it.  Before the other, if both are needed.
	 */
	pthread_mutex_t exchange;
	struct dma memory;

	pthread_mutex_t lock;           /* of what follows; never held for long */
	struct session *session;        /* the newest, NULL while there is none */
	uint32_t sessions;              /* opened so far */
	struct orion_error error;
	unsigned events_left;           /* that the program's function may be told of now */
	unsigned events_untold;
	uint64_t events_ns;             /* up to when events_left was reckoned */

	/* The monitor's own. */
	uint64_t broken_ns[5];          /* when back ends were cut off for breaking the rules */
	uint64_t refreshed_ns;
	struct session *lost;           /* connections that somebody still cares about */

	pthread_t monitor;
	bool monitored, closing;
	int wake;                       /* eventfd: the monitor is to look */
	int cancel;                     /* eventfd: whoever waits for a back end is to end that */
	int events[ORION_DISK_QUEUES_MAX];      /* eventfds: the monitor calls the owners */
	struct orion_queue *queues[ORION_DISK_QUEUES_MAX];
	struct publication *publication;
	struct orion_disk *next;        /* in the process's list */
};

static inline enum disk_state
disk_state(const struct orion_disk *disk)
{
	return __atomic_load_n(&disk->state, __ATOMIC_ACQUIRE);
}

/* ---- session.c ---- */

/*
 * Connects and brings a device live, in PATIENCE_MS.  Returns 0 and *OUT with one user, or a
 * negative errno with ERROR filled.  Takes disk->exchange.  Context: setup.
 */
int session_open(struct orion_disk *disk, uint32_t patience_ms, struct session **out,
		 struct orion_error *error);

/* One user less; the last closes it. */
void session_leave(struct session *session);

/* ---- identity.c: is it the same disk, and as good? ---- */

/* What the disk behind SESSION is; asks it for its serial number, if SERIAL. */
int identity_learn(struct session *session, bool serial, struct orion_error *error);

/* Whether SESSION has DISK and gives what is used of it; ERROR says what not. */
bool identity_same(const struct orion_disk *disk, const struct session *session,
		   struct orion_error *error);

/* ---- lost.c: has the device of a lost connection stopped? ---- */

/*
 * SESSION is lost.  ASK: it can still be talked to, and is asked to stop.  Under disk->exchange.
 */
void lost_begin(struct session *session, bool ask);

/*
 * Looks at the connections that were lost, and calls the owners when one is known to have stopped.
 * Returns in how many ms to look again, -1: not at all.  Context: monitor.
 */
int lost_look(struct orion_disk *disk);

/* Forgets them all.  Context: no owner is active any more. */
void lost_forget(struct orion_disk *disk);

/* ---- port.c ---- */

/* The core's port; its context is a struct session. */
const struct orion_port *port_linux(void);

uint64_t port_now_ns(void);

/* The clock by which the core notes when requests are handed over. */
uint64_t port_ticks(void);

/* ---- follow.c: an owner and the connections ---- */

/* The disk's turn has moved: acts upon it.  Context: owner. */
void queue_follow(struct orion_queue *queue);

/* The next call is to look at the disk again. */
void queue_look_again(struct orion_queue *queue);

/* Whether QUEUE, and what it can hold, has room for another request. */
static inline bool
queue_has_room(const struct orion_queue *queue)
{
	return queue->taken - queue->given < queue->depth;
}

/* Hands over what is held, as room allows. */
void queue_hand_over(struct orion_queue *queue);

/* Gives up to MAX of what is finished here. */
unsigned queue_take_ready(struct orion_queue *queue, struct orion_io **done, unsigned max);

/* IO is finished with RESULT; it will be given by the next reap. */
void queue_finish(struct orion_queue *queue, struct orion_io *io, int result);

/* ---- io.c ---- */

/* A counter of the owner's that others read. */
static inline void
count_up(uint64_t *counter, uint64_t more)
{
	__atomic_store_n(counter, *counter + more, __ATOMIC_RELAXED);
}

int io_errno(orion_status status);

/* ---- refusal.c ---- */

/* IO (NULL: no request of the program's) is not taken, for RESULT, which is negative. */
void queue_refuse(struct orion_queue *queue, int result, const struct orion_io *io);

/* ---- prepare.c ---- */

/* Makes REQUEST from IO, whatever it is: 0, or a negative errno.  1: it is finished already. */
int io_prepare(struct orion_queue *queue, struct orion_io *io, struct vblk_request *request);

/* Takes back what io_prepare() took, IO being not done. */
void io_release(struct orion_queue *queue, struct orion_io *io);

/* The same for one that the core refused: what was copied for the device is wiped. */
void io_refuse(struct orion_queue *queue, struct orion_io *io);

/* The same for one that is done, its result being set: the program gets what was read. */
void io_give(struct orion_queue *queue, struct orion_io *io);

/* ---- disk.c ---- */

/* Queue INDEX, following no connection yet; NULL: no memory.  queue_free() takes NULL, too. */
struct orion_queue *queue_make(struct orion_disk *disk, unsigned index);
void queue_free(struct orion_queue *queue);

/* ---- late.c: requests that take long ---- */

/*
 * Nothing was there to reap: kicks the device if the oldest request has waited for a second, and
 * ends the connection if for the deadline.  Context: owner.
 */
void late_look(struct orion_queue *queue);

/* Something was there to reap: counts it if it was only found since the clock said to look. */
void late_found(struct orion_queue *queue);

/* Finishes what is held since the deadline, without a connection.  Context: owner. */
void late_held(struct orion_queue *queue);

/* IO is held from now on. */
void late_hold(struct orion_io *io);

/* Has owners look whose requests take long; gives after how many ms to call again: the monitor. */
int late_watch(struct orion_disk *disk);

/* The longest sleep that still notices in time, ns. */
int64_t late_sleep_ns(const struct orion_disk *disk);

/* ---- mapping.c ---- */

/*
 * Is MAPPING a shared mapping of its descriptor, which is long enough and sealed against becoming
 * shorter (now, if it was not)?  UNSEALED: that it can't be sealed is accepted.  0, or a negative
 * errno with ERROR filled.
 */
int mapping_check(const struct mapping *mapping, bool unsealed, struct orion_error *error);

/* ---- flush.c: what a flush may claim ---- */

/* A flush is submitted: *MARK remembers what it covers. */
int flush_begin(struct orion_queue *queue, struct orion_io *io);

/* It completed with RESULT; returns what the program is told. */
int flush_end(struct orion_queue *queue, struct orion_io *io, int result);

/* It never got to the device. */
void flush_drop(struct orion_queue *queue, struct orion_io *io);

/*
 * Connection NUMBER is lost: if QUEUE follows it, what was acknowledged there, and no flush covers,
 * may be, too.  Context: any.
 */
void flush_lost(struct orion_queue *queue, uint32_t number);

/* ---- monitor.c ---- */

int monitor_start(struct orion_disk *disk);
void monitor_stop(struct orion_disk *disk);

/* Takes SESSION in use, unless memory came or went that its back end was not told of: false. */
bool disk_adopt(struct orion_disk *disk, struct session *session);

/* Another breach of the protocol, at NOW ns: whether there were too many within a minute. */
bool disk_breached(struct orion_disk *disk, uint64_t now);

/* Owners must look. */
void disk_turn(struct orion_disk *disk);

/* An exchange on the connection failed; if it is of no more use, the monitor sees to it at once. */
void disk_exchange_failed(struct orion_disk *disk);

/* Notes trouble in words, and tells the program's event function, unless there is too much. */
void disk_event(struct orion_disk *disk, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- options.c ---- */

/*
 * Copies FROM, which may be NULL or as an older header had it, over the defaults in TO.  -EINVAL: a
 * size that no such struct has.
 */
int options_take(struct orion_disk_options *to, const struct orion_disk_options *from,
		 struct orion_error *error);

/* Reads URL into DISK's options and path. */
int url_parse(struct orion_disk *disk, const char *url, struct orion_error *error);

int error_set(struct orion_error *error, int result, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- publish.c ---- */

void publish_start(struct orion_disk *disk);
void publish_update(struct orion_disk *disk);
void publish_stop(struct orion_disk *disk);

#endif

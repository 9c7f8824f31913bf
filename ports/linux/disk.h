/* SPDX-License-Identifier: MIT */
/*
 * The library's private types: a disk, its queues, its connections.  The manual is orion/disk.h;
 * orion/lane.h has what is the same in every home: a disk is an instance, a queue a lane, a
 * connection one of the instance's devices.
 *
 * Who does what.
 *
 *   owner     of a queue: submits, reaps, waits
 *   monitor   a thread per disk, which looks after the instance: watches the link, connects anew,
 *             reads the configuration again; whatever must happen at a certain time is its work
 *   anyone    allocates, registers (waiting for messages to end), asks
 *
 * Each connection has its own memory for rings and bounce buffers, and its own instance of the
 * core's device, made by the monitor while the owners still use the old one.
 */
#ifndef ORION_PORTS_LINUX_DISK_H
#define ORION_PORTS_LINUX_DISK_H

#include <pthread.h>
#include <sys/types.h>

#include "ports/linux/api/adaptive.h"
#include "ports/linux/link.h"

#include "orion/disk.h"
#include "orion/vblk.h"

#include "storage/lane.h"

#define DISK_PATH_MAX 256u

/* ---- a connection ---- */

/* By what a disk that comes back is known. */
struct identity {
	uint64_t sectors;
	uint32_t block_bytes;
	bool read_only;
	char serial[VIRTIO_BLK_ID_BYTES + 1];         /* "": it has none */
};

struct session {
	struct storage_device base;
	struct orion_disk *disk;
	struct identity identity;
	struct vblk_queue_stats asking; /* what learning it has counted on the first queue */
	struct link link;
	uint64_t until_ns;              /* its opening may take so long */
	struct dma_arena arena;
	size_t arena_used;
	uint64_t memory_version;        /* of the disk's table, when the back end was told */
	void *memory[2];                /* the core's */
	struct orion_budget budget;
	bool broken;                    /* the core latched it: atomic */
	struct orion_error error;       /* the core's last report */
	orion_event event;
	uint64_t event_a, event_b, event_c;

	/* Its end: lost.c. */
	struct session *next;           /* in disk->lost */
	uint64_t lost_ns;
};

_Static_assert(offsetof(struct session, base) == 0, "session_of");

static inline struct session *
session_of(struct storage_device *device)
{
	return (struct session *)device;
}

/* ---- a queue ---- */

struct orion_queue {
	struct storage_lane lane;
	struct orion_disk *disk;
	void *memory;                   /* the lane's */
	struct adaptive adaptive;
	int event;                      /* epoll: completions, and the monitor's calls */
	const void *signals;            /* the mask of a wait, a sigset_t; NULL: the thread's */
	struct orion_poll_group *group;
	struct orion_io sync[8];        /* of the synchronous calls */
};

_Static_assert(offsetof(struct orion_queue, lane) == 0, "queue_of");

static inline struct orion_queue *
queue_of(struct storage_lane *lane)
{
	return (struct orion_queue *)lane;
}

/* The connection that the owner of QUEUE follows; NULL: none. */
static inline struct session *
queue_session(const struct orion_queue *queue)
{
	return session_of(queue->lane.device);
}

/* ---- a disk ---- */

/* Memory that a program registers. */
struct mapping {
	unsigned char *base;
	size_t bytes;
	int fd;
	uint64_t offset;
};

struct orion_disk {
	struct storage_instance instance;
	struct vblk_queue_stats last;   /* the instance's */
	struct orion_disk_options options;
	char path[DISK_PATH_MAX];
	char url[DISK_PATH_MAX];        /* for people: without options */
	unsigned depth;
	const struct link_ops *link;    /* by which its connections are made */
	struct link_wish wish;          /* learnt: of whoever makes connections */
	struct vblk_info first;         /* what the first connection gave */
	enum storage_promise promise;   /* of the first connection: the least that is taken */
	struct identity identity;       /* of the disk, as it was last seen */

	/*
	 * Of messages to the back end, and of what they tell it: memory.  Held as long as answers
	 * take, so no owner takes it.  Before the other, if both are needed.
	 */
	pthread_mutex_t exchange;
	struct dma memory;

	pthread_mutex_t lock;           /* the instance's, and of what follows */
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

_Static_assert(offsetof(struct orion_disk, instance) == 0, "disk_of");

static inline struct orion_disk *
disk_of(struct storage_instance *instance)
{
	return (struct orion_disk *)instance;
}

static inline enum storage_state
disk_state(const struct orion_disk *disk)
{
	return storage_state(&disk->instance);
}

/* The newest connection; NULL: there is none.  Under the lock, or the monitor. */
static inline struct session *
disk_session(const struct orion_disk *disk)
{
	return session_of(disk->instance.device);
}

/* ---- session.c ---- */

/*
 * Connects and brings a device live, in PATIENCE_MS.  Returns 0 and *OUT with one user, or a
 * negative errno with ERROR filled.  Takes disk->exchange.  Context: setup.
 */
int session_open(struct orion_disk *disk, uint32_t patience_ms, struct session **out,
		 struct orion_error *error);

/* Closes SESSION, which nobody uses any more. */
void session_destroy(struct session *session);

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

/* ---- home.c: Linux, as storage sees it ---- */

extern const struct storage_home home_linux;

/* A negative errno for STATUS. */
int io_errno(orion_status status);

/* ---- disk.c ---- */

/* What DISK's options are to its instance. */
void disk_set_instance(struct orion_disk *disk);

/* Queue INDEX, following no connection yet; NULL: no memory.  queue_free() takes NULL, too. */
struct orion_queue *queue_make(struct orion_disk *disk, unsigned index);
void queue_free(struct orion_queue *queue);

/* ---- mapping.c ---- */

/*
 * Is MAPPING a shared mapping of its descriptor, which is long enough and sealed against becoming
 * shorter (now, if it was not)?  UNSEALED: that it can't be sealed is accepted.  0, or a negative
 * errno with ERROR filled.
 */
int mapping_check(const struct mapping *mapping, bool unsealed, struct orion_error *error);

/* ---- monitor.c ---- */

int monitor_start(struct orion_disk *disk);
void monitor_stop(struct orion_disk *disk);

/* Takes SESSION in use, unless memory came or went that its back end was not told of: false. */
bool disk_adopt(struct orion_disk *disk, struct session *session);

/* Another breach of the protocol, at NOW ns: whether there were too many within a minute. */
bool disk_breached(struct orion_disk *disk, uint64_t now);

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

/* SPDX-License-Identifier: MIT */
/*
 * liborion-vblk: a virtio block device from a Linux program, without a virtual machine.
 *
 *     struct orion_disk *disk;
 *     struct orion_error error;
 *     int result = orion_disk_open("vhost-user:/run/disk.sock?queues=2", NULL, &disk, &error);
 *
 * A disk is opened by its URL; only vhost-user is there so far.  Options are given in the URL, in
 * struct orion_disk_options, or both (the URL wins).
 *
 * Queues.  A disk has up to 16; each has one owner at a time: the thread that calls orion_queue_*
 * for it.  Handing a queue to another thread needs the program's own ordering (a lock, a join).
 * Different queues may be used at the same time, and orion_disk_* by any thread at any time, but
 * for orion_disk_close().
 *
 * Requests.  The program fills a struct orion_io and hands its address to orion_queue_submit().
 * From then on it belongs to the library, until orion_queue_reap() or orion_queue_wait() gives the
 * same address back with its result filled in.  Nothing reaches the device before
 * orion_queue_kick() (it may look earlier).
 *
 * Memory.  A buffer that lies in memory of orion_disk_alloc() or orion_disk_register() goes to the
 * device as it is.  Any other buffer works too, through a bounce copy, which is counted.  With
 * zero-copy memory the device may write to a read's buffer as late as it likes, even after the
 * completion if it is dishonest; with a bounce copy it can't.
 *
 * The back end may die and come back at any moment.  The library connects again, negotiates at
 * least the same guarantees, and replays what was in flight; the program sees only latency
 * (disk.h's options say for how long).  The exception: writes that were acknowledged, but not yet
 * covered by a flush, may have died with it.  Then the next flush of each queue fails with
 * -ESTALE, once for each loss that is found, unless the option durable says that the back end keeps
 * such writes.
 *
 * Errors are negative errno values; orion_error and orion_disk_text() say more.
 *   -EINVAL     a field breaks a rule: an offset or length that is no multiple of the block, ...
 *   -ERANGE     beyond the end of the disk
 *   -EROFS      a write to a read-only disk
 *   -EAGAIN     the queue is full: reap, then try again (not an error)
 *   -E2BIG      a buffer that needs a bounce copy is larger than the bounce memory
 *   -EIO        the device failed the request
 *   -EOPNOTSUPP the device does not know the request, or the back end lacks a needed feature
 *   -ESTALE     a flush: acknowledged writes may be lost (above)
 *   -ENODEV     the back end is gone and did not come back in time
 *   -ECHILD     this process is a fork of the one that opened the disk: only close is allowed
 *   -ETIMEDOUT  the back end did not answer in time
 *   -EPROTO     the back end broke the protocol
 *   -ENOMEM, -ENOENT, -ECONNREFUSED, -EACCES ...  as the kernel said
 */
#ifndef ORION_DISK_H
#define ORION_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "orion/vblk.h"

struct orion_disk;
struct orion_queue;

/* What went wrong, in words: what was, and what would be right.  NUL-terminated. */
struct orion_error {
	char text[256];
};

typedef enum orion_operation {
	ORION_READ,               /* the device writes the buffer */
	ORION_WRITE,              /* the device reads the buffer */
	ORION_FLUSH,              /* makes all writes completed before, on any queue, stable */
} orion_operation;

/* One request.  64 bytes; zero it once, then set what differs. */
struct orion_io {
	uint64_t offset;          /* bytes from the start of the disk, a multiple of the block */
	void *buffer;             /* with vectors != 0: a const struct iovec * of that many */
	uint32_t bytes;           /* of the buffer, a multiple of the block; with vectors: unused */
	uint8_t operation;        /* orion_operation */
	uint8_t unused;
	uint16_t vectors;         /* 0: buffer is the data; up to ORION_VECTORS_MAX otherwise, and
	                           * the array must stay until completion */
	void *user;               /* the program's own */
	int32_t result;           /* filled at completion: 0, or a negative errno */
	uint32_t reserved;
	uint64_t private_[3];     /* the library's own */
};

#define ORION_VECTORS_MAX 1024u
#define ORION_DISK_QUEUES_MAX 16u

/* How orion_queue_wait() waits. */
typedef enum orion_wait {
	ORION_WAIT_ADAPTIVE,      /* polls as long as that has paid off lately, then sleeps */
	ORION_WAIT_POLL,          /* polls: lowest latency, a whole CPU */
	ORION_WAIT_EVENT,         /* sleeps at once */
} orion_wait;

struct orion_disk_options {
	size_t size;              /* of this struct: set by orion_disk_options_init() */
	uint32_t queues;          /* queues=1 .. 16, default 1; fewer if the back end has fewer,
	                           * see orion_disk_info */
	uint32_t depth;           /* depth=1 .. 1024 requests in flight per queue, default 128 */
	orion_wait wait;          /* wait=adaptive|poll|event */
	uint32_t poll_us;         /* poll=0us .. 1s: adaptive polls no longer than this, default
	                           * 100 us */
	uint32_t answer_ms;       /* answer=10ms .. 1h: patience for each answer, default 5 s */
	uint32_t connect_ms;      /* connect=0 .. 1h: how long open tries again while the socket is
	                           * missing or refuses, default 0 */
	uint32_t loss_ms;         /* loss=0 .. 1h: how long to try to reconnect before requests fail
	                           * with -ENODEV, default 60 s; 0: for ever */
	uint32_t bounce_kb;       /* bounce=64kB .. 1GB: bounce memory per queue, default 4 MiB */
	bool durable;             /* durable=on: writes that the back end acknowledged survive its
	                           * death, flushed or not */
	bool read_only;           /* read-only=on: refuse writes here */
	bool packed;              /* packed=off: split virtqueues even when packed are offered */
	bool publish;             /* publish=on: `vblk stats` and `vblk top` can watch this disk */
	uint64_t features_off;    /* feature bits not to negotiate */
	uint64_t features_required;

	/*
	 * Called, if not NULL, when something happens to the connection: lost, back, given up.
	 * TEXT is one line.  From a thread of the library; must not call it back.
	 */
	void (*event)(void *argument, const char *text);
	void *event_argument;
	uint32_t ring;            /* ring=4 .. 1024 descriptors in each virtqueue, fewer if the back
	                           * end refuses; default 0: as many as the depth needs */
};

/* The defaults. */
void orion_disk_options_init(struct orion_disk_options *options);

/*
 * Sets one option by its name in a URL ("depth", "64").  -EINVAL, with ERROR (may be NULL) saying
 * what would be right.
 */
int orion_disk_options_set(struct orion_disk_options *options, const char *name, const char *value,
			   struct orion_error *error);

/*
 * Opens the disk at URL: "vhost-user:PATH[?OPTION=VALUE[&OPTION=VALUE]...]"; "%xx" in PATH stands
 * for a byte.  OPTIONS may be NULL.  Returns 0, or a negative errno with ERROR (may be NULL)
 * filled; *DISK is then NULL.
 */
int orion_disk_open(const char *url, const struct orion_disk_options *options,
		    struct orion_disk **disk, struct orion_error *error);

/*
 * Stops the device and gives everything back.  Requests still in flight are forgotten.  No other
 * thread may use the disk.  Legal in a fork's child.  NULL does nothing.  Cannot fail.
 */
void orion_disk_close(struct orion_disk *disk);

struct orion_disk_info {
	uint64_t bytes;                 /* size; may change */
	uint32_t block_bytes;           /* logical block: offsets and lengths are multiples */
	uint32_t physical_block_bytes;
	uint32_t optimal_bytes;         /* 0: not told */
	uint16_t queues, depth;         /* in use; depth per queue */
	bool read_only, flush, writeback;
	bool connected;                 /* at this moment */
	uint32_t connections;           /* since open: 1, then one more for each reconnect */
	uint64_t protocol_features;     /* vhost-user: negotiated */
	struct vblk_info device;        /* the driver's own description of this connection */
};
void orion_disk_info(struct orion_disk *disk, struct orion_disk_info *info);

/* The last trouble in words, "" if there was none; valid until the next call on this thread. */
const char *orion_disk_text(struct orion_disk *disk);

/* The serial number of the device, cleaned of unprintable bytes; uses QUEUE, which must be idle. */
int orion_queue_identify(struct orion_queue *queue, char id[VBLK_ID_BYTES + 1]);

/*
 * BYTES of zeroed memory that the device can reach, page-aligned (2 MiB-aligned from 2 MiB on);
 * NULL when there is none.  Stays through reconnects.  Freed by orion_disk_free() or with the disk.
 */
void *orion_disk_alloc(struct orion_disk *disk, size_t bytes);
void orion_disk_free(struct orion_disk *disk, void *memory);

/*
 * Lets the device reach BYTES at BASE, a shared mapping of FD from FD_OFFSET on; page-aligned, all
 * of them.  The descriptor is duplicated.  -EINVAL; -EEXIST: overlaps registered memory; -ENOSPC:
 * the back end takes no more regions; -EBUSY: it takes them only while nothing is in flight.
 */
int orion_disk_register(struct orion_disk *disk, void *base, size_t bytes, int fd,
			int64_t fd_offset);

/* Ends that.  No request may use the memory.  -ENOENT. */
int orion_disk_unregister(struct orion_disk *disk, void *base);

/* Queue INDEX, 0 .. orion_disk_info.queues - 1; NULL otherwise. */
struct orion_queue *orion_disk_queue(struct orion_disk *disk, unsigned index);

/*
 * Hands up to COUNT requests over, in order.  Returns how many were taken; the first that can't be
 * ends the call, and orion_queue_refusal() says why (0: all were taken).
 */
unsigned orion_queue_submit(struct orion_queue *queue, struct orion_io *const *ios, unsigned count);
int orion_queue_refusal(const struct orion_queue *queue);

/* Tells the device of what was submitted, if it asks to be told. */
void orion_queue_kick(struct orion_queue *queue);

/* Collects up to MAX completed requests into DONE.  Never waits.  Returns how many. */
unsigned orion_queue_reap(struct orion_queue *queue, struct orion_io **done, unsigned max);

/*
 * As orion_queue_reap(), but waits for the first, up to TIMEOUT_NS (negative: for ever), in the
 * disk's way.  Returns 0 on a timeout, when a signal was handled, and at once when nothing is in
 * flight.
 */
unsigned orion_queue_wait(struct orion_queue *queue, struct orion_io **done, unsigned max,
			  int64_t timeout_ns);

/* Requests submitted and not yet given back. */
unsigned orion_queue_in_flight(const struct orion_queue *queue);

/*
 * For an event loop: a descriptor that becomes readable when there may be something to reap, once
 * orion_queue_arm() returned true.  False: there is something already.  orion_queue_disarm()
 * empties the descriptor; call it after each wake.  The descriptor belongs to the library.
 */
int orion_queue_fd(const struct orion_queue *queue);
bool orion_queue_arm(struct orion_queue *queue);
void orion_queue_disarm(struct orion_queue *queue);

/*
 * Synchronous: any number of bytes, any buffer, a multiple of the block; several requests are kept
 * in flight.  The queue must be idle (-EBUSY).  Returns 0 or the first error; what was transferred
 * then is unspecified.
 */
int orion_queue_read(struct orion_queue *queue, void *buffer, size_t bytes, uint64_t offset);
int orion_queue_write(struct orion_queue *queue, const void *buffer, size_t bytes, uint64_t offset);
int orion_queue_flush(struct orion_queue *queue);

/* What the library counts for a queue, besides the driver's counters. */
struct orion_queue_counters {
	uint64_t bounced;         /* requests that went through a bounce copy */
	uint64_t bounced_bytes;
	uint64_t replayed;        /* requests handed over again after a reconnect */
	uint64_t stale_flushes;   /* flushes that failed with -ESTALE */
	uint64_t waits;           /* calls of orion_queue_wait() that found nothing at first */
	uint64_t sleeps;          /* of these, those that slept */
	uint64_t late;            /* sleeps of a second in vain: looked and kicked again */
};

/*
 * The queue's counters since open, over all connections.  Any thread; each word is exact, together
 * they are a moment's blur.  Latencies are in ticks of orion_ticks_per_second().
 */
void orion_queue_stats(const struct orion_queue *queue, struct vblk_queue_stats *stats,
		       struct orion_queue_counters *counters);
uint64_t orion_ticks_per_second(void);

#endif

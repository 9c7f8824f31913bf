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
 * device as it is, also in many pieces (those of one request must be whole blocks if they are more
 * or longer than the device takes at once).  Any other buffer works too, through a bounce copy,
 * which is counted.  A read that the device answers without having written all of it leaves the old
 * bytes in zero-copy memory, zeros in any other; one that fails leaves the latter alone.  With
 * zero-copy memory the device may write to a read's buffer as late as it likes, even after the
 * completion if it is dishonest; with a bounce copy it can't.
 *
 * The back end may die and come back at any moment.  The library connects again, to the same disk
 * with at least the same guarantees, and replays what was in flight once the old instance is known
 * to have stopped; the program sees only latency (disk.h's options say for how long).  The
 * exception: writes that were acknowledged, but not yet covered by a flush, may have died with it.
 * Then the next flush of each queue fails with -ESTALE, once for each loss that is found, unless
 * the option durable says that the back end keeps such writes.
 *
 * A back end that hangs is waited for: it may still carry out what it was given.  After a second
 * without an answer it is kicked again, whatever it asked for, then at growing intervals.  With the
 * option deadline, a request that has waited for so long ends the connection: what was in flight on
 * it, on all queues, fails with -ETIMEDOUT, and the library connects again.  Whether such a request
 * was carried out is unknown, and it may yet be, as long as the old back end lives: a write over
 * what is written later, a read into the buffer it was given, unless that was bounced.  The time
 * counts from when a request was handed to this connection, or was held for want of one.
 *
 * Structs that a program allocates may grow from version to version.  What the library reads
 * (options) says its size itself; what it fills (info, counters) is given with its size, by the
 * inline functions below, so that nobody need think of it.  Fields are added at the end only; a
 * program that knows fewer gets those.  A size that cannot be is refused (docs/decisions/0017).
 *
 * No argument may be NULL where its comment does not say so: -EINVAL, or what stands for nothing.
 *
 * This header is C99 and C++; it needs no other of the driver's but the few that it includes.
 *
 * Errors are negative errno values; orion_error, orion_disk_text() and orion_queue_refusal_text()
 * say more.
 *   -EINVAL     a field breaks a rule: an offset or length that is no multiple of the block, ...
 *   -ERANGE     beyond the end of the disk
 *   -EROFS      a write to a read-only disk
 *   -EAGAIN     the queue is full: reap, then try again (not an error)
 *   -E2BIG      a buffer that needs a bounce copy is larger than the bounce memory, or any buffer
 *               is larger than 1 GiB
 *   -EBUSY      a synchronous call, and the queue is not idle
 *   -EIO        the device failed the request
 *   -EOPNOTSUPP the device does not know the request (a flush or ORION_FUA, where it promises
 *               nothing), or the back end lacks a needed feature
 *   -ESTALE     a flush, or a write with ORION_FUA: acknowledged writes may be lost (above)
 *   -ENODEV     the back end is gone and did not come back in time, or nobody knows whether it
 *               still carries the write out; later requests succeed again when it is back
 *   -ECHILD     this process is a fork of the one that opened the disk: only close is allowed
 *   -ETIMEDOUT  the back end did not answer in time, a request: within the deadline
 *   -EPROTO     the back end broke the protocol
 *   -ENOMEM, -ENOENT, -ECONNREFUSED, -EACCES ...  as the kernel said
 */
#ifndef ORION_DISK_H
#define ORION_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "orion/api.h"
#include "orion/io.h"
#include "orion/spec.h"
#include "orion/stats.h"

ORION_BEGIN_C

struct orion_disk;
struct orion_queue;
struct orion_poll_group;

/* What went wrong, in words: what was, and what would be right.  NUL-terminated.  Never grows. */
struct orion_error {
	char text[256];
};

#define ORION_DISK_QUEUES_MAX 16u
#define ORION_ID_BYTES 20u        /* of a serial number, without its NUL */

/* How orion_queue_wait() waits. */
typedef enum orion_wait {
	ORION_WAIT_ADAPTIVE,      /* polls as long as that has paid off lately, then sleeps */
	ORION_WAIT_POLL,          /* polls: lowest latency, a whole CPU */
	ORION_WAIT_EVENT,         /* sleeps at once */
} orion_wait;

struct orion_disk_options {
	size_t size;              /* of this struct, as the program knows it: set by
	                           * orion_disk_options_init() */
	uint32_t queues;          /* queues=1 .. 16, default 1; fewer if the back end has fewer,
	                           * see orion_disk_info */
	uint32_t depth;           /* depth=1 .. 1024 requests in flight per queue, default 128 */
	orion_wait wait;          /* wait=adaptive|poll|event */
	uint32_t poll_us;         /* poll=0us .. 1s: adaptive polls no longer than this, default
	                           * 100 us */
	uint32_t answer_ms;       /* answer=10ms .. 1h: patience for the answers of one call, all
	                           * together, default 5 s */
	uint32_t connect_ms;      /* connect=0 .. 1h: how long open tries again while the socket is
	                           * missing or refuses, default 0 */
	uint32_t loss_ms;         /* loss=0 .. 1h: how long requests wait for a connection before
	                           * they fail with -ENODEV, default 60 s; 0: for ever */
	uint32_t bounce_kb;       /* bounce=64k .. 1G: bounce memory per queue, default 4 MiB */
	bool durable;             /* durable=on: writes that the back end acknowledged survive its
	                           * death, flushed or not */
	bool read_only;           /* read-only=on: refuse writes here */
	bool packed;              /* packed=off: split virtqueues even when packed are offered */
	bool publish;             /* publish=on: `vblk stats` and `vblk top` can watch this disk */
	uint64_t features_off;    /* feature bits not to negotiate */
	uint64_t features_required;

	/*
	 * Called, if not NULL, when something happens to the connection: lost, back, away for too
	 * long.  TEXT is one line.  At most ten times at once and then once a second; the last is
	 * always told.  From a thread of the library; must not call it back.
	 */
	void (*event)(void *argument, const char *text);
	void *event_argument;
	uint32_t ring;            /* ring=4 .. 1024 descriptors in each virtqueue, fewer if the back
	                           * end refuses; default 0: as many as the depth needs */
	uint32_t deadline_ms;     /* deadline=0 .. 1h: how long a request may take before it fails
	                           * with -ETIMEDOUT, default 0: for ever; see above */
	bool unsealed;            /* unsealed=on: orion_disk_register() takes memory that can't be
	                           * sealed: the back end is trusted not to shorten it */
};

/* The defaults.  SIZE bytes are written.  -EINVAL: SIZE is smaller than any such struct was. */
ORION_API int orion_disk_options_init_sized(struct orion_disk_options *options, size_t size);

static inline int
orion_disk_options_init(struct orion_disk_options *options)
{
	return orion_disk_options_init_sized(options, sizeof(*options));
}

/*
 * Sets one option by its name in a URL ("depth", "64").  Times and sizes are read as
 * orion/units.h says.  -EINVAL, with ERROR (may be NULL) saying what would be right.
 */
ORION_API int orion_disk_options_set(struct orion_disk_options *options, const char *name,
				     const char *value, struct orion_error *error);

/*
 * Opens the disk at URL: "vhost-user:PATH[?OPTION=VALUE[&OPTION=VALUE]...]"; "%xx" in PATH stands
 * for a byte.  OPTIONS may be NULL.  Returns 0, or a negative errno with ERROR (may be NULL)
 * filled; *DISK is then NULL.
 */
ORION_API int orion_disk_open(const char *url, const struct orion_disk_options *options,
			      struct orion_disk **disk, struct orion_error *error);

/*
 * The same in two steps, for memory that the back end is to know before it starts (some never look
 * at what comes later): orion_disk_create() connects nothing, but memory may be allocated,
 * registered and given back; orion_disk_start() connects.  Until then there are no queues, and
 * orion_disk_info() knows of nothing.  When orion_disk_start() failed it may be called again.  No
 * other thread may use the disk meanwhile.  -EALREADY: it is started.
 */
ORION_API int orion_disk_create(const char *url, const struct orion_disk_options *options,
				struct orion_disk **disk, struct orion_error *error);
ORION_API int orion_disk_start(struct orion_disk *disk, struct orion_error *error);

/*
 * Stops the device and gives everything back.  Requests still in flight are forgotten.  No other
 * thread may use the disk.  Legal in a fork's child.  NULL does nothing.  Cannot fail.
 */
ORION_API void orion_disk_close(struct orion_disk *disk);

/* When a completed write is stable: what survives whatever happens to the back end. */
typedef enum orion_durability {
	ORION_DURABILITY_FLUSH,         /* once a flush, submitted after it, has succeeded */
	ORION_DURABILITY_STABLE,        /* at once: a flush has nothing to do */
	ORION_DURABILITY_NONE,          /* the device promises nothing, and a flush is refused
	                                 * with -EOPNOTSUPP */
} orion_durability;

/* What the device is made of, and what was agreed with it on this connection. */
struct orion_device_info {
	uint64_t features_offered, features_wanted, features_negotiated;
	bool packed, indirect, event_index, in_order;
	uint32_t segments_max;          /* data segments that one device request can carry */
	uint32_t segment_bytes_max;     /* bytes in one descriptor; UINT32_MAX: no limit */
	uint32_t request_sectors_max;   /* sectors of 512 bytes in one device request */
	uint16_t queues_offered;        /* by the device */
	uint16_t queue_size;            /* descriptors in each queue */
	uint64_t dma_bytes;             /* shared with the device for rings and tables */
};

struct orion_disk_info {
	uint64_t bytes;                 /* size; may change */
	uint32_t block_bytes;           /* logical block: offsets and lengths are multiples */
	uint32_t physical_block_bytes;
	uint64_t optimal_bytes;         /* of a request; 0: not told */
	uint16_t queues, depth;         /* in use; depth per queue */
	bool read_only, flush, writeback;
	bool connected;                 /* at this moment */
	uint32_t connections;           /* since open: 1, then one more for each reconnect */
	uint64_t protocol_features;     /* vhost-user: negotiated */
	struct orion_device_info device;
	orion_durability durability;    /* on this connection */
};

/* Fills the first SIZE bytes of INFO; what this library does not know is zero.  -EINVAL. */
ORION_API int orion_disk_info_sized(struct orion_disk *disk, struct orion_disk_info *info,
				    size_t size);

static inline int
orion_disk_info(struct orion_disk *disk, struct orion_disk_info *info)
{
	return orion_disk_info_sized(disk, info, sizeof(*info));
}

/* The specification's name of feature BIT ("VIRTIO_BLK_F_RO"), static, or NULL. */
ORION_API const char *orion_feature_name(unsigned bit);

/*
 * The last trouble of the disk in words, that of its memory included, "" if there was none; valid
 * until the next such call on this thread.
 */
ORION_API const char *orion_disk_text(struct orion_disk *disk);

/*
 * The serial number of the device as people are shown it (orion/serial.h), ended by a NUL.  Uses
 * QUEUE, which must be idle (-EBUSY), and waits as the synchronous calls do.
 */
ORION_API int orion_queue_identify(struct orion_queue *queue, char id[ORION_ID_BYTES + 1]);

/*
 * BYTES of zeroed memory that the device can reach, page-aligned (2 MiB-aligned from 2 MiB on).
 * NULL when there is none, with errno set and orion_disk_text() saying why: EBUSY, a back end that
 * takes memory only while nothing is in flight; ENOSPC, that takes no more of it; ENOMEM, EINVAL
 * (0 bytes), ECHILD.  Stays through reconnects.  Freed by orion_disk_free() or with the disk.
 */
ORION_API void *orion_disk_alloc(struct orion_disk *disk, size_t bytes);
ORION_API void orion_disk_free(struct orion_disk *disk, void *memory);

/*
 * Lets the device reach BYTES at BASE, a shared mapping of FD from FD_OFFSET on; page-aligned, all
 * of them.  The descriptor is duplicated.  The file is sealed against becoming shorter, and against
 * further seals, since a back end that shortened it would end this program by SIGBUS; so it is a
 * memfd made with MFD_ALLOW_SEALING, or the option unsealed is on.  orion_disk_text() has the words
 * for each refusal:
 *   -EINVAL  a field, or FD is not what the memory is mapped from, or is too short, or the mapping
 *            is private
 *   -EACCES  FD is not open for reading and writing
 *   -EPERM   it can't be sealed, or is sealed against writing
 *   -EEXIST  overlaps registered memory
 *   -ENOSPC  the back end, or the library (64), takes no more regions
 *   -EBUSY   the back end takes them only while nothing is in flight
 */
ORION_API int orion_disk_register(struct orion_disk *disk, void *base, size_t bytes, int fd,
				  int64_t fd_offset);

/*
 * Ends that: 0 when the back end has said that it let go of it, or has hung up.  No request may use
 * the memory, from this call on.  On any other answer the back end may still reach it, and this may
 * be called again:
 *   -ENOENT  nothing that is registered begins at BASE
 *   -EBUSY   a back end without memory slots lets go of it only while nothing is in flight
 *   -ETIMEDOUT, -EPROTO   it did not say so; another connection is made
 */
ORION_API int orion_disk_unregister(struct orion_disk *disk, void *base);

/* Queue INDEX, 0 .. orion_disk_info.queues - 1; NULL otherwise. */
ORION_API struct orion_queue *orion_disk_queue(struct orion_disk *disk, unsigned index);

/*
 * Hands up to COUNT requests over, in order.  Returns how many were taken; the first that can't be
 * ends the call, and orion_queue_refusal() says why (0: all were taken).
 */
ORION_API unsigned orion_queue_submit(struct orion_queue *queue, struct orion_io *const *ios,
				      unsigned count);
ORION_API int orion_queue_refusal(const struct orion_queue *queue);

/*
 * The same in words, with the numbers of the request that was not taken and what would be right: of
 * the last submit or synchronous call, "" when nothing was refused.  Made when it is asked for;
 * valid until the next such call on this thread.  Context: the queue's owner.
 */
ORION_API const char *orion_queue_refusal_text(const struct orion_queue *queue);

/* Tells the device of what was submitted, if it asks to be told. */
ORION_API void orion_queue_kick(struct orion_queue *queue);

/* Collects up to MAX completed requests into DONE.  Never waits.  Returns how many. */
ORION_API unsigned orion_queue_reap(struct orion_queue *queue, struct orion_io **done,
				    unsigned max);

/*
 * As orion_queue_reap(), but waits for the first, up to TIMEOUT_NS (negative: for ever), in the
 * disk's way.  Returns 0 on a timeout, when a signal was handled, and at once when nothing is in
 * flight.  Polling can't see signals: when it has lasted for 100 ms the wait ends with 0, too,
 * whatever the timeout.  While the back end hangs, only a timeout or the option deadline ends it.
 */
ORION_API unsigned orion_queue_wait(struct orion_queue *queue, struct orion_io **done, unsigned max,
				    int64_t timeout_ns);

/*
 * As orion_queue_wait(), but waits for MIN, or for all that is in flight if that is less.
 * TIMEOUT_NS is for the whole of it.  Fewer come back at the timeout and when a signal was handled.
 *
 * SIGNALS, if not NULL, is a const sigset_t *: the thread's signal mask while it waits, as ppoll(2)
 * has it.  A signal that is blocked outside and not in SIGNALS ends the wait without a race.
 */
ORION_API unsigned orion_queue_wait_min(struct orion_queue *queue, struct orion_io **done,
					unsigned min, unsigned max, int64_t timeout_ns,
					const void *signals);

/* Requests submitted and not yet given back. */
ORION_API unsigned orion_queue_in_flight(const struct orion_queue *queue);

/*
 * For an event loop: a descriptor that becomes readable when there may be something to reap, once
 * orion_queue_arm() returned true.  False: there is something already.  orion_queue_disarm()
 * empties the descriptor; call it after each wake.  The descriptor belongs to the library.
 */
ORION_API int orion_queue_fd(const struct orion_queue *queue);
ORION_API bool orion_queue_arm(struct orion_queue *queue);
ORION_API void orion_queue_disarm(struct orion_queue *queue);

/*
 * Poll groups: one thread that owns many queues, of one disk or of many.  A queue is in one group
 * at most; the group's owner is the queue's.  Requests are submitted and kicked queue by queue, and
 * completed ones collected from all of them at once: orion_io.user tells whose they are.
 *
 *   create   -EMFILE, -ENOMEM: 0 or a negative errno
 *   destroy  of an empty group, or not; the queues stay.  NULL does nothing
 *   add      -EEXIST: it is in this group or another; -ENOMEM
 *   remove   -ENOENT.  Before its disk is closed
 *   reap     as orion_queue_reap(), from all; starts each time with another queue
 *   wait     as orion_queue_wait_min() with a MIN of 1; polls for at most the longest poll= of its
 *            disks, for ever where one of them has wait=poll
 */
ORION_API int orion_poll_group_create(struct orion_poll_group **group);
ORION_API void orion_poll_group_destroy(struct orion_poll_group *group);
ORION_API int orion_poll_group_add(struct orion_poll_group *group, struct orion_queue *queue);
ORION_API int orion_poll_group_remove(struct orion_poll_group *group, struct orion_queue *queue);
ORION_API unsigned orion_poll_group_reap(struct orion_poll_group *group, struct orion_io **done,
					 unsigned max);
ORION_API unsigned orion_poll_group_wait(struct orion_poll_group *group, struct orion_io **done,
					 unsigned max, int64_t timeout_ns, const void *signals);

/*
 * Synchronous: any number of bytes, any buffer, a multiple of the block; several requests are kept
 * in flight.  The queue must be idle (-EBUSY).  Returns 0 or the first error; what was transferred
 * then is unspecified.  Each waits as long as its requests do: see the option deadline.
 */
ORION_API int orion_queue_read(struct orion_queue *queue, void *buffer, size_t bytes,
			       uint64_t offset);
ORION_API int orion_queue_write(struct orion_queue *queue, const void *buffer, size_t bytes,
				uint64_t offset);
ORION_API int orion_queue_flush(struct orion_queue *queue);

/*
 * The queue's counters since open, over all connections.  Any thread; each word is exact, together
 * they are a moment's blur.  Latencies are in ticks of orion_ticks_per_second().  STATS and
 * COUNTERS may be NULL.  The first bytes of each are filled, as the sizes say; what this library
 * does not know is zero.  -EINVAL.
 */
ORION_API int orion_queue_stats_sized(const struct orion_queue *queue,
				      struct vblk_queue_stats *stats, size_t stats_size,
				      struct orion_queue_counters *counters, size_t counters_size);
ORION_API uint64_t orion_ticks_per_second(void);

static inline int
orion_queue_stats(const struct orion_queue *queue, struct vblk_queue_stats *stats,
		  struct orion_queue_counters *counters)
{
	return orion_queue_stats_sized(queue, stats, sizeof(*stats), counters, sizeof(*counters));
}

/* A queue's ring on this connection, as the library sees it. */
struct orion_ring_info {
	uint64_t descriptor_area, driver_area, device_area; /* addresses for the device */
	uint16_t size;            /* descriptors */
	uint16_t free;            /* of these, not lent to the device */
	uint16_t available;       /* free-running index (split) or next slot (packed) */
	uint16_t used;            /* likewise */
	bool packed;
	bool available_wrap, used_wrap;         /* packed: the wrap counters */
	const char *broken;       /* why nothing comes back any more, static; NULL: it works */
};

/* -ENODEV: the queue has no connection.  -EINVAL.  Context: the queue's owner. */
ORION_API int orion_queue_ring_sized(const struct orion_queue *queue, struct orion_ring_info *info,
				     size_t size);

static inline int
orion_queue_ring(const struct orion_queue *queue, struct orion_ring_info *info)
{
	return orion_queue_ring_sized(queue, info, sizeof(*info));
}

ORION_END_C

#endif

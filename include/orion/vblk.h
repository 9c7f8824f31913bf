/* SPDX-License-Identifier: MIT */
/*
 * A virtio block device: probe, open, submit, kick, reap, close.
 *
 * What it is.  A driver for one virtio block device behind any transport: up to 16 queues, split or
 * packed virtqueues, direct or indirect descriptors, event index.  Freestanding; no lock, no
 * allocation, no global state.
 *
 * Life cycle.
 *
 *     vblk_probe()   handshake up to FEATURES_OK; limits known; says how much memory open needs
 *     vblk_open()    queues built and enabled, interrupts attached, DRIVER_OK: live
 *     vblk_submit() / vblk_kick() / vblk_reap()   on each queue, by its owner
 *     vblk_stop()    device reset; what was in flight comes back through vblk_reap()
 *     vblk_restart() as it was, for what came back to be handed over again
 *     vblk_close()   everything given back; cannot fail; legal from every stage
 *
 * Requests.  The caller fills a struct vblk_request.  Its segments carry device addresses: a buffer
 * is shared with the device beforehand (by the host's own means, or port.share), once or per
 * request.  The request struct itself is read by vblk_submit() and may be reused when that returns;
 * its array of segments too, unless the request is over the device's limits
 * (vblk_info.segments_max, segment_bytes_max, request_sectors_max): such a request is cut into
 * parts as room allows, and its segments array must then stay until it completes.  The data buffers
 * always belong to the device until the completion.
 *
 * Every request that vblk_submit() took completes exactly once, whatever the device does.
 *
 * Contexts (the words are port.h's; docs/decisions/0020).
 *
 *     setup       probe, open, stop, close, refresh, queue_stop, queue_start: one thread a device;
 *                 may wait.  All but refresh want no owner active (the two for queues: not theirs).
 *     owner       submit, refusal, kick, reap, arm, disarm, in_flight, abandon, bounce_memory
 *     any         what only looks: info, state, cause, statistics, names
 *
 * Different queues may be used by different CPUs at the same time; one queue has one owner at a
 * time, and handing it over needs the host's own ordering: a lock, an IPI, interrupts off.
 *
 * The owner may be an interrupt handler, as in small systems where submit takes a lock with
 * interrupts off and the handler takes the same lock and reaps, submits and kicks.  What an owner
 * calls never sleeps, waits or allocates, and takes time bounded by its arguments and the depth.
 * It may also be called from within port.wake().  One exception: where a doorbell is reached
 * through PCI configuration space only (ORION_EVENT_PCI_BY_CONFIG), a kick waits for whoever is in
 * that window, a second at most, which must then not be what the handler interrupted.
 * In interrupt handlers never: what is setup's.
 *
 * Sleeping.  An owner that waits for a completion and can sleep:
 *
 *     while ((n = vblk_reap(queue, done, max)) == 0) {
 *         if (vblk_state_get(device) != VBLK_LIVE || too late)
 *             give up: vblk_stop(), then vblk_reap() gives back what was in flight
 *         if (vblk_arm(queue))
 *             sleep until port.wake() was called for the event of the queue's home, or for a while
 *         else
 *             go on looking, perhaps after a pause
 *     }
 *     vblk_disarm(queue);
 *
 * The interrupt may come before the owner lies down: a wake() between vblk_arm() and the sleep must
 * not be lost.  Either wake() leaves a mark (a flag, a count, a semaphore) that the sleep looks at
 * before it begins, in one step with going to sleep; or interrupts stay off, or the lock that
 * wake() takes stays held, from before vblk_arm() until the sleep has begun.
 * A device may lie or fall silent: no sleep, and no polling, is without a limit in time.
 *
 * Distrust.  Whatever the device writes is read once, checked, then used.  A claim that cannot be
 * true (an id that is not in flight, an index that leaps) latches the queue as broken with its
 * first cause: submit then takes nothing, reap gives nothing, until vblk_stop() has reset the
 * device and every request left comes back with ORION_OUTCOME_UNKNOWN.  A device that asks for a
 * reset or is gone latches all of its queues, as soon as vblk_refresh() sees it.
 *
 * Memory.  Each queue has one contiguous piece of DMA memory: its ring and, for every request in
 * flight, a cell of 32 bytes and, with indirect descriptors, a table of segments_max + 2 entries of
 * 16 bytes.  Kibibytes of a split ring without legacy's pages, rounded up, by requests in flight
 * and the data segments that device and options admit:
 *
 *     depth   no table   1   16    62   126 segments
 *         1          1   1    2     3     6
 *        16          6   3    6    19    37
 *        64         23  10   22    70   136
 *       256         91  39   87   279   535
 *
 * vblk_probe() makes rings shorter, queues fewer and tables shorter until all fit into the budget
 * and each into port.dma_bytes_max; vblk_open() halves what dma_alloc() has not.  Less is asked for
 * by queue_depth, queue_count and device_max_segments of the options.  Private memory is 64 bytes a
 * request and about 6 KiB a queue: vblk_probe() says how much.
 *
 * Not done here: buffers and their mapping, waiting, scheduling, caching, partitions; see storage/.
 */
#ifndef ORION_VBLK_H
#define ORION_VBLK_H

#include "orion/api.h"
#include "orion/options.h"
#include "orion/spec.h"
#include "orion/stats.h"
#include "orion/transport.h"

ORION_BEGIN_C

#define VBLK_QUEUES_MAX VIRTIO_QUEUES_MAX
#define VBLK_BOUNCE_BYTES 65536u        /* of one piece of bounce memory */
#define VBLK_BOUNCE_PIECES_MAX 8u
#define VBLK_REQUEST_BYTES_MAX (UINT64_C(1) << 30) /* of one request, before it is cut */

struct vblk_device;
struct vblk_queue;

/* A contiguous piece of a data buffer, as the device sees it. */
struct vblk_segment {
	uint64_t device_address;
	uint32_t length;          /* bytes, at least 1 */
	uint32_t unused;
};

typedef enum vblk_operation {
	VBLK_READ,                /* VIRTIO_BLK_T_IN: the device writes the segments */
	VBLK_WRITE,               /* VIRTIO_BLK_T_OUT: the device reads the segments */
	VBLK_FLUSH,               /* completed writes become stable; no segments, sector 0 */
	VBLK_GET_ID,              /* 20 bytes of serial into one segment of 20 bytes, sector 0 */
	VBLK_OPERATION_COUNT
} vblk_operation;

struct vblk_request {
	uint64_t sector;          /* first sector, in units of 512 bytes, whatever the block size */
	const struct vblk_segment *segments;
	uint64_t cookie;          /* the caller's own; comes back in the completion */
	uint16_t segment_count;
	uint8_t operation;        /* vblk_operation */
	uint8_t unused[5];
};

struct vblk_completion {
	uint64_t cookie;
	uint32_t result;          /* orion_status */
	uint64_t value;           /* bytes that the device says it wrote into the segments, cut
	                           * to what was lent; a claim, not a proof */
};

/* Who owns a queue: the host gives one for each queue that it is able to serve. */
struct vblk_queue_home {
	void *event;              /* passed to port.wake() */
	uint16_t cpu;             /* where the queue's interrupt should go */
};

struct vblk_config {
	struct virtio_transport transport;
	const struct orion_port *port;
	void *port_context;
	const struct orion_options *options;    /* copied */
	const struct vblk_queue_home *homes;    /* copied */
	uint32_t home_count;                    /* 1 .. VBLK_QUEUES_MAX; bounds the queue count */
	struct orion_budget *budget;             /* outlives the device; mandatory */
};

/* First cause of a broken queue or device. */
typedef enum vblk_cause {
	VBLK_CAUSE_NONE,
	VBLK_CAUSE_ID_RANGE,      /* a used id at or above the queue size */
	VBLK_CAUSE_ID_FREE,       /* a used id that is not in flight */
	VBLK_CAUSE_INDEX_LEAP,    /* a used index beyond what is outstanding */
	VBLK_CAUSE_OUT_OF_ORDER,  /* in order was promised, and a used entry breaks it */
	VBLK_CAUSE_QUEUE_RESET,   /* the reset of a queue did not complete */
	VBLK_CAUSE_NEEDS_RESET,   /* DEVICE_NEEDS_RESET in the status field */
	VBLK_CAUSE_GONE,          /* registers read as all ones */
	VBLK_CAUSE_COUNT
} vblk_cause;

typedef enum vblk_state {
	VBLK_CLOSED,
	VBLK_PROBED,
	VBLK_LIVE,
	VBLK_STOPPED,             /* reset; what was in flight waits to be reaped */
	VBLK_BROKEN,              /* a queue or the device is latched broken; vblk_stop() is due */
	VBLK_DEAD,                /* the reset did not complete: DMA memory stays quarantined */
} vblk_state;

/*
 * What the completion of a write is worth when the power fails.  Whoever offers flushes to others
 * looks here first: only the first kind is asked of the device, the others are answers already.
 * [spec 5.2.6.2]
 */
typedef enum vblk_durability {
	VBLK_DURABILITY_FLUSH,    /* nothing before a VBLK_FLUSH that was sent after it succeeds */
	VBLK_DURABILITY_STABLE,   /* it is on the disk; a flush has nothing to do, and succeeds */
	VBLK_DURABILITY_NONE,     /* the device promises nothing, ever: a flush is not supported */
} vblk_durability;

/* Everything that is known of a device.  Constant from open to close, but for the marked fields. */
struct vblk_info {
	const char *transport;
	uint64_t features_offered, features_wanted, features_negotiated;
	bool packed, indirect, event_index, in_order;
	bool legacy;                    /* driven through the legacy interface */
	bool queue_reset;               /* vblk_queue_stop() is possible */

	uint64_t capacity_sectors;      /* may change: vblk_refresh() */
	uint32_t block_bytes;           /* logical block size, 512 .. 65536, a power of two */
	uint32_t physical_block_bytes;  /* at least block_bytes */
	uint32_t alignment_offset_blocks;
	uint32_t io_min_blocks, io_opt_blocks;  /* 0: not told */
	bool read_only, flush, writeback;       /* flush: VBLK_FLUSH is taken, and sent */
	vblk_durability durability;

	uint32_t segments_max;          /* data segments that one device request can carry */
	uint32_t segment_bytes_max;     /* bytes in one descriptor, below 512 or a multiple of it;
	                                 * UINT32_MAX: no limit */
	uint32_t request_sectors_max;   /* sectors in one device request */

	uint16_t queues;                /* in use */
	uint16_t queues_offered;        /* by the device */
	uint16_t queue_size;            /* descriptors in each queue */
	uint16_t queue_depth;           /* requests in flight in each queue */
	virtio_irq_mode irq_mode;
	uint16_t vectors;

	bool bounces;                   /* all data is to go through bounce memory */
	uint16_t bounce_pieces;         /* of each queue; 0: all memory can be shared in place */

	uint64_t dma_bytes;             /* shared with the device for rings, headers and tables */
	uint64_t private_bytes;         /* the memory given to probe and open */
};

/* Bytes of private memory that vblk_probe() needs, 64-byte aligned. */
#define VBLK_DEVICE_BYTES 8192u

/*
 * Resets the device, negotiates features and learns its limits.  MEMORY (VBLK_DEVICE_BYTES, 64-byte
 * aligned, private to the driver) becomes the device object; *BYTES says how much more vblk_open()
 * needs.  CONFIG is only read during the call.
 *
 * On success *DEVICE is in state VBLK_PROBED.  On failure FAILED is set, the transport is closed
 * and nothing is owed:
 *   ORION_INVALID            options out of range, no home, MEMORY misaligned
 *   ORION_PORT_INCOMPLETE    see orion_port_check()
 *   ORION_DEVICE_REFUSED     a required feature is missing, FEATURES_OK did not stay, a
 *                            queue too small for a request (3 descriptors), a limit that cannot be
 *                            kept to: blocks of no power of two or above 64 KiB, segments too few
 *                            and small for a block (reported)
 *   ORION_TIMED_OUT          the reset did not complete
 *   ORION_DEVICE_GONE        the registers read as all ones
 *   ORION_NO_MAPPING         the host cannot give the device a way to memory: dma_open() refused
 * Context: setup.  [spec 3.1.1]
 */
ORION_MUST_USE orion_status vblk_probe(void *memory, const struct vblk_config *config,
				       struct vblk_device **device, size_t *bytes);

/*
 * Builds and enables the queues, attaches interrupts, sets DRIVER_OK.  MEMORY is private, 64-byte
 * aligned, at least as large as vblk_probe() said, and belongs to the device until vblk_close().
 * Where vectors are short the device works with fewer, a line, or polling (vblk_info.irq_mode).
 * On failure the device is closed as by vblk_close(): ORION_NO_MEMORY,
 * ORION_DEVICE_REFUSED, ORION_DEVICE_GONE, ORION_TIMED_OUT, ORION_INVALID;
 * but ORION_WRONG_STATE changes nothing.  Context: setup.  [spec 3.1.1]
 */
ORION_MUST_USE orion_status vblk_open(struct vblk_device *device, void *memory, size_t bytes);

/*
 * Resets the device and takes back what was lent to it.  Afterwards each request still in flight
 * comes back from vblk_reap() with ORION_OUTCOME_UNKNOWN.  ORION_TIMED_OUT: the reset did not
 * complete; the device is VBLK_DEAD, requests come back all the same, but their buffers may still
 * be written and the driver's own DMA memory is never freed.  Context: setup, no owner active.
 * [spec 2.4, 3.3]
 */
orion_status vblk_stop(struct vblk_device *device);

/*
 * Brings a device that vblk_stop() has reset up again, as it was: its memory, queues, interrupts
 * and way to memory, and what was negotiated, nothing more and nothing less.  Capacity and
 * durability are followed; the queue pointers stay good, and no buffer need be shared anew.
 *   ORION_WRONG_STATE      it was not stopped, or requests are still to be reaped
 *   ORION_DEVICE_REFUSED   it does not offer that any more, or its blocks, limits or queues do not
 *                          allow it, or it has become read-only (reported)
 *   and what vblk_open() says.  It is stopped then: this may be tried again, or vblk_close().
 * Context: as vblk_stop().  [spec 2.1.2, 3.1.1]
 */
ORION_MUST_USE orion_status vblk_restart(struct vblk_device *device);

/*
 * Resets one queue of a device with VIRTIO_F_RING_RESET, live or latched broken: the device lets go
 * of what is in flight there, and each of these requests comes back from vblk_reap() with
 * ORION_OUTCOME_UNKNOWN.  The other queues go on.  Then vblk_queue_start() takes it in use again.
 * Not every device keeps that promise when requests are in flight: QEMU's may still write their
 * buffers (docs/decisions/0008).
 *   ORION_NOT_SUPPORTED   the feature was not negotiated: there is vblk_stop()
 *   ORION_WRONG_STATE     the device is not live, or the queue was stopped before
 *   ORION_TIMED_OUT       the reset did not complete: the device is broken, vblk_stop() is due
 * Context: setup, but only this queue's owner need be inactive.  [spec 2.6.1.1]
 */
orion_status vblk_queue_stop(struct vblk_queue *queue);

/*
 * Sets a stopped queue up from nothing and enables it.  ORION_WRONG_STATE: it is not stopped, the
 * device is not live, or requests are still to be reaped.  ORION_DEVICE_REFUSED: it stays stopped.
 * Context: as vblk_queue_stop().  [spec 2.6.1.2]
 */
ORION_MUST_USE orion_status vblk_queue_start(struct vblk_queue *queue);

/*
 * For a host that knows that the device can no longer reach this queue's memory: the process behind
 * its socket is dead, say.  Each request in flight comes back from vblk_reap() with
 * ORION_OUTCOME_UNKNOWN, also those that the device may have completed; the queue takes no more.
 * The other queues go on.  Cannot fail.  Context: owner.
 */
void vblk_queue_abandon(struct vblk_queue *queue);

/*
 * Stops the device if need be, after FAILED if it never was live, detaches interrupts, frees the
 * DMA memory (unless VBLK_DEAD) and closes the transport.  Requests still in flight are forgotten:
 * reap them first, after vblk_stop().  Afterwards the private memory is the caller's again.  Cannot
 * fail.  Context: setup.
 */
void vblk_close(struct vblk_device *device);

/* The device's description.  Valid until vblk_close().  Any context. */
const struct vblk_info *vblk_info(const struct vblk_device *device);

/* The context for port.dma_alloc() to port.unshare() of memory that this device is to reach. */
void *vblk_dma_context(const struct vblk_device *device);

/*
 * The queue's bounce memory: info.bounce_pieces pieces of VBLK_BOUNCE_BYTES, one after the other,
 * all fields zero when there are none.  It is there when the option dma_enabled or
 * zero_copy_enabled is off (info.bounces: as many as requests in flight, up to
 * VBLK_BOUNCE_PIECES_MAX), or when the host's share() does not reach all memory (one).  The core
 * does not use it: whoever submits copies into it before and out of it after.  Context: owner.
 */
struct orion_region vblk_bounce_memory(const struct vblk_queue *queue);

/* The device's state; looks at the queues' latches, not at the device.  Any context. */
vblk_state vblk_state_get(const struct vblk_device *device);

/* First cause of a broken device, VBLK_CAUSE_NONE otherwise.  Any context. */
vblk_cause vblk_cause_get(const struct vblk_device *device);

/*
 * Reads the status field and the capacity.  *CHANGED (may be NULL) tells whether the capacity
 * changed.  Call it when vblk_config_pending() and once in a while, above all where irq_mode is
 * VIRTIO_IRQ_POLLED and nothing else tells.
 *   ORION_DEVICE_BROKEN   DEVICE_NEEDS_RESET, or broken before; no queue takes or gives anything
 *                         from then on, until vblk_stop()
 *   ORION_DEVICE_GONE     the same, for good
 *   ORION_WRONG_STATE     the device is not live
 *   ORION_TIMED_OUT, ORION_DEVICE_REFUSED   the capacity could not be read: it stays pending
 * Context: setup, but the queues' owners may be active.  [spec 2.1, 2.5, 5.2.4]
 */
orion_status vblk_refresh(struct vblk_device *device, bool *changed);

/*
 * True when a configuration interrupt came since the last vblk_refresh(), or that one failed to
 * read, or there was none yet: what changed before the device was live interrupted nobody.  Any
 * context.
 */
bool vblk_config_pending(const struct vblk_device *device);

/* Queue INDEX (0 .. vblk_info.queues - 1), or NULL.  Any context. */
struct vblk_queue *vblk_queue_get(struct vblk_device *device, unsigned index);

/*
 * Hands up to COUNT requests to the queue, in order.  Returns how many were taken: the first that
 * cannot be taken ends the call, and vblk_refusal() says why.  "Queue full" is not an error.
 * Nothing reaches the device before vblk_kick() (it may look earlier).  Context: owner.
 */
unsigned vblk_submit(struct vblk_queue *queue, const struct vblk_request *requests, unsigned count);

/*
 * Why the last vblk_submit() took less than it was given: ORION_OK (took all), ORION_NO_ROOM,
 * ORION_DEVICE_BROKEN, ORION_WRONG_STATE (stopped), or what breaks a rule in the first request not
 * taken: ORION_INVALID, ORION_OUT_OF_RANGE, ORION_MISALIGNED (sector or length no
 * multiple of the block, or segments that cannot be cut on one), ORION_TOO_LARGE, ORION_READ_ONLY,
 * ORION_NOT_SUPPORTED (flush without VIRTIO_BLK_F_FLUSH, whether or not there would be anything to
 * do: vblk_info.durability).  Context: owner.
 */
orion_status vblk_refusal(const struct vblk_queue *queue);

/*
 * Publishes what was submitted and rings the doorbell if the device asks for it.  Returns whether
 * it rang.  Context: owner.  [spec 2.7.13, 2.8.21]
 */
bool vblk_kick(struct vblk_queue *queue);

/* Rings the doorbell whether or not the device asks: for a host that suspects a lost kick. */
void vblk_kick_always(struct vblk_queue *queue);

/*
 * Collects up to MAX completions, in the order in which the device gave them.  Returns how many.
 * Never waits; bounded by MAX and the queue's depth.  Context: owner.
 */
unsigned vblk_reap(struct vblk_queue *queue, struct vblk_completion *completions, unsigned max);

/*
 * Asks for an interrupt at the next completion.  True: it will come, if the device keeps its word,
 * and the owner may sleep.  False: do not sleep.  Either there is something to reap (the interrupt
 * may come nevertheless), or nobody would wake: the device is polled (vblk_info.irq_mode), or the
 * queue takes nothing more, being latched as broken or stopped; vblk_state_get() tells.
 * With nothing in flight there is nothing to come.  Context: owner.  [spec 2.7.7, 2.8.10]
 */
bool vblk_arm(struct vblk_queue *queue);

/* Asks for no interrupts (a hint; some may still come).  The state after open.  Context: owner. */
void vblk_disarm(struct vblk_queue *queue);

/* Requests taken and not yet given back.  Context: owner. */
unsigned vblk_in_flight(const struct vblk_queue *queue);

/*
 * When the oldest request in flight was handed over, in *TICKS as the host counts them
 * (port.ticks_per_second); false when none is.  For a host that watches over requests that take
 * long.  Context: owner.
 */
bool vblk_oldest(const struct vblk_queue *queue, uint64_t *ticks);

/* Copies the counters.  Any context; see stats.h for what a snapshot means. */
void vblk_queue_stats(const struct vblk_queue *queue, struct vblk_queue_stats *stats,
		      struct vblk_irq_stats *irq);

/* The ring's own picture of itself, for virtio-queue-info and for debugging. */
struct vblk_ring_info {
	uint16_t size;            /* descriptors */
	uint16_t free;            /* descriptors not lent */
	uint16_t available;       /* free-running index (split) or next slot (packed) */
	uint16_t used;            /* likewise */
	bool available_wrap, used_wrap;         /* packed: the wrap counters */
	uint64_t descriptor_area, driver_area, device_area;
	uint16_t vector;
	vblk_cause cause;         /* why the queue is broken, if it is */
};
void vblk_ring_info(const struct vblk_queue *queue, struct vblk_ring_info *info);

ORION_END_C

#endif

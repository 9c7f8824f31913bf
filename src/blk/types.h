/* SPDX-License-Identifier: MIT */
/*
 * Private types of the block driver.
 *
 * One slot of a queue, under its id, in its two halves:
 *
 *   private: struct vblk_slot   shared with the device, at a fixed address: struct vblk_cell
 *   +--------------------+      +----------------+--------+
 *   | the ring's part    |      | header 16 bytes| status |
 *   | where its cell is  |      +--------+-------++-...---+--------+
 *   | cookie, ticks      |      | header | data 0 |       | status |   table, if negotiated
 *   | lent, shape, part  |      +--------+--------+-...---+--------+
 *   +--------------------+
 *
 * Each half begins a cache line, and for one data segment the cell's first line holds all that a
 * request writes.  The table's header and status entries never change while the number of data
 * segments (the shape) stays the same, so a request usually writes its data entries, a header, a
 * poisoned status and one ring entry.
 */
#ifndef ORION_BLK_TYPES_H
#define ORION_BLK_TYPES_H

#include "orion/vblk.h"

#include "../device/device.h"
#include "../ring/ring.h"
#include "../spec/virtio_blk.h"

/* Data segments that one device request can carry at most, whatever the device allows. */
#define VBLK_SEGMENTS_MAX 128u

/* Requests of one queue that may be cut into parts at the same time. */
#define VBLK_PARTS_MAX 16u
#define VBLK_NO_PART 0u         /* parts are numbered from 1 */

/* No device writes this: a status byte that still holds it was never written.  [spec 5.2.6] */
#define VBLK_STATUS_POISON 0xffu

struct vblk_cell {
	struct virtio_blk_header header;        /* the device reads */
	uint8_t status;                         /* the device writes */
	uint8_t unused[15];
	struct virtq_desc table[];              /* the device reads */
};

_Static_assert(sizeof(struct vblk_cell) == 32, "vblk_cell");

struct vblk_slot {
	_Alignas(VRING_SLOT_BYTES) struct vring_slot ring;
	struct vblk_cell *cell;
	uint64_t address;       /* of the cell, for the device */
	uint64_t word;          /* packed, tables: vring_packed_table_word() of the shape */
	uint64_t cookie;
	uint64_t ticks;         /* when it was submitted */
	uint32_t lent;          /* data bytes that the device may write */
	uint16_t shape;         /* data segments that the slot's table is laid out for */
	uint16_t part;          /* number of its struct vblk_parts, or VBLK_NO_PART */
};

_Static_assert(sizeof(struct vblk_slot) == VRING_SLOT_BYTES, "vblk_slot");
_Static_assert(offsetof(struct vblk_slot, ring) == 0, "a vring_slot is at the start of its owner");

/* A request over the device's limits, on its way in parts. */
struct vblk_parts {
	struct vblk_request request;    /* a copy; its segments are the caller's */
	uint64_t sector;        /* of the next part */
	uint64_t left;          /* bytes not yet handed over */
	uint64_t written;
	uint64_t ticks;
	uint32_t offset;        /* into the current segment, bytes */
	uint16_t segment;       /* the current segment */
	uint16_t outstanding;   /* parts in flight */
	uint32_t result;        /* of the first part that failed */
	bool active;
};

/*
 * The owner's counters, in the shape that costs the path least; vblk_queue_stats() gives them
 * names.
 */
struct vblk_counters {
	uint64_t requests[VBLK_OPERATION_COUNT];
	uint64_t bytes[VBLK_OPERATION_COUNT];
	uint64_t submit_batches, reap_batches, reaps_empty, kicks, kicks_saved;
	uint64_t given_back;            /* completed by a stop; the rest is in latency[] */
	uint64_t latency_ticks, latency_max_ticks;
	uint64_t latency[ORION_LATENCY_BUCKETS];
	/* Cold. */
	uint64_t failed, refused, ring_full, split, parts;
	uint64_t used_length_odd, short_lengths, status_unwritten;
};

/*
 * What vblk_submit() and vblk_reap() do, decided once: below VBLK_MODE_BROKEN the kind of ring,
 * VRING_DIRECT and VRING_IN_ORDER, with VBLK_MODE_PACKED or'ed in.  0 is the commonest.
 */
#define VBLK_MODE_PACKED 4u
#define VBLK_MODE_BROKEN 8u     /* takes nothing, gives nothing */
#define VBLK_MODE_STOPPED 9u    /* takes nothing, gives back what was in flight */
#define VBLK_MODE_EACH 16u      /* or'ed to a kind of ring: each request is kicked by itself */

struct vblk_queue {
	/*
	 * Constant from open to stop, but for what refresh writes while the owner is at work:
	 * capacity (read once a request), and a mode that says broken (read once a call).
	 */
	uint32_t mode;                  /* VBLK_MODE_*; read by vblk_mode() */
	uint8_t plain_max;              /* the largest operation that is a plain read or write */
	bool read_only;
	bool plain_doorbell;            /* 16 bits, always the same, at an address */
	bool polled;                    /* no interrupt will ever come */
	uint64_t plain_bytes_max;       /* what one segment can carry in one device request */
	uint32_t lent_mask[2];          /* of a length, what the device may write */
	uint64_t plain_word[2];         /* second word of its table entry, less its length */
	uint32_t segment_bytes_max;
	uint64_t request_bytes_max;
	uint64_t block_mask;            /* block bytes - 1 */
	uint64_t capacity;              /* sectors */
	struct virtio_doorbell doorbell;
	struct vblk_device *device;
	uint32_t depth;                 /* requests in flight at most */
	uint16_t index;
	uint16_t segments_max;

	struct vring ring;

	/* The owner's. */
	_Alignas(64) orion_status refusal;
	vblk_cause cause;               /* read by others: relaxed atomic */
	union {
		struct {
			uint32_t parts_waiting;
			bool untimed;           /* constant: no ticks, no latencies */
			uint8_t unused[3];
		};
		uint64_t after_one;             /* both at one look */
	};
	uint16_t parts_active, parts_slots;
	uint64_t submit_ticks;          /* when the last batch of more than one was submitted */
	uint32_t drained;               /* ids already given back after a stop */
	struct vblk_counters stats;
	struct vblk_parts parts[VBLK_PARTS_MAX];
	struct vblk_segment scratch[VBLK_SEGMENTS_MAX];

	/* Cold. */
	struct orion_region region;
	struct orion_vring_layout layout;
	struct vring_config config;     /* what the ring is set up with, each time */
	size_t cells_offset;
	size_t bounce_offset;           /* into the region; its end when there is none */
	uint32_t cell_bytes;            /* from one cell to the next */
};

static inline uint32_t
vblk_mode(const struct vblk_queue *queue)
{
	return __atomic_load_n(&queue->mode, __ATOMIC_RELAXED);
}

/* Neither broken nor stopped. */
static inline bool
vblk_running(const struct vblk_queue *queue)
{
	return (vblk_mode(queue) & VBLK_MODE_BROKEN) == 0;
}

static inline struct vblk_slot *
vblk_slot_at(const struct vblk_queue *queue, uint32_t id)
{
	return (struct vblk_slot *)(void *)vring_slot_at(&queue->ring, id);
}

struct vblk_device {
	struct virtio_device virtio;
	struct orion_options options;
	struct vblk_info info;
	vblk_cause cause;               /* of the device as a whole */
	bool stopped;
	uint32_t ids;                   /* slots of each queue */
	size_t piece_max;               /* bytes of DMA memory in one piece; 0: no limit is known */
	uint16_t home_count;
	struct vblk_queue *queues[VBLK_QUEUES_MAX];
};

_Static_assert(sizeof(struct vblk_device) <= VBLK_DEVICE_BYTES, "VBLK_DEVICE_BYTES");

/* ---- features.c ---- */

/* OFFER without the bits whose prerequisites it lacks.  [spec 2.2, 5.2.3] */
uint64_t vblk_features_closed(uint64_t offer);

/* ---- limits.c ---- */

/* Reads and checks the device's configuration into INFO.  [spec 5.2.4, 5.2.5] */
ORION_MUST_USE orion_status vblk_limits_read(struct vblk_device *device, struct vblk_info *info);

/*
 * The same of a device that was reset, for which queues were built: what they rest upon must not
 * have become less.  Capacity and durability are followed.  ORION_DEVICE_REFUSED.
 */
ORION_MUST_USE orion_status vblk_limits_keep(struct vblk_device *device);

/* Chooses number and size of the queues.  ORION_DEVICE_REFUSED when one is absent or too small. */
ORION_MUST_USE orion_status vblk_limits_queues(struct vblk_device *device);

/* Whether a queue, as small as it can be, still is larger than the largest piece of memory. */
bool vblk_limits_too_large(const struct vblk_device *device);

/* The capacity that the driver works with: whole blocks, no overflow in bytes. */
uint64_t vblk_capacity_usable(uint64_t sectors, uint32_t block_bytes);

/* ---- queue.c ---- */

/* Private bytes of one queue, a multiple of 64. */
size_t vblk_queue_bytes(const struct vblk_device *device);

/* Bytes of one queue of IDS slots that are shared with the device. */
size_t vblk_queue_shared_bytes(const struct vblk_info *info, uint32_t ids);

/* The state of a queue that the device has not begun to use, with nothing in flight. */
void vblk_queue_reset_ring(struct vblk_queue *queue);

/* Builds queue INDEX in MEMORY and takes its DMA memory.  Nothing is told to the device. */
ORION_MUST_USE orion_status vblk_queue_build(struct vblk_device *device, uint16_t index,
					     void *memory);

/* Tells the device.  ORION_NO_INTERRUPT: it did not take the vector. */
ORION_MUST_USE orion_status vblk_queue_enable(struct vblk_queue *queue);

/* ---- path.c, or what stands in its place ---- */

/* The feature bits that this driver can use, with the kinds of ring that it was linked with. */
extern const uint64_t vblk_features_known;

/*
 * Hands over one request that is within all limits, as part PART of a larger one.  False when there
 * is no room.
 */
bool vblk_issue_part(struct vblk_queue *queue, const struct vblk_request *request, uint16_t part,
		     uint64_t ticks);

/* ---- command.c: what is not a plain read or write ---- */

/* What the requests of an operation are made of.  [spec 5.2.6] */
struct vblk_command {
	_Alignas(8) uint8_t type; /* VIRTIO_BLK_T_* */
	bool lends;             /* the device writes the segments */
	uint8_t needs;          /* a feature bit; 0: none */
	/* Of what is no read or write: */
	uint8_t segments;       /* no more, no less */
	uint8_t bytes;          /* in them */
};
extern const struct vblk_command vblk_commands[VBLK_OPERATION_COUNT];

/* Checks what is no read or write by its row; *BYTES is what its segments hold. */
orion_status vblk_check_special(const struct vblk_queue *queue, const struct vblk_request *request,
				uint64_t *bytes);

/* Counts a request that was not taken. */
void vblk_count_refusal(struct vblk_queue *queue, orion_status status);

/* The result for a status byte other than OK.  [spec 5.2.6] */
orion_status vblk_result(struct vblk_queue *queue, uint8_t status);

/* Lays the table of SLOT out for SEGMENTS data segments. */
void vblk_shape(struct vblk_queue *queue, struct vblk_slot *slot, uint16_t segments);

/* Calls the transport's kick, where no register is to be written. */
void vblk_notify(const struct vblk_queue *queue, uint32_t value);

/* ---- parts.c ---- */

/* Takes a request over the limits.  ORION_NO_ROOM when no more can be cut at this moment. */
orion_status vblk_parts_begin(struct vblk_queue *queue, const struct vblk_request *request,
			      uint64_t bytes, uint64_t ticks);

/* One part came back.  True when the request is complete; *COMPLETION is then filled. */
bool vblk_parts_done(struct vblk_queue *queue, uint16_t part, orion_status result, uint32_t written,
		     struct vblk_completion *completion);

/* Hands over parts that waited for room. */
void vblk_parts_continue(struct vblk_queue *queue);

/* ---- open.c ---- */

/* The device and its queues have so many sectors from now on.  Owners may be active. */
void vblk_capacity_set(struct vblk_device *device, uint64_t sectors);

/* ---- recover.c ---- */

/* Latches QUEUE as broken, with its first cause. */
void vblk_break(struct vblk_queue *queue, vblk_cause cause, uint64_t detail);

/*
 * Latches the device as a whole, with its first cause: its queues take and give nothing until it is
 * stopped.  Their owners may be active.
 */
void vblk_break_all(struct vblk_device *device, vblk_cause cause);

/* Gives back what was in flight when the device was stopped. */
unsigned vblk_drain(struct vblk_queue *queue, struct vblk_completion *completions, unsigned max);

#endif

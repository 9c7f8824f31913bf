/* SPDX-License-Identifier: MIT */
/*
 * A virtqueue, seen from the driver: state common to both layouts, and the cold verbs.
 *
 *      private, CPU only                      shared with the device
 *   +---------------------+      +-------------------------------------------+
 *   | struct vring        |      | descriptor area   split: table            |
 *   |  constants          |----->|                   packed: the ring        |
 *   |  producer's words   |      | driver area       split: avail ring       |
 *   |  consumer's words   |      |                   packed: driver events   |
 *   | slots[ids]          |      | device area       split: used ring        |
 *   |  what is lent       |      |                   packed: device events   |
 *   +---------------------+      +-------------------------------------------+
 *
 * The one truth is private: free lists, chain lengths, what is in flight.  Shared memory is written
 * and never read back, but for what the device writes (used entries, event words), read once each.
 *
 * A slot is the private record of one chain, from the moment it is added until it is taken: 64
 * bytes, one cache line, of which the first 16 are the ring's and the rest the owner's.  Its id is
 * what the device is told and tells back.  In a split ring with direct chains it is the head
 * descriptor's number, unless used in order; otherwise any free slot will do.
 *
 * The hot verbs are inline, in split.h and packed.h, and bear the same names but for the layout.
 * KIND is a constant, so that each use is compiled for one kind of ring:
 *
 *   vring_*_room        whether a chain of so many pieces can be added
 *   vring_*_add_table   hand over an indirect table under the next slot
 *   vring_*_begin, _piece, _last   hand over a direct chain, piece by piece
 *   vring_*_publish     make what was added visible to the device
 *   vring_*_ask         does the device want a kick?  (full fence)
 *   vring_*_pending     how many used chains may be taken now
 *   vring_*_take        the next used chain: checked slot, claimed length; its descriptors are free
 *   vring_*_arm, _disarm   ask for an interrupt, or for none
 *
 * They work on a struct vring that may be a local copy: copy it, add (or take) a batch, and give
 * the words back with vring_keep_producer() (or _consumer()).  The words then live in registers.
 *
 * In order (VIRTIO_F_IN_ORDER): slots and descriptors are used in a circle, and one used entry may
 * stand for a whole batch, of which it names the last chain.  What is taken before the batch's last
 * has the length VRING_LENGTH_UNKNOWN.
 *
 * Law of ownership: one owner at a time calls them; no lock.  Law of distrust: a claim that cannot
 * be true makes take or pending return a cause, after which the ring must not be used until set up
 * again.
 */
#ifndef ORION_RING_RING_H
#define ORION_RING_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/check.h"
#include "../base/num.h"
#include "../base/shared.h"
#include "../spec/virtq_packed.h"
#include "../spec/virtq_split.h"

/* Kinds of ring, or'ed. */
#define VRING_DIRECT 1u         /* chains of descriptors in the ring; otherwise indirect tables */
#define VRING_IN_ORDER 2u       /* VIRTIO_F_IN_ORDER was negotiated */

/* The length of a chain that the device passed over in a batch.  No chain is that long. */
#define VRING_LENGTH_UNKNOWN UINT32_MAX

#define VRING_SLOT_BYTES 64u

/* Why a ring was found broken; the numbers are those of vblk_cause. */
typedef enum vring_fault {
	VRING_OK = 0,
	VRING_ID_RANGE = 1,
	VRING_ID_FREE = 2,
	VRING_INDEX_LEAP = 3,
	VRING_OUT_OF_ORDER = 4,
} vring_fault;

/* The ring's part of a slot, at its start; VRING_SLOT_BYTES from one slot to the next. */
struct vring_slot {
	struct vring_slot *next;        /* free list; in order: the circle, constant */
	uint32_t descriptors;   /* ring descriptors lent; 0: not in flight */
	uint16_t id;            /* constant */
	uint16_t edge;          /* split, direct: the chain's last descriptor; in order: its head */
};

struct vring {
	/* Constant after orion_vring_setup(). */
	union {
		struct virtq_desc *split;
		struct virtq_packed_desc *packed;
	} desc;
	union {
		struct virtq_avail *avail;
		struct virtq_packed_event *event;
	} driver;
	union {
		struct virtq_used *used;
		struct virtq_packed_event *event;
	} device;
	struct virtq_packed_desc *end;  /* packed: past the last descriptor */
	le16 *used_event;       /* split, in the driver area */
	le16 *avail_event;      /* split, in the device area */
	unsigned char *slots;
	uint16_t *links;        /* split, direct; free list, or in order: slot of a head */
	uint32_t size;          /* descriptors */
	uint32_t mask;          /* split: size - 1 */
	uint32_t ids;           /* ids are 0 .. ids - 1 */
	uint32_t id_mask;       /* smallest 2^n - 1 that covers them: bounds speculation */
	uint32_t limit;         /* in order: chains in flight at most */
	uint8_t kind;
	bool packed;
	bool event_index;

	/* The producer's. */
	_Alignas(64) struct vring_slot *free_slot;      /* the next to use; NULL: none is free */
	uint64_t added;         /* split: chains, ever; packed: descriptors of former laps */
	uint64_t asked;         /* what vring_added() was at the last question */
	uint64_t avail_lap;     /* packed: AVAIL and USED bits of this lap, in their place */
	struct virtq_packed_desc *fill; /* packed: the next to fill */
	uint32_t avail;         /* split, in order, direct: next descriptor to fill */
	uint32_t free_head;     /* split, direct: first free descriptor */

	/* Both sides'. */
	uint32_t free;          /* direct: descriptors not lent */
	uint32_t outstanding;   /* packed: chains in flight */

	/* The consumer's. */
	struct vring_slot *oldest;      /* in order: the next to be used */
	uint64_t used;          /* split: chains ever taken */
	struct virtq_packed_desc *look; /* packed: the next to look at */
	uint32_t used_lap;      /* packed: flags of a used descriptor of this lap, with WRITE */
	uint32_t batch;         /* in order: chains left of the batch that is being taken */
	uint32_t batch_length;
};

/* Slot ID; ID must be below ring->ids. */
static inline struct vring_slot *
vring_slot_at(const struct vring *ring, uint32_t id)
{
	return (struct vring_slot *)(void *)(ring->slots + (size_t)id * VRING_SLOT_BYTES);
}

/* Packed: the slot of the ring that DESC is. */
static inline uint32_t
vring_position(const struct vring *ring, const struct virtq_packed_desc *desc)
{
	return (uint32_t)(desc - ring->desc.packed);
}

/* Packed: the wrap counter of the lap in which used descriptors are looked for. */
static inline bool
vring_used_wrap(const struct vring *ring)
{
	return (ring->used_lap & VIRTQ_PACKED_F_USED) != 0;
}

/* Chains (split) or descriptors (packed) added, ever. */
static inline uint64_t
vring_added(const struct vring *ring)
{
	return ring->packed ? ring->added + vring_position(ring, ring->fill) : ring->added;
}

/* Chains in flight. */
static inline uint32_t
vring_outstanding(const struct vring *ring)
{
	return ring->packed ? ring->outstanding : (uint32_t)(ring->added - ring->used);
}

/* Chains (tables) or descriptors (direct) that could be added now. */
static inline uint32_t
vring_free(const struct vring *ring)
{
	return ring->kind & VRING_DIRECT ? ring->free : ring->limit - vring_outstanding(ring);
}

/* The device will not be asked about what was added. */
static inline void
vring_quiet(struct vring *ring)
{
	ring->asked = vring_added(ring);
}

/* SLOT, in flight, will not come back: the ring is no longer in use.  Cold. */
static inline void
vring_forget(struct vring *ring, struct vring_slot *slot)
{
	slot->descriptors = 0;
	if (ring->packed)
		ring->outstanding--;
	else
		ring->used++;
}

/* Gives back what adding to WORK, a copy of RING, has changed. */
static inline void
vring_keep_producer(struct vring *ring, const struct vring *work, const unsigned kind,
		    const bool packed)
{
	ring->free_slot = work->free_slot;
	ring->added = work->added;
	if (kind & VRING_DIRECT) {
		ring->free = work->free;
		ring->free_head = work->free_head;
	}
	if (!packed) {
		if (kind & VRING_DIRECT)
			ring->avail = work->avail;
		return;
	}
	ring->fill = work->fill;
	ring->avail_lap = work->avail_lap;
	ring->outstanding = work->outstanding;
}

/* Gives back what taking from WORK, a copy of RING, has changed. */
static inline void
vring_keep_consumer(struct vring *ring, const struct vring *work, const unsigned kind,
		    const bool packed)
{
	if (kind & VRING_IN_ORDER) {
		ring->oldest = work->oldest;
		ring->batch = work->batch;
		ring->batch_length = work->batch_length;
	} else {
		ring->free_slot = work->free_slot;
	}
	if (kind & VRING_DIRECT) {
		ring->free = work->free;
		ring->free_head = work->free_head;
	}
	if (!packed) {
		ring->used = work->used;
		return;
	}
	ring->look = work->look;
	ring->used_lap = work->used_lap;
	ring->outstanding = work->outstanding;
}

/* Sizes and offsets of the three shared areas of a ring, from its start (16-byte aligned). */
struct orion_vring_layout {
	size_t driver_offset;
	size_t device_offset;
	size_t bytes;
};

/*
 * The layout of a ring of SIZE descriptors (1 .. 32768; a power of two if split).  [spec 2.7, 2.8]
 */
struct orion_vring_layout orion_vring_layout(uint32_t size, bool packed);

/*
 * The one layout that a legacy device takes, of a split ring from the start of a page of
 * VIRTQ_LEGACY_ALIGN bytes.  [spec 2.7.2]
 */
struct orion_vring_layout orion_vring_layout_legacy(uint32_t size);

/*
 * How many slots IDS ids take: as many as a masked id can name, so that a load that is only guessed
 * stays among them, too.
 */
static inline size_t
vring_slots(uint32_t ids)
{
	return num_power_of_two_ceil(ids);
}

/* What a ring is set up with. */
struct vring_config {
	void *shared;           /* the layout's bytes, 16-byte aligned, zeroed here */
	void *slots;            /* vring_slots(IDS) of VRING_SLOT_BYTES, private, 64-byte aligned */
	uint16_t *links;        /* split with direct chains: SIZE of them, private; else unused */
	uint32_t size;
	uint32_t ids;           /* at most SIZE; in order, or split with direct chains: SIZE */
	uint32_t limit;         /* in order: chains in flight at most, 1 .. IDS; else IDS */
	unsigned kind;
	bool packed;
	bool event_index;
	bool legacy;            /* laid out by orion_vring_layout_legacy() */
};

/*
 * Makes RING empty, with no interrupts asked for.  Of the slots only the ring's part is written.
 * The device must not be using the memory.  Context: setup.
 */
void orion_vring_setup(struct vring *ring, const struct vring_config *config);

#endif

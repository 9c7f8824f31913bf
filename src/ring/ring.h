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
 * The one truth is private: free list, chain lengths, what is in flight.  Shared memory is written
 * and never read back, but for what the device writes (used entries, event words), read once each.
 *
 * An id names a chain from the moment it is added until it is recycled.  In a split ring with
 * direct chains it is the head descriptor's number; otherwise any free number.
 *
 * The hot verbs are inline, in split.h and packed.h, and bear the same names but for the layout:
 *
 *   vring_*_add_table   hand over an indirect table
 *   vring_*_begin, _piece, _last   hand over a direct chain, piece by piece
 *   vring_*_publish     make what was added visible to the device
 *   vring_*_ask         does the device want a kick?  (full fence)
 *   vring_*_pending     how many used entries may be taken now
 *   vring_*_take        the next used entry: checked id, claimed length; recycles the chain
 *   vring_*_arm, _disarm   ask for an interrupt, or for none
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

#include "base/check.h"
#include "base/shared.h"
#include "spec/virtq_packed.h"
#include "spec/virtq_split.h"

/* Why a ring was found broken; the numbers are those of vblk_cause. */
typedef enum vring_fault {
	VRING_OK = 0,
	VRING_ID_RANGE = 1,
	VRING_ID_FREE = 2,
	VRING_INDEX_LEAP = 3,
} vring_fault;

/* Private record of one id; of one descriptor, in a split ring with direct chains. */
struct vring_slot {
	uint16_t descriptors;   /* ring descriptors lent under this id; 0: not in flight */
	uint16_t next;          /* free list */
	uint16_t last;          /* split, direct: last descriptor of the chain */
	uint16_t reserved;
};

struct vring {
	/* Constant after vring_setup(). */
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
	le16 *used_event;       /* split, in the driver area */
	le16 *avail_event;      /* split, in the device area */
	struct vring_slot *slots;
	uint16_t size;          /* descriptors */
	uint16_t mask;          /* split: size - 1 */
	uint16_t ids;           /* ids are 0 .. ids - 1 */
	uint16_t id_mask;       /* smallest 2^n - 1 that covers them: bounds speculation */
	bool packed;
	bool event_index;

	/* The producer's. */
	_Alignas(64) uint16_t avail;    /* split: free-running index; packed: next slot to fill */
	uint64_t unasked;       /* chains (split) or descriptors (packed) since the last question */
	uint16_t free;          /* descriptors not lent */
	uint16_t free_head;     /* first of the free list; meaningless when free is 0 */
	uint16_t avail_flags;   /* packed: AVAIL and USED bits of this lap */

	/* The consumer's. */
	uint16_t used;          /* split: free-running index; packed: next slot to look at */
	uint16_t outstanding;   /* chains in flight */
	bool used_wrap;         /* packed: wrap counter of this lap */
};

/* Sizes and offsets of the three shared areas of a ring, from its start (16-byte aligned). */
struct vring_layout {
	size_t driver_offset;
	size_t device_offset;
	size_t bytes;
};

/*
 * The layout of a ring of SIZE descriptors (1 .. 32768; a power of two if split).  [spec 2.7, 2.8]
 */
struct vring_layout vring_layout(uint16_t size, bool packed);

/* What a ring is set up with. */
struct vring_config {
	void *shared;           /* vring_layout().bytes, 16-byte aligned, zeroed here */
	struct vring_slot *slots;       /* SIZE of them, private */
	uint16_t size;
	uint16_t ids;           /* at most SIZE; split with direct chains: SIZE */
	bool packed;
	bool event_index;
	bool direct;            /* chains are direct: every descriptor is on the free list */
};

/*
 * Makes RING empty, with no interrupts asked for.  The device must not be using the memory.
 * Context: setup.
 */
void vring_setup(struct vring *ring, const struct vring_config *config);

#endif

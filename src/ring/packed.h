/* SPDX-License-Identifier: MIT */
/* HOT: the packed virtqueue's verbs.  The manual is ring.h; the layout is [spec 2.8]. */
#ifndef ORION_RING_PACKED_H
#define ORION_RING_PACKED_H

#include "event.h"
#include "ring.h"

#define VRING_PACKED_LAP (VIRTQ_PACKED_F_AVAIL | VIRTQ_PACKED_F_USED)

/* What the flags of a used descriptor tell: the lap, and whether its length means anything. */
#define VRING_PACKED_USED (VRING_PACKED_LAP | VIRTQ_DESC_F_WRITE)

/* A direct chain under construction. */
struct vring_packed_chain {
	struct vring_slot *slot;        /* that it will be known by */
	struct virtq_packed_desc *head; /* its first descriptor */
	uint32_t count;
	uint64_t id_word;       /* the id, in its place */
	uint64_t head_word;     /* len, id and flags of the head, stored last of all */
};

/* Length, id and flags of a descriptor, as its second word; of a lap when its bits are or'ed in. */
static inline uint64_t
vring_packed_word(uint32_t length, uint16_t id, uint32_t flags)
{
	return length | (uint64_t)id << 32 | (uint64_t)flags << 48;
}

/* The word for an indirect table of BYTES under SLOT. */
static inline uint64_t
vring_packed_table_word(const struct vring_slot *slot, uint32_t bytes)
{
	return vring_packed_word(bytes, slot->id, VIRTQ_DESC_F_INDIRECT);
}

/* Whether a chain of PIECES (a table: 1) can be added. */
static inline bool
vring_packed_room(const struct vring *ring, uint32_t pieces, const unsigned kind)
{
	if (kind & VRING_DIRECT && unlikely(ring->free < pieces))
		return false;
	if (kind & VRING_IN_ORDER)
		return ring->outstanding < ring->limit;
	return ring->free_slot != NULL;
}

/* The slot that the next chain will be known by, if there is room. */
static inline struct vring_slot *
vring_packed_next(const struct vring *ring)
{
	return ring->free_slot;
}

/* Moves to the next descriptor; a new lap swaps the AVAIL and USED bits.  [spec 2.8.1] */
static inline void
vring_packed_advance(struct vring *ring)
{
	if (unlikely(++ring->fill == ring->end)) {
		ring->fill = ring->desc.packed;
		ring->added += ring->size;
		ring->avail_lap ^= (uint64_t)VRING_PACKED_LAP << 48;
	}
}

/* Lends COUNT descriptors under SLOT, the next. */
static inline void
vring_packed_lend(struct vring *ring, struct vring_slot *slot, uint32_t count, const unsigned kind)
{
	ring->free_slot = slot->next;
	ring->outstanding++;
	slot->descriptors = count;
	if (kind & VRING_DIRECT)
		ring->free -= count;
}

/*
 * Hands over the indirect table at ADDRESS under SLOT, which vring_packed_next() gave; WORD is its
 * vring_packed_table_word().
 * The fence keeps everything before the word with the flags; partner: the device's load of the
 * flags before the rest.  One 64-bit store, if the CPU has it, carries length, id and flags.
 * [spec 2.8.7, 2.8.21.1]
 */
static inline void
vring_packed_add_table(struct vring *ring, struct vring_slot *slot, uint64_t address, uint64_t word,
		       const unsigned kind)
{
	struct virtq_packed_desc *desc = ring->fill;

	shared_put64(&desc->addr, address);
	arch_order_publish();
	shared_put64_handing(&desc->len_id_flags, word | ring->avail_lap);
	vring_packed_advance(ring);
	vring_packed_lend(ring, slot, 1, kind);
}

/* Begins a direct chain.  There must be room for its pieces. */
static inline void
vring_packed_begin(const struct vring *ring, struct vring_packed_chain *chain)
{
	chain->slot = ring->free_slot;
	chain->head = ring->fill;
	chain->id_word = vring_packed_word(0, chain->slot->id, 0);
	chain->count = 0;
}

/*
 * Writes one piece; that of the head is completed last, because its flags hand the whole chain
 * over.  Every descriptor of a chain carries the id: the device looks at the last one's.
 * [spec 2.8.6]
 */
static inline void
vring_packed_write(struct vring *ring, struct vring_packed_chain *chain, uint64_t address,
		   uint32_t length, uint32_t flags)
{
	struct virtq_packed_desc *desc = ring->fill;
	uint64_t word = vring_packed_word(length, 0, flags) | chain->id_word | ring->avail_lap;

	shared_put64(&desc->addr, address);
	if (chain->count++ == 0)
		chain->head_word = word;
	else
		shared_put64(&desc->len_id_flags, word);
	vring_packed_advance(ring);
}

/* Adds a piece that others follow; FLAGS is 0 or VIRTQ_DESC_F_WRITE. */
static inline void
vring_packed_piece(struct vring *ring, struct vring_packed_chain *chain, uint64_t address,
		   uint32_t length, uint32_t flags)
{
	vring_packed_write(ring, chain, address, length, flags | VIRTQ_DESC_F_NEXT);
}

/* Adds the last piece and hands the chain over.  [spec 2.8.21.1] */
static inline void
vring_packed_last(struct vring *ring, struct vring_packed_chain *chain, uint64_t address,
		  uint32_t length, uint32_t flags, const unsigned kind)
{
	vring_packed_write(ring, chain, address, length, flags);
	vring_packed_lend(ring, chain->slot, chain->count, kind);
	arch_order_publish();
	shared_put64_handing(&chain->head->len_id_flags, chain->head_word);
}

/* Every chain was published by its own flags. */
static inline void
vring_packed_publish(struct vring *ring)
{
	(void)ring;
}

/* The next descriptor to fill, and its wrap counter in bit 15.  [spec 2.9] */
static inline uint32_t
vring_packed_position(const struct vring *ring)
{
	bool wrap = (ring->avail_lap >> 48 & VIRTQ_PACKED_F_AVAIL) != 0;

	return vring_position(ring, ring->fill) | (wrap ? VIRTQ_PACKED_EVENT_WRAP : 0);
}

/*
 * Whether the device wants a kick for what was added since the last question.  One load takes the
 * wish and its position together; a reserved value counts as "always".  The full fence is as in
 * vring_split_ask().  [spec 2.8.10, 2.8.21.3]
 */
static inline bool
vring_packed_ask(struct vring *ring)
{
	uint64_t added = vring_added(ring), fresh = added - ring->asked;
	uint32_t event, wish;

	ring->asked = added;
	arch_order_ask();
	event = shared_get32(&ring->device.event->desc_flags);
	wish = event >> 16 & VIRTQ_PACKED_EVENT_FLAGS;
	if (wish == VIRTQ_PACKED_EVENT_DISABLE)
		return false;
	if (wish != VIRTQ_PACKED_EVENT_DESC || !ring->event_index)
		return true;
	/* More than a lap: every position was passed. */
	if (unlikely(fresh > ring->size))
		return true;
	return vring_packed_event_passed((uint16_t)event,
					 (uint16_t)vring_position(ring, ring->fill),
					 (ring->avail_lap >> 48 & VIRTQ_PACKED_F_AVAIL) != 0,
					 (uint16_t)fresh, (uint16_t)ring->size);
}

/* Whether the descriptor that must be used next says so, in this lap.  [spec 2.8.1] */
static inline bool
vring_packed_used(const struct vring *ring)
{
	uint16_t flags = shared_get16(&ring->look->flags);

	return ((flags ^ ring->used_lap) & VRING_PACKED_LAP) == 0;
}

/* An upper bound: used descriptors are found one by one, and never more than are in flight. */
static inline vring_fault
vring_packed_pending(const struct vring *ring, uint32_t *pending)
{
	*pending = ring->outstanding;
	return VRING_OK;
}

/* Gives the descriptors of SLOT's chain back, and moves on by as many. */
static inline void
vring_packed_recycle(struct vring *ring, struct vring_slot *slot, const unsigned kind)
{
	uint32_t count = kind & VRING_DIRECT ? slot->descriptors : 1;
	size_t left = (size_t)(ring->end - ring->look);

	if (unlikely(count >= left)) {
		ring->look = ring->desc.packed + (count - left);
		ring->used_lap ^= VRING_PACKED_LAP;
	} else {
		ring->look += count;
	}
	if (kind & VRING_DIRECT)
		ring->free += count;
	slot->descriptors = 0;
	ring->outstanding--;
	if (kind & VRING_IN_ORDER)
		return;
	slot->next = ring->free_slot;
	ring->free_slot = slot;
}

/* How many chains end with SLOT, counted from the oldest in flight.  Ids are used in a circle. */
static inline uint32_t
vring_packed_batch(const struct vring *ring, const struct vring_slot *slot)
{
	uint32_t last = slot->id, first = ring->oldest->id;

	return (last >= first ? last : last + ring->ids) - first + 1;
}

/*
 * The next used chain, of the PENDING that vring_packed_pending() counted; *OUT is NULL when there
 * is none.  One load takes flags, id and length, and the fence keeps what the device wrote to the
 * chain's buffers after it.  The descriptors that are free again are counted privately.  A length
 * without the flag that something was written is none: 0.  [spec 2.8.4, 2.8.8, 2.8.22]
 */
static inline vring_fault
vring_packed_take(struct vring *ring, uint32_t pending, struct vring_slot **out, uint32_t *length,
		  const unsigned kind)
{
	struct vring_slot *slot;
	uint32_t claimed, unlike;
	uint64_t word;

	(void)pending;
	*out = NULL;
	if (!(kind & VRING_IN_ORDER) || ring->batch == 0) {
		word = shared_get64_handed(&ring->look->len_id_flags);
		unlike = (uint32_t)(word >> 48 & VRING_PACKED_USED) ^ ring->used_lap;
		if (unlike != 0) {
			if (unlike & VRING_PACKED_LAP)
				return VRING_OK;
			word &= ~(uint64_t)UINT32_MAX;
		}
		arch_order_observe();
		claimed = (uint16_t)(word >> 32);
		if (unlikely(claimed >= ring->ids))
			return VRING_ID_RANGE;
		/* Harmless when the branch went right; keeps a mispredicted load in the array. */
		slot = vring_slot_at(ring, claimed & ring->id_mask);
		if (unlikely(slot->descriptors == 0))
			return VRING_ID_FREE;
		*length = (uint32_t)word;
		if (kind & VRING_IN_ORDER) {
			ring->batch = vring_packed_batch(ring, slot);
			ring->batch_length = *length;
		}
	}
	if (kind & VRING_IN_ORDER) {
		slot = ring->oldest;
		ring->oldest = slot->next;
		ring->batch--;
		*length = ring->batch == 0 ? ring->batch_length : VRING_LENGTH_UNKNOWN;
	}
	vring_packed_recycle(ring, slot, kind);
	*out = slot;
	return VRING_OK;
}

/* As vring_split_arm().  One store carries position and wish.  [spec 2.8.10] */
static inline bool
vring_packed_arm(struct vring *ring)
{
	uint32_t position = vring_position(ring, ring->look) |
			    (vring_used_wrap(ring) ? VIRTQ_PACKED_EVENT_WRAP : 0);
	uint32_t wish = ring->event_index ? VIRTQ_PACKED_EVENT_DESC : VIRTQ_PACKED_EVENT_ENABLE;

	shared_put32(&ring->driver.event->desc_flags, position | wish << 16);
	arch_order_ask();
	return ring->outstanding == 0 || (ring->batch == 0 && !vring_packed_used(ring));
}

static inline void
vring_packed_disarm(struct vring *ring)
{
	shared_put32(&ring->driver.event->desc_flags, VIRTQ_PACKED_EVENT_DISABLE << 16);
}

#endif

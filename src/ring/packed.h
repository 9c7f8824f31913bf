/* SPDX-License-Identifier: MIT */
/* HOT: the packed virtqueue's verbs.  The manual is ring.h; the layout is [spec 2.8]. */
#ifndef ORION_RING_PACKED_H
#define ORION_RING_PACKED_H

#include "ring/event.h"
#include "ring/ring.h"

#define VRING_PACKED_LAP (VIRTQ_PACKED_F_AVAIL | VIRTQ_PACKED_F_USED)

/* A direct chain under construction. */
struct vring_packed_chain {
	uint16_t id;
	uint16_t count;
	uint16_t head;          /* its first ring slot */
	uint64_t head_word;     /* len, id and flags of the head, stored last of all */
};

static inline uint64_t
vring_packed_word(uint32_t length, uint16_t id, uint32_t flags)
{
	return length | (uint64_t)id << 32 | (uint64_t)flags << 48;
}

/* Moves to the next ring slot; a new lap swaps the AVAIL and USED bits.  [spec 2.8.1] */
static inline void
vring_packed_advance(struct vring *ring)
{
	if (unlikely(++ring->avail == ring->size)) {
		ring->avail = 0;
		ring->avail_flags ^= VRING_PACKED_LAP;
	}
}

static inline uint16_t
vring_packed_next_id(const struct vring *ring)
{
	return ring->free_head;
}

/* Takes the next id off the free list and lends DESCRIPTORS ring slots under it. */
static inline void
vring_packed_lend(struct vring *ring, uint16_t id, uint16_t descriptors)
{
	struct vring_slot *slot = &ring->slots[id];

	ring->free_head = slot->next;
	ring->free = (uint16_t)(ring->free - descriptors);
	ring->unasked += descriptors;
	ring->outstanding++;
	slot->descriptors = descriptors;
}

/*
 * Hands over an indirect table of BYTES at ADDRESS under the next id, which it returns.  The fence
 * keeps everything before the word with the flags; partner: the device's load of the flags before
 * the rest.  One 64-bit store carries length, id and flags together.  [spec 2.8.7, 2.8.21.1]
 */
static inline uint16_t
vring_packed_add_table(struct vring *ring, uint64_t address, uint32_t bytes)
{
	struct virtq_packed_desc *desc = &ring->desc.packed[ring->avail];
	uint16_t id = ring->free_head;

	shared_put64(&desc->addr, address);
	arch_order_publish();
	shared_put64(&desc->len_id_flags,
		     vring_packed_word(bytes, id, VIRTQ_DESC_F_INDIRECT | ring->avail_flags));
	vring_packed_advance(ring);
	vring_packed_lend(ring, id, 1);
	return id;
}

/* Begins a direct chain.  Room must be at least its number of pieces. */
static inline void
vring_packed_begin(const struct vring *ring, struct vring_packed_chain *chain)
{
	chain->id = ring->free_head;
	chain->count = 0;
	chain->head = ring->avail;
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
	struct virtq_packed_desc *desc = &ring->desc.packed[ring->avail];
	uint64_t word = vring_packed_word(length, chain->id, flags | ring->avail_flags);

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
		  uint32_t length, uint32_t flags)
{
	vring_packed_write(ring, chain, address, length, flags);
	vring_packed_lend(ring, chain->id, chain->count);
	arch_order_publish();
	shared_put64(&ring->desc.packed[chain->head].len_id_flags, chain->head_word);
}

/* Every chain was published by its own flags. */
static inline void
vring_packed_publish(struct vring *ring)
{
	(void)ring;
}

/*
 * Whether the device wants a kick for what was added since the last question.  One load takes the
 * wish and its position together; a reserved value counts as "always".  The full fence is as in
 * vring_split_ask().  [spec 2.8.10, 2.8.21.3]
 */
static inline bool
vring_packed_ask(struct vring *ring)
{
	uint64_t added = ring->unasked;
	uint32_t event, wish;

	ring->unasked = 0;
	arch_order_ask();
	event = shared_get32(&ring->device.event->desc_flags);
	wish = event >> 16 & VIRTQ_PACKED_EVENT_FLAGS;
	if (wish == VIRTQ_PACKED_EVENT_DISABLE)
		return false;
	if (wish != VIRTQ_PACKED_EVENT_DESC || !ring->event_index)
		return true;
	/* More than a lap: every position was passed. */
	if (unlikely(added > ring->size))
		return true;
	return vring_packed_event_passed((uint16_t)event, ring->avail,
					 (ring->avail_flags & VIRTQ_PACKED_F_AVAIL) != 0,
					 (uint16_t)added, ring->size);
}

/* Whether the slot that must be used next says so, in this lap.  [spec 2.8.1] */
static inline bool
vring_packed_used(const struct vring *ring)
{
	uint16_t flags = shared_get16(&ring->desc.packed[ring->used].flags) & VRING_PACKED_LAP;

	return flags == (ring->used_wrap ? VRING_PACKED_LAP : 0);
}

/* An upper bound: the entries are found one by one, and never more than are outstanding. */
static inline vring_fault
vring_packed_pending(const struct vring *ring, uint16_t *pending)
{
	*pending = ring->outstanding;
	return VRING_OK;
}

/*
 * The next used entry; *ID is UINT16_MAX when there is none.  The fence keeps id and length after
 * the flags that vouch for them.  The chain is recycled by its private length.  [spec 2.8.22]
 */
static inline vring_fault
vring_packed_take(struct vring *ring, bool direct, uint16_t *id, uint32_t *length)
{
	const struct virtq_packed_desc *desc = &ring->desc.packed[ring->used];
	struct vring_slot *slot;
	uint16_t claimed;

	*id = UINT16_MAX;
	if (!vring_packed_used(ring))
		return VRING_OK;
	arch_order_observe();
	*length = shared_get32(&desc->len);
	claimed = shared_get16(&desc->id);
	if (unlikely(claimed >= ring->ids))
		return VRING_ID_RANGE;
	claimed &= ring->id_mask;
	slot = &ring->slots[claimed];
	if (unlikely(slot->descriptors == 0))
		return VRING_ID_FREE;

	ring->used = (uint16_t)(ring->used + (direct ? slot->descriptors : 1));
	if (unlikely(ring->used >= ring->size)) {
		ring->used = (uint16_t)(ring->used - ring->size);
		ring->used_wrap = !ring->used_wrap;
	}
	ring->free = (uint16_t)(ring->free + (direct ? slot->descriptors : 1));
	slot->next = ring->free_head;
	ring->free_head = claimed;
	slot->descriptors = 0;
	ring->outstanding--;
	*id = claimed;
	return VRING_OK;
}

/* As vring_split_arm().  One store carries position and wish.  [spec 2.8.10] */
static inline bool
vring_packed_arm(struct vring *ring)
{
	uint32_t position = ring->used | (ring->used_wrap ? VIRTQ_PACKED_EVENT_WRAP : 0);
	uint32_t wish = ring->event_index ? VIRTQ_PACKED_EVENT_DESC : VIRTQ_PACKED_EVENT_ENABLE;

	shared_put32(&ring->driver.event->desc_flags, position | wish << 16);
	arch_order_ask();
	return ring->outstanding == 0 || !vring_packed_used(ring);
}

static inline void
vring_packed_disarm(struct vring *ring)
{
	shared_put32(&ring->driver.event->desc_flags, VIRTQ_PACKED_EVENT_DISABLE << 16);
}

#endif

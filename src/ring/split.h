/* SPDX-License-Identifier: MIT */
/* HOT: the split virtqueue's verbs.  The manual is ring.h; the layout is [spec 2.7]. */
#ifndef ORION_RING_SPLIT_H
#define ORION_RING_SPLIT_H

#include "ring/event.h"
#include "ring/ring.h"

/* A direct chain under construction. */
struct vring_split_chain {
	uint16_t head;          /* its first descriptor, and its id */
	uint16_t at;            /* the next descriptor to fill */
	uint16_t count;
};

/* One descriptor, in two stores. */
static inline void
vring_split_write(struct virtq_desc *desc, uint64_t address, uint32_t length, uint32_t flags,
		  uint16_t next)
{
	shared_put64(&desc->addr, address);
	shared_put64(&desc->len_flags_next, length | (uint64_t)flags << 32 | (uint64_t)next << 48);
}

/*
 * Puts HEAD into the avail ring; the index is published later, for a whole batch.  [spec 2.7.13.2]
 */
static inline void
vring_split_offer(struct vring *ring, uint16_t head)
{
	shared_put16(&ring->driver.avail->ring[ring->avail & ring->mask], head);
	ring->avail++;
	ring->unasked++;
	ring->outstanding++;
}

/*
 * Writes the descriptor with which ID hands over its indirect table: BYTES at ADDRESS.  It stays
 * valid until written again, so that a table of the same shape costs no descriptor write.
 * [spec 2.7.5.3]
 */
static inline void
vring_split_prepare_table(struct vring *ring, uint16_t id, uint64_t address, uint32_t bytes)
{
	vring_split_write(&ring->desc.split[id], address, bytes, VIRTQ_DESC_F_INDIRECT, 0);
}

/* The id that the next vring_split_add_table() will use.  Room must be at least 1. */
static inline uint16_t
vring_split_next_id(const struct vring *ring)
{
	return ring->free_head;
}

/* Hands over the table that was prepared for the next id, and returns the id. */
static inline uint16_t
vring_split_add_table(struct vring *ring)
{
	uint16_t id = ring->free_head;
	struct vring_slot *slot = &ring->slots[id];

	ring->free_head = slot->next;
	ring->free--;
	slot->descriptors = 1;
	vring_split_offer(ring, id);
	return id;
}

/* Begins a direct chain.  Room must be at least its number of pieces. */
static inline void
vring_split_begin(const struct vring *ring, struct vring_split_chain *chain)
{
	chain->head = ring->free_head;
	chain->at = ring->free_head;
	chain->count = 0;
}

/* Adds a piece that others follow; FLAGS is 0 or VIRTQ_DESC_F_WRITE. */
static inline void
vring_split_piece(struct vring *ring, struct vring_split_chain *chain, uint64_t address,
		  uint32_t length, uint32_t flags)
{
	uint16_t next = ring->slots[chain->at].next;

	vring_split_write(&ring->desc.split[chain->at], address, length, flags | VIRTQ_DESC_F_NEXT,
			  next);
	chain->at = next;
	chain->count++;
}

/* Adds the last piece and hands the chain over. */
static inline void
vring_split_last(struct vring *ring, struct vring_split_chain *chain, uint64_t address,
		 uint32_t length, uint32_t flags)
{
	struct vring_slot *slot = &ring->slots[chain->head];
	uint16_t count = (uint16_t)(chain->count + 1);

	vring_split_write(&ring->desc.split[chain->at], address, length, flags, 0);
	ring->free_head = ring->slots[chain->at].next;
	ring->free = (uint16_t)(ring->free - count);
	slot->descriptors = count;
	slot->last = chain->at;
	vring_split_offer(ring, chain->head);
}

/*
 * Makes everything offered visible: contents before index.  Partner: the device's load of the index
 * before it reads entries.  [spec 2.7.13.3]
 */
static inline void
vring_split_publish(struct vring *ring)
{
	arch_order_publish();
	shared_put16(&ring->driver.avail->idx, ring->avail);
}

/*
 * Whether the device wants a kick for what was published since the last question.  The full fence
 * keeps the index store before the loads below; its partner is the device's, between writing
 * avail_event (or flags) and looking at the index once more.  Without it both sides can miss each
 * other for ever.  [spec 2.7.10, 2.7.13.4]
 */
static inline bool
vring_split_ask(struct vring *ring)
{
	uint64_t added = ring->unasked;

	ring->unasked = 0;
	arch_order_ask();
	if (!ring->event_index)
		return !(shared_get16(&ring->device.used->flags) & VIRTQ_USED_F_NO_NOTIFY);
	/* Every position was passed, though the index may stand where it stood. */
	if (unlikely(added > UINT16_MAX))
		return true;
	return vring_event_passed(shared_get16(ring->avail_event), ring->avail,
				  (uint16_t)(ring->avail - added));
}

/*
 * How many used entries may be taken: the index is read once, so that a device which keeps counting
 * cannot keep us here.  The fence keeps entries after the index.  [spec 2.7.14]
 */
static inline vring_fault
vring_split_pending(const struct vring *ring, uint16_t *pending)
{
	*pending = (uint16_t)(shared_get16(&ring->device.used->idx) - ring->used);
	if (unlikely(*pending > ring->outstanding))
		return VRING_INDEX_LEAP;
	arch_order_observe();
	return VRING_OK;
}

/* Gives a chain's descriptors back to the free list. */
static inline void
vring_split_recycle(struct vring *ring, uint16_t id, bool direct)
{
	struct vring_slot *slot = &ring->slots[id];

	/* A chain's descriptors are still linked by their next, head to last. */
	if (direct)
		ring->slots[slot->last].next = ring->free_head;
	else
		slot->next = ring->free_head;
	ring->free = (uint16_t)(ring->free + (direct ? slot->descriptors : 1));
	ring->free_head = id;
	slot->descriptors = 0;
	ring->outstanding--;
}

/*
 * The next used entry, one of those that vring_split_pending() counted: its id, checked at its full
 * 32 bits to be in flight, and the length that the device claims.  The chain is recycled.
 * [spec 2.7.8]
 */
static inline vring_fault
vring_split_take(struct vring *ring, bool direct, uint16_t *id, uint32_t *length)
{
	const struct virtq_used_elem *elem = &ring->device.used->ring[ring->used & ring->mask];
	uint32_t claimed = shared_get32(&elem->id);
	uint16_t slot;

	*length = shared_get32(&elem->len);
	if (unlikely(claimed >= ring->ids))
		return VRING_ID_RANGE;
	/* Harmless when the branch went right; keeps a mispredicted load inside the array. */
	slot = (uint16_t)(claimed & ring->id_mask);
	if (unlikely(ring->slots[slot].descriptors == 0))
		return VRING_ID_FREE;
	ring->used++;
	vring_split_recycle(ring, slot, direct);
	*id = slot;
	return VRING_OK;
}

/*
 * Asks for an interrupt at the next used entry.  True: armed, and nothing has come meanwhile.  The
 * full fence keeps the wish before the second look at the index.  [spec 2.7.7]
 */
static inline bool
vring_split_arm(struct vring *ring)
{
	if (ring->event_index)
		shared_put16(ring->used_event, ring->used);
	else
		shared_put16(&ring->driver.avail->flags, 0);
	arch_order_ask();
	return shared_get16(&ring->device.used->idx) == ring->used;
}

/*
 * Asks for no interrupts.  With the event index there is nothing to write: the wish that was passed
 * stays behind, and the next would come after 65,536 entries.
 */
static inline void
vring_split_disarm(struct vring *ring)
{
	if (!ring->event_index)
		shared_put16(&ring->driver.avail->flags, VIRTQ_AVAIL_F_NO_INTERRUPT);
}

#endif

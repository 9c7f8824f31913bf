/* SPDX-License-Identifier: MIT */
/* HOT: the split virtqueue's verbs.  The manual is ring.h; the layout is [spec 2.7]. */
#ifndef ORION_RING_SPLIT_H
#define ORION_RING_SPLIT_H

#include "event.h"
#include "ring.h"

/* A direct chain under construction. */
struct vring_split_chain {
	struct vring_slot *slot;        /* that it will be known by */
	uint32_t head;          /* its first descriptor */
	uint32_t at;            /* the next descriptor to fill */
	uint32_t count;
};

/* One descriptor, in two stores. */
static inline void
vring_split_write(struct virtq_desc *desc, uint64_t address, uint32_t length, uint32_t flags,
		  uint32_t next)
{
	shared_put64(&desc->addr, address);
	shared_put64(&desc->len_flags_next, length | (uint64_t)flags << 32 | (uint64_t)next << 48);
}

/* Whether a chain of PIECES (a table: 1) can be added. */
static inline bool
vring_split_room(const struct vring *ring, uint32_t pieces, const unsigned kind)
{
	if (kind & VRING_DIRECT && unlikely(ring->free < pieces))
		return false;
	if (kind & VRING_IN_ORDER)
		return ring->added - ring->used < ring->limit;
	if (kind & VRING_DIRECT)
		return true;
	return ring->free_slot != NULL;
}

/*
 * Writes the descriptor with which SLOT hands over its indirect table: BYTES at ADDRESS.  It stays
 * valid until written again, so that a table of the same shape costs no descriptor write.
 * [spec 2.7.5.3]
 */
static inline void
vring_split_prepare_table(struct vring *ring, const struct vring_slot *slot, uint64_t address,
			  uint32_t bytes)
{
	vring_split_write(&ring->desc.split[slot->id], address, bytes, VIRTQ_DESC_F_INDIRECT, 0);
}

/* The slot that the next vring_split_add_table() will use, if there is room. */
static inline struct vring_slot *
vring_split_next(const struct vring *ring)
{
	return ring->free_slot;
}

/*
 * Puts HEAD into the avail ring; the index is published later, for a whole batch.  [spec 2.7.13.2]
 */
static inline void
vring_split_offer(struct vring *ring, uint32_t head)
{
	shared_put16(&ring->driver.avail->ring[ring->added & ring->mask], (uint16_t)head);
}

/*
 * Hands over the table that was prepared for SLOT, which vring_split_next() gave.  In order its
 * place in the avail ring was written at set-up.
 */
static inline void
vring_split_add_table(struct vring *ring, struct vring_slot *slot, const unsigned kind)
{
	ring->free_slot = slot->next;
	slot->descriptors = 1;
	if (!(kind & VRING_IN_ORDER))
		vring_split_offer(ring, slot->id);
	ring->added++;
}

/* Begins a direct chain.  There must be room for its pieces. */
static inline void
vring_split_begin(const struct vring *ring, struct vring_split_chain *chain, const unsigned kind)
{
	chain->head = kind & VRING_IN_ORDER ? ring->avail : ring->free_head;
	chain->slot =
		kind & VRING_IN_ORDER ? ring->free_slot : vring_slot_at(ring, ring->free_head);
	chain->at = chain->head;
	chain->count = 0;
}

/* The descriptor after AT: by the free list, or in the circle.  [spec 2.7.5.2] */
static inline uint32_t
vring_split_after(const struct vring *ring, uint32_t at, const unsigned kind)
{
	return kind & VRING_IN_ORDER ? (at + 1) & ring->mask : ring->links[at];
}

/* Adds a piece that others follow; FLAGS is 0 or VIRTQ_DESC_F_WRITE. */
static inline void
vring_split_piece(struct vring *ring, struct vring_split_chain *chain, uint64_t address,
		  uint32_t length, uint32_t flags, const unsigned kind)
{
	uint32_t next = vring_split_after(ring, chain->at, kind);

	vring_split_write(&ring->desc.split[chain->at], address, length, flags | VIRTQ_DESC_F_NEXT,
			  next);
	chain->at = next;
	chain->count++;
}

/* Adds the last piece and hands the chain over. */
static inline void
vring_split_last(struct vring *ring, struct vring_split_chain *chain, uint64_t address,
		 uint32_t length, uint32_t flags, const unsigned kind)
{
	struct vring_slot *slot = chain->slot;
	uint32_t count = chain->count + 1;

	vring_split_write(&ring->desc.split[chain->at], address, length, flags, 0);
	ring->free -= count;
	slot->descriptors = count;
	if (kind & VRING_IN_ORDER) {
		ring->avail = vring_split_after(ring, chain->at, kind);
		ring->free_slot = slot->next;
		ring->links[chain->head] = slot->id;
		slot->edge = (uint16_t)chain->head;
	} else {
		ring->free_head = ring->links[chain->at];
		slot->edge = (uint16_t)chain->at;
	}
	vring_split_offer(ring, chain->head);
	ring->added++;
}

/*
 * Makes everything added visible: contents before index.  Partner: the device's load of the index
 * before it reads entries.  [spec 2.7.13.3]
 */
static inline void
vring_split_publish(struct vring *ring)
{
	arch_order_publish();
	shared_put16(&ring->driver.avail->idx, (uint16_t)ring->added);
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
	uint64_t now = ring->added, fresh = now - ring->asked;

	ring->asked = now;
	arch_order_ask();
	if (unlikely(!ring->event_index))
		return !(shared_get16(&ring->device.used->flags) & VIRTQ_USED_F_NO_NOTIFY);
	return vring_event_passed(shared_get16(ring->avail_event), (uint16_t)now, fresh);
}

/*
 * How many used chains may be taken: the index is read once, so that a device which keeps counting
 * cannot keep us here.  The fence keeps entries after the index.  [spec 2.7.14]
 */
static inline vring_fault
vring_split_pending(const struct vring *ring, uint32_t *pending)
{
	uint16_t index = shared_get16(&ring->device.used->idx);

	*pending = (uint16_t)(index - ring->used);
	if (unlikely(*pending > (uint32_t)(ring->added - ring->used)))
		return VRING_INDEX_LEAP;
	arch_order_observe();
	return VRING_OK;
}

/* Gives the descriptors of SLOT's chain back.  They are still linked, head to last. */
static inline void
vring_split_recycle(struct vring *ring, struct vring_slot *slot, const unsigned kind)
{
	if (kind & VRING_DIRECT)
		ring->free += slot->descriptors;
	slot->descriptors = 0;
	ring->used++;
	if (kind & VRING_IN_ORDER)
		return;
	if (kind & VRING_DIRECT) {
		ring->links[slot->edge] = (uint16_t)ring->free_head;
		ring->free_head = slot->id;
	} else {
		slot->next = ring->free_slot;
		ring->free_slot = slot;
	}
}

/*
 * The slot that a used element of the claimed id stands for; NULL when it is not in flight.
 * CLAIMED is below ring->ids; the masks keep a mispredicted load inside the arrays.
 */
static inline struct vring_slot *
vring_split_claimed(const struct vring *ring, uint32_t claimed, const unsigned kind)
{
	uint32_t id = claimed & ring->id_mask;
	struct vring_slot *slot;

	if (kind == (VRING_IN_ORDER | VRING_DIRECT))
		id = ring->links[id] & ring->id_mask;
	slot = vring_slot_at(ring, id);
	if (unlikely(slot->descriptors == 0))
		return NULL;
	/* What a descriptor was the head of may be long gone, and its slot used again. */
	if (kind == (VRING_IN_ORDER | VRING_DIRECT) && unlikely(slot->edge != claimed))
		return NULL;
	return slot;
}

/*
 * The next used chain, one of the PENDING that vring_split_pending() counted and that were not
 * taken since: its slot, by an id that was checked at its full 32 bits to be in flight, and the
 * length that the device claims.  One load takes both: orion_vring_layout() aligns elements to
 * their size, but for legacy devices.  The chain's descriptors are free again.  [spec 2.7.8, 2.7.9]
 */
static inline vring_fault
vring_split_take(struct vring *ring, uint32_t pending, struct vring_slot **out, uint32_t *length,
		 const unsigned kind)
{
	const struct virtq_used_elem *elem = &ring->device.used->ring[ring->used & ring->mask];
	struct vring_slot *slot;
	uint64_t word;

	if (!(kind & VRING_IN_ORDER) || ring->batch == 0) {
		word = shared_get64_at4(elem);
		if (unlikely((uint32_t)word >= ring->ids))
			return VRING_ID_RANGE;
		slot = vring_split_claimed(ring, (uint32_t)word, kind);
		if (unlikely(slot == NULL))
			return VRING_ID_FREE;
		*length = (uint32_t)(word >> 32);
		if (kind & VRING_IN_ORDER) {
			uint32_t batch = ((slot->id - (uint32_t)ring->oldest->id) & ring->mask) + 1;

			if (unlikely(batch > pending))
				return VRING_OUT_OF_ORDER;
			ring->batch = batch;
			ring->batch_length = *length;
		}
	}
	if (kind & VRING_IN_ORDER) {
		slot = ring->oldest;
		ring->oldest = slot->next;
		ring->batch--;
		*length = ring->batch == 0 ? ring->batch_length : VRING_LENGTH_UNKNOWN;
	}
	vring_split_recycle(ring, slot, kind);
	*out = slot;
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
		shared_put16(ring->used_event, (uint16_t)ring->used);
	else
		shared_put16(&ring->driver.avail->flags, 0);
	arch_order_ask();
	return shared_get16(&ring->device.used->idx) == (uint16_t)ring->used;
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

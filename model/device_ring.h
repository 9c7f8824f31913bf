/* SPDX-License-Identifier: MIT */
/*
 * A device's end of one virtqueue in memory that it can reach by pointer: where it stands in the
 * ring, and how the two sides tell each other whether they want to be told.  Walking chains and
 * carrying requests out is the user's: bench/device.c, model/server/.
 *
 * Whoever uses it is the ring's only device, in one thread at a time.  What lies in the
 * ring is read once a question; only positions are believed, and none leaves the ring by them.
 */
#ifndef MODEL_DEVICE_RING_H
#define MODEL_DEVICE_RING_H

#include "base/shared.h"
#include "ring/event.h"
#include "spec/virtq_packed.h"
#include "spec/virtq_split.h"

#define DEVICE_RING_LAP (VIRTQ_PACKED_F_AVAIL | VIRTQ_PACKED_F_USED)

struct device_ring {
	/* Set by the owner, before anything is available. */
	bool packed, event_index;
	bool in_order; /* one used entry may stand for all that a batch completes */
	uint16_t size;
	unsigned char *descriptors, *driver, *device;

	/* The device's own. */
	uint16_t avail; /* split: free-running index; packed: slot to look at next */
	uint16_t used; /* split: the same for used entries */
	bool wrap; /* packed: wrap counter of this lap */
	uint32_t unasked; /* positions used since the last interrupt question */
};

/* Puts RING at its start. */
static inline void
device_ring_start(struct device_ring *ring)
{
	ring->avail = ring->used = 0;
	ring->unasked = 0;
	ring->wrap = true;
}

static inline struct virtq_avail *
device_ring_avail(const struct device_ring *ring)
{
	return (struct virtq_avail *)(void *)ring->driver;
}

static inline struct virtq_used *
device_ring_used(const struct device_ring *ring)
{
	return (struct virtq_used *)(void *)ring->device;
}

/* Whether the packed descriptor whose second word is WORD was made available in this lap. */
static inline bool
device_ring_is_available(const struct device_ring *ring, uint64_t word)
{
	return (word >> 48 & DEVICE_RING_LAP) ==
	       (ring->wrap ? VIRTQ_PACKED_F_AVAIL : VIRTQ_PACKED_F_USED);
}

/* Past one packed descriptor. */
static inline void
device_ring_advance(struct device_ring *ring)
{
	ring->unasked++;
	if (++ring->avail == ring->size) {
		ring->avail = 0;
		ring->wrap = !ring->wrap;
	}
}

/* Writes a split used entry, plainly: the index vouches for it. */
static inline void
device_ring_put_split(struct device_ring *ring, uint16_t place, uint16_t id, uint32_t length)
{
	struct virtq_used_elem *elem =
		&device_ring_used(ring)->ring[place & (uint16_t)(ring->size - 1)];

	elem->id = cpu_to_le32(id);
	elem->len = cpu_to_le32(length);
}

/*
 * Writes the packed used entry that belongs to SLOT in lap WRAP, ordered after all before it.
 * WRITE makes the length count; it is always true, for a status byte if nothing else.  [spec 2.8.3]
 */
static inline void
device_ring_put(struct device_ring *ring, uint16_t slot, bool wrap, uint16_t id, uint32_t length)
{
	struct virtq_packed_desc *table = (void *)ring->descriptors;
	unsigned flags = VIRTQ_DESC_F_WRITE | (wrap ? DEVICE_RING_LAP : 0u);

	arch_order_publish();
	shared_put64(&table[slot].len_id_flags,
		     length | (uint64_t)id << 32 | (uint64_t)flags << 48);
}

/* Whether something is available that the device has not taken. */
static inline bool
device_ring_pending(const struct device_ring *ring)
{
	const struct virtq_packed_desc *table = (const void *)ring->descriptors;

	if (ring->packed)
		return device_ring_is_available(ring,
						shared_get64(&table[ring->avail].len_id_flags));
	return shared_get16(&device_ring_avail(ring)->idx) != ring->avail;
}

/* Asks to be kicked for the next request.  False: one is there already. */
static inline bool
device_ring_arm(struct device_ring *ring)
{
	struct virtq_packed_event *event = (void *)ring->device;
	struct virtq_used *used = device_ring_used(ring);
	uint32_t position = ring->avail | (ring->wrap ? VIRTQ_PACKED_EVENT_WRAP : 0u);

	if (ring->packed)
		shared_put32(&event->desc_flags, ring->event_index
							 ? position | VIRTQ_PACKED_EVENT_DESC << 16
							 : VIRTQ_PACKED_EVENT_ENABLE << 16);
	else if (ring->event_index)
		shared_put16((le16 *)(void *)&used->ring[ring->size], ring->avail);
	else
		shared_put16(&used->flags, 0);
	arch_order_ask();
	return !device_ring_pending(ring);
}

/*
 * Asks for no kicks.  With the event index a split device has nothing to write: the wish lies
 * behind it already.
 */
static inline void
device_ring_disarm(struct device_ring *ring)
{
	struct virtq_packed_event *event = (void *)ring->device;

	if (ring->packed)
		shared_put32(&event->desc_flags, VIRTQ_PACKED_EVENT_DISABLE << 16);
	else if (!ring->event_index)
		shared_put16(&device_ring_used(ring)->flags, VIRTQ_USED_F_NO_NOTIFY);
}

static inline bool
device_ring_ask_split(const struct device_ring *ring, uint32_t added)
{
	struct virtq_avail *avail = device_ring_avail(ring);

	if (!ring->event_index)
		return !(shared_get16(&avail->flags) & VIRTQ_AVAIL_F_NO_INTERRUPT);
	return vring_event_passed(shared_get16(&avail->ring[ring->size]), ring->used, added);
}

static inline bool
device_ring_ask_packed(const struct device_ring *ring, uint32_t added)
{
	const struct virtq_packed_event *event = (const void *)ring->driver;
	uint32_t wish = shared_get32(&event->desc_flags);

	if ((wish >> 16 & VIRTQ_PACKED_EVENT_FLAGS) != VIRTQ_PACKED_EVENT_DESC)
		return (wish >> 16 & VIRTQ_PACKED_EVENT_FLAGS) != VIRTQ_PACKED_EVENT_DISABLE;
	return added > ring->size ||
	       vring_packed_event_passed((uint16_t)wish, ring->avail, ring->wrap, (uint16_t)added,
					 ring->size);
}

/* Whether the driver wants an interrupt for what was completed since the last question. */
static inline bool
device_ring_ask(struct device_ring *ring)
{
	uint32_t added = ring->unasked;

	ring->unasked = 0;
	if (added == 0)
		return false;
	arch_order_ask();
	return ring->packed ? device_ring_ask_packed(ring, added)
			    : device_ring_ask_split(ring, added);
}

#endif

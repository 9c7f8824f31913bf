/* SPDX-License-Identifier: MIT */
/* The device's side of the split virtqueue [spec 2.7]. */
#include "model/private.h"

#include <stdlib.h>
#include <string.h>

#define DESC_BYTES sizeof(struct virtq_desc)

static uint8_t *
avail_flags(const struct model_queue *q)
{
	return q->driver + offsetof(struct virtq_avail, flags);
}

static uint8_t *
avail_index(const struct model_queue *q)
{
	return q->driver + offsetof(struct virtq_avail, idx);
}

static uint8_t *
used_event(const struct model_queue *q)
{
	return q->driver + offsetof(struct virtq_avail, ring) + 2u * q->setup.size;
}

static uint8_t *
avail_event(const struct model_queue *q)
{
	return q->used_area + offsetof(struct virtq_used, ring) +
	       sizeof(struct virtq_used_elem) * q->setup.size;
}

static bool
split_available(struct model_queue *q)
{
	return model_get16(avail_index(q)) != q->avail;
}

/* The index may only go forward, and no further than there are free descriptors. */
static bool
index_is_sane(struct model_queue *q)
{
	uint16_t index = model_get16(avail_index(q));
	uint16_t flags = model_get16(avail_flags(q));
	uint16_t ahead = (uint16_t)(index - q->avail);

	if (ahead + q->held_count > q->setup.size ||
	    (uint16_t)(q->avail_known - q->avail) > ahead) {
		model_queue_breached(q, MODEL_BREACH_AVAIL_LEAP, q->avail, index, q->held_count);
		return false;
	}
	q->avail_known = index;
	if (flags > VIRTQ_AVAIL_F_NO_INTERRUPT || (q->event_index && flags != 0)) {
		model_queue_breached(q, MODEL_BREACH_AVAIL_FLAGS, flags, q->event_index, 0);
		return false;
	}
	return true;
}

/* Marks descriptor SLOT as lent; false when it is already, or when it is not its turn. */
static bool
take_slot(struct model_queue *q, uint16_t slot)
{
	if (q->in_order && slot != q->desc_next) {
		model_queue_breached(q, MODEL_BREACH_DESC_ORDER, slot, q->desc_next, 0);
		return false;
	}
	q->desc_next = (uint16_t)((slot + 1u) & (q->setup.size - 1u));
	if (q->in_flight[slot] != 0) {
		model_queue_breached(q, MODEL_BREACH_DESC_IN_FLIGHT, slot, 0, 0);
		return false;
	}
	q->in_flight[slot] = 1;
	model_busy(q->host, q->setup.descriptor_area + slot * DESC_BYTES, DESC_BYTES, 1);
	return true;
}

static void
give_slot(struct model_queue *q, uint16_t slot)
{
	q->in_flight[slot] = 0;
	model_busy(q->host, q->setup.descriptor_area + slot * DESC_BYTES, DESC_BYTES, -1);
}

static bool
flags_are_legal(struct model_queue *q, uint16_t flags)
{
	if ((flags & ~(VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE | VIRTQ_DESC_F_INDIRECT)) != 0) {
		model_queue_breached(q, MODEL_BREACH_DESC_FLAGS, flags, 0, 0);
		return false;
	}
	if ((flags & VIRTQ_DESC_F_INDIRECT) == 0)
		return true;
	if (!q->indirect || (flags & VIRTQ_DESC_F_NEXT) != 0) {
		model_queue_breached(
			q, !q->indirect ? MODEL_BREACH_INDIRECT_OFF : MODEL_BREACH_INDIRECT_NEXT,
			flags, 0, 0);
		return false;
	}
	return true;
}

/* Follows the chain from HEAD into the queue's scratch chain. */
static bool
walk(struct model_queue *q, uint16_t head)
{
	uint16_t slot = head;

	for (;;) {
		const uint8_t *d = q->desc + slot * DESC_BYTES;
		uint64_t address = model_get64(d);
		uint32_t bytes = model_get32(d + offsetof(struct virtq_desc, len));
		uint16_t flags = model_get16(d + offsetof(struct virtq_desc, flags));

		if (!flags_are_legal(q, flags) || !take_slot(q, slot))
			return false;
		q->scratch->slots++;
		if ((flags & VIRTQ_DESC_F_INDIRECT) != 0)
			return model_chain_table(q, address, bytes);
		if (!model_chain_add(q, address, bytes, (flags & VIRTQ_DESC_F_WRITE) != 0, slot))
			return false;
		if ((flags & VIRTQ_DESC_F_NEXT) == 0)
			return true;
		slot = model_get16(d + offsetof(struct virtq_desc, next));
		if (slot >= q->setup.size) {
			model_queue_breached(q, MODEL_BREACH_NEXT_RANGE, slot, q->setup.size, 0);
			return false;
		}
	}
}

static struct model_chain *
split_fetch(struct model_queue *q)
{
	const uint8_t *ring = q->driver + offsetof(struct virtq_avail, ring);
	uint16_t head;

	if (!index_is_sane(q))
		return NULL;
	head = model_get16(ring + 2u * (q->avail & (q->setup.size - 1u)));
	if (head >= q->setup.size) {
		model_queue_breached(q, MODEL_BREACH_HEAD_RANGE, head, q->setup.size, q->avail);
		return NULL;
	}
	model_chain_begin(q, head);
	if (!walk(q, head))
		return NULL;
	q->avail++;
	return model_chain_finish(q);
}

static void
give_chain(struct model_queue *q, const struct model_chain *chain)
{
	if (chain->table != 0) {
		give_slot(q, chain->id);
		return;
	}
	for (uint32_t i = 0; i < chain->count; i++)
		give_slot(q, chain->pieces[i].slot);
}

static void
split_put(struct model_queue *q, struct model_chain *const *chains, unsigned count, uint32_t id,
	  uint32_t length)
{
	uint8_t *entry = q->used_area + offsetof(struct virtq_used, ring) +
			 sizeof(struct virtq_used_elem) * (q->used & (q->setup.size - 1u));

	for (unsigned i = 0; i < count; i++)
		give_chain(q, chains[i]);
	model_put32(entry + offsetof(struct virtq_used_elem, id), id);
	model_put32(entry + offsetof(struct virtq_used_elem, len), length);
	q->used = (uint16_t)(q->used + (count > 0 ? count : 1));
}

static void
split_leap(struct model_queue *q, unsigned count)
{
	q->used = (uint16_t)(q->used + count);
}

static void
split_publish(struct model_queue *q)
{
	model_put16(q->used_area + offsetof(struct virtq_used, idx), q->used);
}

static bool
split_wants_interrupt(struct model_queue *q)
{
	uint16_t old = q->signalled;

	q->signalled = q->used;
	if (!q->event_index)
		return (model_get16(avail_flags(q)) & VIRTQ_AVAIL_F_NO_INTERRUPT) == 0;
	return (uint16_t)(q->used - model_get16(used_event(q)) - 1u) < (uint16_t)(q->used - old);
}

/* While awake: no kicks.  With event index that means to leave avail_event behind. */
static void
split_want_kicks(struct model_queue *q, bool wanted)
{
	uint8_t *flags = q->used_area + offsetof(struct virtq_used, flags);

	if (!q->event_index)
		model_put16(flags, (uint16_t)(wanted ? 0 : VIRTQ_USED_F_NO_NOTIFY));
	else if (wanted)
		model_put16(avail_event(q), q->avail);
}

static uint16_t
split_position(struct model_queue *q)
{
	return model_get16(avail_index(q));
}

static void
split_lie(struct model_queue *q, int steps)
{
	uint8_t *index = q->used_area + offsetof(struct virtq_used, idx);

	model_put16(index, (uint16_t)(model_get16(index) + steps));
}

static void
split_odd_events(struct model_queue *q, uint64_t random)
{
	model_put16(q->used_area + offsetof(struct virtq_used, flags), (uint16_t)random);
	model_put16(avail_event(q), (uint16_t)(random >> 16));
}

const struct model_ring_ops model_ring_split = {
	.available = split_available,
	.fetch = split_fetch,
	.put = split_put,
	.leap = split_leap,
	.publish = split_publish,
	.wants_interrupt = split_wants_interrupt,
	.want_kicks = split_want_kicks,
	.position = split_position,
	.lie = split_lie,
	.odd_events = split_odd_events,
};

/* SPDX-License-Identifier: MIT */
/* The device's side of the packed virtqueue [spec 2.8]. */
#include "model/private.h"

#include <stdlib.h>
#include <string.h>

#define DESC_BYTES sizeof(struct virtq_packed_desc)
#define FLAGS_KNOWN                                                                              \
	(VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE | VIRTQ_DESC_F_INDIRECT | VIRTQ_PACKED_F_AVAIL | \
	 VIRTQ_PACKED_F_USED)

static uint8_t *
desc_at(const struct model_queue *q, unsigned slot)
{
	return q->desc + slot * DESC_BYTES;
}

static uint16_t
desc_flags(const struct model_queue *q, unsigned slot)
{
	return model_get16(desc_at(q, slot) + offsetof(struct virtq_packed_desc, flags));
}

/* A descriptor is available when AVAIL equals the wrap counter and USED does not. */
static bool
is_available(uint16_t flags, bool wrap)
{
	bool avail = (flags & VIRTQ_PACKED_F_AVAIL) != 0;
	bool used = (flags & VIRTQ_PACKED_F_USED) != 0;

	return avail == wrap && used != wrap;
}

static void
step_on(const struct model_queue *q, uint16_t *slot, bool *wrap, uint16_t slots)
{
	uint32_t next = (uint32_t)*slot + slots;

	if (next >= q->setup.size) {
		next -= q->setup.size;
		*wrap = !*wrap;
	}
	*slot = (uint16_t)next;
}

static bool
packed_available(struct model_queue *q)
{
	return is_available(desc_flags(q, q->avail), q->avail_wrap);
}

static bool
flags_are_legal(struct model_queue *q, uint16_t flags, bool first)
{
	if ((flags & ~FLAGS_KNOWN) != 0) {
		model_queue_breached(q, MODEL_BREACH_DESC_FLAGS, flags, 0, 0);
		return false;
	}
	if ((flags & VIRTQ_DESC_F_INDIRECT) == 0)
		return true;
	if (!q->indirect || !first || (flags & VIRTQ_DESC_F_NEXT) != 0) {
		model_queue_breached(
			q, !q->indirect ? MODEL_BREACH_INDIRECT_OFF : MODEL_BREACH_INDIRECT_NEXT,
			flags, 0, 0);
		return false;
	}
	return true;
}

/* Reads the list that begins at the next slot; *SLOTS is its length, *ID its buffer id. */
static bool
walk(struct model_queue *q, uint16_t *slots, uint16_t *id)
{
	uint16_t slot = q->avail;
	bool wrap = q->avail_wrap;

	for (*slots = 0;;) {
		const uint8_t *d = desc_at(q, slot);
		uint64_t address = model_get64(d);
		uint32_t bytes = model_get32(d + offsetof(struct virtq_packed_desc, len));
		uint16_t flags = desc_flags(q, slot);

		if (*slots >= q->setup.size) {
			model_queue_breached(q, MODEL_BREACH_CHAIN_LONG, *slots, q->setup.size, 0);
			return false;
		}
		if (!is_available(flags, wrap)) {
			model_queue_breached(q, MODEL_BREACH_CHAIN_HALF, slot, flags, *slots);
			return false;
		}
		if (!flags_are_legal(q, flags, *slots == 0))
			return false;
		*id = model_get16(d + offsetof(struct virtq_packed_desc, id));
		(*slots)++;
		if ((flags & VIRTQ_DESC_F_INDIRECT) != 0)
			return model_chain_table(q, address, bytes);
		if (!model_chain_add(q, address, bytes, (flags & VIRTQ_DESC_F_WRITE) != 0, slot))
			return false;
		if ((flags & VIRTQ_DESC_F_NEXT) == 0)
			return true;
		step_on(q, &slot, &wrap, 1);
	}
}

/* The device needs SLOTS ring slots, from SLOT on, left alone; or no longer. */
static void
mark_slots(struct model_queue *q, uint16_t slot, uint16_t slots, int delta)
{
	bool wrap = false;

	for (; slots > 0; slots--) {
		model_busy(q->host, q->setup.descriptor_area + slot * DESC_BYTES, DESC_BYTES,
			   delta);
		step_on(q, &slot, &wrap, 1);
	}
}

static bool
driver_events_are_legal(struct model_queue *q)
{
	uint16_t where = model_get16(q->driver + offsetof(struct virtq_packed_event, desc));
	uint16_t flags = model_get16(q->driver + offsetof(struct virtq_packed_event, flags));

	if (flags > VIRTQ_PACKED_EVENT_DESC ||
	    (flags == VIRTQ_PACKED_EVENT_DESC &&
	     (!q->event_index || (where & ~VIRTQ_PACKED_EVENT_WRAP) >= q->setup.size))) {
		model_queue_breached(q, MODEL_BREACH_EVENT_FLAGS, flags, where, q->event_index);
		return false;
	}
	return true;
}

static struct model_chain *
packed_fetch(struct model_queue *q)
{
	uint16_t slots, id;

	if (!driver_events_are_legal(q))
		return NULL;
	model_chain_begin(q, 0);
	if (!walk(q, &slots, &id))
		return NULL;
	if (q->in_flight[id] != 0) {
		model_queue_breached(q, MODEL_BREACH_DESC_IN_FLIGHT, id, 0, 0);
		return NULL;
	}
	q->in_flight[id] = 1;
	q->scratch->id = id;
	q->scratch->slots = slots;
	mark_slots(q, q->avail, slots, 1);
	step_on(q, &q->avail, &q->avail_wrap, slots);
	return model_chain_finish(q);
}

static void
packed_put(struct model_queue *q, struct model_chain *const *chains, unsigned count, uint32_t id,
	   uint32_t length)
{
	uint8_t *d = desc_at(q, q->used);
	uint16_t slots = count == 0;
	uint16_t flags = q->used_wrap ? VIRTQ_PACKED_F_AVAIL | VIRTQ_PACKED_F_USED : 0;

	for (unsigned i = 0; i < count; i++) {
		q->in_flight[chains[i]->id] = 0;
		slots = (uint16_t)(slots + chains[i]->slots);
	}
	if (count > 0)
		mark_slots(q, q->used, slots, -1);
	model_put32(d + offsetof(struct virtq_packed_desc, len), length);
	model_put16(d + offsetof(struct virtq_packed_desc, id), (uint16_t)id);
	flags |= length > 0 && !q->unsaid ? VIRTQ_DESC_F_WRITE : 0;
	model_put16(d + offsetof(struct virtq_packed_desc, flags), flags);
	step_on(q, &q->used, &q->used_wrap, slots);
	q->signalled_slots += slots;
}

static void
packed_leap(struct model_queue *q, unsigned count)
{
	step_on(q, &q->used, &q->used_wrap, (uint16_t)(count % q->setup.size));
	q->signalled_slots += count;
}

/* Each used descriptor published itself. */
static void
packed_publish(struct model_queue *q)
{
	(void)q;
}

/* Whether the slot that the driver named lies among those used since the last question. */
static bool
packed_wants_interrupt(struct model_queue *q)
{
	uint16_t where = model_get16(q->driver + offsetof(struct virtq_packed_event, desc));
	uint16_t flags = model_get16(q->driver + offsetof(struct virtq_packed_event, flags));
	uint32_t first = q->signalled + (q->signalled_wrap ? 0u : q->setup.size);
	uint32_t event = (where & ~VIRTQ_PACKED_EVENT_WRAP) +
			 ((where & VIRTQ_PACKED_EVENT_WRAP) != 0 ? 0u : q->setup.size);
	uint32_t lap = 2u * q->setup.size;
	uint32_t slots = q->signalled_slots;

	q->signalled = q->used;
	q->signalled_wrap = q->used_wrap;
	q->signalled_slots = 0;
	if (flags != VIRTQ_PACKED_EVENT_DESC)
		return flags != VIRTQ_PACKED_EVENT_DISABLE;
	return event < lap && (event + lap - first) % lap < slots;
}

static void
packed_want_kicks(struct model_queue *q, bool wanted)
{
	uint8_t *where = q->used_area + offsetof(struct virtq_packed_event, desc);
	uint8_t *flags = q->used_area + offsetof(struct virtq_packed_event, flags);

	if (!wanted) {
		model_put16(flags, VIRTQ_PACKED_EVENT_DISABLE);
	} else if (q->event_index) {
		model_put16(where,
			    (uint16_t)(q->avail | (q->avail_wrap ? VIRTQ_PACKED_EVENT_WRAP : 0)));
		model_put16(flags, VIRTQ_PACKED_EVENT_DESC);
	} else {
		model_put16(flags, VIRTQ_PACKED_EVENT_ENABLE);
	}
}

/* Past all that is available, list by list: a list's first descriptor speaks for the rest. */
static uint16_t
packed_position(struct model_queue *q)
{
	uint16_t slot = q->avail, left = q->setup.size;
	bool wrap = q->avail_wrap;
	uint16_t flags;

	while (left > 0 && is_available(desc_flags(q, slot), wrap)) {
		do {
			flags = desc_flags(q, slot);
			step_on(q, &slot, &wrap, 1);
			left--;
		} while (left > 0 && (flags & VIRTQ_DESC_F_NEXT) != 0);
	}
	return (uint16_t)(slot | (wrap ? VIRTQ_PACKED_EVENT_WRAP : 0));
}

/* Marks the next STEPS slots as used; backwards: the slot before, with the wrong wrap counter. */
static void
packed_lie(struct model_queue *q, int steps)
{
	uint16_t slot = q->used;
	bool wrap = q->used_wrap;

	if (steps < 0) {
		slot = (uint16_t)((slot + q->setup.size - 1u) % q->setup.size);
		wrap = !wrap;
		steps = 1;
	}
	for (; steps > 0; steps--) {
		model_put16(desc_at(q, slot) + offsetof(struct virtq_packed_desc, flags),
			    wrap ? VIRTQ_PACKED_F_AVAIL | VIRTQ_PACKED_F_USED : 0);
		step_on(q, &slot, &wrap, 1);
	}
}

static void
packed_odd_events(struct model_queue *q, uint64_t random)
{
	model_put32(q->used_area, (uint32_t)random);
}

const struct model_ring_ops model_ring_packed = {
	.available = packed_available,
	.fetch = packed_fetch,
	.put = packed_put,
	.leap = packed_leap,
	.publish = packed_publish,
	.wants_interrupt = packed_wants_interrupt,
	.want_kicks = packed_want_kicks,
	.position = packed_position,
	.lie = packed_lie,
	.odd_events = packed_odd_events,
};

/* SPDX-License-Identifier: MIT */
/* A queue of the device, whatever its ring: set-up, chains, what one act is, completions. */
#include "model/private.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define PACKED_IDS 65536u

/* ---- set-up ---- */

static bool
areas_are_aligned(const struct virtio_queue_setup *s, bool packed)
{
	return s->descriptor_area % VIRTQ_DESC_ALIGN == 0 &&
	       s->driver_area % (packed ? 4 : VIRTQ_AVAIL_ALIGN) == 0 &&
	       s->device_area % VIRTQ_USED_ALIGN == 0;
}

static size_t
device_area_bytes(uint32_t size, bool packed)
{
	return packed ? sizeof(struct virtq_packed_event) : 6 + 8 * size;
}

static bool
find_areas(struct model_queue *q, bool packed)
{
	uint32_t size = q->setup.size;
	size_t driver = packed ? sizeof(struct virtq_packed_event) : 6 + 2 * size;
	size_t device = device_area_bytes(size, packed);

	q->desc = model_host_at(q->host, q->setup.descriptor_area, 16u * size);
	q->driver = model_host_at(q->host, q->setup.driver_area, driver);
	q->used_area = model_host_at(q->host, q->setup.device_area, device);
	return q->desc != NULL && q->driver != NULL && q->used_area != NULL;
}

static model_breach
setup_breach(struct model_queue *q, const struct virtio_queue_setup *setup, bool packed)
{
	uint16_t size = setup->size;
	uint8_t status = q->device->status;
	uint8_t needed = q->device->legacy ? VIRTIO_STATUS_DRIVER : VIRTIO_STATUS_FEATURES_OK;

	if (q->enabled || (status & needed) == 0 ||
	    ((status & VIRTIO_STATUS_DRIVER_OK) != 0 && !q->was_reset))
		return MODEL_BREACH_QUEUE_STATE;
	if (size == 0 || size > q->device->options.queue_size ||
	    (!packed && (size & (size - 1)) != 0))
		return MODEL_BREACH_QUEUE_SIZE;
	if (!areas_are_aligned(setup, packed))
		return MODEL_BREACH_QUEUE_ALIGN;
	q->setup = *setup;
	return find_areas(q, packed) ? MODEL_BREACH_NONE : MODEL_BREACH_QUEUE_MEMORY;
}

orion_status
model_queue_enable(struct model_queue *q, const struct virtio_queue_setup *setup)
{
	uint64_t features = q->device->negotiated;
	bool packed = (features & VIRTIO_BIT(VIRTIO_F_RING_PACKED)) != 0;
	model_breach breach = setup_breach(q, setup, packed);

	if (!model_reset_is_over(q->device, q->index))
		return ORION_DEVICE_REFUSED;
	if (breach == MODEL_BREACH_NONE && q->index > 0 &&
	    (features & VIRTIO_BIT(VIRTIO_BLK_F_MQ)) == 0)
		breach = MODEL_BREACH_QUEUE_EXTRA;
	if (breach != MODEL_BREACH_NONE) {
		model_breached(q->host, breach, q->index, setup->size, setup->descriptor_area,
			       setup->driver_area);
		return ORION_DEVICE_REFUSED;
	}
	q->ring = packed ? &model_ring_packed : &model_ring_split;
	q->indirect = (features & VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC)) != 0;
	q->event_index = (features & VIRTIO_BIT(VIRTIO_F_EVENT_IDX)) != 0;
	q->in_order = (features & VIRTIO_BIT(VIRTIO_F_IN_ORDER)) != 0;
	q->avail = q->used = q->signalled = q->avail_known = q->desc_next = 0;
	q->id_before = -1;
	q->avail_wrap = q->used_wrap = q->signalled_wrap = true;
	q->signalled_slots = 0;
	q->broken = q->awake = q->dozing = q->unpublished = q->unsignalled = false;
	q->was_reset = q->resetting = false;
	q->in_flight = calloc(1, packed ? PACKED_IDS : q->setup.size);
	q->scratch =
		malloc(sizeof(*q->scratch) + (q->setup.size + 1u) * sizeof(struct model_piece));
	q->held_room = q->setup.size;
	q->held = calloc(q->held_room, sizeof(struct model_chain *));
	if (q->in_flight == NULL || q->scratch == NULL || q->held == NULL)
		abort();
	q->enabled = true;
	model_busy(q->host, setup->device_area, device_area_bytes(setup->size, packed),
		   MODEL_BUSY_AREA);
	return ORION_OK;
}

void
model_chain_mark(struct model_queue *q, const struct model_chain *chain, int delta)
{
	if (chain->table != 0)
		model_busy(q->host, chain->table, 16u * (uint64_t)chain->count, delta);
	for (uint32_t i = 0; i < chain->count; i++)
		model_busy(q->host, chain->pieces[i].address, chain->pieces[i].bytes, delta);
}

void
model_queue_disable(struct model_queue *q)
{
	struct model_region *r;

	if (!q->enabled)
		return;
	for (unsigned i = 0; i < q->held_count; i++) {
		model_chain_mark(q, q->held[i], -1);
		free(q->held[i]);
	}
	r = model_region_at(q->host, q->setup.descriptor_area, 16u * (uint64_t)q->setup.size);
	if (r != NULL && r->busy != NULL)
		memset(r->busy + (q->setup.descriptor_area - r->device), 0, 16u * q->setup.size);
	model_busy(q->host, q->setup.device_area,
		   device_area_bytes(q->setup.size, q->ring == &model_ring_packed),
		   -MODEL_BUSY_AREA);
	free(q->in_flight);
	free(q->scratch);
	free(q->held);
	q->in_flight = NULL;
	q->scratch = NULL;
	q->held = NULL;
	q->held_count = 0;
	q->enabled = q->awake = q->resetting = false;
}

/* ---- chains ---- */

void
model_queue_breached(struct model_queue *q, model_breach breach, uint64_t a, uint64_t b, uint64_t c)
{
	model_breached(q->host, breach, q->index, a, b, c);
	q->broken = true;
	model_device_break(q->device);
}

void
model_chain_begin(struct model_queue *q, uint16_t id)
{
	memset(q->scratch, 0, sizeof(*q->scratch));
	q->scratch->id = id;
}

/* Lent memory, lent in the right direction. */
static bool
piece_is_reachable(struct model_queue *q, uint64_t address, uint32_t bytes, bool writable)
{
	const struct model_region *r = model_region_at(q->host, address, bytes);

	if (r == NULL) {
		model_queue_breached(q, MODEL_BREACH_MEMORY, address, bytes, writable);
		return false;
	}
	if (r->kind == (writable ? MODEL_LENT_READ : MODEL_LENT_WRITE)) {
		model_queue_breached(q, MODEL_BREACH_DIRECTION, address, bytes, writable);
		return false;
	}
	return true;
}

bool
model_chain_add(struct model_queue *q, uint64_t address, uint32_t bytes, bool writable,
		uint16_t slot)
{
	struct model_chain *chain = q->scratch;

	if (chain->count >= q->setup.size) {
		model_queue_breached(q, MODEL_BREACH_CHAIN_LONG, chain->count, q->setup.size, 0);
		return false;
	}
	if (bytes == 0) {
		model_queue_breached(q, MODEL_BREACH_CHAIN_EMPTY, chain->count, 0, 0);
		return false;
	}
	if (!writable && chain->writable > 0) {
		model_queue_breached(q, MODEL_BREACH_READABLE_LATE, chain->count, 0, 0);
		return false;
	}
	if (!piece_is_reachable(q, address, bytes, writable))
		return false;
	chain->readable += writable ? 0 : bytes;
	chain->writable += writable ? bytes : 0;
	if (chain->readable + chain->writable > UINT64_C(1) << 32) {
		model_queue_breached(q, MODEL_BREACH_CHAIN_BYTES, chain->count, 0, 0);
		return false;
	}
	chain->pieces[chain->count++] = (struct model_piece){address, bytes, writable, slot};
	return true;
}

/* One entry of an indirect table; *NEXT is whether another follows. */
static bool
add_entry(struct model_queue *q, const uint8_t *entry, uint32_t i, bool *next)
{
	bool packed = q->ring == &model_ring_packed;
	uint16_t flags = model_get16(entry + (packed ? offsetof(struct virtq_packed_desc, flags)
						     : offsetof(struct virtq_desc, flags)));
	uint16_t follow = model_get16(entry + offsetof(struct virtq_desc, next));

	if ((flags & VIRTQ_DESC_F_INDIRECT) != 0) {
		model_queue_breached(q, MODEL_BREACH_INDIRECT_NESTED, i, flags, 0);
		return false;
	}
	if ((flags & ~(packed ? VIRTQ_DESC_F_WRITE : VIRTQ_DESC_F_WRITE | VIRTQ_DESC_F_NEXT)) !=
	    0) {
		model_queue_breached(q, MODEL_BREACH_DESC_FLAGS, i, flags, 1);
		return false;
	}
	*next = (flags & VIRTQ_DESC_F_NEXT) != 0;
	if (*next && follow != i + 1) {
		model_queue_breached(q, MODEL_BREACH_INDIRECT_ORDER, i, follow, 0);
		return false;
	}
	return model_chain_add(q, model_get64(entry), model_get32(entry + 8),
			       (flags & VIRTQ_DESC_F_WRITE) != 0, 0);
}

bool
model_chain_table(struct model_queue *q, uint64_t address, uint32_t bytes)
{
	const uint8_t *table = model_host_at(q->host, address, bytes);
	bool packed = q->ring == &model_ring_packed;
	bool next = true;

	if (table == NULL) {
		model_queue_breached(q, MODEL_BREACH_MEMORY, address, bytes, 2);
		return false;
	}
	if (bytes == 0 || bytes % 16 != 0) {
		model_queue_breached(q, MODEL_BREACH_INDIRECT_TABLE, bytes, 0, 0);
		return false;
	}
	q->scratch->table = address;
	for (uint32_t i = 0; packed ? i < bytes / 16 : next; i++) {
		if (i >= bytes / 16) {
			model_queue_breached(q, MODEL_BREACH_INDIRECT_ORDER, i, bytes / 16, 1);
			return false;
		}
		if (!add_entry(q, table + 16u * i, i, &next))
			return false;
	}
	return true;
}

struct model_chain *
model_chain_finish(struct model_queue *q)
{
	size_t bytes = sizeof(*q->scratch) + q->scratch->count * sizeof(struct model_piece);
	struct model_chain *chain = malloc(bytes);

	if (chain == NULL)
		abort();
	memcpy(chain, q->scratch, bytes);
	model_chain_mark(q, chain, 1);
	if (chain->count > q->device->stats.chain_longest)
		q->device->stats.chain_longest = chain->count;
	return chain;
}

/* ---- completions ---- */

/* What the device says of COUNT held requests from FIRST on: the truth, or a trick. */
static void
put_used(struct model_queue *q, unsigned first, unsigned count, uint32_t length)
{
	const struct model_chain *chain = q->held[first + count - 1];
	struct model_device *device = q->device;
	bool split = q->ring == &model_ring_split;
	uint32_t id = chain->id;
	uint64_t value;

	if (model_trick_now(device, MODEL_MISCHIEF_ID_RANGE, &value)) {
		id = q->setup.size + (uint32_t)value;
	} else if (model_trick_now(device, MODEL_MISCHIEF_ID_HIGH, NULL)) {
		id |= split ? UINT32_C(0x10000) : UINT32_C(0x8000);
	} else if (model_trick_now(device, MODEL_MISCHIEF_ID_MIDDLE, NULL)) {
		id = split && chain->table == 0 && chain->count > 1 ? chain->pieces[1].slot
								    : (id + 1u) % q->setup.size;
	} else if (model_trick_now(device, MODEL_MISCHIEF_ID_FREE, NULL)) {
		while (id < q->setup.size && q->in_flight[id] != 0)
			id++;
		for (id %= q->setup.size; id < chain->id && q->in_flight[id] != 0; id++) {
		}
	} else if (q->in_order && first + count < q->held_count &&
		   model_trick_now(device, MODEL_MISCHIEF_ORDER_AHEAD, NULL)) {
		id = q->held[first + count]->id;
	} else if (q->in_order && q->id_before >= 0 &&
		   model_trick_now(device, MODEL_MISCHIEF_ORDER_STALE, NULL)) {
		id = (uint32_t)q->id_before;
	}
	if (model_trick_now(device, MODEL_MISCHIEF_LENGTH_HUGE, NULL))
		length = UINT32_MAX;
	else if (model_trick_now(device, MODEL_MISCHIEF_LENGTH_ZERO, NULL))
		length = 0;
	else if (model_trick_now(device, MODEL_MISCHIEF_LENGTH_ONE, NULL))
		length = 1;
	q->unsaid = !split && model_trick_now(device, MODEL_MISCHIEF_LENGTH_UNSAID, NULL);
	q->ring->put(q, &q->held[first], count, id, length);
	q->id_before = chain->id;
	if (model_trick_now(device, MODEL_MISCHIEF_ID_TWICE, NULL))
		q->ring->put(q, NULL, 0, id, length);
	if (q->in_order && model_trick_now(device, MODEL_MISCHIEF_BATCH_LONG, &value))
		q->ring->leap(q, 1 + (unsigned)value);
}

static void
publish(struct model_queue *q)
{
	uint64_t value;

	q->ring->publish(q);
	q->unpublished = false;
	q->unsignalled = true;
	if (model_trick_now(q->device, MODEL_MISCHIEF_INDEX_LEAP, &value))
		q->ring->lie(q, q->setup.size + 1 + (int)value);
	else if (model_trick_now(q->device, MODEL_MISCHIEF_INDEX_BACK, NULL))
		q->ring->lie(q, q->ring == &model_ring_split ? -2 : -1);
}

static unsigned
pick(struct model_queue *q)
{
	if (q->in_order)
		return 0;
	switch (q->device->options.order) {
	case MODEL_ORDER_REVERSED:
		return q->held_count - 1;
	case MODEL_ORDER_SHUFFLED:
		return (unsigned)(model_random(&q->device->random) % q->held_count);
	case MODEL_ORDER_FIFO:
	default:
		return 0;
	}
}

static bool
flip(struct model_queue *q)
{
	return (model_random(&q->device->random) & 1) != 0;
}

/* How many of the held requests one used entry shall stand for. */
static unsigned
batch_of(struct model_queue *q, unsigned most)
{
	unsigned room = q->in_order ? q->device->options.batch : 1;

	room = room < most ? room : most;
	room = room < q->held_count ? room : q->held_count;
	if (room < 2)
		return 1;
	return q->device->options.order == MODEL_ORDER_SHUFFLED
		       ? 1 + (unsigned)(model_random(&q->device->random) % room)
		       : room;
}

/* Lets go of COUNT held requests from FIRST on. */
static void
drop(struct model_queue *q, unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++) {
		model_chain_mark(q, q->held[i], -1);
		free(q->held[i]);
	}
	q->held_count -= count;
	memmove(&q->held[first], &q->held[first + count],
		(q->held_count - first) * sizeof(q->held[0]));
}

unsigned
model_queue_complete(struct model_queue *q, unsigned most)
{
	unsigned first, count, undone;
	uint32_t length = 0;

	if (q->held_count == 0 || q->broken || most == 0)
		return 0;
	first = pick(q);
	if (model_trick_now(q->device, MODEL_MISCHIEF_WITHHELD, NULL)) {
		drop(q, first, 1);
		return 1;
	}
	count = batch_of(q, most);
	undone = count > 1 && model_trick_now(q->device, MODEL_MISCHIEF_BATCH_SKIPS, NULL);
	for (unsigned i = undone; i < count; i++)
		length = model_request_run(q, q->held[first + i]);
	put_used(q, first, count, length);
	drop(q, first, count);
	q->device->stats.completed += count;
	if (count > q->device->stats.batch_longest)
		q->device->stats.batch_longest = count;
	q->unpublished = true;
	if (q->device->options.order != MODEL_ORDER_SHUFFLED || flip(q))
		publish(q);
	return count;
}

/* ---- acts ---- */

static bool
fetch(struct model_queue *q)
{
	struct model_chain *chain;

	q->dozing = false;
	chain = q->ring->fetch(q);
	if (chain == NULL)
		return true;
	if (q->held_count == q->held_room)
		abort();
	q->held[q->held_count++] = chain;
	q->device->stats.fetched++;
	q->ring->want_kicks(q, false);
	return true;
}

/* Fetch or complete?  The order decides; both stay legal. */
static bool
wants_fetch(struct model_queue *q)
{
	if (q->held_count == q->held_room || !q->ring->available(q))
		return false;
	if (q->held_count == 0 || q->device->options.held)
		return true;
	if (q->in_order && q->device->options.order == MODEL_ORDER_FIFO)
		return q->held_count < q->device->options.batch;
	return q->device->options.order == MODEL_ORDER_REVERSED ||
	       (q->device->options.order == MODEL_ORDER_SHUFFLED && flip(q));
}

/* Nothing left: ask for kicks, and at the next act look once more, then sleep. */
static bool
doze(struct model_queue *q)
{
	if (!q->dozing) {
		q->ring->want_kicks(q, true);
		q->dozing = true;
	} else {
		q->dozing = false;
		q->awake = false;
	}
	return true;
}

bool
model_queue_act(struct model_queue *q)
{
	if (!q->enabled || q->broken)
		return false;
	if (q->unsignalled) {
		q->unsignalled = false;
		if (q->ring->wants_interrupt(q))
			model_interrupt_queue(q);
		return true;
	}
	if (!q->awake && q->device->options.eager && q->ring->available(q))
		q->awake = true;
	if (q->awake && wants_fetch(q))
		return fetch(q);
	if (q->held_count > 0 && !q->device->options.held)
		return model_queue_complete(q, UINT_MAX) > 0;
	if (q->unpublished) {
		publish(q);
		return true;
	}
	return q->awake && doze(q);
}

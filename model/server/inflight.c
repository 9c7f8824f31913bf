/* SPDX-License-Identifier: MIT */
/*
 * The record of requests that were begun and not ended, in memory that outlives this process
 * (vhost-user's "inflight" file; its layouts and steps are that specification's).
 *
 * A killed process leaves the record at any point, but no store before another that a barrier keeps
 * behind it.  The front end, which passes the record on, is trusted no more than with a ring:
 * indices are checked where they are used.
 */
#include "model/server/server.h"

#include <stdlib.h>
#include <string.h>

#define VERSION 1u

struct split_entry {
	uint8_t inflight, padding[5];
	uint16_t next;
	uint64_t counter;
};

struct split_record {
	uint64_t features;
	uint16_t version, entries;
	uint16_t last_batch_head, used_index;
	struct split_entry entry[];
};

struct packed_entry {
	uint8_t inflight, padding;
	uint16_t next, last, number;
	uint64_t counter;
	uint16_t id, flags;
	uint32_t length;
	uint64_t address;
};

/* A position in the free list and in the ring, and what it was before the last batch. */
struct packed_record {
	uint64_t features;
	uint16_t version, entries;
	uint16_t free, old_free;
	uint16_t used, old_used;
	uint8_t wrap, old_wrap;
	uint8_t padding[7];
	struct packed_entry entry[];
};

_Static_assert(sizeof(struct split_entry) == 16, "split_entry");
_Static_assert(sizeof(struct split_record) == 16, "split_record");
_Static_assert(sizeof(struct packed_entry) == 32, "packed_entry");
_Static_assert(sizeof(struct packed_record) == 32, "packed_record");

/* Stores before it stay before it, whenever the process dies. */
static inline void
barrier(void)
{
	arch_order_publish();
}

static struct split_record *
split_of(const struct queue *queue)
{
	return (struct split_record *)(void *)queue->inflight;
}

static struct packed_record *
packed_of(const struct queue *queue)
{
	return (struct packed_record *)(void *)queue->inflight;
}

/* Entries come from the record; one that is none of it can't harm. */
static struct packed_entry *
packed_entry(const struct queue *queue, uint16_t index)
{
	return &packed_of(queue)->entry[index < queue->ring.size ? index : 0];
}

size_t
inflight_bytes(bool packed, uint16_t size)
{
	size_t bytes = packed ? sizeof(struct packed_record) + size * sizeof(struct packed_entry)
			      : sizeof(struct split_record) + size * sizeof(struct split_entry);

	return (bytes + 63) & ~(size_t)63;
}

/* ---- a request's life ---- */

static uint16_t
begin_packed(struct queue *queue)
{
	struct packed_record *record = packed_of(queue);
	const struct virtq_packed_desc *table = (const void *)queue->ring.descriptors;
	uint16_t head = record->old_free, slot = queue->ring.avail, at = record->free;
	struct packed_entry *first = packed_entry(queue, head), *entry;
	uint16_t number = 0;

	do {
		uint64_t word = shared_get64(&table[slot].len_id_flags);

		entry = packed_entry(queue, at);
		entry->address = shared_get64(&table[slot].addr);
		entry->length = (uint32_t)word;
		entry->id = (uint16_t)(word >> 32);
		entry->flags = (uint16_t)(word >> 48);
		first->last = at;
		at = entry->next;
		number++;
		slot = (uint16_t)(slot + 1 == queue->ring.size ? 0 : slot + 1);
	} while (entry->flags & VIRTQ_DESC_F_NEXT && number < queue->ring.size);
	first->number = number;
	first->counter = queue->counter++;
	barrier();
	first->inflight = 1;
	record->free = at;
	barrier();
	record->old_free = at;
	return head;
}

uint16_t
inflight_begin(struct queue *queue, uint16_t head)
{
	struct split_entry *entry = &split_of(queue)->entry[head];

	if (queue->ring.packed)
		return begin_packed(queue);
	entry->counter = queue->counter++;
	barrier();
	entry->inflight = 1;
	barrier();
	return head;
}

/* The ring's position after NUMBER more descriptors. */
static void
advance(const struct queue *queue, struct packed_record *record, uint16_t number)
{
	uint32_t used = (uint32_t)record->used + number;

	if (used >= queue->ring.size) {
		used -= queue->ring.size;
		record->wrap = !record->wrap;
	}
	record->used = (uint16_t)used;
}

void
inflight_using(struct queue *queue, uint16_t entry)
{
	if (queue->ring.packed) {
		struct packed_entry *first = packed_entry(queue, entry);

		packed_entry(queue, first->last)->next = packed_of(queue)->free;
		packed_of(queue)->free = entry;
		advance(queue, packed_of(queue), first->number);
	} else {
		split_of(queue)->entry[entry].next = split_of(queue)->last_batch_head;
		split_of(queue)->last_batch_head = entry;
	}
	barrier();
}

/* What is true now is what a later process goes back to. */
static void
settle(struct packed_record *record)
{
	record->old_free = record->free;
	record->old_used = record->used;
	record->old_wrap = record->wrap;
}

void
inflight_end(struct queue *queue, uint16_t entry)
{
	barrier();
	if (queue->ring.packed) {
		packed_entry(queue, entry)->inflight = 0;
		barrier();
		settle(packed_of(queue));
	} else {
		split_of(queue)->entry[entry].inflight = 0;
		barrier();
		split_of(queue)->used_index = queue->ring.used;
	}
}

/* ---- what another process left ---- */

struct begun {
	uint64_t counter;
	uint16_t entry;
};

static int
compare(const void *a, const void *b)
{
	uint64_t x = ((const struct begun *)a)->counter, y = ((const struct begun *)b)->counter;

	return (x > y) - (x < y);
}

/* Puts the requests that were begun into BEGUN, oldest first.  Returns how many. */
static uint16_t
collect(struct queue *queue, struct begun *begun)
{
	uint16_t count = 0;

	for (uint16_t i = 0; i < queue->ring.size; i++) {
		bool packed = queue->ring.packed;
		const struct packed_entry *p = &packed_of(queue)->entry[i];
		const struct split_entry *s = &split_of(queue)->entry[i];

		if (packed ? p->inflight == 1 : s->inflight == 1)
			begun[count++] = (struct begun){packed ? p->counter : s->counter, i};
	}
	qsort(begun, count, sizeof(*begun), compare);
	if (count != 0)
		queue->counter = begun[count - 1].counter + 1;
	return count;
}

/* The last batch was published, and perhaps not crossed out. */
static void
repair_split(struct queue *queue)
{
	struct split_record *record = split_of(queue);
	uint16_t batch = (uint16_t)(queue->ring.used - record->used_index);
	uint16_t entry = record->last_batch_head;

	if (batch <= queue->ring.size)
		for (; batch != 0 && entry < queue->ring.size; batch--) {
			record->entry[entry].inflight = 0;
			entry = record->entry[entry].next;
		}
	record->used_index = queue->ring.used;
}

static void
repair_packed(struct queue *queue)
{
	struct packed_record *record = packed_of(queue);
	const struct virtq_packed_desc *table = (const void *)queue->ring.descriptors;
	uint16_t slot = record->old_used < queue->ring.size ? record->old_used : 0;
	uint64_t lap = shared_get64(&table[slot].len_id_flags) >> 48 & DEVICE_RING_LAP;
	uint16_t entry, left = queue->ring.size;

	if (record->used != record->old_used &&
	    lap != (record->old_wrap ? VIRTQ_PACKED_F_AVAIL : VIRTQ_PACKED_F_USED))
		settle(record);
	record->free = record->old_free;
	record->used = slot == record->old_used ? record->old_used : 0;
	record->wrap = record->old_wrap;
	for (entry = record->free; entry < queue->ring.size && left != 0; left--) {
		record->entry[entry].inflight = 0;
		entry = record->entry[entry].next;
	}
}

static bool
resume_split(struct queue *queue, uint16_t head)
{
	struct device_ring *ring = &queue->ring;
	uint64_t length;

	if (!chain_of_split(queue, head) || (length = request_run(queue)) == UINT64_MAX)
		return false;
	inflight_using(queue, head);
	device_ring_put_split(ring, ring->used++, head, (uint32_t)length);
	ring->unasked++;
	arch_order_publish();
	shared_put16(&device_ring_used(ring)->idx, ring->used);
	inflight_end(queue, head);
	return true;
}

static bool
resume_packed(struct queue *queue, uint16_t head)
{
	const struct packed_entry *first = packed_entry(queue, head);
	struct device_ring *ring = &queue->ring;
	uint16_t number = first->number, at = head;
	uint64_t length;

	chain_begin(&queue->chain);
	for (uint16_t i = 0; i < number && i < ring->size; i++) {
		const struct packed_entry *entry = packed_entry(queue, at);

		if (!chain_add(queue, entry->address, entry->length, entry->flags))
			return false;
		at = entry->next;
	}
	length = request_run(queue);
	if (length == UINT64_MAX)
		return false;
	inflight_using(queue, head);
	device_ring_put(ring, ring->avail, ring->wrap, packed_entry(queue, first->last)->id,
			(uint32_t)length);
	while (number-- != 0)
		device_ring_advance(ring);
	inflight_end(queue, head);
	return true;
}

/* A record that nobody has used: where the queue stands now, nothing begun. */
static void
fresh(struct queue *queue)
{
	struct packed_record *record = packed_of(queue);
	uint16_t size = queue->ring.size;

	memset(queue->inflight, 0, inflight_bytes(queue->ring.packed, size));
	if (!queue->ring.packed) {
		split_of(queue)->used_index = queue->ring.used;
		split_of(queue)->entries = size;
		barrier();
		split_of(queue)->version = VERSION;
		return;
	}
	for (uint16_t i = 0; i < size; i++)
		record->entry[i].next = (uint16_t)(i + 1);
	record->used = queue->ring.avail;
	record->wrap = queue->ring.wrap;
	record->entries = size;
	settle(record);
	barrier();
	record->version = VERSION;
}

/* The ring goes on behind what was begun, whatever the front end believes. */
static void
take_position(struct queue *queue, uint16_t count)
{
	struct device_ring *ring = &queue->ring;

	if (ring->packed) {
		ring->avail = packed_of(queue)->used;
		ring->wrap = packed_of(queue)->wrap != 0;
	} else {
		ring->avail = (uint16_t)(ring->used + count);
	}
}

bool
inflight_resume(struct queue *queue, unsigned char *base)
{
	struct begun begun[QUEUE_SIZE_MAX];
	uint16_t count;

	/* Version and size lie at the same place in both. */
	queue->inflight = base;
	if (split_of(queue)->version != VERSION || split_of(queue)->entries != queue->ring.size) {
		fresh(queue);
		return true;
	}
	if (queue->ring.packed)
		repair_packed(queue);
	else
		repair_split(queue);
	count = collect(queue, begun);
	if (count == 0) {
		fresh(queue);
		return true;
	}
	take_position(queue, count);
	say("queue %u: carrying out %u requests that were begun before", queue->index, count);
	for (uint16_t i = 0; i < count; i++)
		if (!(queue->ring.packed ? resume_packed : resume_split)(queue, begun[i].entry))
			return false;
	queue_tell(queue);
	return true;
}

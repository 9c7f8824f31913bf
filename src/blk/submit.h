/* SPDX-License-Identifier: MIT */
/*
 * HOT: submit and kick.
 *
 * Submit is written once and compiled for each kind of ring; the kind is looked at once a call.
 * Nothing here locks, allocates, divides, logs or calls through a pointer; what is rare is a call
 * into a cold file.
 *
 * Nearly every request is a sound read or write of one segment: take_plain() sees that in a row of
 * compares against private limits, and hands it over with the ring's words in registers.  Whatever
 * else it is, take_any() finds out.
 *
 * Partners: what submit writes is published by vring_*_publish (or a packed descriptor's flags) to
 * the device's load of the index (flags).
 */
#ifndef ORION_BLK_SUBMIT_H
#define ORION_BLK_SUBMIT_H

#include "kinds.h"

#include "../ring/packed.h"
#include "../ring/split.h"

/* A request that is sound, but over the limits of one device request. */
#define OVER_LIMITS ORION_STATUS_COUNT

/* A plain request's operation is its type, and 1 is the one whose segments the device reads. */
_Static_assert((unsigned)VBLK_READ == VIRTIO_BLK_T_IN && VBLK_READ == 0, "VBLK_READ");
_Static_assert((unsigned)VBLK_WRITE == VIRTIO_BLK_T_OUT && VBLK_WRITE == 1, "VBLK_WRITE");

/* ---- checks ---- */

/* Segments: each has bytes, none runs past the last address.  *OVER when one is over a limit. */
static ALWAYS_INLINE bool
check_segments(const struct vblk_queue *queue, const struct vblk_request *request, uint64_t *bytes,
	       bool *over)
{
	const struct vblk_segment *segment = request->segments;
	uint32_t left = request->segment_count;
	uint64_t total = 0;

	if (unlikely(segment == NULL || left == 0))
		return false;
	if (unlikely(left > queue->segments_max))
		*over = true;
	for (;; segment++) {
		uint32_t length = segment->length;

		if (unlikely(length == 0 || segment->device_address + length < length))
			return false;
		if (unlikely(length > queue->segment_bytes_max))
			*over = true;
		total += length;
		if (likely(--left == 0))
			break;
	}
	*bytes = total;
	return true;
}

/* A read or write: every field against the device's limits.  *BYTES is the length of the data. */
static ALWAYS_INLINE orion_status
check_data(const struct vblk_queue *queue, const struct vblk_request *request, uint64_t *bytes)
{
	uint64_t capacity = arch_load64(&queue->capacity);
	uint64_t sector = request->sector;
	bool over = false;

	if (unlikely(!check_segments(queue, request, bytes, &over)))
		return ORION_INVALID;
	if (unlikely(request->operation == VBLK_WRITE && queue->read_only))
		return ORION_READ_ONLY;
	if (unlikely(((sector << VIRTIO_BLK_SECTOR_SHIFT | *bytes) & queue->block_mask) != 0))
		return ORION_MISALIGNED;
	if (unlikely(sector > capacity || *bytes >> VIRTIO_BLK_SECTOR_SHIFT > capacity - sector))
		return ORION_OUT_OF_RANGE;
	if (unlikely(over || *bytes > queue->request_bytes_max))
		return OVER_LIMITS;
	return ORION_OK;
}

/* ---- what the device will read ---- */

/* A sound request on its way into the ring. */
struct order {
	const struct vblk_segment *segments;
	uint32_t count;         /* of segments */
	uint32_t type;
	uint64_t sector;
	uint64_t lent;          /* 1: the device writes the data; 0: it reads */
	bool plain;             /* one segment, whose table entry ends with WORD */
	uint64_t word;
};

/* Header and poisoned status. */
static ALWAYS_INLINE void
write_cell(struct vblk_cell *cell, const struct order *order)
{
	shared_put64(&cell->header.type_reserved, order->type);
	shared_put64(&cell->header.sector, order->sector);
	shared_put8(&cell->status, VBLK_STATUS_POISON);
}

/* The data entries of a table; header and status entries are there already. */
static ALWAYS_INLINE void
write_table(struct vblk_cell *cell, const struct order *order, const bool packed)
{
	const struct vblk_segment *segment = order->segments;
	struct virtq_desc *entry = cell->table;
	uint64_t flags = order->lent * VIRTQ_DESC_F_WRITE;

	for (uint64_t next = 2; next < order->count + 2u; next++, segment++) {
		entry++;
		shared_put64(&entry->addr, segment->device_address);
		/* Split entries are chained, each to the next; packed ones just follow. */
		if (packed)
			shared_put64(&entry->len_flags_next, segment->length + (flags << 48));
		else
			shared_put64(&entry->len_flags_next,
				     segment->length + (flags << 32) +
					     ((VIRTQ_DESC_F_NEXT | next << 16) << 32));
	}
}

/* The slot whose table the next request will use; there must be room. */
static ALWAYS_INLINE struct vblk_slot *
table_next(const struct vring *ring)
{
	return (struct vblk_slot *)(void *)ring->free_slot;
}

static ALWAYS_INLINE struct vblk_slot *
add_table(struct vring *ring, const struct order *order, const unsigned kind, const bool packed)
{
	struct vblk_slot *slot = table_next(ring);
	struct vblk_cell *cell = slot->cell;

	if (order->plain) {
		shared_put64(&cell->table[1].addr, order->segments->device_address);
		shared_put64(&cell->table[1].len_flags_next, order->word);
	} else {
		write_table(cell, order, packed);
	}
	write_cell(cell, order);
	if (packed)
		vring_packed_add_table(ring, &slot->ring,
				       slot->address + offsetof(struct vblk_cell, table),
				       slot->word, kind);
	else
		vring_split_add_table(ring, &slot->ring, kind);
	return slot;
}

static ALWAYS_INLINE struct vblk_slot *
add_split_chain(struct vring *ring, const struct order *order, const unsigned kind)
{
	struct vring_split_chain chain;
	struct vblk_slot *slot;
	uint64_t cell;

	vring_split_begin(ring, &chain, kind);
	slot = (struct vblk_slot *)(void *)chain.slot;
	cell = slot->address;
	write_cell(slot->cell, order);
	vring_split_piece(ring, &chain, cell, sizeof(struct virtio_blk_header), 0, kind);
	for (uint32_t i = 0; i < order->count; i++)
		vring_split_piece(ring, &chain, order->segments[i].device_address,
				  order->segments[i].length,
				  (uint32_t)order->lent * VIRTQ_DESC_F_WRITE, kind);
	vring_split_last(ring, &chain, cell + offsetof(struct vblk_cell, status), 1,
			 VIRTQ_DESC_F_WRITE, kind);
	return slot;
}

static ALWAYS_INLINE struct vblk_slot *
add_packed_chain(struct vring *ring, const struct order *order, const unsigned kind)
{
	struct vring_packed_chain chain;
	struct vblk_slot *slot;
	uint64_t cell;

	vring_packed_begin(ring, &chain);
	slot = (struct vblk_slot *)(void *)chain.slot;
	cell = slot->address;
	write_cell(slot->cell, order);
	vring_packed_piece(ring, &chain, cell, sizeof(struct virtio_blk_header), 0);
	for (uint32_t i = 0; i < order->count; i++)
		vring_packed_piece(ring, &chain, order->segments[i].device_address,
				   order->segments[i].length,
				   (uint32_t)order->lent * VIRTQ_DESC_F_WRITE);
	vring_packed_last(ring, &chain, cell + offsetof(struct vblk_cell, status), 1,
			  VIRTQ_DESC_F_WRITE, kind);
	return slot;
}

/* Hands ORDER over.  There must be room, and a table must have its shape. */
static ALWAYS_INLINE struct vblk_slot *
issue(struct vring *ring, const struct order *order, const unsigned kind, const bool packed)
{
	if (!(kind & VRING_DIRECT))
		return add_table(ring, order, kind, packed);
	return packed ? add_packed_chain(ring, order, kind) : add_split_chain(ring, order, kind);
}

/*
 * Whether a request of COUNT segments can be added.  The ring itself bounds direct chains out of
 * order by their descriptors only.
 */
static ALWAYS_INLINE bool
has_room(const struct vblk_queue *queue, const struct vring *ring, uint32_t count,
	 const unsigned kind, const bool packed)
{
	uint32_t pieces = kind & VRING_DIRECT ? count + 2 : 1;

	if (kind == VRING_DIRECT &&
	    unlikely((packed ? ring->outstanding : ring->added - ring->used) >= queue->depth))
		return false;
	return packed ? vring_packed_room(ring, pieces, kind)
		      : vring_split_room(ring, pieces, kind);
}

/* ---- one request ---- */

/* Any sound request within the limits, as part PART of a larger one or by itself. */
static ALWAYS_INLINE bool
issue_any(struct vblk_queue *queue, const struct vblk_request *request, uint64_t bytes,
	  uint16_t part, uint64_t ticks, const unsigned kind, const bool packed)
{
	const struct vblk_command *command = &vblk_commands[request->operation];
	uint16_t count = request->segment_count;
	bool lent = command->lends;
	struct order order = {
		request->segments, count, command->type, request->sector, lent, false, 0};
	struct vblk_slot *slot;

	if (unlikely(!has_room(queue, &queue->ring, count, kind, packed)))
		return false;
	if (!(kind & VRING_DIRECT) && table_next(&queue->ring)->shape != count)
		vblk_shape(queue, table_next(&queue->ring), count);
	slot = issue(&queue->ring, &order, kind, packed);
	slot->cookie = request->cookie;
	slot->ticks = ticks;
	slot->lent = lent ? (uint32_t)bytes : 0;
	slot->part = part;
	return true;
}

/* A flush or get-id; the local keeps BYTES of the caller in a register. */
static ALWAYS_INLINE orion_status
check_special(const struct vblk_queue *queue, const struct vblk_request *request, uint64_t *bytes)
{
	uint64_t held = 0;
	orion_status status = vblk_check_special(queue, request, &held);

	*bytes = held;
	return status;
}

/* One request of any shape: ORION_OK when it was taken. */
static ALWAYS_INLINE orion_status
take_any(struct vblk_queue *queue, const struct vblk_request *request, uint64_t ticks,
	 const unsigned kind, const bool packed)
{
	uint64_t bytes = 0;
	orion_status status;

	if (likely(request->operation <= VBLK_WRITE))
		status = check_data(queue, request, &bytes);
	else
		status = check_special(queue, request, &bytes);
	if (likely(status == ORION_OK))
		status = issue_any(queue, request, bytes, VBLK_NO_PART, ticks, kind, packed)
				 ? ORION_OK
				 : ORION_NO_ROOM;
	else if (status == OVER_LIMITS)
		status = vblk_parts_begin(queue, request, bytes, ticks);
	if (likely(status == ORION_OK)) {
		queue->stats.requests[request->operation]++;
		queue->stats.bytes[request->operation] += bytes;
	} else {
		vblk_count_refusal(queue, status);
	}
	return status;
}

/*
 * A sound read or write of one segment, if it is one and there is room: its slot, or NULL.  Accepts
 * nothing that take_any() would not: the same checks, without the reasons.
 */
static ALWAYS_INLINE struct vblk_slot *
take_plain(struct vblk_queue *queue, struct vring *ring, const struct vblk_request *request,
	   const unsigned kind, const bool packed)
{
	uint64_t capacity = arch_load64(&queue->capacity);
	uint64_t sector = request->sector, operation = request->operation, length, left, end;
	const struct vblk_segment *segments = request->segments;
	struct vblk_segment segment;
	struct order order;
	struct vblk_slot *slot;

	if (unlikely(operation > queue->plain_max || request->segment_count != 1 ||
		     segments == NULL))
		return NULL;
	segment = *segments;
	length = segment.length;
	/* A length of 0 wraps to the largest. */
	if (unlikely(length - 1 >= queue->plain_bytes_max ||
		     __builtin_add_overflow(segment.device_address, length, &end)))
		return NULL;
	if (unlikely(((sector << VIRTIO_BLK_SECTOR_SHIFT | length) & queue->block_mask) != 0))
		return NULL;
	if (unlikely(__builtin_sub_overflow(capacity, sector, &left) ||
		     length >> VIRTIO_BLK_SECTOR_SHIFT > left))
		return NULL;
	if (unlikely(!has_room(queue, ring, 1, kind, packed)))
		return NULL;
	if (!(kind & VRING_DIRECT) && unlikely(table_next(ring)->shape != 1))
		return NULL;

	order = (struct order){&segment,
			       1,
			       (uint32_t)operation,
			       sector,
			       1 - operation,
			       true,
			       queue->plain_word[operation] + length};
	slot = issue(ring, &order, kind, packed);
	slot->cookie = request->cookie;
	slot->lent = (uint32_t)length & queue->lent_mask[operation];
	queue->stats.requests[operation]++;
	queue->stats.bytes[operation] += length;
	return slot;
}

/* ---- a batch ---- */

typedef orion_status take_function(struct vblk_queue *, const struct vblk_request *, uint64_t);
typedef unsigned many_function(struct vblk_queue *, const struct vblk_request *, unsigned);

static ALWAYS_INLINE unsigned
submit_many(struct vblk_queue *queue, const struct vblk_request *requests, unsigned count,
	    take_function *any, const unsigned kind, const bool packed)
{
	const struct vblk_request *request = requests, *end = requests + count;
	uint64_t ticks = ticks_now(queue);
	orion_status status = ORION_OK;
	struct vring ring = queue->ring;

	for (; request != end; request++) {
		struct vblk_slot *slot = take_plain(queue, &ring, request, kind, packed);

		if (likely(slot != NULL)) {
			slot->ticks = ticks;
			continue;
		}
		vring_keep_producer(&queue->ring, &ring, kind, packed);
		status = any(queue, request, ticks);
		ring = queue->ring;
		if (unlikely(status != ORION_OK))
			break;
	}
	vring_keep_producer(&queue->ring, &ring, kind, packed);
	queue->refusal = status;
	queue->submit_ticks = ticks;
	queue->stats.submit_batches += request != requests;
	return (unsigned)(request - requests);
}

/* One request, in a straight line, without a stack frame: depth 1 is where latency counts most. */
static ALWAYS_INLINE unsigned
submit_one(struct vblk_queue *queue, const struct vblk_request *request, many_function *many,
	   const unsigned kind, const bool packed)
{
	struct vblk_slot *slot = take_plain(queue, &queue->ring, request, kind, packed);

	if (unlikely(slot == NULL))
		return many(queue, request, 1);
	if (likely(!queue->untimed))    /* otherwise it is 0 for good */
		slot->ticks = arch_ticks();
	queue->refusal = ORION_OK;
	queue->stats.submit_batches++;
	return 1;
}

static ALWAYS_INLINE unsigned
submit(struct vblk_queue *queue, const struct vblk_request *requests, unsigned count,
       many_function *many, const unsigned kind, const bool packed)
{
	return count == 1 ? submit_one(queue, requests, many, kind, packed)
			  : many(queue, requests, count);
}

/* ---- the kinds of ring ---- */

/* Any kind, looked at as it goes; requests that are not plain have no path of their own. */
static NEVER_INLINE orion_status
submit_any_other(struct vblk_queue *queue, const struct vblk_request *request, uint64_t ticks)
{
	return take_any(queue, request, ticks, ring_kind(&queue->ring), ring_packed(&queue->ring));
}

static NEVER_INLINE unsigned
submit_many_other(struct vblk_queue *queue, const struct vblk_request *requests, unsigned count)
{
	return submit_many(queue, requests, count, submit_any_other, ring_kind(&queue->ring),
			   ring_packed(&queue->ring));
}

static NEVER_INLINE orion_status
submit_any_split_table(struct vblk_queue *queue, const struct vblk_request *request, uint64_t ticks)
{
	return take_any(queue, request, ticks, 0, false);
}

static NEVER_INLINE unsigned
submit_many_split_table(struct vblk_queue *queue, const struct vblk_request *requests,
			unsigned count)
{
	return submit_many(queue, requests, count, submit_any_split_table, 0, false);
}

#define COMPILE_SUBMIT(name, kind, packed)                                                         \
	static NEVER_INLINE unsigned submit_many_##name(                                           \
		struct vblk_queue *queue, const struct vblk_request *requests, unsigned count)     \
	{                                                                                          \
		return submit_many(queue, requests, count, submit_any_other, kind, packed);        \
	}                                                                                          \
	static NEVER_INLINE unsigned submit_##name(                                                \
		struct vblk_queue *queue, const struct vblk_request *requests, unsigned count)     \
	{                                                                                          \
		return submit(queue, requests, count, submit_many_##name, kind, packed);           \
	}

VBLK_KINDS(COMPILE_SUBMIT)

static NEVER_INLINE __attribute__((cold)) unsigned
submit_refused(struct vblk_queue *queue, orion_status refusal)
{
	queue->refusal = refusal;
	return 0;
}

#define SUBMIT(name, kind, packed)                                                                 \
	case VBLK_MODE(kind, packed):                                                              \
		return has_kind(kind, packed) ? submit_##name(queue, requests, count)              \
					      : submit_refused(queue, ORION_WRONG_STATE);

/* Without batches: each request is published and asked about by itself. */
static NEVER_INLINE unsigned
submit_each(struct vblk_queue *queue, const struct vblk_request *requests, unsigned count)
{
	unsigned taken = 0;

	while (taken < count && submit_many_other(queue, &requests[taken], 1) == 1) {
		vblk_kick(queue);
		taken++;
	}
	return taken;
}

unsigned
vblk_submit(struct vblk_queue *queue, const struct vblk_request *requests, unsigned count)
{
	uint32_t mode = vblk_mode(queue);

	/* The commonest kind is spared the table of jumps. */
	if (HAS(TABLES) && likely(mode == 0))
		return submit(queue, requests, count, submit_many_split_table, 0, false);
	switch (mode) {
		VBLK_KINDS(SUBMIT)
	case VBLK_MODE_BROKEN:
		return submit_refused(queue, ORION_DEVICE_BROKEN);
	case VBLK_MODE_STOPPED:
		return submit_refused(queue, ORION_WRONG_STATE);
	default:
		if (mode & VBLK_MODE_EACH)
			return submit_each(queue, requests, count);
		return submit_many_other(queue, requests, count);
	}
}

bool
vblk_issue_part(struct vblk_queue *queue, const struct vblk_request *request, uint16_t part,
		uint64_t ticks)
{
	uint64_t bytes = 0;

	if (!vblk_running(queue))
		return false;
	for (uint32_t i = 0; i < request->segment_count; i++)
		bytes += request->segments[i].length;
	return issue_any(queue, request, bytes, part, ticks, ring_kind(&queue->ring),
			 ring_packed(&queue->ring));
}

/* ---- kick ---- */

/* A doorbell that is wider, tells where the ring stands, or is a call.  [spec 2.9] */
static NEVER_INLINE bool
ring_odd_doorbell(const struct vblk_queue *queue)
{
	const struct virtio_doorbell *doorbell = &queue->doorbell;
	const struct vring *ring = &queue->ring;
	uint32_t value = doorbell->value;

	if (doorbell->position)
		value |= (ring_packed(ring) ? vring_packed_position(ring) : (uint32_t)ring->added)
			 << 16;
	if (doorbell->address == NULL)
		vblk_notify(queue, value);
	else if (doorbell->width == 2)
		register_store16(doorbell->address, (uint16_t)value);
	else
		register_store32(doorbell->address, value);
	return true;
}

/* One store, after the ring's memory.  True: it rang. */
static ALWAYS_INLINE bool
ring_doorbell(struct vblk_queue *queue)
{
	queue->stats.kicks++;
	arch_order_doorbell();
	if (unlikely(!queue->plain_doorbell))
		return ring_odd_doorbell(queue);
	register_store16(queue->doorbell.address, (uint16_t)queue->doorbell.value);
	return true;
}

bool
vblk_kick(struct vblk_queue *queue)
{
	struct vring *ring = &queue->ring;

	/* A queue that broke or was stopped has nothing to ask about: vring_quiet(). */
	if (vring_added(ring) == ring->asked)
		return false;
	if (ring_packed(ring)) {
		vring_packed_publish(ring);
		if (vring_packed_ask(ring))
			return ring_doorbell(queue);
	} else {
		struct vring work = *ring;

		vring_quiet(ring);
		vring_split_publish(&work);
		if (vring_split_ask(&work))
			return ring_doorbell(queue);
	}
	queue->stats.kicks_saved++;
	return false;
}

void
vblk_kick_always(struct vblk_queue *queue)
{
	if (vblk_running(queue) && !vblk_kick(queue))
		ring_doorbell(queue);
}

#endif

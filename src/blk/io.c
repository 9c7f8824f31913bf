/* SPDX-License-Identifier: MIT */
/*
 * HOT: submit, kick, reap.
 *
 * Each of submit and reap is written once and compiled for four kinds of ring (split or packed,
 * indirect tables or direct chains); the kind is looked at once a call.  Nothing here locks,
 * allocates, divides, logs or calls through a pointer; what is rare is a call into a cold file.
 *
 * Partners: what submit writes is published by vring_*_publish (or a packed descriptor's flags) to
 * the device's load of the index (flags).  What reap reads was published by the device the same
 * way.
 */
#include "blk/types.h"

#include "base/latency.h"
#include "ring/packed.h"
#include "ring/split.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* A request that is sound, but over the limits of one device request. */
#define OVER_LIMITS ORION_STATUS_COUNT

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
	uint64_t capacity = __atomic_load_n(&queue->capacity, __ATOMIC_RELAXED);
	uint64_t sector = request->sector;
	bool over = false;

	if (unlikely(!check_segments(queue, request, bytes, &over)))
		return ORION_INVALID;
	if (unlikely(request->operation == VBLK_WRITE && queue->read_only))
		return ORION_READ_ONLY;
	if (unlikely(((sector << VBLK_SECTOR_SHIFT | *bytes) & queue->block_mask) != 0))
		return ORION_MISALIGNED;
	if (unlikely(sector > capacity || *bytes >> VBLK_SECTOR_SHIFT > capacity - sector))
		return ORION_OUT_OF_RANGE;
	if (unlikely(over || *bytes > queue->request_bytes_max))
		return OVER_LIMITS;
	return ORION_OK;
}

/* Header and poisoned status of slot ID. */
static ALWAYS_INLINE void
write_cell(struct vblk_queue *queue, uint16_t id, const struct vblk_request *request)
{
	static const uint8_t types[VBLK_OPERATION_COUNT] = {
		[VBLK_READ] = VIRTIO_BLK_T_IN,
		[VBLK_WRITE] = VIRTIO_BLK_T_OUT,
		[VBLK_FLUSH] = VIRTIO_BLK_T_FLUSH,
		[VBLK_GET_ID] = VIRTIO_BLK_T_GET_ID,
	};
	struct vblk_cell *cell = &queue->cells[id];

	shared_put64(&cell->header.type_reserved, types[request->operation]);
	shared_put64(&cell->header.sector, request->sector);
	shared_put8(&cell->status, VBLK_STATUS_POISON);
}

static ALWAYS_INLINE uint64_t
cell_address(const struct vblk_queue *queue, uint16_t id)
{
	return queue->cells_address + (uint64_t)id * sizeof(struct vblk_cell);
}

/* The data entries of slot ID's table; header and status entries are there already. */
static ALWAYS_INLINE void
write_table(struct vblk_queue *queue, uint16_t id, const struct vblk_request *request,
	    uint32_t flags, const bool packed)
{
	struct virtq_desc *entry =
		(struct virtq_desc *)(void *)(queue->tables + (size_t)id * queue->table_bytes);
	uint16_t count = request->segment_count;

	if (unlikely(queue->slots[id].shape != count))
		vblk_shape(queue, id, count);
	for (uint32_t i = 0; i < count; i++) {
		const struct vblk_segment *segment = &request->segments[i];

		entry++;
		shared_put64(&entry->addr, segment->device_address);
		/*
		 * Split entries are chained, each to the next; packed ones just follow each other.
		 */
		if (packed)
			shared_put64(&entry->len_flags_next,
				     vring_packed_word(segment->length, 0, flags));
		else
			shared_put64(&entry->len_flags_next,
				     segment->length | (uint64_t)(flags | VIRTQ_DESC_F_NEXT) << 32 |
					     (uint64_t)(i + 2) << 48);
	}
}

static ALWAYS_INLINE uint16_t
add_table(struct vblk_queue *queue, const struct vblk_request *request, uint32_t flags,
	  const bool packed)
{
	struct vring *ring = &queue->ring;
	uint16_t id = packed ? vring_packed_next_id(ring) : vring_split_next_id(ring);

	write_table(queue, id, request, flags, packed);
	write_cell(queue, id, request);
	if (!packed)
		return vring_split_add_table(ring);
	return vring_packed_add_table(
		ring, queue->tables_address + (uint64_t)id * queue->table_bytes,
		(request->segment_count + 2u) * (uint32_t)sizeof(struct virtq_desc));
}

static ALWAYS_INLINE uint16_t
add_split_chain(struct vblk_queue *queue, const struct vblk_request *request, uint32_t flags)
{
	struct vring *ring = &queue->ring;
	struct vring_split_chain chain;
	uint64_t cell;

	vring_split_begin(ring, &chain);
	cell = cell_address(queue, chain.head);
	write_cell(queue, chain.head, request);
	vring_split_piece(ring, &chain, cell, sizeof(struct virtio_blk_header), 0);
	for (uint32_t i = 0; i < request->segment_count; i++)
		vring_split_piece(ring, &chain, request->segments[i].device_address,
				  request->segments[i].length, flags);
	vring_split_last(ring, &chain, cell + offsetof(struct vblk_cell, status), 1,
			 VIRTQ_DESC_F_WRITE);
	return chain.head;
}

static ALWAYS_INLINE uint16_t
add_packed_chain(struct vblk_queue *queue, const struct vblk_request *request, uint32_t flags)
{
	struct vring *ring = &queue->ring;
	struct vring_packed_chain chain;
	uint64_t cell;

	vring_packed_begin(ring, &chain);
	cell = cell_address(queue, chain.id);
	write_cell(queue, chain.id, request);
	vring_packed_piece(ring, &chain, cell, sizeof(struct virtio_blk_header), 0);
	for (uint32_t i = 0; i < request->segment_count; i++)
		vring_packed_piece(ring, &chain, request->segments[i].device_address,
				   request->segments[i].length, flags);
	vring_packed_last(ring, &chain, cell + offsetof(struct vblk_cell, status), 1,
			  VIRTQ_DESC_F_WRITE);
	return chain.id;
}

/* Hands over a request that is sound and within the limits, if there is room for it. */
static ALWAYS_INLINE bool
issue(struct vblk_queue *queue, const struct vblk_request *request, uint64_t bytes, uint16_t part,
      uint64_t ticks, const bool packed, const bool direct)
{
	bool device_reads = request->operation == VBLK_WRITE;
	uint32_t flags = device_reads ? 0 : VIRTQ_DESC_F_WRITE;
	struct vring *ring = &queue->ring;
	struct vblk_slot *slot;
	uint16_t id;

	if (unlikely(ring->free < (direct ? request->segment_count + 2u : 1u)))
		return false;
	if (direct && unlikely(ring->outstanding >= queue->depth))
		return false;
	if (!direct)
		id = add_table(queue, request, flags, packed);
	else if (packed)
		id = add_packed_chain(queue, request, flags);
	else
		id = add_split_chain(queue, request, flags);
	slot = &queue->slots[id];
	slot->cookie = request->cookie;
	slot->ticks = ticks;
	slot->lent = device_reads ? 0 : (uint32_t)bytes;
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

/* One request of a submit: ORION_OK when it was taken. */
static ALWAYS_INLINE orion_status
take(struct vblk_queue *queue, const struct vblk_request *request, uint64_t ticks,
     const bool packed, const bool direct)
{
	uint64_t bytes = 0;
	orion_status status;

	if (likely(request->operation <= VBLK_WRITE))
		status = check_data(queue, request, &bytes);
	else
		status = check_special(queue, request, &bytes);
	if (likely(status == ORION_OK))
		status = issue(queue, request, bytes, VBLK_NO_PART, ticks, packed, direct)
				 ? ORION_OK
				 : ORION_NO_ROOM;
	else if (status == OVER_LIMITS)
		status = vblk_parts_begin(queue, request, bytes, ticks);
	if (likely(status == ORION_OK)) {
		queue->stats.requests[request->operation]++;
		queue->stats.bytes[request->operation] += bytes;
	}
	return status;
}

static ALWAYS_INLINE unsigned
submit(struct vblk_queue *queue, const struct vblk_request *requests, unsigned count,
       const bool packed, const bool direct)
{
	const struct vblk_request *request = requests, *end = requests + count;
	uint64_t ticks = arch_ticks();
	orion_status status = ORION_OK;

	for (; request != end; request++) {
		status = take(queue, request, ticks, packed, direct);
		if (unlikely(status != ORION_OK)) {
			vblk_count_refusal(queue, status);
			break;
		}
	}
	queue->refusal = status;
	queue->stats.submit_batches += request != requests;
	return (unsigned)(request - requests);
}

static unsigned
submit_any(struct vblk_queue *queue, const struct vblk_request *requests, unsigned count)
{
	switch (queue->mode) {
	case VBLK_MODE_SPLIT_TABLE:
		return submit(queue, requests, count, false, false);
	case VBLK_MODE_PACKED_TABLE:
		return submit(queue, requests, count, true, false);
	case VBLK_MODE_SPLIT_DIRECT:
		return submit(queue, requests, count, false, true);
	case VBLK_MODE_PACKED_DIRECT:
		return submit(queue, requests, count, true, true);
	case VBLK_MODE_BROKEN:
		queue->refusal = ORION_DEVICE_BROKEN;
		return 0;
	case VBLK_MODE_STOPPED:
		break;
	}
	queue->refusal = ORION_WRONG_STATE;
	return 0;
}

unsigned
vblk_submit(struct vblk_queue *queue, const struct vblk_request *requests, unsigned count)
{
	unsigned taken = 0;

	if (likely(!queue->kick_each))
		return submit_any(queue, requests, count);
	while (taken < count && submit_any(queue, &requests[taken], 1) == 1) {
		vblk_kick(queue);
		taken++;
	}
	return taken;
}

bool
vblk_issue_part(struct vblk_queue *queue, const struct vblk_request *request, uint16_t part,
		uint64_t ticks)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < request->segment_count; i++)
		bytes += request->segments[i].length;
	switch (queue->mode) {
	case VBLK_MODE_SPLIT_TABLE:
		return issue(queue, request, bytes, part, ticks, false, false);
	case VBLK_MODE_PACKED_TABLE:
		return issue(queue, request, bytes, part, ticks, true, false);
	case VBLK_MODE_SPLIT_DIRECT:
		return issue(queue, request, bytes, part, ticks, false, true);
	case VBLK_MODE_PACKED_DIRECT:
		return issue(queue, request, bytes, part, ticks, true, true);
	case VBLK_MODE_BROKEN:
	case VBLK_MODE_STOPPED:
		break;
	}
	return false;
}

/* One store: the ring's memory before the doorbell. */
static ALWAYS_INLINE void
ring_doorbell(struct vblk_queue *queue)
{
	const struct virtio_doorbell *doorbell = &queue->doorbell;

	arch_order_doorbell();
	if (doorbell->address == NULL)
		vblk_notify(queue, doorbell->value);
	else if (doorbell->width == 2)
		register_store16(doorbell->address, (uint16_t)doorbell->value);
	else
		register_store32(doorbell->address, doorbell->value);
	queue->stats.kicks++;
}

bool
vblk_kick(struct vblk_queue *queue)
{
	struct vring *ring = &queue->ring;
	bool wanted;

	if (unlikely(queue->mode >= VBLK_MODE_BROKEN))
		return false;
	if (ring->unasked == 0)
		return false;
	if (ring->packed) {
		vring_packed_publish(ring);
		wanted = vring_packed_ask(ring);
	} else {
		vring_split_publish(ring);
		wanted = vring_split_ask(ring);
	}
	if (wanted)
		ring_doorbell(queue);
	else
		queue->stats.kicks_saved++;
	return wanted;
}

void
vblk_kick_always(struct vblk_queue *queue)
{
	if (queue->mode >= VBLK_MODE_BROKEN || vblk_kick(queue))
		return;
	ring_doorbell(queue);
}

/* One used entry: status, length, statistics.  Returns how many completions it made, 0 or 1. */
static ALWAYS_INLINE unsigned
finish(struct vblk_queue *queue, uint16_t id, uint32_t length, uint64_t now,
       struct vblk_completion *completion)
{
	struct vblk_counters *stats = &queue->stats;
	const struct vblk_slot *slot = &queue->slots[id];
	uint8_t status = shared_get8(&queue->cells[id].status);
	orion_status result = ORION_OK;
	uint64_t ticks = now - slot->ticks;

	/* The status byte comes after the data; a claim beyond both is cut to what was lent. */
	if (unlikely(length > slot->lent + 1)) {
		stats->used_length_odd++;
		length = slot->lent + 1;
	}
	length -= length != 0;
	if (unlikely(status != VIRTIO_BLK_S_OK))
		result = vblk_result(queue, status);
	if (unlikely(slot->part != VBLK_NO_PART)) {
		if (!vblk_parts_done(queue, slot->part, result, length, completion))
			return 0;
		result = (orion_status)completion->result;
	} else {
		*completion = (struct vblk_completion){slot->cookie, result, length};
	}
	if (unlikely(result != ORION_OK))
		stats->failed++;
	stats->latency[latency_bucket(ticks)]++;
	stats->latency_ticks += ticks;
	if (unlikely(ticks > stats->latency_max_ticks))
		stats->latency_max_ticks = ticks;
	return 1;
}

static ALWAYS_INLINE unsigned
reap(struct vblk_queue *queue, struct vblk_completion *completions, unsigned max, const bool packed,
     const bool direct)
{
	struct vring *ring = &queue->ring;
	uint16_t pending, id = 0;
	uint32_t length = 0;
	unsigned done = 0;
	uint64_t now;
	vring_fault fault;

	fault = packed ? vring_packed_pending(ring, &pending) : vring_split_pending(ring, &pending);
	now = arch_ticks();
	while (fault == VRING_OK && pending > 0 && done < max) {
		pending--;
		fault = packed ? vring_packed_take(ring, direct, &id, &length)
			       : vring_split_take(ring, direct, &id, &length);
		if (unlikely(fault != VRING_OK) || (packed && id == UINT16_MAX))
			break;
		done += finish(queue, id, length, now, &completions[done]);
	}
	if (done != 0) {
		queue->stats.completed += done;
		queue->stats.reap_batches++;
	} else {
		queue->stats.reaps_empty++;
	}
	if (unlikely(fault != VRING_OK))
		vblk_break(queue, (vblk_cause)fault, pending);
	else if (unlikely(queue->parts_waiting != 0))
		vblk_parts_continue(queue);
	return done;
}

unsigned
vblk_reap(struct vblk_queue *queue, struct vblk_completion *completions, unsigned max)
{
	switch (queue->mode) {
	case VBLK_MODE_SPLIT_TABLE:
		return reap(queue, completions, max, false, false);
	case VBLK_MODE_PACKED_TABLE:
		return reap(queue, completions, max, true, false);
	case VBLK_MODE_SPLIT_DIRECT:
		return reap(queue, completions, max, false, true);
	case VBLK_MODE_PACKED_DIRECT:
		return reap(queue, completions, max, true, true);
	case VBLK_MODE_STOPPED:
		return vblk_drain(queue, completions, max);
	case VBLK_MODE_BROKEN:
		break;
	}
	return 0;
}

bool
vblk_arm(struct vblk_queue *queue)
{
	/* Nothing will come by itself; what was in flight at a stop is there to be reaped. */
	if (unlikely(queue->mode >= VBLK_MODE_BROKEN))
		return queue->mode == VBLK_MODE_BROKEN ||
		       (queue->ring.outstanding == 0 && queue->parts_active == 0);
	return queue->ring.packed ? vring_packed_arm(&queue->ring) : vring_split_arm(&queue->ring);
}

void
vblk_disarm(struct vblk_queue *queue)
{
	if (unlikely(queue->mode >= VBLK_MODE_BROKEN))
		return;
	if (queue->ring.packed)
		vring_packed_disarm(&queue->ring);
	else
		vring_split_disarm(&queue->ring);
}

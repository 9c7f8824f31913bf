/* SPDX-License-Identifier: MIT */
/*
 * Requests over the device's limits, cut into parts.
 *
 * A part carries as many pieces as one device request may (segments_max, segment_bytes_max,
 * request_bytes_max) and ends on a block boundary.  Parts are handed over as room allows, from
 * submit and from reap; the request completes when all have come back, with the first part's error
 * if there was one, after which no further part is begun.
 */
#include "types.h"

#include "../base/num.h"

/*
 * Gathers the next part's pieces into queue->scratch, from PARTS' position, which it moves.
 * Returns its bytes, a multiple of the block size; 0 when the segments cannot be cut on a block
 * boundary.
 */
static uint64_t
gather(struct vblk_queue *queue, struct vblk_parts *parts, uint16_t *count)
{
	uint64_t most = num_min64(parts->left, queue->request_bytes_max), bytes = 0, excess;
	uint16_t n = 0;

	while (n < queue->segments_max && bytes < most) {
		const struct vblk_segment *segment = &parts->request.segments[parts->segment];
		uint64_t piece = num_min64(segment->length - parts->offset, most - bytes);

		piece = num_min64(piece, queue->segment_bytes_max);
		queue->scratch[n++] = (struct vblk_segment){segment->device_address + parts->offset,
							    (uint32_t)piece, 0};
		bytes += piece;
		parts->offset += (uint32_t)piece;
		if (parts->offset == segment->length) {
			parts->segment++;
			parts->offset = 0;
		}
	}
	/* Back to the last block boundary. */
	excess = bytes & queue->block_mask;
	bytes -= excess;
	while (excess > 0) {
		struct vblk_segment *last = &queue->scratch[n - 1];
		uint64_t piece = num_min64(excess, last->length);

		if (parts->offset == 0) {
			parts->segment--;
			parts->offset = parts->request.segments[parts->segment].length;
		}
		parts->offset -= (uint32_t)piece;
		last->length -= (uint32_t)piece;
		excess -= piece;
		if (last->length == 0)
			n--;
	}
	parts->left -= bytes;
	*count = n;
	return bytes;
}

/* Whether the whole request can be cut; looks without handing anything over. */
static bool
can_be_cut(struct vblk_queue *queue, const struct vblk_parts *start)
{
	struct vblk_parts parts = *start;
	uint64_t lengths = queue->segment_bytes_max == UINT32_MAX ? 0 : queue->segment_bytes_max;
	uint16_t count;

	/* Pieces of whole blocks can be cut anywhere: nearly always so, and soon seen. */
	for (unsigned i = 0; i < parts.request.segment_count; i++)
		lengths |= parts.request.segments[i].length;
	if ((lengths & queue->block_mask) == 0)
		return true;
	while (parts.left > 0) {
		if (gather(queue, &parts, &count) == 0)
			return false;
	}
	return true;
}

/* Hands over parts while there is room.  A part that finds none leaves the position as it was. */
static void
issue_parts(struct vblk_queue *queue, uint16_t index)
{
	struct vblk_parts *parts = &queue->parts[index];

	while (parts->left > 0) {
		struct vblk_parts before = *parts;
		struct vblk_request part = parts->request;
		uint64_t bytes = gather(queue, parts, &part.segment_count);

		part.segments = queue->scratch;
		part.sector = parts->sector;
		if (!vblk_issue_part(queue, &part, (uint16_t)(index + 1), parts->ticks)) {
			*parts = before;
			return;
		}
		parts->sector += bytes >> VIRTIO_BLK_SECTOR_SHIFT;
		parts->outstanding++;
		queue->parts_slots++;
		queue->stats.parts++;
	}
	queue->parts_waiting--;
}

orion_status
vblk_parts_begin(struct vblk_queue *queue, const struct vblk_request *request, uint64_t bytes,
		 uint64_t ticks)
{
	struct vblk_parts parts = {
		.request = *request,
		.sector = request->sector,
		.left = bytes,
		.ticks = ticks,
		.active = true,
	};
	uint16_t index = 0;

	if (bytes > VBLK_REQUEST_BYTES_MAX)
		return ORION_TOO_LARGE;
	/* Earlier ones first: parts of a newcomer would only compete with theirs. */
	if (queue->parts_active == VBLK_PARTS_MAX || queue->parts_waiting > 0)
		return ORION_NO_ROOM;
	if (!can_be_cut(queue, &parts))
		return ORION_MISALIGNED;
	while (queue->parts[index].active)
		index++;
	queue->parts[index] = parts;
	queue->parts_active++;
	queue->parts_waiting++;
	issue_parts(queue, index);
	if (queue->parts[index].outstanding == 0) {
		/* Not one part found room: not taken. */
		queue->parts[index].active = false;
		queue->parts_active--;
		queue->parts_waiting--;
		return ORION_NO_ROOM;
	}
	queue->stats.split++;
	return ORION_OK;
}

bool
vblk_parts_done(struct vblk_queue *queue, uint16_t part, orion_status result, uint32_t written,
		struct vblk_completion *completion)
{
	struct vblk_parts *parts = &queue->parts[part - 1];

	queue->parts_slots--;
	parts->outstanding--;
	parts->written += written;
	if (result != ORION_OK && parts->result == ORION_OK) {
		parts->result = result;
		if (parts->left > 0)
			queue->parts_waiting--;
		parts->left = 0;
	}
	if (parts->left > 0 || parts->outstanding > 0)
		return false;
	*completion =
		(struct vblk_completion){parts->request.cookie, parts->result, parts->written};
	parts->active = false;
	queue->parts_active--;
	return true;
}

void
vblk_parts_continue(struct vblk_queue *queue)
{
	for (uint16_t i = 0; i < VBLK_PARTS_MAX && queue->parts_waiting > 0; i++) {
		if (queue->parts[i].active && queue->parts[i].left > 0)
			issue_parts(queue, i);
	}
	vblk_kick(queue);
}

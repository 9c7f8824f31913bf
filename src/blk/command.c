/* SPDX-License-Identifier: MIT */
/* What the path of a plain read or write leaves out: other requests, bad results, table shapes. */
#include "types.h"

#include "../ring/packed.h"
#include "../ring/split.h"

static orion_status
check_flush(const struct vblk_queue *queue, const struct vblk_request *request)
{
	if (!queue->flush)
		return ORION_NOT_SUPPORTED;
	return request->segment_count == 0 && request->sector == 0 ? ORION_OK : ORION_INVALID;
}

static orion_status
check_get_id(const struct vblk_queue *queue, const struct vblk_request *request)
{
	const struct vblk_segment *segment = request->segments;

	if (request->segment_count != 1 || segment == NULL || request->sector != 0 ||
	    segment->length != VIRTIO_BLK_ID_BYTES ||
	    segment->device_address + segment->length < segment->length)
		return ORION_INVALID;
	/* Only a device that wants pieces of less than 20 bytes could not take it. */
	return segment->length <= queue->segment_bytes_max ? ORION_OK : ORION_NOT_SUPPORTED;
}

orion_status
vblk_check_special(const struct vblk_queue *queue, const struct vblk_request *request,
		   uint64_t *bytes)
{
	switch (request->operation) {
	case VBLK_FLUSH:
		*bytes = 0;
		return check_flush(queue, request);
	case VBLK_GET_ID:
		*bytes = VIRTIO_BLK_ID_BYTES;
		return check_get_id(queue, request);
	default:
		return ORION_INVALID;
	}
}

void
vblk_count_refusal(struct vblk_queue *queue, orion_status status)
{
	if (status == ORION_NO_ROOM)
		queue->stats.ring_full++;
	else
		queue->stats.refused++;
}

orion_status
vblk_result(struct vblk_queue *queue, uint8_t status)
{
	if (status == VIRTIO_BLK_S_UNSUPP)
		return ORION_DEVICE_UNSUPPORTED;
	if (status == VBLK_STATUS_POISON)
		queue->stats.status_unwritten++;
	return ORION_IO_ERROR;
}

static void
write_entry(const struct vblk_queue *queue, struct virtq_desc *entry, uint64_t address,
	    uint32_t length, uint32_t flags, uint16_t next)
{
	uint64_t word = queue->ring.packed
				? vring_packed_word(length, 0, flags & VIRTQ_DESC_F_WRITE)
				: length | (uint64_t)flags << 32 | (uint64_t)next << 48;

	shared_put64(&entry->addr, address);
	shared_put64(&entry->len_flags_next, word);
}

void
vblk_shape(struct vblk_queue *queue, struct vblk_slot *slot, uint16_t segments)
{
	struct virtq_desc *table = slot->cell->table;
	uint16_t status = (uint16_t)(segments + 1);
	uint32_t bytes = (segments + 2u) * (uint32_t)sizeof(*table);

	write_entry(queue, &table[0], slot->address, sizeof(struct virtio_blk_header),
		    VIRTQ_DESC_F_NEXT, 1);
	write_entry(queue, &table[status], slot->address + offsetof(struct vblk_cell, status), 1,
		    VIRTQ_DESC_F_WRITE, 0);
	if (queue->ring.packed)
		slot->word = vring_packed_table_word(&slot->ring, bytes);
	else
		vring_split_prepare_table(&queue->ring, &slot->ring,
					  slot->address + offsetof(struct vblk_cell, table), bytes);
	slot->shape = segments;
}

void
vblk_notify(const struct vblk_queue *queue, uint32_t value)
{
	const struct virtio_transport *transport = &queue->device->virtio.transport;

	transport->ops->notify(transport->context, queue->index, value);
}

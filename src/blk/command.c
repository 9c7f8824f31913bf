/* SPDX-License-Identifier: MIT */
/* What the path of a plain read or write leaves out: other requests, bad results, table shapes. */
#include "types.h"

#include "../ring/packed.h"
#include "../ring/split.h"

/* One row an operation; those of reads and writes are bounded by the disk and its limits. */
const struct vblk_command vblk_commands[VBLK_OPERATION_COUNT] = {
	[VBLK_READ] = {.type = VIRTIO_BLK_T_IN, .lends = true},
	[VBLK_WRITE] = {.type = VIRTIO_BLK_T_OUT},
	[VBLK_FLUSH] = {.type = VIRTIO_BLK_T_FLUSH, .lends = true, .needs = VIRTIO_BLK_F_FLUSH},
	[VBLK_GET_ID] = {.type = VIRTIO_BLK_T_GET_ID,
			 .lends = true,
			 .segments = 1,
			 .bytes = VIRTIO_BLK_ID_BYTES},
};

orion_status
vblk_check_special(const struct vblk_queue *queue, const struct vblk_request *request,
		   uint64_t *bytes)
{
	const struct vblk_segment *segment = request->segments;
	const struct vblk_command *command;

	if (request->operation >= VBLK_OPERATION_COUNT)
		return ORION_INVALID;
	command = &vblk_commands[request->operation];
	*bytes = command->bytes;
	if (command->needs != 0 && !(queue->device->virtio.negotiated & VIRTIO_BIT(command->needs)))
		return ORION_NOT_SUPPORTED;
	if (request->segment_count != command->segments || request->sector != 0)
		return ORION_INVALID;
	if (command->segments == 0)
		return ORION_OK;
	if (segment == NULL || segment->length != command->bytes ||
	    segment->device_address + segment->length < segment->length)
		return ORION_INVALID;
	/* Only a device that wants the smallest of pieces could not take it. */
	return segment->length <= queue->segment_bytes_max ? ORION_OK : ORION_NOT_SUPPORTED;
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

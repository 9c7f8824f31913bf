/* SPDX-License-Identifier: MIT */
/* Building a queue: private records, shared memory, and telling the device.  Cold. */
#include "blk/types.h"

#include "base/memory.h"
#include "base/num.h"

#define CACHE_LINE 64u

size_t
vblk_queue_bytes(const struct vblk_device *device)
{
	return num_align_up(sizeof(struct vblk_queue), CACHE_LINE) +
	       num_align_up(device->ids * sizeof(struct vring_slot), CACHE_LINE) +
	       num_align_up(device->ids * sizeof(struct vblk_slot), CACHE_LINE);
}

/* One region for everything that the device reaches: ring, then cells, then tables. */
static size_t
shared_layout(struct vblk_queue *queue, const struct vblk_device *device)
{
	const struct vblk_info *info = &device->info;
	size_t bytes;

	queue->layout = vring_layout(info->queue_size, info->packed);
	queue->cells_offset = num_align_up(queue->layout.bytes, CACHE_LINE);
	bytes = queue->cells_offset + device->ids * sizeof(struct vblk_cell);
	queue->tables_offset = num_align_up(bytes, CACHE_LINE);
	if (!info->indirect)
		return bytes;
	queue->table_bytes = (info->segments_max + 2) * (uint32_t)sizeof(struct virtq_desc);
	return queue->tables_offset + (size_t)device->ids * queue->table_bytes;
}

static vblk_mode
mode_of(const struct vblk_info *info)
{
	if (info->indirect)
		return info->packed ? VBLK_MODE_PACKED_TABLE : VBLK_MODE_SPLIT_TABLE;
	return info->packed ? VBLK_MODE_PACKED_DIRECT : VBLK_MODE_SPLIT_DIRECT;
}

static void
take_limits(struct vblk_queue *queue, const struct vblk_device *device)
{
	const struct vblk_info *info = &device->info;

	queue->depth = info->queue_depth;
	queue->segments_max = (uint16_t)info->segments_max;
	queue->segment_bytes_max = info->segment_bytes_max;
	queue->request_bytes_max = (uint64_t)info->request_sectors_max << VBLK_SECTOR_SHIFT;
	queue->block_mask = info->block_bytes - 1;
	queue->capacity = info->capacity_sectors;
	queue->read_only = info->read_only;
	queue->flush = info->flush;
	queue->kick_each = !device->options.batch_processing;
}

orion_status
vblk_queue_build(struct vblk_device *device, uint16_t index, void *memory)
{
	const struct vblk_info *info = &device->info;
	struct vblk_queue *queue = memory;
	unsigned char *at = memory, *shared;
	struct vring_config config = {
		.size = info->queue_size,
		.ids = device->ids,
		.packed = info->packed,
		.event_index = info->event_index,
		.direct = !info->indirect,
	};
	orion_status status;

	memset(memory, 0, vblk_queue_bytes(device));
	at += num_align_up(sizeof(*queue), CACHE_LINE);
	config.slots = (struct vring_slot *)(void *)at;
	at += num_align_up(device->ids * sizeof(struct vring_slot), CACHE_LINE);
	queue->slots = (struct vblk_slot *)(void *)at;
	queue->device = device;
	queue->index = index;
	queue->mode = mode_of(info);
	take_limits(queue, device);

	status = virtio_region_take(&device->virtio, shared_layout(queue, device), &queue->region);
	if (status != ORION_OK)
		return status;
	shared = queue->region.cpu;
	memset(shared, 0, queue->region.bytes);
	config.shared = shared;
	vring_setup(&queue->ring, &config);
	queue->cells = (struct vblk_cell *)(void *)(shared + queue->cells_offset);
	queue->cells_address = queue->region.device + queue->cells_offset;
	for (uint16_t id = 0; id < device->ids; id++)
		queue->slots[id].part = VBLK_NO_PART;
	device->info.dma_bytes += queue->region.bytes;
	device->queues[index] = queue;
	if (!info->indirect)
		return ORION_OK;

	queue->tables = shared + queue->tables_offset;
	queue->tables_address = queue->region.device + queue->tables_offset;
	for (uint16_t id = 0; id < device->ids; id++)
		vblk_shape(queue, id, 1);
	return ORION_OK;
}

orion_status
vblk_queue_enable(struct vblk_queue *queue)
{
	const struct virtio_device *virtio = &queue->device->virtio;
	struct virtio_queue_setup setup = {
		.size = queue->ring.size,
		.vector = virtio->target[queue->index].vector,
		.descriptor_area = queue->region.device,
		.driver_area = queue->region.device + queue->layout.driver_offset,
		.device_area = queue->region.device + queue->layout.device_offset,
	};
	orion_status status;

	status = virtio->transport.ops->queue_enable(virtio->transport.context, queue->index,
						     &setup, &queue->doorbell);
	if (status == ORION_OK && queue->doorbell.address == NULL &&
	    virtio->transport.ops->notify == NULL)
		return ORION_DEVICE_REFUSED;
	return status;
}

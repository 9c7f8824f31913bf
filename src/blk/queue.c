/* SPDX-License-Identifier: MIT */
/* Building a queue: private records, shared memory, and telling the device.  Cold. */
#include "types.h"

#include "../base/memory.h"
#include "../base/num.h"

#define CACHE_LINE 64u
#define BOUNCE_ALIGN 4096u

static struct orion_vring_layout
ring_layout(const struct vblk_info *info)
{
	return info->legacy ? orion_vring_layout_legacy(info->queue_size)
			    : orion_vring_layout(info->queue_size, info->packed);
}

/* One region for everything that the device reaches: ring, then cells, then bounce memory. */
static size_t
cells_offset(const struct vblk_info *info)
{
	return num_align_up(ring_layout(info).bytes, CACHE_LINE);
}

/* A cell with its table, if there is one, in cache lines of its own. */
static uint32_t
cell_bytes(const struct vblk_info *info)
{
	uint32_t entries = info->indirect ? info->segments_max + 2 : 0;

	return (uint32_t)num_align_up(
		sizeof(struct vblk_cell) + entries * sizeof(struct virtq_desc), CACHE_LINE);
}

size_t
vblk_queue_bytes(const struct vblk_device *device)
{
	return num_align_up(sizeof(struct vblk_queue), CACHE_LINE) +
	       vring_slots(device->ids) * sizeof(struct vblk_slot) +
	       num_align_up(device->ids * sizeof(uint16_t), CACHE_LINE);
}

/* On pages of its own, when it is there: an IOMMU protects pages. */
static size_t
bounce_offset(const struct vblk_info *info, uint32_t ids)
{
	size_t end = cells_offset(info) + (size_t)ids * cell_bytes(info);

	return info->bounce_pieces == 0 ? end : num_align_up(end, BOUNCE_ALIGN);
}

size_t
vblk_queue_shared_bytes(const struct vblk_info *info, uint32_t ids)
{
	return bounce_offset(info, ids) + (size_t)info->bounce_pieces * VBLK_BOUNCE_BYTES;
}

static unsigned
kind_of(const struct vblk_info *info)
{
	return (info->indirect ? 0 : VRING_DIRECT) | (info->in_order ? VRING_IN_ORDER : 0);
}

/* The only data entry of a table is followed by the status entry, the third.  [spec 2.7.5.3] */
static uint64_t
plain_word(bool packed, uint32_t flags)
{
	return packed ? (uint64_t)flags << 48
		      : (uint64_t)(flags | VIRTQ_DESC_F_NEXT) << 32 | UINT64_C(2) << 48;
}

static void
take_limits(struct vblk_queue *queue, const struct vblk_device *device)
{
	const struct vblk_info *info = &device->info;

	queue->depth = info->queue_depth;
	queue->segments_max = (uint16_t)info->segments_max;
	queue->segment_bytes_max = info->segment_bytes_max;
	queue->request_bytes_max = (uint64_t)info->request_sectors_max << VIRTIO_BLK_SECTOR_SHIFT;
	queue->plain_bytes_max = num_min64(queue->segment_bytes_max, queue->request_bytes_max);
	queue->lent_mask[VBLK_READ] = UINT32_MAX;
	queue->plain_word[VBLK_READ] = plain_word(info->packed, VIRTQ_DESC_F_WRITE);
	queue->plain_word[VBLK_WRITE] = plain_word(info->packed, 0);
	queue->plain_max = info->read_only ? VBLK_READ : VBLK_WRITE;
	queue->block_mask = info->block_bytes - 1;
	queue->capacity = info->capacity_sectors;
	queue->read_only = info->read_only;
	queue->untimed = device->virtio.port->ticks_per_second == 0;
}

void
vblk_queue_reset_ring(struct vblk_queue *queue)
{
	const struct vblk_info *info = &queue->device->info;
	unsigned char *cells = (unsigned char *)queue->region.cpu + queue->cells_offset;
	uint64_t address = queue->region.device + queue->cells_offset;
	uint32_t mode;

	memset(queue->region.cpu, 0, queue->region.bytes);
	orion_vring_setup(&queue->ring, &queue->config);
	for (uint32_t id = 0; id < queue->config.ids; id++) {
		struct vblk_slot *slot = vblk_slot_at(queue, id);

		slot->cell = (struct vblk_cell *)(void *)(cells + (size_t)id * queue->cell_bytes);
		slot->address = address + (uint64_t)id * queue->cell_bytes;
		slot->part = VBLK_NO_PART;
		if (info->indirect)
			vblk_shape(queue, slot, 1);
	}
	for (unsigned i = 0; i < VBLK_PARTS_MAX; i++)
		queue->parts[i].active = false;
	queue->parts_waiting = 0;
	queue->parts_active = 0;
	queue->parts_slots = 0;
	queue->drained = 0;
	__atomic_store_n(&queue->cause, VBLK_CAUSE_NONE, __ATOMIC_RELEASE);
	mode = queue->config.kind | (info->packed ? VBLK_MODE_PACKED : 0) |
	       (queue->device->options.batch_processing ? 0 : VBLK_MODE_EACH);
	__atomic_store_n(&queue->mode, mode, __ATOMIC_RELAXED);
}

orion_status
vblk_queue_build(struct vblk_device *device, uint16_t index, void *memory)
{
	const struct vblk_info *info = &device->info;
	struct vblk_queue *queue = memory;
	unsigned char *slots = (unsigned char *)memory + num_align_up(sizeof(*queue), CACHE_LINE);
	orion_status status;

	memset(memory, 0, vblk_queue_bytes(device));
	queue->device = device;
	queue->index = index;
	queue->layout = ring_layout(info);
	queue->cells_offset = cells_offset(info);
	queue->bounce_offset = bounce_offset(info, device->ids);
	queue->cell_bytes = cell_bytes(info);
	take_limits(queue, device);
	status = orion_virtio_region_take(
		&device->virtio, vblk_queue_shared_bytes(info, device->ids), &queue->region);
	if (status != ORION_OK)
		return status;
	queue->config = (struct vring_config){
		.shared = queue->region.cpu,
		.slots = slots,
		.links = (uint16_t *)(void *)(slots +
					      vring_slots(device->ids) * sizeof(struct vblk_slot)),
		.size = info->queue_size,
		.ids = device->ids,
		.limit = info->in_order ? info->queue_depth : device->ids,
		.kind = kind_of(info),
		.packed = info->packed,
		.event_index = info->event_index,
		.legacy = info->legacy,
	};
	vblk_queue_reset_ring(queue);
	device->info.dma_bytes += queue->region.bytes;
	device->queues[index] = queue;
	return ORION_OK;
}

orion_status
vblk_queue_enable(struct vblk_queue *queue)
{
	const struct virtio_device *virtio = &queue->device->virtio;
	struct virtio_queue_setup setup = {
		.size = (uint16_t)queue->ring.size,
		.vector = virtio->target[queue->index].vector,
		.descriptor_area = queue->region.device,
		.driver_area = queue->region.device + queue->layout.driver_offset,
		.device_area = queue->region.device + queue->layout.device_offset,
	};
	orion_status status;

	queue->polled = virtio->irq_mode == VIRTIO_IRQ_POLLED;
	/* The device may look at the rings from then on: they are in memory before it is told. */
	arch_order_doorbell();
	status = virtio->transport.ops->queue_enable(virtio->transport.context, queue->index,
						     &setup, &queue->doorbell);
	queue->plain_doorbell = queue->doorbell.address != NULL && queue->doorbell.width == 2 &&
				!queue->doorbell.position;
	if (status == ORION_OK && queue->doorbell.address == NULL &&
	    virtio->transport.ops->notify == NULL)
		return ORION_DEVICE_REFUSED;
	return status;
}

/* SPDX-License-Identifier: MIT */
/* What others may know of a device and its queues. */
#include "types.h"

#include "../base/memory.h"

const struct vblk_info *
vblk_info(const struct vblk_device *device)
{
	return &device->info;
}

void *
vblk_dma_context(const struct vblk_device *device)
{
	return device->virtio.dma.context;
}

struct orion_region
vblk_bounce_memory(const struct vblk_queue *queue)
{
	const struct orion_region *region = &queue->region;
	struct orion_region none = {0};

	if (queue->device->info.bounce_pieces == 0)
		return none;
	return (struct orion_region){
		.cpu = (unsigned char *)region->cpu + queue->bounce_offset,
		.device = region->device + queue->bounce_offset,
		.bytes = region->bytes - queue->bounce_offset,
	};
}

bool
vblk_oldest(const struct vblk_queue *queue, uint64_t *ticks)
{
	uint64_t oldest = UINT64_MAX;

	for (uint32_t id = 0; id < queue->ring.ids; id++) {
		const struct vblk_slot *slot = vblk_slot_at(queue, id);

		if (slot->ring.descriptors != 0 && slot->ticks < oldest)
			oldest = slot->ticks;
	}
	*ticks = oldest;
	return oldest != UINT64_MAX;
}

vblk_cause
vblk_cause_get(const struct vblk_device *device)
{
	for (unsigned i = 0; i < device->info.queues; i++) {
		const struct vblk_queue *queue = device->queues[i];
		vblk_cause cause = VBLK_CAUSE_NONE;

		if (queue != NULL)
			cause = __atomic_load_n(&queue->cause, __ATOMIC_RELAXED);
		if (cause != VBLK_CAUSE_NONE)
			return cause;
	}
	return __atomic_load_n(&device->cause, __ATOMIC_RELAXED);
}

vblk_state
vblk_state_get(const struct vblk_device *device)
{
	switch (__atomic_load_n(&device->virtio.state, __ATOMIC_RELAXED)) {
	case VIRTIO_ABSENT:
		return VBLK_CLOSED;
	case VIRTIO_DEAD:
	case VIRTIO_GONE:
		return VBLK_DEAD;
	case VIRTIO_LIVE:
		return vblk_cause_get(device) == VBLK_CAUSE_NONE ? VBLK_LIVE : VBLK_BROKEN;
	case VIRTIO_BROKEN:
		return VBLK_BROKEN;
	default:
		return device->stopped ? VBLK_STOPPED : VBLK_PROBED;
	}
}

bool
vblk_config_pending(const struct vblk_device *device)
{
	return __atomic_load_n(&device->virtio.config_pending, __ATOMIC_RELAXED) != 0;
}

struct vblk_queue *
vblk_queue_get(struct vblk_device *device, unsigned index)
{
	return index < device->info.queues ? device->queues[index] : NULL;
}

orion_status
vblk_refusal(const struct vblk_queue *queue)
{
	return queue->refusal;
}

unsigned
vblk_in_flight(const struct vblk_queue *queue)
{
	return vring_outstanding(&queue->ring) - queue->parts_slots + queue->parts_active;
}

/*
 * A word that another thread counts up by plain stores, read once and whole.  ThreadSanitizer would
 * call it a race; atomic stores would cost the writer an instruction each.
 */
#define LOOK(word) (*(const volatile uint64_t *)&(word))

__attribute__((no_sanitize("thread"))) void
vblk_queue_stats(const struct vblk_queue *queue, struct vblk_queue_stats *stats,
		 struct vblk_irq_stats *irq)
{
	const struct virtio_device *virtio = &queue->device->virtio;
	const struct vblk_counters *counters = &queue->stats;

	*stats = (struct vblk_queue_stats){
		.completed = LOOK(counters->given_back),
		.failed = LOOK(counters->failed),
		.refused = LOOK(counters->refused),
		.ring_full = LOOK(counters->ring_full),
		.reads = LOOK(counters->requests[VBLK_READ]),
		.writes = LOOK(counters->requests[VBLK_WRITE]),
		.flushes = LOOK(counters->requests[VBLK_FLUSH]),
		.others = LOOK(counters->requests[VBLK_GET_ID]),
		.bytes_read = LOOK(counters->bytes[VBLK_READ]),
		.bytes_written = LOOK(counters->bytes[VBLK_WRITE]),
		.split = LOOK(counters->split),
		.parts = LOOK(counters->parts),
		.submit_batches = LOOK(counters->submit_batches),
		.reap_batches = LOOK(counters->reap_batches),
		.reaps_empty = LOOK(counters->reaps_empty),
		.kicks = LOOK(counters->kicks),
		.kicks_saved = LOOK(counters->kicks_saved),
		.used_length_odd = LOOK(counters->used_length_odd),
		.short_lengths = LOOK(counters->short_lengths),
		.status_unwritten = LOOK(counters->status_unwritten),
		.latency_ticks = LOOK(counters->latency_ticks),
		.latency_max_ticks = LOOK(counters->latency_max_ticks),
	};
	for (unsigned i = 0; i < VBLK_OPERATION_COUNT; i++)
		stats->submitted += LOOK(counters->requests[i]);
	for (unsigned i = 0; i < ORION_LATENCY_BUCKETS; i++) {
		stats->latency[i] = LOOK(counters->latency[i]);
		stats->completed += stats->latency[i];
	}
	/* Nothing was measured: completions were counted as if each took no time. */
	if (queue->untimed)
		memset(stats->latency, 0, sizeof(stats->latency));
	irq->interrupts = LOOK(virtio->target[queue->index].interrupts);
	irq->config_interrupts = LOOK(virtio->config_interrupts);
}

void
vblk_ring_info(const struct vblk_queue *queue, struct vblk_ring_info *info)
{
	const struct vring *ring = &queue->ring;

	*info = (struct vblk_ring_info){
		.size = (uint16_t)ring->size,
		.free = (uint16_t)vring_free(ring),
		.available =
			(uint16_t)(ring->packed ? vring_position(ring, ring->fill) : ring->added),
		.used = (uint16_t)(ring->packed ? vring_position(ring, ring->look) : ring->used),
		.available_wrap = (ring->avail_lap >> 48 & VIRTQ_PACKED_F_AVAIL) != 0,
		.used_wrap = ring->packed && vring_used_wrap(ring),
		.descriptor_area = queue->region.device,
		.driver_area = queue->region.device + queue->layout.driver_offset,
		.device_area = queue->region.device + queue->layout.device_offset,
		.vector = queue->device->virtio.target[queue->index].vector,
		.cause = queue->cause,
	};
}

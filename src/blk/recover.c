/* SPDX-License-Identifier: MIT */
/* After a broken promise: the latch, the stop, and giving back what was in flight. */
#include "blk/types.h"

void
vblk_break(struct vblk_queue *queue, vblk_cause cause, uint64_t detail)
{
	if (queue->mode >= VBLK_MODE_BROKEN)
		return;
	queue->mode = VBLK_MODE_BROKEN;
	__atomic_store_n(&queue->cause, cause, __ATOMIC_RELEASE);
	virtio_report(&queue->device->virtio, ORION_LEVEL_ERROR, ORION_EVENT_DEVICE_BROKEN, cause,
		      queue->index, detail);
}

orion_status
vblk_stop(struct vblk_device *device)
{
	struct virtio_device *virtio = &device->virtio;
	orion_status status = ORION_OK;

	if (virtio->state == VIRTIO_ABSENT)
		return ORION_WRONG_STATE;
	if (virtio->state != VIRTIO_RESET)
		status = virtio_reset(virtio);
	device->stopped = true;
	for (unsigned i = 0; i < device->info.queues; i++) {
		if (device->queues[i] != NULL)
			device->queues[i]->mode = VBLK_MODE_STOPPED;
	}
	return status;
}

static unsigned
drain_parts(struct vblk_queue *queue, struct vblk_completion *completions, unsigned max)
{
	unsigned done = 0;

	for (unsigned i = 0; i < VBLK_PARTS_MAX && done < max; i++) {
		if (!queue->parts[i].active)
			continue;
		queue->parts[i].active = false;
		queue->parts_active--;
		completions[done++] = (struct vblk_completion){queue->parts[i].request.cookie,
							       ORION_OUTCOME_UNKNOWN, 0};
	}
	return done;
}

unsigned
vblk_drain(struct vblk_queue *queue, struct vblk_completion *completions, unsigned max)
{
	unsigned done = drain_parts(queue, completions, max);
	struct vring *ring = &queue->ring;

	for (; queue->drained < ring->ids && done < max; queue->drained++) {
		struct vring_slot *lent = &ring->slots[queue->drained];
		struct vblk_slot *slot = &queue->slots[queue->drained];

		if (lent->descriptors == 0)
			continue;
		lent->descriptors = 0;
		ring->outstanding--;
		if (slot->part != VBLK_NO_PART)
			queue->parts_slots--;
		else
			completions[done++] =
				(struct vblk_completion){slot->cookie, ORION_OUTCOME_UNKNOWN, 0};
	}
	queue->stats.completed += done;
	queue->stats.failed += done;
	return done;
}

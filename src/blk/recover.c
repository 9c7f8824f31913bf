/* SPDX-License-Identifier: MIT */
/* After a broken promise: the latch, the stop, and giving back what was in flight. */
#include "types.h"

void
vblk_break(struct vblk_queue *queue, vblk_cause cause, uint64_t detail)
{
	if (!vblk_running(queue))
		return;
	__atomic_store_n(&queue->mode, VBLK_MODE_BROKEN, __ATOMIC_RELAXED);
	vring_quiet(&queue->ring);
	__atomic_store_n(&queue->cause, cause, __ATOMIC_RELEASE);
	orion_virtio_report(&queue->device->virtio, ORION_LEVEL_ERROR, ORION_EVENT_DEVICE_BROKEN,
			    cause, queue->index, detail);
}

/*
 * The mode alone is written: the rest is the owner's.  A queue that it broke or gave up meanwhile
 * stays as it is.
 */
void
vblk_break_all(struct vblk_device *device, vblk_cause cause)
{
	if (device->cause == VBLK_CAUSE_NONE)
		__atomic_store_n(&device->cause, cause, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < device->info.queues; i++) {
		struct vblk_queue *queue = device->queues[i];
		uint32_t mode = queue == NULL ? VBLK_MODE_BROKEN : vblk_mode(queue);

		while ((mode & VBLK_MODE_BROKEN) == 0 &&
		       !arch_replace32(&queue->mode, mode, VBLK_MODE_BROKEN))
			mode = vblk_mode(queue);
	}
}

/* Nothing more is taken, and what is in flight waits to be given back. */
static void
retire(struct vblk_queue *queue)
{
	__atomic_store_n(&queue->mode, VBLK_MODE_STOPPED, __ATOMIC_RELAXED);
	queue->parts_waiting = 0;
	vring_quiet(&queue->ring);
}

orion_status
vblk_stop(struct vblk_device *device)
{
	struct virtio_device *virtio = &device->virtio;
	orion_status status = ORION_OK;

	if (virtio->state == VIRTIO_ABSENT)
		return ORION_WRONG_STATE;
	if (virtio->state != VIRTIO_RESET)
		status = orion_virtio_reset(virtio);
	device->stopped = true;
	for (unsigned i = 0; i < device->info.queues; i++) {
		if (device->queues[i] != NULL)
			retire(device->queues[i]);
	}
	return status;
}

orion_status
vblk_queue_stop(struct vblk_queue *queue)
{
	struct vblk_device *device = queue->device;
	struct virtio_device *virtio = &device->virtio;
	orion_status status;

	if (!device->info.queue_reset)
		return ORION_NOT_SUPPORTED;
	if (virtio->state != VIRTIO_LIVE || vblk_mode(queue) == VBLK_MODE_STOPPED)
		return ORION_WRONG_STATE;
	status = orion_virtio_queue_reset(virtio, queue->index);
	orion_virtio_report(virtio, ORION_LEVEL_WARNING, ORION_EVENT_QUEUE_RESET, queue->index,
			    status, vblk_in_flight(queue));
	if (status == ORION_OK) {
		retire(queue);
		return ORION_OK;
	}
	/* The device may still be at it: nothing is given back before all of it is reset. */
	vblk_break(queue, VBLK_CAUSE_QUEUE_RESET, 0);
	vblk_break_all(device, VBLK_CAUSE_QUEUE_RESET);
	return status;
}

orion_status
vblk_queue_start(struct vblk_queue *queue)
{
	struct vblk_device *device = queue->device;
	orion_status status;

	if (device->virtio.state != VIRTIO_LIVE || vblk_mode(queue) != VBLK_MODE_STOPPED ||
	    vblk_in_flight(queue) != 0)
		return ORION_WRONG_STATE;
	vblk_queue_reset_ring(queue);
	status = vblk_queue_enable(queue);
	if (status == ORION_OK)
		return ORION_OK;
	retire(queue);
	return ORION_DEVICE_REFUSED;
}

void
vblk_queue_abandon(struct vblk_queue *queue)
{
	retire(queue);
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

	for (; queue->drained < ring->ids; queue->drained++) {
		struct vblk_slot *slot = vblk_slot_at(queue, queue->drained);
		bool whole = slot->part == VBLK_NO_PART;

		if (slot->ring.descriptors == 0)
			continue;
		/* Parts make no completion of their own, so they wait for no room. */
		if (whole && done == max)
			break;
		vring_forget(ring, &slot->ring);
		if (whole)
			completions[done++] =
				(struct vblk_completion){slot->cookie, ORION_OUTCOME_UNKNOWN, 0};
		else
			queue->parts_slots--;
	}
	queue->stats.given_back += done;
	queue->stats.failed += done;
	return done;
}

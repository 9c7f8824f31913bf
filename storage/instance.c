/* SPDX-License-Identifier: MIT */
/* The instance, its devices that come and go, and the making of its lanes: see orion/lane.h. */
#include "storage/lane.h"

/* ---- the instance ---- */

void
storage_turn(struct storage_instance *instance)
{
	__atomic_add_fetch(&instance->turn, 1, __ATOMIC_ACQ_REL);
	for (unsigned i = 0; i < instance->lane_count; i++)
		instance->home->wake(instance, i);
}

enum storage_promise
storage_promise_of(const struct vblk_info *info)
{
	/* "Write-through" is not believed: QEMU's daemon says so and syncs nothing. */
	if (info->flush)
		return STORAGE_PROMISE_FLUSH;
	return info->durability == VBLK_DURABILITY_STABLE ? STORAGE_PROMISE_STABLE
							  : STORAGE_PROMISE_NONE;
}

void
storage_adopt(struct storage_instance *instance, struct storage_device *device)
{
	instance->home->lock(instance);
	if (device != NULL && !(device->kept && device->number != 0))
		device->number = ++instance->devices;
	instance->device = device;
	instance->home->unlock(instance);
}

/* Somebody wrote on DEVICE: what comes next must be good for that. */
static void
note_writes(struct storage_instance *instance, const struct storage_device *device)
{
	struct vblk_irq_stats irq;
	bool wrote = instance->last == NULL;

	for (unsigned i = 0; i < instance->lane_count && !wrote; i++) {
		vblk_queue_stats(vblk_queue_get(device->device, i), instance->last, &irq);
		wrote = instance->last->writes != 0;
	}
	if (wrote)
		__atomic_store_n(&instance->wrote, true, __ATOMIC_RELEASE);
}

void
storage_lose(struct storage_instance *instance, struct storage_device *device)
{
	storage_adopt(instance, NULL);
	storage_state_set(instance, STORAGE_LOST);
	note_writes(instance, device);
	for (unsigned i = 0; i < instance->lane_count && !device->kept; i++)
		storage_flush_lost(instance->lanes[i], device->number);
	storage_turn(instance);
}

void
storage_fail(struct storage_instance *instance)
{
	storage_state_set(instance, STORAGE_FAILED);
	storage_turn(instance);
}

void
storage_device_leave(struct storage_device *device)
{
	if (__atomic_sub_fetch(&device->users, 1, __ATOMIC_ACQ_REL) == 0)
		device->instance->home->ended(device);
}

/* ---- lanes ---- */

static size_t
mark_bytes(const struct storage_instance *instance)
{
	return instance->lane_count * sizeof(uint64_t);
}

size_t
storage_lane_bytes(const struct storage_instance *instance, unsigned depth)
{
	return instance->tables * sizeof(struct vblk_segment[ORION_VECTORS_MAX]) +
	       2 * depth * sizeof(struct orion_io *) +
	       instance->marks * (mark_bytes(instance) + sizeof(uint64_t)) +
	       storage_pages_bytes(instance->bounce_bytes / STORAGE_PAGE);
}

void
storage_lane_init(struct storage_lane *lane, struct storage_instance *instance, unsigned index,
		  unsigned depth, void *memory)
{
	uint32_t pages = instance->bounce_bytes / STORAGE_PAGE;
	unsigned char *at = memory;

	instance->lanes[index] = lane;
	lane->instance = instance;
	lane->index = (uint16_t)index;
	lane->depth = depth;
	lane->tables = (struct vblk_segment(*)[ORION_VECTORS_MAX])(void *)at;
	at += instance->tables * sizeof(*lane->tables);
	lane->held = (struct orion_io **)(void *)at;
	at += depth * sizeof(struct orion_io *);
	lane->ready = (struct orion_io **)(void *)at;
	at += depth * sizeof(struct orion_io *);
	lane->marks = (uint64_t *)(void *)at;
	at += instance->marks * mark_bytes(instance);
	storage_pages_init(&lane->bounce, pages, at);
	at += storage_pages_bytes(pages);
	lane->marks_free = (uint16_t *)(void *)at;
	for (; lane->marks_left < instance->marks; lane->marks_left++)
		lane->marks_free[lane->marks_left] = (uint16_t)lane->marks_left;
}

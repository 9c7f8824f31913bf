/* SPDX-License-Identifier: MIT */
/* See host.h. */
#include "storage/host.h"

#include "storage/lane.h"

#define MARKS 8u /* flushes in flight of one lane */

/* Here a result is a status. */
#define SAME(status) [status] = (int)(status)

static const int results[ORION_STATUS_COUNT] = {
	SAME(ORION_OK),
	SAME(ORION_NO_ROOM),
	SAME(ORION_TIMED_OUT),
	SAME(ORION_BUSY),
	SAME(ORION_INVALID),
	SAME(ORION_OUT_OF_RANGE),
	SAME(ORION_MISALIGNED),
	SAME(ORION_TOO_LARGE),
	SAME(ORION_READ_ONLY),
	SAME(ORION_DENIED),
	SAME(ORION_NOT_FOUND),
	/* A lane whose device is about to be reset takes none at this moment. */
	[ORION_WRONG_STATE] = ORION_NO_ROOM,
	[ORION_DEVICE_BROKEN] = ORION_NO_ROOM,
	SAME(ORION_NOT_SUPPORTED),
	SAME(ORION_NO_MEMORY),
	SAME(ORION_NO_MAPPING),
	SAME(ORION_NO_INTERRUPT),
	SAME(ORION_PORT_INCOMPLETE),
	SAME(ORION_IO_ERROR),
	SAME(ORION_DEVICE_UNSUPPORTED),
	SAME(ORION_DEVICE_REFUSED),
	SAME(ORION_DEVICE_GONE),
	SAME(ORION_OUTCOME_UNKNOWN),
	SAME(ORION_STALE),
};

static struct storage_disk *
disk_of(struct storage_instance *instance)
{
	return (struct storage_disk *)(void *)((char *)instance -
					       offsetof(struct storage_disk, instance));
}

static bool
find(const struct storage_instance *instance, const void *address, size_t bytes,
     struct storage_place *place)
{
	const struct storage_disk *disk =
		(const struct storage_disk *)(const void *)((const char *)instance -
							    offsetof(struct storage_disk,
								     instance));

	for (unsigned i = 0; i < STORAGE_REGIONS_MAX; i++) {
		const struct orion_region *region = &disk->regions[i];
		size_t at = (uintptr_t)address - (uintptr_t)region->cpu;

		if (region->cpu == NULL || at > region->bytes || bytes > region->bytes - at)
			continue;
		*place = (struct storage_place){region->cpu, region->bytes, region->device};
		return true;
	}
	return false;
}

static void
lock(struct storage_instance *instance)
{
	struct storage_disk *disk = disk_of(instance);

	while (__atomic_exchange_n(&disk->locked, 1, __ATOMIC_ACQUIRE) != 0) {
	}
}

static void
unlock(struct storage_instance *instance)
{
	__atomic_store_n(&disk_of(instance)->locked, 0, __ATOMIC_RELEASE);
}

static void
joined(struct storage_lane *lane)
{
	struct orion_region memory = vblk_bounce_memory(lane->ring);

	lane->bounce_base = memory.cpu;
	lane->bounce_device = memory.device;
	(void)__atomic_add_fetch(&disk_of(lane->instance)->following, 1, __ATOMIC_ACQ_REL);
}

static void
leaving(struct storage_lane *lane)
{
	(void)__atomic_sub_fetch(&disk_of(lane->instance)->following, 1, __ATOMIC_ACQ_REL);
}

/* Whoever waits on a lane looks at the disk by itself, and its device is the manager's to close. */
static void
ended(struct storage_device *device)
{
	(void)device;
}

static void
look(struct storage_instance *instance)
{
	(void)instance;
}

static void
wake(struct storage_instance *instance, unsigned n)
{
	const struct manager *manager = disk_of(instance)->manager;

	if (manager->port->wake != NULL)
		manager->port->wake(manager->port_context, manager->homes[n].event);
}

static uint64_t
now_ns(const struct storage_instance *instance)
{
	(void)instance;
	return 0;
}

static const struct storage_home home = {
	.results = results,
	.find = find,
	.lock = lock,
	.unlock = unlock,
	.joined = joined,
	.leaving = leaving,
	.ended = ended,
	.look = look,
	.wake = wake,
	.now_ns = now_ns,
};

void
host_instance(struct storage_disk *disk)
{
	const struct vblk_info *info = vblk_info(disk->device);

	disk->instance = (struct storage_instance){
		.turn = 1,
		.home = &home,
		.bounce_bytes = info->bounce_pieces * VBLK_BOUNCE_BYTES,
		.marks = MARKS,
		.maps = true,
		.lane_count = info->queues,
	};
	disk->recovery.silence_ns = disk->manager->options.recovery_silence * UINT64_C(1000000000);
	disk->base = (struct storage_device){
		.instance = &disk->instance,
		.device = disk->device,
		.users = 1,
		.promise = storage_promise_of(info),
	};
	storage_adopt(&disk->instance, &disk->base);
}

void
host_region_enter(struct storage_disk *disk, const struct orion_region *region)
{
	for (unsigned i = 0; i < STORAGE_REGIONS_MAX; i++) {
		if (disk->regions[i].cpu != NULL || vblk_info(disk->device)->bounces)
			continue;
		disk->regions[i] = *region;
		return;
	}
}

void
host_region_leave(struct storage_disk *disk, const struct orion_region *region)
{
	for (unsigned i = 0; i < STORAGE_REGIONS_MAX; i++) {
		if (disk->regions[i].cpu == region->cpu)
			disk->regions[i] = (struct orion_region){NULL, 0, 0, 0};
	}
	/* Lanes remember where the last buffer lay. */
	storage_turn(&disk->instance);
}

/* SPDX-License-Identifier: MIT */
/* For the probe: each queue of a disk at work in a thread, while memory comes and goes. */
#ifndef TEST_LINUX_LANES_H
#define TEST_LINUX_LANES_H

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "orion/disk.h"
#include "test/linux/pattern.h"

/* BYTES of fresh shared memory, registered; NULL, with errno set. */
static unsigned char *
register_fresh(struct orion_disk *disk, size_t bytes)
{
	int fd = memfd_create("probe", MFD_CLOEXEC | MFD_ALLOW_SEALING), result = -ENOMEM;
	unsigned char *memory = MAP_FAILED;

	if (ftruncate(fd, (off_t)bytes) == 0)
		memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory != MAP_FAILED)
		result = orion_disk_register(disk, memory, bytes, fd, 0);
	close(fd);
	if (result == 0)
		return memory;
	munmap(memory, bytes);
	errno = -result;
	return NULL;
}

static int
unregister(struct orion_disk *disk, unsigned char *memory, size_t bytes)
{
	int result = orion_disk_unregister(disk, memory);

	if (result == 0)
		munmap(memory, bytes);
	return result;
}

#define LANE_BYTES UINT64_C(65536)

struct lane {
	pthread_t thread;
	struct orion_queue *queue;
	uint64_t begin;
	int count, result;
};

static void *
run_lane(void *argument)
{
	struct lane *lane = argument;
	unsigned char *data = malloc(LANE_BYTES);

	for (int i = 0; i < lane->count && lane->result == 0; i++) {
		uint64_t seed = (uint64_t)i, at = lane->begin;

		pattern_write(data, LANE_BYTES, seed, at);
		lane->result = orion_queue_write(lane->queue, data, LANE_BYTES, at);
		memset(data, 0xee, LANE_BYTES);
		if (lane->result == 0)
			lane->result = orion_queue_read(lane->queue, data, LANE_BYTES, at);
		if (lane->result == 0)
			lane->result = pattern_differs(data, LANE_BYTES, seed, at) < LANE_BYTES;
		if (lane->result == 0 && i % 8 == 7)
			lane->result = orion_queue_flush(lane->queue);
	}
	free(data);
	return NULL;
}

/*
 * Memory comes and goes: allocated, registered, given back.  That the back end takes none at the
 * moment, or no more of it, is no failure.
 */
static int
shuffle(struct orion_disk *disk, unsigned count)
{
	int result = 0;

	for (unsigned i = 0; i < count && result == 0; i++) {
		size_t bytes = (size_t)(1 + i % 5) << 20;
		unsigned char *memory = orion_disk_alloc(disk, i % 3 == 0 ? bytes : 4096);

		if (memory == NULL && errno != EBUSY && errno != ENOSPC)
			result = -errno;
		orion_disk_free(disk, memory);
		memory = result == 0 ? register_fresh(disk, bytes) : NULL;
		/* While others submit, some back ends let go of nothing. */
		if (memory != NULL)
			while ((result = unregister(disk, memory, bytes)) == -EBUSY)
				sched_yield();
		else if (result == 0 && errno != EBUSY && errno != ENOSPC)
			result = -errno;
	}
	return result;
}

/*
 * Every queue with a thread of its own: COUNT writes of a place of its own, each read again, and a
 * flush now and then.  If MEMORY, that comes and goes meanwhile.
 */
static int
run_lanes(struct orion_disk *disk, int count, bool memory)
{
	struct lane lanes[ORION_DISK_QUEUES_MAX] = {0};
	struct orion_disk_info info;
	int result = 0;

	orion_disk_info(disk, &info);
	for (unsigned i = 0; i < info.queues; i++) {
		lanes[i].queue = orion_disk_queue(disk, i);
		lanes[i].begin = i * LANE_BYTES;
		lanes[i].count = count;
		pthread_create(&lanes[i].thread, NULL, run_lane, &lanes[i]);
	}
	if (memory)
		result = shuffle(disk, (unsigned)count);
	for (unsigned i = 0; i < info.queues; i++) {
		pthread_join(lanes[i].thread, NULL);
		result = result != 0 ? result : lanes[i].result;
	}
	return result;
}

#endif

/* SPDX-License-Identifier: MIT */
/* libblkio under bench/vhost/load.c: a poll queue to spin on, a queue with events to sleep on. */
#include <blkio.h>
#include <string.h>
#include <time.h>

#include "bench/vhost/peer.h"

static struct blkio *disk;
static struct blkioq *queue;

static void
check(int result, const char *what)
{
	if (result < 0)
		load_fail(what, blkio_get_error_msg());
}

unsigned char *
peer_open(const char *path, const char *wait, unsigned depth, size_t bytes, uint64_t *disk_bytes)
{
	bool spin = strcmp(wait, "spin") == 0;
	struct blkio_mem_region region;

	(void)depth;
	check(blkio_create("virtio-blk-vhost-user", &disk), "blkio_create");
	check(blkio_set_str(disk, "path", path), path);
	check(blkio_connect(disk), "blkio_connect");
	check(blkio_set_int(disk, "num-queues", spin ? 0 : 1), "num-queues");
	check(blkio_set_int(disk, "num-poll-queues", spin ? 1 : 0), "num-poll-queues");
	check(blkio_start(disk), "blkio_start");
	check(blkio_get_uint64(disk, "capacity", disk_bytes), "capacity");
	check(blkio_alloc_mem_region(disk, &region, bytes), "blkio_alloc_mem_region");
	check(blkio_map_mem_region(disk, &region), "blkio_map_mem_region");
	if (spin) {
		queue = blkio_get_poll_queue(disk, 0);
	} else {
		queue = blkio_get_queue(disk, 0);
		blkioq_set_completion_fd_enabled(queue, true);
	}
	return region.addr;
}

void
peer_submit(const struct peer_request *requests, unsigned count)
{
	for (const struct peer_request *r = requests; r < requests + count; r++) {
		void *user = (void *)(uintptr_t)r->slot;

		if (r->write)
			blkioq_write(queue, r->offset, r->buffer, r->bytes, user, 0);
		else
			blkioq_read(queue, r->offset, r->buffer, r->bytes, user, 0);
	}
}

void
peer_kick(void)
{
	check(blkioq_do_io(queue, NULL, 0, 0, NULL), "blkioq_do_io");
}

unsigned
peer_wait(uint32_t *slots, unsigned max)
{
	struct blkio_completion done[DEPTH_MAX];
	int count = blkioq_do_io(queue, done, 1, (int)max, NULL);

	check(count, "blkioq_do_io");
	for (int i = 0; i < count; i++) {
		if (done[i].ret != 0)
			load_fail("a request", strerror(-done[i].ret));
		slots[i] = (uint32_t)(uintptr_t)done[i].user_data;
	}
	return (unsigned)count;
}

void
peer_close(void)
{
	blkio_destroy(&disk);
}

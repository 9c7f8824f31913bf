/* SPDX-License-Identifier: MIT */
/* liborion-vblk under bench/vhost/load.c. */
#include <stdio.h>
#include <string.h>

#include "bench/vhost/peer.h"
#include "orion/disk.h"

/* libblkio's rings have 256 entries, whatever the load. */
#define RING 256u

static struct orion_disk *disk;
static struct orion_queue *queue;
static struct orion_io ios[DEPTH_MAX];

unsigned char *
peer_open(const char *path, const char *wait, unsigned depth, size_t bytes, uint64_t *disk_bytes)
{
	struct orion_disk_options options;
	struct orion_disk_info info;
	struct orion_error error;
	char url[256];
	unsigned char *memory;

	orion_disk_options_init(&options);
	options.depth = depth > RING ? depth : RING;
	options.wait = strcmp(wait, "spin") == 0    ? ORION_WAIT_POLL
		       : strcmp(wait, "event") == 0 ? ORION_WAIT_EVENT
						    : ORION_WAIT_ADAPTIVE;
	snprintf(url, sizeof(url), "vhost-user:%s", path);
	if (orion_disk_open(url, &options, &disk, &error) != 0)
		load_fail("orion_disk_open", error.text);
	orion_disk_info(disk, &info);
	*disk_bytes = info.bytes;
	queue = orion_disk_queue(disk, 0);
	memory = orion_disk_alloc(disk, bytes);
	if (memory == NULL)
		load_fail("orion_disk_alloc", orion_disk_text(disk));
	return memory;
}

void
peer_submit(const struct peer_request *requests, unsigned count)
{
	struct orion_io *batch[DEPTH_MAX];

	for (unsigned i = 0; i < count; i++) {
		struct orion_io *io = &ios[requests[i].slot];

		io->offset = requests[i].offset;
		io->buffer = requests[i].buffer;
		io->bytes = requests[i].bytes;
		io->operation = requests[i].write ? ORION_WRITE : ORION_READ;
		batch[i] = io;
	}
	if (orion_queue_submit(queue, batch, count) != count)
		load_fail("orion_queue_submit", strerror(-orion_queue_refusal(queue)));
}

void
peer_kick(void)
{
	orion_queue_kick(queue);
}

unsigned
peer_wait(uint32_t *slots, unsigned max)
{
	struct orion_io *done[DEPTH_MAX];
	unsigned count;

	orion_queue_kick(queue);
	count = orion_queue_wait(queue, done, max, -1);
	for (unsigned i = 0; i < count; i++) {
		if (done[i]->result != 0)
			load_fail("a request", strerror(-done[i]->result));
		slots[i] = (uint32_t)(done[i] - ios);
	}
	return count;
}

void
peer_close(void)
{
	orion_disk_close(disk);
}

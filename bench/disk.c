/* SPDX-License-Identifier: MIT */
/* The driver core, opened on a sink.  The manual is disk.h. */
#include "bench/disk.h"

#include <stdlib.h>

/* The device must have agreed to what is to be measured. */
static void
check_device(const struct disk *disk, const struct bench_options *wanted)
{
	const struct ring_device *device = &disk->sink.rings[wanted->queues - 1];

	if (device->ring.in_order != wanted->in_order)
		bench_fail("the driver does not use VIRTIO_F_IN_ORDER");
	if (device->ring.size != wanted->size)
		bench_fail("the driver chose another queue size");
}

void
disk_open(struct disk *disk, const struct bench_options *wanted)
{
	struct vblk_config config = {
		.transport = sink_transport(&disk->sink),
		.port = &sink_port,
		.options = &disk->options,
		.homes = disk->homes,
		.home_count = (uint16_t)wanted->queues,
		.budget = &disk->budget,
	};
	size_t bytes;
	void *more;

	disk->sink = (struct sink){
		.packed = wanted->packed,
		.indirect = !wanted->direct,
		.event_index = wanted->event_index,
		.in_order = wanted->in_order,
		.polled = wanted->polled,
		.echo = wanted->check,
		.size_max = (uint16_t)wanted->size,
		.queues = (uint16_t)wanted->queues,
	};
	orion_options_default(&disk->options);
	disk->options.queue_count = wanted->queues;
	disk->options.queue_depth = wanted->size;
	disk->budget.limit = disk->options.shared_memory_size;
	if (vblk_probe(disk->memory, &config, &disk->device, &bytes) != ORION_OK)
		bench_fail("probe failed");
	more = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
	if (more == NULL || vblk_open(disk->device, more, bytes) != ORION_OK)
		bench_fail("open failed");
	for (uint16_t i = 0; i < wanted->queues; i++)
		disk->queues[i] = vblk_queue_get(disk->device, i);
	check_device(disk, wanted);
}

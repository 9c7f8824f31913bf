/* SPDX-License-Identifier: MIT */
/*
 * What one 4 KiB read costs in the driver core: vblk_submit(), vblk_kick() and vblk_reap(), against
 * the sink device in the same thread.
 *
 *     core [WORDS]      the words are those of options.h
 *
 * Queues and devices are taken in turn, a batch each.  A program that counts instructions
 * (counts.py) runs this at two values of count, so that set-up cancels out.
 */
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "bench/count.h"
#include "bench/options.h"
#include "bench/sink.h"
#include "orion/vblk.h"

#define BATCH_MAX 256u
#define DEVICES_MAX 32u

struct rig {
	struct sink sink;
	struct orion_options options;
	struct vblk_budget budget;
	struct vblk_queue_home homes[SINK_QUEUES_MAX];
	struct vblk_device *device;
	struct vblk_queue *queues[SINK_QUEUES_MAX];
	alignas(64) unsigned char memory[VBLK_DEVICE_BYTES];
};

/* One batch of requests, and where its completions go. */
struct batch {
	unsigned count;
	struct vblk_request requests[BATCH_MAX];
	struct vblk_completion completions[BATCH_MAX];
};

static void
open_device(struct rig *rig, const struct bench_options *wanted)
{
	struct vblk_config config = {
		.transport = sink_transport(&rig->sink),
		.port = &sink_port,
		.options = &rig->options,
		.homes = rig->homes,
		.home_count = (uint16_t)wanted->queues,
		.budget = &rig->budget,
	};
	size_t bytes;
	void *more;

	rig->sink = (struct sink){
		.packed = wanted->packed,
		.indirect = !wanted->direct,
		.event_index = wanted->event_index,
		.in_order = wanted->in_order,
		.size_max = (uint16_t)wanted->size,
		.queues = (uint16_t)wanted->queues,
	};
	options_default(&rig->options);
	rig->options.queue_count = wanted->queues;
	rig->options.queue_depth = wanted->size;
	rig->budget.limit = rig->options.shared_memory_size;
	if (vblk_probe(rig->memory, &config, &rig->device, &bytes) != ORION_OK)
		bench_fail("probe failed");
	more = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
	if (more == NULL || vblk_open(rig->device, more, bytes) != ORION_OK)
		bench_fail("open failed");
	for (uint16_t i = 0; i < wanted->queues; i++)
		rig->queues[i] = vblk_queue_get(rig->device, i);
}

/* The device must have agreed to what is to be measured. */
static void
check_device(const struct rig *rig, const struct bench_options *wanted)
{
	const struct ring_device *ring = &rig->sink.rings[wanted->queues - 1];

	if (ring->in_order != wanted->in_order)
		bench_fail("the driver does not use VIRTIO_F_IN_ORDER");
	if (ring->size != wanted->size)
		bench_fail("the driver chose another queue size");
}

static void
submit(struct rig *rig, unsigned queue, const struct batch *batch)
{
	access_count.on = true;
	if (vblk_submit(rig->queues[queue], batch->requests, batch->count) != batch->count)
		bench_fail("the queue did not take a batch");
	vblk_kick(rig->queues[queue]);
	access_count.on = false;
}

static void
reap(struct rig *rig, unsigned queue, struct batch *batch)
{
	if (sink_poll(&rig->sink, queue, batch->count) != batch->count)
		bench_fail("the device found too few requests");
	access_count.on = true;
	if (vblk_reap(rig->queues[queue], batch->completions, batch->count) != batch->count)
		bench_fail("a completion is missing");
	access_count.on = false;
	for (unsigned i = 0; i < batch->count; i++)
		if (batch->completions[i].cookie != i || batch->completions[i].result != ORION_OK)
			bench_fail("a completion is not what it should be");
}

/* Returns how many requests were made. */
static unsigned long
run(struct rig *rigs, const struct bench_options *options, struct batch *batch)
{
	const unsigned lanes = options->queues * options->devices;
	unsigned long done = 0;

	for (unsigned lane = 0; lane < lanes; lane++)
		for (unsigned d = batch->count; d < options->depth; d += batch->count)
			submit(&rigs[lane % options->devices], lane / options->devices, batch);
	while (done < options->count)
		for (unsigned lane = 0; lane < lanes; lane++, done += batch->count) {
			submit(&rigs[lane % options->devices], lane / options->devices, batch);
			reap(&rigs[lane % options->devices], lane / options->devices, batch);
		}
	return done;
}

int
main(int argc, char **argv)
{
	static alignas(4096) unsigned char buffer[4096];
	static struct vblk_segment segment = {.length = sizeof(buffer)};
	static struct rig rigs[DEVICES_MAX];
	static struct batch batch;
	struct bench_options options = bench_options(argc, argv);
	unsigned long done, kicks = 0;

	segment.device_address = (uintptr_t)buffer;
	batch.count = options.batch;
	for (unsigned i = 0; i < batch.count; i++)
		batch.requests[i] = (struct vblk_request){.sector = i * 8,
							  .segments = &segment,
							  .cookie = i,
							  .segment_count = 1,
							  .operation = VBLK_READ};
	for (unsigned i = 0; i < options.devices; i++) {
		open_device(&rigs[i], &options);
		check_device(&rigs[i], &options);
	}
	done = run(rigs, &options, &batch);
	for (unsigned i = 0; i < options.devices * options.queues; i++) {
		struct vblk_queue_stats stats;
		struct vblk_irq_stats irq;

		vblk_queue_stats(rigs[i / options.queues].queues[i % options.queues], &stats, &irq);
		kicks += stats.kicks;
	}
	access_count_print(done, kicks);
	return 0;
}

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

#include "bench/count.h"
#include "bench/disk.h"

#define BATCH_MAX 256u
#define DEVICES_MAX 32u

/* One batch of requests, and where its completions go. */
struct batch {
	unsigned count;
	struct vblk_request requests[BATCH_MAX];
	struct vblk_completion completions[BATCH_MAX];
};

static void
submit(struct disk *disk, unsigned queue, const struct batch *batch)
{
	access_count.on = true;
	if (vblk_submit(disk->queues[queue], batch->requests, batch->count) != batch->count)
		bench_fail("the queue did not take a batch");
	vblk_kick(disk->queues[queue]);
	access_count.on = false;
}

static void
reap(struct disk *disk, unsigned queue, struct batch *batch)
{
	if (sink_poll(&disk->sink, queue, batch->count) != batch->count)
		bench_fail("the device found too few requests");
	access_count.on = true;
	if (vblk_reap(disk->queues[queue], batch->completions, batch->count) != batch->count)
		bench_fail("a completion is missing");
	access_count.on = false;
	for (unsigned i = 0; i < batch->count; i++)
		if (batch->completions[i].cookie != i || batch->completions[i].result != ORION_OK)
			bench_fail("a completion is not what it should be");
}

/* Returns how many requests were made. */
static unsigned long
run(struct disk *disks, const struct bench_options *options, struct batch *batch)
{
	const unsigned lanes = options->queues * options->devices;
	unsigned long done = 0;

	for (unsigned lane = 0; lane < lanes; lane++)
		for (unsigned d = batch->count; d < options->depth; d += batch->count)
			submit(&disks[lane % options->devices], lane / options->devices, batch);
	while (done < options->count)
		for (unsigned lane = 0; lane < lanes; lane++, done += batch->count) {
			submit(&disks[lane % options->devices], lane / options->devices, batch);
			reap(&disks[lane % options->devices], lane / options->devices, batch);
		}
	return done;
}

int
main(int argc, char **argv)
{
	static alignas(4096) unsigned char buffer[4096];
	static struct vblk_segment segment = {.length = sizeof(buffer)};
	static struct disk disks[DEVICES_MAX];
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
	for (unsigned i = 0; i < options.devices; i++)
		disk_open(&disks[i], &options);
	done = run(disks, &options, &batch);
	for (unsigned i = 0; i < options.devices * options.queues; i++) {
		struct vblk_queue_stats stats;
		struct vblk_irq_stats irq;

		vblk_queue_stats(disks[i / options.queues].queues[i % options.queues], &stats,
				 &irq);
		kicks += stats.kicks;
	}
	access_count_print(done, kicks);
	return 0;
}

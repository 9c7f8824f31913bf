/* SPDX-License-Identifier: MIT */
/*
 * What one 4 KiB read costs in the storage framework and the driver core beneath it:
 * storage_submit(), storage_kick() and storage_reap(), against the sink device in the same thread.
 * The home is the barest there can be: all memory is where the device sees it.
 *
 *     lane [WORDS]      the words are those of options.h; queues and devices are one
 */
#include <stdalign.h>
#include <stdlib.h>

#include "bench/disk.h"
#include "orion/lane.h"

#define BATCH_MAX 256u

static bool
find(const struct storage_instance *instance, const void *address, size_t bytes,
     struct storage_place *place)
{
	(void)instance;
	(void)address;
	(void)bytes;
	*place = (struct storage_place){NULL, SIZE_MAX, 0};
	return true;
}

static void
nothing(struct storage_instance *instance)
{
	(void)instance;
}

static void
moved(struct storage_lane *lane)
{
	(void)lane;
}

static void
ended(struct storage_device *device)
{
	(void)device;
}

static void
wake(struct storage_instance *instance, unsigned n)
{
	(void)instance;
	(void)n;
}

static uint64_t
now_ns(const struct storage_instance *instance)
{
	(void)instance;
	return 0;
}

static const int results[ORION_STATUS_COUNT];

static const struct storage_home home = {
	.results = results,
	.find = find,
	.lock = nothing,
	.unlock = nothing,
	.joined = moved,
	.leaving = moved,
	.ended = ended,
	.look = nothing,
	.wake = wake,
	.now_ns = now_ns,
};

static void
submit(struct storage_lane *lane, struct orion_io *const *ios, unsigned count)
{
	if (storage_submit(lane, ios, count) != count)
		bench_fail("the lane did not take a batch");
	storage_kick(lane);
}

static void
reap(struct storage_lane *lane, struct disk *disk, struct orion_io **done, unsigned count)
{
	if (sink_poll(&disk->sink, 0, count) != count)
		bench_fail("the device found too few requests");
	if (storage_reap(lane, done, count) != count)
		bench_fail("a completion is missing");
	for (unsigned i = 0; i < count; i++)
		if (done[i]->result != 0)
			bench_fail("a request failed");
}

int
main(int argc, char **argv)
{
	static alignas(4096) unsigned char buffer[4096];
	static struct disk disk;
	static struct storage_lane lane;
	static struct storage_instance instance;
	static struct storage_device device;
	static struct orion_io ios[BATCH_MAX];
	struct orion_io *batch[BATCH_MAX], *done[BATCH_MAX];
	struct bench_options options = bench_options(argc, argv);
	void *memory;

	disk_open(&disk, &options);
	instance = (struct storage_instance){.home = &home, .turn = 1, .lane_count = 1};
	memory = calloc(1, storage_lane_bytes(&instance, options.depth));
	if (memory == NULL)
		bench_fail("no memory");
	device = (struct storage_device){.instance = &instance, .device = disk.device, .users = 1};
	storage_lane_init(&lane, &instance, 0, options.depth, memory);
	storage_adopt(&instance, &device);
	storage_follow(&lane);
	for (unsigned i = 0; i < options.batch; i++) {
		ios[i] = (struct orion_io){
			.offset = i * 4096u, .buffer = buffer, .bytes = sizeof(buffer)};
		batch[i] = &ios[i];
	}
	for (unsigned long i = 0; i < options.count; i += options.batch) {
		submit(&lane, batch, options.batch);
		reap(&lane, &disk, done, options.batch);
	}
	free(memory);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * What one 4 KiB read costs in the driver core: vblk_submit(), vblk_kick() and vblk_reap(), against
 * the sink device in the same thread.
 *
 *     bench-core LAYOUT EVENT BATCH COUNT     LAYOUT: split|packed[-direct]; EVENT: event|plain
 *
 * Prints nothing but an error: bench/core.sh runs it under callgrind, which counts the instructions
 * of the three functions (and what they call), at two values of COUNT, so that set-up cancels out.
 */
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/sink.h"
#include "orion/vblk.h"

#define BATCH_MAX 256u

struct rig {
	struct sink sink;
	struct orion_options options;
	struct vblk_budget budget;
	struct vblk_queue_home home;
	struct vblk_device *device;
	struct vblk_queue *queue;
};

static void
fail(const char *what)
{
	fprintf(stderr, "bench-core: %s\n", what);
	exit(2);
}

static void
open_device(struct rig *rig)
{
	static alignas(64) unsigned char memory[VBLK_DEVICE_BYTES];
	struct vblk_config config = {
		.transport = sink_transport(&rig->sink),
		.port = &sink_port,
		.options = &rig->options,
		.homes = &rig->home,
		.home_count = 1,
		.budget = &rig->budget,
	};
	size_t bytes;
	void *more;

	options_default(&rig->options);
	rig->budget.limit = rig->options.shared_memory_size;
	if (vblk_probe(memory, &config, &rig->device, &bytes) != ORION_OK)
		fail("probe failed");
	more = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
	if (more == NULL || vblk_open(rig->device, more, bytes) != ORION_OK)
		fail("open failed");
	rig->queue = vblk_queue_get(rig->device, 0);
}

static void
run(struct rig *rig, unsigned batch, unsigned long count)
{
	static alignas(4096) unsigned char buffer[4096];
	struct vblk_segment segment = {(uintptr_t)buffer, sizeof(buffer), 0};
	struct vblk_request requests[BATCH_MAX];
	struct vblk_completion completions[BATCH_MAX];
	unsigned long done = 0;

	memset(requests, 0, sizeof(requests));
	for (unsigned i = 0; i < batch; i++)
		requests[i] = (struct vblk_request){.sector = i * 8,
						    .segments = &segment,
						    .cookie = i,
						    .segment_count = 1,
						    .operation = VBLK_READ};
	while (done < count) {
		if (vblk_submit(rig->queue, requests, batch) != batch)
			fail("the queue did not take a batch");
		vblk_kick(rig->queue);
		sink_poll(&rig->sink);
		if (vblk_reap(rig->queue, completions, batch) != batch)
			fail("a completion is missing");
		done += batch;
	}
}

int
main(int argc, char **argv)
{
	static struct rig rig;
	unsigned batch;

	if (argc != 5)
		fail("usage: bench-core split|packed[-direct] event|plain BATCH COUNT");
	batch = (unsigned)strtoul(argv[3], NULL, 10);
	if (batch == 0 || batch > BATCH_MAX)
		fail("BATCH must be 1 to 256");
	rig.sink = (struct sink){
		.packed = strncmp(argv[1], "packed", 6) == 0,
		.indirect = strstr(argv[1], "direct") == NULL,
		.event_index = strcmp(argv[2], "event") == 0,
		.size_max = 1024,
	};
	open_device(&rig);
	run(&rig, batch, strtoul(argv[4], NULL, 10));
	return 0;
}

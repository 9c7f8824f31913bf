/* SPDX-License-Identifier: MIT */
/* disk bench: arguments, lanes, figures.  See bench.h. */
#include "commands/bench.h"

#include "commands/args.h"
#include "commands/pattern.h"
#include "commands/print.h"
#include "commands/table.h"
#include "words/text.h"

#define NAME "disk bench"
#define USAGE                                                                                 \
	"DISK [randread|randwrite|read|write] [destroy] [poll] [bs=4k] [depth=32] [count=N] " \
	"[queues=Q] [seed=S] [resets=R [unsettled]]"
#define BS_MOST (UINT64_C(16) << 20)
#define COUNT_DEFAULT UINT64_C(16384)
#define PAGE 4096u

/* ---- arguments ---- */

static bool
take_mode(struct bench *bench, const char *word)
{
	static const struct {
		const char *name;
		bool random, write;
	} modes[] = {
		{"randread", true, false},
		{"randwrite", true, true},
		{"read", false, false},
		{"write", false, true},
	};

	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (text_equal(word, modes[i].name)) {
			bench->mode = modes[i].name;
			bench->random = modes[i].random;
			bench->write = modes[i].write;
			return true;
		}
	}
	return false;
}

static orion_status
take_word(struct bench *bench, const char *word)
{
	struct command_context *context = bench->context;
	const struct {
		const char *prefix;
		uint64_t *value;
		uint64_t least, most;
	} sizes[] = {
		{"bs=", &bench->bs, VIRTIO_BLK_SECTOR_BYTES, BS_MOST},
		{"depth=", &bench->depth, 1, 1024},
		{"count=", &bench->count, 1, UINT64_MAX / 1000},
		{"queues=", &bench->queues, 1, VBLK_QUEUES_MAX},
		{"seed=", &bench->seed, 0, UINT64_MAX},
		{"resets=", &bench->resets, 0, 1000000},
	};

	if (take_mode(bench, word))
		return ORION_OK;
	if (text_equal(word, "destroy")) {
		bench->destroy = true;
		return ORION_OK;
	}
	if (text_equal(word, "settled") || text_equal(word, "unsettled")) {
		bench->settled = word[0] == 's';
		return ORION_OK;
	}
	if (text_equal(word, "poll")) {
		bench->poll = true;
		return ORION_OK;
	}
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t length = text_length(sizes[i].prefix);

		if (text_begins(word, sizes[i].prefix)) {
			return args_size(context, NAME, sizes[i].prefix, word + length,
					 sizes[i].least, sizes[i].most, sizes[i].value);
		}
	}
	return args_refuse(context, NAME, ORION_INVALID,
			   "'%s' is not understood; write: " NAME " %s", word, USAGE);
}

/* Where no memory but the queues' own may be shared, the buffers are there. */
static orion_status
fit_bounces(struct bench *bench, const struct vblk_info *info)
{
	uint64_t room;

	if (!info->bounces)
		return ORION_OK;
	if (bench->bs > VBLK_BOUNCE_BYTES) {
		return args_refuse(bench->context, NAME, ORION_TOO_LARGE,
				   "bs= is %s; without DMA of other memory (dma_enabled, "
				   "zero_copy_enabled) it is at most %s",
				   print_exact(bench->bs).s, print_exact(VBLK_BOUNCE_BYTES).s);
	}
	room = info->bounce_pieces * (uint64_t)VBLK_BOUNCE_BYTES / bench->bs;
	if (bench->depth > room)
		bench->depth = room;
	return ORION_OK;
}

/* The parameters against the disk: what cannot be is refused, what was not given is chosen. */
static orion_status
fit_disk(struct bench *bench)
{
	struct command_context *context = bench->context;
	const struct vblk_info *info = vblk_info(bench->disk->device);
	uint64_t most_queues = info->queues < context->lanes ? info->queues : context->lanes;
	uint64_t block = info->block_bytes;

	if (bench->bs == 0)
		bench->bs = block > 4096 ? block : 4096;
	if (bench->bs % block != 0) {
		return args_refuse(
			context, NAME, ORION_MISALIGNED,
			"bs= is %llu; it has to be a multiple of the block size, %llu bytes",
			wide(bench->bs), wide(block));
	}
	bench->units = storage_bytes(bench->disk) / bench->bs;
	if (bench->units == 0) {
		return args_refuse(context, NAME, ORION_OUT_OF_RANGE,
				   "%s has %llu bytes, less than one bs= of %llu",
				   bench->disk->name, wide(storage_bytes(bench->disk)),
				   wide(bench->bs));
	}
	if (bench->queues > most_queues) {
		return args_refuse(
			context, NAME, ORION_INVALID,
			"queues= is %llu; %s has %u queues and the host %u lanes: at most %llu",
			wide(bench->queues), bench->disk->name, info->queues, context->lanes,
			wide(most_queues));
	}
	if (bench->resets != 0 && !info->queue_reset) {
		return args_refuse(context, NAME, ORION_NOT_SUPPORTED,
				   "resets= needs a device with VIRTIO_F_RING_RESET; %s has none",
				   bench->disk->name);
	}
	if (bench->queues == 0)
		bench->queues = most_queues;
	if (bench->depth > info->queue_depth)
		bench->depth = info->queue_depth;
	return fit_bounces(bench, info);
}

static orion_status
check_write(const struct bench *bench)
{
	if (!bench->write)
		return ORION_OK;
	if (!bench->destroy) {
		return args_refuse(bench->context, NAME, ORION_INVALID,
				   "%s overwrites the data on %s; if that is wanted, add the word "
				   "'destroy'",
				   bench->mode, bench->disk->name);
	}
	print(bench->context, "warning: this destroys the data on %s\n", bench->disk->name);
	return ORION_OK;
}

/* ---- lanes ---- */

/* Bytes of a lane with its slots, its lists of them, and a buffer if all is copied. */
static size_t
lane_bytes(const struct bench *bench)
{
	bool bounces = vblk_info(bench->disk->device)->bounces;

	return sizeof(struct bench_lane) +
	       (size_t)bench->depth * (sizeof(struct bench_slot) + 2 * sizeof(void *)) +
	       (bounces ? (size_t)bench->bs : 0);
}

/* Sets LANE's slots up over its buffers and shares the work out. */
static void
lane_prepare(struct bench_lane *lane)
{
	const struct bench *bench = lane->bench;
	uint64_t share = bench->units / bench->queues;
	bool mine = lane->region.cpu != NULL;

	lane->slots = (struct bench_slot *)(void *)(lane + 1);
	lane->free = (struct bench_slot **)(void *)(lane->slots + bench->depth);
	lane->again = (struct orion_io **)(void *)(lane->free + bench->depth);
	lane->buffers = mine ? lane->region.cpu : (unsigned char *)(lane->again + bench->depth);
	for (uint64_t i = bench->depth; i-- > 0;) {
		lane->slots[i].io = (struct orion_io){
			.buffer = lane->buffers + (mine ? i * bench->bs : 0),
			.bytes = (uint32_t)bench->bs,
			.operation = bench->write ? ORION_WRITE : ORION_READ,
			.user = &lane->slots[i],
		};
		lane->free[lane->free_count++] = &lane->slots[i];
	}
	lane->quota = bench->count / bench->queues + (lane->index < bench->count % bench->queues);
	lane->random = pattern_mix(bench->seed + lane->index + 1);
	lane->first = share * lane->index;
	lane->span = share == 0 ? 1 : share;
	if (bench->write)
		pattern_fill(bench->seed, 0, lane->buffers,
			     (size_t)(bench->bs * (mine ? bench->depth : 1)));
}

static orion_status
lane_open(struct bench *bench, unsigned index)
{
	struct manager *manager = bench->context->manager;
	struct storage *storage = bench->context->storage;
	orion_status status = storage_claim(storage, bench->disk, index);
	struct bench_lane *lane;

	if (status != ORION_OK)
		return status;
	/* It could be had; whoever runs takes it, so that one that does not run is in nobody's way. */
	storage_unclaim(storage, bench->disk, index);
	lane = manager->memory_take(manager->port_context, lane_bytes(bench));
	if (lane == NULL)
		return ORION_NO_MEMORY;
	lane->bench = bench;
	lane->index = index;
	lane->its = storage_lane_of(bench->disk, index);
	lane->queue = vblk_queue_get(bench->disk->device, index);
	if (!vblk_info(bench->disk->device)->bounces)
		status = storage_dma_take(storage, bench->disk, (size_t)(bench->bs * bench->depth),
					  &lane->region);
	if (status != ORION_OK) {
		manager->memory_give(manager->port_context, lane, lane_bytes(bench));
		return status;
	}
	lane_prepare(lane);
	bench->lanes[index] = lane;
	return ORION_OK;
}

/* Gives everything back, now or when the device lets go of it. */
static void
lanes_close(struct bench *bench)
{
	struct manager *manager = bench->context->manager;
	struct storage *storage = bench->context->storage;

	for (unsigned i = 0; i < bench->queues; i++) {
		struct bench_lane *lane = bench->lanes[i];
		unsigned held;

		if (lane == NULL)
			continue;
		held = bench_lane_in_flight(lane);
		for (unsigned n = 0; n < held; n++)
			bench_lane_count_failure(lane);
		if (held != 0) {
			storage_leave(storage, bench->disk, i, bench->write, &lane->region, lane,
				      lane_bytes(bench));
			continue;
		}
		if (lane->region.cpu != NULL)
			storage_dma_give(storage, bench->disk, &lane->region);
		manager->memory_give(manager->port_context, lane, lane_bytes(bench));
	}
}

static orion_status
refuse_lanes(struct bench *bench, orion_status status)
{
	if (status == ORION_BUSY) {
		return args_refuse(bench->context, NAME, status,
				   "%s still holds requests that were given up", bench->disk->name);
	}
	if (orion_status_family(status) == ORION_FAMILY_HOST) {
		return args_refuse(bench->context, NAME, status,
				   "no memory for %llu queues of %llu buffers of %s within "
				   "shared_memory_size; lower bs=, depth= or queues=",
				   wide(bench->queues), wide(bench->depth),
				   print_size(bench->bs).s);
	}
	return args_fail(bench->context, NAME, bench->disk, status);
}

static orion_status
lanes_open(struct bench *bench)
{
	for (unsigned i = 0; i < bench->queues; i++) {
		orion_status status = lane_open(bench, i);

		if (status != ORION_OK) {
			lanes_close(bench);
			return refuse_lanes(bench, status);
		}
	}
	return ORION_OK;
}

static void
run_lanes(struct bench *bench, void (*function)(void *argument, unsigned lane))
{
	struct command_context *context = bench->context;

	if (bench->queues == 1 || context->run_on_lanes == NULL) {
		for (unsigned i = 0; i < bench->queues; i++)
			function(bench, i);
		return;
	}
	context->run_on_lanes(context->host, (unsigned)bench->queues, function, bench);
}

/* A device that does not come back: everything in flight is there to be taken. */
static void
recover(struct bench *bench)
{
	if (storage_verdict(bench->disk) != ORION_OK)
		run_lanes(bench, bench_lane_drain);
}

/* ---- figures ---- */

struct totals {
	uint64_t completed, failed, elapsed_ns;
	uint64_t kicks, interrupts, submitted, submit_batches, reaped, reap_batches;
	uint64_t resets, given_back;
	orion_status status;
};

static void
add_up(const struct bench *bench, struct totals *totals)
{
	bool per_queue = vblk_info(bench->disk->device)->irq_mode == VIRTIO_IRQ_PER_QUEUE;
	uint64_t start = UINT64_MAX, end = 0;

	for (unsigned i = 0; i < bench->queues; i++) {
		const struct bench_lane *lane = bench->lanes[i];

		start = lane->start_ns < start ? lane->start_ns : start;
		end = lane->end_ns > end ? lane->end_ns : end;
		totals->completed += lane->completed;
		totals->failed += lane->failed;
		totals->resets += lane->resets;
		totals->given_back += lane->given_back;
		totals->kicks += lane->after.kicks - lane->before.kicks;
		totals->submitted += lane->after.submitted - lane->before.submitted;
		totals->submit_batches += lane->after.submit_batches - lane->before.submit_batches;
		totals->reaped += lane->after.completed - lane->before.completed;
		totals->reap_batches += lane->after.reap_batches - lane->before.reap_batches;
		/* With a shared vector each queue counts all interrupts. */
		if (per_queue || i == 0) {
			totals->interrupts +=
				lane->irq_after.interrupts - lane->irq_before.interrupts;
		}
		if (totals->status == ORION_OK)
			totals->status = lane->status;
		if (i != 0)
			latency_merge(&bench->lanes[0]->latency, &lane->latency);
	}
	totals->elapsed_ns = end > start ? end - start : 1;
}

static void
print_figures(const struct bench *bench, const struct totals *totals)
{
	struct command_context *context = bench->context;
	const struct latency *latency = &bench->lanes[0]->latency;
	const uint64_t second = 1000000000;
	uint64_t good = totals->completed - totals->failed;
	uint64_t iops = print_scale(good, second, totals->elapsed_ns);

	print(context, "%s %s bs=%s depth=%llu queues=%llu seed=%llu%s\n", bench->disk->name,
	      bench->mode, print_exact(bench->bs).s, wide(bench->depth), wide(bench->queues),
	      wide(bench->seed), bench->poll ? " poll" : "");
	print(context, "  %-12s %llu completed in %s s, %llu failed\n", "requests",
	      wide(totals->completed), print_fixed(totals->elapsed_ns / 1000000, 3).s,
	      wide(totals->failed));
	if (totals->resets != 0) {
		print(context, "  %-12s %llu, %llu requests given back and sent again\n", "resets",
		      wide(totals->resets), wide(totals->given_back));
	}
	print(context, "  %-12s %llu\n", "IOPS", wide(iops));
	print(context, "  %-12s %s/s\n", "bandwidth",
	      print_size(print_scale(good * bench->bs, second, totals->elapsed_ns)).s);
	print(context, "  %-12s p50 %s  p99 %s  p99.9 %s  max %s  mean %s\n", "latency us",
	      print_fixed(latency_percentile(latency, 500) / 100, 1).s,
	      print_fixed(latency_percentile(latency, 990) / 100, 1).s,
	      print_fixed(latency_percentile(latency, 999) / 100, 1).s,
	      print_fixed(latency->max_ns / 100, 1).s,
	      latency->count == 0 ? "-" : print_fixed(latency->sum_ns / latency->count / 100, 1).s);
	print(context, "  %-12s kicks %s  interrupts %s\n", "per request",
	      print_ratio(totals->kicks, totals->completed, 3).s,
	      print_ratio(totals->interrupts, totals->completed, 3).s);
	print(context, "  %-12s submitted %s  reaped %s\n", "mean batch",
	      print_ratio(totals->submitted, totals->submit_batches, 1).s,
	      print_ratio(totals->reaped, totals->reap_batches, 1).s);
}

static orion_status
measure(struct bench *bench)
{
	struct totals totals = {.status = ORION_OK};
	orion_status status = lanes_open(bench);

	if (status != ORION_OK)
		return status;
	progress_start(&bench->progress, bench->context, NAME, bench->count, METER_REQUESTS);
	run_lanes(bench, bench_lane_run);
	progress_end(&bench->progress);
	recover(bench);
	add_up(bench, &totals);
	print_figures(bench, &totals);
	lanes_close(bench);
	if (bench->interrupted)
		return args_refuse(bench->context, NAME, COMMAND_INTERRUPTED, "interrupted");
	if (totals.status != ORION_OK)
		return args_fail(bench->context, NAME, bench->disk, totals.status);
	return ORION_OK;
}

static orion_status
run_bench(struct command_context *context, int argc, char **argv)
{
	struct bench bench = {.context = context,
			      .mode = "randread",
			      .random = true,
			      .settled = true,
			      .depth = 32,
			      .count = COUNT_DEFAULT,
			      .seed = 1};
	struct storage_handle *handle;
	orion_status status = args_count(context, NAME, argc, 1, 11, USAGE);

	for (int i = 1; i < argc && status == ORION_OK; i++)
		status = take_word(&bench, argv[i]);
	if (status == ORION_OK) {
		unsigned right = bench.write ? STORAGE_MAY_WRITE : STORAGE_MAY_READ;

		status = args_disk(context, NAME, argv[0], right | STORAGE_MAY_STATS, &handle);
	}
	if (status != ORION_OK)
		return status;
	bench.disk = handle->disk;
	status = check_write(&bench);
	if (status == ORION_OK)
		status = fit_disk(&bench);
	if (status == ORION_OK)
		status = measure(&bench);
	storage_close(context->storage, handle);
	return status;
}

const struct command bench_command = {
	NAME, USAGE,
	"Measures the disk: IOPS, bandwidth, latency.\n"
	"Q lanes work at once, each on its queue with DEPTH requests in flight, until N are done.\n"
	"Without other words: randread, bs=4k (or one block), depth=32, every queue.  depth= is\n"
	"lowered to what a queue holds.  randwrite and write overwrite data and need the word\n"
	"'destroy'.  'poll': never sleep.  resets=R: each lane resets its queue R times on the "
	"way,\n"
	"each time when nothing is in flight there; 'unsettled': it does not wait, and sends "
	"again\n"
	"what was in flight.  QEMU's devices do not survive that: they want a reset of all.",
	run_bench};

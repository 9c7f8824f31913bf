/* SPDX-License-Identifier: MIT */
/* The work of vblk bench: see bench.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "cmd/vblk/bench.h"
#include "cmd/vblk/command.h"
#include "cmd/vblk/place.h"
#include "cmd/vblk/say.h"
#include "cmd/vblk/units.h"
#include "commands/pattern.h"
#include "words/print.h"

#define BATCH 64u
/* A wait of more than a second in vain tells the device again what it has not answered. */
#define LOOK_NS INT64_C(1100000000)
#define NEWS_NS UINT64_C(200000000)     /* how often is looked whether anything came back */
#define GRACE_NS UINT64_C(5000000000)  /* for what is in flight at the end */

/* A number below MOST, by multiplication: the bias is below MOST / 2^64. */
static uint64_t
draw_below(uint64_t *state, uint64_t most)
{
	return (uint64_t)(((__uint128_t)pattern_draw(state) * most) >> 64);
}

/* ---- a lane ---- */

static void
aim(struct lane *lane, struct orion_io *io)
{
	const struct bench *bench = lane->bench;
	uint64_t piece;

	if (bench->random) {
		piece = draw_below(&lane->random, lane->end);
	} else {
		piece = lane->next++;
		if (lane->next == lane->end)
			lane->next = lane->first;
	}
	io->offset = piece * bench->piece_bytes;
	io->operation =
		bench->read_percent == 100 || (bench->read_percent != 0 &&
					       draw_below(&lane->random, 100) < bench->read_percent)
			? ORION_READ
			: ORION_WRITE;
}

static void
note_error(struct lane *lane, const struct orion_io *io, int error)
{
	if (lane->error == 0) {
		lane->error = error;
		lane->error_offset = io->offset;
		lane->error_reading = io->operation == ORION_READ;
	}
	atomic_store(&lane->bench->stop, true);
}

/* Gives the next piece of work to IO. */
static void
make_ready(struct lane *lane, struct orion_io *io)
{
	if (lane->left == 0)
		return;
	lane->left--;
	aim(lane, io);
	lane->ready[lane->ready_count++] = io;
}

/* Submits what is ready.  What the queue has no room for stays: a back end may be away. */
static void
send(struct lane *lane)
{
	unsigned taken = orion_queue_submit(lane->queue, lane->ready, lane->ready_count);
	int why = orion_queue_refusal(lane->queue);

	if (taken < lane->ready_count && why != -EAGAIN)
		note_error(lane, lane->ready[taken], why);
	lane->ready_count -= taken;
	memmove(lane->ready, lane->ready + taken, lane->ready_count * sizeof(*lane->ready));
	if (taken > 0)
		orion_queue_kick(lane->queue);
}

static void *
lane_main(void *argument)
{
	const struct timespec nap = {.tv_nsec = 1000000};
	struct lane *lane = argument;
	struct bench *bench = lane->bench;
	struct orion_io *done[BATCH];
	bool stop;
	unsigned n;

	for (uint64_t i = 0; i < bench->depth; i++)
		make_ready(lane, &lane->ios[i]);
	while (interrupts() < 2 && !atomic_load(&bench->abandon)) {
		stop = atomic_load_explicit(&bench->stop, memory_order_relaxed);
		if (!stop && lane->ready_count > 0)
			send(lane);
		if (orion_queue_in_flight(lane->queue) == 0) {
			if (stop || lane->ready_count == 0)
				break;
			nanosleep(&nap, NULL);
		}
		n = orion_queue_wait(lane->queue, done, BATCH, LOOK_NS);
		for (unsigned i = 0; i < n; i++) {
			if (done[i]->result != 0)
				note_error(lane, done[i], done[i]->result);
			make_ready(lane, done[i]);
		}
	}
	atomic_fetch_sub(&bench->running, 1);
	return NULL;
}

static bool
lane_open(struct lane *lane, struct bench *bench, unsigned index)
{
	uint64_t pieces = bench->disk_bytes / bench->piece_bytes;
	uint64_t seed = bench->seed + index;

	*lane = (struct lane){
		.bench = bench,
		.queue = orion_disk_queue(bench->disk, index),
		.index = index,
		.ios = calloc(bench->depth, sizeof(struct orion_io)),
		.ready = calloc(bench->depth, sizeof(struct orion_io *)),
		.memory = orion_disk_alloc(bench->disk, bench->depth * bench->piece_bytes),
		.random = pattern_draw(&seed),
		.first = bench->random ? 0 : pieces * index / bench->queues,
		.end = bench->random ? pieces : pieces * (index + 1) / bench->queues,
		.left = bench->time_ns != 0 ? UINT64_MAX
					    : bench->count * (index + 1) / bench->queues -
						      bench->count * index / bench->queues,
	};
	lane->next = lane->first;
	/* A back end that takes no more memory gets copies. */
	lane->borrowed = lane->memory == NULL;
	if (lane->borrowed)
		lane->memory = aligned_alloc(4096, (bench->depth * bench->piece_bytes + 4095) /
							   4096 * 4096);
	if (lane->ios == NULL || lane->ready == NULL || lane->memory == NULL)
		return false;
	for (uint64_t i = 0; i < bench->depth; i++) {
		lane->ios[i].buffer = lane->memory + i * bench->piece_bytes;
		lane->ios[i].bytes = (uint32_t)bench->piece_bytes;
	}
	/* What compresses or deduplicates must not look faster. */
	for (uint64_t i = 0; bench->read_percent < 100 && i < bench->depth * bench->piece_bytes;
	     i += sizeof(seed)) {
		seed = pattern_draw(&lane->random);
		memcpy(lane->memory + i, &seed, sizeof(seed));
	}
	return true;
}

/* ---- all lanes ---- */

static uint64_t
cpu_ns(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * UINT64_C(1000000000) +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

/* What all queues have in flight; *COMPLETED: what has come back since the opening. */
static unsigned
look(const struct bench *bench, uint64_t *completed)
{
	struct orion_queue_counters counters;
	struct vblk_queue_stats stats;
	unsigned flying = 0;

	*completed = 0;
	for (unsigned i = 0; i < bench->queues; i++) {
		struct orion_queue *queue = orion_disk_queue(bench->disk, i);

		orion_queue_stats(queue, &stats, &counters);
		flying += orion_queue_in_flight(queue);
		*completed += stats.completed;
	}
	return flying;
}

/* What watch() has seen. */
struct seen {
	struct patience patience;
	uint64_t completed, looked_ns, stopped_ns;
};

/* Says when nothing comes back; false: what is in flight had its time, or nobody wants to wait. */
static bool
is_alive(struct bench *bench, struct seen *seen)
{
	uint64_t completed, now = clock_ns();
	unsigned flying;
	char what[64];

	if (now - seen->looked_ns < NEWS_NS)
		return true;
	seen->looked_ns = now;
	flying = look(bench, &completed);
	if (completed != seen->completed || flying == 0)
		seen->patience = (struct patience){0};
	seen->completed = completed;
	bench->abandoned = flying;
	snprintf(what, sizeof(what), "%u requests in flight", flying);
	if (flying != 0 && !patience_left(&seen->patience, what))
		return false;
	return seen->stopped_ns == 0 || now - seen->stopped_ns < GRACE_NS;
}

/* Sleeps until the time is over, the lanes are done, or a person wants to end. */
static void
watch(struct bench *bench, uint64_t start_ns)
{
	const struct timespec nap = {.tv_nsec = 10000000};
	struct progress progress;
	struct seen seen = {0};
	uint64_t gone;

	progress_start(&progress, "measuring", METER_UNKNOWN, METER_TIME, false);
	while (atomic_load(&bench->running) > 0) {
		gone = clock_ns() - start_ns;
		if (interrupts() > 0)
			bench->interrupted = true;
		if (bench->interrupted || (bench->time_ns != 0 && gone >= bench->time_ns))
			atomic_store(&bench->stop, true);
		if (seen.stopped_ns == 0 && atomic_load(&bench->stop))
			seen.stopped_ns = clock_ns();
		if (!is_alive(bench, &seen))
			atomic_store(&bench->abandon, true);
		progress_show(&progress, gone);
		nanosleep(&nap, NULL);
	}
	progress_end(&progress);
	if (!atomic_load(&bench->abandon) && interrupts() < 2)
		bench->abandoned = 0;
}

static void
collect(struct bench *bench, const struct lane *lane)
{
	struct vblk_queue_stats stats;
	struct orion_queue_counters counters;

	orion_queue_stats(lane->queue, &stats, &counters);
	bench->stats.completed += stats.completed;
	bench->stats.failed += stats.failed;
	bench->stats.kicks += stats.kicks;
	bench->stats.latency_ticks += stats.latency_ticks;
	if (stats.latency_max_ticks > bench->stats.latency_max_ticks)
		bench->stats.latency_max_ticks = stats.latency_max_ticks;
	for (unsigned b = 0; b < ORION_LATENCY_BUCKETS; b++)
		bench->stats.latency[b] += stats.latency[b];
	bench->counters.sleeps += counters.sleeps;
	bench->counters.replayed += counters.replayed;
	bench->bytes = bench->stats.completed * bench->piece_bytes;
	if (lane->error == 0)
		return;
	/* All queues tell of the same trouble: once is enough. */
	if (bench->failed)
		return;
	bench->failed = true;
	trouble("%s: %s at offset %llu failed: %s", bench->url,
		lane->error_reading ? "reading" : "writing", (unsigned long long)lane->error_offset,
		place_disk_words(lane->error));
}

static int
start(struct bench *bench, struct lane *lanes)
{
	int result = 0;

	atomic_store(&bench->running, (unsigned)bench->queues);
	for (unsigned i = 0; i < bench->queues; i++) {
		if (result == 0)
			result = pthread_create(&lanes[i].thread, NULL, lane_main, &lanes[i]);
		if (result != 0) {
			atomic_store(&bench->stop, true);
			atomic_fetch_sub(&bench->running, 1);
			lanes[i].queue = NULL;
		}
	}
	return result;
}

int
bench_run(struct bench *bench)
{
	struct lane *lanes = calloc(bench->queues, sizeof(*lanes));
	uint64_t start_ns, start_cpu_ns;
	int result;

	if (lanes == NULL)
		abort();
	bench->lanes = lanes;
	for (unsigned i = 0; i < bench->queues; i++) {
		if (!lane_open(&lanes[i], bench, i))
			return trouble("no memory for %llu buffers of %s a queue",
				       (unsigned long long)bench->depth,
				       print_size(bench->piece_bytes).s);
	}
	start_cpu_ns = cpu_ns();
	start_ns = clock_ns();
	result = start(bench, lanes);
	watch(bench, start_ns);
	for (unsigned i = 0; i < bench->queues; i++) {
		if (lanes[i].queue != NULL)
			pthread_join(lanes[i].thread, NULL);
	}
	bench->elapsed_ns = clock_ns() - start_ns;
	bench->cpu_ns = cpu_ns() - start_cpu_ns;
	for (unsigned i = 0; i < bench->queues; i++) {
		if (lanes[i].queue != NULL)
			collect(bench, &lanes[i]);
	}
	if (result != 0)
		return trouble("no thread for a queue: %s", strerror(result));
	if (bench->abandoned > 0 && interrupts() < 2) {
		bench->failed = true;
		trouble("%s: %u requests did not come back", bench->url, bench->abandoned);
	}
	return bench->failed ? STATUS_TROUBLE : bench->interrupted ? STATUS_INTERRUPTED : STATUS_OK;
}

void
bench_free(struct bench *bench)
{
	for (unsigned i = 0; bench->lanes != NULL && i < bench->queues; i++) {
		free(bench->lanes[i].ios);
		free(bench->lanes[i].ready);
		if (bench->lanes[i].borrowed)
			free(bench->lanes[i].memory);
	}
	free(bench->lanes);
	bench->lanes = NULL;
}

double
bench_ns(uint64_t ticks)
{
	return (double)ticks * 1e9 / (double)orion_ticks_per_second();
}

double
bench_latency_ns(const struct bench *bench, unsigned thousandths)
{
	double most = bench_ns(bench->stats.latency_max_ticks), edge;

	/* A bucket's upper edge may lie above the greatest time that it holds. */
	edge = bench_ns(orion_stats_percentile(bench->stats.latency, thousandths));
	return thousandths == 1000 || edge > most ? most : edge;
}

/* SPDX-License-Identifier: MIT */
/* What one lane of a bench does: keep DEPTH requests in flight until it is done.  See bench.h. */
#include "commands/bench.h"

#include <string.h>

#include "commands/pattern.h"

#define SETUP_NS UINT64_C(100000)
#define SETUP_MOST_NS UINT64_C(60000000000) /* a reset of each of 16 queues takes less */

unsigned
bench_lane_in_flight(const struct bench_lane *lane)
{
	return (unsigned)lane->bench->work.depth - lane->free_count - lane->ready_count;
}

static uint64_t
now_ns(const struct bench_lane *lane)
{
	return lane->bench->home->now_ns(lane->bench);
}

void
bench_failed(struct bench_lane *lane, int error, bool ends)
{
	if (lane->error == 0)
		lane->error = error;
	if (ends)
		__atomic_store_n(&lane->bench->stop, BENCH_EARLY, __ATOMIC_RELAXED);
}

void
bench_look(struct bench *bench, uint64_t since_ns, bool interrupted)
{
	uint64_t time_ns = bench->work.time_ns;
	enum bench_stop stop = bench_stops(bench);

	bench->interrupted = bench->interrupted || interrupted;
	if (bench->interrupted)
		stop = BENCH_EARLY;
	else if (stop == BENCH_GOES_ON && time_ns != 0 && since_ns >= time_ns)
		stop = BENCH_TIME_OVER;
	else
		return;
	__atomic_store_n(&bench->stop, stop, __ATOMIC_RELAXED);
}

/* ---- requests ---- */

static bool
reads_next(struct bench_lane *lane)
{
	uint64_t reads = lane->bench->work.reads;

	return reads == 100 || (reads != 0 && pattern_draw(&lane->random) % 100 < reads);
}

/* Gives its next piece of work to IO. */
static void
aim(struct bench_lane *lane, struct orion_io *io)
{
	const struct bench *bench = lane->bench;
	uint64_t unit = lane->next;

	if (bench->work.random)
		unit = pattern_draw(&lane->random) % bench->units;
	else
		lane->next = unit + 1 == lane->end ? lane->first : unit + 1;
	io->offset = unit * bench->work.bytes;
	io->operation = reads_next(lane) ? ORION_READ : ORION_WRITE;
}

/* What was not taken the last time is there already: the run touches the same units anyhow. */
static void
make_ready(struct bench_lane *lane)
{
	while (lane->ready_count < BENCH_BATCH && lane->free_count != 0 &&
	       lane->aimed != lane->quota) {
		struct orion_io *io = &lane->free[--lane->free_count]->io;

		aim(lane, io);
		lane->ready[lane->ready_count++] = io;
		lane->aimed++;
	}
}

/* Submits one batch.  Returns how many the lane took. */
static unsigned
submit_batch(struct bench_lane *lane)
{
	unsigned count, taken;
	uint64_t now;
	int why = 0;

	make_ready(lane);
	count = lane->ready_count < BENCH_BATCH ? lane->ready_count : BENCH_BATCH;
	if (count == 0)
		return 0;
	now = now_ns(lane);
	taken = lane->bench->home->submit(lane, lane->ready, count, &why);
	for (unsigned i = 0; i < taken; i++) {
		struct bench_slot *slot = lane->ready[i]->user;

		slot->start_ns = slot->start_ns != 0 ? slot->start_ns : now;
		slot->flying = true;
	}
	lane->ready_count -= taken;
	memmove(lane->ready, lane->ready + taken, lane->ready_count * sizeof(struct orion_io *));
	if (why != 0)
		bench_failed(lane, why, true);
	return taken;
}

/* COUNT requests are the lane's again.  LIVE: the device did them. */
static void
take_back(struct bench_lane *lane, struct orion_io *const *done, unsigned count, bool live)
{
	uint64_t now = now_ns(lane);

	for (unsigned i = 0; i < count; i++) {
		struct bench_slot *slot = done[i]->user;

		if (done[i]->result != 0) {
			lane->bench->home->failed(lane, done[i]);
			bench_failed(lane, done[i]->result, false);
			lane->failed += live;
		} else if (live) {
			latency_add(&lane->latency, now - slot->start_ns);
		}
		slot->start_ns = 0;
		slot->flying = false;
		lane->free[lane->free_count++] = slot;
	}
	lane->completed += live ? count : 0;
}

void
bench_lane_drain(void *argument, unsigned index)
{
	struct bench_lane *lane = ((struct bench *)argument)->lanes[index];
	struct orion_io *done[BENCH_BATCH];
	int count;

	while ((count = lane->bench->home->reap(lane, done, BENCH_BATCH, false)) > 0)
		take_back(lane, done, (unsigned)count, false);
}

unsigned
bench_lane_abandon(struct bench_lane *lane)
{
	unsigned count = 0;

	for (uint64_t i = 0; i < lane->bench->work.depth; i++) {
		if (!lane->slots[i].flying)
			continue;
		lane->bench->home->failed(lane, &lane->slots[i].io);
		count++;
	}
	return count;
}

/* ---- resets ---- */

/* What the driver's header calls setup is for one lane at a time.  False: not any more. */
static bool
setup_enter(struct bench_lane *lane)
{
	struct bench *bench = lane->bench;
	uint64_t since_ns = now_ns(lane);

	while (__atomic_exchange_n(&bench->setup, 1, __ATOMIC_ACQUIRE) != 0) {
		if (bench_stops(bench) == BENCH_EARLY)
			return false;
		if (now_ns(lane) - since_ns > SETUP_MOST_NS) {
			bench_failed(lane, bench->home->late, true);
			return false;
		}
		bench->home->pause(lane, SETUP_NS);
	}
	return true;
}

/* Whether the lane is far enough for its next reset: they are spread over its quota. */
static bool
reset_due(const struct bench_lane *lane)
{
	uint64_t resets = lane->bench->work.resets;

	return lane->resets < resets &&
	       lane->aimed > lane->quota / (resets + 1) * (lane->resets + 1);
}

/* Resets the lane's queue; what was in flight is to be sent again. */
static void
reset_queue(struct bench_lane *lane)
{
	struct bench *bench = lane->bench;
	unsigned count = 0;
	int error;

	if (!setup_enter(lane))
		return;
	error = bench->home->reset(lane, lane->ready + lane->ready_count, &count);
	__atomic_store_n(&bench->setup, 0, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < count; i++)
		((struct bench_slot *)lane->ready[lane->ready_count + i]->user)->flying = false;
	lane->ready_count += count;
	lane->given_back += count;
	lane->resets++;
	if (error != 0)
		bench_failed(lane, error, true);
}

/* ---- the run ---- */

/* One round; false: there is no sense in another. */
static bool
step(struct bench_lane *lane)
{
	struct bench *bench = lane->bench;
	bool stops = bench_stops(bench) != BENCH_GOES_ON, due = !stops && reset_due(lane);
	struct orion_io *done[BENCH_BATCH];
	unsigned moved = 0;
	int count;

	if (!stops && !(due && bench->work.settled))
		moved = submit_batch(lane);
	if (due && (!bench->work.settled || bench_lane_in_flight(lane) == 0))
		reset_queue(lane);
	count = bench->home->reap(lane, done, BENCH_BATCH, moved == 0);
	if (count > 0)
		take_back(lane, done, (unsigned)count, true);
	if (bench->home->look != NULL)
		bench->home->look(lane);
	return count >= 0;
}

void
bench_lane_run(void *argument, unsigned index)
{
	struct bench *bench = argument;
	struct bench_lane *lane = bench->lanes[index];

	lane->start_ns = now_ns(lane);
	while (bench_lane_in_flight(lane) != 0 ||
	       (bench_stops(bench) == BENCH_GOES_ON &&
		(lane->ready_count != 0 || lane->aimed != lane->quota))) {
		if (!step(lane)) {
			bench_failed(lane, 0, true);
			break;
		}
	}
	lane->end_ns = now_ns(lane);
}

size_t
bench_lane_bytes(const struct bench *bench)
{
	return (size_t)bench->work.depth * (sizeof(struct bench_slot) + 2 * sizeof(void *));
}

void
bench_lane_init(struct bench_lane *lane, struct bench *bench, unsigned index, void *memory,
		unsigned char *buffers, size_t stride)
{
	const struct bench_work *work = &bench->work;
	uint64_t queues = work->queues, seed = work->seed + index;
	size_t bytes = (size_t)(stride != 0 ? stride * work->depth : work->bytes);

	lane->bench = bench;
	lane->index = index;
	lane->slots = memory;
	lane->free = (struct bench_slot **)(void *)(lane->slots + work->depth);
	lane->ready = (struct orion_io **)(void *)(lane->free + work->depth);
	for (uint64_t i = work->depth; i-- > 0;) {
		lane->slots[i].io = (struct orion_io){
			.buffer = buffers + i * stride,
			.bytes = (uint32_t)work->bytes,
			.user = &lane->slots[i],
		};
		lane->free[lane->free_count++] = &lane->slots[i];
	}
	lane->quota = work->count == 0
			      ? UINT64_MAX
			      : work->count * (index + 1) / queues - work->count * index / queues;
	lane->random = pattern_draw(&seed);
	lane->first = bench->units * index / queues;
	lane->end = bench->units * (index + 1) / queues;
	if (lane->end == lane->first)
		lane->end++;
	lane->next = lane->first;
	/* What compresses or deduplicates must not look faster. */
	if (work->reads < 100)
		pattern_fill(work->seed, (uint64_t)index * bytes, buffers, bytes);
}

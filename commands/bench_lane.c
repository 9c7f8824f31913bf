/* SPDX-License-Identifier: MIT */
/* What one lane of disk bench does: keep DEPTH requests in flight until its quota is done. */
#include <string.h>

#include "commands/args.h"
#include "commands/bench.h"
#include "commands/pattern.h"

#define POLL_NS UINT64_C(20000)
#define SETUP_NS UINT64_C(100000)
#define CHECK_NS UINT64_C(20000000)
#define LEAVE_NS UINT64_C(1000000000) /* for what is in flight when the run ends early */

unsigned
bench_lane_in_flight(const struct bench_lane *lane)
{
	return (unsigned)lane->bench->depth - lane->free_count;
}

static void
stop_all(struct bench *bench)
{
	__atomic_store_n(&bench->stop, 1, __ATOMIC_RELAXED);
}

static bool
stopped(const struct bench *bench)
{
	return __atomic_load_n(&bench->stop, __ATOMIC_RELAXED) != 0;
}

static void
note_failure(struct bench_lane *lane, orion_status status)
{
	if (lane->status == ORION_OK)
		lane->status = status;
}

/* The unit of BS bytes that the next request is about. */
static uint64_t
next_unit(struct bench_lane *lane)
{
	if (lane->bench->random) {
		lane->random += UINT64_C(0x9e3779b97f4a7c15);
		return pattern_mix(lane->random) % lane->bench->units;
	}

	uint64_t unit = lane->first + lane->next;

	lane->next = lane->next + 1 == lane->span ? 0 : lane->next + 1;
	return unit;
}

/* Submits one batch.  Returns how many the lane took. */
static unsigned
submit_batch(struct bench_lane *lane)
{
	const struct bench *bench = lane->bench;
	struct orion_io *ios[BENCH_BATCH];
	unsigned count = lane->free_count < BENCH_BATCH ? lane->free_count : BENCH_BATCH;
	uint64_t left = stopped(bench) ? 0 : lane->quota - lane->submitted;

	count = count < left ? count : (unsigned)left;
	if (count == 0)
		return 0;

	uint64_t now = clock_ns(bench->context);
	uint64_t next = lane->next, random = lane->random;

	for (unsigned i = 0; i < count; i++) {
		struct bench_slot *slot = lane->free[lane->free_count - 1 - i];

		slot->start_ns = now;
		slot->io.offset = next_unit(lane) * bench->bs;
		ios[i] = &slot->io;
	}

	unsigned taken = storage_submit(lane->its, ios, count);

	if (taken < count) {
		orion_status why = (orion_status)lane->its->refusal;

		/*
		 * Those not taken come again: the run has to touch the same units however it went.
		 */
		lane->next = next;
		lane->random = random;
		for (unsigned i = 0; i < taken; i++)
			(void)next_unit(lane);
		if (why != ORION_NO_ROOM) {
			note_failure(lane, why);
			stop_all(lane->bench);
		}
	}
	lane->free_count -= taken;
	lane->submitted += taken;
	if (taken != 0)
		storage_kick(lane->its);
	return taken;
}

/* Something moved: the wait begins anew. */
static void
note_progress(struct bench_lane *lane)
{
	struct bench *bench = lane->bench;

	storage_answered(bench->context->storage, bench->disk, lane->index, &lane->wait);
}

void
bench_lane_count_failure(struct bench_lane *lane)
{
	struct bench *bench = lane->bench;
	struct storage_account *its = &bench->disk->lanes[lane->index];

	(void)__atomic_add_fetch(bench->write ? &its->failed_bytes_written
					      : &its->failed_bytes_read,
				 bench->bs, __ATOMIC_RELAXED);
}

static void
note_result(struct bench_lane *lane, orion_status result)
{
	orion_status verdict = storage_verdict(lane->bench->disk);

	/* Of a disk that failed every other request will be the same. */
	if (verdict != ORION_OK)
		stop_all(lane->bench);
	note_failure(lane, verdict != ORION_OK ? verdict : result);
}

static unsigned
reap_batch(struct bench_lane *lane, bool live)
{
	struct orion_io *done[BENCH_BATCH];
	unsigned count = storage_reap(lane->its, done, BENCH_BATCH);

	if (count == 0)
		return 0;

	note_progress(lane);

	uint64_t now = lane->wait.progress_ns;

	for (unsigned i = 0; i < count; i++) {
		struct bench_slot *slot = done[i]->user;

		lane->free[lane->free_count++] = slot;
		if (done[i]->result != ORION_OK) {
			bench_lane_count_failure(lane);
			lane->failed += live;
			note_result(lane, (orion_status)done[i]->result);
		} else if (live) {
			latency_add(&lane->latency, now - slot->start_ns);
		}
	}
	/* What comes back from a stopped device was given up, not done. */
	lane->completed += live ? count : 0;
	return count;
}

/* ---- resets ---- */

/* What the driver's header calls setup is for one lane at a time. */
static void
setup_enter(const struct bench_lane *lane)
{
	struct bench *bench = lane->bench;
	const struct storage_host *host = &bench->context->storage->host;

	while (__atomic_exchange_n(&bench->setup, 1, __ATOMIC_ACQUIRE) != 0)
		host->idle(host->port_context, lane->index, SETUP_NS);
}

static void
setup_leave(const struct bench_lane *lane)
{
	__atomic_store_n(&lane->bench->setup, 0, __ATOMIC_RELEASE);
}

/* Whether the lane is far enough for its next reset: they are spread over its quota. */
static bool
reset_due(const struct bench_lane *lane)
{
	uint64_t resets = lane->bench->resets;

	return lane->resets < resets && lane->again_count == 0 &&
	       lane->submitted > lane->quota / (resets + 1) * (lane->resets + 1);
}

/* Resets the lane's queue; what was in flight is to be sent again. */
static void
reset_queue(struct bench_lane *lane)
{
	struct bench *bench = lane->bench;
	orion_status status;
	unsigned count;

	setup_enter(lane);
	status = vblk_queue_stop(lane->queue);
	while (status == ORION_OK &&
	       (count = storage_reap(lane->its, lane->again + lane->again_count, BENCH_BATCH)) != 0)
		lane->again_count += count;
	if (status == ORION_OK)
		status = vblk_queue_start(lane->queue);
	setup_leave(lane);
	lane->resets++;
	lane->given_back += lane->again_count;
	note_progress(lane);
	if (status != ORION_OK) {
		note_failure(lane, status);
		stop_all(bench);
	}
}

/* Submits what a reset gave back.  Returns how many the queue took. */
static unsigned
submit_again(struct bench_lane *lane)
{
	unsigned taken = 0;

	while (lane->again_count > 0 &&
	       storage_submit(lane->its, &lane->again[lane->again_count - 1], 1) == 1) {
		lane->again_count--;
		taken++;
	}
	if (taken != 0)
		storage_kick(lane->its);
	return taken;
}

/* Progress and Ctrl-C, now and then; only lane 0 may call the console. */
static void
look_around(struct bench_lane *lane)
{
	struct bench *bench = lane->bench;
	uint64_t now;

	if (lane->index != 0)
		return;
	now = clock_ns(bench->context);
	if (now - lane->checked_ns < CHECK_NS)
		return;
	lane->checked_ns = now;
	progress_show(&bench->progress, lane->completed * bench->queues);
	if (!bench->interrupted && args_interrupted(bench->context)) {
		bench->interrupted = true;
		stop_all(bench);
	}
}

/* Nothing moved: poll for a moment, then sleep.  False when there is no sense in waiting on. */
static bool
wait_more(struct bench_lane *lane)
{
	const struct bench *bench = lane->bench;
	struct storage *storage = bench->context->storage;
	uint64_t late_ns = clock_ns(bench->context) - lane->wait.progress_ns;
	orion_status status;

	if (late_ns < POLL_NS)
		return true;
	status = storage_unanswered(storage, bench->disk, lane->index, &lane->wait);
	if (status == ORION_OK && stopped(bench) && late_ns > LEAVE_NS)
		status = ORION_TIMED_OUT;
	if (status != ORION_OK) {
		note_failure(lane, status);
		return false;
	}
	if (!bench->poll)
		storage_sleep(storage, bench->disk, lane->index);
	return true;
}

void
bench_lane_run(void *argument, unsigned index)
{
	struct bench *bench = argument;
	struct bench_lane *lane = bench->lanes[index];

	vblk_queue_stats(lane->queue, &lane->before, &lane->irq_before);
	lane->start_ns = lane->end_ns = clock_ns(bench->context);
	lane->status = storage_claim(bench->context->storage, bench->disk, index);
	lane->after = lane->before;
	lane->irq_after = lane->irq_before;
	if (lane->status != ORION_OK) {
		stop_all(bench);
		return;
	}
	lane->claimed = true;
	storage_wait_begin(bench->context->storage, &lane->wait);
	lane->checked_ns = lane->start_ns;
	while (bench_lane_in_flight(lane) != 0 ||
	       (lane->submitted != lane->quota && !stopped(bench))) {
		bool due = reset_due(lane);
		unsigned moved = 0;

		if (lane->again_count != 0)
			moved = submit_again(lane);
		else if (!due || !bench->settled)
			moved = submit_batch(lane);
		if (due && (!bench->settled || bench_lane_in_flight(lane) == 0))
			reset_queue(lane);
		moved += reap_batch(lane, true);
		look_around(lane);
		if (moved == 0 && !wait_more(lane)) {
			stop_all(bench);
			break;
		}
	}
	lane->end_ns = clock_ns(bench->context);
	vblk_queue_stats(lane->queue, &lane->after, &lane->irq_after);
	if (bench_lane_in_flight(lane) != 0)
		return;
	lane->claimed = false;
	storage_unclaim(bench->context->storage, bench->disk, index);
}

void
bench_lane_drain(void *argument, unsigned index)
{
	struct bench *bench = argument;
	struct bench_lane *lane = bench->lanes[index];

	if (!lane->claimed)
		return;
	while (reap_batch(lane, false) != 0) {
	}
	if (bench_lane_in_flight(lane) != 0)
		return;
	lane->claimed = false;
	storage_unclaim(bench->context->storage, bench->disk, index);
}

/* SPDX-License-Identifier: MIT */
/* src/blk/recover.c: the latch keeps its first cause; stop gives everything back exactly once. */
#include <limits.h>

#include "desk_blk.h"

static const struct test_axis *const kinds[] = {&blk_kinds, NULL};

static struct blk_bench *
begin(unsigned in_flight)
{
	struct blk_bench *bench = blk_bench_make(blk_kind_features() | FLUSH_F);

	blk_bench_open(bench);
	for (unsigned i = 0; i < in_flight; i++) {
		struct vblk_request request = blk_request(VBLK_READ, i, 1, 512);

		blk_send(bench, &request);
	}
	return bench;
}

TEST_AXES(blk_recover__first_cause_stays, kinds, NULL)
{
	struct blk_bench *bench = begin(1);

	vblk_break(bench->queue, VBLK_CAUSE_INDEX_LEAP, 5);
	vblk_break(bench->queue, VBLK_CAUSE_ID_RANGE, 6);
	EXPECT_EQ(vblk_cause_get(bench->world->device), VBLK_CAUSE_INDEX_LEAP);
	EXPECT_EQ(bench->fake->reports[ORION_EVENT_DEVICE_BROKEN], 1);
	EXPECT_EQ(bench->fake->report[ORION_EVENT_DEVICE_BROKEN][2], 5);
	EXPECT_EQ(bench->fake->report_level[ORION_EVENT_DEVICE_BROKEN], ORION_LEVEL_ERROR);
}

/* All that was in flight comes back, in pieces of any size, each once. */
TEST_AXES(blk_recover__drains_exactly_once, kinds, NULL)
{
	for (unsigned at_once = 1; at_once <= 7; at_once++) {
		struct blk_bench *bench = begin(6);
		struct vblk_completion done[16];
		struct vblk_queue_stats stats;
		struct vblk_irq_stats irq;
		unsigned got = 0, now;

		EXPECT(blk_pop(bench));
		blk_complete(bench, &bench->chain, 0, 513);
		EXPECT_EQ(blk_reap_one(bench).cookie, 1000);
		EXPECT_EQ(vblk_stop(bench->world->device), ORION_OK);
		EXPECT_EQ(vblk_state_get(bench->world->device), VBLK_STOPPED);
		/* No sleep on a queue that nobody will be woken for. */
		EXPECT_EQ(vblk_arm(bench->queue), false);
		while ((now = vblk_reap(bench->queue, done + got, at_once)) > 0)
			got += now;
		EXPECT_EQ(got, 5);
		EXPECT_EQ(vblk_arm(bench->queue), false);
		for (unsigned i = 0; i < 5; i++) {
			EXPECT_EQ(done[i].result, ORION_OUTCOME_UNKNOWN);
			EXPECT_EQ(done[i].value, 0);
			for (unsigned j = 0; j < i; j++)
				EXPECT(done[i].cookie != done[j].cookie);
		}
		vblk_queue_stats(bench->queue, &stats, &irq);
		EXPECT_EQ(stats.submitted, 6);
		EXPECT_EQ(stats.completed, 6);
		EXPECT_EQ(stats.failed, 5);
		EXPECT_EQ(vblk_in_flight(bench->queue), 0);
		vblk_close(bench->world->device);
		fake_expect_empty(bench->world);
	}
}

/* What the device completes after the stop counts no more. */
TEST_AXES(blk_recover__late_completions_are_not_seen, kinds, NULL)
{
	struct blk_bench *bench = begin(1);
	struct vblk_completion done[2];

	EXPECT(blk_pop(bench));
	EXPECT_EQ(vblk_stop(bench->world->device), ORION_OK);
	blk_complete(bench, &bench->chain, 0, 513);
	EXPECT_EQ(vblk_reap(bench->queue, done, 2), 1);
	EXPECT_EQ(done[0].result, ORION_OUTCOME_UNKNOWN);
}

TEST_AXES(blk_recover__stopped_takes_nothing, kinds, NULL)
{
	struct blk_bench *bench = begin(0);
	struct vblk_request request = blk_request(VBLK_READ, 1, 1, 512);

	EXPECT_EQ(vblk_stop(bench->world->device), ORION_OK);
	EXPECT_EQ(vblk_stop(bench->world->device), ORION_OK);
	EXPECT_EQ(vblk_submit(bench->queue, &request, 1), 0);
	EXPECT_EQ(vblk_refusal(bench->queue), ORION_WRONG_STATE);
	EXPECT_EQ(vblk_kick(bench->queue), false);
	EXPECT_EQ(bench->fake->kicks, 0);
	EXPECT_EQ(vblk_open(bench->world->device, bench->world->more, bench->world->bytes),
		  ORION_WRONG_STATE);
}

/* The reset is never seen to complete: requests come back all the same, memory does not. */
TEST_AXES(blk_recover__a_reset_that_does_not_complete, kinds, NULL)
{
	struct blk_bench *bench = begin(3);
	struct vblk_completion done[4];

	bench->fake->reset_reads = UINT_MAX;
	bench->fake->reset_sticks = 15;
	EXPECT_EQ(vblk_stop(bench->world->device), ORION_TIMED_OUT);
	EXPECT_EQ(vblk_state_get(bench->world->device), VBLK_DEAD);
	EXPECT_EQ(vblk_reap(bench->queue, done, 4), 3);
	vblk_close(bench->world->device);
	EXPECT_EQ(bench->fake->regions_live, 1);
	EXPECT_EQ(bench->world->budget.quarantined, bench->fake->regions[0].bytes);
}

/* Dead, but a later reset completes: then the memory is ours again. */
TEST_AXES(blk_recover__a_reset_that_completes_at_last, kinds, NULL)
{
	struct blk_bench *bench = begin(1);

	bench->fake->reset_reads = UINT_MAX;
	bench->fake->reset_sticks = 15;
	EXPECT_EQ(vblk_stop(bench->world->device), ORION_TIMED_OUT);
	bench->fake->reset_reads = 0;
	EXPECT_EQ(vblk_stop(bench->world->device), ORION_OK);
	vblk_close(bench->world->device);
	fake_expect_empty(bench->world);
	EXPECT_EQ(bench->world->budget.quarantined, 0);
}

TEST_AXES(blk_recover__gone, kinds, NULL)
{
	struct blk_bench *bench = begin(2);
	struct vblk_completion done[4];

	bench->fake->gone = true;
	EXPECT_EQ(vblk_stop(bench->world->device), ORION_DEVICE_GONE);
	EXPECT_EQ(vblk_reap(bench->queue, done, 4), 2);
	EXPECT_EQ(vblk_state_get(bench->world->device), VBLK_DEAD);
	vblk_close(bench->world->device);
	EXPECT_EQ(vblk_stop(bench->world->device), ORION_WRONG_STATE);
	EXPECT_EQ(bench->fake->regions_live, 1);
}

/*
 * The host knows that the device is dead: nothing counts that it may have written last, and the
 * device is not asked for a reset.
 */
TEST_AXES(blk_recover__abandoned_gives_all_back, kinds, NULL)
{
	struct blk_bench *bench = begin(3);
	struct vblk_request request = blk_request(VBLK_READ, 1, 1, 512);
	struct vblk_completion done[4];

	EXPECT(blk_pop(bench));
	blk_complete(bench, &bench->chain, 0, 513);
	vblk_queue_abandon(bench->queue);
	EXPECT_EQ(vblk_submit(bench->queue, &request, 1), 0);
	EXPECT_EQ(vblk_refusal(bench->queue), ORION_WRONG_STATE);
	EXPECT_EQ(vblk_reap(bench->queue, done, 4), 3);
	for (unsigned i = 0; i < 3; i++)
		EXPECT_EQ(done[i].result, ORION_OUTCOME_UNKNOWN);
	EXPECT_EQ(vblk_in_flight(bench->queue), 0);
	EXPECT_EQ(vblk_reap(bench->queue, done, 4), 0);
	EXPECT_EQ(vblk_state_get(bench->world->device), VBLK_LIVE);
	vblk_close(bench->world->device);
	fake_expect_empty(bench->world);
}

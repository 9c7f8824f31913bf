/* SPDX-License-Identifier: MIT */
/* src/blk/recover.c, one queue: reset by itself under load, given back exactly once, used again. */
#include <limits.h>

#include "desk_blk.h"

#define RESET_F BIT(40)
#define DATA_F BIT(38)
#define IN_ORDER_F BIT(35)

static const struct test_axis orders = {"order", {"any", "in"}};
static const struct test_axis *const axes[] = {&blk_kinds, &orders, NULL};
static const struct test_axis *const kinds[] = {&blk_kinds, NULL};

static struct blk_bench *
begin(uint64_t features, unsigned in_flight)
{
	struct blk_bench *bench = blk_bench_make(blk_kind_features() | FLUSH_F | features);

	blk_bench_open(bench);
	for (unsigned i = 0; i < in_flight; i++) {
		struct vblk_request request = blk_request(VBLK_READ, i, 1, 512);

		blk_send(bench, &request);
	}
	return bench;
}

/* Reaps all, each of COUNT requests from cookie 1000 once and with no claim of success. */
static void
expect_given_back(struct blk_bench *bench, unsigned count)
{
	struct vblk_completion done[3];
	uint64_t seen = 0;
	unsigned got = 0, now;

	while ((now = vblk_reap(bench->queue, done, 3)) > 0) {
		for (unsigned i = 0; i < now; i++) {
			uint64_t bit = BIT(done[i].cookie - 1000);

			EXPECT_EQ(done[i].result, ORION_OUTCOME_UNKNOWN);
			EXPECT(done[i].cookie >= 1000 && (seen & bit) == 0);
			seen |= bit;
		}
		got += now;
	}
	EXPECT_EQ(got, count);
	EXPECT_EQ(seen, BIT(count) - 1);
	EXPECT_EQ(vblk_in_flight(bench->queue), 0);
}

static void
expect_works(struct blk_bench *bench)
{
	for (unsigned i = 0; i < 200; i++) {
		struct vblk_request request = blk_request(i % 2, i, 1 + i % 2, 512);

		blk_send(bench, &request);
		EXPECT(blk_pop(bench));
		EXPECT_EQ(blk_sector(bench, &bench->chain), i);
		EXPECT_EQ(blk_type(bench, &bench->chain), i % 2);
		blk_complete(bench, &bench->chain, 0, 1);
		EXPECT_EQ(blk_reap_one(bench).cookie, 1000 + i);
	}
}

TEST_AXES(blk_restart__under_load, axes, NULL)
{
	struct blk_bench *bench = begin(RESET_F | (test_choice(&orders) ? IN_ORDER_F : 0), 6);

	for (unsigned round = 0; round < 3; round++) {
		struct vblk_request request = blk_request(VBLK_READ, 3, 1, 512);

		bench->fake->queue_reset_reads = round * 5;
		EXPECT_EQ(vblk_queue_start(bench->queue), ORION_WRONG_STATE);
		EXPECT_EQ(vblk_queue_stop(bench->queue), ORION_OK);
		EXPECT_EQ(bench->fake->enabled[0], false);
		EXPECT_EQ(vblk_state_get(bench->world->device), VBLK_LIVE);
		EXPECT_EQ(vblk_queue_stop(bench->queue), ORION_WRONG_STATE);
		EXPECT_EQ(vblk_submit(bench->queue, &request, 1), 0);
		EXPECT_EQ(vblk_refusal(bench->queue), ORION_WRONG_STATE);
		EXPECT_EQ(vblk_kick(bench->queue), false);
		EXPECT_EQ(vblk_arm(bench->queue), false);
		EXPECT_EQ(vblk_queue_start(bench->queue), ORION_WRONG_STATE);
		expect_given_back(bench, 6);
		EXPECT_EQ(vblk_queue_start(bench->queue), ORION_OK);
		EXPECT_EQ(bench->fake->setup[0].vector, 1);
		bench->hand = fake_hand(bench->world, 0);
		expect_works(bench);
		for (unsigned i = 0; i < 6; i++) {
			request = blk_request(VBLK_WRITE, i, 1, 512);
			blk_send(bench, &request);
		}
	}
	EXPECT_EQ(bench->fake->reports[ORION_EVENT_QUEUE_RESET], 3);
	EXPECT_EQ(bench->fake->report[ORION_EVENT_QUEUE_RESET][2], 6);
}

/* A latched queue needs no reset of the whole device. */
TEST_AXES(blk_restart__after_a_lie, axes, NULL)
{
	struct blk_bench *bench = begin(RESET_F | (test_choice(&orders) ? IN_ORDER_F : 0), 4);
	struct vblk_completion done;

	EXPECT(blk_pop(bench));
	hand_push(&bench->hand, 999, 1, bench->chain.slots);
	EXPECT_EQ(vblk_reap(bench->queue, &done, 1), 0);
	EXPECT_EQ(vblk_state_get(bench->world->device), VBLK_BROKEN);
	EXPECT_EQ(vblk_queue_stop(bench->queue), ORION_OK);
	expect_given_back(bench, 4);
	EXPECT_EQ(vblk_queue_start(bench->queue), ORION_OK);
	EXPECT_EQ(vblk_state_get(bench->world->device), VBLK_LIVE);
	EXPECT_EQ(vblk_cause_get(bench->world->device), VBLK_CAUSE_NONE);
	bench->hand = fake_hand(bench->world, 0);
	expect_works(bench);
}

/* Nothing is given back while the device may still be at it: only vblk_stop() ends that. */
TEST_AXES(blk_restart__never_done, kinds, NULL)
{
	struct blk_bench *bench = begin(RESET_F, 5);
	struct vblk_completion done;

	bench->fake->queue_reset_reads = UINT_MAX;
	EXPECT_EQ(vblk_queue_stop(bench->queue), ORION_TIMED_OUT);
	EXPECT(bench->fake->paused >= 5000000000);
	EXPECT_EQ(vblk_state_get(bench->world->device), VBLK_BROKEN);
	EXPECT_EQ(vblk_cause_get(bench->world->device), VBLK_CAUSE_QUEUE_RESET);
	EXPECT_EQ(vblk_reap(bench->queue, &done, 1), 0);
	EXPECT_EQ(vblk_queue_start(bench->queue), ORION_WRONG_STATE);
	EXPECT_EQ(vblk_queue_stop(bench->queue), ORION_WRONG_STATE);
	EXPECT_EQ(vblk_stop(bench->world->device), ORION_OK);
	expect_given_back(bench, 5);
}

TEST_AXES(blk_restart__not_negotiated, kinds, NULL)
{
	struct blk_bench *bench = begin(0, 2);

	EXPECT_EQ(vblk_queue_stop(bench->queue), ORION_NOT_SUPPORTED);
	EXPECT_EQ(vblk_queue_start(bench->queue), ORION_WRONG_STATE);
	EXPECT_EQ(vblk_in_flight(bench->queue), 2);
}

/* A device that does not take the queue back leaves it stopped; the rest lives on. */
TEST_AXES(blk_restart__refused, kinds, NULL)
{
	struct blk_bench *bench = begin(RESET_F, 3);

	EXPECT_EQ(vblk_queue_stop(bench->queue), ORION_OK);
	expect_given_back(bench, 3);
	bench->fake->enable_refused = bench->fake->enables + 1;
	EXPECT_EQ(vblk_queue_start(bench->queue), ORION_DEVICE_REFUSED);
	EXPECT_EQ(vblk_state_get(bench->world->device), VBLK_LIVE);
	EXPECT_EQ(vblk_queue_start(bench->queue), ORION_OK);
	bench->hand = fake_hand(bench->world, 0);
	expect_works(bench);
}

/* Requests that were cut come back once, and none of their parts haunts the new life. */
TEST_AXES(blk_restart__parts, kinds, NULL)
{
	struct blk_bench *bench = blk_bench_make(blk_kind_features() | RESET_F);
	struct vblk_request request = blk_request(VBLK_READ, 0, 12, 4096);

	bench->world->options.device_max_sectors = 8;
	bench->world->options.queue_depth = 4;
	blk_bench_open(bench);
	blk_send(bench, &request);
	EXPECT_EQ(vblk_queue_stop(bench->queue), ORION_OK);
	expect_given_back(bench, 1);
	EXPECT_EQ(vblk_queue_start(bench->queue), ORION_OK);
	bench->hand = fake_hand(bench->world, 0);
	expect_works(bench);
}

static const struct test_axis ends = {"end", {"stop", "lie", "abandon", "device"}};
static const struct test_axis *const end_axes[] = {&blk_kinds, &orders, &ends, NULL};

/* Ends the queue's use in the way that the permutation says. */
static void
end_use(struct blk_bench *bench)
{
	struct vblk_completion done;

	switch (test_choice(&ends)) {
	case 1:
		hand_push(&bench->hand, 999, 1, 1);
		EXPECT_EQ(vblk_reap(bench->queue, &done, 1), 0);
		EXPECT_EQ(vblk_queue_stop(bench->queue), ORION_OK);
		break;
	case 2:
		vblk_queue_abandon(bench->queue);
		break;
	case 3:
		EXPECT_EQ(vblk_stop(bench->world->device), ORION_OK);
		break;
	default:
		EXPECT_EQ(vblk_queue_stop(bench->queue), ORION_OK);
	}
}

/*
 * Two cut requests and a plain one, SERVED parts of them done, when the queue's use ends; then
 * reaped in pieces of AT_ONCE, and no further than the last completion.
 */
static void
cut_short(unsigned served, unsigned at_once)
{
	struct blk_bench *bench = blk_bench_make(blk_kind_features() | RESET_F |
						 (test_choice(&orders) ? IN_ORDER_F : 0));
	struct vblk_request requests[] = {blk_request(VBLK_READ, 0, 4, 4096),
					  blk_request(VBLK_WRITE, 64, 1, 512),
					  blk_request(VBLK_READ, 128, 12, 4096)};
	struct vblk_completion done[4];
	unsigned got = 0, left;

	bench->world->options.device_max_sectors = 8;
	bench->world->options.queue_depth = 8;
	blk_bench_open(bench);
	EXPECT_EQ(vblk_submit(bench->queue, requests, 3), 3);
	(void)vblk_kick(bench->queue);
	for (unsigned i = 0; i < served && blk_pop(bench); i++) {
		blk_complete(bench, &bench->chain, i == 6, 1);
		got += vblk_reap(bench->queue, done, 1);
	}
	left = 3 - got;
	EXPECT_EQ(vblk_in_flight(bench->queue), left);
	end_use(bench);
	for (got = 0; got < left;) {
		EXPECT_EQ(vblk_in_flight(bench->queue), left - got);
		EXPECT_EQ(vblk_arm(bench->queue), false);
		got += vblk_reap(bench->queue, done, at_once);
	}
	EXPECT_EQ(got, left);
	EXPECT_EQ(vblk_in_flight(bench->queue), 0);
	/* What the device did not let go of by itself cannot be started. */
	if (test_choice(&ends) >= 2)
		return;
	/* Twice, since what was counted wrong may show only then. */
	for (unsigned round = 0; round < 2; round++) {
		EXPECT_EQ(vblk_queue_start(bench->queue), ORION_OK);
		EXPECT_EQ(vblk_in_flight(bench->queue), 0);
		bench->hand = fake_hand(bench->world, 0);
		expect_works(bench);
		EXPECT_EQ(vblk_in_flight(bench->queue), 0);
		EXPECT_EQ(vblk_queue_stop(bench->queue), ORION_OK);
		EXPECT_EQ(vblk_reap(bench->queue, done, 4), 0);
	}
}

/* Wherever requests that were cut are when the queue's use ends, each comes back once. */
TEST_AXES(blk_restart__parts_at_every_point, end_axes, NULL)
{
	for (unsigned served = 0; served < 17; served++) {
		for (unsigned at_once = 1; at_once <= 4; at_once++) {
			test_note("%u served, %u at once", served, at_once);
			cut_short(served, at_once);
		}
	}
}

/* ---- doorbells that tell where the ring stands ---- */

/* By hand: queue in bits 0 to 15; avail index, or next slot and wrap counter, above.  [spec 2.9] */
TEST_AXES(blk_restart__doorbell_position, axes, NULL)
{
	struct blk_bench *bench = begin(DATA_F | (test_choice(&orders) ? IN_ORDER_F : 0), 0);
	bool packed = bench->hand.packed;
	unsigned size = bench->hand.size, at = 0;

	for (unsigned i = 0; i < 3 * size; i++) {
		struct vblk_request request = blk_request(VBLK_READ, i, 1, 512);

		blk_send(bench, &request);
		EXPECT(blk_pop(bench));
		at += packed ? bench->chain.slots : 1;
		if (packed)
			EXPECT_EQ(bench->fake->kick >> 16,
				  at % size | (at / size % 2 == 0 ? 0x8000u : 0u));
		else
			EXPECT_EQ(bench->fake->kick >> 16, at);
		EXPECT_EQ(bench->fake->kick & 0xffff, 0);
		blk_complete(bench, &bench->chain, 0, 513);
		EXPECT_EQ(blk_reap_one(bench).cookie, 1000 + i);
	}
	EXPECT_EQ(bench->fake->kicks, 3 * size);
}

/* A transport without the calls has no such feature, whatever the device offers. */
TEST(blk_restart__transport_without_it)
{
	struct blk_bench *bench = blk_bench_make(RESET_F);

	bench->fake->ops.queue_resetting = NULL;
	blk_bench_open(bench);
	EXPECT_EQ(vblk_info(bench->world->device)->queue_reset, false);
	EXPECT_EQ(vblk_info(bench->world->device)->features_negotiated & RESET_F, 0);
	EXPECT_EQ(vblk_queue_stop(bench->queue), ORION_NOT_SUPPORTED);
}

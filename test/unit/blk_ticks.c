/* SPDX-License-Identifier: MIT */
/*
 * When a request was handed over: src/blk/submit.h notes it for each, however it is handed over,
 * and src/blk/reap.h counts each by its own.  Ticks here are how often the counter was read.
 */
#include "model/model.h"

#include "desk_blk.h"

#define LONG_AGO (UINT64_C(1) << 50)

static const struct test_axis *const kinds[] = {&blk_kinds, NULL};

static struct blk_bench *
begin(void)
{
	struct blk_bench *bench = blk_bench_make(blk_kind_features() | FLUSH_F);

	fake_config(bench->fake, 12, 4, 4);
	bench->world->options.device_max_sectors = 8;
	blk_bench_open(bench);
	return bench;
}

/* What the slots held of requests that are gone must not show. */
static void
age_free_slots(struct blk_bench *bench)
{
	for (uint32_t id = 0; id < bench->queue->ring.ids; id++) {
		struct vblk_slot *slot = vblk_slot_at(bench->queue, id);

		if (slot->ring.descriptors == 0)
			slot->ticks = LONG_AGO;
	}
}

/* COUNT are in flight, all handed over at TICKS. */
static void
expect_ticks(struct blk_bench *bench, unsigned count, uint64_t ticks)
{
	unsigned found = 0;
	uint64_t oldest;

	for (uint32_t id = 0; id < bench->queue->ring.ids; id++) {
		const struct vblk_slot *slot = vblk_slot_at(bench->queue, id);

		if (slot->ring.descriptors == 0)
			continue;
		EXPECT_EQ(slot->ticks, ticks);
		found++;
	}
	EXPECT_EQ(found, count);
	EXPECT_EQ(vblk_oldest(bench->queue, &oldest), true);
	EXPECT_EQ(oldest, ticks);
}

static void
serve(struct blk_bench *bench, unsigned count)
{
	struct vblk_completion done[16];

	(void)vblk_kick(bench->queue);
	while (blk_pop(bench))
		blk_complete(bench, &bench->chain, 0, 1);
	EXPECT_EQ(vblk_reap(bench->queue, done, 16), count);
}

TEST_AXES(blk_ticks__each_way_of_handing_over, kinds, NULL)
{
	struct blk_bench *bench = begin();
	struct vblk_request batch[4] = {
		blk_request(VBLK_READ, 1, 1, 512), blk_request(VBLK_WRITE, 2, 1, 512),
		blk_request(VBLK_READ, 3, 3, 512), blk_request(VBLK_FLUSH, 0, 0, 0)};

	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 4; i++) {
			age_free_slots(bench);
			EXPECT_EQ(vblk_submit(bench->queue, &batch[i], 1), 1);
			expect_ticks(bench, 1, model_step_stats()->ticks);
			serve(bench, 1);
		}
		age_free_slots(bench);
		EXPECT_EQ(vblk_submit(bench->queue, batch, 4), 4);
		expect_ticks(bench, 4, model_step_stats()->ticks);
		serve(bench, 4);
	}
}

/* Parts that are handed over when others have come back are as old as their request. */
TEST_AXES(blk_ticks__parts_are_as_old_as_the_whole, kinds, NULL)
{
	struct blk_bench *bench = begin();
	struct vblk_request large = blk_request(VBLK_WRITE, 8, 1, 4096 * 200);
	struct vblk_completion done[2];
	unsigned got = 0, rounds = 0;
	uint64_t ticks;

	age_free_slots(bench);
	EXPECT_EQ(vblk_submit(bench->queue, &large, 1), 1);
	ticks = model_step_stats()->ticks;
	while (got == 0) {
		expect_ticks(bench, vring_outstanding(&bench->queue->ring), ticks);
		(void)vblk_kick(bench->queue);
		while (blk_pop(bench))
			blk_complete(bench, &bench->chain, 0, 1);
		age_free_slots(bench);
		got = vblk_reap(bench->queue, done, 2);
		rounds++;
	}
	EXPECT(rounds > 2 && model_step_stats()->ticks > ticks);
	EXPECT_EQ(vblk_oldest(bench->queue, &ticks), false);
}

/* Reaped together, and handed over at two moments: a million ticks ago, and a thousand million. */
TEST_AXES(blk_ticks__counted_by_their_own, kinds, NULL)
{
	static const unsigned powers[] = {20, 30, 30, 20, 30};
	struct blk_bench *bench = begin();
	struct vblk_request request = blk_request(VBLK_WRITE, 3, 1, 512);
	struct vblk_completion done[8];
	struct vblk_queue_stats stats;
	struct vblk_irq_stats irq;
	uint64_t now;

	for (unsigned i = 0; i < 5; i++)
		blk_send(bench, &request);
	now = model_step_stats()->ticks;
	for (unsigned i = 0; i < 5; i++) {
		EXPECT(blk_pop(bench));
		vblk_slot_at(bench->queue, bench->chain.id)->ticks =
			now - (UINT64_C(1) << powers[i]);
		blk_complete(bench, &bench->chain, 0, 1);
	}
	EXPECT_EQ(vblk_reap(bench->queue, done, 8), 5);
	vblk_queue_stats(bench->queue, &stats, &irq);
	/* Four buckets for each power of two; one reading later. */
	EXPECT_EQ(stats.latency[76], 2);
	EXPECT_EQ(stats.latency[116], 3);
	EXPECT_EQ(stats.latency_ticks, 2 * UINT64_C(0x100001) + 3 * UINT64_C(0x40000001));
	EXPECT_EQ(stats.latency_max_ticks, 0x40000001);
}

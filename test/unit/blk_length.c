/* SPDX-License-Identifier: MIT */
/* src/blk/reap.h and the counters: used lengths (docs/decisions/0012), latencies, doorbells. */
#include "desk_blk.h"

static const struct test_axis *const kinds[] = {&blk_kinds, NULL};

static struct blk_bench *
begin(void)
{
	struct blk_bench *bench = blk_bench_make(blk_kind_features() | FLUSH_F);

	blk_bench_open(bench);
	return bench;
}

/* A device that succeeds and says that it wrote less is believed in both, and counted. */
TEST_AXES(blk_length__short_lengths_are_counted, kinds, NULL)
{
	static const struct {
		uint8_t operation, status;
		uint32_t used;
		unsigned counted;
	} rows[] = {
		{VBLK_READ, 0, 1025, 0},   {VBLK_READ, 0, 1024, 1}, {VBLK_READ, 0, 1, 1},
		{VBLK_READ, 0, 0, 1},      {VBLK_READ, 1, 1, 0},    {VBLK_READ, 2, 0, 0},
		{VBLK_READ, 0xff, 512, 0}, {VBLK_READ, 0, 1026, 0}, {VBLK_WRITE, 0, 1, 0},
		{VBLK_WRITE, 0, 0, 0},     {VBLK_FLUSH, 0, 0, 0},   {VBLK_GET_ID, 0, 21, 0},
		{VBLK_GET_ID, 0, 20, 1},   {VBLK_GET_ID, 0, 0, 1},  {VBLK_GET_ID, 1, 1, 0},
	};
	struct blk_bench *bench = begin();
	struct vblk_completion done[2];
	struct vblk_queue_stats stats;
	struct vblk_irq_stats irq;
	unsigned counted = 0;

	/* One by one, and two in a batch: two ways through the code. */
	for (unsigned i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned row = i / 2, count = 1 + i % 2;
		unsigned segments = rows[row].operation == VBLK_FLUSH    ? 0
				    : rows[row].operation == VBLK_GET_ID ? 1
									 : 2;
		struct vblk_request request =
			blk_request(rows[row].operation, 0, segments,
				    rows[row].operation == VBLK_GET_ID ? 20 : 512);

		for (unsigned n = 0; n < count; n++)
			blk_send(bench, &request);
		while (blk_pop(bench))
			blk_complete(bench, &bench->chain, rows[row].status, rows[row].used);
		EXPECT_EQ(vblk_reap(bench->queue, done, 2), count);
		EXPECT_EQ(done[0].result == ORION_OK, rows[row].status == 0);
		counted += count * rows[row].counted;
		vblk_queue_stats(bench->queue, &stats, &irq);
		EXPECT_EQ(stats.short_lengths, counted);
	}
}

/* Packed: without the flag that something was written the length is none.  [spec 2.8.4] */
TEST_AXES(blk_length__of_what_was_not_written, kinds, NULL)
{
	struct blk_bench *bench = begin();
	struct vblk_request request = blk_request(VBLK_READ, 3, 1, 512);
	struct vblk_completion done[2];
	struct vblk_queue_stats stats;
	struct vblk_irq_stats irq;
	bool packed = bench->hand.packed;

	bench->hand.silent = true;
	for (unsigned count = 1; count <= 2; count++) {
		for (unsigned n = 0; n < count; n++)
			blk_send(bench, &request);
		while (blk_pop(bench))
			blk_complete(bench, &bench->chain, 0, 513);
		EXPECT_EQ(vblk_reap(bench->queue, done, 2), count);
		EXPECT_EQ(done[0].result, ORION_OK);
		EXPECT_EQ(done[0].value, packed ? 0 : 512);
	}
	vblk_queue_stats(bench->queue, &stats, &irq);
	EXPECT_EQ(stats.short_lengths, packed ? 3 : 0);
}

/* The largest stays, whatever comes after it, one by one and in a batch. */
TEST_AXES(blk_length__largest_latency, kinds, NULL)
{
	struct blk_bench *bench = begin();
	struct vblk_request request = blk_request(VBLK_READ, 3, 1, 512);
	struct vblk_completion done[2];
	struct vblk_queue_stats stats;
	struct vblk_irq_stats irq;
	uint64_t most = 0;

	for (unsigned round = 0; round < 20; round++) {
		unsigned count = 1 + round % 2;

		for (unsigned n = 0; n < count; n++)
			blk_send(bench, &request);
		/* Long ago, as many ticks as no run of this test takes. */
		if (round == 4 || round == 5)
			for (unsigned id = 0; id < bench->queue->ring.ids; id++)
				vblk_slot_at(bench->queue, id)->ticks -= UINT64_C(1)
									 << (40 + round);
		while (blk_pop(bench))
			blk_complete(bench, &bench->chain, 0, 513);
		EXPECT_EQ(vblk_reap(bench->queue, done, 2), count);
		vblk_queue_stats(bench->queue, &stats, &irq);
		if (round == 4 || round == 5)
			EXPECT(stats.latency_max_ticks >= UINT64_C(1) << (40 + round));
		EXPECT(stats.latency_max_ticks >= most);
		most = stats.latency_max_ticks;
	}
	EXPECT(most < UINT64_C(1) << 46);
}

/* Without the event index the word where it would stand means nothing: the flags alone ask. */
TEST_AXES(blk_length__event_without_the_feature, kinds, NULL)
{
	struct blk_bench *bench = begin();
	struct vblk_request request = blk_request(VBLK_READ, 3, 1, 512);

	if (bench->hand.packed)
		return;
	for (unsigned i = 0; i < 8; i++) {
		hand_want_event(&bench->hand, 1000);
		hand_want_kicks(&bench->hand, true);
		EXPECT_EQ(vblk_submit(bench->queue, &request, 1), 1);
		EXPECT_EQ(vblk_kick(bench->queue), true);
		hand_want_event(&bench->hand, (uint16_t)(2 * i + 1));
		hand_want_kicks(&bench->hand, false);
		EXPECT_EQ(vblk_submit(bench->queue, &request, 1), 1);
		EXPECT_EQ(vblk_kick(bench->queue), false);
	}
}

/* What was submitted before a stop is not kicked after it, not even by force. */
TEST_AXES(blk_length__no_doorbell_of_a_stopped_queue, kinds, NULL)
{
	struct blk_bench *bench = begin();
	struct vblk_request request = blk_request(VBLK_READ, 3, 1, 512);

	hand_want_kicks(&bench->hand, true);
	EXPECT_EQ(vblk_submit(bench->queue, &request, 1), 1);
	EXPECT_EQ(vblk_stop(bench->world->device), ORION_OK);
	EXPECT_EQ(vblk_kick(bench->queue), false);
	vblk_kick_always(bench->queue);
	EXPECT_EQ(bench->fake->kicks, 0);
}

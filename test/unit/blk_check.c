/* SPDX-License-Identifier: MIT */
/* src/blk/submit.h: the checks of a request, each with what just passes and what just does not. */
#include "desk_blk.h"

static const struct test_axis *const kinds[] = {&blk_kinds, NULL};

TEST_AXES(blk_check__refuses_what_breaks_a_rule, kinds, NULL)
{
	struct vblk_segment s1 = {0x1000, 512, 0}, s4096 = {0x1000, 4096, 0},
			    odd = {0x1000, 513, 0};
	struct vblk_segment none = {0x1000, 0, 0}, high = {UINT64_MAX - 511, 512, 0};
	struct vblk_segment top = {UINT64_MAX - 512, 512, 0}, two[2] = {s1, none};
	struct vblk_segment id = {0x1000, 20, 0}, id_short = {0x1000, 19, 0};
	const struct {
		uint8_t operation;
		uint64_t sector;
		const struct vblk_segment *segments;
		uint16_t count;
		orion_status expected;
	} rows[] = {
		{VBLK_READ, 0, &s1, 1, ORION_OK},
		{VBLK_READ, 0, NULL, 1, ORION_INVALID},
		{VBLK_READ, 0, &s1, 0, ORION_INVALID},
		{VBLK_READ, 0, &none, 1, ORION_INVALID},
		{VBLK_READ, 0, two, 2, ORION_INVALID},
		{VBLK_READ, 0, &high, 1, ORION_INVALID},
		{VBLK_READ, 0, &top, 1, ORION_OK},
		{VBLK_READ, 0, &odd, 1, ORION_MISALIGNED},
		{VBLK_READ, 2047, &s1, 1, ORION_OK},
		{VBLK_READ, 2048, &s1, 1, ORION_OUT_OF_RANGE},
		{VBLK_WRITE, 2049, &s1, 1, ORION_OUT_OF_RANGE},
		{VBLK_READ, 2040, &s4096, 1, ORION_OK},
		{VBLK_READ, 2041, &s4096, 1, ORION_OUT_OF_RANGE},
		{VBLK_READ, UINT64_MAX, &s1, 1, ORION_OUT_OF_RANGE},
		{VBLK_READ, UINT64_MAX - 7, &s4096, 1, ORION_OUT_OF_RANGE},
		{VBLK_READ, UINT64_C(1) << 55, &s1, 1, ORION_OUT_OF_RANGE},
		{VBLK_FLUSH, 0, NULL, 0, ORION_OK},
		{VBLK_FLUSH, 1, NULL, 0, ORION_INVALID},
		{VBLK_FLUSH, 0, &s1, 1, ORION_INVALID},
		{VBLK_GET_ID, 0, &id, 1, ORION_OK},
		{VBLK_GET_ID, 0, &id_short, 1, ORION_INVALID},
		{VBLK_GET_ID, 0, NULL, 1, ORION_INVALID},
		{VBLK_GET_ID, 0, &id, 0, ORION_INVALID},
		{VBLK_GET_ID, 7, &id, 1, ORION_INVALID},
		{4, 0, &s1, 1, ORION_INVALID},
		{255, 0, &s1, 1, ORION_INVALID},
	};
	struct blk_bench *bench = blk_bench_make(blk_kind_features() | FLUSH_F);
	unsigned taken = 0;

	blk_bench_open(bench);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct vblk_request request = {.sector = rows[i].sector,
					       .segments = rows[i].segments,
					       .segment_count = rows[i].count,
					       .operation = rows[i].operation};
		bool ok = rows[i].expected == ORION_OK;

		test_note("row %u", i);
		EXPECT_EQ(vblk_submit(bench->queue, &request, 1), ok);
		EXPECT_EQ(vblk_refusal(bench->queue), rows[i].expected);
		taken += ok;
		EXPECT_EQ(vblk_in_flight(bench->queue), taken);
	}
}

TEST_AXES(blk_check__block_size_rules, kinds, NULL)
{
	struct blk_bench *bench = blk_bench_make(blk_kind_features() | BIT(6));
	struct vblk_request request;

	fake_config(bench->fake, 20, 4, 4096);
	fake_config(bench->fake, 0, 8, 2047);
	blk_bench_open(bench);
	request = blk_request(VBLK_READ, 8, 1, 512);
	EXPECT_EQ(vblk_submit(bench->queue, &request, 1), 0);
	EXPECT_EQ(vblk_refusal(bench->queue), ORION_MISALIGNED);
	request = blk_request(VBLK_READ, 4, 1, 4096);
	EXPECT_EQ(vblk_submit(bench->queue, &request, 1), 0);
	EXPECT_EQ(vblk_refusal(bench->queue), ORION_MISALIGNED);
	request = blk_request(VBLK_READ, 8, 2, 2048);
	EXPECT_EQ(vblk_submit(bench->queue, &request, 1), 1);
	/* The last 7 sectors are no whole block. */
	request = blk_request(VBLK_READ, 2040, 1, 4096);
	EXPECT_EQ(vblk_submit(bench->queue, &request, 1), 0);
	EXPECT_EQ(vblk_refusal(bench->queue), ORION_OUT_OF_RANGE);
	request = blk_request(VBLK_READ, 2032, 1, 4096);
	EXPECT_EQ(vblk_submit(bench->queue, &request, 1), 1);
}

TEST_AXES(blk_check__read_only, kinds, NULL)
{
	struct blk_bench *bench = blk_bench_make(blk_kind_features() | BIT(5) | FLUSH_F);
	struct vblk_request request = blk_request(VBLK_WRITE, 0, 1, 512);

	blk_bench_open(bench);
	EXPECT_EQ(vblk_submit(bench->queue, &request, 1), 0);
	EXPECT_EQ(vblk_refusal(bench->queue), ORION_READ_ONLY);
	request = blk_request(VBLK_READ, 0, 1, 512);
	EXPECT_EQ(vblk_submit(bench->queue, &request, 1), 1);
}

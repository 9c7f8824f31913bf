/* SPDX-License-Identifier: MIT */
/* src/blk/command.c: flush is never done unless done; get-id; tables laid out by the byte. */
#include <string.h>

#include "desk_blk.h"

static const struct test_axis *const kinds[] = {&blk_kinds, NULL};

/* Without the feature a flush is refused with a code of its own, and nothing reaches the device. */
TEST_AXES(blk_command__flush_without_the_feature, kinds, NULL)
{
	struct blk_bench *bench = blk_bench_make(blk_kind_features());
	struct vblk_request request = blk_request(VBLK_FLUSH, 0, 0, 0);

	blk_bench_open(bench);
	EXPECT_EQ(vblk_info(bench->world->device)->flush, false);
	EXPECT_EQ(vblk_submit(bench->queue, &request, 1), 0);
	EXPECT_EQ(vblk_refusal(bench->queue), ORION_NOT_SUPPORTED);
	EXPECT_EQ(vblk_in_flight(bench->queue), 0);
	(void)vblk_kick(bench->queue);
	EXPECT_EQ(blk_pop(bench), false);
}

/* With it, the flush completes when the device says so, and with what it says. */
TEST_AXES(blk_command__flush_is_the_devices_answer, kinds, NULL)
{
	struct blk_bench *bench = blk_bench_make(blk_kind_features() | FLUSH_F);
	struct vblk_request request = blk_request(VBLK_FLUSH, 0, 0, 0);
	struct vblk_completion done[2];

	blk_bench_open(bench);
	for (unsigned status = 0; status < 3; status++) {
		blk_send(bench, &request);
		EXPECT_EQ(vblk_reap(bench->queue, done, 2), 0);
		EXPECT(blk_pop(bench));
		EXPECT_EQ(blk_type(bench, &bench->chain), 4);
		EXPECT_EQ(bench->chain.count, 2);
		EXPECT_EQ(vblk_reap(bench->queue, done, 2), 0);
		blk_complete(bench, &bench->chain, (uint8_t)status, 1);
		EXPECT_EQ(blk_reap_one(bench).result, status == 0   ? ORION_OK
						      : status == 1 ? ORION_IO_ERROR
								    : ORION_DEVICE_UNSUPPORTED);
	}
}

TEST_AXES(blk_command__get_id, kinds, NULL)
{
	struct blk_bench *bench = blk_bench_make(blk_kind_features());
	struct vblk_request request = blk_request(VBLK_GET_ID, 0, 1, 20);
	struct vblk_completion completion;

	blk_bench_open(bench);
	blk_send(bench, &request);
	EXPECT(blk_pop(bench));
	EXPECT_EQ(blk_type(bench, &bench->chain), 8);
	EXPECT_EQ(bench->chain.piece[1].length, 20);
	EXPECT_EQ(bench->chain.piece[1].writable, true);
	blk_complete(bench, &bench->chain, 0, 21);
	completion = blk_reap_one(bench);
	EXPECT_EQ(completion.result, ORION_OK);
	EXPECT_EQ(completion.value, 20);
}

TEST(blk_command__get_id_of_an_address_that_wraps)
{
	struct blk_bench *bench = blk_bench_make(0);
	struct vblk_segment segment = {UINT64_MAX - 19, 20, 0};
	struct vblk_request request = {
		.segments = &segment, .segment_count = 1, .operation = VBLK_GET_ID};

	blk_bench_open(bench);
	EXPECT_EQ(vblk_submit(bench->queue, &request, 1), 0);
	EXPECT_EQ(vblk_refusal(bench->queue), ORION_INVALID);
}

static bool
has_tables(void)
{
	return (test_choice(&blk_kinds) & 1) != 0;
}

/*
 * Header and status entries of every shape, and in a split ring the descriptor that hands it over.
 */
TEST_AXES(blk_command__shapes, kinds, has_tables)
{
	struct blk_bench *bench = blk_bench_make(blk_kind_features());
	struct vblk_queue *queue;
	bool packed = test_choice(&blk_kinds) == 3;

	blk_bench_open(bench);
	queue = bench->queue;
	for (uint16_t n = 0; n <= vblk_info(bench->world->device)->segments_max; n++) {
		uint16_t id = (uint16_t)(n % bench->world->device->ids);
		struct vblk_slot *slot = vblk_slot_at(queue, id);
		uint64_t table = slot->address + 32;
		const uint8_t *first = fake_at(bench->fake, table, 16);
		const uint8_t *last = fake_at(bench->fake, table + 16 * (n + 1u), 16);
		const uint8_t *desc = bench->hand.desc + 16 * (size_t)id;

		vblk_shape(queue, slot, n);
		EXPECT_EQ(slot->shape, n);
		EXPECT_EQ(hand_get(first, 8), slot->address);
		EXPECT_EQ(hand_get(first + 8, 4), 16);
		EXPECT_EQ(hand_get(first + 12, 4), packed ? 0 : 0x10001);
		EXPECT_EQ(hand_get(last, 8), slot->address + 16);
		EXPECT_EQ(hand_get(last + 8, 4), 1);
		EXPECT_EQ(hand_get(last + 12, 4), packed ? 0x20000 : 2);
		if (packed)
			continue;
		EXPECT_EQ(hand_get(desc, 8), table);
		EXPECT_EQ(hand_get(desc + 8, 4), 16 * (n + 2u));
		EXPECT_EQ(hand_get(desc + 12, 4), 4);
	}
}

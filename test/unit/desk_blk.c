/* SPDX-License-Identifier: MIT */
/* See desk_blk.h. */
#include "desk_blk.h"

const struct test_axis blk_kinds = {
	"kind", {"split-direct", "split-table", "packed-direct", "packed-table"}};

uint64_t
blk_kind_features(void)
{
	unsigned kind = test_choice(&blk_kinds);

	return (kind & 1 ? BIT(28) : 0) | (kind & 2 ? BIT(34) : 0);
}

struct blk_bench *
blk_bench_make(uint64_t features)
{
	static struct blk_bench bench;

	bench = (struct blk_bench){.fake = fake_make(features | BIT(2))};
	bench.world = fake_world_make(bench.fake);
	return &bench;
}

void
blk_bench_open(struct blk_bench *bench)
{
	bench->queue = fake_live(bench->world);
	bench->hand = fake_hand(bench->world, 0);
}

struct vblk_request
blk_request(uint8_t operation, uint64_t sector, unsigned segments, uint32_t length)
{
	static struct vblk_segment pool[64][64];
	static unsigned next;
	struct vblk_segment *mine = pool[next++ % 64];

	EXPECT(segments <= 64);
	for (unsigned i = 0; i < segments; i++)
		mine[i] = (struct vblk_segment){
			0x500000000 + (sector << 20) + (uint64_t)i * 0x10000, length, 0xdeadbeef};
	return (struct vblk_request){.sector = sector,
				     .segments = mine,
				     .cookie = sector + 1000,
				     .segment_count = (uint16_t)segments,
				     .operation = operation};
}

bool
blk_pop(struct blk_bench *bench)
{
	struct hand_chain chain;

	if (!hand_pop(&bench->hand, &chain))
		return false;
	bench->chain = chain;
	return true;
}

static uint8_t *
header(struct blk_bench *bench, const struct hand_chain *chain)
{
	uint8_t *at = fake_at(bench->fake, chain->piece[0].address, 16);

	EXPECT(at != NULL && chain->piece[0].length == 16 && !chain->piece[0].writable);
	return at;
}

uint32_t
blk_type(struct blk_bench *bench, const struct hand_chain *chain)
{
	EXPECT_EQ(hand_get(header(bench, chain) + 4, 4), 0);
	return (uint32_t)hand_get(header(bench, chain), 4);
}

uint64_t
blk_sector(struct blk_bench *bench, const struct hand_chain *chain)
{
	return hand_get(header(bench, chain) + 8, 8);
}

uint8_t *
blk_status(struct blk_bench *bench, const struct hand_chain *chain)
{
	const struct hand_piece *last = &chain->piece[chain->count - 1];
	uint8_t *at = fake_at(bench->fake, last->address, 1);

	EXPECT(at != NULL && last->length == 1 && last->writable);
	return at;
}

void
blk_complete(struct blk_bench *bench, const struct hand_chain *chain, uint8_t status,
	     uint32_t length)
{
	*blk_status(bench, chain) = status;
	hand_push(&bench->hand, chain->id, length, chain->slots);
}

void
blk_send(struct blk_bench *bench, const struct vblk_request *request)
{
	EXPECT_EQ(vblk_submit(bench->queue, request, 1), 1);
	EXPECT_EQ(vblk_refusal(bench->queue), ORION_OK);
	(void)vblk_kick(bench->queue);
}

struct vblk_completion
blk_reap_one(struct blk_bench *bench)
{
	struct vblk_completion completions[2];

	EXPECT_EQ(vblk_reap(bench->queue, completions, 2), 1);
	return completions[0];
}

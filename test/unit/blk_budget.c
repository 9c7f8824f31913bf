/* SPDX-License-Identifier: MIT */
/* src/blk/limits.c: queues that fit into the memory budget. */
#include "test/harness.h"

#include "fake.h"

#define BIT(n) (UINT64_C(1) << (n))
#define SEG_MAX_F BIT(2)
#define MQ_F BIT(12)
#define INDIRECT_F BIT(28)
#define PACKED_F BIT(34)

static struct fake_world *world;

static void
begin(uint64_t features)
{
	world = fake_world_make(fake_make(features));
}

static void
claim(unsigned offset, unsigned width, uint64_t value)
{
	fake_config(world->fake, offset, width, value);
}

static const struct vblk_info *
probed(void)
{
	EXPECT_EQ(fake_probe(world), ORION_OK);
	return vblk_info(world->device);
}

static void
finish(void)
{
	vblk_close(world->device);
	fake_expect_empty(world);
}

static const struct test_axis layouts = {"layout", {"split", "packed"}};
static const struct test_axis chains = {"chains", {"direct", "table"}};
static const struct test_axis *const shapes[] = {&layouts, &chains, NULL};

/*
 * A budget that is too small makes queues smaller, then fewer.  Whatever it is, what was chosen is
 * afforded, and a larger budget never gives less.
 */
TEST_AXES(blk_budget__what_fits, shapes, NULL)
{
	uint64_t before = 0;
	bool shrunk = true;

	for (uint64_t limit = 4096; limit <= UINT64_C(16) << 20; limit += limit / 3) {
		const struct vblk_info *info;

		begin(MQ_F | SEG_MAX_F | (test_choice(&layouts) ? PACKED_F : 0) |
		      (test_choice(&chains) ? INDIRECT_F : 0));
		claim(12, 4, 126);
		claim(34, 2, 4);
		world->fake->queue_count = 4;
		world->fake->queue_size = 1024;
		world->home_count = 4;
		world->budget.limit = limit;
		info = probed();
		EXPECT(info->queues * info->queue_depth >= before);
		before = (uint64_t)info->queues * info->queue_depth;
		shrunk = world->fake->reports[ORION_EVENT_QUEUES_SHRUNK] != 0;
		EXPECT_EQ(shrunk, info->queues < 4 || info->queue_depth < 256);
		EXPECT_EQ(fake_open(world), ORION_OK);
		EXPECT(world->budget.used <= limit);
		finish();
	}
	EXPECT_EQ(shrunk, false);
}

/* A packed queue holds just what the depth needs; a split one the next power of two. */
TEST_AXES(blk_budget__size_for_depth, shapes, NULL)
{
	static const uint32_t depths[] = {1, 3, 5, 7, 100, 256, 1000, 1024};

	for (unsigned i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
		bool packed = test_choice(&layouts) == 1, table = test_choice(&chains) == 1;
		uint32_t wanted = table ? depths[i] : 3 * depths[i];
		const struct vblk_info *info;

		begin((packed ? PACKED_F : 0) | (table ? INDIRECT_F : 0));
		world->fake->queue_size = 1024;
		world->options.queue_depth = depths[i];
		info = probed();
		wanted = wanted < 3 ? 3 : wanted > 1024 ? 1024 : wanted;
		if (packed)
			EXPECT_EQ(info->queue_size, wanted);
		else
			EXPECT(info->queue_size >= wanted && info->queue_size < 2 * wanted);
		EXPECT_EQ(info->queue_depth, table || depths[i] < 341 ? depths[i] : 341);
		EXPECT_EQ(fake_open(world), ORION_OK);
		finish();
	}
}

/*
 * A host has memory in pieces of PIECE bytes at most, and says so, or says so only when it is asked
 * for more.  Every queue fits into one, and as much of a request as a block needs is kept.
 */
static const struct test_axis pieces = {"piece", {"1K", "4K", "64K", "256K"}};
static const struct test_axis saying = {"said", {"before", "when_asked"}};
static const struct test_axis sizes = {"size", {"any", "fixed"}};
static const struct test_axis *const piece_axes[] = {&layouts, &chains, &pieces,
						     &saying,  &sizes,  NULL};

TEST_AXES(blk_budget__largest_piece, piece_axes, NULL)
{
	static const size_t bytes[] = {1024, 4096, 65536, 262144};
	static const unsigned depths[] = {1, 2, 32, 64};
	bool table = test_choice(&chains) == 1, fixed = test_choice(&sizes) == 1;
	size_t piece = bytes[test_choice(&pieces)];
	const struct vblk_info *info;

	begin(MQ_F | SEG_MAX_F | (test_choice(&layouts) ? PACKED_F : 0) | (table ? INDIRECT_F : 0));
	claim(12, 4, 126);
	claim(34, 2, 2);
	world->fake->queue_count = 2;
	world->fake->queue_size = fixed ? 64 : 1024;
	world->fake->ops.size_fixed = fixed;
	world->home_count = 2;
	/* A ring of 64 in chains is 64 cells of 64 bytes besides its own 2 KiB. */
	if (fixed && (!table || piece == 1024))
		return;
	world->fake->port.dma_bytes_max = test_choice(&saying) == 0 ? piece : 0;
	world->fake->piece_max = piece;
	EXPECT_EQ(fake_probe(world), ORION_OK);
	EXPECT_EQ(fake_open(world), ORION_OK);
	info = vblk_info(world->device);
	EXPECT_EQ(info->queues, 2);
	EXPECT_EQ(info->queue_size == 64 || !fixed, true);
	EXPECT(info->dma_bytes <= 2 * piece);
	EXPECT(info->queue_depth >= depths[test_choice(&pieces)]);
	/* What is not too large is not made smaller for nothing. */
	EXPECT(info->dma_bytes * 6 >= 2 * piece || info->queue_depth == 256);
	finish();
}

/* The tables of a request are as long as the option says. */
TEST(blk_budget__segments_option)
{
	static const uint32_t wanted[] = {1, 16, 100, 128};

	for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		begin(SEG_MAX_F | INDIRECT_F);
		claim(12, 4, 100);
		world->fake->queue_size = 256;
		world->options.device_max_segments = wanted[i];
		EXPECT_EQ(probed()->segments_max, wanted[i] < 100 ? wanted[i] : 100);
		EXPECT_EQ(fake_open(world), ORION_OK);
		finish();
	}
}

/* What the manual's table says: kibibytes, rounded up. */
TEST(blk_budget__table_of_the_manual)
{
	static const struct {
		uint32_t depth, segments, kib; /* segments 0: no table */
	} rows[] = {
		{1, 0, 1},    {1, 1, 1},    {1, 16, 2},    {1, 62, 3},     {1, 126, 6},
		{16, 0, 6},   {16, 1, 3},   {16, 16, 6},   {16, 62, 19},   {16, 126, 37},
		{64, 0, 23},  {64, 1, 10},  {64, 16, 22},  {64, 62, 70},   {64, 126, 136},
		{256, 0, 91}, {256, 1, 39}, {256, 16, 87}, {256, 62, 279}, {256, 126, 535},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct vblk_info *info;

		begin(SEG_MAX_F | (rows[i].segments != 0 ? INDIRECT_F : 0));
		claim(12, 4, rows[i].segments != 0 ? rows[i].segments : 1);
		world->fake->queue_size = 1024;
		world->options.queue_depth = rows[i].depth;
		info = probed();
		EXPECT_EQ(info->queue_depth, rows[i].depth);
		EXPECT_EQ(fake_open(world), ORION_OK);
		test_note("depth %u, segments %u", rows[i].depth, rows[i].segments);
		EXPECT_EQ((vblk_info(world->device)->dma_bytes + 1023) / 1024, rows[i].kib);
		finish();
	}
}

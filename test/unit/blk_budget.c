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

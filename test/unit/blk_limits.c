/* SPDX-License-Identifier: MIT */
/*
 * src/blk/limits.c: every field of the configuration with values inside and outside its range.
 * What comes out must be usable, whatever was claimed, and what was not believed is reported.
 */
#include <limits.h>

#include "test/harness.h"

#include "fake.h"

#define BIT(n) (UINT64_C(1) << (n))
#define SIZE_MAX_F BIT(1)
#define SEG_MAX_F BIT(2)
#define RO_F BIT(5)
#define BLK_SIZE_F BIT(6)
#define FLUSH_F BIT(9)
#define TOPOLOGY_F BIT(10)
#define WCE_F BIT(11)
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

/* What must hold of every description. */
static const struct vblk_info *
judged(void)
{
	const struct vblk_info *info = vblk_info(world->device);
	uint32_t block_sectors;

	EXPECT(info->block_bytes >= 512 && info->block_bytes <= 65536);
	EXPECT_EQ(info->block_bytes & (info->block_bytes - 1), 0);
	EXPECT(info->physical_block_bytes >= info->block_bytes);
	block_sectors = info->block_bytes / 512;
	EXPECT_EQ(info->capacity_sectors % block_sectors, 0);
	EXPECT(info->capacity_sectors <= BIT(55));
	EXPECT(info->segments_max >= 1 && info->segments_max <= 128);
	EXPECT(info->segments_max + 2 <= info->queue_size);
	EXPECT((uint64_t)info->segments_max * info->segment_bytes_max >= info->block_bytes);
	EXPECT(info->request_sectors_max >= block_sectors);
	EXPECT_EQ(info->request_sectors_max % block_sectors, 0);
	EXPECT(info->request_sectors_max < BIT(32) / 512);
	EXPECT(info->queues >= 1 && info->queues <= VBLK_QUEUES_MAX);
	EXPECT(info->queue_depth >= 1 && info->queue_depth <= info->queue_size);
	EXPECT(info->packed || (info->queue_size & (info->queue_size - 1)) == 0);
	return info;
}

static const struct vblk_info *
probed(void)
{
	EXPECT_EQ(fake_probe(world), ORION_OK);
	return judged();
}

static void
expect_odd(unsigned offset, uint64_t claimed, uint64_t used)
{
	EXPECT_EQ(world->fake->reports[ORION_EVENT_LIMIT_ODD], 1);
	EXPECT_EQ(world->fake->report[ORION_EVENT_LIMIT_ODD][0], offset);
	EXPECT_EQ(world->fake->report[ORION_EVENT_LIMIT_ODD][1], claimed);
	EXPECT_EQ(world->fake->report[ORION_EVENT_LIMIT_ODD][2], used);
}

static void
finish(void)
{
	vblk_close(world->device);
	fake_expect_empty(world);
}

TEST(blk_limits__capacity)
{
	static const uint64_t values[] = {0,           1,          7,          8,           9,
					  2048,        4294967296, 4294967303, BIT(55) - 1, BIT(55),
					  BIT(55) + 1, BIT(63),    UINT64_MAX};

	for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		for (uint32_t block = 512; block <= 65536; block *= 2) {
			uint64_t expected = values[i] > BIT(55) ? BIT(55) : values[i];

			begin(BLK_SIZE_F);
			claim(0, 8, values[i]);
			claim(20, 4, block);
			EXPECT_EQ(probed()->capacity_sectors, expected - expected % (block / 512));
			finish();
		}
	}
}

/* Not taken, and said why: never driven by other limits than its own. */
static void
expect_refused(unsigned offset, uint64_t claimed, uint64_t bound)
{
	const struct fake *fake = world->fake;

	EXPECT_EQ(fake_probe(world), ORION_DEVICE_REFUSED);
	EXPECT_EQ(fake->reports[ORION_EVENT_LIMIT_REFUSED], 1);
	EXPECT_EQ(fake->report[ORION_EVENT_LIMIT_REFUSED][0], offset);
	EXPECT_EQ(fake->report[ORION_EVENT_LIMIT_REFUSED][1], claimed);
	EXPECT_EQ(fake->report[ORION_EVENT_LIMIT_REFUSED][2], bound);
	EXPECT_EQ(fake->report_level[ORION_EVENT_LIMIT_REFUSED], ORION_LEVEL_ERROR);
	EXPECT_EQ(fake->status & 128, 128);
	fake_expect_empty(world);
}

TEST(blk_limits__block_size)
{
	static const struct {
		uint32_t claimed, used;
	} rows[] = {
		{0, 0},       {1, 0},          {511, 0},        {512, 512},
		{513, 0},     {520, 0},        {1024, 1024},    {4096, 4096},
		{65535, 0},   {65536, 65536},  {65537, 0},      {131072, 0},
		{3145728, 0}, {0x80000000, 0}, {0xffffffff, 0}, {0x2000000, 0},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(BLK_SIZE_F);
		claim(20, 4, rows[i].claimed);
		if (rows[i].used == 0) {
			expect_refused(20, rows[i].claimed, 65536);
			continue;
		}
		EXPECT_EQ(probed()->block_bytes, rows[i].used);
		EXPECT_EQ(world->fake->reports[ORION_EVENT_LIMIT_ODD], 0);
		finish();
	}
	begin(0);
	claim(20, 4, 4096);
	EXPECT_EQ(probed()->block_bytes, 512);
}

TEST(blk_limits__size_max)
{
	static const struct {
		uint32_t claimed, used;
	} rows[] = {
		{0, UINT32_MAX},
		{9, 9},
		{511, 511},
		{512, 512},
		{600, 512},
		{1023, 512},
		{1024, 1024},
		{65537, 65536},
		{0x80000001, 0x80000000},
		{0xffffffff, 0xfffffe00},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(SIZE_MAX_F | SEG_MAX_F);
		claim(8, 4, rows[i].claimed);
		claim(12, 4, 62);
		EXPECT_EQ(probed()->segment_bytes_max, rows[i].used);
		EXPECT_EQ(world->fake->reports[ORION_EVENT_LIMIT_ODD], rows[i].claimed == 0);
		/* Said of each disk at each start by a daemon in wide use. */
		if (rows[i].claimed == 0)
			EXPECT_EQ(world->fake->report_level[ORION_EVENT_LIMIT_ODD],
				  ORION_LEVEL_INFO);
		finish();
	}
	begin(0);
	claim(8, 4, 512);
	EXPECT_EQ(probed()->segment_bytes_max, UINT32_MAX);
}

/* Fewer and smaller segments than a block takes. */
TEST(blk_limits__segments_below_a_block)
{
	static const struct {
		uint32_t block, size_max, seg_max;
		bool refused;
	} rows[] = {
		{512, 511, 1, true},    {512, 256, 2, false},  {512, 255, 2, true},
		{512, 8, 62, true},     {512, 9, 62, false},   {4096, 1024, 4, false},
		{4096, 1024, 3, true},  {4096, 512, 8, false}, {4096, 1023, 4, true},
		{65536, 512, 62, true}, {512, 1, 128, true},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t size =
			rows[i].size_max < 512 ? rows[i].size_max : rows[i].size_max & ~511u;
		uint32_t segments = rows[i].seg_max < 62 ? rows[i].seg_max : 62;

		begin(SIZE_MAX_F | SEG_MAX_F | BLK_SIZE_F);
		claim(20, 4, rows[i].block);
		claim(8, 4, rows[i].size_max);
		claim(12, 4, rows[i].seg_max);
		if (rows[i].refused) {
			expect_refused(8, size * segments, rows[i].block);
			continue;
		}
		EXPECT_EQ(probed()->segment_bytes_max, size);
		finish();
	}
	/* Without SEG_MAX there is one. */
	begin(SIZE_MAX_F);
	claim(8, 4, 256);
	expect_refused(8, 256, 512);
}

/* Sectors beyond the last whole block are not used, and that is said. */
TEST(blk_limits__half_a_block_at_the_end)
{
	begin(BLK_SIZE_F);
	claim(20, 4, 4096);
	claim(0, 8, 8 * 100 + 3);
	EXPECT_EQ(probed()->capacity_sectors, 800);
	expect_odd(0, 803, 800);
	finish();
}

TEST(blk_limits__seg_max)
{
	static const struct {
		uint32_t claimed;
		uint16_t ring;
		uint32_t used;
	} rows[] = {
		{0, 64, 1},         {1, 64, 1},
		{61, 64, 61},       {62, 64, 62},
		{63, 64, 62},       {64, 64, 62},
		{126, 1024, 126},   {128, 1024, 128},
		{129, 1024, 128},   {0xffffffff, 1024, 128},
		{0xffffffff, 4, 2}, {0x10000, 64, 62},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (unsigned indirect = 0; indirect < 2; indirect++) {
			begin(SEG_MAX_F | (indirect ? INDIRECT_F : 0));
			claim(12, 4, rows[i].claimed);
			world->fake->queue_size = rows[i].ring;
			EXPECT_EQ(probed()->segments_max, rows[i].used);
			if (rows[i].claimed == 0)
				expect_odd(12, 0, 1);
			finish();
		}
	}
	begin(0);
	claim(12, 4, 100);
	EXPECT_EQ(probed()->segments_max, 1);
}

/* All exponents over all block sizes: a physical block of 4 GiB does not fit 32 bits. */
TEST(blk_limits__physical_block)
{
	for (unsigned exponent = 0; exponent < 256; exponent++) {
		for (uint32_t block = 512; block <= 65536; block *= 2) {
			uint64_t wide = exponent < 32 ? (uint64_t)block << exponent : UINT64_MAX;
			uint32_t physical;

			begin(BLK_SIZE_F | TOPOLOGY_F);
			claim(20, 4, block);
			claim(24, 1, exponent);
			physical = probed()->physical_block_bytes;
			if (exponent <= 16 && wide <= UINT32_MAX)
				EXPECT_EQ(physical, wide);
			else
				EXPECT_EQ(physical, block);
			EXPECT_EQ(world->fake->reports[ORION_EVENT_LIMIT_ODD], physical != wide);
			finish();
		}
	}
}

TEST(blk_limits__topology_hints_pass_as_they_are)
{
	const struct vblk_info *info;

	begin(TOPOLOGY_F);
	claim(24, 1, 3);
	claim(25, 1, 255);
	claim(26, 2, 65535);
	claim(28, 4, 0xffffffff);
	info = probed();
	EXPECT_EQ(info->physical_block_bytes, 4096);
	EXPECT_EQ(info->alignment_offset_blocks, 255);
	EXPECT_EQ(info->io_min_blocks, 65535);
	EXPECT_EQ(info->io_opt_blocks, 0xffffffff);
	begin(0);
	claim(24, 4, 0xffffffff);
	claim(28, 4, 0xffffffff);
	info = probed();
	EXPECT_EQ(info->physical_block_bytes, 512);
	EXPECT_EQ(info->io_min_blocks + info->io_opt_blocks + info->alignment_offset_blocks, 0);
}

TEST(blk_limits__writeback)
{
	static const struct {
		uint64_t features;
		unsigned claimed;
		bool writeback;
		vblk_durability durability;
	} rows[] = {
		{0, 1, false, VBLK_DURABILITY_NONE},
		{FLUSH_F, 0, true, VBLK_DURABILITY_FLUSH},
		{FLUSH_F | WCE_F, 0, false, VBLK_DURABILITY_STABLE},
		{FLUSH_F | WCE_F, 1, true, VBLK_DURABILITY_FLUSH},
		{FLUSH_F | WCE_F, 2, true, VBLK_DURABILITY_FLUSH},
		{FLUSH_F | WCE_F, 255, true, VBLK_DURABILITY_FLUSH},
		{WCE_F, 1, false, VBLK_DURABILITY_NONE},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(rows[i].features);
		claim(32, 1, rows[i].claimed);
		EXPECT_EQ(probed()->writeback, rows[i].writeback);
		EXPECT_EQ(vblk_info(world->device)->flush, (rows[i].features & FLUSH_F) != 0);
		EXPECT_EQ(vblk_info(world->device)->durability, rows[i].durability);
		finish();
	}
}

/* A cache that we do not want: the device writes through.  [spec 5.2.6.2] */
TEST(blk_limits__flush_declined)
{
	for (unsigned wce = 0; wce < 2; wce++) {
		begin(FLUSH_F | (wce ? WCE_F : 0));
		claim(32, 1, 1);
		world->options.features_off = FLUSH_F;
		EXPECT_EQ(probed()->flush, false);
		EXPECT_EQ(vblk_info(world->device)->writeback, false);
		EXPECT_EQ(vblk_info(world->device)->durability, VBLK_DURABILITY_STABLE);
		finish();
	}
}

/* Read-only is what the device says, negotiated or not. */
TEST(blk_limits__read_only)
{
	begin(RO_F);
	EXPECT_EQ(probed()->read_only, true);
	begin(RO_F);
	world->options.features_off = RO_F;
	EXPECT_EQ(probed()->read_only, true);
	begin(0);
	EXPECT_EQ(probed()->read_only, false);
}

TEST(blk_limits__num_queues)
{
	static const struct {
		uint16_t claimed, there;
		unsigned homes, option, used;
	} rows[] = {
		{0, 16, 16, 16, 1},         {1, 16, 16, 16, 1},    {2, 16, 16, 16, 2},
		{65535, 65535, 16, 16, 16}, {65535, 4, 16, 16, 4}, {8, 64, 3, 16, 3},
		{8, 64, 16, 5, 5},          {16, 64, 16, 16, 16},  {17, 64, 16, 16, 16},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(MQ_F);
		claim(34, 2, rows[i].claimed);
		world->fake->queue_count = rows[i].there;
		world->home_count = rows[i].homes;
		world->options.queue_count = rows[i].option;
		EXPECT_EQ(probed()->queues, rows[i].used);
		EXPECT_EQ(vblk_info(world->device)->queues_offered,
			  rows[i].claimed == 0 ? 1 : rows[i].claimed);
		if (rows[i].claimed == 0)
			expect_odd(34, 0, 1);
		finish();
	}
	begin(0);
	claim(34, 2, 9);
	EXPECT_EQ(probed()->queues, 1);
}

TEST(blk_limits__queue_sizes_that_serve)
{
	static const struct {
		bool packed;
		uint16_t there, used;
	} rows[] = {
		{false, 4, 4},      {false, 5, 4},        {false, 64, 64},      {false, 1024, 1024},
		{false, 1000, 512}, {false, 32768, 1024}, {false, 65535, 1024}, {true, 3, 3},
		{true, 5, 5},       {true, 100, 100},     {true, 1000, 1000},   {true, 65535, 1024},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(SEG_MAX_F | (rows[i].packed ? PACKED_F : 0));
		world->options.queue_depth = 1024;
		world->fake->queue_size = rows[i].there;
		EXPECT_EQ(probed()->queue_size, rows[i].used);
		EXPECT_EQ(world->fake->reports[ORION_EVENT_LIMIT_ODD], rows[i].there > 32768);
		finish();
	}
}

TEST(blk_limits__queue_too_small_or_absent)
{
	static const struct {
		bool packed;
		uint16_t there;
	} rows[] = {
		{false, 1}, {false, 2}, {false, 3}, {true, 1}, {true, 2},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(rows[i].packed ? PACKED_F : 0);
		world->fake->queue_size = rows[i].there;
		EXPECT_EQ(fake_probe(world), ORION_DEVICE_REFUSED);
		EXPECT_EQ(world->fake->reports[ORION_EVENT_QUEUE_REFUSED], 1);
		fake_expect_empty(world);
	}
	begin(0);
	world->fake->queue_size = 0;
	EXPECT_EQ(fake_probe(world), ORION_DEVICE_REFUSED);
	begin(0);
	world->fake->queue_count = 0;
	EXPECT_EQ(fake_probe(world), ORION_DEVICE_REFUSED);
	fake_expect_empty(world);
}

/* Queue 2 is not there: the two before it serve, all with the smallest size. */
TEST(blk_limits__later_queues_may_lack)
{
	begin(MQ_F | INDIRECT_F);
	claim(34, 2, 4);
	world->fake->queue_count = 4;
	world->home_count = 4;
	world->fake->queue_sizes[1] = 16;
	world->fake->queue_sizes[2] = 1;
	EXPECT_EQ(probed()->queues, 2);
	EXPECT_EQ(vblk_info(world->device)->queue_size, 16);
	finish();
}

/*
 * The depth that is asked for is had where the ring allows it: 3 descriptors each without tables.
 */
TEST(blk_limits__depth)
{
	for (uint32_t depth = 1; depth <= 1024; depth += depth < 20 ? 1 : 251) {
		for (unsigned indirect = 0; indirect < 2; indirect++) {
			const struct vblk_info *info;

			begin(indirect ? INDIRECT_F : 0);
			world->options.queue_depth = depth;
			world->fake->queue_size = 1024;
			info = probed();
			EXPECT(info->queue_depth <= depth);
			if (indirect || 3 * depth <= 1024)
				EXPECT_EQ(info->queue_depth, depth);
			else
				EXPECT_EQ(info->queue_depth, 1024 / 3);
			finish();
		}
	}
}

/* A limit of the person's own that leaves no room for one request is said, not driven with. */
TEST(blk_limits__option_for_descriptors_too_small)
{
	for (uint32_t most = 2; most <= 8; most++) {
		begin(INDIRECT_F | SEG_MAX_F);
		world->options.device_max_queue_depth = most;
		world->options.queue_depth = 1;
		if (most < 4) {
			EXPECT(fake_probe(world) != ORION_OK);
		} else {
			EXPECT(probed()->queue_size <= most);
			finish();
		}
	}
}

TEST(blk_limits__request_size)
{
	static const struct {
		uint32_t option, block, used;
	} rows[] = {
		{8, 512, 8},
		{65536, 512, 65536},
		{8388608, 512, 8388607},
		{8388608, 4096, 8388600},
		{9, 4096, 8},
		{8, 65536, 128},
		{8388608, 65536, 8388480},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(BLK_SIZE_F);
		claim(20, 4, rows[i].block);
		world->options.device_max_sectors = rows[i].option;
		EXPECT_EQ(probed()->request_sectors_max, rows[i].used);
		finish();
	}
}

/* A configuration that ends before a field whose feature was negotiated. */
TEST(blk_limits__config_too_short)
{
	static const struct {
		uint64_t features;
		uint32_t bytes;
		bool enough;
	} rows[] = {
		{0, 8, true},
		{0, 7, false},
		{SIZE_MAX_F, 12, true},
		{SIZE_MAX_F, 11, false},
		{SEG_MAX_F, 16, true},
		{SEG_MAX_F, 15, false},
		{BLK_SIZE_F, 24, true},
		{BLK_SIZE_F, 23, false},
		{TOPOLOGY_F, 32, true},
		{TOPOLOGY_F, 31, false},
		{FLUSH_F | WCE_F, 33, true},
		{FLUSH_F | WCE_F, 32, false},
		{MQ_F, 36, true},
		{MQ_F, 35, false},
		{0, 0, false},
		{0, UINT32_MAX, true},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(rows[i].features);
		world->fake->config_bytes = rows[i].bytes;
		EXPECT_EQ(fake_probe(world), rows[i].enough ? ORION_OK : ORION_DEVICE_REFUSED);
		if (rows[i].enough)
			finish();
		else
			EXPECT_EQ(world->fake->reports[ORION_EVENT_CONFIG_SHORT], 1);
	}
}

TEST(blk_limits__torn_config)
{
	begin(0);
	claim(0, 8, 0);
	world->fake->torn = 9;
	EXPECT_EQ(probed()->capacity_sectors, 9);
	begin(0);
	world->fake->torn = UINT_MAX;
	EXPECT_EQ(fake_probe(world), ORION_TIMED_OUT);
	fake_expect_empty(world);
}

/* Nonsense in every byte at once. */
TEST(blk_limits__random_configuration)
{
	unsigned sound = 0;

	for (unsigned i = 0; i < 3000; i++) {
		begin(test_random() & 0xffffffffffull);
		world->fake->queue_size = (uint16_t)test_random();
		world->fake->queue_count = (uint16_t)test_random_below(60);
		for (unsigned b = 0; b < 96; b++)
			world->fake->config[b] = (uint8_t)(test_random() & test_random());
		if (world->fake->queue_size < 4 || world->fake->queue_count == 0)
			continue;
		/* Blocks that can be kept to, three times of four; the rest is refused. */
		if (i % 4 != 0)
			claim(20, 4, 512u << test_random_below(8));
		if (fake_probe(world) != ORION_OK) {
			EXPECT_EQ(world->fake->reports[ORION_EVENT_LIMIT_REFUSED], 1);
			fake_expect_empty(world);
			continue;
		}
		(void)judged();
		sound++;
		finish();
		if (i % 100 == 0)
			test_note("round %u", i);
	}
	EXPECT(sound > 1000);
}

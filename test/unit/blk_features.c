/* SPDX-License-Identifier: MIT */
/* src/blk/open.c: which features are asked for, of what is known, offered, wanted and required. */
#include <string.h>

#include "test/harness.h"

#include "desk_blk.h"

#define EVERYTHING (BIT(1) | BIT(2) | BIT(6) | BIT(9) | BIT(12) | BIT(28) | BIT(29))

static struct fake_world *
begin(uint64_t features)
{
	struct fake *fake = fake_make(features);
	struct fake_world *world = fake_world_make(fake);

	fake_config(fake, 8, 4, 65536);
	return world;
}

TEST(blk_features__negotiates_what_is_known_and_offered)
{
	/*
	 * By number, as the specification has them: SIZE_MAX, SEG_MAX, RO, BLK_SIZE, FLUSH,
	 * TOPOLOGY, CONFIG_WCE, MQ; INDIRECT_DESC, EVENT_IDX; VERSION_1 to ORDER_PLATFORM;
	 * NOTIFICATION_DATA, NOTIF_CONFIG_DATA, RING_RESET.  No other, whatever it is for: not 37
	 * (SR_IOV), not 41 (ADMIN_VQ), not 42 and above.
	 */
	static const uint8_t bits[] = {1,  2,  5,  6,  9,  10, 11, 12, 28,
				       29, 32, 33, 34, 35, 36, 38, 39, 40};
	struct fake_world *world = begin(UINT64_MAX);
	uint64_t known = 0;

	for (unsigned i = 0; i < sizeof(bits); i++)
		known |= BIT(bits[i]);
	(void)fake_live(world);
	EXPECT_EQ(world->fake->driver_features, known);
	EXPECT_EQ(vblk_info(world->device)->features_offered, UINT64_MAX);
	EXPECT_EQ(vblk_info(world->device)->features_negotiated, known);
	world = begin(EVERYTHING);
	world->options.features_off = BIT(28) | BIT(29);
	(void)fake_live(world);
	EXPECT_EQ(world->fake->driver_features, (EVERYTHING | BIT(32)) & ~(BIT(28) | BIT(29)));
}

/* Read-only is acknowledged, not only obeyed. */
TEST(blk_features__read_only_is_acknowledged)
{
	struct fake_world *world = begin(BIT(5));

	(void)fake_live(world);
	EXPECT_EQ(world->fake->driver_features, BIT(5) | BIT(32));
}

/* Of 32 bits a legacy device is told what is known, and ANY_LAYOUT; 30 is nobody's. */
TEST(blk_features__legacy_allow_list)
{
	struct fake_world *world = begin(UINT32_MAX);

	world->fake->ops.legacy = true;
	world->fake->features &= UINT32_MAX;
	(void)fake_live(world);
	EXPECT_EQ(world->fake->driver_features, BIT(1) | BIT(2) | BIT(5) | BIT(6) | BIT(9) |
							BIT(10) | BIT(11) | BIT(12) | BIT(27) |
							BIT(28) | BIT(29));
}

TEST(blk_features__unmet_dependencies_are_dropped_and_said)
{
	struct fake_world *world = begin(BIT(11));

	EXPECT_EQ(fake_probe(world), ORION_OK);
	EXPECT_EQ(world->fake->driver_features, BIT(32));
	EXPECT_EQ(world->fake->reports[ORION_EVENT_FEATURES_DROPPED], 1);
	EXPECT_EQ(world->fake->report[ORION_EVENT_FEATURES_DROPPED][0], BIT(11));
	vblk_close(world->device);
}

TEST(blk_features__required_features)
{
	struct fake_world *world = begin(EVERYTHING);

	world->options.features_required = BIT(34);
	EXPECT_EQ(fake_probe(world), ORION_DEVICE_REFUSED);
	EXPECT_EQ(world->fake->reports[ORION_EVENT_FEATURES_MISSING], 1);
	EXPECT_EQ(world->fake->report[ORION_EVENT_FEATURES_MISSING][0], EVERYTHING | BIT(32));
	EXPECT_EQ(world->fake->report[ORION_EVENT_FEATURES_MISSING][1], BIT(34) | BIT(32));
	EXPECT_EQ(world->fake->report[ORION_EVENT_FEATURES_MISSING][2], 0);
	EXPECT_EQ(world->fake->status & 128, 128);
	fake_expect_empty(world);
	/* It is there, and it is the driver that has no such thing. */
	world = begin(EVERYTHING | BIT(34) | BIT(43));
	world->options.features_required = BIT(34) | BIT(43);
	EXPECT_EQ(fake_probe(world), ORION_DEVICE_REFUSED);
	EXPECT_EQ(world->fake->report[ORION_EVENT_FEATURES_MISSING][2], BIT(43));
	fake_expect_empty(world);
	/* A device of before VirtIO 1. */
	world = begin(EVERYTHING);
	world->fake->features &= ~BIT(32);
	EXPECT_EQ(fake_probe(world), ORION_DEVICE_REFUSED);
	EXPECT(strstr(world->fake->journal, "features!") == NULL);
	fake_expect_empty(world);
}

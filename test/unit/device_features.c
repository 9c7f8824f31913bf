/* SPDX-License-Identifier: MIT */
/*
 * The feature tables of src/device and src/blk: dependencies over all subsets of the bits involved,
 * and every name.
 */
#include <string.h>

#include "test/harness.h"

#include "blk/types.h"
#include "orion/texts.h"

#define BIT(n) (UINT64_C(1) << (n))

/* The specification's, written out: what a bit needs [spec 2.2, 5.2.3, 6]. */
static const struct {
	unsigned bit, needs;
} rules[] = {
	{33, 32}, {34, 32}, {35, 32}, {36, 32}, {38, 32}, {39, 32}, {40, 32}, {17, 32}, {11, 9},
};
#define RULES (sizeof(rules) / sizeof(rules[0]))

/* Takes bits away one at a time until no rule is broken. */
static uint64_t
closed_slowly(uint64_t offer)
{
	for (unsigned i = 0; i < RULES; i++) {
		if ((offer & BIT(rules[i].bit)) && !(offer & BIT(rules[i].needs)))
			return closed_slowly(offer & ~BIT(rules[i].bit));
	}
	return offer;
}

TEST(device_features__all_subsets)
{
	static const unsigned bits[] = {9, 11, 17, 32, 33, 34, 35, 36, 38, 39, 40, 12, 28};
	const unsigned count = sizeof(bits) / sizeof(bits[0]);

	for (unsigned set = 0; set < 1u << count; set++) {
		uint64_t offer = 0;

		for (unsigned i = 0; i < count; i++)
			offer |= (set >> i & 1) != 0 ? BIT(bits[i]) : 0;
		EXPECT_EQ(vblk_features_closed(offer), closed_slowly(offer));
	}
}

TEST(device_features__closing_only_takes_away_and_ends)
{
	for (unsigned i = 0; i < 2000; i++) {
		uint64_t offer = test_random();
		uint64_t closed = vblk_features_closed(offer);

		EXPECT_EQ(closed & ~offer, 0);
		EXPECT_EQ(vblk_features_closed(closed), closed);
	}
	EXPECT_EQ(vblk_features_closed(UINT64_MAX), UINT64_MAX);
	EXPECT_EQ(vblk_features_closed(0), 0);
}

static const struct {
	unsigned bit;
	const char *name;
} names[] = {
	{1, "VIRTIO_BLK_F_SIZE_MAX"},
	{2, "VIRTIO_BLK_F_SEG_MAX"},
	{4, "VIRTIO_BLK_F_GEOMETRY"},
	{5, "VIRTIO_BLK_F_RO"},
	{6, "VIRTIO_BLK_F_BLK_SIZE"},
	{9, "VIRTIO_BLK_F_FLUSH"},
	{10, "VIRTIO_BLK_F_TOPOLOGY"},
	{11, "VIRTIO_BLK_F_CONFIG_WCE"},
	{12, "VIRTIO_BLK_F_MQ"},
	{13, "VIRTIO_BLK_F_DISCARD"},
	{14, "VIRTIO_BLK_F_WRITE_ZEROES"},
	{15, "VIRTIO_BLK_F_LIFETIME"},
	{16, "VIRTIO_BLK_F_SECURE_ERASE"},
	{17, "VIRTIO_BLK_F_ZONED"},
	{24, "VIRTIO_F_NOTIFY_ON_EMPTY"},
	{27, "VIRTIO_F_ANY_LAYOUT"},
	{28, "VIRTIO_F_INDIRECT_DESC"},
	{29, "VIRTIO_F_EVENT_IDX"},
	{32, "VIRTIO_F_VERSION_1"},
	{33, "VIRTIO_F_ACCESS_PLATFORM"},
	{34, "VIRTIO_F_RING_PACKED"},
	{35, "VIRTIO_F_IN_ORDER"},
	{36, "VIRTIO_F_ORDER_PLATFORM"},
	{37, "VIRTIO_F_SR_IOV"},
	{38, "VIRTIO_F_NOTIFICATION_DATA"},
	{39, "VIRTIO_F_NOTIF_CONFIG_DATA"},
	{40, "VIRTIO_F_RING_RESET"},
	{41, "VIRTIO_F_ADMIN_VQ"},
	{43, "VIRTIO_F_SUSPEND"},
};

TEST(device_features__names)
{
	for (unsigned bit = 0; bit < 70; bit++) {
		const char *expected = NULL;

		for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			if (names[i].bit == bit)
				expected = names[i].name;
		}
		if (expected == NULL)
			EXPECT(vblk_feature_name(bit) == NULL);
		else
			EXPECT_STR(vblk_feature_name(bit), expected);
	}
	EXPECT(vblk_feature_name(256 + 1) == NULL);
}

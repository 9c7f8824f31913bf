/* SPDX-License-Identifier: MIT */
/* Feature sets: names and dependencies, one table each (Feature Manager).  [spec 2.2, 5.2.3, 6] */
#include "device.h"

#include "../spec/virtio_blk.h"

/* A bit is worth nothing, and is not taken, without the one it needs. */
static const struct {
	uint8_t bit, needs;
} dependencies[] = {
	{VIRTIO_F_ACCESS_PLATFORM, VIRTIO_F_VERSION_1},
	{VIRTIO_F_RING_PACKED, VIRTIO_F_VERSION_1},
	{VIRTIO_F_IN_ORDER, VIRTIO_F_VERSION_1},
	{VIRTIO_F_ORDER_PLATFORM, VIRTIO_F_VERSION_1},
	{VIRTIO_F_NOTIFICATION_DATA, VIRTIO_F_VERSION_1},
	{VIRTIO_F_NOTIF_CONFIG_DATA, VIRTIO_F_VERSION_1},
	{VIRTIO_F_RING_RESET, VIRTIO_F_VERSION_1},
	{VIRTIO_BLK_F_ZONED, VIRTIO_F_VERSION_1},
	{VIRTIO_BLK_F_CONFIG_WCE, VIRTIO_BLK_F_FLUSH},
};

static const struct {
	uint8_t bit;
	const char *name;
} names[] = {
	{VIRTIO_BLK_F_SIZE_MAX, "VIRTIO_BLK_F_SIZE_MAX"},
	{VIRTIO_BLK_F_SEG_MAX, "VIRTIO_BLK_F_SEG_MAX"},
	{VIRTIO_BLK_F_GEOMETRY, "VIRTIO_BLK_F_GEOMETRY"},
	{VIRTIO_BLK_F_RO, "VIRTIO_BLK_F_RO"},
	{VIRTIO_BLK_F_BLK_SIZE, "VIRTIO_BLK_F_BLK_SIZE"},
	{VIRTIO_BLK_F_FLUSH, "VIRTIO_BLK_F_FLUSH"},
	{VIRTIO_BLK_F_TOPOLOGY, "VIRTIO_BLK_F_TOPOLOGY"},
	{VIRTIO_BLK_F_CONFIG_WCE, "VIRTIO_BLK_F_CONFIG_WCE"},
	{VIRTIO_BLK_F_MQ, "VIRTIO_BLK_F_MQ"},
	{VIRTIO_BLK_F_DISCARD, "VIRTIO_BLK_F_DISCARD"},
	{VIRTIO_BLK_F_WRITE_ZEROES, "VIRTIO_BLK_F_WRITE_ZEROES"},
	{VIRTIO_BLK_F_LIFETIME, "VIRTIO_BLK_F_LIFETIME"},
	{VIRTIO_BLK_F_SECURE_ERASE, "VIRTIO_BLK_F_SECURE_ERASE"},
	{VIRTIO_BLK_F_ZONED, "VIRTIO_BLK_F_ZONED"},
	{VIRTIO_F_NOTIFY_ON_EMPTY, "VIRTIO_F_NOTIFY_ON_EMPTY"},
	{VIRTIO_F_ANY_LAYOUT, "VIRTIO_F_ANY_LAYOUT"},
	{VIRTIO_F_INDIRECT_DESC, "VIRTIO_F_INDIRECT_DESC"},
	{VIRTIO_F_EVENT_IDX, "VIRTIO_F_EVENT_IDX"},
	{VIRTIO_F_VERSION_1, "VIRTIO_F_VERSION_1"},
	{VIRTIO_F_ACCESS_PLATFORM, "VIRTIO_F_ACCESS_PLATFORM"},
	{VIRTIO_F_RING_PACKED, "VIRTIO_F_RING_PACKED"},
	{VIRTIO_F_IN_ORDER, "VIRTIO_F_IN_ORDER"},
	{VIRTIO_F_ORDER_PLATFORM, "VIRTIO_F_ORDER_PLATFORM"},
	{VIRTIO_F_SR_IOV, "VIRTIO_F_SR_IOV"},
	{VIRTIO_F_NOTIFICATION_DATA, "VIRTIO_F_NOTIFICATION_DATA"},
	{VIRTIO_F_NOTIF_CONFIG_DATA, "VIRTIO_F_NOTIF_CONFIG_DATA"},
	{VIRTIO_F_RING_RESET, "VIRTIO_F_RING_RESET"},
	{VIRTIO_F_ADMIN_VQ, "VIRTIO_F_ADMIN_VQ"},
	{VIRTIO_F_SUSPEND, "VIRTIO_F_SUSPEND"},
};

uint64_t
orion_virtio_features_closed(uint64_t offer)
{
	/* No chain of dependencies is longer than two, but a second pass makes that not matter. */
	for (unsigned pass = 0; pass < 2; pass++) {
		for (unsigned i = 0; i < COUNT_OF(dependencies); i++) {
			if (!(offer & VIRTIO_BIT(dependencies[i].needs)))
				offer &= ~VIRTIO_BIT(dependencies[i].bit);
		}
	}
	return offer;
}

const char *
orion_virtio_feature_name(unsigned bit)
{
	for (unsigned i = 0; i < COUNT_OF(names); i++) {
		if (names[i].bit == bit)
			return names[i].name;
	}
	return NULL;
}

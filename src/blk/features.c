/* SPDX-License-Identifier: MIT */
/* The feature bits that this driver can use, and those of a block device that need others. */
#include "types.h"

uint64_t
vblk_features_known(void)
{
	return VIRTIO_BIT(VIRTIO_BLK_F_SIZE_MAX) | VIRTIO_BIT(VIRTIO_BLK_F_SEG_MAX) |
	       VIRTIO_BIT(VIRTIO_BLK_F_RO) | VIRTIO_BIT(VIRTIO_BLK_F_BLK_SIZE) |
	       VIRTIO_BIT(VIRTIO_BLK_F_FLUSH) | VIRTIO_BIT(VIRTIO_BLK_F_TOPOLOGY) |
	       VIRTIO_BIT(VIRTIO_BLK_F_CONFIG_WCE) | VIRTIO_BIT(VIRTIO_BLK_F_MQ) |
	       VIRTIO_BIT(VIRTIO_F_EVENT_IDX) | VIRTIO_BIT(VIRTIO_F_VERSION_1) |
	       VIRTIO_BIT(VIRTIO_F_ACCESS_PLATFORM) | VIRTIO_BIT(VIRTIO_F_ORDER_PLATFORM) |
	       VIRTIO_BIT(VIRTIO_F_NOTIFICATION_DATA) | VIRTIO_BIT(VIRTIO_F_NOTIF_CONFIG_DATA) |
	       VIRTIO_BIT(VIRTIO_F_RING_RESET) | vblk_path.features;
}

uint64_t
vblk_features_closed(uint64_t offer)
{
	static const struct virtio_dependency own[] = {
		{VIRTIO_BLK_F_ZONED, VIRTIO_F_VERSION_1},
		{VIRTIO_BLK_F_CONFIG_WCE, VIRTIO_BLK_F_FLUSH},
	};

	return orion_virtio_features_closed(offer, own, COUNT_OF(own));
}

/* SPDX-License-Identifier: MIT */
/* The feature bits of a block device that need others. */
#include "types.h"

uint64_t
vblk_features_closed(uint64_t offer)
{
	static const struct virtio_dependency own[] = {
		{VIRTIO_BLK_F_ZONED, VIRTIO_F_VERSION_1},
		{VIRTIO_BLK_F_CONFIG_WCE, VIRTIO_BLK_F_FLUSH},
	};

	return orion_virtio_features_closed(offer, own, COUNT_OF(own));
}

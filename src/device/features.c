/* SPDX-License-Identifier: MIT */
/* Feature sets and what depends on what (Feature Manager).  [spec 2.2, 6] */
#include "device.h"

static const struct virtio_dependency common[] = {
	{VIRTIO_F_ACCESS_PLATFORM, VIRTIO_F_VERSION_1},
	{VIRTIO_F_RING_PACKED, VIRTIO_F_VERSION_1},
	{VIRTIO_F_IN_ORDER, VIRTIO_F_VERSION_1},
	{VIRTIO_F_ORDER_PLATFORM, VIRTIO_F_VERSION_1},
	{VIRTIO_F_NOTIFICATION_DATA, VIRTIO_F_VERSION_1},
	{VIRTIO_F_NOTIF_CONFIG_DATA, VIRTIO_F_VERSION_1},
	{VIRTIO_F_RING_RESET, VIRTIO_F_VERSION_1},
};

static uint64_t
without_orphans(uint64_t offer, const struct virtio_dependency *table, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (!(offer & VIRTIO_BIT(table[i].needs)))
			offer &= ~VIRTIO_BIT(table[i].bit);
	}
	return offer;
}

uint64_t
orion_virtio_features_closed(uint64_t offer, const struct virtio_dependency *own, unsigned count)
{
	/* No chain of dependencies is longer than two, but a second pass makes that not matter. */
	for (unsigned pass = 0; pass < 2; pass++) {
		offer = without_orphans(offer, common, COUNT_OF(common));
		offer = without_orphans(offer, own, count);
	}
	return offer;
}

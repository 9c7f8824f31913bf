/* SPDX-License-Identifier: MIT */
/*
 * HOT: the I/O path, all of it, for the kinds of ring that are named in VBLK_HAS.
 *
 * Included by one file of a program, path.c or one in its place, so that what is negotiated, what
 * is submitted and what is reaped cannot be of different kinds (docs/decisions/0029).
 */
#ifndef ORION_BLK_PATH_H
#define ORION_BLK_PATH_H

#include "reap.h"
#include "submit.h"

const uint64_t vblk_features_known =
	VIRTIO_BIT(VIRTIO_BLK_F_SIZE_MAX) | VIRTIO_BIT(VIRTIO_BLK_F_SEG_MAX) |
	VIRTIO_BIT(VIRTIO_BLK_F_RO) | VIRTIO_BIT(VIRTIO_BLK_F_BLK_SIZE) |
	VIRTIO_BIT(VIRTIO_BLK_F_FLUSH) | VIRTIO_BIT(VIRTIO_BLK_F_TOPOLOGY) |
	VIRTIO_BIT(VIRTIO_BLK_F_CONFIG_WCE) | VIRTIO_BIT(VIRTIO_BLK_F_MQ) |
	VIRTIO_BIT(VIRTIO_F_EVENT_IDX) | VIRTIO_BIT(VIRTIO_F_VERSION_1) |
	VIRTIO_BIT(VIRTIO_F_ACCESS_PLATFORM) | VIRTIO_BIT(VIRTIO_F_ORDER_PLATFORM) |
	VIRTIO_BIT(VIRTIO_F_NOTIFICATION_DATA) | VIRTIO_BIT(VIRTIO_F_NOTIF_CONFIG_DATA) |
	VIRTIO_BIT(VIRTIO_F_RING_RESET) | (HAS(TABLES) ? VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC) : 0) |
	(HAS(IN_ORDER) ? VIRTIO_BIT(VIRTIO_F_IN_ORDER) : 0) |
	(HAS(PACKED) ? VIRTIO_BIT(VIRTIO_F_RING_PACKED) : 0);

#endif

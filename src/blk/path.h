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

_Static_assert(HAS(TABLES) || HAS(DIRECT), "VBLK_HAS: tables, direct chains, or both");

const struct vblk_path vblk_path = {
	.features = (HAS(TABLES) ? VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC) : 0) |
		    (HAS(IN_ORDER) ? VIRTIO_BIT(VIRTIO_F_IN_ORDER) : 0) |
		    (HAS(PACKED) ? VIRTIO_BIT(VIRTIO_F_RING_PACKED) : 0),
	.needed = HAS(DIRECT) ? 0 : VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC),
};

#endif

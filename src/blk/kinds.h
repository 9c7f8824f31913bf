/* SPDX-License-Identifier: MIT */
/*
 * The hot path is written once and compiled for each kind of ring: this is the list of them.
 *
 * VBLK_KINDS(X) expands X(name, kind, packed) for each; the mode of a queue of that kind is
 * VBLK_MODE(kind, packed).
 */
#ifndef ORION_BLK_KINDS_H
#define ORION_BLK_KINDS_H

#include "blk/types.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define NEVER_INLINE __attribute__((noinline))

#define VBLK_MODE(kind, packed) ((kind) | ((packed) ? VBLK_MODE_PACKED : 0u))

#define VBLK_KINDS(X)                                                                              \
	X(split_table, 0u, false)                                                                  \
	X(split_direct, VRING_DIRECT, false)                                                       \
	X(split_table_ordered, VRING_IN_ORDER, false)                                              \
	X(split_direct_ordered, VRING_DIRECT | VRING_IN_ORDER, false)                              \
	X(packed_table, 0u, true)                                                                  \
	X(packed_direct, VRING_DIRECT, true)                                                       \
	X(packed_table_ordered, VRING_IN_ORDER, true)                                              \
	X(packed_direct_ordered, VRING_DIRECT | VRING_IN_ORDER, true)

#endif

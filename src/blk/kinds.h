/* SPDX-License-Identifier: MIT */
/*
 * The hot path is written once and compiled for the kinds of ring below, each by itself.
 *
 * A list expands X(name, kind, packed) for each; the mode of a queue of that kind is
 * VBLK_MODE(kind, packed).  Not in the lists are mode 0, split tables, the commonest, whose paths
 * are compiled into the entries themselves; and direct chains in order, the rarest, which share one
 * path that looks at the kind as it goes.
 */
#ifndef ORION_BLK_KINDS_H
#define ORION_BLK_KINDS_H

#include "types.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define NEVER_INLINE __attribute__((noinline))

/*
 * The moment, for latencies; always 0 on a host that did not say that the instruction may be used.
 */
static ALWAYS_INLINE uint64_t
ticks_now(const struct vblk_queue *queue)
{
	return likely(!queue->untimed) ? arch_ticks() : 0;
}

#define VBLK_MODE(kind, packed) ((kind) | ((packed) ? VBLK_MODE_PACKED : 0u))

#define VBLK_KINDS(X)                                                                              \
	X(split_direct, VRING_DIRECT, false)                                                       \
	X(split_ordered, VRING_IN_ORDER, false)                                                    \
	X(packed_table, 0u, true)                                                                  \
	X(packed_direct, VRING_DIRECT, true)                                                       \
	X(packed_ordered, VRING_IN_ORDER, true)

#endif

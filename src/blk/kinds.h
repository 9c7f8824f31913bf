/* SPDX-License-Identifier: MIT */
/*
 * The hot path is written once and compiled for the kinds of ring below, each by itself, as far as
 * the path's file (path.c, or the one in its place) says that it has them.
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

/*
 * What a path's file can have beside split rings of direct chains, which every device has, or'ed:
 * it defines VBLK_HAS, and includes path.h.
 */
#define VBLK_HAS_TABLES 1u      /* indirect tables */
#define VBLK_HAS_IN_ORDER 2u
#define VBLK_HAS_PACKED 4u
#define VBLK_HAS_ALL (VBLK_HAS_TABLES | VBLK_HAS_IN_ORDER | VBLK_HAS_PACKED)

#define HAS(what) ((VBLK_HAS & VBLK_HAS_##what) != 0)

/* Whether the path is compiled for a kind of ring; no queue is of another. */
static ALWAYS_INLINE bool
has_kind(const unsigned kind, const bool packed)
{
	return (kind & VRING_DIRECT || HAS(TABLES)) &&
	       (!(kind & VRING_IN_ORDER) || HAS(IN_ORDER)) && (!packed || HAS(PACKED));
}

/* The kind of RING, where it is looked at: what it cannot be, the compiler sees. */
static ALWAYS_INLINE unsigned
ring_kind(const struct vring *ring)
{
	const unsigned may = VRING_DIRECT | (HAS(IN_ORDER) ? VRING_IN_ORDER : 0);
	const unsigned must = HAS(TABLES) ? 0 : VRING_DIRECT;

	return VBLK_HAS == VBLK_HAS_ALL ? ring->kind : (ring->kind & may) | must;
}

static ALWAYS_INLINE bool
ring_packed(const struct vring *ring)
{
	return HAS(PACKED) && ring->packed;
}

#define VBLK_MODE(kind, packed) ((kind) | ((packed) ? VBLK_MODE_PACKED : 0u))

#define VBLK_KINDS(X)                                                                              \
	X(split_direct, VRING_DIRECT, false)                                                       \
	X(split_ordered, VRING_IN_ORDER, false)                                                    \
	X(packed_table, 0u, true)                                                                  \
	X(packed_direct, VRING_DIRECT, true)                                                       \
	X(packed_ordered, VRING_IN_ORDER, true)

#endif

/* SPDX-License-Identifier: MIT */
/* Latency buckets of a quarter of a power of two: a handful of instructions, no table. */
#ifndef ORION_BASE_LATENCY_H
#define ORION_BASE_LATENCY_H

#include <stdint.h>

#include "../arch/bits.h"
#include "orion/stats.h"

/*
 * The bucket of TICKS; see ORION_LATENCY_BUCKETS.  The shift leaves the three uppermost bits, 4 to
 * 7, of a number from 4; smaller ones are their own bucket.
 */
static inline unsigned
latency_bucket(uint64_t ticks)
{
	unsigned shift = arch_highest_bit(ticks | 4) - 2;

	return shift * 4 + (unsigned)(ticks >> shift);
}

#endif

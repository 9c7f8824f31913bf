/* SPDX-License-Identifier: MIT */
/* Latency buckets of a quarter of a power of two: a handful of instructions, no table. */
#ifndef ORION_BASE_LATENCY_H
#define ORION_BASE_LATENCY_H

#include <stdint.h>

#include "orion/stats.h"

/* The bucket of TICKS; see ORION_LATENCY_BUCKETS. */
static inline unsigned
latency_bucket(uint64_t ticks)
{
	unsigned top, bucket;

	if (ticks < 4)
		return (unsigned)ticks;
	top = 63 - (unsigned)__builtin_clzll(ticks);
	bucket = (top - 1) * 4 + (unsigned)(ticks >> (top - 2) & 3);
	return bucket < ORION_LATENCY_BUCKETS ? bucket : ORION_LATENCY_BUCKETS - 1;
}

#endif

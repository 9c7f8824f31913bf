/* SPDX-License-Identifier: MIT */
/* Sums of counters, and the latency histogram's arithmetic: bucket, edge, percentile. */
#include <stddef.h>

#include "orion/stats.h"

#include "../base/latency.h"
#include "../base/num.h"

uint64_t
orion_stats_bucket_floor(unsigned b)
{
	if (b < 8)
		return b;
	return (UINT64_C(4) + b % 4) << (b / 4 - 1);
}

unsigned
orion_stats_bucket(uint64_t ticks)
{
	return latency_bucket(ticks);
}

void
orion_stats_add(struct vblk_queue_stats *sum, const struct vblk_queue_stats *more)
{
	uint64_t most = sum->latency_max_ticks > more->latency_max_ticks ? sum->latency_max_ticks
									 : more->latency_max_ticks;
	const uint64_t *from = (const uint64_t *)(const void *)more;
	uint64_t *to = (uint64_t *)(void *)sum;

	/* Counters and nothing else, so that a new one is added up from its first day. */
	_Static_assert(sizeof(*sum) % sizeof(*to) == 0, "vblk_queue_stats");
	for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += from[i];
	sum->latency_max_ticks = most;
}

uint64_t
orion_stats_percentile(const uint64_t buckets[ORION_LATENCY_BUCKETS], unsigned thousandths)
{
	uint64_t count = 0;

	for (unsigned b = 0; b < ORION_LATENCY_BUCKETS; b++)
		count += buckets[b];
	if (count == 0)
		return 0;
	if (thousandths > 1000)
		thousandths = 1000;

	/* ceil(count * thousandths / 1000) without overflow, and at least the first entry. */
	uint32_t rest;
	uint64_t rank = num_divide(count, 1000, &rest) * thousandths;
	uint64_t seen = 0;

	rank += (rest * thousandths + 999) / 1000;
	for (unsigned b = 0; b < ORION_LATENCY_BUCKETS; b++) {
		seen += buckets[b];
		if (seen >= rank && seen != 0)
			return orion_stats_bucket_floor(b + 1) - 1;
	}
	return orion_stats_bucket_floor(ORION_LATENCY_BUCKETS) - 1;
}

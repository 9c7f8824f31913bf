/* SPDX-License-Identifier: MIT */
/* The latency histogram's arithmetic: which bucket, which edge, which percentile. */
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

/* SPDX-License-Identifier: MIT */
/* The fine histogram: see latency.h. */
#include "commands/latency.h"

/* The number of NS's highest bit.  Times are mostly like the one before. */
static unsigned
top_bit(struct latency *latency, uint64_t ns)
{
	unsigned top = latency->top;

	if (ns >> top != 1) {
		for (top = 0; ns >> top > 1; top++) {
		}
		latency->top = top;
	}
	return top;
}

static unsigned
bucket_of(struct latency *latency, uint64_t ns)
{
	if (ns < 32)
		return (unsigned)ns;

	unsigned top = top_bit(latency, ns);
	unsigned bucket = (top - 4) * 32 + (unsigned)(ns >> (top - 5) & 31);

	return bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1;
}

/* The largest time in bucket B. */
static uint64_t
bucket_top(unsigned b)
{
	if (b < 32)
		return b;
	return ((UINT64_C(33) + b % 32) << (b / 32 - 1)) - 1;
}

void
latency_add(struct latency *latency, uint64_t ns)
{
	latency->count++;
	latency->sum_ns += ns;
	latency->max_ns = ns > latency->max_ns ? ns : latency->max_ns;
	latency->buckets[bucket_of(latency, ns)]++;
}

void
latency_merge(struct latency *latency, const struct latency *other)
{
	latency->count += other->count;
	latency->sum_ns += other->sum_ns;
	latency->max_ns = other->max_ns > latency->max_ns ? other->max_ns : latency->max_ns;
	for (unsigned b = 0; b < LATENCY_BUCKETS; b++)
		latency->buckets[b] += other->buckets[b];
}

uint64_t
latency_percentile(const struct latency *latency, unsigned thousandths)
{
	uint64_t rank = (latency->count * thousandths + 999) / 1000;
	uint64_t seen = 0;

	for (unsigned b = 0; b < LATENCY_BUCKETS; b++) {
		seen += latency->buckets[b];
		if (seen >= rank && seen != 0 && b + 1 < LATENCY_BUCKETS)
			return bucket_top(b) < latency->max_ns ? bucket_top(b) : latency->max_ns;
	}
	return latency->max_ns;
}

/* SPDX-License-Identifier: MIT */
/*
 * A histogram of times in nanoseconds with an error of at most 1/32: finer than the driver's own,
 * whose quarter-of-an-octave buckets are kept small for the I/O path.
 */
#ifndef COMMANDS_LATENCY_H
#define COMMANDS_LATENCY_H

#include <stdint.h>

/* 32 buckets for each power of two, from 2^5 to 2^47 ns (39 hours); below 32 ns one for each. */
#define LATENCY_BUCKETS 1376u

struct latency {
	uint64_t count;
	uint64_t sum_ns;
	uint64_t max_ns;
	unsigned top;           /* number of the highest bit of the last */
	uint32_t buckets[LATENCY_BUCKETS];
};

/* Adds one time.  LATENCY starts zeroed. */
void latency_add(struct latency *latency, uint64_t ns);

/* Adds all of OTHER. */
void latency_merge(struct latency *latency, const struct latency *other);

/* The time that THOUSANDTHS of the entries do not exceed; 0 without entries. */
uint64_t latency_percentile(const struct latency *latency, unsigned thousandths);

#endif

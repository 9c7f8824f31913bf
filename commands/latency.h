/* SPDX-License-Identifier: MIT */
/*
 * Latencies: a histogram of times in nanoseconds with an error of at most 1/32, for who measures
 * requests, and the one place where percentiles come from, of it and of the driver's own counters,
 * whose quarter-of-an-octave buckets are kept small for the I/O path.
 */
#ifndef COMMANDS_LATENCY_H
#define COMMANDS_LATENCY_H

#include "orion/stats.h"

#include "words/report.h"

/* 32 buckets for each power of two, from 2^5 to 2^47 ns (39 hours); below 32 ns one for each. */
#define LATENCY_BUCKETS 1376u
#define LATENCY_ROWS (LATENCY_BUCKETS / 8)

struct latency {
	uint64_t count;
	uint64_t sum_ns;
	uint64_t max_ns;
	unsigned top;                   /* number of the highest bit of the last */
	uint32_t buckets[LATENCY_BUCKETS];
};

/* The percentiles that are shown, as text and JSON name them; the last is the greatest time. */
#define LATENCY_MARKS 5u
struct latency_mark {
	const char *name, *key;
	unsigned thousandths;
};
extern const struct latency_mark latency_marks[LATENCY_MARKS];

/* Adds one time.  LATENCY starts zeroed. */
void latency_add(struct latency *latency, uint64_t ns);

/* Adds all of OTHER. */
void latency_merge(struct latency *latency, const struct latency *other);

/*
 * The time that THOUSANDTHS of the entries do not exceed, 0 without entries: the upper edge of its
 * bucket, but never above the greatest.
 */
uint64_t latency_percentile(const struct latency *latency, unsigned thousandths);

/* The same in ticks, of the driver's BUCKETS, the greatest of which is MAX. */
uint64_t latency_counted(const uint64_t buckets[ORION_LATENCY_BUCKETS], uint64_t max,
			 unsigned thousandths);

/* For a picture: how many are in row R of a quarter of an octave, and where that begins. */
uint64_t latency_row(const struct latency *latency, unsigned r);
uint64_t latency_row_floor(unsigned r);

/* One line of text; in JSON the members "latency_ns" and "histogram". */
void latency_report(struct report *report, const struct latency *latency);

#endif

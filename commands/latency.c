/* SPDX-License-Identifier: MIT */
/* Latencies: see latency.h. */
#include "commands/latency.h"

#define ROW (LATENCY_BUCKETS / LATENCY_ROWS)

const struct latency_mark latency_marks[LATENCY_MARKS] = {
	{"p50", "p50", 500},    {"p90", "p90", 900},  {"p99", "p99", 990},
	{"p99.9", "p999", 999}, {"max", "max", 1000},
};

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

	for (unsigned b = 0; b + 1 < LATENCY_BUCKETS; b++) {
		seen += latency->buckets[b];
		if (seen >= rank && seen != 0)
			return bucket_top(b) < latency->max_ns ? bucket_top(b) : latency->max_ns;
	}
	return latency->max_ns;
}

uint64_t
latency_counted(const uint64_t buckets[ORION_LATENCY_BUCKETS], uint64_t max, unsigned thousandths)
{
	uint64_t edge = orion_stats_percentile(buckets, thousandths);

	return edge < max ? edge : max;
}

/* ---- reports ---- */

uint64_t
latency_row(const struct latency *latency, unsigned r)
{
	uint64_t sum = 0;

	for (unsigned b = r * ROW; b < (r + 1) * ROW; b++)
		sum += latency->buckets[b];
	return sum;
}

uint64_t
latency_row_floor(unsigned r)
{
	return r == 0 ? 0 : bucket_top(r * ROW - 1) + 1;
}

/* NS in microseconds, "-" when nothing was measured. */
static struct print_text
us(const struct latency *latency, uint64_t ns)
{
	return latency->count == 0 ? (struct print_text){"-"} : print_fixed(ns / 100, 1);
}

static void
report_marks(struct report *report, const struct latency *latency, uint64_t mean_ns)
{
	bool none = latency->count == 0;

	report_group(report, "latency_ns", NULL);
	for (unsigned i = 0; i <= LATENCY_MARKS; i++) {
		const char *key = i == 0 ? "mean" : latency_marks[i - 1].key;

		if (none)
			report_none(report, key, NULL);
		else
			report_number(report, key,
				      i == 0 ? mean_ns
					     : latency_percentile(
						       latency, latency_marks[i - 1].thousandths));
	}
	report_group_end(report);
}

static void
report_rows(struct report *report, const struct latency *latency)
{
	report_list(report, "histogram");
	for (unsigned r = 0; r < LATENCY_ROWS; r++) {
		uint64_t count = latency_row(latency, r);

		if (count == 0)
			continue;
		report_group(report, NULL, NULL);
		report_number(report, "from_ns", latency_row_floor(r));
		report_number(report, "requests", count);
		report_group_end(report);
	}
	report_list_end(report);
}

void
latency_report(struct report *report, const struct latency *latency)
{
	uint64_t mean_ns = latency->count == 0 ? 0 : latency->sum_ns / latency->count;
	char line[160];
	size_t used = print_into(line, sizeof(line), "%-12s", "latency us");

	for (unsigned i = 0; i < LATENCY_MARKS && used < sizeof(line); i++) {
		uint64_t ns = latency_percentile(latency, latency_marks[i].thousandths);

		used += print_into(line + used, sizeof(line) - used, " %s %s ",
				   latency_marks[i].name, us(latency, ns).s);
	}
	report_line(report, "%s mean %s", line, us(latency, mean_ns).s);
	if (report->json) {
		report_marks(report, latency, mean_ns);
		report_rows(report, latency);
	}
}

/* SPDX-License-Identifier: MIT */
/* src/manager/stats.c: buckets and percentiles, against slow and simple ones. */
#include "orion/stats.h"

#include <stdlib.h>

#include "test/harness.h"

TEST(manager_stats__buckets_meet)
{
	EXPECT_EQ(orion_stats_bucket_floor(0), 0);
	EXPECT_EQ(orion_stats_bucket_floor(8), 8);
	EXPECT_EQ(orion_stats_bucket_floor(11), 14);
	EXPECT_EQ(orion_stats_bucket_floor(12), 16);
	for (unsigned b = 0; b + 1 < ORION_LATENCY_BUCKETS; b++) {
		uint64_t least = orion_stats_bucket_floor(b),
			 next = orion_stats_bucket_floor(b + 1);

		EXPECT(least < next);
		EXPECT_EQ(orion_stats_bucket(least), b);
		EXPECT_EQ(orion_stats_bucket(next - 1), b);
		/* At most a quarter wide. */
		EXPECT(b < 8 || (next - least) * 4 <= least);
	}
	EXPECT_EQ(orion_stats_bucket(UINT64_MAX), ORION_LATENCY_BUCKETS - 1);
	EXPECT_EQ(orion_stats_bucket(orion_stats_bucket_floor(ORION_LATENCY_BUCKETS - 1)),
		  ORION_LATENCY_BUCKETS - 1);
}

TEST(manager_stats__buckets_against_search)
{
	for (unsigned i = 0; i < 20000; i++) {
		uint64_t ticks = test_random() >> test_random_below(64);
		unsigned slow = ORION_LATENCY_BUCKETS - 1;

		while (orion_stats_bucket_floor(slow) > ticks)
			slow--;
		EXPECT_EQ(orion_stats_bucket(ticks), slow);
	}
}

static int
by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

TEST(manager_stats__percentiles_against_sorting)
{
	uint64_t values[500];

	for (unsigned round = 0; round < 200; round++) {
		uint64_t buckets[ORION_LATENCY_BUCKETS] = {0};
		unsigned count = 1 + (unsigned)test_random_below(500);

		for (unsigned i = 0; i < count; i++) {
			values[i] = test_random() >> (34 + test_random_below(30));
			buckets[orion_stats_bucket(values[i])]++;
		}
		qsort(values, count, sizeof(values[0]), by_value);
		for (unsigned t = 0; t <= 1000; t += 50) {
			unsigned rank = (count * t + 999) / 1000;
			uint64_t exact = values[rank == 0 ? 0 : rank - 1];
			uint64_t got = orion_stats_percentile(buckets, t);

			EXPECT(got >= exact);
			EXPECT(got <= exact + exact / 4);
		}
	}
}

/* By name: what is added, and what is not. */
TEST(manager_stats__sums)
{
	struct vblk_queue_stats sum = {.submitted = 5, .bytes_read = 100, .latency_max_ticks = 70},
				more = {.submitted = 2, .bytes_read = 1, .latency_max_ticks = 90};

	sum.latency[0] = 1;
	more.latency[0] = 10;
	more.latency[ORION_LATENCY_BUCKETS - 1] = 3;
	sum.short_lengths = 4;
	more.short_lengths = 4;
	orion_stats_add(&sum, &more);
	EXPECT_EQ(sum.submitted, 7);
	EXPECT_EQ(sum.bytes_read, 101);
	EXPECT_EQ(sum.short_lengths, 8);
	EXPECT_EQ(sum.latency_max_ticks, 90);
	EXPECT_EQ(sum.latency[0], 11);
	EXPECT_EQ(sum.latency[ORION_LATENCY_BUCKETS - 1], 3);
	more = (struct vblk_queue_stats){.latency_max_ticks = 80, .latency_ticks = 80};
	orion_stats_add(&sum, &more);
	EXPECT_EQ(sum.latency_max_ticks, 90);
	EXPECT_EQ(sum.latency_ticks, 80);
	EXPECT_EQ(sum.submitted, 7);
}

TEST(manager_stats__percentile_edges)
{
	uint64_t buckets[ORION_LATENCY_BUCKETS] = {0};

	EXPECT_EQ(orion_stats_percentile(buckets, 500), 0);
	buckets[5] = UINT64_C(1) << 60;
	buckets[7] = UINT64_C(1) << 60;
	EXPECT_EQ(orion_stats_percentile(buckets, 0), 5);
	EXPECT_EQ(orion_stats_percentile(buckets, 500), 5);
	EXPECT_EQ(orion_stats_percentile(buckets, 501), 7);
	EXPECT_EQ(orion_stats_percentile(buckets, 1000), 7);
	EXPECT_EQ(orion_stats_percentile(buckets, 5000), 7);
}

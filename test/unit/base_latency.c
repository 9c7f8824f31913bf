/* SPDX-License-Identifier: MIT */
/* src/base/latency.h against the definition of the buckets in include/orion/stats.h. */
#include "test/harness.h"

#include "base/latency.h"

/* "Bucket b < 8 holds exactly b ticks; bucket b >= 8 starts at (4 + b % 4) << (b / 4 - 1)." */
static uint64_t
starts_at(unsigned b)
{
	return b < 8 ? b : (uint64_t)(4 + b % 4) << (b / 4 - 1);
}

static unsigned
bucket_slowly(uint64_t ticks)
{
	unsigned b = ORION_LATENCY_BUCKETS - 1;

	while (starts_at(b) > ticks)
		b--;
	return b;
}

TEST(base_latency__small_values_all)
{
	for (uint64_t ticks = 0; ticks < 100000; ticks++)
		EXPECT_EQ(latency_bucket(ticks), bucket_slowly(ticks));
}

TEST(base_latency__edges_of_every_bucket)
{
	for (unsigned b = 1; b < ORION_LATENCY_BUCKETS; b++) {
		EXPECT_EQ(latency_bucket(starts_at(b)), b);
		EXPECT_EQ(latency_bucket(starts_at(b) - 1), b - 1);
	}
}

TEST(base_latency__never_beyond_the_last)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t ticks = UINT64_C(1) << bit;

		EXPECT_EQ(latency_bucket(ticks), bucket_slowly(ticks));
		EXPECT_EQ(latency_bucket(ticks - 1), bucket_slowly(ticks - 1));
	}
	EXPECT_EQ(latency_bucket(UINT64_MAX), ORION_LATENCY_BUCKETS - 1);
}

TEST(base_latency__agrees_with_the_public_function)
{
	for (unsigned i = 0; i < 5000; i++) {
		uint64_t ticks = test_random() >> test_random_below(64);
		unsigned b = latency_bucket(ticks);

		EXPECT_EQ(orion_stats_bucket(ticks), b);
		EXPECT(orion_stats_bucket_floor(b) <= ticks);
	}
}

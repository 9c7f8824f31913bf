/* SPDX-License-Identifier: MIT */
/* src/base/num.h: arithmetic at its edges, against slow loops and 128-bit sums. */
#include "test/harness.h"

#include "base/num.h"

static const uint64_t edges[] = {
	0,
	1,
	2,
	3,
	63,
	64,
	65,
	0x7fffffff,
	0x80000000,
	0x80000001,
	0xfffffffe,
	0xffffffff,
	0x100000000,
	0x100000001,
	0x7fffffffffffffff,
	0x8000000000000000,
	0x8000000000000001,
	0xfffffffffffffffe,
	0xffffffffffffffff,
};
#define EDGES (sizeof(edges) / sizeof(edges[0]))

TEST(base_num__add_says_when_it_overflows)
{
	for (unsigned i = 0; i < EDGES; i++) {
		for (unsigned j = 0; j < EDGES; j++) {
			unsigned __int128 wide = (unsigned __int128)edges[i] + edges[j];
			uint64_t sum = 0;
			bool fits = num_add64(edges[i], edges[j], &sum);

			EXPECT_EQ(fits, wide >> 64 == 0);
			if (fits)
				EXPECT_EQ(sum, (uint64_t)wide);
		}
	}
}

TEST(base_num__mul_says_when_it_overflows)
{
	for (unsigned i = 0; i < EDGES; i++) {
		for (unsigned j = 0; j < EDGES; j++) {
			unsigned __int128 wide = (unsigned __int128)edges[i] * edges[j];
			uint64_t product = 0;
			bool fits = num_mul64(edges[i], edges[j], &product);

			EXPECT_EQ(fits, wide >> 64 == 0);
			if (fits)
				EXPECT_EQ(product, (uint64_t)wide);
		}
	}
}

static bool
is_power_slowly(uint64_t v)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		if (v == UINT64_C(1) << bit)
			return true;
	}
	return false;
}

TEST(base_num__power_of_two)
{
	for (uint64_t v = 0; v < 5000; v++)
		EXPECT_EQ(num_is_power_of_two(v), is_power_slowly(v));
	for (unsigned i = 0; i < EDGES; i++)
		EXPECT_EQ(num_is_power_of_two(edges[i]), is_power_slowly(edges[i]));
}

static uint32_t
floor_slowly(uint32_t v)
{
	uint32_t power = 1;

	while (power <= v / 2)
		power *= 2;
	return power;
}

TEST(base_num__floor_and_ceil_of_powers)
{
	for (uint32_t v = 1; v < 70000; v++) {
		uint32_t low = floor_slowly(v);

		EXPECT_EQ(num_power_of_two_floor(v), low);
		EXPECT_EQ(num_power_of_two_ceil(v), low == v ? low : 2 * low);
	}
	EXPECT_EQ(num_power_of_two_floor(0x7fffffff), 0x40000000);
	EXPECT_EQ(num_power_of_two_floor(0x80000000), 0x80000000);
	EXPECT_EQ(num_power_of_two_floor(0xffffffff), 0x80000000);
	EXPECT_EQ(num_power_of_two_ceil(0x7fffffff), 0x80000000);
	EXPECT_EQ(num_power_of_two_ceil(0x80000000), 0x80000000);
}

TEST(base_num__align_up_is_the_next_multiple)
{
	for (size_t align = 1; align <= 4096; align *= 2) {
		for (size_t v = 0; v < 300; v++) {
			size_t up = num_align_up(v, align);

			EXPECT(up >= v && up - v < align && up % align == 0);
		}
	}
	EXPECT_EQ(num_align_up(SIZE_MAX - 63, 64), SIZE_MAX - 63);
}

TEST(base_num__min)
{
	EXPECT_EQ(num_min32(1, 2), 1);
	EXPECT_EQ(num_min32(0xffffffff, 0), 0);
	EXPECT_EQ(num_min32(7, 7), 7);
	EXPECT_EQ(num_min64(0xffffffffffffffff, 0x100000000), 0x100000000);
	EXPECT_EQ(num_min64(3, 0xffffffffffffffff), 3);
}

TEST(base_num__divide)
{
	static const uint64_t values[] = {0,
					  1,
					  999,
					  1000,
					  1001,
					  UINT32_MAX,
					  UINT64_MAX,
					  UINT64_MAX - 1,
					  UINT64_C(5000000000),
					  123456789012345678};
	static const uint32_t by[] = {1, 2, 3, 1000, 65535, 1000000, UINT32_C(1) << 31};

	for (unsigned i = 0; i < 10; i++) {
		for (unsigned j = 0; j < 7; j++) {
			uint32_t rest = UINT32_MAX;

			EXPECT_EQ(num_divide(values[i], by[j], &rest), values[i] / by[j]);
			EXPECT_EQ(rest, values[i] % by[j]);
		}
	}
}

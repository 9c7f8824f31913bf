/* SPDX-License-Identifier: MIT */
/* Bounded proofs: byte order and arithmetic, for every input. */
#include "base/latency.h"
#include "base/le.h"
#include "base/num.h"
#include "test/cbmc/world.h"

/* On CPUs of either order: least significant byte first in memory, and the same number back. */
void
proof_le(void)
{
	uint64_t v = nondet_u64();
	le16 a = cpu_to_le16((uint16_t)v);
	le32 b = cpu_to_le32((uint32_t)v);
	le64 c = cpu_to_le64(v);
	const unsigned char *at = (const unsigned char *)&c;

	PROVE(le16_to_cpu(a) == (uint16_t)v && le32_to_cpu(b) == (uint32_t)v && le64_to_cpu(c) == v,
	      "there and back");
	for (unsigned i = 0; i < 8; i++)
		PROVE(at[i] == (unsigned char)(v >> 8 * i), "byte by byte");
	PROVE(((const unsigned char *)&a)[1] == (unsigned char)(v >> 8) &&
		      ((const unsigned char *)&b)[3] == (unsigned char)(v >> 24),
	      "the narrow ones too");
	POSSIBLE(true, "the end");
}

void
proof_num(void)
{
	uint64_t a = nondet_u64(), b = nondet_u64(), sum;
	uint32_t v = nondet_u32(), floor, ceil;
	size_t align = (size_t)1 << (nondet_u8() % 32), up;

	PROVE(num_add64(a, b, &sum) == (b <= UINT64_MAX - a), "a sum that fits");
	ASSUME(v >= 1 && v <= (uint32_t)1 << 31);
	floor = num_power_of_two_floor(v);
	ceil = num_power_of_two_ceil(v);
	PROVE(num_is_power_of_two(floor) && floor <= v && v - floor < floor, "rounded down");
	PROVE(num_is_power_of_two(ceil) && ceil >= v && ceil - v <= ceil / 2 - (ceil > 1),
	      "rounded up");
	ASSUME(a <= UINT64_MAX - align);
	up = num_align_up(a, align);
	PROVE(up >= a && up - a < align && up % align == 0, "aligned");
	POSSIBLE(true, "the end");
}

/* Each bucket begins where the one before it ends, and is at most a quarter of its time wide. */
void
proof_latency(void)
{
	uint64_t ticks = nondet_u64(), more = nondet_u64();
	unsigned bucket = latency_bucket(ticks);

	PROVE(bucket < ORION_LATENCY_BUCKETS, "a bucket that is there");
	ASSUME(ticks <= more);
	PROVE(bucket <= latency_bucket(more), "in order");
	PROVE(more - ticks != 1 || latency_bucket(more) - bucket <= 1, "without a gap");
	PROVE(bucket != latency_bucket(more) || more - ticks <= ticks / 4, "none is too wide");
	POSSIBLE(bucket == ORION_LATENCY_BUCKETS - 1, "the last");
}

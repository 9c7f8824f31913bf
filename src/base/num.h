/* SPDX-License-Identifier: MIT */
/* Arithmetic that says when it overflows, and the few bit tricks that the core uses. */
#ifndef ORION_BASE_NUM_H
#define ORION_BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../arch/bits.h"

/* *SUM = A + B; false, with *SUM unspecified, when that does not fit. */
static inline bool
num_add64(uint64_t a, uint64_t b, uint64_t *sum)
{
	return !__builtin_add_overflow(a, b, sum);
}

/* *PRODUCT = A * B; false, with *PRODUCT unspecified, when that does not fit. */
static inline bool
num_mul64(uint64_t a, uint64_t b, uint64_t *product)
{
	return !__builtin_mul_overflow(a, b, product);
}

static inline bool
num_is_power_of_two(uint64_t v)
{
	return v != 0 && (v & (v - 1)) == 0;
}

/* Largest power of two that is at most V; V must not be 0. */
static inline uint32_t
num_power_of_two_floor(uint32_t v)
{
	return UINT32_C(1) << arch_highest_bit(v);
}

/* Smallest power of two that is at least V; V from 1 to 2^31. */
static inline uint32_t
num_power_of_two_ceil(uint32_t v)
{
	return v <= 1 ? 1 : UINT32_C(2) << arch_highest_bit(v - 1);
}

/*
 * V / BY, *REST what is left; BY from 1 to 2^31.  Bit by bit: a division is a call of the
 * compiler's library on some CPUs of 32 bits.  Cold.
 */
static inline uint64_t
num_divide(uint64_t v, uint32_t by, uint32_t *rest)
{
	uint64_t quotient = 0;
	uint32_t left = 0;

	for (unsigned bit = 64; bit-- > 0;) {
		left = left << 1 | (uint32_t)(v >> bit & 1);
		quotient <<= 1;
		if (left >= by) {
			left -= by;
			quotient |= 1;
		}
	}
	*rest = left;
	return quotient;
}

/* V rounded up to a multiple of ALIGN, a power of two.  The sum must not overflow. */
static inline size_t
num_align_up(size_t v, size_t align)
{
	return (v + align - 1) & ~(align - 1);
}

static inline uint32_t num_min32(uint32_t a, uint32_t b) { return a < b ? a : b; }
static inline uint64_t num_min64(uint64_t a, uint64_t b) { return a < b ? a : b; }

#endif

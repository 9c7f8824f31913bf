/* SPDX-License-Identifier: MIT */
/* Bits of a number.  Used by base/ only. */
#ifndef ORION_ARCH_BITS_H
#define ORION_ARCH_BITS_H

#include <stdint.h>

/* The place of the highest bit that is set, 0 to 63; V must not be 0. */
static inline unsigned
arch_highest_bit(uint64_t v)
{
#if defined(__riscv) && !defined(__riscv_zbb)
	/* The CPU may have no instruction for it, and the compiler would call its library. */
	unsigned bit = 0;

	for (unsigned step = 32; step != 0; step /= 2) {
		unsigned up = v >> step != 0 ? step : 0;

		v >>= up;
		bit += up;
	}
	return bit;
#else
	return 63u - (unsigned)__builtin_clzll(v);
#endif
}

#endif

/* SPDX-License-Identifier: MIT */
/* The test pattern, a byte at a time; commands/pattern.h defines it. */
#ifndef TEST_LINUX_PATTERN_H
#define TEST_LINUX_PATTERN_H

#include <stddef.h>
#include <stdint.h>

static inline unsigned char
pattern_byte(uint64_t seed, uint64_t at)
{
	uint64_t z = seed + at / 8 * UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return (unsigned char)((z ^ z >> 31) >> at % 8 * 8);
}

/* Fills BYTES at DATA with what pattern SEED has at byte OFFSET of the disk. */
static inline void
pattern_write(unsigned char *data, size_t bytes, uint64_t seed, uint64_t offset)
{
	for (size_t i = 0; i < bytes; i++)
		data[i] = pattern_byte(seed, offset + i);
}

/* The first byte of DATA that is not the pattern's; BYTES when all are. */
static inline size_t
pattern_differs(const unsigned char *data, size_t bytes, uint64_t seed, uint64_t offset)
{
	size_t i = 0;

	while (i < bytes && data[i] == pattern_byte(seed, offset + i))
		i++;
	return i;
}

#endif

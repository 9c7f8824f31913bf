/* SPDX-License-Identifier: MIT */
/*
 * The pattern that "disk write" writes and "disk verify" expects.
 *
 * The disk is a row of 64-bit little-endian words; word w lies at bytes 8w to 8w + 7.  Word w of
 * pattern SEED is splitmix64's finaliser of SEED + w * 0x9E3779B97F4A7C15.  What stands at an
 * offset therefore does not depend on where a write began.  Word w in Python:
 *
 *   def word(seed, w, M=2**64-1):
 *       z = (seed + w * 0x9E3779B97F4A7C15) & M
 *       z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & M
 *       z = (z ^ z >> 27) * 0x94D049BB133111EB & M
 *       return (z ^ z >> 31).to_bytes(8, "little")
 */
#ifndef COMMANDS_PATTERN_H
#define COMMANDS_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#define PATTERN_STEP UINT64_C(0x9e3779b97f4a7c15)

/* Splitmix64's finaliser: a good hash of 64 bits. */
static inline uint64_t
pattern_mix(uint64_t z)
{
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* Splitmix64: a number by chance, and the next *STATE.  Any seed is a good one. */
static inline uint64_t
pattern_draw(uint64_t *state)
{
	return pattern_mix(*state += PATTERN_STEP);
}

/* Word W of pattern SEED, as a number. */
uint64_t pattern_word(uint64_t seed, uint64_t w);

/* Fills BYTES at BUFFER with what pattern SEED has at byte OFFSET of the disk. */
void pattern_fill(uint64_t seed, uint64_t offset, void *buffer, size_t bytes);

/*
 * Compares BYTES at BUFFER with the pattern.  Returns how many bytes differ; *FIRST is the index of
 * the first of them, *EXPECTED what should be there.
 */
size_t pattern_check(uint64_t seed, uint64_t offset, const void *buffer, size_t bytes,
		     size_t *first, uint8_t *expected);

#endif

/* SPDX-License-Identifier: MIT */
/* The test pattern: see pattern.h for its definition. */
#include "commands/pattern.h"

#include <string.h>

uint64_t
pattern_word(uint64_t seed, uint64_t w)
{
	return pattern_mix(seed + w * PATTERN_STEP);
}

/* Word W as its eight bytes on the disk. */
static void
word_bytes(uint64_t seed, uint64_t w, uint8_t out[8])
{
	uint64_t word = pattern_word(seed, w);

	for (unsigned i = 0; i < 8; i++)
		out[i] = (uint8_t)(word >> 8 * i);
}

void
pattern_fill(uint64_t seed, uint64_t offset, void *buffer, size_t bytes)
{
	uint8_t *out = buffer;
	uint8_t word[8];

	while (bytes != 0) {
		size_t skip = offset % 8;
		size_t n = bytes < 8 - skip ? bytes : 8 - skip;

		word_bytes(seed, offset / 8, word);
		memcpy(out, word + skip, n);
		out += n;
		offset += n;
		bytes -= n;
	}
}

size_t
pattern_check(uint64_t seed, uint64_t offset, const void *buffer, size_t bytes, size_t *first,
	      uint8_t *expected)
{
	const uint8_t *in = buffer;
	uint8_t word[8];
	size_t wrong = 0;

	for (size_t at = 0; at < bytes;) {
		size_t skip = (offset + at) % 8;
		size_t n = bytes - at < 8 - skip ? bytes - at : 8 - skip;

		word_bytes(seed, (offset + at) / 8, word);
		if (memcmp(in + at, word + skip, n) != 0) {
			for (size_t i = 0; i < n; i++) {
				if (in[at + i] != word[skip + i] && wrong++ == 0) {
					*first = at + i;
					*expected = word[skip + i];
				}
			}
		}
		at += n;
	}
	return wrong;
}

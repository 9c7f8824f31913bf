/* SPDX-License-Identifier: MIT */
/* Names that people write: see names.h. */
#include "names.h"

#include "orion/texts.h"
#include "orion/vblk.h"

#include "src/base/num.h"

#define FEATURE_BITS 64u
#define NEAR 3u

static size_t
length_of(const char *text)
{
	size_t n = 0;

	while (text[n] != '\0')
		n++;
	return n;
}

bool
orion_name_equal(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/* C without its case, and with "_" for "-". */
static char
plain(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c == '-' ? '_' : c;
}

unsigned
orion_name_distance(const char *a, const char *b)
{
	unsigned row[NAME_BYTES];
	size_t width = length_of(b);

	if (width >= NAME_BYTES || length_of(a) >= NAME_BYTES)
		return NAME_BYTES;
	for (unsigned j = 0; j <= width; j++)
		row[j] = j;
	for (unsigned i = 0; a[i] != '\0'; i++) {
		unsigned corner = row[0];

		row[0] = i + 1;
		for (unsigned j = 0; j < width; j++) {
			unsigned best = corner + (plain(a[i]) != plain(b[j]));

			corner = row[j + 1];
			best = num_min32(best, corner + 1);
			row[j + 1] = num_min32(best, row[j] + 1);
		}
	}
	return row[width];
}

/* TEXT without a prefix of the specification's names of features. */
static const char *
short_name(const char *text)
{
	static const char *const prefixes[] = {"virtio_blk_f_", "virtio_ring_f_", "virtio_f_"};

	for (unsigned i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t n = 0;

		while (prefixes[i][n] != '\0' && plain(text[n]) == prefixes[i][n])
			n++;
		if (prefixes[i][n] == '\0')
			return text + n;
	}
	return text;
}

/* The feature at most MOST changes away from NAME, the nearest; -1: none. */
static int
find(const char *name, unsigned most)
{
	int found = -1;

	name = short_name(name);
	for (unsigned bit = 0; bit < FEATURE_BITS; bit++) {
		const char *known = vblk_feature_name(bit);

		if (known == NULL)
			continue;

		unsigned far = orion_name_distance(name, short_name(known));

		if (far <= most && (found < 0 || far < most)) {
			most = far;
			found = (int)bit;
		}
	}
	return found;
}

int
orion_feature_find(const char *name)
{
	return find(name, 0);
}

int
orion_feature_near(const char *name)
{
	size_t length = length_of(short_name(name));

	return find(name, num_min32((uint32_t)num_min64(length / 2, NEAR), NEAR));
}

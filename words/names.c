/* SPDX-License-Identifier: MIT */
/* Names of features as people write them: see names.h. */
#include "names.h"

#include "orion/texts.h"
#include "orion/vblk.h"

#include "src/base/num.h"
#include "text.h"

#define FEATURE_BITS 64u
#define NEAR 3u

/* TEXT without a prefix of the specification's names of features. */
static const char *
short_name(const char *text)
{
	static const char *const prefixes[] = {"virtio_blk_f_", "virtio_ring_f_", "virtio_f_"};

	for (unsigned i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t n = 0;

		while (prefixes[i][n] != '\0' && text_plain(text[n]) == prefixes[i][n])
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

		unsigned far = text_distance(name, short_name(known));

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
	size_t length = text_length(short_name(name));

	return find(name, num_min32((uint32_t)num_min64(length / 2, NEAR), NEAR));
}

/* SPDX-License-Identifier: MIT */
/* The findings of disk hash, verify and write: see findings.h. */
#include "commands/findings.h"

#include "commands/pattern.h"

void
comparison_start(struct comparison *comparison, uint64_t seed)
{
	*comparison = (struct comparison){.seed = seed};
}

void
comparison_add(struct comparison *comparison, uint64_t offset, const void *data, size_t bytes)
{
	uint8_t expected;
	size_t first;
	size_t wrong = pattern_check(comparison->seed, offset, data, bytes, &first, &expected);

	if (wrong != 0 && comparison->wrong == 0) {
		comparison->first = offset + first;
		comparison->expected = expected;
		comparison->found = ((const uint8_t *)data)[first];
	}
	comparison->wrong += wrong;
}

void
finding_differs(const struct text_sink *sink, const char *disk, const struct comparison *comparison)
{
	print_to(sink,
		 "%s differs first at byte %llu: expected 0x%02x, found 0x%02x; %llu bytes are "
		 "wrong\n",
		 disk, wide(comparison->first), comparison->expected, comparison->found,
		 wide(comparison->wrong));
}

void
finding_right(const struct text_sink *sink, const char *disk, uint64_t offset, uint64_t bytes)
{
	print_to(sink, "%llu bytes of %s at %llu are right\n", wide(bytes), disk, wide(offset));
}

void
finding_written(const struct text_sink *sink, const char *disk, uint64_t offset, uint64_t bytes)
{
	print_to(sink, "%llu bytes written to %s at %llu\n", wide(bytes), disk, wide(offset));
}

void
finding_hash(const struct text_sink *sink, const char *disk, const uint8_t digest[SHA256_BYTES])
{
	for (unsigned i = 0; i < SHA256_BYTES; i++)
		print_to(sink, "%02x", digest[i]);
	print_to(sink, "  %s\n", disk);
}

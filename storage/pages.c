/* SPDX-License-Identifier: MIT */
/* See pages.h. */
#include "storage/pages.h"

/* Of 64 bits each. */
static size_t
words(uint32_t count)
{
	return ((size_t)count + 63) / 64;
}

size_t
storage_pages_bytes(uint32_t count)
{
	return words(count) * sizeof(uint64_t) + ((size_t)count + 1) / 2 * 2 * sizeof(uint32_t);
}

void
storage_pages_init(struct storage_pages *pages, uint32_t count, void *memory)
{
	uint64_t *used = memory;

	*pages = (struct storage_pages){
		.count = count,
		.free = count,
		.used = used,
		.run = (uint32_t *)(void *)(used + words(count)),
	};
}

static bool
is_used(const struct storage_pages *pages, uint32_t page)
{
	return (pages->used[page / 64] >> page % 64 & 1) != 0;
}

static void
mark(struct storage_pages *pages, uint32_t first, uint32_t count, bool used)
{
	for (uint32_t page = first; page < first + count; page++) {
		uint64_t bit = UINT64_C(1) << page % 64;

		if (used)
			pages->used[page / 64] |= bit;
		else
			pages->used[page / 64] &= ~bit;
	}
}

/* The first used page of COUNT from FIRST on, or FIRST + COUNT. */
static uint32_t
first_used(const struct storage_pages *pages, uint32_t first, uint32_t count)
{
	uint32_t page = first;

	while (page < first + count && !is_used(pages, page))
		page++;
	return page;
}

uint32_t
storage_pages_take(struct storage_pages *pages, uint32_t count, uint32_t align)
{
	uint32_t first = 0;

	if (count == 0 || count > pages->free)
		return UINT32_MAX;
	while (first + count <= pages->count) {
		uint32_t used = first_used(pages, first, count);

		if (used == first + count) {
			mark(pages, first, count, true);
			pages->run[first] = count;
			pages->free -= count;
			return first;
		}
		/* Whole words of used pages are stepped over at once. */
		first = used + 1;
		while (first % 64 == 0 && first + 64 <= pages->count &&
		       pages->used[first / 64] == UINT64_MAX)
			first += 64;
		first = (first + align - 1) & ~(align - 1);
	}
	return UINT32_MAX;
}

uint32_t
storage_pages_give(struct storage_pages *pages, uint32_t first)
{
	uint32_t count = first < pages->count ? pages->run[first] : 0;

	if (count == 0)
		return 0;
	mark(pages, first, count, false);
	pages->run[first] = 0;
	pages->free += count;
	return count;
}

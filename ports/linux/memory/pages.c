/* SPDX-License-Identifier: MIT */
/* Which pages of a region are free.  First fit; the manual is dma.h. */
#include "ports/linux/memory/dma.h"

#include <stdlib.h>

bool
pages_init(struct dma_pages *pages, uint32_t count)
{
	*pages = (struct dma_pages){.count = count, .free = count};
	pages->run = calloc(count, sizeof(*pages->run));
	pages->used = calloc((count + 63) / 64, sizeof(*pages->used));
	if (pages->run != NULL && pages->used != NULL)
		return true;
	pages_end(pages);
	return false;
}

void
pages_end(struct dma_pages *pages)
{
	free(pages->run);
	free(pages->used);
	*pages = (struct dma_pages){0};
}

static bool
is_used(const struct dma_pages *pages, uint32_t page)
{
	return (pages->used[page / 64] >> page % 64 & 1) != 0;
}

static void
mark(struct dma_pages *pages, uint32_t first, uint32_t count, bool used)
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
first_used(const struct dma_pages *pages, uint32_t first, uint32_t count)
{
	uint32_t page = first;

	while (page < first + count && !is_used(pages, page))
		page++;
	return page;
}

uint32_t
pages_take(struct dma_pages *pages, uint32_t count, uint32_t align)
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
		first = (first + align - 1) / align * align;
	}
	return UINT32_MAX;
}

uint32_t
pages_give(struct dma_pages *pages, uint32_t first)
{
	uint32_t count = first < pages->count ? pages->run[first] : 0;

	if (count == 0)
		return 0;
	mark(pages, first, count, false);
	pages->run[first] = 0;
	pages->free += count;
	return count;
}

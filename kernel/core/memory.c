/* SPDX-License-Identifier: MIT */
/* The page map: see memory.h.  A set bit is a page that is free. */
#include "kernel/core/memory.h"

#include "kernel/core/arch.h"
#include "kernel/core/lock.h"
#include "kernel/core/string.h"

/* Below this, firmware data and the code that starts CPUs live: never given away. */
#define MEMORY_LOWEST (1u << 20)

static struct memory_range ranges[MEMORY_RANGES_MAX];
static unsigned range_count;
static struct lock map_lock;
static uint64_t *map; /* one bit a page, from page 0 to MAP_PAGES - 1 */
static uint64_t map_pages;
static uint64_t map_first_free; /* no page below is free */
static struct memory_stats stats;
static struct memory_range occupied[8];
static unsigned occupied_count;
static void (*on_give)(void *memory, size_t bytes);

static bool
page_is_free(uint64_t page)
{
	return (map[page / 64] >> (page % 64) & 1) != 0;
}

static void
page_set(uint64_t page, bool is_free)
{
	uint64_t bit = UINT64_C(1) << (page % 64);

	if (is_free)
		map[page / 64] |= bit;
	else
		map[page / 64] &= ~bit;
}

/* Marks the whole pages within the range free, or every page that the range touches occupied. */
static void
range_mark(const struct memory_range *range, bool is_free)
{
	uint64_t end = range->start + range->bytes;
	uint64_t first =
		is_free ? (range->start + PAGE_BYTES - 1) / PAGE_BYTES : range->start / PAGE_BYTES;
	uint64_t last = is_free ? end / PAGE_BYTES : (end + PAGE_BYTES - 1) / PAGE_BYTES;

	for (uint64_t page = first; page < last && page < map_pages; page++)
		page_set(page, is_free);
}

/* The end of an occupied range that has something of the BYTES at START; 0: there is none. */
static uint64_t
obstacle(uint64_t start, uint64_t bytes)
{
	for (unsigned i = 0; i < occupied_count; i++) {
		uint64_t end = occupied[i].start + occupied[i].bytes;

		if (occupied[i].start < start + bytes && end > start)
			return end;
	}
	return 0;
}

/* Where BYTES for the map itself fit: above the lowest and clear of what is occupied. */
static uint64_t
place_map(uint64_t bytes)
{
	for (unsigned i = 0; i < range_count; i++) {
		uint64_t end = ranges[i].start + ranges[i].bytes;
		uint64_t start = ranges[i].start, next = start;

		do {
			start = (next + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
			next = obstacle(start, bytes);
		} while (next != 0);
		if (start < end && end - start >= bytes)
			return start;
	}
	orion_panic("too little memory: no room for the memory map");
}

void
memory_init(void)
{
	static const struct memory_stats none;
	uint64_t bytes;

	stats = none;
	map_pages = 0;
	map_first_free = 0;
	occupied_count = arch_memory_occupied(occupied, 6);
	range_count = arch_memory_ranges(ranges, MEMORY_RANGES_MAX);
	for (unsigned i = 0; i < range_count; i++) {
		uint64_t end = (ranges[i].start + ranges[i].bytes) / PAGE_BYTES;

		map_pages = end > map_pages ? end : map_pages;
	}
	bytes = (map_pages + 63) / 64 * sizeof(uint64_t);
	occupied[occupied_count].start = 0;
	occupied[occupied_count++].bytes = MEMORY_LOWEST;
	map = (uint64_t *)(uintptr_t)place_map(bytes);
	occupied[occupied_count].start = (uintptr_t)map;
	occupied[occupied_count++].bytes = bytes;

	memset(map, 0, bytes);
	for (unsigned i = 0; i < range_count; i++)
		range_mark(&ranges[i], true);
	for (unsigned i = 0; i < occupied_count; i++)
		range_mark(&occupied[i], false);
	for (uint64_t page = 0; page < map_pages; page++)
		stats.total_bytes += page_is_free(page) ? PAGE_BYTES : 0;
}

/* First page of the first run of PAGES free pages, or map_pages. */
static uint64_t
find_run(uint64_t pages)
{
	uint64_t run = 0;

	for (uint64_t page = map_first_free; page < map_pages; page++) {
		if (page % 64 == 0 && map[page / 64] == 0) {
			run = 0;
			page += 63;
			continue;
		}
		run = page_is_free(page) ? run + 1 : 0;
		if (run == pages)
			return page + 1 - pages;
	}
	return map_pages;
}

void *
memory_take(size_t bytes)
{
	uint64_t pages = bytes / PAGE_BYTES + (bytes % PAGE_BYTES != 0);
	uint64_t first;
	bool on;

	if (pages == 0)
		return NULL;
	on = lock_take(&map_lock);
	first = find_run(pages);
	if (first == map_pages) {
		stats.refusals++;
		lock_give(&map_lock, on);
		return NULL;
	}
	for (uint64_t page = first; page < first + pages; page++)
		page_set(page, false);
	if (first == map_first_free)
		map_first_free = first + pages;
	stats.takes++;
	stats.used_bytes += pages * PAGE_BYTES;
	if (stats.used_bytes > stats.peak_bytes)
		stats.peak_bytes = stats.used_bytes;
	lock_give(&map_lock, on);
	return memset((void *)(uintptr_t)(first * PAGE_BYTES), 0, pages * PAGE_BYTES);
}

void
memory_give(void *memory, size_t bytes)
{
	uint64_t first = (uintptr_t)memory / PAGE_BYTES;
	uint64_t pages = bytes / PAGE_BYTES + (bytes % PAGE_BYTES != 0);
	bool on;

	if ((uintptr_t)memory % PAGE_BYTES != 0 || first + pages > map_pages ||
	    !memory_is_ram((uintptr_t)memory, bytes))
		orion_panic("memory given back that is none");
	if (on_give != NULL)
		on_give(memory, bytes);
	on = lock_take(&map_lock);
	for (uint64_t page = first; page < first + pages; page++) {
		if (page_is_free(page))
			orion_panic("memory given back twice");
		page_set(page, true);
	}
	map_first_free = first < map_first_free ? first : map_first_free;
	stats.gives++;
	stats.used_bytes -= pages * PAGE_BYTES;
	lock_give(&map_lock, on);
}

void *
memory_take_aligned(size_t bytes, size_t align)
{
	uint8_t *memory = memory_take(bytes + align);
	size_t skip;

	if (memory == NULL)
		return NULL;
	skip = (align - (uintptr_t)memory % align) % align;
	if (skip != 0)
		memory_give(memory, skip);
	memory_give(memory + skip + bytes, align - skip);
	return memory + skip;
}

void
memory_on_give(void (*function)(void *memory, size_t bytes))
{
	on_give = function;
}

bool
memory_is_lendable(uint64_t start, uint64_t bytes)
{
	return bytes != 0 && obstacle(start, bytes) == 0 && start / PAGE_BYTES < map_pages &&
	       (start + bytes - 1) / PAGE_BYTES < map_pages && memory_is_ram(start, bytes);
}

bool
memory_is_ram(uint64_t start, uint64_t bytes)
{
	for (unsigned i = 0; i < range_count; i++) {
		uint64_t end = ranges[i].start + ranges[i].bytes;

		if (start < end && (start >= ranges[i].start || bytes > ranges[i].start - start))
			return true;
	}
	return false;
}

void
memory_stats_get(struct memory_stats *out)
{
	bool on = lock_take(&map_lock);

	*out = stats;
	lock_give(&map_lock, on);
}

const struct memory_range *
memory_ranges(unsigned *count)
{
	*count = range_count;
	return ranges;
}

/* SPDX-License-Identifier: MIT */
/*
 * Memory by the page: one bit a page, first fit, zeroed when taken, checked when given back.
 *
 * Everything that the kernel takes at run time comes from here: shared memory for devices, the
 * driver's private memory, page tables.  All of it is contiguous and identity mapped.
 */
#ifndef KERNEL_CORE_MEMORY_H
#define KERNEL_CORE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct memory_stats {
	uint64_t total_bytes; /* under the allocator's rule */
	uint64_t used_bytes;
	uint64_t peak_bytes;
	uint64_t takes, gives;
	uint64_t refusals;
};

/*
 * Reads the machine's memory ranges and builds the map.  Context: setup, once;
 * in tests again, when nothing is taken.
 */
void memory_init(void);

/* BYTES, rounded up to pages, page aligned, zeroed; NULL when no such run is free.  Any CPU. */
void *memory_take(size_t bytes);

/* The same at a multiple of ALIGN, which is at least a page. */
void *memory_take_aligned(size_t bytes, size_t align);

/* Gives back what memory_take(BYTES) gave.  Panics when it was not taken.  Any CPU. */
void memory_give(void *memory, size_t bytes);

/*
 * From now on FUNCTION is called with what memory_give() was given, before the memory is free.  One
 * function.  It must not take or give memory.
 */
void memory_on_give(void (*function)(void *memory, size_t bytes));

/*
 * True when a device may be shown the range: it lies in pages that memory_take() gives out, not in
 * the kernel's image and what else was occupied at boot.
 */
bool memory_is_lendable(uint64_t start, uint64_t bytes);

/* True when any byte of the range is RAM, the allocator's or not. */
bool memory_is_ram(uint64_t start, uint64_t bytes);

/* True when the two ranges have a byte in common. */
static inline bool
ranges_meet(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
	return a < b ? b - a < a_bytes : a - b < b_bytes;
}

void memory_stats_get(struct memory_stats *stats);

/* The machine's ranges of RAM, as they were at boot. */
const struct memory_range *memory_ranges(unsigned *count);

#endif

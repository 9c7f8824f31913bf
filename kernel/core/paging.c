/* SPDX-License-Identifier: MIT */
/* See paging.h. */
#include "kernel/core/paging.h"

#include "kernel/core/arch.h"
#include "kernel/core/lock.h"
#include "kernel/core/memory.h"

#define PAGE_MASK (~(uint64_t)(PAGE_BYTES - 1))
#define LARGE_BYTES 0x200000ull
#define ENTRIES 512u

static uint64_t *root;
static struct lock paging_lock;

/* Replaces a large page by a table of small ones that map the same. */
static bool
split_large(uint64_t *entry)
{
	uint64_t *table = memory_take(PAGE_BYTES);
	uint64_t first = paging_entry_address(*entry);

	if (table == NULL)
		return false;
	for (unsigned i = 0; i < ENTRIES; i++)
		table[i] = paging_entry_smaller(*entry, first + i * (uint64_t)PAGE_BYTES);
	*entry = paging_entry_table((uintptr_t)table);
	return true;
}

/*
 * The entry for ADDRESS at LEVEL (1: small pages, 2: large), tables made on the way when CREATE;
 * NULL when one lacks.  At level 1 a large page in the way is split when CREATE.
 */
static uint64_t *
entry_at(uint64_t address, unsigned level, bool create)
{
	uint64_t *table = root;

	for (unsigned at = paging_levels;; at--) {
		uint64_t *entry = &table[address >> (12 + 9 * (at - 1)) & (ENTRIES - 1)];

		if (at == level)
			return entry;
		if (!paging_entry_is_there(*entry)) {
			uint64_t *next = create ? memory_take(PAGE_BYTES) : NULL;

			if (next == NULL)
				return NULL;
			*entry = paging_entry_table((uintptr_t)next);
		} else if (at == 2 && paging_entry_is_leaf(*entry)) {
			if (!create || !split_large(entry))
				return NULL;
		}
		table = (uint64_t *)(uintptr_t)paging_entry_address(*entry);
	}
}

static bool
map_large(uint64_t address, enum paging_kind kind)
{
	uint64_t *entry = entry_at(address, 2, true);

	if (entry == NULL)
		return false;
	if (paging_entry_is_there(*entry) && !paging_entry_is_leaf(*entry))
		return false;
	*entry = paging_entry_leaf(address, kind, 2);
	return true;
}

/* Maps whole pages, large ones where they fit. */
static bool
map_range(uint64_t start, uint64_t end, enum paging_kind kind)
{
	while (start < end) {
		if (start % LARGE_BYTES == 0 && end - start >= LARGE_BYTES &&
		    map_large(start, kind)) {
			start += LARGE_BYTES;
			continue;
		}
		uint64_t *entry = entry_at(start, 1, true);

		if (entry == NULL)
			return false;
		*entry = paging_entry_leaf(start, kind, 1);
		start += PAGE_BYTES;
	}
	return true;
}

void
paging_set(uint64_t start, uint64_t end, enum paging_kind kind)
{
	if (root == NULL || !map_range(start, end, kind))
		orion_panic("too little memory: no room for the page tables");
}

uint64_t
paging_init(void)
{
	unsigned count;
	const struct memory_range *ranges = memory_ranges(&count);

	root = memory_take(PAGE_BYTES);
	for (unsigned i = 0; i < count; i++) {
		uint64_t start = (ranges[i].start + PAGE_BYTES - 1) & PAGE_MASK;
		uint64_t end = (ranges[i].start + ranges[i].bytes) & PAGE_MASK;

		paging_set(start == 0 ? PAGE_BYTES : start, end, PAGING_DATA);
	}
	if (root == NULL)
		orion_panic("too little memory: no room for the page tables");
	return (uintptr_t)root;
}

void
paging_remove(uint64_t address)
{
	uint64_t *entry = entry_at(address, 1, true);

	if (entry == NULL)
		orion_panic("too little memory: no room for the page tables");
	*entry = 0;
}

bool
paging_is_mapped(uint64_t address)
{
	uint64_t *entry;

	if (root == NULL || address >= paging_limit)
		return false;
	entry = entry_at(address, 2, false);
	if (entry == NULL || !paging_entry_is_there(*entry))
		return false;
	if (paging_entry_is_leaf(*entry))
		return true;
	entry = entry_at(address, 1, false);
	return entry != NULL && paging_entry_is_there(*entry);
}

/* True when nothing at all is mapped in the large page at ADDRESS. */
static bool
large_is_absent(uint64_t address)
{
	const uint64_t *entry = entry_at(address, 2, false);

	return entry == NULL || !paging_entry_is_there(*entry);
}

bool
paging_add(uint64_t address, uint64_t bytes, enum paging_kind kind)
{
	uint64_t start = address & PAGE_MASK;
	bool mapped = true;
	uint64_t end;
	bool on;

	if (root == NULL || bytes == 0 || address >= paging_limit || bytes > paging_limit - address)
		return false;
	end = (address + bytes + PAGE_BYTES - 1) & PAGE_MASK;
	on = lock_take(&paging_lock);
	while (mapped && start < end) {
		bool large = start % LARGE_BYTES == 0 && end - start >= LARGE_BYTES &&
			     large_is_absent(start);
		uint64_t next = start + (large ? LARGE_BYTES : PAGE_BYTES);

		if (large || !paging_is_mapped(start))
			mapped = map_range(start, next, kind);
		start = next;
	}
	lock_give(&paging_lock, on);
	return mapped;
}

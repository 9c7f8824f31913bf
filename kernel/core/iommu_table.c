/* SPDX-License-Identifier: MIT */
/* See iommu_table.h. */
#include "kernel/core/iommu_table.h"

#include "kernel/core/arch.h"
#include "kernel/core/memory.h"

#define ENTRIES 512u
#define ENTRY_ADDRESS 0x0000fffffffff000ull

static uint64_t *
table_at(uint64_t address)
{
	return (uint64_t *)(uintptr_t)(address & ENTRY_ADDRESS);
}

static void
entry_set(const struct iommu_table_kind *kind, uint64_t *entry, uint64_t value)
{
	/* The IOMMU may be walking: one store. */
	__atomic_store_n(entry, value, __ATOMIC_RELEASE);
	if (kind->flush != NULL)
		kind->flush(entry, sizeof(*entry));
}

uint64_t
iommu_table_make(const struct iommu_table_kind *kind)
{
	void *table = memory_take(PAGE_BYTES);

	if (table != NULL && kind->flush != NULL)
		kind->flush(table, PAGE_BYTES);
	return (uintptr_t)table;
}

/* The entry of the page at DEVICE, tables made on the way when CREATE; NULL when one lacks. */
static uint64_t *
entry_at(const struct iommu_table_kind *kind, uint64_t root, uint64_t device, bool create)
{
	uint64_t *table = table_at(root);

	for (unsigned level = kind->levels;; level--) {
		uint64_t *entry = &table[device >> (12 + 9 * (level - 1)) & (ENTRIES - 1)];

		if (level == 1)
			return entry;
		if (*entry == 0) {
			uint64_t next = create ? iommu_table_make(kind) : 0;

			if (next == 0)
				return NULL;
			entry_set(kind, entry, kind->entry_table(next));
		}
		table = table_at(*entry);
	}
}

bool
iommu_table_map(const struct iommu_table_kind *kind, uint64_t root, uint64_t device,
		uint64_t physical, uint64_t pages, bool writable)
{
	/* All tables first: entries that are made stay empty, and are of use another time. */
	for (uint64_t i = 0; i < pages; i++)
		if (entry_at(kind, root, device + i * PAGE_BYTES, true) == NULL)
			return false;
	for (uint64_t i = 0; i < pages; i++)
		entry_set(kind, entry_at(kind, root, device + i * PAGE_BYTES, false),
			  kind->entry_page(physical + i * PAGE_BYTES, writable));
	return true;
}

void
iommu_table_unmap(const struct iommu_table_kind *kind, uint64_t root, uint64_t device,
		  uint64_t pages)
{
	for (uint64_t i = 0; i < pages; i++)
		entry_set(kind, entry_at(kind, root, device + i * PAGE_BYTES, false), 0);
}

static void
free_below(uint64_t *table, unsigned level)
{
	for (unsigned i = 0; level > 1 && i < ENTRIES; i++)
		if (table[i] != 0)
			free_below(table_at(table[i]), level - 1);
	memory_give(table, PAGE_BYTES);
}

void
iommu_table_free(const struct iommu_table_kind *kind, uint64_t root)
{
	free_below(table_at(root), kind->levels);
}

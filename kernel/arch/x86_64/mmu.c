/* SPDX-License-Identifier: MIT */
/*
 * The page tables: all RAM one to one and cached, the kernel's text read-only, everything else not
 * executable, page 0 and the stacks' guards absent, device registers uncached as they are asked
 * for.
 *
 * Mappings only ever appear; what was absent is in no CPU's TLB, so nothing has to be told to the
 * other CPUs.  The two functions that take something away are used before other CPUs run.
 */
#include "cpu.h"
#include "kernel/core/acpi.h"
#include "kernel/core/lock.h"
#include "kernel/core/memory.h"

#define PAGE_PRESENT 0x1ull
#define PAGE_WRITE 0x2ull
#define PAGE_UNCACHED 0x18ull
#define PAGE_LARGE 0x80ull
#define PAGE_NO_EXECUTE (1ull << 63)
#define PAGE_ADDRESS 0x000ffffffffff000ull
#define LARGE_BYTES 0x200000ull
#define ADDRESS_LIMIT (1ull << 46)

static uint64_t *root;
static struct lock mmu_lock;

static uint64_t *
table_new(void)
{
	return memory_take(PAGE_BYTES);
}

/* Replaces a large page by a table of small ones that map the same. */
static bool
split_large(uint64_t *entry)
{
	uint64_t *table = table_new();
	uint64_t first = *entry & ~PAGE_LARGE;

	if (table == NULL)
		return false;
	for (unsigned i = 0; i < 512; i++)
		table[i] = first + i * (uint64_t)PAGE_BYTES;
	*entry = (uintptr_t)table | PAGE_PRESENT | PAGE_WRITE;
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

	for (unsigned at = 4;; at--) {
		uint64_t *entry = &table[address >> (12 + 9 * (at - 1)) & 511];

		if (at == level)
			return entry;
		if ((*entry & PAGE_PRESENT) == 0) {
			uint64_t *next = create ? table_new() : NULL;

			if (next == NULL)
				return NULL;
			*entry = (uintptr_t)next | PAGE_PRESENT | PAGE_WRITE;
		} else if (at == 2 && (*entry & PAGE_LARGE) != 0) {
			if (!create || !split_large(entry))
				return NULL;
		}
		table = (uint64_t *)(uintptr_t)(*entry & PAGE_ADDRESS);
	}
}

static bool
map_large(uint64_t address, uint64_t flags)
{
	uint64_t *entry = entry_at(address, 2, true);

	if (entry == NULL)
		return false;
	if ((*entry & PAGE_PRESENT) != 0 && (*entry & PAGE_LARGE) == 0)
		return false;
	*entry = address | flags | PAGE_LARGE;
	return true;
}

/* Maps whole pages, large ones where they fit. */
static bool
map_range(uint64_t start, uint64_t end, uint64_t flags)
{
	while (start < end) {
		if (start % LARGE_BYTES == 0 && end - start >= LARGE_BYTES &&
		    map_large(start, flags)) {
			start += LARGE_BYTES;
			continue;
		}
		uint64_t *entry = entry_at(start, 1, true);

		if (entry == NULL)
			return false;
		*entry = start | flags;
		start += PAGE_BYTES;
	}
	return true;
}

static void
map_image(void)
{
	uint64_t text_end = (uintptr_t)kernel_text_end;
	uint64_t rodata_end = (uintptr_t)kernel_rodata_end;

	if (!map_range((uintptr_t)kernel_start, text_end, PAGE_PRESENT) ||
	    !map_range(text_end, rodata_end, PAGE_PRESENT | PAGE_NO_EXECUTE))
		orion_panic("no memory for the page tables");
}

static void
flush(uint64_t address)
{
	__asm__ volatile("invlpg (%0)" ::"r"(address) : "memory");
}

void
mmu_init(void)
{
	unsigned count;
	const struct memory_range *ranges = memory_ranges(&count);

	root = table_new();
	for (unsigned i = 0; i < count && root != NULL; i++) {
		uint64_t start = (ranges[i].start + PAGE_BYTES - 1) & PAGE_ADDRESS;
		uint64_t end = (ranges[i].start + ranges[i].bytes) & PAGE_ADDRESS;

		start = start == 0 ? PAGE_BYTES : start;
		if (!map_range(start, end, PAGE_PRESENT | PAGE_WRITE | PAGE_NO_EXECUTE))
			root = NULL;
	}
	if (root == NULL || (uintptr_t)root >> 32 != 0)
		orion_panic("no memory for the page tables");
	map_image();
	for (unsigned i = 0; i < CPUS_MAX; i++) {
		mmu_unmap_page(cpu_stacks[i].guard);
		mmu_unmap_page(cpu_stacks[i].guard_double_fault);
		mmu_unmap_page(cpu_stacks[i].guard_nmi);
	}
	cr3_write((uintptr_t)root);
}

uint64_t
mmu_root(void)
{
	return (uintptr_t)root;
}

void
mmu_unmap_page(const void *address)
{
	uint64_t *entry = entry_at((uintptr_t)address, 1, true);

	if (entry == NULL)
		orion_panic("no memory for the page tables");
	*entry = 0;
	flush((uintptr_t)address);
}

void
mmu_allow_execution(uint64_t page, bool allow)
{
	uint64_t *entry = entry_at(page, 1, true);

	if (entry == NULL)
		orion_panic("no memory for the page tables");
	*entry = page | PAGE_PRESENT | PAGE_WRITE | (allow ? 0 : PAGE_NO_EXECUTE);
	flush(page);
}

bool
mmu_is_mapped(uint64_t address)
{
	uint64_t *entry;

	if (root == NULL || address >= ADDRESS_LIMIT)
		return false;
	entry = entry_at(address, 2, false);
	if (entry == NULL || (*entry & PAGE_PRESENT) == 0)
		return false;
	if ((*entry & PAGE_LARGE) != 0)
		return true;
	entry = entry_at(address, 1, false);
	return entry != NULL && (*entry & PAGE_PRESENT) != 0;
}

/* True when nothing at all is mapped in the large page at ADDRESS. */
static bool
large_is_absent(uint64_t address)
{
	const uint64_t *entry = entry_at(address, 2, false);

	return entry == NULL || (*entry & PAGE_PRESENT) == 0;
}

/* Maps what is not mapped yet of a range outside RAM. */
static bool
map_outside(uint64_t address, uint64_t bytes, uint64_t flags)
{
	uint64_t start = address & PAGE_ADDRESS;
	uint64_t end;
	bool mapped = true;

	if (bytes == 0 || address >= ADDRESS_LIMIT || bytes > ADDRESS_LIMIT - address)
		return false;
	end = (address + bytes + PAGE_BYTES - 1) & PAGE_ADDRESS;
	bool on = lock_take(&mmu_lock);

	while (mapped && start < end) {
		bool large = start % LARGE_BYTES == 0 && end - start >= LARGE_BYTES &&
			     large_is_absent(start);
		uint64_t next = start + (large ? LARGE_BYTES : PAGE_BYTES);

		if (large || !mmu_is_mapped(start))
			mapped = map_range(start, next, flags);
		start = next;
	}
	lock_give(&mmu_lock, on);
	return mapped;
}

bool
arch_map_device(uint64_t address, size_t bytes)
{
	return !memory_is_ram(address & PAGE_ADDRESS, bytes + (address & ~PAGE_ADDRESS)) &&
	       map_outside(address, bytes,
			   PAGE_PRESENT | PAGE_WRITE | PAGE_UNCACHED | PAGE_NO_EXECUTE);
}

const void *
arch_map_table(uint64_t address, size_t bytes)
{
	if (!map_outside(address, bytes, PAGE_PRESENT | PAGE_NO_EXECUTE))
		return NULL;
	return (const void *)(uintptr_t)address;
}

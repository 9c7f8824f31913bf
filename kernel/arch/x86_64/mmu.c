/* SPDX-License-Identifier: MIT */
/*
 * The page tables of x86_64: what an entry looks like, the kernel's text read-only, everything else
 * not executable, the stacks' guards absent.
 */
#include "cpu.h"
#include "kernel/core/acpi.h"
#include "kernel/core/memory.h"
#include "kernel/core/paging.h"

#define PAGE_PRESENT 0x1ull
#define PAGE_WRITE 0x2ull
#define PAGE_UNCACHED 0x18ull
#define PAGE_LARGE 0x80ull
#define PAGE_NO_EXECUTE (1ull << 63)
#define PAGE_ADDRESS 0x000ffffffffff000ull

const unsigned paging_levels = 4;
const uint64_t paging_limit = UINT64_C(1) << 46;

static uint64_t root;

uint64_t
paging_entry_table(uint64_t address)
{
	return address | PAGE_PRESENT | PAGE_WRITE;
}

uint64_t
paging_entry_leaf(uint64_t address, enum paging_kind kind, unsigned level)
{
	static const uint64_t flags[] = {
		[PAGING_DATA] = PAGE_PRESENT | PAGE_WRITE | PAGE_NO_EXECUTE,
		[PAGING_CONSTANTS] = PAGE_PRESENT | PAGE_NO_EXECUTE,
		[PAGING_CODE] = PAGE_PRESENT,
		[PAGING_REGISTERS] = PAGE_PRESENT | PAGE_WRITE | PAGE_UNCACHED | PAGE_NO_EXECUTE,
	};

	return address | flags[kind] | (level == 2 ? PAGE_LARGE : 0);
}

bool
paging_entry_is_there(uint64_t entry)
{
	return (entry & PAGE_PRESENT) != 0;
}

bool
paging_entry_is_leaf(uint64_t entry)
{
	return (entry & PAGE_LARGE) != 0;
}

uint64_t
paging_entry_address(uint64_t entry)
{
	return entry & PAGE_ADDRESS;
}

uint64_t
paging_entry_smaller(uint64_t entry, uint64_t address)
{
	return (entry & ~(PAGE_LARGE | PAGE_ADDRESS)) | address;
}

static void
remove_page(const void *address)
{
	paging_remove((uintptr_t)address);
	__asm__ volatile("invlpg (%0)" ::"r"(address) : "memory");
}

void
mmu_init(void)
{
	uint64_t text_end = (uintptr_t)kernel_text_end;

	root = paging_init();
	if (root >> 32 != 0)
		orion_panic("no memory below 4 GiB for the first page table");
	paging_set((uintptr_t)kernel_start, text_end, PAGING_CODE);
	paging_set(text_end, (uintptr_t)kernel_rodata_end, PAGING_CONSTANTS);
	for (unsigned i = 0; i < CPUS_MAX; i++) {
		remove_page(cpu_stacks[i].guard);
		remove_page(cpu_stacks[i].guard_double_fault);
		remove_page(cpu_stacks[i].guard_nmi);
	}
	cr3_write(root);
}

uint64_t
mmu_root(void)
{
	return root;
}

void
mmu_allow_execution(uint64_t page, bool allow)
{
	paging_set(page, page + PAGE_BYTES, allow ? PAGING_CODE : PAGING_DATA);
	__asm__ volatile("invlpg (%0)" ::"r"(page) : "memory");
}

bool
arch_map_device(uint64_t address, size_t bytes)
{
	uint64_t into = address % PAGE_BYTES;

	return !memory_is_ram(address - into, bytes + into) &&
	       paging_add(address, bytes, PAGING_REGISTERS);
}

const void *
arch_map_table(uint64_t address, size_t bytes)
{
	if (!paging_add(address, bytes, PAGING_CONSTANTS))
		return NULL;
	return (const void *)(uintptr_t)address;
}

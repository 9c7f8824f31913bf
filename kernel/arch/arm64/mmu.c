/* SPDX-License-Identifier: MIT */
/*
 * The page tables of ARM64: what an entry looks like, the kernel's text read-only, everything else
 * not executable, the stacks' guards absent.
 */
#include "cpu.h"
#include "kernel/core/ecam.h"
#include "kernel/core/memory.h"
#include "kernel/core/paging.h"

#define ENTRY_THERE 0x1ull
#define ENTRY_TABLE_OR_PAGE 0x2ull /* absent: a large page */
#define ENTRY_REGISTERS 0x4ull /* index 1 of MAIR, see boot.S */
#define ENTRY_READ_ONLY 0x80ull
#define ENTRY_SHARED 0x300ull /* inner shareable */
#define ENTRY_ACCESSED 0x400ull
#define ENTRY_NO_EXECUTE 0x60000000000000ull /* at any level */
#define ENTRY_ADDRESS 0x0000fffffffff000ull

#define OWNED_MAX 16u

const unsigned paging_levels = 4;
const uint64_t paging_limit = UINT64_C(1) << 48;

static uint64_t root;
static struct memory_range owned[OWNED_MAX];
static unsigned owned_count;

uint64_t
paging_entry_table(uint64_t address)
{
	return address | ENTRY_THERE | ENTRY_TABLE_OR_PAGE;
}

uint64_t
paging_entry_leaf(uint64_t address, enum paging_kind kind, unsigned level)
{
	static const uint64_t flags[] = {
		[PAGING_DATA] = ENTRY_SHARED | ENTRY_NO_EXECUTE,
		[PAGING_CONSTANTS] = ENTRY_SHARED | ENTRY_NO_EXECUTE | ENTRY_READ_ONLY,
		[PAGING_CODE] = ENTRY_SHARED | ENTRY_READ_ONLY,
		[PAGING_REGISTERS] = ENTRY_REGISTERS | ENTRY_NO_EXECUTE,
	};

	return address | flags[kind] | ENTRY_ACCESSED | ENTRY_THERE |
	       (level == 2 ? 0 : ENTRY_TABLE_OR_PAGE);
}

bool
paging_entry_is_there(uint64_t entry)
{
	return (entry & ENTRY_THERE) != 0;
}

bool
paging_entry_is_leaf(uint64_t entry)
{
	return (entry & ENTRY_TABLE_OR_PAGE) == 0;
}

uint64_t
paging_entry_address(uint64_t entry)
{
	return entry & ENTRY_ADDRESS;
}

uint64_t
paging_entry_smaller(uint64_t entry, uint64_t address)
{
	return (entry & ~ENTRY_ADDRESS) | address | ENTRY_TABLE_OR_PAGE;
}

void
mmu_init(void)
{
	uint64_t text_end = (uintptr_t)kernel_text_end;

	root = paging_init();
	paging_set((uintptr_t)kernel_start, text_end, PAGING_CODE);
	paging_set(text_end, (uintptr_t)kernel_rodata_end, PAGING_CONSTANTS);
	for (unsigned i = 0; i < CPUS_MAX; i++) {
		paging_remove((uintptr_t)cpu_stacks[i].guard);
		paging_remove((uintptr_t)cpu_stacks[i].guard_trap);
	}
	for (unsigned i = 0; i < owned_count; i++)
		if (!arch_map_device(owned[i].start, owned[i].bytes))
			orion_panic("the console's registers cannot be mapped");
	boot_change_map(root);
}

uint64_t
mmu_root(void)
{
	return root;
}

bool
mmu_own(const struct memory_range *registers)
{
	if (owned_count == OWNED_MAX || registers->bytes == 0)
		return false;
	owned[owned_count++] = *registers;
	/* Before mmu_init(), the first map has it, and that function will. */
	return root == 0 || arch_map_device(registers->start, registers->bytes);
}

bool
arch_map_device(uint64_t address, size_t bytes)
{
	uint64_t into = address % PAGE_BYTES;
	bool mapped = !memory_is_ram(address - into, bytes + into) &&
		      paging_add(address, bytes, PAGING_REGISTERS);

	/* The table walk must see the entries before the first access. */
	barrier_all();
	barrier_instructions();
	return mapped;
}

bool
arch_is_reserved(uint64_t address, uint64_t bytes)
{
	for (unsigned i = 0; i < owned_count; i++)
		if (ranges_meet(address, bytes, owned[i].start, owned[i].bytes))
			return true;
	return ecam_is_at(address, bytes);
}

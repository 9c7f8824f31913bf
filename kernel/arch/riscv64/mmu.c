/* SPDX-License-Identifier: MIT */
/*
 * The page tables of RISC-V: what an entry looks like, the kernel's text read-only, everything else
 * not executable, the stacks' guards absent.  What is memory and what registers is no matter of
 * tables here: it belongs to the address.
 *
 * The tables have the four levels of Sv48.  A CPU that has Sv39 only is given the second one, which
 * maps the same as far as 256 GiB.
 */
#include "cpu.h"
#include "kernel/core/ecam.h"
#include "kernel/core/memory.h"
#include "kernel/core/paging.h"

#define ENTRY_THERE 0x01ull
#define ENTRY_READ 0x02ull
#define ENTRY_WRITE 0x04ull
#define ENTRY_EXECUTE 0x08ull
#define ENTRY_MAPS (ENTRY_READ | ENTRY_WRITE | ENTRY_EXECUTE) /* none of them: a table */
#define ENTRY_GLOBAL 0x20ull
#define ENTRY_USED 0xc0ull /* accessed, dirty */
#define ENTRY_ADDRESS 0x003ffffffffffc00ull
#define ENTRY_ADDRESS_SHIFT 2 /* of an address that is a multiple of 4096 */

#define SV39 (UINT64_C(8) << 60)
#define SV48 (UINT64_C(9) << 60)
#define SV39_LIMIT (UINT64_C(1) << 38)
#define PAGE_SHIFT 12

#define REMOTE_FENCE_MAP 1u
#define ALL_HARTS UINT64_MAX

#define OWNED_MAX 16u

const unsigned paging_levels = 4;
const uint64_t paging_limit = UINT64_C(1) << 47;

static bool has_sv48;
static uint64_t translation; /* 0: no tables yet */
static struct memory_range owned[OWNED_MAX];
static unsigned owned_count;

uint64_t
paging_entry_table(uint64_t address)
{
	return address >> ENTRY_ADDRESS_SHIFT | ENTRY_THERE;
}

uint64_t
paging_entry_leaf(uint64_t address, enum paging_kind kind, unsigned level)
{
	static const uint64_t flags[] = {
		[PAGING_DATA] = ENTRY_READ | ENTRY_WRITE,
		[PAGING_CONSTANTS] = ENTRY_READ,
		[PAGING_CODE] = ENTRY_READ | ENTRY_EXECUTE,
		[PAGING_REGISTERS] = ENTRY_READ | ENTRY_WRITE,
	};

	(void)level;
	return address >> ENTRY_ADDRESS_SHIFT | flags[kind] | ENTRY_USED | ENTRY_GLOBAL |
	       ENTRY_THERE;
}

bool
paging_entry_is_there(uint64_t entry)
{
	return (entry & ENTRY_THERE) != 0;
}

bool
paging_entry_is_leaf(uint64_t entry)
{
	return (entry & ENTRY_MAPS) != 0;
}

uint64_t
paging_entry_address(uint64_t entry)
{
	return (entry & ENTRY_ADDRESS) << ENTRY_ADDRESS_SHIFT;
}

uint64_t
paging_entry_smaller(uint64_t entry, uint64_t address)
{
	return (entry & ~ENTRY_ADDRESS) | address >> ENTRY_ADDRESS_SHIFT;
}

/* A mode that is not there is not taken, so it is tried, with a map of the first 512 GiB. */
void
mmu_detect(void)
{
	static _Alignas(4096) uint64_t table[512];
	uint64_t sv48 = SV48 | (uintptr_t)table >> PAGE_SHIFT;

	table[0] = ENTRY_MAPS | ENTRY_USED | ENTRY_THERE;
	csr_write(satp, sv48);
	has_sv48 = csr_read(satp) == sv48;
	csr_write(satp, 0);
	__asm__ volatile("sfence.vma" ::: "memory");
}

uint64_t
mmu_limit(void)
{
	return has_sv48 ? paging_limit : SV39_LIMIT;
}

const char *
mmu_name(void)
{
	return has_sv48 ? "Sv48" : "Sv39";
}

void
mmu_init(void)
{
	uint64_t text_end = (uintptr_t)kernel_text_end;
	uint64_t root = paging_init();

	paging_set((uintptr_t)kernel_start, text_end, PAGING_CODE);
	paging_set(text_end, (uintptr_t)kernel_rodata_end, PAGING_CONSTANTS);
	for (unsigned i = 0; i < CPUS_MAX; i++) {
		paging_remove((uintptr_t)cpu_stacks[i].guard);
		paging_remove((uintptr_t)cpu_stacks[i].guard_trap);
	}
	for (unsigned i = 0; i < owned_count; i++)
		if (!arch_map_device(owned[i].start, owned[i].bytes))
			orion_panic("the console's registers cannot be mapped");
	if (has_sv48)
		translation = SV48 | root >> PAGE_SHIFT;
	else
		translation =
			SV39 | paging_entry_address(*(uint64_t *)(uintptr_t)root) >> PAGE_SHIFT;
	csr_write(satp, translation);
	__asm__ volatile("sfence.vma" ::: "memory");
}

uint64_t
mmu_translation(void)
{
	return translation;
}

bool
mmu_own(const struct memory_range *registers)
{
	if (owned_count == OWNED_MAX || registers->bytes == 0)
		return false;
	owned[owned_count++] = *registers;
	/* Before mmu_init() everything can be reached, and that function will map it. */
	return translation == 0 || arch_map_device(registers->start, registers->bytes);
}

/* A CPU may remember that nothing was mapped: all are told to forget. */
bool
arch_map_device(uint64_t address, size_t bytes)
{
	uint64_t into = address % PAGE_BYTES;
	bool mapped = address < mmu_limit() && bytes <= mmu_limit() - address &&
		      !memory_is_ram(address - into, bytes + into) &&
		      paging_add(address, bytes, PAGING_REGISTERS);

	__asm__ volatile("sfence.vma" ::: "memory");
	if (translation != 0 && sbi_has(SBI_REMOTE_FENCE))
		sbi_call(SBI_REMOTE_FENCE, REMOTE_FENCE_MAP, 0, ALL_HARTS, address - into,
			 bytes + into);
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

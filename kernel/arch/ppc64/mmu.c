/* SPDX-License-Identifier: MIT */
/*
 * The page tables of PowerPC 64: the radix tree of POWER9 and later, since it is walked by the CPU
 * like those of other ISAs, so that paging.h serves; a hash table would need segments, and calls of
 * the hypervisor for every page.  POWER8, which has nothing else, is refused.
 *
 * Interrupts are taken with the MMU off, at the vectors in page 0, which is mapped nowhere.
 */
#include "cpu.h"
#include "kernel/core/memory.h"
#include "kernel/core/paging.h"

/* Entries are big-endian. */
#define ENTRY_THERE 0x8000000000000000ull
#define ENTRY_LEAF 0x4000000000000000ull
#define ENTRY_ADDRESS 0x01fffffffffff000ull
#define ENTRY_TABLE_BITS 9ull /* of a table: the logarithm of its entries */
#define ENTRY_REFERENCED_CHANGED 0x180ull
#define ENTRY_REGISTERS 0x20ull /* uncached, guarded */
#define ENTRY_PRIVILEGED 0x8ull
#define ENTRY_READ 0x4ull
#define ENTRY_WRITE 0x2ull
#define ENTRY_EXECUTE 0x1ull

/* The first table always has 8192 entries, of which addresses up to 2^48 use the first ones. */
#define ROOT_BITS 13u
#define ROOT_USED 512u
/* A process table's entry: 52 bits of address (less 31, in two places), the first table. */
#define PROCESS_52_BITS (2ull << 61 | 5ull << 5)

/* H_REGISTER_PROC_TBL: a new table, of radix trees; 0: of 4096 bytes. */
#define REGISTER_NEW 0x18u
#define REGISTER_RADIX 0x4u

const unsigned paging_levels = 4;
const uint64_t paging_limit = UINT64_C(1) << 48;

static _Alignas(65536) uint64_t root[1u << ROOT_BITS];
static _Alignas(4096) uint64_t processes[512];
static const uint64_t *root_made; /* by paging.c */

uint64_t
paging_entry_table(uint64_t address)
{
	return big64(address | ENTRY_THERE | ENTRY_TABLE_BITS);
}

uint64_t
paging_entry_leaf(uint64_t address, enum paging_kind kind, unsigned level)
{
	static const uint64_t flags[] = {
		[PAGING_DATA] = ENTRY_READ | ENTRY_WRITE,
		[PAGING_CONSTANTS] = ENTRY_READ,
		[PAGING_CODE] = ENTRY_READ | ENTRY_EXECUTE,
		[PAGING_REGISTERS] = ENTRY_READ | ENTRY_WRITE | ENTRY_REGISTERS,
	};

	(void)level;
	return big64(address | flags[kind] | ENTRY_PRIVILEGED | ENTRY_REFERENCED_CHANGED |
		     ENTRY_LEAF | ENTRY_THERE);
}

bool
paging_entry_is_there(uint64_t entry)
{
	return (big64(entry) & ENTRY_THERE) != 0;
}

bool
paging_entry_is_leaf(uint64_t entry)
{
	return (big64(entry) & ENTRY_LEAF) != 0;
}

uint64_t
paging_entry_address(uint64_t entry)
{
	return big64(entry) & ENTRY_ADDRESS;
}

uint64_t
paging_entry_smaller(uint64_t entry, uint64_t address)
{
	return big64((big64(entry) & ~ENTRY_ADDRESS) | address);
}

/* The first table is larger than paging.c's: what that has is copied. */
static void
copy_root(void)
{
	for (unsigned i = 0; i < ROOT_USED; i++)
		__atomic_store_n(&root[i], root_made[i], __ATOMIC_RELAXED);
	/* The table walk must see the entries before the first access. */
	__asm__ volatile("ptesync; isync" ::: "memory");
}

void
mmu_init(void)
{
	uint64_t text_end = (uintptr_t)kernel_text_end;

	root_made = (const uint64_t *)(uintptr_t)paging_init();
	paging_set((uintptr_t)kernel_start, text_end, PAGING_CODE);
	paging_set(text_end, (uintptr_t)kernel_rodata_end, PAGING_CONSTANTS);
	for (unsigned i = 0; i < CPUS_MAX; i++) {
		paging_remove((uintptr_t)cpu_stacks[i].guard);
		paging_remove((uintptr_t)cpu_stacks[i].guard_trap);
	}
	copy_root();
	processes[0] = big64((uintptr_t)root | PROCESS_52_BITS | ROOT_BITS);
	/* QEMU lets any CPU register such a table. */
	if (fdt_get(boot_tree(), smp_first_core(), "ibm,processor-radix-AP-encodings").length ==
		    0 ||
	    hypercall(H_REGISTER_PROC_TBL, REGISTER_NEW | REGISTER_RADIX, (uintptr_t)processes, 0,
		      0, NULL) != H_SUCCESS)
		orion_panic("no radix MMU: a POWER9 or later CPU is needed");
	smp_map_on();
	boot_map();
}

bool
arch_map_device(uint64_t address, size_t bytes)
{
	uint64_t into = address % PAGE_BYTES;
	bool mapped = !memory_is_ram(address - into, bytes + into) &&
		      paging_add(address, bytes, PAGING_REGISTERS);

	copy_root();
	return mapped;
}

/* Firmware and interrupt controller have no registers that we can see. */
bool
arch_is_reserved(uint64_t address, uint64_t bytes)
{
	(void)address;
	(void)bytes;
	return false;
}

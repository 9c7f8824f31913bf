/* SPDX-License-Identifier: MIT */
/*
 * The page tables of s390x: a table of regions of 2 GiB, tables of segments of 1 MiB, tables of
 * pages where a segment is not all of one kind.  Everything is mapped one to one and for good: the
 * kernel's text read-only, everything else not executable where the machine can say so, absent page
 * 0 and the stacks' guards.
 */
#include "cpu.h"
#include "kernel/core/memory.h"
#include "kernel/core/paging.h"
#include "kernel/core/string.h"

#define REGION_BYTES 0x80000000ull
#define SEGMENT_BYTES 0x100000ull
#define TABLE_ENTRIES 2048u /* of regions and segments */
#define TABLE_BYTES 16384u
#define PAGES_ENTRIES 256u
#define PAGES_BYTES 2048u

#define REGION_THIRD 0x7ull /* its type, and the whole length of what it leads to */
#define SEGMENT_LARGE 0x400ull
#define ENTRY_READ_ONLY 0x200ull
#define ENTRY_NO_EXECUTE 0x100ull
#define SEGMENT_ABSENT 0x20ull
#define PAGE_ABSENT 0x400ull
#define ENTRY_ADDRESS (~UINT64_C(0xfff))
#define PAGES_ADDRESS (~UINT64_C(0x7ff))

static uint64_t *regions;
static uint64_t root;
static uint64_t no_execute; /* 0: the machine can't */

/* The bit is looked at where large pages are, too. */
bool
mmu_has_no_execute(void)
{
	return facility_is_there(FACILITY_NO_EXECUTE) && facility_is_there(FACILITY_LARGE_PAGES);
}

uint64_t
mmu_control(void)
{
	return CONTROL_LOW_PROTECTED |
	       (facility_is_there(FACILITY_LARGE_PAGES) ? CONTROL_LARGE_PAGES : 0) |
	       (mmu_has_no_execute() ? CONTROL_NO_EXECUTE : 0);
}

/* A table whose address is a multiple of its size, all entries absent. */
static uint64_t *
table_new(void)
{
	/* Memory comes at multiples of a page: one table's size more, and what is over stays. */
	uint8_t *memory = memory_take(2 * TABLE_BYTES - PAGE_BYTES);
	uint64_t *table;

	if (memory == NULL)
		orion_panic("too little memory: no room for the page tables");
	table = (uint64_t *)(((uintptr_t)memory + TABLE_BYTES - 1) & ~(uintptr_t)(TABLE_BYTES - 1));
	for (unsigned i = 0; i < TABLE_ENTRIES; i++)
		table[i] = SEGMENT_ABSENT;
	return table;
}

/* A table of pages; two fit into a page. */
static uint64_t *
pages_new(void)
{
	static uint8_t *half;
	uint8_t *memory = half;

	half = NULL;
	if (memory == NULL) {
		memory = memory_take(PAGE_BYTES);
		if (memory == NULL)
			orion_panic("too little memory: no room for the page tables");
		half = memory + PAGES_BYTES;
	}
	return (uint64_t *)(void *)memory;
}

static bool
is_guard(uint64_t page)
{
	for (unsigned i = 0; i < CPUS_MAX; i++)
		if (page == (uintptr_t)cpu_stacks[i].guard ||
		    page == (uintptr_t)cpu_stacks[i].guard_trap)
			return true;
	return false;
}

static uint64_t
page_entry(uint64_t page)
{
	if (page < LOWCORE_BYTES || is_guard(page))
		return PAGE_ABSENT;
	if (page >= (uintptr_t)kernel_start && page < (uintptr_t)kernel_text_end)
		return page | ENTRY_READ_ONLY;
	if (page >= (uintptr_t)kernel_text_end && page < (uintptr_t)kernel_rodata_end)
		return page | ENTRY_READ_ONLY | no_execute;
	return page | no_execute;
}

static uint64_t
segment_entry(uint64_t start)
{
	uint64_t *pages;

	if (start >= (uintptr_t)kernel_end && facility_is_there(FACILITY_LARGE_PAGES))
		return start | SEGMENT_LARGE | no_execute;
	pages = pages_new();
	for (unsigned i = 0; i < PAGES_ENTRIES; i++)
		pages[i] = page_entry(start + i * (uint64_t)PAGE_BYTES);
	return (uintptr_t)pages;
}

static void
map(uint64_t start)
{
	uint64_t *region = &regions[start / REGION_BYTES];

	if ((*region & SEGMENT_ABSENT) != 0)
		*region = (uintptr_t)table_new() | REGION_THIRD;
	((uint64_t *)(uintptr_t)(*region & ENTRY_ADDRESS))[start % REGION_BYTES / SEGMENT_BYTES] =
		segment_entry(start);
}

/* RAM is a whole number of segments, from 0 on. */
void
mmu_init(void)
{
	struct psw psw;
	uint64_t control[16];
	uint64_t bytes = sclp_memory_bytes();

	if (bytes > TABLE_ENTRIES * REGION_BYTES)
		orion_panic("more memory than the page tables reach: 4 TiB");
	no_execute = mmu_has_no_execute() ? ENTRY_NO_EXECUTE : 0;
	regions = table_new();
	for (uint64_t start = 0; start < bytes; start += SEGMENT_BYTES)
		map(start);
	root = (uintptr_t)regions | REGION_THIRD;

	/* While it is in use, a prefix area is not to be found at its own address. */
	lowcore_use(NULL);
	lowcore_init(0, true, root);
	memcpy(control, lowcores[0].control, sizeof(control));
	lowcore_use(&lowcores[0]);
	__asm__ volatile("lctlg %%c0, %%c15, %0" ::"QS"(control) : "memory");
	psw = (struct psw){PSW_64_BIT | PSW_TRANSLATION | PSW_MACHINE, 0};
	__asm__ volatile("ptlb\n\tlarl %%r1, 0f\n\tstg %%r1, 8(%0)\n\tlpswe 0(%0)\n0:" ::"a"(&psw)
			 : "r1", "cc", "memory");
}

uint64_t
mmu_root(void)
{
	return root;
}

bool
paging_is_mapped(uint64_t address)
{
	const uint64_t *table = regions;
	uint64_t entry;

	if (regions == NULL || address >= TABLE_ENTRIES * REGION_BYTES)
		return false;
	entry = table[address / REGION_BYTES];
	if ((entry & SEGMENT_ABSENT) != 0)
		return false;
	table = (const uint64_t *)(uintptr_t)(entry & ENTRY_ADDRESS);
	entry = table[address % REGION_BYTES / SEGMENT_BYTES];
	if ((entry & (SEGMENT_ABSENT | SEGMENT_LARGE)) != 0)
		return (entry & SEGMENT_ABSENT) == 0;
	table = (const uint64_t *)(uintptr_t)(entry & PAGES_ADDRESS);
	return (table[address % SEGMENT_BYTES / PAGE_BYTES] & PAGE_ABSENT) == 0;
}

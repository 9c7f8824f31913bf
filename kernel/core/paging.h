/* SPDX-License-Identifier: MIT */
/*
 * Page tables: 512 entries a table, pages of 4 KiB and large ones of 2 MiB, everything mapped one
 * to one.  What an entry looks like is the ISA's.
 *
 * Mappings only ever appear; what was absent is in no CPU's TLB, so nothing has to be told to the
 * other CPUs.  The functions that take something away are for the time before other CPUs run.
 */
#ifndef KERNEL_CORE_PAGING_H
#define KERNEL_CORE_PAGING_H

#include <stdbool.h>
#include <stdint.h>

enum paging_kind {
	PAGING_DATA, /* read and written, cached */
	PAGING_CONSTANTS, /* only read, cached */
	PAGING_CODE, /* read and executed, cached */
	PAGING_REGISTERS, /* a device's: read and written, uncached, in order */
};

/* ---- Supplied by the ISA ---- */

/* The number of levels, and the first address that they do not reach. */
extern const unsigned paging_levels;
extern const uint64_t paging_limit;

/* An entry that leads to the table at ADDRESS; one that maps ADDRESS, large at level 2. */
uint64_t paging_entry_table(uint64_t address);
uint64_t paging_entry_leaf(uint64_t address, enum paging_kind kind, unsigned level);

/* Of an entry that is there: whether it maps, at level 2, rather than leads to a table. */
bool paging_entry_is_leaf(uint64_t entry);
bool paging_entry_is_there(uint64_t entry);
uint64_t paging_entry_address(uint64_t entry);

/* The same large page's entry as one of a small page at ADDRESS. */
uint64_t paging_entry_smaller(uint64_t entry, uint64_t address);

/* ---- Supplied by kernel/core ---- */

/*
 * Makes the tables, in memory of memory_take(): all RAM as data, but for page 0.  Returns the
 * address of the first table; panics when there is no memory.
 */
uint64_t paging_init(void);

/* Maps whole pages from START to END anew; panics when there is no memory.  At boot only. */
void paging_set(uint64_t start, uint64_t end, enum paging_kind kind);

/* Takes the page at ADDRESS away; the ISA flushes its TLB.  At boot only. */
void paging_remove(uint64_t address);

/* Maps what is not mapped yet of the pages that the range touches.  Any CPU. */
bool paging_add(uint64_t address, uint64_t bytes, enum paging_kind kind);

/* False before paging_init(), too.  An ISA with tables of its own has this, and not the rest. */
bool paging_is_mapped(uint64_t address);

#endif

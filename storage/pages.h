/* SPDX-License-Identifier: MIT */
/* Which pages of a region are free.  First fit; one user at a time. */
#ifndef STORAGE_PAGES_H
#define STORAGE_PAGES_H

#include "orion/lane.h"

/* Memory for a map of COUNT pages: a multiple of 8 bytes, and at such an address. */
size_t storage_pages_bytes(uint32_t count);

/* All of COUNT pages are free; MEMORY is zeroed, and the map's as long as it is used. */
void storage_pages_init(struct storage_pages *pages, uint32_t count, void *memory);

/*
 * First of COUNT adjacent free pages at a multiple of ALIGN, a power of two, now used; UINT32_MAX:
 * there is none.
 */
uint32_t storage_pages_take(struct storage_pages *pages, uint32_t count, uint32_t align);

/* The run that starts at page FIRST is free again; how long it was, 0 if there is none. */
uint32_t storage_pages_give(struct storage_pages *pages, uint32_t first);

#endif

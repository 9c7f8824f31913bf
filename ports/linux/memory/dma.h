/* SPDX-License-Identifier: MIT */
/*
 * Memory that a back end can reach: regions, each a sealed memfd or a registered mapping, in a
 * table that a queue's owner searches without a lock.
 *
 * Device addresses are the library's own numbers, given out once and never again while the disk is
 * open; they tell the back end nothing of where this process keeps its memory.
 *
 * Context: whoever changes the table holds the disk's lock; dma_find() may run at any time, and
 * copies an entry as a whole: an entry that changes meanwhile is not found.  An entry is taken away
 * only when no request uses it.
 */
#ifndef ORION_PORTS_LINUX_DMA_H
#define ORION_PORTS_LINUX_DMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/lane.h"

#define DMA_REGIONS_MAX 64u

struct dma_region {
	unsigned char *base;
	size_t bytes;           /* 0: no region */
	uint64_t device;
	uint32_t changes;       /* odd: it can be found; each look compares it before and after */
	int fd;
	uint64_t fd_offset;
	struct dma_pool *pool;       /* pages to give out; NULL: the program's own memory */
};

struct dma {
	uint64_t next_device;   /* address for the next region */
	uint64_t version;       /* of the table */
	size_t pool_bytes;      /* of all pools */
	struct dma_region regions[DMA_REGIONS_MAX];
};

/* One connection's own memory, in no table: rings and bounce buffers. */
struct dma_arena {
	unsigned char *base;
	size_t bytes;
	uint64_t device;
	int fd;
};

void dma_init(struct dma *memory);

/* Unmaps and closes everything. */
void dma_end(struct dma *memory);

/* Device addresses for BYTES. */
uint64_t dma_address(struct dma *memory, size_t bytes);

/*
 * A mapping of BYTES of fresh zeroed memory, sealed against every change of size, at a multiple of
 * 2 MiB.  Returns 0 or a negative errno.  dma_unmap() takes both back.
 */
int dma_map(size_t bytes, unsigned char **base, int *fd);
void dma_unmap(unsigned char *base, size_t bytes, int fd);

/*
 * Enters a region; the descriptor becomes the table's.  NULL: no entry is free.  It is not found
 * before dma_show(): the back end is to be told of it first.
 */
struct dma_region *dma_enter(struct dma *memory, unsigned char *base, size_t bytes, int fd,
			     uint64_t fd_offset);
void dma_show(struct dma_region *region);

/* Not found any more, from now on: the back end is to let go of it, which takes time. */
void dma_hide(struct dma_region *region);

/* Takes a region out; its descriptor is closed, its mapping stays. */
void dma_leave(struct dma *memory, struct dma_region *region);

/* Where the region lies that holds all of BYTES at ADDRESS; false: none does.  Any context. */
bool dma_find(const struct dma *memory, const void *address, size_t bytes,
	      struct storage_place *place);

/* The entry of the region that holds ADDRESS, shown or not, or NULL. */
struct dma_region *dma_region_at(struct dma *memory, const void *address);

/* Whether any byte of BYTES at BASE lies in a region. */
bool dma_overlaps(const struct dma *memory, const void *base, size_t bytes);

/* ---- pools: pages of a region ---- */

/*
 * Zeroed pages for BYTES out of the pools there are, or NULL; a region with a new pool is then
 * entered by dma_pool_add(), which gives 0 or a negative errno and *REGION, not yet shown.
 */
void *dma_pool_take(struct dma *memory, size_t bytes);
int dma_pool_add(struct dma *memory, size_t bytes, struct dma_region **region);
void dma_pool_drop(struct dma *memory, struct dma_region *region);

/* Gives pages back; false when ADDRESS is not the start of any that were taken. */
bool dma_pool_give(struct dma *memory, void *address);

#endif

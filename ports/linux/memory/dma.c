/* SPDX-License-Identifier: MIT */
/* Regions and pools.  The manual is dma.h. */
#include "ports/linux/memory/dma.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FIRST_DEVICE_ADDRESS (UINT64_C(1) << 32)
#define LARGE_PAGE ((size_t)2 << 20)
#define POOL_BYTES_MIN ((size_t)16 << 20)
#define POOL_BYTES_MAX ((size_t)1 << 40)

struct dma_pool {
	struct storage_pages pages;
};

static size_t
round_up(size_t bytes, size_t to)
{
	return (bytes + to - 1) / to * to;
}

void
dma_init(struct dma *memory)
{
	*memory = (struct dma){.next_device = FIRST_DEVICE_ADDRESS};
}

void
dma_end(struct dma *memory)
{
	for (unsigned i = 0; i < DMA_REGIONS_MAX; i++) {
		struct dma_region *region = &memory->regions[i];

		if (region->bytes == 0)
			continue;
		if (region->pool != NULL)
			dma_pool_drop(memory, region);
		else
			dma_leave(memory, region);
	}
}

uint64_t
dma_address(struct dma *memory, size_t bytes)
{
	uint64_t address = memory->next_device;

	/* A gap between regions: no request can run from one into the next. */
	memory->next_device += round_up(bytes, LARGE_PAGE) + LARGE_PAGE;
	return address;
}

/* ---- mappings ---- */

static int
sealed_file(size_t bytes)
{
	int fd = memfd_create("orion-vblk", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int result;

	if (fd < 0)
		return -errno;
	/* A back end that could shorten the file would kill us by SIGBUS. */
	if (ftruncate(fd, (off_t)bytes) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		return fd;
	result = -errno;
	close(fd);
	return result;
}

int
dma_map(size_t bytes, unsigned char **base, int *fd)
{
	unsigned char *room, *at;
	size_t before;

	*fd = sealed_file(bytes);
	if (*fd < 0)
		return *fd;
	room = mmap(NULL, bytes + LARGE_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (room == MAP_FAILED) {
		close(*fd);
		return -ENOMEM;
	}
	before = round_up((uintptr_t)room, LARGE_PAGE) - (uintptr_t)room;
	at = mmap(room + before, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, *fd, 0);
	if (before != 0)
		munmap(room, before);
	if (before != LARGE_PAGE)
		munmap(room + before + bytes, LARGE_PAGE - before);
	if (at == MAP_FAILED) {
		munmap(room + before, bytes);
		close(*fd);
		return -ENOMEM;
	}
	*base = at;
	return 0;
}

void
dma_unmap(unsigned char *base, size_t bytes, int fd)
{
	munmap(base, bytes);
	close(fd);
}

/* ---- the table ---- */

/*
 * Owners read entries while others change them.  An odd count of changes vouches for the words of
 * an entry: it is stored after them (release), and they are stored after the even one before.
 */
#define PUT(word, value) __atomic_store_n(&(word), value, __ATOMIC_RELEASE)
#define GET(word) __atomic_load_n(&(word), __ATOMIC_ACQUIRE)

struct dma_region *
dma_enter(struct dma *memory, unsigned char *base, size_t bytes, int fd, uint64_t fd_offset)
{
	for (unsigned i = 0; i < DMA_REGIONS_MAX; i++) {
		struct dma_region *region = &memory->regions[i];

		if (region->bytes != 0)
			continue;
		PUT(region->base, base);
		PUT(region->device, dma_address(memory, bytes));
		PUT(region->bytes, bytes);
		region->fd = fd;
		region->fd_offset = fd_offset;
		region->pool = NULL;
		memory->version++;
		return region;
	}
	return NULL;
}

void
dma_show(struct dma_region *region)
{
	PUT(region->changes, region->changes | 1);
}

void
dma_hide(struct dma_region *region)
{
	if (region->changes % 2 != 0)
		PUT(region->changes, region->changes + 1);
}

void
dma_leave(struct dma *memory, struct dma_region *region)
{
	memory->version++;
	dma_hide(region);
	PUT(region->bytes, 0);
	close(region->fd);
}

bool
dma_find(const struct dma *memory, const void *address, size_t bytes, struct storage_place *place)
{
	for (unsigned i = 0; i < DMA_REGIONS_MAX; i++) {
		const struct dma_region *region = &memory->regions[i];
		uint32_t changes = GET(region->changes);
		size_t offset;

		if (changes % 2 == 0)
			continue;
		*place = (struct storage_place){GET(region->base), GET(region->bytes),
						GET(region->device)};
		offset = (uintptr_t)address - (uintptr_t)place->base;
		if (offset < place->bytes && bytes <= place->bytes - offset &&
		    GET(region->changes) == changes)
			return true;
	}
	return false;
}

struct dma_region *
dma_region_at(struct dma *memory, const void *address)
{
	for (unsigned i = 0; i < DMA_REGIONS_MAX; i++) {
		struct dma_region *region = &memory->regions[i];

		if ((uintptr_t)address - (uintptr_t)region->base < region->bytes)
			return region;
	}
	return NULL;
}

bool
dma_overlaps(const struct dma *memory, const void *base, size_t bytes)
{
	uintptr_t first = (uintptr_t)base;

	for (unsigned i = 0; i < DMA_REGIONS_MAX; i++) {
		const struct dma_region *region = &memory->regions[i];
		uintptr_t other = (uintptr_t)region->base;

		if (region->bytes != 0 && first < other + region->bytes && other < first + bytes)
			return true;
	}
	return false;
}

/* ---- pools ---- */

static struct dma_pool *
make_pool(uint32_t pages)
{
	struct dma_pool *pool = calloc(1, sizeof(*pool) + storage_pages_bytes(pages));

	if (pool != NULL)
		storage_pages_init(&pool->pages, pages, pool + 1);
	return pool;
}

int
dma_pool_add(struct dma *memory, size_t bytes, struct dma_region **region)
{
	struct dma_pool *pool;
	size_t size = POOL_BYTES_MIN;
	unsigned char *base;
	int fd, result;

	if (bytes > POOL_BYTES_MAX)
		return -ENOMEM;
	/* Each pool is as large as all before it: back ends take few regions. */
	size = size > memory->pool_bytes ? size : memory->pool_bytes;
	size = round_up(size > bytes ? size : bytes, LARGE_PAGE);
	pool = make_pool((uint32_t)(size / STORAGE_PAGE));
	if (pool == NULL)
		return -ENOMEM;
	result = dma_map(size, &base, &fd);
	if (result != 0)
		goto no_map;
	*region = dma_enter(memory, base, size, fd, 0);
	if (*region == NULL) {
		result = -ENOSPC;
		goto no_entry;
	}
	(*region)->pool = pool;
	memory->pool_bytes += size;
	return 0;

no_entry:
	dma_unmap(base, size, fd);
no_map:
	free(pool);
	return result;
}

void
dma_pool_drop(struct dma *memory, struct dma_region *region)
{
	unsigned char *base = region->base;
	size_t bytes = region->bytes;

	memory->pool_bytes -= bytes;
	free(region->pool);
	dma_leave(memory, region);
	munmap(base, bytes);
}

void *
dma_pool_take(struct dma *memory, size_t bytes)
{
	uint32_t pages = (uint32_t)((bytes + STORAGE_PAGE - 1) / STORAGE_PAGE);
	uint32_t align = bytes >= LARGE_PAGE ? LARGE_PAGE / STORAGE_PAGE : 1;

	for (unsigned i = 0; i < DMA_REGIONS_MAX; i++) {
		struct dma_region *region = &memory->regions[i];
		uint32_t first;

		if (region->bytes == 0 || region->pool == NULL)
			continue;
		first = storage_pages_take(&region->pool->pages, pages, align);
		if (first != UINT32_MAX)
			return region->base + (size_t)first * STORAGE_PAGE;
	}
	return NULL;
}

bool
dma_pool_give(struct dma *memory, void *address)
{
	struct dma_region *region = dma_region_at(memory, address);
	size_t offset, bytes;

	if (region == NULL || region->pool == NULL)
		return false;
	offset = (size_t)((unsigned char *)address - region->base);
	if (offset % STORAGE_PAGE != 0)
		return false;
	bytes = (size_t)storage_pages_give(&region->pool->pages,
					   (uint32_t)(offset / STORAGE_PAGE)) *
		STORAGE_PAGE;
	if (bytes == 0)
		return false;
	/* Whoever takes the pages next finds zeroes; should that fail, by hand. */
	if (fallocate(region->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
		      (off_t)bytes) != 0)
		memset(address, 0, bytes);
	return true;
}

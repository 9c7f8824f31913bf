/* SPDX-License-Identifier: MIT */
/* A disk's memory for the program: allocated, registered, given back. */
#include "ports/linux/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define BYTES_MAX ((size_t)1 << 40)

static bool
idle(const struct orion_disk *disk)
{
	for (unsigned i = 0; i < disk->queue_count; i++) {
		const struct orion_queue *queue = disk->queues[i];

		if (queue != NULL && orion_queue_in_flight(queue) != 0)
			return false;
	}
	return true;
}

/* Tells the back end of REGION, if there is one; another is told of all when it comes. */
static int
tell(struct orion_disk *disk, const struct dma_region *region)
{
	return disk->session == NULL
		       ? 0
		       : vhost_user_add_region(&disk->session->vhost, region, idle(disk));
}

static void *
alloc_locked(struct orion_disk *disk, size_t bytes)
{
	void *memory = dma_pool_take(&disk->memory, bytes);
	struct dma_region *region;

	if (memory != NULL)
		return memory;
	if (dma_pool_add(&disk->memory, bytes, &region) != 0)
		return NULL;
	if (tell(disk, region) != 0) {
		dma_pool_drop(&disk->memory, region);
		return NULL;
	}
	return dma_pool_take(&disk->memory, bytes);
}

void *
orion_disk_alloc(struct orion_disk *disk, size_t bytes)
{
	void *memory;

	if (disk == NULL || bytes == 0 || bytes > BYTES_MAX || disk_state(disk) == DISK_FORKED)
		return NULL;
	pthread_mutex_lock(&disk->exchange);
	memory = alloc_locked(disk, bytes);
	pthread_mutex_unlock(&disk->exchange);
	return memory;
}

void
orion_disk_free(struct orion_disk *disk, void *memory)
{
	if (disk == NULL || memory == NULL || disk_state(disk) == DISK_FORKED)
		return;
	pthread_mutex_lock(&disk->exchange);
	dma_pool_give(&disk->memory, memory);
	pthread_mutex_unlock(&disk->exchange);
}

static int
register_locked(struct orion_disk *disk, void *base, size_t bytes, int fd, uint64_t offset)
{
	struct dma_region *region;
	int result;

	if (dma_overlaps(&disk->memory, base, bytes))
		return -EEXIST;
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	region = dma_enter(&disk->memory, base, bytes, fd, offset);
	if (region == NULL) {
		close(fd);
		return -ENOSPC;
	}
	result = tell(disk, region);
	if (result != 0)
		dma_leave(&disk->memory, region);
	return result;
}

int
orion_disk_register(struct orion_disk *disk, void *base, size_t bytes, int fd, int64_t fd_offset)
{
	int result;

	if (disk == NULL)
		return -EINVAL;
	if (disk_state(disk) == DISK_FORKED)
		return -ECHILD;
	if (base == NULL || bytes == 0 || bytes > BYTES_MAX || fd_offset < 0 ||
	    ((uintptr_t)base | bytes | (uint64_t)fd_offset) % DMA_PAGE != 0)
		return -EINVAL;
	pthread_mutex_lock(&disk->exchange);
	result = register_locked(disk, base, bytes, fd, (uint64_t)fd_offset);
	pthread_mutex_unlock(&disk->exchange);
	return result;
}

int
orion_disk_unregister(struct orion_disk *disk, void *base)
{
	struct dma_region *region;
	int result = -ENOENT;

	if (disk == NULL || base == NULL)
		return -EINVAL;
	pthread_mutex_lock(&disk->exchange);
	region = dma_find(&disk->memory, base, 1);
	if (region != NULL && region->pool == NULL && region->base == base) {
		result = 0;
		if (disk->session != NULL && disk_state(disk) != DISK_FORKED)
			result = vhost_user_remove_region(&disk->session->vhost, region);
		dma_leave(&disk->memory, region);
	}
	pthread_mutex_unlock(&disk->exchange);
	return result;
}

/* SPDX-License-Identifier: MIT */
/* A disk's memory for the program: allocated, registered, given back. */
#include "ports/linux/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BYTES_MAX ((size_t)1 << 40)
#define TRIES_MAX 1000u

/* Nothing is in flight on any queue, as far as can be seen. */
static bool
idle(const void *context)
{
	const struct orion_disk *disk = context;

	for (unsigned i = 0; i < disk->instance.lane_count; i++) {
		const struct orion_queue *queue = disk->queues[i];

		if (queue != NULL && orion_queue_in_flight(queue) != 0)
			return false;
	}
	return true;
}

/*
 * Tells the back end of REGION, if there is one; another is told of all when it comes.  Then owners
 * may find it.
 */
static int
tell(struct orion_disk *disk, struct dma_region *region, struct orion_error *error)
{
	const struct link *link = disk_session(disk) != NULL ? &disk_session(disk)->link : NULL;
	struct orion_error why = {""};
	int result = 0;

	if (link != NULL) {
		link->ops->begin(link->context, disk->options.answer_ms, disk->cancel);
		result = link->ops->add_region(link->context, region, idle, disk, &why);
	}
	if (result == 0)
		dma_show(region);
	else if (result == -EBUSY)
		error_set(error, result,
			  "%s: the back end takes memory only while nothing is in flight: allocate "
			  "or register before the first request",
			  disk->path);
	else {
		disk_exchange_failed(disk);
		error_set(error, result, "%s: the back end did not take the memory: %s", disk->path,
			  why.text);
	}
	return result;
}

/* Trouble in words for orion_disk_text(), without an event: whoever asked gets the number. */
static void
note(struct orion_disk *disk, const struct orion_error *error)
{
	pthread_mutex_lock(&disk->lock);
	disk->error = *error;
	pthread_mutex_unlock(&disk->lock);
}

static int
alloc_locked(struct orion_disk *disk, size_t bytes, void **memory, struct orion_error *error)
{
	struct dma_region *region;
	int result;

	*memory = dma_pool_take(&disk->memory, bytes);
	if (*memory != NULL)
		return 0;
	result = dma_pool_add(&disk->memory, bytes, &region);
	if (result != 0)
		return error_set(error, result, "%s: no memory for %zu bytes: %s", disk->path,
				 bytes, strerror(-result));
	result = tell(disk, region, error);
	if (result != 0) {
		dma_pool_drop(&disk->memory, region);
		return result;
	}
	*memory = dma_pool_take(&disk->memory, bytes);
	return 0;
}

static bool
hung_up(int result)
{
	return result == -ECONNRESET || result == -EPIPE || result == -ENOTCONN;
}

/*
 * The connection has just ended, and the monitor has yet to notice: the next back end is told of
 * all memory, so it is tried again, up to a second.
 */
static bool
try_again(int result, unsigned *tries)
{
	const struct timespec pause = {0, 1000000};

	if (!hung_up(result) || ++*tries > TRIES_MAX)
		return false;
	nanosleep(&pause, NULL);
	return true;
}

void *
orion_disk_alloc(struct orion_disk *disk, size_t bytes)
{
	struct orion_error error = {""};
	unsigned tries = 0;
	void *memory = NULL;
	int result;

	if (disk == NULL) {
		errno = EINVAL;
		return NULL;
	}
	if (disk_state(disk) == STORAGE_FOREIGN) {
		errno = ECHILD;
		return NULL;
	}
	if (bytes == 0 || bytes > BYTES_MAX) {
		result = error_set(&error, bytes == 0 ? -EINVAL : -ENOMEM,
				   "%s: %zu bytes can't be allocated", disk->path, bytes);
	} else {
		do {
			pthread_mutex_lock(&disk->exchange);
			result = alloc_locked(disk, bytes, &memory, &error);
			pthread_mutex_unlock(&disk->exchange);
		} while (try_again(result, &tries));
	}
	if (result != 0) {
		note(disk, &error);
		errno = -result;
	}
	return memory;
}

void
orion_disk_free(struct orion_disk *disk, void *memory)
{
	if (disk == NULL || memory == NULL || disk_state(disk) == STORAGE_FOREIGN)
		return;
	pthread_mutex_lock(&disk->exchange);
	dma_pool_give(&disk->memory, memory);
	pthread_mutex_unlock(&disk->exchange);
}

static int
register_locked(struct orion_disk *disk, const struct mapping *mapping, struct orion_error *error)
{
	struct dma_region *region;
	int result, fd;

	if (dma_overlaps(&disk->memory, mapping->base, mapping->bytes))
		return error_set(error, -EEXIST, "register: it overlaps memory that is registered");
	result = mapping_check(mapping, disk->options.unsealed, error);
	if (result != 0)
		return result;
	fd = fcntl(mapping->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return error_set(error, -errno, "register: %s", strerror(errno));
	region = dma_enter(&disk->memory, mapping->base, mapping->bytes, fd, mapping->offset);
	if (region == NULL) {
		close(fd);
		return error_set(error, -ENOSPC, "register: there are %u regions already",
				 DMA_REGIONS_MAX);
	}
	result = tell(disk, region, error);
	if (result != 0)
		dma_leave(&disk->memory, region);
	return result;
}

int
orion_disk_register(struct orion_disk *disk, void *base, size_t bytes, int fd, int64_t fd_offset)
{
	const struct mapping mapping = {base, bytes, fd, (uint64_t)fd_offset};
	struct orion_error error = {""};
	unsigned tries = 0;
	int result;

	if (disk == NULL)
		return -EINVAL;
	if (disk_state(disk) == STORAGE_FOREIGN)
		return -ECHILD;
	if (base == NULL || bytes == 0 || bytes > BYTES_MAX || fd_offset < 0 ||
	    (uint64_t)fd_offset > INT64_MAX - bytes || (uintptr_t)base > UINTPTR_MAX - bytes ||
	    ((uintptr_t)base | bytes | (uint64_t)fd_offset) % STORAGE_PAGE != 0) {
		result = error_set(&error, -EINVAL,
				   "register: memory, length and offset must be multiples of %u "
				   "bytes, and not 0",
				   STORAGE_PAGE);
	} else {
		do {
			pthread_mutex_lock(&disk->exchange);
			result = register_locked(disk, &mapping, &error);
			pthread_mutex_unlock(&disk->exchange);
		} while (try_again(result, &tries));
	}
	if (result != 0)
		note(disk, &error);
	return result;
}

/*
 * What the back end has not let go of stays in the table, though no owner finds it any more: it can
 * be tried again.  One that has hung up is asked no more, and the next is not told.
 */
static int
unregister_locked(struct orion_disk *disk, const void *base, struct orion_error *error)
{
	struct dma_region *region = dma_region_at(&disk->memory, base);
	const struct link *link = disk_session(disk) != NULL ? &disk_session(disk)->link : NULL;
	struct orion_error why = {""};
	int result = 0;

	if (region == NULL || region->pool != NULL || region->base != base)
		return error_set(error, -ENOENT,
				 "unregister: nothing that is registered begins there");
	dma_hide(region);
	/* Owners keep a copy of where their last buffer lay: they are to look anew. */
	__atomic_add_fetch(&disk->instance.turn, 1, __ATOMIC_ACQ_REL);
	if (link != NULL) {
		link->ops->begin(link->context, disk->options.answer_ms, disk->cancel);
		result = link->ops->remove_region(link->context, region, idle, disk, &why);
	}
	if (result == -EBUSY)
		return error_set(error, result,
				 "%s: the back end lets go of memory only while nothing is in "
				 "flight: unregister again then",
				 disk->path);
	if (result != 0)
		disk_exchange_failed(disk);
	if (result != 0 && !hung_up(result))
		return error_set(error, result, "%s: the back end did not let go of the memory: %s",
				 disk->path, why.text);
	dma_leave(&disk->memory, region);
	return 0;
}

int
orion_disk_unregister(struct orion_disk *disk, void *base)
{
	struct orion_error error = {""};
	int result;

	if (disk == NULL || base == NULL)
		return -EINVAL;
	if (disk_state(disk) == STORAGE_FOREIGN)
		return -ECHILD;
	pthread_mutex_lock(&disk->exchange);
	result = unregister_locked(disk, base, &error);
	pthread_mutex_unlock(&disk->exchange);
	if (result != 0)
		note(disk, &error);
	return result;
}

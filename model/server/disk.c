/* SPDX-License-Identifier: MIT */
/*
 * The disk: nothing at all, memory, or a file.
 *
 * A file is mapped shared, so that what was written survives this process at once.  With
 * --lose-unflushed it is mapped privately instead: written pages are this process's own, a volatile
 * cache, until a flush carries them over.  It is locked, so that no other program empties it.
 */
#include "model/server/server.h"

#include "cmd/shared/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096u
#define ODD_ALL UINT64_MAX

static void
open_memory(struct disk *disk)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

	disk->base = mmap(NULL, disk->bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (disk->base == MAP_FAILED)
		die("a disk of %llu bytes of memory: %s", (unsigned long long)disk->bytes,
		    strerror(errno));
	/* Both only make the first access to a page cheap. */
	madvise(disk->base, disk->bytes, MADV_HUGEPAGE);
	madvise(disk->base, disk->bytes, MADV_POPULATE_WRITE);
}

static uint64_t
file_bytes(const struct disk *disk)
{
	off_t end = lseek(disk->fd, 0, SEEK_END);

	return end > 0 ? (uint64_t)end : 0;
}

static void
map_file(struct disk *disk)
{
	const struct options *options = disk->options;
	int protection = options->read_only ? PROT_READ : PROT_READ | PROT_WRITE;

	disk->base = mmap(NULL, disk->bytes, protection, options->lose ? MAP_PRIVATE : MAP_SHARED,
			  disk->fd, 0);
	if (disk->base == MAP_FAILED)
		die("%s: mapping %llu bytes: %s", options->file, (unsigned long long)disk->bytes,
		    strerror(errno));
}

static void
open_file(struct disk *disk)
{
	const struct options *options = disk->options;
	int flags = O_CLOEXEC | O_NONBLOCK | (options->read_only ? O_RDONLY : O_RDWR);
	const char *why = NULL;

	disk->fd = open(options->file, flags);
	if (disk->fd < 0 && errno == ENOENT && options->bytes != 0) {
		why = image_no_place(options->file);
		if (why == NULL)
			disk->fd = open(options->file, flags | O_CREAT, 0644);
	}
	if (disk->fd < 0)
		die("%s: %s", options->file, why != NULL ? why : strerror(errno));
	/* Until this process ends: others know by it that the file is a disk in use. */
	why = image_lock(disk->fd, !options->read_only);
	if (why != NULL)
		die("%s: %s", options->file, why);
	if (file_bytes(disk) < options->bytes && ftruncate(disk->fd, (off_t)options->bytes) != 0)
		die("%s: to %llu bytes: %s", options->file, (unsigned long long)options->bytes,
		    strerror(errno));
	disk->bytes = options->bytes != 0 ? options->bytes : file_bytes(disk);
	if (disk->bytes == 0 || disk->bytes % options->block != 0)
		die("%s: %llu bytes; a disk takes a multiple of its block of %u (--block)",
		    options->file, (unsigned long long)disk->bytes, options->block);
	map_file(disk);
	if (options->lose) {
		disk->dirty = calloc(disk->bytes / PAGE + 1, 1);
		if (disk->dirty == NULL)
			die("no memory for the map of dirty pages");
	}
}

void
disk_open(struct disk *disk, const struct options *options)
{
	*disk = (struct disk){.options = options, .bytes = options->bytes, .fd = -1};
	if (options->memory)
		open_memory(disk);
	else if (options->file != NULL)
		open_file(disk);
}

/* What the disk's size is to be: whole blocks of its file, unless that is empty. */
static uint64_t
new_bytes(const struct disk *disk)
{
	uint64_t bytes;

	if (disk->fd < 0 || disk->options->bytes != 0)
		return disk->bytes;
	bytes = file_bytes(disk) / disk->options->block * disk->options->block;
	return bytes != 0 ? bytes : disk->bytes;
}

/* Part of a block at the file's end is shown to nobody: that is said, once for each length. */
static void
tell_odd(struct disk *disk)
{
	uint64_t bytes, odd;

	if (disk->fd < 0 || disk->options->bytes != 0)
		return;
	bytes = file_bytes(disk);
	odd = bytes < disk->options->block ? ODD_ALL : bytes % disk->options->block;
	if (odd == disk->odd)
		return;
	disk->odd = odd;
	if (odd == ODD_ALL)
		say("%s: it has %llu bytes now, less than a block: the disk keeps its %llu, and "
		    "can't be read",
		    disk->options->file, (unsigned long long)bytes,
		    (unsigned long long)disk->bytes);
	else if (odd != 0)
		say("%s: the last %llu of its %llu bytes are no whole block of %u: the disk ends "
		    "before them",
		    disk->options->file, (unsigned long long)odd, (unsigned long long)bytes,
		    disk->options->block);
}

bool
disk_size_changed(struct disk *disk)
{
	tell_odd(disk);
	return new_bytes(disk) != disk->bytes;
}

bool
disk_adopt_size(struct disk *disk)
{
	uint64_t bytes = new_bytes(disk);

	if (bytes == disk->bytes)
		return false;
	/* Pages that only this process has must move along. */
	disk->base = mremap(disk->base, disk->bytes, bytes, MREMAP_MAYMOVE);
	if (disk->base == MAP_FAILED)
		die("%s: mapping %llu bytes: %s", disk->options->file, (unsigned long long)bytes,
		    strerror(errno));
	if (disk->dirty != NULL) {
		size_t before = disk->bytes / PAGE + 1, after = bytes / PAGE + 1;

		disk->dirty = realloc(disk->dirty, after);
		if (disk->dirty == NULL)
			die("no memory for the map of dirty pages");
		if (after > before)
			memset(disk->dirty + before, 0, after - before);
	}
	say("%s: %llu bytes, it was %llu", disk->options->file, (unsigned long long)bytes,
	    (unsigned long long)disk->bytes);
	disk->bytes = bytes;
	return true;
}

void
disk_read(const struct disk *disk, uint64_t offset, void *data, uint64_t bytes)
{
	memcpy(data, disk->base + offset, bytes);
}

void
disk_write(struct disk *disk, uint64_t offset, const void *data, uint64_t bytes)
{
	memcpy(disk->base + offset, data, bytes);
	if (disk->dirty != NULL && bytes != 0)
		for (uint64_t page = offset / PAGE; page <= (offset + bytes - 1) / PAGE; page++)
			__atomic_store_n(&disk->dirty[page], 1, __ATOMIC_RELEASE);
}

/* Carries the pages over that the file lacks. */
static bool
write_back(struct disk *disk)
{
	for (uint64_t page = 0; page < disk->bytes / PAGE + 1; page++) {
		uint64_t at = page * PAGE, n = PAGE;

		if (!__atomic_exchange_n(&disk->dirty[page], 0, __ATOMIC_ACQUIRE))
			continue;
		if (n > disk->bytes - at)
			n = disk->bytes - at;
		if (pwrite(disk->fd, disk->base + at, n, (off_t)at) != (ssize_t)n)
			return false;
	}
	return true;
}

bool
disk_flush(struct disk *disk)
{
	if (disk->dirty != NULL && !write_back(disk))
		return false;
	return disk->fd < 0 || disk->options->read_only || fdatasync(disk->fd) == 0;
}

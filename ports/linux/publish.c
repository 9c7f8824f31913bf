/* SPDX-License-Identifier: MIT */
/* Counters for others to watch.  The manual is orion/publish.h. */
#include "orion/publish.h"

#include "ports/linux/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch/arch.h"

#define TRIES 1000

struct publication {
	struct orion_published *page;
	int fd;
	char path[320];
};

/* The folder, made if need be; false when there is none that only this user can write. */
static bool
find_folder(char *path, size_t room)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	struct stat found;
	int length;

	if (runtime != NULL && runtime[0] == '/')
		length = snprintf(path, room, "%s/orion-vblk", runtime);
	else
		length = snprintf(path, room, "/tmp/orion-vblk-%u", (unsigned)geteuid());
	if (length < 0 || (size_t)length >= room)
		return false;
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return false;
	return lstat(path, &found) == 0 && S_ISDIR(found.st_mode) && found.st_uid == geteuid() &&
	       (found.st_mode & 022) == 0;
}

static bool
create(struct publication *publication)
{
	static unsigned number;
	char folder[256];

	if (!find_folder(folder, sizeof(folder)))
		return false;
	snprintf(publication->path, sizeof(publication->path), "%s/%u-%u", folder,
		 (unsigned)getpid(), __atomic_add_fetch(&number, 1, __ATOMIC_RELAXED));
	publication->fd =
		open(publication->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (publication->fd < 0)
		return false;
	/* Whoever can lock the file knows that its writer is dead. */
	if (flock(publication->fd, LOCK_EX | LOCK_NB) == 0 &&
	    ftruncate(publication->fd, sizeof(*publication->page)) == 0) {
		publication->page = mmap(NULL, sizeof(*publication->page), PROT_READ | PROT_WRITE,
					 MAP_SHARED, publication->fd, 0);
		if (publication->page != MAP_FAILED)
			return true;
	}
	unlink(publication->path);
	close(publication->fd);
	return false;
}

void
publish_start(struct orion_disk *disk)
{
	struct publication *publication = calloc(1, sizeof(*publication));
	struct orion_published *page;

	/* Nobody can watch then: no reason not to work. */
	if (publication == NULL || !create(publication)) {
		free(publication);
		return;
	}
	page = publication->page;
	page->pid = (uint32_t)getpid();
	page->ticks_per_second = orion_ticks_per_second();
	page->queues = disk->queue_count;
	snprintf(page->program, sizeof(page->program), "%s", program_invocation_short_name);
	snprintf(page->path, sizeof(page->path), "%s", disk->path);
	disk->publication = publication;
	publish_update(disk);
}

void
publish_update(struct orion_disk *disk)
{
	struct orion_published *page;
	struct orion_disk_info info;

	if (disk->publication == NULL)
		return;
	page = disk->publication->page;
	orion_disk_info(disk, &info);
	__atomic_store_n(&page->sequence, page->sequence + 1, __ATOMIC_RELAXED);
	arch_order_publish();
	page->when_ns = port_now_ns();
	page->bytes = info.bytes;
	page->connections = info.connections;
	page->connected = info.connected;
	for (unsigned i = 0; i < disk->queue_count; i++) {
		struct orion_published_queue *queue = &page->queue[i];
		uint64_t begun;

		orion_queue_stats(disk->queues[i], &queue->stats, &queue->counters);
		begun = queue->stats.submitted - queue->stats.completed;
		queue->in_flight = (uint32_t)(begun < UINT32_MAX ? begun : 0);
	}
	arch_order_publish();
	__atomic_store_n(&page->sequence, page->sequence + 1, __ATOMIC_RELAXED);
}

void
publish_stop(struct orion_disk *disk)
{
	struct publication *publication = disk->publication;

	if (publication == NULL)
		return;
	/* A fork's child leaves the file to its parent. */
	if (disk_state(disk) != DISK_FORKED)
		unlink(publication->path);
	munmap(publication->page, sizeof(*publication->page));
	close(publication->fd);
	free(publication);
	disk->publication = NULL;
}

/* ---- watching ---- */

/* A copy that was not written to meanwhile. */
static bool
take_copy(const struct orion_published *page, struct orion_published *copy)
{
	for (unsigned try = 0; try < TRIES; try++) {
		uint64_t before = __atomic_load_n(&page->sequence, __ATOMIC_ACQUIRE);

		memcpy(copy, page, sizeof(*copy));
		arch_order_observe();
		if (before % 2 == 0 && __atomic_load_n(&page->sequence, __ATOMIC_RELAXED) == before)
			return true;
	}
	return false;
}

/* What a file says cannot be trusted more than the user who owns it: this one. */
static bool
read_one(int folder, const char *name, struct orion_published *copy)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct orion_published *page;
	struct stat found;
	bool good = false;

	if (fd < 0)
		return false;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		unlinkat(folder, name, 0);
	} else if (fstat(fd, &found) == 0 && found.st_size == sizeof(*page)) {
		page = mmap(NULL, sizeof(*page), PROT_READ, MAP_SHARED, fd, 0);
		if (page != MAP_FAILED) {
			good = take_copy(page, copy) && copy->queues <= ORION_DISK_QUEUES_MAX;
			munmap(page, sizeof(*page));
		}
	}
	close(fd);
	copy->program[sizeof(copy->program) - 1] = '\0';
	copy->path[sizeof(copy->path) - 1] = '\0';
	return good;
}

int
orion_published_each_sized(bool (*each)(void *argument, const struct orion_published *one),
			   void *argument, size_t size)
{
	struct orion_published *copy;
	struct dirent *entry;
	int count = 0, result;
	char path[256];
	DIR *folder;

	if (each == NULL || size != sizeof(*copy))
		return -EINVAL;
	if (!find_folder(path, sizeof(path)))
		return -EACCES;
	folder = opendir(path);
	result = folder == NULL ? -errno : -ENOMEM;
	copy = malloc(sizeof(*copy));
	if (folder == NULL || copy == NULL) {
		free(copy);
		if (folder != NULL)
			closedir(folder);
		return result;
	}
	while ((entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.' || !read_one(dirfd(folder), entry->d_name, copy))
			continue;
		count++;
		if (!each(argument, copy))
			break;
	}
	closedir(folder);
	free(copy);
	return count;
}

/* SPDX-License-Identifier: MIT */
/* Counters for others to watch.  The manual is orion/publish.h. */
#include "orion/publish.h"
#include "orion/units.h"

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
	unsigned mine = __atomic_add_fetch(&number, 1, __ATOMIC_RELAXED);
	char folder[256], hidden[sizeof(publication->path)];

	if (!find_folder(folder, sizeof(folder)))
		return false;
	snprintf(publication->path, sizeof(publication->path), "%s/%u-%u", folder,
		 (unsigned)getpid(), mine);
	snprintf(hidden, sizeof(hidden), "%s/.%u-%u", folder, (unsigned)getpid(), mine);
	publication->fd = open(hidden, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (publication->fd < 0)
		return false;
	/*
	 * Whoever can lock the file knows that its writer is dead, so it is seen only when that is
	 * so no more: watchers pass over hidden names.
	 */
	if (flock(publication->fd, LOCK_EX | LOCK_NB) == 0 &&
	    ftruncate(publication->fd, sizeof(*publication->page)) == 0) {
		publication->page = mmap(NULL, sizeof(*publication->page), PROT_READ | PROT_WRITE,
					 MAP_SHARED, publication->fd, 0);
		if (publication->page != MAP_FAILED && rename(hidden, publication->path) == 0)
			return true;
		if (publication->page != MAP_FAILED)
			munmap(publication->page, sizeof(*publication->page));
	}
	unlink(hidden);
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
	page->queues = disk->instance.lane_count;
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
	for (unsigned i = 0; i < disk->instance.lane_count; i++) {
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
	if (disk_state(disk) != STORAGE_FOREIGN)
		unlink(publication->path);
	munmap(publication->page, sizeof(*publication->page));
	close(publication->fd);
	free(publication);
	disk->publication = NULL;
}

/* ---- watching ---- */

/* What is being looked for, and what was found. */
struct look {
	bool (*each)(void *argument, const struct orion_published *one);
	void *argument;
	struct orion_published *copy;
	int count;
	bool enough;
};

/*
 * A copy of what FD holds that was not written to meanwhile.  Read, not mapped: whoever owns the
 * file may make it shorter at any time.
 */
static bool
take_copy(int fd, struct orion_published *copy)
{
	for (unsigned try = 0; try < TRIES; try++) {
		uint64_t before, after;

		if (pread(fd, &before, sizeof(before), 0) != sizeof(before) ||
		    pread(fd, copy, sizeof(*copy), 0) != sizeof(*copy) ||
		    pread(fd, &after, sizeof(after), 0) != sizeof(after))
			return false;
		if (before % 2 == 0 && before == after && copy->sequence == before)
			return true;
	}
	return false;
}

/* What a file says cannot be trusted more than the user who owns it. */
static bool
read_one(int folder, const char *name, uid_t owner, struct orion_published *copy)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat found;
	bool good = false;

	if (fd < 0)
		return false;
	if (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode) || found.st_uid != owner) {
		close(fd);
		return false;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		if (owner == geteuid())
			unlinkat(folder, name, 0);
	} else {
		good = found.st_size == sizeof(*copy) && take_copy(fd, copy) &&
		       copy->queues <= ORION_DISK_QUEUES_MAX && copy->ticks_per_second != 0;
	}
	close(fd);
	copy->program[sizeof(copy->program) - 1] = '\0';
	copy->path[sizeof(copy->path) - 1] = '\0';
	return good;
}

/* The folder at PATH, if it is OWNER's alone: 0, or a negative errno. */
static int
look_into(struct look *look, const char *path, uid_t owner)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dirent *entry;
	struct stat found;
	DIR *folder;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &found) != 0 || found.st_uid != owner || (found.st_mode & 022) != 0) {
		close(fd);
		return 0;
	}
	folder = fdopendir(fd);
	if (folder == NULL) {
		close(fd);
		return -ENOMEM;
	}
	while (!look->enough && (entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.' || !read_one(fd, entry->d_name, owner, look->copy))
			continue;
		look->count++;
		look->enough = !look->each(look->argument, look->copy);
	}
	closedir(folder);
	return 0;
}

/* The folders of all other users: FOLDER/PREFIX, a user's number, and REST. */
static void
look_into_all(struct look *look, const char *folder, const char *prefix, const char *rest)
{
	DIR *users = opendir(folder);
	struct dirent *entry;

	while (!look->enough && users != NULL && (entry = readdir(users)) != NULL) {
		const char *name = entry->d_name;
		char path[512];
		uint64_t user;

		if (strncmp(name, prefix, strlen(prefix)) != 0 ||
		    !orion_units_number(name + strlen(prefix), &user) || user > UINT32_MAX ||
		    user == geteuid())
			continue;
		snprintf(path, sizeof(path), "%s/%s%s", folder, name, rest);
		look_into(look, path, (uid_t)user);
	}
	if (users != NULL)
		closedir(users);
}

int
orion_published_each_sized(bool (*each)(void *argument, const struct orion_published *one),
			   void *argument, size_t size)
{
	struct look look = {.each = each, .argument = argument};
	int result;
	char path[256];

	if (each == NULL || size != sizeof(*look.copy))
		return -EINVAL;
	if (!find_folder(path, sizeof(path)))
		return -EACCES;
	look.copy = malloc(sizeof(*look.copy));
	if (look.copy == NULL)
		return -ENOMEM;
	result = look_into(&look, path, geteuid());
	if (result == 0 && geteuid() == 0) {
		look_into_all(&look, "/run/user", "", "/orion-vblk");
		look_into_all(&look, "/tmp", "orion-vblk-", "");
	}
	free(look.copy);
	return result == 0 ? look.count : result;
}

/* SPDX-License-Identifier: MIT */
/*
 * Is a descriptor what a piece of memory is mapped from?  And can whoever gets it shorten it?
 *
 * A back end maps the descriptor, not the memory.  Were they not the same, it would read and write
 * something else, and every request would "succeed".  Were the file shortened by the back end, the
 * program would die by SIGBUS at its next touch.
 */
#include "ports/linux/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* One line of /proc/self/maps. */
struct line {
	uintptr_t begin, end;
	char rights[5];
	uint64_t offset, inode;
	unsigned major, minor;
	const char *name;       /* "": of no file */
};

static bool
parse(char *text, struct line *line)
{
	int at = 0;

	if (sscanf(text, "%" SCNxPTR "-%" SCNxPTR " %4s %" SCNx64 " %x:%x %" SCNu64 " %n",
		   &line->begin, &line->end, line->rights, &line->offset, &line->major,
		   &line->minor, &line->inode, &at) < 7 ||
	    at == 0)
		return false;
	text[strcspn(text, "\n")] = '\0';
	line->name = text + at;
	return true;
}

/* The file of a mapping and of a descriptor, which some file systems number differently. */
static bool
same_file(const struct line *line, const struct stat *file, const char *name)
{
	return line->inode == file->st_ino &&
	       ((line->major == major(file->st_dev) && line->minor == minor(file->st_dev)) ||
		(name[0] != '\0' && strcmp(line->name, name) == 0));
}

/* What is wrong with LINE as the mapping of AT out of OFFSET; NULL: nothing. */
static const char *
wrong(const struct line *line, const struct mapping *mapping, uintptr_t at, const struct stat *file,
      const char *name)
{
	uint64_t offset = mapping->offset + (at - (uintptr_t)mapping->base);

	if (line->begin > at)
		return "a part of it is not mapped";
	if (line->rights[3] != 's')
		return "the memory is a private mapping: what is written would not be shared";
	if (!same_file(line, file, name))
		return "the descriptor is not what the memory is mapped from";
	if (line->offset + (at - line->begin) != offset)
		return "the memory is mapped from another offset of the descriptor";
	return NULL;
}

/* Goes through the lines that hold the memory, which ascend. */
static const char *
compare(FILE *lines, const struct mapping *mapping, const struct stat *file, const char *name)
{
	uintptr_t at = (uintptr_t)mapping->base, end = at + mapping->bytes;
	const char *why = NULL;
	size_t room = 0;
	char *text = NULL;

	while (at < end && why == NULL && getline(&text, &room, lines) > 0) {
		struct line line;

		if (!parse(text, &line) || line.end <= at)
			continue;
		why = wrong(&line, mapping, at, file, name);
		at = line.end;
	}
	free(text);
	return why == NULL && at < end ? "a part of it is not mapped" : why;
}

static int
check_mapping(const struct mapping *mapping, struct orion_error *error)
{
	char link[64], name[4096] = "";
	FILE *lines = fopen("/proc/self/maps", "re");
	const char *why;
	struct stat file;
	ssize_t length;

	if (lines == NULL)
		return error_set(error, -errno,
				 "register: /proc/self/maps, by which memory and descriptor are "
				 "compared: %s",
				 strerror(errno));
	snprintf(link, sizeof(link), "/proc/self/fd/%d", mapping->fd);
	length = readlink(link, name, sizeof(name) - 1);
	name[length > 0 ? length : 0] = '\0';
	why = fstat(mapping->fd, &file) != 0 ? strerror(errno)
					     : compare(lines, mapping, &file, name);
	fclose(lines);
	return why == NULL ? 0 : error_set(error, -EINVAL, "register: %s", why);
}

/* After this nobody can shorten the file, nor keep back ends from mapping it. */
static int
seal(int fd, bool unsealed, struct orion_error *error)
{
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals >= 0 && (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) != 0)
		return error_set(error, -EPERM,
				 "register: the file is sealed against writing, but a back end "
				 "maps it for reading and writing");
	if (seals >= 0 && (seals & F_SEAL_SHRINK) != 0 && (seals & F_SEAL_SEAL) != 0)
		return 0;
	if (seals >= 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_SEAL) == 0)
		return 0;
	if (unsealed)
		return 0;
	return error_set(
		error, -EPERM,
		"register: a back end could shorten the file, which would end this "
		"program by SIGBUS, and it can't be sealed: make it by memfd_create() with "
		"MFD_ALLOW_SEALING, or trust the back end with the option unsealed=on");
}

/* Once sealed, what is long enough stays so. */
static int
check_length(const struct mapping *mapping, struct orion_error *error)
{
	struct stat file;

	if (fstat(mapping->fd, &file) != 0)
		return error_set(error, -errno, "register: %s", strerror(errno));
	if (file.st_size >= 0 && (uint64_t)file.st_size >= mapping->offset &&
	    (uint64_t)file.st_size - mapping->offset >= mapping->bytes)
		return 0;
	return error_set(error, -EINVAL,
			 "register: the file has %lld bytes, %zu from offset %" PRIu64
			 " are to be registered",
			 (long long)file.st_size, mapping->bytes, mapping->offset);
}

int
mapping_check(const struct mapping *mapping, bool unsealed, struct orion_error *error)
{
	int flags = fcntl(mapping->fd, F_GETFL), result;

	if (flags < 0)
		return error_set(error, -errno, "register: descriptor %d: %s", mapping->fd,
				 strerror(errno));
	if ((flags & O_ACCMODE) != O_RDWR)
		return error_set(error, -EACCES,
				 "register: the descriptor is not open for reading and writing, as "
				 "which a back end maps it");
	result = check_mapping(mapping, error);
	if (result == 0)
		result = seal(mapping->fd, unsealed, error);
	return result != 0 ? result : check_length(mapping, error);
}

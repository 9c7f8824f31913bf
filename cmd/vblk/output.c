/* SPDX-License-Identifier: MIT */
/* Files that take their place at the end: see output.h. */
#include "cmd/vblk/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cmd/shared/image.h"
#include "cmd/vblk/say.h"

#define NAMES 100

static const char *volatile pending;    /* what output_abandon() removes */

/* PATH's folder, to be freed, and where its last part begins. */
static char *
folder_of(const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');

	*name = slash != NULL ? slash + 1 : path;
	if (slash == NULL)
		return strdup(".");
	return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* A new, empty file beside PATH, with a name that says whose it is. */
static int
make_beside(struct output *output, const char *path)
{
	const char *name;
	char *folder = folder_of(path, &name);
	int fd = -ENOMEM;

	for (unsigned i = 0; folder != NULL && i < NAMES; i++) {
		free(output->beside);
		if (asprintf(&output->beside, "%s/.%.200s.vblk-%d-%u", folder, name, (int)getpid(),
			     i) < 0) {
			output->beside = NULL;
			break;
		}
		fd = open(output->beside, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
		if (fd < 0)
			fd = -errno;
		if (fd != -EEXIST)
			break;
	}
	free(folder);
	return fd;
}

/* Attributes and access lists, as far as they can be had: labels may not be ours to give. */
static void
copy_attributes(int old, int fd)
{
	char names[4096], value[4096];
	ssize_t length = flistxattr(old, names, sizeof(names)), size;

	for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1) {
		size = fgetxattr(old, names + at, value, sizeof(value));
		if (size >= 0)
			(void)fsetxattr(fd, names + at, value, (size_t)size, 0);
	}
}

/* Owner, mode and attributes of OLD to FD; 0 or a negative errno. */
static int
be_like(int old, int fd)
{
	struct statx more;
	struct stat s, now;

	if (fstat(old, &s) != 0 || fstat(fd, &now) != 0)
		return -errno;
	/* Its other names would keep the old file; and a mounted file can't be renamed over. */
	if (s.st_nlink > 1)
		return -EMLINK;
	if (statx(old, "", AT_EMPTY_PATH, 0, &more) == 0 &&
	    (more.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0)
		return -EBUSY;
	if ((s.st_uid != now.st_uid || s.st_gid != now.st_gid) &&
	    fchown(fd, s.st_uid, s.st_gid) != 0)
		return -errno;
	copy_attributes(old, fd);
	return fchmod(fd, s.st_mode & 07777) == 0 ? 0 : -errno;
}

int
output_begin(struct output *output, const char *path, int old)
{
	int fd, result = 0;

	*output = (struct output){.path = old >= 0 ? realpath(path, NULL) : strdup(path)};
	if (output->path == NULL)
		return -errno;
	fd = make_beside(output, output->path);
	if (fd < 0) {
		free(output->beside);
		output->beside = NULL;
		output_drop(output);
		return fd;
	}
	pending = output->beside;
	if (old >= 0)
		result = be_like(old, fd);
	if (result == 0)
		return fd;
	close(fd);
	output_drop(output);
	return result;
}

int
output_commit(struct output *output, int fd)
{
	const char *name;
	char *folder;
	int at;

	if (output->beside == NULL)
		return 0;
	if (fsync(fd) != 0 || rename(output->beside, output->path) != 0)
		return -errno;
	pending = NULL;
	free(output->beside);
	output->beside = NULL;
	/* The name, too, is to be there after a crash; not every file system can say so. */
	folder = folder_of(output->path, &name);
	at = folder != NULL ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (at >= 0) {
		(void)fsync(at);
		close(at);
	}
	free(folder);
	return 0;
}

void
output_drop(struct output *output)
{
	if (output->beside != NULL)
		unlink(output->beside);
	pending = NULL;
	free(output->beside);
	free(output->path);
	*output = (struct output){0};
}

void
output_abandon(void)
{
	const char *path = pending;

	if (path != NULL)
		unlink(path);
}

FILE *
output_stream(struct output *output, const char *path)
{
	const char *why = NULL;
	struct stat s;
	FILE *file = NULL;
	int old, fd;

	*output = (struct output){0};
	if (stat(path, &s) == 0 && !S_ISREG(s.st_mode)) {
		fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		if (fd < 0)
			fd = -errno;
	} else {
		old = open(path, O_RDONLY | O_CLOEXEC);
		if (old < 0)
			why = errno == ENOENT ? image_no_place(path) : strerror(errno);
		fd = why == NULL ? output_begin(output, path, old) : -1;
		if (old >= 0)
			close(old);
	}
	if (fd >= 0)
		file = fdopen(fd, "w");
	if (file != NULL)
		return file;
	trouble("%s: %s", path, why != NULL ? why : strerror(fd < 0 ? -fd : errno));
	output_drop(output);
	return NULL;
}

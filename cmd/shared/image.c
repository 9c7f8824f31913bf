/* SPDX-License-Identifier: MIT */
/* Who else uses a disk's image: see image.h. */
#include "cmd/shared/image.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define LOCKED "another program holds a lock on it, as one that serves it as a disk does"

/*
 * QEMU's bytes: whoever does something with an image holds a read lock on DOES + what, and on
 * ALONE + what when nobody else may do it.  Read locks never get in each other's way, so that each
 * sees all others by asking who would stand in the way of a write lock.
 */
enum {
	DOES = 100,
	ALONE = 200,
	READ = 0,
	WRITE = 1,
	RESIZE = 3,
};

static int
lock(int fd, int operation, short type, off_t byte, off_t count, struct flock *found)
{
	*found = (struct flock){
		.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = count};
	return fcntl(fd, operation, found);
}

/* Whether somebody else has a lock of any kind on COUNT bytes (0: all) from BYTE on. */
static bool
is_locked(int fd, off_t byte, off_t count)
{
	struct flock found;

	return lock(fd, F_OFD_GETLK, F_WRLCK, byte, count, &found) == 0 && found.l_type != F_UNLCK;
}

static bool
take(int fd, off_t byte)
{
	struct flock found;

	return lock(fd, F_OFD_SETLK, F_RDLCK, byte, 1, &found) == 0 ||
	       (errno != EAGAIN && errno != EACCES);
}

const char *
image_lock(int fd, bool writes)
{
	struct flock found;

	/* First mine, then a look at the others': of two that come at once, none gets in unseen. */
	if (take(fd, DOES + READ) && (!writes || take(fd, DOES + WRITE)) &&
	    take(fd, ALONE + WRITE) && take(fd, ALONE + RESIZE) &&
	    !is_locked(fd, DOES + WRITE, 1) && !is_locked(fd, DOES + RESIZE, 1) &&
	    !is_locked(fd, ALONE + READ, 1) && (!writes || !is_locked(fd, ALONE + WRITE, 1)) &&
	    (flock(fd, (writes ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 || errno != EWOULDBLOCK))
		return NULL;
	lock(fd, F_OFD_SETLK, F_UNLCK, 0, 0, &found);
	return LOCKED;
}

/* Whether somebody else has it open for writing: then the kernel grants no lease for reading. */
static bool
is_written(int fd)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
	bool written;

	/*
	 * Whoever opens it just now would have the kernel tell us, by a signal that ends programs.
	 */
	sigaction(SIGIO, &ignore, &before);
	written = fcntl(fd, F_SETLEASE, F_RDLCK) != 0 && errno == EAGAIN;
	fcntl(fd, F_SETLEASE, F_UNLCK);
	sigaction(SIGIO, &before, NULL);
	return written;
}

/* A file that somebody made by mistake where the kernel has its devices. */
static bool
is_no_device(const struct stat *s)
{
	struct stat root, devices;

	return stat("/", &root) == 0 && stat("/dev", &devices) == 0 &&
	       root.st_dev != devices.st_dev && s->st_dev == devices.st_dev;
}

const char *
image_in_use(int fd)
{
	struct stat s;

	if (fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && is_no_device(&s))
		return "it is no device but a file among the devices, in memory: remove it";
	if (is_locked(fd, 0, 0))
		return LOCKED;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		flock(fd, LOCK_UN);
	else if (errno == EWOULDBLOCK)
		return LOCKED;
	if (S_ISREG(s.st_mode) && is_written(fd))
		return "another program has it open for writing, as one that serves it as a disk "
		       "does";
	return NULL;
}

/* Whether the folder PATH is FOLDER, or lies in it. */
static bool
within(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

const char *
image_no_place(const char *path)
{
	char folder[PATH_MAX], real[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t length = slash != NULL ? (size_t)(slash - path) : 0;
	struct stat s;

	if (*path == '\0')
		return "a file has a name";
	if (slash != NULL && slash[1] == '\0')
		return "it ends in a slash, and there is no such folder";
	if (lstat(path, &s) == 0 && S_ISLNK(s.st_mode))
		return "it is a symbolic link to something that is not there";
	if (length >= sizeof(folder))
		return "its name is too long";
	memcpy(folder, path, length);
	folder[length] = '\0';
	if (realpath(slash == NULL ? "." : length == 0 ? "/" : folder, real) == NULL)
		return strerror(errno);
	/* A disk that is not plugged in, or misspelt: a file there would fill the memory. */
	if ((within(real, "/dev") && !within(real, "/dev/shm")) || within(real, "/proc") ||
	    within(real, "/sys"))
		return "there is no such device, and no file is made there";
	return NULL;
}

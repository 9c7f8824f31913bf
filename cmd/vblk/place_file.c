/* SPDX-License-Identifier: MIT */
/*
 * Files and block devices as places.  Requests are done at once, by pread() and pwrite(): the page
 * cache reads ahead and writes behind, so that the disk at the other end stays busy.
 *
 * A regular file as target is written anew and takes the old one's name at the end: whatever
 * happens on the way, the old one was not touched.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cmd/shared/image.h"
#include "cmd/vblk/place.h"
#include "cmd/vblk/say.h"

/* Zeros are left out in pieces of this, the block of most file systems. */
#define HOLE_BYTES 4096u

static int
read_all(struct place *place, char *data, uint64_t bytes, uint64_t offset)
{
	while (bytes > 0) {
		ssize_t n = pread(place->fd, data, bytes, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENODATA;    /* it became shorter while we read */
		data += n;
		bytes -= (uint64_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

static int
write_all(struct place *place, const char *data, uint64_t bytes, uint64_t offset)
{
	while (bytes > 0) {
		ssize_t n = pwrite(place->fd, data, bytes, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		data += n;
		bytes -= (uint64_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

/* Writes what is not zero. */
static int
write_sparse(struct place *place, const char *data, uint64_t bytes, uint64_t offset)
{
	uint64_t from = 0, at = 0, piece;
	int result = 0;

	while (at < bytes && result == 0) {
		piece = HOLE_BYTES - (offset + at) % HOLE_BYTES;
		if (piece > bytes - at)
			piece = bytes - at;
		if (place_is_zero(data + at, piece)) {
			result = write_all(place, data + from, at - from, offset + from);
			from = at + piece;
		}
		at += piece;
	}
	return result != 0 ? result : write_all(place, data + from, bytes - from, offset + from);
}

/* A file that is written in place is emptied when there is something to write, and room. */
static int
empty(struct place *place)
{
	uint64_t room, bytes = place->bytes != PLACE_UNKNOWN ? place->bytes : 0;
	struct statvfs fs;
	struct stat s;

	if (!place->in_place || place->emptied)
		return 0;
	if (fstat(place->fd, &s) != 0 || fstatvfs(place->fd, &fs) != 0)
		return -errno;
	room = (uint64_t)s.st_blocks * 512 + (uint64_t)fs.f_bavail * fs.f_frsize;
	if (bytes > room)
		return -ENOSPC;
	place->emptied = true;
	if (ftruncate(place->fd, 0) != 0 || ftruncate(place->fd, (off_t)bytes) != 0)
		return -errno;
	return 0;
}

static int
file_write(struct place *place, const struct orion_io *io)
{
	int result = empty(place);

	if (result != 0)
		return result;
	return place->zero ? write_sparse(place, io->buffer, io->bytes, io->offset)
			   : write_all(place, io->buffer, io->bytes, io->offset);
}

static bool
file_submit(struct place *place, struct orion_io *io)
{
	if (place->done != NULL)
		return false;
	io->result = io->operation == ORION_READ
			     ? read_all(place, io->buffer, io->bytes, io->offset + place->at)
			     : file_write(place, io);
	place->done = io;
	return true;
}

static unsigned
file_reap(struct place *place, struct orion_io **done, unsigned max)
{
	if (place->done == NULL || max == 0)
		return 0;
	*done = place->done;
	place->done = NULL;
	return 1;
}

static bool
file_whole(struct place *place)
{
	off_t end = lseek(place->fd, 0, SEEK_END);

	return end >= 0 && (uint64_t)end >= place->at + place->bytes;
}

static bool
file_hole(struct place *place, uint64_t offset, uint64_t *length)
{
	off_t at = (off_t)(offset + place->at), data, hole;

	if (!place->sparse)
		return false;
	data = lseek(place->fd, at, SEEK_DATA);
	if (data < 0) {
		/* No data from here on; or behind the end of what was longer: a read will tell. */
		*length = place->bytes - offset;
		return errno == ENXIO && file_whole(place);
	}
	if (data > at) {
		*length = (uint64_t)(data - at);
		return true;
	}
	hole = lseek(place->fd, at, SEEK_HOLE);
	*length = hole > at ? (uint64_t)(hole - at) : place->bytes - offset;
	return false;
}

/* The file that is there can't be replaced: it will be written itself.  -1: it can't be; said. */
static int
prepare_in_place(struct place *place)
{
	int fd = open(place->name, O_RDWR | O_CLOEXEC);
	const char *why = fd < 0 ? strerror(errno) : image_lock(fd, true);

	if (why != NULL) {
		trouble("%s: %s", place->name, why);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	close(place->fd);
	place->fd = fd;
	place->in_place = true;
	return 0;
}

static int
prepare_regular(struct place *place, uint64_t bytes)
{
	int fd = output_begin(&place->output, place->name, place->fd);

	place->zero = true;
	place->bytes = bytes;
	if (fd < 0 && !place->fresh)
		return prepare_in_place(place);
	if (fd >= 0) {
		if (place->fd >= 0)
			close(place->fd);
		place->fd = fd;
		place->replaces = true;
		if (bytes == PLACE_UNKNOWN || ftruncate(fd, (off_t)bytes) == 0)
			return 0;
		fd = -errno;
	}
	if (bytes == PLACE_UNKNOWN)
		trouble("%s: %s", place->name, strerror(-fd));
	else
		trouble("%s: can't make a file of %llu bytes: %s", place->name,
			(unsigned long long)bytes, strerror(-fd));
	return -1;
}

static int
file_prepare(struct place *place, uint64_t bytes)
{
	struct stat s;

	if (place->fresh || (fstat(place->fd, &s) == 0 && S_ISREG(s.st_mode)))
		return prepare_regular(place, bytes);
	if (bytes == PLACE_UNKNOWN || bytes <= place->bytes)
		return 0;
	trouble("%s: too small: %llu bytes would be written, and the device has %llu; nothing was "
		"written",
		place->name, (unsigned long long)bytes, (unsigned long long)place->bytes);
	return -1;
}

static int
file_flush(struct place *place, uint64_t end, bool complete)
{
	int result = 0;

	if (place->replaces && !complete) {
		output_drop(&place->output);
		return 0;
	}
	if (complete)
		result = empty(place);
	else if (place->in_place && !place->emptied)
		return 0;
	if (result != 0)
		return result;
	/* What ends early must not look as if it were all. */
	if ((place->replaces || place->in_place) && (place->bytes == PLACE_UNKNOWN || !complete) &&
	    ftruncate(place->fd, (off_t)end) != 0)
		return -errno;
	if (fsync(place->fd) != 0)
		return -errno;
	return place->replaces ? output_commit(&place->output, place->fd) : 0;
}

static void
file_close(struct place *place)
{
	output_drop(&place->output);
	if (place->fd >= 0)
		close(place->fd);
}

static const struct place_ops file_ops = {
	.submit = file_submit,
	.reap = file_reap,
	.hole = file_hole,
	.whole = file_whole,
	.prepare = file_prepare,
	.flush = file_flush,
	.close = file_close,
};

/* Why what FD is can't be a place; NULL: it can. */
static const char *
wrong_kind(int fd)
{
	struct stat s;

	if (fstat(fd, &s) != 0)
		return strerror(errno);
	if (S_ISDIR(s.st_mode))
		return "it is a folder";
	if (!S_ISREG(s.st_mode) && !S_ISBLK(s.st_mode))
		return "it is neither a regular file nor a block device; a pipe is given as -";
	return NULL;
}

/* Opens what is there; -1 when it can't be or must not be, which was said. */
static int
open_file(const char *text, place_role role)
{
	struct stat s;
	bool there = stat(text, &s) == 0, device = there && S_ISBLK(s.st_mode);
	/* O_EXCL: a device that is mounted is refused.  O_NONBLOCK: a pipe would be waited for. */
	int flags = role == PLACE_TARGET && device ? O_RDWR | O_EXCL : O_RDONLY | O_NONBLOCK;
	const char *why = NULL;
	int fd = -1;

	if (there && S_ISSOCK(s.st_mode))
		why = "it is a socket; a disk behind it has the URL vhost-user:PATH";
	else
		fd = open(text, flags | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 && why == NULL)
		why = errno == EBUSY ? "it is in use (mounted?)" : strerror(errno);
	if (fd >= 0)
		why = wrong_kind(fd);
	if (why == NULL && role == PLACE_TARGET) {
		why = image_in_use(fd);
		if (why == NULL && device)
			why = image_lock(fd, true);
	}
	if (why == NULL)
		return fd;
	trouble("%s: %s", text, why);
	if (fd >= 0)
		close(fd);
	return -1;
}

/* A file of the kernel's making has no size, and yet something to read. */
static bool
is_made_on_reading(int fd)
{
	char byte;

	return lseek(fd, 0, SEEK_END) <= 0 && pread(fd, &byte, 1, 0) == 1;
}

static struct place *
make(const char *name, int fd)
{
	struct place *place = calloc(1, sizeof(*place));

	if (place == NULL)
		abort();
	place->ops = &file_ops;
	place->name = strdup(name);
	place->block = 1;
	place->synchronous = true;
	place->fd = fd;
	return place;
}

struct place *
place_file_of(const char *name, int fd, uint64_t begin)
{
	struct place *place = make(name, fd);
	off_t end = lseek(fd, 0, SEEK_END);
	struct stat s;

	if (end < 0)
		abort();
	place->bytes = (uint64_t)end > begin ? (uint64_t)end - begin : 0;
	place->at = begin;
	place->fixed = fstat(fd, &s) == 0 && S_ISBLK(s.st_mode);
	/* The file system is asked for holes only where there must be some. */
	place->sparse = !place->fixed && (uint64_t)s.st_blocks < (uint64_t)s.st_size / 512;
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return place;
}

static struct place *
make_fresh(const char *text)
{
	const char *why = image_no_place(text);
	struct place *place;

	if (why != NULL) {
		trouble("%s: %s", text, why);
		return NULL;
	}
	place = make(text, -1);
	place->bytes = PLACE_UNKNOWN;
	place->fresh = true;
	return place;
}

struct place *
place_file_open(const char *text, place_role role)
{
	struct stat s;
	int fd;

	if (role == PLACE_TARGET && stat(text, &s) != 0 && errno == ENOENT)
		return make_fresh(text);
	fd = open_file(text, role);
	if (fd >= 0 && role == PLACE_SOURCE && is_made_on_reading(fd)) {
		lseek(fd, 0, SEEK_SET);
		return place_stream_of(text, fd);
	}
	return fd >= 0 ? place_file_of(text, fd, 0) : NULL;
}

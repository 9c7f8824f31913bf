/* SPDX-License-Identifier: MIT */
/*
 * Files and block devices as places.  Requests are done at once, by pread() and pwrite(): the page
 * cache reads ahead and writes behind, so that the disk at the other end stays busy.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

static bool
file_submit(struct place *place, struct orion_io *io)
{
	if (place->done != NULL)
		return false;
	if (io->operation == ORION_READ)
		io->result = read_all(place, io->buffer, io->bytes, io->offset + place->at);
	else if (place->zero)
		io->result = write_sparse(place, io->buffer, io->bytes, io->offset);
	else
		io->result = write_all(place, io->buffer, io->bytes, io->offset);
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
file_hole(struct place *place, uint64_t offset, uint64_t *length)
{
	off_t at = (off_t)(offset + place->at), data = lseek(place->fd, at, SEEK_DATA), hole;

	if (data < 0) {
		/* From here on there is no data; or this is nothing that knows of holes. */
		*length = place->bytes - offset;
		return errno == ENXIO;
	}
	if (data > at) {
		*length = (uint64_t)(data - at);
		return true;
	}
	hole = lseek(place->fd, at, SEEK_HOLE);
	*length = hole > at ? (uint64_t)(hole - at) : place->bytes - offset;
	return false;
}

static int
file_prepare(struct place *place, uint64_t bytes)
{
	struct stat s;

	if (fstat(place->fd, &s) == 0 && S_ISREG(s.st_mode)) {
		place->zero = true;
		place->bytes = bytes;
		if (ftruncate(place->fd, 0) == 0 &&
		    (bytes == PLACE_UNKNOWN || ftruncate(place->fd, (off_t)bytes) == 0))
			return 0;
		trouble("%s: can't make it %llu bytes long: %s", place->name,
			(unsigned long long)bytes, strerror(errno));
		return -1;
	}
	if (bytes == PLACE_UNKNOWN || bytes <= place->bytes)
		return 0;
	trouble("%s: too small: %llu bytes would be written, and the device has %llu; nothing was "
		"written",
		place->name, (unsigned long long)bytes, (unsigned long long)place->bytes);
	return -1;
}

static int
file_flush(struct place *place, uint64_t end)
{
	if (place->bytes == PLACE_UNKNOWN && ftruncate(place->fd, (off_t)end) != 0)
		return -errno;
	return fsync(place->fd) == 0 ? 0 : -errno;
}

static void
file_close(struct place *place)
{
	close(place->fd);
}

static const struct place_ops file_ops = {
	.submit = file_submit,
	.reap = file_reap,
	.hole = file_hole,
	.prepare = file_prepare,
	.flush = file_flush,
	.close = file_close,
};

/* Whether another process holds a lock on the file, as QEMU does on an image that it serves. */
static bool
in_use(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* Opens the file; -1 when it can't be or must not be, which was said. */
static int
open_file(const char *text, place_role role)
{
	struct stat s;
	bool device = stat(text, &s) == 0 && S_ISBLK(s.st_mode);
	/* O_EXCL: a device that is mounted is refused. */
	int fd = role == PLACE_SOURCE
			 ? open(text, O_RDONLY | O_CLOEXEC)
			 : open(text, O_RDWR | O_CLOEXEC | (device ? O_EXCL : O_CREAT), 0666);
	const char *why = NULL;

	if (fd < 0 || fstat(fd, &s) != 0)
		why = errno == EBUSY ? "is in use (mounted?)" : strerror(errno);
	else if (!S_ISREG(s.st_mode) && !S_ISBLK(s.st_mode))
		why = "is neither a regular file nor a block device; a pipe is given as -";
	else if (role == PLACE_TARGET && S_ISREG(s.st_mode) && in_use(fd))
		why = "another program holds a lock on it, as QEMU does on an image that it serves";
	if (why == NULL)
		return fd;
	trouble("%s: %s", text, why);
	if (fd >= 0)
		close(fd);
	return -1;
}

struct place *
place_file_of(const char *name, int fd, uint64_t begin)
{
	struct place *place = calloc(1, sizeof(*place));
	off_t end = lseek(fd, 0, SEEK_END);

	if (place == NULL || end < 0)
		abort();
	*place = (struct place){
		.ops = &file_ops,
		.name = strdup(name),
		.bytes = (uint64_t)end > begin ? (uint64_t)end - begin : 0,
		.block = 1,
		.synchronous = true,
		.fd = fd,
		.at = begin,
	};
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return place;
}

struct place *
place_file_open(const char *text, place_role role)
{
	int fd = open_file(text, role);

	return fd >= 0 ? place_file_of(text, fd, 0) : NULL;
}

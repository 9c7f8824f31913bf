/* SPDX-License-Identifier: MIT */
/* Standard input and output as places, and the table of hexadecimal numbers. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/vblk/place.h"
#include "cmd/vblk/say.h"

#define LOOK_MS 200

/* Waits until the stream is ready for EVENTS; false: a person wants to end. */
static bool
wait_for(struct place *place, short events)
{
	struct pollfd fd = {.fd = place->fd, .events = events};

	/* With a limit, since the signal may come just before poll() is called. */
	while (interrupts() == 0) {
		if (poll(&fd, 1, LOOK_MS) > 0)
			return true;
	}
	return false;
}

/* Reads until IO is full or the stream ends. */
static int
read_stream(struct place *place, struct orion_io *io)
{
	uint32_t got = 0;

	while (got < io->bytes) {
		ssize_t n;

		if (!wait_for(place, POLLIN))
			break;
		n = read(place->fd, (char *)io->buffer + got, io->bytes - got);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		got += (uint32_t)n;
	}
	io->bytes = got;
	return 0;
}

static int
write_stream(struct place *place, const char *data, uint32_t bytes)
{
	while (bytes > 0) {
		ssize_t n;

		if (!wait_for(place, POLLOUT))
			return -EINTR;
		n = write(place->fd, data, bytes);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return -errno;
		data += n;
		bytes -= (uint32_t)n;
	}
	return 0;
}

static int
write_hex(struct place *place, const struct orion_io *io)
{
	dump_add(&place->dump, io->offset, io->buffer, io->bytes);
	return ferror(stdout) ? -EIO : 0;
}

static bool
stream_submit(struct place *place, struct orion_io *io)
{
	if (place->done != NULL)
		return false;
	io->result = 0;
	if (place->compute != NULL)
		place->compute(place->argument, io->offset, io->buffer, io->bytes);
	else if (io->operation == ORION_READ)
		io->result = read_stream(place, io);
	else if (place->hex)
		io->result = write_hex(place, io);
	else
		io->result = write_stream(place, io->buffer, io->bytes);
	place->done = io;
	return true;
}

static unsigned
stream_reap(struct place *place, struct orion_io **done, unsigned max)
{
	if (place->done == NULL || max == 0)
		return 0;
	*done = place->done;
	place->done = NULL;
	return 1;
}

static int
stream_flush(struct place *place, uint64_t end, bool complete)
{
	(void)complete;
	if (place->compute != NULL)
		return 0;
	if (place->hex) {
		dump_end(&place->dump, end);
		return fflush(stdout) == 0 ? 0 : -errno;
	}
	/* A pipe or a terminal can't be synchronised. */
	return fsync(place->fd) == 0 || errno == EINVAL || errno == EROFS ? 0 : -errno;
}

static void
stream_close(struct place *place)
{
	if (place->fd > STDERR_FILENO)
		close(place->fd);
}

static const struct place_ops stream_ops = {
	.submit = stream_submit,
	.reap = stream_reap,
	.flush = stream_flush,
	.close = stream_close,
};

struct place *
place_stream_of(const char *name, int fd)
{
	struct place *place = calloc(1, sizeof(*place));

	if (place == NULL)
		abort();
	*place = (struct place){
		.ops = &stream_ops,
		.name = strdup(name),
		.bytes = PLACE_UNKNOWN,
		.block = 1,
		.stream = true,
		.synchronous = true,
		.fd = fd,
	};
	return place;
}

struct place *
place_stream_open(place_role role)
{
	struct stat s;
	off_t at;

	if (role == PLACE_TARGET) {
		if (!isatty(STDOUT_FILENO))
			return place_stream_of("standard output", STDOUT_FILENO);
		trouble("standard output is a terminal: send it to a file or a pipe");
		return NULL;
	}
	/*
	 * A file that a shell redirected has a size and holes; one of the kernel's making has none.
	 */
	if (fstat(STDIN_FILENO, &s) == 0 &&
	    ((S_ISREG(s.st_mode) && s.st_size > 0) || S_ISBLK(s.st_mode))) {
		at = lseek(STDIN_FILENO, 0, SEEK_CUR);
		return place_file_of("standard input", STDIN_FILENO, at > 0 ? (uint64_t)at : 0);
	}
	return place_stream_of("standard input", STDIN_FILENO);
}

struct place *
place_open_hex(void)
{
	struct place *place = place_stream_of("standard output", STDOUT_FILENO);

	place->hex = true;
	dump_start(&place->dump, &standard_output);
	return place;
}

struct place *
place_open_computed(const char *name, place_role role,
		    void (*compute)(void *argument, uint64_t offset, void *data, uint32_t bytes),
		    void *argument)
{
	struct place *place = place_stream_of(name, -1);

	place->compute = compute;
	place->argument = argument;
	place->stream = role == PLACE_TARGET;
	return place;
}

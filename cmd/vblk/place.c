/* SPDX-License-Identifier: MIT */
/* Places of every kind: see place.h. */
#include "cmd/vblk/place.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/vblk/say.h"
#include "cmd/vblk/units.h"
#include "words/print.h"
#include "words/text.h"

bool
place_is_url(const char *text)
{
	return strncmp(text, "vhost-user:", strlen("vhost-user:")) == 0;
}

/* Something that looks like a URL of a kind that is not there, and not like a file that is. */
static bool
strange_url(const char *text)
{
	size_t scheme = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789-+.");

	return scheme > 1 && text[scheme] == ':' && access(text, F_OK) != 0;
}

struct place *
place_open(const char *text, place_role role)
{
	if (strcmp(text, "-") == 0)
		return place_stream_open(role);
	if (place_is_url(text))
		return place_url_open(text, role);
	if (strange_url(text)) {
		trouble("%s: a URL begins with vhost-user:, as in vhost-user:/run/disk.sock; a "
			"file of that name would be ./%s",
			text, text);
		return NULL;
	}
	return place_file_open(text, role);
}

void
place_close(struct place *place)
{
	if (place == NULL)
		return;
	place->ops->close(place);
	free(place->name);
	free(place);
}

/* The socket of URL into PATH, as the library reads it: "%xx" stands for a byte. */
static bool
socket_of(const char *url, char *path, size_t room)
{
	const char *from = url + strlen("vhost-user:");
	size_t length = 0;
	unsigned byte;

	if (!place_is_url(url))
		return false;
	while (*from != '\0' && *from != '?' && length + 1 < room) {
		bool coded = *from == '%' && isxdigit((unsigned char)from[1]) &&
			     isxdigit((unsigned char)from[2]) &&
			     sscanf(from + 1, "%2x", &byte) == 1;

		path[length++] = coded ? (char)byte : *from;
		from += coded ? 3 : 1;
	}
	path[length] = '\0';
	return true;
}

bool
place_url_is_at(const char *url, const char *path)
{
	char socket[PATH_MAX];
	struct stat a, b;

	if (!socket_of(url, socket, sizeof(socket)))
		return false;
	return strcmp(socket, path) == 0 || (stat(socket, &a) == 0 && stat(path, &b) == 0 &&
					     a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

void
place_url_of(const char *path, char *out, size_t room)
{
	size_t used = print_into(out, room, "vhost-user:");
	unsigned bytes;

	for (; *path != '\0' && used + 4 * 3 < room; path += bytes) {
		bool plain = text_is_harmless(path, &bytes) && *path != '%' && *path != '?';

		for (unsigned i = 0; i < bytes; i++)
			used += print_into(out + used, room - used, plain ? "%c" : "%%%02x",
					   (unsigned char)path[i]);
	}
}

void
place_url_plain(const char *url, char *out, size_t room)
{
	char path[PATH_MAX];

	if (socket_of(url, path, sizeof(path)))
		place_url_of(path, out, room);
	else
		print_into(out, room, "%s", url);
}

bool
place_same_url(const char *a, const char *b)
{
	char path[PATH_MAX];

	return socket_of(b, path, sizeof(path)) && place_url_is_at(a, path);
}

bool
place_same(const struct place *a, const struct place *b)
{
	struct stat sa, sb;

	if (a->disk != NULL || b->disk != NULL)
		return false;
	if (fstat(a->fd, &sa) != 0 || fstat(b->fd, &sb) != 0)
		return false;
	if (S_ISBLK(sa.st_mode) && S_ISBLK(sb.st_mode))
		return sa.st_rdev == sb.st_rdev;
	return S_ISREG(sa.st_mode) && sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

bool
place_submit(struct place *place, struct orion_io *io)
{
	return place->ops->submit(place, io);
}

unsigned
place_reap(struct place *place, struct orion_io **done, unsigned max)
{
	return place->ops->reap(place, done, max);
}

unsigned
place_arm(struct place *place, struct pollfd *fds)
{
	return place->ops->arm != NULL ? place->ops->arm(place, fds) : 0;
}

void
place_nudge(struct place *place)
{
	if (place->ops->nudge != NULL)
		place->ops->nudge(place);
}

void *
place_memory(uint64_t bytes, int *fd)
{
	void *memory = MAP_FAILED;

	*fd = memfd_create("vblk", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*fd >= 0 && ftruncate(*fd, (off_t)bytes) == 0 &&
	    fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	if (memory != MAP_FAILED)
		return memory;
	if (*fd >= 0)
		close(*fd);
	return NULL;
}

void
place_lend(struct place *place, void *base, uint64_t bytes, int fd)
{
	if (place->ops->lend != NULL)
		place->ops->lend(place, base, bytes, fd);
}

bool
place_hole(struct place *place, uint64_t offset, uint64_t *length)
{
	*length = PLACE_UNKNOWN;
	return place->ops->hole != NULL && place->ops->hole(place, offset, length);
}

int
place_prepare(struct place *place, uint64_t bytes)
{
	return place->ops->prepare != NULL ? place->ops->prepare(place, bytes) : 0;
}

bool
place_whole(struct place *place)
{
	return place->ops->whole == NULL || place->ops->whole(place);
}

int
place_flush(struct place *place, uint64_t end, bool complete)
{
	return place->ops->flush != NULL ? place->ops->flush(place, end, complete) : 0;
}

void
place_remains(const struct place *place, uint64_t done, bool stable)
{
	const struct print_text size = print_size(done);

	if (place->replaces)
		say("not complete after %llu bytes (%s): %s %s", (unsigned long long)done, size.s,
		    place->name, place->fresh ? "was not made" : "is what it was");
	else if (!stable)
		say("not complete: it is not sure that any of it is stable on %s", place->name);
	else
		say("not complete: the first %llu bytes (%s) are copied%s",
		    (unsigned long long)done, size.s, place->stream ? "" : " and flushed");
}

void
place_unpromised(const struct place *place)
{
	say("%s: the device knows no flush and promises nothing: what was written may be lost "
	    "with it; durable=on in the URL would say that it keeps what it was given",
	    place->name);
}

const char *
place_disk_words(int result)
{
	switch (result) {
	case -EIO:
		return "the device failed the request";
	case -ENODEV:
		return "the back end is gone and did not come back in time";
	case -ESTALE:
		return "the back end restarted, and may have lost writes that it had "
		       "acknowledged; durable=on in the URL would say that it keeps them";
	case -EROFS:
		return "the disk is read-only";
	case -ERANGE:
		return "beyond the end of the disk";
	case -ETIMEDOUT:
		return "the back end did not answer in time";
	default:
		return strerror(-result);
	}
}

const char *
place_words(const struct place *place, int result)
{
	if (place->disk != NULL)
		return place_disk_words(result);
	return result == -ENODATA ? "it has become shorter meanwhile" : strerror(-result);
}

const char *
place_without_path(const char *url, const char *text)
{
	char path[PATH_MAX];
	size_t length;

	if (!socket_of(url, path, sizeof(path)))
		return text;
	length = strlen(path);
	return strncmp(text, path, length) == 0 && strncmp(text + length, ": ", 2) == 0
		       ? text + length + 2
		       : text;
}

void
place_trouble(struct place *place, const char *doing, uint64_t offset, int result)
{
	const char *more = "";

	/* Of a lost connection the events have told. */
	if (place->disk != NULL && result != -ENODEV)
		more = place_without_path(place->name, orion_disk_text(place->disk));
	trouble("%s: %s at offset %llu: %s%s%s%s", place->name, doing, (unsigned long long)offset,
		place_words(place, result), *more ? " (" : "", more, *more ? ")" : "");
}

bool
place_is_zero(const void *data, uint64_t bytes)
{
	const unsigned char *p = data;

	for (unsigned i = 0; i < 16 && i < bytes; i++) {
		if (p[i] != 0)
			return false;
	}
	/* All are equal to the one 16 before, and the first 16 are zero. */
	return bytes <= 16 || memcmp(p, p + 16, bytes - 16) == 0;
}

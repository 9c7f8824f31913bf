/* SPDX-License-Identifier: MIT */
/* A disk of liborion-vblk as a place: queue 0, many requests in flight. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/vblk/place.h"
#include "cmd/vblk/say.h"

static bool
url_submit(struct place *place, struct orion_io *io)
{
	int why;

	if (orion_queue_submit(place->queue, &io, 1) == 1) {
		orion_queue_kick(place->queue);
		return true;
	}
	why = orion_queue_refusal(place->queue);
	if (why == -EAGAIN || place->done != NULL)
		return false;
	/* It is the request that is wrong: it comes back at once. */
	io->result = why;
	place->done = io;
	return true;
}

static unsigned
url_reap(struct place *place, struct orion_io **done, unsigned max)
{
	if (place->done != NULL && max > 0) {
		*done = place->done;
		place->done = NULL;
		return 1;
	}
	return orion_queue_reap(place->queue, done, max);
}

static int
url_arm(struct place *place)
{
	orion_queue_disarm(place->queue);
	if (place->done != NULL || !orion_queue_arm(place->queue))
		return -1;
	return orion_queue_fd(place->queue);
}

static void
url_lend(struct place *place, void *base, uint64_t bytes, int fd)
{
	/* A back end without room for it gets copies, which the library makes by itself. */
	(void)orion_disk_register(place->disk, base, bytes, fd, 0);
}

static int
url_prepare(struct place *place, uint64_t bytes)
{
	struct orion_disk_info info;

	orion_disk_info(place->disk, &info);
	if (info.read_only) {
		trouble("%s: the disk is read-only", place->name);
		return -1;
	}
	if (bytes == PLACE_UNKNOWN || bytes <= place->bytes)
		return 0;
	trouble("%s: too small: %llu bytes would be written, and the disk has %llu; nothing was "
		"written",
		place->name, (unsigned long long)bytes, (unsigned long long)place->bytes);
	return -1;
}

static int
url_flush(struct place *place, uint64_t end)
{
	int result = orion_queue_flush(place->queue);

	(void)end;
	/* A disk without a volatile cache knows no flush, and needs none. */
	return result == -EOPNOTSUPP ? 0 : result;
}

static void
url_close(struct place *place)
{
	orion_disk_close(place->disk);
}

static const struct place_ops url_ops = {
	.submit = url_submit,
	.reap = url_reap,
	.arm = url_arm,
	.lend = url_lend,
	.prepare = url_prepare,
	.flush = url_flush,
	.close = url_close,
};

struct orion_disk *
place_open_disk(const char *url, void (*adjust)(struct orion_disk_options *options, void *argument),
		void *argument)
{
	struct orion_disk_options options;
	struct orion_error error;
	struct orion_disk *disk;

	if (!place_is_url(url)) {
		trouble("%s is no URL of a disk; one is vhost-user:/run/disk.sock", url);
		return NULL;
	}
	orion_disk_options_init(&options);
	options.publish = true;
	options.event = say_event;
	if (adjust != NULL)
		adjust(&options, argument);
	if (orion_disk_open(url, &options, &disk, &error) != 0) {
		trouble("%s: %s", url, error.text);
		return NULL;
	}
	return disk;
}

static void
only_read(struct orion_disk_options *options, void *argument)
{
	(void)argument;
	options->read_only = true;
}

struct place *
place_url_open(const char *text, place_role role)
{
	struct orion_disk *disk =
		place_open_disk(text, role == PLACE_SOURCE ? only_read : NULL, NULL);
	struct place *place = disk != NULL ? calloc(1, sizeof(*place)) : NULL;
	struct orion_disk_info info;

	if (place == NULL) {
		orion_disk_close(disk);
		return NULL;
	}
	orion_disk_info(disk, &info);
	*place = (struct place){
		.ops = &url_ops,
		.name = strdup(text),
		.bytes = info.bytes,
		.block = info.block_bytes,
		.fd = -1,
		.disk = disk,
		.queue = orion_disk_queue(disk, 0),
	};
	return place;
}

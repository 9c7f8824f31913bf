/* SPDX-License-Identifier: MIT */
/* A disk of liborion-vblk as a place: all its queues in turn, many requests in flight. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/vblk/place.h"
#include "cmd/vblk/say.h"

/* A wait of more than a second in vain tells the device again what it has not answered. */
#define LOOK_NS INT64_C(1100000000)

static struct orion_queue *
queue_of(struct place *place, unsigned index)
{
	return orion_disk_queue(place->disk, index);
}

static bool
url_submit(struct place *place, struct orion_io *io)
{
	struct orion_queue *queue = queue_of(place, place->turn);
	int why;

	if (orion_queue_submit(queue, &io, 1) == 1) {
		orion_queue_kick(queue);
		place->turn = (place->turn + 1) % place->queues;
		return true;
	}
	why = orion_queue_refusal(queue);
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
	unsigned count = 0;

	if (place->done != NULL && max > 0) {
		done[count++] = place->done;
		place->done = NULL;
	}
	for (unsigned i = 0; i < place->queues && count < max; i++)
		count += orion_queue_reap(queue_of(place, i), done + count, max - count);
	return count;
}

static unsigned
url_arm(struct place *place, struct pollfd *fds)
{
	unsigned count = 0;

	if (place->done != NULL)
		return 0;
	for (unsigned i = 0; i < place->queues; i++) {
		struct orion_queue *queue = queue_of(place, i);

		orion_queue_disarm(queue);
		if (!orion_queue_arm(queue))
			return 0;
		fds[count++] = (struct pollfd){.fd = orion_queue_fd(queue), .events = POLLIN};
	}
	return count;
}

static void
url_nudge(struct place *place)
{
	for (unsigned i = 0; i < place->queues && place->done == NULL; i++) {
		struct orion_queue *queue = queue_of(place, i);

		if (orion_queue_in_flight(queue) > 0)
			(void)orion_queue_wait(queue, &place->done, 1, LOOK_NS);
	}
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

/*
 * What a flush gave, RESULT, for a device that may have none to offer: such a one promises nothing,
 * unless the user did so in its place.  Any other device's refusal is an error.
 */
static int
flush_result(const struct place *place, int result)
{
	struct orion_disk_info info;

	orion_disk_info(place->disk, &info);
	if (info.durability != ORION_DURABILITY_NONE)
		return result;
	return result == 0 || result == -EOPNOTSUPP ? PLACE_UNPROMISED : result;
}

/* Waits for the flush that was handed over; -EINTR: no more, and it is still in flight. */
static int
await_flush(struct orion_queue *queue)
{
	struct patience patience = {0};
	struct orion_io *done;

	while (orion_queue_wait(queue, &done, 1, LOOK_NS) == 0) {
		if (!patience_left(&patience, "a flush"))
			return -EINTR;
	}
	return done->result;
}

static int
url_flush(struct place *place, uint64_t end, bool complete)
{
	const struct timespec nap = {.tv_nsec = 1000000};
	struct orion_queue *queue = queue_of(place, 0);
	struct patience patience = {0};
	int result;

	(void)end;
	(void)complete;
	*place->flush = (struct orion_io){.operation = ORION_FLUSH};
	while (orion_queue_submit(queue, &place->flush, 1) == 0) {
		result = orion_queue_refusal(queue);
		if (result == -EAGAIN && patience_left(&patience, "room for a flush")) {
			nanosleep(&nap, NULL);
			continue;
		}
		return flush_result(place, result);
	}
	orion_queue_kick(queue);
	return flush_result(place, await_flush(queue));
}

static void
url_close(struct place *place)
{
	patience_while("the back end to let go");
	orion_disk_close(place->disk);
	patience_over();
	free(place->flush);
}

static const struct place_ops url_ops = {
	.submit = url_submit,
	.reap = url_reap,
	.arm = url_arm,
	.nudge = url_nudge,
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
	int result;

	if (!place_is_url(url)) {
		trouble("%s is no URL of a disk; one is vhost-user:/run/disk.sock", url);
		return NULL;
	}
	orion_disk_options_init(&options);
	options.publish = true;
	options.event = say_event;
	if (adjust != NULL)
		adjust(&options, argument);
	patience_while("the back end");
	result = orion_disk_open(url, &options, &disk, &error);
	patience_over();
	if (result == 0)
		return disk;
	trouble("%s: %s", url,
		error.text[0] != '\0' ? place_without_path(url, error.text) : strerror(-result));
	return NULL;
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
		.fixed = true,
		.fd = -1,
		.disk = disk,
		.queues = info.queues,
		.flush = calloc(1, sizeof(struct orion_io)),
	};
	if (place->flush == NULL)
		abort();
	return place;
}

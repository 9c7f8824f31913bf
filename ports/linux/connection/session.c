/* SPDX-License-Identifier: MIT */
/*
 * A connection: a socket, fresh memory for rings and bounce buffers, an instance of the core's
 * device.  The manual is disk.h.
 */
#include "ports/linux/disk.h"

#include "orion/texts.h"

#include <errno.h>
#include <inttypes.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More than the largest queue and its tables need; untouched pages cost nothing. */
#define RINGS_BYTES ((size_t)4 << 20)

/*
 * The arena's file, opened once more: one that the kernel counts, which it does not with the first
 * of a memfd.  See vhost_user_lets_go().
 */
static void
open_again(struct vhost_user_arena *arena)
{
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", arena->fd);
	fd = open(name, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	close(arena->fd);
	arena->fd = fd;
}

/* NULL: errno says why. */
static struct session *
make(struct orion_disk *disk)
{
	struct session *session = calloc(1, sizeof(*session));
	size_t queues = disk->options.queues;
	int result;

	if (session == NULL)
		return NULL;
	session->disk = disk;
	session->base.instance = &disk->instance;
	session->pid_fd = -1;
	session->arena.fd = -1;
	session->event = ORION_EVENT_COUNT;
	session->arena.bytes = queues * (RINGS_BYTES + disk->instance.bounce_bytes);
	session->budget.limit = queues * RINGS_BYTES;
	result = dma_map(session->arena.bytes, &session->arena.base, &session->arena.fd);
	if (result != 0) {
		free(session);
		errno = -result;
		return NULL;
	}
	open_again(&session->arena);
	pthread_mutex_lock(&disk->exchange);
	session->arena.device = dma_address(&disk->memory, session->arena.bytes);
	pthread_mutex_unlock(&disk->exchange);
	return session;
}

void
session_destroy(struct session *session)
{
	/* Stopping it is one call more, however many queues it has. */
	channel_begin(&session->vhost.channel, session->disk->options.answer_ms);
	session->vhost.channel.cancel = -1;
	if (session->base.device != NULL)
		vblk_close(session->base.device);
	else
		vhost_user_close(&session->vhost);
	if (session->pid_fd >= 0)
		close(session->pid_fd);
	free(session->memory[0]);
	free(session->memory[1]);
	dma_unmap(session->arena.base, session->arena.bytes, session->arena.fd);
	free(session);
}

/* Names of the feature bits in SET, as many as fit. */
static void
name_features(uint64_t set, char *text, size_t room)
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned bit = 0; bit < 64; bit++) {
		const char *name = set >> bit & 1 ? vblk_feature_name(bit) : "";
		int more;

		if (!(set >> bit & 1))
			continue;
		more = name != NULL ? snprintf(text + used, room - used, " %s", name)
				    : snprintf(text + used, room - used, " bit %u", bit);
		if (more < 0 || (size_t)more >= room - used)
			break;
		used += (size_t)more;
	}
}

/* What the configuration has at OFFSET. [spec 5.2.4] */
static const char *
limit_name(uint64_t offset)
{
	switch (offset) {
	case 8:
		return "longest segment (size_max)";
	case 12:
		return "number of segments (seg_max)";
	case 20:
		return "block size (blk_size)";
	default:
		return "configuration";
	}
}

/* Why the core refused the device: the connection's trouble, or what the core reported. */
static int
explain(struct session *session, orion_status status, struct orion_error *error)
{
	const struct vu_channel *channel = &session->vhost.channel;
	const char *path = session->disk->path;
	char names[160];

	/* Closing is an error of the channel's, too: not the first. */
	if (channel->result != 0 && channel->result != -ENOTCONN)
		return error_set(error, channel->result, "%s: %s", path, channel->error.text);
	if (session->event == ORION_EVENT_FEATURES_MISSING) {
		name_features(session->event_b & ~session->event_a, names, sizeof(names));
		return error_set(error, -EOPNOTSUPP, "%s: the back end does not offer%s", path,
				 names);
	}
	if (session->event == ORION_EVENT_LIMIT_REFUSED)
		return error_set(error, io_errno(status),
				 "%s: the device's %s is %" PRIu64 ", which cannot be kept to",
				 path, limit_name(session->event_a), session->event_b);
	if (session->error.text[0] != '\0')
		return error_set(error, io_errno(status), "%s: %s", path, session->error.text);
	return error_set(error, io_errno(status), "%s: %s", path, orion_status_text(status));
}

static void
core_options(const struct orion_disk *disk, struct orion_options *options)
{
	const struct orion_disk_options *wish = &disk->options;

	orion_options_default(options);
	options->queue_count = wish->queues;
	options->queue_depth = wish->depth;
	options->shared_memory_size = UINT64_C(64) << 30;
	options->features_off =
		wish->features_off | (wish->packed ? 0 : VIRTIO_BIT(VIRTIO_F_RING_PACKED));
	options->features_required = wish->features_required;
}

static orion_status
bring_up(struct session *session)
{
	struct orion_disk *disk = session->disk;
	struct vblk_queue_home homes[VBLK_QUEUES_MAX] = {{NULL, 0}};
	struct orion_options options;
	struct vblk_config config = {
		.transport = vhost_user_transport(&session->vhost),
		.port = port_linux(),
		.port_context = session,
		.options = &options,
		.homes = homes,
		.home_count = disk->options.queues,
		.budget = &session->budget,
	};
	orion_status status;
	size_t bytes;

	core_options(disk, &options);
	session->memory[0] = aligned_alloc(64, VBLK_DEVICE_BYTES);
	if (session->memory[0] == NULL)
		return ORION_NO_MEMORY;
	status = vblk_probe(session->memory[0], &config, &session->base.device, &bytes);
	if (status != ORION_OK) {
		session->base.device = NULL;
		return status;
	}
	session->memory[1] = aligned_alloc(64, (bytes + 63) / 64 * 64);
	if (session->memory[1] == NULL)
		return ORION_NO_MEMORY;
	memset(session->memory[1], 0, bytes);
	status = vblk_open(session->base.device, session->memory[1], bytes);
	if (status != ORION_OK)
		session->base.device = NULL;
	return status;
}

/*
 * What changed while the device was brought up told nobody.  Looked at here, not by the monitor: a
 * back end that hangs just after the opening would cost the connection.
 */
static orion_status
look_again(struct session *session)
{
	orion_status status = vblk_refresh(session->base.device, NULL);

	if (channel_failed(&session->vhost.channel))
		return ORION_DEVICE_REFUSED;
	/* A size that could not be read stays pending. */
	return status == ORION_DEVICE_BROKEN || status == ORION_DEVICE_GONE ? status : ORION_OK;
}

/* Brings SESSION, which is connected, live. */
static int
set_up(struct session *session, struct orion_error *error)
{
	struct orion_disk *disk = session->disk;
	orion_status status;

	/* Regions that come or go meanwhile would be told twice or never. */
	pthread_mutex_lock(&disk->exchange);
	status = bring_up(session);
	/* What was sent need not have been accepted. */
	if (status == ORION_OK && channel_confirm(&session->vhost.channel) != 0)
		status = ORION_DEVICE_REFUSED;
	if (status == ORION_OK)
		status = look_again(session);
	session->memory_version = disk->memory.version;
	pthread_mutex_unlock(&disk->exchange);
	if (status != ORION_OK)
		return explain(session, status, error);
	session->base.promise = storage_promise_of(vblk_info(session->base.device));
	return 0;
}

/* On what terms a connection is tried. */
struct terms {
	struct vhost_user_wish wish;
	bool serial;            /* the serial number is asked for */
	bool again;             /* it failed, and the wish is another now: to be tried */
};

/* One try. */
static int
open_one(struct orion_disk *disk, uint32_t patience_ms, struct terms *terms, struct session **out,
	 struct orion_error *error)
{
	struct session *session = make(disk);
	int result;

	*out = NULL;
	terms->again = false;
	if (session == NULL)
		return error_set(error, -errno, "%s: no memory for another connection: %s",
				 disk->path, strerror(errno));
	result = vhost_user_open(&session->vhost, disk->path, patience_ms, disk->cancel,
				 &terms->wish, &disk->memory, &session->arena);
	session->vhost.answer_ms = disk->options.answer_ms;
	if (result != 0) {
		error_set(error, result, "%s", session->vhost.channel.error.text);
		session_destroy(session);
		return result;
	}
	lost_prepare(session);
	*out = session;
	result = set_up(session, error);
	if (result != 0) {
		terms->again = vhost_user_ask_less(&session->vhost, &terms->wish);
		return result;
	}
	vhost_user_learn(&session->vhost, &terms->wish);
	disk->wish = terms->wish;
	/* Until it is adopted nobody else is an owner. */
	return identity_learn(session, terms->serial, error);
}

static struct vhost_user_wish
first_wish(const struct orion_disk *disk)
{
	return (struct vhost_user_wish){
		.queues = (uint16_t)disk->options.queues,
		.depth = (uint16_t)disk->options.depth,
		.ring = (uint16_t)disk->options.ring,
	};
}

/* Adds to ERROR what else was tried in vain. */
static void
add_rings(struct orion_error *error, unsigned ring)
{
	size_t used = error != NULL ? strlen(error->text) : 0;

	if (error != NULL)
		snprintf(error->text + used, sizeof(error->text) - used,
			 "; shorter rings, down to %u, did not help", ring);
}

/* Tries every size that the back end may take, all together in PATIENCE_MS. */
static int
open_some_size(struct orion_disk *disk, uint32_t patience_ms, bool serial, struct session **out,
	       struct orion_error *error)
{
	struct terms terms = {.serial = serial};
	int result;

	if (disk->wish.queues == 0)
		disk->wish = first_wish(disk);
	terms.wish = disk->wish;
	for (;;) {
		result = open_one(disk, patience_ms, &terms, out, error);
		if (!terms.again)
			break;
		patience_ms = channel_left_ms(&(*out)->vhost.channel);
		if (patience_ms == 0)
			break;
		session_destroy(*out);
	}
	if (result == 0)
		return 0;
	disk->wish.breaks = terms.wish.breaks;
	if (terms.wish.ring != disk->wish.ring)
		add_rings(error, terms.wish.ring);
	return result;
}

int
session_open(struct orion_disk *disk, uint32_t patience_ms, struct session **out,
	     struct orion_error *error)
{
	bool first = disk->instance.devices == 0, asked = first || disk->identity.serial[0] != '\0';
	int result = open_some_size(disk, patience_ms, asked, out, error);
	struct session *session = *out;

	if (result == -ENOMSG && first) {
		/* A disk that is no good at telling who it is may be good otherwise. */
		patience_ms = channel_left_ms(&session->vhost.channel);
		session_destroy(session);
		result = open_some_size(disk, patience_ms, false, out, error);
		session = *out;
	}
	if (result != 0) {
		if (session != NULL)
			session_destroy(session);
		*out = NULL;
		return result == -ENOMSG ? -ETIMEDOUT : result;
	}
	session->base.users = 1;
	if (error != NULL)
		error->text[0] = '\0';
	return 0;
}

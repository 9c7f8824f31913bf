/* SPDX-License-Identifier: MIT */
/*
 * A connection: a socket, fresh memory for rings and bounce buffers, an instance of the core's
 * device.  The manual is disk.h.
 */
#include "ports/linux/disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More than the largest queue and its tables need; untouched pages cost nothing. */
#define RINGS_BYTES ((size_t)4 << 20)

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
	session->arena.fd = -1;
	session->event = ORION_EVENT_COUNT;
	session->arena.bytes = queues * (RINGS_BYTES + (size_t)disk->options.bounce_kb * 1024);
	session->budget.limit = queues * RINGS_BYTES;
	result = dma_map(session->arena.bytes, &session->arena.base, &session->arena.fd);
	if (result != 0) {
		free(session);
		errno = -result;
		return NULL;
	}
	pthread_mutex_lock(&disk->exchange);
	session->arena.device = dma_address(&disk->memory, session->arena.bytes);
	pthread_mutex_unlock(&disk->exchange);
	return session;
}

static void
destroy(struct session *session)
{
	if (session->device != NULL)
		vblk_close(session->device);
	else
		vhost_user_close(&session->vhost);
	free(session->memory[0]);
	free(session->memory[1]);
	dma_unmap(session->arena.base, session->arena.bytes, session->arena.fd);
	free(session);
}

void
session_leave(struct session *session)
{
	if (__atomic_sub_fetch(&session->users, 1, __ATOMIC_ACQ_REL) == 0)
		destroy(session);
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
	options->features_off = wish->features_off | (wish->packed ? 0 : UINT64_C(1) << 34);
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
	status = vblk_probe(session->memory[0], &config, &session->device, &bytes);
	if (status != ORION_OK) {
		session->device = NULL;
		return status;
	}
	session->memory[1] = aligned_alloc(64, (bytes + 63) / 64 * 64);
	if (session->memory[1] == NULL)
		return ORION_NO_MEMORY;
	memset(session->memory[1], 0, bytes);
	status = vblk_open(session->device, session->memory[1], bytes);
	if (status != ORION_OK)
		session->device = NULL;
	else if (session->vhost.channel.result != 0)
		status = ORION_DEVICE_REFUSED;
	return status;
}

/*
 * One try with WISH, which is changed if it failed and *AGAIN asks for another.  The rest of the
 * arena, in equal parts, is for bounce buffers: see queue_follow().
 */
static int
open_once(struct orion_disk *disk, struct vhost_user_wish *wish, bool *again, struct session **out,
	  struct orion_error *error)
{
	struct session *session = make(disk);
	orion_status status;
	int result;

	*again = false;
	if (session == NULL)
		return error_set(error, -errno, "%s: no memory for another connection: %s",
				 disk->path, strerror(errno));
	result = vhost_user_open(&session->vhost, disk->path, disk->options.answer_ms, wish,
				 &disk->memory, &session->arena, disk->events);
	if (result != 0) {
		error_set(error, result, "%s", session->vhost.channel.error.text);
		destroy(session);
		return result;
	}
	/* Regions that come or go meanwhile would be told twice or never. */
	pthread_mutex_lock(&disk->exchange);
	status = bring_up(session);
	session->memory_version = disk->memory.version;
	pthread_mutex_unlock(&disk->exchange);
	if (status != ORION_OK) {
		*again = vhost_user_ask_less(&session->vhost, wish);
		result = explain(session, status, error);
		destroy(session);
		return result;
	}
	vhost_user_learn(&session->vhost, wish);
	session->users = 1;
	*out = session;
	return 0;
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

int
session_open(struct orion_disk *disk, struct session **out, struct orion_error *error)
{
	struct vhost_user_wish wish;
	bool again = true;
	int result = 0;

	if (disk->wish.queues == 0)
		disk->wish = first_wish(disk);
	for (wish = disk->wish; again;)
		result = open_once(disk, &wish, &again, out, error);
	if (result == 0) {
		disk->wish = wish;
		return error_set(error, 0, "%s", "");
	}
	disk->wish.breaks = wish.breaks;
	if (wish.ring != disk->wish.ring)
		add_rings(error, wish.ring);
	return result;
}

bool
session_as_good(const struct orion_disk *disk, const struct session *session,
		struct orion_error *error)
{
	const struct vblk_info *was = &disk->first, *is = vblk_info(session->device);

	if (is->queues < disk->queue_count)
		error_set(error, -EPROTO, "%s: came back with %u queues, %u are in use", disk->path,
			  is->queues, disk->queue_count);
	else if (is->block_bytes > was->block_bytes)
		error_set(error, -EPROTO, "%s: came back with blocks of %u bytes, not %u",
			  disk->path, is->block_bytes, was->block_bytes);
	else if (is->read_only && !was->read_only)
		error_set(error, -EPROTO, "%s: came back read-only", disk->path);
	else if (was->flush && !is->flush)
		error_set(error, -EPROTO, "%s: came back without flush", disk->path);
	else
		return true;
	return false;
}

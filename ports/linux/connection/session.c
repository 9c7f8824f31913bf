/* SPDX-License-Identifier: MIT */
/*
 * A connection: a link, fresh memory for rings and bounce buffers, an instance of the core's
 * device.  The manual is disk.h.
 */
#include "ports/linux/disk.h"

#include "orion/texts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_MS UINT64_C(1000000)

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
	session->base.instance = &disk->instance;
	session->link = (struct link){disk->link, calloc(1, disk->link->context_bytes)};
	session->event = ORION_EVENT_COUNT;
	session->arena.bytes = queues * (RINGS_BYTES + disk->instance.bounce_bytes);
	session->budget.limit = queues * RINGS_BYTES;
	result = session->link.context == NULL
			 ? -ENOMEM
			 : dma_map(session->arena.bytes, &session->arena.base, &session->arena.fd);
	if (result != 0) {
		free(session->link.context);
		free(session);
		errno = -result;
		return NULL;
	}
	pthread_mutex_lock(&disk->exchange);
	session->arena.device = dma_address(&disk->memory, session->arena.bytes);
	pthread_mutex_unlock(&disk->exchange);
	return session;
}

void
session_destroy(struct session *session)
{
	const struct link *link = &session->link;

	/* Stopping it is one call more, however many queues it has. */
	link->ops->begin(link->context, session->disk->options.answer_ms, -1);
	if (session->base.device != NULL)
		vblk_close(session->base.device);
	else
		link->ops->close(link->context);
	free(link->context);
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

/* Why the core refused the device: the connection's trouble, or what the core reported. */
static int
explain(struct session *session, orion_status status, struct orion_error *error)
{
	const struct link *link = &session->link;
	const char *path = session->disk->path, *why;
	int result = link->ops->result(link->context, &why);
	char names[160];

	/* The core closes what it could not bring up. */
	if (result != 0 && result != -ENOTCONN)
		return error_set(error, result, "%s: %s", path, why);
	if (session->event == ORION_EVENT_FEATURES_MISSING) {
		name_features(session->event_c, names, sizeof(names));
		if (session->event_c != 0)
			return error_set(error, -EOPNOTSUPP, "%s: this driver has no%s", path,
					 names);
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
		.transport = session->link.ops->transport(session->link.context),
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
	const struct link *link = &session->link;
	orion_status status = vblk_refresh(session->base.device, NULL);

	if (link->ops->result(link->context, NULL) != 0)
		return ORION_DEVICE_REFUSED;
	/* A size that could not be read stays pending. */
	return status == ORION_DEVICE_BROKEN || status == ORION_DEVICE_GONE ? status : ORION_OK;
}

/* Brings SESSION, which is connected, live; WISH is then what worked. */
static int
set_up(struct session *session, struct link_wish *wish, struct orion_error *error)
{
	struct orion_disk *disk = session->disk;
	const struct link *link = &session->link;
	orion_status status;

	/* Regions that come or go meanwhile would be told twice or never. */
	pthread_mutex_lock(&disk->exchange);
	status = bring_up(session);
	if (status == ORION_OK && link->ops->live(link->context, wish) != 0)
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
	struct link_wish wish;
	uint64_t until_ns;      /* all tries together */
	uint32_t patience_ms;   /* of this one; of the first all, and so it is told */
	bool serial;            /* the serial number is asked for */
	bool again;             /* it failed, and the wish is another now: to be tried */
};

/* What is left until UNTIL_NS: a begun millisecond counts. */
static uint32_t
left_ms(uint64_t until_ns)
{
	uint64_t now = port_now_ns();

	return until_ns > now ? (uint32_t)((until_ns - now + NS_PER_MS - 1) / NS_PER_MS) : 0;
}

static int
open_link(struct session *session, const struct terms *terms, struct orion_error *error)
{
	struct orion_disk *disk = session->disk;
	const struct link_opening opening = {
		.path = disk->path,
		.patience_ms = terms->patience_ms,
		.cancel = disk->cancel,
		.wish = &terms->wish,
		.memory = &disk->memory,
		.arena = &session->arena,
	};
	const struct link *link = &session->link;
	int result = link->ops->open(link->context, &opening);
	const char *why;

	if (result == 0)
		return 0;
	link->ops->result(link->context, &why);
	return error_set(error, result, "%s", why);
}

/* One try. */
static int
open_one(struct orion_disk *disk, struct terms *terms, struct session **out,
	 struct orion_error *error)
{
	struct session *session = make(disk);
	int result;

	*out = NULL;
	terms->again = false;
	if (session == NULL)
		return error_set(error, -errno, "%s: no memory for another connection: %s",
				 disk->path, strerror(errno));
	session->until_ns = terms->until_ns;
	result = open_link(session, terms, error);
	if (result != 0) {
		session_destroy(session);
		return result;
	}
	*out = session;
	result = set_up(session, &terms->wish, error);
	if (result != 0) {
		terms->again =
			disk->link->ask_less(session->link.context, &terms->wish, &disk->wish);
		return result;
	}
	disk->wish = terms->wish;
	/* Until it is adopted nobody else is an owner. */
	return identity_learn(session, terms->serial, error);
}

static struct link_wish
first_wish(const struct orion_disk *disk)
{
	return (struct link_wish){
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

/* Tries every size that the device may take, on TERMS. */
static int
open_some_size(struct orion_disk *disk, struct terms terms, struct session **out,
	       struct orion_error *error)
{
	int result;

	if (disk->wish.queues == 0)
		disk->wish = first_wish(disk);
	terms.wish = disk->wish;
	for (;;) {
		result = open_one(disk, &terms, out, error);
		terms.patience_ms = left_ms(terms.until_ns);
		if (!terms.again || terms.patience_ms == 0)
			break;
		session_destroy(*out);
	}
	if (result != 0 && terms.wish.ring != disk->wish.ring)
		add_rings(error, terms.wish.ring);
	return result;
}

int
session_open(struct orion_disk *disk, uint32_t patience_ms, struct session **out,
	     struct orion_error *error)
{
	bool first = disk->instance.devices == 0, asked = first || disk->identity.serial[0] != '\0';
	struct terms terms = {.until_ns = port_now_ns() + patience_ms * NS_PER_MS,
			      .patience_ms = patience_ms,
			      .serial = asked};
	int result = open_some_size(disk, terms, out, error);
	struct session *session = *out;

	if (result == -ENOMSG && first) {
		/* A disk that is no good at telling who it is may be good otherwise. */
		session_destroy(session);
		terms.patience_ms = left_ms(terms.until_ns);
		terms.serial = false;
		result = open_some_size(disk, terms, out, error);
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

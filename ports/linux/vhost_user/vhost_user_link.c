/* SPDX-License-Identifier: MIT */
/* The vhost-user transport as a link of the library's: see link.h and vhost_user.h. */
#include "ports/linux/vhost_user/vhost_user.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* What is watched: the descriptors' places. */
enum watched {
	AT_SOCKET,
	AT_ERROR,
	AT_BACKEND,
};

/* ---- opening ---- */

static int
open_link(void *context, const struct link_opening *opening)
{
	return vhost_user_open(context, opening);
}

static struct virtio_transport
transport(void *context)
{
	return vhost_user_transport(context);
}

static int
live(void *context, struct link_wish *wish)
{
	struct vhost_user *device = context;
	/* What was sent need not have been accepted. */
	int result = channel_confirm(&device->channel);

	if (result == 0)
		vhost_user_learn(device, wish);
	return result;
}

static bool
ask_less(const void *context, struct link_wish *next, struct link_wish *lasting)
{
	bool again = vhost_user_ask_less(context, next);

	lasting->notes[NOTE_BREAKS] = next->notes[NOTE_BREAKS];
	return again;
}

/* ---- exchanges ---- */

static void
begin(void *context, uint32_t patience_ms, int cancel)
{
	struct vhost_user *device = context;

	device->channel.cancel = cancel;
	channel_begin(&device->channel, patience_ms);
}

static int
result_of(const void *context, const char **words)
{
	const struct vhost_user *device = context;

	if (words != NULL)
		*words = device->channel.error.text;
	return channel_result(&device->channel);
}

static uint64_t
protocol(const void *context)
{
	const struct vhost_user *device = context;

	return device->channel.protocol;
}

/* ---- memory ---- */

/* Why a region was not taken, or not given back. */
static int
explain(const struct vhost_user *device, int result, struct orion_error *why)
{
	if (result == -ENOSPC)
		snprintf(why->text, sizeof(why->text), "it takes no more than %llu memory regions",
			 (unsigned long long)device->slots);
	else if (result != 0)
		*why = device->channel.error;
	return result;
}

static int
add_region(void *context, const struct dma_region *region, link_idle *idle,
	   const void *idle_context, struct orion_error *why)
{
	return explain(context, vhost_user_add_region(context, region, idle, idle_context), why);
}

static int
remove_region(void *context, const struct dma_region *region, link_idle *idle,
	      const void *idle_context, struct orion_error *why)
{
	return explain(context, vhost_user_remove_region(context, region, idle, idle_context), why);
}

/* ---- what the back end tells by itself ---- */

static int
call(const void *context, unsigned queue)
{
	const struct vhost_user *device = context;

	return device->queues[queue].call;
}

static void
interrupt(void *context, unsigned queue)
{
	vhost_user_interrupt(context, queue);
}

static void
watched(const void *context, struct pollfd fds[LINK_FDS])
{
	const struct vhost_user *device = context;

	fds[AT_SOCKET] = (struct pollfd){device->channel.fd, POLLRDHUP, 0};
	fds[AT_ERROR] = (struct pollfd){device->error, POLLIN, 0};
	fds[AT_BACKEND] = (struct pollfd){device->backend, POLLIN, 0};
}

static enum link_news
look(void *context, const struct pollfd fds[LINK_FDS], const char **words)
{
	struct vhost_user *device = context;

	*words = "the back end closed the connection";
	if (fds[AT_SOCKET].revents != 0)
		return LINK_DOWN;
	if (result_of(device, words) != 0)
		return LINK_DOWN;
	*words = "the back end says that a ring is broken";
	if (fds[AT_ERROR].revents != 0)
		return LINK_BROKEN;
	*words = "the back end filled a doorbell";
	if (vhost_user_free_doorbells(device))
		return LINK_BROKEN;
	/* A back end that talks nonsense is not listened to any more; its disk may be sound. */
	if (fds[AT_BACKEND].revents != 0 && vhost_user_listen(device) < 0) {
		close(device->backend);
		device->backend = -1;
	}
	return LINK_UP;
}

/* ---- the end ---- */

static void
give_up(void *context, bool ask)
{
	vhost_user_give_up(context, ask);
}

static bool
stopped(const void *context, bool patient, const void *next)
{
	return vhost_user_stopped(context, patient, next);
}

static void
close_link(void *context)
{
	vhost_user_close(context);
}

const struct link_ops vhost_user_link = {
	.scheme = "vhost-user",
	.target = "socket",
	.context_bytes = sizeof(struct vhost_user),
	.open = open_link,
	.transport = transport,
	.live = live,
	.ask_less = ask_less,
	.begin = begin,
	.result = result_of,
	.protocol = protocol,
	.add_region = add_region,
	.remove_region = remove_region,
	.call = call,
	.interrupt = interrupt,
	.watched = watched,
	.look = look,
	.give_up = give_up,
	.stopped = stopped,
	.close = close_link,
};

/* SPDX-License-Identifier: MIT */
/* See fake_link.h. */
#include "fake_link.h"

#include <errno.h>
#include <stdio.h>

static int
open_link(void *context, const struct link_opening *opening)
{
	struct fake_link *link = context;

	link->patience_ms = opening->patience_ms;
	return link->result;
}

static struct virtio_transport
transport(void *context)
{
	const struct fake_link *link = context;

	return link->transport;
}

static int
live(void *context, struct link_wish *wish)
{
	const struct fake_link *link = context;

	wish->notes[0] = 1;
	return link->result;
}

static bool
ask_less(const void *context, struct link_wish *next, struct link_wish *lasting)
{
	(void)context;
	(void)next;
	(void)lasting;
	return false;
}

static void
begin(void *context, uint32_t patience_ms, int cancel)
{
	struct fake_link *link = context;

	(void)cancel;
	link->patience_ms = patience_ms;
	link->begun++;
}

static int
result_of(const void *context, const char **words)
{
	const struct fake_link *link = context;

	if (words != NULL)
		*words = link->words;
	return link->result;
}

static uint64_t
protocol(const void *context)
{
	const struct fake_link *link = context;

	return link->protocol;
}

static int
region(const struct fake_link *link, link_idle *idle, const void *idle_context,
       struct orion_error *why)
{
	if (link->idle_only && !idle(idle_context))
		return -EBUSY;
	if (link->region != 0)
		snprintf(why->text, sizeof(why->text), "%s", link->words);
	return link->region;
}

static int
add_region(void *context, const struct dma_region *added, link_idle *idle, const void *idle_context,
	   struct orion_error *why)
{
	struct fake_link *link = context;

	(void)added;
	link->added++;
	return region(link, idle, idle_context, why);
}

static int
remove_region(void *context, const struct dma_region *removed, link_idle *idle,
	      const void *idle_context, struct orion_error *why)
{
	struct fake_link *link = context;

	(void)removed;
	link->removed++;
	return region(link, idle, idle_context, why);
}

static int
call(const void *context, unsigned queue)
{
	(void)context;
	(void)queue;
	return -1;
}

static void
interrupt(void *context, unsigned queue)
{
	struct fake_link *link = context;

	(void)queue;
	link->interrupts++;
}

static void
watched(const void *context, struct pollfd fds[LINK_FDS])
{
	(void)context;
	for (unsigned i = 0; i < LINK_FDS; i++)
		fds[i] = (struct pollfd){-1, 0, 0};
}

static enum link_news
look(void *context, const struct pollfd fds[LINK_FDS], const char **words)
{
	const struct fake_link *link = context;

	(void)fds;
	*words = link->words;
	return __atomic_load_n(&link->news, __ATOMIC_ACQUIRE);
}

static void
give_up(void *context, bool ask)
{
	struct fake_link *link = context;

	link->given_up = true;
	link->asked = ask;
}

static bool
stopped(const void *context, bool patient, const void *next)
{
	/* The fields are the test's to see. */
	struct fake_link *link = (struct fake_link *)(uintptr_t)context;

	link->patient = patient;
	link->next = next;
	return __atomic_load_n(&link->stopped, __ATOMIC_ACQUIRE);
}

static void
close_link(void *context)
{
	struct fake_link *link = context;

	link->closed = true;
}

const struct link_ops fake_link_ops = {
	.scheme = "fake",
	.target = "fake",
	.context_bytes = sizeof(struct fake_link),
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

/* SPDX-License-Identifier: MIT */
/*
 * Many queues with one owner: collected from in turn, slept on together.  The manual is
 * orion/disk.h.
 *
 * An epoll descriptor holds the eventfds of all; each entry is the queue itself.  Whoever is about
 * to sleep arms every queue first, and looks again when one of them had something already.
 */
#include "ports/linux/disk.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "arch/arch.h"

#define WOKEN_MAX 16
#define POLLS_PER_LOOK 16
#define SLEEP_NS_MAX UINT64_C(1000000000)
#define NS_PER_US UINT64_C(1000)

struct orion_poll_group {
	int epoll;
	unsigned count, room;
	unsigned first;         /* whose turn it is to be looked at first */
	struct orion_queue **queues;
	struct adaptive adaptive;       /* in nanoseconds */
};

struct group_wait {
	uint64_t begin, until;          /* UINT64_MAX: for ever */
	const void *signals;
};

int
orion_poll_group_create(struct orion_poll_group **out)
{
	struct orion_poll_group *group;

	if (out == NULL)
		return -EINVAL;
	*out = NULL;
	group = calloc(1, sizeof(*group));
	if (group == NULL)
		return -ENOMEM;
	group->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (group->epoll < 0) {
		int result = -errno;

		free(group);
		return result;
	}
	*out = group;
	return 0;
}

void
orion_poll_group_destroy(struct orion_poll_group *group)
{
	if (group == NULL)
		return;
	for (unsigned i = 0; i < group->count; i++)
		group->queues[i]->group = NULL;
	close(group->epoll);
	free(group->queues);
	free(group);
}

static int
more_room(struct orion_poll_group *group)
{
	unsigned room = group->room != 0 ? group->room * 2 : 8;
	struct orion_queue **queues = realloc(group->queues, room * sizeof(struct orion_queue *));

	if (queues == NULL)
		return -ENOMEM;
	group->queues = queues;
	group->room = room;
	return 0;
}

int
orion_poll_group_add(struct orion_poll_group *group, struct orion_queue *queue)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = queue};

	if (group == NULL || queue == NULL)
		return -EINVAL;
	if (queue->group != NULL)
		return -EEXIST;
	if (group->count == group->room && more_room(group) != 0)
		return -ENOMEM;
	if (epoll_ctl(group->epoll, EPOLL_CTL_ADD, orion_queue_fd(queue), &event) != 0)
		return -errno;
	group->queues[group->count++] = queue;
	queue->group = group;
	return 0;
}

int
orion_poll_group_remove(struct orion_poll_group *group, struct orion_queue *queue)
{
	unsigned i = 0;

	if (group == NULL || queue == NULL)
		return -EINVAL;
	while (i < group->count && group->queues[i] != queue)
		i++;
	if (i == group->count)
		return -ENOENT;
	group->queues[i] = group->queues[--group->count];
	queue->group = NULL;
	epoll_ctl(group->epoll, EPOLL_CTL_DEL, orion_queue_fd(queue), NULL);
	return 0;
}

unsigned
orion_poll_group_reap(struct orion_poll_group *group, struct orion_io **done, unsigned max)
{
	unsigned count = 0, at;

	if (group == NULL || done == NULL || group->count == 0)
		return 0;
	at = group->first = group->first + 1 < group->count ? group->first + 1 : 0;
	for (unsigned i = 0; i < group->count && count < max; i++) {
		count += orion_queue_reap(group->queues[at], done + count, max - count);
		at = at + 1 < group->count ? at + 1 : 0;
	}
	return count;
}

/* ---- waiting ---- */

static unsigned
in_flight(const struct orion_poll_group *group)
{
	unsigned count = 0;

	for (unsigned i = 0; i < group->count; i++) {
		if (disk_state(group->queues[i]->disk) != STORAGE_FOREIGN)
			count += orion_queue_in_flight(group->queues[i]);
	}
	return count;
}

/* How long it may poll, in nanoseconds: the longest that one of its disks asks for. */
static uint64_t
poll_ns(struct orion_poll_group *group)
{
	uint64_t longest = 0;

	for (unsigned i = 0; i < group->count; i++) {
		const struct orion_disk_options *options = &group->queues[i]->disk->options;

		if (options->wait == ORION_WAIT_POLL)
			return UINT64_MAX;
		if (options->wait == ORION_WAIT_ADAPTIVE && options->poll_us > longest)
			longest = options->poll_us;
	}
	group->adaptive.limit = longest * NS_PER_US;
	return longest != 0 ? adaptive_budget(&group->adaptive) : 0;
}

/* A signal that is let through for the wait only is handled now, if there is one: true. */
static bool
signalled(const struct group_wait *wait)
{
	const struct timespec none = {0, 0};

	return wait->signals != NULL && ppoll(NULL, 0, &none, wait->signals) < 0;
}

static unsigned
poll_for(struct orion_poll_group *group, struct orion_io **done, unsigned max,
	 const struct group_wait *wait, uint64_t ns)
{
	uint64_t until = ns > wait->until - wait->begin ? wait->until : wait->begin + ns;

	do {
		for (unsigned i = 0; i < POLLS_PER_LOOK; i++) {
			unsigned count = orion_poll_group_reap(group, done, max);

			if (count != 0)
				return count;
		}
		arch_relax();
	} while (port_now_ns() < until && !(ns == UINT64_MAX && signalled(wait)));
	return 0;
}

/* Every queue is to wake us; false: one has something already. */
static bool
arm(struct orion_poll_group *group)
{
	bool all = true;

	for (unsigned i = 0; i < group->count && all; i++)
		all = orion_queue_arm(group->queues[i]);
	return all;
}

/* Empties the descriptors that woke us; the devices need not wake us any more. */
static void
disarm(struct orion_poll_group *group)
{
	struct epoll_event woken[WOKEN_MAX];
	int count = epoll_wait(group->epoll, woken, WOKEN_MAX, 0);

	for (int i = 0; i < count; i++)
		orion_queue_disarm(woken[i].data.ptr);
	for (unsigned i = 0; i < group->count; i++) {
		if (group->queues[i]->lane.ring != NULL)
			vblk_disarm(group->queues[i]->lane.ring);
	}
}

/* A kick or a wake-up may be lost: asks again, whatever the devices asked for. */
static void
kick_again(struct orion_poll_group *group)
{
	for (unsigned i = 0; i < group->count; i++) {
		struct orion_queue *queue = group->queues[i];

		if (queue->lane.ring == NULL || orion_queue_in_flight(queue) == 0)
			continue;
		queue->lane.counters.late++;
		vblk_kick_always(queue->lane.ring);
	}
}

/* Sleeps once, for a second at most.  False: a signal was handled. */
static bool
sleep_once(struct orion_poll_group *group, const struct group_wait *wait)
{
	struct pollfd one = {group->epoll, POLLIN, 0};
	uint64_t now = port_now_ns(), left = wait->until > now ? wait->until - now : 0;
	struct timespec time = {1, 0};
	int ready;

	if (left < SLEEP_NS_MAX)
		time = (struct timespec){0, (long)left};
	ready = ppoll(&one, 1, &time, wait->signals);
	if (ready == 0 && left >= SLEEP_NS_MAX)
		kick_again(group);
	return ready >= 0;
}

static unsigned
sleep_for(struct orion_poll_group *group, struct orion_io **done, unsigned max,
	  const struct group_wait *wait)
{
	bool go_on = true;
	unsigned count;

	do {
		if (arm(group))
			go_on = sleep_once(group, wait);
		disarm(group);
		count = orion_poll_group_reap(group, done, max);
	} while (count == 0 && go_on && in_flight(group) != 0 && port_now_ns() < wait->until);
	return count;
}

unsigned
orion_poll_group_wait(struct orion_poll_group *group, struct orion_io **done, unsigned max,
		      int64_t timeout_ns, const void *signals)
{
	unsigned count = orion_poll_group_reap(group, done, max);
	struct group_wait wait = {.until = UINT64_MAX, .signals = signals};
	uint64_t budget;

	if (count != 0 || group == NULL || done == NULL || max == 0 || timeout_ns == 0 ||
	    in_flight(group) == 0)
		return count;
	wait.begin = port_now_ns();
	if (timeout_ns > 0)
		wait.until = wait.begin + (uint64_t)timeout_ns;
	budget = poll_ns(group);
	if (budget != 0)
		count = poll_for(group, done, max, &wait, budget);
	if (count == 0 && budget != UINT64_MAX)
		count = sleep_for(group, done, max, &wait);
	adaptive_learn(&group->adaptive, port_now_ns() - wait.begin);
	return count;
}

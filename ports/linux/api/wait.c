/* SPDX-License-Identifier: MIT */
/*
 * Waiting for a completion: polling, sleeping, or the one and then the other.
 *
 * A sleep is never longer than a second; after each the ring is looked at, and at the age of what
 * is in flight (late.c).  Who polls can't see that a signal was handled, so a wait that has polled
 * for a tenth of a second ends as if there had been one.
 */
#include "ports/linux/disk.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>

#include "arch/arch.h"

#define POLL_NS_MAX INT64_C(100000000)
#define POLLS_PER_LOOK 16
#define SLICE_NS INT64_C(1000000)

struct wait {
	uint64_t begin;         /* ticks */
	uint64_t limit;         /* ticks; UINT64_MAX: none */
};

static uint64_t
ticks_of(int64_t ns)
{
	return (uint64_t)((double)ns * 1e-9 * (double)orion_ticks_per_second());
}

/* Polls for up to TICKS, or as long as the wait may last. */
static unsigned
poll_ring(struct orion_queue *queue, struct orion_io **done, unsigned max, const struct wait *wait,
	  uint64_t ticks)
{
	uint64_t limit = ticks < wait->limit ? ticks : wait->limit;

	do {
		for (unsigned i = 0; i < POLLS_PER_LOOK; i++) {
			unsigned count = orion_queue_reap(queue, done, max);

			if (likely(count != 0))
				return count;
		}
		arch_relax();
	} while (arch_ticks() - wait->begin < limit);
	return 0;
}

/* Sleeps once.  Returns false when the wait is to end: a signal. */
static bool
sleep_once(struct orion_queue *queue, const struct wait *wait)
{
	struct pollfd one = {queue->event, POLLIN, 0};
	uint64_t spent = arch_ticks() - wait->begin;
	double ns = (double)storage_late_sleep_ns(&queue->disk->instance);
	struct timespec time;
	int ready;

	if (wait->limit != UINT64_MAX) {
		double left = wait->limit > spent ? (double)(wait->limit - spent) : 0;
		double left_ns = left * 1e9 / (double)orion_ticks_per_second();

		ns = left_ns < ns ? left_ns : ns;
	}
	time = (struct timespec){(time_t)(ns / 1e9), (long)ns % 1000000000};
	storage_count(&queue->lane.counters.sleeps, 1);
	ready = ppoll(&one, 1, &time, queue->signals);
	queue->lane.late.woken |= ready == 0 && time.tv_sec != 0;
	return ready >= 0;
}

/* Latched: no completion will come, but the monitor was told, and wakes the owner. */
static bool
latched(const struct orion_queue *queue)
{
	struct vblk_ring_info info;

	vblk_ring_info(queue->lane.ring, &info);
	return info.cause != VBLK_CAUSE_NONE;
}

bool
orion_queue_arm(struct orion_queue *queue)
{
	bool turned;

	if (unlikely(queue == NULL))
		return false;
	turned = __atomic_load_n(&queue->disk->instance.turn, __ATOMIC_ACQUIRE) != queue->lane.turn;
	if (unlikely(turned)) {
		storage_follow(&queue->lane);
		if (queue->lane.ready_count != 0 || disk_state(queue->disk) == STORAGE_FOREIGN)
			return false;
	}
	if (queue->lane.ring != NULL && !vblk_arm(queue->lane.ring) && !latched(queue))
		return false;
	/* Some reap only when they are told that there is something. */
	if (unlikely(turned))
		storage_late_look(&queue->lane);
	return true;
}

void
orion_queue_disarm(struct orion_queue *queue)
{
	struct epoll_event edges[2];
	const struct link *link;

	if (queue == NULL)
		return;
	queue->lane.late.woken |=
		__atomic_exchange_n(&queue->lane.late.told, false, __ATOMIC_ACQ_REL);
	/* A fork's child has the events in common with its parent. */
	if (disk_state(queue->disk) == STORAGE_FOREIGN)
		return;
	if (epoll_wait(queue->event, edges, 2, 0) > 0 && queue_session(queue) != NULL) {
		link = &queue_session(queue)->link;
		link->ops->interrupt(link->context, queue->lane.index);
	}
	if (queue->lane.ring != NULL)
		vblk_disarm(queue->lane.ring);
}

static unsigned
sleep_for(struct orion_queue *queue, struct orion_io **done, unsigned max, const struct wait *wait)
{
	unsigned count;
	bool go_on = true;

	do {
		if (orion_queue_arm(queue))
			go_on = sleep_once(queue, wait);
		orion_queue_disarm(queue);
		count = orion_queue_reap(queue, done, max);
		if (count == 0)
			storage_late_look(&queue->lane);
		else
			storage_late_found(&queue->lane);
	} while (count == 0 && go_on && disk_state(queue->disk) != STORAGE_FOREIGN &&
		 arch_ticks() - wait->begin < wait->limit);
	return count;
}

static unsigned
wait_adaptive(struct orion_queue *queue, struct orion_io **done, unsigned max,
	      const struct wait *wait)
{
	uint64_t budget = adaptive_budget(&queue->adaptive), most = ticks_of(POLL_NS_MAX);
	unsigned count = 0;

	if (budget != 0)
		count = poll_ring(queue, done, max, wait, budget < most ? budget : most);
	if (count == 0 && budget < most)
		count = sleep_for(queue, done, max, wait);
	adaptive_learn(&queue->adaptive, arch_ticks() - wait->begin);
	return count;
}

unsigned
orion_queue_wait(struct orion_queue *queue, struct orion_io **done, unsigned max,
		 int64_t timeout_ns)
{
	unsigned count = orion_queue_reap(queue, done, max);
	struct wait wait;

	if (count != 0 || queue == NULL || done == NULL || max == 0 || timeout_ns == 0 ||
	    orion_queue_in_flight(queue) == 0 || disk_state(queue->disk) == STORAGE_FOREIGN)
		return count;
	storage_count(&queue->lane.counters.waits, 1);
	wait.begin = arch_ticks();
	wait.limit = timeout_ns < 0 ? UINT64_MAX : ticks_of(timeout_ns);
	switch (queue->disk->options.wait) {
	case ORION_WAIT_POLL:
		return poll_ring(queue, done, max, &wait, ticks_of(POLL_NS_MAX));
	case ORION_WAIT_EVENT:
		return sleep_for(queue, done, max, &wait);
	case ORION_WAIT_ADAPTIVE:
		break;
	}
	return wait_adaptive(queue, done, max, &wait);
}

/* While it polls, a mask has no effect by itself: between slices the signal is asked for. */
static int64_t
slice_ns(const struct orion_queue *queue, int64_t left_ns)
{
	if (queue->signals == NULL || queue->disk->options.wait != ORION_WAIT_POLL)
		return left_ns;
	return left_ns < 0 || left_ns > SLICE_NS ? SLICE_NS : left_ns;
}

static bool
signalled(const struct orion_queue *queue)
{
	const struct timespec none = {0, 0};

	return queue->signals != NULL && ppoll(NULL, 0, &none, queue->signals) < 0;
}

unsigned
orion_queue_wait_min(struct orion_queue *queue, struct orion_io **done, unsigned min, unsigned max,
		     int64_t timeout_ns, const void *signals)
{
	uint64_t now = port_now_ns(),
		 until = timeout_ns < 0 ? UINT64_MAX : now + (uint64_t)timeout_ns;
	unsigned count = orion_queue_reap(queue, done, max);

	if (queue == NULL || done == NULL)
		return 0;
	min = min < max ? min : max;
	queue->signals = signals;
	while (count < min && orion_queue_in_flight(queue) != 0 && now < until) {
		int64_t left = timeout_ns < 0 ? -1 : (int64_t)(until - now);
		int64_t slice = slice_ns(queue, left);
		unsigned more = orion_queue_wait(queue, done + count, max - count, slice);

		count += more;
		now = port_now_ns();
		if (more == 0 && (slice == left || signalled(queue) ||
				  disk_state(queue->disk) == STORAGE_FOREIGN))
			break;
	}
	queue->signals = NULL;
	return count;
}

int
orion_queue_fd(const struct orion_queue *queue)
{
	return queue != NULL ? queue->event : -1;
}

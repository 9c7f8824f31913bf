/* SPDX-License-Identifier: MIT */
/*
 * Waiting for a completion: polling, sleeping, or the one and then the other.
 *
 * A sleep is never longer than a second.  After one in vain the device is kicked again, whatever it
 * asked for: a kick or a wake-up that got lost costs a second, not for ever.
 */
#include "ports/linux/disk.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "arch/arch.h"

#define SLEEP_NS_MAX INT64_C(1000000000)
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
	struct timespec time = {1, 0};
	int ready;

	if (wait->limit != UINT64_MAX) {
		double left = wait->limit > spent ? (double)(wait->limit - spent) : 0;
		double ns = left * 1e9 / (double)orion_ticks_per_second();

		if (ns < (double)SLEEP_NS_MAX)
			time = (struct timespec){0, (long)ns};
	}
	queue->counters.sleeps++;
	ready = ppoll(&one, 1, &time, queue->signals);
	if (ready < 0)
		return false;
	if (ready == 0 && time.tv_sec != 0 && queue->ring != NULL) {
		queue->counters.late++;
		vblk_kick_always(queue->ring);
	}
	return true;
}

/* Latched: no completion will come, but the monitor was told, and wakes the owner. */
static bool
latched(const struct orion_queue *queue)
{
	struct vblk_ring_info info;

	vblk_ring_info(queue->ring, &info);
	return info.cause != VBLK_CAUSE_NONE;
}

bool
orion_queue_arm(struct orion_queue *queue)
{
	if (unlikely(queue == NULL))
		return false;
	if (unlikely(__atomic_load_n(&queue->disk->turn, __ATOMIC_ACQUIRE) != queue->turn)) {
		queue_follow(queue);
		if (queue->ready_count != 0 || disk_state(queue->disk) == DISK_FORKED)
			return false;
	}
	return queue->ring == NULL || vblk_arm(queue->ring) || latched(queue);
}

void
orion_queue_disarm(struct orion_queue *queue)
{
	uint64_t count;

	if (queue == NULL)
		return;
	if (read(queue->event, &count, sizeof(count)) == sizeof(count) && queue->session != NULL)
		vhost_user_interrupt(&queue->session->vhost, queue->index);
	if (queue->ring != NULL)
		vblk_disarm(queue->ring);
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
	} while (count == 0 && go_on && disk_state(queue->disk) != DISK_FORKED &&
		 arch_ticks() - wait->begin < wait->limit);
	return count;
}

static unsigned
wait_adaptive(struct orion_queue *queue, struct orion_io **done, unsigned max,
	      const struct wait *wait)
{
	uint64_t budget = adaptive_budget(&queue->adaptive);
	unsigned count = 0;

	if (budget != 0)
		count = poll_ring(queue, done, max, wait, budget);
	if (count == 0)
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
	    orion_queue_in_flight(queue) == 0 || disk_state(queue->disk) == DISK_FORKED)
		return count;
	queue->counters.waits++;
	wait.begin = arch_ticks();
	wait.limit = timeout_ns < 0 ? UINT64_MAX : ticks_of(timeout_ns);
	switch (queue->disk->options.wait) {
	case ORION_WAIT_POLL:
		return poll_ring(queue, done, max, &wait, UINT64_MAX);
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
		if (more == 0 &&
		    (slice == left || signalled(queue) || disk_state(queue->disk) == DISK_FORKED))
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

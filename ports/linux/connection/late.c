/* SPDX-License-Identifier: MIT */
/*
 * Requests that take long.
 *
 * A kick may get lost, an interrupt too, and a device that asks to be kicked at an index that it
 * never moves is not kicked again.  What tells is the age of the oldest request in flight, not how
 * long somebody slept.  The monitor has owners look when nothing has come back for a while, however
 * they wait: by orion_queue_wait(), on the descriptor, or by reaping now and then.
 *
 * An owner that finds nothing to reap kicks when the oldest has waited for a second, whatever the
 * device asked for; again after two, four ... , then every 32 seconds.  When three requests of a
 * connection had to be kicked for, every later kick is sent unasked: it costs a system call at
 * most.
 *
 * With the option deadline the connection is given up when the oldest has waited for so long, and
 * what is in flight there fails.  The old back end may still carry it out.
 */
#include "ports/linux/disk.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define NS_PER_MS UINT64_C(1000000)
#define SECOND_NS (1000 * NS_PER_MS)
#define KICK_EVERY_SECONDS 32u
#define KICKED_FOR_MAX 3u
#define WATCH_BUSY_MS 250
#define WATCH_IDLE_MS 1000
#define WATCH_MIN_MS 10

static uint64_t
ticks_of_ms(uint64_t ms)
{
	return (uint64_t)((double)ms * 1e-3 * (double)orion_ticks_per_second());
}

/* A part of the deadline, so that it is noticed without much delay; 0: there is none. */
static int
deadline_step_ms(const struct orion_disk *disk)
{
	uint32_t step = disk->options.deadline_ms / 4;

	if (disk->options.deadline_ms == 0)
		return 0;
	return step < WATCH_MIN_MS    ? WATCH_MIN_MS
	       : step > WATCH_IDLE_MS ? WATCH_IDLE_MS
				      : (int)step;
}

/* ---- owners ---- */

static void
expire(struct orion_queue *queue)
{
	const uint64_t one = 1;

	__atomic_store_n(&queue->session->expired, true, __ATOMIC_RELEASE);
	if (write(queue->disk->wake, &one, sizeof(one)) < 0)
		return;
}

static void
kick(struct orion_queue *queue)
{
	struct late *late = &queue->late;
	uint64_t most = ticks_of_ms(KICK_EVERY_SECONDS * 1000);

	if (late->patience == ticks_of_ms(1000) && ++late->requests >= KICKED_FOR_MAX)
		queue->kick = NULL;
	late->patience += late->patience < most ? late->patience : most;
	count_up(&queue->counters.late, 1);
	vblk_kick_always(queue->ring);
}

void
late_look(struct orion_queue *queue)
{
	uint64_t now = port_ticks(), oldest, age, deadline;
	struct late *late = &queue->late;

	late->woken = false;
	if (queue->ring == NULL || !vblk_oldest(queue->ring, &oldest))
		return;
	if (oldest != late->oldest || late->patience == 0) {
		late->oldest = oldest;
		late->patience = ticks_of_ms(1000);
	}
	/* Clocks of two CPUs may differ by a little. */
	age = now > oldest ? now - oldest : 0;
	deadline = ticks_of_ms(queue->disk->options.deadline_ms);
	if (deadline != 0 && age >= deadline)
		expire(queue);
	else if (age >= late->patience)
		kick(queue);
}

void
late_found(struct orion_queue *queue)
{
	if (queue->late.woken)
		count_up(&queue->counters.late, 1);
	queue->late.woken = false;
}

/* While a request is held its segment is of no use: it remembers since when. */
void
late_hold(struct orion_io *io)
{
	io_private(io)->segment.device_address = port_now_ns();
}

void
late_held(struct orion_queue *queue)
{
	uint64_t limit = queue->disk->options.deadline_ms * NS_PER_MS, now = port_now_ns();
	unsigned kept = 0;

	if (limit == 0 || queue->ring != NULL)
		return;
	for (unsigned i = 0; i < queue->held_count; i++) {
		struct orion_io *io = queue->held[i];

		if (now - io_private(io)->segment.device_address >= limit)
			queue_finish(queue, io, -ETIMEDOUT);
		else
			queue->held[kept++] = io;
	}
	queue->held_count = kept;
}

/* ---- the monitor ---- */

/* Whether QUEUE is to look at what it has in flight. */
static bool
is_due(struct orion_queue *queue, uint64_t now, bool *busy)
{
	uint64_t given = __atomic_load_n(&queue->given, __ATOMIC_RELAXED);
	struct late *late = &queue->late;

	if (orion_queue_in_flight(queue) == 0 || given != late->given) {
		late->given = given;
		late->given_ns = now;
	}
	if (orion_queue_in_flight(queue) == 0)
		return false;
	*busy = true;
	/* With a deadline one by itself may be late while others come back. */
	return queue->disk->options.deadline_ms != 0 || now - late->given_ns >= SECOND_NS;
}

int
late_watch(struct orion_disk *disk)
{
	int step = deadline_step_ms(disk);
	bool due = false, busy = false;
	uint64_t now = port_now_ns();

	for (unsigned i = 0; i < disk->queue_count; i++) {
		if (!is_due(disk->queues[i], now, &busy))
			continue;
		__atomic_store_n(&disk->queues[i]->late.told, true, __ATOMIC_RELEASE);
		due = true;
	}
	if (due)
		disk_turn(disk);
	if (step != 0 && (!busy || step < WATCH_BUSY_MS))
		return step;
	return busy ? WATCH_BUSY_MS : WATCH_IDLE_MS;
}

int64_t
late_sleep_ns(const struct orion_disk *disk)
{
	int step = deadline_step_ms(disk);

	return (int64_t)(step != 0 ? (uint64_t)step * NS_PER_MS : SECOND_NS);
}

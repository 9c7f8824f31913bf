/* SPDX-License-Identifier: MIT */
/*
 * Requests that take long.
 *
 * A kick may get lost, an interrupt too, and a device that asks to be kicked at an index that it
 * never moves is not kicked again.  What tells is the age of the oldest request in flight, not how
 * long somebody slept.  Whoever looks after the instance has owners look when nothing has come back
 * for a while, however they wait.
 *
 * An owner that finds nothing to reap kicks when the oldest has waited for a second, whatever the
 * device asked for; again after two, four ... , then every 32 seconds.  When three requests of a
 * device had to be kicked for, every later kick is sent unasked: it costs an exit or a system call
 * at most.
 *
 * With a deadline the device is given up when the oldest has waited for so long, and what is in
 * flight there fails.  It may still carry it out.
 */
#include "storage/lane.h"

#define NS_PER_MS UINT64_C(1000000)
#define SECOND_NS (1000 * NS_PER_MS)
#define KICK_EVERY_SECONDS 32u
#define KICKED_FOR_MAX 3u
#define WATCH_BUSY_MS 250
#define WATCH_IDLE_MS 1000
#define WATCH_MIN_MS 10

static uint64_t
ticks_of_ms(const struct storage_instance *instance, uint32_t ms)
{
	return ms * instance->ticks_per_second / 1000;
}

/* A part of the deadline, so that it is noticed without much delay; 0: there is none. */
static int
deadline_step_ms(const struct storage_instance *instance)
{
	uint32_t step = instance->deadline_ms / 4;

	if (instance->deadline_ms == 0)
		return 0;
	return step < WATCH_MIN_MS    ? WATCH_MIN_MS
	       : step > WATCH_IDLE_MS ? WATCH_IDLE_MS
				      : (int)step;
}

/* ---- owners ---- */

static void
expire(struct storage_lane *lane)
{
	__atomic_store_n(&lane->device->expired, true, __ATOMIC_RELEASE);
	lane->instance->home->look(lane->instance);
}

static void
kick(struct storage_lane *lane)
{
	struct storage_late *late = &lane->late;
	uint64_t second = lane->instance->ticks_per_second, most = KICK_EVERY_SECONDS * second;

	if (late->patience == second && ++late->requests >= KICKED_FOR_MAX)
		lane->kick = NULL;
	late->patience += late->patience < most ? late->patience : most;
	storage_count(&lane->counters.late, 1);
	vblk_kick_always(lane->ring);
}

void
storage_late_look(struct storage_lane *lane)
{
	const struct storage_instance *instance = lane->instance;
	uint64_t now, oldest, age, deadline;
	struct storage_late *late = &lane->late;

	late->woken = false;
	if (lane->ring == NULL || instance->ticks_per_second == 0 ||
	    !vblk_oldest(lane->ring, &oldest))
		return;
	now = instance->home->ticks();
	if (oldest != late->oldest || late->patience == 0) {
		late->oldest = oldest;
		late->patience = instance->ticks_per_second;
	}
	/* Clocks of two CPUs may differ by a little. */
	age = now > oldest ? now - oldest : 0;
	deadline = ticks_of_ms(instance, instance->deadline_ms);
	if (deadline != 0 && age >= deadline)
		expire(lane);
	else if (age >= late->patience)
		kick(lane);
}

void
storage_late_found(struct storage_lane *lane)
{
	if (lane->late.woken)
		storage_count(&lane->counters.late, 1);
	lane->late.woken = false;
}

/* While a request is held its segment is of no use: it remembers since when. */
void
storage_late_hold(const struct storage_lane *lane, struct orion_io *io)
{
	storage_private(io)->segment.device_address = lane->instance->home->now_ns(lane->instance);
}

void
storage_late_held(struct storage_lane *lane)
{
	uint64_t limit = lane->instance->deadline_ms * NS_PER_MS;
	uint64_t now = lane->instance->home->now_ns(lane->instance);
	unsigned kept = 0;

	if (limit == 0 || lane->ring != NULL)
		return;
	for (unsigned i = 0; i < lane->held_count; i++) {
		struct orion_io *io = lane->held[i];

		if (now - storage_private(io)->segment.device_address >= limit)
			storage_finish(lane, io, ORION_TIMED_OUT);
		else
			lane->held[kept++] = io;
	}
	lane->held_count = kept;
}

/* ---- whoever looks after the instance ---- */

/* Whether the owner of LANE is to look at what it has in flight. */
static bool
is_due(struct storage_lane *lane, uint64_t now, bool *busy)
{
	uint64_t given = __atomic_load_n(&lane->given, __ATOMIC_RELAXED);
	struct storage_late *late = &lane->late;

	if (storage_in_flight(lane) == 0 || given != late->given) {
		late->given = given;
		late->given_ns = now;
	}
	if (storage_in_flight(lane) == 0)
		return false;
	*busy = true;
	/* With a deadline one by itself may be late while others come back. */
	return lane->instance->deadline_ms != 0 || now - late->given_ns >= SECOND_NS;
}

int
storage_late_watch(struct storage_instance *instance)
{
	int step = deadline_step_ms(instance);
	bool due = false, busy = false;
	uint64_t now = instance->home->now_ns(instance);

	for (unsigned i = 0; i < instance->lane_count; i++) {
		if (!is_due(instance->lanes[i], now, &busy))
			continue;
		__atomic_store_n(&instance->lanes[i]->late.told, true, __ATOMIC_RELEASE);
		due = true;
	}
	if (due)
		storage_turn(instance);
	if (step != 0 && (!busy || step < WATCH_BUSY_MS))
		return step;
	return busy ? WATCH_BUSY_MS : WATCH_IDLE_MS;
}

uint64_t
storage_late_sleep_ns(const struct storage_instance *instance)
{
	int step = deadline_step_ms(instance);

	return step != 0 ? (uint64_t)step * NS_PER_MS : SECOND_NS;
}

/* SPDX-License-Identifier: MIT */
/*
 * What a flush may claim.
 *
 * A device that dies takes its cache along.  What was in flight is replayed; what it had
 * acknowledged, but not flushed, may be lost without anybody knowing.  So each lane counts its
 * acknowledged writes and how many of them a flush covers.  When a device is lost and the two
 * differ, instance->stale moves, and the next flush of each lane says so instead of lying.
 *
 * What was acknowledged and is not covered was acknowledged by the device that the lane
 * follows: it settles the account whenever it leaves one.  So it is judged by what that device
 * promised, whatever those before and after it do.  Where every write that is acknowledged is
 * stable, nothing is lost.
 *
 * A flush covers what was acknowledged, by the same device, on every lane before it was
 * submitted: its mark.  What a lane has of another device is no matter of its own.
 */
#include "storage/lane.h"

/* Moves COVERED up to WRITES; returns whether it was below. */
static bool
cover(struct storage_lane *lane, uint64_t writes)
{
	uint64_t covered = __atomic_load_n(&lane->covered, __ATOMIC_ACQUIRE);

	while (covered < writes) {
		if (__atomic_compare_exchange_n(&lane->covered, &covered, writes, false,
						__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			return true;
	}
	return false;
}

/* What LANE acknowledged of the device WORD, up to WRITES, is lost if it was not stable. */
static void
settle(struct storage_lane *lane, uint64_t word, uint64_t writes)
{
	struct storage_instance *instance = lane->instance;

	/* Under a lock: nobody may see it covered, and not yet that it is lost. */
	instance->home->lock(instance);
	if (cover(lane, writes) && !instance->durable &&
	    storage_word_promise(word) != STORAGE_PROMISE_STABLE)
		__atomic_add_fetch(&instance->stale, 1, __ATOMIC_ACQ_REL);
	instance->home->unlock(instance);
}

/* What LANE acknowledged, if it follows the device WORD and no other meanwhile; else 0. */
static uint64_t
writes_on(const struct storage_lane *lane, uint64_t word)
{
	uint64_t writes;

	if (__atomic_load_n(&lane->connection, __ATOMIC_ACQUIRE) != word)
		return 0;
	writes = __atomic_load_n(&lane->writes, __ATOMIC_ACQUIRE);
	return __atomic_load_n(&lane->connection, __ATOMIC_ACQUIRE) == word ? writes : 0;
}

void
storage_flush_lost(struct storage_lane *lane, uint32_t number)
{
	uint64_t word = __atomic_load_n(&lane->connection, __ATOMIC_ACQUIRE);

	if (storage_word_number(word) == number)
		settle(lane, word, writes_on(lane, word));
}

/* Lanes that have not followed to this device yet may have lost something with the last. */
static void
look_at_others(struct storage_lane *lane)
{
	const struct storage_instance *instance = lane->instance;
	uint32_t number = storage_word_number(lane->connection);

	for (unsigned i = 0; i < instance->lane_count; i++) {
		struct storage_lane *other = instance->lanes[i];
		uint32_t theirs =
			storage_word_number(__atomic_load_n(&other->connection, __ATOMIC_ACQUIRE));

		if (theirs < number)
			storage_flush_lost(other, theirs);
	}
}

static bool
is_stale(struct storage_lane *lane)
{
	uint32_t stale = __atomic_load_n(&lane->instance->stale, __ATOMIC_ACQUIRE);

	if (lane->stale_seen == stale)
		return false;
	lane->stale_seen = stale;
	storage_count(&lane->counters.stale_flushes, 1);
	return true;
}

/* How far each lane had come when the flush IO was submitted. */
static uint64_t *
mark_of(const struct storage_lane *lane, struct orion_io *io)
{
	size_t index = storage_private(io)->segment.length - 1u;

	return &lane->marks[index * lane->instance->lane_count];
}

orion_status
storage_flush_begin(struct storage_lane *lane, struct orion_io *io)
{
	const struct storage_instance *instance = lane->instance;
	struct storage_private *own = storage_private(io);
	enum storage_promise promise = storage_word_promise(lane->connection);
	uint64_t *mark;

	own->segment.length = 0;
	look_at_others(lane);
	if (is_stale(lane)) {
		storage_finish(lane, io, ORION_STALE);
		return STORAGE_FINISHED;
	}
	/*
	 * Nothing to make stable; or nobody who could, unless the user promises what no device
	 * does.
	 */
	if (promise != STORAGE_PROMISE_FLUSH) {
		bool stable = promise == STORAGE_PROMISE_STABLE || instance->durable;

		storage_finish(lane, io, stable ? ORION_OK : ORION_NOT_SUPPORTED);
		return STORAGE_FINISHED;
	}
	if (lane->marks_left == 0)
		return ORION_NO_ROOM;
	own->segment.length = lane->marks_free[--lane->marks_left] + 1u;
	mark = mark_of(lane, io);
	for (unsigned i = 0; i < instance->lane_count; i++)
		mark[i] = writes_on(instance->lanes[i], lane->connection);
	return ORION_OK;
}

orion_status
storage_flush_end(struct storage_lane *lane, struct orion_io *io, orion_status status)
{
	const uint64_t *mark = mark_of(lane, io);

	if (is_stale(lane))
		return ORION_STALE;
	for (unsigned i = 0; status == ORION_OK && i < lane->instance->lane_count; i++)
		cover(lane->instance->lanes[i], mark[i]);
	return status;
}

void
storage_flush_drop(struct storage_lane *lane, struct orion_io *io)
{
	struct storage_private *own = storage_private(io);

	if (own->segment.length != 0)
		lane->marks_free[lane->marks_left++] = (uint16_t)(own->segment.length - 1);
	own->segment.length = 0;
}

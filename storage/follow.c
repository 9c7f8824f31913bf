/* SPDX-License-Identifier: MIT */
/*
 * An owner leaves a device that was lost, and follows to the next.  The manual is orion/lane.h.
 *
 * What was in flight comes back through the core as "outcome unknown", whether or not the old
 * device had done it: reads, writes and flushes may be done twice.  It waits in lane->held, by the
 * order of submission, and is handed over from there, once the old device is known to have stopped.
 */
#include "storage/lane.h"

#include "storage/bytes.h"

void
storage_look_again(struct storage_lane *lane)
{
	lane->turn = __atomic_load_n(&lane->instance->turn, __ATOMIC_ACQUIRE) - 1;
}

void
storage_finish(struct storage_lane *lane, struct orion_io *io, orion_status status)
{
	unsigned at = lane->ready_first + lane->ready_count++;

	io->result = storage_result(lane, status);
	lane->ready[at % lane->depth] = io;
	storage_look_again(lane);
}

unsigned
storage_take_ready(struct storage_lane *lane, struct orion_io **done, unsigned max)
{
	unsigned count = 0;

	while (count < max && lane->ready_count > 0) {
		done[count++] = lane->ready[lane->ready_first % lane->depth];
		lane->ready_first++;
		lane->ready_count--;
	}
	return count;
}

/* By the order of submission.  Most of them lie so already. */
static void
sort_held(struct storage_lane *lane)
{
	for (unsigned i = 1; i < lane->held_count; i++) {
		struct orion_io *io = lane->held[i];
		uint64_t sequence = storage_private(io)->sequence;
		unsigned at = i;

		while (at > 0 && storage_private(lane->held[at - 1])->sequence > sequence) {
			lane->held[at] = lane->held[at - 1];
			at--;
		}
		lane->held[at] = io;
	}
}

/*
 * What the device has written and not been asked to flush yet (ORION_FUA): the next one gets it
 * whole.  Returns how many there are: they were given to this device, like what is in its ring.
 */
static unsigned
written_again(struct storage_lane *lane)
{
	unsigned count = 0;

	for (unsigned i = 0; i < lane->held_count; i++) {
		struct storage_private *own = storage_private(lane->held[i]);

		if ((own->segment.unused & STORAGE_FLUSHING) == 0)
			continue;
		own->segment.unused = 0;
		storage_late_hold(lane, lane->held[i]);
		count++;
	}
	return count;
}

/* The device has counted IO's bytes, and the next one will. */
static void
count_again(struct storage_lane *lane, const struct orion_io *io)
{
	const struct orion_vector *vector = io->buffer;
	uint64_t bytes = io->bytes;

	if (io->operation > ORION_WRITE)
		return;
	if (io->vectors != 0 && (io->flags & STORAGE_MAPPED) == 0) {
		bytes = 0;
		for (unsigned i = 0; i < io->vectors; i++)
			bytes += vector[i].bytes;
	}
	storage_count(io->operation == ORION_READ ? &lane->again_read : &lane->again_written,
		      bytes);
}

/* Takes back what the device still has: *TAKEN requests.  Returns whether one is a write. */
static bool
take_back(struct storage_lane *lane, unsigned *taken)
{
	unsigned count;
	bool writes = false;

	*taken = written_again(lane);
	vblk_queue_abandon(lane->ring);
	while ((count = vblk_reap(lane->ring, lane->completions, STORAGE_BATCH)) != 0) {
		for (unsigned i = 0; i < count; i++) {
			struct orion_io *io =
				(struct orion_io *)(uintptr_t)lane->completions[i].cookie;

			storage_release(lane, io);
			count_again(lane, io);
			if (__atomic_load_n(&lane->device->expired, __ATOMIC_ACQUIRE)) {
				storage_finish(lane, io, ORION_TIMED_OUT);
				continue;
			}
			storage_late_hold(lane, io);
			lane->held[lane->held_count++] = io;
			storage_count(&lane->counters.replayed, 1);
			writes |= io->operation == ORION_WRITE;
		}
		*taken += count;
	}
	/* Those that were given to it come first: what was held then came later. */
	sort_held(lane);
	return writes;
}

static void
leave(struct storage_lane *lane)
{
	struct storage_instance *instance = lane->instance;
	struct storage_device *device = lane->device;
	struct vblk_irq_stats irq;
	uint64_t read = lane->again_read, written = lane->again_written;
	uint64_t replayed = lane->counters.replayed;
	unsigned taken;
	bool writes;

	if (!device->kept)
		storage_flush_lost(lane, device->number);
	writes = take_back(lane, &taken);
	instance->home->leaving(lane);
	vblk_queue_stats(lane->ring, &lane->last, &irq);
	/* What will be handed over again has not failed, and moved nothing. */
	lane->last.failed -= lane->counters.replayed - replayed;
	lane->last.bytes_read -= lane->again_read - read;
	lane->last.bytes_written -= lane->again_written - written;
	if (lane->last.writes != 0)
		__atomic_store_n(&instance->wrote, true, __ATOMIC_RELEASE);
	instance->home->lock(instance);
	orion_stats_add(&lane->past, &lane->last);
	instance->home->unlock(instance);
	lane->ring = lane->kick = NULL;
	lane->device = NULL;
	if (!writes) {
		storage_device_leave(device);
		return;
	}
	lane->doubt = device;
	lane->doubted = taken;
}

static void
forget_doubt(struct storage_lane *lane)
{
	struct storage_device *device = lane->doubt;

	lane->doubt = NULL;
	if (device != NULL)
		storage_device_leave(device);
}

/* What is held fails: all, or the writes among the first COUNT. */
static void
fail_held(struct storage_lane *lane, bool all, unsigned count)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < lane->held_count; i++) {
		struct orion_io *io = lane->held[i];

		if (all || (i < count && io->operation == ORION_WRITE))
			storage_finish(lane, io, ORION_DEVICE_GONE);
		else
			lane->held[kept++] = io;
	}
	lane->held_count = kept;
}

/* Whether the device that may still be at what is held is out of the way. */
static bool
doubt_is_over(struct storage_lane *lane)
{
	enum storage_end end = lane->doubt == NULL
				       ? STORAGE_STOPPED
				       : __atomic_load_n(&lane->doubt->end, __ATOMIC_ACQUIRE);

	if (end == STORAGE_MAY_RUN)
		return false;
	if (end == STORAGE_DOUBTED)
		fail_held(lane, false, lane->doubted);
	forget_doubt(lane);
	return true;
}

/* Counters are of the program's requests: ours are taken off beforehand.  Under the lock. */
static void
count_off(struct storage_lane *lane, const struct vblk_queue_stats *ours)
{
	uint64_t *sum = (uint64_t *)(void *)&lane->past, max = lane->past.latency_max_ticks;
	const uint64_t *less = (const uint64_t *)(const void *)ours;

	for (size_t i = 0; i < sizeof(*ours) / sizeof(uint64_t); i++)
		sum[i] -= less[i];
	lane->past.latency_max_ticks = max;
}

static void
join(struct storage_lane *lane, struct storage_device *device)
{
	struct storage_instance *instance = lane->instance;
	const struct vblk_info *info = vblk_info(device->device);

	lane->device = device;
	lane->ring = lane->kick = vblk_queue_get(device->device, lane->index);
	lane->late.patience = lane->late.requests = 0;
	lane->largest = info->read_only || instance->read_only ? ORION_READ : ORION_WRITE;
	/* Both at once, for whoever adds the counters up. */
	instance->home->lock(instance);
	if (lane->index == 0 && device->asking != NULL)
		count_off(lane, device->asking);
	__atomic_store_n(&lane->connection, storage_word(device), __ATOMIC_RELEASE);
	instance->home->unlock(instance);
	instance->home->joined(lane);
}

void
storage_hand_over(struct storage_lane *lane)
{
	unsigned done = 0;

	if (lane->ring == NULL || lane->held_count == 0 || !doubt_is_over(lane))
		return;
	for (; done < lane->held_count; done++) {
		struct orion_io *io = lane->held[done];
		struct vblk_request request;
		orion_status status = storage_prepare(lane, io, &request);

		if (status == ORION_OK && vblk_submit(lane->ring, &request, 1) == 0) {
			storage_unprepare(lane, io);
			status = vblk_refusal(lane->ring);
		}
		if (status == ORION_OK || status == STORAGE_FINISHED)
			continue;
		if (storage_not_now(status))
			break;
		storage_finish(lane, io, status);
	}
	lane->held_count -= done;
	memmove(lane->held, lane->held + done, lane->held_count * sizeof(*lane->held));
	vblk_kick(lane->ring);
}

void
storage_follow(struct storage_lane *lane)
{
	struct storage_instance *instance = lane->instance;
	uint32_t turn = __atomic_load_n(&instance->turn, __ATOMIC_ACQUIRE);
	struct storage_device *newest;

	lane->turn = turn - 1;
	lane->near = (struct storage_place){NULL, 0, 0};
	if (storage_state(instance) == STORAGE_FOREIGN)
		return;
	instance->home->lock(instance);
	newest = instance->device;
	if (newest != NULL && newest != lane->device)
		__atomic_add_fetch(&newest->users, 1, __ATOMIC_ACQ_REL);
	instance->home->unlock(instance);
	if (lane->device != NULL && lane->device != newest)
		leave(lane);
	if (lane->device == NULL && newest != NULL)
		join(lane, newest);
	if (storage_state(instance) == STORAGE_FAILED) {
		fail_held(lane, true, 0);
		forget_doubt(lane);
	} else {
		storage_late_held(lane);
	}
	storage_hand_over(lane);
	if (lane->ring != NULL && lane->held_count == 0 && lane->ready_count == 0)
		lane->turn = turn;
}

/* SPDX-License-Identifier: MIT */
/* See recover.h. */
#include "storage/recover.h"

#include "storage/lane.h"
#include "storage/work.h"

#define SECOND_NS UINT64_C(1000000000)
#define MINUTE_NS (60 * SECOND_NS)
#define ATTEMPTS 3u /* a device may break while it is brought back, too */
#define RETRY_FIRST_NS (10 * SECOND_NS)
#define RETRY_MOST_NS (80 * SECOND_NS)
#define OTHERS_NS UINT64_C(1000000) /* sleep between looks at what other lanes do */
#define RESET_PATIENCE_NS (60 * SECOND_NS)

static uint64_t
now(const struct storage *storage)
{
	return storage->host.port->now_ns(storage->host.port_context);
}

/* What the driver's header calls setup is for one at a time. */
static bool
setup_begin(struct storage_disk *disk)
{
	return __atomic_exchange_n(&disk->setup, 1, __ATOMIC_ACQUIRE) == 0;
}

static void
setup_end(struct storage_disk *disk)
{
	__atomic_store_n(&disk->setup, 0, __ATOMIC_RELEASE);
}

orion_status
storage_verdict(const struct storage_disk *disk)
{
	if (storage_state(&disk->instance) != STORAGE_FAILED)
		return ORION_OK;
	return vblk_cause_get(disk->device) == VBLK_CAUSE_GONE ? ORION_DEVICE_GONE
							       : ORION_DEVICE_BROKEN;
}

/* ---- the device is lost ---- */

static bool
too_silent(const struct storage *storage, const struct storage_disk *disk, uint64_t silent_ns)
{
	uint64_t live_ns = now(storage) - disk->recovery.live_ns;
	uint64_t limit = __atomic_load_n(&disk->recovery.silence_ns, __ATOMIC_RELAXED);

	return limit != 0 && silent_ns >= limit && live_ns >= limit;
}

void
recover_answered(struct storage_disk *disk, uint64_t silent_ns)
{
	uint64_t *limit = &disk->recovery.silence_ns;
	uint64_t known = __atomic_load_n(limit, __ATOMIC_RELAXED);

	if (known != 0 && silent_ns > known / 2)
		__atomic_store_n(limit, 2 * silent_ns, __ATOMIC_RELAXED);
}

static bool
is_due(const struct storage *storage, const struct storage_disk *disk, uint64_t silent_ns)
{
	switch (storage_state(&disk->instance)) {
	case STORAGE_LIVE:
		return vblk_state_get(disk->device) != VBLK_LIVE ||
		       too_silent(storage, disk, silent_ns);
	case STORAGE_LOST:
		return true;
	default:
		return now(storage) >= __atomic_load_n(&disk->recovery.retry_ns, __ATOMIC_RELAXED);
	}
}

static void
lose(struct storage *storage, struct storage_disk *disk, bool silent)
{
	struct storage_recovery *recovery = &disk->recovery;

	recovery->begin_ns = now(storage);
	recovery->cause = vblk_cause_get(disk->device);
	recovery->silent = silent;
	recovery->sent_again = 0;
	for (unsigned i = 0; i < disk->instance.lane_count; i++)
		recovery->sent_again += storage_in_flight(storage_lane_of(disk, i));
	/* It is the device that comes back, with what it has in its cache. */
	disk->base.kept = true;
	__atomic_store_n(&disk->base.end, STORAGE_MAY_RUN, __ATOMIC_RELEASE);
	storage_lose(&disk->instance, &disk->base);
}

/* Each lane that nobody is in looks at the instance; and LANE, which is the caller's. */
static void
follow_all(struct storage_disk *disk, unsigned lane)
{
	for (unsigned i = 0; i < disk->instance.lane_count; i++) {
		if (i != lane && !work_visit(disk, i))
			continue;
		storage_follow(storage_lane_of(disk, i));
		if (i != lane)
			work_unvisit(disk, i);
	}
}

/* ---- and brought back ---- */

/* Whether there may be another reset: of a device that breaks at once each is in vain. */
static bool
may_reset(struct storage *storage, struct storage_disk *disk)
{
	struct storage_recovery *recovery = &disk->recovery;
	uint64_t at = now(storage);

	if (recovery->window_resets == 0 || at - recovery->window_ns >= MINUTE_NS) {
		recovery->window_ns = at;
		recovery->window_resets = 0;
	}
	if (recovery->window_resets >= disk->manager->options.recovery_resets)
		return false;
	recovery->window_resets++;
	return true;
}

static orion_status
restart(struct storage *storage, struct storage_disk *disk)
{
	orion_status status = vblk_stop(disk->device);

	if (status != ORION_OK)
		return status;
	/* From here on nothing of what was in flight can land. */
	__atomic_store_n(&disk->base.end, STORAGE_STOPPED, __ATOMIC_RELEASE);
	status = ORION_DEVICE_BROKEN;
	for (unsigned i = 0; i < ATTEMPTS && may_reset(storage, disk); i++) {
		disk->recovery.resets++;
		status = vblk_restart(disk->device);
		if (status == ORION_OK || vblk_state_get(disk->device) != VBLK_STOPPED)
			return status;
	}
	return status;
}

static void
report(struct storage *storage, orion_level level, orion_event event, vblk_cause cause, uint64_t b,
       uint64_t c)
{
	const struct storage_host *host = &storage->host;

	if (host->port->report != NULL)
		host->port->report(host->port_context, level, event, cause, b, c);
}

static void
succeed(struct storage *storage, struct storage_disk *disk)
{
	struct storage_recovery *recovery = &disk->recovery;
	uint64_t at = now(storage);

	recovery->live_ns = at;
	recovery->retry_step_ns = 0;
	recovery->took_ns = at - recovery->begin_ns;
	recovery->replayed += recovery->sent_again;
	/* It may be slow, and nothing else: next time it gets longer. */
	if (recovery->silent)
		__atomic_store_n(&recovery->silence_ns, 2 * recovery->silence_ns, __ATOMIC_RELAXED);
	disk->base.promise = storage_promise_of(vblk_info(disk->device));
	storage_state_set(&disk->instance, STORAGE_LIVE);
	storage_adopt(&disk->instance, &disk->base);
	storage_turn(&disk->instance);
	report(storage, ORION_LEVEL_WARNING, ORION_EVENT_RECOVERED, recovery->cause,
	       recovery->sent_again, recovery->took_ns / 1000000);
}

/* Requests fail, for now: it is tried again, ever more rarely. */
static void
give_up(struct storage *storage, struct storage_disk *disk, orion_status status)
{
	struct storage_recovery *recovery = &disk->recovery;
	bool first = storage_state(&disk->instance) != STORAGE_FAILED;
	uint64_t step = recovery->retry_step_ns * 2;

	step = step < RETRY_FIRST_NS ? RETRY_FIRST_NS : step > RETRY_MOST_NS ? RETRY_MOST_NS : step;
	recovery->retry_step_ns = step;
	recovery->failures++;
	__atomic_store_n(&recovery->retry_ns, now(storage) + step, __ATOMIC_RELAXED);
	if (first)
		report(storage, ORION_LEVEL_ERROR, ORION_EVENT_NOT_RECOVERED, recovery->cause,
		       status, step / SECOND_NS);
	recovery->sent_again = 0;
	storage_fail(&disk->instance);
}

/* One step; the caller has setup to himself, and LANE. */
static void
recover(struct storage *storage, struct storage_disk *disk, unsigned lane)
{
	orion_status status;

	follow_all(disk, lane);
	/* Some lane's owner still has to leave. */
	if (__atomic_load_n(&disk->following, __ATOMIC_ACQUIRE) != 0)
		return;
	status = restart(storage, disk);
	if (status == ORION_OK)
		succeed(storage, disk);
	else
		give_up(storage, disk, status);
	follow_all(disk, lane);
}

orion_status
recover_look(struct storage *storage, struct storage_disk *disk, unsigned lane, uint64_t silent_ns)
{
	if (is_due(storage, disk, silent_ns) && setup_begin(disk)) {
		/* Somebody may have done it meanwhile. */
		if (is_due(storage, disk, silent_ns)) {
			if (storage_state(&disk->instance) == STORAGE_LIVE)
				lose(storage, disk, vblk_state_get(disk->device) == VBLK_LIVE);
			recover(storage, disk, lane);
		}
		setup_end(disk);
	}
	return storage_verdict(disk);
}

orion_status
storage_reset(struct storage *storage, struct storage_disk *disk, unsigned lane)
{
	const struct storage_host *host = &storage->host;
	uint64_t begin = now(storage);
	bool begun = false;

	if (work_of(disk, lane) == NULL)
		return ORION_WRONG_STATE;
	if (!work_enter(storage, disk, lane))
		return ORION_BUSY;
	do {
		if (setup_begin(disk)) {
			/* It is wanted: no number of those before it stands against it. */
			if (!begun)
				disk->recovery.window_resets = 0;
			if (!begun && storage_state(&disk->instance) == STORAGE_LIVE)
				lose(storage, disk, false);
			begun = true;
			recover(storage, disk, lane);
			setup_end(disk);
		}
		if (begun && storage_state(&disk->instance) != STORAGE_LOST)
			break;
		/* Owners of other lanes leave when they look next. */
		host->idle(host->port_context, lane, OTHERS_NS);
	} while (now(storage) - begin < RESET_PATIENCE_NS);
	work_exit(storage, disk, lane);
	return storage_state(&disk->instance) == STORAGE_LOST ? ORION_BUSY : storage_verdict(disk);
}

void
recover_refresh(struct storage *storage, struct storage_disk *disk)
{
	if (!setup_begin(disk))
		return;
	__atomic_store_n(&disk->refreshed_ns, now(storage), __ATOMIC_RELAXED);
	/* What it finds shows in vblk_info() and vblk_state_get(). */
	if (storage_state(&disk->instance) == STORAGE_LIVE)
		(void)vblk_refresh(disk->device, NULL);
	setup_end(disk);
}

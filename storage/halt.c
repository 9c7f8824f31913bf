/* SPDX-License-Identifier: MIT */
/* Stopping a disk with several lanes at work on it: see halt.h. */
#include "storage/halt.h"

/* How long a lane sleeps between looks at what the others do. */
#define LOOK_NS UINT64_C(1000000)

bool
halt_enter(struct storage_disk *disk)
{
	/* Count first, then look: whoever halts does the opposite, so one of us sees the other. */
	(void)__atomic_add_fetch(&disk->lanes_inside, 1, __ATOMIC_SEQ_CST);
	if (halt_due(disk)) {
		halt_leave(disk);
		return false;
	}
	return true;
}

void
halt_leave(struct storage_disk *disk)
{
	(void)__atomic_sub_fetch(&disk->lanes_inside, 1, __ATOMIC_SEQ_CST);
}

bool
halt_due(const struct storage_disk *disk)
{
	return __atomic_load_n(&disk->phase, __ATOMIC_SEQ_CST) != HALT_RUNNING;
}

void
halt_join(struct storage *storage, struct storage_disk *disk, unsigned lane)
{
	const struct storage_host *host = &storage->host;
	uint32_t running = HALT_RUNNING;
	bool first = __atomic_compare_exchange_n(&disk->phase, &running, HALT_HALTING, false,
						 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);

	halt_leave(disk);
	if (!first) {
		while (__atomic_load_n(&disk->phase, __ATOMIC_SEQ_CST) == HALT_HALTING)
			host->idle(host->port_context, lane, LOOK_NS);
		return;
	}
	while (__atomic_load_n(&disk->lanes_inside, __ATOMIC_SEQ_CST) != 0)
		host->idle(host->port_context, lane, LOOK_NS);
	/* A reset that does not complete leaves VBLK_DEAD: the callers look at the state. */
	(void)vblk_stop(disk->device);
	__atomic_store_n(&disk->phase, HALT_HALTED, __ATOMIC_SEQ_CST);
}

orion_status
storage_verdict(const struct storage_disk *disk)
{
	vblk_state state = vblk_state_get(disk->device);
	vblk_cause cause = vblk_cause_get(disk->device);

	if (state == VBLK_LIVE)
		return ORION_OK;
	if (cause == VBLK_CAUSE_GONE)
		return ORION_DEVICE_GONE;
	return cause == VBLK_CAUSE_NONE && state == VBLK_STOPPED ? ORION_WRONG_STATE
								 : ORION_DEVICE_BROKEN;
}

orion_status
halt_status(const struct storage_disk *disk)
{
	orion_status status = storage_verdict(disk);

	return status == ORION_OK && halt_due(disk) ? ORION_WRONG_STATE : status;
}

void
storage_halt(struct storage *storage, struct storage_disk *disk, unsigned lane)
{
	if (halt_enter(disk))
		halt_join(storage, disk, lane);
}

void
halt_refresh(struct storage *storage, struct storage_disk *disk)
{
	const struct storage_host *host = &storage->host;

	if (__atomic_exchange_n(&disk->refreshing, 1, __ATOMIC_ACQUIRE) != 0)
		return;
	__atomic_store_n(&disk->refreshed_ns, host->port->now_ns(host->port_context),
			 __ATOMIC_RELAXED);
	/* What it finds shows in vblk_info() and vblk_state_get(). */
	(void)vblk_refresh(disk->device, NULL);
	__atomic_store_n(&disk->refreshing, 0, __ATOMIC_RELEASE);
}

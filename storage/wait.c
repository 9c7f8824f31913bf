/* SPDX-License-Identifier: MIT */
/*
 * Waiting for an answer, with a limit and a word: the manual is orion/storage.h.
 *
 * How long ago something last came decides what is done: kick and look at the device, again and
 * again (a kick may be lost, and where no interrupt can come nobody says that the device wants a
 * reset); bring the device back (recover.c); tell the host; give up.
 */
#include "storage/recover.h"
#include "storage/work.h"

#define SLICE_NS UINT64_C(20000000)
#define POLLED_SLICE_NS UINT64_C(100000) /* when there are no interrupts */
#define NUDGE_NS UINT64_C(200000000)
#define NUDGE_MOST_NS UINT64_C(2000000000)
#define SILENT_NS UINT64_C(1000000000)
#define LOST_SLICE_NS UINT64_C(1000000) /* while the device is brought back */

static uint64_t
now(const struct storage *storage)
{
	return storage->host.port->now_ns(storage->host.port_context);
}

static unsigned
requests(const struct storage_disk *disk, unsigned lane)
{
	return storage_in_flight(&work_of(disk, lane)->lane);
}

void
storage_wait_begin(const struct storage *storage, struct storage_wait *wait)
{
	*wait = (struct storage_wait){now(storage), NUDGE_NS, STORAGE_LOOK_NS, STORAGE_TELL_NS};
}

void
storage_answered(struct storage *storage, struct storage_disk *disk, unsigned lane,
		 struct storage_wait *wait)
{
	const struct storage_host *host = &storage->host;

	if (wait->tell_ns != STORAGE_TELL_NS && host->silent != NULL)
		host->silent(host->port_context, disk, requests(disk, lane), 0);
	recover_answered(disk, now(storage) - wait->progress_ns);
	/* An earlier call may have said so, and left what came now. */
	if (__atomic_load_n(&disk->silent_since_ns, __ATOMIC_RELAXED) != 0)
		__atomic_store_n(&disk->silent_since_ns, 0, __ATOMIC_RELAXED);
	storage_wait_begin(storage, wait);
}

void
storage_sleep(struct storage *storage, struct storage_disk *disk, unsigned lane)
{
	const struct storage_host *host = &storage->host;
	struct vblk_queue *queue = work_of(disk, lane)->lane.ring;
	bool polled;

	if (queue == NULL) {
		host->idle(host->port_context, lane, LOST_SLICE_NS);
		return;
	}
	polled = vblk_info(disk->device)->irq_mode == VIRTIO_IRQ_POLLED;
	if (vblk_arm(queue) || polled)
		host->idle(host->port_context, lane, polled ? POLLED_SLICE_NS : SLICE_NS);
	vblk_disarm(queue);
}

static void
nudge(struct storage *storage, struct storage_disk *disk, unsigned lane, struct storage_wait *wait,
      uint64_t late_ns)
{
	struct vblk_queue *queue = work_of(disk, lane)->lane.ring;

	if (late_ns >= wait->nudge_ns) {
		wait->nudge_ns = late_ns + (late_ns < NUDGE_MOST_NS ? late_ns : NUDGE_MOST_NS);
		if (queue != NULL)
			vblk_kick_always(queue);
		recover_refresh(storage, disk);
		if (late_ns >= SILENT_NS)
			__atomic_store_n(&disk->silent_since_ns, wait->progress_ns + 1,
					 __ATOMIC_RELAXED);
	} else if (vblk_config_pending(disk->device)) {
		recover_refresh(storage, disk);
	}
}

/* Whether it is time to give up waiting, though nothing is known to be wrong. */
static bool
out_of_patience(struct storage *storage, struct storage_disk *disk, unsigned lane,
		struct storage_wait *wait, uint64_t late_ns)
{
	const struct storage_host *host = &storage->host;

	if (late_ns >= wait->tell_ns) {
		wait->tell_ns *= 2;
		if (host->silent != NULL)
			host->silent(host->port_context, disk, requests(disk, lane), late_ns);
	}
	if (late_ns < wait->look_ns)
		return false;
	wait->look_ns = late_ns + STORAGE_LOOK_NS;
	return late_ns >= STORAGE_PATIENCE_NS ||
	       (host->interrupted != NULL && host->interrupted(host->port_context, lane));
}

orion_status
storage_unanswered(struct storage *storage, struct storage_disk *disk, unsigned lane,
		   struct storage_wait *wait)
{
	uint64_t late_ns = now(storage) - wait->progress_ns;
	orion_status why;

	nudge(storage, disk, lane, wait, late_ns);
	why = recover_look(storage, disk, lane, late_ns);
	if (why != ORION_OK)
		return why;
	return out_of_patience(storage, disk, lane, wait, late_ns) ? ORION_TIMED_OUT : ORION_OK;
}

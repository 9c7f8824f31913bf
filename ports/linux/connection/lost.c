/* SPDX-License-Identifier: MIT */
/*
 * Connections that were lost: whether the device behind them has stopped.
 *
 * A device that was given a write, and whose connection has ended, may still carry it out: its
 * threads live on, or it hangs and goes on later.  Were the write replayed meanwhile, acknowledged
 * and overwritten, the old one would come last.  So what was in flight is replayed only once the
 * old device is known to have stopped; docs/decisions/0014 says what is taken for knowledge.
 *
 * A list of the monitor's own.  Owners hold the connections in it, too, as lane->device or
 * lane->doubt; one that nobody else holds is forgotten.
 */
#include "ports/linux/disk.h"

#define NS_PER_MS UINT64_C(1000000)
#define LOOK_FIRST_MS 5
#define LOOK_LAST_MS 100

void
lost_begin(struct session *session, bool ask)
{
	const struct orion_disk *disk = session->disk;
	const struct link *link = &session->link;

	if (ask)
		link->ops->begin(link->context, disk->options.answer_ms, disk->cancel);
	link->ops->give_up(link->context, ask);
	session->lost_ns = port_now_ns();
}

static enum storage_end
look(const struct session *session)
{
	const struct orion_disk *disk = session->disk;
	const struct link *link = &session->link;
	const void *next = disk_session(disk) != NULL ? disk_session(disk)->link.context : NULL;
	uint64_t gone_ns = port_now_ns() - session->lost_ns;
	uint64_t loss_ns = disk->options.loss_ms * NS_PER_MS;
	bool patient = gone_ns >= disk->options.answer_ms * NS_PER_MS;

	if (link->ops->stopped(link->context, patient, next))
		return STORAGE_STOPPED;
	return loss_ns != 0 && gone_ns >= loss_ns ? STORAGE_DOUBTED : STORAGE_MAY_RUN;
}

int
lost_look(struct orion_disk *disk)
{
	int again = -1;
	bool news = false;

	for (struct session **at = &disk->lost; *at != NULL;) {
		struct session *session = *at;
		uint64_t age_ms = (port_now_ns() - session->lost_ns) / NS_PER_MS;

		if (__atomic_load_n(&session->base.users, __ATOMIC_ACQUIRE) == 1) {
			*at = session->next;
			storage_device_leave(&session->base);
			continue;
		}
		at = &session->next;
		if (session->base.end == STORAGE_MAY_RUN) {
			enum storage_end end = look(session);

			__atomic_store_n(&session->base.end, end, __ATOMIC_RELEASE);
			news |= end != STORAGE_MAY_RUN;
			if (end == STORAGE_DOUBTED)
				disk_event(disk,
					   "%s: the back end of before may still be at it: what it "
					   "was given fails",
					   disk->path);
		}
		if (session->base.end == STORAGE_MAY_RUN)
			again = age_ms < LOOK_FIRST_MS  ? LOOK_FIRST_MS
				: age_ms < LOOK_LAST_MS ? (int)age_ms
							: LOOK_LAST_MS;
	}
	if (news)
		storage_turn(&disk->instance);
	return again;
}

void
lost_forget(struct orion_disk *disk)
{
	while (disk->lost != NULL) {
		struct session *session = disk->lost;

		disk->lost = session->next;
		storage_device_leave(&session->base);
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * Whether the disk that comes back is the one that was lost, and gives what is used of it.
 *
 * Requests are replayed into it, so another disk at the same socket must not get them.  It is known
 * by its block size and by its serial number, if it had one; it may have grown, but not shrunk.
 */
#include "ports/linux/disk.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "orion/serial.h"

#define NS_PER_MS UINT64_C(1000000)
#define PAUSE_FIRST_NS 20000
#define PAUSE_LAST_NS 2000000
#define KICK_AGAIN_NS (100 * NS_PER_MS)

/* ---- the serial number ---- */

/* Waits for the answer, or for a reason not to: 0, or a negative errno. */
static int
await_serial(struct session *session, struct vblk_queue *ring, struct vblk_completion *done)
{
	const struct link *link = &session->link;
	uint64_t begun = port_now_ns(), kicked = begun;
	/* Half of the time, so that the rest does for a connection that is not asked. */
	uint64_t limit = session->until_ns > begun ? (session->until_ns - begun) / 2 : 0;
	struct timespec pause = {0, PAUSE_FIRST_NS};
	struct pollfd fds[LINK_FDS + 1];
	const char *why;

	fds[LINK_FDS] = (struct pollfd){session->disk->cancel, POLLIN, 0};
	while (vblk_reap(ring, done, 1) == 0) {
		uint64_t now = port_now_ns();

		if (vblk_state_get(session->base.device) != VBLK_LIVE)
			return -EPROTO;
		if (now - begun >= limit)
			return -ETIMEDOUT;
		if (now - kicked >= KICK_AGAIN_NS) {
			vblk_kick_always(ring);
			kicked = now;
		}
		link->ops->watched(link->context, fds);
		if (ppoll(fds, LINK_FDS + 1, &pause, NULL) > 0 && fds[LINK_FDS].revents != 0)
			return -ECANCELED;
		if (link->ops->look(link->context, fds, &why) != LINK_UP)
			return -ECONNRESET;
		pause.tv_nsec = pause.tv_nsec < PAUSE_LAST_NS ? pause.tv_nsec * 2 : PAUSE_LAST_NS;
	}
	return 0;
}

/* -ENOMSG: the device does not answer; the connection is of no more use. */
static int
ask_serial(struct session *session, struct orion_error *error)
{
	struct vblk_queue *ring = vblk_queue_get(session->base.device, 0);
	/* A place that is a bounce buffer later. */
	unsigned char *place = session->arena.base + session->budget.limit;
	struct vblk_segment segment = {session->arena.device + session->budget.limit,
				       VIRTIO_BLK_ID_BYTES, 0};
	struct vblk_request request = {
		.segments = &segment, .segment_count = 1, .operation = VBLK_GET_ID};
	struct vblk_completion done;
	struct vblk_irq_stats irq;
	char raw[VIRTIO_BLK_ID_BYTES];
	int result;

	if (vblk_submit(ring, &request, 1) != 1)
		return 0;
	vblk_kick(ring);
	result = await_serial(session, ring, &done);
	if (result != 0) {
		error_set(error, result, "%s: no answer to the question for the serial number: %s",
			  session->disk->path, strerror(-result));
		return result == -ECANCELED ? result : -ENOMSG;
	}
	vblk_queue_stats(ring, &session->asking, &irq);
	session->base.asking = &session->asking;
	/* Out of the device's reach before it is looked at. */
	memcpy(raw, place, VIRTIO_BLK_ID_BYTES);
	memset(place, 0, VIRTIO_BLK_ID_BYTES);
	if (done.result == ORION_OK)
		orion_serial_text(raw, session->identity.serial);
	return 0;
}

int
identity_learn(struct session *session, bool serial, struct orion_error *error)
{
	const struct vblk_info *info = vblk_info(session->base.device);

	session->identity.sectors = info->capacity_sectors;
	session->identity.block_bytes = info->block_bytes;
	session->identity.read_only = info->read_only;
	return serial ? ask_serial(session, error) : 0;
}

/* ---- comparing ---- */

/* The same disk, as far as can be told. */
static bool
same_disk(const struct orion_disk *disk, const struct session *session, struct orion_error *error)
{
	const struct identity *was = &disk->identity, *is = &session->identity;

	if (is->block_bytes != was->block_bytes)
		error_set(error, -EPROTO, "%s: came back with blocks of %u bytes, not %u",
			  disk->path, is->block_bytes, was->block_bytes);
	else if (is->sectors < was->sectors)
		error_set(error, -EPROTO, "%s: came back with %llu bytes, not %llu", disk->path,
			  (unsigned long long)is->sectors * VIRTIO_BLK_SECTOR_BYTES,
			  (unsigned long long)was->sectors * VIRTIO_BLK_SECTOR_BYTES);
	else if (was->serial[0] != '\0' && strcmp(is->serial, was->serial) != 0)
		error_set(error, -EPROTO,
			  "%s: came back with the serial number '%s', not '%s': another disk",
			  disk->path, is->serial, was->serial);
	else
		return true;
	return false;
}

/* It gives what is used: who never wrote needs neither writes nor flushes. */
static bool
as_good(const struct orion_disk *disk, const struct session *session, struct orion_error *error)
{
	const struct vblk_info *is = vblk_info(session->base.device);
	bool writes = !disk->options.read_only &&
		      __atomic_load_n(&disk->instance.wrote, __ATOMIC_ACQUIRE);

	if (is->queues < disk->instance.lane_count)
		error_set(error, -EPROTO, "%s: came back with %u queues, %u are in use", disk->path,
			  is->queues, disk->instance.lane_count);
	else if (writes && is->read_only && !disk->identity.read_only)
		error_set(error, -EPROTO, "%s: came back read-only", disk->path);
	else if (writes && session->base.promise < disk->promise)
		error_set(error, -EPROTO, "%s: came back %s", disk->path,
			  session->base.promise == STORAGE_PROMISE_NONE
				  ? "without flush"
				  : "with a cache that needs flushes");
	else
		return true;
	return false;
}

bool
identity_same(const struct orion_disk *disk, const struct session *session,
	      struct orion_error *error)
{
	return same_disk(disk, session, error) && as_good(disk, session, error);
}

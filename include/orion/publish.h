/* SPDX-License-Identifier: MIT */
/*
 * Watching disks that other processes of this user have open (option publish=on); root sees those
 * of every user.
 *
 * Such a process keeps its counters in a small file, written anew four times a second:
 * $XDG_RUNTIME_DIR/orion-vblk/PID-N, or /tmp/orion-vblk-UID/PID-N without that variable.  Files
 * whose writer died are removed by whoever of their user looks next.  Root looks below /run/user,
 * too, where XDG_RUNTIME_DIR lies.
 */
#ifndef ORION_PUBLISH_H
#define ORION_PUBLISH_H

#include "orion/disk.h"

ORION_BEGIN_C

struct orion_published_queue {
	struct vblk_queue_stats stats;
	struct orion_queue_counters counters;
	uint32_t in_flight;
	uint32_t unused;
};

struct orion_published {
	uint64_t sequence;        /* odd while it is being written */
	uint64_t when_ns;         /* CLOCK_MONOTONIC, of the last writing */
	uint64_t ticks_per_second;
	uint64_t bytes;           /* size of the disk */
	uint32_t pid;
	uint32_t connections;     /* as in struct orion_disk_info */
	uint32_t connected;
	uint32_t queues;
	char program[32];         /* any bytes, as the path: what a user likes to say */
	char path[256];           /* of the socket */
	struct orion_published_queue queue[ORION_DISK_QUEUES_MAX];
};

/*
 * Calls EACH with a copy of every published disk, in no order, until it returns false.  Returns how
 * many there were, or a negative errno (-ENOENT is none: 0).  SIZE is that of the struct, which is
 * a file's contents, too: programs and libraries of one version see each other.  -EINVAL: the
 * program was built with the header of another.
 */
ORION_API int orion_published_each_sized(bool (*each)(void *argument,
						      const struct orion_published *one),
					 void *argument, size_t size);

static inline int
orion_published_each(bool (*each)(void *argument, const struct orion_published *one),
		     void *argument)
{
	return orion_published_each_sized(each, argument, sizeof(struct orion_published));
}

ORION_END_C

#endif

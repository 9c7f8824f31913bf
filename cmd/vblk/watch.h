/* SPDX-License-Identifier: MIT */
/* Disks that other processes have open: what `vblk stats` and `vblk top` look at. */
#ifndef CMD_VBLK_WATCH_H
#define CMD_VBLK_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "commands/show.h"
#include "orion/publish.h"

/* One disk in one process, as it was at a moment. */
struct watched {
	struct orion_published disk;
	struct orion_published_queue all;       /* the queues' sum */
};

struct watch {
	struct watched *disks;    /* by pid, then path */
	unsigned count, room;
	const char *filter;
};

/*
 * Fills WATCH, which was zeroed or is filled again, with the disks that FILTER names: the URL of a
 * disk, a process id, or NULL for all.  False: it failed, or FILTER is neither, which was said.
 */
bool watch_look(struct watch *watch, const char *filter);
void watch_free(struct watch *watch);

/* The same disk in an earlier WATCH, or NULL. */
const struct watched *watch_before(const struct watch *before, const struct watched *now);

/*
 * The latency that THOUSANDTHS of those in BUCKETS did not exceed, in nanoseconds: a bucket's upper
 * edge, but never more than the greatest that DISK has seen.
 */
double watch_percentile_ns(const struct watched *disk,
			   const uint64_t buckets[ORION_LATENCY_BUCKETS], unsigned thousandths);

/* TEXT of somebody's, for a terminal: what that would obey becomes a question mark. */
struct watch_text {
	char s[256];
};
struct watch_text watch_text(const char *text);

/*
 * A report of KIND about the disks that FILTER names, as watch_look() has it.  Returns what the
 * program ends with.
 */
int stats_show(show_kind kind, bool json, const char *filter);

/* Ticks of DISK's processor as nanoseconds. */
double watch_ns(const struct watched *disk, uint64_t ticks);

#endif

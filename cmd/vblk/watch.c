/* SPDX-License-Identifier: MIT */
/* Disks that other processes have open: see watch.h. */
#include "cmd/vblk/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/vblk/place.h"
#include "cmd/vblk/say.h"
#include "cmd/vblk/units.h"
#include "commands/latency.h"
#include "orion/units.h"
#include "words/text.h"

/* The counters of QUEUE into ALL. */
static void
add(struct orion_published_queue *all, const struct orion_published_queue *queue)
{
	uint64_t *sums = (uint64_t *)(void *)&all->counters;
	const uint64_t *words = (const uint64_t *)(const void *)&queue->counters;

	orion_stats_add(&all->stats, &queue->stats);
	/* These are nothing but 64-bit counters. */
	for (size_t i = 0; i < sizeof(all->counters) / sizeof(*sums); i++)
		sums[i] += words[i];
	all->in_flight += queue->in_flight;
}

static bool
is_wanted(const char *filter, const struct orion_published *disk)
{
	uint64_t pid;

	if (filter == NULL)
		return true;
	if (orion_units_number(filter, &pid))
		return pid == disk->pid;
	return place_url_is_at(filter, disk->path);
}

static bool
each(void *argument, const struct orion_published *one)
{
	struct watch *watch = argument;
	struct watched *disk;

	if (!is_wanted(watch->filter, one))
		return true;
	if (watch->count == watch->room) {
		watch->room = watch->room * 2 + 4;
		watch->disks = realloc(watch->disks, watch->room * sizeof(*watch->disks));
		if (watch->disks == NULL)
			abort();
	}
	disk = &watch->disks[watch->count++];
	memset(&disk->all, 0, sizeof(disk->all));
	disk->disk = *one;
	if (disk->disk.queues > ORION_DISK_QUEUES_MAX)
		disk->disk.queues = ORION_DISK_QUEUES_MAX;
	for (unsigned i = 0; i < disk->disk.queues; i++)
		add(&disk->all, &disk->disk.queue[i]);
	return true;
}

static int
by_pid(const void *a, const void *b)
{
	const struct watched *x = a, *y = b;

	if (x->disk.pid != y->disk.pid)
		return x->disk.pid < y->disk.pid ? -1 : 1;
	return strcmp(x->disk.path, y->disk.path);
}

bool
watch_look(struct watch *watch, const char *filter)
{
	uint64_t pid;
	int result;

	if (filter != NULL && !place_is_url(filter) && !orion_units_number(filter, &pid)) {
		trouble("%s is neither the URL of a disk nor the number of a process", filter);
		return false;
	}
	watch->count = 0;
	watch->filter = filter;
	result = orion_published_each(each, watch);
	if (result < 0) {
		trouble("can't look for open disks: %s", strerror(-result));
		return false;
	}
	if (watch->count > 0)
		qsort(watch->disks, watch->count, sizeof(*watch->disks), by_pid);
	return true;
}

void
watch_free(struct watch *watch)
{
	free(watch->disks);
	*watch = (struct watch){0};
}

const struct watched *
watch_before(const struct watch *before, const struct watched *now)
{
	if (before->count == 0)
		return NULL;
	return bsearch(now, before->disks, before->count, sizeof(*now), by_pid);
}

struct watch_text
watch_text(const char *text)
{
	struct watch_text clean = {""};
	size_t length = 0;

	while (*text != '\0' && length + 4 < sizeof(clean.s)) {
		unsigned bytes;
		bool harmless = text_is_harmless(text, &bytes);

		if (harmless)
			memcpy(clean.s + length, text, bytes);
		else
			clean.s[length] = '?';
		length += harmless ? bytes : 1;
		text += bytes;
	}
	return clean;
}

double
watch_ns(const struct watched *disk, uint64_t ticks)
{
	return (double)ticks * 1e9 / (double)disk->disk.ticks_per_second;
}

double
watch_percentile_ns(const struct watched *disk, const uint64_t buckets[ORION_LATENCY_BUCKETS],
		    unsigned thousandths)
{
	return watch_ns(disk,
			latency_counted(buckets, disk->all.stats.latency_max_ticks, thousandths));
}

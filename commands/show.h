/* SPDX-License-Identifier: MIT */
/*
 * The reports about disks, in text or JSON, with the same words and keys in every home.  Each has a
 * schema in docs/schema/.
 */
#ifndef COMMANDS_SHOW_H
#define COMMANDS_SHOW_H

#include "commands/view.h"
#include "words/report.h"

typedef enum show_kind {
	SHOW_LIST,                      /* disk list */
	SHOW_DEVICE,                    /* virtio-device-info */
	SHOW_RINGS,                     /* virtio-queue-info */
	SHOW_QUEUES,                    /* virtio-queue-stats */
	SHOW_PERFORMANCE,               /* virtio-performance-stats */
	SHOW_FEATURES,                  /* virtio-feature-list */
	SHOW_MEMORY,                    /* virtio-memory-info */
} show_kind;

#define SHOW_ALL_QUEUES UINT64_MAX
#define SHOW_DISK_COLUMNS 5u /* of a list: what most disks' names need */

/* What is about no disk alone. */
struct show_host {
	const char *hypervisor;         /* NULL: not known */
	const struct orion_budget *budget; /* NULL: there is none */
};

struct show {
	struct report report;
	show_kind kind;
	uint64_t queue;                 /* only this one, of SHOW_RINGS and SHOW_QUEUES */
	unsigned disk_columns;          /* of SHOW_LIST in text: for the longest name */
};

/* Fills SHOW for a report of KIND, for all queues and short names. */
void show_init(struct show *show, show_kind kind);

/* Begins the report; then each disk; then its end. */
void show_open(struct show *show, const struct text_sink *sink, bool json,
	       const struct show_host *host);
void show_disk(struct show *show, const struct view *view);
void show_close(struct show *show);

#endif

/* SPDX-License-Identifier: MIT */
/* The counters of queues by name: the keys of reports, the names and help texts of Prometheus. */
#ifndef COMMANDS_COUNTERS_H
#define COMMANDS_COUNTERS_H

#include "commands/view.h"
#include "words/report.h"

struct counter {
	const char *name;
	const char *help;
	size_t at; /* in struct view_queue */
	bool bytes;
};

#define COUNTERS_COUNT 30u
extern const struct counter counter_table[COUNTERS_COUNT];

/* The value of COUNTER in QUEUE; VIEW_NONE: nobody counts it. */
uint64_t counter_value(const struct counter *counter, const struct view_queue *queue);

/* The members for one queue, and for the sum over the queues of VIEW, with what follows from it. */
void counters_queue(struct report *report, const struct view *view, const struct view_queue *queue);
void counters_disk(struct report *report, const struct view *view);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The counters of the driver's queues, as virtio-queue-stats and virtio-performance-stats have
 * them.
 */
#ifndef COMMANDS_COUNTERS_H
#define COMMANDS_COUNTERS_H

#include "orion/command.h"
#include "words/report.h"

/* Queue INDEX of DISK, one by one. */
void counters_queue(struct command_context *context, struct report *report,
		    const struct storage_disk *disk, unsigned index);

/* The sum over the queues of DISK, and what follows from it. */
void counters_disk(struct command_context *context, struct report *report,
		   const struct storage_disk *disk);

#endif

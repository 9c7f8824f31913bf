/* SPDX-License-Identifier: MIT */
/*
 * Progress of long work on one line (words/meter.h), only when context.progress says that a person
 * is watching, and erased at the end.
 */
#ifndef COMMANDS_PROGRESS_H
#define COMMANDS_PROGRESS_H

#include "orion/command.h"
#include "words/meter.h"

struct progress {
	struct command_context *context;
	struct meter meter;
	unsigned columns;       /* what is on the screen now */
};

/* The host's clock, in nanoseconds. */
uint64_t clock_ns(const struct command_context *context);

void progress_start(struct progress *progress, struct command_context *context, const char *title,
		    uint64_t total, meter_unit unit);

/* DONE units are done. */
void progress_show(struct progress *progress, uint64_t done);

/* Erases the line.  To be called before anything else is printed, and at the end. */
void progress_end(struct progress *progress);

#endif

/* SPDX-License-Identifier: MIT */
/* The progress line: see progress.h. */
#include "commands/progress.h"

#include "commands/print.h"

#define COLUMNS 80u

uint64_t
clock_ns(const struct command_context *context)
{
	const struct storage_host *host = &context->storage->host;

	return host->port->now_ns(host->port_context);
}

void
progress_start(struct progress *progress, struct command_context *context, const char *title,
	       uint64_t total, meter_unit unit)
{
	*progress = (struct progress){.context = context};
	meter_start(&progress->meter, title, total, unit, clock_ns(context));
}

void
progress_show(struct progress *progress, uint64_t done)
{
	struct command_context *context = progress->context;
	char line[COLUMNS];
	size_t used;

	if (!context->progress)
		return;
	used = meter_line(&progress->meter, done, clock_ns(context), line, sizeof(line));
	if (used == 0)
		return;
	/* Blanks over what the line before had more. */
	print(context, "\r%s%*s", line,
	      (int)(progress->columns > used ? progress->columns - used : 0), "");
	progress->columns = (unsigned)used;
}

void
progress_end(struct progress *progress)
{
	if (progress->columns != 0) {
		print(progress->context, "\r%*s\r", (int)progress->columns, "");
		progress->columns = 0;
	}
}

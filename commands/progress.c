/* SPDX-License-Identifier: MIT */
/* The progress line: see progress.h. */
#include "commands/progress.h"

#include "commands/print.h"

#define SECOND_NS UINT64_C(1000000000)
#define INTERVAL_NS (SECOND_NS / 5)

uint64_t
clock_ns(const struct command_context *context)
{
	const struct storage_host *host = &context->storage->host;

	return host->port->now_ns(host->port_context);
}

void
progress_start(struct progress *progress, struct command_context *context, const char *title,
	       uint64_t total, bool bytes)
{
	uint64_t now = clock_ns(context);

	*progress = (struct progress){context, title, total, bytes, now, now, 0};
}

void
progress_show(struct progress *progress, uint64_t done)
{
	struct command_context *context = progress->context;
	char line[80];

	if (!context->progress)
		return;

	uint64_t now = clock_ns(context);

	if (now - progress->shown_ns < INTERVAL_NS || done == 0 || done > progress->total)
		return;
	progress->shown_ns = now;

	uint64_t spent = now - progress->start_ns;
	uint64_t rate = print_scale(done, SECOND_NS, spent);
	uint64_t left = print_scale(progress->total - done, spent, done) / SECOND_NS;
	size_t used = print_into(line, sizeof(line), "%s: %llu%%  %s%s/s  %llu s left",
				 progress->title, wide(print_scale(done, 100, progress->total)),
				 progress->bytes ? print_size(rate).s : print_fixed(rate, 0).s,
				 progress->bytes ? "" : " requests", wide(left));

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

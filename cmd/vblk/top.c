/* SPDX-License-Identifier: MIT */
/* vblk top: what open disks do, interval by interval. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/vblk/command.h"
#include "cmd/vblk/say.h"
#include "cmd/vblk/units.h"
#include "cmd/vblk/watch.h"

struct settings {
	uint64_t interval, count;
	bool once;
};

static int run_top(const struct command *command, int argc, char **argv);

static const struct option top_options[] = {
	VALUE("interval", 0, SECONDS, interval, "1", 250000000, UINT64_C(3600000000000),
	      "time from table to table"),
	VALUE("count", 0, NUMBER, count, "N", 1, UINT64_MAX, "end after N tables"),
	FLAG("once", 0, once, "end after the first: --count=1"),
	NO_MORE_OPTIONS,
};

const struct command top_command = {
	.name = "top",
	.arguments = "[URL|PID]",
	.summary = "Shows what disks that running programs have open do, each second",
	.help = "Sees the same disks as `vblk stats`.  Figures are of the last interval,\n"
		"latencies as from submission until given back; LOST counts how often\n"
		"the connection was lost, and * says that it is at this moment.  On a\n"
		"terminal the table is drawn anew, elsewhere printed below the last.\n"
		"Ctrl-C ends it.\n",
	.options = top_options,
	.most = 1,
	.run = run_top,
};

/* The buckets of the interval; a program that was not there BEFORE began from zero. */
static void
difference(const struct watched *now, const struct watched *before,
	   uint64_t latency[ORION_LATENCY_BUCKETS])
{
	for (unsigned b = 0; b < ORION_LATENCY_BUCKETS; b++)
		latency[b] = now->all.stats.latency[b] -
			     (before != NULL ? before->all.stats.latency[b] : 0);
}

static void
print_row(const struct watched *now, const struct watched *before, double interval)
{
	const struct vblk_queue_stats none = {0}, *new = &now->all.stats;
	const struct vblk_queue_stats *old = before != NULL ? &before->all.stats : &none;
	uint64_t latency[ORION_LATENCY_BUCKETS];
	double seconds = before != NULL ? (double)(now->disk.when_ns - before->disk.when_ns) / 1e9
					: interval;
	double per = seconds > 0 ? 1 / seconds : 0;
	char requests[32], lost[16];

	difference(now, before, latency);
	snprintf(requests, sizeof(requests), "%s",
		 units_count((double)(new->completed - old->completed) * per).s);
	snprintf(lost, sizeof(lost), "%" PRIu32 "%s",
		 now->disk.connections > 0 ? now->disk.connections - 1 : 0,
		 now->disk.connected ? "" : "*");
	printf("%8" PRIu32 "  %-12.12s %8s %10s %10s %9s %9s %6" PRIu32 " %5s  %s\n", now->disk.pid,
	       watch_text(now->disk.program).s, requests,
	       units_rate((double)(new->bytes_read - old->bytes_read) * per).s,
	       units_rate((double)(new->bytes_written - old->bytes_written) * per).s,
	       units_ns(watch_percentile_ns(now, latency, 500)).s,
	       units_ns(watch_percentile_ns(now, latency, 990)).s, now->all.in_flight, lost,
	       watch_text(now->disk.path).s);
}

static void
print_table(const struct watch *now, const struct watch *before, double interval, bool redraw)
{
	if (redraw)
		fputs("\033[H\033[J", stdout);
	printf("%8s  %-12s %8s %10s %10s %9s %9s %6s %5s  %s\n", "PID", "PROGRAM", "IOPS", "READ",
	       "WRITE", "P50", "P99", "FLIGHT", "LOST", "DISK");
	for (unsigned i = 0; i < now->count; i++)
		print_row(&now->disks[i], watch_before(before, &now->disks[i]), interval);
	if (now->count == 0)
		printf("%8s  no disk is open and published\n", "-");
	fflush(stdout);
}

static void
nap(uint64_t ns)
{
	const struct timespec time = {
		.tv_sec = (time_t)(ns / UINT64_C(1000000000)),
		.tv_nsec = (long)(ns % UINT64_C(1000000000)),
	};

	/* A signal ends it. */
	nanosleep(&time, NULL);
}

static int
run_top(const struct command *command, int argc, char **argv)
{
	struct settings settings = {.interval = UINT64_C(1000000000), .count = UINT64_MAX};
	struct watch watches[2] = {{0}, {0}};
	int words = options_read(command, &settings, argc, argv);
	const char *filter = words > 0 ? argv[0] : NULL;
	bool redraw = isatty(STDOUT_FILENO) != 0 && !settings.once;
	unsigned at = 0;

	if (words < 0 || !watch_look(&watches[0], filter))
		return STATUS_TROUBLE;
	if (settings.once)
		settings.count = 1;
	interrupts_catch();
	for (uint64_t i = 0; i < settings.count; i++) {
		nap(settings.interval);
		if (interrupts() > 0)
			break;
		at = 1 - at;
		if (!watch_look(&watches[at], filter))
			return STATUS_TROUBLE;
		if (i > 0 && !redraw)
			putchar('\n');
		print_table(&watches[at], &watches[1 - at], (double)settings.interval / 1e9,
			    redraw);
		if (ferror(stdout))
			break;
	}
	watch_free(&watches[0]);
	watch_free(&watches[1]);
	return STATUS_OK;
}

/* SPDX-License-Identifier: MIT */
/*
 * vblk stats, queues: the counters of open disks, once.  The reports are those of Orion's console.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/vblk/command.h"
#include "cmd/vblk/place.h"
#include "cmd/vblk/say.h"
#include "cmd/vblk/view.h"
#include "cmd/vblk/watch.h"
#include "commands/counters.h"
#include "words/text.h"

struct settings {
	bool json, prometheus;
};

static int run_stats(const struct command *command, int argc, char **argv);
static int run_queues(const struct command *command, int argc, char **argv);

static const struct option stats_options[] = {
	FLAG("json", 0, json, "print JSON"),
	FLAG("prometheus", 0, prometheus, "print what a Prometheus server collects"),
	NO_MORE_OPTIONS,
};

static const struct option queues_options[] = {
	FLAG("json", 0, json, "print JSON"),
	NO_MORE_OPTIONS,
};

const struct command stats_command = {
	.name = "stats",
	.console = "virtio-performance-stats",
	.arguments = "[URL|PID]",
	.summary = "Prints the counters of disks that running programs have open",
	.help = "Sees the disks that programs of this user (for root: of every user)\n"
		"opened with publish=on, as vblk itself does: all, those of one URL, or\n"
		"those of one process.  The counters are up to a quarter of a second old,\n"
		"and count from the opening of the disk.\n",
	.options = stats_options,
	.most = 1,
	.run = run_stats,
};

const struct command queues_command = {
	.name = "queues",
	.console = "virtio-queue-stats",
	.arguments = "[URL|PID]",
	.summary = "Prints the same counters, queue by queue",
	.help = "",
	.options = queues_options,
	.most = 1,
	.run = run_queues,
};

/* ---- text and JSON ---- */

static void
show_watched(const struct watched *watched, struct show *show)
{
	char name[PLACE_URL_BYTES];
	struct view view;

	place_url_of(watched->disk.path, name, sizeof(name));
	view_of_watched(&view, name, watched);
	show_disk(show, &view);
}

/* For a list: room for the longest name. */
static void
make_room(struct show *show, const struct watch *watch)
{
	char name[PLACE_URL_BYTES];

	for (unsigned i = 0; i < watch->count; i++) {
		place_url_of(watch->disks[i].disk.path, name, sizeof(name));
		if (strlen(name) > show->disk_columns)
			show->disk_columns = (unsigned)strlen(name);
	}
}

static void
print_report(show_kind kind, bool json, const struct watch *watch)
{
	const struct show_host nobody = {NULL, NULL};
	struct show show;

	show_init(&show, kind);
	make_room(&show, watch);
	show_open(&show, &standard_output, json, &nobody);
	for (unsigned i = 0; i < watch->count; i++)
		show_watched(&watch->disks[i], &show);
	show_close(&show);
}

/* ---- Prometheus ---- */

/* A label's value is UTF-8; what is none is shown as such. */
static void
put_label(const char *name, const char *value)
{
	unsigned bytes;

	printf("%s=\"", name);
	for (; *value != '\0'; value += bytes != 0 ? bytes : 1) {
		bytes = text_utf8(value, 4);
		if (*value == '\\' || *value == '"')
			putchar('\\');
		if (bytes == 0)
			fputs("\ufffd", stdout);
		else if (*value == '\n')
			fputs("\\n", stdout);
		else
			fwrite(value, 1, bytes, stdout);
	}
	printf("\",");
}

/* The line's name and labels, up to those that MORE ("le=\"1\"") holds. */
static void
put_name(const char *name, const struct watched *disk, unsigned queue, const char *more)
{
	printf("orion_vblk_%s{pid=\"%" PRIu32 "\",", name, disk->disk.pid);
	put_label("program", disk->disk.program);
	put_label("path", disk->disk.path);
	printf("queue=\"%u\"%s%s} ", queue, *more ? "," : "", more);
}

static void
put_head(const char *name, const char *kind, const char *help)
{
	printf("# HELP orion_vblk_%s %s\n# TYPE orion_vblk_%s %s\n", name, help, name, kind);
}

/* The bounds are the same in every process and on every machine: powers of two of nanoseconds. */
#define BOUND_FIRST 9u          /* 512 ns */
#define BOUND_LAST 36u          /* 69 s */

static void
put_histogram(const struct watched *disk, unsigned queue)
{
	const struct vblk_queue_stats *stats = &disk->disk.queue[queue].stats;
	uint64_t sum = 0;
	unsigned b = 0;
	char more[40];

	for (unsigned bound = BOUND_FIRST; bound <= BOUND_LAST; bound++) {
		double ns = (double)(UINT64_C(1) << bound);

		/* What lies in a bucket on both sides of the bound counts from the next one on. */
		while (b + 1 < ORION_LATENCY_BUCKETS &&
		       watch_ns(disk, orion_stats_bucket_floor(b + 1) - 1) <= ns)
			sum += stats->latency[b++];
		snprintf(more, sizeof(more), "le=\"%.9g\"", ns / 1e9);
		put_name("latency_seconds_bucket", disk, queue, more);
		printf("%" PRIu64 "\n", sum);
	}
	while (b + 1 < ORION_LATENCY_BUCKETS)
		sum += stats->latency[b++];
	sum += stats->latency[ORION_LATENCY_BUCKETS - 1];
	put_name("latency_seconds_bucket", disk, queue, "le=\"+Inf\"");
	printf("%" PRIu64 "\n", sum);
	put_name("latency_seconds_sum", disk, queue, "");
	printf("%.17g\n", watch_ns(disk, stats->latency_ticks) / 1e9);
	put_name("latency_seconds_count", disk, queue, "");
	printf("%" PRIu64 "\n", sum);
}

/* The counters as the reports have them. */
static void
read_queue(const struct watched *disk, unsigned queue, struct view_queue *out)
{
	struct view view;

	view_of_watched(&view, "", disk);
	view_queue_clear(out);
	(void)view.count(&view, queue, out);
}

/* Whether this home counts COUNTER. */
static bool
is_counted(const struct counter *counter)
{
	static const struct watched some = {.disk.queues = 1};
	struct view_queue queue;

	read_queue(&some, 0, &queue);
	return counter_value(counter, &queue) != VIEW_NONE;
}

/* Calls PUT for each queue of each disk. */
#define EACH_QUEUE(disk, q)                                                               \
	for (const struct watched *disk = watch->disks; disk < watch->disks + watch->count; \
	     disk++)                                                                        \
		for (unsigned q = 0; q < disk->disk.queues; q++)

static void
print_prometheus(const struct watch *watch)
{
	struct view_queue queue;
	char name[64];

	for (unsigned i = 0; i < COUNTERS_COUNT; i++) {
		if (!is_counted(&counter_table[i]))
			continue;
		snprintf(name, sizeof(name), "%s_total", counter_table[i].name);
		put_head(name, "counter", counter_table[i].help);
		EACH_QUEUE(disk, q)
		{
			read_queue(disk, q, &queue);
			put_name(name, disk, q, "");
			printf("%" PRIu64 "\n", counter_value(&counter_table[i], &queue));
		}
	}
	put_head("in_flight", "gauge", "requests in flight");
	EACH_QUEUE(disk, q)
	{
		put_name("in_flight", disk, q, "");
		printf("%" PRIu32 "\n", disk->disk.queue[q].in_flight);
	}
	put_head("latency_seconds", "histogram", "from submission until given back");
	EACH_QUEUE(disk, q) { put_histogram(disk, q); }
}

static const char *
of_this_user(void)
{
	return geteuid() == 0 ? "" : " of this user";
}

/* Says that WATCH found nothing, if that is to be said; returns what the program ends with. */
static int
found_nothing(const struct watch *watch, bool quiet)
{
	const char *filter = watch->filter;

	if (filter != NULL)
		return trouble(place_is_url(filter)
				       ? "%s: no program%s has it open and publishes it"
				       : "process %s%.0s has no disk open and published",
			       filter, of_this_user());
	if (!quiet)
		say("no program%s has a disk open and publishes it", of_this_user());
	return STATUS_OK;
}

int
stats_show(show_kind kind, bool json, const char *filter)
{
	struct watch watch = {0};
	int status = STATUS_OK;

	if (!watch_look(&watch, filter))
		return STATUS_TROUBLE;
	if (json || watch.count != 0)
		print_report(kind, json, &watch);
	if (watch.count == 0)
		status = found_nothing(&watch, json);
	watch_free(&watch);
	return status;
}

static int
run_stats(const struct command *command, int argc, char **argv)
{
	struct settings settings = {0};
	struct watch watch = {0};
	int words = options_read(command, &settings, argc, argv);
	const char *filter = words > 0 ? argv[0] : NULL;
	int status = STATUS_OK;

	if (words < 0)
		return STATUS_TROUBLE;
	if (settings.json && settings.prometheus)
		return trouble("--json or --prometheus, not both");
	if (!settings.prometheus)
		return stats_show(SHOW_PERFORMANCE, settings.json, filter);
	if (!watch_look(&watch, filter))
		return STATUS_TROUBLE;
	print_prometheus(&watch);
	if (watch.count == 0)
		status = found_nothing(&watch, true);
	watch_free(&watch);
	return status;
}

static int
run_queues(const struct command *command, int argc, char **argv)
{
	struct settings settings = {0};
	int words = options_read(command, &settings, argc, argv);

	if (words < 0)
		return STATUS_TROUBLE;
	return stats_show(SHOW_QUEUES, settings.json, words > 0 ? argv[0] : NULL);
}

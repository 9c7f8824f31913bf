/* SPDX-License-Identifier: MIT */
/* vblk stats: the counters of open disks, once. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/vblk/command.h"
#include "cmd/vblk/json.h"
#include "cmd/vblk/place.h"
#include "cmd/vblk/say.h"
#include "cmd/vblk/units.h"
#include "cmd/vblk/watch.h"
#include "words/text.h"

struct settings {
	bool json, prometheus;
};

static int run_stats(const struct command *command, int argc, char **argv);

static const struct option stats_options[] = {
	FLAG("json", 0, json, "print JSON, with each queue's counters"),
	FLAG("prometheus", 0, prometheus, "print what a Prometheus server collects"),
	NO_MORE_OPTIONS,
};

const struct command stats_command = {
	.name = "stats",
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

/* ---- the counters, by name ---- */

struct counter {
	const char *name;         /* of JSON; Prometheus: orion_vblk_NAME_total */
	const char *help;
	size_t at;                /* in struct orion_published_queue */
};

#define STATS(field) offsetof(struct orion_published_queue, stats.field)
#define COUNTERS(field) offsetof(struct orion_published_queue, counters.field)

static const struct counter counters[] = {
	{"submitted", "requests handed over", STATS(submitted)},
	{"completed", "requests that came back", STATS(completed)},
	{"failed", "of these, requests that failed", STATS(failed)},
	{"reads", "reads handed over", STATS(reads)},
	{"writes", "writes handed over", STATS(writes)},
	{"flushes", "flushes handed over", STATS(flushes)},
	{"bytes_read", "bytes of reads handed over", STATS(bytes_read)},
	{"bytes_written", "bytes of writes handed over", STATS(bytes_written)},
	{"split", "requests cut to the device's limits", STATS(split)},
	{"refused", "requests that break a rule", STATS(refused)},
	{"ring_full", "submissions that found the queue full", STATS(ring_full)},
	{"kicks", "notifications to the device", STATS(kicks)},
	{"kicks_saved", "notifications that the device did not need", STATS(kicks_saved)},
	{"waits", "waits that found nothing at first", COUNTERS(waits)},
	{"sleeps", "waits that slept", COUNTERS(sleeps)},
	{"late", "requests kicked for again, or found by looking", COUNTERS(late)},
	{"bounced", "requests copied to memory of the device's", COUNTERS(bounced)},
	{"bounced_bytes", "bytes copied so", COUNTERS(bounced_bytes)},
	{"replayed", "requests sent again after a reconnection", COUNTERS(replayed)},
	{"short_lengths", "answers that told of less than was asked for", STATS(short_lengths)},
	{"stale_flushes", "flushes that failed, writes being lost", COUNTERS(stale_flushes)},
};

#define COUNTERS_COUNT (sizeof(counters) / sizeof(counters[0]))

static uint64_t
value_of(const struct counter *counter, const struct orion_published_queue *queue)
{
	return *(const uint64_t *)(const void *)((const char *)queue + counter->at);
}

/* ---- text ---- */

static void
print_text(const struct watched *disk)
{
	const struct orion_published *d = &disk->disk;

	printf("%s (%" PRIu32 "): %s\n", watch_text(d->program).s, d->pid, watch_text(d->path).s);
	printf("  %-14s %s, %s, %" PRIu32 " queue%s, %" PRIu32 " in flight, %" PRIu32
	       " reconnection%s\n",
	       "disk", units_bytes(d->bytes).s, d->connected ? "connected" : "not connected",
	       d->queues, d->queues == 1 ? "" : "s", disk->all.in_flight,
	       d->connections > 0 ? d->connections - 1 : 0, d->connections == 2 ? "" : "s");
	printf("  %-14s p50 %s, p99 %s, max %s\n", "latency",
	       units_ns(watch_percentile_ns(disk, disk->all.stats.latency, 500)).s,
	       units_ns(watch_percentile_ns(disk, disk->all.stats.latency, 990)).s,
	       units_ns(watch_ns(disk, disk->all.stats.latency_max_ticks)).s);
	for (unsigned i = 0; i < COUNTERS_COUNT; i++) {
		uint64_t value = value_of(&counters[i], &disk->all);

		if (value != 0)
			printf("  %-14s %-14" PRIu64 " %s\n", counters[i].name, value,
			       counters[i].help);
	}
}

/* ---- JSON ---- */

static void
report_queue(struct report *report, const struct watched *disk,
	     const struct orion_published_queue *queue)
{
	int any = queue->stats.completed != 0;

	report_group(report, NULL, NULL);
	report_number(report, "in_flight", queue->in_flight);
	for (unsigned i = 0; i < COUNTERS_COUNT; i++)
		report_number(report, counters[i].name, value_of(&counters[i], queue));
	report_group(report, "latency_ns", NULL);
	json_real(report, "sum", watch_ns(disk, queue->stats.latency_ticks));
	json_ratio(report, "p50", watch_percentile_ns(disk, queue->stats.latency, 500), any);
	json_ratio(report, "p99", watch_percentile_ns(disk, queue->stats.latency, 990), any);
	json_ratio(report, "max", watch_ns(disk, queue->stats.latency_max_ticks), any);
	report_group_end(report);
	report_group_end(report);
}

static void
print_json(const struct watch *watch)
{
	struct report report;

	json_open(&report, true);
	for (unsigned i = 0; i < watch->count; i++) {
		const struct watched *disk = &watch->disks[i];

		report_group(&report, NULL, NULL);
		report_number(&report, "pid", disk->disk.pid);
		report_text(&report, "program", disk->disk.program);
		report_text(&report, "path", disk->disk.path);
		report_number(&report, "bytes", disk->disk.bytes);
		report_flag(&report, "connected", disk->disk.connected != 0);
		report_number(&report, "connections", disk->disk.connections);
		report_list(&report, "queues");
		for (unsigned q = 0; q < disk->disk.queues; q++)
			report_queue(&report, disk, &disk->disk.queue[q]);
		report_list_end(&report);
		report_group_end(&report);
	}
	report_close(&report);
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

/* Calls PUT for each queue of each disk. */
#define EACH_QUEUE(disk, q)                                                               \
	for (const struct watched *disk = watch->disks; disk < watch->disks + watch->count; \
	     disk++)                                                                        \
		for (unsigned q = 0; q < disk->disk.queues; q++)

static void
print_prometheus(const struct watch *watch)
{
	char name[64];

	for (unsigned i = 0; i < COUNTERS_COUNT; i++) {
		snprintf(name, sizeof(name), "%s_total", counters[i].name);
		put_head(name, "counter", counters[i].help);
		EACH_QUEUE(disk, q)
		{
			put_name(name, disk, q, "");
			printf("%" PRIu64 "\n", value_of(&counters[i], &disk->disk.queue[q]));
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

static int
run_stats(const struct command *command, int argc, char **argv)
{
	struct settings settings = {0};
	struct watch watch = {0};
	int words = options_read(command, &settings, argc, argv);
	const char *filter = words > 0 ? argv[0] : NULL;

	if (words < 0 || !watch_look(&watch, filter))
		return STATUS_TROUBLE;
	if (settings.json && settings.prometheus)
		return trouble("--json or --prometheus, not both");
	if (settings.prometheus)
		print_prometheus(&watch);
	else if (settings.json)
		print_json(&watch);
	else
		for (unsigned i = 0; i < watch.count; i++)
			print_text(&watch.disks[i]);
	if (watch.count == 0 && filter != NULL)
		return trouble(place_is_url(filter)
				       ? "%s: no program%s has it open and publishes it"
				       : "process %s%.0s has no disk open and published",
			       filter, of_this_user());
	if (watch.count == 0 && !settings.prometheus && !settings.json)
		say("no program%s has a disk open and publishes it", of_this_user());
	watch_free(&watch);
	return STATUS_OK;
}

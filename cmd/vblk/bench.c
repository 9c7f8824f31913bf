/* SPDX-License-Identifier: MIT */
/* vblk bench: arguments and reports.  See bench.h. */
#include "cmd/vblk/bench.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/vblk/command.h"
#include "cmd/vblk/json.h"
#include "cmd/vblk/output.h"
#include "cmd/vblk/place.h"
#include "cmd/vblk/say.h"
#include "cmd/vblk/units.h"
#include "words/print.h"

struct settings {
	const char *mode, *svg;
	uint64_t piece, depth, queues, time, count, seed, reads;
	bool json, destroy;
};

static int run_bench(const struct command *command, int argc, char **argv);

static const struct option bench_options[] = {
	TEXT("rw", 0, mode, "MODE", "randread (the default), randwrite, read, write or rw"),
	VALUE("bs", 0, SIZE, piece, "4k", 512, 16u << 20, "bytes of a request"),
	VALUE("depth", 0, NUMBER, depth, "32", 1, 1024, "requests in flight on each queue"),
	VALUE("queues", 0, NUMBER, queues, "1", 1, ORION_DISK_QUEUES_MAX,
	      "queues, each with a thread"),
	VALUE("time", 0, SECONDS, time, "5", 1000000, UINT64_C(86400000000000), "how long"),
	VALUE("count", 0, NUMBER, count, "N", 1, UINT64_MAX / 32, "N requests instead"),
	VALUE("reads", 0, NUMBER, reads, "50", 0, 100, "per cent of reads, with --rw=rw"),
	VALUE("seed", 0, NUMBER, seed, "1", 0, UINT64_MAX, "of the random offsets and data"),
	TEXT("svg", 0, svg, "FILE", "draw the latencies"),
	FLAG("destroy", 0, destroy, "allow writing: what is on the disk is lost"),
	FLAG("json", 0, json, "print the result as JSON"),
	NO_MORE_OPTIONS,
};

const struct command bench_command = {
	.name = "bench",
	.arguments = "URL",
	.summary = "Measures requests a second, throughput and latency",
	.help = "randread and randwrite aim anywhere, rw too with reads and writes\n"
		"mixed; read and write go through the disk in order, each queue through\n"
		"its part.  What writes needs --destroy: the data on the disk are lost.\n"
		"\n"
		"A latency runs from the submission of a request until it was given\n"
		"back; a percentile is at most a quarter too high.  CPU is that of this\n"
		"process, all threads.  Ctrl-C ends early, with a result.\n",
	.options = bench_options,
	.least = 1,
	.most = 1,
	.run = run_bench,
};

/* ---- arguments ---- */

static bool
take_mode(struct bench *bench, const struct settings *settings)
{
	static const struct {
		const char *name;
		bool random;
		unsigned read_percent;
	} modes[] = {
		{"randread", true, 100}, {"randwrite", true, 0}, {"read", false, 100},
		{"write", false, 0},     {"rw", true, 50},
	};

	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(modes[i].name, settings->mode) != 0)
			continue;
		bench->mode = modes[i].name;
		bench->random = modes[i].random;
		bench->read_percent = modes[i].read_percent;
		if (strcmp(bench->mode, "rw") == 0)
			bench->read_percent = (unsigned)settings->reads;
		return true;
	}
	trouble("--rw takes randread, randwrite, read, write or rw, not \"%s\"", settings->mode);
	return false;
}

static void
adjust(struct orion_disk_options *options, void *argument)
{
	const struct bench *bench = argument;

	options->queues = (uint32_t)bench->queues;
	options->depth = (uint32_t)bench->depth;
	options->read_only = bench->read_percent == 100;
}

/* What only the opened disk can tell; 0, or a STATUS_*. */
static int
check(struct bench *bench)
{
	struct orion_disk_info info;

	orion_disk_info(bench->disk, &info);
	bench->disk_bytes = info.bytes;
	if (info.read_only && bench->read_percent < 100)
		return trouble("%s: the disk is read-only", bench->url);
	if (bench->piece_bytes % info.block_bytes != 0)
		return trouble("--bs=%s is no multiple of the disk's block, %u",
			       print_exact(bench->piece_bytes).s, info.block_bytes);
	if (info.bytes / bench->piece_bytes < bench->queues)
		return trouble("--bs=%s is too large for a disk of %" PRIu64 " bytes and %" PRIu64
			       " queues",
			       print_exact(bench->piece_bytes).s, info.bytes, bench->queues);
	if (info.queues < bench->queues)
		return trouble("--queues=%" PRIu64 ": with this URL the disk has %u", bench->queues,
			       info.queues);
	if (info.depth < bench->depth)
		return trouble("--depth=%" PRIu64 ": with this URL the disk takes up to %u",
			       bench->depth, info.depth);
	return STATUS_OK;
}

/* ---- reports ---- */

static double
per_request(const struct bench *bench, uint64_t value)
{
	uint64_t requests = bench->stats.completed;

	return requests > 0 ? (double)value / (double)requests : 0;
}

static double
per_second(const struct bench *bench, uint64_t value)
{
	return bench->elapsed_ns > 0 ? (double)value * 1e9 / (double)bench->elapsed_ns : 0;
}

static const struct {
	const char *text, *json;
	unsigned thousandths;
} percentiles[] = {
	{"p50", "p50", 500},    {"p90", "p90", 900},  {"p99", "p99", 990},
	{"p99.9", "p999", 999}, {"max", "max", 1000},
};

static void
print_text(const struct bench *bench)
{
	printf("%s, %s, depth %" PRIu64 ", %" PRIu64 " queue%s, %.2f s\n", bench->mode,
	       print_size(bench->piece_bytes).s, bench->depth, bench->queues,
	       bench->queues == 1 ? "" : "s", (double)bench->elapsed_ns / 1e9);
	printf("  requests  %" PRIu64 ", %s a second, %s\n", bench->stats.completed,
	       units_count(per_second(bench, bench->stats.completed)).s,
	       units_rate(per_second(bench, bench->bytes)).s);
	printf("  latency   mean %s",
	       units_ns(bench_ns(bench->stats.latency_ticks) * per_request(bench, 1)).s);
	for (unsigned i = 0; i < sizeof(percentiles) / sizeof(percentiles[0]); i++)
		printf(", %s %s", percentiles[i].text,
		       units_ns(bench_latency_ns(bench, percentiles[i].thousandths)).s);
	printf("\n  CPU       %s a request, %.0f%% of one CPU\n",
	       units_ns(per_request(bench, bench->cpu_ns)).s,
	       100 * per_second(bench, bench->cpu_ns) / 1e9);
	printf("  per 1000  %.1f kicks, %.1f sleeps\n",
	       1000 * per_request(bench, bench->stats.kicks),
	       1000 * per_request(bench, bench->counters.sleeps));
}

static void
print_json(const struct bench *bench)
{
	const struct vblk_queue_stats *stats = &bench->stats;
	double requests = (double)stats->completed, seconds = (double)bench->elapsed_ns / 1e9;
	struct report report;

	json_open(&report);
	report_text(&report, "url", bench->url);
	report_text(&report, "mode", bench->mode);
	report_number(&report, "read_percent", bench->read_percent);
	report_number(&report, "request_bytes", bench->piece_bytes);
	report_number(&report, "depth", bench->depth);
	report_number(&report, "queues", bench->queues);
	report_number(&report, "seed", bench->seed);
	report_flag(&report, "interrupted", bench->interrupted);
	report_number(&report, "elapsed_ns", bench->elapsed_ns);
	report_number(&report, "requests", stats->completed);
	report_number(&report, "failed", stats->failed);
	report_number(&report, "bytes", bench->bytes);
	json_ratio(&report, "requests_per_second", requests, seconds);
	json_ratio(&report, "bytes_per_second", (double)bench->bytes, seconds);
	json_ratio(&report, "cpu_ns_per_request", (double)bench->cpu_ns, requests);
	json_ratio(&report, "kicks_per_request", (double)stats->kicks, requests);
	json_ratio(&report, "sleeps_per_request", (double)bench->counters.sleeps, requests);
	report_number(&report, "replayed", bench->counters.replayed);
	report_group(&report, "latency_ns", NULL);
	json_ratio(&report, "mean", bench_ns(stats->latency_ticks), requests);
	for (unsigned i = 0; i < sizeof(percentiles) / sizeof(percentiles[0]); i++)
		json_ratio(&report, percentiles[i].json,
			   bench_latency_ns(bench, percentiles[i].thousandths), requests != 0);
	report_group_end(&report);
	report_list(&report, "histogram");
	for (unsigned b = 0; b < ORION_LATENCY_BUCKETS; b++) {
		if (stats->latency[b] == 0)
			continue;
		report_group(&report, NULL, NULL);
		json_real(&report, "from_ns", bench_ns(orion_stats_bucket_floor(b)));
		report_number(&report, "requests", stats->latency[b]);
		report_group_end(&report);
	}
	report_list_end(&report);
	report_close(&report);
}

/* ---- the command ---- */

static int
measure(struct bench *bench, const struct settings *settings)
{
	int status = check(bench);

	if (status != STATUS_OK)
		return status;
	interrupts_catch();
	status = bench_run(bench);
	if (status == STATUS_TROUBLE && bench->stats.completed == 0)
		return status;
	if (settings->json)
		print_json(bench);
	else
		print_text(bench);
	return status;
}

/* Runs the bench; a picture's FILE is there before, and whole when all went well. */
static int
measure_and_draw(struct bench *bench, const struct settings *settings)
{
	struct output output;
	FILE *file = settings->svg != NULL ? output_stream(&output, settings->svg) : NULL;
	int status, result = 0;

	if (settings->svg != NULL && file == NULL)
		return STATUS_TROUBLE;
	status = measure(bench, settings);
	if (file == NULL)
		return status;
	if (bench->stats.completed > 0) {
		if (!bench_plot(bench, file))
			result = -errno;
		else
			result = output_commit(&output, fileno(file));
		if (result != 0)
			status = trouble("%s: %s", settings->svg, strerror(-result));
	}
	fclose(file);
	output_drop(&output);
	return status;
}

static int
run_bench(const struct command *command, int argc, char **argv)
{
	struct settings settings = {
		.mode = "randread",
		.piece = 4096,
		.depth = 32,
		.queues = 1,
		.time = UINT64_C(5000000000),
		.seed = 1,
		.reads = 50,
	};
	struct bench bench = {0};
	int status;

	if (options_read(command, &settings, argc, argv) < 0 || !take_mode(&bench, &settings))
		return STATUS_TROUBLE;
	bench.url = argv[0];
	bench.piece_bytes = settings.piece;
	bench.depth = settings.depth;
	bench.queues = settings.queues;
	bench.count = settings.count;
	bench.time_ns = settings.count == 0 ? settings.time : 0;
	bench.seed = settings.seed;
	if (bench.read_percent < 100 && !settings.destroy)
		return trouble("--rw=%s writes: what is on the disk would be lost; --destroy says "
			       "that it may be",
			       bench.mode);
	bench.disk = place_open_disk(argv[0], adjust, &bench);
	if (bench.disk == NULL)
		return STATUS_TROUBLE;
	status = measure_and_draw(&bench, &settings);
	if (interrupts() > 1 || bench.abandoned > 0)
		leave(status);
	patience_while("the back end to let go");
	orion_disk_close(bench.disk);
	patience_over();
	bench_free(&bench);
	return status;
}

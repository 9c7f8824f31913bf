/* SPDX-License-Identifier: MIT */
/* vblk bench: its words, and Linux as a home of commands/bench.h: a thread a queue. */
#include "commands/bench.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "cmd/vblk/bench_plot.h"
#include "cmd/vblk/command.h"
#include "cmd/vblk/output.h"
#include "cmd/vblk/place.h"
#include "cmd/vblk/say.h"
#include "cmd/vblk/units.h"
#include "orion/disk.h"
#include "words/text.h"

/* A wait of more than a second in vain tells the device again what it has not answered. */
#define LOOK_NS INT64_C(1100000000)
#define NEWS_NS UINT64_C(200000000)     /* how often is looked whether anything came back */
#define GRACE_NS UINT64_C(5000000000)   /* for what is in flight at the end */

struct settings {
	struct bench_work work;
	const char *mode, *svg;
	bool json;
};

struct thread_bench {
	struct bench bench;
	struct settings settings;
	const char *url;
	struct orion_disk *disk;
	atomic_bool abandon;            /* nothing more is waited for */
	atomic_uint running;            /* lanes at work */
	unsigned abandoned;             /* requests that did not come back */
	char name[PLACE_URL_BYTES];
};

struct thread_lane {
	struct bench_lane base;
	struct orion_queue *queue;
	pthread_t thread;
	bool started;
	uint64_t error_offset;
	bool error_reading;
	void *memory;
	unsigned char *buffers;
	bool borrowed;                  /* not of the disk: free() gives the buffers back */
};

static int run_bench(const struct command *command, int argc, char **argv);

#define ROW(name, kind, field, shown, least, most, help) \
	VALUE(name, 0, kind, work.field, shown, least, most, help),

static const struct option bench_options[] = {
	TEXT("rw", 0, mode, "MODE", "randread (the default), randwrite, read, write or rw"),
	FLAG("poll", 0, work.poll, "never sleep"),
	TEXT("svg", 0, svg, "FILE", "draw the latencies"),
	FLAG("destroy", 0, work.destroy, "allow writing: what is on the disk is lost"),
	FLAG("json", 0, json, "print the result as JSON"),
	BENCH_VALUES(ROW) NO_MORE_OPTIONS,
};

const struct command bench_command = {
	.name = "bench",
	.console = "disk bench",
	.arguments = "URL",
	.summary = "Measures requests a second, throughput and latency",
	.help = "randread and randwrite aim anywhere, rw too with reads and writes\n"
		"mixed; read and write go through the disk in order, each queue through\n"
		"its part.  What writes needs --destroy: the data on the disk are lost.\n"
		"\n"
		"A latency runs from the submission of a request until it was given\n"
		"back; a percentile is at most 1/32 too high.  CPU is that of this\n"
		"process, all threads.  Ctrl-C ends early, with a result.  The words of\n"
		"Orion's console do as well: vblk disk bench URL randread bs=4k.\n",
	.options = bench_options,
	.least = 1,
	.most = 16,
	.run = run_bench,
};

static struct thread_bench *
mine(const struct bench *bench)
{
	return (struct thread_bench *)(void *)bench;
}

static struct thread_lane *
own(const struct bench_lane *lane)
{
	return (struct thread_lane *)(void *)lane;
}

/* ---- Linux as a home ---- */

static unsigned
submit(struct bench_lane *lane, struct orion_io *const *ios, unsigned count, int *why)
{
	struct orion_queue *queue = own(lane)->queue;
	unsigned taken = orion_queue_submit(queue, ios, count);

	/* What the queue has no room for stays: a back end may be away. */
	if (taken < count && orion_queue_refusal(queue) != -EAGAIN)
		*why = orion_queue_refusal(queue);
	if (*why != 0) {
		own(lane)->error_offset = ios[taken]->offset;
		own(lane)->error_reading = ios[taken]->operation == ORION_READ;
	}
	orion_queue_kick(queue);
	return taken;
}

static int
reap(struct bench_lane *lane, struct orion_io **done, unsigned max, bool idle)
{
	const struct timespec nap = {.tv_nsec = 1000000};
	struct orion_queue *queue = own(lane)->queue;

	if (interrupts() > 1 || atomic_load(&mine(lane->bench)->abandon))
		return -1;
	if (idle && orion_queue_in_flight(queue) == 0)
		nanosleep(&nap, NULL);
	return (int)orion_queue_wait(queue, done, max, LOOK_NS);
}

static uint64_t
now_ns(const struct bench *bench)
{
	(void)bench;
	return clock_ns();
}

/* The first failure ends the run: a back end that has gone fails them all. */
static void
failed(struct bench_lane *lane, const struct orion_io *io)
{
	if (lane->failed == 0) {
		own(lane)->error_offset = io->offset;
		own(lane)->error_reading = io->operation == ORION_READ;
	}
	bench_failed(lane, io->result, true);
}

static const struct bench_home thread_home = {
	.submit = submit,
	.reap = reap,
	.now_ns = now_ns,
	.failed = failed,
};

/* ---- lanes ---- */

static void *
lane_main(void *argument)
{
	struct thread_lane *lane = argument;

	bench_lane_run(lane->base.bench, lane->base.index);
	atomic_fetch_sub(&mine(lane->base.bench)->running, 1);
	return NULL;
}

static bool
lane_open(struct thread_bench *its, unsigned index)
{
	const struct bench_work *work = &its->bench.work;
	size_t bytes = work->depth * work->bytes;
	struct thread_lane *lane = aligned_alloc(64, sizeof(*lane));

	if (lane == NULL)
		return false;
	*lane = (struct thread_lane){
		.queue = orion_disk_queue(its->disk, index),
		.memory = calloc(1, bench_lane_bytes(&its->bench)),
		.buffers = orion_disk_alloc(its->disk, bytes),
	};
	its->bench.lanes[index] = &lane->base;
	/* A back end that takes no more memory gets copies. */
	lane->borrowed = lane->buffers == NULL;
	if (lane->borrowed)
		lane->buffers = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
	if (lane->memory == NULL || lane->buffers == NULL)
		return false;
	bench_lane_init(&lane->base, &its->bench, index, lane->memory, lane->buffers,
			(size_t)work->bytes);
	return true;
}

/* After the disk is closed: requests may have been in flight. */
static void
lanes_free(struct thread_bench *its)
{
	for (unsigned i = 0; i < VBLK_QUEUES_MAX && its->bench.lanes[i] != NULL; i++) {
		struct thread_lane *lane = own(its->bench.lanes[i]);

		free(lane->memory);
		if (lane->borrowed)
			free(lane->buffers);
		free(lane);
	}
}

/* ---- all lanes ---- */

static uint64_t
cpu_ns(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * UINT64_C(1000000000) +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

/* What all queues have in flight; *COMPLETED: what has come back since the opening. */
static unsigned
look(const struct thread_bench *its, uint64_t *completed)
{
	struct vblk_queue_stats stats;
	unsigned flying = 0;

	*completed = 0;
	for (unsigned i = 0; i < its->bench.work.queues; i++) {
		struct orion_queue *queue = orion_disk_queue(its->disk, i);

		orion_queue_stats(queue, &stats, NULL);
		flying += orion_queue_in_flight(queue);
		*completed += stats.completed;
	}
	return flying;
}

/* What watch() has seen. */
struct seen {
	struct patience patience;
	uint64_t completed, looked_ns, stopped_ns;
};

/* Says when nothing comes back; false: what is in flight had its time, or nobody wants to wait. */
static bool
is_alive(const struct thread_bench *its, struct seen *seen)
{
	uint64_t completed, now = clock_ns();
	unsigned flying;
	char what[64];

	if (now - seen->looked_ns < NEWS_NS)
		return true;
	seen->looked_ns = now;
	flying = look(its, &completed);
	if (completed != seen->completed || flying == 0)
		seen->patience = (struct patience){0};
	seen->completed = completed;
	snprintf(what, sizeof(what), "%u requests in flight", flying);
	if (flying != 0 && !patience_left(&seen->patience, what))
		return false;
	return seen->stopped_ns == 0 || now - seen->stopped_ns < GRACE_NS;
}

/* Sleeps until the time is over, the lanes are done, or a person wants to end. */
static void
watch(struct thread_bench *its)
{
	const struct timespec nap = {.tv_nsec = 10000000};
	uint64_t start_ns = clock_ns();
	struct progress progress;
	struct seen seen = {0};

	progress_start(&progress, "measuring", METER_UNKNOWN, METER_TIME, false);
	while (atomic_load(&its->running) > 0) {
		uint64_t gone = clock_ns() - start_ns;

		bench_look(&its->bench, gone, interrupts() > 0);
		if (seen.stopped_ns == 0 && bench_stops(&its->bench) != BENCH_GOES_ON)
			seen.stopped_ns = clock_ns();
		if (!is_alive(its, &seen))
			atomic_store(&its->abandon, true);
		progress_show(&progress, gone);
		nanosleep(&nap, NULL);
	}
	progress_end(&progress);
}

static void
count(struct thread_bench *its, int sign)
{
	struct vblk_queue_stats stats;
	struct orion_queue_counters counters;

	for (unsigned i = 0; i < its->bench.work.queues; i++) {
		orion_queue_stats(own(its->bench.lanes[i])->queue, &stats, &counters);
		bench_count(&its->bench, &stats, &counters, sign);
	}
}

/* A thread for each lane; what keeps one from starting is a positive errno. */
static int
start(struct thread_bench *its)
{
	unsigned queues = (unsigned)its->bench.work.queues;
	int result = 0;

	atomic_store(&its->running, queues);
	for (unsigned i = 0; i < queues; i++) {
		struct thread_lane *lane = own(its->bench.lanes[i]);

		if (result == 0)
			result = pthread_create(&lane->thread, NULL, lane_main, lane);
		lane->started = result == 0;
		if (result != 0) {
			bench_failed(&lane->base, -result, true);
			atomic_fetch_sub(&its->running, 1);
		}
	}
	return result;
}

/* Says what went wrong; all queues tell of the same trouble: once is enough. */
static int
verdict(struct thread_bench *its, int no_thread)
{
	const struct thread_lane *lane = NULL;

	for (unsigned i = 0; i < its->bench.work.queues && lane == NULL; i++) {
		if (own(its->bench.lanes[i])->base.error != 0)
			lane = own(its->bench.lanes[i]);
	}
	if (no_thread != 0)
		return trouble("no thread for a queue: %s", strerror(no_thread));
	if (lane != NULL)
		trouble("%s: %s at offset %llu failed: %s", its->url,
			lane->error_reading ? "reading" : "writing",
			(unsigned long long)lane->error_offset, place_disk_words(lane->base.error));
	if (its->abandoned > 0 && interrupts() < 2)
		return trouble("%s: %u requests did not come back", its->url, its->abandoned);
	return lane != NULL             ? STATUS_TROUBLE
	       : its->bench.interrupted ? STATUS_INTERRUPTED
					: STATUS_OK;
}

static int
run_lanes(struct thread_bench *its)
{
	struct bench *bench = &its->bench;
	int result;

	for (unsigned i = 0; i < bench->work.queues; i++) {
		if (!lane_open(its, i))
			return trouble("no memory for %" PRIu64 " buffers of %s a queue",
				       bench->work.depth, print_size(bench->work.bytes).s);
	}
	count(its, -1);
	bench->cpu_ns = -cpu_ns();
	result = start(its);
	watch(its);
	for (unsigned i = 0; i < bench->work.queues; i++) {
		struct thread_lane *lane = own(bench->lanes[i]);

		if (lane->started)
			pthread_join(lane->thread, NULL);
		its->abandoned += bench_lane_in_flight(&lane->base);
	}
	bench->cpu_ns += cpu_ns();
	count(its, 1);
	bench_add_up(bench);
	return verdict(its, result);
}

/* ---- the command ---- */

static void
adjust(struct orion_disk_options *options, void *argument)
{
	const struct bench_work *work = argument;

	options->queues = (uint32_t)work->queues;
	options->depth = (uint32_t)work->depth;
	options->read_only = !bench_writes(work);
	if (work->poll)
		options->wait = ORION_WAIT_POLL;
}

/* What only the opened disk can tell; 0, or a STATUS_*. */
static int
check(struct thread_bench *its)
{
	const struct bench_work *work = &its->bench.work;
	struct orion_disk_info info;
	char words[160];

	orion_disk_info(its->disk, &info);
	if (info.read_only && bench_writes(work))
		return trouble("%s: the disk is read-only", its->url);
	if (bench_fit(&its->bench, info.bytes, info.block_bytes, words) != ORION_OK)
		return trouble("%s", words);
	if (info.queues < work->queues)
		return trouble("--queues=%" PRIu64 ": with this URL the disk has %u", work->queues,
			       info.queues);
	if (info.depth < work->depth)
		return trouble("--depth=%" PRIu64 ": with this URL the disk takes up to %u",
			       work->depth, info.depth);
	return STATUS_OK;
}

static int
measure(struct thread_bench *its)
{
	struct report report;
	int status = check(its);

	if (status != STATUS_OK)
		return status;
	interrupts_catch();
	status = run_lanes(its);
	if (status == STATUS_TROUBLE && its->bench.completed == 0)
		return status;
	report_open(&report, &standard_output, its->settings.json);
	bench_report(&report, &its->bench);
	report_close(&report);
	return status;
}

/* Runs the bench; a picture's FILE is there before, and whole when all went well. */
static int
measure_and_draw(struct thread_bench *its)
{
	const char *svg = its->settings.svg;
	struct output output;
	FILE *file = svg != NULL ? output_stream(&output, svg) : NULL;
	int status, result = 0;

	if (svg != NULL && file == NULL)
		return STATUS_TROUBLE;
	status = measure(its);
	if (file == NULL)
		return status;
	if (its->bench.completed > its->bench.failed) {
		if (!bench_plot(&its->bench, its->url, file))
			result = -errno;
		else
			result = output_commit(&output, fileno(file));
		if (result != 0)
			status = trouble("%s: %s", svg, strerror(-result));
	}
	fclose(file);
	output_drop(&output);
	return status;
}

/* The words of Orion's console behind the URL, as options: "bs=4k" is --bs=4k.  False: said. */
static bool
take_words(const struct command *command, struct settings *settings, int count, char **words)
{
	char texts[16][64], *options[17] = {words[0]};
	struct bench_work modes;
	int left;

	for (int i = 1; i < count; i++) {
		snprintf(texts[i], sizeof(texts[i]), "--%s%s",
			 bench_mode(&modes, words[i]) ? "rw=" : "", words[i]);
		options[i] = texts[i];
	}
	left = options_read(command, settings, count, options);
	return left == 1;
}

/* Reads what was written into ITS; false: it was wrong, which was said. */
static bool
read_words(const struct command *command, struct thread_bench *its, int argc, char **argv)
{
	struct settings *settings = &its->settings;
	struct bench_work *work = &settings->work;
	int words = options_read(command, settings, argc, argv);

	if (words < 0 || !take_words(command, settings, words, argv))
		return false;
	if (!bench_mode(work, settings->mode)) {
		trouble("--rw takes " BENCH_MODES ", not \"%s\"", settings->mode);
		return false;
	}
	bench_settle(work);
	work->queues = work->queues != 0 ? work->queues : 1;
	if (bench_writes(work) && !work->destroy) {
		trouble("--rw=%s writes: what is on the disk would be lost; --destroy says that it "
			"may be",
			work->mode);
		return false;
	}
	return true;
}

static int
run_bench(const struct command *command, int argc, char **argv)
{
	struct thread_bench its = {
		.bench = {.home = &thread_home, .counts = {.interrupts = BENCH_UNKNOWN}},
		.settings = {.mode = "randread"},
	};
	int status;

	bench_work_init(&its.settings.work);
	if (!read_words(command, &its, argc, argv))
		return STATUS_TROUBLE;
	its.url = argv[0];
	its.bench.work = its.settings.work;
	place_url_plain(its.url, its.name, sizeof(its.name));
	its.bench.disk = its.name;
	its.disk = place_open_disk(its.url, adjust, &its.bench.work);
	if (its.disk == NULL)
		return STATUS_TROUBLE;
	status = measure_and_draw(&its);
	if (interrupts() > 1 || its.abandoned > 0)
		leave(status);
	patience_while("the back end to let go");
	orion_disk_close(its.disk);
	patience_over();
	lanes_free(&its);
	return status;
}

/* SPDX-License-Identifier: MIT */
/* disk bench on the console: its words, and Orion as a home of the bench.  See bench.h. */
#include "commands/bench.h"

#include "commands/args.h"
#include "commands/print.h"
#include "commands/progress.h"
#include "commands/table.h"
#include "words/text.h"

#define NAME "disk bench"
#define USAGE                                                                                  \
	"DISK [randread|randwrite|read|write|rw] [destroy] [poll] [bs=4k] [depth=32] "         \
	"[queues=Q] [time=5s|count=N] [reads=50] [seed=S] [resets=R [unsettled]] [--json]"

#define POLL_NS UINT64_C(20000)
#define CHECK_NS UINT64_C(20000000)
#define LEAVE_NS UINT64_C(1000000000) /* for what is in flight when the run ends early */

struct console_bench {
	struct bench bench;
	struct command_context *context;
	struct storage_disk *disk;
	struct progress progress;
	uint64_t start_ns;
	bool json;
};

struct console_lane {
	struct bench_lane base;
	struct storage_lane *its;       /* the framework's */
	struct storage_wait wait;
	uint64_t checked_ns, sleeps;
	bool claimed;                   /* while it runs, or the device holds what is in flight */
	struct orion_region region;     /* of the buffers, if the device reaches them */
};

static struct console_bench *
mine(const struct bench *bench)
{
	return (struct console_bench *)(void *)bench;
}

static struct console_lane *
own(const struct bench_lane *lane)
{
	return (struct console_lane *)(void *)lane;
}

/* ---- arguments ---- */

enum value_kind {
	SIZE,
	NUMBER,
	SECONDS,
};

static const struct value {
	const char *prefix;
	enum value_kind kind;
	size_t at; /* in struct bench_work */
	uint64_t least, most;
} values[] = {
#define ROW(name, kind, field, shown, least, most, help) \
	{name "=", kind, offsetof(struct bench_work, field), least, most},
	BENCH_VALUES(ROW)
#undef ROW
		{"resets=", NUMBER, offsetof(struct bench_work, resets), 0, 1000000},
};

static orion_status
take_value(struct console_bench *its, const struct value *value, const char *text)
{
	uint64_t *into = (uint64_t *)(void *)((char *)&its->bench.work + value->at);

	return (value->kind == SECONDS ? args_duration : args_size)(
		its->context, NAME, value->prefix, text, value->least, value->most, into);
}

static bool
take_flag(struct console_bench *its, const char *word)
{
	struct bench_work *work = &its->bench.work;

	if (text_equal(word, "--json"))
		its->json = true;
	else if (text_equal(word, "destroy"))
		work->destroy = true;
	else if (text_equal(word, "poll"))
		work->poll = true;
	else if (text_equal(word, "settled") || text_equal(word, "unsettled"))
		work->settled = word[0] == 's';
	else
		return bench_mode(work, text_begins(word, "rw=") ? word + 3 : word);
	return true;
}

static orion_status
take_word(struct console_bench *its, const char *word)
{
	if (take_flag(its, word))
		return ORION_OK;
	for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (text_begins(word, values[i].prefix))
			return take_value(its, &values[i], word + text_length(values[i].prefix));
	}
	return args_refuse(its->context, NAME, ORION_INVALID,
			   "'%s' is not understood; write: " NAME " %s", word, USAGE);
}

/* Where no memory but the queues' own may be shared, the buffers are there. */
static orion_status
fit_bounces(struct console_bench *its, const struct vblk_info *info)
{
	struct bench_work *work = &its->bench.work;
	uint64_t room;

	if (!info->bounces)
		return ORION_OK;
	if (work->bytes > VBLK_BOUNCE_BYTES) {
		return args_refuse(its->context, NAME, ORION_TOO_LARGE,
				   "bs= is %s; without DMA of other memory (dma_enabled, "
				   "zero_copy_enabled) it is at most %s",
				   print_exact(work->bytes).s, print_exact(VBLK_BOUNCE_BYTES).s);
	}
	room = info->bounce_pieces * (uint64_t)VBLK_BOUNCE_BYTES / work->bytes;
	if (work->depth > room)
		work->depth = room;
	return ORION_OK;
}

/* The parameters against the disk: what cannot be is refused, what was not given is chosen. */
static orion_status
fit_disk(struct console_bench *its)
{
	struct command_context *context = its->context;
	const struct vblk_info *info = vblk_info(its->disk->device);
	uint64_t most_queues = info->queues < context->lanes ? info->queues : context->lanes;
	struct bench_work *work = &its->bench.work;
	char words[160];
	orion_status status =
		bench_fit(&its->bench, storage_bytes(its->disk), info->block_bytes, words);

	if (status != ORION_OK)
		return args_refuse(context, NAME, status, "%s", words);
	if (work->queues > most_queues) {
		return args_refuse(
			context, NAME, ORION_INVALID,
			"queues= is %llu; %s has %u queues and the host %u lanes: at most %llu",
			wide(work->queues), its->disk->name, info->queues, context->lanes,
			wide(most_queues));
	}
	if (work->resets != 0 && !info->queue_reset) {
		return args_refuse(context, NAME, ORION_NOT_SUPPORTED,
				   "resets= needs a device with VIRTIO_F_RING_RESET; %s has none",
				   its->disk->name);
	}
	if (work->queues == 0)
		work->queues = most_queues;
	if (work->depth > info->queue_depth)
		work->depth = info->queue_depth;
	return fit_bounces(its, info);
}

static orion_status
check_write(const struct console_bench *its)
{
	const struct bench_work *work = &its->bench.work;

	if (!bench_writes(work))
		return ORION_OK;
	if (!work->destroy) {
		return args_refuse(its->context, NAME, ORION_INVALID,
				   "%s overwrites the data on %s; if that is wanted, add the word "
				   "'destroy'",
				   work->mode, its->disk->name);
	}
	if (!its->json)
		print(its->context, "warning: this destroys the data on %s\n", its->disk->name);
	return ORION_OK;
}

/* ---- Orion as a home ---- */

static unsigned
submit(struct bench_lane *lane, struct orion_io *const *ios, unsigned count, int *why)
{
	struct storage_lane *its = own(lane)->its;
	unsigned taken = storage_submit(its, ios, count);

	if (taken < count && its->refusal != ORION_NO_ROOM)
		*why = its->refusal;
	if (taken != 0)
		storage_kick(its);
	return taken;
}

/* Nothing moved: poll for a moment, then sleep.  False when there is no sense in waiting on. */
static bool
wait_more(struct bench_lane *lane)
{
	const struct console_bench *its = mine(lane->bench);
	struct storage *storage = its->context->storage;
	uint64_t late_ns = clock_ns(its->context) - own(lane)->wait.progress_ns;
	orion_status status;

	if (late_ns < POLL_NS)
		return true;
	status = storage_unanswered(storage, its->disk, lane->index, &own(lane)->wait);
	if (status == ORION_OK && bench_stops(lane->bench) == BENCH_EARLY && late_ns > LEAVE_NS)
		status = ORION_TIMED_OUT;
	if (status != ORION_OK) {
		bench_failed(lane, (int)status, true);
		return false;
	}
	if (!lane->bench->work.poll) {
		own(lane)->sleeps++;
		storage_sleep(storage, its->disk, lane->index);
	}
	return true;
}

/* Something moved: the wait begins anew. */
static void
note_progress(struct bench_lane *lane)
{
	const struct console_bench *its = mine(lane->bench);

	storage_answered(its->context->storage, its->disk, lane->index, &own(lane)->wait);
}

static int
reap(struct bench_lane *lane, struct orion_io **done, unsigned max, bool idle)
{
	unsigned count = storage_reap(own(lane)->its, done, max);

	if (count != 0)
		note_progress(lane);
	else if (idle && !wait_more(lane))
		return -1;
	return (int)count;
}

static uint64_t
now_ns(const struct bench *bench)
{
	return clock_ns(mine(bench)->context);
}

/* Its bytes were counted when it was submitted. */
static void
failed(struct bench_lane *lane, const struct orion_io *io)
{
	struct storage_disk *disk = mine(lane->bench)->disk;
	struct storage_account *its = &disk->lanes[lane->index];
	orion_status verdict = storage_verdict(disk);

	/* Of a disk that failed every other request will be the same. */
	if (verdict != ORION_OK)
		bench_failed(lane, (int)verdict, true);
	(void)__atomic_add_fetch(io->operation == ORION_WRITE ? &its->failed_bytes_written
							      : &its->failed_bytes_read,
				 io->bytes, __ATOMIC_RELAXED);
}

/* The clock, progress and Ctrl-C, now and then; only lane 0 may call the console. */
static void
look(struct bench_lane *lane)
{
	struct console_bench *its = mine(lane->bench);
	const struct bench_work *work = &its->bench.work;
	uint64_t now;

	if (lane->index != 0)
		return;
	now = clock_ns(its->context);
	if (now - own(lane)->checked_ns < CHECK_NS)
		return;
	own(lane)->checked_ns = now;
	progress_show(&its->progress,
		      work->count == 0 ? now - its->start_ns : lane->completed * work->queues);
	bench_look(&its->bench, now - its->start_ns,
		   !its->bench.interrupted && args_interrupted(its->context));
}

static int
reset(struct bench_lane *lane, struct orion_io **back, unsigned *count)
{
	struct vblk_queue *queue = vblk_queue_get(mine(lane->bench)->disk->device, lane->index);
	orion_status status = vblk_queue_stop(queue);
	unsigned more;

	while (status == ORION_OK &&
	       (more = storage_reap(own(lane)->its, back + *count, BENCH_BATCH)) != 0)
		*count += more;
	if (status == ORION_OK)
		status = vblk_queue_start(queue);
	note_progress(lane);
	return (int)status;
}

static void
pause(struct bench_lane *lane, uint64_t ns)
{
	const struct storage_host *host = &mine(lane->bench)->context->storage->host;

	host->idle(host->port_context, lane->index, ns);
}

static const struct bench_home console_home = {
	.submit = submit,
	.reap = reap,
	.now_ns = now_ns,
	.failed = failed,
	.look = look,
	.reset = reset,
	.pause = pause,
	.late = ORION_TIMED_OUT,
};

/* ---- lanes ---- */

/* Bytes of a lane with what the bench keeps for it, and a buffer if all is copied. */
static size_t
lane_bytes(const struct console_bench *its)
{
	bool bounces = vblk_info(its->disk->device)->bounces;

	return sizeof(struct console_lane) + bench_lane_bytes(&its->bench) +
	       (bounces ? (size_t)its->bench.work.bytes : 0);
}

static orion_status
lane_open(struct console_bench *its, unsigned index)
{
	struct manager *manager = its->context->manager;
	struct storage *storage = its->context->storage;
	const struct bench_work *work = &its->bench.work;
	orion_status status = storage_claim(storage, its->disk, index);
	struct console_lane *lane;
	unsigned char *memory;
	bool shared;

	if (status != ORION_OK)
		return status;
	/* It could be had; whoever runs takes it: one that does not run is in nobody's way. */
	storage_unclaim(storage, its->disk, index);
	lane = manager->memory_take(manager->port_context, lane_bytes(its));
	if (lane == NULL)
		return ORION_NO_MEMORY;
	memory = (unsigned char *)(lane + 1);
	lane->its = storage_lane_of(its->disk, index);
	if (!vblk_info(its->disk->device)->bounces)
		status = storage_dma_take(storage, its->disk, (size_t)(work->bytes * work->depth),
					  &lane->region);
	if (status != ORION_OK) {
		manager->memory_give(manager->port_context, lane, lane_bytes(its));
		return status;
	}
	shared = lane->region.cpu != NULL;
	bench_lane_init(&lane->base, &its->bench, index, memory,
			shared ? lane->region.cpu : memory + bench_lane_bytes(&its->bench),
			shared ? (size_t)work->bytes : 0);
	its->bench.lanes[index] = &lane->base;
	return ORION_OK;
}

/* Gives everything back, now or when the device lets go of it. */
static void
lanes_close(struct console_bench *its)
{
	struct manager *manager = its->context->manager;
	struct storage *storage = its->context->storage;

	for (unsigned i = 0; i < its->bench.work.queues; i++) {
		struct console_lane *lane = own(its->bench.lanes[i]);

		if (lane == NULL)
			continue;
		if (bench_lane_abandon(&lane->base) != 0) {
			storage_leave(storage, its->disk, i, bench_writes(&its->bench.work),
				      &lane->region, lane, lane_bytes(its));
			continue;
		}
		if (lane->region.cpu != NULL)
			storage_dma_give(storage, its->disk, &lane->region);
		manager->memory_give(manager->port_context, lane, lane_bytes(its));
	}
}

static orion_status
refuse_lanes(struct console_bench *its, orion_status status)
{
	const struct bench_work *work = &its->bench.work;

	if (status == ORION_BUSY) {
		return args_refuse(its->context, NAME, status,
				   "%s still holds requests that were given up", its->disk->name);
	}
	if (orion_status_family(status) == ORION_FAMILY_HOST) {
		return args_refuse(its->context, NAME, status,
				   "no memory for %llu queues of %llu buffers of %s within "
				   "shared_memory_size; lower bs=, depth= or queues=",
				   wide(work->queues), wide(work->depth),
				   print_size(work->bytes).s);
	}
	return args_fail(its->context, NAME, its->disk, status);
}

static orion_status
lanes_open(struct console_bench *its)
{
	for (unsigned i = 0; i < its->bench.work.queues; i++) {
		orion_status status = lane_open(its, i);

		if (status != ORION_OK) {
			lanes_close(its);
			return refuse_lanes(its, status);
		}
	}
	return ORION_OK;
}

static void
run_lanes(struct console_bench *its, void (*function)(void *argument, unsigned lane))
{
	struct command_context *context = its->context;

	if (its->bench.work.queues == 1 || context->run_on_lanes == NULL) {
		for (unsigned i = 0; i < its->bench.work.queues; i++)
			function(&its->bench, i);
		return;
	}
	context->run_on_lanes(context->host, (unsigned)its->bench.work.queues, function,
			      &its->bench);
}

/* Nothing is in flight: the lane is anybody's. */
static void
let_go(struct console_bench *its, struct console_lane *lane)
{
	if (bench_lane_in_flight(&lane->base) != 0)
		return;
	lane->claimed = false;
	storage_unclaim(its->context->storage, its->disk, lane->base.index);
}

static void
run_lane(void *argument, unsigned index)
{
	struct console_bench *its = argument;
	struct console_lane *lane = own(its->bench.lanes[index]);
	orion_status status = storage_claim(its->context->storage, its->disk, index);

	lane->base.start_ns = lane->base.end_ns = clock_ns(its->context);
	if (status != ORION_OK) {
		bench_failed(&lane->base, (int)status, true);
		return;
	}
	lane->claimed = true;
	storage_wait_begin(its->context->storage, &lane->wait);
	bench_lane_run(&its->bench, index);
	let_go(its, lane);
}

static void
drain_lane(void *argument, unsigned index)
{
	struct console_bench *its = argument;
	struct console_lane *lane = own(its->bench.lanes[index]);

	if (!lane->claimed)
		return;
	bench_lane_drain(&its->bench, index);
	let_go(its, lane);
}

/* A device that does not come back: everything in flight is there to be taken. */
static void
recover(struct console_bench *its)
{
	if (storage_verdict(its->disk) != ORION_OK)
		run_lanes(its, drain_lane);
}

/* What the driver has counted: SIGN times. */
static void
count(struct console_bench *its, int sign)
{
	bool per_queue = vblk_info(its->disk->device)->irq_mode == VIRTIO_IRQ_PER_QUEUE;
	struct bench_counts *counts = &its->bench.counts;
	struct vblk_queue_stats stats;
	struct vblk_irq_stats irq;

	for (unsigned i = 0; i < its->bench.work.queues; i++) {
		const struct console_lane *lane = own(its->bench.lanes[i]);

		vblk_queue_stats(vblk_queue_get(its->disk->device, i), &stats, &irq);
		bench_count(&its->bench, &stats, &lane->its->counters, sign);
		/* With a shared vector each queue counts all interrupts. */
		if (per_queue || i == 0)
			counts->interrupts += (uint64_t)(int64_t)sign * irq.interrupts;
		counts->sleeps += lane->sleeps;
	}
}

static void
print_figures(struct console_bench *its)
{
	struct command_context *context = its->context;
	struct report report;

	if (its->json && context->hold != NULL)
		context->hold(context->host, true);
	report_open(&report, &(struct text_sink){context->write, context->host}, its->json);
	bench_report(&report, &its->bench);
	report_close(&report);
	if (its->json && context->hold != NULL)
		context->hold(context->host, false);
}

static orion_status
measure(struct console_bench *its)
{
	struct bench *bench = &its->bench;
	orion_status status = lanes_open(its);
	bool timed = bench->work.count == 0;

	if (status != ORION_OK)
		return status;
	progress_start(&its->progress, its->context, NAME,
		       timed ? bench->work.time_ns : bench->work.count,
		       timed ? METER_TIME : METER_REQUESTS);
	count(its, -1);
	its->start_ns = clock_ns(its->context);
	run_lanes(its, run_lane);
	count(its, 1);
	progress_end(&its->progress);
	recover(its);
	bench_add_up(bench);
	print_figures(its);
	lanes_close(its);
	if (bench->interrupted)
		return args_refuse(its->context, NAME, COMMAND_INTERRUPTED, "interrupted");
	if (bench->error != 0)
		return args_fail(its->context, NAME, its->disk, (orion_status)bench->error);
	return ORION_OK;
}

static orion_status
run_bench(struct command_context *context, int argc, char **argv)
{
	struct console_bench its = {.context = context,
				    .bench = {.home = &console_home, .cpu_ns = BENCH_UNKNOWN}};
	struct bench_work *work = &its.bench.work;
	struct storage_handle *handle;
	orion_status status = args_count(context, NAME, argc, 1, 14, USAGE);

	bench_work_init(work);
	for (int i = 1; i < argc && status == ORION_OK; i++)
		status = take_word(&its, argv[i]);
	bench_settle(work);
	if (status == ORION_OK) {
		unsigned right = bench_writes(work) ? STORAGE_MAY_WRITE : STORAGE_MAY_READ;

		if (work->reads != 0)
			right |= STORAGE_MAY_READ;
		status = args_disk(context, NAME, argv[0], right | STORAGE_MAY_STATS, &handle);
	}
	if (status != ORION_OK)
		return status;
	its.disk = handle->disk;
	its.bench.disk = its.disk->name;
	status = check_write(&its);
	if (status == ORION_OK)
		status = fit_disk(&its);
	if (status == ORION_OK)
		status = measure(&its);
	storage_close(context->storage, handle);
	return status;
}

const struct command bench_command = {
	NAME, USAGE,
	"Measures the disk: IOPS, bandwidth, latency.\n"
	"Q lanes work at once, each on its queue with DEPTH requests in flight, for a time or "
	"until\n"
	"N requests are done.  Without other words: randread, bs=4k (or one block), depth=32, "
	"every\n"
	"queue, time=5s.  depth= is lowered to what a queue holds.  randwrite, write and rw "
	"(reads=\n"
	"per cent of reads) overwrite data and need the word 'destroy'.  'poll': never sleep.\n"
	"resets=R: each lane resets its queue R times on the way, each time when nothing is in\n"
	"flight there; 'unsettled': it does not wait, and sends again what was in flight.  QEMU's\n"
	"devices do not survive that: they want a reset of all.",
	run_bench};

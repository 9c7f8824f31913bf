/* SPDX-License-Identifier: MIT */
/* What a bench is asked for, and what came of it: see bench.h. */
#include "commands/bench.h"

#include "words/text.h"

#define SECOND UINT64_C(1000000000)
#define TIME_DEFAULT (5 * SECOND)
#define COUNT_DEFAULT UINT64_C(16384) /* with resets */

void
bench_work_init(struct bench_work *work)
{
	*work = (struct bench_work){.mode = "randread",
				    .random = true,
				    .settled = true,
				    .depth = 32,
				    .seed = 1,
				    .reads = 50};
}

bool
bench_mode(struct bench_work *work, const char *word)
{
	static const struct {
		const char *name;
		bool random;
	} modes[] = {
		{"randread", true}, {"randwrite", true}, {"read", false},
		{"write", false},   {"rw", true},
	};

	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (text_equal(word, modes[i].name)) {
			work->mode = modes[i].name;
			work->random = modes[i].random;
			return true;
		}
	}
	return false;
}

void
bench_settle(struct bench_work *work)
{
	if (text_equal(work->mode, "read") || text_equal(work->mode, "randread"))
		work->reads = 100;
	else if (!text_equal(work->mode, "rw"))
		work->reads = 0;
	if (work->count == 0 && work->resets != 0)
		work->count = COUNT_DEFAULT;
	if (work->count != 0)
		work->time_ns = 0;
	else if (work->time_ns == 0)
		work->time_ns = TIME_DEFAULT;
}

orion_status
bench_fit(struct bench *bench, uint64_t bytes, uint64_t block, char words[160])
{
	struct bench_work *work = &bench->work;

	if (work->bytes == 0)
		work->bytes = block > 4096 ? block : 4096;
	if (work->bytes % block != 0) {
		(void)print_into(words, 160,
				 "bs= is %s; it has to be a multiple of the block size, %llu bytes",
				 print_exact(work->bytes).s, wide(block));
		return ORION_MISALIGNED;
	}
	bench->units = bytes / work->bytes;
	if (bench->units == 0) {
		(void)print_into(words, 160, "%.64s has %llu bytes, less than one bs= of %llu",
				 bench->disk, wide(bytes), wide(work->bytes));
		return ORION_OUT_OF_RANGE;
	}
	return ORION_OK;
}

/* ---- sums ---- */

void
bench_count(struct bench *bench, const struct vblk_queue_stats *stats,
	    const struct orion_queue_counters *counters, int sign)
{
	struct bench_counts *counts = &bench->counts;
	uint64_t times = (uint64_t)(int64_t)sign;

	counts->kicks += times * stats->kicks;
	counts->submitted += times * stats->submitted;
	counts->submit_batches += times * stats->submit_batches;
	counts->reaped += times * stats->completed;
	counts->reap_batches += times * stats->reap_batches;
	counts->sleeps += times * counters->sleeps;
	counts->replayed += times * counters->replayed;
}

void
bench_add_up(struct bench *bench)
{
	uint64_t start = UINT64_MAX, end = 0;

	for (unsigned i = 0; i < bench->work.queues; i++) {
		const struct bench_lane *lane = bench->lanes[i];

		start = lane->start_ns < start ? lane->start_ns : start;
		end = lane->end_ns > end ? lane->end_ns : end;
		bench->completed += lane->completed;
		bench->failed += lane->failed;
		bench->resets += lane->resets;
		bench->given_back += lane->given_back;
		if (bench->error == 0)
			bench->error = lane->error;
		if (i != 0)
			latency_merge(&bench->lanes[0]->latency, &lane->latency);
	}
	bench->elapsed_ns = end > start ? end - start : 1;
}

/* ---- the report ---- */

/* What failed moved nothing. */
static uint64_t
good(const struct bench *bench)
{
	return bench->completed - bench->failed;
}

static uint64_t
per_second(const struct bench *bench, uint64_t value)
{
	return print_scale(value, SECOND, bench->elapsed_ns);
}

/* "  WORD 0.031" for each request, nothing when nobody counts it. */
static struct print_text
each(const struct bench *bench, const char *word, uint64_t value, unsigned decimals)
{
	struct print_text text = {""};

	if (value != BENCH_UNKNOWN)
		(void)print_into(text.s, sizeof(text.s), "  %s %s", word,
				 print_ratio(value, bench->completed, decimals).s);
	return text;
}

static void
report_text_form(struct report *report, const struct bench *bench)
{
	const struct bench_work *work = &bench->work;
	const struct bench_counts *counts = &bench->counts;

	report_line(report, "%s %s bs=%s depth=%llu queues=%llu seed=%llu%s", bench->disk,
		    work->mode, print_exact(work->bytes).s, wide(work->depth), wide(work->queues),
		    wide(work->seed), work->poll ? " poll" : "");
	report->depth++;
	report_line(report, "%-12s %llu completed in %s s, %llu failed", "requests",
		    wide(bench->completed), print_fixed(bench->elapsed_ns / 1000000, 3).s,
		    wide(bench->failed));
	if (bench->resets != 0)
		report_line(report, "%-12s %llu, %llu requests given back and sent again", "resets",
			    wide(bench->resets), wide(bench->given_back));
	report_line(report, "%-12s %llu", "IOPS", wide(per_second(bench, good(bench))));
	report_line(report, "%-12s %s/s", "bandwidth",
		    print_size(per_second(bench, good(bench) * work->bytes)).s);
	latency_report(report, &bench->lanes[0]->latency);
	report_line(report, "%-12s%s%s%s%s", "per request",
		    each(bench, "kicks", counts->kicks, 3).s + 1,
		    each(bench, "interrupts", counts->interrupts, 3).s,
		    each(bench, "sleeps", counts->sleeps, 3).s,
		    each(bench, "CPU ns", bench->cpu_ns, 0).s);
	report_line(report, "%-12s submitted %s  reaped %s", "mean batch",
		    print_ratio(counts->submitted, counts->submit_batches, 1).s,
		    print_ratio(counts->reaped, counts->reap_batches, 1).s);
	report->depth--;
}

static void
report_each(struct report *report, const struct bench *bench, const char *key, uint64_t value)
{
	if (value == BENCH_UNKNOWN)
		report_none(report, key, NULL);
	else
		report_ratio(report, key, value, bench->completed);
}

static void
report_work(struct report *report, const struct bench *bench)
{
	const struct bench_work *work = &bench->work;

	report_text(report, "disk", bench->disk);
	report_text(report, "mode", work->mode);
	report_number(report, "read_percent", work->reads);
	report_number(report, "request_bytes", work->bytes);
	report_number(report, "depth", work->depth);
	report_number(report, "queues", work->queues);
	report_number(report, "seed", work->seed);
	report_flag(report, "poll", work->poll);
	report_flag(report, "interrupted", bench->interrupted);
}

void
bench_report(struct report *report, const struct bench *bench)
{
	const struct bench_counts *counts = &bench->counts;
	uint64_t bytes = good(bench) * bench->work.bytes;

	if (!report->json) {
		report_text_form(report, bench);
		return;
	}
	report_work(report, bench);
	report_number(report, "elapsed_ns", bench->elapsed_ns);
	report_number(report, "requests", bench->completed);
	report_number(report, "failed", bench->failed);
	report_number(report, "bytes", bytes);
	report_number(report, "resets", bench->resets);
	report_number(report, "given_back", bench->given_back);
	report_number(report, "requests_per_second", per_second(bench, good(bench)));
	report_number(report, "bytes_per_second", per_second(bench, bytes));
	report_each(report, bench, "cpu_ns_per_request", bench->cpu_ns);
	report_each(report, bench, "kicks_per_request", counts->kicks);
	report_each(report, bench, "interrupts_per_request", counts->interrupts);
	report_each(report, bench, "sleeps_per_request", counts->sleeps);
	report_number(report, "replayed", counts->replayed);
	report_ratio(report, "mean_submit_batch", counts->submitted, counts->submit_batches);
	report_ratio(report, "mean_reap_batch", counts->reaped, counts->reap_batches);
	latency_report(report, &bench->lanes[0]->latency);
}

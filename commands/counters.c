/* SPDX-License-Identifier: MIT */
/* Counters of a queue, and their sum over a disk: see counters.h. */
#include "commands/counters.h"

#include "commands/print.h"

/* TICKS of the port's counter, if it has one, in microseconds, once there is a request. */
static void
report_ticks(const struct command_context *context, struct report *report, const char *key,
	     uint64_t requests, uint64_t ticks)
{
	uint64_t rate = context->manager->port->ticks_per_second;

	if (requests == 0 || rate == 0)
		report_none(report, key, "-");
	else
		report_fixed(report, key, print_scale(ticks, 10000000, rate), 1);
}

static void
describe_latency(const struct command_context *context, struct report *report,
		 const struct vblk_queue_stats *stats)
{
	static const struct {
		const char *key;
		unsigned thousandths;
	} rows[] = {{"latency_us_p50", 500}, {"latency_us_p99", 990}, {"latency_us_p99.9", 999}};
	uint64_t requests = stats->completed;

	report_ticks(context, report, "latency_us_mean", requests,
		     requests == 0 ? 0 : stats->latency_ticks / requests);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t ticks = orion_stats_percentile(stats->latency, rows[i].thousandths);

		/* The bucket's edge may lie above the largest value that was seen. */
		ticks = ticks < stats->latency_max_ticks ? ticks : stats->latency_max_ticks;
		report_ticks(context, report, rows[i].key, requests, ticks);
	}
	report_ticks(context, report, "latency_us_max", requests, stats->latency_max_ticks);
}

static void
describe_counters(struct command_context *context, struct report *report,
		  const struct vblk_queue_stats *stats, const struct vblk_irq_stats *irq)
{
	report_number(report, "submitted", stats->submitted);
	report_number(report, "completed", stats->completed);
	report_number(report, "failed", stats->failed);
	report_number(report, "refused", stats->refused);
	report_number(report, "ring_full", stats->ring_full);
	report_number(report, "reads", stats->reads);
	report_number(report, "writes", stats->writes);
	report_number(report, "flushes", stats->flushes);
	report_number(report, "others", stats->others);
	report_bytes(report, "bytes_read", stats->bytes_read);
	report_bytes(report, "bytes_written", stats->bytes_written);
	report_number(report, "split", stats->split);
	report_number(report, "parts", stats->parts);
	report_number(report, "submit_batches", stats->submit_batches);
	report_number(report, "reap_batches", stats->reap_batches);
	report_number(report, "reaps_empty", stats->reaps_empty);
	report_number(report, "kicks", stats->kicks);
	report_number(report, "kicks_saved", stats->kicks_saved);
	report_number(report, "interrupts", irq->interrupts);
	report_number(report, "config_interrupts", irq->config_interrupts);
	report_number(report, "used_length_odd", stats->used_length_odd);
	report_number(report, "short_lengths", stats->short_lengths);
	report_number(report, "status_unwritten", stats->status_unwritten);
	describe_latency(context, report, stats);
}

/* The counters of queue INDEX; what failed was submitted, but no byte of it counts as moved. */
static void
read_counters(const struct storage_disk *disk, unsigned index, struct vblk_queue_stats *stats,
	      struct vblk_irq_stats *irq)
{
	const struct storage_account *lane = &disk->lanes[index];

	vblk_queue_stats(vblk_queue_get(disk->device, index), stats, irq);
	stats->bytes_read -= __atomic_load_n(&lane->failed_bytes_read, __ATOMIC_RELAXED);
	stats->bytes_written -= __atomic_load_n(&lane->failed_bytes_written, __ATOMIC_RELAXED);
}

void
counters_queue(struct command_context *context, struct report *report,
	       const struct storage_disk *disk, unsigned index)
{
	struct vblk_queue_stats stats;
	struct vblk_irq_stats irq;

	read_counters(disk, index, &stats, &irq);
	describe_counters(context, report, &stats, &irq);
}

/*
 * The device's sum over its queues.  A shared vector counts for each queue: it is taken once.  Not
 * inlined, to keep two sets of counters out of one stack frame.
 */
__attribute__((noinline)) static void
sum_queues(const struct storage_disk *disk, struct vblk_queue_stats *sum, uint64_t *interrupts)
{
	bool per_queue = vblk_info(disk->device)->irq_mode == VIRTIO_IRQ_PER_QUEUE;

	*sum = (struct vblk_queue_stats){.submitted = 0};
	*interrupts = 0;
	for (unsigned i = 0; vblk_queue_get(disk->device, i) != NULL; i++) {
		struct vblk_queue_stats stats;
		struct vblk_irq_stats irq;

		read_counters(disk, i, &stats, &irq);
		orion_stats_add(sum, &stats);
		if (per_queue || i == 0)
			*interrupts += irq.interrupts;
	}
}

void
counters_disk(struct command_context *context, struct report *report,
	      const struct storage_disk *disk)
{
	struct vblk_queue_stats sum;
	uint64_t interrupts;

	sum_queues(disk, &sum, &interrupts);
	report_number(report, "requests", sum.completed);
	report_number(report, "failed", sum.failed);
	report_number(report, "reads", sum.reads);
	report_number(report, "writes", sum.writes);
	report_number(report, "flushes", sum.flushes);
	report_bytes(report, "bytes_read", sum.bytes_read);
	report_bytes(report, "bytes_written", sum.bytes_written);
	describe_latency(context, report, &sum);
	report_number(report, "short_lengths", sum.short_lengths);
	report_ratio(report, "kicks_per_request", sum.kicks, sum.completed);
	report_ratio(report, "interrupts_per_request", interrupts, sum.completed);
	report_ratio(report, "mean_submit_batch", sum.submitted, sum.submit_batches);
	report_ratio(report, "mean_reap_batch", sum.completed, sum.reap_batches);
}

/* SPDX-License-Identifier: MIT */
/* Counters of a queue, and their sum over a disk: see counters.h. */
#include "commands/counters.h"

#include "commands/latency.h"

#define OF_QUEUE(field) #field, .at = offsetof(struct view_queue, field)
#define OF_DRIVER(field) #field, .at = offsetof(struct view_queue, stats.field)

const struct counter counter_table[COUNTERS_COUNT] = {
	{OF_DRIVER(submitted), .help = "requests handed over"},
	{OF_DRIVER(completed), .help = "requests that came back"},
	{OF_DRIVER(failed), .help = "of these, requests that failed"},
	{OF_DRIVER(refused), .help = "requests that break a rule"},
	{OF_DRIVER(ring_full), .help = "submissions that found the queue full"},
	{OF_DRIVER(reads), .help = "reads handed over"},
	{OF_DRIVER(writes), .help = "writes handed over"},
	{OF_DRIVER(flushes), .help = "flushes handed over"},
	{OF_DRIVER(others), .help = "requests of other kinds handed over"},
	{OF_DRIVER(bytes_read), .help = "bytes of reads handed over", .bytes = true},
	{OF_DRIVER(bytes_written), .help = "bytes of writes handed over", .bytes = true},
	{OF_DRIVER(split), .help = "requests cut to the device's limits"},
	{OF_DRIVER(parts), .help = "parts that these were cut into"},
	{OF_DRIVER(submit_batches), .help = "submissions that handed something over"},
	{OF_DRIVER(reap_batches), .help = "collections that found something"},
	{OF_DRIVER(reaps_empty), .help = "collections that found nothing"},
	{OF_DRIVER(kicks), .help = "notifications to the device"},
	{OF_DRIVER(kicks_saved), .help = "notifications that the device did not need"},
	{OF_QUEUE(interrupts), .help = "interrupts of completions"},
	{OF_QUEUE(config_interrupts), .help = "interrupts of the configuration"},
	{OF_DRIVER(used_length_odd), .help = "answers that told of more than was lent"},
	{OF_DRIVER(short_lengths), .help = "answers that told of less than was asked for"},
	{OF_DRIVER(status_unwritten), .help = "answers without a status"},
	{OF_QUEUE(waits), .help = "waits that found nothing at first"},
	{OF_QUEUE(sleeps), .help = "waits that slept"},
	{OF_QUEUE(late), .help = "requests kicked for again, or found by looking"},
	{OF_QUEUE(bounced), .help = "requests copied to memory of the device's"},
	{OF_QUEUE(bounced_bytes), .help = "bytes copied so", .bytes = true},
	{OF_QUEUE(replayed), .help = "requests sent again after a reconnection"},
	{OF_QUEUE(stale_flushes), .help = "flushes that failed, writes being lost"},
};

uint64_t
counter_value(const struct counter *counter, const struct view_queue *queue)
{
	return *(const uint64_t *)(const void *)((const char *)queue + counter->at);
}

void
view_queue_clear(struct view_queue *queue)
{
	*queue = (struct view_queue){.in_flight = VIEW_NONE};
	queue->interrupts = queue->config_interrupts = VIEW_NONE;
	queue->waits = queue->sleeps = queue->late = VIEW_NONE;
	queue->bounced = queue->bounced_bytes = VIEW_NONE;
	queue->replayed = queue->stale_flushes = VIEW_NONE;
}

static void
report_count(struct report *report, const char *key, uint64_t value, bool bytes)
{
	if (value == VIEW_NONE)
		report_none(report, key, NULL);
	else if (bytes)
		report_bytes(report, key, value);
	else
		report_number(report, key, value);
}

/* TICKS, once there is a request and if there is a clock, in microseconds. */
static void
report_ticks(struct report *report, const struct view *view, const char *key, uint64_t requests,
	     uint64_t ticks)
{
	if (requests == 0 || view->ticks_per_second == 0)
		report_none(report, key, "-");
	else
		report_fixed(report, key, print_scale(ticks, 1000000000, view->ticks_per_second),
			     3);
}

static void
report_latency(struct report *report, const struct view *view, const struct vblk_queue_stats *stats)
{
	static const struct {
		const char *key;
		unsigned thousandths;
	} rows[] = {{"latency_us_p50", 500}, {"latency_us_p99", 990}, {"latency_us_p999", 999}};
	uint64_t requests = stats->completed;

	report_ticks(report, view, "latency_us_mean", requests,
		     requests == 0 ? 0 : stats->latency_ticks / requests);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t ticks = latency_counted(stats->latency, stats->latency_max_ticks,
						 rows[i].thousandths);

		report_ticks(report, view, rows[i].key, requests, ticks);
	}
	report_ticks(report, view, "latency_us_max", requests, stats->latency_max_ticks);
}

void
counters_queue(struct report *report, const struct view *view, const struct view_queue *queue)
{
	report_count(report, "in_flight", queue->in_flight, false);
	for (unsigned i = 0; i < COUNTERS_COUNT; i++)
		report_count(report, counter_table[i].name, counter_value(&counter_table[i], queue),
			     counter_table[i].bytes);
	report_latency(report, view, &queue->stats);
}

/* MORE onto *SUM: what one of them does not know is not known. */
static void
add(uint64_t *sum, uint64_t more)
{
	*sum = *sum == VIEW_NONE || more == VIEW_NONE ? VIEW_NONE : *sum + more;
}

/* Whether each queue has what is AT as the device's own. */
static bool
is_of_all(const struct view *view, size_t at)
{
	return at == offsetof(struct view_queue, config_interrupts) ||
	       (at == offsetof(struct view_queue, interrupts) && view->interrupts_shared);
}

/*
 * The sum over the queues of VIEW.  What is the device's, as a shared vector, is taken once.  Not
 * inlined, to keep two sets of counters out of one stack frame.
 */
__attribute__((noinline)) static void
sum_queues(const struct view *view, struct view_queue *sum)
{
	struct view_queue one;

	view_queue_clear(&one);
	for (unsigned i = 0; view->count != NULL && view->count(view, i, &one); i++) {
		if (i == 0) {
			*sum = one;
		} else {
			orion_stats_add(&sum->stats, &one.stats);
			add(&sum->in_flight, one.in_flight);
			for (unsigned c = 0; c < COUNTERS_COUNT; c++) {
				size_t at = counter_table[c].at;

				if (at < offsetof(struct view_queue, stats) && !is_of_all(view, at))
					add((uint64_t *)(void *)((char *)sum + at),
					    counter_value(&counter_table[c], &one));
			}
		}
		view_queue_clear(&one);
	}
}

void
counters_disk(struct report *report, const struct view *view)
{
	struct view_queue sum;

	view_queue_clear(&sum);
	sum_queues(view, &sum);
	counters_queue(report, view, &sum);
	report_ratio(report, "kicks_per_request", sum.stats.kicks, sum.stats.completed);
	if (sum.interrupts == VIEW_NONE)
		report_none(report, "interrupts_per_request", NULL);
	else
		report_ratio(report, "interrupts_per_request", sum.interrupts, sum.stats.completed);
	report_ratio(report, "mean_submit_batch", sum.stats.submitted, sum.stats.submit_batches);
	report_ratio(report, "mean_reap_batch", sum.stats.completed, sum.stats.reap_batches);
}

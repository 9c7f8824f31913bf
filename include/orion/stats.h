/* SPDX-License-Identifier: MIT */
/*
 * The counter catalogue: name, unit, who increments it, what to think when it moves.
 *
 * Each word has one writer: the queue's owner, or (struct vblk_irq_stats) the interrupt handler of
 * that queue.  Writers use plain stores.  vblk_queue_stats() copies the words one by one: each is
 * exact, together they are a moment's blur.  All count from the opening of the device; none is ever
 * reset, so that two readers can subtract on their own.
 */
#ifndef ORION_STATS_H
#define ORION_STATS_H

#include <stdint.h>

#include "orion/api.h"

ORION_BEGIN_C

/*
 * Latency buckets, a quarter of a power of two each.  Bucket b < 8 holds exactly b ticks; bucket b
 * >= 8 starts at (4 + b % 4) << (b / 4 - 1) ticks.  The last ends at the last 64-bit number.  See
 * orion_stats_bucket_floor().
 */
#define ORION_LATENCY_BUCKETS 252

/* Written by the queue's owner. */
struct vblk_queue_stats {
	uint64_t submitted;        /* requests taken by vblk_submit() */
	uint64_t completed;        /* completions given by vblk_reap(), errors included */
	uint64_t failed;           /* of these, completions with a result other than ORION_OK */
	uint64_t refused;          /* requests not taken because they break a rule */
	uint64_t ring_full;        /* calls to vblk_submit() that ended for want of room */
	uint64_t reads, writes, flushes, others;  /* submitted, by operation */
	uint64_t bytes_read;       /* submitted, in bytes */
	uint64_t bytes_written;
	uint64_t split;            /* requests cut into parts to fit the device's limits */
	uint64_t parts;            /* parts they were cut into */
	uint64_t submit_batches;   /* calls to vblk_submit() that took at least one request */
	uint64_t reap_batches;     /* calls to vblk_reap() that gave at least one completion */
	uint64_t reaps_empty;      /* calls that gave none */
	uint64_t kicks;            /* doorbells rung */
	uint64_t kicks_saved;      /* kicks not needed: the device was awake */
	uint64_t used_length_odd;  /* used lengths above what was lent; clamped */
	uint64_t short_lengths;    /* reads and get-ids, or parts of them, that succeeded by their
	                            * status though the used length is below what was lent */
	uint64_t status_unwritten; /* completed without a status byte; the request failed */
	uint64_t latency_ticks;    /* sum over completed requests */
	uint64_t latency_max_ticks;
	uint64_t latency[ORION_LATENCY_BUCKETS];
};

/*
 * Adds MORE to SUM: counts and sums are added, of the two latency_max_ticks the larger stays.  For
 * the sum over queues, or over lives of one queue.  Any context.
 */
ORION_API void orion_stats_add(struct vblk_queue_stats *sum, const struct vblk_queue_stats *more);

/* Written by interrupt handlers. */
struct vblk_irq_stats {
	uint64_t interrupts;       /* for this queue; with a shared vector, for all */
	uint64_t config_interrupts;
};

/* Smallest number of ticks that bucket B (0 .. ORION_LATENCY_BUCKETS - 1) holds. */
ORION_API uint64_t orion_stats_bucket_floor(unsigned b);

/* The bucket for TICKS. */
ORION_API unsigned orion_stats_bucket(uint64_t ticks);

/*
 * The latency in ticks that THOUSANDTHS (0 .. 1000) of the COUNT entries in BUCKETS do not exceed,
 * as the upper edge of its bucket: at most a quarter too high.  0 when COUNT is 0.
 */
ORION_API uint64_t orion_stats_percentile(const uint64_t buckets[ORION_LATENCY_BUCKETS],
					  unsigned thousandths);

ORION_END_C

#endif

/* SPDX-License-Identifier: MIT */
/*
 * vblk bench: the work that is measured, the lanes that do it (a thread a queue), and what came of
 * it.
 */
#ifndef CMD_VBLK_BENCH_H
#define CMD_VBLK_BENCH_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "orion/disk.h"

struct bench {
	/* The work. */
	const char *url;
	const char *mode;         /* randread, randwrite, read, write, rw */
	bool random;
	unsigned read_percent;    /* how many of the requests read */
	uint64_t piece_bytes;     /* of a request */
	uint64_t depth, queues;
	uint64_t time_ns;         /* how long; 0: COUNT requests instead */
	uint64_t count;
	uint64_t seed;
	struct orion_disk *disk;
	uint64_t disk_bytes;
	atomic_bool stop;
	atomic_bool abandon;      /* nothing more is waited for */
	atomic_uint running;      /* lanes at work */

	/* What came of it. */
	uint64_t elapsed_ns, cpu_ns;    /* of the whole process */
	uint64_t bytes;
	struct vblk_queue_stats stats;  /* of all queues, summed */
	struct orion_queue_counters counters;
	bool interrupted, failed;
	unsigned abandoned;       /* requests that did not come back */

	struct lane *lanes;
};

struct lane {
	struct bench *bench;
	struct orion_queue *queue;
	pthread_t thread;
	unsigned index;
	struct orion_io *ios;
	struct orion_io **ready;        /* aimed, and not yet submitted */
	unsigned ready_count;
	char *memory;
	bool borrowed;            /* not of the disk: free() gives it back */
	uint64_t random;          /* state of the generator */
	uint64_t first, end, next;      /* sequential: pieces of the disk that are this lane's */
	uint64_t left;            /* requests still to be aimed */
	int error;                /* 0, or the first failure, a negative errno */
	uint64_t error_offset;
	bool error_reading;
};

/* Does the work on every queue, and fills in what came of it.  A STATUS_*; troubles are said. */
int bench_run(struct bench *bench);

/* Frees what it needed.  After the disk is closed: requests may have been in flight. */
void bench_free(struct bench *bench);

/* The latency that THOUSANDTHS of the requests did not exceed; the greatest, for 1000. */
double bench_latency_ns(const struct bench *bench, unsigned thousandths);

/* Ticks of the histogram as nanoseconds. */
double bench_ns(uint64_t ticks);

/* Draws the latencies as an SVG picture into FILE; false: it could not be written. */
bool bench_plot(const struct bench *bench, FILE *file);

#endif

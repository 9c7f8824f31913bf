/* SPDX-License-Identifier: MIT */
/*
 * disk bench: its parameters, and one lane's run against its queue.
 *
 * bench.c reads the arguments, prepares the lanes, runs them at once and prints; bench_lane.c is
 * what each lane does.  A lane drives its queue by vblk_submit(), vblk_kick() and vblk_reap()
 * directly.
 */
#ifndef COMMANDS_BENCH_H
#define COMMANDS_BENCH_H

#include "commands/latency.h"
#include "commands/progress.h"

#define BENCH_BATCH 32u
#define BENCH_DEADLINE_NS UINT64_C(30000000000)

struct bench {
	struct command_context *context;
	struct storage_disk *disk;
	const char *mode;
	bool write, random, poll, destroy, settled;
	uint64_t bs, depth, count, queues, seed;
	uint64_t resets;                /* of each queue, with requests in flight unless settled */
	uint64_t units;                 /* blocks of BS on the disk */
	struct bench_lane *lanes[VBLK_QUEUES_MAX];
	struct progress progress;
	uint32_t setup;                 /* atomic: a lane resets or refreshes; one at a time */
	uint32_t stop;                  /* atomic: end early, whatever the reason */
	bool interrupted;
};

struct bench_slot {
	struct vblk_segment segment;
	uint64_t sector;
	uint64_t start_ns;
};

/* One lane's own; only its lane touches it while it runs. */
struct bench_lane {
	_Alignas(64) struct bench *bench;
	struct vblk_queue *queue;
	unsigned index;
	uint64_t quota;                 /* requests to complete */
	uint64_t submitted, completed, failed;
	uint64_t next;                  /* sequential: unit of the next request, from FIRST */
	uint64_t first, span;           /* sequential: this lane's part of the disk */
	uint64_t random;
	uint64_t start_ns, end_ns, progress_ns, checked_ns;
	orion_status status;            /* why it ended early, or the first failed request's */
	struct orion_region region;     /* the buffers, one after the other */
	struct vblk_queue_stats before, after;
	struct vblk_irq_stats irq_before, irq_after;
	struct latency latency;
	struct bench_slot *slots;       /* DEPTH of them */
	uint16_t *free;                 /* slots not in flight */
	unsigned free_count;
	uint16_t *again;                /* slots whose requests a reset gave back */
	unsigned again_count;
	uint64_t resets, given_back;
};

/* The run of LANE: a function for run_on_lanes(), its argument a struct bench. */
void bench_lane_run(void *argument, unsigned lane);

/* After vblk_stop(): takes back what LANE still had in flight. */
void bench_lane_drain(void *argument, unsigned lane);

/* Requests of LANE that the device holds. */
unsigned bench_lane_in_flight(const struct bench_lane *lane);

#endif

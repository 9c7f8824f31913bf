/* SPDX-License-Identifier: MIT */
/*
 * disk bench: its parameters, and one lane's run against its queue.
 *
 * bench.c reads the arguments, prepares the lanes, runs them at once and prints; bench_lane.c is
 * what each lane does: it keeps requests of its own in flight on the framework's lane.
 */
#ifndef COMMANDS_BENCH_H
#define COMMANDS_BENCH_H

#include "commands/latency.h"
#include "commands/progress.h"

#define BENCH_BATCH 32u

struct bench {
	struct command_context *context;
	struct storage_disk *disk;
	const char *mode;
	bool write, random, poll, destroy, settled;
	uint64_t bs, depth, count, queues, seed;
	uint64_t resets;                /* of each queue, with nothing in flight if settled */
	uint64_t units;                 /* blocks of BS on the disk */
	struct bench_lane *lanes[VBLK_QUEUES_MAX];
	struct progress progress;
	uint32_t setup;                 /* atomic: a lane resets its queue; one at a time */
	uint32_t stop;                  /* atomic: end early, whatever the reason */
	bool interrupted;
};

struct bench_slot {
	struct orion_io io;
	uint64_t start_ns;
};

/* One lane's own; only its lane touches it while it runs. */
struct bench_lane {
	_Alignas(64) struct bench *bench;
	struct storage_lane *its;       /* the framework's */
	struct vblk_queue *queue;
	unsigned index;
	uint64_t quota;                 /* requests to complete */
	uint64_t submitted, completed, failed;
	uint64_t next;                  /* sequential: unit of the next request, from FIRST */
	uint64_t first, span;           /* sequential: this lane's part of the disk */
	uint64_t random;
	uint64_t start_ns, end_ns, checked_ns;
	struct storage_wait wait;
	orion_status status;            /* why it ended early, or the first failed request's */
	struct orion_region region;     /* of the buffers, if the device reaches them */
	unsigned char *buffers;         /* one after the other; one for all if they are copied */
	struct vblk_queue_stats before, after;
	struct vblk_irq_stats irq_before, irq_after;
	struct latency latency;
	struct bench_slot *slots;       /* DEPTH of them */
	struct bench_slot **free;       /* slots not in flight */
	unsigned free_count;
	struct orion_io **again;        /* requests that a reset gave back */
	unsigned again_count;
	uint64_t resets, given_back;
	bool claimed;                   /* while it runs, or the device holds what is in flight */
};

/* The run of LANE: a function for run_on_lanes(), its argument a struct bench. */
void bench_lane_run(void *argument, unsigned lane);

/* The disk failed: takes back what LANE still had in flight. */
void bench_lane_drain(void *argument, unsigned lane);

/* A request failed: its bytes were counted when it was submitted. */
void bench_lane_count_failure(struct bench_lane *lane);

/* Requests of LANE that the device holds. */
unsigned bench_lane_in_flight(const struct bench_lane *lane);

#endif

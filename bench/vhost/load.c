/* SPDX-License-Identifier: MIT */
/*
 * One load on a vhost-user disk, by whichever library bench/vhost/peer.h is filled with.
 *
 *     PROGRAM SOCKET OPERATION BYTES DEPTH WAIT TIME|COUNT
 *
 * OPERATION is randread, randwrite, read or write (in sequence); WAIT is spin, event or adaptive.
 * With a time that has a unit it runs that long after a tenth of warming up; otherwise it makes
 * that many requests, for who counts instructions.  One that spins then leaves the server the time
 * to do all before it waits, so that no poll is in vain.  The client runs on the second CPU; the
 * server belongs on the first.
 *
 * Prints: requests a second; the same in those 2 ms pieces of the run that only a tenth were
 * quicker than, which other programs hardly disturbed; nanoseconds until the median and the 99th of
 * a hundred was done; of this process's CPU per request; of a cache line from one CPU to the other
 * and back, before and after.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "bench/ball.h"
#include "bench/vhost/peer.h"
#include "orion/units.h"

/* Latencies, in clock ticks: 32 steps to each power of two. */
#define STEPS 32u
#define BINS (64u * STEPS)

#define WINDOW_NS 2000000u
#define WINDOWS 2048u

/* What a server gets for all that is in flight. */
#define SLOW_US 1000u

static struct load {
	struct peer_request requests[DEPTH_MAX];
	uint64_t began[DEPTH_MAX];
	uint64_t random, next;          /* next: of a sequence */
	uint64_t disk_bytes, done;
	uint64_t bins[BINS];
	double windows[WINDOWS];        /* requests a second, of pieces of the run */
	unsigned window_count;
	uint64_t window_begin, window_done;
	uint32_t bytes;
	unsigned depth;
	bool write, sequence, slow;
} load;

void
load_fail(const char *what, const char *why)
{
	fprintf(stderr, "bench/vhost: %s: %s\n", what, why);
	exit(1);
}

static uint64_t
now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t
ticks(void)
{
	return __builtin_ia32_rdtsc();
}

static unsigned
bin_of(uint64_t value)
{
	unsigned power = 63 - (unsigned)__builtin_clzll(value | STEPS);

	return power * STEPS + (unsigned)(value >> (power - 5) & (STEPS - 1));
}

/* Ticks in the middle of the bin that holds the PART of all. */
static double
quantile(double part)
{
	uint64_t all = 0, sum = 0;
	unsigned bin = 0;

	for (unsigned i = 0; i < BINS; i++)
		all += load.bins[i];
	while (bin < BINS - 1 && (double)(sum += load.bins[bin]) < part * (double)all)
		bin++;
	return (double)(UINT64_C(1) << bin / STEPS) * (1 + (bin % STEPS + 0.5) / STEPS);
}

static uint64_t
next_offset(void)
{
	uint64_t blocks = load.disk_bytes / load.bytes;

	if (load.sequence)
		return load.next++ % blocks * load.bytes;
	load.random ^= load.random << 13;
	load.random ^= load.random >> 7;
	load.random ^= load.random << 17;
	return (uint64_t)((unsigned __int128)load.random * blocks >> 64) * load.bytes;
}

/* Hands the requests of SLOTS over, each at a new place. */
static void
submit(const uint32_t *slots, unsigned count)
{
	struct peer_request batch[DEPTH_MAX];
	uint64_t now = ticks();

	for (unsigned i = 0; i < count; i++) {
		struct peer_request *request = &load.requests[slots[i]];

		request->offset = next_offset();
		batch[i] = *request;
		load.began[slots[i]] = now;
	}
	peer_submit(batch, count);
}

static unsigned
collect(uint32_t *slots)
{
	unsigned count;
	uint64_t now;

	if (load.slow) {
		peer_kick();
		usleep(SLOW_US);
	}
	count = peer_wait(slots, load.depth);
	now = ticks();
	for (unsigned i = 0; i < count; i++)
		load.bins[bin_of(now - load.began[slots[i]])]++;
	load.done += count;
	return count;
}

/* Ends a piece of the run at NOW, unless it is too short to tell. */
static void
look_at_window(uint64_t now)
{
	uint64_t done = load.done - load.window_done, took = now - load.window_begin;

	if (took < WINDOW_NS || done < 4 * load.depth || load.window_count == WINDOWS)
		return;
	load.windows[load.window_count++] = (double)done / (double)took * 1e9;
	load.window_done = load.done;
	load.window_begin = now;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x < y) - (x > y);
}

/* The piece that only a tenth were quicker than. */
static double
tenth(void)
{
	qsort(load.windows, load.window_count, sizeof(*load.windows), compare);
	return load.window_count != 0 ? load.windows[load.window_count / 10] : 0;
}

/* Keeps the depth full for NS nanoseconds, or until COUNT were done; none is left in flight. */
static void
drive(uint64_t ns, uint64_t count)
{
	uint32_t slots[DEPTH_MAX];
	uint64_t now = now_ns(CLOCK_MONOTONIC), end = now + ns, submitted = load.depth;
	unsigned n = load.depth;

	load.done = load.window_done = 0;
	load.window_count = 0;
	load.window_begin = now;
	memset(load.bins, 0, sizeof(load.bins));
	for (unsigned i = 0; i < n; i++)
		slots[i] = i;
	submit(slots, n);
	for (unsigned round = 1; submitted < count; round++) {
		n = collect(slots);
		if (round % 16 == 0)
			look_at_window(now = now_ns(CLOCK_MONOTONIC));
		if (ns != 0 && now >= end)
			break;
		submit(slots, n);
		submitted += n;
	}
	while (load.done < submitted)
		(void)collect(slots);
}

static void *
other_side(void *ball)
{
	if (!ball_pin(0))
		load_fail("pinning", "two CPUs are needed");
	ball_return(ball);
	return NULL;
}

static double
ping_pong(void)
{
	static struct ball ball;
	pthread_t thread;
	double took;

	if (pthread_create(&thread, NULL, other_side, &ball) != 0)
		load_fail("the other thread", "there is none");
	took = ball_serve(&ball);
	pthread_join(thread, NULL);
	return took;
}

/* For NS nanoseconds, or COUNT requests if NS is 0. */
static void
measure(uint64_t ns, uint64_t count)
{
	uint64_t wall, cpu, tick;
	double took, per_tick;

	if (ns != 0)
		drive(ns / 10, count);
	wall = now_ns(CLOCK_MONOTONIC);
	cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	tick = ticks();
	drive(ns, count);
	took = (double)(now_ns(CLOCK_MONOTONIC) - wall);
	per_tick = took / (double)(ticks() - tick);
	cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	printf("%.0f %.0f %.0f %.0f %.1f", (double)load.done / took * 1e9, tenth(),
	       quantile(0.5) * per_tick, quantile(0.99) * per_tick,
	       (double)cpu / (double)load.done);
}

int
main(int argc, char **argv)
{
	uint64_t bytes = 0, depth = 0, ns = 0, count = UINT64_MAX;
	double before = 0, after = 0;
	unsigned char *memory;
	bool timed;

	if (argc != 7)
		load_fail("usage", "PROGRAM SOCKET OPERATION BYTES DEPTH WAIT TIME|COUNT");
	load.sequence = strncmp(argv[2], "rand", 4) != 0;
	load.write = strstr(argv[2], "write") != NULL;
	load.random = 88172645463325252;
	timed = !orion_units_number(argv[6], &count);
	load.slow = !timed && strcmp(argv[5], "spin") == 0;
	if (timed && !orion_units_duration(argv[6], &ns))
		load_fail(argv[6], "a number, or " ORION_UNITS_DURATION_FORMS ", is needed");
	if (!orion_units_size(argv[3], &bytes) || bytes == 0 || bytes > UINT32_MAX)
		load_fail(argv[3], "the bytes of a request are needed");
	if (!orion_units_number(argv[4], &depth) || depth == 0 || depth > DEPTH_MAX)
		load_fail(argv[4], "a depth of 1 to 128 is needed");
	load.bytes = (uint32_t)bytes;
	load.depth = (unsigned)depth;
	if (!ball_pin(1))
		load_fail("pinning", "two CPUs are needed");
	if (timed)
		before = ping_pong();
	memory = peer_open(argv[1], argv[5], load.depth, (size_t)load.bytes * load.depth,
			   &load.disk_bytes);
	memset(memory, 0x5a, (size_t)load.bytes * load.depth);
	for (unsigned i = 0; i < load.depth; i++)
		load.requests[i] = (struct peer_request){
			.buffer = memory + (size_t)i * load.bytes,
			.bytes = load.bytes,
			.slot = i,
			.write = load.write,
		};
	measure(ns, count);
	peer_close();
	if (timed)
		after = ping_pong();
	printf(" %.0f %.0f\n", before, after);
	return 0;
}

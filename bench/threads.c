/* SPDX-License-Identifier: MIT */
/*
 * Driver and device in two threads, each on a CPU of its own: what a request takes.
 *
 *     threads [WORDS]      the words are those of options.h
 *
 * With "polled" both sides spin; otherwise each asks to be woken, through the event index or the
 * flags, and sleeps on an eventfd when there is nothing to do.  Printed are nanoseconds per request
 * (of the run's parts the median, and the one that only a tenth are quicker than: what it takes
 * while no third program has one of the CPUs) and the time that a cache line takes from one CPU to
 * the other and back, just before and just after: the one means nothing without the other.
 *
 * With "check" every request carries a number that the device must give back, the threads may run
 * anywhere and yield: that is for ThreadSanitizer (races.py).
 */
#include <pthread.h>
#include <sched.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "bench/ball.h"
#include "bench/disk.h"
#include "bench/rig.h"
#include "base/shared.h"

#define DEPTH_MAX 256u
/* Parts of a run that are timed apart. */
#define WINDOWS 500u

/* What one request in flight owns. */
struct buffer {
	alignas(64) le64 header[2];
	unsigned char status;
	alignas(64) uint64_t data[512];
};

struct run {
	struct bench_options options;
	struct ring_device *device;
	int kick, call; /* eventfds */
	alignas(128) bool stop; /* atomic */
	struct ball ball;

	/* The driver's. */
	alignas(128) struct ring_rig rig;
	struct disk disk;
	const struct ring_verbs *verbs;
	struct buffer buffers[DEPTH_MAX];
	struct ring_request requests[DEPTH_MAX];
	struct vblk_request reads[DEPTH_MAX];
	struct vblk_segment segments[DEPTH_MAX];
	uint64_t started, done;
};

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static void
pin(unsigned n)
{
	if (!ball_pin(n))
		bench_fail("two CPUs are needed, and to be pinned to each");
}

static void
idle(const struct run *run)
{
	if (run->options.check)
		sched_yield();
	else
		arch_relax();
}

static void
wake(int eventfd)
{
	eventfd_write(eventfd, 1);
}

static void
sleep_on(int eventfd)
{
	eventfd_t count;

	eventfd_read(eventfd, &count);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* One round of the device's: false when there is nothing to do and it must end. */
static bool
serve(struct run *run)
{
	struct ring_device *device = run->device;

	if (ring_device_poll(device, UINT32_MAX) != 0) {
		if (!run->options.polled && ring_device_ask(device))
			wake(run->call);
		return true;
	}
	if (__atomic_load_n(&run->stop, __ATOMIC_ACQUIRE))
		return false;
	if (run->options.polled) {
		idle(run);
	} else {
		if (ring_device_arm(device))
			sleep_on(run->kick);
		ring_device_disarm(device);
	}
	return true;
}

static void *
device_thread(void *argument)
{
	struct run *run = argument;

	if (!run->options.check) {
		pin(1);
		ball_return(&run->ball);
	}
	if (run->options.polled)
		ring_device_disarm(run->device);
	while (serve(run))
		;
	if (!run->options.check)
		ball_return(&run->ball);
	return NULL;
}

/* Writes what the device must give back. */
static void
prepare(struct run *run, unsigned slot, uint64_t number)
{
	run->buffers[slot].data[0] = 0;
	if (run->options.core)
		run->reads[slot].sector = number;
	else
		run->buffers[slot].header[1] = cpu_to_le64(number);
}

static void
verify(const struct run *run, unsigned slot, uint64_t number)
{
	if (run->buffers[slot].data[0] != cpu_to_le64(number).raw)
		bench_fail("a request came back with another's data");
}

/* Hands over COUNT requests, the slots of which follow each other. */
static void
submit_run(struct run *run, unsigned slot, unsigned count)
{
	if (run->options.core) {
		if (vblk_submit(run->disk.queues[0], &run->reads[slot], count) != count)
			bench_fail("the queue did not take a batch");
		return;
	}
	for (unsigned i = 0; i < count; i++)
		if (!run->verbs->add(&run->rig, &run->requests[slot + i]))
			bench_fail("the ring is full");
}

static void
submit(struct run *run, unsigned count)
{
	const unsigned depth = run->options.depth;
	unsigned slot = (unsigned)(run->started % depth);
	bool wanted;

	for (unsigned i = 0; run->options.check && i < count; i++)
		prepare(run, (slot + i) % depth, run->started + i);
	run->started += count;
	if (slot + count > depth) {
		submit_run(run, slot, depth - slot);
		count -= depth - slot;
		slot = 0;
	}
	submit_run(run, slot, count);
	if (run->options.core)
		wanted = vblk_kick(run->disk.queues[0]);
	else
		wanted = run->verbs->kick(&run->rig);
	if (wanted && !run->options.polled)
		wake(run->kick);
}

/* The device takes requests in order, so they come back in order. */
static void
came_back(struct run *run, uint64_t cookie)
{
	unsigned slot = (unsigned)(run->done % run->options.depth);

	if (cookie != slot)
		bench_fail("a request came back that was not due");
	if (run->options.check)
		verify(run, slot, run->done);
	run->done++;
}

static unsigned
reap(struct run *run)
{
	struct vblk_completion completions[DEPTH_MAX];
	uint64_t cookie;
	uint32_t length;
	unsigned count = 0;

	if (!run->options.core) {
		for (; run->verbs->get(&run->rig, &cookie, &length); count++)
			came_back(run, cookie);
		return count;
	}
	count = vblk_reap(run->disk.queues[0], completions, DEPTH_MAX);
	for (unsigned i = 0; i < count; i++) {
		if (completions[i].result != ORION_OK)
			bench_fail("a request failed");
		came_back(run, completions[i].cookie);
	}
	return count;
}

static void
rest(struct run *run)
{
	bool armed;

	if (run->options.polled) {
		idle(run);
		return;
	}
	armed = run->options.core ? vblk_arm(run->disk.queues[0]) : run->verbs->arm(&run->rig);
	if (armed)
		sleep_on(run->call);
	if (run->options.core)
		vblk_disarm(run->disk.queues[0]);
	else
		run->verbs->disarm(&run->rig);
}

/*
 * Keeps the depth full until COUNT requests were made, and waits for the last.  TOOK gets the
 * nanoseconds per request of each of WINDOWS parts.
 */
static void
drive(struct run *run, uint64_t count, double *took)
{
	const uint64_t end = run->done + count, window = count / WINDOWS;
	uint64_t first = run->done, begun = now_ns();
	unsigned n = 0;

	while (run->done < end) {
		uint64_t room = run->options.depth - (run->started - run->done);
		uint64_t left = end - run->started, batch = room < left ? room : left;

		if (batch != 0)
			submit(run, (unsigned)batch);
		if (reap(run) == 0)
			rest(run);
		if (run->done - first >= window && n < WINDOWS) {
			uint64_t now = now_ns();

			took[n++] = (double)(now - begun) / (double)(run->done - first);
			first = run->done;
			begun = now;
		}
	}
	qsort(took, n, sizeof(*took), compare);
	for (unsigned i = n; i < WINDOWS; i++)
		took[i] = took[n - 1];
}

static void
open_run(struct run *run)
{
	if (run->options.depth > DEPTH_MAX)
		bench_fail("depth must be 1 to 256");
	if (run->options.core)
		disk_open(&run->disk, &run->options);
	else
		ring_rig_open(&run->rig, &run->options);
	run->device = run->options.core ? &run->disk.sink.rings[0] : &run->rig.device;
	run->verbs = ring_rig_verbs(&run->options);
	run->kick = eventfd(0, 0);
	run->call = eventfd(0, 0);
	for (unsigned i = 0; i < DEPTH_MAX; i++) {
		struct buffer *buffer = &run->buffers[i];

		run->requests[i] = (struct ring_request){{{(uintptr_t)buffer->header, 16},
							  {(uintptr_t)buffer->data, 4096},
							  {(uintptr_t)&buffer->status, 1}},
							 i};
		run->segments[i] = (struct vblk_segment){(uintptr_t)buffer->data, 4096, 0};
		run->reads[i] = (struct vblk_request){.segments = &run->segments[i],
						      .cookie = i,
						      .segment_count = 1,
						      .operation = VBLK_READ};
	}
}

int
main(int argc, char **argv)
{
	static struct run run;
	static double took[WINDOWS];
	double before = 0, after = 0;
	pthread_t device;

	run.options = bench_options(argc, argv);
	open_run(&run);
	if (pthread_create(&device, NULL, device_thread, &run) != 0)
		bench_fail("no thread");
	if (!run.options.check) {
		pin(0);
		before = ball_serve(&run.ball);
		drive(&run, run.options.count / 10 + 1, took);
	}
	drive(&run, run.options.count, took);
	__atomic_store_n(&run.stop, true, __ATOMIC_RELEASE);
	wake(run.kick);
	if (!run.options.check)
		after = ball_serve(&run.ball);
	pthread_join(device, NULL);
	printf("%.1f tenth %.1f median %.1f before %.1f after\n", took[WINDOWS / 10],
	       took[WINDOWS / 2], before, after);
	return 0;
}

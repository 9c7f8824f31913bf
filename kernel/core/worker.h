/* SPDX-License-Identifier: MIT */
/*
 * Workers: every CPU is one, and owns lane n = queue n of every disk.
 *
 * CPU 0 is the console's; the others sleep until worker_run_on() has something for them.  A worker
 * that waits sleeps in worker_idle() and is woken by worker_wake(), from any CPU or interrupt: a
 * wake-up that comes before the sleep makes the sleep return at once, so none is lost.
 */
#ifndef KERNEL_CORE_WORKER_H
#define KERNEL_CORE_WORKER_H

#include "kernel/core/arch.h"

#define WORKER_FOREVER UINT64_MAX

struct worker {
	_Alignas(64) uint32_t woken; /* set by wakers, cleared by the worker */
	uint32_t job_ready; /* set by worker_run_on(), cleared by the worker */
	void (*job)(void *argument, unsigned lane);
	void *job_argument;
	uint64_t timer_deadline; /* the worker's timer is set for it; 0: not set */
	uint64_t sleeps;
	uint64_t sleep_ticks; /* slept in all, but for the present sleep */
	uint64_t asleep_since; /* 0: awake */
};

/* The worker of CPU; its address is also the event that the driver core wakes. */
struct worker *worker_of(unsigned cpu);

/* Wakes WORKER.  Any context. */
void worker_wake(struct worker *worker);

/*
 * Lets this CPU's worker sleep until it was woken since this function last returned, or until NS
 * nanoseconds have passed (WORKER_FOREVER: no limit).  May return early.
 */
void worker_idle(uint64_t ns);

/* The same, but a wake-up that came stays for worker_idle(): after one this hardly pauses. */
void worker_pause(uint64_t ns);

/*
 * Runs FUNCTION(ARGUMENT, lane) on lanes 0 .. COUNT - 1, lane 0 on the caller, which must be CPU 0;
 * returns when all have returned.  COUNT is at most the number of CPUs.
 */
void worker_run_on(unsigned count, void (*function)(void *argument, unsigned lane), void *argument);

/* Starts the other CPUs; afterwards worker_count() is the number of CPUs. */
void worker_start(void);
unsigned worker_count(void);

/* How long WORKER has slept, the present sleep included. */
uint64_t worker_sleep_ticks(const struct worker *worker);

/* This CPU's timer fired.  Context: interrupt. */
void worker_timer_arrived(void);

#endif

/* SPDX-License-Identifier: MIT */
/* See worker.h. */
#include "kernel/core/worker.h"

#include "kernel/core/print.h"
#include "kernel/core/time.h"

#define TIMER_CHECK_NS 50000u
#define TIMER_GIVE_UP_NS (5 * NS_PER_SECOND) /* whoever emulates us may be slow */

static struct worker workers[CPUS_MAX];
static unsigned workers_running = 1;
static uint32_t jobs_left; /* by lanes 1 and up, of the job that runs */

struct worker *
worker_of(unsigned cpu)
{
	return &workers[cpu];
}

unsigned
worker_count(void)
{
	return workers_running;
}

/* A machine whose timer is silent would hang at its first wait: say so beforehand. */
static void
check_timer(void)
{
	struct worker *me = &workers[arch_cpu()];
	uint64_t begin = arch_ticks();

	arch_timer_arm(begin + time_ticks(TIMER_CHECK_NS));
	while (__atomic_load_n(&me->woken, __ATOMIC_ACQUIRE) == 0 &&
	       arch_ticks() - begin < time_ticks(TIMER_GIVE_UP_NS))
		arch_relax();
	if (__atomic_exchange_n(&me->woken, 0, __ATOMIC_SEQ_CST) == 0)
		kprint("clock: the timer does not interrupt: waits may take for ever\n");
}

void
worker_start(void)
{
	check_timer();
	workers_running = arch_cpus_start();
}

void
worker_wake(struct worker *worker)
{
	unsigned cpu = (unsigned)(worker - workers);

	/*
	 * Whoever changes it from 0 to 1 sends the interrupt; a second one would say nothing new.
	 */
	if (__atomic_exchange_n(&worker->woken, 1, __ATOMIC_SEQ_CST) == 0 && cpu != arch_cpu())
		arch_cpu_interrupt(cpu);
}

/* Sets the timer unless it is set for an earlier moment: that costs but one more round. */
static void
timer_set(struct worker *me, uint64_t now, uint64_t deadline)
{
	uint64_t set = __atomic_load_n(&me->timer_deadline, __ATOMIC_RELAXED);

	if (set > now && set <= deadline)
		return;
	__atomic_store_n(&me->timer_deadline, deadline, __ATOMIC_RELAXED);
	arch_timer_arm(deadline);
}

void
worker_timer_arrived(void)
{
	struct worker *me = &workers[arch_cpu()];

	__atomic_store_n(&me->timer_deadline, 0, __ATOMIC_RELAXED);
	worker_wake(me);
}

void
worker_pause(uint64_t ns)
{
	struct worker *me = &workers[arch_cpu()];
	uint64_t now = arch_ticks();
	uint64_t ticks = time_ticks(ns);

	if (__atomic_load_n(&me->woken, __ATOMIC_SEQ_CST) != 0) {
		arch_relax();
		return;
	}
	if (ticks < UINT64_MAX - now)
		timer_set(me, now, now + ticks);
	__atomic_store_n(&me->asleep_since, now, __ATOMIC_RELAXED);
	arch_sleep_unless(&me->woken);
	__atomic_store_n(&me->asleep_since, 0, __ATOMIC_RELAXED);
	me->sleeps++;
	me->sleep_ticks += arch_ticks() - now;
}

void
worker_idle(uint64_t ns)
{
	worker_pause(ns);
	__atomic_store_n(&workers[arch_cpu()].woken, 0, __ATOMIC_SEQ_CST);
}

uint64_t
worker_sleep_ticks(const struct worker *worker)
{
	uint64_t since = __atomic_load_n(&worker->asleep_since, __ATOMIC_RELAXED);

	return worker->sleep_ticks + (since != 0 ? arch_ticks() - since : 0);
}

void
worker_main(unsigned cpu)
{
	struct worker *me = &workers[cpu];

	for (;;) {
		if (__atomic_load_n(&me->job_ready, __ATOMIC_ACQUIRE) == 0) {
			worker_idle(WORKER_FOREVER);
			continue;
		}
		me->job(me->job_argument, cpu);
		__atomic_store_n(&me->job_ready, 0, __ATOMIC_RELAXED);
		if (__atomic_sub_fetch(&jobs_left, 1, __ATOMIC_SEQ_CST) == 0)
			worker_wake(&workers[0]);
	}
}

void
worker_run_on(unsigned count, void (*function)(void *argument, unsigned lane), void *argument)
{
	if (count == 0 || count > workers_running || arch_cpu() != 0)
		orion_panic("worker_run_on: not on CPU 0, or no such lane");
	__atomic_store_n(&jobs_left, count - 1, __ATOMIC_SEQ_CST);
	for (unsigned lane = 1; lane < count; lane++) {
		workers[lane].job = function;
		workers[lane].job_argument = argument;
		__atomic_store_n(&workers[lane].job_ready, 1, __ATOMIC_RELEASE);
		worker_wake(&workers[lane]);
	}
	function(argument, 0);
	while (__atomic_load_n(&jobs_left, __ATOMIC_SEQ_CST) != 0)
		worker_idle(WORKER_FOREVER);
}

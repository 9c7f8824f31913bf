/* SPDX-License-Identifier: MIT */
/* The clock: the time-of-day clock, of which bit 51 is a microsecond, and its comparator. */
#include "cpu.h"
#include "kernel/core/worker.h"

#define TICKS_PER_SECOND UINT64_C(4096000000)

static void
comparator_set(uint64_t ticks)
{
	__asm__ volatile("sckc %0" ::"Q"(ticks) : "memory");
}

/* The interrupt is there for as long as the comparator lies in the past. */
void
timer_interrupt(void)
{
	comparator_set(UINT64_MAX);
	worker_timer_arrived();
}

void
arch_timer_arm(uint64_t deadline)
{
	comparator_set(deadline);
}

uint64_t
arch_ticks(void)
{
	uint64_t ticks;

	__asm__ volatile("stckf %0" : "=Q"(ticks)::"cc");
	return ticks;
}

uint64_t
arch_ticks_per_second(void)
{
	return TICKS_PER_SECOND;
}

const char *
arch_clock_source(void)
{
	return "TOD clock";
}

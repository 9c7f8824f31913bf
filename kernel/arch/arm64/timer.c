/* SPDX-License-Identifier: MIT */
/* The clock: the generic timer's virtual counter, and each CPU's own one-shot timer on it. */
#include "cpu.h"
#include "kernel/core/worker.h"

#define TIMER_VIRTUAL 2u /* which of the node's interrupts */
#define TIMER_ENABLE 1u

static uint64_t ticks_per_second;
static uint32_t timer_number = UINT32_MAX;

void
timer_init(void)
{
	uint32_t node = fdt_compatible(boot_tree(), FDT_ROOT, "arm,armv8-timer");
	struct fdt_interrupt interrupt;

	ticks_per_second = fdt_number(boot_tree(), node, "clock-frequency", 0);
	if (ticks_per_second == 0)
		ticks_per_second = system_read(cntfrq_el0);
	if (ticks_per_second < 1000000)
		orion_panic("the generic timer does not say its rate");
	if (fdt_interrupt(boot_tree(), node, TIMER_VIRTUAL, &interrupt))
		timer_number = gic_number(&interrupt);
	if (timer_number == UINT32_MAX)
		orion_panic("the device tree has no interrupt of the virtual timer");
}

void
timer_cpu_init(unsigned cpu)
{
	system_write(cntv_ctl_el0, 0);
	gic_enable(timer_number, cpu, false);
}

bool
timer_is(uint32_t number)
{
	return number == timer_number;
}

/* The line stays active until the timer is off. */
void
timer_interrupt(void)
{
	system_write(cntv_ctl_el0, 0);
	barrier_instructions();
	worker_timer_arrived();
}

void
arch_timer_arm(uint64_t deadline)
{
	system_write(cntv_cval_el0, deadline);
	system_write(cntv_ctl_el0, TIMER_ENABLE);
	barrier_instructions();
}

/* The counter may not be read before what comes before it in the program. */
uint64_t
arch_ticks(void)
{
	barrier_instructions();
	return system_read(cntvct_el0);
}

uint64_t
arch_ticks_per_second(void)
{
	return ticks_per_second;
}

const char *
arch_clock_source(void)
{
	return "generic timer";
}

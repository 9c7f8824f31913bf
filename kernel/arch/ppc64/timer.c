/* SPDX-License-Identifier: MIT */
/* The clock: the time base, and each CPU's decrementer, which interrupts while it is negative. */
#include "cpu.h"
#include "kernel/core/worker.h"

#define DECREMENTER_MAX UINT64_C(0x7fffffff)

static uint64_t ticks_per_second;

void
timer_init(void)
{
	ticks_per_second = fdt_number(boot_tree(), smp_first_core(), "timebase-frequency", 0);
	if (ticks_per_second < 1000000)
		orion_panic("the device tree does not say the time base's rate");
}

void
timer_cpu_init(void)
{
	cpu_here()->deadline = UINT64_MAX;
	special_write(dec, DECREMENTER_MAX);
}

/* As far as the decrementer reaches; from there it goes on. */
static void
set(uint64_t now, uint64_t deadline)
{
	uint64_t left = deadline > now ? deadline - now : 1;

	special_write(dec, left < DECREMENTER_MAX ? left : DECREMENTER_MAX);
}

void
timer_interrupt(void)
{
	struct cpu *cpu = cpu_here();
	uint64_t now = arch_ticks();

	if (now < cpu->deadline) {
		set(now, cpu->deadline);
		return;
	}
	timer_cpu_init();
	worker_timer_arrived();
}

void
arch_timer_arm(uint64_t deadline)
{
	bool on = arch_irq_off();

	cpu_here()->deadline = deadline;
	set(arch_ticks(), deadline);
	arch_irq_restore(on);
}

uint64_t
arch_ticks(void)
{
	return special_read(tb);
}

uint64_t
arch_ticks_per_second(void)
{
	return ticks_per_second;
}

const char *
arch_clock_source(void)
{
	return "time base";
}

/* SPDX-License-Identifier: MIT */
/* The clock: the time register, and a one-shot timer: each CPU's own (Sstc), or the firmware's. */
#include "cpu.h"
#include "kernel/core/string.h"
#include "kernel/core/worker.h"
#include "words/text.h"

#define SET_TIMER 0u

static uint64_t ticks_per_second;
static bool has_sstc;

/* Whether the extension NAME is in the one string of them all: "rv64imac_zba_sstc". */
static bool
names_extension(const char *all, const char *name)
{
	size_t length = text_length(name);

	for (; *all != '\0'; all++)
		if (all[0] == '_' && text_length(all) > length &&
		    memcmp(all + 1, name, length) == 0 &&
		    (all[1 + length] == '_' || all[1 + length] == '\0'))
			return true;
	return false;
}

void
timer_init(void)
{
	const struct fdt *tree = boot_tree();
	uint32_t cpus = fdt_child_named(tree, FDT_ROOT, "cpus");
	uint32_t cpu = fdt_child_named(tree, cpus, "cpu");

	ticks_per_second = fdt_number(tree, cpus, "timebase-frequency",
				      fdt_number(tree, cpu, "timebase-frequency", 0));
	if (ticks_per_second < 1000000)
		orion_panic("the device tree does not say the clock's rate");
	has_sstc = names_extension(fdt_string(fdt_get(tree, cpu, "riscv,isa")), "sstc") ||
		   fdt_has_string(fdt_get(tree, cpu, "riscv,isa-extensions"), "sstc");
}

void
timer_cpu_init(void)
{
	arch_timer_arm(UINT64_MAX);
	csr_set(sie, 1u << INTERRUPT_TIMER);
}

/* It stays pending until the deadline is another. */
void
timer_interrupt(void)
{
	arch_timer_arm(UINT64_MAX);
	worker_timer_arrived();
}

void
arch_timer_arm(uint64_t deadline)
{
	if (has_sstc)
		csr_write(CSR_STIMECMP, deadline);
	else
		sbi_call(SBI_TIME, SET_TIMER, deadline, 0, 0, 0);
}

/* The time may not be read before what comes before it in the program. */
uint64_t
arch_ticks(void)
{
	barrier_all();
	return csr_read(time);
}

uint64_t
arch_ticks_per_second(void)
{
	return ticks_per_second;
}

const char *
arch_clock_source(void)
{
	return has_sstc ? "device tree, timer Sstc" : "device tree, timer SBI";
}

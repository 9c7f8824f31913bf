/* SPDX-License-Identifier: MIT */
/* See commands.h. */
#include "kernel/core/commands.h"

#include "kernel/core/arch.h"
#include "kernel/core/iommu.h"
#include "kernel/core/irq.h"
#include "kernel/core/memory.h"
#include "kernel/core/pci.h"
#include "kernel/core/print.h"
#include "kernel/core/time.h"
#include "kernel/core/worker.h"
#include "words/text.h"

unsigned kernel_script_failures;

static bool
has_arguments(const char *command, int argc, char **argv)
{
	if (argc > 0)
		kprint("%s: takes no arguments, not \"%s\"\n", command, argv[0]);
	return argc > 0;
}

static orion_status
run_power_off(struct command_context *context, int argc, char **argv)
{
	bool success = kernel_script_failures == 0;

	(void)context;
	if (argc > 1 || (argc == 1 && !text_equal(argv[0], "0") && !text_equal(argv[0], "1"))) {
		kprint("power-off: STATUS is 0 (success) or 1 (failure), not \"%s\"\n",
		       argv[argc - 1]);
		return ORION_INVALID;
	}
	if (argc == 1)
		success = argv[0][0] == '0';
	(void)iommu_faults();
	arch_power_off(success);
}

static orion_status
run_reboot(struct command_context *context, int argc, char **argv)
{
	(void)context;
	if (has_arguments("reboot", argc, argv))
		return ORION_INVALID;
	arch_reboot();
}

static orion_status
run_cpus(struct command_context *context, int argc, char **argv)
{
	(void)context;
	if (has_arguments("cpus", argc, argv))
		return ORION_INVALID;
	kprint("cpu  hardware id      sleeps  asleep\n");
	for (unsigned i = 0; i < worker_count(); i++) {
		const struct worker *worker = worker_of(i);
		uint64_t up = time_now_ns() / 1000;
		uint64_t asleep = time_of_ticks(worker_sleep_ticks(worker)) / 1000;

		kprint("%3u  %11u  %10llu  %5llu%%\n", i, arch_cpu_hardware_id(i),
		       (unsigned long long)worker->sleeps,
		       (unsigned long long)(asleep * 100 / (up != 0 ? up : 1)));
	}
	kprint("%s; %llu MHz (%s)\n", arch_cpu_model(),
	       (unsigned long long)(arch_ticks_per_second() / 1000000), arch_clock_source());
	return ORION_OK;
}

static orion_status
run_memory(struct command_context *context, int argc, char **argv)
{
	const struct memory_range *ranges;
	struct memory_stats stats;
	unsigned count;

	(void)context;
	if (has_arguments("memory", argc, argv))
		return ORION_INVALID;
	memory_stats_get(&stats);
	kprint("total %s, used %s, most used %s\n", print_size(stats.total_bytes).s,
	       print_size(stats.used_bytes).s, print_size(stats.peak_bytes).s);
	kprint("taken %llu times, given back %llu times, refused %llu times\n",
	       (unsigned long long)stats.takes, (unsigned long long)stats.gives,
	       (unsigned long long)stats.refusals);
	ranges = memory_ranges(&count);
	for (unsigned i = 0; i < count; i++) {
		kprint("RAM  %012llx to %012llx  %s\n", (unsigned long long)ranges[i].start,
		       (unsigned long long)(ranges[i].start + ranges[i].bytes - 1),
		       print_size(ranges[i].bytes).s);
	}
	return ORION_OK;
}

static orion_status
run_pci_list(struct command_context *context, int argc, char **argv)
{
	(void)context;
	if (has_arguments("pci list", argc, argv))
		return ORION_INVALID;
	pci_print();
	return ORION_OK;
}

static void
print_irq(unsigned n, const struct irq_info *info)
{
	uint32_t function = info->source.function;

	if (info->source.kind == ORION_IRQ_WIRE)
		kprint("%3u  wire %-2u  ", n, info->source.wire);
	else if (function == ORION_NO_FUNCTION)
		kprint("%3u  IOMMU    ", n);
	else
		kprint("%3u  %02x:%02x.%x  ", n, function >> 8, function >> 3 & 31, function & 7);
	if (info->source.kind == ORION_IRQ_MESSAGE)
		kprint("message %-3u", info->source.index);
	else
		kprint("line %-6u", info->line);
	kprint("  %3u  %12llu  %12llu\n", info->source.cpu, (unsigned long long)info->count,
	       (unsigned long long)info->declined);
}

static orion_status
run_irq_list(struct command_context *context, int argc, char **argv)
{
	struct irq_info info;

	(void)context;
	if (has_arguments("irq list", argc, argv))
		return ORION_INVALID;
	kprint("irq  device   source       cpu         taken      declined\n");
	for (unsigned n = 0; irq_at(n, &info); n++)
		print_irq(n, &info);
	kprint("without a handler: %llu; on the wrong CPU: %llu; lines masked: %u; by %s\n",
	       (unsigned long long)irq_strays(), (unsigned long long)irq_elsewhere(),
	       irq_lines_masked(), arch_irq_controller());
	return ORION_OK;
}

static orion_status
run_uptime(struct command_context *context, int argc, char **argv)
{
	uint64_t ms = time_now_ns() / 1000000;

	(void)context;
	if (has_arguments("uptime", argc, argv))
		return ORION_INVALID;
	kprint("up %llu.%03llu seconds\n", (unsigned long long)(ms / 1000),
	       (unsigned long long)(ms % 1000));
	return ORION_OK;
}

struct crash {
	const char *kind;
	unsigned cpu;
};

static void
crash_on_lane(void *argument, unsigned lane)
{
	const struct crash *crash = argument;

	if (lane != crash->cpu)
		return;
	if (text_equal(crash->kind, "panic"))
		orion_panic("asked for by the command crash");
	arch_crash(crash->kind);
}

/* TEXT as the index of a CPU that runs. */
static bool
parse_cpu(const char *text, unsigned *cpu)
{
	unsigned value = 0;

	for (unsigned i = 0; text[i] != '\0'; i++) {
		if (text[i] < '0' || text[i] > '9' || i == 2)
			return false;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	*cpu = value;
	return text[0] != '\0' && value < worker_count();
}

static orion_status
run_crash(struct command_context *context, int argc, char **argv)
{
	const char *const *kinds = arch_crash_kinds();
	struct crash crash = {argc > 0 ? argv[0] : kinds[0], 0};
	bool known = text_equal(crash.kind, "panic");

	(void)context;
	for (unsigned i = 0; kinds[i] != NULL; i++)
		known = known || text_equal(kinds[i], crash.kind);
	if (argc > 1 && !parse_cpu(argv[1], &crash.cpu)) {
		kprint("crash: CPU is a number from 0 to %u, not \"%s\"\n", worker_count() - 1,
		       argv[1]);
		return ORION_INVALID;
	}
	if (known && argc <= 2)
		worker_run_on(crash.cpu + 1, crash_on_lane, &crash);
	kprint("crash: KIND is one of panic");
	for (unsigned i = 0; kinds[i] != NULL; i++)
		kprint(", %s", kinds[i]);
	kprint("\n");
	return ORION_INVALID;
}

const struct command kernel_commands[] = {
	{"power-off", "[STATUS]",
	 "Ends the machine. STATUS is 0 for success or 1 for failure; "
	 "without it, success unless a line of the script failed.",
	 run_power_off},
	{"reboot", "", "Starts the machine anew.", run_reboot},
	{"cpus", "", "Lists the CPUs: how often each slept, and for how much of the time.",
	 run_cpus},
	{"memory", "", "Shows how much memory there is and how much of it is in use.", run_memory},
	{"pci list", "", "Lists the PCI devices and their base addresses.", run_pci_list},
	{"irq list", "", "Lists the interrupts: device, source, CPU and how often each came.",
	 run_irq_list},
	{"iommu list", "",
	 "Shows what stands between devices and memory, and what is lent to them.", iommu_run_list},
	{"iommu test", "DISK",
	 "Makes a disk reach for memory that is not lent to it; fails unless it is kept out and "
	 "the "
	 "IOMMU tells of it. Nothing on the disk changes.",
	 iommu_run_test},
	{"recovery test", "DISK destroy [COUNT]",
	 "Spoils the disk's ring COUNT times, 20 without it, so that its device asks for a reset, "
	 "while\nevery CPU writes, reads back and compares. Overwrites the beginning of the disk.",
	 recovery_run_test},
	{"uptime", "", "Shows how long the machine has been running.", run_uptime},
	{"crash", "[KIND [CPU]]",
	 "Provokes an exception, to see the kernel's dump; the machine stops with a failure. "
	 "KIND is null (the default), panic, or one of those that a wrong one brings up.",
	 run_crash},
};
const unsigned kernel_command_count = sizeof(kernel_commands) / sizeof(kernel_commands[0]);

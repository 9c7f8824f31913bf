/* SPDX-License-Identifier: MIT */
/* CPUs: which there are, starting them by the firmware (PSCI), what each is asked at run time. */
#include "cpu.h"
#include "kernel/core/print.h"

#define AFFINITY_MASK UINT64_C(0xff00ffffff)
#define START_WAIT_TRIES 1000u /* of a millisecond */

/* What boot.S reads with the MMU off. */
struct cpu_start {
	_Alignas(64) uint64_t root;
	uint64_t main_top, trap_top;
	uint64_t index;
};

void boot_secondary(void);
_Noreturn void cpu_entry(unsigned index);

/* Last in the image, so that all else is there to say so when there is too little memory. */
__attribute__((section(".bss.stacks"))) struct cpu_stacks cpu_stacks[CPUS_MAX];

static uint64_t affinities[CPUS_MAX];
static unsigned cpus_running = 1;
static unsigned cpus_present = 1;
static uint32_t cpu_arrived; /* index of the CPU that came up last */

uint64_t
smp_affinity(void)
{
	return system_read(mpidr_el1) & AFFINITY_MASK;
}

/* A started CPU's first C code, on its own stack. */
void
cpu_entry(unsigned index)
{
	system_write(tpidr_el1, index);
	gic_cpu_init(index);
	timer_cpu_init(index);
	__atomic_store_n(&cpu_arrived, index, __ATOMIC_RELEASE);
	__asm__ volatile("msr daifclr, #4" ::: "memory");
	arch_irq_restore(true);
	worker_main(index);
}

static void
wait_millisecond(void)
{
	uint64_t end = arch_ticks() + arch_ticks_per_second() / 1000;

	while (arch_ticks() < end)
		arch_relax();
}

static bool
start(unsigned index, uint64_t affinity)
{
	static struct cpu_start start;

	start.root = mmu_root();
	start.main_top = (uintptr_t)cpu_stacks[index].main + CPU_STACK_BYTES;
	start.trap_top = (uintptr_t)cpu_stacks[index].trap + CPU_TRAP_STACK_BYTES;
	start.index = index;
	/* The CPU reads it past the cache. */
	barrier_all();
	__asm__ volatile("dc civac, %0" ::"r"(&start) : "memory");
	barrier_all();
	if (psci_call(PSCI_CPU_ON, affinity, (uintptr_t)boot_secondary, (uintptr_t)&start) != 0)
		return false;
	for (unsigned try = 0; try < START_WAIT_TRIES; try++) {
		if (__atomic_load_n(&cpu_arrived, __ATOMIC_ACQUIRE) == index)
			return true;
		wait_millisecond();
	}
	return false;
}

/* NODE's number, if it is a CPU that can be used and not this one. */
static bool
is_other_cpu(uint32_t node, uint64_t *affinity)
{
	const struct fdt *tree = boot_tree();
	uint32_t cells = fdt_number(tree, fdt_parent(tree, node), "#address-cells", 1);

	if (!fdt_has_string(fdt_get(tree, node, "device_type"), "cpu") || !fdt_is_on(tree, node))
		return false;
	*affinity = fdt_cells(fdt_get(tree, node, "reg"), 0, cells <= 2 ? cells : 2);
	return *affinity != affinities[0];
}

unsigned
arch_cpus_start(void)
{
	const struct fdt *tree = boot_tree();
	uint32_t node = fdt_child(tree, fdt_child_named(tree, FDT_ROOT, "cpus"));

	affinities[0] = smp_affinity();
	for (; node != FDT_NONE; node = fdt_sibling(tree, node)) {
		uint64_t affinity;

		if (!is_other_cpu(node, &affinity))
			continue;
		cpus_present++;
		if (cpus_running == CPUS_MAX || cpus_running + 1 < cpus_present)
			continue;
		affinities[cpus_running] = affinity;
		if (start(cpus_running, affinity)) {
			cpus_running++;
		} else {
			/* It may still come up late, on this index's stack: use no further one. */
			kprint("cpu: the CPU with affinity %llx did not start; the rest is left "
			       "off\n",
			       (unsigned long long)affinity);
		}
	}
	return cpus_running;
}

void
arch_describe(void)
{
	if (cpus_present > CPUS_MAX) {
		kprint("cpu: %u CPUs present, %u used: more are not supported\n", cpus_present,
		       CPUS_MAX);
	}
	if (!its_is_there() && !v2m_is_there())
		kprint("gic: messages are not possible: devices use their interrupt line\n");
}

unsigned
arch_cpu(void)
{
	return (unsigned)system_read(tpidr_el1);
}

uint32_t
arch_cpu_hardware_id(unsigned cpu)
{
	return (uint32_t)affinities[cpu];
}

const char *
arch_cpu_model(void)
{
	static char model[64];
	const struct fdt *tree = boot_tree();
	uint32_t node = fdt_child(tree, fdt_child_named(tree, FDT_ROOT, "cpus"));

	while (node != FDT_NONE && !fdt_has_string(fdt_get(tree, node, "device_type"), "cpu"))
		node = fdt_sibling(tree, node);
	print_into(model, sizeof(model), "%s, MIDR %08x",
		   fdt_string(fdt_get(tree, node, "compatible")), (unsigned)system_read(midr_el1));
	return model;
}

bool
arch_irq_off(void)
{
	uint64_t masked = system_read(daif);

	__asm__ volatile("msr daifset, #2" ::: "memory");
	return (masked >> 7 & 1) == 0;
}

void
arch_irq_restore(bool on)
{
	if (on)
		__asm__ volatile("msr daifclr, #2" ::: "memory");
}

/* wfi ends also for an interrupt that is masked: it is taken right after. */
void
arch_sleep_unless(const uint32_t *flag)
{
	__asm__ volatile("msr daifset, #2" ::: "memory");
	if (__atomic_load_n(flag, __ATOMIC_ACQUIRE) == 0) {
		barrier_all();
		__asm__ volatile("wfi" ::: "memory");
	}
	__asm__ volatile("msr daifclr, #2" ::: "memory");
}

void
arch_relax(void)
{
	__asm__ volatile("yield" ::: "memory");
}

void
arch_cpu_interrupt(unsigned cpu)
{
	gic_send(cpu, SENT_WAKE);
}

/* Those whose interrupts are off stop when they allow them again. */
void
arch_stop_others(void)
{
	for (unsigned i = 0; i < cpus_running; i++)
		if (i != arch_cpu())
			gic_send(i, SENT_STOP);
}

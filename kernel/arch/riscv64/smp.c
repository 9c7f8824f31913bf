/* SPDX-License-Identifier: MIT */
/* CPUs: which there are, starting them by the firmware, what each is asked at run time. */
#include "cpu.h"
#include "kernel/core/print.h"

#define HART_START 0u
#define SEND_IPI 0u
#define START_WAIT_TRIES 1000u /* of a millisecond */

/* What boot.S reads before there are tables. */
struct cpu_start {
	uint64_t translation;
	uint64_t main_top, trap_top;
	uint64_t index;
	uint64_t hart;
};

void boot_secondary(void);
_Noreturn void cpu_entry(unsigned index);

/* Last in the image, so that all else is there to say so when there is too little memory. */
__attribute__((section(".bss.stacks"))) struct cpu_stacks cpu_stacks[CPUS_MAX];

/* Of the CPU that is being started.  Not cleared at boot, because a hart may look at it then. */
struct cpu_start cpu_start = {.hart = UINT64_MAX};

static uint64_t harts[CPUS_MAX];
static unsigned cpus_running = 1;
static unsigned cpus_present = 1;
static uint32_t cpu_arrived; /* index of the CPU that came up last */
static uint32_t stopping; /* all CPUs but one are to stop */

void
smp_init(uint64_t boot_hart)
{
	harts[0] = boot_hart;
}

uint64_t
smp_hart(unsigned cpu)
{
	return harts[cpu];
}

/* A started CPU's first C code, on its own stack. */
void
cpu_entry(unsigned index)
{
	interrupt_cpu_init(index);
	timer_cpu_init();
	__atomic_store_n(&cpu_arrived, index, __ATOMIC_RELEASE);
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
start(unsigned index)
{
	cpu_start.translation = mmu_translation();
	cpu_start.main_top = (uintptr_t)cpu_stacks[index].main + CPU_STACK_BYTES;
	cpu_start.trap_top = (uintptr_t)cpu_stacks[index].trap + CPU_TRAP_STACK_BYTES;
	cpu_start.index = index;
	cpu_start.hart = harts[index];
	barrier_all();
	if (sbi_call(SBI_HART_STATE, HART_START, harts[index], (uintptr_t)boot_secondary,
		     (uintptr_t)&cpu_start, 0) != 0)
		return false;
	for (unsigned try = 0; try < START_WAIT_TRIES; try++) {
		if (__atomic_load_n(&cpu_arrived, __ATOMIC_ACQUIRE) == index)
			return true;
		wait_millisecond();
	}
	return false;
}

/* NODE's hart, if it is a CPU that can be used and not this one. */
static bool
is_other_cpu(uint32_t node, uint64_t *hart)
{
	const struct fdt *tree = boot_tree();
	uint32_t cells = fdt_number(tree, fdt_parent(tree, node), "#address-cells", 1);

	if (!fdt_has_string(fdt_get(tree, node, "device_type"), "cpu") || !fdt_is_on(tree, node))
		return false;
	*hart = fdt_cells(fdt_get(tree, node, "reg"), 0, cells <= 2 ? cells : 2);
	return *hart != harts[0];
}

unsigned
arch_cpus_start(void)
{
	const struct fdt *tree = boot_tree();
	uint32_t node = fdt_child(tree, fdt_child_named(tree, FDT_ROOT, "cpus"));

	for (; node != FDT_NONE; node = fdt_sibling(tree, node)) {
		uint64_t hart;

		if (!is_other_cpu(node, &hart))
			continue;
		cpus_present++;
		if (cpus_running == CPUS_MAX || cpus_running + 1 < cpus_present)
			continue;
		harts[cpus_running] = hart;
		if (start(cpus_running)) {
			cpus_running++;
		} else {
			/* It may still come up late, on this index's stack: use no further one. */
			kprint("cpu: hart %llu did not start; the rest is left off\n",
			       (unsigned long long)hart);
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
	if (!imsic_is_there())
		kprint("irq: messages are not possible: devices use their interrupt line\n");
}

unsigned
arch_cpu(void)
{
	uint64_t index;

	__asm__("mv %0, tp" : "=r"(index));
	return (unsigned)index;
}

uint32_t
arch_cpu_hardware_id(unsigned cpu)
{
	return (uint32_t)harts[cpu];
}

/* The letters of the instruction set, without the long names that follow. */
const char *
arch_cpu_model(void)
{
	static char model[64];
	const struct fdt *tree = boot_tree();
	uint32_t node = fdt_child_named(tree, fdt_child_named(tree, FDT_ROOT, "cpus"), "cpu");
	const char *isa = fdt_string(fdt_get(tree, node, "riscv,isa"));
	int length = 0;

	while (isa[length] != '\0' && isa[length] != '_')
		length++;
	print_into(model, sizeof(model), "%s, %.*s, %s",
		   fdt_string(fdt_get(tree, node, "compatible")), length, isa, mmu_name());
	return model;
}

bool
arch_irq_off(void)
{
	uint64_t before;

	__asm__ volatile("csrrci %0, sstatus, 2" : "=r"(before)::"memory");
	return (before & STATUS_INTERRUPTS_ON) != 0;
}

void
arch_irq_restore(bool on)
{
	if (on)
		csr_set(sstatus, STATUS_INTERRUPTS_ON);
}

/* wfi ends also for an interrupt that is masked: it is taken right after. */
void
arch_sleep_unless(const uint32_t *flag)
{
	csr_clear(sstatus, STATUS_INTERRUPTS_ON);
	if (__atomic_load_n(flag, __ATOMIC_ACQUIRE) == 0) {
		barrier_all();
		__asm__ volatile("wfi" ::: "memory");
	}
	csr_set(sstatus, STATUS_INTERRUPTS_ON);
}

/* The hint "pause", in the form that CPUs without it take for a fence of nothing. */
void
arch_relax(void)
{
	__asm__ volatile(".insn i 0x0f, 0, x0, x0, 0x010" ::: "memory");
}

void
smp_sent(void)
{
	while (__atomic_load_n(&stopping, __ATOMIC_ACQUIRE) != 0) {
		csr_write(sie, 0);
		__asm__ volatile("wfi" ::: "memory");
	}
}

/* Stores before must be seen by the target. */
void
arch_cpu_interrupt(unsigned cpu)
{
	barrier_all();
	if (imsic_is_there())
		imsic_send(cpu);
	else
		sbi_call(SBI_IPI, SEND_IPI, 1, harts[cpu], 0, 0);
}

/* Those whose interrupts are off stop when they allow them again. */
void
arch_stop_others(void)
{
	__atomic_store_n(&stopping, 1, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < cpus_running; i++)
		if (i != arch_cpu())
			arch_cpu_interrupt(i);
}

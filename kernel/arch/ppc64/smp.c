/* SPDX-License-Identifier: MIT */
/* CPUs: which there are, starting them by RTAS, what each is asked at run time. */
#include "cpu.h"
#include "kernel/core/print.h"

#define START_WAIT_TRIES 1000u /* of a millisecond */

_Noreturn void cpu_entry(struct cpu *cpu);

/* Last in the image, so that all else is there to say so when there is too little memory. */
__attribute__((section(".bss.stacks"))) struct cpu_stacks cpu_stacks[CPUS_MAX];

static struct cpu cpus[CPUS_MAX];
static unsigned cpus_running = 1;
static unsigned cpus_present = 1;
static uint32_t cpu_arrived; /* index of the CPU that came up last */

_Static_assert(offsetof(struct cpu, trap_top) == CPU_TRAP_TOP, "as trap.S has it");
_Static_assert(offsetof(struct cpu, toc) == CPU_TOC, "as trap.S has it");
_Static_assert(offsetof(struct cpu, state) == CPU_STATE, "as trap.S has it");
_Static_assert(offsetof(struct cpu, main_top) == CPU_MAIN_TOP, "as boot.S has it");
_Static_assert(offsetof(struct cpu, kept) == CPU_KEPT, "as trap.S has it");

void
smp_init(uint64_t toc)
{
	for (unsigned i = 0; i < CPUS_MAX; i++) {
		cpus[i].index = i;
		cpus[i].toc = toc;
		cpus[i].trap = (uintptr_t)trap_common;
		cpus[i].state = STATE_64 | STATE_CHECKS | STATE_RECOVERABLE |
				(IS_LITTLE_ENDIAN ? STATE_LITTLE : 0);
		cpus[i].main_top = (uintptr_t)cpu_stacks[i].main + CPU_STACK_BYTES;
		cpus[i].trap_top = (uintptr_t)cpu_stacks[i].trap + CPU_TRAP_STACK_BYTES;
	}
	special_write(sprg0, (uintptr_t)&cpus[0]);
	__asm__ volatile("mtmsrd %0; isync" ::"r"(cpus[0].state) : "memory");
}

void
smp_map_on(void)
{
	for (unsigned i = 0; i < CPUS_MAX; i++)
		cpus[i].state |= STATE_MMU;
}

/* A started CPU's first C code, on its own stack. */
void
cpu_entry(struct cpu *cpu)
{
	xics_cpu_init();
	timer_cpu_init();
	__atomic_store_n(&cpu_arrived, cpu->index, __ATOMIC_RELEASE);
	arch_irq_restore(true);
	worker_main(cpu->index);
}

static void
wait_millisecond(void)
{
	uint64_t end = arch_ticks() + arch_ticks_per_second() / 1000;

	while (arch_ticks() < end)
		arch_relax();
}

static bool
start(struct cpu *cpu)
{
	if (rtas_call("start-cpu", NULL, 0, 3, cpu->server, (uint32_t)(uintptr_t)boot_secondary,
		      (uint32_t)(uintptr_t)cpu) != 0)
		return false;
	for (unsigned try = 0; try < START_WAIT_TRIES; try++) {
		if (__atomic_load_n(&cpu_arrived, __ATOMIC_ACQUIRE) == cpu->index)
			return true;
		wait_millisecond();
	}
	return false;
}

/* The threads of the core that NODE is, but for the one that runs. */
static void
start_threads(uint32_t node, uint32_t boot_server)
{
	struct fdt_value servers = fdt_get(boot_tree(), node, "ibm,ppc-interrupt-server#s");

	for (uint32_t i = 0; i < servers.length / 4; i++) {
		uint32_t server = fdt_cell(servers, i);

		if (server == boot_server)
			continue;
		cpus_present++;
		if (cpus_running == CPUS_MAX || cpus_running + 1 < cpus_present)
			continue;
		cpus[cpus_running].server = server;
		if (start(&cpus[cpus_running])) {
			cpus_running++;
		} else {
			/* It may still come up late, on this index's stack: use no further one. */
			kprint("cpu: CPU %u did not start; the rest is left off\n", server);
		}
	}
}

static uint32_t
next_core(uint32_t node)
{
	while (node != FDT_NONE &&
	       !fdt_has_string(fdt_get(boot_tree(), node, "device_type"), "cpu"))
		node = fdt_sibling(boot_tree(), node);
	return node;
}

uint32_t
smp_first_core(void)
{
	return next_core(fdt_child(boot_tree(), fdt_child_named(boot_tree(), FDT_ROOT, "cpus")));
}

/* The firmware starts the first thread of the first core. */
unsigned
arch_cpus_start(void)
{
	uint32_t node = smp_first_core();

	cpus[0].server = fdt_number(boot_tree(), node, "ibm,ppc-interrupt-server#s", 0);
	while (node != FDT_NONE) {
		start_threads(node, cpus[0].server);
		node = next_core(fdt_sibling(boot_tree(), node));
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
}

unsigned
arch_cpu(void)
{
	return cpu_here()->index;
}

uint32_t
arch_cpu_hardware_id(unsigned cpu)
{
	return cpus[cpu].server;
}

const char *
arch_cpu_model(void)
{
	static char model[64];
	/* "PowerPC,POWER9@0", behind the node's token */
	const char *name = (const char *)boot_tree()->nodes + smp_first_core() + 4;
	int length = 0;

	while (name[length] != '\0' && name[length] != '@')
		length++;
	print_into(model, sizeof(model), "%.*s, PVR %08x", length, name,
		   (unsigned)special_read(pvr));
	return model;
}

/* Of the state only the interrupts are written, and that others can be returned from. */
bool
arch_irq_off(void)
{
	uint64_t state;

	__asm__ volatile("mfmsr %0; mtmsrd %1, 1"
			 : "=&r"(state)
			 : "r"((uint64_t)STATE_RECOVERABLE)
			 : "memory");
	return (state & STATE_INTERRUPTS) != 0;
}

void
arch_irq_restore(bool on)
{
	if (on)
		__asm__ volatile(
			"mtmsrd %0, 1" ::"r"((uint64_t)(STATE_INTERRUPTS | STATE_RECOVERABLE))
			: "memory");
}

/* The hypervisor allows interrupts and looks for one before it lets the CPU sleep. */
void
arch_sleep_unless(const uint32_t *flag)
{
	(void)arch_irq_off();
	if (__atomic_load_n(flag, __ATOMIC_ACQUIRE) == 0)
		hypercall(H_CEDE, 0, 0, 0, 0, NULL);
	arch_irq_restore(true);
}

/* A lower priority among the threads of a core, and the usual one. */
void
arch_relax(void)
{
	__asm__ volatile("or 1,1,1; or 2,2,2" ::: "memory");
}

void
arch_cpu_interrupt(unsigned cpu)
{
	xics_send(cpu);
}

void
smp_send_others(void)
{
	for (unsigned i = 0; i < cpus_running; i++)
		if (i != arch_cpu())
			xics_send(i);
}

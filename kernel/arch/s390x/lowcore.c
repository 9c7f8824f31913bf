/* SPDX-License-Identifier: MIT */
/* The prefix areas: see lowcore.h. */
#include "cpu.h"

void trap_restart(void);
void trap_external(void);
void trap_call(void);
void trap_program(void);
void trap_machine(void);
void trap_io(void);
void trap_enter(void);

/* Last in the image, so that all else is there to say so when there is too little memory. */
__attribute__((section(".bss.stacks"))) struct cpu_stacks cpu_stacks[CPUS_MAX];
struct lowcore lowcores[CPUS_MAX];

void
lowcore_init(unsigned cpu, bool translation, uint64_t root)
{
	static void (*const entries[TRAP_KINDS])(void) = {
		[TRAP_RESTART] = trap_restart, [TRAP_EXTERNAL] = trap_external,
		[TRAP_CALL] = trap_call,       [TRAP_PROGRAM] = trap_program,
		[TRAP_MACHINE] = trap_machine, [TRAP_IO] = trap_io,
	};
	struct lowcore *lowcore = &lowcores[cpu];

	for (unsigned i = 0; i < TRAP_KINDS; i++)
		lowcore->new[i] = (struct psw){PSW_64_BIT, (uintptr_t)entries[i]};
	lowcore->enter.mask = PSW_64_BIT | PSW_MACHINE | (translation ? PSW_TRANSLATION : 0);
	lowcore->enter.address = (uintptr_t)trap_enter;
	lowcore->trap_low = (uintptr_t)cpu_stacks[cpu].trap;
	lowcore->trap_top = lowcore->trap_low + CPU_TRAP_STACK_BYTES;
	lowcore->main_top = (uintptr_t)cpu_stacks[cpu].main + CPU_STACK_BYTES;
	lowcore->cpu = cpu;
	/* Devices and the console interrupt CPU 0 alone. */
	lowcore->control[0] = mmu_control() | CONTROL_EMERGENCY | CONTROL_CALL | CONTROL_CLOCK |
			      (cpu == 0 ? CONTROL_SERVICE : 0);
	lowcore->control[1] = root;
	lowcore->control[7] = root;
	lowcore->control[13] = root;
	lowcore->control[14] = CONTROL_MACHINE;
}

void
lowcore_use(const struct lowcore *lowcore)
{
	uint32_t prefix = (uint32_t)(uintptr_t)lowcore;

	__asm__ volatile("spx %0" ::"Q"(prefix) : "memory");
}

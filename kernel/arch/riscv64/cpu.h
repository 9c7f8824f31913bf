/* SPDX-License-Identifier: MIT */
/* RISC-V for the kernel: instructions, per-CPU stacks, and what its files offer each other. */
#ifndef KERNEL_ARCH_RISCV64_CPU_H
#define KERNEL_ARCH_RISCV64_CPU_H

#include "kernel/core/arch.h"
#include "kernel/core/fdt_machine.h"

#define CPU_STACK_BYTES 65536u
#define CPU_TRAP_STACK_BYTES 16384u

/* A CPU's stacks.  The guards are unmapped, so that an overflow is a fault and not a riddle. */
struct cpu_stacks {
	_Alignas(4096) uint8_t guard[PAGE_BYTES];
	uint8_t main[CPU_STACK_BYTES];
	uint8_t guard_trap[PAGE_BYTES];
	uint8_t trap[CPU_TRAP_STACK_BYTES];
};

struct trap_frame {
	uint64_t x[32];
	uint64_t pc, status, cause, value;
};

extern struct cpu_stacks cpu_stacks[CPUS_MAX];

/* trap.c */
void trap_entry(struct trap_frame *frame);

/* mmu.c */
/* Finds out how far addresses reach; before anything is mapped. */
void mmu_detect(void);
uint64_t mmu_limit(void);
/* "Sv48", "Sv39" */
const char *mmu_name(void);
void mmu_init(void);
/* What each CPU's satp is. */
uint64_t mmu_translation(void);

/* sbi.c: the firmware. */
#define SBI_BASE 0x10u
#define SBI_TIME 0x54494d45u
#define SBI_IPI 0x735049u
#define SBI_REMOTE_FENCE 0x52464e43u
#define SBI_HART_STATE 0x48534du
#define SBI_RESET 0x53525354u
/* Returns the firmware's error code, 0 for success. */
int64_t sbi_call(uint64_t extension, uint64_t function, uint64_t a, uint64_t b, uint64_t c,
		 uint64_t d);
bool sbi_has(uint64_t extension);

/* smp.c: harts are the firmware's and the device tree's numbers of CPUs. */
void smp_init(uint64_t boot_hart);
uint64_t smp_hart(unsigned cpu);
/* What CPUs send each other arrived. */
void smp_sent(void);

/*
 * interrupt.c: lines are numbered as the controller of wires, PLIC or APLIC, numbers its sources;
 * 0 is none.
 */
void interrupt_init(void);
void interrupt_cpu_init(unsigned cpu);
bool interrupt_line_enable(uint32_t line);
void interrupt_line_arrived(uint32_t line);
void interrupt_external(void);
/*
 * Which of the CPUs' inputs that NODE drives is CPU's for external interrupts in supervisor mode:
 * an index into "interrupts-extended"; UINT32_MAX when none.
 */
uint32_t interrupt_input(uint32_t node, unsigned cpu);

/* plic.c */
bool plic_init(void);
uint32_t plic_node(void);
void plic_cpu_init(unsigned cpu);
bool plic_enable(uint32_t line);
void plic_disable(uint32_t line);
/* Handles one interrupt of this CPU, if there is one. */
void plic_handle(void);

/* aplic.c: sends messages when there is an IMSIC, otherwise interrupts CPUs itself. */
bool aplic_init(void);
uint32_t aplic_node(void);
void aplic_cpu_init(unsigned cpu);
/* Notes how LINE is triggered: the flags of the device tree. */
void aplic_set_trigger(uint32_t line, uint32_t flags);
bool aplic_enable(uint32_t line);
void aplic_disable(uint32_t line);
void aplic_handle(void);
/* Of messages: a line that is still active is to be told again. */
void aplic_retell(uint32_t line);

/* imsic.c: messages, which each CPU counts from 1 to imsic_last(). */
bool imsic_init(void);
bool imsic_is_there(void);
uint32_t imsic_node(void);
void imsic_cpu_init(unsigned cpu);
/* How an APLIC names CPU's interrupt file in its register of targets. */
uint32_t imsic_target(unsigned cpu);
/* Binds a free message of CPU to an irq or to a line; 0 when none is free. */
#define IMSIC_IS_LINE 0x80000000u
uint32_t imsic_bind(unsigned cpu, uint32_t what);
void imsic_unbind(unsigned cpu, uint32_t what);
uint64_t imsic_address(unsigned cpu);
void imsic_send(unsigned cpu);
void imsic_handle(void);

/* timer.c */
void timer_init(void);
void timer_cpu_init(void);
void timer_interrupt(void);

/* uart.c */
void uart_init(void);
void uart_enable_interrupts(void);
bool uart_is(uint32_t line);
void uart_interrupt(void);

/* power.c */
void power_init(void);

/* Registers by number where an assembler may not know the name. */
#define CSR_STIMECMP 0x14d
#define CSR_SISELECT 0x150
#define CSR_SIREG 0x151
#define CSR_STOPEI 0x15c

#define STATUS_INTERRUPTS_ON 2u
#define INTERRUPT_SOFTWARE 1u
#define INTERRUPT_TIMER 5u
#define INTERRUPT_EXTERNAL 9u

#define csr_text(name) #name
#define csr_read(name)                                                                             \
	({                                                                                         \
		uint64_t value_;                                                                   \
		__asm__ volatile("csrr %0, " csr_text(name) : "=r"(value_)::"memory");             \
		value_;                                                                            \
	})
#define csr_write(name, value)                                                                     \
	__asm__ volatile("csrw " csr_text(name) ", %0" ::"rK"((uint64_t)(value)) : "memory")
#define csr_set(name, bits)                                                                        \
	__asm__ volatile("csrs " csr_text(name) ", %0" ::"rK"((uint64_t)(bits)) : "memory")
#define csr_clear(name, bits)                                                                      \
	__asm__ volatile("csrc " csr_text(name) ", %0" ::"rK"((uint64_t)(bits)) : "memory")

/* Everything before, memory and registers alike, is seen by all before anything after. */
static inline void
barrier_all(void)
{
	__asm__ volatile("fence iorw, iorw" ::: "memory");
}

static inline uint32_t
register_read(uint64_t address)
{
	return *(volatile uint32_t *)(uintptr_t)address;
}

static inline void
register_write(uint64_t address, uint32_t value)
{
	*(volatile uint32_t *)(uintptr_t)address = value;
}

#endif

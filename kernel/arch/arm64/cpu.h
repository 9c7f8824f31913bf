/* SPDX-License-Identifier: MIT */
/* ARM64 for the kernel: instructions, the per-CPU stacks, and what its files offer each other. */
#ifndef KERNEL_ARCH_ARM64_CPU_H
#define KERNEL_ARCH_ARM64_CPU_H

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
	uint64_t x[31];
	uint64_t sp, pc, state, syndrome, address;
};

extern struct cpu_stacks cpu_stacks[CPUS_MAX];

/* boot.S */
void boot_change_map(uint64_t root);

/* trap.c */
void trap_entry(struct trap_frame *frame, uint64_t vector);

/* mmu.c */
void mmu_init(void);
uint64_t mmu_root(void);

/* gic.c: interrupts by the controller's numbers. */
#define GIC_SENT 16u /* below: sent by CPUs; then each CPU's own */
#define GIC_SHARED 32u /* from here on: the devices' */
#define GIC_NONE 1020u /* up to 1023: there was none */
#define GIC_MESSAGES 8192u /* from here on: the ITS's */
void gic_init(void);
void gic_cpu_init(unsigned cpu);
/* The number of an interrupt of the device tree; UINT32_MAX when it is none of the GIC's. */
uint32_t gic_number(const struct fdt_interrupt *interrupt);
/* Unmasks NUMBER for CPU; a message or a pulse is EDGE triggered. */
bool gic_enable(uint32_t number, unsigned cpu, bool edge);
void gic_disable(uint32_t number);
void gic_send(unsigned cpu, uint32_t number);
/* The interrupt that is to be handled now, and its end. */
uint32_t gic_take(void);
void gic_end(uint32_t number);

/* gic3.c: what only version 3 has: the redistributors, the CPUs' registers. */
bool gic3_init(uint32_t node);
bool gic3_cpu_init(unsigned cpu);
void gic3_private_enable(unsigned cpu, uint32_t number);
void gic3_send(unsigned cpu, uint32_t number);
uint32_t gic3_take(void);
void gic3_end(uint32_t number);
/* This CPU's redistributor, which its cpu_init found. */
uint64_t gic3_redistributor(unsigned cpu);
uint64_t gic3_affinity(unsigned cpu);

/* its.c: messages of version 3. */
void its_init(uint32_t gic_node);
void its_cpu_init(unsigned cpu);
bool its_is_there(void);
bool its_route(uint32_t number, uint32_t device, uint32_t event, unsigned cpu,
	       struct orion_irq_message *message);
void its_release(uint32_t device, uint32_t event, unsigned cpu);

/* iommu.c: which IOMMU the device tree has; smmu.c: Arm's, version 3. */
void iommu_init(void);
void smmu_init(void);
/*
 * Lets FUNCTION's message for IRQ, which it writes to ADDRESS, through the SMMU in front of it, if
 * there is one; false when it cannot.  End it in either case.
 */
bool smmu_message_begin(unsigned irq, uint32_t function, uint64_t address);
void smmu_message_end(unsigned irq);

/* v2m.c: messages of version 2, each a shared interrupt. */
void v2m_init(uint32_t gic_node);
bool v2m_is_there(void);
bool v2m_route(unsigned irq, unsigned cpu, struct orion_irq_message *message);
void v2m_release(unsigned irq);
/* Which irq a message that came is bound to; UINT32_MAX: NUMBER is no message, or bound to none. */
uint32_t v2m_irq(uint32_t number);

/* interrupt.c: what CPUs send each other. */
#define SENT_WAKE 0u
#define SENT_STOP 1u
void interrupt_dispatch(void);

/* smp.c */
uint64_t smp_affinity(void);

/* timer.c */
void timer_init(void);
void timer_cpu_init(unsigned cpu);
bool timer_is(uint32_t number);
void timer_interrupt(void);

/* uart.c */
void uart_init(void);
void uart_enable_interrupts(void);
bool uart_is(uint32_t number);
void uart_interrupt(void);

/* power.c: firmware calls. */
#define PSCI_CPU_ON 0xc4000003u
void psci_init(void);
int64_t psci_call(uint32_t function, uint64_t a, uint64_t b, uint64_t c);
/* Whether the instruction at PC is the one that asks a debugger, and nobody listened. */
bool power_asked_in_vain(uint64_t pc);

#define system_read(name)                                                                          \
	({                                                                                         \
		uint64_t value_;                                                                   \
		__asm__ volatile("mrs %0, " #name : "=r"(value_)::"memory");                       \
		value_;                                                                            \
	})
#define system_write(name, value)                                                                  \
	__asm__ volatile("msr " #name ", %x0" ::"rZ"((uint64_t)(value)) : "memory")

static inline void
barrier_instructions(void)
{
	__asm__ volatile("isb" ::: "memory");
}

/* Everything before is done, and seen by all, before anything after begins. */
static inline void
barrier_all(void)
{
	__asm__ volatile("dsb sy" ::: "memory");
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

static inline uint64_t
register_read64(uint64_t address)
{
	return *(volatile uint64_t *)(uintptr_t)address;
}

static inline void
register_write64(uint64_t address, uint64_t value)
{
	*(volatile uint64_t *)(uintptr_t)address = value;
}

#endif

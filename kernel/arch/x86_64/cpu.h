/* SPDX-License-Identifier: MIT */
/* x86_64 for the kernel: instructions, the per-CPU block, and what its files offer each other. */
#ifndef KERNEL_ARCH_X86_64_CPU_H
#define KERNEL_ARCH_X86_64_CPU_H

#include "kernel/core/arch.h"

/* Interrupt vectors.  Those from DEVICE_FIRST to DEVICE_LAST are given out, on each CPU anew. */
#define VECTOR_NMI 2u
#define VECTOR_DOUBLE_FAULT 8u
#define VECTOR_PAGE_FAULT 14u
#define VECTOR_EXCEPTIONS 32u
#define VECTOR_LEGACY_FIRST 0x20u
#define VECTOR_LEGACY_LAST 0x2fu
#define VECTOR_DEVICE_FIRST 0x30u
#define VECTOR_DEVICE_LAST 0xefu
#define VECTOR_TIMER 0xf0u
#define VECTOR_WAKE 0xf1u
#define VECTOR_CONSOLE 0xf2u
#define VECTOR_SPURIOUS 0xffu

#define SELECTOR_CODE 8u
#define SELECTOR_DATA 16u
#define SELECTOR_TASK 24u

#define CPU_STACK_BYTES 65536u
#define CPU_TRAP_STACK_BYTES 8192u

/* A CPU's stacks.  The guards are unmapped, so that an overflow is a fault and not a riddle. */
struct cpu_stacks {
	_Alignas(4096) uint8_t guard[PAGE_BYTES];
	uint8_t main[CPU_STACK_BYTES];
	uint8_t guard_double_fault[PAGE_BYTES];
	uint8_t double_fault[CPU_TRAP_STACK_BYTES];
	uint8_t guard_nmi[PAGE_BYTES];
	uint8_t nmi[CPU_TRAP_STACK_BYTES];
};

struct cpu_task {
	uint32_t reserved0;
	uint32_t stack[6]; /* privilege levels 0 to 2, unused */
	uint32_t reserved1[2];
	uint32_t trap_stack[14]; /* seven addresses, 4-byte aligned only */
	uint32_t reserved2[2];
	uint16_t reserved3;
	uint16_t io_map;
};

_Static_assert(sizeof(struct cpu_task) == 104, "cpu_task");

struct cpu {
	uint32_t index; /* first: read through the gs segment */
	uint32_t apic_id;
	uint64_t segments[5]; /* null, code, data, task (two words) */
	_Alignas(16) struct cpu_task task;
};

struct trap_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

extern struct cpu cpus[CPUS_MAX];
extern struct cpu_stacks cpu_stacks[CPUS_MAX];

/* boot.c: for the banner. */
void boot_describe(void);

/* trap.c: the table of vectors for all CPUs; one CPU's segments, stacks and table. */
void trap_init(void);
void trap_cpu_init(unsigned index);
void trap_entry(struct trap_frame *frame);

/* interrupt.c */
void interrupt_dispatch(unsigned vector);
/* A device vector of CPU bound to line LINE; 0 when none is free. */
unsigned interrupt_bind_line(unsigned cpu, unsigned line);
void interrupt_unbind(unsigned cpu, unsigned vector);

/* iommu.c: which IOMMUs the ACPI tables name; vtd.c: Intel's. */
void iommu_init(void);
void vtd_init(void);
bool vtd_is_at(uint64_t address, uint64_t bytes);

/* apic.c: LAPICs.  apic_init() reads the MADT; false when there is none. */
bool apic_init(void);
void apic_cpu_init(void);
void apic_end_of_interrupt(void);
void apic_timer_start(uint32_t count);
uint32_t apic_timer_left(void);
void apic_send(uint32_t apic_id, uint32_t command);
unsigned apic_cpu_ids(uint32_t ids[CPUS_MAX], unsigned *present);
#define APIC_COMMAND_INIT 0x4500u
#define APIC_COMMAND_STARTUP 0x4600u
#define APIC_COMMAND_NMI 0x4400u
#define APIC_COMMAND_FIXED 0x4000u

/* ioapic.c */
void ioapic_init(void);
bool ioapic_present(void);
bool ioapic_is_at(uint64_t address, uint64_t bytes);
/* Routes an ISA interrupt to VECTOR of CPU 0, with the polarity that the firmware names. */
bool ioapic_route_isa(unsigned isa, unsigned vector);

/* pirq.c: the ISA interrupt that FUNCTION's pin ends at; 0: none. */
uint32_t pirq_isa_line(uint32_t function);

/* mmu.c */
void mmu_init(void);
uint64_t mmu_root(void);
/* The page is then read and executed, or read and written. */
void mmu_allow_execution(uint64_t page, bool allow);

/* timer.c */
void timer_init(void);
void timer_cpu_init(void);
void timer_wait_us(unsigned microseconds);

/* uart.c */
void uart_init(void);
void uart_enable_interrupts(void);
void uart_interrupt(void);

/* pci_config.c */
void pci_config_init(void);

static inline void
port_write8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

static inline void
port_write16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

static inline void
port_write32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

static inline uint8_t
port_read8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline uint16_t
port_read16(uint16_t port)
{
	uint16_t value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline uint32_t
port_read32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline uint64_t
msr_read(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static inline void
msr_write(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
}

struct cpuid {
	uint32_t a, b, c, d;
};

static inline struct cpuid
cpuid_get(uint32_t leaf)
{
	struct cpuid id;

	__asm__ volatile("cpuid"
			 : "=a"(id.a), "=b"(id.b), "=c"(id.c), "=d"(id.d)
			 : "a"(leaf), "c"(0));
	return id;
}

static inline uint64_t
cr2_read(void)
{
	uint64_t value;

	__asm__ volatile("movq %%cr2, %0" : "=r"(value));
	return value;
}

static inline uint64_t
cr3_read(void)
{
	uint64_t value;

	__asm__ volatile("movq %%cr3, %0" : "=r"(value));
	return value;
}

static inline void
cr3_write(uint64_t value)
{
	__asm__ volatile("movq %0, %%cr3" ::"r"(value) : "memory");
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

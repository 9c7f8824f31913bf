/* SPDX-License-Identifier: MIT */
/* PowerPC 64 for the kernel: instructions, the per-CPU data, what its files offer each other. */
#ifndef KERNEL_ARCH_PPC64_CPU_H
#define KERNEL_ARCH_PPC64_CPU_H

#include "kernel/arch/ppc64/offsets.h"
#include "kernel/core/arch.h"
#include "kernel/core/fdt_machine.h"

#define CPU_STACK_BYTES 65536u
#define CPU_TRAP_STACK_BYTES TRAP_STACK_BYTES

/* A CPU's stacks.  The guards are unmapped, so that an overflow is a fault and not a riddle. */
struct cpu_stacks {
	_Alignas(4096) uint8_t guard[PAGE_BYTES];
	uint8_t main[CPU_STACK_BYTES];
	uint8_t guard_trap[PAGE_BYTES];
	uint8_t trap[CPU_TRAP_STACK_BYTES];
};

/* What SPRG0 points to: the first part is for assembler (offsets.h). */
struct cpu {
	uint64_t trap; /* trap_common */
	uint64_t trap_top;
	uint64_t toc;
	uint64_t state; /* of code that runs with interrupts off */
	uint64_t main_top;
	uint64_t kept[6];
	unsigned index;
	uint32_t server; /* the interrupt controller's number for it */
	uint64_t deadline; /* the timer's; UINT64_MAX: none */
};

struct trap_frame {
	uint64_t r[32];
	uint64_t pc, state, link, count, xer, cr, address, cause, vector;
};

extern struct cpu_stacks cpu_stacks[CPUS_MAX];

/* boot.S */
void boot_map(void);
void boot_secondary(void);
void firmware_enter(uint32_t arguments, uint32_t base, uint32_t entry);

/* trap.S, trap.c */
extern char trap_stub[], trap_common[];
void trap_init(void);
void trap_entry(struct trap_frame *frame);

/* mmu.c */
void mmu_init(void);

/*
 * firmware.c: Open Firmware, which is gone once firmware_init() returns: there is the machine's
 * tree then (boot_tree()), which reserves RTAS's memory.
 */
struct rtas {
	uint32_t base, bytes, entry;
};
void firmware_init(uint32_t entry, struct rtas *rtas);

/* rtas.c: calls by name, INPUTS of the numbers that follow; returns the status, 0: done. */
#define RTAS_OUTPUTS_MAX 4u
void rtas_init(const struct rtas *rtas);
bool rtas_has(const char *name);
int32_t rtas_call(const char *name, uint32_t outputs[RTAS_OUTPUTS_MAX], unsigned output_count,
		  unsigned inputs, ...);

/* smp.c */
void smp_init(uint64_t toc);
/* The node of the device tree of the CPU that was there first. */
uint32_t smp_first_core(void);
/* From now on this and all other CPUs run with the MMU on. */
void smp_map_on(void);
void smp_send_others(void);

/* xics.c: interrupts by the controller's numbers. */
#define XICS_NUMBERS 16384u
void xics_init(void);
void xics_cpu_init(void);
/* Sends NUMBER's interrupts to CPU. */
bool xics_enable(uint32_t number, unsigned cpu);
void xics_disable(uint32_t number);
void xics_send(unsigned cpu);
/* The number of an interrupt of the device tree; UINT32_MAX when it is none. */
uint32_t xics_number(const struct fdt_interrupt *interrupt);

void xics_interrupt(void);

/* interrupt.c: what to do about NUMBER, or about what a CPU sent. */
#define INTERRUPT_SENT UINT32_MAX
void interrupt_dispatch(uint32_t number);

/* timer.c */
void timer_init(void);
void timer_cpu_init(void);
void timer_interrupt(void);

/* console.c */
void console_init(void);
void console_enable_interrupts(void);
bool console_is(uint32_t number);

/* tce.c: the IOMMU of the host bridge that is the node BRIDGE. */
void tce_init(uint32_t bridge);

/* pci.c, msi.c */
/* Where RTAS finds FUNCTION: the first three of its arguments. */
struct pci_place {
	uint32_t address, bridge_high, bridge_low;
};
struct pci_place pci_place_of(uint32_t function);
/* Which irq a message that came is bound to; UINT32_MAX: NUMBER is none, or bound to none. */
uint32_t msi_irq(uint32_t number);

#define special_read(name)                                                                         \
	({                                                                                         \
		uint64_t value_;                                                                   \
		__asm__ volatile("mf" #name " %0" : "=r"(value_)::"memory");                       \
		value_;                                                                            \
	})
#define special_write(name, value)                                                                 \
	__asm__ volatile("mt" #name " %0" ::"r"((uint64_t)(value)) : "memory")

static inline struct cpu *
cpu_here(void)
{
	return (struct cpu *)special_read(sprg0);
}

/* What firmware and hypervisor share with us in memory is big-endian; PCI is little-endian. */
#define IS_LITTLE_ENDIAN (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)

static inline uint32_t
big32(uint32_t value)
{
	return IS_LITTLE_ENDIAN ? __builtin_bswap32(value) : value;
}

static inline uint64_t
big64(uint64_t value)
{
	return IS_LITTLE_ENDIAN ? __builtin_bswap64(value) : value;
}

static inline uint32_t
little32(uint32_t value)
{
	return IS_LITTLE_ENDIAN ? value : __builtin_bswap32(value);
}

/* The hypervisor's calls.  Results beyond the status are in OUT, if that is not NULL. */
#define H_SUCCESS 0
#define H_BUSY 1
#define H_GET_TERM_CHAR 0x54u
#define H_PUT_TERM_CHAR 0x58u
#define H_EOI 0x64u
#define H_CPPR 0x68u
#define H_IPI 0x6cu
#define H_XIRR 0x74u
#define H_CEDE 0xe0u
#define H_VIO_SIGNAL 0x104u
#define H_SET_MODE 0x31cu
#define H_REGISTER_PROC_TBL 0x37cu

static inline int64_t
hypercall(uint64_t call, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t out[3])
{
	register uint64_t r3 __asm__("r3") = call;
	register uint64_t r4 __asm__("r4") = a;
	register uint64_t r5 __asm__("r5") = b;
	register uint64_t r6 __asm__("r6") = c;
	register uint64_t r7 __asm__("r7") = d;

	__asm__ volatile("sc 1"
			 : "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7)::"memory", "r0", "r8",
			   "r9", "r10", "r11", "r12", "ctr", "xer", "cr0", "cr1", "cr5", "cr6",
			   "cr7");
	if (out != NULL) {
		out[0] = r4;
		out[1] = r5;
		out[2] = r6;
	}
	return (int64_t)r3;
}

#endif

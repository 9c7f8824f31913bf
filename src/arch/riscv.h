/* SPDX-License-Identifier: MIT */
/*
 * RISC-V of 64 or 32 bits, weakly ordered (RVWMO); a store that one observer sees is seen by all.
 *
 * A fence names what comes before and what comes after: loads (r) and stores (w) of memory, input
 * (i) and output (o) of device registers.
 */
#ifndef ORION_ARCH_RISCV_H
#define ORION_ARCH_RISCV_H

#include <stdint.h>

static inline void arch_order_publish(void) { __asm__ volatile("fence w, w" ::: "memory"); }
static inline void arch_order_observe(void) { __asm__ volatile("fence r, rw" ::: "memory"); }
static inline void arch_order_ask(void) { __asm__ volatile("fence rw, rw" ::: "memory"); }
static inline void arch_order_doorbell(void) { __asm__ volatile("fence w, o" ::: "memory"); }

/* The hint "pause": a fence that orders nothing, for assemblers and CPUs that don't know it. */
static inline void
arch_relax(void)
{
	__asm__ volatile(".insn i 0x0f, 0, x0, x0, 0x010" ::: "memory");
}

#if __riscv_xlen == 64
static inline uint64_t
arch_ticks(void)
{
	uint64_t ticks;

	__asm__ volatile("rdtime %0" : "=r"(ticks));
	return ticks;
}
#else
/* Two halves: again, when the lower one overflowed between two looks at the upper. */
static inline uint64_t
arch_ticks(void)
{
	uint32_t high, low, before;

	do {
		__asm__ volatile("rdtimeh %0\n\trdtime %1\n\trdtimeh %2"
				 : "=&r"(before), "=&r"(low), "=&r"(high));
	} while (high != before);
	return (uint64_t)high << 32 | low;
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/* x86_64: stores stay in order, loads stay in order; only store-then-load needs a fence. */
#ifndef ORION_ARCH_X86_64_H
#define ORION_ARCH_X86_64_H

#include <stdint.h>

static inline void arch_order_publish(void) { __asm__ volatile("" ::: "memory"); }
static inline void arch_order_observe(void) { __asm__ volatile("" ::: "memory"); }

/*
 * A locked add on the stack is a full fence for memory of normal type, and eight times cheaper than
 * mfence.
 */
static inline void
arch_order_ask(void)
{
	__asm__ volatile("lock addl $0, -64(%%rsp)" ::: "memory", "cc");
}

/* Uncached stores drain the store buffer's older entries first. */
static inline void arch_order_doorbell(void) { __asm__ volatile("" ::: "memory"); }

static inline void arch_relax(void) { __asm__ volatile("pause" ::: "memory"); }

static inline uint64_t
arch_ticks(void)
{
	uint64_t low, high;     /* the instruction clears the upper halves */

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return high << 32 | low;
}

#endif

/* SPDX-License-Identifier: MIT */
/* ARM64, weakly ordered; a store that one observer sees is seen by all (Armv8 and later). */
#ifndef ORION_ARCH_ARM64_H
#define ORION_ARCH_ARM64_H

#include <stdint.h>

/*
 * A device of a hypervisor is a CPU of the same inner shareable domain; one that is hardware may be
 * of the outer one, which contains it.
 */
static inline void arch_order_publish(void) { __asm__ volatile("dmb oshst" ::: "memory"); }
static inline void arch_order_observe(void) { __asm__ volatile("dmb oshld" ::: "memory"); }
static inline void arch_order_ask(void) { __asm__ volatile("dmb osh" ::: "memory"); }

/*
 * The doorbell's register is device memory, of the outer domain.  A barrier is enough: it
 * makes everyone who sees the register's store see the stores before it; dsb would also wait until
 * they are done, which nobody needs.
 */
static inline void arch_order_doorbell(void) { __asm__ volatile("dmb oshst" ::: "memory"); }

static inline void arch_relax(void) { __asm__ volatile("yield" ::: "memory"); }

/*
 * Without isb the counter may be read some instructions early: less than its step, and than what
 * isb costs.
 */
static inline uint64_t
arch_ticks(void)
{
	uint64_t ticks;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
}

#endif

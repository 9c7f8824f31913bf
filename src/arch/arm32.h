/* SPDX-License-Identifier: MIT */
/* ARM of 32 bits, from ARMv7 on: weakly ordered.  The barriers are those of arm64.h. */
#ifndef ORION_ARCH_ARM32_H
#define ORION_ARCH_ARM32_H

#include <stdint.h>

/* ARMv7 has no barrier for loads alone. */
static inline void arch_order_publish(void) { __asm__ volatile("dmb st" ::: "memory"); }
static inline void arch_order_observe(void) { __asm__ volatile("dmb sy" ::: "memory"); }
static inline void arch_order_ask(void) { __asm__ volatile("dmb sy" ::: "memory"); }
static inline void arch_order_doorbell(void) { __asm__ volatile("dmb st" ::: "memory"); }

static inline void arch_relax(void) { __asm__ volatile("yield" ::: "memory"); }

/* CNTVCT, of CPUs with the generic timer. */
static inline uint64_t
arch_ticks(void)
{
	uint32_t low, high;

	__asm__ volatile("mrrc p15, 1, %0, %1, c14" : "=r"(low), "=r"(high));
	return (uint64_t)high << 32 | low;
}

#endif

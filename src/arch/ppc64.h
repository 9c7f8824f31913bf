/* SPDX-License-Identifier: MIT */
/* PowerPC 64, weakly ordered, either byte order. */
#ifndef ORION_ARCH_PPC64_H
#define ORION_ARCH_PPC64_H

#include <stdint.h>

/* Of memory that is cached, whoever the observer is: a CPU, or a device that snoops. */
static inline void arch_order_publish(void) { __asm__ volatile("lwsync" ::: "memory"); }
static inline void arch_order_observe(void) { __asm__ volatile("lwsync" ::: "memory"); }
static inline void arch_order_ask(void) { __asm__ volatile("sync" ::: "memory"); }

/* lwsync does not order cached memory and registers, which are not; sync orders everything. */
static inline void arch_order_doorbell(void) { __asm__ volatile("sync" ::: "memory"); }

static inline void arch_relax(void) { __asm__ volatile("or 27,27,27" ::: "memory"); }

static inline uint64_t
arch_ticks(void)
{
	uint64_t ticks;

	__asm__ volatile("mfspr %0, 268" : "=r"(ticks));
	return ticks;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * s390x, big-endian and strongly ordered: stores are seen in their order and loads are done in
 * theirs; only a load may overtake an earlier store to another place.
 */
#ifndef ORION_ARCH_S390X_H
#define ORION_ARCH_S390X_H

#include <stdint.h>

static inline void arch_order_publish(void) { __asm__ volatile("" ::: "memory"); }
static inline void arch_order_observe(void) { __asm__ volatile("" ::: "memory"); }

/* Serialization: the one instruction that also keeps loads behind stores. */
static inline void arch_order_ask(void) { __asm__ volatile("bcr 15, 0" ::: "memory"); }

/* The doorbell is no store but an instruction (diagnose), which serializes itself. */
static inline void arch_order_doorbell(void) { __asm__ volatile("" ::: "memory"); }

/* There is no hint of a spinning CPU that a program may give. */
static inline void arch_relax(void) { __asm__ volatile("" ::: "memory"); }

/* The time-of-day clock, read fast: two readings may be the same. */
static inline uint64_t
arch_ticks(void)
{
	uint64_t ticks;

	__asm__ volatile("stckf %0" : "=Q"(ticks) : : "cc");
	return ticks;
}

#endif

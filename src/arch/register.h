/* SPDX-License-Identifier: MIT */
/*
 * Device registers: one load or store each.  The value is a number, the register is little-endian.
 *
 * A load must not overtake the stores of registers before it, which may say what it is to show
 * (queue_select, then queue_size).  Where device memory does not keep that order by itself, a load
 * has a barrier in front; a store needs none among stores.
 */
#ifndef ORION_ARCH_REGISTER_H
#define ORION_ARCH_REGISTER_H

#include <stdint.h>

#include "order.h"

typedef uint16_t __attribute__((may_alias)) arch_alias16;
typedef uint32_t __attribute__((may_alias)) arch_alias32;
typedef uint64_t __attribute__((may_alias)) arch_alias64;
typedef uint64_t __attribute__((may_alias, aligned(4))) arch_alias64_at4;

#if defined(__powerpc64__)
static inline void arch_order_settle(void) { __asm__ volatile("eieio" ::: "memory"); }
#else
static inline void
arch_order_settle(void)
{
}
#endif

static inline uint8_t
register_load8(const volatile void *p)
{
	arch_order_settle();
	return *(const volatile uint8_t *)p;
}

static inline uint16_t
register_load16(const volatile void *p)
{
	arch_order_settle();
	return arch_le16(*(const volatile arch_alias16 *)p);
}

static inline uint32_t
register_load32(const volatile void *p)
{
	arch_order_settle();
	return arch_le32(*(const volatile arch_alias32 *)p);
}

static inline void
register_store8(volatile void *p, uint8_t v)
{
	*(volatile uint8_t *)p = v;
}

static inline void
register_store16(volatile void *p, uint16_t v)
{
	*(volatile arch_alias16 *)p = arch_le16(v);
}

static inline void
register_store32(volatile void *p, uint32_t v)
{
	*(volatile arch_alias32 *)p = arch_le32(v);
}

#endif

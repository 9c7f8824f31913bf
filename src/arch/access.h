/* SPDX-License-Identifier: MIT */
/*
 * The plain build's accessors: one load or store each, never torn, repeated or left out.
 *
 * shared_*: memory that the device can reach, raw (already little-endian) values.
 * register_*: device registers; the value is a number, the register is little-endian.
 */
#ifndef ORION_ARCH_ACCESS_H
#define ORION_ARCH_ACCESS_H

#include <stdint.h>

#include "arch/order.h"

typedef uint16_t __attribute__((may_alias)) arch_alias16;
typedef uint32_t __attribute__((may_alias)) arch_alias32;
typedef uint64_t __attribute__((may_alias)) arch_alias64;

static inline uint8_t shared_load8(const void *p) { return *(const volatile uint8_t *)p; }
static inline uint16_t shared_load16(const void *p) { return *(const volatile arch_alias16 *)p; }
static inline uint32_t shared_load32(const void *p) { return *(const volatile arch_alias32 *)p; }
static inline uint64_t shared_load64(const void *p) { return *(const volatile arch_alias64 *)p; }

static inline void shared_store8(void *p, uint8_t v) { *(volatile uint8_t *)p = v; }
static inline void shared_store16(void *p, uint16_t v) { *(volatile arch_alias16 *)p = v; }
static inline void shared_store32(void *p, uint32_t v) { *(volatile arch_alias32 *)p = v; }
static inline void shared_store64(void *p, uint64_t v) { *(volatile arch_alias64 *)p = v; }

static inline uint8_t
register_load8(const volatile void *p)
{
	return *(const volatile uint8_t *)p;
}

static inline uint16_t
register_load16(const volatile void *p)
{
	return arch_le16(*(const volatile arch_alias16 *)p);
}

static inline uint32_t
register_load32(const volatile void *p)
{
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

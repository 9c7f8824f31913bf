/* SPDX-License-Identifier: MIT */
/*
 * The plain build's accessors of memory that the device can reach: one load or store each, never
 * torn, repeated or left out, of raw (already little-endian) values.
 */
#ifndef ORION_ARCH_ACCESS_H
#define ORION_ARCH_ACCESS_H

#include <stdint.h>

#include "register.h"

static inline uint8_t shared_load8(const void *p) { return *(const volatile uint8_t *)p; }
static inline uint16_t shared_load16(const void *p) { return *(const volatile arch_alias16 *)p; }
static inline uint32_t shared_load32(const void *p) { return *(const volatile arch_alias32 *)p; }
static inline uint64_t shared_load64(const void *p) { return *(const volatile arch_alias64 *)p; }

/* Of what is aligned to 4 bytes only: one load where the CPU can, otherwise two. */
static inline uint64_t
shared_load64_at4(const void *p)
{
	return *(const volatile arch_alias64_at4 *)p;
}

static inline void shared_store8(void *p, uint8_t v) { *(volatile uint8_t *)p = v; }
static inline void shared_store16(void *p, uint16_t v) { *(volatile arch_alias16 *)p = v; }
static inline void shared_store32(void *p, uint32_t v) { *(volatile arch_alias32 *)p = v; }
static inline void shared_store64(void *p, uint64_t v) { *(volatile arch_alias64 *)p = v; }

/*
 * Of a word whose upper half hands the lower one over (a packed descriptor's flags): both at once,
 * or, where a CPU has no such access, in that order.
 */
#if __SIZEOF_POINTER__ == 8
static inline uint64_t shared_load64_handed(const void *p) { return shared_load64(p); }
static inline void shared_store64_handing(void *p, uint64_t v) { shared_store64(p, v); }
#else
static inline uint64_t
shared_load64_handed(const void *p)
{
	uint64_t high = shared_load32((const unsigned char *)p + 4);

	arch_order_observe();
	return high << 32 | shared_load32(p);
}

static inline void
shared_store64_handing(void *p, uint64_t v)
{
	shared_store32(p, (uint32_t)v);
	arch_order_publish();
	shared_store32((unsigned char *)p + 4, (uint32_t)(v >> 32));
}
#endif

#endif

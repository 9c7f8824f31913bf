/* SPDX-License-Identifier: MIT */
/*
 * Typed access to memory shared with the device: one load or store, converted once.
 *
 * Nothing else in the core touches shared memory.  The set of places where a device's word enters
 * is therefore: grep shared_get.
 */
#ifndef ORION_BASE_SHARED_H
#define ORION_BASE_SHARED_H

#include "../arch/arch.h"
#include "le.h"

static inline uint8_t shared_get8(const uint8_t *p) { return shared_load8(p); }
static inline uint16_t shared_get16(const le16 *p) { return arch_le16(shared_load16(p)); }
static inline uint32_t shared_get32(const le32 *p) { return arch_le32(shared_load32(p)); }
static inline uint64_t shared_get64(const le64 *p) { return arch_le64(shared_load64(p)); }

static inline uint64_t
shared_get64_handed(const le64 *p)
{
	return arch_le64(shared_load64_handed(p));
}

static inline uint64_t shared_get64_at4(const void *p) { return arch_le64(shared_load64_at4(p)); }

static inline void shared_put8(uint8_t *p, uint8_t v) { shared_store8(p, v); }
static inline void shared_put16(le16 *p, uint16_t v) { shared_store16(p, arch_le16(v)); }
static inline void shared_put32(le32 *p, uint32_t v) { shared_store32(p, arch_le32(v)); }
static inline void shared_put64(le64 *p, uint64_t v) { shared_store64(p, arch_le64(v)); }

static inline void
shared_put64_handing(le64 *p, uint64_t v)
{
	shared_store64_handing(p, arch_le64(v));
}

#endif

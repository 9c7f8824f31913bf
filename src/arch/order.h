/* SPDX-License-Identifier: MIT */
/* The CPU's byte order as functions: identity or swap.  Used by base/le.h only. */
#ifndef ORION_ARCH_ORDER_H
#define ORION_ARCH_ORDER_H

#include <stdint.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
static inline uint16_t arch_le16(uint16_t v) { return v; }
static inline uint32_t arch_le32(uint32_t v) { return v; }
static inline uint64_t arch_le64(uint64_t v) { return v; }
#else
static inline uint16_t arch_le16(uint16_t v) { return __builtin_bswap16(v); }
static inline uint32_t arch_le32(uint32_t v) { return __builtin_bswap32(v); }
static inline uint64_t arch_le64(uint64_t v) { return __builtin_bswap64(v); }
#endif

#endif

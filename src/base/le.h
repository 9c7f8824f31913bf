/* SPDX-License-Identifier: MIT */
/*
 * Little-endian wrapper types: the only byte-order conversions in the tree.
 *
 * A value in shared memory is a le16, le32 or le64; a number is a uintN_t.  Passing one for the
 * other does not compile, so that each value is converted exactly once.
 */
#ifndef ORION_BASE_LE_H
#define ORION_BASE_LE_H

#include <stdint.h>

#include "../arch/order.h"

typedef struct { uint16_t raw; } le16;
typedef struct { uint32_t raw; } le32;
typedef struct { uint64_t raw; } le64;

static inline uint16_t le16_to_cpu(le16 v) { return arch_le16(v.raw); }
static inline uint32_t le32_to_cpu(le32 v) { return arch_le32(v.raw); }
static inline uint64_t le64_to_cpu(le64 v) { return arch_le64(v.raw); }

static inline le16 cpu_to_le16(uint16_t v) { return (le16){arch_le16(v)}; }
static inline le32 cpu_to_le32(uint32_t v) { return (le32){arch_le32(v)}; }
static inline le64 cpu_to_le64(uint64_t v) { return (le64){arch_le64(v)}; }

#endif

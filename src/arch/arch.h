/* SPDX-License-Identifier: MIT */
/*
 * What differs by CPU: ordering, the spin hint, the tick counter, register stores and loads.
 *
 * Ordering primitives are named by purpose.  "Before" and "after" are in program order; the partner
 * is the device.
 *
 *   arch_order_publish()  stores before are visible before stores after: ring contents, then index
 *   arch_order_ask()      everything before, stores included, before loads after: the index, then
 *                         the question whether the device wants a kick (the only full fence)
 *   arch_order_observe()  loads before are done before loads and stores after: index, then contents
 *   arch_order_doorbell() memory stores before are visible before a register store after
 *
 * arch/register.h has one more, for register loads after register stores.
 *
 * Two builds share this file.  The plain build compiles to the instructions.  A build with
 * ORION_STEPPED (tests, fuzzers, the simulator) calls arch/stepped.h's hooks in their place, so
 * that a model device can act between any two accesses and a store buffer can delay what is not
 * ordered.  Under ThreadSanitizer, arch/tsan.h stands in for arch/access.h.
 */
#ifndef ORION_ARCH_ARCH_H
#define ORION_ARCH_ARCH_H

#include <stdint.h>

#include "atomic.h"
#include "order.h"

#if defined(ORION_STEPPED)
#include "stepped.h"
#else
#if defined(__x86_64__)
#include "x86_64.h"
#elif defined(__powerpc64__)
#include "ppc64.h"
#elif defined(__s390x__)
#include "s390x.h"
#elif defined(__aarch64__)
#include "arm64.h"
#elif defined(__riscv)
#include "riscv.h"
#elif defined(__arm__) && __ARM_ARCH >= 7
#include "arm32.h"
#else
#error "no arch header for this CPU: see src/arch/arch.h for what one must define"
#endif
#if __SIZEOF_POINTER__ < 8 && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "CPUs of 32 bits are driven little-endian only"
#endif
#if defined(__SANITIZE_THREAD__)
#include "tsan.h"
#else
#include "access.h"
#endif
#endif

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The stepped build: the same primitives as arch/access.h and arch/<isa>.h, each a call of a hook
 * that the test program supplies (model/step.c).  Hosted on any CPU.
 */
#ifndef ORION_ARCH_STEPPED_H
#define ORION_ARCH_STEPPED_H

#include <stdint.h>

typedef enum step_order {
	STEP_PUBLISH,
	STEP_ASK,
	STEP_OBSERVE,
	STEP_DOORBELL,
} step_order;

/* Memory shared with the device: WIDTH 1, 2, 4 or 8 bytes, raw little-endian values. */
uint64_t step_shared_load(const void *address, unsigned width);
void step_shared_store(void *address, unsigned width, uint64_t value);

/* Device registers: WIDTH 1, 2 or 4 bytes, values as numbers. */
uint32_t step_register_load(const volatile void *address, unsigned width);
void step_register_store(volatile void *address, unsigned width, uint32_t value);

void step_fence(step_order order);
void step_relax(void);
uint64_t step_ticks(void);

static inline uint8_t shared_load8(const void *p) { return (uint8_t)step_shared_load(p, 1); }
static inline uint16_t shared_load16(const void *p) { return (uint16_t)step_shared_load(p, 2); }
static inline uint32_t shared_load32(const void *p) { return (uint32_t)step_shared_load(p, 4); }
static inline uint64_t shared_load64(const void *p) { return step_shared_load(p, 8); }
static inline uint64_t shared_load64_at4(const void *p) { return step_shared_load(p, 8); }
static inline void shared_store8(void *p, uint8_t v) { step_shared_store(p, 1, v); }
static inline void shared_store16(void *p, uint16_t v) { step_shared_store(p, 2, v); }
static inline void shared_store32(void *p, uint32_t v) { step_shared_store(p, 4, v); }
static inline void shared_store64(void *p, uint64_t v) { step_shared_store(p, 8, v); }
static inline uint64_t shared_load64_handed(const void *p) { return shared_load64(p); }
static inline void shared_store64_handing(void *p, uint64_t v) { shared_store64(p, v); }

static inline uint8_t
register_load8(const volatile void *p)
{
	return (uint8_t)step_register_load(p, 1);
}

static inline uint16_t
register_load16(const volatile void *p)
{
	return (uint16_t)step_register_load(p, 2);
}

static inline uint32_t
register_load32(const volatile void *p)
{
	return step_register_load(p, 4);
}

static inline void register_store8(volatile void *p, uint8_t v) { step_register_store(p, 1, v); }
static inline void register_store16(volatile void *p, uint16_t v) { step_register_store(p, 2, v); }
static inline void register_store32(volatile void *p, uint32_t v) { step_register_store(p, 4, v); }

static inline void arch_order_publish(void) { step_fence(STEP_PUBLISH); }
static inline void arch_order_ask(void) { step_fence(STEP_ASK); }
static inline void arch_order_observe(void) { step_fence(STEP_OBSERVE); }
static inline void arch_order_doorbell(void) { step_fence(STEP_DOORBELL); }
static inline void arch_relax(void) { step_relax(); }
static inline uint64_t arch_ticks(void) { return step_ticks(); }

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The ThreadSanitizer build's accessors of shared memory, and what its fences mean.
 *
 * ThreadSanitizer knows atomic accesses, but takes no notice of fences, least of all of those that
 * are instructions.  So every access here is a relaxed atomic one, which by itself orders nothing,
 * and the two fences that make others' data ours, or ours theirs, are told to it in its own terms:
 *
 *   arch_order_publish()   the next store releases what came before it
 *   arch_order_observe()   the latest load acquires what was released to its word
 *
 * That is no more than a fence promises, and what the rings rely on.  A ring whose fence is left
 * out is reported as a race on the data that the fence was there for.  Store-then-load order
 * (arch_order_ask) is beyond ThreadSanitizer: the step tests are for that.  Words are told apart in
 * eights of bytes, since one side may load a part of what the other stored whole.
 */
#ifndef ORION_ARCH_TSAN_H
#define ORION_ARCH_TSAN_H

#include <stdbool.h>
#include <stdint.h>

#include "register.h"

/* ThreadSanitizer's own. */
void __tsan_acquire(void *address);
void __tsan_release(void *address);

static _Thread_local bool tsan_publishing;
static _Thread_local const void *tsan_loaded;

static inline void *
tsan_word(const void *p)
{
	return (void *)((uintptr_t)p & ~(uintptr_t)7);
}

static inline const void *
tsan_load(const void *p)
{
	tsan_loaded = p;
	return p;
}

static inline void *
tsan_store(void *p)
{
	if (tsan_publishing)
		__tsan_release(tsan_word(p));
	tsan_publishing = false;
	return p;
}

static inline void
tsan_publish(void)
{
	tsan_publishing = true;
}

static inline void
tsan_observe(void)
{
	__tsan_acquire(tsan_word(tsan_loaded));
}

/* The fence of the CPU, and the note; a macro does not expand within itself. */
#define arch_order_publish() (arch_order_publish(), tsan_publish())
#define arch_order_observe() (arch_order_observe(), tsan_observe())

static inline uint8_t
shared_load8(const void *p)
{
	return __atomic_load_n((const uint8_t *)tsan_load(p), __ATOMIC_RELAXED);
}

static inline uint16_t
shared_load16(const void *p)
{
	return __atomic_load_n((const arch_alias16 *)tsan_load(p), __ATOMIC_RELAXED);
}

static inline uint32_t
shared_load32(const void *p)
{
	return __atomic_load_n((const arch_alias32 *)tsan_load(p), __ATOMIC_RELAXED);
}

static inline uint64_t
shared_load64(const void *p)
{
	return __atomic_load_n((const arch_alias64 *)tsan_load(p), __ATOMIC_RELAXED);
}

/* Only elements of rings that orion_vring_layout() aligned to 8 are read in this build. */
static inline uint64_t
shared_load64_at4(const void *p)
{
	return shared_load64(p);
}

static inline void
shared_store8(void *p, uint8_t v)
{
	__atomic_store_n((uint8_t *)tsan_store(p), v, __ATOMIC_RELAXED);
}

static inline void
shared_store16(void *p, uint16_t v)
{
	__atomic_store_n((arch_alias16 *)tsan_store(p), v, __ATOMIC_RELAXED);
}

static inline void
shared_store32(void *p, uint32_t v)
{
	__atomic_store_n((arch_alias32 *)tsan_store(p), v, __ATOMIC_RELAXED);
}

static inline void
shared_store64(void *p, uint64_t v)
{
	__atomic_store_n((arch_alias64 *)tsan_store(p), v, __ATOMIC_RELAXED);
}

static inline uint64_t shared_load64_handed(const void *p) { return shared_load64(p); }
static inline void shared_store64_handing(void *p, uint64_t v) { shared_store64(p, v); }

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What several contexts write: the few accesses that must be atomic, none of which may become a
 * call of the compiler's library, which a host need not have.
 */
#ifndef ORION_ARCH_ATOMIC_H
#define ORION_ARCH_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

typedef uint32_t __attribute__((may_alias)) arch_word32;

/*
 * *P becomes V; returns what it was.  In order with every access before and after.  For ARM64 gcc
 * would call its library (-moutline-atomics is its default), for the sake of CPUs from Armv8.1 on.
 */
static inline uint32_t
arch_exchange32(void *p, uint32_t v)
{
#if defined(__aarch64__)
	uint32_t old, failed;

	__asm__ volatile("1:	ldaxr %w0, %2\n"
			 "	stlxr %w1, %w3, %2\n"
			 "	cbnz %w1, 1b"
			 : "=&r"(old), "=&r"(failed), "+Q"(*(arch_word32 *)p)
			 : "r"(v)
			 : "memory");
	return old;
#else
	return __atomic_exchange_n((arch_word32 *)p, v, __ATOMIC_ACQ_REL);
#endif
}

/* *P becomes V if it is WAS; true when it did.  In no order with anything. */
static inline bool
arch_replace32(void *p, uint32_t was, uint32_t v)
{
#if defined(__aarch64__)
	uint32_t old, failed;

	__asm__ volatile("1:	ldxr %w0, %2\n"
			 "	cmp %w0, %w3\n"
			 "	b.ne 2f\n"
			 "	stxr %w1, %w4, %2\n"
			 "	cbnz %w1, 1b\n"
			 "2:"
			 : "=&r"(old), "=&r"(failed), "+Q"(*(arch_word32 *)p)
			 : "r"(was), "r"(v)
			 : "cc", "memory");
	return old == was;
#else
	return __atomic_compare_exchange_n((arch_word32 *)p, &was, v, false, __ATOMIC_RELAXED,
					   __ATOMIC_RELAXED);
#endif
}

/*
 * A 64-bit number that another CPU may change at any moment.  On a CPU of 32 bits it is read in two
 * halves, so that it may be seen half changed: only for what is judged by somebody else, too.
 */
static inline uint64_t
arch_load64(const uint64_t *p)
{
#if __SIZEOF_POINTER__ == 8
	return __atomic_load_n(p, __ATOMIC_RELAXED);
#else
	const arch_word32 *half = (const void *)p;

	return (uint64_t)__atomic_load_n(&half[1], __ATOMIC_RELAXED) << 32 |
	       __atomic_load_n(&half[0], __ATOMIC_RELAXED);
#endif
}

static inline void
arch_store64(uint64_t *p, uint64_t v)
{
#if __SIZEOF_POINTER__ == 8
	__atomic_store_n(p, v, __ATOMIC_RELAXED);
#else
	arch_word32 *half = (void *)p;

	__atomic_store_n(&half[0], (uint32_t)v, __ATOMIC_RELAXED);
	__atomic_store_n(&half[1], (uint32_t)(v >> 32), __ATOMIC_RELAXED);
#endif
}

#endif

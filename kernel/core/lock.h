/* SPDX-License-Identifier: MIT */
/* A spin lock that also keeps interrupts out; held for a few instructions only. */
#ifndef KERNEL_CORE_LOCK_H
#define KERNEL_CORE_LOCK_H

#include "kernel/core/arch.h"

struct lock {
	uint32_t taken;
};

/* Returns what lock_give() needs. */
static inline bool
lock_take(struct lock *lock)
{
	bool on = arch_irq_off();

	while (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE) != 0)
		while (__atomic_load_n(&lock->taken, __ATOMIC_RELAXED) != 0)
			arch_relax();
	return on;
}

static inline void
lock_give(struct lock *lock, bool on)
{
	__atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
	arch_irq_restore(on);
}

#endif

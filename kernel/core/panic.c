/* SPDX-License-Identifier: MIT */
/* See panic.h; and orion_panic(), the driver core's hook. */
#include "kernel/core/panic.h"

#include "kernel/core/arch.h"
#include "kernel/core/print.h"

static uint32_t panic_owner; /* CPU index + 1; 0: all is well */

void
panic_begin(void)
{
	uint32_t me = arch_cpu() + 1;
	uint32_t nobody = 0;

	(void)arch_irq_off();
	if (!__atomic_compare_exchange_n(&panic_owner, &nobody, me, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE)) {
		if (nobody == me) {
			/* A fault while telling of a fault. */
			arch_power_off(false);
		}
		for (;;)
			arch_relax();
	}
	arch_stop_others();
	kprint_force();
}

void
panic_end(void)
{
	kprint("The kernel has stopped.\n");
	arch_power_off(false);
}

bool
panic_is_running(void)
{
	return __atomic_load_n(&panic_owner, __ATOMIC_ACQUIRE) != 0;
}

void
orion_panic(const char *text)
{
	panic_begin();
	kprint("\nPanic on CPU %u: %s\n  called from %p\n", arch_cpu(), text,
	       __builtin_return_address(0));
	panic_end();
}

/* SPDX-License-Identifier: MIT */
/* See panic.h; and orion_panic(), the driver core's hook. */
#include "kernel/core/panic.h"

#include "kernel/core/arch.h"
#include "kernel/core/paging.h"
#include "kernel/core/print.h"

#define STACK_WORDS 16u

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

void
panic_print_stack(uint64_t sp)
{
	kprint("  stack (* may be a return address):");
	for (unsigned i = 0; i < STACK_WORDS; i++) {
		uint64_t at = sp + i * sizeof(uint64_t);

		if (at % sizeof(uint64_t) != 0 || !paging_is_mapped(at)) {
			kprint(" no more of it can be read");
			break;
		}
		uint64_t word = *(const uint64_t *)(uintptr_t)at;
		bool code = word >= (uintptr_t)kernel_start && word < (uintptr_t)kernel_text_end;

		kprint("%s%016llx%c", i % 4 == 0 ? "\n    " : " ", (unsigned long long)word,
		       code ? '*' : ' ');
	}
	kprint("\n");
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

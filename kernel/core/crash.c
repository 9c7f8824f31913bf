/* SPDX-License-Identifier: MIT */
/* See crash.h. */
#include "kernel/core/crash.h"

#include "kernel/core/arch.h"

/* Not inlined, and not a tail call: each level takes stack. */
static __attribute__((noinline)) uint64_t
use_stack(volatile uint8_t *above)
{
	volatile uint8_t room[1000];

	room[0] = above != NULL ? above[0] : 1;
	return room[0] != 0 ? use_stack(room) + room[0] : 0;
}

void
crash_use_stack(void)
{
	(void)use_stack(NULL);
}

void
crash_write_code(void)
{
	*(volatile char *)kernel_start = 0;
}

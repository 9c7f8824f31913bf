/* SPDX-License-Identifier: MIT */
/* Provoked exceptions: to see the dump, and to test that it is told. */
#include "cpu.h"
#include "kernel/core/paging.h"
#include "kernel/core/string.h"

/* Not inlined, and not a tail call: each level takes stack until the guard is hit. */
static __attribute__((noinline)) uint64_t
use_stack(volatile uint8_t *above)
{
	volatile uint8_t room[1000];

	room[0] = above != NULL ? above[0] : 1;
	return room[0] != 0 ? use_stack(room) + room[0] : 0;
}

const char *const *
arch_crash_kinds(void)
{
	static const char *const kinds[] = {"null",     "opcode", "write-code", "run-data",
					    "unmapped", "stack",  "breakpoint", NULL};

	return kinds;
}

void
arch_crash(const char *kind)
{
	static const uint32_t data[4] = {0x4e800020}; /* blr */
	uint64_t nowhere = paging_limit - PAGE_BYTES;

	if (string_equal(kind, "opcode"))
		__asm__ volatile(".long 0");
	else if (string_equal(kind, "write-code"))
		*(volatile char *)kernel_start = 0;
	else if (string_equal(kind, "run-data"))
		((void (*)(void))(uintptr_t)data)();
	else if (string_equal(kind, "unmapped"))
		(void)*(volatile char *)(uintptr_t)nowhere;
	else if (string_equal(kind, "stack"))
		use_stack(NULL);
	else if (string_equal(kind, "breakpoint"))
		__asm__ volatile("trap");
	else
		__asm__ volatile("li 9, 0; ld 9, 0(9)" ::: "r9", "memory");
}

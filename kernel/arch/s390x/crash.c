/* SPDX-License-Identifier: MIT */
/* Provoked exceptions: to see the dump, and to test that it is told. */
#include "cpu.h"
#include "kernel/core/string.h"

#define NOWHERE UINT64_C(0x7fffff000) /* the last page below 32 GiB: more than QEMU was given */

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
	static const char *kinds[] = {"null",  "opcode", "write-code", "unmapped",
				      "stack", NULL,     NULL};

	/* Elsewhere data is executed. */
	if (mmu_has_no_execute())
		kinds[5] = "run-data";
	return kinds;
}

void
arch_crash(const char *kind)
{
	static const uint32_t data[2] = {0x07fe07fe, 0x07fe07fe}; /* return */

	if (string_equal(kind, "opcode"))
		__asm__ volatile(".long 0");
	else if (string_equal(kind, "write-code"))
		*(volatile char *)kernel_start = 0;
	else if (string_equal(kind, "run-data"))
		((void (*)(void))(uintptr_t)data)();
	else if (string_equal(kind, "unmapped"))
		(void)*(volatile char *)(uintptr_t)NOWHERE;
	else if (string_equal(kind, "stack"))
		use_stack(NULL);
	else
		__asm__ volatile("lghi %%r1, 0\n\tlg %%r1, 0(%%r1)" ::: "r1", "memory");
}

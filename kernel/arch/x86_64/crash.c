/* SPDX-License-Identifier: MIT */
/* Provoked exceptions: to see the dump, and to test that it is told. */
#include "cpu.h"
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
	static const char *const kinds[] = {"null",  "divide",  "opcode", "write-code",
					    "stack", "general", NULL};

	return kinds;
}

void
arch_crash(const char *kind)
{
	if (string_equal(kind, "divide")) {
		__asm__ volatile("xorl %%ecx, %%ecx; divl %%ecx" ::: "eax", "ecx", "edx", "cc");
	} else if (string_equal(kind, "opcode")) {
		__asm__ volatile("ud2");
	} else if (string_equal(kind, "write-code")) {
		*(volatile char *)kernel_start = 0;
	} else if (string_equal(kind, "stack")) {
		use_stack(NULL);
	} else if (string_equal(kind, "general")) {
		__asm__ volatile("movabsq $0x8000000000000000, %%rax; movq (%%rax), %%rax" ::
					 : "rax", "memory");
	} else {
		__asm__ volatile("xorl %%eax, %%eax; movl (%%rax), %%eax" ::: "rax", "memory");
	}
}

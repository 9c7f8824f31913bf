/* SPDX-License-Identifier: MIT */
/* Provoked exceptions: to see the dump, and to test that it is told. */
#include "cpu.h"
#include "kernel/core/crash.h"
#include "words/text.h"

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
	if (text_equal(kind, "divide")) {
		__asm__ volatile("xorl %%ecx, %%ecx; divl %%ecx" ::: "eax", "ecx", "edx", "cc");
	} else if (text_equal(kind, "opcode")) {
		__asm__ volatile("ud2");
	} else if (text_equal(kind, "write-code")) {
		crash_write_code();
	} else if (text_equal(kind, "stack")) {
		crash_use_stack();
	} else if (text_equal(kind, "general")) {
		__asm__ volatile("movabsq $0x8000000000000000, %%rax; movq (%%rax), %%rax" ::
					 : "rax", "memory");
	} else {
		__asm__ volatile("xorl %%eax, %%eax; movl (%%rax), %%eax" ::: "rax", "memory");
	}
}

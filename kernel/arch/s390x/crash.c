/* SPDX-License-Identifier: MIT */
/* Provoked exceptions: to see the dump, and to test that it is told. */
#include "cpu.h"
#include "kernel/core/crash.h"
#include "words/text.h"

#define NOWHERE UINT64_C(0x7fffff000) /* the last page below 32 GiB: more than QEMU was given */

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

	if (text_equal(kind, "opcode"))
		__asm__ volatile(".long 0");
	else if (text_equal(kind, "write-code"))
		crash_write_code();
	else if (text_equal(kind, "run-data"))
		((void (*)(void))(uintptr_t)data)();
	else if (text_equal(kind, "unmapped"))
		(void)*(volatile char *)(uintptr_t)NOWHERE;
	else if (text_equal(kind, "stack"))
		crash_use_stack();
	else
		__asm__ volatile("lghi %%r1, 0\n\tlg %%r1, 0(%%r1)" ::: "r1", "memory");
}

/* SPDX-License-Identifier: MIT */
/* Provoked exceptions: to see the dump, and to test that it is told. */
#include "cpu.h"
#include "kernel/core/crash.h"
#include "words/text.h"

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
	static const uint32_t data[4] = {0x00000013}; /* nop */
	uint64_t nowhere = mmu_limit() - PAGE_BYTES;

	if (text_equal(kind, "opcode"))
		__asm__ volatile(".half 0");
	else if (text_equal(kind, "write-code"))
		crash_write_code();
	else if (text_equal(kind, "run-data"))
		((void (*)(void))(uintptr_t)data)();
	else if (text_equal(kind, "unmapped"))
		(void)*(volatile char *)(uintptr_t)nowhere;
	else if (text_equal(kind, "stack"))
		crash_use_stack();
	else if (text_equal(kind, "breakpoint"))
		__asm__ volatile("ebreak");
	else
		__asm__ volatile("ld a0, (zero)" ::: "a0", "memory");
}

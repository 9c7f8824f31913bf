/* SPDX-License-Identifier: MIT */
/* What the machine can, bit by bit, and what it calls itself. */
#include "cpu.h"
#include "kernel/core/print.h"

#define LIST_WORDS 4u

bool
facility_is_there(unsigned number)
{
	static uint64_t list[LIST_WORDS];
	register uint64_t last __asm__("0") = LIST_WORDS - 1;

	if (list[0] == 0)
		__asm__ volatile("stfle %0" : "=Q"(list), "+d"(last)::"cc", "memory");
	return number < LIST_WORDS * 64 && (list[number / 64] >> (63 - number % 64) & 1) != 0;
}

const char *
arch_cpu_model(void)
{
	static char model[32];
	uint64_t id;

	__asm__ volatile("stidp %0" : "=Q"(id));
	format_text(model, sizeof(model), "machine type %04x", (unsigned)(id >> 16 & 0xffff));
	return model;
}

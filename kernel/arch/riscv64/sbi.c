/* SPDX-License-Identifier: MIT */
/* Calls of the firmware: the RISC-V Supervisor Binary Interface, version 0.2 and later. */
#include "cpu.h"

#define BASE_PROBE 3u

struct sbi_answer {
	int64_t error;
	uint64_t value;
};

static struct sbi_answer
ask(uint64_t extension, uint64_t function, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	register uint64_t a0 __asm__("a0") = a;
	register uint64_t a1 __asm__("a1") = b;
	register uint64_t a2 __asm__("a2") = c;
	register uint64_t a3 __asm__("a3") = d;
	register uint64_t a6 __asm__("a6") = function;
	register uint64_t a7 __asm__("a7") = extension;
	struct sbi_answer answer;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1)
			 : "r"(a2), "r"(a3), "r"(a6), "r"(a7)
			 : "memory");
	answer.error = (int64_t)a0;
	answer.value = a1;
	return answer;
}

int64_t
sbi_call(uint64_t extension, uint64_t function, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	return ask(extension, function, a, b, c, d).error;
}

bool
sbi_has(uint64_t extension)
{
	struct sbi_answer answer = ask(SBI_BASE, BASE_PROBE, extension, 0, 0, 0);

	return answer.error == 0 && answer.value != 0;
}

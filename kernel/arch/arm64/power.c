/* SPDX-License-Identifier: MIT */
/*
 * The firmware (PSCI), and the end.  First a debugger or QEMU is asked, by a semihosting call, to
 * end with a status (33 for success, 35 for failure).  Elsewhere the last line says it, and the
 * firmware is asked; then a CPU sleeps for good.
 */
#include "cpu.h"
#include "kernel/core/print.h"

#define PSCI_OFF 0x84000008u
#define PSCI_RESET 0x84000009u
#define PSCI_NOT_SUPPORTED (-1)
#define ASK_EXIT 0x18u
#define EXIT_APPLICATION 0x20026u
#define EXIT_SUCCESS 33u
#define EXIT_FAILURE 35u

static bool by_hvc, by_smc;

void
psci_init(void)
{
	const struct fdt *tree = boot_tree();
	struct fdt_value method = fdt_get(tree, fdt_child_named(tree, FDT_ROOT, "psci"), "method");

	by_hvc = fdt_has_string(method, "hvc");
	by_smc = fdt_has_string(method, "smc");
}

int64_t
psci_call(uint32_t function, uint64_t a, uint64_t b, uint64_t c)
{
	register uint64_t x0 __asm__("x0") = function;
	register uint64_t x1 __asm__("x1") = a;
	register uint64_t x2 __asm__("x2") = b;
	register uint64_t x3 __asm__("x3") = c;

	if (by_hvc)
		__asm__ volatile("hvc #0"
				 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory", "x4", "x5",
				   "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
				   "x16", "x17");
	else if (by_smc)
		__asm__ volatile("smc #0"
				 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory", "x4", "x5",
				   "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
				   "x16", "x17");
	else
		return PSCI_NOT_SUPPORTED;
	return (int64_t)x0;
}

/* Where nobody listens, the instruction is an exception; trap.c then goes on behind it. */
static void
ask_for_exit(uint64_t status)
{
	const uint64_t block[2] = {EXIT_APPLICATION, status};
	register uint64_t w0 __asm__("x0") = ASK_EXIT;
	register const uint64_t *x1 __asm__("x1") = block;

	__asm__ volatile(".globl power_ask\npower_ask:\n\thlt #0xf000"
			 : "+r"(w0)
			 : "r"(x1)
			 : "memory");
}

extern char power_ask[];

bool
power_asked_in_vain(uint64_t pc)
{
	return pc == (uintptr_t)power_ask;
}

static _Noreturn void
sleep_for_good(void)
{
	for (;;)
		__asm__ volatile("msr daifset, #15; wfi" ::: "memory");
}

void
arch_power_off(bool success)
{
	ask_for_exit(success ? EXIT_SUCCESS : EXIT_FAILURE);
	kprint("power-off: %s\n", success ? "success" : "failure");
	psci_call(PSCI_OFF, 0, 0, 0);
	kprint("The machine can be switched off now.\n");
	sleep_for_good();
}

void
arch_reboot(void)
{
	psci_call(PSCI_RESET, 0, 0, 0);
	kprint("The machine can be reset now.\n");
	sleep_for_good();
}

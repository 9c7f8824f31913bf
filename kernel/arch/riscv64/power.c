/* SPDX-License-Identifier: MIT */
/*
 * The end.  First SiFive's test device, which QEMU has, is told to end with a status: 33 for
 * success, 35 for failure.  (It knows success of its own, but then QEMU ends with 0, as it does
 * when it is told to quit.)  Elsewhere the last line says it, and the firmware is asked; then a CPU
 * sleeps for good.
 */
#include "cpu.h"
#include "kernel/core/print.h"

#define TEST_END 0x3333u
#define TEST_STATUS_SHIFT 16
#define STATUS_SUCCESS 33u
#define STATUS_FAILURE 35u
#define RESET_OFF 0u
#define RESET_COLD 1u
#define REASON_NONE 0u
#define REASON_FAILURE 1u

static uint64_t test; /* 0: there is none */

void
power_init(void)
{
	uint32_t node = fdt_compatible(boot_tree(), FDT_ROOT, "sifive,test0");
	struct memory_range registers;

	if (fdt_reg(boot_tree(), node, 0, &registers) && mmu_own(&registers))
		test = registers.start;
}

static _Noreturn void
sleep_for_good(void)
{
	csr_write(sie, 0);
	for (;;)
		__asm__ volatile("wfi" ::: "memory");
}

void
arch_power_off(bool success)
{
	if (test != 0)
		register_write(test, (success ? STATUS_SUCCESS : STATUS_FAILURE)
						     << TEST_STATUS_SHIFT |
					     TEST_END);
	kprint("power-off: %s\n", success ? "success" : "failure");
	sbi_call(SBI_RESET, 0, RESET_OFF, success ? REASON_NONE : REASON_FAILURE, 0, 0);
	kprint("The machine can be switched off now.\n");
	sleep_for_good();
}

void
arch_reboot(void)
{
	sbi_call(SBI_RESET, 0, RESET_COLD, REASON_NONE, 0, 0);
	kprint("The machine can be reset now.\n");
	sleep_for_good();
}

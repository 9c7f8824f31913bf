/* SPDX-License-Identifier: MIT */
/* From the loader's device tree to kernel_main(): memory, and what comes when. */
#include "cpu.h"

_Noreturn void boot_main(uint64_t hart, const void *blob);

/* The MMU is off, which takes nothing from the caches here.  Without a tree there is no console. */
void
boot_main(uint64_t hart, const void *blob)
{
	mmu_detect();
	if (!fdt_machine_init(blob, mmu_limit()))
		for (;;)
			__asm__ volatile("wfi");
	smp_init(hart);
	uart_init();
	power_init();
	fw_cfg_init();
	kernel_main();
}

void
arch_init(void)
{
	mmu_init();
	interrupt_init();
	timer_init();
	interrupt_cpu_init(0);
	timer_cpu_init();
	pci_host_init();
	uart_enable_interrupts();
	arch_irq_restore(true);
}

const char *
arch_name(void)
{
	return "riscv64";
}

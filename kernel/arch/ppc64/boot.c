/* SPDX-License-Identifier: MIT */
/* From Open Firmware to kernel_main(): what comes when; what these machines have not. */
#include "cpu.h"
#include "kernel/core/string.h"

_Noreturn void boot_main(uint32_t client_entry, uint64_t toc);

void
boot_main(uint32_t client_entry, uint64_t toc)
{
	struct rtas rtas;

	smp_init(toc);
	firmware_init(client_entry, &rtas);
	trap_init();
	console_init();
	rtas_init(&rtas);
	kernel_main();
}

void
arch_init(void)
{
	mmu_init();
	timer_init();
	xics_init();
	xics_cpu_init();
	timer_cpu_init();
	pci_host_init();
	console_enable_interrupts();
	arch_irq_restore(true);
}

/* There is no such device on these machines: every item reads as absent. */
void
arch_fw_cfg_select(uint16_t key)
{
	(void)key;
}

void
arch_fw_cfg_read(void *buffer, size_t bytes)
{
	memset(buffer, 0xff, bytes);
}

/* Nor are there virtio devices with MMIO registers. */
void
arch_devices_find(void)
{
}

const char *
arch_name(void)
{
	return IS_LITTLE_ENDIAN ? "ppc64le" : "ppc64";
}

/* SPDX-License-Identifier: MIT */
/* From the loader's device tree to kernel_main(): the first map, memory, what comes when. */
#include "cpu.h"
#include "kernel/core/memory.h"

#define GIB (UINT64_C(1) << 30)
#define FIRST_MAP_GIB 512u

/* Entries of the first map: blocks of 1 GiB. */
#define BLOCK_RAM UINT64_C(0x701) /* write-back, inner shareable, accessed */
#define BLOCK_DEVICE (UINT64_C(0x60000000000405)) /* no execution */
#define TABLE UINT64_C(3)

uint64_t *boot_early(const void *blob);
_Noreturn void boot_main(void);

static _Alignas(4096) uint64_t first_table[512];
static _Alignas(4096) uint64_t first_blocks[FIRST_MAP_GIB];

/*
 * The map with which the caches come on: what holds RAM as RAM, the rest as devices.  Runs with the
 * MMU off: no atomics, nothing unaligned.  Without a tree there is no console to say so on.
 */
uint64_t *
boot_early(const void *blob)
{
	const struct memory_range *ram;
	unsigned ram_count;

	if (!fdt_machine_init(blob, FIRST_MAP_GIB * GIB))
		for (;;)
			__asm__ volatile("wfi");
	ram = boot_ram(&ram_count);
	first_table[0] = (uintptr_t)first_blocks | TABLE;
	for (uint64_t i = 0; i < FIRST_MAP_GIB; i++)
		first_blocks[i] = i * GIB | BLOCK_DEVICE;
	for (unsigned i = 0; i < ram_count; i++) {
		uint64_t last = (ram[i].start + ram[i].bytes - 1) / GIB;

		for (uint64_t at = ram[i].start / GIB; at <= last; at++)
			first_blocks[at] = at * GIB | BLOCK_RAM;
	}
	return first_table;
}

void
boot_main(void)
{
	system_write(tpidr_el1, 0);
	uart_init();
	psci_init();
	fw_cfg_init();
	kernel_main();
}

void
arch_init(void)
{
	mmu_init();
	gic_init();
	timer_init();
	gic_cpu_init(0);
	timer_cpu_init(0);
	pci_host_init();
	iommu_init();
	uart_enable_interrupts();
	/* System errors are told from here on, too. */
	__asm__ volatile("msr daifclr, #4" ::: "memory");
	arch_irq_restore(true);
}

const char *
arch_name(void)
{
	return "arm64";
}

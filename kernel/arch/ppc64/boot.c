/* SPDX-License-Identifier: MIT */
/* From Open Firmware to kernel_main(): the device tree, memory, what comes when. */
#include "cpu.h"
#include "kernel/core/memory.h"
#include "kernel/core/string.h"

_Noreturn void boot_main(uint32_t client_entry, uint64_t toc);

static struct firmware firmware;
static struct memory_range ram[MEMORY_RANGES_MAX];
static unsigned ram_count;

const struct fdt *
boot_tree(void)
{
	return &firmware.tree;
}

static void
find_ram(void)
{
	const struct fdt *tree = &firmware.tree;
	uint32_t node = fdt_child(tree, FDT_ROOT);

	for (; node != FDT_NONE; node = fdt_sibling(tree, node)) {
		struct memory_range range;

		if (!fdt_has_string(fdt_get(tree, node, "device_type"), "memory"))
			continue;
		for (uint32_t i = 0; fdt_reg(tree, node, i, &range); i++)
			if (range.bytes != 0 && ram_count < MEMORY_RANGES_MAX)
				ram[ram_count++] = range;
	}
}

void
boot_main(uint32_t client_entry, uint64_t toc)
{
	smp_init(toc);
	firmware_init(client_entry, &firmware);
	trap_init();
	console_init();
	rtas_init(&firmware);
	find_ram();
	kernel_main();
}

unsigned
arch_memory_ranges(struct memory_range *ranges, unsigned max)
{
	unsigned count = ram_count < max ? ram_count : max;

	for (unsigned i = 0; i < count; i++)
		ranges[i] = ram[i];
	return count;
}

unsigned
arch_memory_occupied(struct memory_range *ranges, unsigned max)
{
	unsigned count = 2;

	if (max < 3)
		return 0;
	ranges[0].start = (uintptr_t)kernel_start;
	ranges[0].bytes = (uintptr_t)kernel_end - (uintptr_t)kernel_start;
	ranges[1] = firmware.rtas;
	if (fdt_initrd(&firmware.tree, &ranges[count]))
		count++;
	return count;
}

void
arch_hypervisor_clues(struct hypervisor_clues *clues)
{
	fdt_hypervisor_clues(&firmware.tree, clues);
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

const char *
arch_command_line(void)
{
	return fdt_command_line(&firmware.tree);
}

bool
arch_initrd(struct memory_range *archive)
{
	return fdt_initrd(&firmware.tree, archive);
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
arch_mmio_find(void)
{
}

const char *
arch_name(void)
{
	return IS_LITTLE_ENDIAN ? "ppc64le" : "ppc64";
}

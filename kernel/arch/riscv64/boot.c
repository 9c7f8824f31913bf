/* SPDX-License-Identifier: MIT */
/* From the loader's device tree to kernel_main(): memory, and what comes when. */
#include "cpu.h"
#include "kernel/core/memory.h"

#define TREE_BYTES_MAX (2u << 20)

_Noreturn void boot_main(uint64_t hart, const void *blob);

static struct fdt tree;
static struct memory_range ram[MEMORY_RANGES_MAX];
static unsigned ram_count;

const struct fdt *
boot_tree(void)
{
	return &tree;
}

/* What lies beyond the reach of addresses is left out. */
static void
find_ram(void)
{
	uint32_t node = fdt_child(&tree, FDT_ROOT);

	for (; node != FDT_NONE; node = fdt_sibling(&tree, node)) {
		struct memory_range range;

		if (!fdt_has_string(fdt_get(&tree, node, "device_type"), "memory") ||
		    !fdt_is_on(&tree, node))
			continue;
		for (uint32_t i = 0; fdt_reg(&tree, node, i, &range); i++) {
			if (range.bytes == 0 || ram_count == MEMORY_RANGES_MAX ||
			    range.start + range.bytes > mmu_limit())
				continue;
			ram[ram_count++] = range;
		}
	}
}

/* The MMU is off, which takes nothing from the caches here.  Without a tree there is no console. */
void
boot_main(uint64_t hart, const void *blob)
{
	if (!fdt_init(&tree, blob, TREE_BYTES_MAX))
		for (;;)
			__asm__ volatile("wfi");
	mmu_detect();
	find_ram();
	smp_init(hart);
	uart_init();
	power_init();
	fw_cfg_init();
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

/* The firmware's own memory is among what the tree reserves. */
unsigned
arch_memory_occupied(struct memory_range *ranges, unsigned max)
{
	unsigned count = 2;
	struct memory_range reserved;

	if (max < 3)
		return 0;
	ranges[0].start = (uintptr_t)kernel_start;
	ranges[0].bytes = (uintptr_t)kernel_end - (uintptr_t)kernel_start;
	ranges[1].start = (uintptr_t)tree.blob;
	ranges[1].bytes = tree.bytes;
	if (fdt_initrd(&tree, &ranges[count]))
		count++;
	for (uint32_t i = 0; fdt_reserved(&tree, i, &reserved); i++) {
		if (count == max)
			orion_panic("more reserved memory in the device tree than can be noted");
		ranges[count++] = reserved;
	}
	return count;
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
arch_command_line(void)
{
	return fdt_command_line(&tree);
}

bool
arch_initrd(struct memory_range *archive)
{
	return fdt_initrd(&tree, archive);
}

const char *
arch_name(void)
{
	return "riscv64";
}

/* SPDX-License-Identifier: MIT */
/* From the loader's device tree to kernel_main(): the first map, memory, what comes when. */
#include "cpu.h"
#include "kernel/core/memory.h"

#define TREE_BYTES_MAX (2u << 20)
#define OCCUPIED_MAX 6u
#define GIB (UINT64_C(1) << 30)
#define FIRST_MAP_GIB 512u

/* Entries of the first map: blocks of 1 GiB. */
#define BLOCK_RAM UINT64_C(0x701) /* write-back, inner shareable, accessed */
#define BLOCK_DEVICE (UINT64_C(0x60000000000405)) /* no execution */
#define TABLE UINT64_C(3)

uint64_t *boot_early(const void *blob);
_Noreturn void boot_main(void);

static struct fdt tree;
static struct memory_range ram[MEMORY_RANGES_MAX];
static unsigned ram_count;
static _Alignas(4096) uint64_t first_table[512];
static _Alignas(4096) uint64_t first_blocks[FIRST_MAP_GIB];

const struct fdt *
boot_tree(void)
{
	return &tree;
}

/* What lies beyond the first map's end is left out. */
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
			    range.start + range.bytes > FIRST_MAP_GIB * GIB)
				continue;
			ram[ram_count].start = range.start;
			ram[ram_count++].bytes = range.bytes;
		}
	}
}

/*
 * The map with which the caches come on: what holds RAM as RAM, the rest as devices.  Runs with the
 * MMU off: no atomics, nothing unaligned.  Without a tree there is no console to say so on.
 */
uint64_t *
boot_early(const void *blob)
{
	if (!fdt_init(&tree, blob, TREE_BYTES_MAX))
		for (;;)
			__asm__ volatile("wfi");
	find_ram();
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
arch_hypervisor_clues(struct hypervisor_clues *clues)
{
	fdt_hypervisor_clues(&tree, clues);
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
	return "arm64";
}

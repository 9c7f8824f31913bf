/* SPDX-License-Identifier: MIT */
/* See fdt_machine.h: memory, and what the loader was told. */
#include "kernel/core/fdt_machine.h"

#define TREE_BYTES_MAX (2u << 20)

static struct fdt tree;
static struct memory_range ram[MEMORY_RANGES_MAX];
static unsigned ram_count;

const struct fdt *
boot_tree(void)
{
	return &tree;
}

const struct memory_range *
boot_ram(unsigned *count)
{
	*count = ram_count;
	return ram;
}

static void
find_ram(uint64_t limit)
{
	uint32_t node = fdt_child(&tree, FDT_ROOT);

	for (; node != FDT_NONE; node = fdt_sibling(&tree, node)) {
		struct memory_range range;

		if (!fdt_has_string(fdt_get(&tree, node, "device_type"), "memory") ||
		    !fdt_is_on(&tree, node))
			continue;
		for (uint32_t i = 0; fdt_reg(&tree, node, i, &range); i++) {
			if (range.bytes == 0 || ram_count == MEMORY_RANGES_MAX ||
			    range.start + range.bytes > limit)
				continue;
			ram[ram_count].start = range.start;
			ram[ram_count++].bytes = range.bytes;
		}
	}
}

bool
fdt_machine_init(const void *blob, uint64_t limit)
{
	if (!fdt_init(&tree, blob, TREE_BYTES_MAX))
		return false;
	find_ram(limit);
	return true;
}

unsigned
arch_memory_ranges(struct memory_range *ranges, unsigned max)
{
	unsigned count = ram_count < max ? ram_count : max;

	for (unsigned i = 0; i < count; i++)
		ranges[i] = ram[i];
	return count;
}

/* Firmware's own memory is among what the tree reserves. */
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

void
arch_hypervisor_clues(struct hypervisor_clues *clues)
{
	fdt_hypervisor_clues(&tree, clues);
}

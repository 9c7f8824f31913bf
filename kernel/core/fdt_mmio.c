/* SPDX-License-Identifier: MIT */
/* The virtio devices of a device tree that have MMIO registers: see mmio.h. */
#include "kernel/core/mmio.h"

void
mmio_from_tree(const struct fdt *fdt, uint32_t (*line_of)(const struct fdt_interrupt *interrupt))
{
	uint32_t node = FDT_ROOT;

	while ((node = fdt_compatible(fdt, node, "virtio,mmio")) != FDT_NONE) {
		struct fdt_interrupt interrupt;
		struct memory_range registers;
		struct mmio_place place;

		if (!fdt_reg(fdt, node, 0, &registers))
			continue;
		place.address = registers.start;
		place.bytes = registers.bytes;
		place.line =
			fdt_interrupt(fdt, node, 0, &interrupt) ? line_of(&interrupt) : UINT32_MAX;
		mmio_enter(&place);
	}
}

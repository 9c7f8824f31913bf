/* SPDX-License-Identifier: MIT */
/* The device tree's addresses and interrupts, and what is chosen: see fdt.h. */
#include "kernel/core/fdt.h"

#define FDT_USUAL_ADDRESS_CELLS 2u
#define FDT_USUAL_SIZE_CELLS 1u
#define FDT_RESERVED_BYTES 16u

/* How many cells addresses and sizes have on the bus that NODE is. */
struct bus_cells {
	uint32_t address, size;
};

static struct bus_cells
bus_cells(const struct fdt *fdt, uint32_t node)
{
	struct bus_cells cells = {
		fdt_number(fdt, node, "#address-cells", FDT_USUAL_ADDRESS_CELLS),
		fdt_number(fdt, node, "#size-cells", FDT_USUAL_SIZE_CELLS),
	};

	return cells;
}

bool
fdt_translate(const struct fdt *fdt, uint32_t node, uint64_t *address)
{
	while (node != FDT_ROOT) {
		uint32_t parent = fdt_parent(fdt, node);
		struct fdt_value ranges = fdt_get(fdt, node, "ranges");
		struct bus_cells own = bus_cells(fdt, node);
		uint32_t above = bus_cells(fdt, parent).address;
		uint32_t row = own.address + above + own.size;
		bool found = ranges.bytes != NULL && ranges.length == 0; /* one to one */

		if (parent == FDT_NONE || ranges.bytes == NULL || own.address > 2 || above > 2 ||
		    own.size > 2)
			return false;
		for (uint32_t at = 0; !found && at + row <= ranges.length / 4; at += row) {
			uint64_t start = fdt_cells(ranges, at, own.address);

			if (*address >= start &&
			    *address - start <
				    fdt_cells(ranges, at + own.address + above, own.size)) {
				*address = *address - start +
					   fdt_cells(ranges, at + own.address, above);
				found = true;
			}
		}
		if (!found)
			return false;
		node = parent;
	}
	return true;
}

bool
fdt_reg(const struct fdt *fdt, uint32_t node, uint32_t index, struct memory_range *out)
{
	uint32_t bus = fdt_parent(fdt, node);
	struct fdt_value reg = fdt_get(fdt, node, "reg");
	struct bus_cells cells = bus_cells(fdt, bus);
	uint64_t row = (uint64_t)cells.address + cells.size;

	if (bus == FDT_NONE || cells.address == 0 || cells.address > 2 || cells.size > 2 ||
	    ((uint64_t)index + 1) * row > reg.length / 4)
		return false;
	out->start = fdt_cells(reg, (uint32_t)(index * row), cells.address);
	out->bytes = fdt_cells(reg, (uint32_t)(index * row) + cells.address, cells.size);
	return out->start + out->bytes >= out->start && fdt_translate(fdt, bus, &out->start);
}

/* The controller of NODE's interrupts: named by it, or by the nearest node above that names one. */
static uint32_t
interrupt_parent(const struct fdt *fdt, uint32_t node)
{
	while (node != FDT_NONE) {
		uint32_t phandle = fdt_number(fdt, node, "interrupt-parent", 0);

		if (phandle != 0)
			return fdt_by_phandle(fdt, phandle);
		node = fdt_parent(fdt, node);
	}
	return FDT_NONE;
}

bool
fdt_interrupt(const struct fdt *fdt, uint32_t node, uint32_t index, struct fdt_interrupt *out)
{
	struct fdt_value interrupts = fdt_get(fdt, node, "interrupts");
	uint32_t count;

	out->controller = interrupt_parent(fdt, node);
	count = fdt_number(fdt, out->controller, "#interrupt-cells", 0);
	if (count == 0 || count > FDT_INTERRUPT_CELLS_MAX ||
	    ((uint64_t)index + 1) * count > interrupts.length / 4)
		return false;
	for (uint32_t i = 0; i < count; i++)
		out->cells[i] = fdt_cell(interrupts, index * count + i);
	return true;
}

bool
fdt_reserved(const struct fdt *fdt, uint32_t index, struct memory_range *out)
{
	uint32_t at = fdt->reserved_offset;
	uint32_t node;

	for (; at <= fdt->bytes && fdt->bytes - at >= FDT_RESERVED_BYTES;
	     at += FDT_RESERVED_BYTES) {
		struct fdt_value row = {fdt->blob + at, FDT_RESERVED_BYTES};

		out->start = fdt_cells(row, 0, 2);
		out->bytes = fdt_cells(row, 2, 2);
		if (out->bytes == 0)
			break;
		if (index-- == 0)
			return true;
	}
	node = fdt_child(fdt, fdt_child_named(fdt, FDT_ROOT, "reserved-memory"));
	for (; node != FDT_NONE; node = fdt_sibling(fdt, node))
		for (uint32_t i = 0; fdt_reg(fdt, node, i, out); i++)
			if (index-- == 0)
				return true;
	return false;
}

const char *
fdt_command_line(const struct fdt *fdt)
{
	return fdt_string(fdt_get(fdt, fdt_child_named(fdt, FDT_ROOT, "chosen"), "bootargs"));
}

/* An address of /chosen has one cell or two, whatever the bus has. */
bool
fdt_initrd(const struct fdt *fdt, struct memory_range *out)
{
	uint32_t chosen = fdt_child_named(fdt, FDT_ROOT, "chosen");
	struct fdt_value start = fdt_get(fdt, chosen, "linux,initrd-start");
	struct fdt_value end = fdt_get(fdt, chosen, "linux,initrd-end");

	out->start = fdt_cells(start, 0, start.length / 4);
	out->bytes = fdt_cells(end, 0, end.length / 4) - out->start;
	return start.length >= 4 && start.length <= 8 && end.length >= 4 && end.length <= 8 &&
	       out->start + out->bytes > out->start;
}

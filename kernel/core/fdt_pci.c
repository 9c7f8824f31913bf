/* SPDX-License-Identifier: MIT */
/* See fdt_pci.h. */
#include "kernel/core/fdt_pci.h"

#define BUS_BYTES (1u << 20)
#define PCI_ADDRESS_CELLS 3u /* kind, then the address; of a function: its number << 8 */
#define PCI_SIZE_CELLS 2u
#define KIND_MASK 0x03000000u
#define KIND_MEMORY_32 0x02000000u

/* Whether another window is to be preferred: one that is not shifted, of such the largest. */
static bool
is_better(const struct fdt_pci *pci, uint64_t bytes, uint64_t offset)
{
	if (pci->window.bytes == 0 || (offset == 0) == (pci->window_offset == 0))
		return bytes > pci->window.bytes;
	return bytes != 0 && offset == 0;
}

void
fdt_pci_window(const struct fdt *fdt, struct fdt_pci *pci)
{
	struct fdt_value ranges = fdt_get(fdt, pci->node, "ranges");
	uint32_t above =
		fdt_number(fdt, fdt_parent(fdt, pci->node), "#address-cells", PCI_SIZE_CELLS);
	uint32_t row = PCI_ADDRESS_CELLS + above + PCI_SIZE_CELLS;

	pci->window.start = 0;
	pci->window.bytes = 0;
	pci->window_offset = 0;
	for (uint32_t at = 0; above <= 2 && at + row <= ranges.length / 4; at += row) {
		uint64_t on_bus = fdt_cells(ranges, at + 1, 2);
		uint64_t seen = fdt_cells(ranges, at + PCI_ADDRESS_CELLS, above);
		uint64_t bytes = fdt_cells(ranges, at + PCI_ADDRESS_CELLS + above, PCI_SIZE_CELLS);

		if ((fdt_cell(ranges, at) & KIND_MASK) == KIND_MEMORY_32 &&
		    is_better(pci, bytes, seen - on_bus)) {
			pci->window.start = on_bus;
			pci->window.bytes = bytes;
			pci->window_offset = seen - on_bus;
		}
	}
}

uint64_t
fdt_pci_address(const struct fdt_pci *pci, uint64_t address)
{
	bool within =
		address >= pci->window.start && address - pci->window.start < pci->window.bytes;

	return within ? address + pci->window_offset : address;
}

bool
fdt_pci_find(const struct fdt *fdt, struct fdt_pci *pci)
{
	struct memory_range space;
	struct fdt_value buses;

	pci->node = fdt_compatible(fdt, FDT_ROOT, "pci-host-ecam-generic");
	if (pci->node == FDT_NONE || !fdt_reg(fdt, pci->node, 0, &space) || space.bytes < BUS_BYTES)
		return false;
	buses = fdt_get(fdt, pci->node, "bus-range");
	pci->first_bus = fdt_cell(buses, 0);
	pci->last_bus = pci->first_bus + (uint32_t)(space.bytes / BUS_BYTES) - 1;
	if (buses.length == 8 && fdt_cell(buses, 1) < pci->last_bus)
		pci->last_bus = fdt_cell(buses, 1);
	pci->space = space.start - (uint64_t)pci->first_bus * BUS_BYTES;
	fdt_pci_window(fdt, pci);
	return pci->first_bus <= pci->last_bus && pci->last_bus < 256;
}

/* Rows of a map: address and pin, controller, its address, its numbers. */
bool
fdt_pci_interrupt(const struct fdt *fdt, const struct fdt_pci *pci, uint32_t function, uint32_t pin,
		  struct fdt_interrupt *out)
{
	struct fdt_value map = fdt_get(fdt, pci->node, "interrupt-map");
	struct fdt_value mask = fdt_get(fdt, pci->node, "interrupt-map-mask");
	const uint32_t wanted[] = {function << 8, 0, 0, pin};
	uint32_t at = 0;

	while (at + 5 <= map.length / 4) {
		uint32_t controller = fdt_by_phandle(fdt, fdt_cell(map, at + 4));
		uint32_t skipped = fdt_number(fdt, controller, "#address-cells", 0);
		uint32_t count = fdt_number(fdt, controller, "#interrupt-cells", 0);
		bool matches = true;

		if (controller == FDT_NONE || skipped > 2 || count == 0 ||
		    count > FDT_INTERRUPT_CELLS_MAX || at + 5 + skipped + count > map.length / 4)
			return false;
		for (uint32_t i = 0; i < 4; i++) {
			uint32_t bits = mask.length >= 16 ? fdt_cell(mask, i) : UINT32_MAX;

			matches = matches && ((fdt_cell(map, at + i) ^ wanted[i]) & bits) == 0;
		}
		at += 5 + skipped;
		if (matches) {
			out->controller = controller;
			for (uint32_t i = 0; i < count; i++)
				out->cells[i] = fdt_cell(map, at + i);
			return true;
		}
		at += count;
	}
	return false;
}

bool
fdt_pci_messages(const struct fdt *fdt, const struct fdt_pci *pci, uint32_t function,
		 uint32_t *controller, uint32_t *id)
{
	struct fdt_value map = fdt_get(fdt, pci->node, "msi-map");
	uint32_t masked = function & fdt_number(fdt, pci->node, "msi-map-mask", UINT32_MAX);

	for (uint32_t at = 0; at + 4 <= map.length / 4; at += 4) {
		uint32_t first = fdt_cell(map, at);

		if (masked >= first && masked - first < fdt_cell(map, at + 3)) {
			*controller = fdt_by_phandle(fdt, fdt_cell(map, at + 1));
			*id = masked - first + fdt_cell(map, at + 2);
			return *controller != FDT_NONE;
		}
	}
	*controller = fdt_by_phandle(fdt, fdt_number(fdt, pci->node, "msi-parent", 0));
	*id = function;
	return map.bytes == NULL && *controller != FDT_NONE;
}

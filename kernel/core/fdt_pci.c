/* SPDX-License-Identifier: MIT */
/* See fdt_pci.h. */
#include "kernel/core/fdt_pci.h"

#define BUS_BYTES (1u << 20)
#define PCI_ADDRESS_CELLS 3u /* kind, then the address; of a function: its number << 8 */
#define PCI_SIZE_CELLS 2u
#define KIND_MASK 0x03000000u
#define KIND_SHIFT 24

/* The largest of each kind. */
void
fdt_pci_windows(const struct fdt *fdt, struct fdt_pci *pci)
{
	struct fdt_value ranges = fdt_get(fdt, pci->node, "ranges");
	uint32_t above =
		fdt_number(fdt, fdt_parent(fdt, pci->node), "#address-cells", PCI_SIZE_CELLS);
	uint32_t row = PCI_ADDRESS_CELLS + above + PCI_SIZE_CELLS;

	for (unsigned space = 0; space < PCI_SPACES; space++)
		pci->windows[space] = (struct pci_window){0, 0, 0};
	for (uint32_t at = 0; above <= 2 && at + row <= ranges.length / 4; at += row) {
		uint32_t kind = (fdt_cell(ranges, at) & KIND_MASK) >> KIND_SHIFT;
		struct pci_window window = {
			.bus = fdt_cells(ranges, at + 1, 2),
			.cpu = fdt_cells(ranges, at + PCI_ADDRESS_CELLS, above),
			.bytes = fdt_cells(ranges, at + PCI_ADDRESS_CELLS + above, PCI_SIZE_CELLS),
		};

		/* Kinds 1 to 3 are the spaces in their order; 0 is configuration space. */
		if (kind != 0 && window.bytes > pci->windows[kind - 1].bytes &&
		    window.bus + window.bytes >= window.bus)
			pci->windows[kind - 1] = window;
	}
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
	fdt_pci_windows(fdt, pci);
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

/* Looks FUNCTION up in MAP, whose rows are: first function, phandle, first number, how many. */
static bool
map_find(const struct fdt *fdt, struct fdt_value map, uint32_t function, uint32_t *node,
	 uint32_t *id)
{
	for (uint32_t at = 0; at + 4 <= map.length / 4; at += 4) {
		uint32_t first = fdt_cell(map, at);

		if (function >= first && function - first < fdt_cell(map, at + 3)) {
			*node = fdt_by_phandle(fdt, fdt_cell(map, at + 1));
			*id = function - first + fdt_cell(map, at + 2);
			return *node != FDT_NONE;
		}
	}
	return false;
}

bool
fdt_pci_messages(const struct fdt *fdt, const struct fdt_pci *pci, uint32_t function,
		 uint32_t *controller, uint32_t *id)
{
	struct fdt_value map = fdt_get(fdt, pci->node, "msi-map");
	uint32_t masked = function & fdt_number(fdt, pci->node, "msi-map-mask", UINT32_MAX);

	if (map_find(fdt, map, masked, controller, id))
		return true;
	*controller = fdt_by_phandle(fdt, fdt_number(fdt, pci->node, "msi-parent", 0));
	*id = function;
	return map.bytes == NULL && *controller != FDT_NONE;
}

bool
fdt_pci_iommu(const struct fdt *fdt, const struct fdt_pci *pci, uint32_t function, uint32_t *iommu,
	      uint32_t *id)
{
	uint32_t masked = function & fdt_number(fdt, pci->node, "iommu-map-mask", UINT32_MAX);

	return map_find(fdt, fdt_get(fdt, pci->node, "iommu-map"), masked, iommu, id);
}

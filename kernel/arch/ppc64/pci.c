/* SPDX-License-Identifier: MIT */
/* The PCI host bridge of the device tree: configuration space by RTAS, windows, lines. */
#include "kernel/core/pci.h"

#include "cpu.h"
#include "kernel/core/fdt_pci.h"
#include "kernel/core/io_window.h"

#define PCI_INTERRUPT_PIN 0x3du
#define SPACE_BYTES 4096u /* of a function */

static struct fdt_pci host;
static uint64_t host_unit; /* by which RTAS knows it */
static bool host_is_there;

void
pci_host_init(void)
{
	host.node = fdt_compatible(boot_tree(), FDT_ROOT, "IBM,Logical_PHB");
	host_unit = fdt_cells(fdt_get(boot_tree(), host.node, "reg"), 0, 2);
	host_is_there = host.node != FDT_NONE && rtas_has("ibm,read-pci-config");
	fdt_pci_windows(boot_tree(), &host);
	io_window_init(&host.windows[PCI_SPACE_IO]);
	tce_init(host.node);
}

struct pci_place
pci_place_of(uint32_t function)
{
	struct pci_place place = {function << 8, (uint32_t)(host_unit >> 32), (uint32_t)host_unit};

	return place;
}

/* Offsets from 256 on have their upper bits above the bus. */
static bool
find(uint32_t function, unsigned offset, unsigned width, struct pci_place *place)
{
	*place = pci_place_of(function);
	place->address |= (offset & 0xff) | (offset & 0xf00) << 20;
	return host_is_there && (width == 1 || width == 2 || width == 4) && offset % width == 0 &&
	       offset < SPACE_BYTES && function <= UINT16_MAX;
}

uint32_t
arch_pci_read(uint32_t function, unsigned offset, unsigned width)
{
	struct pci_place place;
	uint32_t out[RTAS_OUTPUTS_MAX] = {0};
	uint32_t ones = width < 4 ? (1u << 8 * width) - 1 : UINT32_MAX;

	if (!find(function, offset, width, &place) ||
	    rtas_call("ibm,read-pci-config", out, 1, 4, place.address, place.bridge_high,
		      place.bridge_low, width) != 0)
		return ones;
	return out[0] & ones;
}

void
arch_pci_write(uint32_t function, unsigned offset, unsigned width, uint32_t value)
{
	struct pci_place place;

	if (find(function, offset, width, &place))
		rtas_call("ibm,write-pci-config", NULL, 0, 5, place.address, place.bridge_high,
			  place.bridge_low, width, value);
}

bool
arch_pci_window(enum pci_space space, struct pci_window *window)
{
	*window = host.windows[space];
	return host_is_there && window->bytes != 0;
}

uint32_t
arch_io_read(uint32_t port, unsigned width)
{
	return io_window_read(port, width);
}

void
arch_io_write(uint32_t port, unsigned width, uint32_t value)
{
	io_window_write(port, width, value);
}

const char *
arch_pci_access(void)
{
	return host_is_there ? "RTAS" : "no host bridge in the device tree";
}

uint32_t
arch_line_of(uint32_t function)
{
	uint32_t pin = arch_pci_read(function, PCI_INTERRUPT_PIN, 1);
	const struct pci_function *bridge;
	struct fdt_interrupt interrupt;

	if (!host_is_there || pin == 0 || pin > 4)
		return UINT32_MAX;
	/* A bridge passes its devices' pins on, turned by the device's number. */
	while ((bridge = pci_bridge_of((uint8_t)(function >> 8))) != NULL) {
		pin = (pin - 1 + (function >> 3 & 31)) % 4 + 1;
		function = bridge->function;
	}
	if (!fdt_pci_interrupt(boot_tree(), &host, function, pin, &interrupt))
		return UINT32_MAX;
	return xics_number(&interrupt);
}

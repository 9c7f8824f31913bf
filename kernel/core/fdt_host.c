/* SPDX-License-Identifier: MIT */
/* The PCI host bridge of the device tree: configuration space, window, lines and messages. */
#include "kernel/core/ecam.h"
#include "kernel/core/fdt_machine.h"
#include "kernel/core/fdt_pci.h"
#include "kernel/core/io_window.h"
#include "kernel/core/pci.h"

#define PCI_INTERRUPT_PIN 0x3du

static struct fdt_pci host;
static bool host_is_there;

void
pci_host_init(void)
{
	host_is_there = fdt_pci_find(boot_tree(), &host) &&
			ecam_init(host.space, host.first_bus, host.last_bus);
	if (host_is_there)
		io_window_init(&host.windows[PCI_SPACE_IO]);
}

static bool
is_valid(uint32_t function, unsigned offset, unsigned width)
{
	return (width == 1 || width == 2 || width == 4) && offset % width == 0 &&
	       ecam_reaches(function, offset);
}

uint32_t
arch_pci_read(uint32_t function, unsigned offset, unsigned width)
{
	return is_valid(function, offset, width) ? ecam_read(function, offset, width) : UINT32_MAX;
}

void
arch_pci_write(uint32_t function, unsigned offset, unsigned width, uint32_t value)
{
	if (is_valid(function, offset, width))
		ecam_write(function, offset, width, value);
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
	return host_is_there ? "ECAM" : "no host bridge in the device tree";
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
	return interrupt_line(&interrupt);
}

bool
pci_iommu_of(uint32_t function, uint32_t *node, uint32_t *id)
{
	return host_is_there &&
	       fdt_pci_iommu(boot_tree(), &host, pci_requester(function), node, id);
}

bool
pci_messages_of(uint32_t function, uint32_t *controller, uint32_t *id)
{
	return host_is_there &&
	       fdt_pci_messages(boot_tree(), &host, pci_requester(function), controller, id);
}

/* SPDX-License-Identifier: MIT */
/* Checking a port.  The contract is include/orion/port.h. */
#include "orion/port.h"

#include "check.h"

#define TICKS_PER_SECOND_MIN 1000u

orion_status
orion_port_check(const struct orion_port *port, unsigned needs, const char **missing)
{
	const struct {
		bool there;
		const char *name;
	} items[] = {
		{port->dma_alloc != NULL, "dma_alloc"},
		{port->dma_free != NULL, "dma_free"},
		{port->share == NULL || port->unshare != NULL, "unshare"},
		{port->now_ns != NULL, "now_ns"},
		{port->pause_ns != NULL, "pause_ns"},
		{port->ticks_per_second == 0 || port->ticks_per_second >= TICKS_PER_SECOND_MIN,
		 "ticks_per_second"},
		{port->irq_attach == NULL || port->wake != NULL, "wake"},
		{port->irq_attach == NULL || port->irq_detach != NULL, "irq_detach"},
		{port->dma_open == NULL || port->dma_close != NULL, "dma_close"},
		{!(needs & PORT_NEEDS_REGISTERS) || port->map_registers != NULL, "map_registers"},
		{!(needs & PORT_NEEDS_REGISTERS) || port->unmap_registers != NULL,
		 "unmap_registers"},
		{!(needs & PORT_NEEDS_PCI) || port->pci_read != NULL, "pci_read"},
		{!(needs & PORT_NEEDS_PCI) || port->pci_write != NULL, "pci_write"},
		{port->io_read == NULL || port->io_write != NULL, "io_write"},
	};

	for (unsigned i = 0; i < COUNT_OF(items); i++) {
		if (items[i].there)
			continue;
		if (missing != NULL)
			*missing = items[i].name;
		return ORION_PORT_INCOMPLETE;
	}
	return ORION_OK;
}

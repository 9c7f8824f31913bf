/* SPDX-License-Identifier: MIT */
/* Checking a port.  The contract is include/orion/port.h. */
#include "orion/port.h"

#include "check.h"

#define TICKS_PER_SECOND_MIN 1000u

/* The first function that is wanted and not there, NULL: none. */
static const char *
first_missing(const struct orion_port *port, unsigned needs)
{
	bool registers = (needs & PORT_NEEDS_REGISTERS) != 0, pci = (needs & PORT_NEEDS_PCI) != 0;

	if (port->dma_alloc == NULL)
		return "dma_alloc";
	if (port->dma_free == NULL)
		return "dma_free";
	if (port->share != NULL && port->unshare == NULL)
		return "unshare";
	if (port->now_ns == NULL)
		return "now_ns";
	if (port->pause_ns == NULL)
		return "pause_ns";
	if (port->ticks_per_second != 0 && port->ticks_per_second < TICKS_PER_SECOND_MIN)
		return "ticks_per_second";
	if (port->irq_attach != NULL && port->wake == NULL)
		return "wake";
	if (port->irq_attach != NULL && port->irq_detach == NULL)
		return "irq_detach";
	if (port->dma_open != NULL && port->dma_close == NULL)
		return "dma_close";
	if (registers && port->map_registers == NULL)
		return "map_registers";
	if (registers && port->unmap_registers == NULL)
		return "unmap_registers";
	if (pci && port->pci_read == NULL)
		return "pci_read";
	if (pci && port->pci_write == NULL)
		return "pci_write";
	return port->io_read != NULL && port->io_write == NULL ? "io_write" : NULL;
}

orion_status
orion_port_check(const struct orion_port *port, unsigned needs, const char **missing)
{
	const char *name = first_missing(port, needs);

	if (name == NULL)
		return ORION_OK;
	if (missing != NULL)
		*missing = name;
	return ORION_PORT_INCOMPLETE;
}

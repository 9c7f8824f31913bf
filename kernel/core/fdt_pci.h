/* SPDX-License-Identifier: MIT */
/* What the device tree says of the PCI host bridge with configuration space in memory. */
#ifndef KERNEL_CORE_FDT_PCI_H
#define KERNEL_CORE_FDT_PCI_H

#include "kernel/core/fdt.h"

struct fdt_pci {
	uint32_t node;
	uint64_t space; /* where the configuration space of bus 0 would be */
	uint32_t first_bus, last_bus;
	struct memory_range window; /* for 32-bit memory, by the bus's addresses; no bytes: none */
	uint64_t window_offset; /* what is to be added for the CPU's */
};

/* The first host bridge; false when there is none, or none that can be used. */
bool fdt_pci_find(const struct fdt *fdt, struct fdt_pci *pci);

/* Finds the window of PCI->node, which is any host bridge; fdt_pci_find() does it, too. */
void fdt_pci_window(const struct fdt *fdt, struct fdt_pci *pci);

/* Where the CPU sees what is at ADDRESS on the bus; only in the window that differs. */
uint64_t fdt_pci_address(const struct fdt_pci *pci, uint64_t address);

/* Where pin PIN (1: INTA) of FUNCTION is wired to; false when nowhere. */
bool fdt_pci_interrupt(const struct fdt *fdt, const struct fdt_pci *pci, uint32_t function,
		       uint32_t pin, struct fdt_interrupt *out);

/* The controller that takes FUNCTION's messages, and the number by which it knows FUNCTION. */
bool fdt_pci_messages(const struct fdt *fdt, const struct fdt_pci *pci, uint32_t function,
		      uint32_t *controller, uint32_t *id);

#endif

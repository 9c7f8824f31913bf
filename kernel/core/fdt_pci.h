/* SPDX-License-Identifier: MIT */
/* What the device tree says of the PCI host bridge with configuration space in memory. */
#ifndef KERNEL_CORE_FDT_PCI_H
#define KERNEL_CORE_FDT_PCI_H

#include "kernel/core/fdt.h"

struct fdt_pci {
	uint32_t node;
	uint64_t space; /* where the configuration space of bus 0 would be */
	uint32_t first_bus, last_bus;
	struct pci_window windows[PCI_SPACES]; /* no bytes: not there */
};

/* The first host bridge; false when there is none, or none that can be used. */
bool fdt_pci_find(const struct fdt *fdt, struct fdt_pci *pci);

/* Finds the windows of PCI->node, which is any host bridge; fdt_pci_find() does it, too. */
void fdt_pci_windows(const struct fdt *fdt, struct fdt_pci *pci);

/* Where pin PIN (1: INTA) of FUNCTION is wired to; false when nowhere. */
bool fdt_pci_interrupt(const struct fdt *fdt, const struct fdt_pci *pci, uint32_t function,
		       uint32_t pin, struct fdt_interrupt *out);

/* The controller that takes FUNCTION's messages, and the number by which it knows FUNCTION. */
bool fdt_pci_messages(const struct fdt *fdt, const struct fdt_pci *pci, uint32_t function,
		      uint32_t *controller, uint32_t *id);

/* The IOMMU that FUNCTION's requests go through, and the number by which it knows FUNCTION. */
bool fdt_pci_iommu(const struct fdt *fdt, const struct fdt_pci *pci, uint32_t function,
		   uint32_t *iommu, uint32_t *id);

#endif

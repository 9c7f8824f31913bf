/* SPDX-License-Identifier: MIT */
/*
 * The PCI functions of segment 0, found once at boot, from bus 0 over bridges.  Bus numbers are as
 * the firmware assigned them; base addresses too, unless it assigned none at all.
 */
#ifndef KERNEL_CORE_PCI_H
#define KERNEL_CORE_PCI_H

#include <stdint.h>

#define PCI_FUNCTIONS_MAX 512u

struct pci_function {
	uint32_t function; /* bus << 8 | device << 3 | function */
	uint16_t vendor, device;
	uint32_t class_code; /* class, subclass, interface: 24 bits */
	uint8_t header_type;
};

void pci_init(void);
/* pci_assign.c; called by pci_init() */
void pci_assign(void);
unsigned pci_count(void);
const struct pci_function *pci_at(unsigned n);
unsigned pci_bus_count(void);
uint8_t pci_last_bus(void);

/* Prints one line for each function, and its base addresses. */
void pci_print(void);

#endif

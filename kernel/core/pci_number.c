/* SPDX-License-Identifier: MIT */
/* Bus numbers for bridges that have none yet, because there is no firmware or it did not look. */
#include "kernel/core/arch.h"
#include "kernel/core/pci.h"

#define BUSES 256u

static bool
is_bridge(uint32_t function)
{
	uint32_t first = function & ~7u;

	if (arch_pci_read(first, PCI_VENDOR, 2) == PCI_NO_VENDOR ||
	    (function != first &&
	     (arch_pci_read(first, PCI_HEADER_TYPE, 1) & PCI_HEADER_MULTI) == 0))
		return false;
	return arch_pci_read(function, PCI_VENDOR, 2) != PCI_NO_VENDOR &&
	       (arch_pci_read(function, PCI_HEADER_TYPE, 1) & ~PCI_HEADER_MULTI) ==
		       PCI_HEADER_BRIDGE;
}

/*
 * Numbers the buses behind the bridges of BUS, from NEXT on; returns the next one.  Bridges that
 * have their numbers keep them.
 */
static uint32_t
number_bus(uint32_t bus, uint32_t next, unsigned deep)
{
	for (uint32_t function = bus << 8; function < (bus + 1) << 8 && next < BUSES; function++) {
		uint32_t last;

		if (deep == PCI_BRIDGES_DEEP || !is_bridge(function))
			continue;
		if (arch_pci_read(function, PCI_SECONDARY_BUS, 1) != 0) {
			last = arch_pci_read(function, PCI_SUBORDINATE_BUS, 1);
			next = last >= next ? last + 1 : next;
			continue;
		}
		arch_pci_write(function, PCI_PRIMARY_BUS, 1, bus);
		arch_pci_write(function, PCI_SECONDARY_BUS, 1, next);
		arch_pci_write(function, PCI_SUBORDINATE_BUS, 1, BUSES - 1);
		next = number_bus(next, next + 1, deep + 1);
		arch_pci_write(function, PCI_SUBORDINATE_BUS, 1, next - 1);
	}
	return next;
}

void
pci_number(void)
{
	number_bus(0, 1, 0);
}

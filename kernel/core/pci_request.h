/* SPDX-License-Identifier: MIT */
/*
 * What PCI functions ask of the address space: base addresses that have no address yet, and the
 * windows of bridges, which hold what lies behind them.
 */
#ifndef KERNEL_CORE_PCI_REQUEST_H
#define KERNEL_CORE_PCI_REQUEST_H

#include "kernel/core/arch.h"

#define PCI_REQUESTS_MAX 1024u

struct pci_request {
	uint32_t function;
	uint8_t bus; /* on which FUNCTION is */
	uint8_t behind; /* of a bridge's window: the bus; 0: a base address */
	uint8_t offset; /* of the register */
	bool is_64;
	bool placed;
	enum pci_space space;
	uint64_t bytes;
	uint64_t align; /* a power of two */
	uint64_t at; /* when placed, on the bus; 0: no room */
};

/*
 * True when what has no address on BUS may be given one: on bus 0, and behind a bridge that passes
 * nothing yet because whoever assigned the rest did not look behind it.
 */
bool pci_bus_is_fresh(uint32_t bus);

/*
 * Collects what is not assigned of all fresh buses; returns how many.  Sizing takes a moment in
 * which the function decodes nothing.
 */
unsigned pci_requests_collect(struct pci_request *requests, unsigned max);

/*
 * Takes out of WINDOW of SPACE what base addresses and bridges of bus 0 have already: leaves the
 * larger of what is below and what is above.
 */
void pci_window_less_used(enum pci_space space, struct pci_window *window);

#endif

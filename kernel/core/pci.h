/* SPDX-License-Identifier: MIT */
/*
 * The PCI functions of segment 0, found once at boot, from bus 0 over bridges.  Bus numbers and
 * base addresses are as the firmware assigned them; what it left out is assigned here.
 */
#ifndef KERNEL_CORE_PCI_H
#define KERNEL_CORE_PCI_H

#include <stdbool.h>
#include <stdint.h>

#define PCI_FUNCTIONS_MAX 512u
#define PCI_BRIDGES_DEEP 8u

#define PCI_VENDOR 0x00
#define PCI_DEVICE 0x02
#define PCI_COMMAND 0x04
#define PCI_CLASS 0x08
#define PCI_HEADER_TYPE 0x0e
#define PCI_BASE_ADDRESS 0x10
#define PCI_PRIMARY_BUS 0x18
#define PCI_SECONDARY_BUS 0x19
#define PCI_SUBORDINATE_BUS 0x1a
#define PCI_BRIDGE_IO 0x1c
#define PCI_BRIDGE_MEMORY 0x20
#define PCI_BRIDGE_PREFETCH 0x24
#define PCI_BRIDGE_PREFETCH_HIGH 0x28
#define PCI_BRIDGE_IO_HIGH 0x30
#define PCI_STATUS 0x06
#define PCI_CAPABILITIES 0x34
#define PCI_STATUS_CAPABILITIES 0x10u
#define PCI_CAPABILITY_EXPRESS 0x10u
#define PCI_EXPRESS_TO_PCI 7u
#define PCI_COMMAND_DECODE 3u
#define PCI_COMMAND_MEMORY 2u
#define PCI_COMMAND_MASTER 4u
#define PCI_HEADER_MULTI 0x80u
#define PCI_HEADER_BRIDGE 1u
#define PCI_BASE_IO 1u
#define PCI_BASE_64 4u
#define PCI_BASE_PREFETCH 8u
#define PCI_BASE_FLAGS 15u
#define PCI_NO_VENDOR 0xffffu

struct pci_function {
	uint32_t function; /* bus << 8 | device << 3 | function */
	uint16_t vendor, device;
	uint32_t class_code; /* class, subclass, interface: 24 bits */
	uint8_t header_type; /* PCI_HEADER_BRIDGE and others, without PCI_HEADER_MULTI */
};

void pci_init(void);

/* pci_number.c, pci_assign.c: called by pci_init(), before and after it finds the functions. */
void pci_number(void);
void pci_assign(void);

unsigned pci_count(void);
const struct pci_function *pci_at(unsigned n);
unsigned pci_bus_count(void);
uint8_t pci_last_bus(void);

/* Where the CPU finds what the bus has at ADDRESS. */
uint64_t pci_cpu_address(uint64_t address);

/* The bridge behind which BUS lies; NULL when it is a root. */
const struct pci_function *pci_bridge_of(uint8_t bus);

/*
 * Where FUNCTION has its next capability with ID in its configuration space; AFTER: that of the
 * last one, or 0 for the first.  0: nowhere.
 */
unsigned pci_capability(uint32_t function, unsigned after, unsigned id);

/*
 * By which function's number the root complex knows the requests of FUNCTION: a bridge to a
 * conventional bus puts its own in their place.
 */
uint32_t pci_requester(uint32_t function);

/* Prints one line for each function, and its base addresses. */
void pci_print(void);

#endif

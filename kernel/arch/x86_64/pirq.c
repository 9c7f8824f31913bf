/* SPDX-License-Identifier: MIT */
/*
 * Where the interrupt pins of PCI functions end.  Firmware writes it down for each function
 * (PCI_INTERRUPT_LINE), if there is firmware that looks at all buses, and does it right: qboot does
 * neither.  On QEMU's boards the chipset's own registers tell.
 */
#include "cpu.h"
#include "kernel/core/fw_cfg.h"
#include "kernel/core/pci.h"

#define PCI_INTERRUPT_LINE 0x3c
#define PCI_INTERRUPT_PIN 0x3d
#define PIIX3 0x70008086u
#define PIIX3_AT (1u << 3)
#define ICH9 0x29188086u
#define ICH9_AT (31u << 3)
#define ICH9_FIXED_SLOTS 25u /* from there on the wiring is programmable */
#define ROUTES_A_TO_D 0x60u
#define ROUTES_E_TO_H 0x68u
#define ROUTE_OFF 0x80u

/* The register that routes PIN (0: INTA) of the slot on bus 0, its chip at *CHIP; 0: unknown. */
static unsigned
route_of(uint32_t slot, uint32_t pin, uint32_t *chip)
{
	if (!fw_cfg_is_there())
		return 0;
	*chip = PIIX3_AT;
	if (arch_pci_read(PIIX3_AT, PCI_VENDOR, 4) == PIIX3)
		return ROUTES_A_TO_D + (slot - 1 + pin) % 4;
	*chip = ICH9_AT;
	if (arch_pci_read(ICH9_AT, PCI_VENDOR, 4) == ICH9 && slot < ICH9_FIXED_SLOTS)
		return ROUTES_E_TO_H + (slot + pin) % 4;
	return 0;
}

uint32_t
pirq_isa_line(uint32_t function)
{
	uint32_t pin = arch_pci_read(function, PCI_INTERRUPT_PIN, 1);
	uint32_t told = arch_pci_read(function, PCI_INTERRUPT_LINE, 1);
	const struct pci_function *bridge;
	uint32_t chip, value;
	unsigned route;

	if (pin == 0 || pin > 4)
		return 0;
	/* A bridge passes its devices' pins on, turned by the device's number. */
	while ((bridge = pci_bridge_of((uint8_t)(function >> 8))) != NULL) {
		pin = (pin - 1 + (function >> 3 & 31)) % 4 + 1;
		function = bridge->function;
	}
	route = function >> 8 == 0 ? route_of(function >> 3, pin - 1, &chip) : 0;
	if (route == 0)
		return told;
	value = arch_pci_read(chip, route, 1);
	return (value & ROUTE_OFF) == 0 ? value & 15 : 0;
}

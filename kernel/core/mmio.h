/* SPDX-License-Identifier: MIT */
/*
 * Where virtio devices with MMIO registers are, as the platform says: on the command line, in
 * ACPI's DSDT or in the device tree.  Nobody looks whether there is anything: that is the driver's.
 */
#ifndef KERNEL_CORE_MMIO_H
#define KERNEL_CORE_MMIO_H

#include "kernel/core/fdt.h"

#define MMIO_PLACES_MAX 64u

struct mmio_place {
	uint64_t address;
	uint64_t bytes;
	uint32_t line; /* as the machine counts its interrupts */
};

/*
 * Enters what the words virtio_mmio.device=SIZE@BASE:LINE of TEXT name; SIZE may end in K or M.  A
 * word that is not so is complained of, and left out.
 */
void mmio_from_command_line(const char *text);

/*
 * Enters the devices "LNRO0005" of the BYTES of AML at CODE: of each the fixed memory range and the
 * interrupt that stand in its resource template.  What a program in AML would compute is not found.
 */
void mmio_from_aml(const uint8_t *code, size_t bytes);

/*
 * Enters the nodes "virtio,mmio" of a device tree; LINE_OF gives an interrupt the number by which
 * the machine counts it, or UINT32_MAX.  (fdt_mmio.c)
 */
void mmio_from_tree(const struct fdt *fdt,
		    uint32_t (*line_of)(const struct fdt_interrupt *interrupt));

/* Enters PLACE, unless its address is there already or there are MMIO_PLACES_MAX. */
void mmio_enter(const struct mmio_place *place);

/* Each place once, whoever named it. */
unsigned mmio_count(void);
const struct mmio_place *mmio_at(unsigned n);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Where virtio devices with MMIO registers are, as the platform says: on the command line, or in
 * ACPI's DSDT.  Nobody looks whether there is anything: that is the driver's.
 */
#ifndef KERNEL_CORE_MMIO_H
#define KERNEL_CORE_MMIO_H

#include <stddef.h>
#include <stdint.h>

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

/* Each place once, whoever named it. */
unsigned mmio_count(void);
const struct mmio_place *mmio_at(unsigned n);

#endif

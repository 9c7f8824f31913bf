/* SPDX-License-Identifier: MIT */
/* SMBIOS: what a PC's firmware says of the machine. */
#ifndef KERNEL_ARCH_X86_64_SMBIOS_H
#define KERNEL_ARCH_X86_64_SMBIOS_H

#include <stddef.h>
#include <stdint.h>

#define SMBIOS_ANCHOR_BYTES 32u

/* Where the list of structures is, as the anchor of version 2 or 3 says. */
struct smbios_list {
	uint64_t address;
	uint32_t bytes;
};

/* Reads the SMBIOS_ANCHOR_BYTES at ANCHOR; no bytes when there is no anchor with a right sum. */
struct smbios_list smbios_anchor(const uint8_t *anchor);

/* The system's maker and product, of structure 1, from the list; "" when it does not say. */
void smbios_system(const uint8_t *list, size_t bytes, const char **maker, const char **product);

#endif

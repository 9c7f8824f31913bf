/* SPDX-License-Identifier: MIT */
/* ACPI tables, found and checked; what stands in them is read by whoever needs it. */
#ifndef KERNEL_CORE_ACPI_H
#define KERNEL_CORE_ACPI_H

#include <stddef.h>
#include <stdint.h>

struct acpi_header {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem[6];
	char oem_table[8];
	uint32_t oem_revision;
	char creator[4];
	uint32_t creator_revision;
};

/*
 * Makes BYTES of firmware memory readable; NULL when that cannot be.  Supplied by the ISA.
 */
const void *arch_map_table(uint64_t address, size_t bytes);

/*
 * The root pointer in memory that can be read, from START to END, both multiples of 16; 0: it is
 * not there.
 */
uint64_t acpi_find_root(uint64_t start, uint64_t end);

/* Where the root pointer is; 0: no tables. */
void acpi_init(uint64_t root_pointer);

/*
 * The table with SIGNATURE (four characters), whole, readable and with a right checksum, or NULL.
 * The DSDT, which no list names, is found through the FADT.
 */
const struct acpi_header *acpi_find(const char *signature);
const struct acpi_header *acpi_dsdt(void);

/* Little-endian fields of any alignment, at OFFSET of TABLE; 0 when the table ends before. */
uint32_t acpi_u8(const struct acpi_header *table, uint32_t offset);
uint32_t acpi_u16(const struct acpi_header *table, uint32_t offset);
uint32_t acpi_u32(const struct acpi_header *table, uint32_t offset);
uint64_t acpi_u64(const struct acpi_header *table, uint32_t offset);

#endif

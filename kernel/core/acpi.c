/* SPDX-License-Identifier: MIT */
/* ACPI tables: from the root pointer over RSDT or XSDT to one table, every length checked. */
#include "kernel/core/acpi.h"

#include <stdbool.h>

#include "kernel/core/string.h"

#define ACPI_ROOT_SIGNATURE "RSD PTR "
#define ACPI_ROOT_BYTES 20u /* of the first version */
#define ACPI_TABLE_BYTES_MAX (4u << 20)
#define ACPI_FADT_DSDT 40
#define ACPI_FADT_X_DSDT 140

static const struct acpi_header *root;
static uint32_t root_entry_bytes;

static uint64_t
field(const void *base, size_t limit, size_t offset, unsigned width)
{
	const uint8_t *bytes = base;
	uint64_t value = 0;

	if (offset > limit || width > limit - offset)
		return 0;
	for (unsigned i = width; i > 0; i--)
		value = value << 8 | bytes[offset + i - 1];
	return value;
}

static bool
sums_to_zero(const void *table, size_t bytes)
{
	const uint8_t *byte = table;
	uint8_t sum = 0;

	for (size_t i = 0; i < bytes; i++)
		sum = (uint8_t)(sum + byte[i]);
	return sum == 0;
}

static const struct acpi_header *
table_at(uint64_t address)
{
	const struct acpi_header *table;
	size_t length;

	if (address == 0)
		return NULL;
	table = arch_map_table(address, sizeof(*table));
	if (table == NULL)
		return NULL;
	length = (size_t)field(table, sizeof(*table), offsetof(struct acpi_header, length), 4);
	if (length < sizeof(*table) || length > ACPI_TABLE_BYTES_MAX)
		return NULL;
	table = arch_map_table(address, length);
	return table != NULL && sums_to_zero(table, length) ? table : NULL;
}

static bool
is_root(const void *bytes)
{
	return memcmp(bytes, ACPI_ROOT_SIGNATURE, 8) == 0 && sums_to_zero(bytes, ACPI_ROOT_BYTES);
}

uint64_t
acpi_find_root(uint64_t start, uint64_t end)
{
	for (uint64_t at = start; at + ACPI_ROOT_BYTES <= end; at += 16)
		if (is_root((const void *)(uintptr_t)at))
			return at;
	return 0;
}

void
acpi_init(uint64_t root_pointer)
{
	const void *pointer = root_pointer != 0 ? arch_map_table(root_pointer, 36) : NULL;

	if (pointer == NULL || !is_root(pointer))
		return;
	if (field(pointer, 36, 15, 1) >= 2 && sums_to_zero(pointer, 36)) {
		root = table_at(field(pointer, 36, 24, 8));
		root_entry_bytes = 8;
	}
	if (root == NULL) {
		root = table_at(field(pointer, 36, 16, 4));
		root_entry_bytes = 4;
	}
}

const struct acpi_header *
acpi_find(const char *signature)
{
	if (root == NULL)
		return NULL;
	for (uint32_t at = sizeof(*root); at < root->length; at += root_entry_bytes) {
		const struct acpi_header *table =
			table_at(field(root, root->length, at, root_entry_bytes));

		if (table != NULL && memcmp(table->signature, signature, 4) == 0)
			return table;
	}
	return NULL;
}

const struct acpi_header *
acpi_dsdt(void)
{
	const struct acpi_header *fadt = acpi_find("FACP");
	const struct acpi_header *dsdt;

	if (fadt == NULL)
		return NULL;
	dsdt = table_at(acpi_u64(fadt, ACPI_FADT_X_DSDT));
	return dsdt != NULL ? dsdt : table_at(acpi_u32(fadt, ACPI_FADT_DSDT));
}

uint32_t
acpi_u8(const struct acpi_header *table, uint32_t offset)
{
	return (uint32_t)field(table, table->length, offset, 1);
}

uint32_t
acpi_u16(const struct acpi_header *table, uint32_t offset)
{
	return (uint32_t)field(table, table->length, offset, 2);
}

uint32_t
acpi_u32(const struct acpi_header *table, uint32_t offset)
{
	return (uint32_t)field(table, table->length, offset, 4);
}

uint64_t
acpi_u64(const struct acpi_header *table, uint32_t offset)
{
	return field(table, table->length, offset, 8);
}

/* SPDX-License-Identifier: MIT */
/* The ACPI table "DMAR": which units of Intel VT-d there are, and what is behind each. */
#ifndef KERNEL_ARCH_X86_64_DMAR_H
#define KERNEL_ARCH_X86_64_DMAR_H

#include <stdbool.h>

#include "kernel/core/acpi.h"

#define DMAR_NONE UINT32_MAX

/* A unit, as the offset of its structure in the table. */
struct dmar_unit {
	const struct acpi_header *table;
	uint32_t at;
	uint64_t registers;
};

/* The first unit after offset AFTER (0: of all) of segment 0; false past the last. */
bool dmar_unit_next(const struct acpi_header *table, uint32_t after, struct dmar_unit *unit);

/* Whether UNIT names FUNCTION, or a bridge in front of it; whether it takes what no other names. */
bool dmar_unit_names(const struct dmar_unit *unit, uint32_t function);
bool dmar_unit_takes_rest(const struct dmar_unit *unit);

#endif

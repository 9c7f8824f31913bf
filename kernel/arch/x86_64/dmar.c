/* SPDX-License-Identifier: MIT */
/* See dmar.h. */
#include "dmar.h"

#include "kernel/core/arch.h"
#include "kernel/core/pci.h"

#define DMAR_STRUCTURES 48u
#define DMAR_UNIT 0u
#define UNIT_SCOPES 16u
#define UNIT_TAKES_REST 1u
#define SCOPE_FUNCTION 1u
#define SCOPE_BRIDGE 2u
#define SCOPE_PATH 6u

bool
dmar_unit_next(const struct acpi_header *table, uint32_t after, struct dmar_unit *unit)
{
	uint32_t at = after == 0 ? DMAR_STRUCTURES : after + acpi_u16(table, after + 2);

	for (; acpi_u16(table, at + 2) >= 4; at += acpi_u16(table, at + 2)) {
		if (acpi_u16(table, at) != DMAR_UNIT || acpi_u16(table, at + 6) != 0)
			continue;
		unit->table = table;
		unit->at = at;
		unit->registers = acpi_u64(table, at + 8);
		return true;
	}
	return false;
}

/* Steps from the scope's bus over its bridges to the function that it ends with. */
static uint32_t
scope_function(const struct acpi_header *table, uint32_t scope, uint32_t end)
{
	uint32_t bus = acpi_u8(table, scope + 5), function = DMAR_NONE;

	for (uint32_t step = scope + SCOPE_PATH; step + 2 <= end; step += 2) {
		if (function != DMAR_NONE)
			bus = arch_pci_read(function, PCI_SECONDARY_BUS, 1) & 0xff;
		function = bus << 8 | (acpi_u8(table, step) & 31) << 3 |
			   (acpi_u8(table, step + 1) & 7);
	}
	return function;
}

/* Whether FUNCTION lies behind BRIDGE. */
static bool
is_behind(uint32_t bridge, uint32_t function)
{
	uint32_t bus = function >> 8;

	return bridge != DMAR_NONE && bus >= arch_pci_read(bridge, PCI_SECONDARY_BUS, 1) &&
	       bus <= arch_pci_read(bridge, PCI_SUBORDINATE_BUS, 1) && bus != 0;
}

bool
dmar_unit_names(const struct dmar_unit *unit, uint32_t function)
{
	const struct acpi_header *table = unit->table;
	uint32_t end = unit->at + acpi_u16(table, unit->at + 2);
	uint32_t scope = unit->at + UNIT_SCOPES;

	while (scope + SCOPE_PATH <= end && acpi_u8(table, scope + 1) >= SCOPE_PATH) {
		uint32_t kind = acpi_u8(table, scope), next = scope + acpi_u8(table, scope + 1);
		uint32_t named = DMAR_NONE;

		if (next > end)
			return false;
		if (kind == SCOPE_FUNCTION || kind == SCOPE_BRIDGE)
			named = scope_function(table, scope, next);
		if (named == function || (kind == SCOPE_BRIDGE && is_behind(named, function)))
			return true;
		scope = next;
	}
	return false;
}

bool
dmar_unit_takes_rest(const struct dmar_unit *unit)
{
	return (acpi_u8(unit->table, unit->at + 4) & UNIT_TAKES_REST) != 0;
}

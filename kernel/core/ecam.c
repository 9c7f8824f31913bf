/* SPDX-License-Identifier: MIT */
/* See ecam.h.  All machines that have such a space are little-endian. */
#include "kernel/core/ecam.h"

#include "kernel/core/arch.h"
#include "kernel/core/memory.h"
#include "kernel/core/string.h"

#define BUS_BYTES (1u << 20)
#define FUNCTION_BYTES 4096u

/* A method's name and its flags, "return", and the prefix of a number of 32 or 64 bits. */
#define AML_METHOD "_CBA"
#define AML_METHOD_BYTES 7u
#define AML_RETURN 0xa4
#define AML_NUMBER_32 0x0c
#define AML_NUMBER_64 0x0e

static uint64_t space; /* where bus 0 would be; 0: none */
static uint32_t space_first_bus, space_last_bus;

bool
ecam_init(uint64_t base, uint32_t first_bus, uint32_t last_bus)
{
	if (base == 0 || first_bus > last_bus || last_bus > 255 ||
	    !arch_map_device(base + (uint64_t)first_bus * BUS_BYTES,
			     (size_t)(last_bus - first_bus + 1) * BUS_BYTES))
		return false;
	space = base;
	space_first_bus = first_bus;
	space_last_bus = last_bus;
	return true;
}

uint64_t
ecam_from_aml(const uint8_t *code, size_t bytes)
{
	for (size_t at = 0; at + AML_METHOD_BYTES + 8 <= bytes; at++) {
		uint64_t low, high;
		uint32_t words[2];

		if (memcmp(code + at, AML_METHOD, 4) != 0 || code[at + 5] != AML_RETURN)
			continue;
		memcpy(words, code + at + AML_METHOD_BYTES, sizeof(words));
		low = words[0];
		high = words[1];
		if (code[at + 6] == AML_NUMBER_32)
			return low;
		if (code[at + 6] == AML_NUMBER_64)
			return low | high << 32;
	}
	return 0;
}

bool
ecam_is_there(void)
{
	return space != 0;
}

bool
ecam_reaches(uint32_t function, unsigned offset)
{
	uint32_t bus = function >> 8;

	return space != 0 && bus >= space_first_bus && bus <= space_last_bus &&
	       offset < FUNCTION_BYTES;
}

static uintptr_t
address_of(uint32_t function, unsigned offset)
{
	return (uintptr_t)(space + (uint64_t)function * FUNCTION_BYTES + offset);
}

uint32_t
ecam_read(uint32_t function, unsigned offset, unsigned width)
{
	uintptr_t address = address_of(function, offset);

	switch (width) {
	case 1:
		return *(volatile uint8_t *)address;
	case 2:
		return *(volatile uint16_t *)address;
	default:
		return *(volatile uint32_t *)address;
	}
}

void
ecam_write(uint32_t function, unsigned offset, unsigned width, uint32_t value)
{
	uintptr_t address = address_of(function, offset);

	if (width == 1)
		*(volatile uint8_t *)address = (uint8_t)value;
	else if (width == 2)
		*(volatile uint16_t *)address = (uint16_t)value;
	else
		*(volatile uint32_t *)address = value;
}

bool
ecam_is_at(uint64_t address, uint64_t bytes)
{
	uint64_t start = ecam_start();

	return space != 0 && ranges_meet(address, bytes, start, ecam_end() - start);
}

uint64_t
ecam_start(void)
{
	return space != 0 ? space + (uint64_t)space_first_bus * BUS_BYTES : 0;
}

uint64_t
ecam_end(void)
{
	return space != 0 ? space + (uint64_t)(space_last_bus + 1) * BUS_BYTES : 0;
}

/* SPDX-License-Identifier: MIT */
/* PCI configuration space that is memory: 4096 bytes for each function of segment 0. */
#ifndef KERNEL_CORE_ECAM_H
#define KERNEL_CORE_ECAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Maps the space of the buses FIRST_BUS to LAST_BUS; BASE is where bus 0 would be.  False when the
 * range makes no sense or cannot be mapped.
 */
bool ecam_init(uint64_t base, uint32_t first_bus, uint32_t last_bus);

/*
 * Where bus 0 is, as the AML code of a host bridge tells (_CBA returns a constant): for machines
 * without the table MCFG.  0: it does not.
 */
uint64_t ecam_from_aml(const uint8_t *code, size_t bytes);

/* False before ecam_init() succeeded. */
bool ecam_is_there(void);

/* True when FUNCTION's byte OFFSET lies in the space: only then may it be read and written. */
bool ecam_reaches(uint32_t function, unsigned offset);

/* WIDTH is 1, 2 or 4, OFFSET a multiple of it. */
uint32_t ecam_read(uint32_t function, unsigned offset, unsigned width);
void ecam_write(uint32_t function, unsigned offset, unsigned width, uint32_t value);

/* True when the range meets the space. */
bool ecam_is_at(uint64_t address, uint64_t bytes);

/* The space's first address, and the first after it; 0 when there is none. */
uint64_t ecam_start(void);
uint64_t ecam_end(void);

#endif

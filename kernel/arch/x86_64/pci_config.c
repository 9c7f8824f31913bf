/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space: memory mapped as the ACPI table "MCFG" says, otherwise by the ports
 * 0xcf8 and 0xcfc, which reach 256 bytes of each function of segment 0.  And QEMU's fw_cfg by its
 * ports.
 */
#include "cpu.h"
#include "kernel/core/acpi.h"
#include "kernel/core/ecam.h"
#include "kernel/core/lock.h"
#include "kernel/core/memory.h"

#define MCFG_ENTRY 44u
#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA 0xcfc
#define CONFIG_ENABLE 0x80000000u
#define HOLE_FIRST 0xc0000000u
#define HOLE_LAST 0xfec00000u
#define HOLE_ROUND (1u << 24) /* firmware's tables lie directly above RAM */
#define FW_CFG_SELECT 0x510
#define FW_CFG_DATA 0x511

static struct lock config_lock;

void
pci_config_init(void)
{
	const struct acpi_header *mcfg = acpi_find("MCFG");

	if (mcfg != NULL && acpi_u16(mcfg, MCFG_ENTRY + 8) == 0)
		ecam_init(acpi_u64(mcfg, MCFG_ENTRY), acpi_u8(mcfg, MCFG_ENTRY + 10),
			  acpi_u8(mcfg, MCFG_ENTRY + 11));
}

static bool
is_valid(unsigned offset, unsigned width)
{
	return (width == 1 || width == 2 || width == 4) && offset % width == 0;
}

static bool
ports_select(uint32_t function, unsigned offset)
{
	if (function > 0xffff || offset > 0xff)
		return false;
	port_write32(CONFIG_ADDRESS, CONFIG_ENABLE | function << 8 | (offset & ~3u));
	return true;
}

static uint32_t
ports_read(uint32_t function, unsigned offset, unsigned width)
{
	uint32_t value = UINT32_MAX;
	bool on = lock_take(&config_lock);

	if (ports_select(function, offset))
		value = port_read32(CONFIG_DATA) >> 8 * (offset & 3);
	lock_give(&config_lock, on);
	return width == 4 ? value : value & ((1u << 8 * width) - 1);
}

uint32_t
arch_pci_read(uint32_t function, unsigned offset, unsigned width)
{
	if (!is_valid(offset, width))
		return UINT32_MAX;
	return ecam_reaches(function, offset) ? ecam_read(function, offset, width)
					      : ports_read(function, offset, width);
}

static void
ports_write(uint32_t function, unsigned offset, unsigned width, uint32_t value)
{
	uint16_t port = (uint16_t)(CONFIG_DATA + (offset & 3));
	bool on = lock_take(&config_lock);

	if (ports_select(function, offset)) {
		if (width == 1)
			port_write8(port, (uint8_t)value);
		else if (width == 2)
			port_write16(port, (uint16_t)value);
		else
			port_write32(port, value);
	}
	lock_give(&config_lock, on);
}

void
arch_pci_write(uint32_t function, unsigned offset, unsigned width, uint32_t value)
{
	if (!is_valid(offset, width))
		return;
	if (ecam_reaches(function, offset))
		ecam_write(function, offset, width, value);
	else
		ports_write(function, offset, width, value);
}

uint64_t
arch_bus_address(uint64_t address)
{
	return address;
}

const char *
arch_pci_access(void)
{
	return ecam_is_there() ? "ECAM" : "ports";
}

/* From the highest of what lies below it, RAM and configuration space, up to the I/O APICs. */
bool
arch_pci_window(struct memory_range *out)
{
	unsigned count;
	const struct memory_range *ram = memory_ranges(&count);
	uint64_t start = HOLE_FIRST;
	uint64_t config_end = ecam_end();

	for (unsigned i = 0; i < count; i++) {
		uint64_t end = ram[i].start + ram[i].bytes;

		start = end > start && end < HOLE_LAST ? end : start;
	}
	start = config_end > start && config_end < HOLE_LAST ? config_end : start;
	out->start = (start + HOLE_ROUND - 1) & ~(uint64_t)(HOLE_ROUND - 1);
	out->bytes = HOLE_LAST - out->start;
	return out->start < HOLE_LAST;
}

void
arch_fw_cfg_select(uint16_t key)
{
	port_write16(FW_CFG_SELECT, key);
}

void
arch_fw_cfg_read(void *buffer, size_t bytes)
{
	__asm__ volatile("rep insb" : "+D"(buffer), "+c"(bytes) : "d"(FW_CFG_DATA) : "memory");
}

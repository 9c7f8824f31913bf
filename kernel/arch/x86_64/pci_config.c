/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space: memory mapped as the ACPI table "MCFG" says, otherwise by the ports
 * 0xcf8 and 0xcfc, which reach 256 bytes of each function of segment 0.  And QEMU's fw_cfg by its
 * ports.
 */
#include "cpu.h"
#include "kernel/core/acpi.h"
#include "kernel/core/lock.h"
#include "kernel/core/memory.h"

#define MCFG_ENTRY 44u
#define BUS_BYTES (1u << 20)
#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA 0xcfc
#define CONFIG_ENABLE 0x80000000u
#define HOLE_FIRST 0xc0000000u
#define HOLE_LAST 0xfec00000u
#define HOLE_ROUND (1u << 24) /* firmware's tables lie directly above RAM */
#define FW_CFG_SELECT 0x510
#define FW_CFG_DATA 0x511

static uint64_t window; /* where bus 0 would be; 0: no window */
static uint32_t window_first_bus, window_last_bus;
static struct lock config_lock;

void
pci_config_init(void)
{
	const struct acpi_header *mcfg = acpi_find("MCFG");
	uint64_t base = mcfg != NULL ? acpi_u64(mcfg, MCFG_ENTRY) : 0;
	uint32_t first, last;

	if (base == 0 || acpi_u16(mcfg, MCFG_ENTRY + 8) != 0)
		return;
	first = acpi_u8(mcfg, MCFG_ENTRY + 10);
	last = acpi_u8(mcfg, MCFG_ENTRY + 11);
	if (first > last || !arch_map_device(base + (uint64_t)first * BUS_BYTES,
					     (size_t)(last - first + 1) * BUS_BYTES))
		return;
	window = base;
	window_first_bus = first;
	window_last_bus = last;
}

bool
pci_config_is_at(uint64_t address, uint64_t bytes)
{
	uint64_t start = window + (uint64_t)window_first_bus * BUS_BYTES;

	return window != 0 &&
	       ranges_meet(address, bytes, start,
			   (uint64_t)(window_last_bus - window_first_bus + 1) * BUS_BYTES);
}

static uint64_t
window_address(uint32_t function, unsigned offset)
{
	uint32_t bus = function >> 8;

	if (window == 0 || bus < window_first_bus || bus > window_last_bus || offset >= 4096)
		return 0;
	return window + ((uint64_t)function << 12) + offset;
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
	uint64_t address = window_address(function, offset);

	if (!is_valid(offset, width))
		return UINT32_MAX;
	if (address == 0)
		return ports_read(function, offset, width);
	switch (width) {
	case 1:
		return *(volatile uint8_t *)(uintptr_t)address;
	case 2:
		return *(volatile uint16_t *)(uintptr_t)address;
	default:
		return *(volatile uint32_t *)(uintptr_t)address;
	}
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
	uint64_t address = window_address(function, offset);

	if (!is_valid(offset, width))
		return;
	if (address == 0)
		ports_write(function, offset, width, value);
	else if (width == 1)
		*(volatile uint8_t *)(uintptr_t)address = (uint8_t)value;
	else if (width == 2)
		*(volatile uint16_t *)(uintptr_t)address = (uint16_t)value;
	else
		*(volatile uint32_t *)(uintptr_t)address = value;
}

const char *
arch_pci_access(void)
{
	return window != 0 ? "ECAM" : "ports";
}

/* From the highest of what lies below it, RAM and configuration space, up to the I/O APICs. */
bool
arch_pci_window(struct memory_range *out)
{
	unsigned count;
	const struct memory_range *ram = memory_ranges(&count);
	uint64_t start = HOLE_FIRST;
	uint64_t config_end = window + (uint64_t)(window_last_bus + 1) * BUS_BYTES;

	for (unsigned i = 0; i < count; i++) {
		uint64_t end = ram[i].start + ram[i].bytes;

		start = end > start && end < HOLE_LAST ? end : start;
	}
	start = window != 0 && config_end > start && config_end < HOLE_LAST ? config_end : start;
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

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
#define LAST_BUS 255u
#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA 0xcfc
#define CONFIG_ENABLE 0x80000000u
#define HOLE_FIRST 0xc0000000u
#define HOLE_LAST 0xfec00000u
#define HOLE_ROUND (1u << 24) /* firmware's tables lie directly above RAM */
#define HIGH_FIRST (UINT64_C(1) << 32)
#define HIGH_ROUND (UINT64_C(1) << 30)
#define CPUID_EXTENDED 0x80000000u
#define CPUID_ADDRESSES 0x80000008u
#define ADDRESS_BITS_LEAST 36u
#define ADDRESS_BITS_MOST 47u
#define PORTS_FIRST 0xc000u /* below are the PC's own */
#define PORTS_END 0x10000u
#define FW_CFG_SELECT 0x510
#define FW_CFG_DATA 0x511

static struct lock config_lock;
static bool has_ports = true;

void
pci_config_init(void)
{
	const struct acpi_header *mcfg = acpi_find("MCFG"), *dsdt = acpi_dsdt();

	if (mcfg != NULL && acpi_u16(mcfg, MCFG_ENTRY + 8) == 0)
		ecam_init(acpi_u64(mcfg, MCFG_ENTRY), acpi_u8(mcfg, MCFG_ENTRY + 10),
			  acpi_u8(mcfg, MCFG_ENTRY + 11));
	else if (mcfg == NULL && dsdt != NULL)
		/* A machine of that kind (microvm) passes no I/O ports to its PCI bus. */
		has_ports =
			!ecam_init(ecam_from_aml((const uint8_t *)dsdt, dsdt->length), 0, LAST_BUS);
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

const char *
arch_pci_access(void)
{
	return ecam_is_there() ? "ECAM" : "ports";
}

/*
 * Below 4 GiB: from the highest of RAM up to the I/O APICs, without configuration space: the larger
 * of what is left below that and above.
 */
static void
window_low(struct pci_window *out)
{
	unsigned count;
	const struct memory_range *ram = memory_ranges(&count);
	uint64_t start = HOLE_FIRST, last = HOLE_LAST;
	uint64_t config_start = ecam_start(), config_end = ecam_end();

	for (unsigned i = 0; i < count; i++) {
		uint64_t end = ram[i].start + ram[i].bytes;

		start = end > start && end < HOLE_LAST ? end : start;
	}
	if (config_end > start && config_start < last) {
		if (config_start > start && config_start - start > last - config_end)
			last = config_start;
		else
			start = config_end;
	}
	out->bus = (start + HOLE_ROUND - 1) & ~(uint64_t)(HOLE_ROUND - 1);
	out->bytes = out->bus < last ? last - out->bus : 0;
}

static unsigned
address_bits(void)
{
	uint32_t bits = cpuid_get(CPUID_EXTENDED).a >= CPUID_ADDRESSES
				? cpuid_get(CPUID_ADDRESSES).a & 0xff
				: 0;

	return bits >= ADDRESS_BITS_LEAST && bits <= ADDRESS_BITS_MOST ? bits : ADDRESS_BITS_LEAST;
}

/* Above 4 GiB and all RAM, as far as the CPU's addresses go. */
static void
window_high(struct pci_window *out)
{
	unsigned count;
	const struct memory_range *ram = memory_ranges(&count);
	uint64_t start = HIGH_FIRST, last = UINT64_C(1) << address_bits();

	for (unsigned i = 0; i < count; i++)
		if (ram[i].start + ram[i].bytes > start)
			start = ram[i].start + ram[i].bytes;
	out->bus = (start + HIGH_ROUND - 1) & ~(HIGH_ROUND - 1);
	out->bytes = out->bus < last ? last - out->bus : 0;
}

bool
arch_pci_window(enum pci_space space, struct pci_window *out)
{
	*out = (struct pci_window){PORTS_FIRST, 0, has_ports ? PORTS_END - PORTS_FIRST : 0};
	if (space == PCI_SPACE_MEMORY)
		window_low(out);
	else if (space == PCI_SPACE_MEMORY_64)
		window_high(out);
	out->cpu = out->bus;
	return out->bytes != 0;
}

uint32_t
arch_io_read(uint32_t port, unsigned width)
{
	if (width == 1)
		return port_read8((uint16_t)port);
	if (width == 2)
		return port_read16((uint16_t)port);
	return port_read32((uint16_t)port);
}

void
arch_io_write(uint32_t port, unsigned width, uint32_t value)
{
	if (width == 1)
		port_write8((uint16_t)port, (uint8_t)value);
	else if (width == 2)
		port_write16((uint16_t)port, (uint16_t)value);
	else
		port_write32((uint16_t)port, value);
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

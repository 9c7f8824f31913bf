/* SPDX-License-Identifier: MIT */
/* See io_window.h. */
#include "kernel/core/io_window.h"

static struct pci_window ports;

/* PCI is little-endian, whatever the CPU is. */
static uint16_t
little16(uint16_t value)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? value : __builtin_bswap16(value);
}

static uint32_t
little32(uint32_t value)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? value : __builtin_bswap32(value);
}

void
io_window_init(struct pci_window *window)
{
	if (window->bytes == 0 || !arch_map_device(window->cpu, window->bytes))
		window->bytes = 0;
	ports = *window;
}

/* Where PORT is, or 0. */
static uintptr_t
address_of(uint32_t port, unsigned width)
{
	if (port < ports.bus || ports.bytes < width || port - ports.bus > ports.bytes - width)
		return 0;
	return (uintptr_t)(ports.cpu + (port - ports.bus));
}

uint32_t
io_window_read(uint32_t port, unsigned width)
{
	uintptr_t address = address_of(port, width);

	if (address == 0)
		return UINT32_MAX;
	if (width == 1)
		return *(volatile uint8_t *)address;
	if (width == 2)
		return little16(*(volatile uint16_t *)address);
	return little32(*(volatile uint32_t *)address);
}

void
io_window_write(uint32_t port, unsigned width, uint32_t value)
{
	uintptr_t address = address_of(port, width);

	if (address == 0)
		return;
	if (width == 1)
		*(volatile uint8_t *)address = (uint8_t)value;
	else if (width == 2)
		*(volatile uint16_t *)address = little16((uint16_t)value);
	else
		*(volatile uint32_t *)address = little32(value);
}

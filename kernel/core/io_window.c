/* SPDX-License-Identifier: MIT */
/* See io_window.h.  All machines that have such a window are little-endian. */
#include "kernel/core/io_window.h"

static struct pci_window ports;

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
		return *(volatile uint16_t *)address;
	return *(volatile uint32_t *)address;
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
		*(volatile uint16_t *)address = (uint16_t)value;
	else
		*(volatile uint32_t *)address = value;
}

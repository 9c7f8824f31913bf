/* SPDX-License-Identifier: MIT */
/* What the kernel asks of a machine and this one does not have: PCI, registers, fw_cfg. */
#include "cpu.h"
#include "kernel/core/string.h"

uint32_t
arch_pci_read(uint32_t function, unsigned offset, unsigned width)
{
	(void)function;
	(void)offset;
	return UINT32_MAX >> (32 - 8 * width);
}

void
arch_pci_write(uint32_t function, unsigned offset, unsigned width, uint32_t value)
{
	(void)function;
	(void)offset;
	(void)width;
	(void)value;
}

bool
arch_pci_window(enum pci_space space, struct pci_window *window)
{
	(void)space;
	(void)window;
	return false;
}

uint32_t
arch_io_read(uint32_t port, unsigned width)
{
	(void)port;
	return UINT32_MAX >> (32 - 8 * width);
}

void
arch_io_write(uint32_t port, unsigned width, uint32_t value)
{
	(void)port;
	(void)width;
	(void)value;
}

const char *
arch_pci_access(void)
{
	return "none here";
}

/* Devices have no registers: all of them are asked by channel programs. */
bool
arch_map_device(uint64_t address, size_t bytes)
{
	(void)address;
	(void)bytes;
	return false;
}

bool
arch_is_reserved(uint64_t address, uint64_t bytes)
{
	(void)address;
	(void)bytes;
	return true;
}

bool
arch_message_route(unsigned irq, const struct orion_irq_source *source,
		   struct orion_irq_message *message)
{
	(void)irq;
	(void)source;
	(void)message;
	return false;
}

void
arch_message_release(unsigned irq, const struct orion_irq_source *source)
{
	(void)irq;
	(void)source;
}

uint32_t
arch_line_of(uint32_t function)
{
	(void)function;
	return UINT32_MAX;
}

void
arch_fw_cfg_select(uint16_t key)
{
	(void)key;
}

void
arch_fw_cfg_read(void *buffer, size_t bytes)
{
	memset(buffer, 0xff, bytes);
}

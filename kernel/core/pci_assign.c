/* SPDX-License-Identifier: MIT */
/*
 * Bus numbers and base addresses for a machine whose firmware assigned none (qboot, device trees):
 * memory only, one after the other in the machine's window, what lies behind a bridge together.  A
 * firmware that assigned any base address is trusted to be done.
 */
#include "kernel/core/arch.h"
#include "kernel/core/pci.h"
#include "kernel/core/print.h"

#define BASES_OF_DEVICE 6u
#define BASES_OF_BRIDGE 2u
#define BRIDGES_DEEP 8u
#define BRIDGE_ROUND (UINT64_C(1) << 20)
/* An end below the start: the bridge passes nothing. */
#define BRIDGE_IO_NOTHING 0x00f0u
#define BRIDGE_MEMORY_NOTHING 0x0000fff0u

struct base {
	uint32_t function;
	unsigned offset;
	uint32_t value; /* as read */
	bool is_64;
};

static bool
is_bridge(uint32_t function)
{
	uint32_t first = function & ~7u;

	if (arch_pci_read(first, PCI_VENDOR, 2) == PCI_NO_VENDOR ||
	    (function != first &&
	     (arch_pci_read(first, PCI_HEADER_TYPE, 1) & PCI_HEADER_MULTI) == 0))
		return false;
	return arch_pci_read(function, PCI_VENDOR, 2) != PCI_NO_VENDOR &&
	       (arch_pci_read(function, PCI_HEADER_TYPE, 1) & ~PCI_HEADER_MULTI) ==
		       PCI_HEADER_BRIDGE;
}

/*
 * Numbers the buses behind the bridges of BUS, from NEXT on; returns the next one.  Bridges that
 * have their numbers keep them.
 */
static uint32_t
number_bus(uint32_t bus, uint32_t next, unsigned deep)
{
	for (uint32_t function = bus << 8; function < (bus + 1) << 8 && next < 256; function++) {
		uint32_t last;

		if (deep == BRIDGES_DEEP || !is_bridge(function))
			continue;
		if (arch_pci_read(function, PCI_SECONDARY_BUS, 1) != 0) {
			last = arch_pci_read(function, PCI_SUBORDINATE_BUS, 1);
			next = last >= next ? last + 1 : next;
			continue;
		}
		arch_pci_write(function, PCI_PRIMARY_BUS, 1, bus);
		arch_pci_write(function, PCI_SECONDARY_BUS, 1, next);
		arch_pci_write(function, PCI_SUBORDINATE_BUS, 1, 255);
		next = number_bus(next, next + 1, deep + 1);
		arch_pci_write(function, PCI_SUBORDINATE_BUS, 1, next - 1);
	}
	return next;
}

void
pci_number(void)
{
	number_bus(0, 1, 0);
}

/* Calls VISIT for each memory base address of the functions of BUS, until it returns false. */
static bool
visit_bases(uint32_t bus, bool (*visit)(struct memory_range *window, const struct base *base),
	    struct memory_range *window)
{
	for (unsigned n = 0; n < pci_count(); n++) {
		const struct pci_function *entry = pci_at(n);
		unsigned count = entry->function >> 8 != bus               ? 0
				 : entry->header_type == 0                 ? BASES_OF_DEVICE
				 : entry->header_type == PCI_HEADER_BRIDGE ? BASES_OF_BRIDGE
									   : 0;
		unsigned i = 0;

		while (i < count) {
			struct base base = {.function = entry->function,
					    .offset = PCI_BASE_ADDRESS + 4 * i};

			base.value = arch_pci_read(base.function, base.offset, 4);
			base.is_64 = (base.value & (PCI_BASE_IO | PCI_BASE_64)) == PCI_BASE_64 &&
				     i + 1 < count;
			if ((base.value & PCI_BASE_IO) == 0 && !visit(window, &base))
				return false;
			i += base.is_64 ? 2 : 1;
		}
	}
	return true;
}

static bool
is_unassigned(struct memory_range *window, const struct base *base)
{
	(void)window;
	return (base->value & ~PCI_BASE_FLAGS) == 0 &&
	       (!base->is_64 || arch_pci_read(base->function, base->offset + 4, 4) == 0);
}

/* The size that the device asks for: the lowest address bit that it keeps; 0: none. */
static uint64_t
size_of(const struct base *base)
{
	uint64_t kept;

	arch_pci_write(base->function, base->offset, 4, UINT32_MAX);
	kept = arch_pci_read(base->function, base->offset, 4) & ~PCI_BASE_FLAGS;
	arch_pci_write(base->function, base->offset, 4, 0);
	if (base->is_64) {
		arch_pci_write(base->function, base->offset + 4, 4, UINT32_MAX);
		kept |= (uint64_t)arch_pci_read(base->function, base->offset + 4, 4) << 32;
		arch_pci_write(base->function, base->offset + 4, 4, 0);
	}
	return kept & (0 - kept);
}

static bool
assign(struct memory_range *window, const struct base *base)
{
	uint32_t command = arch_pci_read(base->function, PCI_COMMAND, 2);
	uint64_t size, start, skipped;

	/* Sizing writes addresses that are none: nothing may be decoded meanwhile. */
	arch_pci_write(base->function, PCI_COMMAND, 2, command & ~PCI_COMMAND_DECODE);
	size = size_of(base);
	start = size != 0 ? (window->start + size - 1) & ~(size - 1) : 0;
	skipped = start - window->start;
	if (size != 0 && (skipped > window->bytes || size > window->bytes - skipped)) {
		kprint("pci: no room for the %llu bytes of %02x:%02x.%x\n",
		       (unsigned long long)size, base->function >> 8, base->function >> 3 & 31,
		       base->function & 7);
	} else if (size != 0) {
		arch_pci_write(base->function, base->offset, 4, (uint32_t)start);
		if (base->is_64) {
			arch_pci_write(base->function, base->offset + 4, 4,
				       (uint32_t)(start >> 32));
		}
		window->start = start + size;
		window->bytes -= skipped + size;
	}
	arch_pci_write(base->function, PCI_COMMAND, 2, command);
	return true;
}

static void
round_up(struct memory_range *window)
{
	uint64_t skipped = (0 - window->start) & (BRIDGE_ROUND - 1);

	skipped = skipped < window->bytes ? skipped : window->bytes;
	window->start += skipped;
	window->bytes -= skipped;
}

/* The addresses of BUS, then of the buses behind its bridges, whose windows have whole MiB. */
static void
assign_bus(uint32_t bus, struct memory_range *window, unsigned deep)
{
	visit_bases(bus, assign, window);
	for (unsigned n = 0; n < pci_count() && deep < BRIDGES_DEEP; n++) {
		const struct pci_function *entry = pci_at(n);
		uint32_t behind = arch_pci_read(entry->function, PCI_SECONDARY_BUS, 1);
		uint32_t command = arch_pci_read(entry->function, PCI_COMMAND, 2);
		uint64_t start, end;

		if (entry->function >> 8 != bus || entry->header_type != PCI_HEADER_BRIDGE ||
		    behind <= bus)
			continue;
		round_up(window);
		start = window->start;
		assign_bus(behind, window, deep + 1);
		round_up(window);
		end = window->start - 1;
		arch_pci_write(entry->function, PCI_BRIDGE_IO, 2, BRIDGE_IO_NOTHING);
		arch_pci_write(entry->function, PCI_BRIDGE_PREFETCH, 4, BRIDGE_MEMORY_NOTHING);
		arch_pci_write(entry->function, PCI_BRIDGE_MEMORY, 4,
			       end < start ? BRIDGE_MEMORY_NOTHING
					   : (uint32_t)(start >> 16 & 0xfff0) |
						     ((uint32_t)end & 0xfff00000));
		arch_pci_write(entry->function, PCI_COMMAND, 2,
			       command | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	}
}

void
pci_assign(void)
{
	struct memory_range window;

	if (visit_bases(0, is_unassigned, &window) && arch_pci_window(&window))
		assign_bus(0, &window, 0);
}

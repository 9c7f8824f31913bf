/* SPDX-License-Identifier: MIT */
/* See pci_request.h: reads and measures base addresses. */
#include "kernel/core/pci_request.h"

#include "kernel/core/memory.h"
#include "kernel/core/pci.h"

#define BASES_OF_DEVICE 6u
#define BASES_OF_BRIDGE 2u
#define IO_FLAGS 3u
#define MIB (UINT64_C(1) << 20)
#define IO_ROUND 0x1000u

struct base {
	uint32_t function;
	unsigned offset;
	uint32_t low; /* as read */
	uint64_t address; /* 0: not assigned */
	bool is_io, is_64;
};

/* Reads the base address register at index *I of FUNCTION; moves *I on. */
static struct base
base_read(uint32_t function, unsigned *i, unsigned count)
{
	struct base base = {.function = function, .offset = PCI_BASE_ADDRESS + 4 * (*i)++};

	base.low = arch_pci_read(function, base.offset, 4);
	base.is_io = (base.low & PCI_BASE_IO) != 0;
	base.is_64 = !base.is_io && (base.low & PCI_BASE_64) != 0 && *i < count;
	base.address = base.low & ~(base.is_io ? IO_FLAGS : PCI_BASE_FLAGS);
	if (base.is_64) {
		base.address |= (uint64_t)arch_pci_read(function, base.offset + 4, 4) << 32;
		(*i)++;
	}
	return base;
}

static unsigned
bases_of(const struct pci_function *entry)
{
	return entry->header_type == 0                   ? BASES_OF_DEVICE
	       : entry->header_type == PCI_HEADER_BRIDGE ? BASES_OF_BRIDGE
							 : 0;
}

/* Writes ones to a register, and back what it held; returns what it made of them. */
static uint32_t
ones(const struct base *base, unsigned offset)
{
	uint32_t held = arch_pci_read(base->function, offset, 4), kept;

	arch_pci_write(base->function, offset, 4, UINT32_MAX);
	kept = arch_pci_read(base->function, offset, 4);
	arch_pci_write(base->function, offset, 4, held);
	return kept;
}

/* The size that the device asks for: the lowest address bit that it keeps; 0: none. */
static uint64_t
base_measure(const struct base *base)
{
	uint32_t command = arch_pci_read(base->function, PCI_COMMAND, 2);
	uint64_t kept;

	arch_pci_write(base->function, PCI_COMMAND, 2, command & ~PCI_COMMAND_DECODE);
	kept = ones(base, base->offset) & ~(base->is_io ? IO_FLAGS : PCI_BASE_FLAGS);
	if (base->is_64)
		kept |= (uint64_t)ones(base, base->offset + 4) << 32;
	arch_pci_write(base->function, PCI_COMMAND, 2, command);
	return kept & (0 - kept);
}

/* Whether every bridge above BUS passes 64-bit prefetchable memory. */
static bool
passes_64(uint32_t bus)
{
	const struct pci_function *bridge;

	while ((bridge = pci_bridge_of((uint8_t)bus)) != NULL) {
		if ((arch_pci_read(bridge->function, PCI_BRIDGE_PREFETCH, 2) & 15) != 1)
			return false;
		bus = bridge->function >> 8;
	}
	return true;
}

/* A bridge passes wide addresses in its prefetchable window only. */
static enum pci_space
space_of(const struct base *base, uint32_t bus)
{
	if (base->is_io)
		return PCI_SPACE_IO;
	return base->is_64 && (bus == 0 || ((base->low & PCI_BASE_PREFETCH) != 0 && passes_64(bus)))
		       ? PCI_SPACE_MEMORY_64
		       : PCI_SPACE_MEMORY;
}

unsigned
pci_requests_collect(struct pci_request *requests, unsigned max)
{
	unsigned count = 0;

	for (unsigned n = 0; n < pci_count(); n++) {
		const struct pci_function *entry = pci_at(n);
		uint32_t bus = entry->function >> 8;
		unsigned bases = pci_bus_is_fresh(bus) ? bases_of(entry) : 0;

		for (unsigned i = 0; i < bases && count < max;) {
			struct base base = base_read(entry->function, &i, bases);
			uint64_t bytes = base.address == 0 ? base_measure(&base) : 0;

			if (bytes == 0)
				continue;
			requests[count++] = (struct pci_request){
				.function = entry->function,
				.bus = (uint8_t)bus,
				.offset = (uint8_t)base.offset,
				.is_64 = base.is_64,
				.space = space_of(&base, bus),
				.bytes = bytes,
				.align = bytes,
			};
		}
	}
	return count;
}

/* ---- what firmware has assigned ---- */

/* What a bridge passes of SPACE (MEMORY_64: prefetchable); no bytes: nothing. */
static struct memory_range
bridge_passes(uint32_t function, enum pci_space space)
{
	uint32_t io = arch_pci_read(function, PCI_BRIDGE_IO, 2);
	uint32_t value = arch_pci_read(
		function, space == PCI_SPACE_MEMORY ? PCI_BRIDGE_MEMORY : PCI_BRIDGE_PREFETCH, 4);
	uint64_t start = (uint64_t)(value & 0xfff0) << 16;
	uint64_t last = (value & 0xfff00000) | (MIB - 1);

	if (space == PCI_SPACE_IO) {
		start = (io & 0xf0u) << 8;
		last = (io & 0xf000u) | (IO_ROUND - 1);
	} else if (space == PCI_SPACE_MEMORY_64 && (value & 15) == 1) {
		start |= (uint64_t)arch_pci_read(function, PCI_BRIDGE_PREFETCH_HIGH, 4) << 32;
		last |= (uint64_t)arch_pci_read(function, PCI_BRIDGE_PREFETCH_HIGH + 4, 4) << 32;
	}
	/* From 0 on: as a reset leaves it. */
	if (start == 0 || last < start)
		return (struct memory_range){0, 0};
	return (struct memory_range){start, last + 1 - start};
}

bool
pci_bus_is_fresh(uint32_t bus)
{
	const struct pci_function *bridge = pci_bridge_of((uint8_t)bus);

	if (bridge == NULL)
		return bus == 0;
	for (unsigned space = 0; space < PCI_SPACES; space++)
		if (bridge_passes(bridge->function, (enum pci_space)space).bytes != 0)
			return false;
	return pci_bus_is_fresh(bridge->function >> 8);
}

/* The hull of what is used, within a window. */
struct used {
	uint64_t low, high; /* low > high: nothing */
};

static void
use(struct used *used, const struct pci_window *window, uint64_t start, uint64_t bytes)
{
	if (bytes == 0 || !ranges_meet(start, bytes, window->bus, window->bytes))
		return;
	used->low = start < used->low ? start : used->low;
	used->high = start + bytes > used->high ? start + bytes : used->high;
}

/* Adds what ENTRY, of bus 0, has of SPACE. */
static void
use_entry(struct used *used, const struct pci_window *window, const struct pci_function *entry,
	  enum pci_space space)
{
	unsigned bases = bases_of(entry);

	for (unsigned i = 0; i < bases;) {
		struct base base = base_read(entry->function, &i, bases);

		if (base.address != 0 && base.is_io == (space == PCI_SPACE_IO))
			use(used, window, base.address, base_measure(&base));
	}
	for (unsigned i = 0; i < PCI_SPACES && entry->header_type == PCI_HEADER_BRIDGE; i++) {
		struct memory_range passed = bridge_passes(entry->function, (enum pci_space)i);

		if ((i == PCI_SPACE_IO) == (space == PCI_SPACE_IO))
			use(used, window, passed.start, passed.bytes);
	}
}

void
pci_window_less_used(enum pci_space space, struct pci_window *window)
{
	struct used used = {UINT64_MAX, 0};
	uint64_t end = window->bus + window->bytes;

	for (unsigned n = 0; n < pci_count(); n++)
		if (pci_at(n)->function >> 8 == 0)
			use_entry(&used, window, pci_at(n), space);
	if (used.low > used.high)
		return;
	used.low = used.low > window->bus ? used.low : window->bus;
	used.high = used.high < end ? used.high : end;
	if (used.low - window->bus > end - used.high) {
		window->bytes = used.low - window->bus;
		return;
	}
	window->cpu += used.high - window->bus;
	window->bus = used.high;
	window->bytes = end - used.high;
}

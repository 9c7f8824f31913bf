/* SPDX-License-Identifier: MIT */
/*
 * Addresses for what has none: on machines without firmware (device trees), and behind bridges that
 * the firmware did not look behind (qboot).  What has an address keeps it.
 *
 * First the sizes, from the farthest bus up: what lies behind a bridge becomes its window's
 * request.  Then the places, from bus 0 down, the largest first, so that nothing is lost between
 * them.
 */
#include "kernel/core/pci.h"
#include "kernel/core/pci_request.h"
#include "kernel/core/print.h"

#define IO_ROUND UINT64_C(0x1000)
#define MEMORY_ROUND (UINT64_C(1) << 20)
/* An end below the start: the bridge passes nothing. */
#define IO_NOTHING 0x00f0u
#define MEMORY_NOTHING 0x0000fff0u

static struct pci_request requests[PCI_REQUESTS_MAX];
static unsigned request_count;

static uint64_t
round_up(uint64_t value, uint64_t align)
{
	return (value + align - 1) & ~(align - 1);
}

/* The request of BUS and SPACE with the largest alignment that has no place yet, or NULL. */
static struct pci_request *
largest(uint32_t bus, enum pci_space space)
{
	struct pci_request *found = NULL;

	for (unsigned i = 0; i < request_count; i++) {
		struct pci_request *request = &requests[i];

		if (request->bus == bus && request->space == space && !request->placed &&
		    (found == NULL || request->align > found->align))
			found = request;
	}
	return found;
}

static void
forget_places(uint32_t bus, enum pci_space space)
{
	for (unsigned i = 0; i < request_count; i++)
		if (requests[i].bus == bus && requests[i].space == space)
			requests[i].placed = false;
}

/*
 * Places what BUS asks of SPACE from *AT on, below END; *AT moves.  Returns whether all found room;
 * what found none is at 0.
 */
static bool
place(uint32_t bus, enum pci_space space, uint64_t *at, uint64_t end)
{
	struct pci_request *request;
	bool all = true;

	while ((request = largest(bus, space)) != NULL) {
		uint64_t start = round_up(*at, request->align);
		bool fits = start >= *at && start < end && request->bytes <= end - start;

		request->placed = true;
		request->at = fits ? start : 0;
		*at = fits ? start + request->bytes : *at;
		all = all && fits;
	}
	return all;
}

/* Makes what lies behind BRIDGE a request of its own, which begins at a multiple of its largest. */
static void
ask_for_bridge(uint32_t bridge, uint32_t behind, enum pci_space space, uint8_t offset)
{
	const struct pci_request *first = largest(behind, space);
	uint64_t round = space == PCI_SPACE_IO ? IO_ROUND : MEMORY_ROUND;
	uint64_t align, end;

	if (first == NULL || request_count == PCI_REQUESTS_MAX)
		return;
	align = first->align > round ? first->align : round;
	end = align;
	place(behind, space, &end, UINT64_MAX);
	forget_places(behind, space);
	requests[request_count++] = (struct pci_request){
		.function = bridge,
		.bus = (uint8_t)(bridge >> 8),
		.behind = (uint8_t)behind,
		.offset = offset,
		.space = space,
		.bytes = round_up(end - align, round),
		.align = align,
	};
}

/* Buses farther down have larger numbers. */
static void
ask_for_bridges(void)
{
	for (uint32_t bus = pci_last_bus(); bus > 0; bus--) {
		const struct pci_function *bridge = pci_bridge_of((uint8_t)bus);

		if (bridge == NULL || !pci_bus_is_fresh(bus))
			continue;
		ask_for_bridge(bridge->function, bus, PCI_SPACE_IO, PCI_BRIDGE_IO);
		ask_for_bridge(bridge->function, bus, PCI_SPACE_MEMORY, PCI_BRIDGE_MEMORY);
		ask_for_bridge(bridge->function, bus, PCI_SPACE_MEMORY_64, PCI_BRIDGE_PREFETCH);
		arch_pci_write(bridge->function, PCI_BRIDGE_IO, 2, IO_NOTHING);
		arch_pci_write(bridge->function, PCI_BRIDGE_MEMORY, 4, MEMORY_NOTHING);
		arch_pci_write(bridge->function, PCI_BRIDGE_PREFETCH, 4, MEMORY_NOTHING);
	}
}

static void
program_base(const struct pci_request *request)
{
	uint32_t command = arch_pci_read(request->function, PCI_COMMAND, 2);

	arch_pci_write(request->function, PCI_COMMAND, 2, command & ~PCI_COMMAND_DECODE);
	arch_pci_write(request->function, request->offset, 4, (uint32_t)request->at);
	if (request->is_64)
		arch_pci_write(request->function, request->offset + 4u, 4,
			       (uint32_t)(request->at >> 32));
	arch_pci_write(request->function, PCI_COMMAND, 2, command);
}

static void
program_bridge(const struct pci_request *request)
{
	uint32_t command = arch_pci_read(request->function, PCI_COMMAND, 2);
	uint64_t start = request->at, last = start + request->bytes - 1;

	if (request->space == PCI_SPACE_IO) {
		arch_pci_write(request->function, PCI_BRIDGE_IO, 2,
			       (uint32_t)(start >> 8 & 0xf0) | ((uint32_t)last & 0xf000));
		arch_pci_write(request->function, PCI_BRIDGE_IO_HIGH, 4,
			       (uint32_t)(start >> 16) | ((uint32_t)last & 0xffff0000));
	} else {
		arch_pci_write(request->function, request->offset, 4,
			       (uint32_t)(start >> 16 & 0xfff0) | ((uint32_t)last & 0xfff00000));
	}
	if (request->space == PCI_SPACE_MEMORY_64) {
		arch_pci_write(request->function, PCI_BRIDGE_PREFETCH_HIGH, 4,
			       (uint32_t)(start >> 32));
		arch_pci_write(request->function, PCI_BRIDGE_PREFETCH_HIGH + 4, 4,
			       (uint32_t)(last >> 32));
	}
	arch_pci_write(request->function, PCI_COMMAND, 2,
		       command | PCI_COMMAND_DECODE | PCI_COMMAND_MASTER);
}

static void
complain(const struct pci_request *request)
{
	static const char *const spaces[PCI_SPACES] = {"I/O ports", "memory", "64-bit memory"};
	uint32_t function = request->function;

	kprint("pci: %02x:%02x.%x BAR %u: no room for %llu bytes of %s\n", function >> 8,
	       function >> 3 & 31, function & 7, (request->offset - PCI_BASE_ADDRESS) / 4u,
	       (unsigned long long)request->bytes, spaces[request->space]);
}

/*
 * Gives BUS what it has asked of SPACE, from *AT on, below END; *AT moves.  And what lies behind
 * its bridges in turn: nothing, when the bridge itself found no room.
 */
static void
give(uint32_t bus, enum pci_space space, uint64_t *at, uint64_t end)
{
	place(bus, space, at, end);
	for (unsigned i = 0; i < request_count; i++) {
		const struct pci_request *request = &requests[i];
		uint64_t inside = request->at;

		if (request->bus != bus || request->space != space)
			continue;
		if (request->behind != 0) {
			if (inside != 0)
				program_bridge(request);
			give(request->behind, space, &inside,
			     inside != 0 ? inside + request->bytes : 0);
		} else if (inside != 0) {
			program_base(request);
		} else {
			complain(request);
		}
	}
}

/* What may be assigned of SPACE now.  Address 0 means none, and what is low is a PC's of old. */
static bool
window_of(enum pci_space space, struct pci_window *window)
{
	uint64_t least = space == PCI_SPACE_IO ? IO_ROUND : MEMORY_ROUND;

	if (!arch_pci_window(space, window))
		return false;
	if (window->bus < least && window->bytes > least - window->bus) {
		window->bytes -= least - window->bus;
		window->cpu += least - window->bus;
		window->bus = least;
	}
	pci_window_less_used(space, window);
	return window->bytes != 0;
}

/* Whether all memory, wide or not, fits below 4 GiB: where every CPU and device gets by. */
static bool
fits_low(const struct pci_window *low)
{
	uint64_t at = low->bus, end = low->bus + low->bytes;
	bool fits = place(0, PCI_SPACE_MEMORY, &at, end) && place(0, PCI_SPACE_MEMORY_64, &at, end);

	forget_places(0, PCI_SPACE_MEMORY);
	forget_places(0, PCI_SPACE_MEMORY_64);
	return fits;
}

void
pci_assign(void)
{
	struct pci_window io = {0}, low = {0}, high = {0};
	uint64_t low_end;

	request_count = pci_requests_collect(requests, PCI_REQUESTS_MAX);
	if (request_count == 0)
		return;
	ask_for_bridges();
	window_of(PCI_SPACE_IO, &io);
	window_of(PCI_SPACE_MEMORY, &low);
	if (fits_low(&low) || !window_of(PCI_SPACE_MEMORY_64, &high))
		high = (struct pci_window){0};
	give(0, PCI_SPACE_IO, &io.bus, io.bus + io.bytes);
	low_end = low.bus + low.bytes;
	give(0, PCI_SPACE_MEMORY, &low.bus, low_end);
	if (high.bytes != 0)
		give(0, PCI_SPACE_MEMORY_64, &high.bus, high.bus + high.bytes);
	else
		give(0, PCI_SPACE_MEMORY_64, &low.bus, low_end);
}

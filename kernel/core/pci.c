/* SPDX-License-Identifier: MIT */
/* PCI enumeration: see pci.h. */
#include "kernel/core/pci.h"

#include "kernel/core/arch.h"
#include "kernel/core/print.h"

#define PCI_BUSES 256u

static struct pci_function functions[PCI_FUNCTIONS_MAX];
static unsigned function_count;
static unsigned functions_left_off;
static unsigned bus_count;
static uint8_t last_bus;

/* Buses seen, in the order in which they are to be searched; each enters once. */
struct bus_list {
	uint8_t bus[PCI_BUSES];
	unsigned count;
	bool seen[PCI_BUSES];
};

static void
bus_add(struct bus_list *list, uint8_t bus)
{
	if (!list->seen[bus]) {
		list->seen[bus] = true;
		list->bus[list->count++] = bus;
	}
}

/* Enters FUNCTION if it is there; returns its header type, or 0. */
static uint32_t
function_add(struct bus_list *list, uint32_t function)
{
	uint32_t vendor = arch_pci_read(function, PCI_VENDOR, 2);
	uint32_t header;

	if (vendor == PCI_NO_VENDOR)
		return 0;
	header = arch_pci_read(function, PCI_HEADER_TYPE, 1);
	if (function_count < PCI_FUNCTIONS_MAX) {
		struct pci_function *entry = &functions[function_count++];

		entry->function = function;
		entry->vendor = (uint16_t)vendor;
		entry->device = (uint16_t)arch_pci_read(function, PCI_DEVICE, 2);
		entry->class_code = arch_pci_read(function, PCI_CLASS, 4) >> 8;
		entry->header_type = (uint8_t)(header & ~PCI_HEADER_MULTI);
	} else {
		functions_left_off++;
	}
	if ((header & ~PCI_HEADER_MULTI) == PCI_HEADER_BRIDGE)
		bus_add(list, (uint8_t)arch_pci_read(function, PCI_SECONDARY_BUS, 1));
	return header;
}

void
pci_init(void)
{
	static struct bus_list list;

	pci_number();
	bus_add(&list, 0);
	for (unsigned i = 0; i < list.count; i++) {
		for (uint32_t device = 0; device < 32; device++) {
			uint32_t function = (uint32_t)list.bus[i] << 8 | device << 3;
			uint32_t header = function_add(&list, function);

			for (uint32_t n = 1; n < 8 && (header & PCI_HEADER_MULTI) != 0; n++)
				function_add(&list, function | n);
		}
		last_bus = list.bus[i] > last_bus ? list.bus[i] : last_bus;
	}
	bus_count = list.count;
	pci_assign();
	if (functions_left_off != 0) {
		kprint("pci: %u functions more than the %u that the table holds are not listed\n",
		       functions_left_off, PCI_FUNCTIONS_MAX);
	}
}

unsigned
pci_count(void)
{
	return function_count;
}

const struct pci_function *
pci_at(unsigned n)
{
	return n < function_count ? &functions[n] : NULL;
}

unsigned
pci_bus_count(void)
{
	return bus_count;
}

uint8_t
pci_last_bus(void)
{
	return last_bus;
}

uint64_t
pci_cpu_address(uint64_t address)
{
	struct pci_window window;

	for (unsigned space = PCI_SPACE_MEMORY; space < PCI_SPACES; space++)
		if (arch_pci_window((enum pci_space)space, &window) && address >= window.bus &&
		    address - window.bus < window.bytes)
			return address - window.bus + window.cpu;
	return address;
}

const struct pci_function *
pci_bridge_of(uint8_t bus)
{
	for (unsigned i = 0; bus != 0 && i < function_count; i++)
		if (functions[i].header_type == PCI_HEADER_BRIDGE &&
		    functions[i].function >> 8 < bus &&
		    arch_pci_read(functions[i].function, PCI_SECONDARY_BUS, 1) == bus)
			return &functions[i];
	return NULL;
}

unsigned
pci_capability(uint32_t function, unsigned after, unsigned id)
{
	unsigned at = 0;

	if ((arch_pci_read(function, PCI_STATUS, 2) & PCI_STATUS_CAPABILITIES) != 0)
		at = arch_pci_read(function, PCI_CAPABILITIES, 1) & 0xfc;
	/* As many as there is room for: the list may be a loop. */
	for (unsigned n = 0; n < 48 && at >= 0x40; n++) {
		if (after == 0 && arch_pci_read(function, at, 1) == id)
			return at;
		after = at == after ? 0 : after;
		at = arch_pci_read(function, at + 1, 1) & 0xfc;
	}
	return 0;
}

uint32_t
pci_requester(uint32_t function)
{
	const struct pci_function *bridge = pci_bridge_of((uint8_t)(function >> 8));
	uint32_t requester = function;

	while (bridge != NULL) {
		unsigned express = pci_capability(bridge->function, 0, PCI_CAPABILITY_EXPRESS);
		unsigned type = express == 0
					? 0
					: arch_pci_read(bridge->function, express + 2, 2) >> 4 & 15;

		if (express == 0)
			requester = bridge->function;
		else if (type == PCI_EXPRESS_TO_PCI)
			requester = arch_pci_read(bridge->function, PCI_SECONDARY_BUS, 1) << 8;
		bridge = pci_bridge_of((uint8_t)(bridge->function >> 8));
	}
	return requester;
}

static const char *
class_text(uint32_t class_code)
{
	static const char *const texts[] = {
		"unclassified", "storage",   "network",       "display", "multimedia",
		"memory",       "bridge",    "communication", "system",  "input",
		"docking",      "processor", "serial bus",
	};
	uint32_t class = class_code >> 16;

	return class < sizeof(texts) / sizeof(texts[0]) ? texts[class] : "other";
}

static void
print_base(unsigned bar, uint64_t base, bool is_io)
{
	uint64_t address = base & ~(is_io ? UINT64_C(3) : UINT64_C(15));

	if (address == 0)
		kprint("         BAR %u: no address\n", bar);
	else
		kprint(is_io ? "         BAR %u: ports %04llx\n" : "         BAR %u: memory %llx\n",
		       bar, (unsigned long long)address);
}

/* A register that reads as 0 is taken for none at all. */
static void
print_bases(const struct pci_function *entry)
{
	unsigned count = entry->header_type == PCI_HEADER_BRIDGE ? 2 : 6;

	for (unsigned i = 0; i < count; i++) {
		unsigned bar = i;
		uint64_t base = arch_pci_read(entry->function, PCI_BASE_ADDRESS + 4 * i, 4);
		bool is_io = (base & PCI_BASE_IO) != 0;

		if (base == 0)
			continue;
		if (!is_io && (base & PCI_BASE_64) != 0 && i + 1 < count) {
			i++;
			base |= (uint64_t)arch_pci_read(entry->function, PCI_BASE_ADDRESS + 4 * i,
							4)
				<< 32;
		}
		print_base(bar, base, is_io);
	}
}

void
pci_print(void)
{
	for (unsigned i = 0; i < function_count; i++) {
		const struct pci_function *entry = &functions[i];

		kprint("%02x:%02x.%x  %04x:%04x  %06x  %s\n", entry->function >> 8,
		       entry->function >> 3 & 31, entry->function & 7, entry->vendor, entry->device,
		       entry->class_code, class_text(entry->class_code));
		if (entry->header_type <= PCI_HEADER_BRIDGE)
			print_bases(entry);
	}
}

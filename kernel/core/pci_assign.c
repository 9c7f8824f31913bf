/* SPDX-License-Identifier: MIT */
/*
 * Base addresses for a machine whose firmware assigned none (qboot): memory only, on bus 0 only,
 * one after the other in the machine's window.  A firmware that assigned any is trusted to be done.
 */
#include "kernel/core/arch.h"
#include "kernel/core/pci.h"
#include "kernel/core/print.h"

#define PCI_COMMAND 0x04
#define PCI_COMMAND_DECODE 3u
#define PCI_BASE_ADDRESS 0x10
#define PCI_BASES 6u
#define PCI_BASE_IO 1u
#define PCI_BASE_64 4u
#define PCI_BASE_FLAGS 15u

struct base {
	uint32_t function;
	unsigned offset;
	uint32_t value; /* as read */
	bool is_64;
};

/* Calls VISIT for each memory base address of the functions of bus 0, until it returns false. */
static bool
visit_bases(bool (*visit)(struct memory_range *window, const struct base *base),
	    struct memory_range *window)
{
	for (unsigned n = 0; n < pci_count(); n++) {
		const struct pci_function *entry = pci_at(n);
		unsigned i = entry->header_type == 0 && entry->function < 256 ? 0 : PCI_BASES;

		while (i < PCI_BASES) {
			struct base base = {.function = entry->function,
					    .offset = PCI_BASE_ADDRESS + 4 * i};

			base.value = arch_pci_read(base.function, base.offset, 4);
			base.is_64 = (base.value & (PCI_BASE_IO | PCI_BASE_64)) == PCI_BASE_64 &&
				     i + 1 < PCI_BASES;
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

void
pci_assign(void)
{
	struct memory_range window;

	if (visit_bases(is_unassigned, &window) && arch_pci_window(&window))
		visit_bases(assign, &window);
}

/* SPDX-License-Identifier: MIT */
/*
 * Messages.  RTAS binds a function's MSI-X table as a whole to interrupts of its choice, and writes
 * address and data of each message into the table itself.  The driver core wants to write them, so
 * they are read back from there.
 */
#include "cpu.h"
#include "kernel/core/lock.h"
#include "kernel/core/pci.h"

#define TABLES_MAX 64u

#define PCI_CAPABILITY_MSIX 0x11u
#define MSIX_CONTROL 2u
#define MSIX_CONTROL_SIZE 0x7ffu
#define MSIX_TABLE 4u
#define MSIX_TABLE_BAR 7u
#define MSIX_ENTRY_BYTES 16u

/* ibm,change-msi: what to change. */
#define CHANGE_MSIX 4u

struct table {
	uint32_t function;
	uint32_t granted; /* messages that RTAS bound; 0: the entry is free */
	uint32_t in_use;
	uint64_t address; /* where the CPU sees the table */
};

static struct table tables[TABLES_MAX];
static uint32_t bound[XICS_NUMBERS]; /* irq + 1; 0: to none */
static struct lock msi_lock;

static bool
map_table(struct table *table, unsigned capability, uint32_t entries)
{
	uint32_t place = arch_pci_read(table->function, capability + MSIX_TABLE, 4);
	unsigned bar = PCI_BASE_ADDRESS + (place & MSIX_TABLE_BAR) * 4;
	uint64_t base = arch_pci_read(table->function, bar, 4);

	if ((base & PCI_BASE_64) != 0)
		base |= (uint64_t)arch_pci_read(table->function, bar + 4, 4) << 32;
	table->address =
		pci_cpu_address((base & ~(uint64_t)PCI_BASE_FLAGS) + (place & ~MSIX_TABLE_BAR));
	return base != 0 && arch_map_device(table->address, (size_t)entries * MSIX_ENTRY_BYTES);
}

/* Binds COUNT messages, or with 0 gives back all; returns how many RTAS bound. */
static uint32_t
change(uint32_t function, uint32_t count)
{
	struct pci_place place = pci_place_of(function);
	uint32_t out[RTAS_OUTPUTS_MAX] = {0};

	if (rtas_call("ibm,change-msi", out, 3, 6, place.address, place.bridge_high,
		      place.bridge_low, CHANGE_MSIX, count, 1) != 0)
		return 0;
	return out[0] < count ? out[0] : count;
}

/* The entry of FUNCTION, which is made when it was not there yet; NULL: impossible. */
static struct table *
table_of(uint32_t function, bool make)
{
	struct table *free = NULL;
	unsigned capability;
	uint32_t entries;

	for (unsigned i = 0; i < TABLES_MAX; i++) {
		if (tables[i].granted != 0 && tables[i].function == function)
			return &tables[i];
		free = tables[i].granted == 0 && free == NULL ? &tables[i] : free;
	}
	capability = make && free != NULL ? pci_capability(function, 0, PCI_CAPABILITY_MSIX) : 0;
	if (capability == 0)
		return NULL;
	entries = (arch_pci_read(function, capability + MSIX_CONTROL, 2) & MSIX_CONTROL_SIZE) + 1;
	free->function = function;
	free->in_use = 0;
	if (map_table(free, capability, entries))
		free->granted = change(function, entries);
	return free->granted != 0 ? free : NULL;
}

/* The interrupt of FUNCTION's message INDEX; UINT32_MAX: none. */
static uint32_t
number_of(uint32_t function, uint32_t index)
{
	struct pci_place place = pci_place_of(function);
	uint32_t out[RTAS_OUTPUTS_MAX] = {0};

	if (rtas_call("ibm,query-interrupt-source-number", out, 2, 4, place.address,
		      place.bridge_high, place.bridge_low, index) != 0)
		return UINT32_MAX;
	return out[0] < XICS_NUMBERS ? out[0] : UINT32_MAX;
}

static uint32_t
table_read(const struct table *table, uint32_t index, unsigned word)
{
	uint64_t address = table->address + (uint64_t)index * MSIX_ENTRY_BYTES + word * 4;

	return little32(*(volatile uint32_t *)(uintptr_t)address);
}

/* The last message that is given back gives back all: RTAS knows no other way. */
static void
give_back(struct table *table)
{
	if (table->in_use == 0) {
		change(table->function, 0);
		table->granted = 0;
	}
}

bool
arch_message_route(unsigned irq, const struct orion_irq_source *source,
		   struct orion_irq_message *message)
{
	bool on = lock_take(&msi_lock);
	struct table *table = source->cpu < CPUS_MAX ? table_of(source->function, true) : NULL;
	uint32_t number = UINT32_MAX;
	bool routed = false;

	if (table != NULL && source->index < table->granted)
		number = number_of(source->function, source->index);
	if (number != UINT32_MAX) {
		message->address = (uint64_t)table_read(table, source->index, 1) << 32 |
				   table_read(table, source->index, 0);
		message->data = table_read(table, source->index, 2);
		__atomic_store_n(&bound[number], irq + 1, __ATOMIC_RELEASE);
		table->in_use++;
		routed = xics_enable(number, source->cpu);
	} else if (table != NULL) {
		give_back(table);
	}
	lock_give(&msi_lock, on);
	return routed;
}

void
arch_message_release(unsigned irq, const struct orion_irq_source *source)
{
	bool on = lock_take(&msi_lock);
	struct table *table = table_of(source->function, false);
	uint32_t number = UINT32_MAX;

	if (table != NULL && source->index < table->granted)
		number = number_of(source->function, source->index);
	if (number != UINT32_MAX && bound[number] == irq + 1) {
		xics_disable(number);
		__atomic_store_n(&bound[number], 0, __ATOMIC_RELEASE);
		table->in_use--;
		give_back(table);
	}
	lock_give(&msi_lock, on);
}

uint32_t
msi_irq(uint32_t number)
{
	return number < XICS_NUMBERS ? __atomic_load_n(&bound[number], __ATOMIC_ACQUIRE) - 1
				     : UINT32_MAX;
}

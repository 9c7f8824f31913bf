/* SPDX-License-Identifier: MIT */
/*
 * The I/O interrupt controllers: lines of ISA and PCI devices, all delivered to CPU 0.
 *
 * A PCI function's line is what the firmware wrote into its Interrupt Line register, as an ISA
 * interrupt; the machine's own routing tables are AML code, which nobody here interprets.
 */
#include "cpu.h"
#include "kernel/core/acpi.h"
#include "kernel/core/lock.h"
#include "kernel/core/memory.h"

#define IOAPICS_MAX 4u
#define LINES_MAX 240u
#define ISA_LINES 16u
#define MADT_ENTRIES 44u
#define MADT_IOAPIC 1u
#define MADT_OVERRIDE 2u
#define MADT_ACTIVE_LOW 3u
#define MADT_LEVEL 0xcu

#define IOAPIC_USUAL 0xfec00000u
#define IOAPIC_LINES_MIN 16u
#define IOAPIC_WINDOW 0x10u
#define IOAPIC_VERSION 1u
#define IOAPIC_ENTRIES 0x10u
#define ENTRY_ACTIVE_LOW 0x2000u
#define ENTRY_LEVEL 0x8000u
#define ENTRY_MASKED 0x10000u

struct ioapic {
	uint64_t address;
	uint32_t first_line;
	uint32_t lines;
};

/* What the firmware says of an ISA interrupt. */
struct isa_line {
	uint32_t line;
	uint32_t flags;
	bool overridden;
};

static struct ioapic ioapics[IOAPICS_MAX];
static unsigned ioapic_count;
static struct isa_line isa[ISA_LINES];
static uint8_t line_vector[LINES_MAX];
static struct lock ioapic_lock;

static uint32_t
ioapic_read(const struct ioapic *ioapic, uint32_t index)
{
	register_write(ioapic->address, index);
	return register_read(ioapic->address + IOAPIC_WINDOW);
}

static void
ioapic_write(const struct ioapic *ioapic, uint32_t index, uint32_t value)
{
	register_write(ioapic->address, index);
	register_write(ioapic->address + IOAPIC_WINDOW, value);
}

static const struct ioapic *
ioapic_of(uint32_t line)
{
	for (unsigned i = 0; i < ioapic_count; i++)
		if (line >= ioapics[i].first_line &&
		    line - ioapics[i].first_line < ioapics[i].lines)
			return &ioapics[i];
	return NULL;
}

static bool
entry_write(uint32_t line, uint32_t low)
{
	const struct ioapic *ioapic = ioapic_of(line);
	uint32_t index;
	bool on;

	if (ioapic == NULL || line >= LINES_MAX)
		return false;
	index = IOAPIC_ENTRIES + 2 * (line - ioapic->first_line);
	on = lock_take(&ioapic_lock);
	ioapic_write(ioapic, index + 1, cpus[0].apic_id << 24);
	ioapic_write(ioapic, index, low);
	lock_give(&ioapic_lock, on);
	return true;
}

static void
ioapic_add(uint64_t address, uint32_t first_line)
{
	struct ioapic *ioapic = &ioapics[ioapic_count];

	if (ioapic_count == IOAPICS_MAX || !arch_map_device(address, PAGE_BYTES))
		return;
	ioapic->address = address;
	ioapic->first_line = first_line;
	ioapic->lines = (ioapic_read(ioapic, IOAPIC_VERSION) >> 16 & 0xff) + 1;
	if (ioapic->lines < IOAPIC_LINES_MIN || ioapic->lines > LINES_MAX)
		return;
	ioapic_count++;
	for (uint32_t i = 0; i < ioapic->lines; i++)
		entry_write(first_line + i, ENTRY_MASKED);
}

/* The two old controllers: moved out of the exceptions' way, then silenced. */
static void
silence_legacy(void)
{
	static const uint8_t words[][2] = {
		{0x20, 0x11},
		{0xa0, 0x11},
		{0x21, VECTOR_LEGACY_FIRST},
		{0xa1, VECTOR_LEGACY_FIRST + 8},
		{0x21, 4},
		{0xa1, 2},
		{0x21, 1},
		{0xa1, 1},
		{0x21, 0xff},
		{0xa1, 0xff},
	};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		port_write8(words[i][0], words[i][1]);
}

void
ioapic_init(void)
{
	const struct acpi_header *madt = acpi_find("APIC");

	silence_legacy();
	for (uint32_t i = 0; i < ISA_LINES; i++)
		isa[i].line = i;
	for (uint32_t at = MADT_ENTRIES; madt != NULL && acpi_u8(madt, at + 1) >= 2;
	     at += acpi_u8(madt, at + 1)) {
		uint32_t source = acpi_u8(madt, at + 3);

		if (acpi_u8(madt, at) == MADT_IOAPIC) {
			ioapic_add(acpi_u32(madt, at + 4), acpi_u32(madt, at + 8));
		} else if (acpi_u8(madt, at) == MADT_OVERRIDE && source < ISA_LINES) {
			isa[source].line = acpi_u32(madt, at + 4);
			isa[source].flags = acpi_u16(madt, at + 8);
			isa[source].overridden = true;
		}
	}
	/* Without tables: where the first one is on every PC. */
	if (madt == NULL)
		ioapic_add(IOAPIC_USUAL, 0);
}

bool
ioapic_is_at(uint64_t address, uint64_t bytes)
{
	for (unsigned i = 0; i < ioapic_count; i++)
		if (ranges_meet(address, bytes, ioapics[i].address, PAGE_BYTES))
			return true;
	return false;
}

bool
ioapic_present(void)
{
	return ioapic_count != 0;
}

static uint32_t
entry_flags(uint32_t flags)
{
	return ((flags & 3) == MADT_ACTIVE_LOW ? ENTRY_ACTIVE_LOW : 0) |
	       ((flags & MADT_LEVEL) == MADT_LEVEL ? ENTRY_LEVEL : 0);
}

bool
ioapic_route_isa(unsigned source, unsigned vector)
{
	return source < ISA_LINES &&
	       entry_write(isa[source].line, vector | entry_flags(isa[source].flags));
}

uint32_t
arch_line_of(uint32_t function)
{
	uint32_t source = pirq_isa_line(function);

	if (source == 0 || source >= ISA_LINES || ioapic_of(isa[source].line) == NULL)
		return UINT32_MAX;
	return isa[source].line;
}

/* PCI lines are level triggered and active low, unless the firmware says otherwise. */
static uint32_t
pci_flags(uint32_t line)
{
	for (unsigned i = 0; i < ISA_LINES; i++)
		if (isa[i].line == line && isa[i].overridden)
			return entry_flags(isa[i].flags) | ENTRY_LEVEL;
	return ENTRY_ACTIVE_LOW | ENTRY_LEVEL;
}

uint32_t
arch_line_of_wire(uint32_t number)
{
	uint32_t line = number < ISA_LINES ? isa[number].line : number;

	return ioapic_of(line) != NULL ? line : UINT32_MAX;
}

/* Of old an ISA line is taken by its edges; the lines above are level triggered, active high. */
static uint32_t
wire_flags(uint32_t line)
{
	for (unsigned i = 0; i < ISA_LINES; i++)
		if (isa[i].line == line)
			return entry_flags(isa[i].flags);
	return ENTRY_LEVEL;
}

bool
arch_line_enable(uint32_t line, bool is_pci)
{
	uint32_t flags = is_pci ? pci_flags(line) : wire_flags(line);

	if (line >= LINES_MAX)
		return false;
	if (line_vector[line] == 0)
		line_vector[line] = (uint8_t)interrupt_bind_line(0, line);
	return line_vector[line] != 0 && entry_write(line, line_vector[line] | flags);
}

/* The vector stays bound: an interrupt that was already on its way still finds its line. */
void
arch_line_disable(uint32_t line)
{
	entry_write(line, ENTRY_MASKED);
}

/* SPDX-License-Identifier: MIT */
/*
 * Intel VT-d: legacy mode, second-level tables, register-based invalidation.
 *
 * Translation is on from boot: a device that was given no space reaches nothing.  Devices may not
 * translate for themselves (no device TLB), so there is nothing in them to invalidate.  Interrupt
 * remapping stays off, whether or not there is one: messages go to LAPICs as they are.  What is
 * told of a fault is what the fault recording registers say, at their interrupt.
 */
#include "cpu.h"
#include "dmar.h"
#include "kernel/core/iommu.h"
#include "kernel/core/iommu_table.h"
#include "kernel/core/irq.h"
#include "kernel/core/lock.h"
#include "kernel/core/memory.h"
#include "kernel/core/pci.h"

#define UNITS_MAX 8u
#define BIT(n) (UINT64_C(1) << (n))

#define VTD_CAPABILITY 0x08u
#define VTD_CAPABILITY_2 0x10u
#define VTD_COMMAND 0x18u
#define VTD_STATUS 0x1cu
#define VTD_ROOT 0x20u
#define VTD_CONTEXT_COMMAND 0x28u
#define VTD_FAULT_STATUS 0x34u
#define VTD_FAULT_CONTROL 0x38u
#define VTD_FAULT_DATA 0x3cu
#define VTD_FAULT_ADDRESS 0x40u
#define VTD_FAULT_ADDRESS_HIGH 0x44u
/* From the address that VTD_CAPABILITY_2 names: a page to forget, and the command. */
#define VTD_TLB_COMMAND 8u
#define REGISTERS_BYTES 0x1000u

/* Bits of VTD_COMMAND and, when they took effect, of VTD_STATUS. */
#define COMMAND_TRANSLATE (1u << 31)
#define COMMAND_TAKE_ROOT (1u << 30)
#define COMMAND_FLUSH_WRITES (1u << 27)
#define COMMAND_QUEUED_INVALIDATION (1u << 26)
#define COMMAND_REMAP_INTERRUPTS (1u << 25)
/* What of VTD_STATUS is to be written back: all but what happens once. */
#define COMMAND_KEEP 0x96ffffffu

#define CONTEXT_FORGET_ALL (BIT(63) | BIT(61))
#define TLB_FORGET_ALL (BIT(63) | BIT(60))
#define TLB_FORGET_DOMAIN (BIT(63) | BIT(61) | BIT(49) | BIT(48))
#define DOMAIN_SHIFT 32u

#define FAULT_MASKED (1u << 31)
#define FAULT_OVERFLOW 1u
#define FAULT_IS_READ BIT(62)
#define FAULT_IS_THERE BIT(63)

#define ENTRY_PRESENT 1u
#define ENTRY_READ 1u
#define ENTRY_WRITE 2u
#define CONTEXT_DOMAIN_SHIFT 8u

/* Far above base addresses of other devices, which a switch would take for the ones meant. */
#define WINDOW_START (UINT64_C(1) << 38)

struct unit {
	struct dmar_unit place;
	uint64_t registers, tlb, faults;        /* addresses */
	uint64_t bytes;                         /* of all registers */
	unsigned fault_count;                   /* registers for faults */
	uint32_t domains;
	bool writes_buffered;
	uint64_t *root;
	uint64_t width;                         /* as a context entry names it: levels - 2 */
	struct iommu_table_kind kind;
	const char *trouble;                    /* why it is of no use; NULL: it works */
};

static struct unit units[UNITS_MAX];
static unsigned unit_count;
static unsigned units_left_off;
static struct lock faults_lock;

static const struct iommu_ops vtd_ops;

static uint64_t
read64(uint64_t address)
{
	return register_read(address) | (uint64_t)register_read(address + 4) << 32;
}

static void
write64(uint64_t address, uint64_t value)
{
	*(volatile uint64_t *)(uintptr_t)address = value;
}

/* For tables that the unit reads without looking into caches. */
static void
flush_lines(const void *memory, size_t bytes)
{
	for (uintptr_t at = (uintptr_t)memory & ~63ul; at < (uintptr_t)memory + bytes; at += 64)
		__asm__ volatile("clflush (%0)" ::"r"(at) : "memory");
	__asm__ volatile("mfence" ::: "memory");
}

static void
written(const struct unit *unit, const void *memory, size_t bytes)
{
	if (unit->kind.flush != NULL)
		unit->kind.flush(memory, bytes);
}

/* ---- commands ---- */

/* Waits until bit MASK of the 64-bit register is clear. */
static bool
wait_clear(uint64_t address, uint64_t mask)
{
	uint64_t until = arch_ticks() + arch_ticks_per_second();

	while ((read64(address) & mask) != 0)
		if (arch_ticks() > until)
			return false;
	return true;
}

/* Sets or clears COMMAND and waits until it is so. */
static bool
command(const struct unit *unit, uint32_t bit, bool on)
{
	uint32_t now = register_read(unit->registers + VTD_STATUS) & COMMAND_KEEP;
	uint64_t until = arch_ticks() + arch_ticks_per_second();

	register_write(unit->registers + VTD_COMMAND, on ? now | bit : now & ~bit);
	while (((register_read(unit->registers + VTD_STATUS) & bit) != 0) != on)
		if (arch_ticks() > until)
			return false;
	return true;
}

/* Lets the unit forget what it knows of context entries, and of pages: FORGET is TLB_FORGET_*. */
static bool
forget(const struct unit *unit, bool contexts, uint64_t what)
{
	uint64_t context = unit->registers + VTD_CONTEXT_COMMAND;
	uint64_t tlb = unit->tlb + VTD_TLB_COMMAND;

	if (unit->writes_buffered) {
		/* The status is the upper half of the command. */
		uint32_t now = register_read(unit->registers + VTD_STATUS) & COMMAND_KEEP;

		register_write(unit->registers + VTD_COMMAND, now | COMMAND_FLUSH_WRITES);
		if (!wait_clear(unit->registers + VTD_COMMAND,
				(uint64_t)COMMAND_FLUSH_WRITES << 32))
			return false;
	}
	if (contexts) {
		write64(context, CONTEXT_FORGET_ALL);
		if (!wait_clear(context, BIT(63)))
			return false;
	}
	write64(tlb, what);
	return wait_clear(tlb, BIT(63));
}

static void
forget_domain(const struct unit *unit, const struct iommu_space *space, bool contexts)
{
	if (!forget(unit, contexts, TLB_FORGET_DOMAIN | (uint64_t)space->number << DOMAIN_SHIFT))
		orion_panic("Intel VT-d does not end an invalidation");
}

/* ---- faults ---- */

static const char *
fault_text(unsigned reason)
{
	switch (reason) {
	case 1:
	case 2:
		return "nothing is lent to it";
	case 4:
		return "no address has so many bits";
	case 5:
		return "the page is not lent for writing";
	case 6:
		return "the page is not lent";
	default:
		return "VT-d's tables are not as it wants them";
	}
}

static bool
faults_read(struct unit *unit)
{
	bool on = lock_take(&faults_lock), any = false;

	for (unsigned i = 0; i < unit->fault_count; i++) {
		uint64_t at = unit->faults + 16 * i;
		uint64_t low = read64(at), high = read64(at + 8);

		if ((high & FAULT_IS_THERE) == 0)
			continue;
		any = true;
		register_write(at + 12, (uint32_t)(FAULT_IS_THERE >> 32));
		iommu_fault(&vtd_ops, (uint32_t)high & 0xffff, low, (high & FAULT_IS_READ) == 0,
			    fault_text(high >> 32 & 0xff));
	}
	/* Overflow is cleared last: only then are new ones taken down. */
	register_write(unit->registers + VTD_FAULT_STATUS, FAULT_OVERFLOW);
	lock_give(&faults_lock, on);
	return any;
}

static bool
fault_arrived(void *argument)
{
	return faults_read(argument);
}

static void
vtd_look(void)
{
	for (unsigned i = 0; i < unit_count; i++)
		if (units[i].trouble == NULL)
			faults_read(&units[i]);
}

/* Without an interrupt faults are still read, when somebody looks. */
static void
attach_faults(struct unit *unit)
{
	struct orion_irq_source source = {.kind = ORION_IRQ_MESSAGE, .function = ORION_NO_FUNCTION};
	struct orion_irq_message message;

	if (irq_attach(&source, fault_arrived, unit, &message) != ORION_OK)
		return;
	register_write(unit->registers + VTD_FAULT_DATA, message.data);
	register_write(unit->registers + VTD_FAULT_ADDRESS, (uint32_t)message.address);
	register_write(unit->registers + VTD_FAULT_ADDRESS_HIGH, (uint32_t)(message.address >> 32));
	register_write(unit->registers + VTD_FAULT_CONTROL, 0);
}

/* ---- spaces ---- */

static const struct unit *
unit_of(const struct iommu_space *space)
{
	return &units[space->group >> 32];
}

static struct unit *
find_unit(uint32_t function)
{
	struct unit *rest = NULL;

	for (unsigned i = 0; i < unit_count; i++) {
		if (dmar_unit_names(&units[i].place, function))
			return &units[i];
		if (dmar_unit_takes_rest(&units[i].place))
			rest = &units[i];
	}
	return rest;
}

static enum iommu_place
vtd_find(uint32_t function, uint64_t *group, struct memory_range *window, const char **why)
{
	struct unit *unit = function <= 0xffff ? find_unit(function) : NULL;

	if (unit == NULL) {
		*why = "Intel VT-d has more units than this kernel can drive";
		return units_left_off != 0 ? IOMMU_USELESS : IOMMU_ELSEWHERE;
	}
	*why = unit->trouble;
	if (unit->trouble != NULL)
		return IOMMU_USELESS;
	*group = (uint64_t)(unit - units) << 32 | pci_requester(function);
	window->start = WINDOW_START;
	window->bytes = BIT(12 + 9 * unit->kind.levels) - WINDOW_START;
	return IOMMU_HERE;
}

/* The context entry of the group's requester: two words; tables made on the way. */
static uint64_t *
context_of(const struct unit *unit, uint32_t requester)
{
	uint64_t *root = &unit->root[requester >> 8 << 1];

	if (*root == 0) {
		uint64_t table = iommu_table_make(&unit->kind);

		if (table == 0)
			return NULL;
		*root = table | ENTRY_PRESENT;
		written(unit, root, sizeof(*root));
	}
	return (uint64_t *)(uintptr_t)(*root & ~(uint64_t)(PAGE_BYTES - 1)) +
	       2 * (requester & 0xff);
}

static bool
vtd_open(struct iommu_space *space)
{
	const struct unit *unit = unit_of(space);
	uint64_t *context = context_of(unit, (uint32_t)space->group & 0xffff);
	uint64_t table = 0;

	/* Domain 0 is not ours to use. */
	if (context != NULL && space->number < unit->domains)
		table = iommu_table_make(&unit->kind);
	if (table == 0)
		return false;
	space->hardware = table;
	context[1] = unit->width | (uint64_t)space->number << CONTEXT_DOMAIN_SHIFT;
	written(unit, context, 2 * sizeof(*context));
	__atomic_store_n(&context[0], table | ENTRY_PRESENT, __ATOMIC_RELEASE);
	written(unit, context, 2 * sizeof(*context));
	forget_domain(unit, space, true);
	return true;
}

static void
vtd_close(struct iommu_space *space)
{
	const struct unit *unit = unit_of(space);
	uint64_t *context = context_of(unit, (uint32_t)space->group & 0xffff);

	__atomic_store_n(&context[0], 0, __ATOMIC_RELEASE);
	written(unit, context, sizeof(*context));
	forget_domain(unit, space, true);
	iommu_table_free(&unit->kind, space->hardware);
}

static bool
vtd_map(struct iommu_space *space, uint64_t device, uint64_t physical, uint64_t pages,
	bool writable)
{
	const struct unit *unit = unit_of(space);

	if (!iommu_table_map(&unit->kind, space->hardware, device, physical, pages, writable))
		return false;
	/* In caching mode it remembers also what was absent. */
	forget_domain(unit, space, false);
	return true;
}

static void
vtd_unmap(struct iommu_space *space, uint64_t device, uint64_t pages)
{
	iommu_table_unmap(&unit_of(space)->kind, space->hardware, device, pages);
	forget_domain(unit_of(space), space, false);
}

static const struct iommu_ops vtd_ops = {
	.name = "Intel VT-d",
	.find = vtd_find,
	.open = vtd_open,
	.close = vtd_close,
	.map = vtd_map,
	.unmap = vtd_unmap,
	.look = vtd_look,
};

/* ---- boot ---- */

static uint64_t
entry_table(uint64_t address)
{
	return address | ENTRY_READ | ENTRY_WRITE;
}

static uint64_t
entry_page(uint64_t address, bool writable)
{
	return address | ENTRY_READ | (writable ? ENTRY_WRITE : 0);
}

/* Reads what the unit can do; its words are checked, since addresses come of them. */
static const char *
unit_learn(struct unit *unit)
{
	uint64_t capability, second;

	if (!arch_map_device(unit->place.registers, REGISTERS_BYTES))
		return "Intel VT-d's registers cannot be mapped";
	unit->registers = unit->place.registers;
	unit->bytes = REGISTERS_BYTES;
	capability = read64(unit->registers + VTD_CAPABILITY);
	second = read64(unit->registers + VTD_CAPABILITY_2);
	unit->kind = (struct iommu_table_kind){
		.levels = (capability >> 10 & 1) != 0 ? 4 : 3,
		.entry_table = entry_table,
		.entry_page = entry_page,
		.flush = (second & 1) != 0 ? NULL : flush_lines,
	};
	unit->width = unit->kind.levels - 2;
	unit->domains = 16u << 2 * (capability & 7);
	unit->writes_buffered = (capability >> 4 & 1) != 0;
	unit->tlb = unit->registers + 16 * (second >> 8 & 0x3ff);
	unit->faults = unit->registers + 16 * (capability >> 24 & 0x3ff);
	unit->fault_count = (capability >> 40 & 0xff) + 1;
	if (unit->tlb + 16 > unit->registers + unit->bytes)
		unit->bytes = unit->tlb + 16 - unit->registers;
	if (unit->faults + 16 * unit->fault_count > unit->registers + unit->bytes)
		unit->bytes = unit->faults + 16 * unit->fault_count - unit->registers;
	if ((capability >> 9 & 3) == 0)
		return "Intel VT-d has tables neither of 3 nor of 4 levels (39 or 48 bits)";
	if (!arch_map_device(unit->registers, unit->bytes))
		return "Intel VT-d's registers cannot be mapped";
	return NULL;
}

/* Off with what the firmware left on, then on with tables that let nothing through. */
static const char *
unit_start(struct unit *unit)
{
	if (!command(unit, COMMAND_TRANSLATE, false) ||
	    !command(unit, COMMAND_REMAP_INTERRUPTS, false) ||
	    !command(unit, COMMAND_QUEUED_INVALIDATION, false))
		return "Intel VT-d cannot be switched off";
	unit->root = (uint64_t *)(uintptr_t)iommu_table_make(&unit->kind);
	if (unit->root == NULL)
		return "no memory for Intel VT-d's tables";
	write64(unit->registers + VTD_ROOT, (uintptr_t)unit->root);
	if (!command(unit, COMMAND_TAKE_ROOT, true) || !forget(unit, true, TLB_FORGET_ALL) ||
	    !command(unit, COMMAND_TRANSLATE, true))
		return "Intel VT-d cannot be switched on";
	faults_read(unit);
	attach_faults(unit);
	return NULL;
}

bool
vtd_is_at(uint64_t address, uint64_t bytes)
{
	for (unsigned i = 0; i < unit_count; i++)
		if (ranges_meet(address, bytes, units[i].place.registers, units[i].bytes))
			return true;
	return false;
}

void
vtd_init(void)
{
	const struct acpi_header *table = acpi_find("DMAR");
	struct dmar_unit place;
	uint32_t after = 0;

	if (table == NULL)
		return;
	for (; dmar_unit_next(table, after, &place); after = place.at) {
		struct unit *unit = &units[unit_count];

		if (unit_count == UNITS_MAX) {
			units_left_off++;
			continue;
		}
		unit_count++;
		unit->place = place;
		unit->trouble = unit_learn(unit);
		if (unit->trouble == NULL)
			unit->trouble = unit_start(unit);
	}
	iommu_add(&vtd_ops);
}

/* SPDX-License-Identifier: MIT */
/*
 * Arm's SMMU, version 3: stage 1, two levels of stream table, one command queue, one event queue.
 *
 * Translation is on from boot: a stream without an entry reaches nothing.  Messages are writes like
 * any other here, so their page is mapped where it is, for each function that has one, also for
 * those whose other requests never come here (virtio without ACCESS_PLATFORM).
 */
#include "cpu.h"
#include "kernel/core/iommu.h"
#include "kernel/core/iommu_table.h"
#include "kernel/core/irq.h"
#include "kernel/core/lock.h"
#include "kernel/core/memory.h"

#define UNITS_MAX 4u
#define MESSAGES_MAX 1024u
#define BIT(n) (UINT64_C(1) << (n))

#define SMMU_ABILITY 0x00u
#define SMMU_ABILITY_1 0x04u
#define SMMU_ABILITY_5 0x14u
#define SMMU_CONTROL 0x20u
#define SMMU_CONTROL_DONE 0x24u
#define SMMU_CONTROL_1 0x28u
#define SMMU_CONTROL_2 0x2cu
#define SMMU_INTERRUPTS 0x50u
#define SMMU_STREAMS 0x80u
#define SMMU_STREAMS_FORM 0x88u
#define SMMU_COMMANDS 0x90u
#define SMMU_COMMANDS_END 0x98u
#define SMMU_COMMANDS_TAKEN 0x9cu
#define SMMU_EVENTS 0xa0u
#define SMMU_EVENTS_END 0x100a8u
#define SMMU_EVENTS_TAKEN 0x100acu
#define REGISTERS_BYTES 0x20000u

#define ABILITY_STAGE_1 BIT(1)
#define ABILITY_ARM64_TABLES BIT(3)
#define ABILITY_COHERENT BIT(4)
#define ABILITY_TWO_LEVELS BIT(27)
#define ABILITY_5_PAGE_4K BIT(4)
#define CONTROL_ON 1u
#define CONTROL_EVENTS 4u
#define CONTROL_COMMANDS 8u
#define CONTROL_1_CACHED 0xd75u /* tables and queues: inner shareable, write-back */
#define CONTROL_2_TELL_BAD_STREAMS 2u
#define INTERRUPTS_EVENTS 4u
#define ALLOCATE_ON_READ BIT(62)

/* Streams: 64 entries of 64 bytes, one page, for each entry of the first level. */
#define STREAM_BITS_MAX 16u
#define STREAM_BITS_LEAST 7u
#define SPLIT 6u
#define STREAM_WORDS 8u
#define FORM_TWO_LEVELS BIT(16)
#define SPAN_WHOLE (SPLIT + 1)
#define STREAM_VALID 1u
#define STREAM_STAGE_1 (5u << 1)
#define STREAM_1_CACHED 0xd4u /* the context descriptor: inner shareable, write-back */
#define STREAM_1_INCOMING BIT(44) /* shareability as the device says */

/* The context descriptor: 48 bits below, nothing above, pages of 4 KiB, faults told and ended. */
#define CONTEXT_FORM (16u | 1u << 8 | 1u << 10 | 3u << 12 | 1u << 30)
#define CONTEXT_VALID BIT(31)
#define CONTEXT_ARM64 BIT(41)
#define CONTEXT_TELL (BIT(45) | BIT(46))
#define CONTEXT_SPACE_SHIFT 48u
#define CONTEXT_KINDS 0x04ffu /* index 0: write-back memory; 1: device registers */

#define ENTRY_TABLE 3u
#define ENTRY_PAGE 0x743u /* there, for all, inner shareable, accessed */
#define ENTRY_NOT_GLOBAL BIT(11)
#define ENTRY_READ_ONLY BIT(7)
#define ENTRY_REGISTERS BIT(2)
#define ENTRY_NO_EXECUTE (BIT(53) | BIT(54))
#define TABLE_ADDRESS 0x0000fffffffff000ull

#define QUEUE_BITS 7u /* of entries, in a page each */
#define QUEUE_ENTRIES (1u << QUEUE_BITS)
#define QUEUE_MASK (2 * QUEUE_ENTRIES - 1)
#define COMMAND_STREAM 0x03u
#define COMMAND_ALL_STREAMS 0x04u
#define COMMAND_FORGET_SPACE 0x11u
#define COMMAND_FORGET_ALL 0x30u
#define COMMAND_WAIT 0x46u
#define EVENT_WORDS 4u

/* Far above base addresses of other devices, which a switch would take for the ones meant. */
#define WINDOW_START (UINT64_C(1) << 38)
#define WINDOW_END (UINT64_C(1) << 48)

struct unit {
	uint32_t node;
	uint64_t registers;
	uint64_t *streams;      /* the first level */
	unsigned stream_bits;
	uint64_t *commands;
	uint32_t commands_end;
	const uint64_t *events;
	uint64_t widest;        /* code of how many bits a physical address has */
	uint32_t offset;        /* of stream numbers from those of PCI functions */
	const char *trouble;    /* why it is of no use; NULL: it works */
};

static struct unit units[UNITS_MAX];
static unsigned unit_count;
static struct lock commands_lock, events_lock;
static struct iommu_space *message_spaces[MESSAGES_MAX];

static const struct iommu_ops smmu_ops;

static uint64_t
entry_table(uint64_t address)
{
	return address | ENTRY_TABLE;
}

static uint64_t
entry_page(uint64_t address, bool writable)
{
	return address | ENTRY_PAGE | ENTRY_NOT_GLOBAL | ENTRY_NO_EXECUTE |
	       (writable ? 0 : ENTRY_READ_ONLY);
}

static uint64_t
entry_register(uint64_t address, bool writable)
{
	return entry_page(address, writable) | ENTRY_REGISTERS;
}

static const struct iommu_table_kind memory_kind = {
	.levels = 4, .entry_table = entry_table, .entry_page = entry_page};
static const struct iommu_table_kind register_kind = {
	.levels = 4, .entry_table = entry_table, .entry_page = entry_register};

/* ---- commands ---- */

/* Waits until the register's MASK bits are VALUE. */
static bool
wait_for(uint64_t address, uint32_t mask, uint32_t value)
{
	uint64_t until = arch_ticks() + arch_ticks_per_second();

	while ((register_read(address) & mask) != value)
		if (arch_ticks() > until)
			return false;
	return true;
}

/* Puts FIRST and SECOND, and a wait behind them, into the queue, which is empty; waits for both. */
static bool
command(struct unit *unit, uint64_t first, uint64_t second)
{
	const uint64_t words[2][2] = {{first, second}, {COMMAND_WAIT, 0}};
	bool on = lock_take(&commands_lock), done;

	for (unsigned i = 0; i < 2; i++) {
		uint64_t *entry = &unit->commands[unit->commands_end % QUEUE_ENTRIES * 2];

		entry[0] = words[i][0];
		entry[1] = words[i][1];
		unit->commands_end = (unit->commands_end + 1) & QUEUE_MASK;
	}
	barrier_all();
	register_write(unit->registers + SMMU_COMMANDS_END, unit->commands_end);
	done = wait_for(unit->registers + SMMU_COMMANDS_TAKEN, QUEUE_MASK, unit->commands_end);
	lock_give(&commands_lock, on);
	return done;
}

static void
must(bool done)
{
	if (!done)
		orion_panic("the SMMU does not take commands");
}

/* ---- events ---- */

static const char *
fault_text(unsigned kind)
{
	switch (kind) {
	case 0x02:
	case 0x04:
	case 0x06:
		return "nothing is lent to it";
	case 0x10:
		return "the page is not lent";
	case 0x11:
		return "no address has so many bits";
	case 0x13:
		return "the page is not lent for writing";
	default:
		return "the SMMU's tables are not as it wants them";
	}
}

static bool
events_read(struct unit *unit)
{
	bool on = lock_take(&events_lock);
	uint32_t taken = register_read(unit->registers + SMMU_EVENTS_TAKEN);
	uint32_t end = register_read(unit->registers + SMMU_EVENTS_END);
	bool any = ((taken ^ end) & QUEUE_MASK) != 0;

	barrier_all();
	while (((taken ^ end) & QUEUE_MASK) != 0) {
		const uint64_t *event = &unit->events[taken % QUEUE_ENTRIES * EVENT_WORDS];
		bool reads = (event[1] >> 35 & 1) != 0;

		iommu_fault(&smmu_ops, (uint32_t)(event[0] >> 32) - unit->offset, event[2], !reads,
			    fault_text(event[0] & 0xff));
		taken = ((taken + 1) & QUEUE_MASK) | (end & BIT(31));
	}
	/* The highest bit answers that of an overflow. */
	register_write(unit->registers + SMMU_EVENTS_TAKEN, taken | (end & BIT(31)));
	lock_give(&events_lock, on);
	return any;
}

static bool
event_arrived(void *argument)
{
	return events_read(argument);
}

static void
smmu_look(void)
{
	for (unsigned i = 0; i < unit_count; i++)
		if (units[i].trouble == NULL)
			events_read(&units[i]);
}

/* Without an interrupt events are still read, when somebody looks. */
static void
attach_events(struct unit *unit)
{
	struct orion_irq_source source = {.kind = ORION_IRQ_WIRE};
	struct orion_irq_message message;
	struct fdt_interrupt interrupt;

	if (!fdt_interrupt(boot_tree(), unit->node, 0, &interrupt))
		return;
	source.wire = interrupt_line(&interrupt);
	if (irq_attach(&source, event_arrived, unit, &message) == ORION_OK)
		register_write(unit->registers + SMMU_INTERRUPTS, INTERRUPTS_EVENTS);
}

/* ---- spaces ---- */

static struct unit *
unit_of(const struct iommu_space *space)
{
	return &units[space->group >> 32];
}

static enum iommu_place
smmu_find(uint32_t function, uint64_t *group, struct memory_range *window, const char **why)
{
	uint32_t node, stream;
	unsigned i = 0;

	if (function == ORION_NO_FUNCTION || !pci_iommu_of(function, &node, &stream))
		return IOMMU_ELSEWHERE;
	while (i < unit_count && units[i].node != node)
		i++;
	if (i == unit_count)
		return IOMMU_ELSEWHERE;
	*why = units[i].trouble;
	if (*why == NULL && stream >> units[i].stream_bits != 0)
		*why = "the device tree gives it a stream number that the SMMU does not have";
	if (*why != NULL)
		return IOMMU_USELESS;
	units[i].offset = stream - function;
	*group = (uint64_t)i << 32 | stream;
	window->start = WINDOW_START;
	window->bytes = WINDOW_END - WINDOW_START;
	return IOMMU_HERE;
}

/* The entry of STREAM; its table is made when it lacks.  NULL: no memory. */
static uint64_t *
stream_at(const struct unit *unit, uint32_t stream)
{
	uint64_t *first = &unit->streams[stream >> SPLIT];

	if (*first == 0) {
		void *table = memory_take(PAGE_BYTES);

		if (table == NULL)
			return NULL;
		barrier_all();
		__atomic_store_n(first, (uintptr_t)table | SPAN_WHOLE, __ATOMIC_RELEASE);
	}
	return (uint64_t *)(uintptr_t)(*first & TABLE_ADDRESS) +
	       STREAM_WORDS * (stream & ((1u << SPLIT) - 1));
}

/* Sets or clears the stream's entry; the SMMU forgets what it knew of it. */
static void
stream_set(struct unit *unit, uint32_t stream, uint64_t *entry, uint64_t word)
{
	barrier_all();
	__atomic_store_n(entry, word, __ATOMIC_RELEASE);
	must(command(unit, COMMAND_STREAM | (uint64_t)stream << 32, 0));
}

static void
forget_space(const struct iommu_space *space)
{
	must(command(unit_of(space), COMMAND_FORGET_SPACE | (uint64_t)space->number << 48, 0));
}

static uint64_t *
context_of(const struct iommu_space *space)
{
	return (uint64_t *)(uintptr_t)space->hardware;
}

static bool
smmu_open(struct iommu_space *space)
{
	struct unit *unit = unit_of(space);
	uint64_t *entry = stream_at(unit, (uint32_t)space->group);
	uint64_t table = entry == NULL ? 0 : iommu_table_make(&memory_kind);
	uint64_t *context = table == 0 ? NULL : memory_take(PAGE_BYTES);

	if (context == NULL) {
		if (table != 0)
			iommu_table_free(&memory_kind, table);
		return false;
	}
	space->hardware = (uintptr_t)context;
	context[0] = CONTEXT_FORM | CONTEXT_VALID | unit->widest << 32 | CONTEXT_ARM64 |
		     CONTEXT_TELL | (uint64_t)space->number << CONTEXT_SPACE_SHIFT;
	context[1] = table;
	context[3] = CONTEXT_KINDS;
	entry[1] = STREAM_1_CACHED | STREAM_1_INCOMING;
	stream_set(unit, (uint32_t)space->group, entry,
		   (uintptr_t)context | STREAM_STAGE_1 | STREAM_VALID);
	return true;
}

static void
smmu_close(struct iommu_space *space)
{
	struct unit *unit = unit_of(space);
	uint64_t *context = context_of(space);

	stream_set(unit, (uint32_t)space->group, stream_at(unit, (uint32_t)space->group), 0);
	forget_space(space);
	iommu_table_free(&memory_kind, context[1]);
	memory_give(context, PAGE_BYTES);
}

static bool
map(struct iommu_space *space, const struct iommu_table_kind *kind, uint64_t device,
    uint64_t physical, uint64_t pages, bool writable)
{
	if (!iommu_table_map(kind, context_of(space)[1], device, physical, pages, writable))
		return false;
	/* What was absent is not remembered, but what was read-only is. */
	forget_space(space);
	return true;
}

static bool
smmu_map(struct iommu_space *space, uint64_t device, uint64_t physical, uint64_t pages,
	 bool writable)
{
	return map(space, &memory_kind, device, physical, pages, writable);
}

static void
smmu_unmap(struct iommu_space *space, uint64_t device, uint64_t pages)
{
	iommu_table_unmap(&memory_kind, context_of(space)[1], device, pages);
	forget_space(space);
}

static const struct iommu_ops smmu_ops = {
	.name = "Arm SMMUv3",
	.find = smmu_find,
	.open = smmu_open,
	.close = smmu_close,
	.map = smmu_map,
	.unmap = smmu_unmap,
	.look = smmu_look,
};

/* ---- messages ---- */

bool
smmu_message_begin(unsigned irq, uint32_t function, uint64_t address)
{
	uint64_t page = address & ~(uint64_t)(PAGE_BYTES - 1), group;
	struct memory_range window;
	struct iommu_space *space;
	const char *why;

	if (unit_count == 0 || smmu_find(function, &group, &window, &why) != IOMMU_HERE)
		return true;
	if (irq >= MESSAGES_MAX || iommu_open(function, &space, &why) != ORION_OK)
		return false;
	message_spaces[irq] = space;
	return page < WINDOW_START && map(space, &register_kind, page, page, 1, true);
}

void
smmu_message_end(unsigned irq)
{
	if (irq >= MESSAGES_MAX || message_spaces[irq] == NULL)
		return;
	iommu_close(message_spaces[irq]);
	message_spaces[irq] = NULL;
}

/* ---- boot ---- */

static const char *
unit_learn(struct unit *unit)
{
	uint32_t ability = register_read(unit->registers + SMMU_ABILITY);
	uint32_t ability_5 = register_read(unit->registers + SMMU_ABILITY_5);

	unit->stream_bits = register_read(unit->registers + SMMU_ABILITY_1) & 63;
	if (unit->stream_bits > STREAM_BITS_MAX)
		unit->stream_bits = STREAM_BITS_MAX;
	unit->widest = (ability_5 & 7) < 5 ? ability_5 & 7 : 5;
	if ((ability & ABILITY_STAGE_1) == 0 || (ability & ABILITY_ARM64_TABLES) == 0 ||
	    (ability_5 & ABILITY_5_PAGE_4K) == 0)
		return "the SMMU has no stage 1 with ARM64's tables of 4 KiB pages";
	if ((ability & ABILITY_TWO_LEVELS) == 0 || unit->stream_bits < STREAM_BITS_LEAST)
		return "the SMMU has no stream table of two levels";
	if ((ability & ABILITY_COHERENT) == 0)
		return "the SMMU does not see the CPUs' caches";
	return NULL;
}

static bool
control(const struct unit *unit, uint32_t value)
{
	register_write(unit->registers + SMMU_CONTROL, value);
	return wait_for(unit->registers + SMMU_CONTROL_DONE, UINT32_MAX, value);
}

static const char *
unit_start(struct unit *unit)
{
	size_t bytes = 8ul << (unit->stream_bits - SPLIT);
	size_t align = bytes < PAGE_BYTES ? PAGE_BYTES : bytes;
	uint64_t at = unit->registers;

	unit->streams = memory_take_aligned(bytes, align);
	unit->commands = memory_take(PAGE_BYTES);
	unit->events = memory_take(PAGE_BYTES);
	if (unit->streams == NULL || unit->commands == NULL || unit->events == NULL)
		return "no memory for the SMMU's tables";
	if (!control(unit, 0))
		return "the SMMU cannot be switched off";
	register_write(at + SMMU_CONTROL_1, CONTROL_1_CACHED);
	register_write(at + SMMU_CONTROL_2, CONTROL_2_TELL_BAD_STREAMS);
	register_write64(at + SMMU_STREAMS, (uintptr_t)unit->streams | ALLOCATE_ON_READ);
	register_write(at + SMMU_STREAMS_FORM, FORM_TWO_LEVELS | SPLIT << 6 | unit->stream_bits);
	register_write64(at + SMMU_COMMANDS,
			 (uintptr_t)unit->commands | ALLOCATE_ON_READ | QUEUE_BITS);
	register_write(at + SMMU_COMMANDS_END, 0);
	register_write(at + SMMU_COMMANDS_TAKEN, 0);
	register_write64(at + SMMU_EVENTS, (uintptr_t)unit->events | ALLOCATE_ON_READ | QUEUE_BITS);
	register_write(at + SMMU_EVENTS_END, 0);
	register_write(at + SMMU_EVENTS_TAKEN, 0);
	if (!control(unit, CONTROL_COMMANDS) || !command(unit, COMMAND_ALL_STREAMS, 31) ||
	    !command(unit, COMMAND_FORGET_ALL, 0) ||
	    !control(unit, CONTROL_COMMANDS | CONTROL_EVENTS))
		return "the SMMU does not take commands";
	attach_events(unit);
	if (!control(unit, CONTROL_COMMANDS | CONTROL_EVENTS | CONTROL_ON))
		return "the SMMU cannot be switched on";
	return NULL;
}

void
smmu_init(void)
{
	struct memory_range registers;
	uint32_t node = FDT_ROOT;

	while ((node = fdt_compatible(boot_tree(), node, "arm,smmu-v3")) != FDT_NONE) {
		struct unit *unit = &units[unit_count];

		if (unit_count == UNITS_MAX)
			orion_panic("more SMMUs than there is room for");
		unit_count++;
		unit->node = node;
		if (!fdt_reg(boot_tree(), node, 0, &registers) ||
		    registers.bytes < REGISTERS_BYTES || !mmu_own(&registers)) {
			unit->trouble = "the SMMU's registers cannot be mapped";
			continue;
		}
		unit->registers = registers.start;
		unit->trouble = unit_learn(unit);
		if (unit->trouble == NULL)
			unit->trouble = unit_start(unit);
	}
	if (unit_count != 0)
		iommu_add(&smmu_ops);
}

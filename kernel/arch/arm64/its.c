/* SPDX-License-Identifier: MIT */
/*
 * GICv3's interrupt translation service: (device, event) becomes an interrupt number above
 * GIC_MESSAGES and a collection, of which each CPU has one of its own number.
 *
 * Numbers that the tables have no room for are refused: the driver then shares messages or polls.
 */
#include "cpu.h"
#include "kernel/core/lock.h"
#include "kernel/core/memory.h"

#define NUMBER_BITS 14u /* numbers below 16384: 8192 messages */
#define MESSAGES (1u << (NUMBER_BITS - 1))
#define TABLE_BYTES 0x10000u
#define QUEUE_BYTES PAGE_BYTES
#define COMMAND_BYTES 32u
#define EVENT_BITS 10u
#define DEVICES_MAX 64u

/* Registers of a redistributor. */
#define REDISTRIBUTOR_CONTROL 0x00u
#define REDISTRIBUTOR_TYPE 0x08u
#define REDISTRIBUTOR_PROPERTIES 0x70u
#define REDISTRIBUTOR_PENDING 0x78u
#define MESSAGES_ON 1u
#define PENDING_IS_ZERO (UINT64_C(1) << 62)
#define PROPERTY_ON 0xa1u /* priority and enabled */

/* Registers of the service. */
#define ITS_CONTROL 0x00u
#define ITS_TYPE 0x08u
#define ITS_QUEUE 0x80u
#define ITS_QUEUE_WRITE 0x88u
#define ITS_QUEUE_READ 0x90u
#define ITS_TABLES 0x100u
#define ITS_TABLE_COUNT 8u
#define ITS_SEND 0x10040u
#define TYPE_TARGET_IS_ADDRESS (UINT64_C(1) << 19)
#define TABLE_DEVICES 1u
#define TABLE_COLLECTIONS 4u
#define PAGE_64K (UINT64_C(2) << 8)
#define VALID (UINT64_C(1) << 63)
/* Inner shareable, write-back: in the field's places of the three kinds of registers. */
#define CACHED_TABLE (UINT64_C(7) << 59 | UINT64_C(1) << 10)
#define CACHED_REDISTRIBUTOR (UINT64_C(7) << 7 | UINT64_C(1) << 10)
#define STALLED 1u

enum its_command {
	ITS_SYNC = 0x05,
	ITS_MAP_DEVICE = 0x08,
	ITS_MAP_COLLECTION = 0x09,
	ITS_MAP_EVENT = 0x0a,
	ITS_REREAD = 0x0c,
	ITS_DISCARD = 0x0f,
};

static uint64_t its; /* 0: there is none that works */
static uint64_t its_type;
static uint64_t *queue;
static uint64_t queue_at; /* byte offset of the next command */
static uint8_t *properties; /* one byte a message */
static uint64_t device_count; /* how many the table of devices has room for */
static uint64_t collection_count; /* the same for CPUs */
static uint32_t devices[DEVICES_MAX]; /* mapped so far */
static unsigned devices_used;
static uint64_t targets[CPUS_MAX]; /* in the form that commands want */
static uint32_t ready; /* a bit for each CPU that has its collection */
static struct lock its_lock;

/* Gives the service a table of 64 KiB, if its register INDEX is for one of ours. */
static bool
table_init(unsigned index)
{
	uint64_t address = its + ITS_TABLES + 8 * index;
	uint64_t value = register_read64(address);
	unsigned kind = value >> 56 & 7;
	uint64_t entry_bytes = (value >> 48 & 31) + 1;
	uint64_t page_bytes;
	void *table;

	if (kind != TABLE_DEVICES && kind != TABLE_COLLECTIONS)
		return true;
	table = memory_take_aligned(TABLE_BYTES, TABLE_BYTES);
	if (table == NULL)
		return false;
	register_write64(address, VALID | CACHED_TABLE | PAGE_64K | (uintptr_t)table);
	/* Another size of pages may be all it has. */
	page_bytes = UINT64_C(4096) << 2 * (register_read64(address) >> 8 & 3);
	page_bytes = page_bytes < TABLE_BYTES ? page_bytes : TABLE_BYTES;
	*(kind == TABLE_DEVICES ? &device_count : &collection_count) = page_bytes / entry_bytes;
	return true;
}

/* The memory that the redistributors share: one byte a message. */
static bool
properties_init(void)
{
	properties = memory_take(MESSAGES);
	for (unsigned i = 0; properties != NULL && i < MESSAGES; i++)
		properties[i] = PROPERTY_ON;
	return properties != NULL;
}

void
its_init(uint32_t gic_node)
{
	uint32_t node = fdt_child(boot_tree(), gic_node);
	struct memory_range registers;

	while (node != FDT_NONE &&
	       !fdt_has_string(fdt_get(boot_tree(), node, "compatible"), "arm,gic-v3-its"))
		node = fdt_sibling(boot_tree(), node);
	if (!fdt_reg(boot_tree(), node, 0, &registers) || !mmu_own(&registers))
		return;
	its = registers.start;
	its_type = register_read64(its + ITS_TYPE);
	collection_count = its_type >> 24 & 0xff;
	register_write(its + ITS_CONTROL, 0);
	queue = memory_take(QUEUE_BYTES);
	if (queue == NULL || !properties_init()) {
		its = 0;
		return;
	}
	for (unsigned i = 0; i < ITS_TABLE_COUNT; i++) {
		if (!table_init(i)) {
			its = 0;
			return;
		}
	}
	register_write64(its + ITS_QUEUE, VALID | CACHED_TABLE | (uintptr_t)queue);
	register_write64(its + ITS_QUEUE_WRITE, 0);
	register_write(its + ITS_CONTROL, 1);
}

bool
its_is_there(void)
{
	return its != 0;
}

/* Adds a command; its_run() has them done.  Under the lock; never a whole queue of them. */
static void
command(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t *at = queue + queue_at / sizeof(*queue);

	at[0] = a;
	at[1] = b;
	at[2] = c;
	at[3] = 0;
	queue_at = (queue_at + COMMAND_BYTES) % QUEUE_BYTES;
}

/* Waits for CPU's collection to follow, and for the queue to run dry.  False when it is stuck. */
static bool
its_run(unsigned cpu)
{
	uint64_t done;

	command(ITS_SYNC, 0, targets[cpu]);
	barrier_all();
	register_write64(its + ITS_QUEUE_WRITE, queue_at);
	do {
		done = register_read64(its + ITS_QUEUE_READ);
		arch_relax();
	} while (done != queue_at && (done & STALLED) == 0);
	return done == queue_at;
}

void
its_cpu_init(unsigned cpu)
{
	uint64_t frame = gic3_redistributor(cpu);
	uint64_t type = register_read64(frame + REDISTRIBUTOR_TYPE);
	void *pending;
	bool on;

	if (its == 0 || cpu >= collection_count)
		return;
	pending = memory_take_aligned(TABLE_BYTES, TABLE_BYTES);
	if (pending == NULL)
		return;
	register_write64(frame + REDISTRIBUTOR_PROPERTIES,
			 (uintptr_t)properties | CACHED_REDISTRIBUTOR | (NUMBER_BITS - 1));
	register_write64(frame + REDISTRIBUTOR_PENDING,
			 (uintptr_t)pending | CACHED_REDISTRIBUTOR | PENDING_IS_ZERO);
	barrier_all();
	register_write(frame + REDISTRIBUTOR_CONTROL, MESSAGES_ON);
	barrier_all();

	on = lock_take(&its_lock);
	targets[cpu] =
		(its_type & TYPE_TARGET_IS_ADDRESS) != 0 ? frame : (type >> 8 & 0xffff) << 16;
	command(ITS_MAP_COLLECTION, 0, VALID | targets[cpu] | cpu);
	if (its_run(cpu))
		ready |= 1u << cpu;
	lock_give(&its_lock, on);
}

/* Gives DEVICE its table of events, once.  Under the lock. */
static bool
map_device(uint32_t device)
{
	uint64_t entry_bytes = (its_type >> 4 & 15) + 1;
	void *events;

	for (unsigned i = 0; i < devices_used; i++)
		if (devices[i] == device)
			return true;
	if (devices_used == DEVICES_MAX || device >= device_count ||
	    device >> ((its_type >> 13 & 31) + 1) != 0)
		return false;
	events = memory_take(entry_bytes << EVENT_BITS);
	if (events == NULL)
		return false;
	devices[devices_used++] = device;
	command(ITS_MAP_DEVICE | (uint64_t)device << 32, EVENT_BITS - 1, VALID | (uintptr_t)events);
	return true;
}

bool
its_route(uint32_t number, uint32_t device, uint32_t event, unsigned cpu,
	  struct orion_irq_message *message)
{
	bool on, done;

	if (event >> EVENT_BITS != 0 || number >= 1u << NUMBER_BITS)
		return false;
	on = lock_take(&its_lock);
	done = (ready >> cpu & 1) != 0 && map_device(device);
	if (done) {
		command(ITS_MAP_EVENT | (uint64_t)device << 32, (uint64_t)number << 32 | event,
			cpu);
		command(ITS_REREAD | (uint64_t)device << 32, event, 0);
		done = its_run(cpu);
	}
	lock_give(&its_lock, on);
	message->address = its + ITS_SEND;
	message->data = event;
	return done;
}

void
its_release(uint32_t device, uint32_t event, unsigned cpu)
{
	bool on = lock_take(&its_lock);

	for (unsigned i = 0; i < devices_used; i++)
		if (devices[i] == device && event >> EVENT_BITS == 0)
			command(ITS_DISCARD | (uint64_t)device << 32, event, 0);
	its_run(cpu);
	lock_give(&its_lock, on);
}

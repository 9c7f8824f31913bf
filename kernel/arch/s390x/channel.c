/* SPDX-License-Identifier: MIT */
/*
 * The channel subsystem: finding devices, running one command at a time, interrupts.
 *
 * A wire is a subchannel by its number, or WIRE_ADAPTER; a line is the same.  All I/O interrupts
 * come to CPU 0.
 */
#include "channel.h"
#include "cpu.h"
#include "kernel/core/irq.h"
#include "kernel/core/lock.h"
#include "kernel/core/place.h"
#include "kernel/core/port.h"
#include "kernel/core/print.h"
#include "kernel/core/string.h"
#include "words/text.h"

#define SUBCHANNELS 65536u
#define WIRE_ADAPTER SUBCHANNELS
#define COMMAND_BYTES_MAX 128u
#define COMMAND_SECONDS 10u
#define ENABLE_TRIES 1000u
#define IO_ADAPTER 0x80000000u /* in the interruption's word */
#define DIAGNOSE_KICK 3

/* Commands and their data: below 2 GiB, as the kernel is. */
static _Alignas(8) struct channel_command program;
static _Alignas(8) uint8_t payload[COMMAND_BYTES_MAX];
static struct lock channel_lock; /* of these two, and of taking status */
static uint8_t summary; /* written by all devices with adapter interrupts */

/* Lines that somebody listens to, a bit each. */
static uint64_t listened[SUBCHANNELS / 64 + 1];
static uint32_t swallowed; /* 1 + the line whose interrupt a command's end may have been */

static bool
is_listened(uint32_t line)
{
	return (__atomic_load_n(&listened[line / 64], __ATOMIC_ACQUIRE) >> line % 64 & 1) != 0;
}

static void
set_listened(uint32_t line, bool on)
{
	uint64_t bit = UINT64_C(1) << line % 64;

	if (on)
		__atomic_or_fetch(&listened[line / 64], bit, __ATOMIC_SEQ_CST);
	else
		__atomic_and_fetch(&listened[line / 64], ~bit, __ATOMIC_SEQ_CST);
}

/* ---- one command ---- */

/* Starts PROGRAM; status that nobody waits for any more is taken away first. */
static orion_status
start(uint32_t number)
{
	uint64_t end = arch_ticks() + COMMAND_SECONDS * arch_ticks_per_second();
	struct orb orb = {0, ORB_FORMAT_1 | ORB_PREFETCH | ORB_ALL_PATHS,
			  (uint32_t)(uintptr_t)&program};
	struct irb irb;
	unsigned cc;

	do {
		cc = CHANNEL_INSTRUCTION("ssch", number, orb);
		if (cc == CC_DONE)
			return ORION_OK;
		if (cc == CC_PENDING)
			cc = CHANNEL_INSTRUCTION("tsch", number, irb);
		if (cc == CC_ABSENT)
			return ORION_DEVICE_GONE;
	} while (arch_ticks() < end);
	return ORION_TIMED_OUT;
}

/* Takes status until it is that of the end. */
static orion_status
finish(uint32_t number, struct irb *irb)
{
	uint64_t end = arch_ticks() + COMMAND_SECONDS * arch_ticks_per_second();
	unsigned cc;

	do {
		cc = CHANNEL_INSTRUCTION("tsch", number, *irb);
		if (cc == CC_DONE && (irb->control & CONTROL_STATUS_SECONDARY) != 0)
			return ORION_OK;
		if (cc == CC_ABSENT)
			return ORION_DEVICE_GONE;
	} while (arch_ticks() < end);
	return ORION_TIMED_OUT;
}

static orion_status
run(uint32_t number, uint8_t code, uint16_t bytes, struct irb *irb)
{
	orion_status status;

	program = (struct channel_command){code, COMMAND_NO_LENGTH_CHECK, bytes,
					   bytes != 0 ? (uint32_t)(uintptr_t)payload : 0};
	status = start(number);
	return status == ORION_OK ? finish(number, irb) : status;
}

/* Why the command before ended with unit check. */
static orion_status
sense(uint32_t number)
{
	struct irb irb;
	orion_status status;

	memset(payload, 0, SENSE_BYTES);
	status = run(number, COMMAND_SENSE, SENSE_BYTES, &irb);
	if (status != ORION_OK)
		return status;
	return (payload[0] & SENSE_REJECT) != 0 ? ORION_NOT_SUPPORTED : ORION_IO_ERROR;
}

static orion_status
run_judged(uint32_t number, uint8_t code, uint16_t bytes, uint16_t *done)
{
	struct irb irb;
	orion_status status = run(number, code, bytes, &irb);

	if (status != ORION_OK)
		return status;
	*done = irb.residual <= bytes ? (uint16_t)(bytes - irb.residual) : 0;
	if ((irb.device_status & DEVICE_STATUS_CHECK) != 0)
		return sense(number);
	if (irb.device_status != DEVICE_STATUS_END ||
	    (irb.subchannel_status & ~SUBCHANNEL_STATUS_LENGTH) != 0)
		return ORION_IO_ERROR;
	return ORION_OK;
}

/* A command's end may have swallowed its device's interrupt.  Context: CPU 0, interrupts off. */
void
channel_look(void)
{
	uint32_t line = __atomic_exchange_n(&swallowed, 0, __ATOMIC_SEQ_CST);

	if (line != 0 && is_listened(line - 1))
		irq_line_look(line - 1);
}

static orion_status
channel_command(void *context, uint32_t device, uint8_t code, void *data, uint16_t bytes,
		uint16_t *done)
{
	uint8_t result[COMMAND_BYTES_MAX];
	orion_status status;
	bool on;

	(void)context;
	if (bytes > COMMAND_BYTES_MAX)
		return ORION_INVALID;
	on = lock_take(&channel_lock);
	if (bytes != 0)
		memcpy(payload, data, bytes);
	status = run_judged(device, code, bytes, done);
	memcpy(result, payload, sizeof(result));
	__atomic_store_n(&swallowed, device + 1, __ATOMIC_SEQ_CST);
	lock_give(&channel_lock, false);
	if (arch_cpu() == 0)
		channel_look();
	else
		arch_cpu_interrupt(0);
	arch_irq_restore(on);
	if (bytes != 0 && status == ORION_OK)
		memcpy(data, result, bytes);
	return status;
}

/* ---- subchannels ---- */

static orion_status
modify(uint32_t number, bool enabled)
{
	struct schib schib;
	struct irb irb;
	unsigned cc = CC_BUSY;

	for (unsigned try = 0; cc != CC_DONE && try < ENABLE_TRIES; try++) {
		if (CHANNEL_INSTRUCTION("stsch", number, schib) != CC_DONE)
			return ORION_DEVICE_GONE;
		schib.parameter = number;
		schib.flags &= (uint16_t) ~(SCHIB_SUBCLASS_MASK | SCHIB_ENABLED);
		schib.flags |= SCHIB_SUBCLASS(SUBCLASS_DEVICES) | (enabled ? SCHIB_ENABLED : 0);
		cc = CHANNEL_INSTRUCTION("msch", number, schib);
		if (cc == CC_PENDING)
			(void)CHANNEL_INSTRUCTION("tsch", number, irb);
		if (cc == CC_ABSENT)
			return ORION_DEVICE_GONE;
	}
	return cc == CC_DONE ? ORION_OK : ORION_TIMED_OUT;
}

static orion_status
channel_enable(void *context, uint32_t device, bool on)
{
	bool interrupts = lock_take(&channel_lock);
	orion_status status = modify(device, false);

	(void)context;
	if (on && status == ORION_OK)
		status = modify(device, true);
	lock_give(&channel_lock, interrupts);
	return status;
}

static int64_t
channel_notify(void *context, uint32_t device, uint32_t value, int64_t cookie)
{
	register uint64_t function __asm__("1") = DIAGNOSE_KICK;
	register uint64_t result __asm__("2") = SUBCHANNEL_ID(device);
	register uint64_t given __asm__("3") = value;
	register int64_t last __asm__("4") = cookie;

	(void)context;
	__asm__ volatile("diag %1, %3, 0x500"
			 : "+d"(result)
			 : "d"(result), "d"(function), "d"(last), "d"(given)
			 : "cc", "memory");
	return (int64_t)result;
}

/* Whether the command line has WORD. */
static bool
is_said(const char *word)
{
	const char *text = arch_command_line();
	size_t length = text_length(word);

	while (*text != '\0') {
		size_t here = 0;

		while (text[here] != '\0' && text[here] != ' ')
			here++;
		if (here == length && memcmp(text, word, length) == 0)
			return true;
		text += here + (text[here] == ' ');
	}
	return false;
}

/* Whether the control unit of subchannel NUMBER, which has a device, is of virtio's block model. */
static bool
is_block(uint32_t number)
{
	uint8_t id[SENSE_ID_BYTES] = {0};
	uint16_t done = 0;

	return channel_enable(NULL, number, true) == ORION_OK &&
	       channel_command(NULL, number, COMMAND_SENSE_ID, id, sizeof(id), &done) == ORION_OK &&
	       virtio_ccw_is_block(id, done);
}

static struct virtio_ccw_adapter adapter = {
	.summary = (uintptr_t)&summary,
	.wire = WIRE_ADAPTER,
	.subclass = SUBCLASS_ADAPTER,
};
static struct virtio_ccw_host host = {channel_enable, channel_command, channel_notify, &adapter};

static orion_status
open_device(const struct manager_place *place, const struct orion_port *port, void *port_context,
	    union manager_transport *room, struct virtio_transport *out)
{
	(void)room;
	return orion_virtio_ccw_open(place->context, port, port_context, &host,
				     (uint32_t)place->address, out);
}

void
arch_devices_find(void)
{
	struct schib schib;

	if (is_said("channel.adapter=off"))
		host.adapter = NULL;
	for (uint32_t number = 0; number < SUBCHANNELS; number++) {
		static struct virtio_ccw devices[PLACES_MAX];
		struct place place = {"", {.open = open_device, .address = number}};

		if (CHANNEL_INSTRUCTION("stsch", number, schib) == CC_ABSENT)
			break;
		if ((schib.flags & SCHIB_VALID) == 0 || (schib.characteristics & SCHIB_TYPE) != 0)
			continue;
		print_into(place.name, sizeof(place.name), "ccw 0.0.%04x", schib.device);
		place.where.context = &devices[place_count() % PLACES_MAX];
		if (is_block(number) && !place_enter(&place))
			kprint("%s left out: more than %u devices\n", place.name, PLACES_MAX);
		(void)channel_enable(NULL, number, false);
	}
}

/* ---- interrupts ---- */

/* CPU 0 takes them; the others' control register 6 is 0. */
void
channel_init(void)
{
	control_write(6, CONTROL_SUBCLASS(SUBCLASS_DEVICES) | CONTROL_SUBCLASS(SUBCLASS_ADAPTER));
}

uint32_t
arch_line_of_wire(uint32_t number)
{
	return number <= WIRE_ADAPTER ? number : UINT32_MAX;
}

bool
arch_line_enable(uint32_t line, bool is_pci)
{
	if (is_pci || line > WIRE_ADAPTER)
		return false;
	set_listened(line, true);
	return true;
}

void
arch_line_disable(uint32_t line)
{
	set_listened(line, false);
}

/* The summary goes first: what devices set from then on interrupts again.  [spec 4.3.3.1.2.2] */
void
channel_interrupt(const struct trap_frame *frame)
{
	uint32_t line = WIRE_ADAPTER;
	struct irb irb;

	if ((frame->io_word & IO_ADAPTER) != 0) {
		__atomic_store_n(&summary, 0, __ATOMIC_RELAXED);
		barrier_all();
	} else {
		bool on = lock_take(&channel_lock);

		line = frame->io_subchannel & 0xffff;
		(void)CHANNEL_INSTRUCTION("tsch", line, irb);
		lock_give(&channel_lock, on);
	}
	if (is_listened(line) && !irq_line_arrived(line))
		set_listened(line, false);
}

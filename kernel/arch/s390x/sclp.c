/* SPDX-License-Identifier: MIT */
/*
 * The service processor (SCLP): how much memory there is, and the console.  A command is accepted,
 * works on a block of memory, and ends with an external interrupt, without which the next one is
 * not accepted.  It is waited for with that interrupt alone enabled, so that the console can write
 * in any context.
 */
#include "cpu.h"
#include "kernel/core/string.h"

#define READ_INFO 0x00020001u
#define READ_EVENT 0x00770005u
#define WRITE_EVENT 0x00760005u
#define WRITE_MASK 0x00780005u

#define EVENT_ASCII 0x1a
#define EVENT_ASCII_MASK 0x40u
#define RESPONSE_INFO 0x0010u
#define RESPONSE_DONE 0x0020u
#define EVENT_PENDING 1u /* in the interrupt's parameter */

#define CC_BUSY 2u
#define TRIES_MAX 100000000u
#define MIB (UINT64_C(1) << 20)

/* All blocks: their length, what is asked, and how it went. */
struct header {
	uint16_t length;
	uint8_t function;
	uint8_t control[3];
	uint16_t response;
};

struct info {
	struct header header;
	uint16_t increments;
	uint8_t increment_mib; /* 0: see below */
	uint8_t unused_11[100 - 11];
	uint32_t increment_mib_large;
	uint64_t increments_large; /* when increments is 0 */
	uint8_t unused_112[4096 - 112];
};

struct mask {
	struct header header;
	uint16_t unused_8, bytes;
	uint32_t want, may, can,
		does; /* we receive, we send; the service processor sends, receives */
};

/* The events: one, here. */
struct event {
	struct header header;
	uint16_t length;
	uint8_t type, flags;
	uint16_t unused_12;
	char text[4096 - 14];
};

static _Alignas(4096) struct info info;
static _Alignas(4096) struct event output;
static _Alignas(4096) struct event input;
static uint32_t taken; /* somebody uses the service processor */
static uint32_t input_waits;
static bool interrupts_on;

static unsigned
service_call(uint32_t command, const void *block)
{
	unsigned cc;

	__asm__ volatile(".insn rre, 0xb2200000, %1, %2\n\tipm %0\n\tsrl %0, 28"
			 : "=&d"(cc)
			 : "d"((uint64_t)command), "a"(block)
			 : "cc", "memory");
	return cc;
}

/* Lets the service processor interrupt, and nobody else. */
static void
open_window(void)
{
	uint64_t control = control_read(0);
	uint8_t mask;

	control_write(0, mmu_control() | CONTROL_SERVICE);
	__asm__ volatile("stosm %0, 0x01\n\tnop\n\tnop\n\tstnsm %0, 0xfc" : "=Q"(mask)::"memory");
	control_write(0, control);
}

/* Context: interrupts off. */
static bool
run(uint32_t command, struct header *block)
{
	unsigned cc = CC_BUSY;

	block->response = 0;
	for (unsigned try = 0; cc == CC_BUSY && try < TRIES_MAX; try++) {
		cc = service_call(command, block);
		if (cc == CC_BUSY)
			open_window();
	}
	for (unsigned try = 0; cc == 0 && try < TRIES_MAX; try++) {
		open_window();
		if (__atomic_load_n(&block->response, __ATOMIC_ACQUIRE) != 0)
			break;
	}
	return block->response == RESPONSE_INFO || block->response == RESPONSE_DONE;
}

/* A holder that was stopped for good does not keep the dying from speaking. */
static bool
take(void)
{
	bool on = arch_irq_off();

	for (unsigned try = 0; try < TRIES_MAX; try++)
		if (__atomic_exchange_n(&taken, 1, __ATOMIC_ACQUIRE) == 0)
			break;
	return on;
}

/*
 * Reads what came in, if there is room for whatever it is; the first byte of text only says that
 * text it is.
 */
static void
read_input(void)
{
	size_t count;

	if (!console_room(sizeof(input.text)))
		return;
	memset(&input.header, 0, sizeof(input.header));
	input.header.length = sizeof(input);
	if (!run(READ_EVENT, &input.header) || input.type != EVENT_ASCII)
		return;
	count = input.length;
	if (count > 7 && count <= sizeof(input) - sizeof(input.header))
		console_received(input.text + 1, count - 7);
}

static void
give(bool on)
{
	while (__atomic_exchange_n(&input_waits, 0, __ATOMIC_ACQ_REL) != 0)
		read_input();
	__atomic_store_n(&taken, 0, __ATOMIC_RELEASE);
	arch_irq_restore(on);
}

/* Whoever uses the service processor at the moment reads the input afterwards. */
void
sclp_interrupt(uint32_t parameter)
{
	if ((parameter & EVENT_PENDING) == 0)
		return;
	__atomic_store_n(&input_waits, 1, __ATOMIC_RELEASE);
	if (__atomic_exchange_n(&taken, 1, __ATOMIC_ACQUIRE) == 0)
		give(false);
}

void
sclp_init(void)
{
	static _Alignas(8) struct mask mask;
	bool on = take();

	info.header.length = sizeof(info);
	if (!run(READ_INFO, &info.header))
		power_wait_for_good(WAIT_NO_MEMORY_SIZE);
	mask.header.length = sizeof(mask);
	mask.bytes = sizeof(mask.want);
	mask.want = EVENT_ASCII_MASK;
	mask.may = EVENT_ASCII_MASK;
	interrupts_on = run(WRITE_MASK, &mask.header) && (mask.can & EVENT_ASCII_MASK) != 0;
	give(on);
}

uint64_t
sclp_memory_bytes(void)
{
	uint64_t count = info.increments != 0 ? info.increments : info.increments_large;
	uint64_t size = info.increment_mib != 0 ? info.increment_mib : info.increment_mib_large;

	return count * size * MIB;
}

void
arch_console_write(const char *bytes, size_t count)
{
	bool on = take();

	while (count > 0) {
		size_t now = count < sizeof(output.text) ? count : sizeof(output.text);

		memset(&output, 0, sizeof(output) - sizeof(output.text));
		output.length = (uint16_t)(sizeof(output) - sizeof(output.text) -
					   sizeof(output.header) + now);
		output.header.length = (uint16_t)(sizeof(output.header) + output.length);
		output.type = EVENT_ASCII;
		memcpy(output.text, bytes, now);
		if (!run(WRITE_EVENT, &output.header))
			break;
		bytes += now;
		count -= now;
	}
	give(on);
}

void
arch_console_poll(void)
{
	__atomic_store_n(&input_waits, 1, __ATOMIC_RELEASE);
	give(take());
}

bool
arch_console_interrupts(void)
{
	return interrupts_on;
}

/* SPDX-License-Identifier: MIT */
/* See console.h.  Bytes come by interrupt into a ring, which only CPU 0 fills and empties. */
#include "kernel/console/console.h"

#include "kernel/console/line.h"
#include "kernel/core/arch.h"
#include "kernel/core/print.h"
#include "kernel/core/worker.h"

#define INPUT_BYTES 32768u /* a power of two */
#define POLL_NS 20000000u
#define KEY_INTERRUPT 3

static char input[INPUT_BYTES];
static uint32_t input_written, input_read; /* free-running */
static bool input_stopped; /* there was no room: the ISA is to look again when there is */
static bool reading; /* console_run() runs, on a CPU that can be woken */
static bool command_running;
static bool command_interrupted;

bool
console_room(size_t bytes)
{
	/* One byte more is kept for LINE_LOST. */
	uint32_t used = input_written - input_read;
	bool there = used < INPUT_BYTES && bytes <= INPUT_BYTES - 1 - used;

	input_stopped |= !there;
	return there;
}

static void
input_put(char byte)
{
	input[input_written % INPUT_BYTES] = byte;
	__atomic_store_n(&input_written, input_written + 1, __ATOMIC_RELEASE);
}

void
console_received(const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (bytes[i] == KEY_INTERRUPT && command_running) {
			/* What was typed ahead was meant for a course of things that has ended. */
			__atomic_store_n(&command_interrupted, true, __ATOMIC_RELAXED);
			input_read = input_written;
		} else if (console_room(1)) {
			input_put(bytes[i]);
		} else {
			console_lost();
		}
	}
	if (reading)
		worker_wake(worker_of(0));
}

void
console_lost(void)
{
	uint32_t used = input_written - input_read;

	if (used < INPUT_BYTES &&
	    (used == 0 || input[(input_written - 1) % INPUT_BYTES] != (char)LINE_LOST))
		input_put((char)LINE_LOST);
}

/* Has the ISA look for bytes, with its interrupt kept away meanwhile. */
static void
poll_input(void)
{
	bool on = arch_irq_off();

	input_stopped = false;
	arch_console_poll();
	arch_irq_restore(on);
}

static bool
input_is_empty(void)
{
	return __atomic_load_n(&input_written, __ATOMIC_ACQUIRE) == input_read;
}

static char
input_take(void)
{
	char byte;

	while (input_is_empty()) {
		if (!arch_console_interrupts() || input_stopped)
			poll_input();
		if (input_is_empty())
			worker_idle(arch_console_interrupts() ? WORKER_FOREVER : POLL_NS);
	}
	byte = input[input_read % INPUT_BYTES];
	__atomic_store_n(&input_read, input_read + 1, __ATOMIC_RELEASE);
	return byte;
}

bool
console_interrupted(void *host)
{
	(void)host;
	if (!arch_console_interrupts())
		poll_input();
	return __atomic_load_n(&command_interrupted, __ATOMIC_RELAXED);
}

bool
console_lane_interrupted(void *port_context, unsigned lane)
{
	return lane == 0 && command_running && console_interrupted(port_context);
}

void
console_hold(void *host, bool hold)
{
	(void)host;
	kprint_hold(hold);
}

void
console_write(void *host, const char *text, size_t length)
{
	(void)host;
	kprint_bytes(text, length);
}

static const char *
candidate(void *host, unsigned n)
{
	const struct command *command = command_at(host, n);

	return command != NULL ? command->name : NULL;
}

static void
run(struct command_context *context, const char *text)
{
	command_interrupted = false;
	__atomic_store_n(&command_running, true, __ATOMIC_RELEASE);
	(void)command_run(context, text);
	__atomic_store_n(&command_running, false, __ATOMIC_RELEASE);
}

void
console_run(struct command_context *context)
{
	static struct line line;
	struct line_host host = {context, console_write, candidate, "orion> "};

	line_init(&line, &host);
	reading = true;
	for (;;) {
		line_result result;

		line_start(&line);
		do {
			char byte = input_take();

			line.more_waits = !input_is_empty();
			result = line_take(&line, byte);
		} while (result == LINE_MORE);
		if (result == LINE_DONE)
			run(context, line.text);
		else if (result == LINE_END)
			kprint("power-off ends the session.\n");
	}
}

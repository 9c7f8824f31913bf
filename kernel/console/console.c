/* SPDX-License-Identifier: MIT */
/* See console.h.  Bytes come by interrupt into a ring, which only CPU 0 fills and empties. */
#include "kernel/console/console.h"

#include "kernel/console/line.h"
#include "kernel/core/arch.h"
#include "kernel/core/print.h"
#include "kernel/core/worker.h"

#define INPUT_BYTES 4096u /* a power of two */
#define POLL_NS 20000000u
#define KEY_INTERRUPT 3

static char input[INPUT_BYTES];
static uint32_t input_written, input_read; /* free-running */
static bool command_running;
static bool command_interrupted;

void
console_received(const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (bytes[i] == KEY_INTERRUPT && command_running) {
			/* What was typed ahead was meant for a course of things that has ended. */
			__atomic_store_n(&command_interrupted, true, __ATOMIC_RELAXED);
			input_read = input_written;
		} else if (input_written - input_read < INPUT_BYTES) {
			input[input_written % INPUT_BYTES] = bytes[i];
			__atomic_store_n(&input_written, input_written + 1, __ATOMIC_RELEASE);
		}
	}
	worker_wake(worker_of(0));
}

static char
input_take(void)
{
	char byte;

	while (__atomic_load_n(&input_written, __ATOMIC_ACQUIRE) == input_read) {
		if (!arch_console_interrupts())
			arch_console_poll();
		worker_idle(arch_console_interrupts() ? WORKER_FOREVER : POLL_NS);
	}
	byte = input[input_read % INPUT_BYTES];
	input_read++;
	return byte;
}

bool
console_interrupted(void *host)
{
	(void)host;
	if (!arch_console_interrupts())
		arch_console_poll();
	return __atomic_load_n(&command_interrupted, __ATOMIC_RELAXED);
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
	for (;;) {
		line_result result;

		line_start(&line);
		do {
			result = line_take(&line, input_take());
		} while (result == LINE_MORE);
		if (result == LINE_DONE)
			run(context, line.text);
		else if (result == LINE_END)
			kprint("power-off ends the session.\n");
	}
}

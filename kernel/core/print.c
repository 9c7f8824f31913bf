/* SPDX-License-Identifier: MIT */
/* The one way of text to the console: see print.h. */
#include "kernel/core/print.h"

#include "kernel/core/lock.h"
#include "kernel/core/string.h"

#define PRINT_LINE_BYTES 512
#define HELD_BYTES 4096u

static struct lock print_lock;
static bool print_is_plain;
static bool print_is_forced;
static bool print_is_midline; /* what was written last does not end a line */

/* Messages that wait for the end of what is being written. */
static char held[HELD_BYTES];
static size_t held_used;
static unsigned held_lost;
static bool holding;

static void
write_lines(const char *text, size_t length)
{
	size_t start = 0;

	for (size_t i = 0; i < length && !print_is_plain; i++) {
		if (text[i] == '\n') {
			arch_console_write(text + start, i - start);
			arch_console_write("\r\n", 2);
			start = i + 1;
		}
	}
	arch_console_write(text + start, length - start);
	if (length != 0)
		print_is_midline = text[length - 1] != '\n';
}

void
kprint_bytes(const char *text, size_t length)
{
	if (print_is_forced) {
		write_lines(text, length);
		return;
	}
	bool on = lock_take(&print_lock);

	write_lines(text, length);
	lock_give(&print_lock, on);
}

void
kprint(const char *format, ...)
{
	char line[PRINT_LINE_BYTES];
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	length = print_into_list(line, sizeof(line), format, arguments);
	va_end(arguments);
	kprint_bytes(line, length < sizeof(line) ? length : sizeof(line) - 1);
}

void
kprint_message(const char *format, ...)
{
	char line[PRINT_LINE_BYTES];
	va_list arguments;
	size_t length;
	bool on;

	va_start(arguments, format);
	length = print_into_list(line, sizeof(line), format, arguments);
	va_end(arguments);
	length = length < sizeof(line) ? length : sizeof(line) - 1;
	if (print_is_forced) {
		write_lines(line, length);
		return;
	}
	on = lock_take(&print_lock);
	if (!holding) {
		if (print_is_midline)
			write_lines("\n", 1);
		write_lines(line, length);
	} else if (length <= HELD_BYTES - held_used) {
		memcpy(held + held_used, line, length);
		held_used += length;
	} else {
		held_lost++;
	}
	lock_give(&print_lock, on);
}

void
kprint_hold(bool hold)
{
	bool on = lock_take(&print_lock);
	unsigned lost = held_lost;

	holding = hold;
	if (!hold) {
		write_lines(held, held_used);
		held_used = 0;
		held_lost = 0;
	}
	lock_give(&print_lock, on);
	if (!hold && lost != 0)
		kprint("%u further messages are lost\n", lost);
}

void
kprint_plain(bool plain)
{
	print_is_plain = plain;
}

void
kprint_force(void)
{
	print_is_forced = true;
}

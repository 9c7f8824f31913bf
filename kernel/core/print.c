/* SPDX-License-Identifier: MIT */
/* Formatting (see print.h for what it knows) and the one way of text to the console. */
#include "kernel/core/print.h"

#include "kernel/core/lock.h"
#include "kernel/core/string.h"

#define PRINT_LINE_BYTES 512
#define HELD_BYTES 4096u

struct output {
	char *at;
	size_t room; /* bytes left, the terminating NUL not counted */
	size_t length; /* bytes that the text has so far, with or without room */
};

struct conversion {
	bool left, zeros, upper;
	int width, precision; /* precision -1: none given */
	int longs; /* number of l; z counts as one */
};

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
output_put(struct output *out, char c)
{
	out->length++;
	if (out->room != 0) {
		*out->at++ = c;
		out->room--;
	}
}

static void
output_pad(struct output *out, char c, int count)
{
	while (count-- > 0)
		output_put(out, c);
}

static void
output_string(struct output *out, const struct conversion *how, const char *text)
{
	int length = 0;

	text = text != NULL ? text : "(null)";
	while ((how->precision < 0 || length < how->precision) && text[length] != '\0')
		length++;
	if (!how->left)
		output_pad(out, ' ', how->width - length);
	for (int i = 0; i < length; i++)
		output_put(out, text[i]);
	if (how->left)
		output_pad(out, ' ', how->width - length);
}

static void
output_number(struct output *out, const struct conversion *how, unsigned long long value,
	      unsigned base, bool negative)
{
	const char *digits = how->upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[24];
	int length = 0;
	int sign = negative ? 1 : 0;

	do {
		text[length++] = digits[value % base];
		value /= base;
	} while (value != 0);
	if (!how->left && !how->zeros)
		output_pad(out, ' ', how->width - length - sign);
	if (negative)
		output_put(out, '-');
	if (!how->left && how->zeros)
		output_pad(out, '0', how->width - length - sign);
	for (int i = length; i > 0; i--)
		output_put(out, text[i - 1]);
	if (how->left)
		output_pad(out, ' ', how->width - length - sign);
}

static int
read_count(const char **format, va_list *arguments)
{
	int count = 0;

	if (**format == '*') {
		(*format)++;
		return va_arg(*arguments, int);
	}
	while (**format >= '0' && **format <= '9')
		count = count * 10 + (*(*format)++ - '0');
	return count;
}

static struct conversion
read_conversion(const char **format, va_list *arguments)
{
	struct conversion how = {.precision = -1};

	for (;; (*format)++)
		if (**format == '-')
			how.left = true;
		else if (**format == '0')
			how.zeros = true;
		else
			break;
	how.width = read_count(format, arguments);
	if (**format == '.') {
		(*format)++;
		how.precision = read_count(format, arguments);
	}
	for (;; (*format)++)
		if (**format == 'l' || **format == 'z')
			how.longs++;
		else if (**format != 'h')
			break;
	return how;
}

static unsigned long long
read_unsigned(const struct conversion *how, va_list *arguments)
{
	if (how->longs >= 2)
		return va_arg(*arguments, unsigned long long);
	return how->longs == 1 ? va_arg(*arguments, unsigned long) : va_arg(*arguments, unsigned);
}

static long long
read_signed(const struct conversion *how, va_list *arguments)
{
	if (how->longs >= 2)
		return va_arg(*arguments, long long);
	return how->longs == 1 ? va_arg(*arguments, long) : va_arg(*arguments, int);
}

static void
convert(struct output *out, struct conversion *how, char letter, va_list *arguments)
{
	long long number;

	switch (letter) {
	case 's':
		output_string(out, how, va_arg(*arguments, const char *));
		break;
	case 'c':
		output_put(out, (char)va_arg(*arguments, int));
		break;
	case 'd':
	case 'i':
		number = read_signed(how, arguments);
		output_number(out, how,
			      number < 0 ? 0 - (unsigned long long)number
					 : (unsigned long long)number,
			      10, number < 0);
		break;
	case 'u':
		output_number(out, how, read_unsigned(how, arguments), 10, false);
		break;
	case 'X':
		how->upper = true;
		output_number(out, how, read_unsigned(how, arguments), 16, false);
		break;
	case 'x':
		output_number(out, how, read_unsigned(how, arguments), 16, false);
		break;
	case 'p':
		output_number(out, how, (uintptr_t)va_arg(*arguments, void *), 16, false);
		break;
	default:
		output_put(out, letter);
	}
}

int
format_text_list(char *buffer, size_t bytes, const char *format, va_list arguments)
{
	struct output out = {buffer, bytes != 0 ? bytes - 1 : 0, 0};
	va_list list;

	va_copy(list, arguments);
	while (*format != '\0') {
		if (*format != '%') {
			output_put(&out, *format++);
			continue;
		}
		format++;
		struct conversion how = read_conversion(&format, &list);

		if (*format != '\0')
			convert(&out, &how, *format++, &list);
	}
	va_end(list);
	if (bytes != 0)
		*out.at = '\0';
	return (int)out.length;
}

int
format_text(char *buffer, size_t bytes, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = format_text_list(buffer, bytes, format, arguments);
	va_end(arguments);
	return length;
}

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
	int length;

	va_start(arguments, format);
	length = format_text_list(line, sizeof(line), format, arguments);
	va_end(arguments);
	kprint_bytes(line, (size_t)length < sizeof(line) ? (size_t)length : sizeof(line) - 1);
}

void
kprint_message(const char *format, ...)
{
	char line[PRINT_LINE_BYTES];
	va_list arguments;
	size_t length;
	bool on;

	va_start(arguments, format);
	length = (size_t)format_text_list(line, sizeof(line), format, arguments);
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

const char *
format_size(char *buffer, size_t bytes, unsigned long long size)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	unsigned long long whole = size;
	unsigned long long rest = 0;
	unsigned unit = 0;

	while (whole >= 1024) {
		rest = whole % 1024;
		whole /= 1024;
		unit++;
	}
	rest = rest * 10 / 1024;
	if (rest != 0)
		format_text(buffer, bytes, "%llu.%llu %s", whole, rest, units[unit]);
	else
		format_text(buffer, bytes, "%llu %s", whole, units[unit]);
	return buffer;
}

/* SPDX-License-Identifier: MIT */
/* The formatter: see print.h for what it knows. */
#include "print.h"

#include <stdbool.h>

/* Where characters go: a sink (in chunks), or a buffer that is cut. */
struct output {
	const struct text_sink *sink;
	char *at;
	size_t room; /* of the buffer or chunk */
	size_t used;
	size_t length; /* that the text has so far, with or without room */
};

struct conversion {
	bool left, zeros, upper;
	int width, precision;   /* precision -1: none given */
	int longs;              /* number of l; z counts as one */
};

static void
output_flush(struct output *out)
{
	if (out->sink != NULL && out->used != 0) {
		out->sink->write(out->sink->context, out->at, out->used);
		out->used = 0;
	}
}

static void
output_put(struct output *out, char c)
{
	out->length++;
	if (out->used == out->room)
		output_flush(out);
	if (out->used < out->room)
		out->at[out->used++] = c;
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

	for (; **format == '-' || **format == '0'; (*format)++) {
		how.left = how.left || **format == '-';
		how.zeros = how.zeros || **format == '0';
	}
	how.width = read_count(format, arguments);
	if (**format == '.') {
		(*format)++;
		how.precision = read_count(format, arguments);
	}
	for (; **format == 'l' || **format == 'z' || **format == 'h'; (*format)++)
		how.longs += **format != 'h';
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
		output_string(out, how, (char[]){(char)va_arg(*arguments, int), '\0'});
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

static void
format_into(struct output *out, const char *format, va_list arguments)
{
	struct conversion how;
	va_list list;

	va_copy(list, arguments);
	while (*format != '\0') {
		if (*format != '%') {
			output_put(out, *format++);
			continue;
		}
		format++;
		how = read_conversion(&format, &list);
		if (*format != '\0')
			convert(out, &how, *format++, &list);
	}
	va_end(list);
}

void
print_to_list(const struct text_sink *sink, const char *format, va_list arguments)
{
	char chunk[160];
	struct output out = {.sink = sink, .at = chunk, .room = sizeof(chunk)};

	format_into(&out, format, arguments);
	output_flush(&out);
}

void
print_to(const struct text_sink *sink, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_to_list(sink, format, arguments);
	va_end(arguments);
}

size_t
print_into_list(char *out, size_t room, const char *format, va_list arguments)
{
	struct output output = {.at = out, .room = room != 0 ? room - 1 : 0};

	format_into(&output, format, arguments);
	if (room != 0)
		out[output.used] = '\0';
	return output.length;
}

size_t
print_into(char *out, size_t room, const char *format, ...)
{
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	length = print_into_list(out, room, format, arguments);
	va_end(arguments);
	return length;
}

/* SPDX-License-Identifier: MIT */
/* The formatter: see print.h. */
#include "commands/print.h"

#include <string.h>

/* Where characters go: a context (in chunks), or a buffer that is cut. */
struct output {
	struct command_context *context;
	char *at;
	size_t room;            /* of the buffer or chunk */
	size_t used;
};

static void
output_flush(struct output *output)
{
	if (output->context != NULL && output->used != 0) {
		output->context->write(output->context->host, output->at, output->used);
		output->used = 0;
	}
}

static void
output_put(struct output *output, char c)
{
	if (output->used == output->room)
		output_flush(output);
	if (output->used < output->room)
		output->at[output->used++] = c;
}

struct directive {
	bool left, zero;
	unsigned width;
	size_t precision;       /* SIZE_MAX: none */
	unsigned longs;
};

static void
put_padded(struct output *output, const struct directive *directive, const char *text,
	   size_t length, bool number)
{
	size_t pad = directive->width > length ? directive->width - length : 0;
	char fill = directive->zero && number ? '0' : ' ';

	for (size_t i = 0; i < pad && !directive->left; i++)
		output_put(output, fill);
	for (size_t i = 0; i < length; i++)
		output_put(output, text[i]);
	for (size_t i = 0; i < pad && directive->left; i++)
		output_put(output, ' ');
}

static void
put_number(struct output *output, const struct directive *directive, unsigned long long value,
	   unsigned base)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	put_padded(output, directive, digits + at, sizeof(digits) - at, true);
}

/* Reads the flags, width, precision and length words that FORMAT stands at. */
static const char *
read_directive(const char *format, struct directive *directive, va_list *arguments)
{
	*directive = (struct directive){.precision = SIZE_MAX};
	for (; *format == '-' || *format == '0'; format++) {
		directive->left = directive->left || *format == '-';
		directive->zero = directive->zero || *format == '0';
	}
	if (*format == '*') {
		directive->width = (unsigned)va_arg(*arguments, int);
		format++;
	}
	for (; *format >= '0' && *format <= '9'; format++)
		directive->width = directive->width * 10 + (unsigned)(*format - '0');
	if (format[0] == '.' && format[1] == '*') {
		directive->precision = (size_t)va_arg(*arguments, int);
		format += 2;
	} else if (*format == '.') {
		directive->precision = 0;
		for (format++; *format >= '0' && *format <= '9'; format++)
			directive->precision = directive->precision * 10 + (size_t)(*format - '0');
	}
	for (; *format == 'l'; format++)
		directive->longs++;
	return format;
}

static void
put_directive(struct output *output, char kind, const struct directive *directive,
	      va_list *arguments)
{
	if (kind == 's') {
		const char *text = va_arg(*arguments, const char *);
		size_t length = 0;

		while (length < directive->precision && text[length] != '\0')
			length++;
		put_padded(output, directive, text, length, false);
	} else if (kind == 'c') {
		char c = (char)va_arg(*arguments, int);

		put_padded(output, directive, &c, 1, false);
	} else if (kind == 'u' || kind == 'x') {
		unsigned base = kind == 'u' ? 10 : 16;

		if (directive->longs == 0)
			put_number(output, directive, va_arg(*arguments, unsigned), base);
		else if (directive->longs == 1)
			put_number(output, directive, va_arg(*arguments, unsigned long), base);
		else
			put_number(output, directive, va_arg(*arguments, unsigned long long), base);
	} else {
		output_put(output, kind);
	}
}

static void
format_into(struct output *output, const char *format, va_list *arguments)
{
	struct directive directive;

	while (*format != '\0') {
		if (*format != '%') {
			output_put(output, *format++);
			continue;
		}
		format = read_directive(format + 1, &directive, arguments);
		if (*format == '\0')
			return;
		put_directive(output, *format++, &directive, arguments);
	}
}

void
print_list(struct command_context *context, const char *format, va_list arguments)
{
	char chunk[160];
	struct output output = {.context = context, .at = chunk, .room = sizeof(chunk)};
	va_list copy;

	va_copy(copy, arguments);
	format_into(&output, format, &copy);
	va_end(copy);
	output_flush(&output);
}

void
print(struct command_context *context, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_list(context, format, arguments);
	va_end(arguments);
}

size_t
print_into(char *out, size_t room, const char *format, ...)
{
	struct output output = {.at = out, .room = room - 1};
	va_list arguments;

	va_start(arguments, format);
	format_into(&output, format, &arguments);
	va_end(arguments);
	out[output.used] = '\0';
	return output.used;
}

struct print_text
print_size(uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	struct print_text text;
	unsigned unit = 0;
	uint64_t rest = 0;

	while (bytes >= 1024) {
		rest = bytes % 1024;
		bytes /= 1024;
		unit++;
	}
	if (unit == 0 || rest == 0) {
		(void)print_into(text.s, sizeof(text.s), "%llu %s", wide(bytes), units[unit]);
	} else {
		(void)print_into(text.s, sizeof(text.s), "%llu.%llu %s", wide(bytes),
				 wide(rest * 10 / 1024), units[unit]);
	}
	return text;
}

struct print_text
print_exact(uint64_t bytes)
{
	static const char *const units[] = {"", "k", "M", "G", "T"};
	struct print_text text;
	unsigned unit = 0;

	while (bytes != 0 && bytes % 1024 == 0 && unit < 4) {
		bytes /= 1024;
		unit++;
	}
	(void)print_into(text.s, sizeof(text.s), "%llu%s", wide(bytes), units[unit]);
	return text;
}

static uint64_t
power_of_ten(unsigned exponent)
{
	uint64_t power = 1;

	while (exponent-- != 0)
		power *= 10;
	return power;
}

struct print_text
print_fixed(uint64_t value, unsigned decimals)
{
	struct print_text text;
	uint64_t power = power_of_ten(decimals);

	if (decimals == 0) {
		(void)print_into(text.s, sizeof(text.s), "%llu", wide(value));
	} else {
		(void)print_into(text.s, sizeof(text.s), "%llu.%0*llu", wide(value / power),
				 (int)decimals, wide(value % power));
	}
	return text;
}

struct print_text
print_ratio(uint64_t a, uint64_t b, unsigned decimals)
{
	if (b == 0) {
		return (struct print_text){"-"};
	}
	return print_fixed(print_scale(a, power_of_ten(decimals), b), decimals);
}

/* (*SUM + ADD) % DIVISOR into *SUM, both below DIVISOR; returns the quotient, 0 or 1. */
static uint64_t
add_modulo(uint64_t *sum, uint64_t add, uint64_t divisor)
{
	if (*sum < divisor - add) {
		*sum += add;
		return 0;
	}
	*sum -= divisor - add;
	return 1;
}

uint64_t
print_scale(uint64_t value, uint64_t multiplier, uint64_t divisor)
{
	uint64_t whole, quotient = 0, remainder = 0;

	/* value = q * divisor + r: q * multiplier is exact, r * multiplier / divisor the rest. */
	if (__builtin_mul_overflow(value / divisor, multiplier, &whole))
		return UINT64_MAX;
	value %= divisor;

	/* Bit by bit, since a 128-bit division needs a library that a kernel does not have. */
	for (unsigned bit = 64; bit-- > 0;) {
		quotient = quotient * 2 + add_modulo(&remainder, remainder, divisor);
		if ((multiplier >> bit & 1) != 0)
			quotient += add_modulo(&remainder, value, divisor);
	}
	return __builtin_add_overflow(whole, quotient, &whole) ? UINT64_MAX : whole;
}

size_t
text_length(const char *text)
{
	size_t length = 0;

	while (text[length] != '\0')
		length++;
	return length;
}

bool
text_equal(const char *a, const char *b)
{
	size_t length = text_length(a);

	return length == text_length(b) && memcmp(a, b, length) == 0;
}

bool
text_begins(const char *text, const char *prefix)
{
	size_t length = text_length(prefix);

	return text_length(text) >= length && memcmp(text, prefix, length) == 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Printing through a command's context: a small formatter, and sizes and times for people.
 *
 * print() knows %s %c %u %x %%, the length words l and ll, the flags - and 0, a width, and a
 * precision for %s (width and precision may be '*').  Nothing else: no signs, no floating point.
 */
#ifndef COMMANDS_PRINT_H
#define COMMANDS_PRINT_H

#include <stdarg.h>

#include "orion/command.h"

void print(struct command_context *context, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void print_list(struct command_context *context, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));

/* The same into ROOM bytes at OUT, cut if need be, always terminated.  Returns the length kept. */
size_t print_into(char *out, size_t room, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* What %llu and %llx take. */
static inline unsigned long long
wide(uint64_t v)
{
	return v;
}

/* Short texts as values: print(context, "%s", print_size(n).s). */
struct print_text {
	char s[40];
};

/* "512 B", "1.5 MiB": three digits or a little more, rounded down. */
struct print_text print_size(uint64_t bytes);

/* The shortest exact form that arguments are written in: "4k", "1M", "1000". */
struct print_text print_exact(uint64_t bytes);

/* VALUE / 10^DECIMALS with DECIMALS (up to 6) digits after the point: "12.34". */
struct print_text print_fixed(uint64_t value, unsigned decimals);

/* A / B with DECIMALS digits, rounded down; "-" when B is 0. */
struct print_text print_ratio(uint64_t a, uint64_t b, unsigned decimals);

/*
 * VALUE * MULTIPLIER / DIVISOR, without overflow unless the result itself does (then UINT64_MAX).
 */
uint64_t print_scale(uint64_t value, uint64_t multiplier, uint64_t divisor);

/* Length of TEXT; whether A and B are equal. */
size_t text_length(const char *text);
bool text_equal(const char *a, const char *b);
bool text_begins(const char *text, const char *prefix);

#endif

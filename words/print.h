/* SPDX-License-Identifier: MIT */
/*
 * The formatter, and sizes and numbers for people.
 *
 * Formats: %s %c %d %i %u %x %X %p %%, lengths h hh l ll z, flags '-' and '0', width and, for
 * strings, precision, both also as '*'.  No floating point.  Any context.
 */
#ifndef WORDS_PRINT_H
#define WORDS_PRINT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#define PRINT_FORMAT(format_at, first_at) __attribute__((format(printf, format_at, first_at)))

/* Where text goes, piece by piece. */
struct text_sink {
	void (*write)(void *context, const char *text, size_t length);
	void *context;
};

void print_to(const struct text_sink *sink, const char *format, ...) PRINT_FORMAT(2, 3);
void print_to_list(const struct text_sink *sink, const char *format, va_list arguments)
	PRINT_FORMAT(2, 0);

/*
 * Into ROOM bytes at OUT, cut if need be, always terminated (ROOM 0: nothing is written).  As
 * snprintf(), returns the length that the whole text has.
 */
size_t print_into(char *out, size_t room, const char *format, ...) PRINT_FORMAT(3, 4);
size_t print_into_list(char *out, size_t room, const char *format, va_list arguments)
	PRINT_FORMAT(3, 0);

/* What %llu and %llx take. */
static inline unsigned long long
wide(uint64_t v)
{
	return v;
}

/* Short texts as values: print_to(sink, "%s", print_size(n).s). */
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

#endif

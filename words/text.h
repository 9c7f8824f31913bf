/* SPDX-License-Identifier: MIT */
/* Texts that end in NUL: their length, whether two are alike, how near they are.  Any context. */
#ifndef WORDS_TEXT_H
#define WORDS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Longer texts are near to nothing. */
#define TEXT_NEAR_BYTES 48u

size_t text_length(const char *text);
bool text_equal(const char *a, const char *b);
bool text_begins(const char *text, const char *prefix);

/*
 * Number of single-character changes between A and B; case, and "-" for "_", count nothing.  At
 * least TEXT_NEAR_BYTES where one is longer than that.
 */
unsigned text_distance(const char *a, const char *b);

/* C without its case, and with "_" for "-": what text_distance() compares. */
char text_plain(char c);

/* The value of C as a digit of up to base 16; 99: it is none. */
unsigned text_digit(char c);

/* Bytes of the UTF-8 sequence at AT, which has ROOM bytes, at least 1; 0: it is none. */
unsigned text_utf8(const char *at, size_t room);

/*
 * Whether a terminal shows what is at AT, no NUL, and does not obey it: it is UTF-8 and no control
 * character.  *BYTES are those that this is said of.
 */
bool text_is_harmless(const char *at, unsigned *bytes);

#endif

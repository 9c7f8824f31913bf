/* SPDX-License-Identifier: MIT */
/*
 * One description, two forms: what is known is said once, and comes out as indented text or as
 * JSON.
 *
 * A report is an object of values, groups (objects) and lists of groups or texts.  Keys are
 * snake_case; the text form shows them with blanks.  JSON is valid whatever the values hold: bytes
 * that are no UTF-8 come out as U+FFFD.  A key's type never changes: where there is nothing, it is
 * null.  KEY is NULL within a list, and there only.
 *
 * The text form is for a terminal: what one would obey, and what is no UTF-8, is shown as question
 * marks.  A list of texts comes on one line, or on some.
 */
#ifndef WORDS_REPORT_H
#define WORDS_REPORT_H

#include <stdbool.h>

#include "print.h"

struct report {
	struct text_sink sink;
	bool json;
	bool comma;             /* JSON: a member stands before the next one */
	unsigned depth;
	const char *list_key;   /* text: of the list of texts that is open */
	unsigned column;        /* text: where its line ends; 0: it has none yet */
};

void report_open(struct report *report, const struct text_sink *sink, bool json);
void report_close(struct report *report);

/*
 * KEY with a group of members.  KEY NULL: an element of a list; TITLE is what the text form shows.
 */
void report_group(struct report *report, const char *key, const char *title);
void report_group_end(struct report *report);
void report_list(struct report *report, const char *key);
void report_list_end(struct report *report);

void report_number(struct report *report, const char *key, uint64_t value);
void report_signed(struct report *report, const char *key, int64_t value);
void report_flag(struct report *report, const char *key, bool value);

/* VALUE NULL is as report_none(). */
void report_text(struct report *report, const char *key, const char *value);

/* There is nothing: null in JSON, WORDS in text; WORDS NULL: no line at all. */
void report_none(struct report *report, const char *key, const char *words);

/*
 * An address or a set of bits: hexadecimal in text; in JSON a string, since it may not fit a
 * double.
 */
void report_hex(struct report *report, const char *key, uint64_t value);

/* Bytes: a number in JSON, with a readable size beside it in text. */
void report_bytes(struct report *report, const char *key, uint64_t value);

/* VALUE / 10^DECIMALS. */
void report_fixed(struct report *report, const char *key, uint64_t value, unsigned decimals);

/* A / B; null in JSON and "-" in text when B is 0. */
void report_ratio(struct report *report, const char *key, uint64_t a, uint64_t b);

/* NUMBER as it is, which is a number of JSON: for who has floating point. */
void report_literal(struct report *report, const char *key, const char *number);

/* A line of text that JSON has no part of, indented as the values are. */
void report_line(struct report *report, const char *format, ...) PRINT_FORMAT(2, 3);

#endif

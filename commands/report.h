/* SPDX-License-Identifier: MIT */
/*
 * One description, two forms: the management commands say what they know once, and it comes out as
 * indented text or as JSON.
 *
 * A report is an object of values, groups (objects) and lists of groups.  Keys are snake_case; the
 * text form shows them with blanks.  The outermost object is opened by report_open().
 */
#ifndef COMMANDS_REPORT_H
#define COMMANDS_REPORT_H

#include "orion/command.h"

struct report {
	struct command_context *context;
	bool json;
	bool comma;             /* JSON: a member stands before the next one */
	unsigned depth;
};

void report_open(struct report *report, struct command_context *context, bool json);
void report_close(struct report *report);

/*
 * KEY with a group of members.  KEY NULL: an element of a list; TITLE is what the text form shows.
 */
void report_group(struct report *report, const char *key, const char *title);
void report_group_end(struct report *report);
void report_list(struct report *report, const char *key);
void report_list_end(struct report *report);

void report_number(struct report *report, const char *key, uint64_t value);
void report_text(struct report *report, const char *key, const char *value);
void report_flag(struct report *report, const char *key, bool value);

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

#endif

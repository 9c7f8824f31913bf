/* SPDX-License-Identifier: MIT */
/*
 * Writes JSON: one value after the other, commas and indentation its own matter.  KEY is NULL for
 * the outermost value and within a list.
 */
#ifndef CMD_VBLK_JSON_H
#define CMD_VBLK_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *file;
	unsigned depth;
	bool filled;              /* a value stands before, in the same object or list */
};

void json_open(struct json *json, const char *key, char bracket);   /* '{' or '[' */
void json_close(struct json *json, char bracket);                   /* '}' or ']' */
/* What is not UTF-8 in TEXT is replaced: the output is, always. */
void json_text(struct json *json, const char *key, const char *text);
void json_number(struct json *json, const char *key, uint64_t value);
void json_real(struct json *json, const char *key, double value);
void json_bool(struct json *json, const char *key, bool value);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A reader for TOML 1.0: one expression (a table header or a key with its value) at a time.
 *
 * It checks the form of everything it passes, but keeps only what the options need: the first two
 * parts of a key, and values that are strings, integers or booleans, or arrays of these.  Whether
 * keys or tables occur twice is the caller's business.
 */
#ifndef ORION_WORDS_TOML_H
#define ORION_WORDS_TOML_H

#include "orion/configuration.h"

#define TOML_KEY_BYTES 48u
#define TOML_STRING_BYTES 48u
#define TOML_NESTING_MAX 32u

struct toml_value;

struct toml_reader {
	const char *at;
	const char *end;
	uint32_t line;
	char key[TOML_KEY_BYTES];       /* the key being read, for error texts */
	struct orion_options_error *error;

	/*
	 * Called, if not NULL, for each element of an array that is a pair's value, but not for
	 * what lies deeper: those elements are of type array or inline table.  Set after open.
	 */
	void (*element)(void *context, const struct toml_value *value);
	void *context;
};

struct toml_key {
	unsigned parts;
	char part[2][TOML_KEY_BYTES];   /* unescaped; cut keys never equal a known one */
};

typedef enum toml_type {
	TOML_STRING,
	TOML_INTEGER,
	TOML_BOOLEAN,
	TOML_FLOAT,
	TOML_DATE,
	TOML_ARRAY,
	TOML_INLINE_TABLE,
} toml_type;

struct toml_value {
	toml_type type;
	uint64_t magnitude;             /* integer; UINT64_MAX when larger */
	bool negative;
	bool boolean;
	char string[TOML_STRING_BYTES];
	bool cut;                       /* the string was longer, or holds a NUL */
};

typedef enum toml_item_kind {
	TOML_END,
	TOML_TABLE,                     /* [key] */
	TOML_TABLE_ARRAY,               /* [[key]] */
	TOML_PAIR,                      /* key = value */
} toml_item_kind;

struct toml_item {
	toml_item_kind kind;
	uint32_t line;
	struct toml_key key;
	struct toml_value value;
};

/*
 * Starts READER on LENGTH bytes at TEXT.  False, with *ERROR filled, when they are not UTF-8 or
 * hold control characters.
 */
bool orion_toml_open(struct toml_reader *reader, const char *text, size_t length,
		     struct orion_options_error *error);

/* Reads the next expression.  False, with the reader's error filled, when it is malformed. */
bool orion_toml_next(struct toml_reader *reader, struct toml_item *item);

/* For toml.c and toml_scalar.c: fills the error and returns false. */
bool orion_toml_fail(struct toml_reader *reader, const char *text);

/* Takes CHARACTER if it is next. */
bool orion_toml_take(struct toml_reader *reader, char character);

/* A string of any of the four kinds; MULTILINE: three quotes are allowed. */
bool orion_toml_string(struct toml_reader *reader, char *out, size_t room, bool *cut,
		       bool multiline);

/* Whatever is neither string, array nor inline table. */
bool orion_toml_scalar(struct toml_reader *reader, struct toml_value *value);

#endif

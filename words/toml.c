/* SPDX-License-Identifier: MIT */
/* TOML expressions, keys, arrays and inline tables: see toml.h.  Values: toml_scalar.c. */
#include "toml.h"

#include "src/base/memory.h"
#include "message.h"
#include "text.h"

bool
orion_toml_fail(struct toml_reader *reader, const char *text)
{
	orion_message_start(reader->error, reader->line, reader->key);
	orion_message_add(reader->error, text);
	return false;
}

bool
orion_toml_take(struct toml_reader *reader, char character)
{
	if (reader->at == reader->end || *reader->at != character)
		return false;
	reader->at++;
	return true;
}

bool
orion_toml_open(struct toml_reader *reader, const char *text, size_t length,
		struct orion_options_error *error)
{
	*reader = (struct toml_reader){.at = text, .end = text + length, .line = 1, .error = error};

	for (const char *p = text; p < reader->end;) {
		unsigned char c = (unsigned char)*p;
		unsigned bytes = text_utf8(p, (size_t)(reader->end - p));

		if (bytes == 0)
			return orion_toml_fail(reader, "not valid UTF-8");
		if (c == '\r' && !(p + 1 < reader->end && p[1] == '\n'))
			return orion_toml_fail(reader,
					       "a carriage return that does not end a line");
		if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
			return orion_toml_fail(reader, "a control character");
		reader->line += c == '\n';
		p += bytes;
	}
	reader->line = 1;
	return true;
}

static void
skip_blanks(struct toml_reader *reader)
{
	while (orion_toml_take(reader, ' ') || orion_toml_take(reader, '\t')) {
	}
}

/* A comment, if there is one, up to its line's end. */
static void
skip_comment(struct toml_reader *reader)
{
	if (!orion_toml_take(reader, '#'))
		return;
	while (reader->at != reader->end && *reader->at != '\n' && *reader->at != '\r')
		reader->at++;
}

static bool
take_newline(struct toml_reader *reader)
{
	/* orion_toml_open() made sure that "\n" follows "\r". */
	if (orion_toml_take(reader, '\r') || (reader->at != reader->end && *reader->at == '\n')) {
		reader->at++;
		reader->line++;
		return true;
	}
	return false;
}

static bool
is_bare(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

/* Makes the incomplete KEY differ from every known one: they have no dots. */
static void
mark_cut(char key[TOML_KEY_BYTES])
{
	size_t at = 0;

	while (key[at] != '\0' && at < TOML_KEY_BYTES - 4)
		at++;
	memcpy(key + at, "...", 4);
}

/* One part of a key into OUT; marked when it does not fit. */
static bool
read_key_part(struct toml_reader *reader, char out[TOML_KEY_BYTES])
{
	size_t used = 0;
	bool cut = false;

	if (reader->at != reader->end && (*reader->at == '"' || *reader->at == '\'')) {
		if (!orion_toml_string(reader, out, TOML_KEY_BYTES, &cut, false))
			return false;
	} else {
		while (reader->at != reader->end && is_bare(*reader->at)) {
			if (used + 1 < TOML_KEY_BYTES)
				out[used++] = *reader->at;
			else
				cut = true;
			reader->at++;
		}
		if (used == 0)
			return orion_toml_fail(reader,
					       "a key was expected here: name = value, or [table]");
		out[used] = '\0';
	}
	if (cut)
		mark_cut(out);
	return true;
}

static bool
read_key(struct toml_reader *reader, struct toml_key *key)
{
	char rest[TOML_KEY_BYTES];

	key->parts = 0;
	key->part[1][0] = '\0';
	do {
		skip_blanks(reader);
		if (!read_key_part(reader, key->parts < 2 ? key->part[key->parts] : rest))
			return false;
		key->parts++;
		skip_blanks(reader);
	} while (orion_toml_take(reader, '.'));
	return true;
}

/* The state of toml nesting: what may stand at the reader's place. */
struct nest {
	char close[TOML_NESTING_MAX];
	unsigned depth;
	bool first;             /* just after the opening bracket */
	bool after_value;       /* a comma or the closing bracket is due */
};

static bool
nest_enter(struct toml_reader *reader, struct nest *nest)
{
	if (nest->depth == TOML_NESTING_MAX)
		return orion_toml_fail(reader, "arrays or tables nested more than 32 deep");
	nest->close[nest->depth++] = *reader->at++ == '[' ? ']' : '}';
	nest->first = true;
	nest->after_value = false;
	return true;
}

/* Blanks; in an array also newlines and comments. */
static void
nest_skip(struct toml_reader *reader, const struct nest *nest)
{
	skip_blanks(reader);
	while (nest->close[nest->depth - 1] == ']') {
		skip_comment(reader);
		if (!take_newline(reader))
			return;
		skip_blanks(reader);
	}
}

static bool
read_simple(struct toml_reader *reader, struct toml_value *value)
{
	if (reader->at != reader->end && (*reader->at == '"' || *reader->at == '\'')) {
		value->type = TOML_STRING;
		return orion_toml_string(reader, value->string, sizeof(value->string), &value->cut,
					 true);
	}
	return orion_toml_scalar(reader, value);
}

static bool
expect_equals(struct toml_reader *reader)
{
	if (!orion_toml_take(reader, '='))
		return orion_toml_fail(reader, "'=' was expected after the key");
	skip_blanks(reader);
	return true;
}

/* One element of the innermost array or inline table, or the opening of a deeper one. */
static bool
nest_element(struct toml_reader *reader, struct nest *nest)
{
	struct toml_key key;
	struct toml_value value;

	if (nest->close[nest->depth - 1] == '}' &&
	    !(read_key(reader, &key) && expect_equals(reader))) {
		return false;
	}
	value = (struct toml_value){.type = TOML_ARRAY};

	bool deeper = reader->at != reader->end && (*reader->at == '[' || *reader->at == '{');

	if (!deeper && !read_simple(reader, &value))
		return false;
	if (nest->depth == 1 && nest->close[0] == ']' && reader->element != NULL)
		reader->element(reader->context, &value);
	if (deeper)
		return nest_enter(reader, nest);
	nest->first = false;
	nest->after_value = true;
	return true;
}

/* Passes an array or inline table, which begins at the reader's place. */
static bool
skip_nested(struct toml_reader *reader)
{
	struct nest nest = {.depth = 0};

	if (!nest_enter(reader, &nest))
		return false;
	while (nest.depth != 0) {
		char close = nest.close[nest.depth - 1];

		nest_skip(reader, &nest);
		/* An array may end in a comma, an inline table may not. */
		bool may_close = nest.first || nest.after_value || close == ']';

		if (may_close && orion_toml_take(reader, close)) {
			nest.depth--;
			nest.first = false;
			nest.after_value = true;
		} else if (nest.after_value) {
			if (!orion_toml_take(reader, ',')) {
				return orion_toml_fail(
					reader,
					close == ']'
						? "',' or ']' was expected in the array"
						: "',' or '}' was expected in the inline table");
			}
			nest.after_value = false;
		} else if (!nest_element(reader, &nest)) {
			return false;
		}
	}
	return true;
}

static bool
read_value(struct toml_reader *reader, struct toml_value *value)
{
	*value = (struct toml_value){.type = TOML_ARRAY};
	if (reader->at == reader->end || (*reader->at != '[' && *reader->at != '{'))
		return read_simple(reader, value);
	value->type = *reader->at == '[' ? TOML_ARRAY : TOML_INLINE_TABLE;
	return skip_nested(reader);
}

static bool
read_header(struct toml_reader *reader, struct toml_item *item)
{
	item->kind = orion_toml_take(reader, '[') ? TOML_TABLE_ARRAY : TOML_TABLE;
	if (!read_key(reader, &item->key))
		return false;
	if (!orion_toml_take(reader, ']') ||
	    (item->kind == TOML_TABLE_ARRAY && !orion_toml_take(reader, ']')))
		return orion_toml_fail(reader, "']' was expected after the table's name");
	return true;
}

static bool
read_pair(struct toml_reader *reader, struct toml_item *item)
{
	item->kind = TOML_PAIR;
	if (!read_key(reader, &item->key))
		return false;
	memcpy(reader->key, item->key.part[item->key.parts > 1], sizeof(reader->key));
	return expect_equals(reader) && read_value(reader, &item->value);
}

bool
orion_toml_next(struct toml_reader *reader, struct toml_item *item)
{
	reader->key[0] = '\0';
	do {
		skip_blanks(reader);
		skip_comment(reader);
	} while (take_newline(reader));

	item->line = reader->line;
	if (reader->at == reader->end) {
		item->kind = TOML_END;
		return true;
	}
	if (!(orion_toml_take(reader, '[') ? read_header(reader, item) : read_pair(reader, item)))
		return false;
	skip_blanks(reader);
	skip_comment(reader);
	if (reader->at != reader->end && !take_newline(reader))
		return orion_toml_fail(reader, "nothing but a comment may follow on this line");
	return true;
}

/* SPDX-License-Identifier: MIT */
/* TOML strings, numbers, booleans and dates: see toml.h. */
#include "toml.h"

#include "src/base/memory.h"
#include "text.h"

/* Where an unescaped string goes. */
struct sink {
	char *out;
	size_t room;
	size_t used;
	bool cut;
};

static void
sink_put(struct sink *sink, char c)
{
	/* A string with a NUL inside must not equal the shorter one in front of it. */
	if (c != '\0' && sink->used + 1 < sink->room)
		sink->out[sink->used++] = c;
	else
		sink->cut = true;
}

static void
sink_put_code_point(struct sink *sink, uint32_t c)
{
	if (c < 0x80) {
		sink_put(sink, (char)c);
		return;
	}
	if (c < 0x800) {
		sink_put(sink, (char)(0xc0u | c >> 6));
	} else {
		if (c < 0x10000) {
			sink_put(sink, (char)(0xe0u | c >> 12));
		} else {
			sink_put(sink, (char)(0xf0u | c >> 18));
			sink_put(sink, (char)(0x80u | (c >> 12 & 0x3fu)));
		}
		sink_put(sink, (char)(0x80u | (c >> 6 & 0x3fu)));
	}
	sink_put(sink, (char)(0x80u | (c & 0x3fu)));
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* DIGITS hexadecimal digits after \u or \U. */
static bool
read_code_point(struct toml_reader *reader, struct sink *sink, unsigned digits)
{
	uint32_t c = 0;

	for (unsigned i = 0; i < digits; i++) {
		unsigned value = reader->at == reader->end ? 99 : text_digit(*reader->at);

		if (value > 15)
			return orion_toml_fail(reader,
					       "\\u needs 4 hexadecimal digits, \\U needs 8");
		c = c << 4 | value;
		reader->at++;
	}
	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return orion_toml_fail(reader, "the escape is no Unicode character");
	sink_put_code_point(sink, c);
	return true;
}

/* A backslash at the end of a line swallows it and all blanks and newlines after it. */
static bool
skip_line_end(struct toml_reader *reader)
{
	bool newline = false;

	while (reader->at != reader->end) {
		char c = *reader->at;

		if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
			break;
		if (c == '\n') {
			newline = true;
			reader->line++;
		}
		reader->at++;
	}
	return newline || orion_toml_fail(reader, "an escape that TOML does not have");
}

static bool
read_escape(struct toml_reader *reader, struct sink *sink, bool multiline)
{
	static const char names[] = "btnfr\"\\";
	static const char values[] = "\b\t\n\f\r\"\\";

	if (reader->at == reader->end)
		return orion_toml_fail(reader, "the string has no closing quote");

	char c = *reader->at;

	for (unsigned i = 0; names[i] != '\0'; i++) {
		if (c == names[i]) {
			reader->at++;
			sink_put(sink, values[i]);
			return true;
		}
	}
	if (c == 'u' || c == 'U') {
		reader->at++;
		return read_code_point(reader, sink, c == 'u' ? 4 : 8);
	}
	if (multiline && (c == ' ' || c == '\t' || c == '\r' || c == '\n'))
		return skip_line_end(reader);
	return orion_toml_fail(reader,
			       "an escape that TOML does not have; write \\\\ for a backslash");
}

/* Number of QUOTE characters at the reader's place, up to 5. */
static unsigned
count_quotes(const struct toml_reader *reader, char quote)
{
	unsigned n = 0;

	while (n < 5 && reader->at + n < reader->end && reader->at[n] == quote)
		n++;
	return n;
}

/* The rest of a string up to its closing quote or quotes. */
static bool
read_string_body(struct toml_reader *reader, struct sink *sink, char quote, bool multiline)
{
	while (reader->at != reader->end) {
		unsigned quotes = count_quotes(reader, quote);

		if (quotes != 0 && (!multiline || quotes >= 3)) {
			/* Up to two quotes may stand just before the closing three. */
			for (unsigned i = 3; multiline && i < quotes; i++)
				sink_put(sink, quote);
			reader->at += multiline ? quotes : 1;
			return true;
		}

		char c = *reader->at++;

		if (c == '\\' && quote == '"') {
			if (!read_escape(reader, sink, multiline))
				return false;
		} else if (c == '\r' || c == '\n') {
			if (!multiline)
				return orion_toml_fail(
					reader, "the string has no closing quote on its line");
			reader->line += c == '\n';
			if (c == '\n')
				sink_put(sink, c);
		} else {
			sink_put(sink, c);
		}
	}
	return orion_toml_fail(reader, "the string has no closing quote");
}

bool
orion_toml_string(struct toml_reader *reader, char *out, size_t room, bool *cut, bool multiline)
{
	struct sink sink = {.out = out, .room = room};
	char quote = *reader->at;
	bool three = multiline && count_quotes(reader, quote) >= 3;

	reader->at += three ? 3 : 1;
	if (three) {
		/* A newline just after the opening quotes does not count. */
		(void)orion_toml_take(reader, '\r');
		reader->line += orion_toml_take(reader, '\n');
	}
	if (!read_string_body(reader, &sink, quote, three))
		return false;
	out[sink.used] = '\0';
	*cut = sink.cut;
	return true;
}

/* A word that is being classified. */
struct word {
	const char *at;
	const char *end;
};

static bool
word_is(const struct word *word, const char *text)
{
	size_t length = text_length(text);

	return (size_t)(word->end - word->at) == length && memcmp(word->at, text, length) == 0;
}

static bool
word_take(struct word *word, const char *set)
{
	if (word->at == word->end)
		return false;
	for (; *set != '\0'; set++) {
		if (*word->at == *set) {
			word->at++;
			return true;
		}
	}
	return false;
}

/* Digits of BASE with single underscores between them; adds them to *VALUE, which saturates. */
static bool
word_digits(struct word *word, unsigned base, uint64_t *value)
{
	bool digit = false;

	while (word->at != word->end) {
		unsigned d = text_digit(*word->at);

		if (d < base) {
			if (__builtin_mul_overflow(*value, base, value) ||
			    __builtin_add_overflow(*value, d, value)) {
				*value = UINT64_MAX;
			}
			digit = true;
		} else if (*word->at == '_' && digit && word->at + 1 != word->end &&
			   text_digit(word->at[1]) < base) {
			digit = false;
		} else {
			break;
		}
		word->at++;
	}
	return digit;
}

/* Exactly COUNT digits, a number from LEAST to MOST. */
static bool
word_field(struct word *word, unsigned count, unsigned least, unsigned most)
{
	unsigned value = 0;

	for (unsigned i = 0; i < count; i++) {
		if (word->at == word->end || !is_digit(*word->at))
			return false;
		value = value * 10 + (unsigned)(*word->at++ - '0');
	}
	return value >= least && value <= most;
}

static bool
word_time(struct word *word)
{
	if (!word_field(word, 2, 0, 23) || !word_take(word, ":") || !word_field(word, 2, 0, 59) ||
	    !word_take(word, ":") || !word_field(word, 2, 0, 59)) {
		return false;
	}
	if (word_take(word, ".")) {
		if (!word_field(word, 1, 0, 9))
			return false;
		while (word_take(word, "0123456789")) {
		}
	}
	return true;
}

static bool
is_leap(unsigned year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* The day WORD stands at, in the month and year that were just passed. */
static bool
word_day(struct word *word, const char *date)
{
	static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	unsigned year = 0;
	unsigned month = (unsigned)((date[5] - '0') * 10 + (date[6] - '0'));

	for (unsigned i = 0; i < 4; i++)
		year = year * 10 + (unsigned)(date[i] - '0');
	return word_field(word, 2, 1, days[month - 1] + (month == 2 && is_leap(year) ? 1u : 0u));
}

/* A date, a time, or both, with or without a zone. */
static bool
word_is_date(struct word word)
{
	struct word time = word;

	if (word_time(&time))
		return time.at == time.end;

	const char *date = word.at;

	if (!word_field(&word, 4, 0, 9999) || !word_take(&word, "-") ||
	    !word_field(&word, 2, 1, 12) || !word_take(&word, "-") || !word_day(&word, date)) {
		return false;
	}
	if (word_take(&word, "Tt ")) {
		if (!word_time(&word))
			return false;
		if (word_take(&word, "+-")) {
			if (!word_field(&word, 2, 0, 23) || !word_take(&word, ":") ||
			    !word_field(&word, 2, 0, 59)) {
				return false;
			}
		} else {
			(void)word_take(&word, "Zz");
		}
	}
	return word.at == word.end;
}

static bool
word_is_based_integer(struct word word, struct toml_value *value)
{
	if (word.end - word.at < 3 || *word.at != '0')
		return false;

	unsigned base = word.at[1] == 'x' ? 16 : word.at[1] == 'o' ? 8 : word.at[1] == 'b' ? 2 : 0;

	word.at += 2;
	value->type = TOML_INTEGER;
	value->magnitude = 0;
	return base != 0 && word_digits(&word, base, &value->magnitude) && word.at == word.end;
}

/* A decimal integer or a float. */
static bool
word_is_number(struct word word, struct toml_value *value)
{
	uint64_t ignored = 0;

	value->negative = word.at != word.end && *word.at == '-';
	(void)word_take(&word, "+-");
	value->type = TOML_FLOAT;
	value->magnitude = 0;
	if (word_is(&word, "inf") || word_is(&word, "nan"))
		return true;
	if (word.end - word.at > 1 && *word.at == '0' &&
	    (is_digit(word.at[1]) || word.at[1] == '_')) {
		return false;
	}
	if (!word_digits(&word, 10, &value->magnitude))
		return false;
	if (word.at == word.end) {
		value->type = TOML_INTEGER;
		return true;
	}
	if (word_take(&word, ".") && !word_digits(&word, 10, &ignored))
		return false;
	if (word_take(&word, "eE")) {
		(void)word_take(&word, "+-");
		if (!word_digits(&word, 10, &ignored))
			return false;
	}
	return word.at == word.end;
}

static bool
is_word_character(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       c == '+' || c == '-' || c == '.' || c == ':';
}

/* Takes the word at the reader's place; a date may continue after one space with a time. */
static struct word
take_word(struct toml_reader *reader)
{
	const char *start = reader->at;

	while (reader->at != reader->end && is_word_character(*reader->at))
		reader->at++;
	if (reader->at - start == 10 && start[4] == '-' && reader->end - reader->at > 1 &&
	    reader->at[0] == ' ' && is_digit(reader->at[1])) {
		reader->at++;
		while (reader->at != reader->end && is_word_character(*reader->at))
			reader->at++;
	}
	return (struct word){start, reader->at};
}

bool
orion_toml_scalar(struct toml_reader *reader, struct toml_value *value)
{
	struct word word = take_word(reader);

	if (word.at == word.end)
		return orion_toml_fail(reader, "a value was expected here");
	if (word_is(&word, "true") || word_is(&word, "false")) {
		value->type = TOML_BOOLEAN;
		value->boolean = *word.at == 't';
		return true;
	}
	if (word_is_based_integer(word, value) || word_is_number(word, value))
		return true;
	value->type = TOML_DATE;
	return word_is_date(word) ||
	       orion_toml_fail(reader,
			       "not a value: a text needs quotes, a number is written as 42 or "
			       "0x2a, a switch as true or false");
}

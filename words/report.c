/* SPDX-License-Identifier: MIT */
/* Text or JSON from one description: see report.h. */
#include "report.h"

#include "text.h"

#define KEY_COLUMN 26
#define LINE_COLUMNS 96u /* of a list of texts */

static void
write_piece(const struct report *report, const char *text, size_t length)
{
	if (length != 0)
		report->sink.write(report->sink.context, text, length);
}

/* TEXT as a string of JSON, which is UTF-8. */
static void
quote(const struct report *report, const char *text)
{
	const char *from = text;
	unsigned bytes;

	write_piece(report, "\"", 1);
	for (; *text != '\0'; text += bytes) {
		unsigned char c = (unsigned char)*text;
		/* What would reach past the end is none: no sequence holds a NUL. */
		unsigned sound = text_utf8(text, 4);

		bytes = sound != 0 ? sound : 1;
		if (sound != 0 && c >= 0x20 && c != 0x7f && c != '"' && c != '\\')
			continue;
		write_piece(report, from, (size_t)(text - from));
		from = text + bytes;
		if (sound == 0)
			print_to(&report->sink, "\\ufffd");
		else if (c == '"' || c == '\\')
			print_to(&report->sink, "\\%c", c);
		else
			print_to(&report->sink, "\\u%04x", c);
	}
	write_piece(report, from, (size_t)(text - from));
	write_piece(report, "\"", 1);
}

/* TEXT for a terminal. */
static void
write_harmless(const struct report *report, const char *text)
{
	unsigned bytes;

	for (; *text != '\0'; text += bytes) {
		if (text_is_harmless(text, &bytes))
			write_piece(report, text, bytes);
		else
			write_piece(report, "?", 1);
	}
}

/* Two blanks for each level. */
static void
indent(const struct report *report)
{
	print_to(&report->sink, "%*s", (int)(2 * report->depth), "");
}

/* What stands in front of a member's value; KEY may be NULL. */
static void
begin(struct report *report, const char *key)
{
	if (report->json) {
		print_to(&report->sink, "%s\n", report->comma ? "," : "");
		report->comma = true;
		indent(report);
		if (key != NULL) {
			quote(report, key);
			print_to(&report->sink, ": ");
		}
		return;
	}

	int column = KEY_COLUMN - 2 * (int)report->depth;

	indent(report);
	for (; key != NULL && *key != '\0'; key++) {
		print_to(&report->sink, "%c", *key == '_' ? ' ' : *key);
		column--;
	}
	print_to(&report->sink, "%*s", column < 1 ? 1 : column, "");
}

static void
end(struct report *report)
{
	if (!report->json)
		print_to(&report->sink, "\n");
}

static void
open_bracket(struct report *report, const char *bracket)
{
	print_to(&report->sink, "%s", bracket);
	report->comma = false;
	report->depth++;
}

static void
close_bracket(struct report *report, const char *bracket)
{
	bool empty = !report->comma;

	report->depth--;
	if (!empty) {
		print_to(&report->sink, "\n");
		indent(report);
	}
	print_to(&report->sink, "%s", bracket);
	report->comma = true;
}

void
report_open(struct report *report, const struct text_sink *sink, bool json)
{
	*report = (struct report){.sink = *sink, .json = json};
	if (json)
		open_bracket(report, "{");
}

void
report_close(struct report *report)
{
	if (!report->json)
		return;
	close_bracket(report, "}");
	print_to(&report->sink, "\n");
}

void
report_group(struct report *report, const char *key, const char *title)
{
	if (report->json) {
		begin(report, key);
		open_bracket(report, "{");
		return;
	}
	indent(report);
	write_harmless(report, title);
	print_to(&report->sink, "\n");
	report->depth++;
}

void
report_group_end(struct report *report)
{
	if (report->json)
		close_bracket(report, "}");
	else
		report->depth--;
}

void
report_list(struct report *report, const char *key)
{
	if (report->json) {
		begin(report, key);
		open_bracket(report, "[");
	}
	report->list_key = key;
	report->column = 0;
}

void
report_list_end(struct report *report)
{
	if (report->json)
		close_bracket(report, "]");
	else if (report->column != 0)
		end(report);
	report->column = 0;
}

/* One text of a list, on a line with those before it as long as there is room. */
static void
list_text(struct report *report, const char *value)
{
	unsigned length = (unsigned)text_length(value);

	if (report->column == 0) {
		begin(report, report->list_key);
		report->column = KEY_COLUMN;
	} else if (report->column + 2 + length < LINE_COLUMNS) {
		print_to(&report->sink, ", ");
		report->column += 2;
	} else {
		print_to(&report->sink, ",\n%*s", KEY_COLUMN, "");
		report->column = KEY_COLUMN;
	}
	write_harmless(report, value);
	report->column += length;
}

void
report_number(struct report *report, const char *key, uint64_t value)
{
	begin(report, key);
	print_to(&report->sink, "%llu", wide(value));
	end(report);
}

void
report_signed(struct report *report, const char *key, int64_t value)
{
	begin(report, key);
	print_to(&report->sink, "%lld", (long long)value);
	end(report);
}

void
report_none(struct report *report, const char *key, const char *words)
{
	if (!report->json && words == NULL)
		return;
	begin(report, key);
	print_to(&report->sink, "%s", report->json ? "null" : words);
	end(report);
}

void
report_text(struct report *report, const char *key, const char *value)
{
	if (value == NULL) {
		report_none(report, key, "-");
		return;
	}
	if (!report->json && key == NULL) {
		list_text(report, value);
		return;
	}
	begin(report, key);
	if (report->json)
		quote(report, value);
	else
		write_harmless(report, value[0] == '\0' ? "-" : value);
	end(report);
}

void
report_flag(struct report *report, const char *key, bool value)
{
	begin(report, key);
	print_to(&report->sink, "%s",
		 report->json ? (value ? "true" : "false") : (value ? "yes" : "no"));
	end(report);
}

void
report_hex(struct report *report, const char *key, uint64_t value)
{
	const char *quote = report->json ? "\"" : "";

	begin(report, key);
	print_to(&report->sink, "%s0x%llx%s", quote, wide(value), quote);
	end(report);
}

void
report_bytes(struct report *report, const char *key, uint64_t value)
{
	begin(report, key);
	print_to(&report->sink, "%llu", wide(value));
	if (!report->json && value >= 1024)
		print_to(&report->sink, " (%s)", print_size(value).s);
	end(report);
}

void
report_fixed(struct report *report, const char *key, uint64_t value, unsigned decimals)
{
	begin(report, key);
	print_to(&report->sink, "%s", print_fixed(value, decimals).s);
	end(report);
}

void
report_ratio(struct report *report, const char *key, uint64_t a, uint64_t b)
{
	if (b == 0)
		report_none(report, key, "-");
	else
		report_literal(report, key, print_ratio(a, b, 3).s);
}

void
report_literal(struct report *report, const char *key, const char *number)
{
	begin(report, key);
	print_to(&report->sink, "%s", number);
	end(report);
}

void
report_line(struct report *report, const char *format, ...)
{
	va_list arguments;

	if (report->json)
		return;
	indent(report);
	va_start(arguments, format);
	print_to_list(&report->sink, format, arguments);
	va_end(arguments);
	end(report);
}

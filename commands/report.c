/* SPDX-License-Identifier: MIT */
/* Text or JSON from one description: see report.h. */
#include "commands/report.h"

#include "commands/print.h"

#define KEY_COLUMN 26

static void
print_json_text(struct command_context *context, const char *text)
{
	print(context, "\"");
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\') {
			print(context, "\\%c", c);
		} else if (c < 0x20 || c > 0x7e) {
			/* Bytes, not characters: a serial number has no encoding. */
			print(context, "\\u%04x", c);
		} else {
			print(context, "%c", c);
		}
	}
	print(context, "\"");
}

/* Two blanks for each level. */
static void
indent(const struct report *report)
{
	print(report->context, "%*s", (int)(2 * report->depth), "");
}

/* What stands in front of a member's value; KEY may be NULL. */
static void
begin(struct report *report, const char *key)
{
	struct command_context *context = report->context;

	if (report->json) {
		print(context, "%s\n", report->comma ? "," : "");
		report->comma = true;
		indent(report);
		if (key != NULL) {
			print_json_text(context, key);
			print(context, ": ");
		}
		return;
	}

	int column = KEY_COLUMN - 2 * (int)report->depth;

	indent(report);
	for (; *key != '\0'; key++) {
		print(context, "%c", *key == '_' ? ' ' : *key);
		column--;
	}
	print(context, "%*s", column < 1 ? 1 : column, "");
}

static void
end(struct report *report)
{
	if (!report->json)
		print(report->context, "\n");
}

void
report_open(struct report *report, struct command_context *context, bool json)
{
	*report = (struct report){.context = context, .json = json};
	if (json) {
		if (context->hold != NULL)
			context->hold(context->host, true);
		print(context, "{");
		report->depth = 1;
	}
}

void
report_close(struct report *report)
{
	struct command_context *context = report->context;

	if (!report->json)
		return;
	print(context, "\n}\n");
	if (context->hold != NULL)
		context->hold(context->host, false);
}

static void
open_bracket(struct report *report, const char *bracket)
{
	print(report->context, "%s", bracket);
	report->comma = false;
	report->depth++;
}

static void
close_bracket(struct report *report, const char *bracket)
{
	bool empty = !report->comma;

	report->depth--;
	if (!empty) {
		print(report->context, "\n");
		indent(report);
	}
	print(report->context, "%s", bracket);
	report->comma = true;
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
	print(report->context, "%s\n", title);
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
}

void
report_list_end(struct report *report)
{
	if (report->json)
		close_bracket(report, "]");
}

void
report_number(struct report *report, const char *key, uint64_t value)
{
	begin(report, key);
	print(report->context, "%llu", wide(value));
	end(report);
}

void
report_text(struct report *report, const char *key, const char *value)
{
	begin(report, key);
	if (report->json)
		print_json_text(report->context, value);
	else
		print(report->context, "%s", value[0] == '\0' ? "-" : value);
	end(report);
}

void
report_flag(struct report *report, const char *key, bool value)
{
	begin(report, key);
	print(report->context, "%s",
	      report->json ? (value ? "true" : "false") : (value ? "yes" : "no"));
	end(report);
}

void
report_hex(struct report *report, const char *key, uint64_t value)
{
	const char *quote = report->json ? "\"" : "";

	begin(report, key);
	print(report->context, "%s0x%llx%s", quote, wide(value), quote);
	end(report);
}

void
report_bytes(struct report *report, const char *key, uint64_t value)
{
	begin(report, key);
	print(report->context, "%llu", wide(value));
	if (!report->json && value >= 1024)
		print(report->context, " (%s)", print_size(value).s);
	end(report);
}

void
report_fixed(struct report *report, const char *key, uint64_t value, unsigned decimals)
{
	begin(report, key);
	print(report->context, "%s", print_fixed(value, decimals).s);
	end(report);
}

void
report_ratio(struct report *report, const char *key, uint64_t a, uint64_t b)
{
	begin(report, key);
	print(report->context, "%s", b == 0 && report->json ? "null" : print_ratio(a, b, 3).s);
	end(report);
}

/* SPDX-License-Identifier: MIT */
/* Writes JSON: see json.h. */
#include "cmd/vblk/json.h"

#include <math.h>
#include <string.h>

#include "cmd/vblk/utf8.h"

static void
quote(FILE *file, const char *text)
{
	fputc('"', file);
	while (*text != '\0') {
		unsigned char c = (unsigned char)*text;
		unsigned bytes = utf8_bytes(text);

		if (c == '"' || c == '\\')
			fprintf(file, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			fprintf(file, "\\u%04x", c);
		else if (bytes == 0)
			fputs(UTF8_REPLACEMENT, file);
		else
			fwrite(text, 1, bytes, file);
		text += bytes != 0 ? bytes : 1;
	}
	fputc('"', file);
}

static void
begin(struct json *json, const char *key)
{
	if (json->depth > 0)
		fprintf(json->file, "%s\n%*s", json->filled ? "," : "", (int)json->depth * 2, "");
	if (key != NULL) {
		quote(json->file, key);
		fputs(": ", json->file);
	}
	json->filled = true;
}

void
json_open(struct json *json, const char *key, char bracket)
{
	begin(json, key);
	fputc(bracket, json->file);
	json->depth++;
	json->filled = false;
}

void
json_close(struct json *json, char bracket)
{
	json->depth--;
	if (json->filled)
		fprintf(json->file, "\n%*s", (int)json->depth * 2, "");
	fputc(bracket, json->file);
	json->filled = true;
	if (json->depth == 0)
		fputc('\n', json->file);
}

void
json_text(struct json *json, const char *key, const char *text)
{
	begin(json, key);
	quote(json->file, text);
}

void
json_number(struct json *json, const char *key, uint64_t value)
{
	begin(json, key);
	fprintf(json->file, "%llu", (unsigned long long)value);
}

void
json_real(struct json *json, const char *key, double value)
{
	char text[40];

	begin(json, key);
	/* All digits, and a point or an exponent: a reader's type does not hang on the value. */
	snprintf(text, sizeof(text), "%.17g", isfinite(value) ? value : 0.0);
	fprintf(json->file, "%s%s", text, strpbrk(text, ".e") == NULL ? ".0" : "");
}

void
json_bool(struct json *json, const char *key, bool value)
{
	begin(json, key);
	fputs(value ? "true" : "false", json->file);
}

/* SPDX-License-Identifier: MIT */
/* JSON on standard output: see json.h. */
#include "cmd/vblk/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void
write_out(void *context, const char *text, size_t length)
{
	(void)context;
	/* What could not be written is seen by main() at the end. */
	(void)fwrite(text, 1, length, stdout);
}

const struct text_sink standard_output = {write_out, NULL};

void
json_open(struct report *report)
{
	report_open(report, &standard_output, true);
}

void
json_real(struct report *report, const char *key, double value)
{
	char text[40];

	if (!isfinite(value)) {
		report_none(report, key, NULL);
		return;
	}
	/* All digits, and a point or an exponent: a reader's type does not hang on the value. */
	snprintf(text, sizeof(text), "%.17g", value);
	if (strpbrk(text, ".e") == NULL)
		strcat(text, ".0");
	report_literal(report, key, text);
}

void
json_ratio(struct report *report, const char *key, double a, double b)
{
	json_real(report, key, b != 0 ? a / b : NAN);
}

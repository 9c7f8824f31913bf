/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes the configuration reader: any bytes give options that are in range, or an error that says
 * where and why and leaves the options alone.
 */
#include <stdlib.h>
#include <string.h>

#include "orion/configuration.h"
#include "orion/port.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void
orion_panic(const char *text)
{
	(void)text;
	abort();
}

static void
demand(bool holds)
{
	if (!holds) {
		abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct orion_options options, before;
	struct orion_options_error error;

	memset(&options, 0, sizeof(options));
	orion_options_default(&options);
	before = options;
	memset(&error, 0x5a, sizeof(error));
	if (orion_options_parse((const char *)data, size, &options, NULL, &error) == ORION_OK) {
		demand(orion_options_check(&options, NULL) == ORION_OK);
	} else {
		demand(memcmp(&options, &before, sizeof(options)) == 0);
		demand(error.line >= 1 && error.line <= size + 1);
		demand(memchr(error.key, 0, sizeof(error.key)) != NULL);
		demand(memchr(error.text, 0, sizeof(error.text)) != NULL && error.text[0] != 0);
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Error texts of the options: see message.h. */
#include "message.h"

#include "src/base/check.h"

/* Copies TEXT into ROOM bytes at OUT, cut if need be, always terminated. */
static void
copy_text(char *out, size_t room, const char *text)
{
	size_t n = 0;

	while (n + 1 < room && text[n] != '\0') {
		out[n] = text[n];
		n++;
	}
	out[n] = '\0';
}

void
orion_message_start(struct orion_options_error *error, uint32_t line, const char *key)
{
	error->line = line;
	copy_text(error->key, sizeof(error->key), key == NULL ? "" : key);
	error->text[0] = '\0';
}

void
orion_message_add(struct orion_options_error *error, const char *text)
{
	size_t used = 0;

	while (error->text[used] != '\0')
		used++;
	copy_text(error->text + used, sizeof(error->text) - used, text);
}

void
orion_message_add_number(struct orion_options_error *error, uint64_t number)
{
	char digits[21];
	size_t at = sizeof(digits) - 1;

	digits[at] = '\0';
	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number != 0);
	orion_message_add(error, digits + at);
}

void
orion_message_add_bytes(struct orion_options_error *error, uint64_t bytes)
{
	static const char *const units[] = {"", "KiB", "MiB", "GiB", "TiB"};
	unsigned unit = 0;

	while (bytes != 0 && bytes % 1024 == 0 && unit + 1 < COUNT_OF(units)) {
		bytes /= 1024;
		unit++;
	}
	orion_message_add_number(error, bytes);
	orion_message_add(error, units[unit]);
}

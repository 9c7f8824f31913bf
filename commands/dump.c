/* SPDX-License-Identifier: MIT */
/* The table of hexadecimal numbers: see dump.h. */
#include "commands/dump.h"

#include <string.h>

static void
write_line(const struct text_sink *sink, uint64_t offset, const uint8_t *bytes, size_t n)
{
	char line[96];
	size_t at = print_into(line, sizeof(line), "%08llx ", wide(offset));

	for (size_t i = 0; i < DUMP_LINE_BYTES; i++) {
		line[at++] = ' ';
		if (i == DUMP_LINE_BYTES / 2)
			line[at++] = ' ';
		line[at++] = i < n ? "0123456789abcdef"[bytes[i] >> 4] : ' ';
		line[at++] = i < n ? "0123456789abcdef"[bytes[i] & 15] : ' ';
	}
	memcpy(line + at, "  |", 3);
	at += 3;
	for (size_t i = 0; i < n; i++)
		line[at++] = bytes[i] >= ' ' && bytes[i] <= '~' ? (char)bytes[i] : '.';
	memcpy(line + at, "|\n", 2);
	sink->write(sink->context, line, at + 2);
}

void
dump_start(struct dump *dump, const struct text_sink *sink)
{
	*dump = (struct dump){.sink = *sink};
}

void
dump_add(struct dump *dump, uint64_t offset, const void *data, size_t bytes)
{
	const uint8_t *in = data;

	for (size_t at = 0; at < bytes; at += DUMP_LINE_BYTES) {
		size_t n = bytes - at < DUMP_LINE_BYTES ? bytes - at : DUMP_LINE_BYTES;

		if (dump->any && n == DUMP_LINE_BYTES &&
		    memcmp(dump->last, in + at, DUMP_LINE_BYTES) == 0) {
			if (!dump->folding)
				print_to(&dump->sink, "*\n");
			dump->folding = true;
			continue;
		}
		dump->folding = false;
		dump->any = n == DUMP_LINE_BYTES;
		memcpy(dump->last, in + at, n);
		write_line(&dump->sink, offset + at, in + at, n);
	}
}

void
dump_end(struct dump *dump, uint64_t end)
{
	print_to(&dump->sink, "%08llx\n", wide(end));
}

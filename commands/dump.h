/* SPDX-License-Identifier: MIT */
/* Bytes as a table of hexadecimal numbers and characters, as hexdump -C prints it. */
#ifndef COMMANDS_DUMP_H
#define COMMANDS_DUMP_H

#include <stdbool.h>

#include "words/print.h"

#define DUMP_LINE_BYTES 16u

struct dump {
	struct text_sink sink;
	uint8_t last[DUMP_LINE_BYTES];
	bool any;                       /* LAST holds a line */
	bool folding;                   /* a '*' stands for the lines since */
};

void dump_start(struct dump *dump, const struct text_sink *sink);

/*
 * BYTES at DATA, which lie at OFFSET.  Whole lines, but for the last call.  A line like the one
 * before is not printed: '*' stands for it and for those that follow it.
 */
void dump_add(struct dump *dump, uint64_t offset, const void *data, size_t bytes);

/* The last line: where it ends. */
void dump_end(struct dump *dump, uint64_t end);

#endif

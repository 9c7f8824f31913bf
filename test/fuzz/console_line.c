/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes the console's line editor: whatever is typed, its state stays sound, and a terminal that
 * obeys its output shows the part of the line that the editor believes it shows, the cursor at the
 * right place.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/console/line.h"
#include "orion/port.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROMPT "orion> "
#define SCREEN_COLUMNS 100u
#define CELL_BYTES 4u

/* The terminal's present row: a character of UTF-8, or a part of one, in each cell. */
static struct screen {
	char row[SCREEN_COLUMNS][CELL_BYTES + 1];
	unsigned column;
	char escape[16];
	unsigned escape_length;
} screen;

static void
demand(bool holds)
{
	if (!holds)
		abort();
}

void
orion_panic(const char *text)
{
	(void)text;
	abort();
}

static void
clear_row(unsigned column)
{
	for (; column < SCREEN_COLUMNS; column++)
		strcpy(screen.row[column], " ");
}

static bool
is_tail(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Puts C where it belongs: a byte that begins no character goes on with the one before. */
static void
put(char c)
{
	char *cell = screen.row[screen.column - is_tail(c)];
	size_t at = is_tail(c) ? strlen(cell) : 0;

	demand(at < CELL_BYTES && (at == 0) != is_tail(c));
	cell[at] = c;
	cell[at + 1] = '\0';
	screen.column += !is_tail(c);
	demand(screen.column < SCREEN_COLUMNS);
}

/* A whole escape sequence: ESC [ digits letter. */
static void
obey(char letter)
{
	unsigned n = (unsigned)strtoul(screen.escape + 1, NULL, 10);

	switch (letter) {
	case 'C':
		screen.column += n > 0 ? n : 1;
		demand(screen.column < SCREEN_COLUMNS);
		break;
	case 'D':
		n = n > 0 ? n : 1;
		demand(n <= screen.column);
		screen.column -= n;
		break;
	case 'K':
		clear_row(screen.column);
		break;
	case 'H':
		screen.column = 0;
		break;
	case 'J':
		clear_row(0);
		break;
	default:
		abort();
	}
}

static void
show(char c)
{
	if (screen.escape_length > 0) {
		demand(screen.escape_length < sizeof(screen.escape) - 1);
		screen.escape[screen.escape_length - 1] = c;
		screen.escape[screen.escape_length] = '\0';
		screen.escape_length++;
		if (screen.escape_length > 2 && (c < '0' || c > '9')) {
			obey(c);
			screen.escape_length = 0;
		}
	} else if (c == 0x1b) {
		screen.escape_length = 1;
	} else if (c == '\r') {
		screen.column = 0;
	} else if (c == '\n') {
		screen.column = 0;
		clear_row(0);
	} else if (c == '\b') {
		demand(screen.column > 0);
		screen.column--;
	} else if (c != '\a') {
		demand((unsigned char)c >= ' ' && c != 0x7f);
		put(c);
	}
}

static void
write_screen(void *context, const char *text, size_t length)
{
	(void)context;
	for (size_t i = 0; i < length; i++)
		show(text[i]);
}

static const char *
candidate(void *context, unsigned n)
{
	static const char *const words[] = {"disk list", "disk read", "help", "virtio-queue-info"};

	(void)context;
	return n < sizeof(words) / sizeof(words[0]) ? words[n] : NULL;
}

/* The row's COLUMN and what follows show what is TEXT; returns the column after it. */
static unsigned
check_text(const char *text, unsigned column, unsigned most)
{
	while (*text != '\0' && column < most) {
		size_t bytes = 1;

		while (is_tail(text[bytes]))
			bytes++;
		demand(strlen(screen.row[column]) == bytes);
		demand(memcmp(screen.row[column], text, bytes) == 0);
		text += bytes;
		column++;
	}
	return column;
}

/* Characters in the LENGTH bytes at TEXT. */
static unsigned
count_columns(const char *text, unsigned length)
{
	unsigned count = 0;

	for (unsigned i = 0; i < length; i++)
		count += !is_tail(text[i]);
	return count;
}

static void
check(const struct line *line)
{
	unsigned column;

	demand(line->length < LINE_BYTES && line->text[line->length] == '\0');
	demand(strlen(line->text) == line->length);
	demand(line->cursor <= line->length && line->left <= line->cursor);
	demand(line->history_count <= LINE_HISTORY && line->history_at <= line->history_count);
	demand(!is_tail(line->text[0]) && !is_tail(line->text[line->left]) &&
	       (line->tail != 0 || !is_tail(line->text[line->cursor])));
	demand(screen.column < LINE_COLUMNS);
	/* Half a character is not always drawn. */
	if (line->tail != 0)
		return;
	demand(screen.column ==
	       strlen(PROMPT) + count_columns(line->text + line->left, line->cursor - line->left));
	column = check_text(PROMPT, 0, SCREEN_COLUMNS);
	column = check_text(line->text + line->left, column, LINE_COLUMNS - 1);
	for (; column < SCREEN_COLUMNS; column++)
		demand(strcmp(screen.row[column], " ") == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct line_host host = {
		.write = write_screen,
		.candidate = candidate,
		.prompt = PROMPT,
	};
	static struct line line;

	memset(&screen, 0, sizeof(screen));
	clear_row(0);
	line_init(&line, &host);
	line_start(&line);
	for (size_t i = 0; i < size; i++) {
		if (line_take(&line, (char)data[i]) != LINE_MORE)
			line_start(&line);
		check(&line);
	}
	return 0;
}

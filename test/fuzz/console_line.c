/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes the console's line editor: whatever is typed, its state stays sound, and a terminal that
 * obeys its output shows the part of the line that the editor believes it shows, the cursor at the
 * right place.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/console/line.h"
#include "orion/port.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROMPT "orion> "
#define SCREEN_COLUMNS 100u

/* The terminal's present row. */
static struct screen {
	char row[SCREEN_COLUMNS + 1];
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
clear_row(void)
{
	memset(screen.row, ' ', SCREEN_COLUMNS);
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
		memset(screen.row + screen.column, ' ', SCREEN_COLUMNS - screen.column);
		break;
	case 'H':
		screen.column = 0;
		break;
	case 'J':
		clear_row();
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
		clear_row();
	} else if (c == '\b') {
		demand(screen.column > 0);
		screen.column--;
	} else if (c != '\a') {
		demand(c >= ' ' && c < 0x7f);
		screen.row[screen.column++] = c;
		demand(screen.column < SCREEN_COLUMNS);
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

static void
check(const struct line *line)
{
	unsigned prompt = (unsigned)strlen(PROMPT);
	unsigned shown = line->length - line->left;

	demand(line->length < LINE_BYTES && line->text[line->length] == '\0');
	demand(strlen(line->text) == line->length);
	demand(line->cursor <= line->length && line->left <= line->cursor);
	demand(line->history_count <= LINE_HISTORY && line->history_at <= line->history_count);
	demand(screen.column == prompt + line->cursor - line->left);
	demand(screen.column < LINE_COLUMNS);
	if (shown > LINE_COLUMNS - prompt - 1)
		shown = LINE_COLUMNS - prompt - 1;
	demand(memcmp(screen.row, PROMPT, prompt) == 0);
	demand(memcmp(screen.row + prompt, line->text + line->left, shown) == 0);
	for (unsigned i = prompt + shown; i < SCREEN_COLUMNS; i++)
		demand(screen.row[i] == ' ');
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
	clear_row();
	line_init(&line, &host);
	line_start(&line);
	for (size_t i = 0; i < size; i++) {
		if (line_take(&line, (char)data[i]) != LINE_MORE)
			line_start(&line);
		check(&line);
	}
	return 0;
}

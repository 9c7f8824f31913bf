/* SPDX-License-Identifier: MIT */
/*
 * Line editing for a serial terminal: one byte in, what the terminal is to do out.
 *
 * Pure: no globals, no clock, no memory but the struct; output goes through a callback.  Lines
 * wider than the terminal scroll sideways.  Keys: arrows, home, end, delete, backspace, tab, Ctrl-A
 * B C D E F H K L N P U W.  UTF-8 is taken as it is.  A line of which not all is there (it is too
 * long, or no UTF-8) is never given out: cut short it would be another one.
 */
#ifndef KERNEL_CONSOLE_LINE_H
#define KERNEL_CONSOLE_LINE_H

#include <stdbool.h>
#include <stddef.h>

#define LINE_BYTES 512u /* with the terminating NUL */
#define LINE_HISTORY 32u
#define LINE_COLUMNS 80u /* of the terminal */
#define LINE_ESCAPE_BYTES 8u
#define LINE_LOST 0xffu /* a byte that stands for some that were lost */

typedef enum line_result {
	LINE_MORE, /* nothing to do yet */
	LINE_DONE, /* the line is complete, in text */
	LINE_CANCELLED, /* Ctrl-C: the line was thrown away */
	LINE_END, /* Ctrl-D on an empty line */
	LINE_REFUSED, /* not all of it is there, which was said: it is not to be run */
} line_result;

struct line_host {
	void *context;
	void (*write)(void *context, const char *text, size_t length);
	/* The N-th word that could be typed, or NULL past the last; for tab.  May be NULL. */
	const char *(*candidate)(void *context, unsigned n);
	const char *prompt;
};

struct line {
	struct line_host host;
	char text[LINE_BYTES]; /* always terminated */
	unsigned length;
	unsigned cursor;
	unsigned left; /* first byte shown; not 0 for a wide line */
	unsigned tail; /* bytes of a character that are still to come */
	unsigned char lead; /* its first, if that was the last one */
	char escape[LINE_ESCAPE_BYTES]; /* an escape sequence so far; escape_length 0: none */
	unsigned escape_length;
	const char *refused; /* why the line is not to be run; NULL: it is */
	bool more_waits; /* set by the host: this byte is not the last that came, so it is no key */
	bool tab_waits; /* a tab that completed nothing: a blank, if anything follows */
	bool after_return; /* the "\n" of a "\r\n" is swallowed */
	char history[LINE_HISTORY][LINE_BYTES];
	unsigned history_count; /* lines kept, the newest at index history_count - 1 */
	unsigned history_at; /* line shown; history_count: the one being typed */
	char draft[LINE_BYTES]; /* what was typed before the history was visited */
};

/* Makes LINE ready, its history empty. */
void line_init(struct line *line, const struct line_host *host);

/* Begins a new line: prints the prompt. */
void line_start(struct line *line);

/* Takes one byte from the keyboard.  After anything but LINE_MORE call line_start() again. */
line_result line_take(struct line *line, char byte);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Words for a person, on stderr: troubles, notices, and one line of progress that the others erase
 * before they print.  Any thread.
 */
#ifndef CMD_VBLK_SAY_H
#define CMD_VBLK_SAY_H

#include <stdbool.h>
#include <stdint.h>

#include "words/meter.h"
#include "words/print.h"

/* Where reports and data go: standard output. */
extern const struct text_sink standard_output;

/* What each line begins with, after "vblk": a command's name, or "".  Static. */
void say_command(const char *name);

/* Prints "vblk COMMAND: TEXT" and a newline. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same; returns STATUS_TROUBLE, for the return statements of commands. */
int trouble(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For orion_disk_options.event; ARGUMENT is not used. */
void say_event(void *argument, const char *text);

/* Puts TEXT, cut to the terminal, on the line of progress; "" erases it. */
void say_progress(const char *text);

/* Progress of long work, as words/meter.h has it. */
struct progress {
	struct meter meter;
	bool shown;               /* somebody is watching */
};

/* WANTED: show it even when stderr is no terminal. */
void progress_start(struct progress *progress, const char *title, uint64_t total, meter_unit unit,
		    bool wanted);
void progress_show(struct progress *progress, uint64_t done);
void progress_end(struct progress *progress);

/* A clock that only goes forward, in nanoseconds. */
uint64_t clock_ns(void);

/*
 * From interrupts_catch() on, SIGINT and SIGTERM are counted instead of ending the program, so that
 * it can end in order; the third ends it.  SIGPIPE becomes EPIPE.
 */
void interrupts_catch(void);
unsigned interrupts(void);

/*
 * A wait that nobody can know the length of, such as for a back end: it has a word, and an end when
 * a person wants one.  Zero it when something came.
 */
struct patience {
	uint64_t since_ns;        /* since when nothing came */
	uint64_t said_ns;
};

/*
 * Called again and again while nothing comes: says after some seconds, and then now and then, that
 * WHAT is waited for ("17 requests in flight").  False: enough, since a person wanted to end some
 * seconds ago, or asked twice.
 */
bool patience_left(struct patience *patience, const char *what);

/* The same around a call that waits by itself: patience_while() ... patience_over(). */
void patience_while(const char *what);
void patience_over(void);

/*
 * Ends the program at once, where to close a disk in order would wait for a back end that hangs.
 */
_Noreturn void leave(int status);

#endif

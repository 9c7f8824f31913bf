/* SPDX-License-Identifier: MIT */
/*
 * Commands: the same words and the same text on the Orion console and in Linux programs.
 *
 * A host fills a command_context and gives command_run() a line.  Each command has a usage line, a
 * help text and a result; a wrong argument names what would be right.  A host may add commands of
 * its own (power-off, cpus, ...) through context.extra.
 */
#ifndef ORION_COMMAND_H
#define ORION_COMMAND_H

#include "orion/api.h"
#include "orion/storage.h"

ORION_BEGIN_C

#define COMMAND_WORDS_MAX 24u
#define COMMAND_LINE_BYTES 512u

struct command_context;

struct command {
	const char *name;         /* one or two words: "help", "disk read" */
	const char *usage;        /* the arguments: "DISK OFFSET LENGTH" */
	const char *help;         /* one sentence, then details */
	/* ARGV holds the ARGC words after the command's name. */
	orion_status (*run)(struct command_context *context, int argc, char **argv);
};

struct command_context {
	struct storage *storage;
	struct manager *manager;

	void *host;               /* passed to the functions below */
	/* Prints LENGTH bytes; "\n" ends a line. */
	void (*write)(void *host, const char *text, size_t length);
	/* True when a person should stop the running command (Ctrl-C).  NULL: never. */
	bool (*interrupted)(void *host);
	/*
	 * Runs FUNCTION(ARGUMENT, lane) on lanes 0 .. COUNT - 1 at the same time, each on the
	 * lane's own thread or CPU, lane 0 on the caller's; returns when all have returned.
	 */
	void (*run_on_lanes)(void *host, unsigned count,
			     void (*function)(void *argument, unsigned lane), void *argument);
	unsigned lanes;           /* lanes that the host has, at least 1 */
	bool progress;            /* a person is watching: show progress, "\r" allowed */
	bool stop_on_error;       /* a script ends at its first failure; the script sets it */
	/*
	 * HOLD: what the host itself has to say waits, so that it does not fall into what is being
	 * written; then it may come.  NULL: the host says nothing.
	 */
	void (*hold)(void *host, bool hold);

	const char *hypervisor;   /* who runs this machine, for a person; NULL: not told */

	const struct command *extra;
	unsigned extra_count;
};

/*
 * Runs one line.  Words are set apart by blanks; "..." is one word.  Blank lines are ORION_OK; a
 * word that begins with '#' begins a comment, of any length.  A line that begins with "! " succeeds
 * when its command fails, and the other way round (for scripts that test refusals).  An unknown
 * command or a wrong argument is ORION_INVALID, explained in the output.
 */
orion_status command_run(struct command_context *context, const char *line);

/*
 * Runs a script: every line, also after a failure, unless the script says "stop-on-error".  Before
 * each line prints "orion> LINE".  A byte order mark is passed over.  *FAILED counts the lines that
 * did not succeed, also while the script runs; returns ORION_OK when there were none, else the
 * first failure's status.
 */
orion_status command_run_script(struct command_context *context, const char *text, size_t length,
				unsigned *failed);

/* Command number N, the host's own after all others, or NULL past the last: for tab completion. */
const struct command *command_at(const struct command_context *context, unsigned n);

ORION_END_C

#endif

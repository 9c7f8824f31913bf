/* SPDX-License-Identifier: MIT */
/*
 * A command of vblk: its name, what it takes, what it does.  main.c holds the table of them all;
 * `vblk help COMMAND` is printed from the same words that its arguments are read by.
 */
#ifndef CMD_VBLK_COMMAND_H
#define CMD_VBLK_COMMAND_H

#include <stddef.h>
#include <stdint.h>

/* What the program ends with. */
enum {
	STATUS_OK = 0,
	STATUS_DIFFERENT = 1,     /* verify, check: there is a difference */
	STATUS_TROUBLE = 2,       /* a wrong argument, or something failed; said on stderr */
	STATUS_INTERRUPTED = 130, /* SIGINT, as a shell would say */
};

typedef enum option_kind {
	OPTION_FLAG,              /* bool */
	OPTION_TEXT,              /* const char * */
	OPTION_SIZE,              /* uint64_t: bytes, orion_units_size() */
	OPTION_NUMBER,            /* uint64_t */
	OPTION_SECONDS,           /* uint64_t: nanoseconds, orion_units_duration() */
	OPTION_END
} option_kind;

struct option {
	const char *name;         /* without the two dashes */
	const char *value;        /* what the help calls the value; NULL for a flag */
	const char *help;
	size_t into;              /* offset in the command's settings */
	uint64_t least, most;     /* of a size, number or duration */
	option_kind kind;
	char letter;              /* the short form, or 0 */
};

/* Rows of a table of options; FIELD is one of the command's struct settings. */
#define OPTION_ROW(name_, letter_, kind_, field)                      \
	.name = (name_), .letter = (letter_), .kind = OPTION_##kind_, \
	.into = offsetof(struct settings, field)
#define FLAG(name, letter, field, help_)                               \
	{                                                              \
		OPTION_ROW(name, letter, FLAG, field), .help = (help_) \
	}
#define TEXT(name, letter, field, value_, help_) \
	{                                                                                 \
		OPTION_ROW(name, letter, TEXT, field), .value = (value_), .help = (help_) \
	}
#define VALUE(name, letter, kind, field, value_, from, to, help_)                           \
	{                                                                                  \
		OPTION_ROW(name, letter, kind, field), .value = (value_), .least = (from), \
						       .most = (to), .help = (help_)       \
	}
#define NO_MORE_OPTIONS            \
	{                          \
		.kind = OPTION_END \
	}

struct command {
	const char *name;
	const char *console;      /* what Orion's console calls the same; it may stand for NAME */
	const char *arguments;    /* "SOURCE TARGET" */
	const char *summary;      /* one line */
	const char *help;         /* paragraphs, each line ends in a newline */
	const struct option *options;   /* up to one with OPTION_END */
	int least, most;          /* arguments that are no options */
	int (*run)(const struct command *command, int argc, char **argv);
};

/*
 * Reads the ARGC words after the command's name.  Options go into SETTINGS (see option.into), which
 * holds the defaults; what is left is moved to the front of ARGV.  Returns how many are left, or -1
 * when something was wrong, which it has said.
 */
int options_read(const struct command *command, void *settings, int argc, char **argv);

/* Prints the command's manual on stdout. */
void options_help(const struct command *command);

extern const struct command list_command, info_command, rings_command, features_command,
	memory_command, stats_command, queues_command, identify_command, flush_command;
extern const struct command read_command, write_command, copy_command, verify_command, hash_command,
	check_command, fill_command, bench_command, top_command;

#endif

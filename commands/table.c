/* SPDX-License-Identifier: MIT */
/* From a line to a command: words, lookup, help, scripts. */
#include "commands/table.h"

#include <string.h>

#include "commands/args.h"
#include "commands/print.h"
#include "words/text.h"
#include "words/units.h"

static orion_status run_help(struct command_context *context, int argc, char **argv);

static orion_status run_stop_on_error(struct command_context *context, int argc, char **argv);

static const struct command own_commands[] = {
	{"help", "[COMMAND]", "Lists the commands, or explains one.", run_help},
	{"stop-on-error", "[on|off]",
	 "Ends the script at its first line that fails, from here on.\n"
	 "Without it all lines are run.  Lines that are typed are not concerned.",
	 run_stop_on_error},
};
#define OWN_COMMANDS ((unsigned)(sizeof(own_commands) / sizeof(own_commands[0])))

const struct command *
command_at(const struct command_context *context, unsigned n)
{
	if (n < OWN_COMMANDS)
		return &own_commands[n];
	n -= OWN_COMMANDS;
	if (n < DISK_COMMANDS)
		return &disk_commands[n];
	n -= DISK_COMMANDS;
	if (n == 0)
		return &bench_command;
	n -= 1;
	if (n < MANAGEMENT_COMMANDS)
		return &management_commands[n];
	n -= MANAGEMENT_COMMANDS;
	return n < context->extra_count ? &context->extra[n] : NULL;
}

/* How many of the first words of WORDS the command's NAME takes; 0: it is another one. */
static int
name_words(const char *name, int count, char **words)
{
	int taken = 0;

	while (taken < count) {
		size_t length = text_length(words[taken]);

		if (!text_begins(name, words[taken]) ||
		    (name[length] != ' ' && name[length] != '\0')) {
			return 0;
		}
		taken++;
		if (name[length] == '\0')
			return taken;
		name += length + 1;
	}
	return 0;
}

static const struct command *
find(const struct command_context *context, int count, char **words, int *taken)
{
	const struct command *command, *best = NULL;

	*taken = 0;
	for (unsigned n = 0; (command = command_at(context, n)) != NULL; n++) {
		int words_taken = name_words(command->name, count, words);

		if (words_taken > *taken) {
			*taken = words_taken;
			best = command;
		}
	}
	return best;
}

/* ---- help ---- */

/* The first line of TEXT. */
static int
first_line(const char *text)
{
	int length = 0;

	while (text[length] != '\0' && text[length] != '\n')
		length++;
	return length;
}

/* A line for each command whose name begins with PREFIX.  Returns how many there were. */
static unsigned
list_commands(struct command_context *context, const char *prefix)
{
	const struct command *command;
	unsigned found = 0;

	for (unsigned n = 0; (command = command_at(context, n)) != NULL; n++) {
		if (args_interrupted(context))
			break;
		if (text_begins(command->name, prefix)) {
			print(context, "  %-26s %.*s\n", command->name, first_line(command->help),
			      command->help);
			found++;
		}
	}
	return found;
}

/* Names the command that is nearest to FIRST alone or to BOTH words, if one is near. */
static void
suggest(struct command_context *context, const char *first, const char *both)
{
	const struct command *command, *best = NULL;
	unsigned nearest = (unsigned)text_length(first) / 2 + 1;

	for (unsigned n = 0; (command = command_at(context, n)) != NULL; n++) {
		unsigned distance = text_distance(first, command->name);
		unsigned other = text_distance(both, command->name);

		distance = distance < other ? distance : other;
		if (distance < nearest) {
			nearest = distance;
			best = command;
		}
	}
	if (best != NULL)
		print(context, "; did you mean '%s'?\n", best->name);
	else
		print(context, "; 'help' lists them all\n");
}

/* Explains that WORDS name no command: the others of a group, or the nearest. */
static orion_status
unknown(struct command_context *context, int count, char **words)
{
	const struct command *command;
	char group[64];
	char both[64];

	(void)print_into(group, sizeof(group), "%s ", words[0]);
	(void)print_into(both, sizeof(both), "%s%s%s", words[0], count > 1 ? " " : "",
			 count > 1 ? words[1] : "");
	for (unsigned n = 0; (command = command_at(context, n)) != NULL; n++) {
		if (text_begins(command->name, group)) {
			print(context, "unknown command '%s'; there are:\n", both);
			(void)list_commands(context, group);
			return ORION_INVALID;
		}
	}
	print(context, "unknown command '%s'", words[0]);
	suggest(context, words[0], both);
	return ORION_INVALID;
}

static orion_status
run_help(struct command_context *context, int argc, char **argv)
{
	int taken;

	if (argc == 0) {
		(void)list_commands(context, "");
		print(context,
		      "'help COMMAND' explains one.  A size is\n" ORION_UNITS_SIZE_FORMS ".\n");
		return ORION_OK;
	}

	const struct command *command = find(context, argc, argv, &taken);

	if (command != NULL && taken == argc) {
		print(context, "%s%s%s\n%s\n", command->name, command->usage[0] == '\0' ? "" : " ",
		      command->usage, command->help);
		return ORION_OK;
	}
	if (argc == 1) {
		char group[64];

		(void)print_into(group, sizeof(group), "%s ", argv[0]);
		if (list_commands(context, group) != 0)
			return ORION_OK;
	}
	return unknown(context, argc, argv);
}

static orion_status
run_stop_on_error(struct command_context *context, int argc, char **argv)
{
	if (argc > 1 || (argc == 1 && !text_equal(argv[0], "on") && !text_equal(argv[0], "off")))
		return args_refuse(context, "stop-on-error", ORION_INVALID,
				   "write stop-on-error on, or off");
	context->stop_on_error = argc == 0 || text_equal(argv[0], "on");
	return ORION_OK;
}

/* ---- lines ---- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Where LINE's first word begins. */
static const char *
skip_blanks(const char *line)
{
	while (is_blank(*line))
		line++;
	return line;
}

enum {
	TOO_MANY_WORDS = -1,
	QUOTE_OPEN = -2
};

/* Whether WORD is a number, or "name=" with one. */
static bool
is_number(const char *word)
{
	const char *number = word;
	uint64_t value;

	for (; *word != '\0'; word++)
		number = *word == '=' ? word + 1 : number;
	return orion_units_number(number, &value);
}

/*
 * Makes "64 MiB" one word again, as sizes are shown: COUNT words end in a number and its unit.
 * Returns how many words there are now.
 */
static int
join_unit(char *words[COMMAND_WORDS_MAX], int count)
{
	if (count < 2 || !units_is_unit(words[count - 1]) || !is_number(words[count - 2]))
		return count;
	for (char *blank = words[count - 1]; *--blank == '\0';)
		*blank = ' ';
	return count - 1;
}

/* Cuts LINE into words in place, up to a comment.  Returns their number, or what is wrong. */
static int
split(char *line, char *words[COMMAND_WORDS_MAX])
{
	int count = 0;

	for (;;) {
		bool quoted;

		while (is_blank(*line))
			*line++ = '\0';
		if (*line == '\0' || *line == '#')
			return count;
		if (count == (int)COMMAND_WORDS_MAX)
			return TOO_MANY_WORDS;
		quoted = *line == '"';
		line += quoted;
		words[count++] = line;
		while (*line != '\0' && (quoted ? *line != '"' : !is_blank(*line)))
			line++;
		if (quoted && *line == '\0')
			return QUOTE_OPEN;
		if (*line != '\0')
			*line++ = '\0';
		if (!quoted)
			count = join_unit(words, count);
	}
}

static orion_status
run_words(struct command_context *context, int count, char **words)
{
	int taken;
	const struct command *command = find(context, count, words, &taken);

	if (command == NULL)
		return unknown(context, count, words);
	return command->run(context, count - taken, words + taken);
}

/* The words of a line; those of one that is to fail begin with "!". */
static orion_status
run_line(struct command_context *context, int count, char **words)
{
	if (count == 0)
		return ORION_OK;
	if (!text_equal(words[0], "!"))
		return run_words(context, count, words);
	if (count == 1) {
		print(context, "after '!' a command is expected, which has to fail\n");
		return ORION_INVALID;
	}
	if (run_words(context, count - 1, words + 1) != ORION_OK)
		return ORION_OK;
	print(context, "this command was expected to fail, and did not\n");
	return ORION_INVALID;
}

orion_status
command_run(struct command_context *context, const char *line)
{
	char copy[COMMAND_LINE_BYTES];
	char *words[COMMAND_WORDS_MAX];
	size_t length = text_length(line);
	int count;

	if (*skip_blanks(line) == '#')
		return ORION_OK;
	if (length >= sizeof(copy)) {
		print(context, "the line has %llu characters; at most %u are allowed\n",
		      wide(length), COMMAND_LINE_BYTES - 1);
		return ORION_INVALID;
	}
	memcpy(copy, line, length + 1);
	count = split(copy, words);
	if (count == TOO_MANY_WORDS) {
		print(context, "the line has more than %u words\n", COMMAND_WORDS_MAX);
		return ORION_INVALID;
	}
	if (count == QUOTE_OPEN) {
		print(context, "the line ends within \"...\"\n");
		return ORION_INVALID;
	}
	return run_line(context, count, words);
}

/* The next line of the script at *TEXT into LINE; one that is too long stays too long. */
static void
take_line(const char **text, const char *end, char line[COMMAND_LINE_BYTES + 1])
{
	size_t used = 0;

	for (; *text != end && **text != '\n'; (*text)++) {
		if (used < COMMAND_LINE_BYTES && **text != '\r')
			line[used++] = **text == '\0' ? ' ' : **text;
	}
	*text += *text != end;
	line[used] = '\0';
}

orion_status
command_run_script(struct command_context *context, const char *text, size_t length,
		   unsigned *failed)
{
	orion_status first = ORION_OK;
	const char *end = text + length;
	bool stop = false;

	*failed = 0;
	context->stop_on_error = false;
	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	while (text != end && !stop) {
		/* One byte more than command_run() takes, so that it refuses what was cut. */
		char line[COMMAND_LINE_BYTES + 1];
		orion_status status;

		take_line(&text, end, line);
		print(context, "orion> %s\n", line);
		status = command_run(context, line);
		if (status != ORION_OK) {
			(*failed)++;
			first = first == ORION_OK ? status : first;
			stop = context->stop_on_error;
		}
	}
	if (text != end)
		print(context, "stop-on-error: the rest of the script is not run\n");
	return first;
}

/* SPDX-License-Identifier: MIT */
/* From a line to a command: words, lookup, help, scripts. */
#include "commands/table.h"

#include <string.h>

#include "commands/args.h"
#include "commands/print.h"

static orion_status run_help(struct command_context *context, int argc, char **argv);

static const struct command help_command = {"help", "[COMMAND]",
					    "Lists the commands, or explains one.", run_help};

const struct command *
command_at(const struct command_context *context, unsigned n)
{
	if (n == 0)
		return &help_command;
	n -= 1;
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
		unsigned distance = args_distance(first, command->name);
		unsigned other = args_distance(both, command->name);

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
		print(context, "'help COMMAND' explains one.  Sizes take k, M, G, T and 0x.\n");
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

/* ---- lines ---- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Cuts LINE into words in place.  Returns their number, or -1 when there are too many. */
static int
split(char *line, char *words[COMMAND_WORDS_MAX])
{
	int count = 0;

	for (;;) {
		while (is_blank(*line))
			*line++ = '\0';
		if (*line == '\0')
			return count;
		if (count == (int)COMMAND_WORDS_MAX)
			return -1;
		words[count++] = line;
		while (*line != '\0' && !is_blank(*line))
			line++;
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

orion_status
command_run(struct command_context *context, const char *line)
{
	char copy[COMMAND_LINE_BYTES];
	char *words[COMMAND_WORDS_MAX];
	size_t length = text_length(line);

	if (length >= sizeof(copy)) {
		print(context, "the line has %llu characters; at most %u are allowed\n",
		      wide(length), COMMAND_LINE_BYTES - 1);
		return ORION_INVALID;
	}
	memcpy(copy, line, length + 1);

	int count = split(copy, words);

	if (count < 0) {
		print(context, "the line has more than %u words\n", COMMAND_WORDS_MAX);
		return ORION_INVALID;
	}
	if (count == 0 || words[0][0] == '#')
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
command_run_script(struct command_context *context, const char *text, size_t length,
		   unsigned *failed)
{
	orion_status first = ORION_OK;
	const char *end = text + length;

	*failed = 0;
	while (text != end) {
		/* One byte more than command_run() takes, so that it refuses what was cut. */
		char line[COMMAND_LINE_BYTES + 1];
		size_t used = 0;

		for (; text != end && *text != '\n'; text++) {
			if (used < COMMAND_LINE_BYTES && *text != '\r')
				line[used++] = *text == '\0' ? ' ' : *text;
		}
		text += text != end;
		line[used] = '\0';
		print(context, "orion> %s\n", line);

		orion_status status = command_run(context, line);

		if (status != ORION_OK) {
			(*failed)++;
			first = first == ORION_OK ? status : first;
		}
	}
	return first;
}

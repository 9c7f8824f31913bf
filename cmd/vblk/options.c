/* SPDX-License-Identifier: MIT */
/* Reading a command's words, and printing its manual: see command.h. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cmd/vblk/command.h"
#include "cmd/vblk/say.h"
#include "cmd/vblk/units.h"
#include "orion/units.h"
#include "words/print.h"
#include "words/text.h"

static int
refuse_unknown(const struct command *command, const char *word, size_t length)
{
	const struct option *near = NULL;
	unsigned best = 3;
	char name[TEXT_NEAR_BYTES];

	snprintf(name, sizeof(name), "%.*s", (int)length, word);
	for (const struct option *o = command->options; o->kind != OPTION_END; o++) {
		unsigned distance = text_distance(name + strspn(name, "-"), o->name);

		if (distance < best) {
			best = distance;
			near = o;
		}
	}
	if (near != NULL)
		trouble("there is no option %.*s; --%s was meant?", (int)length, word, near->name);
	else
		trouble("there is no option %.*s; `vblk help %s` lists those that there are",
			(int)length, word, command->name);
	return -1;
}

static bool
take_number(const struct option *option, const char *text, uint64_t *value)
{
	bool size = option->kind == OPTION_SIZE, duration = option->kind == OPTION_SECONDS;

	if (!(size       ? orion_units_size(text, value)
	      : duration ? orion_units_duration(text, value)
			 : orion_units_number(text, value))) {
		trouble("--%s takes %s, not \"%s\"", option->name,
			size       ? ORION_UNITS_SIZE_FORMS
			: duration ? ORION_UNITS_DURATION_FORMS
				   : "a number",
			text);
		return false;
	}
	if (*value >= option->least && *value <= option->most)
		return true;
	if (duration)
		trouble("--%s takes %s to %s, not %s", option->name,
			units_ns((double)option->least).s, units_ns((double)option->most).s, text);
	else
		trouble("--%s takes %s to %s, not %s", option->name,
			size ? print_exact(option->least).s : units_count((double)option->least).s,
			size ? print_exact(option->most).s : units_count((double)option->most).s,
			text);
	return false;
}

/* The option that WORD ("--name", "--name=value", "-n") names, NULL if there is none. */
static const struct option *
find(const struct command *command, const char *word, size_t length)
{
	for (const struct option *o = command->options; o->kind != OPTION_END; o++) {
		if (word[1] == '-' ? strlen(o->name) == length - 2 &&
					     memcmp(word + 2, o->name, length - 2) == 0
				   : length == 2 && word[1] == o->letter)
			return o;
	}
	return NULL;
}

static bool
take_value(const struct option *option, const char *value, void *settings)
{
	void *into = (char *)settings + option->into;

	switch (option->kind) {
	case OPTION_FLAG:
		*(bool *)into = true;
		return true;
	case OPTION_TEXT:
		*(const char **)into = value;
		return true;
	default:
		return take_number(option, value, into);
	}
}

/* Takes the option at ARGV[0]; returns the words used, or -1. */
static int
take(const struct command *command, void *settings, int argc, char **argv)
{
	const char *equals = argv[0][1] == '-' ? strchr(argv[0], '=') : NULL;
	size_t length = equals != NULL ? (size_t)(equals - argv[0]) : strlen(argv[0]);
	const struct option *option = find(command, argv[0], length);
	const char *value = equals != NULL ? equals + 1 : argc > 1 ? argv[1] : NULL;

	if (option == NULL)
		return refuse_unknown(command, argv[0], length);
	if (option->kind == OPTION_FLAG) {
		if (equals != NULL) {
			trouble("--%s takes no value", option->name);
			return -1;
		}
		return take_value(option, NULL, settings) ? 1 : -1;
	}
	if (value == NULL) {
		trouble("--%s needs a value: --%s=%s", option->name, option->name, option->value);
		return -1;
	}
	if (!take_value(option, value, settings))
		return -1;
	return equals != NULL ? 1 : 2;
}

int
options_read(const struct command *command, void *settings, int argc, char **argv)
{
	bool plain = false;
	int kept = 0, used;

	for (int i = 0; i < argc; i += used) {
		used = 1;
		if (plain || argv[i][0] != '-' || argv[i][1] == '\0') {
			argv[kept++] = argv[i];
		} else if (strcmp(argv[i], "--") == 0) {
			plain = true;
		} else {
			used = take(command, settings, argc - i, argv + i);
			if (used < 0)
				return -1;
		}
	}
	if (kept < command->least || kept > command->most) {
		trouble("%s; write: vblk %s %s",
			kept < command->least ? "an argument is missing" : "too many arguments",
			command->name, command->arguments);
		return -1;
	}
	return kept;
}

void
options_help(const struct command *command)
{
	char left[48];

	printf("vblk %s %s\n\n%s.\n%s%s", command->name, command->arguments, command->summary,
	       *command->help ? "\n" : "", command->help);
	if (command->console != NULL)
		printf("\nOrion's console knows it as %s.\n", command->console);
	if (command->options->kind != OPTION_END)
		printf("\nOptions:\n");
	for (const struct option *o = command->options; o->kind != OPTION_END; o++) {
		snprintf(left, sizeof(left), "%c%c%s--%s%s%s", o->letter ? '-' : ' ',
			 o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name,
			 o->value != NULL ? "=" : "", o->value != NULL ? o->value : "");
		printf("  %-22s  %s\n", left, o->help);
	}
}

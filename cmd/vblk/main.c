/* SPDX-License-Identifier: MIT */
/*
 * vblk: looks at, reads, writes, copies, compares, measures and watches virtio block devices from
 * Linux user space.  One program, a command a word.
 */
#include <stdio.h>
#include <string.h>

#include "cmd/vblk/command.h"
#include "cmd/vblk/say.h"
#include "orion/version.h"
#include "words/text.h"

static int run_help(const struct command *self, int argc, char **argv);

static const struct option no_options[] = {{.kind = OPTION_END}};

static const struct command help_command = {
	.name = "help",
	.arguments = "[COMMAND]",
	.summary = "Prints what there is, or the manual of one command",
	.help = "",
	.options = no_options,
	.most = 2,
	.run = run_help,
};

static const struct command *const commands[] = {
	&list_command,     &info_command,  &rings_command,  &features_command, &memory_command,
	&identify_command, &stats_command, &queues_command, &top_command,      &read_command,
	&write_command,    &copy_command,  &verify_command, &hash_command,     &check_command,
	&fill_command,     &flush_command, &bench_command,  &help_command,
};

#define COUNT (sizeof(commands) / sizeof(commands[0]))

static void
overview(void)
{
	printf("vblk: virtio block devices from Linux user space\n\n"
	       "    vblk COMMAND [ARGUMENT...]\n\n");
	for (unsigned i = 0; i < COUNT; i++)
		printf("    %-10s%s\n", commands[i]->name, commands[i]->summary);
	printf("\nA disk is named by a URL: vhost-user:PATH[?OPTION=VALUE[&OPTION=VALUE]...], as "
	       "in\n"
	       "'vhost-user:/run/disk.sock?queues=2&depth=64'; orion-vblk(7) has the options.\n"
	       "`vblk help COMMAND` has the details, and vblk(1) all of them.  What Orion's\n"
	       "console calls a command does as well: vblk virtio-device-info URL.\n\n"
	       "Exit status: 0 done; 1 verify or check found a difference; 2 trouble, said on "
	       "stderr;\n"
	       "130 ended by Ctrl-C.\n");
}

/*
 * Whether the first of COUNT WORDS name COMMAND, or as many as its name on Orion's console has;
 * returns how many they are, or 0.
 */
static int
named(const struct command *command, int count, char **words)
{
	const char *console = command->console;
	size_t first = strlen(words[0]);

	if (strcmp(words[0], command->name) == 0)
		return 1;
	if (console == NULL || strncmp(console, words[0], first) != 0)
		return 0;
	if (console[first] == '\0')
		return 1;
	return console[first] == ' ' && count > 1 && strcmp(console + first + 1, words[1]) == 0 ? 2
												: 0;
}

static void
refuse(const char *name)
{
	const char *near = NULL;
	unsigned best = 3;

	for (unsigned i = 0; i < COUNT; i++) {
		const char *names[] = {commands[i]->name, commands[i]->console};

		for (unsigned n = 0; n < 2 && names[n] != NULL; n++) {
			unsigned distance = text_distance(name, names[n]);

			if (distance < best) {
				best = distance;
				near = names[n];
			}
		}
	}
	if (near != NULL)
		trouble("there is no command %s; %s was meant?", name, near);
	else
		trouble("there is no command %s; `vblk help` lists those that there are", name);
}

/* The command that the first of COUNT WORDS name, at least 1; *USED of them.  NULL: none, said. */
static const struct command *
find(int count, char **words, int *used)
{
	for (unsigned i = 0; i < COUNT; i++) {
		*used = named(commands[i], count, words);
		if (*used != 0)
			return commands[i];
	}
	refuse(words[0]);
	return NULL;
}

static int
run_help(const struct command *self, int argc, char **argv)
{
	const struct command *command;
	int left = options_read(self, NULL, argc, argv), used;

	if (left < 0)
		return STATUS_TROUBLE;
	if (left == 0) {
		overview();
		return STATUS_OK;
	}
	command = find(left, argv, &used);
	if (command == NULL)
		return STATUS_TROUBLE;
	options_help(command);
	return STATUS_OK;
}

static bool
asks_for_version(int argc, char **argv)
{
	return argc > 0 && (strcmp(argv[0], "--version") == 0 || strcmp(argv[0], "-V") == 0);
}

static bool
asks_for_help(int argc, char **argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	}
	return false;
}

static int
run(int argc, char **argv)
{
	const struct command *command;
	int used;

	if (argc < 2) {
		trouble("a command is missing; `vblk help` lists those that there are");
		return STATUS_TROUBLE;
	}
	if (asks_for_version(argc - 1, argv + 1) || asks_for_version(argc - 2, argv + 2)) {
		printf("vblk %s (%s)\n", ORION_VERSION_TEXT, ORION_SPECIFICATION);
		return STATUS_OK;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		overview();
		return STATUS_OK;
	}
	command = find(argc - 1, argv + 1, &used);
	if (command == NULL)
		return STATUS_TROUBLE;
	say_command(command->name);
	argc -= 1 + used;
	argv += 1 + used;
	if (asks_for_help(argc, argv)) {
		options_help(command);
		return STATUS_OK;
	}
	return command->run(command, argc, argv);
}

int
main(int argc, char **argv)
{
	int status = run(argc, argv);

	/* What a full disk or a closed pipe swallowed must not look like success. */
	if ((fflush(stdout) != 0 || ferror(stdout)) && status < STATUS_TROUBLE)
		status = trouble("standard output could not be written");
	return status;
}

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
	.most = 1,
	.run = run_help,
};

static const struct command *const commands[] = {
	&info_command,  &read_command,  &write_command, &copy_command, &verify_command,
	&bench_command, &stats_command, &top_command,   &help_command,
};

#define COUNT (sizeof(commands) / sizeof(commands[0]))

static void
overview(void)
{
	printf("vblk: virtio block devices from Linux user space\n\n"
	       "    vblk COMMAND [ARGUMENT...]\n\n");
	for (unsigned i = 0; i < COUNT; i++)
		printf("    %-8s%s\n", commands[i]->name, commands[i]->summary);
	printf("\nA disk is named by a URL: vhost-user:PATH[?OPTION=VALUE[&OPTION=VALUE]...], as "
	       "in\n"
	       "'vhost-user:/run/disk.sock?queues=2&depth=64'; orion-vblk(7) has the options.\n"
	       "`vblk help COMMAND` has the details, and vblk(1) all of them.\n\n"
	       "Exit status: 0 done; 1 verify found a difference; 2 trouble, said on stderr;\n"
	       "130 ended by Ctrl-C.\n");
}

static const struct command *
find(const char *name)
{
	const char *near = NULL;
	unsigned best = 3;

	for (unsigned i = 0; i < COUNT; i++) {
		unsigned distance = text_distance(name, commands[i]->name);

		if (strcmp(name, commands[i]->name) == 0)
			return commands[i];
		if (distance < best) {
			best = distance;
			near = commands[i]->name;
		}
	}
	if (near != NULL)
		trouble("there is no command %s; %s was meant?", name, near);
	else
		trouble("there is no command %s; `vblk help` lists those that there are", name);
	return NULL;
}

static int
run_help(const struct command *self, int argc, char **argv)
{
	const struct command *command;
	int left = options_read(self, NULL, argc, argv);

	if (left < 0)
		return STATUS_TROUBLE;
	if (left == 0) {
		overview();
		return STATUS_OK;
	}
	command = find(argv[0]);
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
	command = find(argv[1]);
	if (command == NULL)
		return STATUS_TROUBLE;
	say_command(command->name);
	if (asks_for_help(argc - 2, argv + 2)) {
		options_help(command);
		return STATUS_OK;
	}
	return command->run(command, argc - 2, argv + 2);
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

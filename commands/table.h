/* SPDX-License-Identifier: MIT */
/* The groups of commands that every host has; a command's ARGV are the words after its name. */
#ifndef COMMANDS_TABLE_H
#define COMMANDS_TABLE_H

#include "orion/command.h"

#define DISK_COMMANDS 7u
#define MANAGEMENT_COMMANDS 7u

extern const struct command disk_commands[DISK_COMMANDS];
extern const struct command bench_command;
extern const struct command management_commands[MANAGEMENT_COMMANDS];

/* disk list: a disk command, and a report as the management commands are. */
orion_status run_disk_list(struct command_context *context, int argc, char **argv);

#endif

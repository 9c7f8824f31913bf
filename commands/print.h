/* SPDX-License-Identifier: MIT */
/* Printing through a command's context: words/print.h has what it knows. */
#ifndef COMMANDS_PRINT_H
#define COMMANDS_PRINT_H

#include "orion/command.h"
#include "words/print.h"

void print(struct command_context *context, const char *format, ...) PRINT_FORMAT(2, 3);
void print_list(struct command_context *context, const char *format, va_list arguments)
	PRINT_FORMAT(2, 0);

#endif

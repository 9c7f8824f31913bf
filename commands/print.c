/* SPDX-License-Identifier: MIT */
/* Printing through a command's context: see print.h. */
#include "commands/print.h"

void
print_list(struct command_context *context, const char *format, va_list arguments)
{
	print_to_list(&(struct text_sink){context->write, context->host}, format, arguments);
}

void
print(struct command_context *context, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_list(context, format, arguments);
	va_end(arguments);
}

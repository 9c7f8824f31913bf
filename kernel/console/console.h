/* SPDX-License-Identifier: MIT */
/* The interactive console: prompt, editing, Ctrl-C. */
#ifndef KERNEL_CONSOLE_CONSOLE_H
#define KERNEL_CONSOLE_CONSOLE_H

#include "orion/command.h"

/* Reads lines and runs them in CONTEXT, for ever.  Context: CPU 0. */
_Noreturn void console_run(struct command_context *context);

/* As command_context's interrupted(): Ctrl-C came since the running command began. */
bool console_interrupted(void *host);

/* As storage_host's: the same, for the lane that runs the commands. */
bool console_lane_interrupted(void *port_context, unsigned lane);

/* As command_context's write() and hold(). */
void console_hold(void *host, bool hold);
void console_write(void *host, const char *text, size_t length);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Formatted printing on the console, from every CPU; one lock keeps each call's text together.
 *
 * words/print.h has the formats.
 */
#ifndef KERNEL_CORE_PRINT_H
#define KERNEL_CORE_PRINT_H

#include <stdbool.h>
#include <stddef.h>

#include "words/print.h"

/* Any context, interrupts included. */
void kprint(const char *format, ...) PRINT_FORMAT(1, 2);
void kprint_bytes(const char *text, size_t length);

/*
 * What the kernel has to say of itself while a command writes: on a line of its own, and, while
 * kprint_hold() holds, after what is being written.  Any context.
 */
void kprint_message(const char *format, ...) PRINT_FORMAT(1, 2);
void kprint_hold(bool hold);

/* Plain: "\n" stays one byte (files, pipes).  Otherwise it becomes "\r\n" (terminals). */
void kprint_plain(bool plain);

/* For the dying: from now on no lock is waited for. */
void kprint_force(void);

#endif

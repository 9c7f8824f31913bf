/* SPDX-License-Identifier: MIT */
/*
 * Formatted printing on the console, from every CPU; one lock keeps each call's text together.
 *
 * Formats: %s %c %d %i %u %x %X %p %%, lengths h hh l ll z, flags '-' and '0', width and, for
 * strings, precision, both also as '*'.
 */
#ifndef KERNEL_CORE_PRINT_H
#define KERNEL_CORE_PRINT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define PRINT_FORMAT(format_at, first_at) __attribute__((format(printf, format_at, first_at)))

/* Any context, interrupts included. */
void kprint(const char *format, ...) PRINT_FORMAT(1, 2);
void kprint_bytes(const char *text, size_t length);

/*
 * What the kernel has to say of itself while a command writes: on a line of its own, and, while
 * kprint_hold() holds, after what is being written.  Any context.
 */
void kprint_message(const char *format, ...) PRINT_FORMAT(1, 2);
void kprint_hold(bool hold);

/* As snprintf(): returns the length that the whole text has; the buffer is always terminated. */
int format_text(char *buffer, size_t bytes, const char *format, ...) PRINT_FORMAT(3, 4);
int format_text_list(char *buffer, size_t bytes, const char *format, va_list arguments);

/* Plain: "\n" stays one byte (files, pipes).  Otherwise it becomes "\r\n" (terminals). */
void kprint_plain(bool plain);

/* For the dying: from now on no lock is waited for. */
void kprint_force(void);

/* "12.5 MiB" into BUFFER, and BUFFER back. */
const char *format_size(char *buffer, size_t bytes, unsigned long long size);

#endif

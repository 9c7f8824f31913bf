/* SPDX-License-Identifier: MIT */
/* What the framework needs of a C library: three of the core's own four. */
#ifndef STORAGE_BYTES_H
#define STORAGE_BYTES_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);

#endif

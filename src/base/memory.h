/* SPDX-License-Identifier: MIT */
/*
 * The four functions that every freestanding host supplies; compilers call them on their own too.
 */
#ifndef ORION_BASE_MEMORY_H
#define ORION_BASE_MEMORY_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

#endif

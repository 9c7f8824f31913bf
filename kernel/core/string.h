/* SPDX-License-Identifier: MIT */
/* The memory functions that compilers and the driver core expect (kernel/arch/<isa>/memory.S). */
#ifndef KERNEL_CORE_STRING_H
#define KERNEL_CORE_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

#endif

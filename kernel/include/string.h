/* SPDX-License-Identifier: MIT */
/* <string.h> for what is compiled into the kernel, so that no CPU needs a C library for it. */
#ifndef KERNEL_INCLUDE_STRING_H
#define KERNEL_INCLUDE_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The way out when the kernel cannot go on: panic_begin(), prints, panic_end().  The first CPU to
 * begin is the one that speaks; all others stop.
 */
#ifndef KERNEL_CORE_PANIC_H
#define KERNEL_CORE_PANIC_H

#include <stdbool.h>

void panic_begin(void);
_Noreturn void panic_end(void);
bool panic_is_running(void);

#endif

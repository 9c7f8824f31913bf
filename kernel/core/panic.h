/* SPDX-License-Identifier: MIT */
/*
 * The way out when the kernel cannot go on: panic_begin(), prints, panic_end().  The first CPU to
 * begin is the one that speaks; all others stop.
 */
#ifndef KERNEL_CORE_PANIC_H
#define KERNEL_CORE_PANIC_H

#include <stdbool.h>
#include <stdint.h>

void panic_begin(void);

/* Words from the stack at SP; a '*' marks those that point into the kernel's code. */
void panic_print_stack(uint64_t sp);

_Noreturn void panic_end(void);
bool panic_is_running(void);

#endif

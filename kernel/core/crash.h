/* SPDX-License-Identifier: MIT */
/* Exceptions that are provoked the same way on every machine: for arch_crash(). */
#ifndef KERNEL_CORE_CRASH_H
#define KERNEL_CORE_CRASH_H

/* Uses stack until its guard is hit. */
void crash_use_stack(void);

/* Writes to the kernel's code. */
void crash_write_code(void);

#endif

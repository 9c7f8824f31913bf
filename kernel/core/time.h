/* SPDX-License-Identifier: MIT */
/* Ticks to nanoseconds and back.  time_init() once, after arch_init(). */
#ifndef KERNEL_CORE_TIME_H
#define KERNEL_CORE_TIME_H

#include <stdint.h>

#define NS_PER_SECOND UINT64_C(1000000000)

void time_init(void);

/* Nanoseconds since time_init(); never goes back.  Any context. */
uint64_t time_now_ns(void);

/* TICKS of arch_ticks() as nanoseconds, rounded down. */
uint64_t time_of_ticks(uint64_t ticks);

/* NS nanoseconds as ticks, rounded up; saturates. */
uint64_t time_ticks(uint64_t ns);

#endif

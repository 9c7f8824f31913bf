/* SPDX-License-Identifier: MIT */
/*
 * Assertions: for the driver's own invariants only.  What a device or a caller can cause is a
 * status and a counter, never one of these.
 */
#ifndef ORION_BASE_CHECK_H
#define ORION_BASE_CHECK_H

#include "orion/port.h"

#define CHECK_TEXT2(x) #x
#define CHECK_TEXT(x) CHECK_TEXT2(x)

/* Panics, always (there is no build without it), unless CONDITION holds.  Not for the I/O path. */
#define CHECK(condition)                                                                          \
	((condition) ? (void)0 : orion_panic(__FILE__ ":" CHECK_TEXT(__LINE__) ": " #condition))

#define likely(condition) __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif

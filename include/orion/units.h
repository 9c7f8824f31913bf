/* SPDX-License-Identifier: MIT */
/*
 * Sizes and times as people write them: the one reader for URLs, for the arguments of programs, for
 * the options of plugins, for Orion's console and its TOML, so that a text means the same in each.
 *
 *   size    4096   64k 64K 64KiB = 65536   64kB 64KB = 64000   1M "1 MiB" = 1048576   1MB = 1000000
 *   time    5 = 5s   1.5s   500ms   50us   20ns   2m = 2min   1h
 *
 * A letter by itself, or with iB, is a power of 1024; with B alone it is a power of 1000; its case
 * counts nothing.  A time without a unit is in seconds.  Any thread.
 */
#ifndef ORION_UNITS_H
#define ORION_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#include "orion/api.h"

ORION_BEGIN_C

#define ORION_UNITS_SIZE_FORMS \
	"a number such as 4096, 0x1000, 64k, 10MiB, 2G (powers of 1024) or 4GB (of 1000)"
#define ORION_UNITS_DURATION_FORMS "a time such as 5, 5s, 500ms, 2m or 1h"

/* Decimal, or hexadecimal with 0x.  False, with *VALUE as it was: TEXT is none, or over 64 bits. */
ORION_API bool orion_units_number(const char *text, uint64_t *value);

/*
 * A number as above, perhaps blanks, then nothing or B: bytes; or one of k, M, G, T, P, E in either
 * case, by itself, with iB or with B.  False, with *BYTES as it was: TEXT is none, or over 64 bits.
 */
ORION_API bool orion_units_size(const char *text, uint64_t *bytes);

/*
 * A decimal number, perhaps with a fraction, then nothing or s, ns, us, ms, m or min, or h, into
 * nanoseconds, rounded down.  False, with *NS as it was: TEXT is none, or over 64 bits.
 */
ORION_API bool orion_units_duration(const char *text, uint64_t *ns);

ORION_END_C

#endif

/* SPDX-License-Identifier: MIT */
/* The readers of orion/units.h, for who tells what is no number from what is too large. */
#ifndef WORDS_UNITS_H
#define WORDS_UNITS_H

#include "orion/units.h"

typedef enum units_verdict {
	UNITS_READ,
	UNITS_NONE,             /* the text is none */
	UNITS_LARGE,            /* it is one, and does not fit into 64 bits */
} units_verdict;

/* As orion_units_size(); the value stays as it was unless UNITS_READ. */
units_verdict units_read_size(const char *text, uint64_t *bytes);

/*
 * Whether TEXT alone is a unit of sizes that ends in B ("MiB", "kB"): what follows a number where
 * words are set apart by blanks.
 */
bool units_is_unit(const char *text);

#endif

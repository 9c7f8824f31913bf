/* SPDX-License-Identifier: MIT */
/*
 * What every fuzzer of the driver shares: the input as a stream of numbers, and one way to fail.
 * Included once, by the fuzzer's only file.
 */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "orion/port.h"

static struct {
	const uint8_t *data;
	size_t left;
} input;

static void
demand(bool holds)
{
	if (!holds)
		abort();
}

void
orion_panic(const char *text)
{
	(void)text;
	abort();
}

/* The fuzzer's next number of BYTES bytes; zeros when the input is used up. */
static uint64_t
next(unsigned bytes)
{
	uint64_t v = 0;

	for (; bytes > 0 && input.left > 0; bytes--) {
		v = v << 8 | *input.data++;
		input.left--;
	}
	return v;
}

#endif

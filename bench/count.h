/* SPDX-License-Identifier: MIT */
/*
 * Counts what the driver does to shared memory, in programs built with ORION_STEPPED: every access
 * and every fence is then a call of a hook, and these are the hooks.  In other programs nothing is
 * counted.  The values are little-endian machines' only.
 */
#ifndef ORION_BENCH_COUNT_H
#define ORION_BENCH_COUNT_H

#include <stdbool.h>

struct access_count {
	bool on; /* the driver is running, not the device */
	unsigned long loads, stores;
	unsigned long fences; /* full ones: those that every CPU must execute */
};

extern struct access_count access_count;

/* Prints "loads L stores S fences F kicks K" of REQUESTS requests, if there was any access. */
void access_count_print(unsigned long requests, unsigned long kicks);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Hooks that count.  The manual is count.h.
 *
 * Driver and device take turns in one thread, so a hook need only do the access.
 */
#include "bench/count.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/stepped.h"

struct access_count access_count;

uint64_t
step_shared_load(const void *address, unsigned width)
{
	uint64_t value = 0;

	access_count.loads += access_count.on;
	memcpy(&value, address, width);
	return value;
}

void
step_shared_store(void *address, unsigned width, uint64_t value)
{
	access_count.stores += access_count.on;
	memcpy(address, &value, width);
}

uint32_t
step_register_load(const volatile void *address, unsigned width)
{
	(void)address, (void)width;
	return 0;
}

void
step_register_store(volatile void *address, unsigned width, uint32_t value)
{
	(void)address, (void)width, (void)value;
}

void
step_fence(step_order order)
{
	access_count.fences += access_count.on && order == STEP_ASK;
}

void
step_relax(void)
{
}

uint64_t
step_ticks(void)
{
	static uint64_t ticks;

	return ticks += 1000;
}

void
access_count_print(unsigned long requests, unsigned long kicks)
{
	const double n = (double)requests;

	if (access_count.loads == 0)
		return;
	printf("loads %.3f stores %.3f fences %.3f kicks %.3f\n", (double)access_count.loads / n,
	       (double)access_count.stores / n, (double)access_count.fences / n, (double)kicks / n);
}

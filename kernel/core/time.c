/* SPDX-License-Identifier: MIT */
/* A multiplication and a shift in place of a division: ns = ticks * scale / 2^32. */
#include "kernel/core/time.h"

#include "kernel/core/arch.h"

static uint64_t first_tick;
static uint64_t scale;

void
time_init(void)
{
	scale = (NS_PER_SECOND << 32) / arch_ticks_per_second();
	first_tick = arch_ticks();
}

uint64_t
time_of_ticks(uint64_t ticks)
{
	return (uint64_t)((unsigned __int128)ticks * scale >> 32);
}

uint64_t
time_now_ns(void)
{
	return time_of_ticks(arch_ticks() - first_tick);
}

uint64_t
time_ticks(uint64_t ns)
{
	uint64_t rate = arch_ticks_per_second();
	uint64_t seconds = ns / NS_PER_SECOND;

	if (seconds >= UINT64_MAX / rate - 1)
		return UINT64_MAX;
	return seconds * rate + (ns % NS_PER_SECOND * rate + NS_PER_SECOND - 1) / NS_PER_SECOND;
}

/* SPDX-License-Identifier: MIT */
/*
 * How long to poll before sleeping, learned from how long completions took to come lately.
 *
 * While the expected wait is below the limit, polling for twice as long catches nearly all;
 * sleeping would cost a system call and a wake-up.  When it is above, polling is wasted, but for
 * one wait in 32, by which a device that became fast is noticed.  Times are in ticks.
 */
#ifndef ORION_PORTS_LINUX_ADAPTIVE_H
#define ORION_PORTS_LINUX_ADAPTIVE_H

#include <stdint.h>

#define ADAPTIVE_TRY_EVERY 32u

struct adaptive {
	uint64_t limit;         /* never polls longer */
	uint64_t expected;      /* mean wait, recent ones counting most */
	unsigned slept;         /* waits since polling was last tried */
};

/* Ticks to poll now. */
static inline uint64_t
adaptive_budget(struct adaptive *adaptive)
{
	if (adaptive->expected <= adaptive->limit) {
		uint64_t twice = 2 * adaptive->expected + adaptive->limit / 16;

		return twice < adaptive->limit ? twice : adaptive->limit;
	}
	if (++adaptive->slept < ADAPTIVE_TRY_EVERY)
		return 0;
	adaptive->slept = 0;
	return adaptive->limit;
}

/* A wait took TICKS, polled or slept. */
static inline void
adaptive_learn(struct adaptive *adaptive, uint64_t ticks)
{
	/* One wait of seconds says no more than one of twice the limit. */
	uint64_t most = 4 * adaptive->limit;

	if (ticks > most)
		ticks = most;
	adaptive->expected += (ticks >> 3) - (adaptive->expected >> 3);
}

#endif

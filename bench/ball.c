/* SPDX-License-Identifier: MIT */
/* The manual is ball.h. */
#include "bench/ball.h"

#include <sched.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define SERIES 100u
#define BOUNCES 1000u

/* The program's CPUs: threads inherit the one that their maker was put on. */
static cpu_set_t allowed;

static void
learn(void)
{
	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		CPU_ZERO(&allowed);
}

bool
ball_pin(unsigned n)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	cpu_set_t set;

	pthread_once(&once, learn);
	for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &allowed) && n-- == 0) {
			CPU_ZERO(&set);
			CPU_SET(cpu, &set);
			return pthread_setaffinity_np(pthread_self(), sizeof(set), &set) == 0;
		}
	return false;
}

static double
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The ball goes out as an odd number, and comes back even.  Of many series the median counts, since
 * others may be running. */
double
ball_serve(struct ball *ball)
{
	double took[SERIES];

	for (unsigned series = 0; series < SERIES; series++) {
		double begun = now_ns();

		for (unsigned i = 0; i < BOUNCES; i++) {
			uint32_t sent = __atomic_load_n(&ball->at, __ATOMIC_RELAXED) + 1;

			__atomic_store_n(&ball->at, sent, __ATOMIC_RELEASE);
			while (__atomic_load_n(&ball->at, __ATOMIC_ACQUIRE) == sent)
				;
		}
		took[series] = (now_ns() - begun) / BOUNCES;
	}
	qsort(took, SERIES, sizeof(*took), compare);
	return took[SERIES / 2];
}

void
ball_return(struct ball *ball)
{
	for (unsigned i = 0; i < SERIES * BOUNCES; i++) {
		uint32_t seen;

		while (((seen = __atomic_load_n(&ball->at, __ATOMIC_ACQUIRE)) & 1) == 0)
			;
		__atomic_store_n(&ball->at, seen + 1, __ATOMIC_RELEASE);
	}
}

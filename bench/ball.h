/* SPDX-License-Identifier: MIT */
/*
 * A cache line, sent to another CPU and back: the unit in which two threads that share memory live.
 * On a virtual machine it changes within minutes, so each measurement prints it.
 */
#ifndef BENCH_BALL_H
#define BENCH_BALL_H

#include <stdbool.h>
#include <stdint.h>

struct ball {
	_Alignas(128) uint32_t at; /* atomic; 0 at first */
	char rest[124];
};

/* Puts the calling thread on the N-th CPU of those that the program may use; false: it can't. */
bool ball_pin(unsigned n);

/* Two threads call one each, at the same time.  Returns nanoseconds for over and back. */
double ball_serve(struct ball *ball);
void ball_return(struct ball *ball);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Progress of long work as one line of text: percent, amount, rate, time left, at most five times a
 * second.  Who is watching, and how a line is erased, is the home's matter.  One thread.
 */
#ifndef WORDS_METER_H
#define WORDS_METER_H

#include <stddef.h>
#include <stdint.h>

typedef enum meter_unit {
	METER_BYTES,
	METER_REQUESTS,
	METER_TIME,             /* nothing is counted but the nanoseconds since the start */
} meter_unit;

/* The amount of work is not known. */
#define METER_UNKNOWN UINT64_MAX

struct meter {
	const char *title;
	uint64_t total;         /* units of work, or METER_UNKNOWN */
	meter_unit unit;
	uint64_t start_ns;
	uint64_t shown_ns;      /* when the last line was made; the first comes after its time */
};

void meter_start(struct meter *meter, const char *title, uint64_t total, meter_unit unit,
		 uint64_t now_ns);

/*
 * The line for DONE units at NOW_NS, which only grows, into ROOM bytes at LINE, cut if need be.
 * Returns its length in them; 0: none is due.
 */
size_t meter_line(struct meter *meter, uint64_t done, uint64_t now_ns, char *line, size_t room);

#endif

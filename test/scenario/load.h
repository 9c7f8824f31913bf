/* SPDX-License-Identifier: MIT */
/*
 * A load on one queue of a world: lanes, each with a sector of its own that it writes and reads in
 * turn, as many at a time as the queue takes, in steps of random size.
 *
 * What a lane reads must be what it wrote last.  A request that came back without having succeeded
 * leaves its sector in doubt: the lane's next request writes it.  That each accepted request comes
 * back exactly once is the world's book, checked by every world_*() call.
 */
#ifndef TEST_SCENARIO_LOAD_H
#define TEST_SCENARIO_LOAD_H

#include "test/world.h"

#define LOAD_LANES_MAX 1024u

struct load_lane {
	uint64_t cookie; /* of the request in flight; 0: idle */
	uint64_t version; /* of what the sector holds; 0: in doubt */
	uint64_t writing; /* the version that the request in flight writes; 0: it reads */
};

struct load {
	struct world *world;
	unsigned queue, lanes;
	uint64_t versions;
	struct world_buffer *out, *in; /* a sector for each lane */
	unsigned completed, failed;
	uint64_t allowed; /* results that a completion may have, as a set */
	bool lengths_lie; /* the device is told to: what it says it wrote is not looked at */
	struct load_lane lane[LOAD_LANES_MAX];
};

/* LANES on QUEUE; every result must be ORION_OK until load_allow(). */
struct load *load_open(struct world *world, unsigned queue, unsigned lanes);
void load_free(struct load *load);

/* RESULT may come, too. */
void load_allow(struct load *load, orion_status result);

/* Submits on idle lanes, at most MOST; returns how many the queue took. */
unsigned load_submit(struct load *load, unsigned most);

/* Reaps at most MOST and checks each; returns how many. */
unsigned load_reap(struct load *load, unsigned most);

/* Some submissions, perhaps a kick, some acts of the device, some completions. */
void load_step(struct load *load);

/* Until nothing is in flight, or the queue is broken or stopped and gives nothing more. */
void load_drain(struct load *load);

/* Lanes with a request in flight. */
unsigned load_in_flight(const struct load *load);

#endif

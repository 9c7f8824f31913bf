/* SPDX-License-Identifier: MIT */
/*
 * The cheapest honest device, in the caller's own thread: it completes whatever is available, with
 * status OK and no data moved.  For counting what the driver itself costs.  It trusts the driver
 * and checks nothing: the model device (model/) is the one to test with.
 */
#ifndef ORION_BENCH_SINK_H
#define ORION_BENCH_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "orion/transport.h"

struct sink {
	bool packed, indirect, event_index;
	uint16_t size_max;
	uint8_t status;
	uint64_t features;

	/* One queue. */
	uint16_t size;
	unsigned char *descriptors, *driver, *device; /* device address = CPU address */
	uint16_t avail, used;
	bool avail_wrap, used_wrap;
	uint64_t completed;
};

/* The transport of SINK, which the caller has zeroed and whose first four fields it has set. */
struct virtio_transport sink_transport(struct sink *sink);

/* Completes everything that is available; asks to be kicked for the next.  Returns how many. */
unsigned sink_poll(struct sink *sink);

/* A port on malloc(): device address = CPU address, no interrupts. */
extern const struct orion_port sink_port;

#endif

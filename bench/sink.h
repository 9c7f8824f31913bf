/* SPDX-License-Identifier: MIT */
/*
 * A block device made of ring devices (device.h), as a transport, and a port on malloc(): what it
 * takes to open the driver core on one.
 */
#ifndef ORION_BENCH_SINK_H
#define ORION_BENCH_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/device.h"
#include "orion/transport.h"

#define SINK_QUEUES_MAX 16u

struct sink {
	/* Set by the owner. */
	bool packed, indirect, event_index, in_order;
	bool polled;            /* the device looks by itself: it asks for no kicks */
	bool echo;              /* as of struct ring_device */
	uint16_t size_max;
	uint16_t queues;

	uint8_t status;
	uint64_t features; /* negotiated */
	_Alignas(128) struct ring_device rings[SINK_QUEUES_MAX];
};

/* The transport of SINK, which the caller has zeroed and whose first fields it has set. */
struct virtio_transport sink_transport(struct sink *sink);

/* Completes at most MAX requests of QUEUE and asks to be kicked for the next.  Returns how many. */
unsigned sink_poll(struct sink *sink, unsigned queue, unsigned max);

/* A port on malloc(): device address = CPU address, no interrupts. */
extern const struct orion_port sink_port;

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The cheapest honest device for one virtqueue: it completes what is available, status OK, and
 * moves no data.  It trusts the driver and checks nothing: model/ is the device to test with.
 * Device addresses are CPU addresses.
 *
 * It may be polled in the driver's thread (counts) or in one of its own (times).
 */
#ifndef ORION_BENCH_DEVICE_H
#define ORION_BENCH_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/device_ring.h"

struct ring_device {
	/* Set by the owner, before anything is available: the part of struct device_ring that says
	 * so, and this. */
	struct device_ring ring;
	bool echo; /* the request's sector is written to the start of its data */

	/* The device's own. */
	uint64_t completed;
};

/* Puts DEVICE at the start of its rings. */
void ring_device_start(struct ring_device *device);

/* Completes at most MAX requests.  Returns how many. */
unsigned ring_device_poll(struct ring_device *device, unsigned max);

/* Asks to be kicked for the next request.  False: one is there already. */
bool ring_device_arm(struct ring_device *device);

/* Asks for no kicks. */
void ring_device_disarm(struct ring_device *device);

/* Whether the driver wants an interrupt for what was completed since the last question. */
bool ring_device_ask(struct ring_device *device);

#endif

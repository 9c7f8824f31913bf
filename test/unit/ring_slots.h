/* SPDX-License-Identifier: MIT */
/* Slots whose owner keeps nothing in them, for tests of the ring alone. */
#ifndef TEST_UNIT_RING_SLOTS_H
#define TEST_UNIT_RING_SLOTS_H

#include "ring/ring.h"

struct bare_slot {
	struct vring_slot ring;
	unsigned char owner[VRING_SLOT_BYTES - sizeof(struct vring_slot)];
};

#endif

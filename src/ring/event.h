/* SPDX-License-Identifier: MIT */
/*
 * Event-index arithmetic: pure functions, right for any batch and any wrap.
 *
 * Split positions are free-running 16-bit counters.  Packed positions are a slot and a wrap
 * counter; one that belongs to the other lap is moved by the ring's size, after which the same rule
 * serves.
 */
#ifndef ORION_RING_EVENT_H
#define ORION_RING_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "../spec/virtq_packed.h"

/*
 * True when EVENT is among the FRESH positions before NOW (modulo 2^16): the other side asked to be
 * told when that position is filled.  0: nothing is new.  From 2^16 on every position was passed,
 * though NOW may stand where it stood.  [spec 2.7.10]
 */
static inline bool
vring_event_passed(uint16_t event, uint16_t now, uint64_t fresh)
{
	return (uint16_t)(now - event - 1) < fresh;
}

/*
 * The same for a packed ring of SIZE slots: EVENT is what the device wrote (slot and wrap bit), NOW
 * the next slot to fill in lap WRAP, FRESH the descriptors filled since the last question, at most
 * SIZE.  [spec 2.8.14]
 */
static inline bool
vring_packed_event_passed(uint16_t event, uint16_t now, bool wrap, uint16_t fresh, uint16_t size)
{
	uint16_t slot = (uint16_t)(event & ~VIRTQ_PACKED_EVENT_WRAP);
	bool event_wrap = (event & VIRTQ_PACKED_EVENT_WRAP) != 0;

	if (event_wrap != wrap)
		slot = (uint16_t)(slot - size);
	return vring_event_passed(slot, now, fresh);
}

#endif

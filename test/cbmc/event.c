/* SPDX-License-Identifier: MIT */
/* Bounded proofs: event arithmetic against its definition, for every input. */
#include "ring/event.h"

#include "test/cbmc/world.h"

/*
 * EVENT was passed when it is one of the FRESH positions before NOW: there is a step back from NOW,
 * of 1 .. FRESH, that leads to it.  Given as a number that the solver may choose, both ways.
 */
void
proof_event_passed(void)
{
	uint16_t event = nondet_u16(), now = nondet_u16();
	uint64_t fresh = nondet_u64(), back = nondet_u64();
	bool passed = vring_event_passed(event, now, fresh);

	ASSUME(back >= 1 && back <= 65536 && (uint16_t)(now - back) == event);
	PROVE(passed == (back <= fresh), "passed: it lies within the fresh ones");
	POSSIBLE(true, "the end");
}

/* What is written for SLOT in a lap that is EVEN: the first lap, number 0, has the bit set. */
static uint16_t
written(uint16_t slot, bool even)
{
	return (uint16_t)(slot | (even ? VIRTQ_PACKED_EVENT_WRAP : 0));
}

/*
 * EVENT is the position BACK before NOW, in the same lap or in the one before; what is not yet
 * reached in this lap was filled in the lap before the last.  It was passed when it is among the
 * last FRESH, of which there are at most SIZE.  Any size, powers of two or not.
 */
void
proof_packed_event_passed(void)
{
	uint16_t size = nondet_u16(), fresh = nondet_u16();
	uint16_t now = nondet_u16(), slot = nondet_u16();
	bool even = nondet_bool(), same = nondet_bool();
	uint32_t back;

	ASSUME(size >= 1 && size <= 32768 && fresh <= size && now < size && slot < size);
	back = (same ? 0u : size) + now - slot;
	if (same && slot >= now)
		back = 2u * size + now - slot;
	PROVE(vring_packed_event_passed(written(slot, same == even), now, even, fresh, size) ==
		      (back <= fresh),
	      "passed: it lies within the fresh ones");
	POSSIBLE(true, "the end");
}

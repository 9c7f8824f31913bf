/* SPDX-License-Identifier: MIT */
/*
 * Any state that a ring can be in: the invariant of a ring's private words, written once.
 *
 * orion_vring_setup() establishes it (setup.c) and each verb keeps it, whatever the device does
 * (split.c, packed.c).  So it holds always, and a proof may begin in any state that it allows.  The
 * compiler is told SIZE, IDS and KIND; split rings and packed rings are different programs.
 *
 *   - Each slot is in flight or free; each descriptor is lent under one slot or free.  Counts say
 *     how many.
 *   - In order, slots and descriptors are used in a circle; those in flight begin at the oldest.
 *   - Packed: what is lent begins where the driver looks and ends where it fills.
 */
#ifndef ORION_TEST_CBMC_RING_STATE_H
#define ORION_TEST_CBMC_RING_STATE_H

#include "ring/ring.h"
#include "test/cbmc/world.h"

struct state_slot {
	_Alignas(VRING_SLOT_BYTES) struct vring_slot ring;
	unsigned char owners[VRING_SLOT_BYTES - sizeof(struct vring_slot)];
};

/* The ring under proof, and the words that a proof began with. */
extern struct vring ring;
extern struct vring before;
extern struct state_slot slots[IDS];
extern struct state_slot slots_before[IDS];
extern uint16_t links[SIZE];

/* A ring in any state that the invariant allows. */
void state_any(bool packed);

/* The words that never change after setting up, but for what is asked for. */
void state_constants(struct vring *to, bool packed);

/* Whether the ring's words are such. */
bool state_holds(void);

/* Chains in flight, by the slots themselves: now, and before. */
uint32_t state_in_flight(void);
uint32_t state_in_flight_before(void);

/*
 * Whether every slot but EXCEPT (or NULL) is as it was; whether all words of two rings are equal.
 */
bool state_same(const struct vring_slot *except);
bool state_equal(const struct vring *a, const struct vring *b);

/* Which slot it is; IDS when it is none. */
uint32_t state_index(const struct vring_slot *slot);

/* Packed: which descriptor it is; SIZE when it is none. */
uint32_t state_position(const struct virtq_packed_desc *desc);

#endif

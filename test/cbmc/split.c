/* SPDX-License-Identifier: MIT */
/*
 * Bounded proofs: each verb of the split ring, from any state that the invariant allows, against a
 * device that answers each load with whatever it likes.
 */
#include "ring/split.h"

#include "test/cbmc/ring_state.h"

/* The areas, as offsets. */
#define AVAIL_IDX (world.driver_offset + offsetof(struct virtq_avail, idx))
#define AVAIL_RING(i) (world.driver_offset + offsetof(struct virtq_avail, ring) + 2 * (size_t)(i))
#define AVAIL_FLAGS (world.driver_offset)
#define USED_IDX (world.device_offset + offsetof(struct virtq_used, idx))
#define USED_RING(i) (world.device_offset + offsetof(struct virtq_used, ring) + 8 * (size_t)(i))
#define USED_FLAGS (world.device_offset)
#define USED_EVENT AVAIL_RING(SIZE)
#define AVAIL_EVENT USED_RING(SIZE)

void
proof_split_room(void)
{
	uint32_t pieces = nondet_u32();

	state_any(false);
	ASSUME(pieces >= 1 && pieces <= SIZE && (KIND & VRING_DIRECT || pieces == 1));
	PROVE(vring_split_room(&ring, pieces, KIND) ==
		      (state_in_flight() < ring.limit &&
		       (!(KIND & VRING_DIRECT) || pieces <= ring.free)),
	      "room: a slot is free, and so many descriptors");
	POSSIBLE(true, "the end");
}

/* A table: under a slot that was free, its descriptor as prepared, offered where it is due. */
void
proof_split_add_table(void)
{
	uint64_t address = nondet_u64();
	uint32_t bytes = nondet_u32();
	struct vring_slot *slot;

	state_any(false);
	ASSUME(vring_split_room(&ring, 1, KIND));
	slot = vring_split_next(&ring);
	PROVE(state_index(slot) < IDS && slot->descriptors == 0, "a free slot");
	vring_split_prepare_table(&ring, slot, address, bytes);
	PROVE(world.stores == 2 && world_stored(0, 16 * (size_t)slot->id, 8, address) &&
		      world_stored(1, 16 * (size_t)slot->id + 8, 8,
				   bytes | (uint64_t)VIRTQ_DESC_F_INDIRECT << 32),
	      "its descriptor");
	PROVE(state_equal(&ring, &before) && state_same(NULL), "preparing changes nothing else");
	vring_split_add_table(&ring, slot, KIND);
	PROVE(KIND & VRING_IN_ORDER
		      ? world.stores == 2 && slot->id == (before.added & ring.mask)
		      : world.stores == 3 &&
				world_stored(2, AVAIL_RING(before.added & ring.mask), 2, slot->id),
	      "offered at the next place");
	PROVE(state_holds(), "the invariant");
	PROVE(slot->descriptors == 1 && state_same(slot), "in flight, as no other");
	PROVE(ring.added == before.added + 1 && ring.asked == before.asked, "counted");
	PROVE(world.loads == 0, "nothing is asked of the device");
	POSSIBLE(true, "the end");
}

/* A chain of up to three pieces: linked in its stores, offered by its head. */
void
proof_split_add_chain(void)
{
	struct vring_split_chain chain;
	uint32_t pieces = nondet_u32();
	uint64_t address = nondet_u64();
	uint32_t length = nondet_u32();

	state_any(false);
	ASSUME(pieces >= 1 && pieces <= 3 && vring_split_room(&ring, pieces, KIND));
	vring_split_begin(&ring, &chain, KIND);
	PROVE(state_index(chain.slot) < IDS && chain.slot->descriptors == 0, "a free slot");
	for (uint32_t i = 1; i < pieces; i++)
		vring_split_piece(&ring, &chain, address + i, length + i, VIRTQ_DESC_F_WRITE, KIND);
	vring_split_last(&ring, &chain, address, length, 0, KIND);
	PROVE(state_holds(), "the invariant");
	PROVE(chain.slot->descriptors == pieces && state_same(chain.slot),
	      "in flight, as no other");
	PROVE(ring.free == before.free - pieces && ring.added == before.added + 1, "counted");
	PROVE(world.stores == 2 * pieces + 1, "two stores a piece, and the offer");
	PROVE(world_stored(2 * pieces, AVAIL_RING(before.added & ring.mask), 2,
			   world.store[0].offset / 16),
	      "offered at the next place, by its head");
	for (uint32_t i = 0; i + 1 < pieces; i++)
		PROVE(world.store[2 * i].offset % 16 == 0 && world.store[2 * i].width == 8 &&
			      world.store[2 * i].value == address + i + 1 &&
			      world_stored(
				      2 * i + 1, world.store[2 * i].offset + 8, 8,
				      (uint32_t)(length + i + 1) |
					      (uint64_t)(VIRTQ_DESC_F_WRITE | VIRTQ_DESC_F_NEXT)
						      << 32 |
					      (uint64_t)(world.store[2 * i + 2].offset / 16) << 48),
		      "a piece, linked to the next");
	PROVE(world.store[2 * pieces - 2].value == address &&
		      world_stored(2 * pieces - 1, world.store[2 * pieces - 2].offset + 8, 8,
				   length),
	      "the last piece");
	PROVE((KIND & VRING_IN_ORDER) || world.store[0].offset / 16 == chain.slot->id,
	      "its id is its head");
	PROVE(world.loads == 0, "nothing is asked of the device");
	POSSIBLE(true, "the end");
}

void
proof_split_publish(void)
{
	state_any(false);
	vring_split_publish(&ring);
	PROVE(world.stores == 1 && world.store[0].published == 1 &&
		      world_stored(0, AVAIL_IDX, 2, (uint16_t)before.added),
	      "the fence, then the index");
	PROVE(state_equal(&ring, &before) && state_same(NULL), "nothing else");
	POSSIBLE(true, "the end");
}

/* One load, after the full fence; and the answer that the definition gives. */
void
proof_split_ask(void)
{
	uint64_t back = nondet_u64();
	uint16_t event;
	bool kick;

	state_any(false);
	kick = vring_split_ask(&ring);
	PROVE(world.loads == 1 && world.load[0].asked == 1 && world.stores == 0,
	      "one load, fenced");
	if (ring.event_index) {
		event = (uint16_t)world_loaded(0, AVAIL_EVENT, 2);
		ASSUME(back >= 1 && back <= 65536 && (uint16_t)(before.added - back) == event);
		PROVE(kick == (back <= before.added - before.asked), "by the event index");
	} else {
		PROVE(kick == !(world_loaded(0, USED_FLAGS, 2) & 1), "by the flag");
	}
	before.asked = before.added;
	PROVE(state_equal(&ring, &before) && state_same(NULL), "nothing else");
	POSSIBLE(true, "the end");
}

/* The index is looked at once; never more than what is in flight. */
void
proof_split_pending(void)
{
	uint32_t pending;
	uint16_t index;
	vring_fault fault;

	state_any(false);
	fault = vring_split_pending(&ring, &pending);
	PROVE(world.loads == 1 && world.stores == 0, "one load");
	index = (uint16_t)world_loaded(0, USED_IDX, 2);
	PROVE(fault == VRING_OK || fault == VRING_INDEX_LEAP, "the causes");
	PROVE((fault == VRING_OK) == ((uint16_t)(index - before.used) <= state_in_flight()),
	      "refused when, and only when, it leaps");
	if (fault == VRING_OK)
		PROVE(pending == (uint16_t)(index - before.used) && pending <= state_in_flight() &&
			      world.observed == 1,
		      "as many, and contents after it");
	PROVE(state_equal(&ring, &before) && state_same(NULL), "nothing else");
	POSSIBLE(true, "the end");
}

/* The slot that the claim CLAIMED names in truth, by the slots themselves; NULL: none in flight. */
static struct vring_slot *
claimed_slot(uint32_t claimed)
{
	struct vring_slot *found = NULL;

	for (uint32_t i = 0; i < IDS; i++) {
		const struct vring_slot *slot = &slots_before[i].ring;
		uint32_t id = KIND == (VRING_DIRECT | VRING_IN_ORDER) ? slot->edge : slot->id;

		if (slot->descriptors != 0 && id == claimed)
			found = &slots[i].ring;
	}
	return found;
}

/* Chains from the oldest up to SLOT. */
static uint32_t
batch_of(const struct vring_slot *slot)
{
	return (state_index(slot) + IDS - state_index(before.oldest)) % IDS + 1;
}

/* What a take that succeeded has done to the private words. */
static void
taken(const struct vring_slot *slot)
{
	uint32_t i = state_index(slot);

	PROVE(i < IDS && slots_before[i].ring.descriptors != 0, "it was in flight");
	PROVE(slot->descriptors == 0 && state_same(slot), "it is no longer, and no other changed");
	PROVE(state_in_flight() + 1 == state_in_flight_before(), "once");
	PROVE(ring.used == before.used + 1 && ring.added == before.added, "counted");
	if (KIND & VRING_DIRECT)
		PROVE(ring.free == before.free + slots_before[i].ring.descriptors,
		      "all its descriptors are free");
	PROVE(state_holds(), "the invariant");
}

/* The device's word, and what must come of it. */
static void
judge(vring_fault fault, struct vring_slot *slot, uint32_t length, uint32_t pending)
{
	uint64_t word = world_loaded(0, USED_RING(before.used & ring.mask), 8);
	struct vring_slot *named = claimed_slot((uint32_t)word);

	if (named == NULL) {
		PROVE(fault == ((uint32_t)word >= IDS ? VRING_ID_RANGE : VRING_ID_FREE), "refused");
	} else if (KIND & VRING_IN_ORDER && batch_of(named) > pending) {
		PROVE(fault == VRING_OUT_OF_ORDER, "more than there are");
	} else {
		PROVE(fault == VRING_OK, "a true claim is taken");
		PROVE(slot == (KIND & VRING_IN_ORDER ? before.oldest : named), "the chain");
		PROVE(length == (slot == named ? word >> 32 : VRING_LENGTH_UNKNOWN),
		      "the length of the same load");
		if (KIND & VRING_IN_ORDER)
			PROVE(ring.batch == batch_of(named) - 1, "the rest of the batch");
		taken(slot);
		POSSIBLE(true, "a claim taken");
		return;
	}
	PROVE(state_equal(&ring, &before) && state_same(NULL), "refusal changes nothing");
	POSSIBLE(fault == VRING_ID_RANGE, "an id that is none");
	POSSIBLE(fault == VRING_ID_FREE, "an id that is not in flight");
	POSSIBLE(!(KIND & VRING_IN_ORDER) || fault == VRING_OUT_OF_ORDER, "out of order");
}

/*
 * The next used chain.  Taken when, and only when, the claim is true: an honest device is never
 * found broken.  A refusal leaves every word as it was.
 */
void
proof_split_take(void)
{
	uint32_t pending = nondet_u32(), length = nondet_u32();
	struct vring_slot *slot = NULL;
	vring_fault fault;

	state_any(false);
	ASSUME(pending >= 1 && pending <= state_in_flight());
	ASSUME(!(KIND & VRING_IN_ORDER) || ring.batch == 0);
	fault = vring_split_take(&ring, pending, &slot, &length, KIND);
	PROVE(world.stores == 0 && world.loads == 1, "one load");
	judge(fault, slot, length, pending);
}

/* In order, in the midst of a batch: the next without a look at what the device says now. */
void
proof_split_take_batch(void)
{
	uint32_t length = nondet_u32();
	struct vring_slot *slot = NULL;

	state_any(false);
	ASSUME(ring.batch != 0);
	PROVE(vring_split_take(&ring, ring.batch, &slot, &length, KIND) == VRING_OK &&
		      slot == before.oldest,
	      "the next");
	PROVE(length == (before.batch == 1 ? before.batch_length : VRING_LENGTH_UNKNOWN),
	      "the length is the last one's");
	PROVE(world.loads == 0 && world.stores == 0, "nothing is asked of the device");
	PROVE(ring.batch == before.batch - 1, "one fewer");
	taken(slot);
	POSSIBLE(true, "the end");
}

/* The same claim twice: taken at most once. */
void
proof_split_take_twice(void)
{
	struct vring_slot *first, *second;
	uint32_t length;

	state_any(false);
	ASSUME(state_in_flight() >= 2 && ring.batch == 0);
	ASSUME(vring_split_take(&ring, state_in_flight(), &first, &length, KIND) == VRING_OK);
	ASSUME(ring.batch == 0);
	if (vring_split_take(&ring, state_in_flight(), &second, &length, KIND) == VRING_OK)
		PROVE(first != second &&
			      (uint32_t)world.load[0].value != (uint32_t)world.load[1].value,
		      "an id is taken once");
	POSSIBLE(true, "the end");
}

void
proof_split_arm(void)
{
	bool armed;

	state_any(false);
	armed = vring_split_arm(&ring);
	PROVE(world.stores == 1 && world.store[0].asked == 0 &&
		      (ring.event_index ? world_stored(0, USED_EVENT, 2, (uint16_t)before.used)
					: world_stored(0, AVAIL_FLAGS, 2, 0)),
	      "the wish");
	PROVE(world.loads == 1 && world.load[0].asked == 1, "then the fence, then one look");
	PROVE(armed == (world_loaded(0, USED_IDX, 2) == (uint16_t)before.used),
	      "armed: nothing has come");
	PROVE(state_equal(&ring, &before) && state_same(NULL), "nothing else");
	POSSIBLE(true, "the end");
}

void
proof_split_disarm(void)
{
	state_any(false);
	vring_split_disarm(&ring);
	PROVE(world.loads == 0, "no load");
	PROVE(ring.event_index ? world.stores == 0
			       : world.stores == 1 && world_stored(0, AVAIL_FLAGS, 2, 1),
	      "the flag, when there is no event index");
	PROVE(state_equal(&ring, &before) && state_same(NULL), "nothing else");
	POSSIBLE(true, "the end");
}

/* A batch worked in a local copy: what is given back is all that changed. */
void
proof_split_keep(void)
{
	struct vring_split_chain chain;
	struct vring_slot *slot;
	struct vring work;
	uint32_t length;

	state_any(false);
	work = ring;
	if (nondet_bool()) {
		ASSUME(vring_split_room(&work, 1, KIND));
		if (KIND & VRING_DIRECT) {
			vring_split_begin(&work, &chain, KIND);
			vring_split_last(&work, &chain, 0, 0, 0, KIND);
		} else {
			vring_split_add_table(&work, vring_split_next(&work), KIND);
		}
		vring_keep_producer(&ring, &work, KIND, false);
	} else {
		ASSUME(state_in_flight() >= 1);
		ASSUME(vring_split_take(&work, state_in_flight(), &slot, &length, KIND) ==
		       VRING_OK);
		vring_keep_consumer(&ring, &work, KIND, false);
	}
	PROVE(state_equal(&ring, &work), "nothing was left behind");
	POSSIBLE(true, "the end");
}

/* SPDX-License-Identifier: MIT */
/*
 * Bounded proofs: each verb of the packed ring, from any state that the invariant allows, against a
 * device that answers each load with whatever it likes.
 */
#include "ring/packed.h"

#include "test/cbmc/ring_state.h"

#define DESC(at) (16 * (size_t)(at))
#define WORD(at) (DESC(at) + offsetof(struct virtq_packed_desc, len_id_flags))
#define FLAGS(at) (DESC(at) + offsetof(struct virtq_packed_desc, flags))
#define DRIVER_EVENT (world.driver_offset)
#define DEVICE_EVENT (world.device_offset)

/*
 * The bits of a descriptor made available in the lap in which POSITION, as counted from the look.
 */
static uint64_t
available(uint32_t position)
{
	bool wrap = vring_used_wrap(&before) != (position >= SIZE);

	return (uint64_t)(wrap ? VIRTQ_PACKED_F_AVAIL : VIRTQ_PACKED_F_USED) << 48;
}

/* Where the driver fills, counted on from the lap of the look: below 2 * SIZE. */
static uint32_t
first_free(void)
{
	uint32_t at = state_position(before.fill);
	bool wrap = before.avail_lap == (uint64_t)VIRTQ_PACKED_F_AVAIL << 48;

	return wrap == vring_used_wrap(&before) ? at : at + SIZE;
}

void
proof_packed_room(void)
{
	uint32_t pieces = nondet_u32();

	state_any(true);
	ASSUME(pieces >= 1 && pieces <= SIZE && (KIND & VRING_DIRECT || pieces == 1));
	PROVE(vring_packed_room(&ring, pieces, KIND) ==
		      (state_in_flight() < ring.limit &&
		       (!(KIND & VRING_DIRECT) || pieces <= ring.free)),
	      "room: a slot is free, and so many descriptors");
	POSSIBLE(true, "the end");
}

/* What adding a chain of COUNT under SLOT has done to the private words. */
static void
added(const struct vring_slot *slot, uint32_t count)
{
	PROVE(state_holds(), "the invariant");
	PROVE(slot->descriptors == count && state_same(slot), "in flight, as no other");
	PROVE(vring_added(&ring) == vring_added(&before) + count && ring.asked == before.asked &&
		      ring.look == before.look && ring.used_lap == before.used_lap,
	      "counted");
	PROVE(world.loads == 0, "nothing is asked of the device");
	PROVE(world.stores == 2 * count && world.store[2 * count - 1].published == 1 &&
		      world.store[2 * count - 2].published == 0,
	      "two stores a piece; the head's flags after a fence, and last");
}

/* A table: under a slot that was free; its flags last, behind the fence. */
void
proof_packed_add_table(void)
{
	uint64_t address = nondet_u64();
	uint32_t bytes = nondet_u32(), at;
	struct vring_slot *slot;

	state_any(true);
	ASSUME(vring_packed_room(&ring, 1, KIND));
	at = first_free();
	slot = vring_packed_next(&ring);
	PROVE(state_index(slot) < IDS && slot->descriptors == 0, "a free slot");
	vring_packed_add_table(&ring, slot, address, vring_packed_table_word(slot, bytes), KIND);
	added(slot, 1);
	PROVE(world_stored(0, DESC(at % SIZE), 8, address), "where the table is");
	PROVE(world_stored(1, WORD(at % SIZE), 8,
			   bytes | (uint64_t)slot->id << 32 |
				   (uint64_t)VIRTQ_DESC_F_INDIRECT << 48 | available(at)),
	      "its length, id and flags, of this lap");
	POSSIBLE(true, "the end");
}

/* A chain of up to three pieces: one after the other, the head handed over last. */
void
proof_packed_add_chain(void)
{
	struct vring_packed_chain chain;
	uint32_t pieces = nondet_u32(), length = nondet_u32(), at;
	uint64_t address = nondet_u64();

	state_any(true);
	ASSUME(pieces >= 1 && pieces <= 3 && vring_packed_room(&ring, pieces, KIND));
	at = first_free();
	vring_packed_begin(&ring, &chain);
	PROVE(state_index(chain.slot) < IDS && chain.slot->descriptors == 0, "a free slot");
	for (uint32_t i = 0; i + 1 < pieces; i++)
		vring_packed_piece(&ring, &chain, address + i, length + i, VIRTQ_DESC_F_WRITE);
	vring_packed_last(&ring, &chain, address + pieces - 1, length + pieces - 1, 0, KIND);
	added(chain.slot, pieces);
	for (uint32_t i = 0; i < pieces; i++) {
		uint32_t flags = i + 1 < pieces ? VIRTQ_DESC_F_WRITE | VIRTQ_DESC_F_NEXT : 0;
		uint64_t word = (uint32_t)(length + i) | (uint64_t)chain.slot->id << 32 |
				(uint64_t)flags << 48 | available(at + i);

		/* The head's address comes first, its word last of all. */
		PROVE(world_stored(i == 0 ? 0 : 2 * i - 1, DESC((at + i) % SIZE), 8, address + i),
		      "a piece's address");
		PROVE(world_stored(i == 0 ? 2 * pieces - 1 : 2 * i, WORD((at + i) % SIZE), 8, word),
		      "its length, id and flags, of its lap");
	}
	POSSIBLE(true, "the end");
}

/* One load, after the full fence; and the answer that the definition gives. */
void
proof_packed_ask(void)
{
	uint64_t fresh;
	uint32_t event, wish, slot, now, back;
	bool same, kick;

	state_any(true);
	fresh = vring_added(&ring) - ring.asked;
	now = state_position(ring.fill);
	kick = vring_packed_ask(&ring);
	PROVE(world.loads == 1 && world.load[0].asked == 1 && world.stores == 0,
	      "one load, fenced");
	event = (uint32_t)world_loaded(0, DEVICE_EVENT, 4);
	wish = event >> 16 & 3;
	slot = event & 0x7fff;
	same = (event >> 15 & 1) == (before.avail_lap >> 55 & 1);
	back = same && slot >= now ? 2 * SIZE + now - slot : (same ? 0 : SIZE) + now - slot;
	if (wish == VIRTQ_PACKED_EVENT_DISABLE)
		PROVE(!kick, "not wanted");
	else if (wish != VIRTQ_PACKED_EVENT_DESC || !ring.event_index || fresh > SIZE)
		PROVE(kick, "wanted, or not known not to be");
	else if (slot < SIZE)
		PROVE(kick == (back <= fresh), "by the event's position");
	before.asked = vring_added(&before);
	PROVE(state_equal(&ring, &before) && state_same(NULL), "nothing else");
	POSSIBLE(true, "the end");
}

void
proof_packed_pending(void)
{
	uint32_t pending;

	state_any(true);
	PROVE(vring_packed_pending(&ring, &pending) == VRING_OK && pending == state_in_flight(),
	      "what is in flight");
	vring_packed_publish(&ring);
	PROVE(world.loads == 0 && world.stores == 0 && state_equal(&ring, &before) &&
		      state_same(NULL),
	      "nothing else");
	POSSIBLE(true, "the end");
}

/* The notification's data: the next to fill, and its lap.  [spec 2.9] */
void
proof_packed_position(void)
{
	uint32_t at;

	state_any(true);
	at = first_free();
	PROVE(vring_packed_position(&ring) == (at % SIZE | (available(at) >> 55 & 1) << 15),
	      "position and wrap counter");
	POSSIBLE(true, "the end");
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
	PROVE(ring.fill == before.fill && ring.avail_lap == before.avail_lap, "filling goes on");
	if (KIND & VRING_DIRECT)
		PROVE(ring.free == before.free + slots_before[i].ring.descriptors,
		      "all its descriptors are free");
	PROVE(state_holds(), "the invariant");
}

/* The device's word, and what must come of it. */
static void
judge(vring_fault fault, struct vring_slot *slot, uint32_t length)
{
	uint64_t word = world_loaded(0, WORD(state_position(before.look)), 8);
	uint32_t id = word >> 32 & 0xffff;
	bool avail = word >> 55 & 1, used = word >> 63 & 1, wrap = vring_used_wrap(&before);
	struct vring_slot *named = id < IDS ? &slots[id].ring : NULL;

	if (avail != wrap || used != wrap) {
		PROVE(fault == VRING_OK && slot == NULL, "not used yet");
	} else if (named == NULL || slots_before[id % IDS].ring.descriptors == 0) {
		PROVE(fault == (id >= IDS ? VRING_ID_RANGE : VRING_ID_FREE), "refused");
	} else {
		PROVE(fault == VRING_OK, "a true claim is taken");
		PROVE(slot == (KIND & VRING_IN_ORDER ? before.oldest : named), "the chain");
		PROVE(length == (slot != named    ? VRING_LENGTH_UNKNOWN
				 : word >> 49 & 1 ? (uint32_t)word
						  : 0),
		      "the length of the same load, if something was written");
		PROVE(world.observed == 1, "contents after the flags");
		if (KIND & VRING_IN_ORDER)
			PROVE(ring.batch == batch_of(named) - 1, "the rest of the batch");
		taken(slot);
		POSSIBLE(true, "a claim taken");
		return;
	}
	PROVE(state_equal(&ring, &before) && state_same(NULL), "refusal changes nothing");
	POSSIBLE(fault == VRING_OK, "nothing used");
	POSSIBLE(fault == VRING_ID_RANGE, "an id that is none");
	POSSIBLE(fault == VRING_ID_FREE, "an id that is not in flight");
}

/*
 * The next used chain.  Taken when, and only when, the claim is true: an honest device is never
 * found broken.
 */
void
proof_packed_take(void)
{
	uint32_t length = nondet_u32();
	struct vring_slot *slot = NULL;
	vring_fault fault;

	state_any(true);
	ASSUME(state_in_flight() >= 1);
	ASSUME(!(KIND & VRING_IN_ORDER) || ring.batch == 0);
	fault = vring_packed_take(&ring, state_in_flight(), &slot, &length, KIND);
	PROVE(world.stores == 0 && world.loads == 1, "one load");
	judge(fault, slot, length);
}

/* In order, in the midst of a batch: the next without a look at what the device says now. */
void
proof_packed_take_batch(void)
{
	uint32_t length = nondet_u32();
	struct vring_slot *slot = NULL;

	state_any(true);
	ASSUME(ring.batch != 0);
	PROVE(vring_packed_take(&ring, ring.batch, &slot, &length, KIND) == VRING_OK &&
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
proof_packed_take_twice(void)
{
	struct vring_slot *first, *second;
	uint32_t length;

	state_any(true);
	ASSUME(state_in_flight() >= 2 && ring.batch == 0);
	ASSUME(vring_packed_take(&ring, state_in_flight(), &first, &length, KIND) == VRING_OK);
	ASSUME(first != NULL && ring.batch == 0);
	if (vring_packed_take(&ring, state_in_flight(), &second, &length, KIND) == VRING_OK &&
	    second != NULL)
		PROVE(first != second && (world.load[0].value >> 32 & 0xffff) !=
						 (world.load[1].value >> 32 & 0xffff),
		      "an id is taken once");
	POSSIBLE(true, "the end");
}

void
proof_packed_arm(void)
{
	uint32_t position, wish;
	bool armed, used;

	state_any(true);
	position = state_position(ring.look) | (vring_used_wrap(&ring) ? 1u << 15 : 0);
	wish = ring.event_index ? VIRTQ_PACKED_EVENT_DESC : VIRTQ_PACKED_EVENT_ENABLE;
	armed = vring_packed_arm(&ring);
	PROVE(world.stores == 1 && world.store[0].asked == 0 &&
		      world_stored(0, DRIVER_EVENT, 4, position | wish << 16),
	      "the wish, in one store");
	PROVE(world.asked == 1 && world.loads <= 1, "then the fence, then one look at most");
	if (world.loads == 1) {
		used = (world_loaded(0, FLAGS(state_position(before.look)), 2) & 0x8080) ==
		       (vring_used_wrap(&before) ? 0x8080 : 0);
		PROVE(world.load[0].asked == 1 && armed == !used, "armed: nothing has come");
	} else {
		PROVE(armed == (state_in_flight() == 0), "nothing can come, or something has");
	}
	PROVE(!(KIND & VRING_IN_ORDER) || before.batch == 0 || !armed, "a batch is not done");
	PROVE(state_equal(&ring, &before) && state_same(NULL), "nothing else");
	POSSIBLE(true, "the end");
}

void
proof_packed_disarm(void)
{
	state_any(true);
	vring_packed_disarm(&ring);
	PROVE(world.loads == 0 && world.stores == 1 &&
		      world_stored(0, DRIVER_EVENT, 4, (uint32_t)VIRTQ_PACKED_EVENT_DISABLE << 16),
	      "no interrupts");
	PROVE(state_equal(&ring, &before) && state_same(NULL), "nothing else");
	POSSIBLE(true, "the end");
}

/* A batch worked in a local copy: what is given back is all that changed. */
void
proof_packed_keep(void)
{
	struct vring_packed_chain chain;
	struct vring_slot *slot;
	struct vring work;
	uint32_t length;

	state_any(true);
	work = ring;
	if (nondet_bool()) {
		ASSUME(vring_packed_room(&work, 1, KIND));
		if (KIND & VRING_DIRECT) {
			vring_packed_begin(&work, &chain);
			vring_packed_last(&work, &chain, 0, 0, 0, KIND);
		} else {
			vring_packed_add_table(&work, vring_packed_next(&work), 0, 0, KIND);
		}
		vring_keep_producer(&ring, &work, KIND, true);
	} else {
		ASSUME(state_in_flight() >= 1);
		ASSUME(vring_packed_take(&work, state_in_flight(), &slot, &length, KIND) ==
		       VRING_OK);
		vring_keep_consumer(&ring, &work, KIND, true);
	}
	PROVE(state_equal(&ring, &work), "nothing was left behind");
	POSSIBLE(true, "the end");
}

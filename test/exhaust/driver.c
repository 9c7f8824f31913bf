/* SPDX-License-Identifier: MIT */
/* The driver's side: src/ring as it is, and a book of what must be true. */
#include "test/exhaust/ring.h"

#include <string.h>

#include "ring/packed.h"
#include "ring/split.h"
#include "test/harness.h"

static struct driver *live;

struct driver *
driver_open(size_t *bytes)
{
	*bytes = sizeof(struct driver) + ring_config.size * sizeof(struct driver_slot);
	live = test_alloc(*bytes);
	return live;
}

void
driver_start(struct driver *driver)
{
	struct vring *ring = &driver->ring;
	uint16_t start = ring_config.start;

	driver->book.disarmed = 1;
	driver->book.offered = driver->book.asked = driver->book.consumed = start;
	ring->asked = start;
	if (ring_config.packed) {
		ring->fill = ring->look = ring->desc.packed + start;
		return;
	}
	ring->added = ring->used = start;
	if (ring_config.in_order)
		ring->free_slot = ring->oldest = vring_slot_at(ring, start & ring->mask);
}

const char *
driver_verb_text(unsigned verb)
{
	static const char *const texts[DRIVER_VERBS] = {
		[DRIVER_SUBMIT] = "submit", [DRIVER_KICK] = "kick",     [DRIVER_REAP] = "reap",
		[DRIVER_ARM] = "arm",       [DRIVER_DISARM] = "disarm",
	};

	return texts[verb];
}

/* ---- submit and kick ---- */

static struct vring_slot *
add_table(struct vring *ring, unsigned number)
{
	uint64_t address = ring_address(number, 0);
	uint32_t bytes = ring_table_bytes(number);
	struct vring_slot *slot =
		ring_config.packed ? vring_packed_next(ring) : vring_split_next(ring);

	if (ring_config.packed) {
		vring_packed_add_table(ring, slot, address, vring_packed_table_word(slot, bytes),
				       ring_kind());
		return slot;
	}
	vring_split_prepare_table(ring, slot, address, bytes);
	vring_split_add_table(ring, slot, ring_kind());
	return slot;
}

static struct vring_slot *
add_packed(struct vring *ring, unsigned number, unsigned pieces)
{
	struct vring_packed_chain chain = {0};
	unsigned i = 0;

	vring_packed_begin(ring, &chain);
	for (; i + 1 < pieces; i++)
		vring_packed_piece(ring, &chain, ring_address(number, i), ring_length(number, i),
				   0);
	vring_packed_last(ring, &chain, ring_address(number, i), ring_length(number, i),
			  VIRTQ_DESC_F_WRITE, ring_kind());
	return chain.slot;
}

static struct vring_slot *
add_split(struct vring *ring, unsigned number, unsigned pieces)
{
	struct vring_split_chain chain = {0};
	unsigned i = 0;

	vring_split_begin(ring, &chain, ring_kind());
	for (; i + 1 < pieces; i++)
		vring_split_piece(ring, &chain, ring_address(number, i), ring_length(number, i), 0,
				  ring_kind());
	vring_split_last(ring, &chain, ring_address(number, i), ring_length(number, i),
			 VIRTQ_DESC_F_WRITE, ring_kind());
	return chain.slot;
}

static le64 *
cell(unsigned told, unsigned offset)
{
	return (le64 *)(void *)((uint8_t *)live->ring.desc.split + ring_cell(told) + offset);
}

/* The id that the device will be told, in every layout: a slot's, or a head descriptor's. */
static unsigned
next_told(const struct vring *ring)
{
	struct vring_split_chain chain;

	if (ring_config.packed)
		return vring_packed_next(ring)->id;
	if (!ring_config.direct)
		return vring_split_next(ring)->id;
	vring_split_begin(ring, &chain, ring_kind());
	return chain.head;
}

/* As the driver does it: on a copy, of which what has changed is kept. */
static void
submit(unsigned pieces)
{
	struct driver_book *book = &live->book;
	struct vring work = live->ring;
	unsigned number = book->submitted + 1u, told = next_told(&work), id;

	if (told >= ring_config.size)
		machine_fail("an id beyond the ring");
	shared_put64(cell(told, 0), number);
	id = (ring_config.direct == 0 ? add_table(&work, number)
	      : ring_config.packed    ? add_packed(&work, number, pieces)
				      : add_split(&work, number, pieces))
		     ->id;
	vring_keep_producer(&live->ring, &work, ring_kind(), ring_config.packed);
	if (id >= ring_config.size || book->number[id] != 0)
		machine_fail("a slot is given twice");
	book->submitted++;
	book->unasked++;
	book->number[id] = (uint8_t)number;
	book->pieces[id] = (uint8_t)pieces;
	book->told[id] = (uint8_t)told;
	book->offered = (uint16_t)(book->offered + (ring_config.packed ? pieces : 1));
}

static void
kick(void)
{
	struct vring *ring = &live->ring;
	bool wanted;

	if (ring_config.packed) {
		vring_packed_publish(ring);
		wanted = vring_packed_ask(ring);
	} else {
		vring_split_publish(ring);
		wanted = vring_split_ask(ring);
	}
	live->book.unasked = 0;
	live->book.asked = live->book.offered;
	if (wanted) {
		arch_order_doorbell();
		register_store16(NULL, 0);
	}
}

/* ---- reap, arm ---- */

/* The entry is the one that the device gave, and so is what it wrote before. */
static void
take(unsigned id, uint32_t length)
{
	struct driver_book *book = &live->book;
	uint64_t answer;

	if (id >= ring_config.size || book->number[id] == 0)
		machine_fail("a slot is taken that is not in flight");
	answer = shared_get64(cell(book->told[id], 8));
	if (length != ring_answer(book->number[id]) &&
	    !(ring_config.in_order && length == VRING_LENGTH_UNKNOWN))
		machine_fail("another length than the device's");
	if (answer != book->number[id])
		machine_fail("taken before the device's answer is there");
	book->number[id] = 0;
	book->pieces[id] = 0;
	book->told[id] = 0;
	book->completed++;
}

/* As the driver does it: on a copy, of which what has changed is kept. */
static void
reap(uint32_t max)
{
	struct vring work = live->ring;
	struct vring_slot *slot = NULL;
	uint32_t pending = 0, length = 0;
	vring_fault fault;

	fault = ring_config.packed ? vring_packed_pending(&work, &pending)
				   : vring_split_pending(&work, &pending);
	for (; fault == VRING_OK && pending > 0 && max > 0; pending--, max--) {
		fault = ring_config.packed
				? vring_packed_take(&work, pending, &slot, &length, ring_kind())
				: vring_split_take(&work, pending, &slot, &length, ring_kind());
		if (fault == VRING_OK && slot == NULL)
			break;
		if (fault == VRING_OK)
			take(slot->id, length);
	}
	if (fault != VRING_OK)
		machine_fail("an honest device is found at fault");
	vring_keep_consumer(&live->ring, &work, ring_kind(), ring_config.packed);
}

static void
arm(void)
{
	live->book.disarmed = 0;
	live->book.asleep =
		ring_config.packed ? vring_packed_arm(&live->ring) : vring_split_arm(&live->ring);
}

void
driver_run(unsigned verb, unsigned argument)
{
	switch ((enum driver_verb)verb) {
	case DRIVER_SUBMIT:
		submit(argument);
		break;
	case DRIVER_KICK:
		kick();
		break;
	case DRIVER_REAP:
		reap(argument);
		break;
	case DRIVER_ARM:
		arm();
		break;
	case DRIVER_DISARM:
		live->book.disarmed = 1;
		if (ring_config.packed)
			vring_packed_disarm(&live->ring);
		else
			vring_split_disarm(&live->ring);
		break;
	case DRIVER_VERBS:
		break;
	}
}

/* ---- choices and checks ---- */

static bool
has_room(const struct vring *ring, unsigned pieces)
{
	return ring_config.packed ? vring_packed_room(ring, pieces, ring_kind())
				  : vring_split_room(ring, pieces, ring_kind());
}

bool
driver_may(const struct driver *driver, unsigned verb, unsigned argument)
{
	const struct driver_book *book = &driver->book;
	unsigned in_flight = (unsigned)(book->submitted - book->completed);

	switch ((enum driver_verb)verb) {
	case DRIVER_SUBMIT:
		return book->submitted < ring_config.requests && argument >= 1 &&
		       argument <= (ring_config.direct && ring_config.size > 1 ? 2 : 1) &&
		       has_room(&driver->ring, argument);
	case DRIVER_KICK:
		return book->unasked > 0 && argument == 0;
	case DRIVER_REAP:
		return in_flight > 0 &&
		       (argument == ring_config.size || (argument == 1 && !ring_config.lean));
	case DRIVER_ARM:
		return in_flight > 0 && book->unasked == 0 && argument == 0;
	case DRIVER_DISARM:
		return in_flight > 0 && !book->disarmed && argument == 0 && !ring_config.lean &&
		       (ring_config.packed || !ring_config.event_index);
	case DRIVER_VERBS:
		break;
	}
	return false;
}

/* Pointers of a ring lead to the live slots, wherever its bytes lie now. */
static unsigned
id_of(const struct vring_slot *slot)
{
	return (unsigned)((const struct driver_slot *)(const void *)slot - live->slots);
}

/* The slots that are free make up a list. */
static bool
slots_are_whole(const struct driver *driver, unsigned busy)
{
	const struct vring_slot *slot = driver->ring.free_slot;
	unsigned seen = busy;

	while (slot != NULL) {
		unsigned id = id_of(slot);

		if (id >= ring_config.size || (seen & 1u << id) != 0)
			return false;
		seen |= 1u << id;
		slot = driver->slots[id].ring.next;
	}
	return seen == (1u << ring_config.size) - 1;
}

/* In order: CHAINS slots of the circle are in flight, from the oldest to the next that is free. */
static bool
circle_is_whole(const struct driver *driver, unsigned chains)
{
	unsigned id = id_of(driver->ring.oldest);

	for (unsigned i = 0; i < ring_config.size; i++) {
		if (id >= ring_config.size || (driver->book.number[id] != 0) != (i < chains))
			return false;
		if (i == chains && id != id_of(driver->ring.free_slot))
			return false;
		id = id_of(driver->slots[id].ring.next);
	}
	return id == id_of(driver->ring.oldest);
}

/* COUNT descriptors linked from AT on, none of them in *SEEN. */
static bool
links_are_whole(const struct driver *driver, unsigned at, unsigned count, unsigned *seen)
{
	for (; count > 0; count--) {
		if (at >= ring_config.size || (*seen & 1u << at) != 0)
			return false;
		*seen |= 1u << at;
		at = driver->links[at];
	}
	return true;
}

/* Split, direct: each descriptor is in a chain in flight, or on the free list, once. */
static bool
descriptors_are_whole(const struct driver *driver)
{
	unsigned seen = 0;

	for (unsigned id = 0; id < ring_config.size; id++) {
		if (!links_are_whole(driver, id, driver->book.pieces[id], &seen))
			return false;
	}
	return links_are_whole(driver, driver->ring.free_head, driver->ring.free, &seen) &&
	       seen == (1u << ring_config.size) - 1;
}

const char *
driver_check(const struct driver *driver)
{
	const struct vring *ring = &driver->ring;
	unsigned lent = 0, busy = 0, chains = 0;
	bool whole;

	for (unsigned id = 0; id < ring_config.size; id++) {
		unsigned pieces = driver->book.pieces[id];

		if (driver->slots[id].ring.descriptors != pieces)
			return "the ring's record of what is in flight is wrong";
		lent += pieces;
		chains += pieces > 0;
		busy |= pieces > 0 ? 1u << id : 0;
	}
	if (vring_free(ring) != ring_config.size - lent)
		return "descriptors are lost or doubled";
	if (vring_outstanding(ring) != chains)
		return "the count of chains in flight is wrong";
	for (unsigned pieces = 1; pieces <= 2 && (pieces == 1 || ring_config.direct); pieces++) {
		if (has_room(ring, pieces) != (pieces <= ring_config.size - lent))
			return "there is room, and the ring says no; or the reverse";
	}
	if (ring_config.in_order)
		whole = circle_is_whole(driver, chains);
	else if (ring_config.direct && !ring_config.packed)
		whole = descriptors_are_whole(driver);
	else
		whole = slots_are_whole(driver, busy);
	return whole ? NULL : "what is free is not whole";
}

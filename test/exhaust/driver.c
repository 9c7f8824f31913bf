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
	*bytes = sizeof(struct driver) + ring_config.size * sizeof(struct vring_slot);
	*bytes = (*bytes + 63) / 64 * 64;
	live = test_alloc(*bytes);
	return live;
}

void
driver_start(struct driver *driver)
{
	driver->book.disarmed = 1;
	driver->book.offered = driver->book.asked = driver->book.consumed = ring_config.start;
	driver->ring.avail = driver->ring.used = ring_config.start;
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

static unsigned
next_id(const struct vring *ring)
{
	return ring_config.packed ? vring_packed_next_id(ring) : vring_split_next_id(ring);
}

static void
add_table(struct vring *ring, unsigned number)
{
	uint64_t address = ring_address(number, 0);
	uint32_t bytes = ring_table_bytes(number);

	if (ring_config.packed) {
		(void)vring_packed_add_table(ring, address, bytes);
		return;
	}
	vring_split_prepare_table(ring, vring_split_next_id(ring), address, bytes);
	(void)vring_split_add_table(ring);
}

static void
add_chain(struct vring *ring, unsigned number, unsigned pieces)
{
	struct vring_packed_chain packed = {0};
	struct vring_split_chain split = {0};
	unsigned last = pieces - 1;

	if (ring_config.packed)
		vring_packed_begin(ring, &packed);
	else
		vring_split_begin(ring, &split);
	for (unsigned i = 0; i < last; i++) {
		if (ring_config.packed)
			vring_packed_piece(ring, &packed, ring_address(number, i),
					   ring_length(number, i), 0);
		else
			vring_split_piece(ring, &split, ring_address(number, i),
					  ring_length(number, i), 0);
	}
	if (ring_config.packed)
		vring_packed_last(ring, &packed, ring_address(number, last),
				  ring_length(number, last), VIRTQ_DESC_F_WRITE);
	else
		vring_split_last(ring, &split, ring_address(number, last),
				 ring_length(number, last), VIRTQ_DESC_F_WRITE);
}

static void
submit(unsigned pieces)
{
	struct driver_book *book = &live->book;
	unsigned id = next_id(&live->ring), number = book->submitted + 1u;

	if (id >= ring_config.size || book->number[id] != 0)
		machine_fail("an id is given twice");
	book->submitted++;
	book->unasked++;
	book->number[id] = (uint8_t)number;
	book->pieces[id] = (uint8_t)pieces;
	book->offered = (uint16_t)(book->offered + (ring_config.packed ? pieces : 1));
	shared_put64((le64 *)(void *)((uint8_t *)live->ring.desc.split + ring_cell(id)), number);
	if (ring_config.direct)
		add_chain(&live->ring, number, pieces);
	else
		add_table(&live->ring, number);
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
		machine_fail("an id is taken that is not in flight");
	answer = shared_get64(
		(const le64 *)(void *)((uint8_t *)live->ring.desc.split + ring_cell(id) + 8));
	if (length != ring_answer(book->number[id]))
		machine_fail("another length than the device's");
	if (answer != book->number[id])
		machine_fail("taken before the device's answer is there");
	book->number[id] = 0;
	book->pieces[id] = 0;
	book->completed++;
}

static void
reap(unsigned max)
{
	struct vring *ring = &live->ring;
	uint16_t pending = 0, id = 0;
	uint32_t length = 0;
	vring_fault fault;

	fault = ring_config.packed ? vring_packed_pending(ring, &pending)
				   : vring_split_pending(ring, &pending);
	while (fault == VRING_OK && pending-- > 0 && max-- > 0) {
		fault = ring_config.packed
				? vring_packed_take(ring, ring_config.direct, &id, &length)
				: vring_split_take(ring, ring_config.direct, &id, &length);
		if (ring_config.packed && id == UINT16_MAX)
			break;
		if (fault == VRING_OK)
			take(id, length);
	}
	if (fault != VRING_OK)
		machine_fail("an honest device is found at fault");
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

bool
driver_may(const struct driver *driver, unsigned verb, unsigned argument)
{
	const struct driver_book *book = &driver->book;
	unsigned in_flight = (unsigned)(book->submitted - book->completed);

	switch ((enum driver_verb)verb) {
	case DRIVER_SUBMIT:
		return book->submitted < ring_config.requests && argument >= 1 &&
		       argument <= (ring_config.direct && ring_config.size > 1 ? 2 : 1) &&
		       driver->ring.free >= argument;
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

/* The free list from its head, FREE long, must hold each of the ids that are not in USED. */
static bool
list_is_whole(const struct vring *ring, const struct vring_slot *slots, unsigned used,
	      unsigned count)
{
	unsigned seen = used;
	uint16_t at = ring->free_head;

	for (unsigned i = 0; i < count; i++) {
		if (at >= ring_config.size || (seen & 1u << at) != 0)
			return false;
		seen |= 1u << at;
		at = slots[at].next;
	}
	return seen == (1u << ring_config.size) - 1;
}

/* A split chain that is in flight holds its descriptors, head to last. */
static bool
chain_is_whole(const struct vring_slot *slots, unsigned id, unsigned *used)
{
	unsigned at = id;

	for (unsigned i = 0; i < slots[id].descriptors; i++) {
		if (at >= ring_config.size || (*used & 1u << at) != 0)
			return false;
		*used |= 1u << at;
		at = slots[at].next;
	}
	return true;
}

const char *
driver_check(const struct driver *driver)
{
	const struct driver_book *book = &driver->book;
	unsigned lent = 0, used = 0, chains = 0;

	for (unsigned id = 0; id < ring_config.size; id++) {
		unsigned pieces = book->number[id] != 0 ? book->pieces[id] : 0;

		if (driver->slots[id].descriptors != pieces)
			return "the ring's record of what is in flight is wrong";
		lent += pieces;
		chains += pieces > 0;
		if (!ring_config.packed && ring_config.direct && pieces > 0) {
			if (!chain_is_whole(driver->slots, id, &used))
				return "a chain in flight is not whole";
		} else if (pieces > 0) {
			used |= 1u << id;
		}
	}
	if (driver->ring.free != ring_config.size - lent)
		return "descriptors are lost or doubled";
	if (driver->ring.outstanding != chains)
		return "the count of chains in flight is wrong";
	if (!list_is_whole(&driver->ring, driver->slots, used,
			   ring_config.packed ? ring_config.size - chains : driver->ring.free))
		return "the free list is not whole";
	return NULL;
}

/* SPDX-License-Identifier: MIT */
/*
 * Every claim that a device can make, in every state that the driver can be in: each load returns
 * each value that could matter, whatever was returned before.  A claim that can be true is taken
 * and leaves the ring whole; one that cannot is refused, and changes nothing.
 */
#include <stdio.h>
#include <string.h>

#include "ring/packed.h"
#include "ring/split.h"
#include "test/exhaust/claims.h"
#include "test/exhaust/ring.h"
#include "test/exhaust/search.h"
#include "test/harness.h"

#define LOADS_MAX 4u
#define WHOLE_RANGE 0x10000u
#define NEIGHBOURS 24u

enum verb {
	SUBMIT_1,
	SUBMIT_2,
	ASK,
	PENDING,
	TAKE,
	STOP_TAKING,
	ARM,
	DISARM,
	VERBS
};

static struct {
	struct driver *live;
	uint8_t *state; /* the one that is left */
	size_t bytes;
	uint32_t number;
	enum verb verb;

	/* The answers to the verb's loads: which value of how many, and what was said. */
	unsigned which[LOADS_MAX], values[LOADS_MAX], loads;
	uint64_t said[WISH + 1];

	/* What the verb returned. */
	vring_fault fault;
	bool yes;
	uint32_t pending, length;
	struct vring_slot *slot; /* NULL: none */
	uint64_t tries;
	uint8_t rank[RING_SIZE_MAX];
} self;

/* ---- what the device says ---- */

/* All 2^16 positions count where they are compared with more than one other. */
static bool
all_positions(void)
{
	return ring_config.size <= (ring_config.in_order ? 1 : 2) && self.verb != ARM;
}

/* Otherwise those that are near, and those half a lap away. */
static uint16_t
position(unsigned i)
{
	uint16_t first = (uint16_t)(self.live->book.consumed - NEIGHBOURS / 2);

	if (all_positions() || i < NEIGHBOURS)
		return (uint16_t)(first + i);
	return (uint16_t)(first + 0x8000 + i - NEIGHBOURS);
}

static uint64_t
say(unsigned at, unsigned width)
{
	unsigned first, load = self.loads++;
	enum place place = claims_place(at, &first);
	const struct claims *claims = claims_of(place, first, width);
	uint64_t mask, value;

	if (load >= LOADS_MAX)
		machine_fail("more loads than one verb should do");
	if (place == INDEX || place == EVENT) {
		self.values[load] = all_positions() ? WHOLE_RANGE : NEIGHBOURS * 2;
		value = position(self.which[load]);
	} else {
		self.values[load] = claims->count;
		value = claims->value[self.which[load]];
	}
	mask = width == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * width) - 1;
	self.said[place] = (self.said[place] & ~(mask << 8 * first)) | value << 8 * first;
	return width == 8   ? arch_le64(value)
	       : width == 4 ? arch_le32((uint32_t)value)
	       : width == 2 ? arch_le16((uint16_t)value)
			    : value;
}

/* The next combination of answers; false after the last. */
static bool
next_answers(void)
{
	unsigned i = self.loads;

	while (i-- > 0) {
		if (++self.which[i] < self.values[i])
			return true;
		self.which[i] = 0;
	}
	return false;
}

/* ---- verbs ---- */

static void
do_verb(void)
{
	struct vring *ring = &self.live->ring;
	uint32_t pending = self.live->book.pending;
	bool packed = ring_config.packed;

	switch (self.verb) {
	case SUBMIT_1:
	case SUBMIT_2:
		driver_run(DRIVER_SUBMIT, self.verb == SUBMIT_1 ? 1 : 2);
		break;
	case ASK:
		self.yes = packed ? vring_packed_ask(ring) : vring_split_ask(ring);
		break;
	case PENDING:
		self.fault = packed ? vring_packed_pending(ring, &self.pending)
				    : vring_split_pending(ring, &self.pending);
		break;
	case TAKE:
		self.fault = packed ? vring_packed_take(ring, pending, &self.slot, &self.length,
							ring_kind())
				    : vring_split_take(ring, pending, &self.slot, &self.length,
						       ring_kind());
		break;
	case ARM:
		self.yes = packed ? vring_packed_arm(ring) : vring_split_arm(ring);
		break;
	case DISARM:
		driver_run(DRIVER_DISARM, 0);
		break;
	case STOP_TAKING:
	case VERBS:
		break;
	}
}

static bool
may(enum verb verb)
{
	const struct driver_book *book = &self.live->book;
	bool taking = book->pending > 0;

	switch (verb) {
	case SUBMIT_1:
	case SUBMIT_2:
		return !taking && driver_may(self.live, DRIVER_SUBMIT, verb == SUBMIT_1 ? 1 : 2);
	case ASK:
		return !taking && book->unasked > 0;
	case PENDING:
	case ARM:
	case DISARM:
		return !taking;
	case TAKE:
	case STOP_TAKING:
		return taking;
	case VERBS:
		break;
	}
	return false;
}

/* ---- what is true ---- */

static bool
lap_is_odd(uint16_t position)
{
	return position / ring_config.size % 2 == 1;
}

/* The device asked to be kicked for one of the positions that are new. */
static bool
kick_is_due(void)
{
	const struct driver_book *book = &self.live->book;
	uint64_t wish = self.said[WISH];

	if (!ring_config.packed && !ring_config.event_index)
		return (self.said[FLAGS] & 1) == 0;
	if (ring_config.packed && ((wish >> 16 & 3) != 2 || !ring_config.event_index))
		return (wish >> 16 & 3) != 1;
	for (uint16_t at = book->asked; at != book->offered; at++) {
		uint16_t slot = (uint16_t)(at % ring_config.size | (lap_is_odd(at) ? 0 : 0x8000));

		if (ring_config.packed ? (uint16_t)wish == slot : (uint16_t)self.said[EVENT] == at)
			return true;
	}
	return false;
}

/* A position that no ring has may be answered either way. */
static bool
wish_makes_sense(void)
{
	return !ring_config.packed || (self.said[WISH] & 0x7fff) < ring_config.size;
}

/* Over more than a lap the question is not exact: then a kick is never wrong. */
static bool
laps_lie_between(void)
{
	return (uint16_t)(self.live->book.offered - self.live->book.asked) > ring_config.size;
}

/* What the device says of the next entry: it is used. */
static bool
says_used(void)
{
	const struct driver_book *book = &self.live->book;
	uint64_t flags = self.said[ENTRY] >> 48 & 0x8080;

	if (!ring_config.packed)
		return (uint16_t)self.said[INDEX] != (uint16_t)book->consumed;
	return book->submitted != book->completed &&
	       flags == (lap_is_odd(book->consumed) ? 0 : 0x8080);
}

/* A batch that has begun is there, whatever the device says of a packed ring now. */
static bool
is_something_there(void)
{
	return (ring_config.packed && self.live->book.batch > 0) || says_used();
}

static uint32_t
said_length(void)
{
	uint64_t word = self.said[ENTRY];

	/* Packed: a length without the flag that something was written is none.  [spec 2.8.4] */
	if (ring_config.packed)
		return (word >> 48 & 2) != 0 ? (uint32_t)word : 0;
	return (uint32_t)(word >> 32);
}

/* The slot in flight that the device's entry names; NULL: there is none. */
static const struct vring_slot *
claimed(void)
{
	const struct driver_book *book = &self.live->book;
	uint32_t told = (uint32_t)self.said[ENTRY];

	if (ring_config.packed)
		told = self.said[ENTRY] >> 32 & 0xffff;
	for (unsigned id = 0; id < ring_config.size; id++) {
		if (book->number[id] != 0 && book->told[id] == told)
			return vring_slot_at(&self.live->ring, id);
	}
	return NULL;
}

static const struct vring_slot *
oldest(void)
{
	for (unsigned id = 0; id < ring_config.size; id++) {
		if (self.live->book.number[id] == 1)
			return vring_slot_at(&self.live->ring, id);
	}
	return NULL;
}

/*
 * In order the numbers say the order, from 1; out of order they only say that there is a request.
 */
static void
renumber(void)
{
	uint8_t *number = self.live->book.number;

	for (unsigned id = 0, rank; id < ring_config.size; id++) {
		rank = 0;
		for (unsigned other = 0; other < ring_config.size; other++)
			rank += number[other] != 0 && number[other] <= number[id];
		self.rank[id] = (uint8_t)(number[id] == 0 ? 0 : ring_config.in_order ? rank : 1);
	}
	memcpy(number, self.rank, ring_config.size);
}

static void
took(unsigned id)
{
	struct driver_book *book = &self.live->book;

	book->consumed = (uint16_t)(book->consumed + (ring_config.packed ? book->pieces[id] : 1));
	book->number[id] = 0;
	book->pieces[id] = 0;
	book->told[id] = 0;
	book->completed++;
	book->pending--;
	renumber();
}

/*
 * The device's claim, where one was due: *NAMED is the slot that it names, if it is sound.  In
 * order that is so when all of the batch that it ends is pending.
 */
static const char *
check_claim(const struct vring_slot **named)
{
	struct driver_book *book = &self.live->book;
	bool none = self.slot == NULL && self.fault == VRING_OK;

	*named = NULL;
	if (ring_config.packed && says_used() == none)
		return "an entry is overlooked, or seen that is not there";
	if (none)
		return NULL;
	*named = claimed();
	if (*named != NULL && ring_config.in_order) {
		book->batch = book->number[(*named)->id];
		book->batch_length = said_length();
		if (!ring_config.packed && book->batch > book->pending)
			*named = NULL;
	}
	if ((*named != NULL) != (self.fault == VRING_OK))
		return *named != NULL ? "a sound claim is refused" : "a false claim is taken";
	return NULL;
}

static const char *
check_take(void)
{
	struct driver_book *book = &self.live->book;
	const struct vring_slot *named = NULL, *slot;
	uint32_t length = said_length();
	const char *wrong = NULL;

	if (book->batch == 0)
		wrong = check_claim(&named);
	if (wrong != NULL || self.fault != VRING_OK || self.slot == NULL)
		return wrong;
	slot = ring_config.in_order ? oldest() : named;
	if (ring_config.in_order)
		length = --book->batch > 0 ? VRING_LENGTH_UNKNOWN : book->batch_length;
	if (self.slot != slot || self.length != length)
		return "another slot or length than the device's";
	took(slot->id);
	return NULL;
}

static const char *
check_pending(void)
{
	struct driver_book *book = &self.live->book;
	unsigned in_flight = (unsigned)(book->submitted - book->completed);
	uint16_t claims = (uint16_t)(self.said[INDEX] - book->consumed);

	if (ring_config.packed)
		claims = (uint16_t)in_flight;
	if ((self.fault == VRING_OK) != (claims <= in_flight))
		return "an index beyond what is outstanding, or a sound one refused";
	if (self.fault == VRING_OK && self.pending != claims)
		return "another number of entries than the device's";
	if (self.fault == VRING_OK)
		book->pending = (uint8_t)claims;
	return NULL;
}

/* What the verb did, judged by the book; the book follows. */
static const char *
judge(void)
{
	struct driver_book *book = &self.live->book;

	switch (self.verb) {
	case SUBMIT_1:
	case SUBMIT_2:
		renumber();
		return NULL;
	case ASK:
		if (wish_makes_sense() && !self.yes && kick_is_due())
			return "a kick is lost";
		if (wish_makes_sense() && self.yes && !kick_is_due() && !laps_lie_between())
			return "a kick that nobody wants";
		book->unasked = 0;
		book->asked = book->offered;
		return NULL;
	case PENDING:
		return check_pending();
	case TAKE:
		return check_take();
	case STOP_TAKING:
		book->pending = 0;
		return NULL;
	case ARM:
		book->disarmed = 0;
		return self.yes == is_something_there()
			       ? "armed over an entry that is there, or not"
			       : NULL;
	case DISARM:
	case VERBS:
		break;
	}
	return NULL;
}

/* ---- the search ---- */

static const char *
one_answer(void)
{
	const struct driver *before = (const struct driver *)(const void *)self.state;
	const char *wrong;

	memset(self.said, 0, sizeof(self.said));
	self.loads = 0;
	self.fault = VRING_OK;
	self.slot = NULL;
	self.tries++;
	if (!machine_try(do_verb))
		return machine_wrong();
	if (self.fault != VRING_OK &&
	    (memcmp(&before->ring, &self.live->ring, sizeof(before->ring)) != 0 ||
	     memcmp(before->slots, self.live->slots, ring_config.size * sizeof(before->slots[0])) !=
		     0))
		return "a refused claim has changed something";
	wrong = judge();
	if (wrong != NULL || memcmp(self.live, self.state, self.bytes) == 0)
		return wrong;
	wrong = driver_check(self.live);
	if (wrong == NULL && self.fault == VRING_OK)
		search_add(self.live, self.number, self.verb);
	memcpy(self.live, self.state, self.bytes);
	return wrong;
}

static void
found_wrong(const char *wrong)
{
	static const char *const verbs[] = {"submit 1", "submit 2",    "ask", "pending",
					    "take",     "stop taking", "arm", "disarm"};

	test_note("verb: %s; said: index %x, flags %x, event %x, entry %llx, wish %x",
		  verbs[self.verb], (unsigned)self.said[INDEX], (unsigned)self.said[FLAGS],
		  (unsigned)self.said[EVENT], (unsigned long long)self.said[ENTRY],
		  (unsigned)self.said[WISH]);
	for (uint32_t at = self.number; search_from(at) != SEARCH_NOWHERE; at = search_from(at))
		test_note("before: %s", verbs[search_action(at)]);
	test_fail(__FILE__, __LINE__, "%s", wrong);
}

static void
leave(void)
{
	for (self.verb = 0; self.verb < VERBS; self.verb++) {
		const char *wrong;

		memcpy(self.live, self.state, self.bytes);
		if (!may(self.verb))
			continue;
		memset(self.which, 0, sizeof(self.which));
		do {
			wrong = one_answer();
			if (wrong != NULL)
				found_wrong(wrong);
		} while (next_answers());
	}
}

static void
free_all(void *unused)
{
	(void)unused;
	machine_oracle_set(NULL);
	search_end();
	test_free(self.state);
	memset(&self, 0, sizeof(self));
}

static const struct test_axis layouts = {"layout", {"split", "packed"}};
static const struct test_axis sizes = {"size", {"1", "2", "3", "4"}};
static const struct test_axis chains = {"chains", {"table", "direct"}};
static const struct test_axis orders = {"order", {"any", "fifo"}};
static const struct test_axis events = {"events", {"flags", "index"}};
static const struct test_axis *const axes[] = {&layouts, &sizes, &chains, &orders, &events, NULL};

static bool
is_possible(void)
{
	return test_choice(&layouts) == 1 || test_choice(&sizes) != 2;
}

TEST_AXES(hostile, axes, is_possible)
{
	unsigned size = test_choice(&sizes) + 1;
	struct ring_config config = {.size = (uint8_t)size,
				     .packed = test_choice(&layouts) == 1,
				     .direct = test_choice(&chains) == 1,
				     .in_order = test_choice(&orders) == 1,
				     .event_index = test_choice(&events) == 1,
				     .requests = (uint8_t)(size < 4 ? size + 2 : 6),
				     .start = test_choice(&layouts) == 1 ? 0 : 0xfffe};

	self.live = ring_open(&config, &self.bytes);
	self.state = test_alloc(self.bytes);
	test_at_end(free_all, NULL);
	claims_open();
	memcpy(self.state, self.live, self.bytes);
	machine_oracle_set(say);
	search_begin(self.bytes, true);
	search_add(self.state, SEARCH_NOWHERE, 0);
	while (search_next(self.state, &self.number))
		leave();
	printf("%-52s %9u states %12llu claims\n", test_id(), search_seen(),
	       (unsigned long long)self.tries);
}

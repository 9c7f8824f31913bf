/* SPDX-License-Identifier: MIT */
/*
 * An honest device, by the letter of VirtIO 1.4, sections 2.7 and 2.8: literal offsets and bits,
 * nothing of the driver's headers.  Its freedom is that of every device: when it looks, which
 * request it finishes next, when it sleeps, and how far ahead it asks to be woken.
 */
#include "test/exhaust/ring.h"

#include <string.h>

#include "arch/order.h"
#include "test/harness.h"

#define F_NEXT 1u
#define F_WRITE 2u
#define F_INDIRECT 4u
#define F_AVAIL 0x80u
#define F_USED 0x8000u
#define F_WRITE 2u

static struct device *live;

struct device *
device_open(size_t *bytes)
{
	*bytes = (sizeof(struct device) + 7) / 8 * 8;
	live = test_alloc(*bytes);
	live->seen = live->put = live->told = live->wish = ring_config.start;
	live->shown = 1;
	live->asleep = 1;
	return live;
}

const char *
device_verb_text(unsigned verb)
{
	static const char *const texts[DEVICE_VERBS] = {
		[DEVICE_LOOK] = "look",
		[DEVICE_FINISH] = "finish",
		[DEVICE_FINISH_QUIETLY] = "finish, not yet shown",
		[DEVICE_PUBLISH] = "show what is finished",
		[DEVICE_TELL] = "interrupt, if wanted",
		[DEVICE_HUSH] = "ask for no kicks",
		[DEVICE_SLEEP] = "ask for a kick and sleep",
	};

	return texts[verb];
}

/* ---- shared memory ---- */

static uint16_t
get16(unsigned at)
{
	return arch_le16((uint16_t)machine_load(at, 2));
}

static uint64_t
get64(unsigned at)
{
	return arch_le64(machine_load(at, 8));
}

static void
put16(unsigned at, uint16_t value)
{
	machine_store(at, 2, arch_le16(value));
}

static void
put32(unsigned at, uint32_t value)
{
	machine_store(at, 4, arch_le32(value));
}

static void
put64(unsigned at, uint64_t value)
{
	machine_store(at, 8, arch_le64(value));
}

static unsigned
driver_area(void)
{
	return (unsigned)ring_layout.driver_offset;
}

static unsigned
device_area(void)
{
	return (unsigned)ring_layout.device_offset;
}

/* Packed: the descriptor at POSITION, and the bits that say available or used there. */
static unsigned
slot_at(uint16_t position)
{
	return 16u * (position % ring_config.size);
}

static bool
lap_is_odd(uint16_t position)
{
	return position / ring_config.size % 2 == 1;
}

static uint16_t
event_of(uint16_t position)
{
	return (uint16_t)(position % ring_config.size | (lap_is_odd(position) ? 0 : 0x8000));
}

static bool
is_available(uint16_t flags, uint16_t position)
{
	return (flags & (F_AVAIL | F_USED)) == (lap_is_odd(position) ? F_USED : F_AVAIL);
}

/* ---- look ---- */

static void
expect(bool condition, const char *otherwise)
{
	if (!condition)
		machine_fail(otherwise);
}

/* What the descriptors say is what was submitted under this number. */
static void
check_piece(unsigned number, unsigned piece, uint64_t address, uint32_t length, unsigned flags)
{
	expect(address == ring_address(number, piece), "a descriptor with another address");
	if ((flags & F_INDIRECT) != 0)
		expect(length == ring_table_bytes(number), "a table of another length");
	else
		expect(length == ring_length(number, piece), "a descriptor of another length");
	expect(((flags & F_WRITE) != 0) == ((flags & (F_NEXT | F_INDIRECT)) == 0),
	       "a descriptor with other flags");
}

static void
hold(unsigned id, unsigned number, unsigned slots)
{
	expect(live->held < ring_config.size, "more in flight than the ring has room for");
	live->chain[live->held].id = (uint8_t)id;
	live->chain[live->held].number = (uint8_t)number;
	live->chain[live->held].slots = (uint8_t)slots;
	live->held++;
	live->seen = (uint16_t)(live->seen + (ring_config.packed ? slots : 1));
}

static unsigned
number_of(unsigned id)
{
	unsigned number;

	expect(id < ring_config.size, "an id beyond the ring");
	number = (unsigned)get64(ring_cell(id));
	expect(number == (unsigned)live->held + live->finished + 1,
	       "not the request that comes next");
	return number;
}

static void
look_split(void)
{
	uint16_t ahead = (uint16_t)(get16(driver_area() + 2) - live->seen);
	unsigned id, at, number, piece = 0;

	if (ahead == 0)
		return;
	expect(ahead <= ring_config.size, "the avail index leaps");
	at = id = get16(driver_area() + 4 + 2u * (live->seen % ring_config.size));
	number = number_of(id);
	for (;; piece++) {
		uint64_t address, rest;

		expect(at < ring_config.size && piece < ring_config.size, "a chain without end");
		address = get64(16 * at);
		rest = get64(16 * at + 8);
		check_piece(number, piece, address, (uint32_t)rest, (rest >> 32) & 0xffff);
		if ((rest >> 32 & F_NEXT) == 0)
			break;
		at = (unsigned)(rest >> 48);
	}
	hold(id, number, piece + 1);
}

static void
look_packed(void)
{
	unsigned number = 0, slots = 0, id = 0;
	uint64_t word;

	do {
		uint16_t position = (uint16_t)(live->seen + slots);

		expect(slots < ring_config.size, "a chain without end");
		word = get64(slot_at(position) + 8);
		if (!is_available((uint16_t)(word >> 48), position)) {
			expect(slots == 0, "the rest of a chain is not there");
			return;
		}
		if (slots == 0) {
			id = (word >> 32) & 0xffff;
			number = number_of(id);
		}
		expect(((word >> 32) & 0xffff) == id, "a chain with two ids");
		check_piece(number, slots, get64(slot_at(position)), (uint32_t)word,
			    (unsigned)(word >> 48));
		slots++;
	} while ((word >> 48 & F_NEXT) != 0);
	hold(id, number, slots);
}

/* ---- finish ---- */

static void
show_index(void)
{
	machine_publish();
	put16(device_area() + 2, live->put);
	live->shown = 1;
}

/* COUNT chains from WHICH on have their answers, and are no longer held.  Returns their slots. */
static unsigned
answer(unsigned which, unsigned count)
{
	unsigned slots = 0;

	for (unsigned i = which; i < which + count; i++) {
		put64(ring_cell(live->chain[i].id) + 8, live->chain[i].number);
		slots += live->chain[i].slots;
	}
	live->held = (uint8_t)(live->held - count);
	live->finished = (uint8_t)(live->finished + count);
	memmove(&live->chain[which], &live->chain[which + count],
		(live->held - which) * sizeof(live->chain[0]));
	memset(&live->chain[live->held], 0, count * sizeof(live->chain[0]));
	return slots;
}

/* In order, one used entry stands for all up to this one.  [spec 2.7.9, 2.8.8] */
static void
finish(unsigned which, bool quietly)
{
	unsigned id = live->chain[which].id, number = live->chain[which].number;
	unsigned count = ring_config.in_order ? which + 1 : 1, at = slot_at(live->put);
	unsigned slots = answer(which + 1 - count, count);
	bool odd = lap_is_odd(live->put);

	if (ring_config.packed) {
		put32(at + 8, ring_answer(number));
		put16(at + 12, (uint16_t)id);
		machine_publish();
		put16(at + 14,
		      (odd ? 0 : F_AVAIL | F_USED) | (ring_answer(number) > 0 ? F_WRITE : 0));
		live->put = (uint16_t)(live->put + slots);
		return;
	}
	at = device_area() + 4 + 8 * (unsigned)(live->put % ring_config.size);
	put64(at, id | (uint64_t)ring_answer(number) << 32);
	live->put = (uint16_t)(live->put + count);
	live->shown = 0;
	if (!quietly)
		show_index();
}

/* ---- notifications ---- */

static bool
is_told(uint16_t event)
{
	for (uint16_t at = live->told; at != live->put; at++) {
		if (event == (ring_config.packed ? event_of(at) : at))
			return true;
	}
	return false;
}

static void
tell(void)
{
	bool wanted;

	machine_ask();
	if (ring_config.packed) {
		uint32_t wish = arch_le32((uint32_t)machine_load(driver_area(), 4));

		wanted = wish >> 16 == 0 || (wish >> 16 == 2 && is_told((uint16_t)wish));
	} else if (ring_config.event_index) {
		wanted = is_told(get16(driver_area() + 4 + 2u * ring_config.size));
	} else {
		wanted = (get16(driver_area()) & 1) == 0;
	}
	live->told = live->put;
	if (wanted)
		machine_interrupt();
}

static void
hush(void)
{
	live->hushed = 1;
	if (ring_config.packed)
		put32(device_area(), UINT32_C(1) << 16);
	else
		put16(device_area(), 1);
}

static bool
is_there(uint16_t position)
{
	if (ring_config.packed)
		return is_available(get16(slot_at(position) + 14), position);
	return (int16_t)(get16(driver_area() + 2) - position) > 0;
}

static void
sleep(unsigned ahead)
{
	live->wish = (uint16_t)(live->seen + ahead);
	live->hushed = 0;
	if (ring_config.packed && ring_config.event_index)
		put32(device_area(), event_of(live->wish) | UINT32_C(2) << 16);
	else if (ring_config.packed)
		put32(device_area(), 0);
	else if (ring_config.event_index)
		put16(device_area() + 4 + 8u * ring_config.size, live->wish);
	else
		put16(device_area(), 0);
	machine_ask();
	live->asleep = !is_there(live->wish);
}

void
device_run(unsigned verb, unsigned argument)
{
	switch ((enum device_verb)verb) {
	case DEVICE_LOOK:
		if (ring_config.packed)
			look_packed();
		else
			look_split();
		break;
	case DEVICE_FINISH:
	case DEVICE_FINISH_QUIETLY:
		finish(argument, verb == DEVICE_FINISH_QUIETLY);
		break;
	case DEVICE_PUBLISH:
		show_index();
		break;
	case DEVICE_TELL:
		tell();
		break;
	case DEVICE_HUSH:
		hush();
		break;
	case DEVICE_SLEEP:
		sleep(argument);
		break;
	case DEVICE_VERBS:
		break;
	}
}

bool
device_may(const struct device *device, unsigned verb, unsigned argument)
{
	switch ((enum device_verb)verb) {
	case DEVICE_LOOK:
		return !device->asleep && argument == 0 && device->held < ring_config.size;
	case DEVICE_FINISH:
		return argument < device->held;
	case DEVICE_FINISH_QUIETLY:
		return argument < device->held && !ring_config.packed && ring_config.size > 1 &&
		       !ring_config.lean;
	case DEVICE_PUBLISH:
		return !device->shown && argument == 0;
	case DEVICE_TELL:
		return device->shown && device->told != device->put && argument == 0;
	case DEVICE_HUSH:
		return !device->asleep && !device->hushed && argument == 0 && !ring_config.lean &&
		       (ring_config.packed || !ring_config.event_index);
	case DEVICE_SLEEP:
		return !device->asleep &&
		       argument < (ring_config.event_index && !ring_config.lean ? 2u : 1u) &&
		       argument < ring_config.size;
	case DEVICE_VERBS:
		break;
	}
	return false;
}

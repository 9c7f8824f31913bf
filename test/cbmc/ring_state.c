/* SPDX-License-Identifier: MIT */
/* Any state of a ring, and its invariant.  The manual is ring_state.h. */
#include "test/cbmc/ring_state.h"

/* Below is no code of the driver's, and no pointer but to slots: a third of the time is saved. */
#pragma CPROVER check push
#pragma CPROVER check disable "pointer"

#define DIRECT ((KIND & VRING_DIRECT) != 0)
#define IN_ORDER ((KIND & VRING_IN_ORDER) != 0)

struct vring ring, before;
struct state_slot slots[IDS], slots_before[IDS];
uint16_t links[SIZE];

struct vring nondet_vring(void);

uint32_t
state_index(const struct vring_slot *slot)
{
	uint32_t index = IDS;

	for (uint32_t i = 0; i < IDS; i++)
		if (slot == &slots[i].ring)
			index = i;
	return index;
}

uint32_t
state_position(const struct virtq_packed_desc *desc)
{
	size_t offset = (size_t)__CPROVER_POINTER_OFFSET(desc);

	return __CPROVER_same_object(desc, world.area) && offset % 16 == 0 && offset / 16 < SIZE
		       ? (uint32_t)(offset / 16)
		       : SIZE;
}

static struct virtq_packed_desc *
any_descriptor(void)
{
	uint32_t at = nondet_u32();

	ASSUME(at < SIZE);
	return (struct virtq_packed_desc *)(void *)world.area + at;
}

static struct vring_slot *
any_slot(void)
{
	uint32_t index = nondet_u32();

	ASSUME(index <= IDS);
	return index == IDS ? NULL : &slots[index].ring;
}

static void
any_words(void)
{
	for (uint32_t i = 0; i < IDS; i++) {
		slots[i].ring.next = any_slot();
		slots[i].ring.descriptors = nondet_u32();
		slots[i].ring.id = nondet_u16();
		slots[i].ring.edge = nondet_u16();
	}
	for (uint32_t i = 0; i < SIZE; i++)
		links[i] = nondet_u16();
	ring.free_slot = any_slot();
	ring.oldest = any_slot();
	ring.fill = ring.packed ? any_descriptor() : NULL;
	ring.look = ring.packed ? any_descriptor() : NULL;
}

/* The smallest 2^n - 1 that covers COUNT ids. */
static uint32_t
covering(uint32_t count)
{
	uint32_t mask = 0;

	while (mask < count - 1)
		mask = 2 * mask + 1;
	return mask;
}

void
state_constants(struct vring *to, bool packed)
{
	unsigned char *area = world.area;

	to->desc.split = (struct virtq_desc *)(void *)area;
	to->slots = (unsigned char *)slots;
	to->links = links;
	to->size = SIZE;
	to->mask = SIZE - 1;
	to->id_mask = covering(IDS);
	to->ids = IDS;
	to->kind = KIND;
	to->packed = packed;
	to->driver.avail = (struct virtq_avail *)(void *)(area + world.driver_offset);
	to->device.used = (struct virtq_used *)(void *)(area + world.device_offset);
	to->used_event = packed ? NULL : &to->driver.avail->ring[SIZE];
	to->avail_event = packed ? NULL : (le16 *)(void *)&to->device.used->ring[SIZE];
	to->end = packed ? to->desc.packed + SIZE : NULL;
}

void
state_any(bool packed)
{
	world_open(SIZE, packed);
	ring = nondet_vring();
	state_constants(&ring, packed);
	any_words();
	ASSUME(state_holds());
	before = ring;
	for (uint32_t i = 0; i < IDS; i++)
		slots_before[i] = slots[i];
}

static uint32_t
count(const struct state_slot *at)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < IDS; i++)
		n += at[i].ring.descriptors != 0;
	return n;
}

uint32_t
state_in_flight(void)
{
	return count(slots);
}

uint32_t
state_in_flight_before(void)
{
	return count(slots_before);
}

static bool
same_constants(const struct vring *a, const struct vring *b)
{
	return a->desc.split == b->desc.split && a->driver.avail == b->driver.avail &&
	       a->device.used == b->device.used && a->end == b->end &&
	       a->used_event == b->used_event && a->avail_event == b->avail_event &&
	       a->slots == b->slots && a->links == b->links && a->size == b->size &&
	       a->mask == b->mask && a->ids == b->ids && a->id_mask == b->id_mask &&
	       a->limit == b->limit && a->kind == b->kind && a->packed == b->packed &&
	       a->event_index == b->event_index;
}

bool
state_equal(const struct vring *a, const struct vring *b)
{
	return same_constants(a, b) && a->free_slot == b->free_slot && a->added == b->added &&
	       a->asked == b->asked && a->avail_lap == b->avail_lap && a->fill == b->fill &&
	       a->avail == b->avail && a->free_head == b->free_head && a->free == b->free &&
	       a->outstanding == b->outstanding && a->oldest == b->oldest && a->used == b->used &&
	       a->look == b->look && a->used_lap == b->used_lap && a->batch == b->batch &&
	       a->batch_length == b->batch_length;
}

bool
state_same(const struct vring_slot *except)
{
	bool same = world_untouched();

	for (uint32_t i = 0; i < IDS; i++) {
		const struct vring_slot *a = &slots[i].ring, *b = &slots_before[i].ring;

		same = same &&
		       (a == except || (a->next == b->next && a->id == b->id &&
					a->descriptors == b->descriptors && a->edge == b->edge));
	}
	return same;
}

/* Ids are the places; no more chains are in flight than may be. */
static bool
frame_holds(void)
{
	bool holds = ring.limit >= 1 && ring.limit <= IDS && (IN_ORDER || ring.limit == IDS) &&
		     ring.id_mask == covering(IDS);

	for (uint32_t i = 0; i < IDS; i++)
		holds = holds && slots[i].ring.id == i && slots[i].ring.descriptors <= SIZE;
	return holds && state_in_flight() <= ring.limit &&
	       state_in_flight() == (ring.packed ? ring.outstanding : ring.added - ring.used);
}

/* Tables, and packed chains, out of order: the free list holds each free slot, once. */
static bool
free_slots_hold(void)
{
	const struct vring_slot *slot = ring.free_slot;
	bool holds = true, seen[IDS] = {false};

	for (uint32_t n = 0; n < IDS && slot != NULL; n++) {
		uint32_t i = state_index(slot);

		holds = holds && i < IDS && !seen[i] && slot->descriptors == 0;
		seen[i] = true;
		slot = slot->next;
	}
	for (uint32_t i = 0; i < IDS; i++)
		holds = holds && (seen[i] || slots[i].ring.descriptors != 0);
	return holds && slot == NULL;
}

/* In order: a circle of slots, of which those from the oldest on are in flight. */
static bool
circle_holds(void)
{
	uint32_t first = state_index(ring.oldest), in_flight = state_in_flight();
	bool holds = first < IDS && ring.batch <= in_flight &&
		     ring.free_slot == &slots[(first + in_flight) % IDS].ring;

	for (uint32_t n = 0; n < IDS; n++) {
		uint32_t i = (first + n) % IDS;

		holds = holds && slots[i].ring.next == &slots[(i + 1) % IDS].ring &&
			(slots[i].ring.descriptors != 0) == (n < in_flight);
	}
	return holds;
}

/* Tables: one descriptor each. */
static bool
tables_hold(void)
{
	bool holds = true;

	for (uint32_t i = 0; i < IDS; i++)
		holds = holds && slots[i].ring.descriptors <= 1;
	return holds;
}

/* Marks COUNT descriptors from AT on, by their links; LAST is the last.  False: not a free walk. */
static bool
walk(uint32_t at, uint32_t length, bool *seen, uint32_t *last)
{
	bool holds = true;

	for (uint32_t n = 0; n < SIZE && n < length; n++) {
		holds = holds && at < SIZE && !seen[at % SIZE];
		seen[at % SIZE] = true;
		*last = at;
		at = links[at % SIZE];
	}
	return holds;
}

/* Split, direct, out of order: chains and the free list share out the descriptors. */
static bool
chains_hold(void)
{
	bool seen[SIZE] = {false};
	uint32_t last = 0;
	bool holds = ring.free <= SIZE && walk(ring.free_head, ring.free, seen, &last);

	for (uint32_t i = 0; i < IDS; i++) {
		uint32_t length = slots[i].ring.descriptors;

		holds = holds && walk(i, length, seen, &last) &&
			(length == 0 || last == slots[i].ring.edge);
	}
	for (uint32_t i = 0; i < SIZE; i++)
		holds = holds && seen[i];
	return holds;
}

/* The descriptors that are lent, all together; more than there are counts as too many. */
static uint32_t
lent(void)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < IDS; i++)
		sum += slots[i].ring.descriptors;
	return sum;
}

/* Split, direct, in order: chains follow each other around the ring, each known by its head. */
static bool
split_circle_holds(void)
{
	uint32_t first = state_index(ring.oldest), at = (ring.avail - lent()) & ring.mask;
	bool holds = lent() <= SIZE && ring.free == SIZE - lent() && ring.avail < SIZE;

	for (uint32_t n = 0; n < IDS; n++) {
		const struct vring_slot *slot = &slots[(first + n) % IDS].ring;

		if (slot->descriptors == 0)
			break;
		holds = holds && slot->edge == at && links[at] == slot->id;
		at = (at + slot->descriptors) & ring.mask;
	}
	return holds;
}

static bool
split_holds(void)
{
	/* Tables in order lie in the avail ring in the order of their ids. */
	bool holds = !IN_ORDER || DIRECT || ring.oldest == &slots[ring.used & ring.mask].ring;

	if (DIRECT)
		return holds && (IN_ORDER ? split_circle_holds() : chains_hold());
	return holds && tables_hold();
}

/*
 * Where the driver fills is as far from where it looks as descriptors are lent; the laps' bits are
 * of the same lap, or of two that follow each other.  [spec 2.8.1]
 */
static bool
packed_holds(void)
{
	uint32_t look = state_position(ring.look), fill = state_position(ring.fill);
	bool wrapped = look + lent() >= SIZE;
	bool fill_wrap = ring.avail_lap == (uint64_t)VIRTQ_PACKED_F_AVAIL << 48;
	uint32_t used = VIRTQ_PACKED_F_AVAIL | VIRTQ_PACKED_F_USED;
	bool look_wrap = ring.used_lap == (used | VIRTQ_DESC_F_WRITE);

	return look < SIZE && fill < SIZE && lent() <= SIZE &&
	       fill == look + lent() - (wrapped ? SIZE : 0) &&
	       (fill_wrap || ring.avail_lap == (uint64_t)VIRTQ_PACKED_F_USED << 48) &&
	       (look_wrap || ring.used_lap == VIRTQ_DESC_F_WRITE) &&
	       fill_wrap == (look_wrap != wrapped) &&
	       (DIRECT ? ring.free == SIZE - lent() : tables_hold());
}

bool
state_holds(void)
{
	bool holds = frame_holds() && (IN_ORDER ? circle_holds() : true);

	if (!IN_ORDER && (ring.packed || !DIRECT))
		holds = holds && free_slots_hold();
	return holds && (ring.packed ? packed_holds() : split_holds());
}

/* SPDX-License-Identifier: MIT */
/*
 * Bounded proofs: where a ring's areas lie, for every size; what setting up makes, for small ones.
 */
#include "base/num.h"
#include "ring/ring.h"
#include "test/cbmc/ring_state.h"

/* The areas' sizes and alignments, as [spec 2.7, 2.8] give them. */
void
proof_layout_split(void)
{
	uint32_t size = nondet_u32();
	struct orion_vring_layout layout;

	ASSUME(size >= 1 && size <= VIRTQ_SIZE_MAX && num_is_power_of_two(size));
	layout = orion_vring_layout(size, false);
	PROVE(layout.driver_offset >= 16 * (size_t)size &&
		      layout.driver_offset % VIRTQ_AVAIL_ALIGN == 0,
	      "the avail ring behind the descriptors");
	PROVE(layout.device_offset >= layout.driver_offset + 6 + 2 * (size_t)size &&
		      layout.device_offset % VIRTQ_USED_ALIGN == 0,
	      "the used ring behind the avail ring");
	PROVE((layout.device_offset + offsetof(struct virtq_used, ring)) % 8 == 0,
	      "used elements are aligned to their size");
	PROVE(layout.device_offset / 64 > (layout.driver_offset + 5 + 2 * (size_t)size) / 64,
	      "no cache line is written by both");
	PROVE(layout.bytes >= layout.device_offset + 6 + 8 * (size_t)size &&
		      layout.bytes <= 26 * (size_t)size + 6 + 6 + 68,
	      "all of it, and little more");
	POSSIBLE(size == VIRTQ_SIZE_MAX, "the largest");
	POSSIBLE(size == 1, "the smallest");
}

/* What a legacy device derives from the queue's size and its one address.  [spec 2.7.2] */
void
proof_layout_legacy(void)
{
	uint32_t size = nondet_u32();
	struct orion_vring_layout layout;
	size_t avail_end;

	ASSUME(size >= 1 && size <= VIRTQ_SIZE_MAX && num_is_power_of_two(size));
	layout = orion_vring_layout_legacy(size);
	avail_end = layout.driver_offset + 6 + 2 * (size_t)size;
	PROVE(layout.driver_offset == 16 * (size_t)size, "the avail ring behind the descriptors");
	PROVE(layout.device_offset % VIRTQ_LEGACY_ALIGN == 0 && layout.device_offset >= avail_end &&
		      layout.device_offset - avail_end < VIRTQ_LEGACY_ALIGN,
	      "the used ring in the next page");
	PROVE(layout.bytes % VIRTQ_LEGACY_ALIGN == 0 &&
		      layout.bytes >= layout.device_offset + 6 + 8 * (size_t)size,
	      "all of it, in whole pages");
	POSSIBLE(size == VIRTQ_SIZE_MAX, "the largest");
	POSSIBLE(size == 1, "the smallest");
}

void
proof_layout_packed(void)
{
	uint32_t size = nondet_u32();
	struct orion_vring_layout layout;

	ASSUME(size >= 1 && size <= VIRTQ_SIZE_MAX);
	layout = orion_vring_layout(size, true);
	PROVE(layout.driver_offset >= 16 * (size_t)size && layout.driver_offset % 4 == 0,
	      "the driver's events behind the descriptors");
	PROVE(layout.device_offset >= layout.driver_offset + 4 && layout.device_offset % 4 == 0,
	      "the device's events behind the driver's");
	PROVE(layout.bytes >= layout.device_offset + 4 && layout.bytes <= 16 * (size_t)size + 8,
	      "all of it, and no more");
	POSSIBLE(size == VIRTQ_SIZE_MAX, "the largest");
	POSSIBLE(size == 1, "the smallest");
}

/* Setting up: any limit that is allowed makes an empty ring of which the invariant holds. */
static void
set_up(bool packed)
{
	struct vring_config config = {
		.slots = slots,
		.links = links,
		.size = SIZE,
		.ids = IDS,
		.limit = nondet_u32(),
		.kind = KIND,
		.packed = packed,
		.event_index = nondet_bool(),
	};

	world_open(SIZE, packed);
	config.shared = world.area;
	ASSUME(config.limit >= 1 && config.limit <= IDS);
	ASSUME(KIND & VRING_IN_ORDER || config.limit == IDS);
	orion_vring_setup(&ring, &config);
	PROVE(state_holds(), "the invariant");
	before = ring;
	state_constants(&before, packed);
	PROVE(state_equal(&ring, &before), "the constants");
	PROVE(ring.limit == config.limit && ring.event_index == config.event_index, "as asked for");
	PROVE(state_in_flight() == 0 && vring_outstanding(&ring) == 0, "nothing in flight");
	PROVE(vring_free(&ring) == (KIND & VRING_DIRECT ? SIZE : config.limit), "all is free");
	PROVE(vring_added(&ring) == 0 && ring.asked == 0, "nothing added");
	PROVE(world.area[world.probe] == 0, "the memory is zeroed, past the hooks");
	PROVE(world.loads == 0, "nothing is asked of the device");
	POSSIBLE(true, "the end");
}

void
proof_setup_split(void)
{
	set_up(false);
	PROVE(ring.event_index
		      ? world_stored(0, world.driver_offset + 4 + 2 * SIZE, 2, UINT16_MAX)
		      : world_stored(0, world.driver_offset, 2, VIRTQ_AVAIL_F_NO_INTERRUPT),
	      "no interrupts");
	PROVE(world.stores == (KIND == VRING_IN_ORDER ? SIZE + 1 : 1), "what is stored");
	for (unsigned i = 1; i < world.stores; i++)
		PROVE(world_stored(i, world.driver_offset + 4 + 2 * (i - 1), 2, i - 1),
		      "tables in the order of their ids");
}

void
proof_setup_packed(void)
{
	set_up(true);
	PROVE(world.stores == 1 && world_stored(0, world.driver_offset, 4,
						(uint32_t)VIRTQ_PACKED_EVENT_DISABLE << 16),
	      "no interrupts");
}

/* A ring no longer in use: each chain is forgotten, until none is in flight. */
void
proof_forget(void)
{
	uint32_t index = nondet_u32();

	state_any(nondet_bool());
	ASSUME(index < IDS && slots[index].ring.descriptors != 0);
	vring_forget(&ring, &slots[index].ring);
	PROVE(vring_outstanding(&ring) == state_in_flight() &&
		      state_in_flight() + 1 == state_in_flight_before(),
	      "one fewer, counted");
	PROVE(state_same(&slots[index].ring), "no other");
	PROVE(world.loads == 0 && world.stores == 0, "past the device");
	POSSIBLE(state_in_flight() == 0, "the last");
}

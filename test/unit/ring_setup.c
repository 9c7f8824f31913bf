/* SPDX-License-Identifier: MIT */
/*
 * src/ring/setup.c: the layout is that of sections 2.7 and 2.8, and an empty ring asks for nothing.
 */
#include <string.h>

#include "test/harness.h"

#include "hand.h"
#include "ring/ring.h"
#include "ring_slots.h"

TEST(ring_setup__split_layout_holds_three_areas_apart)
{
	for (unsigned size = 1; size <= 32768; size *= 2) {
		struct orion_vring_layout layout = orion_vring_layout((uint16_t)size, false);

		EXPECT_EQ(layout.driver_offset, 16 * (size_t)size);
		EXPECT(layout.device_offset >= layout.driver_offset + 6 + 2 * (size_t)size);
		/*
		 * Stricter than 4: what the driver writes shares no cache line with what the device
		 * does, and used elements are aligned to their own size.
		 */
		EXPECT_EQ(layout.device_offset % 64, 4);
		EXPECT_EQ(layout.bytes, layout.device_offset + 6 + 8 * (size_t)size);
	}
}

/* [spec 2.7.2], by its own formula: the alignment is a mask there. */
TEST(ring_setup__legacy_layout_is_whole_pages)
{
	for (size_t size = 1; size <= 32768; size *= 2) {
		struct orion_vring_layout layout = orion_vring_layout_legacy((uint32_t)size);
		size_t first = (16 * size + 2 * (3 + size) + 4095) & ~(size_t)4095;

		EXPECT_EQ(layout.driver_offset, 16 * size);
		EXPECT_EQ(layout.device_offset, first);
		EXPECT_EQ(layout.bytes, first + ((6 + 8 * size + 4095) & ~(size_t)4095));
	}
}

TEST(ring_setup__packed_layout_holds_ring_and_events)
{
	for (unsigned size = 1; size <= 32768; size++) {
		struct orion_vring_layout layout = orion_vring_layout((uint16_t)size, true);

		EXPECT_EQ(layout.driver_offset, 16 * (size_t)size);
		EXPECT_EQ(layout.device_offset, 16 * (size_t)size + 4);
		EXPECT_EQ(layout.bytes, 16 * (size_t)size + 8);
	}
}

static const struct test_axis layouts = {"layout", {"split", "packed"}};
static const struct test_axis events = {"events", {"flags", "index"}};
static const struct test_axis chains = {"chains", {"table", "direct"}};
static const struct test_axis orders = {"order", {"any", "in"}};
static const struct test_axis sizes = {"size", {"1", "2", "8", "32768"}};
static const struct test_axis *const axes[] = {&layouts, &events, &chains, &orders, &sizes, NULL};

TEST_AXES(ring_setup__starts_empty_over_old_memory, axes, NULL)
{
	static const uint16_t all_sizes[] = {1, 2, 8, 32768};
	uint16_t size = all_sizes[test_choice(&sizes)];
	struct vring_config config = {
		.size = size,
		.ids = size,
		.limit = size,
		.kind = (test_choice(&chains) ? VRING_DIRECT : 0) |
			(test_choice(&orders) ? VRING_IN_ORDER : 0),
		.packed = test_choice(&layouts) == 1,
		.event_index = test_choice(&events) == 1,
	};
	struct orion_vring_layout layout = orion_vring_layout(size, config.packed);
	uint8_t *shared = test_alloc(layout.bytes + 1);
	struct vring ring;

	config.slots = test_alloc(size * sizeof(struct bare_slot));
	config.links = test_alloc(size * sizeof(*config.links));
	config.shared = shared;
	memset(config.slots, 0xee, size * sizeof(struct bare_slot));
	memset(shared, 0xee, layout.bytes + 1);
	memset(&ring, 0xee, sizeof(ring));
	orion_vring_setup(&ring, &config);

	EXPECT_EQ(shared[layout.bytes], 0xee);
	EXPECT_EQ(ring.size, size);
	EXPECT_EQ(vring_free(&ring), size);
	EXPECT_EQ(vring_outstanding(&ring), 0);
	EXPECT_EQ(ring.id_mask, size - 1);
	for (unsigned i = 0; i < size; i++)
		EXPECT_EQ(vring_slot_at(&ring, i)->descriptors, 0);

	/* The shared memory: zero but for "no interrupts". */
	if (config.packed) {
		EXPECT_EQ(hand_get(shared + layout.driver_offset, 4), 1u << 16);
		memset(shared + layout.driver_offset, 0, 4);
	} else if (config.event_index) {
		EXPECT_EQ(hand_get(shared + layout.driver_offset + 4 + 2 * (size_t)size, 2),
			  0xffff);
		memset(shared + layout.driver_offset + 4 + 2 * (size_t)size, 0, 2);
	} else {
		EXPECT_EQ(hand_get(shared + layout.driver_offset, 2), 1);
		memset(shared + layout.driver_offset, 0, 2);
	}
	/* In order, tables lie in the avail ring for good. */
	for (size_t i = 0; !config.packed && config.kind == VRING_IN_ORDER && i < size; i++) {
		EXPECT_EQ(hand_get(shared + layout.driver_offset + 4 + 2 * i, 2), i);
		memset(shared + layout.driver_offset + 4 + 2 * i, 0, 2);
	}
	for (size_t i = 0; i < layout.bytes; i++)
		EXPECT_EQ(shared[i], 0);
	test_free(shared);
	test_free(config.slots);
	test_free(config.links);
}

/* The mask that bounds speculation covers all ids and no power of two more. */
TEST(ring_setup__id_mask)
{
	static uint8_t shared[16 * 300 + 8] __attribute__((aligned(16)));
	static struct bare_slot slots[300];
	struct vring ring;

	for (uint32_t ids = 1; ids <= 300; ids++) {
		struct vring_config config = {.shared = shared,
					      .slots = slots,
					      .size = 300,
					      .ids = ids,
					      .limit = ids,
					      .packed = true};

		orion_vring_setup(&ring, &config);
		EXPECT(ring.id_mask >= ids - 1 &&
		       (ring.id_mask == 0 || ring.id_mask / 2 < ids - 1));
		EXPECT_EQ(ring.id_mask & (ring.id_mask + 1u), 0);
		EXPECT_EQ(vring_free(&ring), ids);
	}
}

/* SPDX-License-Identifier: MIT */
/* src/blk/queue.c: where a queue's memory lies, and what the device is told of it. */
#include <string.h>

#include "test/harness.h"

#include "blk/types.h"
#include "fake.h"

#define BIT(n) (UINT64_C(1) << (n))

static const struct test_axis layouts = {"layout", {"split", "packed"}};
static const struct test_axis chains = {"chains", {"direct", "table"}};
static const struct test_axis *const axes[] = {&layouts, &chains, NULL};

static struct fake_world *
begin(unsigned queues)
{
	struct fake *fake = fake_make(BIT(2) | BIT(12) | (test_choice(&layouts) ? BIT(34) : 0) |
				      (test_choice(&chains) ? BIT(28) : 0));
	struct fake_world *world = fake_world_make(fake);

	fake_config(fake, 34, 2, queues);
	fake->queue_count = (uint16_t)queues;
	world->home_count = queues;
	return world;
}

TEST_AXES(blk_queue__areas_are_apart_and_inside, axes, NULL)
{
	struct fake_world *world = begin(4);
	bool packed = test_choice(&layouts) == 1;

	(void)fake_live(world);
	for (unsigned i = 0; i < 4; i++) {
		const struct virtio_queue_setup *setup = &world->fake->setup[i];
		const struct orion_region *region = &world->fake->regions[i];
		uint64_t size = setup->size, end = region->device + region->bytes;
		uint64_t driver = packed ? 4 : 6 + 2 * size, device = packed ? 4 : 6 + 8 * size;

		EXPECT_EQ(setup->vector, i + 1);
		EXPECT_EQ(setup->descriptor_area, region->device);
		EXPECT_EQ(setup->descriptor_area % 16, 0);
		EXPECT_EQ(setup->driver_area % (packed ? 4 : 2), 0);
		EXPECT_EQ(setup->device_area % 4, 0);
		EXPECT(setup->driver_area >= setup->descriptor_area + 16 * size);
		EXPECT(setup->device_area >= setup->driver_area + driver);
		EXPECT(setup->device_area + device <= end);
	}
}

/* Cells and tables behind the ring, within the region, none over another. */
TEST_AXES(blk_queue__cells_and_tables, axes, NULL)
{
	struct fake_world *world = begin(1);
	struct vblk_queue *queue = fake_live(world);
	const struct orion_region *region = &world->fake->regions[0];
	uint64_t at = region->device + queue->layout.bytes;
	uint32_t entries = vblk_info(world->device)->segments_max + 2;
	uint32_t bytes = 32 + (test_choice(&chains) == 0 ? 0 : 16 * entries);

	for (uint32_t id = 0; id < world->device->ids; id++) {
		const struct vblk_slot *slot = vblk_slot_at(queue, id);

		EXPECT_EQ(slot->ring.id, id);
		EXPECT_EQ((uintptr_t)slot % 64, 0);
		EXPECT_EQ(slot->address % 64, 0);
		EXPECT(slot->address >= at);
		EXPECT((uint8_t *)slot->cell - (uint8_t *)region->cpu ==
		       (ptrdiff_t)(slot->address - region->device));
		at = slot->address + bytes;
	}
	EXPECT(at <= region->device + region->bytes);
	EXPECT(at + 64 > region->device + region->bytes);
}

TEST_AXES(blk_queue__private_memory_is_what_was_said, axes, NULL)
{
	struct fake_world *world = begin(3);
	uint8_t *more;

	EXPECT_EQ(fake_probe(world), ORION_OK);
	more = test_alloc(world->bytes + 64);
	memset(more + world->bytes, 0xee, 64);
	world->more = more;
	EXPECT_EQ(world->bytes % 64, 0);
	EXPECT_EQ(vblk_open(world->device, more, world->bytes), ORION_OK);
	for (unsigned i = 0; i < 64; i++)
		EXPECT_EQ(more[world->bytes + i], 0xee);
	EXPECT_EQ(vblk_info(world->device)->private_bytes, VBLK_DEVICE_BYTES + world->bytes);
}

/* Memory that held something else: the queue does not care. */
TEST_AXES(blk_queue__built_over_old_bytes, axes, NULL)
{
	struct fake_world *world = begin(1);

	memset(world->memory, 0xee, VBLK_DEVICE_BYTES);
	EXPECT_EQ(fake_probe(world), ORION_OK);
	world->more = test_alloc(world->bytes);
	memset(world->more, 0xee, world->bytes);
	EXPECT_EQ(vblk_open(world->device, world->more, world->bytes), ORION_OK);
	EXPECT_EQ(vblk_in_flight(vblk_queue_get(world->device, 0)), 0);
	vblk_close(world->device);
	fake_expect_empty(world);
}

/* Whatever the depth, the slot of an id that was only guessed is one of the queue's, and free. */
TEST_AXES(blk_queue__masked_ids_stay_inside, axes, NULL)
{
	static const uint32_t depths[] = {3, 5, 100, 129, 341, 513, 1000};

	for (unsigned i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
		struct fake_world *world = begin(1);
		const struct vblk_queue *queue;
		const uint8_t *end;

		world->options.queue_depth = depths[i];
		world->fake->queue_size = 1024;
		queue = fake_live(world);
		end = (const uint8_t *)world->more + world->bytes;
		EXPECT(queue->ring.slots + (queue->ring.id_mask + (size_t)1) * 64 <= end);
		EXPECT(queue->ring.links == NULL ||
		       (const uint8_t *)&queue->ring.links[queue->ring.ids] <= end);
		for (uint32_t id = queue->ring.ids; id <= queue->ring.id_mask; id++)
			EXPECT_EQ(vring_slot_at(&queue->ring, id)->descriptors, 0);
		vblk_close(world->device);
	}
}

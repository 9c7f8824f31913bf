/* SPDX-License-Identifier: MIT */
/*
 * src/device/region.c: the budget's edges, and quarantine when, and only when, the reset is not
 * proven.
 */
#include <string.h>

#include "test/harness.h"

#include "device/device.h"
#include "fake.h"

static struct virtio_device *
device_make(struct fake *fake, struct orion_budget *budget)
{
	static struct virtio_device device;

	memset(&device, 0, sizeof(device));
	device.transport = fake->transport;
	device.port = &fake->port;
	device.port_context = fake;
	device.dma.context = fake;
	device.budget = budget;
	device.state = VIRTIO_RESET;
	return &device;
}

TEST(device_region__budget_to_the_byte)
{
	struct fake *fake = fake_make(0);
	struct orion_budget budget = {.limit = 8192};
	struct virtio_device *device = device_make(fake, &budget);
	struct orion_region a = {0}, b = {0}, c = {0};

	EXPECT_EQ(orion_virtio_region_take(device, 8193, &a), ORION_NO_MEMORY);
	EXPECT_EQ(orion_virtio_region_take(device, 5000, &a), ORION_OK);
	EXPECT_EQ(orion_virtio_region_take(device, 3193, &b), ORION_NO_MEMORY);
	EXPECT_EQ(orion_virtio_region_take(device, 3192, &b), ORION_OK);
	EXPECT_EQ(orion_virtio_region_take(device, 1, &c), ORION_NO_MEMORY);
	EXPECT_EQ(budget.used, 8192);
	EXPECT_EQ(budget.peak, 8192);
	EXPECT_EQ(budget.refusals, 3);
	orion_virtio_region_give(device, &a);
	EXPECT_EQ(a.bytes, 0);
	EXPECT_EQ(budget.used, 3192);
	EXPECT_EQ(orion_virtio_region_take(device, 5000, &a), ORION_OK);
	orion_virtio_region_give(device, &a);
	orion_virtio_region_give(device, &b);
	EXPECT_EQ(budget.used, 0);
	EXPECT_EQ(budget.peak, 8192);
	EXPECT_EQ(fake->regions_live, 0);
}

TEST(device_region__sizes_do_not_overflow)
{
	struct fake *fake = fake_make(0);
	struct orion_budget budget = {.limit = UINT64_MAX, .used = 4096};
	struct virtio_device *device = device_make(fake, &budget);
	struct orion_region region = {0};

	EXPECT_EQ(orion_virtio_region_take(device, SIZE_MAX, &region), ORION_NO_MEMORY);
	EXPECT_EQ(orion_virtio_region_take(device, SIZE_MAX - 4095, &region), ORION_NO_MEMORY);
	EXPECT_EQ(fake->region_count, 0);
}

TEST(device_region__the_host_refuses)
{
	struct fake *fake = fake_make(0);
	struct orion_budget budget = {.limit = 8192};
	struct orion_region region = {0};

	fake->fail_at = 1;
	EXPECT_EQ(orion_virtio_region_take(device_make(fake, &budget), 100, &region),
		  ORION_NO_MEMORY);
	EXPECT_EQ(budget.used, 0);
	EXPECT_EQ(budget.refusals, 1);
}

TEST(device_region__freed_after_a_proven_reset_only)
{
	for (unsigned state = 0; state < VIRTIO_STATE_COUNT; state++) {
		struct fake *fake = fake_make(0);
		struct orion_budget budget = {.limit = 8192};
		struct virtio_device *device = device_make(fake, &budget);
		struct orion_region region = {0};
		bool proven = state == VIRTIO_RESET;

		EXPECT_EQ(orion_virtio_region_take(device, 4096, &region), ORION_OK);
		device->state = (virtio_state)state;
		orion_virtio_region_give(device, &region);
		EXPECT_EQ(fake->regions_freed, proven);
		EXPECT_EQ(fake->regions_live, !proven);
		EXPECT_EQ(budget.quarantined, proven ? 0 : 4096);
		EXPECT_EQ(budget.used, proven ? 0 : 4096);
		EXPECT_EQ(region.bytes, 0);
		/* What was given cannot be given again. */
		orion_virtio_region_give(device, &region);
		EXPECT_EQ(budget.quarantined, proven ? 0 : 4096);
	}
}

/* ---- the way to memory ---- */

#define VERSION_1 (UINT64_C(1) << 32)
#define PLATFORM (UINT64_C(1) << 33)

static struct fake_world *
world_of(uint64_t features)
{
	return fake_world_make(fake_make(features));
}

TEST(device_region__dma_open_is_told_and_obeyed)
{
	for (unsigned offered = 0; offered < 2; offered++) {
		struct fake_world *world = world_of(VERSION_1 | (offered != 0 ? PLATFORM : 0));
		struct fake *fake = world->fake, *other = fake_make(0);

		fake->dma_other = other;
		(void)fake_live(world);
		EXPECT_EQ(fake->dma_opens, 1);
		EXPECT_EQ(fake->dma_function, ORION_NO_FUNCTION);
		EXPECT_EQ(fake->dma_platform, offered != 0);
		EXPECT_EQ((fake->driver_features & PLATFORM) != 0, offered != 0);
		EXPECT(vblk_dma_context(world->device) == other);
		EXPECT(other->regions_live != 0 && fake->regions_live == 0);
		vblk_close(world->device);
		EXPECT_EQ(fake->dma_closes, 1);
		EXPECT_EQ(fake->dma_live_at_close, 0);
		EXPECT_EQ(other->regions_live, 0);
	}
}

TEST(device_region__no_way_to_memory)
{
	struct fake_world *world = world_of(VERSION_1 | PLATFORM);

	world->fake->dma_refused = true;
	EXPECT_EQ(fake_probe(world), ORION_NO_MAPPING);
	EXPECT_EQ(world->fake->status & 128, 128);
	EXPECT_EQ(world->fake->status & 8, 0);
	EXPECT_EQ(world->fake->dma_closes, 0);
	EXPECT_EQ(world->fake->closed, true);
}

TEST(device_region__dma_closed_when_a_later_stage_fails)
{
	struct fake_world *world = world_of(VERSION_1);

	world->fake->features_refused = true;
	EXPECT_EQ(fake_probe(world), ORION_DEVICE_REFUSED);
	EXPECT_EQ(world->fake->dma_opens, 1);
	EXPECT_EQ(world->fake->dma_closes, 1);
}

/* Unwanted though offered: the device uses physical addresses then.  [spec 6.1] */
TEST(device_region__platform_unwanted)
{
	struct fake_world *world = world_of(VERSION_1 | PLATFORM);

	world->options.features_off = PLATFORM;
	(void)fake_live(world);
	EXPECT_EQ(world->fake->dma_platform, false);
	EXPECT_EQ(world->fake->driver_features & PLATFORM, 0);
	vblk_close(world->device);
}

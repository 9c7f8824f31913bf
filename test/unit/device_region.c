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
device_make(struct fake *fake, struct vblk_budget *budget)
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
	struct vblk_budget budget = {.limit = 8192};
	struct virtio_device *device = device_make(fake, &budget);
	struct orion_region a = {0}, b = {0}, c = {0};

	EXPECT_EQ(virtio_region_take(device, 8193, &a), ORION_NO_MEMORY);
	EXPECT_EQ(virtio_region_take(device, 5000, &a), ORION_OK);
	EXPECT_EQ(virtio_region_take(device, 3193, &b), ORION_NO_MEMORY);
	EXPECT_EQ(virtio_region_take(device, 3192, &b), ORION_OK);
	EXPECT_EQ(virtio_region_take(device, 1, &c), ORION_NO_MEMORY);
	EXPECT_EQ(budget.used, 8192);
	EXPECT_EQ(budget.peak, 8192);
	EXPECT_EQ(budget.refusals, 3);
	virtio_region_give(device, &a);
	EXPECT_EQ(a.bytes, 0);
	EXPECT_EQ(budget.used, 3192);
	EXPECT_EQ(virtio_region_take(device, 5000, &a), ORION_OK);
	virtio_region_give(device, &a);
	virtio_region_give(device, &b);
	EXPECT_EQ(budget.used, 0);
	EXPECT_EQ(budget.peak, 8192);
	EXPECT_EQ(fake->regions_live, 0);
}

TEST(device_region__sizes_do_not_overflow)
{
	struct fake *fake = fake_make(0);
	struct vblk_budget budget = {.limit = UINT64_MAX, .used = 4096};
	struct virtio_device *device = device_make(fake, &budget);
	struct orion_region region = {0};

	EXPECT_EQ(virtio_region_take(device, SIZE_MAX, &region), ORION_NO_MEMORY);
	EXPECT_EQ(virtio_region_take(device, SIZE_MAX - 4095, &region), ORION_NO_MEMORY);
	EXPECT_EQ(fake->region_count, 0);
}

TEST(device_region__the_host_refuses)
{
	struct fake *fake = fake_make(0);
	struct vblk_budget budget = {.limit = 8192};
	struct orion_region region = {0};

	fake->fail_at = 1;
	EXPECT_EQ(virtio_region_take(device_make(fake, &budget), 100, &region), ORION_NO_MEMORY);
	EXPECT_EQ(budget.used, 0);
	EXPECT_EQ(budget.refusals, 1);
}

TEST(device_region__freed_after_a_proven_reset_only)
{
	for (unsigned state = 0; state < VIRTIO_STATE_COUNT; state++) {
		struct fake *fake = fake_make(0);
		struct vblk_budget budget = {.limit = 8192};
		struct virtio_device *device = device_make(fake, &budget);
		struct orion_region region = {0};
		bool proven = state == VIRTIO_RESET;

		EXPECT_EQ(virtio_region_take(device, 4096, &region), ORION_OK);
		device->state = (virtio_state)state;
		virtio_region_give(device, &region);
		EXPECT_EQ(fake->regions_freed, proven);
		EXPECT_EQ(fake->regions_live, !proven);
		EXPECT_EQ(budget.quarantined, proven ? 0 : 4096);
		EXPECT_EQ(budget.used, proven ? 0 : 4096);
		EXPECT_EQ(region.bytes, 0);
		/* What was given cannot be given again. */
		virtio_region_give(device, &region);
		EXPECT_EQ(budget.quarantined, proven ? 0 : 4096);
	}
}

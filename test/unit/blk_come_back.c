/* SPDX-License-Identifier: MIT */
/* vblk_restart(): a device that was stopped, brought up again as it was, or refused with a reason. */
#include <limits.h>

#include "desk_blk.h"

#define SIZE_MAX_F BIT(1)
#define SEG_MAX_F BIT(2)
#define RO_F BIT(5)
#define BLK_SIZE_F BIT(6)

static const struct test_axis *const kinds[] = {&blk_kinds, NULL};

static struct blk_bench *
begin(unsigned in_flight)
{
	struct blk_bench *bench =
		blk_bench_make(blk_kind_features() | FLUSH_F | SIZE_MAX_F | SEG_MAX_F | BLK_SIZE_F);

	fake_config(bench->fake, 8, 4, 65536);
	fake_config(bench->fake, 12, 4, 16);
	fake_config(bench->fake, 20, 4, 512);
	blk_bench_open(bench);
	for (unsigned i = 0; i < in_flight; i++) {
		struct vblk_request request = blk_request(VBLK_READ, i, 1, 512);

		blk_send(bench, &request);
	}
	return bench;
}

/* All that was in flight comes back; returns how many. */
static unsigned
drain(struct blk_bench *bench)
{
	struct vblk_completion done[8];
	unsigned all = 0, n;

	while ((n = vblk_reap(bench->queue, done, 8)) != 0) {
		for (unsigned i = 0; i < n; i++)
			EXPECT_EQ(done[i].result, ORION_OUTCOME_UNKNOWN);
		all += n;
	}
	return all;
}

static void
expect_works(struct blk_bench *bench)
{
	struct vblk_request request = blk_request(VBLK_WRITE, 7, 1, 512);

	bench->hand = fake_hand(bench->world, 0);
	for (unsigned i = 0; i < 40; i++) {
		blk_send(bench, &request);
		EXPECT(blk_pop(bench));
		EXPECT_EQ(blk_sector(bench, &bench->chain), 7);
		blk_complete(bench, &bench->chain, 0, 1);
		EXPECT_EQ(blk_reap_one(bench).result, ORION_OK);
	}
}

/* The same memory, queue and vectors; the whole handshake; nothing of the old life shows. */
TEST_AXES(blk_come_back__as_it_was, kinds, NULL)
{
	struct blk_bench *bench = begin(5);
	struct vblk_device *device = bench->world->device;
	uint64_t area = bench->fake->setup[0].descriptor_area;
	uint64_t negotiated = bench->fake->driver_features;
	unsigned regions = bench->fake->region_count, opens = bench->fake->dma_opens;

	for (unsigned round = 0; round < 3; round++) {
		EXPECT_EQ(vblk_restart(device), ORION_WRONG_STATE);
		EXPECT_EQ(vblk_stop(device), ORION_OK);
		EXPECT_EQ(vblk_restart(device), ORION_WRONG_STATE);
		EXPECT_EQ(drain(bench), 5);
		/* The device grew meanwhile. */
		fake_config(bench->fake, 0, 8, 5000 + round);
		bench->fake->setup[0] = (struct virtio_queue_setup){0};
		/* What it offers besides is not for this life: nothing was made for it. */
		bench->fake->features |= BIT(10);
		EXPECT_EQ(vblk_restart(device), ORION_OK);
		EXPECT_EQ(vblk_state_get(device), VBLK_LIVE);
		EXPECT_EQ(vblk_info(device)->capacity_sectors, 5000 + round);
		EXPECT_EQ(bench->fake->status, 15);
		EXPECT_EQ(bench->fake->driver_features, negotiated);
		EXPECT_EQ(bench->fake->setup[0].descriptor_area, area);
		EXPECT_EQ(bench->fake->setup[0].vector, 1);
		EXPECT_EQ(bench->fake->config_vector_calls, 2 + round);
		EXPECT(bench->fake->irq[0].live && bench->fake->irq[1].live);
		EXPECT_EQ(vblk_queue_get(device, 0) == bench->queue, true);
		expect_works(bench);
		for (unsigned i = 0; i < 5; i++) {
			struct vblk_request request = blk_request(VBLK_READ, i, 1, 512);

			blk_send(bench, &request);
		}
	}
	EXPECT_EQ(bench->fake->region_count, regions);
	EXPECT_EQ(bench->fake->dma_opens, opens);
}

/* A latch is gone with the reset, and its cause. */
TEST_AXES(blk_come_back__after_needs_reset, kinds, NULL)
{
	struct blk_bench *bench = begin(1);
	struct vblk_device *device = bench->world->device;

	bench->fake->status |= 64;
	EXPECT_EQ(vblk_refresh(device, NULL), ORION_DEVICE_BROKEN);
	EXPECT_EQ(vblk_cause_get(device), VBLK_CAUSE_NEEDS_RESET);
	EXPECT_EQ(vblk_stop(device), ORION_OK);
	EXPECT_EQ(drain(bench), 1);
	EXPECT_EQ(vblk_restart(device), ORION_OK);
	EXPECT_EQ(vblk_cause_get(device), VBLK_CAUSE_NONE);
	expect_works(bench);
}

static const struct test_axis change = {"change",
					{"blocks", "seg_max", "size_max", "read-only",
					 "feature-gone", "smaller-queue", "enable-refused",
					 "features-refused", "start-lost", "vector-refused"}};
static const struct test_axis *const changes[] = {&change, &blk_kinds, NULL};

static void
alter(struct fake *fake, unsigned which)
{
	switch (which) {
	case 0:
		fake_config(fake, 20, 4, 4096);
		break;
	case 1:
		fake_config(fake, 12, 4, 3);
		break;
	case 2:
		fake_config(fake, 8, 4, 4096);
		break;
	case 3:
		fake->features |= RO_F;
		break;
	case 4:
		fake->features &= ~FLUSH_F;
		break;
	case 5:
		fake->queue_size = 4;
		break;
	case 6:
		fake->enable_refused = fake->enables + 1;
		break;
	case 7:
		fake->features_refused = true;
		break;
	case 8:
		fake->start_lost = 8;
		break;
	default:
		fake->vector_refused = 1;
	}
}

/* Less than it was is refused, told, and leaves it stopped; as before it comes back. */
TEST_AXES(blk_come_back__refused, changes, NULL)
{
	struct blk_bench *bench = begin(2);
	struct vblk_device *device = bench->world->device;
	struct fake before = *bench->fake, *fake = bench->fake;
	unsigned which = test_choice(&change);
	orion_status status;

	EXPECT_EQ(vblk_stop(device), ORION_OK);
	EXPECT_EQ(drain(bench), 2);
	alter(fake, which);
	status = vblk_restart(device);
	EXPECT_EQ(status, which == 9 ? ORION_NO_INTERRUPT : ORION_DEVICE_REFUSED);
	EXPECT_EQ(vblk_state_get(device), VBLK_STOPPED);
	EXPECT_EQ(fake->status, 0);
	EXPECT_EQ(fake->reports[ORION_EVENT_DEVICE_CHANGED], which <= 3 || which == 5);
	EXPECT_EQ(fake->reports[ORION_EVENT_FEATURES_MISSING], which == 4);
	EXPECT_EQ(vblk_info(device)->block_bytes, 512);
	EXPECT_EQ(vblk_info(device)->read_only, false);
	/* It is as it was. */
	for (unsigned i = 0; i < sizeof(before.config); i++)
		fake->config[i] = before.config[i];
	fake->features = before.features;
	fake->queue_size = before.queue_size;
	fake->enable_refused = 0;
	fake->features_refused = false;
	fake->start_lost = 0;
	fake->vector_refused = before.vector_refused;
	EXPECT_EQ(vblk_restart(device), ORION_OK);
	expect_works(bench);
}

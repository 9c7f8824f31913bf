/* SPDX-License-Identifier: MIT */
/* Requests that their owner keeps in flight on a lane: where their memory lies, and whose it is. */
#include <string.h>

#include "commands/pattern.h"
#include "storage/work.h"
#include "test/unit/desk.h"

#define BYTES 65536u
#define DEPTH 8u

static const struct test_axis layout = {"layout", {"split", "packed"}};
static const struct test_axis memory = {"memory", {"shared", "bounced"}};
static const struct test_axis *const axes[] = {&layout, &memory, NULL};

static void
open_desk(struct desk *desk, struct desk_config *config)
{
	desk_defaults(config);
	config->lanes = 2;
	config->model[0].queues = 2;
	config->model[0].vectors = 3;
	if (test_choice(&layout) == 0)
		config->model[0].features &= ~VIRTIO_BIT(VIRTIO_F_RING_PACKED);
	config->options.dma_enabled = test_choice(&memory) == 0;
	desk_open(desk, config);
}

/* Waits until LANE has given COUNT requests back, all of them well. */
static void
await(struct desk *desk, unsigned lane, unsigned count)
{
	struct storage_disk *disk = &desk->storage.disks[0];
	struct orion_io *done[DEPTH];

	for (unsigned turns = 0; count != 0; turns++) {
		unsigned n = storage_reap(storage_lane_of(disk, lane), done, DEPTH);

		EXPECT(turns < 1000 && n <= count);
		for (unsigned i = 0; i < n; i++)
			EXPECT_EQ(done[i]->result, ORION_OK);
		count -= n;
		if (n == 0)
			storage_sleep(&desk->storage, disk, lane);
	}
}

static unsigned
submit(struct desk *desk, unsigned lane, struct orion_io *ios, unsigned count)
{
	struct storage_lane *its = storage_lane_of(&desk->storage.disks[0], lane);
	struct orion_io *batch[DEPTH];
	unsigned taken;

	for (unsigned i = 0; i < count; i++)
		batch[i] = &ios[i];
	taken = storage_submit(its, batch, count);
	storage_kick(its);
	return taken;
}

/* DEPTH requests of OPERATION that follow each other on the disk, from FIRST on. */
static void
fill(struct orion_io *ios, uint8_t operation, unsigned char *data, uint64_t first)
{
	for (unsigned i = 0; i < DEPTH; i++)
		ios[i] = (struct orion_io){.offset = first + i * (BYTES / DEPTH),
					   .buffer = data + i * (BYTES / DEPTH),
					   .bytes = BYTES / DEPTH,
					   .operation = operation};
}

/* Two lanes, eight requests each at once: what was written is on the disk, and is read back. */
TEST_AXES(storage_lane__batches, axes, NULL)
{
	struct desk_config config;
	struct desk desk;
	struct orion_io ios[2][DEPTH], flush = {.operation = ORION_FLUSH};
	struct orion_region regions[2];
	unsigned char *want = test_alloc(BYTES), *back = test_alloc(BYTES);
	struct storage_disk *disk;

	open_desk(&desk, &config);
	disk = &desk.storage.disks[0];
	for (unsigned lane = 0; lane < 2; lane++) {
		EXPECT_EQ(storage_claim(&desk.storage, disk, lane), ORION_OK);
		EXPECT_EQ(storage_dma_take(&desk.storage, disk, BYTES, &regions[lane]), ORION_OK);
		pattern_fill(lane, 0, regions[lane].cpu, BYTES);
		fill(ios[lane], ORION_WRITE, regions[lane].cpu, lane * (uint64_t)BYTES);
		EXPECT_EQ(submit(&desk, lane, ios[lane], DEPTH), DEPTH);
	}
	for (unsigned lane = 0; lane < 2; lane++)
		await(&desk, lane, DEPTH);
	EXPECT_EQ(submit(&desk, 0, &flush, 1), 1);
	await(&desk, 0, 1);
	EXPECT_EQ(model_device_stats(desk.models[0])->flushes, 1);
	EXPECT_EQ(storage_bounced_bytes(disk), test_choice(&memory) == 0 ? 0 : 2 * BYTES);
	for (unsigned lane = 0; lane < 2; lane++) {
		pattern_fill(lane, 0, want, BYTES);
		model_device_peek(desk.models[0], lane * BYTES / 512, back, BYTES);
		EXPECT_MEM(back, want, BYTES);
		memset(regions[lane].cpu, 0xee, BYTES);
		fill(ios[lane], ORION_READ, regions[lane].cpu, lane * (uint64_t)BYTES);
		EXPECT_EQ(submit(&desk, lane, ios[lane], DEPTH), DEPTH);
		await(&desk, lane, DEPTH);
		EXPECT_MEM(regions[lane].cpu, want, BYTES);
		storage_dma_give(&desk.storage, disk, &regions[lane]);
		storage_unclaim(&desk.storage, disk, lane);
	}
	desk_close(&desk);
	test_free(want);
	test_free(back);
}

/*
 * Only memory of storage_dma_take() goes to the device as it is, and no longer once it was given
 * back; where nothing is shared, not that either.
 */
TEST_AXES(storage_lane__regions, axes, NULL)
{
	struct desk_config config;
	struct desk desk;
	struct orion_region region;
	struct orion_io io = {.bytes = 4096};
	struct storage_lane *lane;
	struct storage_disk *disk;
	bool bounced = test_choice(&memory) == 1;
	unsigned char *own = test_alloc(4096);

	open_desk(&desk, &config);
	disk = &desk.storage.disks[0];
	lane = storage_lane_of(disk, 0);
	EXPECT_EQ(storage_dma_take(&desk.storage, disk, BYTES, &region), ORION_OK);
	io.buffer = (unsigned char *)region.cpu + BYTES - 4096;
	EXPECT_EQ(submit(&desk, 0, &io, 1), 1);
	await(&desk, 0, 1);
	EXPECT_EQ(storage_bounced_bytes(disk), bounced ? 4096 : 0);
	if (!bounced) {
		/* One byte of it lies elsewhere. */
		io.buffer = (unsigned char *)region.cpu + BYTES - 4095;
		EXPECT_EQ(submit(&desk, 0, &io, 1), 0);
		EXPECT_EQ(lane->refusal, ORION_TOO_LARGE);
	}
	storage_dma_give(&desk.storage, disk, &region);
	io.buffer = own;
	EXPECT_EQ(submit(&desk, 0, &io, 1), bounced);
	await(&desk, 0, bounced);
	if (!bounced) {
		io.buffer = region.cpu;
		EXPECT_EQ(submit(&desk, 0, &io, 1), 0);
		EXPECT_EQ(lane->refusal, ORION_TOO_LARGE);
	}
	desk_close(&desk);
	test_free(own);
}

/* A layer that shares memory itself: the segments are the device's, the rules are the disk's. */
TEST(storage_lane__mapped)
{
	struct desk_config config;
	struct desk desk;
	struct orion_region region;
	struct vblk_segment segment;
	struct orion_io io = {.buffer = &segment, .vectors = 1, .flags = STORAGE_MAPPED};
	struct storage_disk *disk;

	desk_defaults(&config);
	desk_open(&desk, &config);
	disk = &desk.storage.disks[0];
	/* As a lane that has joined while the disk is not to be written; the device would be. */
	storage_lane_of(disk, 0)->largest = ORION_READ;
	EXPECT_EQ(storage_dma_take(&desk.storage, disk, BYTES, &region), ORION_OK);
	segment = (struct vblk_segment){.device_address = region.device + 512, .length = 512};
	pattern_fill(4, 0, region.cpu, 512);
	model_device_poke(desk.models[0], 7, region.cpu, 512);
	memset(region.cpu, 0xee, BYTES);
	io.offset = UINT64_C(7) * 512;
	EXPECT_EQ(submit(&desk, 0, &io, 1), 1);
	await(&desk, 0, 1);

	unsigned char want[512];

	pattern_fill(4, 0, want, 512);
	EXPECT_MEM((unsigned char *)region.cpu + 512, want, 512);
	EXPECT_EQ(((unsigned char *)region.cpu)[511], 0xee);
	EXPECT_EQ(((unsigned char *)region.cpu)[1024], 0xee);
	io.operation = ORION_WRITE;
	EXPECT_EQ(submit(&desk, 0, &io, 1), 0);
	EXPECT_EQ(storage_lane_of(disk, 0)->refusal, ORION_READ_ONLY);
	io.operation = ORION_FLUSH;
	EXPECT_EQ(submit(&desk, 0, &io, 1), 0);
	EXPECT_EQ(storage_lane_of(disk, 0)->refusal, ORION_INVALID);
	storage_dma_give(&desk.storage, disk, &region);
	desk_close(&desk);
}

/* Requests that their owner gives up: their memory comes back after the device, and not before. */
TEST_AXES(storage_lane__given_up, axes, NULL)
{
	struct desk_config config;
	struct desk desk;
	struct orion_region region;
	struct orion_io *ios;
	struct storage_disk *disk;
	struct storage_handle *handle;
	const struct model_host_stats *stats;
	unsigned memories, regions;

	open_desk(&desk, &config);
	disk = &desk.storage.disks[0];
	handle = desk_handle(&desk, "vd0", STORAGE_MAY_ALL);
	stats = model_host_stats(desk.host);
	memories = stats->memories;
	regions = stats->dma_regions;
	model_device_hold(desk.models[0], true);
	EXPECT_EQ(storage_claim(&desk.storage, disk, 0), ORION_OK);
	EXPECT_EQ(storage_dma_take(&desk.storage, disk, BYTES, &region), ORION_OK);
	ios = model_memory_take(desk.host, DEPTH * sizeof(*ios));
	fill(ios, ORION_WRITE, region.cpu, 0);
	EXPECT_EQ(submit(&desk, 0, ios, DEPTH), DEPTH);
	storage_leave(&desk.storage, disk, 0, true, &region, ios, DEPTH * sizeof(*ios));
	EXPECT_EQ(storage_lent(disk, 0), DEPTH);
	EXPECT_EQ(storage_claim(&desk.storage, disk, 0), ORION_BUSY);
	EXPECT_EQ(stats->memories, memories + 1);
	EXPECT_EQ(stats->dma_regions, regions + 1);

	/* They come back while another call waits on the lane; it is not confused by them. */
	unsigned char *data = test_alloc(BYTES);

	model_device_hold(desk.models[0], false);
	EXPECT_EQ(storage_write(&desk.storage, handle, 0, 0, data, BYTES, NULL), ORION_OK);
	EXPECT_EQ(storage_lent(disk, 0), 0);
	EXPECT_EQ(storage_claim(&desk.storage, disk, 0), ORION_OK);
	EXPECT_EQ(stats->memories, memories);
	EXPECT_EQ(stats->dma_regions, regions);
	storage_unclaim(&desk.storage, disk, 0);
	storage_close(&desk.storage, handle);
	desk_close(&desk);
	test_free(data);
}

/* Without memory for its lanes a disk is not entered, and nothing leaks. */
TEST(storage_lane__no_memory)
{
	struct desk_config config;
	struct desk desk;

	desk_defaults(&config);
	config.lanes = 2;
	config.model[0].queues = 2;
	config.model[0].vectors = 3;
	desk_open(&desk, &config);
	EXPECT_EQ(storage_remove(&desk.storage, 0), ORION_OK);
	for (unsigned n = 1; n <= 2; n++) {
		model_host_fail(desk.host, n, false);
		EXPECT_EQ(storage_add(&desk.storage, 0), ORION_NO_MEMORY);
		EXPECT(storage_find(&desk.storage, "vd0") == NULL);
	}
	model_host_fail(desk.host, 0, false);
	EXPECT_EQ(storage_add(&desk.storage, 0), ORION_OK);
	desk_close(&desk);
}

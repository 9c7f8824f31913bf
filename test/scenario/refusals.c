/* SPDX-License-Identifier: MIT */
/* What is refused, by whom and with which word; and that a refusal has no effect. */
#include "test/scenario/matrix.h"

#include <string.h>

#define CAPACITY 2048u

/* A request that breaks one rule; what is not said is a good read of 4096 bytes at sector 8. */
static const struct bad {
	uint8_t operation;
	uint16_t segments;
	uint32_t length;
	uint64_t sector;
	orion_status expected;
	uint64_t address; /* 0: the buffer's */
	bool null; /* no array of segments */
	uint32_t block_bytes; /* 0: 512 */
} bads[] = {
	{VBLK_READ, 0, 4096, 8, ORION_INVALID, 0, false, 0},
	{VBLK_READ, 1, 4096, 8, ORION_INVALID, 0, true, 0},
	{VBLK_READ, 1, 0, 8, ORION_INVALID, 0, false, 0},
	{VBLK_READ, 1, 513, 8, ORION_MISALIGNED, 0, false, 0},
	{VBLK_READ, 1, 4096, CAPACITY - 7, ORION_OUT_OF_RANGE, 0, false, 0},
	{VBLK_READ, 1, 4096, CAPACITY + 1, ORION_OUT_OF_RANGE, 0, false, 0},
	{VBLK_READ, 1, 4096, UINT64_MAX - 3, ORION_OUT_OF_RANGE, 0, false, 0},
	{VBLK_READ, 1, 4096, 8, ORION_INVALID, UINT64_MAX - 511, false, 0},
	{VBLK_OPERATION_COUNT, 1, 4096, 8, ORION_INVALID, 0, false, 0},
	{VBLK_FLUSH, 1, 4096, 0, ORION_INVALID, 0, false, 0},
	{VBLK_FLUSH, 0, 4096, 8, ORION_INVALID, 0, false, 0},
	{VBLK_GET_ID, 1, 21, 0, ORION_INVALID, 0, false, 0},
	{VBLK_GET_ID, 1, 20, 8, ORION_INVALID, 0, false, 0},
	{VBLK_GET_ID, 2, 10, 0, ORION_INVALID, 0, false, 0},
	{VBLK_READ, 1, 512, 8, ORION_MISALIGNED, 0, false, 4096},
	{VBLK_READ, 1, 4096, 9, ORION_MISALIGNED, 0, false, 4096},
};

static const struct test_axis faults = {
	"fault",
	{"no_segments", "null_segments", "zero_length", "odd_length", "beyond", "far_beyond",
	 "sector_overflow", "address_overflow", "unknown_operation", "flush_segments",
	 "flush_sector", "id_length", "id_sector", "id_segments", "block_length", "block_sector"}};
static const struct test_axis *const axes[] = {&faults, &layout, NULL};

TEST_AXES(bad_request, axes, NULL)
{
	const struct bad *bad = &bads[test_choice(&faults)];
	struct world_config config;
	struct vblk_segment s[2];
	struct world_buffer *in;
	struct vblk_request r;
	struct world w;

	matrix_configure_for(&config, axes);
	config.mode = MODEL_STEP_NEVER;
	config.model.capacity_sectors = CAPACITY;
	config.model.block_bytes = bad->block_bytes != 0 ? bad->block_bytes : 512;
	world_open(&w, &config, NULL);
	in = world_buffer(&w, 4096, ORION_DEVICE_WRITES);
	s[0] = s[1] = (struct vblk_segment){
		bad->address != 0 ? bad->address : in->segment.device_address, bad->length, 0};
	r = (struct vblk_request){.sector = bad->sector,
				  .segments = bad->null ? NULL : s,
				  .segment_count = bad->segments,
				  .cookie = world_cookie(&w),
				  .operation = bad->operation};
	EXPECT_EQ(world_submit(&w, 0, &r, 1), 0);
	EXPECT_STR(orion_status_text(vblk_refusal(vblk_queue_get(w.device, 0))),
		   orion_status_text(bad->expected));
	EXPECT_EQ(vblk_in_flight(vblk_queue_get(w.device, 0)), 0);
	world_kick(&w, 0);
	world_run(&w);
	EXPECT_EQ(model_device_stats(w.model)->fetched, 0);

	/* And the next good one goes. */
	EXPECT_EQ(world_io(&w, 0, VBLK_READ, 0, &in->segment, 1), ORION_OK);
	world_close(&w);
}

/* The ones before a bad request are taken, the bad one and those after are not. */
TEST(bad_among_good)
{
	struct vblk_request requests[3];
	struct world_config config;
	struct world_buffer *in;
	struct world w;

	world_defaults(&config);
	world_open(&w, &config, NULL);
	in = world_buffer(&w, 512, ORION_DEVICE_WRITES);
	for (unsigned i = 0; i < 3; i++) {
		requests[i] = (struct vblk_request){.sector = i == 1 ? UINT64_MAX : i,
						    .segments = &in->segment,
						    .segment_count = 1,
						    .cookie = world_cookie(&w)};
	}
	EXPECT_EQ(world_submit(&w, 0, requests, 3), 1);
	EXPECT_EQ(vblk_refusal(vblk_queue_get(w.device, 0)), ORION_OUT_OF_RANGE);
	world_kick(&w, 0);
	world_drain(&w, 0, ORION_OK);
	EXPECT_EQ(model_device_stats(w.model)->fetched, 1);
	world_close(&w);
}

TEST(read_only)
{
	struct world_config config;
	struct world_buffer *out, *in;
	struct world w;

	world_defaults(&config);
	config.model.features |= VIRTIO_BIT(VIRTIO_BLK_F_RO);
	world_open(&w, &config, NULL);
	EXPECT(vblk_info(w.device)->read_only);
	out = world_buffer(&w, 512, ORION_DEVICE_READS);
	in = world_buffer(&w, 512, ORION_DEVICE_WRITES);
	EXPECT_EQ(world_io(&w, 0, VBLK_WRITE, 0, &out->segment, 1), ORION_READ_ONLY);
	EXPECT_EQ(model_device_stats(w.model)->writes, 0);
	EXPECT_EQ(world_io(&w, 0, VBLK_READ, 0, &in->segment, 1), ORION_OK);
	world_close(&w);
}

TEST(flush_not_offered)
{
	struct world_config config;
	struct world w;

	world_defaults(&config);
	config.model.features &=
		~(VIRTIO_BIT(VIRTIO_BLK_F_FLUSH) | VIRTIO_BIT(VIRTIO_BLK_F_CONFIG_WCE));
	world_open(&w, &config, NULL);
	EXPECT(!vblk_info(w.device)->flush);
	EXPECT_EQ(world_io(&w, 0, VBLK_FLUSH, 0, NULL, 0), ORION_NOT_SUPPORTED);
	EXPECT_EQ(model_device_stats(w.model)->fetched, 0);
	world_close(&w);
}

static const struct test_axis tiny = {"size", {"1", "2", "3", "4"}};
static const struct test_axis *const tiny_axes[] = {&layout, &tables, &tiny, NULL};

/* A split ring's size is a power of two. */
static bool
is_ring_size(void)
{
	return test_choice(&layout) == 1 || test_choice(&tiny) != 2;
}

/* A queue of one or two cannot carry header, data and status [spec 2.7.5.3.1]. */
TEST_AXES(tiny_queue, tiny_axes, is_ring_size)
{
	unsigned size = test_choice(&tiny) + 1;
	struct world_config config;
	struct world w;
	orion_status status;

	matrix_configure_for(&config, tiny_axes);
	config.model.queue_size = (uint16_t)size;
	world_open(&w, &config, &status);
	EXPECT_STR(orion_status_text(status),
		   orion_status_text(size < 3 ? ORION_DEVICE_REFUSED : ORION_OK));
	if (size < 3) {
		EXPECT_EQ(model_host_stats(w.host)->reports[ORION_EVENT_QUEUE_REFUSED], 1);
		EXPECT_EQ(model_device_status(w.model) & VIRTIO_STATUS_FAILED,
			  VIRTIO_STATUS_FAILED);
	}
	world_close(&w);
}

/* Without VERSION_1, or without what the host requires, the device is refused. */
TEST(features_missing)
{
	struct world_config config;
	struct world w;
	orion_status status;

	for (unsigned i = 0; i < 2; i++) {
		world_defaults(&config);
		if (i == 0) {
			config.model.features &= ~VIRTIO_BIT(VIRTIO_F_VERSION_1);
		} else {
			config.options.features_required = VIRTIO_BIT(VIRTIO_F_ACCESS_PLATFORM);
		}
		world_open(&w, &config, &status);
		EXPECT_EQ(status, ORION_DEVICE_REFUSED);
		EXPECT_EQ(model_host_stats(w.host)->reports[ORION_EVENT_FEATURES_MISSING], 1);
		world_close(&w);
	}
}

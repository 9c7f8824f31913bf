/* SPDX-License-Identifier: MIT */
/*
 * storage/transfer.c when data goes through the queues' own memory: the device never gets the
 * caller's, what arrives is what was asked for, and what failed leaves no byte.
 */
#include <string.h>

#include "commands/pattern.h"
#include "spec/virtio_blk.h"
#include "spec/virtio_ids.h"
#include "storage/work.h"
#include "test/unit/desk.h"

#define BYTES (768u * 1024)

static const struct test_axis reason = {"reason", {"dma-off", "zero-copy-off", "partial"}};
static const struct test_axis layout = {"layout", {"split", "packed"}};
static const struct test_axis depth = {"depth", {"256", "1", "3"}};
static const struct test_axis block = {"block", {"512", "4096", "65536"}};
static const struct test_axis order = {"order", {"fifo", "reversed", "shuffled"}};
static const struct test_axis step = {"step", {"idle", "random"}};
static const struct test_axis *const axes[] = {&reason, &layout, &depth, &block,
					       &order,  &step,   NULL};

static void
choose(struct desk_config *config)
{
	static const uint32_t depths[] = {256, 1, 3};
	static const uint32_t blocks[] = {512, 4096, 65536};
	struct model_options *model = &config->model[0];

	desk_defaults(config);
	model->capacity_sectors = 4096;
	model->order = (model_order)test_choice(&order);
	model->block_bytes = blocks[test_choice(&block)];
	model->features |= VIRTIO_BIT(VIRTIO_BLK_F_BLK_SIZE);
	if (test_choice(&layout) == 0)
		model->features &= ~VIRTIO_BIT(VIRTIO_F_RING_PACKED);
	config->options.queue_depth = depths[test_choice(&depth)];
	config->options.dma_enabled = test_choice(&reason) != 0;
	config->options.zero_copy_enabled = test_choice(&reason) != 1;
	config->partial = test_choice(&reason) == 2;
	config->mode = test_choice(&step) == 0 ? MODEL_STEP_NEVER : MODEL_STEP_RANDOM;
}

TEST_AXES(storage_bounce__moves_data, axes, NULL)
{
	struct desk_config config;
	struct desk desk;
	uint8_t *data = test_alloc(BYTES), *back = test_alloc(BYTES);
	char id[VIRTIO_BLK_ID_BYTES + 1];
	size_t done;

	choose(&config);
	desk_open(&desk, &config);

	struct storage_handle *handle = desk_handle(&desk, "vd0", STORAGE_MAY_ALL);
	const struct vblk_info *info = vblk_info(handle->disk->device);
	struct orion_region memory = vblk_bounce_memory(vblk_queue_get(handle->disk->device, 0));

	EXPECT_EQ(info->bounces, test_choice(&reason) != 2);
	if (!info->bounces)
		EXPECT_EQ(info->bounce_pieces, 1);
	else if (config.options.queue_depth < VBLK_BOUNCE_PIECES_MAX)
		EXPECT_EQ(info->bounce_pieces, config.options.queue_depth);
	else
		EXPECT_EQ(info->bounce_pieces, VBLK_BOUNCE_PIECES_MAX);
	EXPECT_EQ(memory.bytes, (size_t)info->bounce_pieces * VBLK_BOUNCE_BYTES);
	EXPECT_EQ(memory.device % 4096, 0);
	pattern_fill(9, 65536, data, BYTES);
	EXPECT_EQ(storage_write(&desk.storage, handle, 0, 65536, data, BYTES, &done), ORION_OK);
	EXPECT_EQ(done, BYTES);
	/* What is written afterwards is not what the device was given. */
	model_device_peek(desk.models[0], 128, back, BYTES);
	EXPECT_MEM(back, data, BYTES);
	memset(back, 0xee, BYTES);
	EXPECT_EQ(storage_read(&desk.storage, handle, 0, 65536, back, BYTES, &done), ORION_OK);
	EXPECT_EQ(done, BYTES);
	EXPECT_MEM(back, data, BYTES);
	EXPECT_EQ(storage_flush(&desk.storage, handle, 0), ORION_OK);
	EXPECT_EQ(storage_identify(&desk.storage, handle, 0, id), ORION_OK);
	EXPECT_EQ(storage_bounced_bytes(handle->disk), 2 * BYTES + VIRTIO_BLK_ID_BYTES);
	storage_close(&desk.storage, handle);
	desk_close(&desk);
	test_free(data);
	test_free(back);
}

/* Nothing is copied, and no memory taken, when nothing asks for it. */
TEST(storage_bounce__not_without_need)
{
	struct desk_config config;
	struct desk desk;
	uint8_t *data = test_alloc(BYTES);

	desk_defaults(&config);
	desk_open(&desk, &config);

	struct storage_handle *handle = desk_handle(&desk, "vd0", STORAGE_MAY_ALL);

	EXPECT_EQ(storage_read(&desk.storage, handle, 0, 0, data, BYTES, NULL), ORION_OK);
	EXPECT_EQ(storage_bounced_bytes(handle->disk), 0);
	EXPECT_EQ(vblk_bounce_memory(vblk_queue_get(handle->disk->device, 0)).bytes, 0);
	storage_close(&desk.storage, handle);
	desk_close(&desk);
	test_free(data);
}

/* The options mean no sharing at all: the host is not even asked. */
TEST(storage_bounce__nothing_is_shared)
{
	struct desk_config config;
	struct desk desk;
	uint8_t *data = test_alloc(BYTES);

	desk_defaults(&config);
	config.options.dma_enabled = false;
	desk_open(&desk, &config);

	struct storage_handle *handle = desk_handle(&desk, "vd0", STORAGE_MAY_ALL);

	model_host_fail(desk.host, 1, true);
	EXPECT_EQ(storage_write(&desk.storage, handle, 0, 0, data, BYTES, NULL), ORION_OK);
	EXPECT_EQ(storage_read(&desk.storage, handle, 0, 0, data, BYTES, NULL), ORION_OK);
	EXPECT_EQ(model_host_stats(desk.host)->calls, 0);
	model_host_fail(desk.host, 0, false);
	storage_close(&desk.storage, handle);
	desk_close(&desk);
	test_free(data);
}

/* A device that lies, and what may have changed in the caller's memory. */
static const struct test_axis lie = {"lie",
				     {"status-none", "status-odd", "data-none", "length-huge",
				      "length-zero", "withheld", "id-free", "needs-reset",
				      "withheld-reset-stuck", "fails"}};
static const struct test_axis *const lie_axes[] = {&lie, &layout, NULL};

static void
misbehave(struct model_device *model, model_mischief what, bool reset_stuck)
{
	if (what != MODEL_MISCHIEF_NONE)
		model_device_trick(model, what, 0, 1, 0);
	else
		model_device_fail_sector(model, 5, VIRTIO_BLK_S_IOERR);
	if (reset_stuck)
		model_device_trick(model, MODEL_MISCHIEF_RESET_STUCK, 0, 0, 0);
}

TEST_AXES(storage_bounce__device_lies, lie_axes, NULL)
{
	enum {
		SAME,
		ZEROS,
		DATA
	};
	static const struct {
		model_mischief what;
		orion_status status;
		unsigned left;          /* in the caller's memory */
	} rows[] = {
		{MODEL_MISCHIEF_STATUS_NONE, ORION_IO_ERROR, SAME},
		{MODEL_MISCHIEF_STATUS_ODD, ORION_IO_ERROR, SAME},
		{MODEL_MISCHIEF_DATA_NONE, ORION_OK, ZEROS},
		{MODEL_MISCHIEF_LENGTH_HUGE, ORION_OK, DATA},
		{MODEL_MISCHIEF_LENGTH_ZERO, ORION_OK, DATA},
		/* A reset takes it back, and it is asked for again. */
		{MODEL_MISCHIEF_WITHHELD, ORION_OK, DATA},
		{MODEL_MISCHIEF_ID_FREE, ORION_OK, DATA},
		{MODEL_MISCHIEF_NEEDS_RESET, ORION_OK, DATA},
		{MODEL_MISCHIEF_WITHHELD, ORION_DEVICE_BROKEN, SAME},
		{MODEL_MISCHIEF_NONE, ORION_IO_ERROR, SAME},
	};
	unsigned row = test_choice(&lie);
	struct desk_config config;
	struct desk desk;
	uint8_t *data = test_alloc(65536), *back = test_alloc(65536), *want = test_alloc(65536);

	desk_defaults(&config);
	config.options.dma_enabled = false;
	if (test_choice(&layout) == 0)
		config.model[0].features &= ~VIRTIO_BIT(VIRTIO_F_RING_PACKED);
	config.breaches_allowed = true;
	config.leaks_allowed = row == 8;
	desk_open(&desk, &config);

	struct storage_handle *handle = desk_handle(&desk, "vd0", STORAGE_MAY_ALL);

	/* Another transfer's data lies in the same memory. */
	pattern_fill(4, 0, data, 65536);
	EXPECT_EQ(storage_write(&desk.storage, handle, 0, 0, data, 65536, NULL), ORION_OK);
	pattern_fill(5, 0, data, 65536);
	model_device_poke(desk.models[0], 0, data, 65536);
	memset(back, 0xee, 65536);
	memset(want, 0xee, 65536);
	if (rows[row].left == ZEROS)
		memset(want, 0, 65536);
	if (rows[row].left == DATA)
		memcpy(want, data, 65536);
	misbehave(desk.models[0], rows[row].what, row == 8);
	EXPECT_EQ(storage_read(&desk.storage, handle, 0, 0, back, 65536, NULL), rows[row].status);
	EXPECT_MEM(back, want, 65536);
	storage_close(&desk.storage, handle);
	desk_close(&desk);
	test_free(data);
	test_free(back);
	test_free(want);
}

/* A device goes on writing what it was lent once: the caller's memory is not what it reaches. */
TEST(storage_bounce__late_writes_miss)
{
	struct desk_config config;
	struct desk desk;
	uint8_t *data = test_alloc(65536), *back = test_alloc(65536);

	desk_defaults(&config);
	config.options.zero_copy_enabled = false;
	desk_open(&desk, &config);

	struct storage_handle *handle = desk_handle(&desk, "vd0", STORAGE_MAY_ALL);
	struct orion_region memory = vblk_bounce_memory(vblk_queue_get(handle->disk->device, 0));

	pattern_fill(6, 0, data, 65536);
	model_device_poke(desk.models[0], 0, data, 65536);
	EXPECT_EQ(storage_read(&desk.storage, handle, 0, 0, back, 65536, NULL), ORION_OK);
	EXPECT(model_host_at(desk.host, memory.device, memory.bytes) == memory.cpu);
	memset(memory.cpu, 0xee, memory.bytes);
	EXPECT_MEM(back, data, 65536);
	storage_close(&desk.storage, handle);
	desk_close(&desk);
	test_free(data);
	test_free(back);
}

/* Bounce memory counts: what does not fit is fewer or smaller queues, or a clean refusal. */
TEST(storage_bounce__within_the_budget)
{
	struct desk_config config;
	struct desk desk;
	uint8_t *data = test_alloc(65536);

	desk_defaults(&config);
	config.options.dma_enabled = false;
	config.options.shared_memory_size = 1u << 20;
	config.options.queue_count = 4;
	config.lanes = 4;
	config.model[0].queues = 4;
	config.model[0].features |= VIRTIO_BIT(VIRTIO_BLK_F_MQ);
	desk_open(&desk, &config);

	struct storage_handle *handle = desk_handle(&desk, "vd0", STORAGE_MAY_ALL);

	EXPECT(vblk_info(handle->disk->device)->queues < 4);
	EXPECT(desk.manager.budget.used <= 1u << 20);
	EXPECT_EQ(storage_read(&desk.storage, handle, 0, 0, data, 65536, NULL), ORION_OK);
	storage_close(&desk.storage, handle);
	desk_close(&desk);
	test_free(data);
}

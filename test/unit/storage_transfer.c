/* SPDX-License-Identifier: MIT */
/*
 * storage/transfer.c and halt.c: whatever device and host do, all memory comes back, once, in time.
 */
#include <string.h>

#include "commands/pattern.h"
#include "spec/virtio_blk.h"
#include "spec/virtio_ids.h"
#include "storage/work.h"
#include "test/unit/desk.h"

#define BYTES (1536u * 1024)

static const struct test_axis layout = {"layout", {"split", "packed"}};
static const struct test_axis tables = {"tables", {"direct", "indirect"}};
static const struct test_axis size = {"size", {"256", "4", "3"}};
static const struct test_axis order = {"order", {"fifo", "reversed", "shuffled"}};
static const struct test_axis block = {"block", {"512", "4096"}};
static const struct test_axis share = {"share", {"whole", "4096", "1000", "100"}};
static const struct test_axis step = {"step", {"idle", "every", "random", "weak"}};
static const struct test_axis *const axes[] = {&layout, &tables, &size, &order,
					       &block,  &share,  &step, NULL};

/* Split rings have sizes that are powers of two, and a request needs three descriptors. */
static bool
wanted(void)
{
	bool packed = test_choice(&layout) == 1;

	if (test_choice(&size) == 2 && !packed)
		return false;
	return test_choice(&step) == 0 || (test_choice(&block) == 0 && test_choice(&order) == 2);
}

static void
choose(struct desk_config *config)
{
	static const uint16_t sizes[] = {256, 4, 3};
	struct model_options *model = &config->model[0];

	desk_defaults(config);
	model->capacity_sectors = 8192;
	model->queue_size = sizes[test_choice(&size)];
	model->order = (model_order)test_choice(&order);
	model->block_bytes = test_choice(&block) == 0 ? 512 : 4096;
	model->features |= VIRTIO_BIT(VIRTIO_BLK_F_BLK_SIZE);
	if (test_choice(&layout) == 0)
		model->features &= ~VIRTIO_BIT(VIRTIO_F_RING_PACKED);
	if (test_choice(&tables) == 0)
		model->features &= ~VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC);
	config->mode = test_choice(&step) == 0   ? MODEL_STEP_NEVER
		       : test_choice(&step) == 1 ? MODEL_STEP_EVERY
						 : MODEL_STEP_RANDOM;
	config->memory = test_choice(&step) == 3 ? MODEL_MEMORY_WEAK : MODEL_MEMORY_STRONG;
}

TEST_AXES(storage_transfer__writes_then_reads, axes, wanted)
{
	static const size_t limits[] = {0, 4096, 1000, 100};
	struct desk_config config;
	struct desk desk;
	uint8_t *data = test_alloc(BYTES), *back = test_alloc(BYTES);
	size_t done = 1;

	choose(&config);
	desk_open(&desk, &config);
	model_host_share_limit(desk.host, limits[test_choice(&share)]);

	struct storage_handle *handle = desk_handle(&desk, "vd0", STORAGE_MAY_ALL);
	size_t bytes = test_choice(&share) > 1 ? BYTES / 8 : BYTES;
	const struct vblk_info *info = vblk_info(handle->disk->device);
	unsigned segments =
		info->segments_max < TRANSFER_SEGMENTS ? info->segments_max : TRANSFER_SEGMENTS;
	size_t limit = limits[test_choice(&share)];
	orion_status status;

	pattern_fill(7, 4096, data, bytes);
	status = storage_write(&desk.storage, handle, 0, 4096, data, bytes, &done);
	if (limit != 0 && segments * limit < info->block_bytes) {
		/* One block needs more segments than a request can have. */
		EXPECT_EQ(status, ORION_NO_MAPPING);
		EXPECT_EQ(done, 0);
	} else {
		EXPECT_EQ(status, ORION_OK);
		EXPECT_EQ(done, bytes);
		model_device_peek(desk.models[0], 8, back, bytes);
		EXPECT_MEM(back, data, bytes);
		memset(back, 0xee, bytes);
		EXPECT_EQ(storage_read(&desk.storage, handle, 0, 4096, back, bytes, &done),
			  ORION_OK);
		EXPECT_EQ(done, bytes);
		EXPECT_MEM(back, data, bytes);
	}
	storage_close(&desk.storage, handle);
	desk_close(&desk);
	test_free(data);
	test_free(back);
}

/* The failing sector bounds *done; what lies in front of it is there, and the disk goes on. */
TEST(storage_transfer__error_bounds_done)
{
	struct desk_config config;
	struct desk desk;
	uint8_t *data = test_alloc(BYTES), *back = test_alloc(BYTES);
	size_t done;

	for (unsigned i = 0; i < 24; i++) {
		desk_defaults(&config);
		config.model[0].capacity_sectors = BYTES / 512;
		config.model[0].order = (model_order)(i % 3);
		desk_open(&desk, &config);

		struct storage_handle *handle = desk_handle(&desk, "vd0", STORAGE_MAY_ALL);
		uint64_t bad = test_random_below(BYTES / 512);

		pattern_fill(1, 0, data, BYTES);
		model_device_poke(desk.models[0], 0, data, BYTES);
		model_device_fail_sector(desk.models[0], bad, VIRTIO_BLK_S_IOERR);
		memset(back, 0, BYTES);
		EXPECT_EQ(storage_read(&desk.storage, handle, 0, 0, back, BYTES, &done),
			  ORION_IO_ERROR);
		EXPECT(done <= bad * 512 && bad * 512 - done < TRANSFER_PIECE_BYTES);
		EXPECT_MEM(back, data, done);
		EXPECT_EQ(storage_write(&desk.storage, handle, 0, 0, data, BYTES, &done),
			  ORION_IO_ERROR);
		EXPECT(done <= bad * 512);
		model_device_fail_sector(desk.models[0], UINT64_MAX, 0);
		EXPECT_EQ(storage_read(&desk.storage, handle, 0, 0, back, BYTES, &done), ORION_OK);
		EXPECT_MEM(back, data, BYTES);
		storage_close(&desk.storage, handle);
		desk_close(&desk);
	}
	test_free(data);
	test_free(back);
}

/* Each n-th mapping fails in turn: the transfer shrinks or waits, and nothing leaks. */
TEST(storage_transfer__mappings_fail)
{
	struct desk_config config;
	struct desk desk;
	uint8_t *data = test_alloc(BYTES), *back = test_alloc(BYTES);
	unsigned failures = 0;

	for (unsigned n = 1; n < 60; n++) {
		for (unsigned forever = 0; forever < 2; forever++) {
			size_t done = 1;

			desk_defaults(&config);
			config.model[0].capacity_sectors = BYTES / 512;
			desk_open(&desk, &config);

			struct storage_handle *handle = desk_handle(&desk, "vd0", STORAGE_MAY_ALL);

			pattern_fill(n, 0, data, BYTES);
			model_host_share_limit(desk.host, 10000);
			model_host_fail(desk.host, n, forever != 0);

			orion_status status =
				storage_write(&desk.storage, handle, 0, 0, data, BYTES, &done);

			EXPECT(status == ORION_OK || status == ORION_NO_MAPPING);
			EXPECT_EQ(done == BYTES, status == ORION_OK);
			model_host_fail(desk.host, 0, false);
			failures += status != ORION_OK;
			model_device_peek(desk.models[0], 0, back, BYTES);
			EXPECT_MEM(back, data, done);
			EXPECT_EQ(model_host_stats(desk.host)->shares, 0);
			storage_close(&desk.storage, handle);
			desk_close(&desk);
		}
	}
	EXPECT(failures > 0);
	test_free(data);
	test_free(back);
}

/* What a device does to us, and what the caller is told. */
static const struct test_axis trouble = {
	"trouble", {"id-free", "id-range", "leap", "needs-reset", "gone", "id-range-reset-stuck"}};
static const struct test_axis kind = {"kind", {"read", "write"}};
static const struct test_axis *const trouble_axes[] = {&trouble, &kind, &layout, NULL};

/* A packed ring has no used index that could leap. */
static bool
trouble_wanted(void)
{
	return test_choice(&trouble) != 2 || test_choice(&layout) == 0;
}

TEST_AXES(storage_transfer__device_fails, trouble_axes, trouble_wanted)
{
	static const struct {
		model_mischief what;
		orion_status status;
	} rows[] = {
		{MODEL_MISCHIEF_ID_FREE, ORION_DEVICE_BROKEN},
		{MODEL_MISCHIEF_ID_RANGE, ORION_DEVICE_BROKEN},
		{MODEL_MISCHIEF_INDEX_LEAP, ORION_DEVICE_BROKEN},
		{MODEL_MISCHIEF_NEEDS_RESET, ORION_DEVICE_BROKEN},
		{MODEL_MISCHIEF_ALL_ONES, ORION_DEVICE_GONE},
		{MODEL_MISCHIEF_ID_RANGE, ORION_DEVICE_BROKEN},
	};
	unsigned row = test_choice(&trouble);
	bool packed = test_choice(&layout) == 1, gone = row == 4;
	bool dead = gone || row == 5;
	struct desk_config config;
	struct desk desk;
	uint8_t *data = test_alloc(BYTES);
	size_t done;

	desk_defaults(&config);
	config.model[0].capacity_sectors = BYTES / 512;
	if (!packed)
		config.model[0].features &= ~VIRTIO_BIT(VIRTIO_F_RING_PACKED);
	config.breaches_allowed = !gone;
	config.leaks_allowed = dead;
	desk_open(&desk, &config);

	struct storage_handle *handle = desk_handle(&desk, "vd0", STORAGE_MAY_ALL);

	/* It takes a register to see that a device is gone; the others act at a completion. */
	model_device_hold(desk.models[0], gone);
	/* What is pending since the opening is not what fails. */
	(void)vblk_refresh(orion_manager_device_get(&desk.manager, 0), NULL);
	model_device_trick(desk.models[0], rows[row].what, gone ? 0 : 2, 0, 0);
	if (row == 5)
		model_device_trick(desk.models[0], MODEL_MISCHIEF_RESET_STUCK, 0, 0, 0);

	uint64_t before = model_host_port()->now_ns(desk.host);
	orion_status status =
		test_choice(&kind) == 0
			? storage_read(&desk.storage, handle, 0, 0, data, BYTES, &done)
			: storage_write(&desk.storage, handle, 0, 0, data, BYTES, &done);
	uint64_t spent = model_host_port()->now_ns(desk.host) - before;

	EXPECT(spent < STORAGE_TELL_NS);
	EXPECT_EQ(status, rows[row].status);
	EXPECT(done < BYTES);
	EXPECT_EQ(vblk_state_get(desk.storage.disks[0].device), dead ? VBLK_DEAD : VBLK_STOPPED);
	EXPECT_EQ(storage_verdict(&desk.storage.disks[0]), rows[row].status);
	/* What a device that would not be reset still holds stays mapped for ever. */
	EXPECT_EQ(model_host_stats(desk.host)->shares != 0, dead);

	char id[VIRTIO_BLK_ID_BYTES + 1];

	EXPECT_EQ(storage_read(&desk.storage, handle, 0, 0, data, 512, &done), rows[row].status);
	EXPECT_EQ(storage_flush(&desk.storage, handle, 0), rows[row].status);
	EXPECT_EQ(storage_identify(&desk.storage, handle, 0, id), rows[row].status);
	storage_close(&desk.storage, handle);
	desk_close(&desk);
	test_free(data);
}

/* No interrupt comes, or there are none: it works all the same, only slower. */
static const struct test_axis silence = {"silence", {"lost", "polled", "no-arm"}};
static const struct test_axis *const silence_axes[] = {&silence, &layout, NULL};

TEST_AXES(storage_transfer__no_interrupts, silence_axes, NULL)
{
	struct desk_config config;
	struct desk desk;
	uint8_t *data = test_alloc(BYTES), *back = test_alloc(BYTES);
	size_t done;

	desk_defaults(&config);
	config.model[0].capacity_sectors = BYTES / 512;
	config.polled = test_choice(&silence) == 1;
	if (test_choice(&layout) == 0)
		config.model[0].features &= ~VIRTIO_BIT(VIRTIO_F_RING_PACKED);
	if (test_choice(&silence) == 2)
		config.model[0].features &= ~VIRTIO_BIT(VIRTIO_F_EVENT_IDX);
	desk_open(&desk, &config);
	if (test_choice(&silence) == 0)
		model_device_trick(desk.models[0], MODEL_MISCHIEF_IRQ_NONE, 0, 0, 0);

	struct storage_handle *handle = desk_handle(&desk, "vd0", STORAGE_MAY_ALL);

	pattern_fill(3, 0, data, BYTES);
	EXPECT_EQ(storage_write(&desk.storage, handle, 0, 0, data, BYTES, &done), ORION_OK);
	EXPECT_EQ(storage_read(&desk.storage, handle, 0, 0, back, BYTES, &done), ORION_OK);
	EXPECT_MEM(back, data, BYTES);
	storage_close(&desk.storage, handle);
	desk_close(&desk);
	test_free(data);
	test_free(back);
}

/* Several requests are in flight at once, and a kick covers more than one. */
TEST(storage_transfer__keeps_several_in_flight)
{
	struct desk_config config;
	struct desk desk;
	uint8_t *data = test_alloc(BYTES);

	desk_defaults(&config);
	config.model[0].capacity_sectors = BYTES / 512;
	desk_open(&desk, &config);

	struct storage_handle *handle = desk_handle(&desk, "vd0", STORAGE_MAY_READ);

	EXPECT_EQ(storage_read(&desk.storage, handle, 0, 0, data, BYTES, NULL), ORION_OK);
	EXPECT_EQ(model_device_stats(desk.models[0])->reads, BYTES / TRANSFER_PIECE_BYTES);
	EXPECT(model_device_stats(desk.models[0])->kicks <= 2);
	storage_close(&desk.storage, handle);
	desk_close(&desk);
	test_free(data);
}

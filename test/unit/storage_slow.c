/* SPDX-License-Identifier: MIT */
/*
 * A device that is slow is not broken: calls wait on, or give up and leave what is in flight with
 * it, and the disk works on when it answers.
 */
#include <string.h>

#include "commands/pattern.h"
#include "spec/virtio_blk.h"
#include "spec/virtio_ids.h"
#include "storage/work.h"
#include "test/unit/desk.h"

#define BYTES (1536u * 1024)
#define SECOND_NS UINT64_C(1000000000)

static const struct test_axis layout = {"layout", {"split", "packed"}};
static const struct test_axis memory = {"memory", {"shared", "bounced"}};
static const struct test_axis *const axes[] = {&layout, &memory, NULL};

static uint64_t release_ns; /* the device answers from then on; 0: never */

static uint64_t
now(struct desk *desk)
{
	return model_host_port()->now_ns(desk->host);
}

static void
release_in_time(struct desk *desk, unsigned lane)
{
	(void)lane;
	if (release_ns != 0 && now(desk) >= release_ns)
		model_device_hold(desk->models[0], false);
}

static void
open_slow(struct desk *desk, struct desk_config *config)
{
	desk_defaults(config);
	config->model[0].capacity_sectors = BYTES / 512;
	if (test_choice(&layout) == 0)
		config->model[0].features &= ~VIRTIO_BIT(VIRTIO_F_RING_PACKED);
	config->options.dma_enabled = test_choice(&memory) == 0;
	config->options.recovery_silence = 0;
	desk_open(desk, config);
	desk->on_idle = release_in_time;
	release_ns = 0;
	model_device_hold(desk->models[0], true);
}

/* It answers after two minutes: the call succeeds, and the host was told how it stands. */
TEST_AXES(storage_slow__waits_on, axes, NULL)
{
	struct desk_config config;
	struct desk desk;
	uint8_t *data = test_alloc(BYTES), *back = test_alloc(BYTES);
	size_t done;

	open_slow(&desk, &config);

	struct storage_handle *handle = desk_handle(&desk, "vd0", STORAGE_MAY_ALL);

	release_ns = now(&desk) + 125 * SECOND_NS;
	pattern_fill(5, 0, data, BYTES);
	EXPECT_EQ(storage_write(&desk.storage, handle, 0, 0, data, BYTES, &done), ORION_OK);
	EXPECT_EQ(done, BYTES);
	model_device_peek(desk.models[0], 0, back, BYTES);
	EXPECT_MEM(back, data, BYTES);
	/* After 30, 60 and 120 seconds, and when it was over. */
	EXPECT_EQ(desk.tellings, 4);
	EXPECT_EQ(desk.silent_ns, 0);
	EXPECT(desk.looks > 1000);
	EXPECT_EQ(storage_silent_ns(&desk.storage, handle->disk), 0);
	EXPECT_EQ(model_device_stats(desk.models[0])->resets, 1);
	storage_close(&desk.storage, handle);
	desk_close(&desk);
	test_free(data);
	test_free(back);
}

/*
 * A call gives up because the host wants it to, or after its limit.  Nothing is reset; what the
 * device holds stays lent until it comes back, and nothing else is taken for it.
 */
static const struct test_axis reason = {"reason", {"host", "limit"}};
static const struct test_axis kind = {"kind", {"read", "write"}};
static const struct test_axis *const give_up_axes[] = {&layout, &memory, &reason, &kind, NULL};

TEST_AXES(storage_slow__gives_up, give_up_axes, NULL)
{
	bool bounced = test_choice(&memory) == 1, writes = test_choice(&kind) == 1;
	struct desk_config config;
	struct desk desk;
	uint8_t *data, *back = test_alloc(BYTES);
	size_t done = 1;

	open_slow(&desk, &config);

	struct storage_handle *handle = desk_handle(&desk, "vd0", STORAGE_MAY_ALL);
	const struct model_host_stats *stats = model_host_stats(desk.host);
	unsigned memories = stats->memories, shares = stats->shares;
	uint64_t before = now(&desk);

	data = model_memory_take(desk.host, BYTES);
	pattern_fill(5, 0, data, BYTES);
	desk.looks_most = test_choice(&reason) == 0 ? 7 : 0;
	EXPECT_EQ(writes ? storage_write(&desk.storage, handle, 0, 0, data, BYTES, &done)
			 : storage_read(&desk.storage, handle, 0, 0, data, BYTES, &done),
		  ORION_TIMED_OUT);
	EXPECT_EQ(done, 0);
	EXPECT(now(&desk) - before >= (desk.looks_most != 0 ? SECOND_NS / 2 : STORAGE_PATIENCE_NS));
	EXPECT(now(&desk) - before < STORAGE_PATIENCE_NS + SECOND_NS);
	EXPECT_EQ(vblk_state_get(handle->disk->device), VBLK_LIVE);
	EXPECT_EQ(storage_lent(handle->disk, 0), bounced ? 8 : BYTES / TRANSFER_PIECE_BYTES);
	EXPECT_EQ(stats->shares > shares, !bounced);
	EXPECT_EQ(storage_claim(&desk.storage, handle->disk, 0), ORION_BUSY);
	EXPECT_EQ(storage_remove(&desk.storage, 0), ORION_BUSY);
	/* The buffer is the device's still. */
	storage_memory_give(&desk.storage, handle->disk, 0, data, BYTES);
	EXPECT_EQ(stats->memories, memories + 1);

	EXPECT_EQ(storage_silent_ns(&desk.storage, handle->disk) != 0, desk.looks_most == 0);

	/* It answers: the disk works on, and everything is given back. */
	model_device_hold(desk.models[0], false);
	desk.looks_most = 0;
	pattern_fill(6, 0, back, BYTES);
	EXPECT_EQ(storage_write(&desk.storage, handle, 0, 0, back, BYTES, &done), ORION_OK);
	EXPECT_EQ(storage_lent(handle->disk, 0), 0);
	EXPECT_EQ(storage_silent_ns(&desk.storage, handle->disk), 0);
	EXPECT_EQ(stats->shares, shares);
	EXPECT_EQ(stats->memories, memories);
	memset(back, 0, BYTES);
	EXPECT_EQ(storage_read(&desk.storage, handle, 0, 0, back, BYTES, &done), ORION_OK);

	size_t first;
	uint8_t expected;

	EXPECT_EQ(pattern_check(6, 0, back, BYTES, &first, &expected), 0);
	EXPECT_EQ(model_device_stats(desk.models[0])->resets, 1);
	storage_close(&desk.storage, handle);
	desk_close(&desk);
	test_free(back);
}

/* One request is lost for good: the disk goes on, but for writes that it could undo. */
TEST_AXES(storage_slow__one_is_lost, axes, NULL)
{
	struct desk_config config;
	struct desk desk;
	uint8_t *data = test_alloc(BYTES), *back = test_alloc(BYTES);
	size_t done;

	open_slow(&desk, &config);
	model_device_hold(desk.models[0], false);
	model_device_trick(desk.models[0], MODEL_MISCHIEF_WITHHELD, 0, 1, 0);

	struct storage_handle *handle = desk_handle(&desk, "vd0", STORAGE_MAY_ALL);

	desk.looks_most = 3;
	EXPECT_EQ(storage_write(&desk.storage, handle, 0, 0, data, 4096, NULL), ORION_TIMED_OUT);
	EXPECT_EQ(storage_lent(handle->disk, 0), 1);
	/* Elsewhere, and reads, as ever. */
	pattern_fill(2, 4096, data, BYTES - 4096);
	EXPECT_EQ(storage_write(&desk.storage, handle, 0, 4096, data, BYTES - 4096, &done),
		  ORION_OK);
	EXPECT_EQ(storage_read(&desk.storage, handle, 0, 4096, back, BYTES - 4096, &done),
		  ORION_OK);
	EXPECT_MEM(back, data, BYTES - 4096);
	EXPECT_EQ(storage_read(&desk.storage, handle, 0, 0, back, BYTES, &done), ORION_OK);
	/* The old write may still land: a new one there has to wait, and was not begun. */
	uint64_t writes = model_device_stats(desk.models[0])->writes;

	desk.looks = 0;
	EXPECT_EQ(storage_write(&desk.storage, handle, 0, 0, data, 8192, &done), ORION_TIMED_OUT);
	EXPECT_EQ(done, 0);
	EXPECT_EQ(model_device_stats(desk.models[0])->writes, writes);
	EXPECT_EQ(storage_lent(handle->disk, 0), 1);
	/* A reset takes it back, and it is handed over again: then there is no order to wait for. */
	EXPECT_EQ(storage_reset(&desk.storage, handle->disk, 0), ORION_OK);
	desk.looks_most = 0;
	EXPECT_EQ(storage_write(&desk.storage, handle, 0, 0, data, 8192, &done), ORION_OK);
	EXPECT_EQ(storage_lent(handle->disk, 0), 0);
	storage_close(&desk.storage, handle);
	desk_close(&desk);
	test_free(data);
	test_free(back);
}

/* Where another lane's lost write may land is not known here: writes wait, reads do not. */
TEST_AXES(storage_slow__another_lane, axes, NULL)
{
	struct desk_config config;
	struct desk desk;
	uint8_t *data = test_alloc(BYTES), *back = test_alloc(BYTES);
	uint64_t writes;
	size_t done = 1;

	desk_defaults(&config);
	config.lanes = 2;
	config.model[0].queues = 2;
	config.model[0].vectors = 3;
	config.model[0].capacity_sectors = BYTES / 512;
	if (test_choice(&layout) == 0)
		config.model[0].features &= ~VIRTIO_BIT(VIRTIO_F_RING_PACKED);
	config.options.dma_enabled = test_choice(&memory) == 0;
	desk_open(&desk, &config);
	model_device_trick(desk.models[0], MODEL_MISCHIEF_WITHHELD, 0, 1, 0);

	struct storage_handle *handle = desk_handle(&desk, "vd0", STORAGE_MAY_ALL);

	desk.looks_most = 3;
	EXPECT_EQ(storage_write(&desk.storage, handle, 0, 0, data, 4096, NULL), ORION_TIMED_OUT);
	EXPECT_EQ(storage_lent(handle->disk, 0), 1);
	desk.looks = 0;
	EXPECT_EQ(storage_read(&desk.storage, handle, 1, 0, back, BYTES, NULL), ORION_OK);
	writes = model_device_stats(desk.models[0])->writes;
	desk.looks = 0;
	EXPECT_EQ(storage_write(&desk.storage, handle, 1, 0, data, 8192, &done), ORION_TIMED_OUT);
	EXPECT_EQ(done, 0);
	EXPECT_EQ(storage_lent(handle->disk, 1), 0);
	EXPECT_EQ(model_device_stats(desk.models[0])->writes, writes);
	EXPECT_EQ(storage_reset(&desk.storage, handle->disk, 0), ORION_OK);
	desk.looks_most = 0;
	EXPECT_EQ(storage_read(&desk.storage, handle, 0, 0, back, 512, NULL), ORION_OK);
	EXPECT_EQ(storage_write(&desk.storage, handle, 1, 0, data, 8192, &done), ORION_OK);
	storage_close(&desk.storage, handle);
	desk_close(&desk);
	test_free(data);
	test_free(back);
}

/* Nor when the kick is lost: not once, not the second time either, without a long sleep. */
TEST_AXES(storage_slow__lost_kicks, axes, NULL)
{
	struct desk_config config;
	struct desk desk;
	uint8_t *data = test_alloc(BYTES);
	uint64_t before;

	open_slow(&desk, &config);
	release_ns = now(&desk) + SECOND_NS;

	struct storage_handle *handle = desk_handle(&desk, "vd0", STORAGE_MAY_ALL);
	uint64_t kicks = model_device_stats(desk.models[0])->kicks;

	before = now(&desk);
	EXPECT_EQ(storage_read(&desk.storage, handle, 0, 0, data, 4096, NULL), ORION_OK);
	EXPECT(now(&desk) - before < 2 * SECOND_NS);
	EXPECT(model_device_stats(desk.models[0])->kicks >= kicks + 3);
	storage_close(&desk.storage, handle);
	desk_close(&desk);
	test_free(data);
}

/* Without interrupts nobody says that the device wants a reset, or has grown. */
TEST(storage_slow__polled_disks_are_looked_at)
{
	struct desk_config config;
	struct desk desk;
	uint8_t *data = test_alloc(BYTES);
	uint64_t before;

	desk_defaults(&config);
	config.polled = true;
	config.breaches_allowed = true;
	desk_open(&desk, &config);

	struct storage_handle *handle = desk_handle(&desk, "vd0", STORAGE_MAY_ALL);

	EXPECT_EQ(storage_bytes(handle->disk), 2048 * 512);
	model_device_resize(desk.models[0], 4096);
	EXPECT_EQ(storage_read(&desk.storage, handle, 0, 4095 * 512, data, 512, NULL), ORION_OK);
	EXPECT_EQ(storage_bytes(handle->disk), 4096 * 512);
	model_device_hold(desk.models[0], true);
	model_device_trick(desk.models[0], MODEL_MISCHIEF_NEEDS_RESET, 0, 0, 0);
	before = now(&desk);
	EXPECT_EQ(storage_read(&desk.storage, handle, 0, 0, data, 512, NULL), ORION_DEVICE_BROKEN);
	EXPECT(now(&desk) - before < 2 * SECOND_NS);
	EXPECT_EQ(vblk_cause_get(handle->disk->device), VBLK_CAUSE_NEEDS_RESET);
	storage_close(&desk.storage, handle);
	desk_close(&desk);
	test_free(data);
}

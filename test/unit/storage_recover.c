/* SPDX-License-Identifier: MIT */
/*
 * storage/recover.c: the device of a disk breaks under several lanes, each at work on its queue,
 * and is brought back; or is not, and then is tried again.
 */
#include <string.h>
#include <ucontext.h>

#include "commands/pattern.h"
#include "spec/virtio_blk.h"
#include "spec/virtio_ids.h"
#include "storage/work.h"
#include "test/unit/desk.h"

#define LANES 3u
#define STACK_BYTES (256u * 1024)
#define BYTES (4u << 20)
#define SECOND_NS UINT64_C(1000000000)

/* Each lane is a coroutine that gives way whenever it idles. */
static struct lane {
	ucontext_t context;
	void *stack;
	struct storage_handle *handle;
	bool write;
	uint8_t *data;
	size_t done;
	orion_status status;
	bool ended;
} lanes[LANES];

static ucontext_t scheduler;
static struct desk *the_desk;

/* The device was reset while a lane still used its ring. */
static bool stopped_early;

static void
give_way(struct desk *desk, unsigned lane)
{
	const struct storage_disk *disk = &desk->storage.disks[0];

	EXPECT_EQ(swapcontext(&lanes[lane].context, &scheduler), 0);
	if (model_device_stats(desk->models[0])->resets > 1)
		model_device_hold(desk->models[0], false);
	stopped_early |= vblk_state_get(disk->device) == VBLK_STOPPED && disk->following != 0;
}

static void
run(int index)
{
	struct lane *lane = &lanes[index];
	uint64_t at = (uint64_t)index * BYTES;

	lane->status = lane->write
			       ? storage_write(&the_desk->storage, lane->handle, (unsigned)index,
					       at, lane->data, BYTES, &lane->done)
			       : storage_read(&the_desk->storage, lane->handle, (unsigned)index, at,
					      lane->data, BYTES, &lane->done);
	lane->ended = true;
}

static void
start(struct desk *desk, unsigned index, bool write)
{
	struct lane *lane = &lanes[index];

	memset(lane, 0, sizeof(*lane));
	lane->stack = test_alloc(STACK_BYTES);
	lane->data = test_alloc(BYTES);
	pattern_fill(index, 0, lane->data, BYTES);
	if (!write) {
		model_device_poke(desk->models[0], index * (BYTES / 512), lane->data, BYTES);
		memset(lane->data, 0xee, BYTES);
	}
	lane->write = write;
	lane->handle = desk_handle(desk, "vd0", STORAGE_MAY_ALL);
	EXPECT_EQ(getcontext(&lane->context), 0);
	lane->context.uc_stack.ss_sp = lane->stack;
	lane->context.uc_stack.ss_size = STACK_BYTES;
	lane->context.uc_link = &scheduler;
	makecontext(&lane->context, (void (*)(void))run, 1, (int)index);
}

static void
end(struct desk *desk, unsigned index)
{
	storage_close(&desk->storage, lanes[index].handle);
	test_free(lanes[index].data);
	test_free(lanes[index].stack);
}

/* What LANE read, or what is on the disk where it wrote, is right. */
static void
check(struct desk *desk, unsigned index)
{
	struct lane *lane = &lanes[index];
	uint8_t *is = test_alloc(BYTES), expected;
	size_t first;

	EXPECT_EQ(lane->status, ORION_OK);
	EXPECT_EQ(lane->done, BYTES);
	if (lane->write)
		model_device_peek(desk->models[0], index * (BYTES / 512), is, BYTES);
	EXPECT_EQ(pattern_check(index, 0, lane->write ? is : lane->data, BYTES, &first, &expected),
		  0);
	test_free(is);
}

/* What was handed over twice has moved once. */
static void
expect_counted_once(struct storage_disk *disk, unsigned index)
{
	const struct storage_lane *lane = storage_lane_of(disk, index);
	struct vblk_queue_stats stats;
	struct vblk_irq_stats irq;

	vblk_queue_stats(vblk_queue_get(disk->device, index), &stats, &irq);
	EXPECT_EQ(stats.bytes_read - lane->again_read, lanes[index].write ? 0 : BYTES);
	EXPECT_EQ(stats.bytes_written - lane->again_written, lanes[index].write ? BYTES : 0);
	EXPECT_EQ(stats.failed, lane->counters.replayed);
}

/* Runs the lanes in turns, or at random, until all have returned. */
static void
run_lanes(bool shuffled)
{
	unsigned ended = 0, turns = 0;

	while (ended != LANES) {
		unsigned lane = shuffled ? (unsigned)test_random_below(LANES) : turns % LANES;

		turns++;
		EXPECT(turns < 3000000);
		if (lanes[lane].ended)
			continue;
		EXPECT_EQ(swapcontext(&scheduler, &lanes[lane].context), 0);
		ended += lanes[lane].ended;
	}
}

static const struct test_axis trouble = {
	"trouble", {"none", "needs-reset", "broken", "one-withheld", "silent"}};
static const struct test_axis turns = {"turns", {"round", "shuffled"}};
static const struct test_axis kind = {"kind", {"read", "write"}};
static const struct test_axis memory = {"memory", {"shared", "bounced"}};
static const struct test_axis layout = {"layout", {"split", "packed"}};
static const struct test_axis *const axes[] = {&trouble, &turns, &kind, &memory, &layout, NULL};

/* Whatever it was, once: the callers are told nothing, and the data is right. */
TEST_AXES(storage_recover__several_lanes, axes, NULL)
{
	static const struct {
		model_mischief what;
		uint32_t times;
		vblk_cause cause;
	} rows[] = {
		{MODEL_MISCHIEF_NONE, 0, VBLK_CAUSE_NONE},
		{MODEL_MISCHIEF_NEEDS_RESET, 1, VBLK_CAUSE_NEEDS_RESET},
		{MODEL_MISCHIEF_ID_RANGE, 1, VBLK_CAUSE_ID_RANGE},
		{MODEL_MISCHIEF_WITHHELD, 1, VBLK_CAUSE_NONE},
		{MODEL_MISCHIEF_NONE, 0, VBLK_CAUSE_NONE},
	};
	unsigned which = test_choice(&trouble);
	struct desk_config config;
	struct desk desk;
	struct storage_disk *disk = &desk.storage.disks[0];

	desk_defaults(&config);
	config.lanes = LANES;
	config.model[0].capacity_sectors = LANES * (BYTES / 512);
	config.model[0].queues = LANES;
	config.model[0].vectors = LANES + 1;
	if (test_choice(&layout) == 0)
		config.model[0].features &= ~VIRTIO_BIT(VIRTIO_F_RING_PACKED);
	config.options.dma_enabled = test_choice(&memory) == 0;
	config.breaches_allowed = which == 2;
	config.options.recovery_silence = 35;
	desk_open(&desk, &config);
	desk.on_idle = give_way;
	stopped_early = false;
	the_desk = &desk;
	if (rows[which].times != 0)
		model_device_trick(desk.models[0], rows[which].what, 5, rows[which].times, 0);
	for (unsigned i = 0; i < LANES; i++)
		start(&desk, i, test_choice(&kind) == 1);
	/* It is silent for good, until somebody resets it: see give_way(). */
	model_device_hold(desk.models[0], which == 4);
	run_lanes(test_choice(&turns) == 1);
	EXPECT(!stopped_early);
	EXPECT_EQ(storage_verdict(disk), ORION_OK);
	EXPECT_EQ(disk->recovery.resets, which != 0);
	EXPECT_EQ(disk->recovery.replayed != 0, which != 0);
	EXPECT_EQ(disk->recovery.cause, rows[which].cause);
	/* It was reset once, however many lanes found it late (and at opening). */
	EXPECT_EQ(model_device_stats(desk.models[0])->resets, which == 0 ? 1 : 2);
	desk.on_idle = NULL;
	for (unsigned i = 0; i < LANES; i++) {
		expect_counted_once(disk, i);
		check(&desk, i);
		end(&desk, i);
	}
	desk_close(&desk);
}

/* ---- devices that do not come back ---- */

static void
open_one(struct desk *desk, struct desk_config *config)
{
	desk_defaults(config);
	config->model[0].capacity_sectors = BYTES / 512;
	config->breaches_allowed = true;
	config->options.recovery_silence = 35;
	desk_open(desk, config);
}

static void
pause(struct desk *desk, uint64_t ns)
{
	model_host_port()->pause_ns(desk->host, ns);
}

/* Writes, and says how that went. */
static orion_status
try_it(struct desk *desk, struct storage_handle *handle)
{
	static uint8_t block[4096];

	pattern_fill(7, 0, block, sizeof(block));
	return storage_write(&desk->storage, handle, 0, 8192, block, sizeof(block), NULL);
}

static const struct test_axis refusal = {
	"refusal", {"reset-stuck", "other-blocks", "fewer-segments", "smaller-ring", "refused"}};
static const struct test_axis *const refusal_axes[] = {&refusal, NULL};

/* It fails with a word, and works again once the device lets itself be brought back. */
TEST_AXES(storage_recover__tried_again, refusal_axes, NULL)
{
	static const struct {
		model_mischief what;
		uint64_t value;
	} rows[] = {
		{MODEL_MISCHIEF_RESET_STUCK, 0},      {MODEL_MISCHIEF_SAY_BLOCK, 4096},
		{MODEL_MISCHIEF_SAY_SEG_MAX, 1},      {MODEL_MISCHIEF_SAY_QUEUE_SIZE, 4},
		{MODEL_MISCHIEF_FEATURES_DROPPED, 0},
	};
	unsigned row = test_choice(&refusal);
	struct storage_handle *handle;
	struct desk_config config;
	struct storage_disk *disk;
	struct desk desk;
	uint64_t resets;

	open_one(&desk, &config);
	disk = &desk.storage.disks[0];
	handle = desk_handle(&desk, "vd0", STORAGE_MAY_ALL);
	EXPECT_EQ(try_it(&desk, handle), ORION_OK);
	model_device_trick(desk.models[0], rows[row].what, 0, 0, rows[row].value);
	model_device_break(desk.models[0]);
	EXPECT_EQ(try_it(&desk, handle), ORION_DEVICE_BROKEN);
	EXPECT_EQ(storage_verdict(disk), ORION_DEVICE_BROKEN);
	EXPECT_EQ(disk->recovery.failures, 1);
	EXPECT_EQ(disk->recovery.cause, VBLK_CAUSE_NEEDS_RESET);
	/* At once nobody tries: the call would wait for the device each time. */
	resets = model_device_stats(desk.models[0])->resets;
	EXPECT_EQ(try_it(&desk, handle), ORION_DEVICE_BROKEN);
	EXPECT_EQ(model_device_stats(desk.models[0])->resets, resets);
	pause(&desk, 11 * SECOND_NS);
	EXPECT_EQ(try_it(&desk, handle), ORION_DEVICE_BROKEN);
	EXPECT_EQ(disk->recovery.failures, 2);
	model_device_behave(desk.models[0]);
	pause(&desk, 11 * SECOND_NS);
	EXPECT_EQ(try_it(&desk, handle), ORION_DEVICE_BROKEN);
	pause(&desk, 60 * SECOND_NS);
	EXPECT_EQ(try_it(&desk, handle), ORION_OK);
	EXPECT_EQ(storage_verdict(disk), ORION_OK);
	EXPECT_EQ(disk->recovery.failures, 2);
	storage_close(&desk.storage, handle);
	desk_close(&desk);
}

/* A device that breaks at every turn is let be, for the rest of the minute. */
TEST(storage_recover__five_times_a_minute)
{
	struct storage_handle *handle;
	struct desk_config config;
	struct storage_disk *disk;
	struct desk desk;

	open_one(&desk, &config);
	disk = &desk.storage.disks[0];
	handle = desk_handle(&desk, "vd0", STORAGE_MAY_ALL);
	model_device_trick(desk.models[0], MODEL_MISCHIEF_ID_RANGE, 0, 0, 0);
	EXPECT_EQ(try_it(&desk, handle), ORION_DEVICE_BROKEN);
	EXPECT_EQ(disk->recovery.resets, 5);
	EXPECT_EQ(vblk_state_get(disk->device), VBLK_STOPPED);
	pause(&desk, 11 * SECOND_NS);
	EXPECT_EQ(try_it(&desk, handle), ORION_DEVICE_BROKEN);
	EXPECT_EQ(disk->recovery.resets, 5);
	model_device_behave(desk.models[0]);
	pause(&desk, 60 * SECOND_NS);
	EXPECT_EQ(try_it(&desk, handle), ORION_OK);
	EXPECT_EQ(disk->recovery.resets, 6);
	storage_close(&desk.storage, handle);
	desk_close(&desk);
}

/* Whoever wants none has none: what broke stays so. */
TEST(storage_recover__not_wanted)
{
	struct storage_handle *handle;
	struct desk_config config;
	struct desk desk;

	desk_defaults(&config);
	config.options.recovery_resets = 0;
	config.options.recovery_silence = 0;
	desk_open(&desk, &config);
	handle = desk_handle(&desk, "vd0", STORAGE_MAY_ALL);
	model_device_hold(desk.models[0], true);
	EXPECT_EQ(try_it(&desk, handle), ORION_TIMED_OUT);
	EXPECT_EQ(model_device_stats(desk.models[0])->resets, 1);
	model_device_hold(desk.models[0], false);
	EXPECT_EQ(try_it(&desk, handle), ORION_OK);
	model_device_break(desk.models[0]);
	EXPECT_EQ(try_it(&desk, handle), ORION_DEVICE_BROKEN);
	pause(&desk, 100 * SECOND_NS);
	EXPECT_EQ(try_it(&desk, handle), ORION_DEVICE_BROKEN);
	EXPECT_EQ(desk.storage.disks[0].recovery.resets, 0);
	storage_close(&desk.storage, handle);
	desk_close(&desk);
}

static uint64_t delay_ns;

/* A disk that takes long for each answer works, and is not reset each time. */
static void
answer_late(struct desk *desk, unsigned lane)
{
	static uint64_t since;
	uint64_t now = model_host_port()->now_ns(desk->host);

	(void)lane;
	if (model_device_held(desk->models[0]) == 0)
		since = now;
	else if (now - since > delay_ns)
		EXPECT(model_device_release(desk->models[0], 1) == 1);
}

TEST(storage_recover__slow_is_learnt)
{
	struct storage_handle *handle;
	struct desk_config config;
	struct desk desk;

	open_one(&desk, &config);
	handle = desk_handle(&desk, "vd0", STORAGE_MAY_ALL);
	model_device_hold(desk.models[0], true);
	desk.on_idle = answer_late;
	/* Seen to take 30 seconds: 50 are no wonder. */
	delay_ns = 30 * SECOND_NS;
	EXPECT_EQ(try_it(&desk, handle), ORION_OK);
	delay_ns = 50 * SECOND_NS;
	EXPECT_EQ(try_it(&desk, handle), ORION_OK);
	EXPECT_EQ(model_device_stats(desk.models[0])->resets, 1);
	/* A reset that did not help is not the first thing to try the next time. */
	delay_ns = 110 * SECOND_NS;
	for (unsigned i = 0; i < 10; i++)
		EXPECT_EQ(try_it(&desk, handle), ORION_OK);
	EXPECT_EQ(model_device_stats(desk.models[0])->resets, 2);
	storage_close(&desk.storage, handle);
	desk_close(&desk);
}

/* The reset keeps the device's cache: a flush after it is asked of the device, and is true. */
TEST(storage_recover__flush_after_it)
{
	struct storage_handle *handle;
	struct desk_config config;
	struct desk desk;

	open_one(&desk, &config);
	handle = desk_handle(&desk, "vd0", STORAGE_MAY_ALL);
	EXPECT_EQ(try_it(&desk, handle), ORION_OK);
	EXPECT_EQ(storage_reset(&desk.storage, &desk.storage.disks[0], 0), ORION_OK);
	EXPECT_EQ(storage_flush(&desk.storage, handle, 0), ORION_OK);
	EXPECT_EQ(model_device_stats(desk.models[0])->flushes, 1);
	EXPECT_EQ(model_device_stats(desk.models[0])->resets, 2);
	storage_close(&desk.storage, handle);
	desk_close(&desk);
}

/* A lane that is claimed is its owner's: other calls on it are refused, and do not hang. */
TEST(storage_recover__claimed)
{
	struct storage_handle *handle;
	struct desk_config config;
	struct storage_disk *disk;
	struct desk desk;

	open_one(&desk, &config);
	disk = &desk.storage.disks[0];
	handle = desk_handle(&desk, "vd0", STORAGE_MAY_ALL);
	EXPECT_EQ(storage_claim(&desk.storage, disk, 0), ORION_OK);
	EXPECT_EQ(storage_claim(&desk.storage, disk, 0), ORION_BUSY);
	EXPECT_EQ(try_it(&desk, handle), ORION_BUSY);
	EXPECT_EQ(storage_reset(&desk.storage, disk, 0), ORION_BUSY);
	storage_refresh(&desk.storage, disk, 0);
	storage_unclaim(&desk.storage, disk, 0);
	EXPECT_EQ(try_it(&desk, handle), ORION_OK);
	storage_close(&desk.storage, handle);
	desk_close(&desk);
}

/* ---- at every step ---- */

#define PART (128u * 1024)

static const struct test_axis breaks = {"breaks", {"needs-reset", "id-range", "withheld"}};
static const struct test_axis *const step_axes[] = {&breaks, &layout, &memory, NULL};

/*
 * Writes all, writes half of it anew, flushes, reads back.  Returns how many requests the device
 * has completed by then.
 */
static uint64_t
work_through(struct desk *desk, struct storage_handle *handle)
{
	static uint8_t data[PART], back[PART];
	uint8_t expected;
	size_t first;

	pattern_fill(1, 0, data, PART);
	EXPECT_EQ(storage_write(&desk->storage, handle, 0, 0, data, PART, NULL), ORION_OK);
	pattern_fill(2, PART / 2, data, PART / 2);
	EXPECT_EQ(storage_write(&desk->storage, handle, 0, PART / 2, data, PART / 2, NULL),
		  ORION_OK);
	EXPECT_EQ(storage_flush(&desk->storage, handle, 0), ORION_OK);
	EXPECT_EQ(storage_read(&desk->storage, handle, 0, 0, back, PART, NULL), ORION_OK);
	EXPECT_EQ(pattern_check(1, 0, back, PART / 2, &first, &expected), 0);
	EXPECT_EQ(pattern_check(2, PART / 2, back + PART / 2, PART / 2, &first, &expected), 0);
	model_device_peek(desk->models[0], 0, data, PART);
	EXPECT_MEM(data, back, PART);
	return model_device_stats(desk->models[0])->completed;
}

/* The device breaks after FIRST completions, and after SECOND more; returns how many there were. */
static uint64_t
break_at(unsigned first, unsigned second)
{
	static const model_mischief whats[] = {MODEL_MISCHIEF_NEEDS_RESET, MODEL_MISCHIEF_ID_RANGE,
					       MODEL_MISCHIEF_WITHHELD};
	model_mischief what = whats[test_choice(&breaks)];
	struct storage_handle *handle;
	struct desk_config config;
	struct desk desk;
	uint64_t completed;

	desk_defaults(&config);
	config.model[0].capacity_sectors = PART / 512;
	if (test_choice(&layout) == 0)
		config.model[0].features &= ~VIRTIO_BIT(VIRTIO_F_RING_PACKED);
	config.options.dma_enabled = test_choice(&memory) == 0;
	config.options.recovery_silence = 1;
	config.breaches_allowed = what == MODEL_MISCHIEF_ID_RANGE;
	desk_open(&desk, &config);
	handle = desk_handle(&desk, "vd0", STORAGE_MAY_ALL);
	/* Each counts what it sees by itself, but only while its turn has not come. */
	model_device_trick(desk.models[0], what, first, 1, 0);
	model_device_trick(desk.models[0], what, first + 1 + second, 1, 0);
	test_note("after %u, and %u more", first, second);
	completed = work_through(&desk, handle);
	storage_close(&desk.storage, handle);
	desk_close(&desk);
	return completed;
}

TEST_AXES(storage_recover__at_every_step, step_axes, NULL)
{
	unsigned steps = (unsigned)break_at(1000000, 0);

	EXPECT(steps >= 4);
	for (unsigned first = 0; first <= steps; first++) {
		for (unsigned second = 0; second <= steps / 2; second++)
			(void)break_at(first, second);
	}
}

/* It breaks while it is brought back: that is tried again at once, and no call fails. */
TEST(storage_recover__breaks_while_brought_back)
{
	struct storage_handle *handle;
	struct desk_config config;
	struct desk desk;

	open_one(&desk, &config);
	handle = desk_handle(&desk, "vd0", STORAGE_MAY_ALL);
	model_device_trick(desk.models[0], MODEL_MISCHIEF_FEATURES_DROPPED, 0, 2, 0);
	model_device_break(desk.models[0]);
	EXPECT_EQ(try_it(&desk, handle), ORION_OK);
	EXPECT_EQ(desk.storage.disks[0].recovery.resets, 3);
	EXPECT_EQ(desk.storage.disks[0].recovery.failures, 0);
	storage_close(&desk.storage, handle);
	desk_close(&desk);
}

/* What was given up, and came back from a device that died, is in nobody's way afterwards. */
TEST(storage_recover__given_up_before_it_died)
{
	struct storage_handle *handle;
	struct orion_region region;
	struct desk_config config;
	struct storage_disk *disk;
	struct orion_io *io;
	struct desk desk;

	desk_defaults(&config);
	config.breaches_allowed = true;
	config.leaks_allowed = true;
	desk_open(&desk, &config);
	disk = &desk.storage.disks[0];
	handle = desk_handle(&desk, "vd0", STORAGE_MAY_ALL);
	model_device_hold(desk.models[0], true);
	EXPECT_EQ(storage_claim(&desk.storage, disk, 0), ORION_OK);
	EXPECT_EQ(storage_dma_take(&desk.storage, disk, 4096, &region), ORION_OK);
	io = model_memory_take(desk.host, sizeof(*io));
	*io = (struct orion_io){.buffer = region.cpu, .bytes = 4096, .operation = ORION_WRITE};
	EXPECT_EQ(storage_submit(storage_lane_of(disk, 0), &io, 1), 1);
	storage_kick(storage_lane_of(disk, 0));
	storage_leave(&desk.storage, disk, 0, true, &region, io, sizeof(*io));
	model_device_trick(desk.models[0], MODEL_MISCHIEF_RESET_STUCK, 0, 0, 0);
	EXPECT_EQ(storage_reset(&desk.storage, disk, 0), ORION_DEVICE_BROKEN);
	EXPECT_EQ(storage_claim(&desk.storage, disk, 0), ORION_DEVICE_BROKEN);
	/* Its memory is the device's until a reset is seen to end. */
	EXPECT(desk.manager.budget.quarantined >= region.bytes);
	model_device_behave(desk.models[0]);
	model_device_hold(desk.models[0], false);
	EXPECT_EQ(storage_reset(&desk.storage, disk, 0), ORION_OK);
	EXPECT_EQ(storage_lent(disk, 0), 0);
	EXPECT_EQ(try_it(&desk, handle), ORION_OK);
	EXPECT_EQ(storage_claim(&desk.storage, disk, 0), ORION_OK);
	storage_unclaim(&desk.storage, disk, 0);
	storage_close(&desk.storage, handle);
	desk_close(&desk);
}

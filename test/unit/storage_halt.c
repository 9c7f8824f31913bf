/* SPDX-License-Identifier: MIT */
/* storage/halt.c: a disk stops under several lanes at once, each at work on its queue. */
#include <string.h>
#include <ucontext.h>

#include "storage/halt.h"
#include "storage/work.h"
#include "test/unit/desk.h"

#define LANES 3u
#define STACK_BYTES (256u * 1024)
#define BYTES (4u << 20)

/* Each lane is a coroutine that gives way whenever it idles. */
static struct lane {
	ucontext_t context;
	void *stack;
	struct storage_handle *handle;
	uint8_t *data;
	size_t done;
	orion_status status;
	bool ended;
} lanes[LANES];

static ucontext_t scheduler;
static struct desk *the_desk;

/* The device was stopped while a lane was still inside. */
static bool stopped_early;

static void
give_way(struct desk *desk, unsigned lane)
{
	const struct storage_disk *disk = &desk->storage.disks[0];

	EXPECT_EQ(swapcontext(&lanes[lane].context, &scheduler), 0);
	stopped_early |= vblk_state_get(disk->device) == VBLK_STOPPED && disk->lanes_inside != 0;
}

static void
read_all(int index)
{
	struct lane *lane = &lanes[index];

	lane->status = storage_read(&the_desk->storage, lane->handle, (unsigned)index, 0,
				    lane->data, BYTES, &lane->done);
	lane->ended = true;
}

static void
start(struct desk *desk, unsigned index)
{
	struct lane *lane = &lanes[index];

	memset(lane, 0, sizeof(*lane));
	lane->stack = test_alloc(STACK_BYTES);
	lane->data = test_alloc(BYTES);
	lane->handle = desk_handle(desk, "vd0", STORAGE_MAY_READ);
	EXPECT_EQ(getcontext(&lane->context), 0);
	lane->context.uc_stack.ss_sp = lane->stack;
	lane->context.uc_stack.ss_size = STACK_BYTES;
	lane->context.uc_link = &scheduler;
	makecontext(&lane->context, (void (*)(void))read_all, 1, (int)index);
}

static void
end(struct desk *desk, unsigned index)
{
	storage_close(&desk->storage, lanes[index].handle);
	test_free(lanes[index].data);
	test_free(lanes[index].stack);
}

/* Runs the lanes in turns, or at random, until all have returned. */
static unsigned
run_lanes(bool shuffled)
{
	unsigned ended = 0, turns = 0;

	while (ended != LANES) {
		unsigned lane = shuffled ? (unsigned)test_random_below(LANES) : turns % LANES;

		turns++;
		EXPECT(turns < 1000000);
		if (lanes[lane].ended)
			continue;
		EXPECT_EQ(swapcontext(&scheduler, &lanes[lane].context), 0);
		ended += lanes[lane].ended;
	}
	return turns;
}

static const struct test_axis trouble = {"trouble",
					 {"none", "needs-reset", "broken", "reset-stuck"}};
static const struct test_axis turns = {"turns", {"round", "shuffled"}};
static const struct test_axis *const axes[] = {&trouble, &turns, NULL};

TEST_AXES(storage_halt__several_lanes, axes, NULL)
{
	unsigned which = test_choice(&trouble);
	struct desk_config config;
	struct desk desk;
	unsigned failed = 0;

	desk_defaults(&config);
	config.lanes = LANES;
	config.model[0].capacity_sectors = BYTES / 512;
	config.model[0].queues = LANES;
	config.model[0].vectors = LANES + 1;
	config.breaches_allowed = which != 0;
	config.leaks_allowed = which == 3;
	desk_open(&desk, &config);
	desk.on_idle = give_way;
	stopped_early = false;
	the_desk = &desk;
	if (which != 0)
		model_device_trick(
			desk.models[0],
			which == 1 ? MODEL_MISCHIEF_NEEDS_RESET : MODEL_MISCHIEF_ID_RANGE, 5, 0, 0);
	if (which == 3)
		model_device_trick(desk.models[0], MODEL_MISCHIEF_RESET_STUCK, 0, 0, 0);
	for (unsigned i = 0; i < LANES; i++)
		start(&desk, i);
	(void)run_lanes(test_choice(&turns) == 1);

	struct storage_disk *disk = &desk.storage.disks[0];

	for (unsigned i = 0; i < LANES; i++) {
		failed += lanes[i].status != ORION_OK;
		EXPECT_EQ(lanes[i].done == BYTES, lanes[i].status == ORION_OK);
		EXPECT_EQ(vblk_in_flight(vblk_queue_get(disk->device, i)), 0);
	}
	EXPECT_EQ(failed, which == 0 ? 0 : LANES);
	EXPECT(!stopped_early);
	EXPECT_EQ(disk->lanes_inside, 0);
	EXPECT_EQ(disk->phase, which == 0 ? HALT_RUNNING : HALT_HALTED);
	/*
	 * The device was reset once, however many lanes found it late (and at opening and closing).
	 */
	if (which != 3)
		EXPECT_EQ(model_device_stats(desk.models[0])->resets, which == 0 ? 1 : 2);
	if (which != 0)
		EXPECT_EQ(storage_read(&desk.storage, lanes[0].handle, 0, 0, lanes[0].data, 512,
				       NULL),
			  ORION_DEVICE_BROKEN);
	desk.on_idle = NULL;
	for (unsigned i = 0; i < LANES; i++)
		end(&desk, i);
	desk_close(&desk);
}

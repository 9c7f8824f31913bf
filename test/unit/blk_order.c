/* SPDX-License-Identifier: MIT */
/*
 * The order of accesses in src/blk/submit.h and src/ring, seen from outside: with a store buffer
 * between driver and device, no kick and no wake is ever lost, and no completion is seen by half.
 */
#include "test/world.h"

#include "arch/stepped.h"
#include "desk_blk.h"

static const struct test_axis events = {"events", {"flags", "index"}};
static const struct test_axis memories = {"memory", {"tso", "weak"}};
static const struct test_axis *const axes[] = {&blk_kinds, &events, &memories, NULL};

static void
open_world(struct world *world)
{
	struct world_config config;

	world_defaults(&config);
	config.model.features =
		BIT(2) | BIT(32) | blk_kind_features() | (test_choice(&events) == 1 ? BIT(29) : 0);
	config.model.queue_size = 32;
	config.model.order = MODEL_ORDER_SHUFFLED;
	config.memory = test_choice(&memories) == 1 ? MODEL_MEMORY_WEAK : MODEL_MEMORY_TSO;
	config.mode = MODEL_STEP_RANDOM;
	world_open(world, &config, NULL);
}

/* The device goes on for a while; what the driver wrote last may still be in its store buffer. */
static void
some_time_passes(struct world *world)
{
	(void)model_host_act(world->host, (unsigned)test_random_below(6));
}

/*
 * Lets the device act within the driver's next calls, or not: one that is busy when it is kicked is
 * what makes kicks unnecessary, and losing one possible.
 */
static void
flip_mode(void)
{
	model_step_mode_set(test_random_below(4) == 0 ? MODEL_STEP_RANDOM : MODEL_STEP_NEVER, 0);
}

/* The driver's own calls: world_submit() and its like would empty the store buffer after each. */
static void
reap_all(struct vblk_queue *queue)
{
	struct vblk_completion done[32];
	unsigned got = vblk_reap(queue, done, 32);

	for (unsigned i = 0; i < got; i++)
		EXPECT_EQ(done[i].result, ORION_OK);
}

static void
submit_and_kick(struct vblk_queue *queue, const struct world_buffer *buffer)
{
	struct vblk_request request = {
		.segments = &buffer->segment, .segment_count = 1, .operation = VBLK_READ};
	unsigned batch = 1 + (unsigned)test_random_below(3);

	while (batch-- > 0) {
		request.sector = test_random_below(100);
		EXPECT_EQ(vblk_submit(queue, &request, 1), 1);
	}
	(void)vblk_kick(queue);
}

/* When the device rests, everything that was kicked has been served. */
TEST_AXES(blk_order__no_kick_is_lost, axes, NULL)
{
	struct world world;
	struct world_buffer *buffer;
	struct vblk_queue *queue;

	open_world(&world);
	buffer = world_buffer(&world, 512, ORION_DEVICE_WRITES);
	queue = vblk_queue_get(world.device, 0);
	for (unsigned turn = 0; turn < 3000; turn++) {
		flip_mode();
		submit_and_kick(queue, buffer);
		some_time_passes(&world);
		model_step_settle();
		if (vblk_in_flight(queue) < 6 && test_random_below(4) != 0)
			continue;
		world_run(&world);
		reap_all(queue);
		test_note("turn %u", turn);
		EXPECT_EQ(vblk_in_flight(queue), 0);
	}
	world_run(&world);
	reap_all(queue);
	world_close(&world);
}

/* An owner that may sleep is woken for what comes. */
TEST_AXES(blk_order__no_wake_is_lost, axes, NULL)
{
	struct world world;
	struct world_buffer *buffer;
	struct vblk_queue *queue;

	open_world(&world);
	buffer = world_buffer(&world, 512, ORION_DEVICE_WRITES);
	queue = vblk_queue_get(world.device, 0);
	for (unsigned turn = 0; turn < 3000; turn++) {
		unsigned wakes;

		flip_mode();
		submit_and_kick(queue, buffer);
		model_step_settle();
		some_time_passes(&world);
		wakes = world.events[0].wakes;
		if (vblk_arm(queue)) {
			some_time_passes(&world);
			model_step_settle();
			world_run(&world);
			test_note("turn %u", turn);
			EXPECT(world.events[0].wakes > wakes);
		}
		model_step_settle();
		vblk_disarm(queue);
		model_step_settle();
		world_run(&world);
		reap_all(queue);
		EXPECT_EQ(vblk_in_flight(queue), 0);
	}
	world_run(&world);
	reap_all(queue);
	world_close(&world);
}

/* A transport in front of the world's, to look at the moment of the kick. */
static struct {
	const struct virtio_transport_ops *behind;
	unsigned kicks;
	uint64_t fences;
} front;

static void
look_at_kick(void *context, uint16_t queue, uint32_t value)
{
	front.kicks++;
	EXPECT_EQ(model_step_stats()->fences[STEP_DOORBELL], front.fences + front.kicks);
	front.behind->notify(context, queue, value);
}

static orion_status
look_at_enable(void *context, uint16_t queue, const struct virtio_queue_setup *setup,
	       struct virtio_doorbell *doorbell)
{
	(void)context, (void)queue, (void)setup, (void)doorbell;
	front.fences = model_step_stats()->fences[STEP_DOORBELL];
	return ORION_DEVICE_REFUSED;
}

/* Nor is a store to the rings left behind when a queue is enabled. */
TEST_AXES(blk_order__no_queue_is_enabled_before_its_rings, axes, NULL)
{
	struct virtio_transport_ops ops;
	struct vblk_queue *queue;
	struct world world;
	uint64_t before;

	open_world(&world);
	queue = vblk_queue_get(world.device, 0);
	front.behind = queue->device->virtio.transport.ops;
	ops = *front.behind;
	ops.queue_enable = look_at_enable;
	queue->device->virtio.transport.ops = &ops;
	before = model_step_stats()->fences[STEP_DOORBELL];
	EXPECT_EQ(vblk_queue_enable(queue), ORION_DEVICE_REFUSED);
	EXPECT_EQ(front.fences, before + 1);
	queue->device->virtio.transport.ops = front.behind;
	world_close(&world);
}

/* No store is left behind a doorbell: each has a fence of its own before it. */
TEST_AXES(blk_order__every_doorbell_has_its_fence, axes, NULL)
{
	struct virtio_transport_ops ops;
	struct world world;
	struct world_buffer *buffer;
	struct vblk_queue *queue;

	open_world(&world);
	buffer = world_buffer(&world, 512, ORION_DEVICE_WRITES);
	queue = vblk_queue_get(world.device, 0);
	front.behind = queue->device->virtio.transport.ops;
	front.kicks = 0;
	front.fences = model_step_stats()->fences[STEP_DOORBELL];
	ops = *front.behind;
	ops.notify = look_at_kick;
	queue->device->virtio.transport.ops = &ops;
	for (unsigned turn = 0; turn < 50; turn++) {
		submit_and_kick(queue, buffer);
		model_step_settle();
		world_run(&world);
		reap_all(queue);
	}
	EXPECT(front.kicks > 10);
	queue->device->virtio.transport.ops = front.behind;
	world_close(&world);
}

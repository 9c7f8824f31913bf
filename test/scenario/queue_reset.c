/* SPDX-License-Identifier: MIT */
/* One queue is reset and taken in use again while the others go on. */
#include "test/scenario/load.h"
#include "test/scenario/matrix.h"

#define RING_RESET VIRTIO_BIT(VIRTIO_F_RING_RESET)
#define QUEUES 3u

static const struct test_axis reach = {"reach", {"model", "pci", "mmio"}};
static const struct test_axis kinds = {"order", {"any", "in_order"}};
static const struct test_axis waits = {"wait", {"0", "5"}};
static const struct test_axis *const reset_axes[] = {&reach, &layout, &tables,
						     &kinds, &waits,  NULL};

struct run {
	struct world w;
	struct load *load[QUEUES];
};

static void
configure(struct world_config *c, const struct test_axis *const *axes)
{
	matrix_configure_for(c, axes);
	c->reach = (world_reach)test_choice(&reach);
	c->homes = QUEUES;
	c->options.queue_count = QUEUES;
	c->options.queue_depth = 32;
	c->model.queues = QUEUES;
	c->model.vectors = QUEUES + 1;
	c->model.features |= RING_RESET | VIRTIO_BIT(VIRTIO_F_NOTIFICATION_DATA);
	c->model.order = (model_order)test_random_below(3);
	c->model.batch = 4;
	c->model.queue_size = 64;
	c->memory = (model_memory)test_random_below(3);
	if (matrix_has(&kinds, axes) && test_choice(&kinds) == 1)
		c->model.features |= VIRTIO_BIT(VIRTIO_F_IN_ORDER);
	if (matrix_has(&waits, axes) && test_choice(&waits) == 1)
		c->model.reset_reads = 5;
}

static struct run *
run_open(const struct world_config *config)
{
	struct run *run = test_alloc(sizeof(*run));

	world_open(&run->w, config, NULL);
	EXPECT_EQ(vblk_info(run->w.device)->queues, QUEUES);
	EXPECT((vblk_info(run->w.device)->features_negotiated & RING_RESET) != 0);
	for (unsigned q = 0; q < QUEUES; q++) {
		run->load[q] = load_open(&run->w, q, vblk_info(run->w.device)->queue_depth);
		load_allow(run->load[q], ORION_OUTCOME_UNKNOWN);
	}
	return run;
}

static void
run_close(struct run *run)
{
	for (unsigned q = 0; q < QUEUES; q++)
		load_free(run->load[q]);
	world_close(&run->w);
	test_free(run);
}

static orion_status
queue_stop(struct run *run, unsigned queue)
{
	orion_status status = vblk_queue_stop(vblk_queue_get(run->w.device, queue));

	model_step_settle();
	return status;
}

static orion_status
queue_start(struct run *run, unsigned queue)
{
	orion_status status = vblk_queue_start(vblk_queue_get(run->w.device, queue));

	model_step_settle();
	return status;
}

static void
steps(struct run *run, unsigned count)
{
	while (count-- > 0)
		load_step(run->load[test_random_below(QUEUES)]);
}

static void
drain_all(struct run *run)
{
	for (unsigned q = 0; q < QUEUES; q++) {
		load_drain(run->load[q]);
		EXPECT_EQ(load_in_flight(run->load[q]), 0);
	}
}

/* Why the queue takes no request: a flush is refused. */
static orion_status
refusal(struct run *run, unsigned queue)
{
	struct vblk_request flush = {.operation = VBLK_FLUSH, .cookie = world_cookie(&run->w)};

	EXPECT_EQ(world_submit(&run->w, queue, &flush, 1), 0);
	return vblk_refusal(vblk_queue_get(run->w.device, queue));
}

/* What was in flight comes back, once; nothing else does. */
static void
take_back(struct run *run, unsigned queue)
{
	struct load *load = run->load[queue];
	unsigned out = load_in_flight(load), failed = load->failed, completed = load->completed;

	EXPECT_EQ(refusal(run, queue), ORION_WRONG_STATE);
	if (out > 0)
		EXPECT_EQ(queue_start(run, queue), ORION_WRONG_STATE);
	while (load_reap(load, 1 + (unsigned)test_random_below(9)) > 0)
		load_step(run->load[(queue + 1) % QUEUES]);
	EXPECT_EQ(load->completed - completed, out);
	EXPECT_EQ(load->failed - failed, out);
	EXPECT_EQ(load_in_flight(load), 0);
}

/* Resets at random moments; later requests of the queue, and all of the others, are sound. */
TEST_AXES(queue_reset_under_load, reset_axes, NULL)
{
	struct world_config config;
	struct run *run;

	configure(&config, reset_axes);
	run = run_open(&config);
	for (unsigned round = 0; round < 20; round++) {
		unsigned queue = (unsigned)test_random_below(QUEUES);

		steps(run, (unsigned)test_random_below(30));
		(void)load_submit(run->load[queue], (unsigned)test_random_below(20));
		EXPECT_EQ(queue_stop(run, queue), ORION_OK);
		EXPECT(!model_device_enabled(run->w.model, queue));
		EXPECT(model_device_enabled(run->w.model, (queue + 1) % QUEUES));
		EXPECT_EQ(queue_stop(run, queue), ORION_WRONG_STATE);
		take_back(run, queue);
		load_step(run->load[(queue + 1) % QUEUES]);
		EXPECT_EQ(queue_start(run, queue), ORION_OK);
		EXPECT_EQ(queue_start(run, queue), ORION_WRONG_STATE);
		EXPECT_EQ(vblk_state_get(run->w.device), VBLK_LIVE);
		for (unsigned step = 0; step < 3; step++)
			load_step(run->load[queue]);
	}
	steps(run, 100);
	drain_all(run);
	EXPECT_EQ(model_device_stats(run->w.model)->queue_resets, 20);
	for (unsigned q = 0; q < QUEUES; q++)
		EXPECT(run->load[q]->completed > run->load[q]->failed);
	run_close(run);
}

static const struct test_axis *const short_axes[] = {&reach, &layout, &tables, NULL};

#define CUT_BYTES 65536u
#define CUT_REQUESTS 3u

/* Submits reads of 16 parts each, as many as the queue takes; how many. */
static unsigned
submit_cut(struct world *w, struct world_buffer *const *in)
{
	unsigned taken = 0;

	for (; taken < CUT_REQUESTS; taken++) {
		struct vblk_request request = {
			.operation = VBLK_READ,
			.sector = taken * (CUT_BYTES / VIRTIO_BLK_SECTOR_BYTES),
			.segments = &in[taken]->segment,
			.segment_count = 1,
			.cookie = world_cookie(w),
		};

		if (world_submit(w, 0, &request, 1) == 0)
			break;
	}
	EXPECT(taken > 0);
	(void)world_kick(w, 0);
	return taken;
}

/*
 * Requests in parts, some done, some in flight, some waiting for room, when their queue is reset.
 */
TEST_AXES(queue_reset_with_parts, reset_axes, NULL)
{
	struct vblk_completion done[CUT_REQUESTS];
	struct world_buffer *in[CUT_REQUESTS];
	struct world_config config;
	struct vblk_queue *queue;
	struct run *run;
	unsigned once;

	configure(&config, reset_axes);
	config.options.device_max_sectors = 8;
	config.model.eager = false;
	run = run_open(&config);
	queue = vblk_queue_get(run->w.device, 0);
	for (unsigned i = 0; i < CUT_REQUESTS; i++)
		in[i] = world_buffer(&run->w, CUT_BYTES, ORION_DEVICE_WRITES);
	for (unsigned round = 0; round < 25; round++) {
		unsigned left = submit_cut(&run->w, in);

		for (unsigned i = 0; i < round % 5 * 2; i++) {
			(void)model_host_act(run->w.host, 7);
			left -= world_reap(&run->w, 0, done, 1);
		}
		EXPECT_EQ(queue_stop(run, 0), ORION_OK);
		for (once = 1 + (unsigned)test_random_below(CUT_REQUESTS); left > 0;) {
			EXPECT_EQ(vblk_in_flight(queue), left);
			EXPECT_EQ(queue_start(run, 0), ORION_WRONG_STATE);
			left -= world_reap(&run->w, 0, done, once);
		}
		EXPECT_EQ(vblk_in_flight(queue), 0);
		EXPECT_EQ(queue_start(run, 0), ORION_OK);
		EXPECT_EQ(vblk_in_flight(queue), 0);
		EXPECT_EQ(world_io(&run->w, 0, VBLK_READ, 0, &in[0]->segment, 1), ORION_OK);
		EXPECT_EQ(vblk_in_flight(queue), 0);
	}
	run_close(run);
}

/* An owner that sleeps is woken by the queue's own interrupt after the restart, as before. */
TEST_AXES(queue_reset_then_wake, short_axes, NULL)
{
	struct world_config config;
	struct run *run;
	unsigned wakes;

	configure(&config, short_axes);
	config.model.eager = false;
	run = run_open(&config);
	for (unsigned q = 0; q < QUEUES; q++) {
		EXPECT_EQ(queue_stop(run, q), ORION_OK);
		EXPECT_EQ(queue_start(run, q), ORION_OK);
		EXPECT_EQ(load_submit(run->load[q], 1), 1);
		wakes = run->w.events[q].wakes;
		EXPECT(world_arm(&run->w, q));
		(void)world_kick(&run->w, q);
		world_run(&run->w);
		EXPECT(run->w.events[q].wakes > wakes);
		EXPECT_EQ(load_reap(run->load[q], 1), 1);
	}
	run_close(run);
}

/* A latched queue is brought back by its reset: the device is live again. */
TEST_AXES(queue_reset_mends_a_broken_queue, short_axes, NULL)
{
	struct world_config config;
	struct run *run;

	configure(&config, short_axes);
	run = run_open(&config);
	steps(run, 30);
	model_device_trick(run->w.model, MODEL_MISCHIEF_ID_RANGE, 0, 1, 0);
	for (unsigned i = 0; i < 200 && vblk_state_get(run->w.device) == VBLK_LIVE; i++)
		steps(run, 1);
	EXPECT_EQ(vblk_state_get(run->w.device), VBLK_BROKEN);
	EXPECT_EQ(vblk_cause_get(run->w.device), VBLK_CAUSE_ID_RANGE);
	for (unsigned q = 0; q < QUEUES; q++) {
		struct vblk_ring_info info;

		vblk_ring_info(vblk_queue_get(run->w.device, q), &info);
		if (info.cause == VBLK_CAUSE_NONE)
			continue;
		EXPECT_EQ(refusal(run, q), ORION_DEVICE_BROKEN);
		EXPECT_EQ(queue_stop(run, q), ORION_OK);
		take_back(run, q);
		EXPECT_EQ(queue_start(run, q), ORION_OK);
	}
	EXPECT_EQ(vblk_state_get(run->w.device), VBLK_LIVE);
	EXPECT_EQ(vblk_cause_get(run->w.device), VBLK_CAUSE_NONE);
	EXPECT_EQ(model_device_stats(run->w.model)->queue_resets, 1);
	steps(run, 60);
	drain_all(run);
	run_close(run);
}

/* A reset that never ends is given up in bounded time; then the whole device is reset. */
TEST_AXES(queue_reset_never_ends, short_axes, NULL)
{
	struct world_config config;
	struct run *run;

	configure(&config, short_axes);
	run = run_open(&config);
	steps(run, 30);
	(void)load_submit(run->load[1], 5);
	model_device_trick(run->w.model, MODEL_MISCHIEF_QUEUE_RESET_STUCK, 0, 0, 0);
	EXPECT_EQ(queue_stop(run, 1), ORION_TIMED_OUT);
	EXPECT_EQ(vblk_state_get(run->w.device), VBLK_BROKEN);
	EXPECT_EQ(vblk_cause_get(run->w.device), VBLK_CAUSE_QUEUE_RESET);
	/* Its requests stay the device's until that. */
	EXPECT_EQ(refusal(run, 1), ORION_DEVICE_BROKEN);
	EXPECT(vblk_in_flight(vblk_queue_get(run->w.device, 1)) > 0);
	EXPECT_EQ(load_reap(run->load[1], 1), 0);
	EXPECT(queue_start(run, 1) != ORION_OK);
	EXPECT_EQ(world_stop(&run->w), ORION_OK);
	EXPECT_EQ(run->w.accepted, run->w.completed);
	run_close(run);
}

/* A queue that runs on after its reset: late data, stale ids.  No request comes back twice. */
TEST_AXES(queue_reset_runs_on, reset_axes, NULL)
{
	struct world_config config;
	struct run *run;

	configure(&config, reset_axes);
	config.breaches_allowed = true;
	run = run_open(&config);
	for (unsigned q = 0; q < QUEUES; q++) {
		load_allow(run->load[q], ORION_IO_ERROR);
		run->load[q]->lengths_lie = true;
	}
	steps(run, 30);
	model_device_trick(run->w.model, MODEL_MISCHIEF_QUEUE_RESET_RUNS, 0, 0, 0);
	model_device_hold(run->w.model, true);
	(void)load_submit(run->load[0], 20);
	(void)world_kick(&run->w, 0);
	world_run(&run->w);
	EXPECT_EQ(queue_stop(run, 0), ORION_OK);
	take_back(run, 0);
	model_device_hold(run->w.model, false);
	if (test_random_below(2) == 0)
		world_run(&run->w);
	EXPECT_EQ(queue_start(run, 0), ORION_OK);
	steps(run, 100);
	EXPECT(model_device_stats(run->w.model)->mischief > 0);
	EXPECT_EQ(world_stop(&run->w), ORION_OK);
	EXPECT_EQ(run->w.accepted, run->w.completed);
	run_close(run);
}

/* The device goes away while it is asked to reset a queue. */
TEST_AXES(queue_reset_of_a_device_that_goes, short_axes, NULL)
{
	struct world_config config;
	struct run *run;
	orion_status status;

	configure(&config, short_axes);
	config.breaches_allowed = true;
	run = run_open(&config);
	steps(run, 30);
	(void)load_submit(run->load[2], 5);
	model_device_trick(run->w.model, MODEL_MISCHIEF_ALL_ONES, (uint32_t)test_random_below(4), 0,
			   0);
	status = queue_stop(run, 2);
	test_note("%s", orion_status_text(status));
	EXPECT(status == ORION_OK || status == ORION_TIMED_OUT || status == ORION_DEVICE_GONE);
	(void)world_stop(&run->w);
	EXPECT_EQ(run->w.accepted, run->w.completed);
	run_close(run);
}

/* The device does not take the queue again: it stays stopped, and a later try may succeed. */
TEST_AXES(queue_reset_then_refused, short_axes, NULL)
{
	struct world_config config;
	struct run *run;

	configure(&config, short_axes);
	run = run_open(&config);
	EXPECT_EQ(queue_stop(run, 1), ORION_OK);
	model_device_trick(run->w.model, MODEL_MISCHIEF_QUEUE_REFUSED, 0, 1, 0);
	EXPECT_EQ(queue_start(run, 1), ORION_DEVICE_REFUSED);
	take_back(run, 1);
	steps(run, 20);
	EXPECT_EQ(queue_start(run, 1), ORION_OK);
	steps(run, 50);
	drain_all(run);
	run_close(run);
}

TEST(queue_reset_without_the_feature)
{
	struct world_config config;
	struct world w;

	world_defaults(&config);
	world_open(&w, &config, NULL);
	EXPECT_EQ(vblk_queue_stop(vblk_queue_get(w.device, 0)), ORION_NOT_SUPPORTED);
	EXPECT_EQ(vblk_queue_start(vblk_queue_get(w.device, 0)), ORION_WRONG_STATE);
	EXPECT_EQ(world_io(&w, 0, VBLK_FLUSH, 0, NULL, 0), ORION_OK);
	EXPECT_EQ(world_stop(&w), ORION_OK);
	world_close(&w);
}

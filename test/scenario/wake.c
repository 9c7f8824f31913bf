/* SPDX-License-Identifier: MIT */
/*
 * Nobody sleeps for ever: neither the device, for want of a kick, nor the owner, for want of an
 * interrupt, wherever between two accesses the other side acts.
 */
#include "test/scenario/matrix.h"

static const struct test_axis *const axes[] = {&layout,   &tables,  &events,
					       &memories, &reaches, NULL};
static const struct test_axis when = {"when", {"arm", "kick", "submit", "reap"}};
static const struct test_axis *const sweep_axes[] = {&layout,   &tables, &events,
						     &memories, &when,   NULL};

static struct vblk_request
one_read(struct world *w, const struct world_buffer *in)
{
	return (struct vblk_request){.segments = &in->segment,
				     .segment_count = 1,
				     .cookie = world_cookie(w),
				     .operation = VBLK_READ};
}

/*
 * The owner's loop as it is meant to be: submit, kick, reap, arm, sleep.  The device acts at random
 * between accesses.  When the owner sleeps, the device runs until it rests; then the owner must
 * have been woken.
 */
TEST_AXES(owner_loop, axes, matrix_reachable_layout)
{
	struct vblk_completion done[8];
	struct world_config config;
	struct world_buffer *in;
	struct vblk_request r;
	struct world w;

	matrix_configure_for(&config, axes);
	config.reach = (world_reach)test_choice(&reaches);
	config.model.queue_size = 8;
	config.model.order = MODEL_ORDER_SHUFFLED;
	world_open(&w, &config, NULL);
	in = world_buffer(&w, 512, ORION_DEVICE_WRITES);
	for (unsigned turn = 0; turn < 600; turn++) {
		unsigned wakes, batch = (unsigned)test_random_below(3) + (turn == 0);

		for (unsigned i = 0; i < batch; i++) {
			r = one_read(&w, in);
			if (world_submit(&w, 0, &r, 1) == 0) {
				w.cookies--;
			}
		}
		world_kick(&w, 0);
		if (world_reap(&w, 0, done, 8) > 0 ||
		    vblk_in_flight(vblk_queue_get(w.device, 0)) == 0) {
			continue;
		}
		wakes = w.events[0].wakes;
		if (!world_arm(&w, 0)) {
			EXPECT(world_reap(&w, 0, done, 8) > 0);
			continue;
		}
		world_run(&w);
		test_note("turn %u: slept with %u in flight", turn,
			  vblk_in_flight(vblk_queue_get(w.device, 0)));
		EXPECT(w.events[0].wakes > wakes);
		EXPECT(world_reap(&w, 0, done, 8) > 0);
	}
	world_drain(&w, 0, ORION_OK);
	world_close(&w);
}

/*
 * One round with the device acting at access POINT of the call that is swept; false past its end.
 */
static bool
sweep_one(struct world *w, const struct world_buffer *in, unsigned call, uint64_t point)
{
	struct vblk_completion done[4];
	struct vblk_request r[2] = {one_read(w, in), one_read(w, in)};
	unsigned got = 0, wakes;
	uint64_t accesses = 0;

	for (unsigned step = 0; step < 4; step++) {
		model_step_mode_set(step == call ? MODEL_STEP_ONCE : MODEL_STEP_NEVER, point);
		if (step == 2) {
			EXPECT_EQ(world_submit(w, 0, r, 2), 2);
		} else if (step == 1) {
			world_kick(w, 0);
		} else if (step == 3) {
			got += world_reap(w, 0, done, 4);
		}
		accesses = step == call ? model_step_accesses() : accesses;
		if (step == 2) {
			model_step_mode_set(call == 1 ? MODEL_STEP_ONCE : MODEL_STEP_NEVER, point);
			world_kick(w, 0);
			accesses = call == 1 ? model_step_accesses() : accesses;
		}
	}
	while (got < 2) {
		wakes = w->events[0].wakes;
		model_step_mode_set(call == 0 ? MODEL_STEP_ONCE : MODEL_STEP_NEVER, point);
		if (world_arm(w, 0)) {
			accesses = call == 0 ? model_step_accesses() : accesses;
			model_step_mode_set(MODEL_STEP_NEVER, 0);
			world_run(w);
			EXPECT(w->events[0].wakes > wakes);
		} else {
			accesses = call == 0 ? model_step_accesses() : accesses;
			model_step_mode_set(MODEL_STEP_NEVER, 0);
		}
		wakes = world_reap(w, 0, done, 4);
		EXPECT(wakes > 0);
		got += wakes;
	}
	world_run(w);
	return accesses > point;
}

/*
 * Every access point of one call, one after the other: the device does all it can exactly there,
 * and what was asleep before must end awake.  Repeated with other drain orders of the store buffer.
 */
TEST_AXES(every_point, sweep_axes, NULL)
{
	struct world_config config;
	struct world_buffer *in;
	struct world w;

	matrix_configure_for(&config, sweep_axes);
	config.mode = MODEL_STEP_NEVER;
	config.model.queue_size = 8;
	world_open(&w, &config, NULL);
	in = world_buffer(&w, 512, ORION_DEVICE_WRITES);
	for (unsigned round = 0; round < 20; round++) {
		for (uint64_t point = 0; point < 200; point++) {
			test_note("round %u, access %u", round, (unsigned)point);
			if (!sweep_one(&w, in, test_choice(&when), point)) {
				break;
			}
		}
	}
	world_close(&w);
}

/* Without interrupts the driver polls, and loses nothing. */
TEST(polled)
{
	struct world_config config;
	struct world_buffer *in;
	struct world w;

	for (unsigned reached = WORLD_MODEL; reached <= WORLD_PCI_TRANSITIONAL; reached++) {
		world_defaults(&config);
		config.polled = true;
		config.reach = (world_reach)reached;
		if (!world_reachable(config.reach)) {
			continue;
		}
		if (reached == WORLD_MODEL) {
			config.model.vectors = 0;
		}
		world_open(&w, &config, NULL);
		if (reached != WORLD_MODEL) {
			EXPECT_EQ(vblk_info(w.device)->irq_mode, VIRTIO_IRQ_POLLED);
		}
		in = world_buffer(&w, 512, ORION_DEVICE_WRITES);
		EXPECT_EQ(world_io(&w, 0, VBLK_READ, 0, &in->segment, 1), ORION_OK);
		world_close(&w);
	}
}

static const struct test_axis vectors = {"vectors", {"0", "1", "2", "3", "4", "5"}};
static const struct test_axis *const vector_axes[] = {&vectors, &reaches, NULL};

/* Four queues and fewer vectors: every completion wakes its owner all the same. */
TEST_AXES(few_vectors, vector_axes, matrix_reachable)
{
	static const virtio_irq_mode modes[] = {VIRTIO_IRQ_LINE,   VIRTIO_IRQ_SHARED,
						VIRTIO_IRQ_PAIRED, VIRTIO_IRQ_PAIRED,
						VIRTIO_IRQ_PAIRED, VIRTIO_IRQ_PER_QUEUE};
	struct world_config config;
	struct vblk_completion done;
	struct world_buffer *in;
	struct vblk_request r;
	struct world w;

	world_defaults(&config);
	config.reach = (world_reach)test_choice(&reaches);
	config.homes = 4;
	config.model.queues = 4;
	config.model.vectors = (uint16_t)test_choice(&vectors);
	world_open(&w, &config, NULL);
	EXPECT_EQ(vblk_info(w.device)->queues, 4);
	EXPECT_EQ(vblk_info(w.device)->irq_mode,
		  world_is_mmio(config.reach) ? VIRTIO_IRQ_LINE : modes[test_choice(&vectors)]);
	in = world_buffer(&w, 512, ORION_DEVICE_WRITES);
	for (unsigned q = 0; q < 4; q++) {
		unsigned wakes = w.events[q].wakes;

		r = one_read(&w, in);
		EXPECT_EQ(world_submit(&w, q, &r, 1), 1);
		EXPECT(world_arm(&w, q));
		world_kick(&w, q);
		world_run(&w);
		EXPECT(w.events[q].wakes > wakes);
		EXPECT_EQ(world_reap(&w, q, &done, 1), 1);
	}
	model_device_resize(w.model, 4096);
	EXPECT(vblk_config_pending(w.device));
	world_close(&w);
}

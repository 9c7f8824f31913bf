/* SPDX-License-Identifier: MIT */
/* VIRTIO_F_IN_ORDER: batches under one used entry, and devices that lie about the order. */
#include "test/scenario/load.h"
#include "test/scenario/matrix.h"
#include "orion/texts.h"

#define IN_ORDER VIRTIO_BIT(VIRTIO_F_IN_ORDER)

static const struct test_axis batches = {"batch", {"1", "2", "7", "64"}};
static const struct test_axis order_sizes = {"size", {"4", "64", "1024", "7", "1000"}};
static const struct test_axis *const order_axes[] = {&layout,      &tables,   &events, &batches,
						     &order_sizes, &memories, NULL};

static const uint16_t batch_values[] = {1, 2, 7, 64};

/* Sizes that are no power of two are for packed rings; the memory matters where rings are small. */
static bool
order_wanted(void)
{
	unsigned size = test_choice(&order_sizes);

	if (size >= 3 && test_choice(&layout) == 0)
		return false;
	return size == 0 || size == 3 || test_choice(&memories) == MODEL_MEMORY_WEAK;
}

static void
configure(struct world_config *c, const struct test_axis *const *axes)
{
	matrix_configure_for(c, axes);
	c->model.features |= IN_ORDER;
	c->model.batch = batch_values[test_choice(&batches)];
}

/*
 * A full ring, completed in the longest batches that fit; then whatever comes, with fetching and
 * publishing in any order.
 */
TEST_AXES(in_order, order_axes, order_wanted)
{
	static const uint16_t values[] = {4, 64, 1024, 7, 1000};
	struct vblk_queue_stats stats;
	struct vblk_irq_stats irq;
	struct world_config config;
	struct world w;
	struct load *load;
	unsigned depth;

	configure(&config, order_axes);
	config.model.queue_size = values[test_choice(&order_sizes)];
	config.model.order = (model_order)test_random_below(3);
	world_open(&w, &config, NULL);
	EXPECT((vblk_info(w.device)->features_negotiated & IN_ORDER) != 0);
	depth = vblk_info(w.device)->queue_depth;
	load = load_open(&w, 0, depth < 400 ? depth : 400);
	for (unsigned round = 0; round < 3; round++) {
		model_device_hold(w.model, true);
		EXPECT_EQ(load_submit(load, depth), load->lanes);
		(void)world_kick(&w, 0);
		world_run(&w);
		EXPECT_EQ(model_device_held(w.model), load->lanes);
		model_device_hold(w.model, false);
		load_drain(load);
		EXPECT_EQ(load_in_flight(load), 0);
	}
	if (config.model.order != MODEL_ORDER_SHUFFLED)
		EXPECT_EQ(model_device_stats(w.model)->batch_longest,
			  load->lanes < config.model.batch ? load->lanes : config.model.batch);
	for (unsigned step = 0; step < 400; step++)
		load_step(load);
	load_drain(load);
	EXPECT_EQ(load_in_flight(load), 0);
	EXPECT_EQ(model_device_stats(w.model)->completed, load->completed);
	/* That a request was passed over in a batch is nothing odd. */
	vblk_queue_stats(vblk_queue_get(w.device, 0), &stats, &irq);
	EXPECT_EQ(stats.used_length_odd, 0);
	EXPECT_EQ(stats.failed, 0);
	load_free(load);
	world_close(&w);
}

static const struct test_axis *const lap_axes[] = {&layout, &tables, &batches, NULL};

/* More than 65,536 requests through a small ring: the 16-bit positions come round. */
TEST_AXES(in_order_comes_round, lap_axes, NULL)
{
	struct world_config config;
	struct world w;
	struct load *load;

	configure(&config, lap_axes);
	config.model.queue_size = test_choice(&layout) == 0 ? 32 : 31;
	config.model.order = MODEL_ORDER_REVERSED;
	config.mode = MODEL_STEP_NEVER;
	world_open(&w, &config, NULL);
	load = load_open(&w, 0, vblk_info(w.device)->queue_depth);
	while (load->completed < 66000) {
		(void)load_submit(load, 1 + (unsigned)test_random_below(load->lanes));
		load_drain(load);
	}
	load_free(load);
	world_close(&w);
}

/* COUNT reads of one sector each, all of them fetched. */
static void
submit_reads(struct world *w, const struct world_buffer *in, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct vblk_segment s = {in->segment.device_address + i * 512u, 512, 0};
		struct vblk_request r = {.segments = &s,
					 .segment_count = 1,
					 .operation = VBLK_READ,
					 .sector = i,
					 .cookie = world_cookie(w)};

		EXPECT_EQ(world_submit(w, 0, &r, 1), 1);
	}
	(void)world_kick(w, 0);
	world_run(w);
}

static const struct test_axis *const short_axes[] = {&layout, &tables, &events, NULL};

/* A batch reaped in pieces: while some of it is left, there is something to reap. */
TEST_AXES(in_order_batch_in_pieces, short_axes, NULL)
{
	struct vblk_completion done[4];
	struct world_config config;
	struct world_buffer *in;
	struct world w;

	matrix_configure_for(&config, short_axes);
	config.mode = MODEL_STEP_NEVER;
	config.model.features |= IN_ORDER;
	config.model.batch = 4;
	config.model.queue_size = 64;
	config.model.held = true;
	world_open(&w, &config, NULL);
	in = world_buffer(&w, 8 * 512, ORION_DEVICE_WRITES);
	for (unsigned round = 0; round < 40; round++) {
		submit_reads(&w, in, 4);
		EXPECT(world_arm(&w, 0));
		EXPECT_EQ(model_device_release(w.model, 4), 4);
		for (unsigned left = 4; left > 0; left--) {
			EXPECT(!world_arm(&w, 0));
			EXPECT_EQ(world_reap(&w, 0, done, 1), 1);
			EXPECT_EQ(done[0].result, ORION_OK);
			EXPECT_EQ(done[0].value, 512);
		}
	}
	EXPECT_EQ(model_device_stats(w.model)->batch_longest, 4);
	world_close(&w);
}

/* ---- one lie, at a known place ---- */

#define LIVE VBLK_CAUSE_NONE

/* The device does requests 1 and 2, then 3 and 4, of six; and lies about the latter. */
static const struct lie {
	model_mischief what;
	vblk_cause split, packed;
	uint64_t split_failed, packed_failed; /* cookies, as a set: completed, with an error */
} lies[] = {
	/* Request 5, too: in a split ring one more than the index says. */
	{MODEL_MISCHIEF_ORDER_AHEAD, VBLK_CAUSE_OUT_OF_ORDER, LIVE, 0, 1u << 5},
	{MODEL_MISCHIEF_ORDER_STALE, VBLK_CAUSE_ID_FREE, VBLK_CAUSE_ID_FREE, 0, 0},
	/* What the index counts beyond the batch has no used entry; a packed ring has no index. */
	{MODEL_MISCHIEF_BATCH_LONG, VBLK_CAUSE_ID_FREE, LIVE, 0, 0},
	{MODEL_MISCHIEF_BATCH_SKIPS, LIVE, LIVE, 1u << 3, 1u << 3},
	{MODEL_MISCHIEF_ID_RANGE, VBLK_CAUSE_ID_RANGE, VBLK_CAUSE_ID_RANGE, 0, 0},
	{MODEL_MISCHIEF_ID_HIGH, VBLK_CAUSE_ID_RANGE, VBLK_CAUSE_ID_RANGE, 0, 0},
	{MODEL_MISCHIEF_INDEX_LEAP, VBLK_CAUSE_INDEX_LEAP, LIVE, 0, 0},
	{MODEL_MISCHIEF_STATUS_NONE, LIVE, LIVE, 1u << 3, 1u << 3},
	{MODEL_MISCHIEF_STATUS_ODD, LIVE, LIVE, 1u << 3, 1u << 3},
	{MODEL_MISCHIEF_LENGTH_HUGE, LIVE, LIVE, 0, 0},
	{MODEL_MISCHIEF_LENGTH_ZERO, LIVE, LIVE, 0, 0},
};

static const struct test_axis lie_axis = {
	"lie",
	{"order_ahead", "order_stale", "batch_long", "batch_skips", "id_range", "id_high",
	 "index_leap", "status_none", "status_odd", "length_huge", "length_zero"}};
static const struct test_axis *const lie_axes[] = {&lie_axis, &layout, &tables, &events, NULL};

/* Each lie has its cause, or fails just the requests that it is about. */
TEST_AXES(in_order_lie, lie_axes, NULL)
{
	const struct lie *lie = &lies[test_choice(&lie_axis)];
	bool split = test_choice(&layout) == 0;
	uint64_t failed = 0, wanted = split ? lie->split_failed : lie->packed_failed;
	struct vblk_completion done[8];
	struct world_config config;
	struct world_buffer *in;
	struct world w;
	unsigned n;

	matrix_configure_for(&config, lie_axes);
	config.mode = MODEL_STEP_NEVER;
	config.model.features |= IN_ORDER;
	config.model.batch = 2;
	config.model.queue_size = 64;
	config.model.held = true;
	world_open(&w, &config, NULL);
	in = world_buffer(&w, 8 * 512, ORION_DEVICE_WRITES);
	submit_reads(&w, in, 6);
	EXPECT_EQ(model_device_held(w.model), 6);
	EXPECT_EQ(model_device_release(w.model, 2), 2);
	EXPECT_EQ(world_reap(&w, 0, done, 8), 2);
	model_device_trick(w.model, lie->what, 0, 1, 0);
	EXPECT_EQ(model_device_release(w.model, 2), 2);
	EXPECT_EQ(model_device_stats(w.model)->mischief, 1);
	while ((n = world_reap(&w, 0, done, 8)) > 0) {
		for (unsigned i = 0; i < n; i++) {
			if (done[i].result != ORION_OK)
				failed |= 1u << done[i].cookie;
		}
	}
	test_note("%s: %s", model_mischief_text(lie->what),
		  vblk_cause_text(vblk_cause_get(w.device)));
	EXPECT_EQ(vblk_cause_get(w.device), split ? lie->split : lie->packed);
	EXPECT_EQ(failed, wanted);
	EXPECT_EQ(world_stop(&w), ORION_OK);
	EXPECT_EQ(w.accepted, w.completed);
	world_close(&w);
}

#define RING 16u

/*
 * Split, direct: a used id is a descriptor's number, and what that was the head of may be long
 * over.  Chains of three and four descriptors shift the heads from lap to lap, until a head of the
 * last lap is none of this one, and its slot is in flight under another.  The device names it.
 */
TEST(in_order_head_of_long_ago)
{
	uint32_t heads[1000], number = 0, head = 0, stale = RING;
	struct vblk_completion done;
	struct world_config config;
	struct world_buffer *in;
	struct world w;

	world_defaults(&config);
	config.model.features &=
		~(VIRTIO_BIT(VIRTIO_F_RING_PACKED) | VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC));
	config.model.features |= IN_ORDER;
	config.model.queue_size = RING;
	config.model.held = true;
	world_open(&w, &config, NULL);
	in = world_buffer(&w, 1024, ORION_DEVICE_WRITES);
	while (stale == RING && number < 1000) {
		unsigned pieces = 1 + (unsigned)test_random_below(2);
		struct vblk_segment segments[2] = {{in->segment.device_address, 512, 0},
						   {in->segment.device_address + 512, 512, 0}};
		struct vblk_request r = {.segments = segments,
					 .segment_count = (uint16_t)pieces,
					 .operation = VBLK_READ,
					 .cookie = world_cookie(&w)};

		EXPECT_EQ(world_submit(&w, 0, &r, 1), 1);
		(void)world_kick(&w, 0);
		world_run(&w);
		heads[number] = head;
		head = (head + pieces + 2) % RING;
		if (number >= RING) {
			stale = heads[number - RING];
			for (uint32_t i = 1; i <= RING; i++)
				stale = heads[number - RING + i] == stale ? RING : stale;
		}
		number++;
		if (stale != RING)
			model_device_trick(w.model, MODEL_MISCHIEF_ID_RANGE, 0, 1,
					   (uint64_t)stale - RING);
		EXPECT_EQ(model_device_release(w.model, 1), 1);
		EXPECT_EQ(world_reap(&w, 0, &done, 1), stale == RING);
	}
	EXPECT(stale != RING);
	EXPECT_EQ(vblk_cause_get(w.device), VBLK_CAUSE_ID_FREE);
	EXPECT_EQ(world_stop(&w), ORION_OK);
	world_close(&w);
}

/* ---- lies at any time, under load ---- */

static const struct test_axis *const storm_axes[] = {&lie_axis, &layout,   &tables,
						     &batches,  &memories, NULL};

/* Whatever comes of it, each request comes back once, and the device can be stopped. */
TEST_AXES(in_order_lies_under_load, storm_axes, NULL)
{
	const struct lie *lie = &lies[test_choice(&lie_axis)];
	struct world_config config;
	struct world w;
	struct load *load;

	configure(&config, storm_axes);
	config.model.queue_size = 32;
	config.model.order = (model_order)test_random_below(3);
	config.breaches_allowed = true;
	world_open(&w, &config, NULL);
	load = load_open(&w, 0, vblk_info(w.device)->queue_depth);
	load_allow(load, ORION_IO_ERROR);
	load->lengths_lie = true;
	for (unsigned step = 0; step < 100; step++)
		load_step(load);
	model_device_trick(w.model, lie->what, (uint32_t)test_random_below(20), 1, 0);
	for (unsigned step = 0; step < 200; step++)
		load_step(load);
	load_drain(load);
	EXPECT(lie->what == MODEL_MISCHIEF_BATCH_SKIPS || lie->what == MODEL_MISCHIEF_ORDER_AHEAD ||
	       model_device_stats(w.model)->mischief > 0 || load_in_flight(load) > 0);
	model_device_behave(w.model);
	EXPECT_EQ(world_stop(&w), ORION_OK);
	EXPECT_EQ(w.accepted, w.completed);
	load_free(load);
	world_close(&w);
}

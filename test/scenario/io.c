/* SPDX-License-Identifier: MIT */
/* Requests that work: data goes where it should, in every layout, order and memory model. */
#include "test/scenario/matrix.h"

#include <string.h>

#include "arch/stepped.h"

TEST_AXES(write_then_read, matrix, matrix_wanted)
{
	static const uint32_t lengths[] = {512, 1024, 4096, 512 * 17, 65536};
	struct world_config config;
	struct world w;

	matrix_configure(&config);
	world_open(&w, &config, NULL);
	for (unsigned i = 0; i < 5; i++) {
		struct world_buffer *out = world_buffer(&w, lengths[i], ORION_DEVICE_READS);
		struct world_buffer *in = world_buffer(&w, lengths[i], ORION_DEVICE_WRITES);
		uint64_t sector = test_random_below(2097152 - 128);

		world_pattern(out->cpu, lengths[i], sector, i);
		EXPECT_EQ(world_io(&w, 0, VBLK_WRITE, sector, &out->segment, 1), ORION_OK);
		EXPECT_EQ(world_io(&w, 0, VBLK_READ, sector, &in->segment, 1), ORION_OK);
		EXPECT_MEM(in->cpu, out->cpu, lengths[i]);
	}
	EXPECT_EQ(world_io(&w, 0, VBLK_FLUSH, 0, NULL, 0), ORION_OK);
	EXPECT_EQ(model_device_stats(w.model)->flushes, 1);
	world_close(&w);
}

/*
 * A queue filled to the last slot: what does not fit is a count, and NO_ROOM; each request then
 * brings its own sector, whatever the order.
 */
TEST_AXES(fill_and_drain, matrix, matrix_wanted)
{
	struct vblk_request requests[1100];
	struct vblk_segment segments[1100];
	struct world_config config;
	struct world_buffer *in;
	struct world w;
	unsigned depth, taken;

	matrix_configure(&config);
	world_open(&w, &config, NULL);
	depth = vblk_info(w.device)->queue_depth;
	EXPECT(depth >= 1 && depth <= config.model.queue_size);
	in = world_buffer(&w, 1100 * 512, ORION_DEVICE_WRITES);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 1100; i++) {
			uint8_t sector[512];

			world_pattern(sector, 512, i, round);
			model_device_poke(w.model, i, sector, 512);
			segments[i] = (struct vblk_segment){in->segment.device_address + i * 512u,
							    512, 0};
			requests[i] = (struct vblk_request){.sector = i,
							    .segments = &segments[i],
							    .segment_count = 1,
							    .cookie = world_cookie(&w),
							    .operation = VBLK_READ};
		}
		model_device_hold(w.model, true);
		taken = world_submit(&w, 0, requests, 1100);
		EXPECT_EQ(taken, depth);
		EXPECT_EQ(vblk_refusal(vblk_queue_get(w.device, 0)), ORION_NO_ROOM);
		EXPECT_EQ(world_submit(&w, 0, requests + taken, 1), 0);
		EXPECT_EQ(vblk_in_flight(vblk_queue_get(w.device, 0)), depth);
		world_kick(&w, 0);
		world_run(&w);
		EXPECT_EQ(model_device_held(w.model), depth);
		model_device_hold(w.model, false);
		world_drain(&w, 0, ORION_OK);
		for (unsigned i = 0; i < taken; i++) {
			uint8_t sector[512];

			world_pattern(sector, 512, i, round);
			EXPECT_MEM(in->cpu + i * 512u, sector, 512);
		}
		memset(in->cpu, 0, in->bytes);
	}
	world_close(&w);
}

/* Batches of 1, 2, 7 and all that fits, some of them with several segments, kicked at random. */
TEST_AXES(batches, matrix, matrix_wanted)
{
	static const unsigned batch_values[] = {1, 2, 7, 1024};
	struct vblk_request requests[1024];
	struct vblk_segment segments[1024][2];
	struct vblk_completion done[32];
	struct world_config config;
	struct world_buffer *out;
	struct world w;

	matrix_configure(&config);
	world_open(&w, &config, NULL);
	out = world_buffer(&w, 4096, ORION_DEVICE_READS);
	world_pattern(out->cpu, 4096, 0, 0);
	for (unsigned round = 0; round < 24; round++) {
		unsigned batch = batch_values[round % 4], taken;

		for (unsigned i = 0; i < batch; i++) {
			unsigned pieces =
				vblk_info(w.device)->segments_max > 1 && i % 2 == 1 ? 2 : 1;

			segments[i][0] = (struct vblk_segment){out->segment.device_address, 512, 0};
			segments[i][1] =
				(struct vblk_segment){out->segment.device_address + 512, 1024, 0};
			requests[i] = (struct vblk_request){.sector = i * 8u,
							    .segments = segments[i],
							    .segment_count = (uint16_t)pieces,
							    .cookie = world_cookie(&w),
							    .operation = VBLK_WRITE};
		}
		taken = world_submit(&w, 0, requests, batch);
		EXPECT(taken > 0 || vblk_in_flight(vblk_queue_get(w.device, 0)) > 0);
		if (test_random_below(3) != 0) {
			world_kick(&w, 0);
		}
		(void)model_host_act(w.host, (unsigned)test_random_below(50));
		(void)world_reap(&w, 0, done, (unsigned)test_random_below(33));
	}
	world_kick(&w, 0);
	world_drain(&w, 0, ORION_OK);
	world_close(&w);
}

static const struct test_axis *const wrap_axes[] = {&layout, &tables,   &events,
						    &orders, &memories, NULL};

/* Each order and each memory model once with each ring. */
static bool
is_diagonal(void)
{
	return test_choice(&orders) == test_choice(&memories);
}

/* More than 65536 submissions through a ring of four: indices and wrap counters come round. */
TEST_AXES(wrap, wrap_axes, is_diagonal)
{
	struct world_config config;
	struct vblk_request requests[4];
	struct vblk_completion done[4];
	struct world_buffer *in;
	struct world w;
	unsigned turns = 0;

	matrix_configure_for(&config, wrap_axes);
	config.model.queue_size = 4;
	config.mode = MODEL_STEP_NEVER;
	world_open(&w, &config, NULL);
	in = world_buffer(&w, 512, ORION_DEVICE_WRITES);
	memset(requests, 0, sizeof(requests));
	while (w.completed < 66000) {
		for (unsigned i = 0; i < 4; i++) {
			requests[i] = (struct vblk_request){.sector = i,
							    .segments = &in->segment,
							    .segment_count = 1,
							    .cookie = world_cookie(&w),
							    .operation = VBLK_READ};
		}
		EXPECT(world_submit(&w, 0, requests, 1 + turns % 4) > 0);
		world_kick(&w, 0);
		world_run(&w);
		EXPECT(world_reap(&w, 0, done, 4) > 0);
		turns++;
	}
	world_drain(&w, 0, ORION_OK);
	world_close(&w);
}

TEST(get_id)
{
	struct world_config config;
	struct world_buffer *in;
	struct world w;

	world_defaults(&config);
	config.model.serial = "ABCDEFGHIJKLMNOPQRST";
	world_open(&w, &config, NULL);
	in = world_buffer(&w, VIRTIO_BLK_ID_BYTES, ORION_DEVICE_WRITES);
	EXPECT_EQ(world_io(&w, 0, VBLK_GET_ID, 0, &in->segment, 1), ORION_OK);
	EXPECT_MEM(in->cpu, "ABCDEFGHIJKLMNOPQRST", VIRTIO_BLK_ID_BYTES);
	world_close(&w);
}

/* A 2 TiB disk: its last sector is there, the one after is not. */
TEST(two_tebibytes)
{
	const uint64_t last = (UINT64_C(2) << 40) / 512 - 1;
	struct world_config config;
	struct world_buffer *in, *out;
	struct world w;

	world_defaults(&config);
	config.model.capacity_sectors = last + 1;
	world_open(&w, &config, NULL);
	out = world_buffer(&w, 512, ORION_DEVICE_READS);
	in = world_buffer(&w, 512, ORION_DEVICE_WRITES);
	EXPECT_EQ(vblk_info(w.device)->capacity_sectors, last + 1);
	world_pattern(out->cpu, 512, last, 1);
	EXPECT_EQ(world_io(&w, 0, VBLK_WRITE, last, &out->segment, 1), ORION_OK);
	EXPECT_EQ(world_io(&w, 0, VBLK_READ, last, &in->segment, 1), ORION_OK);
	EXPECT_MEM(in->cpu, out->cpu, 512);
	EXPECT_EQ(world_io(&w, 0, VBLK_READ, last + 1, &in->segment, 1), ORION_OUT_OF_RANGE);
	world_close(&w);
}

/* The device fails one request of many: that one is an error, the others are not. */
TEST_AXES(one_error, matrix, matrix_wanted)
{
	struct vblk_request requests[16];
	struct vblk_segment segments[16];
	struct vblk_completion done[16];
	struct world_config config;
	struct world_buffer *in;
	struct world w;
	unsigned taken, got = 0, n;

	matrix_configure(&config);
	world_open(&w, &config, NULL);
	in = world_buffer(&w, 16 * 512, ORION_DEVICE_WRITES);
	for (unsigned i = 0; i < 16; i++) {
		segments[i] = (struct vblk_segment){in->segment.device_address + i * 512u, 512, 0};
		requests[i] = (struct vblk_request){.sector = i,
						    .segments = &segments[i],
						    .segment_count = 1,
						    .cookie = world_cookie(&w),
						    .operation = VBLK_READ};
	}
	model_device_fail_sector(
		w.model, 0, test_random_below(2) == 0 ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_UNSUPP);
	taken = world_submit(&w, 0, requests, 16);
	world_kick(&w, 0);
	while (got < taken) {
		world_run(&w);
		n = world_reap(&w, 0, done, 16);
		EXPECT(n > 0);
		for (unsigned i = 0; i < n; i++) {
			bool bad = done[i].cookie == requests[0].cookie;

			EXPECT_EQ(done[i].result == ORION_OK, !bad);
			EXPECT(!bad || done[i].result == ORION_IO_ERROR ||
			       done[i].result == ORION_DEVICE_UNSUPPORTED);
		}
		got += n;
	}
	EXPECT_EQ(vblk_state_get(w.device), VBLK_LIVE);
	world_close(&w);
}

/* A flush that the device did not do is not reported as done; the next one is its own. */
TEST(flush_error)
{
	struct world_config config;
	struct world w;

	world_defaults(&config);
	world_open(&w, &config, NULL);
	model_device_fail_sector(w.model, 0, VIRTIO_BLK_S_IOERR);
	EXPECT_EQ(world_io(&w, 0, VBLK_FLUSH, 0, NULL, 0), ORION_IO_ERROR);
	EXPECT_EQ(model_device_stats(w.model)->flushes, 1);
	model_device_fail_sector(w.model, 0, VIRTIO_BLK_S_UNSUPP);
	EXPECT_EQ(world_io(&w, 0, VBLK_FLUSH, 0, NULL, 0), ORION_DEVICE_UNSUPPORTED);
	model_device_fail_sector(w.model, UINT64_MAX, 0);
	EXPECT_EQ(world_io(&w, 0, VBLK_FLUSH, 0, NULL, 0), ORION_OK);
	EXPECT_EQ(model_device_stats(w.model)->flushes, 3);
	world_close(&w);
}

static const struct test_axis *const cost_axes[] = {&layout, &tables, &events, NULL};

/* Every doorbell has its fence, every kick one full fence. */
TEST_AXES(fences, cost_axes, NULL)
{
	struct vblk_queue_stats stats;
	struct vblk_irq_stats irq;
	struct world_config config;
	struct world_buffer *in;
	struct world w;
	uint64_t asks, bells;

	matrix_configure_for(&config, cost_axes);
	config.mode = MODEL_STEP_NEVER;
	config.model.eager = false;
	world_open(&w, &config, NULL);
	in = world_buffer(&w, 512, ORION_DEVICE_WRITES);
	asks = model_step_stats()->fences[STEP_ASK];
	bells = model_step_stats()->fences[STEP_DOORBELL];
	for (unsigned i = 0; i < 100; i++) {
		EXPECT_EQ(world_io(&w, 0, VBLK_READ, i, &in->segment, 1), ORION_OK);
	}
	vblk_kick_always(vblk_queue_get(w.device, 0));
	vblk_queue_stats(vblk_queue_get(w.device, 0), &stats, &irq);
	EXPECT_EQ(stats.kicks, 101);
	EXPECT_EQ(model_device_stats(w.model)->kicks, 101);
	EXPECT_EQ(model_step_stats()->fences[STEP_ASK] - asks, 100);
	EXPECT_EQ(model_step_stats()->fences[STEP_DOORBELL] - bells, 101);
	world_close(&w);
}

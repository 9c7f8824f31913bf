/* SPDX-License-Identifier: MIT */
/* Requests over the device's limits: cut into parts, complete once, with the right data. */
#include "test/scenario/matrix.h"

#include <string.h>

static const struct test_axis limits = {"limits",
					{"segments", "bytes", "sectors", "all", "one_segment"}};
static const struct test_axis small_sizes = {"size", {"3", "4", "16", "256"}};
static const struct test_axis *const axes[] = {&layout, &tables,   &limits, &small_sizes,
					       &orders, &memories, NULL};

static bool
is_wanted(void)
{
	return test_choice(&small_sizes) != 0 || test_choice(&layout) == 1;
}

static void
configure(struct world_config *c)
{
	static const uint16_t size_values[] = {3, 4, 16, 256};
	unsigned limit = test_choice(&limits);

	matrix_configure_for(c, axes);
	c->model.queue_size = size_values[test_choice(&small_sizes)];
	c->model.seg_max = limit == 0 || limit == 3 ? 2 : 126;
	c->model.size_max = limit == 1 || limit == 3 ? 1024 : 1u << 20;
	if (limit == 4) {
		c->model.features &= ~VIRTIO_BIT(VIRTIO_BLK_F_SEG_MAX);
	}
	c->options.device_max_sectors = limit == 2 || limit == 3 ? 8 : 65536;
}

/* COUNT segments of buffer B, in order, of uneven but whole numbers of sectors. */
static unsigned
cut(const struct world_buffer *b, struct vblk_segment *segments, unsigned count)
{
	uint64_t at = 0, sectors = b->bytes / 512;
	unsigned n = 0;

	while (at < sectors && n < count) {
		uint64_t take = n + 1 == count ? sectors - at : 1 + test_random_below(7);

		take = take < sectors - at ? take : sectors - at;
		segments[n++] = (struct vblk_segment){b->segment.device_address + at * 512,
						      (uint32_t)(take * 512), 0};
		at += take;
	}
	return n;
}

TEST_AXES(cut_into_parts, axes, is_wanted)
{
	struct vblk_segment segments[40];
	struct vblk_queue_stats stats;
	struct vblk_irq_stats irq;
	struct world_config config;
	struct world_buffer *in, *out;
	struct world w;
	unsigned n;

	configure(&config);
	world_open(&w, &config, NULL);
	out = world_buffer(&w, 96 * 512, ORION_DEVICE_READS);
	in = world_buffer(&w, 96 * 512, ORION_DEVICE_WRITES);
	for (unsigned round = 0; round < 4; round++) {
		uint64_t sector = test_random_below(1000);

		world_pattern(out->cpu, out->bytes, sector, round);
		memset(in->cpu, 0, in->bytes);
		n = cut(out, segments, round == 0 ? 1 : 40);
		EXPECT_EQ(world_io(&w, 0, VBLK_WRITE, sector, segments, n), ORION_OK);
		n = cut(in, segments, round == 1 ? 1 : 40);
		EXPECT_EQ(world_io(&w, 0, VBLK_READ, sector, segments, n), ORION_OK);
		EXPECT_MEM(in->cpu, out->cpu, in->bytes);
	}
	vblk_queue_stats(vblk_queue_get(w.device, 0), &stats, &irq);
	EXPECT_EQ(stats.submitted, 8);
	EXPECT_EQ(stats.completed, 8);
	EXPECT_EQ(stats.failed, 0);
	world_close(&w);
}

/*
 * The owner kicks once, for its own submit; parts that go out later are the driver's to announce.
 */
TEST_AXES(parts_announced, axes, is_wanted)
{
	struct vblk_completion done;
	struct world_config config;
	struct world_buffer *in;
	struct vblk_request r;
	struct world w;

	configure(&config);
	config.model.eager = false;
	world_open(&w, &config, NULL);
	in = world_buffer(&w, 96 * 512, ORION_DEVICE_WRITES);
	for (unsigned round = 0; round < 4; round++) {
		r = (struct vblk_request){.segments = &in->segment,
					  .segment_count = 1,
					  .cookie = world_cookie(&w),
					  .operation = VBLK_READ};
		EXPECT_EQ(world_submit(&w, 0, &r, 1), 1);
		world_kick(&w, 0);
		for (unsigned turn = 0; world_reap(&w, 0, &done, 1) == 0; turn++) {
			unsigned wakes = w.events[0].wakes;

			EXPECT(turn < 200);
			if (world_arm(&w, 0)) {
				world_run(&w);
				EXPECT(w.events[0].wakes > wakes);
			}
		}
		EXPECT_EQ(done.result, ORION_OK);
		EXPECT_EQ(done.value, 96 * 512);
	}
	world_close(&w);
}

/* COUNT segments of buffer B, in order, of any number of bytes; the last one takes what is left. */
static void
cut_oddly(const struct world_buffer *b, struct vblk_segment *segments, unsigned count)
{
	uint32_t at = 0, bytes = (uint32_t)b->bytes;

	for (unsigned i = 0; i < count; i++) {
		uint32_t most = (bytes - at) / (count - i) * 2 - 1;
		uint32_t length =
			i + 1 == count ? bytes - at : 1 + (uint32_t)test_random_below(most);

		length = length > bytes - at - (count - i - 1) ? bytes - at - (count - i - 1)
							       : length;
		segments[i] = (struct vblk_segment){b->segment.device_address + at, length, 0};
		at += length;
	}
}

/* Segments that are no whole sectors: carried out rightly, or refused when they cannot be cut. */
TEST_AXES(odd_segments, axes, is_wanted)
{
	struct vblk_segment segments[24];
	struct world_config config;
	struct world_buffer *in, *out;
	struct world w;
	orion_status status;

	configure(&config);
	world_open(&w, &config, NULL);
	out = world_buffer(&w, 24 * 512, ORION_DEVICE_READS);
	in = world_buffer(&w, 24 * 512, ORION_DEVICE_WRITES);
	for (unsigned round = 0; round < 12; round++) {
		unsigned n = 1 + (unsigned)test_random_below(24);

		world_pattern(out->cpu, out->bytes, 3, round);
		memset(in->cpu, 0, in->bytes);
		cut_oddly(out, segments, n);
		status = world_io(&w, 0, VBLK_WRITE, 3, segments, n);
		if (status == ORION_OK) {
			EXPECT_EQ(world_io(&w, 0, VBLK_READ, 3, &in->segment, 1), ORION_OK);
			EXPECT_MEM(in->cpu, out->cpu, in->bytes);
		} else {
			EXPECT_EQ(status, ORION_MISALIGNED);
			EXPECT_EQ(world_io(&w, 0, VBLK_WRITE, 3, &out->segment, 1), ORION_OK);
		}
		cut_oddly(in, segments, n);
		memset(in->cpu, 0, in->bytes);
		if (world_io(&w, 0, VBLK_READ, 3, segments, n) == ORION_OK) {
			EXPECT_MEM(in->cpu, out->cpu, in->bytes);
		}
	}
	world_close(&w);
}

/* Many large requests at once, among small ones; one of the large ones fails in its middle. */
TEST_AXES(parts_among_others, axes, is_wanted)
{
	struct vblk_segment segments[12][40];
	struct vblk_completion done[16];
	struct world_config config;
	struct world_buffer *in;
	struct world w;
	unsigned next = 0, got = 0;
	uint64_t bad = 0;

	configure(&config);
	world_open(&w, &config, NULL);
	in = world_buffer(&w, 64 * 512, ORION_DEVICE_WRITES);
	model_device_fail_sector(w.model, 5 * 100 + 30, VIRTIO_BLK_S_IOERR);
	while (got < 12) {
		if (next < 12) {
			struct vblk_request request = {.sector = next * 100u,
						       .segments = segments[next],
						       .operation = VBLK_READ,
						       .cookie = world_cookie(&w)};

			request.segment_count = (uint16_t)cut(in, segments[next], 40);
			if (next % 3 == 0) {
				request.segment_count = 1;
				segments[next][0].length = 512;
			}
			bad = next == 5 ? request.cookie : bad;
			next += world_submit(&w, 0, &request, 1);
			w.cookies -= w.book[request.cookie] == 0;
		}
		world_kick(&w, 0);
		(void)model_host_act(w.host, (unsigned)test_random_below(20));
		for (unsigned n = world_reap(&w, 0, done, 16), i = 0; i < n; i++, got++) {
			EXPECT_EQ(done[i].result,
				  done[i].cookie == bad ? ORION_IO_ERROR : ORION_OK);
		}
	}
	EXPECT_EQ(vblk_in_flight(vblk_queue_get(w.device, 0)), 0);
	world_close(&w);
}

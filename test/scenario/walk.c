/* SPDX-License-Identifier: MIT */
/*
 * A random walk: a device with random limits, queues and habits, sixteen lanes of random requests,
 * each lane with its own sectors and a shadow of them.  Whatever the interleaving, a lane reads
 * what it wrote last.  Another --seed is another set of walks.
 */
#include "test/scenario/matrix.h"

#include <string.h>

#define LANES 16u
#define LANE_SECTORS 96u
#define LANE_BYTES (LANE_SECTORS * 512u)
#define STEPS 1200u
#define CUTS_MAX 8u

static const struct test_axis walks = {
	"walk", {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"}};
static const struct test_axis *const axes[] = {&walks, &reaches, &layout, &memories, NULL};

struct lane {
	struct world_buffer *out, *in;
	uint8_t shadow[LANE_BYTES];
	struct vblk_segment segments[CUTS_MAX];
	uint64_t cookie; /* 0: idle */
	uint32_t first, bytes; /* of the request in flight, within the lane */
	uint8_t operation;
};

struct walk {
	struct world w;
	struct lane lanes[LANES];
	unsigned queues;
	unsigned done;
};

static void
configure(struct world_config *c)
{
	static const uint16_t queue_sizes[] = {4, 8, 16, 64, 256};
	static const uint32_t size_maxs[] = {512, 1024, 4096, 65536};

	matrix_configure_for(c, axes);
	c->reach = (world_reach)test_choice(&reaches);
	c->homes = 1 + (unsigned)test_random_below(4);
	c->options.queue_count = c->homes;
	c->options.device_max_sectors = 8u << test_random_below(8);
	c->options.queue_depth = 1 + (uint32_t)test_random_below(64);
	c->model.queues = (uint16_t)c->homes;
	c->model.vectors = (uint16_t)test_random_below(c->homes + 2);
	c->model.queue_size = queue_sizes[test_random_below(5)];
	c->model.size_max = size_maxs[test_random_below(4)];
	c->model.seg_max = 1 + (uint32_t)test_random_below(8);
	c->model.order = (model_order)test_random_below(3);
	if (test_random_below(2) == 0) {
		c->model.features &= ~VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC);
	}
	if (test_random_below(2) == 0) {
		c->model.features &= ~VIRTIO_BIT(VIRTIO_F_EVENT_IDX);
	}
}

/* Cuts the lane's BYTES, from the start of BUFFER, into random numbers of sectors. */
static uint16_t
cut(struct lane *lane, const struct world_buffer *buffer)
{
	uint32_t at = 0;
	uint16_t n = 0;

	while (at < lane->bytes) {
		uint32_t length = 512 * (1 + (uint32_t)test_random_below(lane->bytes / 512));

		if (length > lane->bytes - at || n + 1u == CUTS_MAX) {
			length = lane->bytes - at;
		}
		lane->segments[n++] =
			(struct vblk_segment){buffer->segment.device_address + at, length, 0};
		at += length;
	}
	return n;
}

/* A new request on an idle lane, if the queue takes it. */
static void
lane_start(struct walk *walk, unsigned number)
{
	struct lane *lane = &walk->lanes[number];
	struct vblk_request r = {.segments = lane->segments};

	lane->operation = (uint8_t)test_random_below(10);
	lane->operation = lane->operation < 5   ? VBLK_READ
			  : lane->operation < 9 ? VBLK_WRITE
						: VBLK_FLUSH;
	lane->first = (uint32_t)test_random_below(LANE_SECTORS);
	lane->bytes = 512 * (1 + (uint32_t)test_random_below(LANE_SECTORS - lane->first));
	r.operation = lane->operation;
	r.cookie = world_cookie(&walk->w);
	if (lane->operation != VBLK_FLUSH) {
		r.sector = number * LANE_SECTORS + lane->first;
		r.segment_count = cut(lane, lane->operation == VBLK_READ ? lane->in : lane->out);
	}
	world_pattern(lane->out->cpu, lane->bytes, lane->first, r.cookie);
	if (world_submit(&walk->w, number % walk->queues, &r, 1) == 1) {
		lane->cookie = r.cookie;
	} else {
		EXPECT_EQ(vblk_refusal(vblk_queue_get(walk->w.device, number % walk->queues)),
			  ORION_NO_ROOM);
	}
}

static void
lane_finish(struct walk *walk, const struct vblk_completion *done)
{
	for (unsigned i = 0; i < LANES; i++) {
		struct lane *lane = &walk->lanes[i];

		if (lane->cookie != done->cookie) {
			continue;
		}
		EXPECT_EQ(done->result, ORION_OK);
		if (lane->operation == VBLK_READ) {
			EXPECT_EQ(done->value, lane->bytes);
			EXPECT_MEM(lane->in->cpu, lane->shadow + lane->first * 512, lane->bytes);
		} else if (lane->operation == VBLK_WRITE) {
			memcpy(lane->shadow + lane->first * 512, lane->out->cpu, lane->bytes);
		}
		lane->cookie = 0;
		walk->done++;
		return;
	}
	test_fail(__FILE__, __LINE__, "a completion that is no lane's");
}

/* The owner of queue Q comes by: reaps, and sleeps now and then, to be woken if it polls not. */
static void
owner_turn(struct walk *walk, unsigned q)
{
	struct vblk_completion done[5];
	unsigned n = world_reap(&walk->w, q, done, 1 + (unsigned)test_random_below(5));
	unsigned wakes = walk->w.events[q].wakes;

	for (unsigned i = 0; i < n; i++) {
		lane_finish(walk, &done[i]);
	}
	if (n > 0 || vblk_in_flight(vblk_queue_get(walk->w.device, q)) == 0 ||
	    !world_arm(&walk->w, q)) {
		return;
	}
	world_kick(&walk->w, q);
	world_run(&walk->w);
	EXPECT(walk->w.events[q].wakes > wakes);
}

TEST_AXES(random_walk, axes, matrix_reachable_layout)
{
	struct walk *walk = test_alloc(sizeof(*walk));
	struct world_config config;

	configure(&config);
	world_open(&walk->w, &config, NULL);
	walk->queues = vblk_info(walk->w.device)->queues;
	EXPECT_EQ(walk->queues, config.homes);
	for (unsigned i = 0; i < LANES; i++) {
		walk->lanes[i].out = world_buffer(&walk->w, LANE_BYTES, ORION_DEVICE_READS);
		walk->lanes[i].in = world_buffer(&walk->w, LANE_BYTES, ORION_DEVICE_WRITES);
	}
	for (unsigned step = 0; step < STEPS; step++) {
		unsigned lane = (unsigned)test_random_below(LANES);

		if (walk->lanes[lane].cookie == 0) {
			lane_start(walk, lane);
		}
		if (test_random_below(2) == 0) {
			world_kick(&walk->w, lane % walk->queues);
		}
		if (test_random_below(2) == 0) {
			owner_turn(walk, lane % walk->queues);
		}
	}
	for (unsigned q = 0; q < walk->queues; q++) {
		world_kick(&walk->w, q);
		while (vblk_in_flight(vblk_queue_get(walk->w.device, q)) > 0) {
			owner_turn(walk, q);
		}
	}
	EXPECT(walk->done >= LANES);
	world_close(&walk->w);
	test_free(walk);
}

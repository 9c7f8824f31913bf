/* SPDX-License-Identifier: MIT */
/* Requests that work: data goes where it should, in every layout, order and memory model. */
#include "test/world.h"

#include <string.h>

#include "spec/virtio_blk.h"
#include "spec/virtio_ids.h"

static const struct test_axis layout = {"layout", {"split", "packed"}};
static const struct test_axis tables = {"tables", {"direct", "indirect"}};
static const struct test_axis events = {"events", {"flags", "event"}};
static const struct test_axis sizes = {"size", {"3", "4", "8", "64", "256", "1024"}};
static const struct test_axis orders = {"order", {"fifo", "reversed", "shuffled"}};
static const struct test_axis memories = {"memory", {"strong", "tso", "weak"}};
static const struct test_axis *const axes[] = {&layout, &tables, &events, &sizes, &orders,
					       &memories, NULL};

static const uint16_t size_values[] = {3, 4, 8, 64, 256, 1024};

static void
configure(struct world_config *c)
{
	world_defaults(c);
	if (test_choice(&layout) == 0) {
		c->model.features &= ~VIRTIO_BIT(VIRTIO_F_RING_PACKED);
	}
	if (test_choice(&tables) == 0) {
		c->model.features &= ~VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC);
	}
	if (test_choice(&events) == 0) {
		c->model.features &= ~VIRTIO_BIT(VIRTIO_F_EVENT_IDX);
	}
	c->model.queue_size = size_values[test_choice(&sizes)];
	c->model.order = (model_order)test_choice(&orders);
	c->memory = (model_memory)test_choice(&memories);
	c->mode = MODEL_STEP_RANDOM;
	c->options.queue_depth = 1024;
}

/* Three is a size for packed rings only; big rings are thinned out. */
static bool
is_wanted(void)
{
	unsigned size = test_choice(&sizes);

	if (size == 0 && test_choice(&layout) == 0) {
		return false;
	}
	return size < 4 || test_choice(&orders) == MODEL_ORDER_SHUFFLED;
}

TEST_AXES(write_then_read, axes, is_wanted)
{
	static const uint32_t lengths[] = {512, 1024, 4096, 512 * 17, 65536};
	struct world_config config;
	struct world w;

	configure(&config);
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

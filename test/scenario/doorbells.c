/* SPDX-License-Identifier: MIT */
/*
 * VIRTIO_F_NOTIFICATION_DATA and NOTIF_CONFIG_DATA: the model records a breach for every kick that
 * does not say where the ring stands, or does not name the queue as it must; a world's end asks for
 * breaches.
 */
#include "test/scenario/load.h"
#include "test/scenario/matrix.h"

#define POSITION VIRTIO_BIT(VIRTIO_F_NOTIFICATION_DATA)
#define NUMBER VIRTIO_BIT(VIRTIO_F_NOTIF_CONFIG_DATA)
#define QUEUES 3u

static const struct test_axis reach = {"reach", {"model", "pci", "mmio", "pci_own_number"}};
static const struct test_axis positions = {"position", {"none", "data"}};
static const struct test_axis bell_sizes = {"size", {"4", "64", "5", "7", "100", "1000"}};
static const struct test_axis *const bell_axes[] = {&reach,  &positions,  &layout, &tables,
						    &events, &bell_sizes, NULL};

static const uint16_t size_values[] = {4, 64, 5, 7, 100, 1000};

static bool
bell_wanted(void)
{
	return test_choice(&layout) == 1 || test_choice(&bell_sizes) < 2;
}

static uint64_t
configure(struct world_config *c, const struct test_axis *const *axes)
{
	bool own_number = test_choice(&reach) == 3;
	uint64_t features = own_number ? NUMBER : 0;

	matrix_configure_for(c, axes);
	if (test_choice(&positions) == 1)
		features |= POSITION;
	c->reach = own_number ? WORLD_PCI : (world_reach)test_choice(&reach);
	c->model.features |= features;
	c->model.queue_size = size_values[test_choice(&bell_sizes)];
	c->model.order = (model_order)test_random_below(3);
	c->memory = (model_memory)test_random_below(3);
	return features;
}

/* Three queues kicked at random, some kicks more than the device asked for. */
TEST_AXES(doorbells, bell_axes, bell_wanted)
{
	struct world_config config;
	struct load *load[QUEUES];
	struct world w;
	uint64_t features = configure(&config, bell_axes);

	config.homes = QUEUES;
	config.options.queue_count = QUEUES;
	config.model.queues = QUEUES;
	config.model.vectors = QUEUES + 1;
	world_open(&w, &config, NULL);
	EXPECT_EQ(vblk_info(w.device)->queues, QUEUES);
	EXPECT_EQ(vblk_info(w.device)->features_negotiated & (POSITION | NUMBER), features);
	for (unsigned q = 0; q < QUEUES; q++) {
		unsigned depth = vblk_info(w.device)->queue_depth;

		load[q] = load_open(&w, q, depth < 64 ? depth : 64);
	}
	for (unsigned step = 0; step < 600; step++) {
		unsigned q = (unsigned)test_random_below(QUEUES);

		load_step(load[q]);
		if (test_random_below(4) == 0) {
			vblk_kick_always(vblk_queue_get(w.device, q));
			model_step_settle();
		}
	}
	for (unsigned q = 0; q < QUEUES; q++) {
		load_drain(load[q]);
		EXPECT_EQ(load_in_flight(load[q]), 0);
		load_free(load[q]);
	}
	EXPECT(model_device_stats(w.model)->kicks > 100);
	world_close(&w);
}

static const struct test_axis *const lap_axes[] = {&layout, &tables, &events, NULL};

/* All 65,536 values of a split ring's index, and a packed ring's laps, some unlike the others. */
TEST_AXES(doorbells_come_round, lap_axes, NULL)
{
	struct world_config config;
	struct world w;
	struct load *load;

	matrix_configure_for(&config, lap_axes);
	config.model.features |= POSITION;
	config.model.queue_size = test_choice(&layout) == 0 ? 16 : 15;
	config.mode = MODEL_STEP_NEVER;
	world_open(&w, &config, NULL);
	load = load_open(&w, 0, vblk_info(w.device)->queue_depth);
	while (load->completed < 66000) {
		(void)load_submit(load, 1 + (unsigned)test_random_below(load->lanes));
		vblk_kick_always(vblk_queue_get(w.device, 0));
		world_run(&w);
		load_drain(load);
	}
	EXPECT(model_device_stats(w.model)->kicks > 5000);
	load_free(load);
	world_close(&w);
}

static const struct test_axis claims = {
	"claim", {"common_38", "common_3a", "notify_3", "multiplier_2", "multiplier_0"}};
static const struct test_axis *const claim_axes[] = {&claims, NULL};

/* A device that offers what its registers cannot do is driven without it. */
TEST_AXES(features_without_registers, claim_axes, NULL)
{
	static const struct {
		model_mischief what;
		uint64_t value, left;
	} rows[] = {
		{MODEL_MISCHIEF_SAY_COMMON_BYTES, 0x38, POSITION},
		{MODEL_MISCHIEF_SAY_COMMON_BYTES, 0x3a, POSITION | NUMBER},
		{MODEL_MISCHIEF_SAY_NOTIFY_BYTES, 3, NUMBER},
		{MODEL_MISCHIEF_SAY_MULTIPLIER, 2, NUMBER},
		{MODEL_MISCHIEF_SAY_MULTIPLIER, 0, POSITION | NUMBER},
	};
	unsigned row = test_choice(&claims);
	struct world_config config;
	struct world w;
	struct load *load;

	matrix_configure_for(&config, claim_axes);
	config.reach = WORLD_PCI;
	config.model.features |= POSITION | NUMBER | VIRTIO_BIT(VIRTIO_F_RING_RESET);
	config.model.tricks[0] = (struct model_trick){rows[row].what, 0, 0, rows[row].value};
	world_open(&w, &config, NULL);
	EXPECT_EQ(vblk_info(w.device)->features_negotiated & (POSITION | NUMBER), rows[row].left);
	load = load_open(&w, 0, 16);
	for (unsigned step = 0; step < 100; step++)
		load_step(load);
	load_drain(load);
	EXPECT_EQ(load_in_flight(load), 0);
	load_free(load);
	world_close(&w);
}

/* SPDX-License-Identifier: MIT */
/* PCI by other ways: legacy ports, configuration space, function-level reset; lies about them. */
#include "load.h"
#include "matrix.h"

#define QUEUES 3u

static const struct test_axis way = {"way", {"legacy", "config", "ports", "transitional"}};
static const world_reach reach_of_way[] = {WORLD_PCI_LEGACY, WORLD_PCI_CONFIG, WORLD_PCI_PORTS,
					   WORLD_PCI_TRANSITIONAL};
static const struct test_axis positions = {"kick", {"number", "position"}};
static const struct test_axis *const way_axes[] = {&way,      &layout,    &tables, &events,
						   &memories, &positions, NULL};

static bool
way_wanted(void)
{
	world_reach reach = reach_of_way[test_choice(&way)];

	return world_reachable(reach) &&
	       (!world_is_legacy(reach) ||
		(test_choice(&layout) == 0 && test_choice(&positions) == 0));
}

/* Three queues under load, by each way to the registers. */
TEST_AXES(pci_ways, way_axes, way_wanted)
{
	struct load *load[QUEUES];
	struct world_config config;
	struct world w;

	matrix_configure_for(&config, way_axes);
	config.reach = reach_of_way[test_choice(&way)];
	if (test_choice(&positions) == 1)
		config.model.features |= VIRTIO_BIT(VIRTIO_F_NOTIFICATION_DATA);
	config.homes = QUEUES;
	config.options.queue_count = QUEUES;
	config.model.queues = QUEUES;
	config.model.vectors = QUEUES + 1;
	config.model.queue_size = 32;
	config.model.order = (model_order)test_random_below(3);
	world_open(&w, &config, NULL);
	EXPECT_EQ(vblk_info(w.device)->queues, QUEUES);
	EXPECT_EQ(vblk_info(w.device)->legacy, config.reach == WORLD_PCI_LEGACY);
	EXPECT_EQ(vblk_info(w.device)->irq_mode,
		  config.reach == WORLD_PCI_CONFIG ? VIRTIO_IRQ_POLLED : VIRTIO_IRQ_PER_QUEUE);
	EXPECT_EQ(model_host_stats(w.host)->reports[ORION_EVENT_PCI_BY_CONFIG],
		  config.reach == WORLD_PCI_CONFIG ? 4 : 0);
	for (unsigned q = 0; q < QUEUES; q++)
		load[q] = load_open(&w, q, vblk_info(w.device)->queue_depth);
	for (unsigned step = 0; step < 100; step++)
		load_step(load[test_random_below(QUEUES)]);
	for (unsigned q = 0; q < QUEUES; q++) {
		load_drain(load[q]);
		load_free(load[q]);
	}
	world_close(&w);
}

/* ---- lies of a legacy device ---- */

static const struct test_axis lies = {"lie",
				      {"pfn_before", "pfn_after", "size_shrinks", "size_grows",
				       "size_7", "size_0", "ports_16", "ports_8"}};
static const struct test_axis *const lie_axes[] = {&lies, NULL};

static bool
legacy_reachable(void)
{
	return world_reachable(WORLD_PCI_LEGACY);
}

TEST_AXES(pci_legacy_lies, lie_axes, legacy_reachable)
{
	static const struct model_trick tricks[] = {
		{MODEL_MISCHIEF_QUEUE_READY, 0, 0, 0},
		{MODEL_MISCHIEF_QUEUE_REFUSED, 0, 0, 0},
		{MODEL_MISCHIEF_SAY_QUEUE_SIZE, 1, 0, 128},
		{MODEL_MISCHIEF_SAY_QUEUE_SIZE, 1, 0, 1024},
		{MODEL_MISCHIEF_SAY_QUEUE_SIZE, 0, 0, 7},
		{MODEL_MISCHIEF_SAY_QUEUE_SIZE, 0, 0, 0},
		{MODEL_MISCHIEF_SAY_PORTS, 0, 0, 16},
		{MODEL_MISCHIEF_SAY_PORTS, 0, 0, 8},
	};
	struct world_config config;
	orion_status status;
	struct world w;

	world_defaults(&config);
	config.reach = WORLD_PCI_LEGACY;
	config.model.tricks[0] = tricks[test_choice(&lies)];
	world_open(&w, &config, &status);
	EXPECT_STR(orion_status_text(status), orion_status_text(ORION_DEVICE_REFUSED));
	EXPECT_EQ(model_host_stats(w.host)->reports[ORION_EVENT_PCI_LEGACY_REFUSED],
		  config.model.tricks[0].what == MODEL_MISCHIEF_SAY_PORTS);
	world_close(&w);
}

/* Ports that end within the configuration: refused before anything is believed of it. */
TEST(pci_ports_few)
{
	struct world_config config;
	orion_status status;
	struct world w;

	if (!world_reachable(WORLD_PCI_LEGACY))
		return;
	world_defaults(&config);
	config.reach = WORLD_PCI_LEGACY;
	config.model.tricks[0] = (struct model_trick){MODEL_MISCHIEF_SAY_PORTS, 0, 0, 32};
	world_open(&w, &config, &status);
	EXPECT_EQ(status, ORION_DEVICE_REFUSED);
	EXPECT_EQ(model_host_stats(w.host)->reports[ORION_EVENT_CONFIG_SHORT], 1);
	world_close(&w);
}

/* Queues of different sizes: those that are as large as the first are used. */
TEST(pci_legacy_sizes_differ)
{
	struct world_config config;
	struct world_buffer *in;
	struct world w;

	if (!world_reachable(WORLD_PCI_LEGACY))
		return;
	world_defaults(&config);
	config.reach = WORLD_PCI_LEGACY;
	config.homes = 4;
	config.model.queues = 4;
	config.model.vectors = 5;
	config.options.queue_depth = 16; /* which a smaller queue would serve */
	/* At the third question for a size, which is the third queue's. */
	config.model.tricks[0] = (struct model_trick){MODEL_MISCHIEF_SAY_QUEUE_SIZE, 2, 1, 64};
	world_open(&w, &config, NULL);
	EXPECT_EQ(vblk_info(w.device)->queues, 2);
	EXPECT_EQ(vblk_info(w.device)->queue_size, 256);
	in = world_buffer(&w, 512, ORION_DEVICE_WRITES);
	EXPECT_EQ(world_io(&w, 1, VBLK_READ, 0, &in->segment, 1), ORION_OK);
	world_close(&w);
}

/*
 * The size is the device's: a small budget means fewer requests in flight, then fewer queues, never
 * smaller ones.
 */
TEST(pci_legacy_budget)
{
	struct world_config config;
	struct world_buffer *in;
	struct world w;

	if (!world_reachable(WORLD_PCI_LEGACY))
		return;
	world_defaults(&config);
	config.reach = WORLD_PCI_LEGACY;
	config.homes = 4;
	config.model.queues = 4;
	config.model.vectors = 5;
	config.options.queue_depth = 256;
	world_begin(&w, &config);
	w.config.options.shared_memory_size = 1u << 20;
	EXPECT_EQ(world_attach(&w), ORION_OK);
	/* Four rings of 256 in pages, and 64 times 2112 bytes each: 616 KiB. */
	EXPECT_EQ(vblk_info(w.device)->queues, 4);
	EXPECT_EQ(vblk_info(w.device)->queue_size, 256);
	EXPECT(vblk_info(w.device)->queue_depth < 256);
	in = world_buffer(&w, 512, ORION_DEVICE_WRITES);
	EXPECT_EQ(world_io(&w, 0, VBLK_READ, 0, &in->segment, 1), ORION_OK);
	world_close(&w);
}

/* ---- function-level reset ---- */

static const struct test_axis flr = {"flr", {"helps", "absent", "vain", "lost"}};
static const struct test_axis faces = {"face", {"modern", "legacy"}};
static const struct test_axis *const flr_axes[] = {&flr, &faces, NULL};

static bool
flr_wanted(void)
{
	return test_choice(&faces) == 0 || world_reachable(WORLD_PCI_LEGACY);
}

/* A device that hangs in its reset is reset by the bus; then it works again, or is given up. */
TEST_AXES(orion_pci_function_reset, flr_axes, flr_wanted)
{
	bool helps = test_choice(&flr) == 0, there = test_choice(&flr) != 1;
	struct world_config config;
	struct world_buffer *in;
	struct world w;

	world_defaults(&config);
	config.reach = test_choice(&faces) == 0 ? WORLD_PCI : WORLD_PCI_LEGACY;
	config.model.function_reset = there;
	world_open(&w, &config, NULL);
	in = world_buffer(&w, 512, ORION_DEVICE_WRITES);
	EXPECT_EQ(world_io(&w, 0, VBLK_READ, 0, &in->segment, 1), ORION_OK);
	model_device_trick(w.model, MODEL_MISCHIEF_RESET_STUCK, 0, 0, 0);
	if (test_choice(&flr) == 2)
		model_device_trick(w.model, MODEL_MISCHIEF_FLR_NONE, 0, 0, 0);
	if (test_choice(&flr) == 3)
		model_device_trick(w.model, MODEL_MISCHIEF_FLR_LOST, 0, 0, 0);
	EXPECT_EQ(vblk_stop(w.device), helps ? ORION_OK : ORION_TIMED_OUT);
	EXPECT_EQ(model_host_stats(w.host)->reports[ORION_EVENT_FUNCTION_RESET], there);
	EXPECT_EQ(model_host_stats(w.host)->reports[ORION_EVENT_RESET_TIMEOUT], !helps);
	EXPECT_EQ(vblk_state_get(w.device) == VBLK_DEAD, !helps);
	if (helps) {
		world_detach(&w);
		EXPECT_EQ(world_attach(&w), ORION_OK);
		EXPECT_EQ(world_io(&w, 0, VBLK_READ, 0, &in->segment, 1), ORION_OK);
	} else {
		w.config.breaches_allowed = true;
		model_device_behave(w.model);
	}
	world_close(&w);
}

/* A device that hangs when it is first met can be had all the same. */
TEST(pci_function_reset_at_open)
{
	struct world_config config;
	struct world_buffer *in;
	struct world w;

	world_defaults(&config);
	config.reach = WORLD_PCI;
	config.model.function_reset = true;
	world_begin(&w, &config);
	/* As somebody left it: with a status, and deaf. */
	model_device_leave(w.model, 15);
	model_device_trick(w.model, MODEL_MISCHIEF_RESET_STUCK, 0, 0, 0);
	EXPECT_EQ(world_attach(&w), ORION_OK);
	EXPECT_EQ(vblk_info(w.device)->irq_mode, VIRTIO_IRQ_PER_QUEUE);
	in = world_buffer(&w, 512, ORION_DEVICE_WRITES);
	EXPECT(world_arm(&w, 0));
	EXPECT_EQ(world_io(&w, 0, VBLK_READ, 0, &in->segment, 1), ORION_OK);
	EXPECT(w.events[0].wakes > 0);
	world_close(&w);
}

/* SPDX-License-Identifier: MIT */
/* Everything that a device may offer, at once. */
#include "test/scenario/load.h"
#include "test/scenario/matrix.h"

static const struct test_axis reach = {"reach", {"model", "pci", "mmio"}};
static const struct test_axis *const feature_axes[] = {&reach,  &layout,   &tables,
						       &events, &memories, NULL};

/*
 * In order, positions in kicks, the device's own numbers, queue reset and the platform's word on
 * access and order: all are taken, and work together.
 */
TEST_AXES(everything_at_once, feature_axes, NULL)
{
	static const unsigned bits[] = {
		VIRTIO_F_IN_ORDER,   VIRTIO_F_NOTIFICATION_DATA, VIRTIO_F_NOTIF_CONFIG_DATA,
		VIRTIO_F_RING_RESET, VIRTIO_F_ACCESS_PLATFORM,   VIRTIO_F_ORDER_PLATFORM,
	};
	struct world_config config;
	struct vblk_queue *queue;
	struct load *load;
	struct world w;

	matrix_configure_for(&config, feature_axes);
	for (unsigned i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		config.model.features |= VIRTIO_BIT(bits[i]);
	config.reach = (world_reach)test_choice(&reach);
	config.model.batch = 5;
	config.model.reset_reads = 2;
	config.model.order = (model_order)test_random_below(3);
	world_open(&w, &config, NULL);
	for (unsigned i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		EXPECT_EQ(vblk_info(w.device)->features_negotiated >> bits[i] & 1,
			  config.reach == WORLD_PCI || bits[i] != VIRTIO_F_NOTIF_CONFIG_DATA);
	queue = vblk_queue_get(w.device, 0);
	load = load_open(&w, 0, vblk_info(w.device)->queue_depth);
	load_allow(load, ORION_OUTCOME_UNKNOWN);
	for (unsigned round = 0; round < 5; round++) {
		for (unsigned step = 0; step < 60; step++)
			load_step(load);
		EXPECT_EQ(vblk_queue_stop(queue), ORION_OK);
		model_step_settle();
		while (load_reap(load, 64) > 0) {
		}
		EXPECT_EQ(load_in_flight(load), 0);
		EXPECT_EQ(vblk_queue_start(queue), ORION_OK);
		model_step_settle();
	}
	for (unsigned step = 0; step < 60; step++)
		load_step(load);
	load_drain(load);
	EXPECT_EQ(load_in_flight(load), 0);
	EXPECT(load->completed > load->failed);
	load_free(load);
	world_close(&w);
}

/* ---- what is taken of all that can be offered ---- */

static const struct test_axis lists = {"reach", {"pci", "mmio", "legacy", "pci-legacy"}};
static const struct test_axis *const list_axes[] = {&lists, NULL};
static const world_reach list_reaches[] = {WORLD_PCI, WORLD_MMIO, WORLD_LEGACY, WORLD_PCI_LEGACY};

static bool
list_reachable(void)
{
	return world_reachable(list_reaches[test_choice(&lists)]);
}

/*
 * One number for each transport, worked out by hand from the specification: whatever else is
 * offered, for whatever it is, is not acknowledged.  [spec 2.2, 5.2.3, 6]
 */
TEST_AXES(features_allow_list, list_axes, list_reachable)
{
	static const uint64_t taken[] = {
		UINT64_C(0x000001df30001e66),   /* 1 2 5 6 9-12 28 29 32-36 38-40 */
		UINT64_C(0x0000015f30001e66),   /* without 39: there is no register for it */
		UINT64_C(0x0000000038001e66),   /* 1 2 5 6 9-12 27-29 */
		UINT64_C(0x0000000038001e66),
	};
	struct world_config config;
	struct world w;

	world_defaults(&config);
	config.reach = list_reaches[test_choice(&lists)];
	config.model.features = UINT64_MAX;
	world_open(&w, &config, NULL);
	EXPECT_EQ(model_device_features(w.model), taken[test_choice(&lists)]);
	EXPECT_EQ(vblk_info(w.device)->features_negotiated, taken[test_choice(&lists)]);
	world_close(&w);
}

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

/* SPDX-License-Identifier: MIT */
/* Packed rings of any size: laps that end anywhere, lists that run over the end. */
#include "test/scenario/load.h"
#include "test/scenario/matrix.h"

static const struct test_axis packed_sizes = {"size", {"3", "5", "7", "100", "1000"}};
static const struct test_axis *const size_axes[] = {&packed_sizes, &tables,   &events,
						    &orders,       &memories, NULL};

/* A full ring over and over, and random numbers of requests, until it came round many times. */
TEST_AXES(packed_sizes_that_are_no_power_of_two, size_axes, NULL)
{
	static const uint16_t values[] = {3, 5, 7, 100, 1000};
	uint16_t size = values[test_choice(&packed_sizes)];
	struct world_config config;
	struct world w;
	struct load *load;
	unsigned depth;

	matrix_configure_for(&config, size_axes);
	config.model.queue_size = size;
	world_open(&w, &config, NULL);
	EXPECT_EQ(vblk_info(w.device)->queue_size, size);
	EXPECT(vblk_info(w.device)->packed);
	depth = vblk_info(w.device)->queue_depth;
	load = load_open(&w, 0, depth < 600 ? depth : 600);
	for (unsigned round = 0; round < 3; round++) {
		EXPECT_EQ(load_submit(load, depth), load->lanes);
		load_drain(load);
		EXPECT_EQ(load_in_flight(load), 0);
	}
	for (unsigned step = 0; load->completed < 8u * size && step < 20000; step++)
		load_step(load);
	load_drain(load);
	EXPECT(load->completed >= 8u * size);
	load_free(load);
	world_close(&w);
}

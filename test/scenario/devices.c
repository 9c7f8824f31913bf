/* SPDX-License-Identifier: MIT */
/* Whole devices: many queues, many devices, changes at run time, stopping in the middle. */
#include "test/scenario/matrix.h"

#include <string.h>

#include "orion/manager.h"

static const struct test_axis queue_counts = {"queues", {"1", "2", "5", "16"}};
static const struct test_axis *const queue_axes[] = {&layout,   &queue_counts, &orders,
						     &memories, &reaches,      NULL};

static const struct test_axis *const reopen_axes[] = {&layout, &tables, &reaches, NULL};

/* Each queue has its own owner, its own sectors, its own pace. */
TEST_AXES(many_queues, queue_axes, matrix_reachable_layout)
{
	static const unsigned counts[] = {1, 2, 5, 16};
	unsigned queues = counts[test_choice(&queue_counts)];
	struct vblk_completion done[8];
	struct world_config config;
	struct world_buffer *in;
	struct world w;
	uint8_t sector[512];

	matrix_configure_for(&config, queue_axes);
	config.reach = (world_reach)test_choice(&reaches);
	config.homes = queues;
	config.options.queue_count = queues;
	config.model.queues = (uint16_t)queues;
	config.model.vectors = (uint16_t)(queues + 1);
	config.model.queue_size = 16;
	world_open(&w, &config, NULL);
	EXPECT_EQ(vblk_info(w.device)->queues, queues);
	EXPECT_EQ(vblk_info(w.device)->irq_mode,
		  world_is_mmio(config.reach) ? VIRTIO_IRQ_LINE : VIRTIO_IRQ_PER_QUEUE);
	in = world_buffer(&w, queues * 512u, ORION_DEVICE_WRITES);
	for (unsigned q = 0; q < queues; q++) {
		world_pattern(sector, 512, q, 7);
		model_device_poke(w.model, q, sector, 512);
	}
	for (unsigned turn = 0; turn < 200; turn++) {
		unsigned q = (unsigned)test_random_below(queues);
		struct vblk_segment s = {in->segment.device_address + q * 512u, 512, 0};
		struct vblk_request r = {.sector = q,
					 .segments = &s,
					 .segment_count = 1,
					 .cookie = world_cookie(&w),
					 .operation = VBLK_READ};

		(void)world_submit(&w, q, &r, 1);
		world_kick(&w, q);
		if (test_random_below(2) == 0) {
			(void)world_reap(&w, (unsigned)test_random_below(queues), done, 8);
		}
	}
	for (unsigned q = 0; q < queues; q++) {
		world_drain(&w, q, ORION_OK);
		world_pattern(sector, 512, q, 7);
		EXPECT_MEM(in->cpu + q * 512u, sector, 512);
	}
	EXPECT(vblk_queue_get(w.device, queues) == NULL);
	world_close(&w);
}

/* The capacity grows and shrinks while the driver works. */
TEST(capacity_change)
{
	struct world_config config;
	struct world_buffer *in;
	struct world w;
	bool changed;

	world_defaults(&config);
	config.model.capacity_sectors = 100;
	world_open(&w, &config, NULL);
	in = world_buffer(&w, 512, ORION_DEVICE_WRITES);
	EXPECT_EQ(world_io(&w, 0, VBLK_READ, 100, &in->segment, 1), ORION_OUT_OF_RANGE);
	EXPECT_EQ(vblk_refresh(w.device, &changed), ORION_OK);
	EXPECT(!changed && !vblk_config_pending(w.device));
	model_device_resize(w.model, 200);
	EXPECT(vblk_config_pending(w.device));
	EXPECT_EQ(vblk_refresh(w.device, &changed), ORION_OK);
	EXPECT(changed && !vblk_config_pending(w.device));
	EXPECT_EQ(vblk_info(w.device)->capacity_sectors, 200);
	EXPECT_EQ(world_io(&w, 0, VBLK_READ, 199, &in->segment, 1), ORION_OK);
	model_device_resize(w.model, 50);
	EXPECT_EQ(vblk_refresh(w.device, &changed), ORION_OK);
	EXPECT(changed);
	EXPECT_EQ(world_io(&w, 0, VBLK_READ, 50, &in->segment, 1), ORION_OUT_OF_RANGE);
	EXPECT_EQ(vblk_refresh(w.device, &changed), ORION_OK);
	EXPECT(!changed);
	world_close(&w);
}

/* A capacity that changes at every read is not believed; the old one stays. */
TEST(capacity_torn)
{
	struct world_config config;
	struct world w;
	bool changed;

	world_defaults(&config);
	config.model.capacity_sectors = 100;
	world_open(&w, &config, NULL);
	model_device_trick(w.model, MODEL_MISCHIEF_CONFIG_TORN, 0, 0, 0);
	model_device_resize(w.model, 200);
	EXPECT(vblk_refresh(w.device, &changed) != ORION_OK);
	EXPECT(!changed);
	EXPECT_EQ(vblk_info(w.device)->capacity_sectors, 100);
	EXPECT(model_host_stats(w.host)->reports[ORION_EVENT_CONFIG_TORN] > 0);

	/* The change is not forgotten: it is seen as soon as it can be read. */
	model_device_behave(w.model);
	EXPECT(vblk_config_pending(w.device));
	EXPECT_EQ(vblk_refresh(w.device, &changed), ORION_OK);
	EXPECT(changed);
	world_close(&w);
}

/* A device that broke is closed, opened again, and serves. */
TEST_AXES(open_again, reopen_axes, matrix_reachable_layout)
{
	struct world_config config;
	struct world_buffer *in;
	struct world w;

	matrix_configure_for(&config, reopen_axes);
	config.reach = (world_reach)test_choice(&reaches);
	world_open(&w, &config, NULL);
	in = world_buffer(&w, 512, ORION_DEVICE_WRITES);
	for (unsigned turn = 0; turn < 4; turn++) {
		EXPECT_EQ(world_io(&w, 0, VBLK_READ, 0, &in->segment, 1), ORION_OK);
		if (turn == 1) {
			model_device_trick(w.model, MODEL_MISCHIEF_ID_RANGE, 0, 1, 0);
			EXPECT_EQ(world_io(&w, 0, VBLK_READ, 0, &in->segment, 1),
				  ORION_DEVICE_BROKEN);
		} else if (turn == 2) {
			model_device_break(w.model);
			EXPECT_EQ(vblk_refresh(w.device, NULL), ORION_DEVICE_BROKEN);
		}
		world_detach(&w);
		EXPECT_EQ(world_attach(&w), ORION_OK);
	}
	EXPECT_EQ(vblk_state_get(w.device), VBLK_LIVE);
	world_close(&w);
}

/* What the device says of its blocks arrives. */
TEST(topology)
{
	struct world_config config;
	struct world w;

	world_defaults(&config);
	config.model.block_bytes = 4096;
	config.model.physical_exp = 3;
	config.model.alignment_offset = 2;
	config.model.min_io_blocks = 8;
	config.model.opt_io_blocks = 256;
	config.model.capacity_sectors = 1005;
	world_open(&w, &config, NULL);
	EXPECT_EQ(vblk_info(w.device)->block_bytes, 4096);
	EXPECT_EQ(vblk_info(w.device)->physical_block_bytes, 32768);
	EXPECT_EQ(vblk_info(w.device)->alignment_offset_blocks, 2);
	EXPECT_EQ(vblk_info(w.device)->io_min_blocks, 8);
	EXPECT_EQ(vblk_info(w.device)->io_opt_blocks, 256);
	EXPECT_EQ(vblk_info(w.device)->capacity_sectors, 1000);
	world_close(&w);
}

TEST(empty_disk)
{
	struct world_config config;
	struct world_buffer *in;
	struct world w;

	world_defaults(&config);
	config.model.capacity_sectors = 0;
	world_open(&w, &config, NULL);
	in = world_buffer(&w, 512, ORION_DEVICE_WRITES);
	EXPECT_EQ(world_io(&w, 0, VBLK_READ, 0, &in->segment, 1), ORION_OUT_OF_RANGE);
	world_close(&w);
}

static const struct test_axis *const stop_axes[] = {&layout,   &tables,  &sizes,
						    &memories, &reaches, NULL};

static bool
is_ring_size(void)
{
	return matrix_reachable_layout() && (test_choice(&layout) == 1 || test_choice(&sizes) != 0);
}

/*
 * Stopped with requests in flight, some done but not reaped, some in parts: each comes back once.
 */
TEST_AXES(stop_in_flight, stop_axes, is_ring_size)
{
	struct vblk_completion done[64];
	struct vblk_segment s;
	struct world_config config;
	struct world_buffer *in;
	struct world w;
	unsigned taken = 0, got = 0, n;

	matrix_configure_for(&config, stop_axes);
	config.reach = (world_reach)test_choice(&reaches);
	config.options.device_max_sectors = 8;
	world_open(&w, &config, NULL);
	in = world_buffer(&w, 64 * 512, ORION_DEVICE_WRITES);
	model_device_hold(w.model, true);
	for (unsigned i = 0; i < 20; i++) {
		struct vblk_request r = {.sector = i,
					 .segments = &s,
					 .segment_count = 1,
					 .cookie = world_cookie(&w),
					 .operation = VBLK_READ};

		s = (struct vblk_segment){in->segment.device_address, 512, 0};
		if (i % 5 == 4) {
			r.segments = &in->segment;
		}
		taken += world_submit(&w, 0, &r, 1);
		if (i == 10) {
			world_kick(&w, 0);
			world_run(&w);
			(void)model_device_release(w.model, 2);
		}
	}
	EXPECT(taken > 0);
	EXPECT_EQ(vblk_stop(w.device), ORION_OK);
	model_step_settle();
	EXPECT_EQ(vblk_state_get(w.device), VBLK_STOPPED);
	EXPECT_EQ(model_device_status(w.model), 0);
	do {
		n = world_reap(&w, 0, done, 3);
		for (unsigned i = 0; i < n; i++) {
			EXPECT_EQ(done[i].result, ORION_OUTCOME_UNKNOWN);
		}
		got += n;
	} while (n > 0);
	EXPECT_EQ(got, taken);
	s.length = 512;
	EXPECT_EQ(world_io(&w, 0, VBLK_READ, 0, &s, 1), ORION_WRONG_STATE);
	world_close(&w);
}

/* ---- through the manager ---- */

static void
manager_config_make(struct manager_config *config, struct model_host *host,
		    const struct orion_options *options, const struct vblk_queue_home *home)
{
	*config = (struct manager_config){
		.port = model_host_port(),
		.port_context = host,
		.options = options,
		.homes = home,
		.home_count = 1,
		.memory_take = model_memory_take,
		.memory_give = model_memory_give,
	};
}

static orion_status
read_sector(struct model_host *host, struct vblk_device *device, uint64_t sector, uint8_t *data)
{
	struct vblk_queue *queue = vblk_queue_get(device, 0);
	struct vblk_completion done = {.result = ORION_TIMED_OUT};
	struct vblk_segment s = {.length = 512};
	struct vblk_request r = {.sector = sector, .segments = &s, .segment_count = 1, .cookie = 9};
	size_t contiguous;
	uint64_t cookie;

	EXPECT_EQ(model_host_port()->share(host, data, 512, ORION_DEVICE_WRITES, &s.device_address,
					   &contiguous, &cookie),
		  ORION_OK);
	EXPECT_EQ(vblk_submit(queue, &r, 1), 1);
	vblk_kick(queue);
	EXPECT(model_host_run(host));
	model_step_settle();
	if (vblk_reap(queue, &done, 1) == 0) {
		(void)vblk_stop(device);
		(void)vblk_reap(queue, &done, 1);
	}
	model_host_port()->unshare(host, cookie, ORION_DEVICE_WRITES);
	return (orion_status)done.result;
}

static const struct test_axis *const manager_axes[] = {&reaches, NULL};

/* Some of the 32 misbehave, each in its way; what their first read then gives. */
static const struct {
	unsigned device;
	model_mischief what;
	orion_status status;
} bad_devices[] = {
	{3, MODEL_MISCHIEF_WITHHELD, ORION_OUTCOME_UNKNOWN},
	{7, MODEL_MISCHIEF_ID_RANGE, ORION_OUTCOME_UNKNOWN},
	{8, MODEL_MISCHIEF_STATUS_NONE, ORION_IO_ERROR},
	{21, MODEL_MISCHIEF_NEEDS_RESET, ORION_OUTCOME_UNKNOWN},
	{31, MODEL_MISCHIEF_STATUS_ODD, ORION_IO_ERROR},
};

static orion_status
expected_status(unsigned device)
{
	for (size_t i = 0; i < sizeof(bad_devices) / sizeof(bad_devices[0]); i++) {
		if (bad_devices[i].device == device) {
			return bad_devices[i].status;
		}
	}
	return ORION_OK;
}

/* 32 devices, each with its own mark; some misbehave; the others do not mind. */
TEST_AXES(thirty_two_devices, manager_axes, matrix_reachable)
{
	struct manager *manager = test_alloc(sizeof(*manager));
	struct model_host *host = model_host_open(test_random());
	struct model_device *devices[33];
	struct orion_options options;
	struct manager_config config;
	struct vblk_queue_home home = {NULL, 0};
	struct model_options o;
	struct world_plug plug;
	uint8_t data[512], mark[512];
	unsigned index;

	orion_options_default(&options);
	model_options_default(&o);
	manager_config_make(&config, host, &options, &home);
	model_step_begin(host, MODEL_MEMORY_WEAK, test_random());
	model_step_mode_set(MODEL_STEP_RANDOM, 0);
	EXPECT_EQ(orion_manager_init(manager, &config, NULL), ORION_OK);
	for (unsigned i = 0; i < 33; i++) {
		devices[i] = model_device_open(host, &o);
		memset(mark, (int)i, 512);
		model_device_poke(devices[i], 3, mark, 512);
		world_plug((world_reach)test_choice(&reaches), devices[i], &plug);
		EXPECT_EQ(world_plug_attach(&plug, manager, &index),
			  i < 32 ? ORION_OK : ORION_TOO_LARGE);
		EXPECT(i == 32 || index == i);
	}
	EXPECT_EQ(orion_manager_count(manager), 32);
	for (size_t i = 0; i < sizeof(bad_devices) / sizeof(bad_devices[0]); i++) {
		model_device_trick(devices[bad_devices[i].device], bad_devices[i].what, 0, 0, 5);
	}
	for (unsigned i = 0; i < 32; i++) {
		memset(mark, (int)i, 512);
		EXPECT_EQ(read_sector(host, orion_manager_device_get(manager, i), 3, data),
			  expected_status(i));
		if (expected_status(i) == ORION_OK) {
			EXPECT_MEM(data, mark, 512);
		}
	}
	EXPECT_EQ(orion_manager_detach(manager, 7, false), ORION_OK);
	EXPECT(orion_manager_device_get(manager, 7) == NULL);
	EXPECT_EQ(orion_manager_detach(manager, 7, true), ORION_NOT_FOUND);
	for (unsigned i = 0; i < 32; i++) {
		EXPECT(i == 7 || orion_manager_detach(manager, i, false) == ORION_OK);
	}
	EXPECT_EQ(orion_manager_count(manager), 0);
	EXPECT_STR(model_host_stats(host)->first_breach, "");
	EXPECT_EQ(model_host_stats(host)->dma_regions + model_host_stats(host)->memories +
			  model_host_stats(host)->irqs + model_host_stats(host)->mappings,
		  0);
	EXPECT_EQ(manager->budget.used, 0);
	model_step_end();
	for (unsigned i = 0; i < 33; i++) {
		model_device_close(devices[i]);
	}
	model_host_close(host);
	test_free(manager);
}

/* Discovery on the PCI bus finds each function once. */
TEST(pci_find)
{
	struct model_host *host = model_host_open(1);
	struct model_device *devices[33];
	struct model_options o;
	uint32_t function = 0, expected[33];
	unsigned found = 0;

	model_options_default(&o);
	for (unsigned i = 0; i < 33; i++) {
		devices[i] = model_device_open(host, &o);
		expected[i] = model_device_plug(devices[i], MODEL_PCI_MODERN);
	}
	while (orion_virtio_pci_find(model_host_port(), host, 1, &function)) {
		EXPECT(found < 33);
		EXPECT_EQ(function, expected[found]);
		found++;
		function++;
	}
	EXPECT_EQ(found, 33);
	for (unsigned i = 0; i < 33; i++) {
		model_device_close(devices[i]);
	}
	model_host_close(host);
}

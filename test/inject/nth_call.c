/* SPDX-License-Identifier: MIT */
/*
 * The n-th call of the port fails, for n = 1, 2, 3 ... until a whole life (attach, I/O, detach)
 * passes without a failure.  Whatever failed, the status is clean, nothing leaks, and the device
 * can be attached again.
 */
#include "test/world.h"

#include <string.h>

#include "orion/manager.h"

#include "spec/virtio_blk.h"
#include "spec/virtio_ids.h"

#define CALLS_MAX 200u

static const struct test_axis reach = {"reach", {"model", "pci", "mmio", "legacy", "pci-legacy"}};
static const struct test_axis layout = {"layout", {"split", "packed"}};
static const struct test_axis tables = {"tables", {"direct", "indirect"}};
static const struct test_axis lasting = {"lasting", {"once", "forever"}};
static const struct test_axis queue_counts = {"queues", {"1", "4"}};
static const struct test_axis *const axes[] = {&reach,   &layout,       &tables,
					       &lasting, &queue_counts, NULL};

static void
configure(struct world_config *c)
{
	world_defaults(c);
	c->reach = (world_reach)test_choice(&reach);
	c->homes = test_choice(&queue_counts) == 0 ? 1 : 4;
	c->model.queues = (uint16_t)c->homes;
	c->model.vectors = (uint16_t)(c->homes + 1);
	if (test_choice(&layout) == 0) {
		c->model.features &= ~VIRTIO_BIT(VIRTIO_F_RING_PACKED);
	}
	if (test_choice(&tables) == 0) {
		c->model.features &= ~VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC);
	}
}

/* One life with call N failing; returns whether that call was reached. */
static bool
live_once(unsigned n)
{
	struct world_config config;
	orion_status status;
	bool reached;
	struct world w;

	configure(&config);
	world_begin(&w, &config);
	model_host_fail(w.host, n, test_choice(&lasting) == 1);
	status = world_attach(&w);
	test_note("call %u fails: %s, %u calls", n, orion_status_text(status),
		  model_host_stats(w.host)->calls);
	reached = model_host_stats(w.host)->failed > 0;
	model_host_fail(w.host, 0, false);
	if (status == ORION_OK) {
		struct world_buffer *in = world_buffer(&w, 4096, ORION_DEVICE_WRITES);

		for (unsigned q = 0; q < vblk_info(w.device)->queues; q++) {
			EXPECT_EQ(world_io(&w, q, VBLK_READ, 0, &in->segment, 1), ORION_OK);
		}
		/* A missing interrupt is made up for: fewer vectors, a line, or polling. */
		EXPECT(reached || world_is_mmio(config.reach) ||
		       vblk_info(w.device)->irq_mode == VIRTIO_IRQ_PER_QUEUE);
	} else {
		EXPECT(reached);
		EXPECT_EQ(orion_status_family(status), ORION_FAMILY_HOST);
	}
	world_close(&w);
	return reached;
}

static bool
attach_wanted(void)
{
	return !world_is_legacy((world_reach)test_choice(&reach)) ||
	       (test_choice(&layout) == 0 && world_reachable(WORLD_LEGACY));
}

TEST_AXES(attach, axes, attach_wanted)
{
	unsigned n = 1;

	while (live_once(n)) {
		n++;
		EXPECT(n < CALLS_MAX);
	}
	test_note("%u calls", n - 1);
	EXPECT(n > 2);
}

static const struct test_axis *const manager_axes[] = {&reach, &lasting, NULL};

/* The same through the manager: a failed attach leaves nothing behind, the next one works. */
static bool
reach_wanted(void)
{
	return world_reachable((world_reach)test_choice(&reach));
}

TEST_AXES(manager_attach_fails, manager_axes, reach_wanted)
{
	struct manager *manager = test_alloc(sizeof(*manager));
	struct vblk_queue_home home = {NULL, 0};
	struct orion_options options;
	struct manager_config config;
	struct model_options o;
	unsigned index, failures = 0;

	orion_options_default(&options);
	model_options_default(&o);
	for (unsigned n = 1; n < CALLS_MAX; n++) {
		struct model_host *host = model_host_open(n);
		struct model_device *device = model_device_open(host, &o);
		struct world_plug plug;
		orion_status status;
		bool reached;

		world_plug((world_reach)test_choice(&reach), device, &plug);
		config = (struct manager_config){.port = model_host_port(),
						 .port_context = host,
						 .options = &options,
						 .homes = &home,
						 .home_count = 1,
						 .memory_take = model_memory_take,
						 .memory_give = model_memory_give};
		model_step_begin(host, MODEL_MEMORY_TSO, n);
		EXPECT_EQ(orion_manager_init(manager, &config, NULL), ORION_OK);
		model_host_fail(host, n, test_choice(&lasting) == 1);
		status = world_plug_attach(&plug, manager, &index);
		reached = model_host_stats(host)->failed > 0;
		model_host_fail(host, 0, false);
		if (status != ORION_OK) {
			failures++;
			EXPECT_EQ(orion_manager_count(manager), 0);
			EXPECT_EQ(model_host_stats(host)->dma_regions, 0);
			EXPECT_EQ(model_host_stats(host)->memories, 0);
			EXPECT_EQ(world_plug_attach(&plug, manager, &index), ORION_OK);
		}
		EXPECT_EQ(index, 0);
		EXPECT_EQ(orion_manager_detach(manager, 0, false), ORION_OK);
		EXPECT_STR(model_host_stats(host)->first_breach, "");
		EXPECT_EQ(model_host_stats(host)->bad_frees, 0);
		EXPECT_EQ(model_host_stats(host)->dma_regions + model_host_stats(host)->memories +
				  model_host_stats(host)->irqs + model_host_stats(host)->mappings,
			  0);
		EXPECT_EQ(manager->budget.used, 0);
		model_step_end();
		model_device_close(device);
		model_host_close(host);
		if (!reached) {
			break;
		}
	}
	EXPECT(failures > 0);
	test_free(manager);
}

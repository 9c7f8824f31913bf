/* SPDX-License-Identifier: MIT */
/* src/manager/manager.c: numbers, limits, and that a failed attach leaves nothing behind. */
#include <string.h>

#include "test/harness.h"

#include "orion/manager.h"
#include "fake.h"

#define BIT(n) (UINT64_C(1) << (n))

static struct {
	struct fake *host;              /* the port's context */
	struct manager_config config;
	struct orion_options options;
	struct vblk_queue_home homes[2];
	struct manager manager;
	unsigned taken, live, fail_at;
} world;

static void *
memory_take(void *context, size_t bytes)
{
	EXPECT(context == world.host);
	if (++world.taken == world.fail_at)
		return NULL;
	world.live++;
	return test_alloc(bytes);
}

static void
memory_give(void *context, void *memory, size_t bytes)
{
	EXPECT(context == world.host && memory != NULL && bytes > 0);
	world.live--;
	test_free(memory);
}

/* Devices that a test leaves attached are detached when it ends. */
static void
world_end(void *unused)
{
	(void)unused;
	for (unsigned i = 0; i < MANAGER_DEVICES_MAX; i++)
		(void)orion_manager_detach(&world.manager, i, true);
}

static void
begin(void)
{
	memset(&world, 0, sizeof(world));
	world.host = fake_make(0);
	orion_options_default(&world.options);
	world.config = (struct manager_config){
		.port = &world.host->port,
		.port_context = world.host,
		.options = &world.options,
		.homes = world.homes,
		.home_count = 2,
		.memory_take = memory_take,
		.memory_give = memory_give,
	};
	EXPECT_EQ(orion_manager_init(&world.manager, &world.config, NULL), ORION_OK);
	test_at_end(world_end, NULL);
}

static orion_status
attach(struct fake *fake, unsigned *index)
{
	struct manager_place place = fake_place(fake);

	return orion_manager_attach(&world.manager, &place, index);
}

static orion_status
attach_pci(uint32_t function, unsigned *index)
{
	struct manager_place place = orion_place_pci(function);

	return orion_manager_attach(&world.manager, &place, index);
}

TEST(manager_manager__refuses_bad_configurations)
{
	const struct orion_option *wrong = NULL;
	struct manager_config config;
	struct manager manager;

	begin();
	config = world.config;
	config.home_count = 0;
	EXPECT_EQ(orion_manager_init(&manager, &config, NULL), ORION_INVALID);
	config.home_count = VBLK_QUEUES_MAX + 1;
	EXPECT_EQ(orion_manager_init(&manager, &config, NULL), ORION_INVALID);
	config = world.config;
	config.memory_take = NULL;
	EXPECT_EQ(orion_manager_init(&manager, &config, NULL), ORION_INVALID);
	config = world.config;
	config.memory_give = NULL;
	EXPECT_EQ(orion_manager_init(&manager, &config, NULL), ORION_INVALID);
	world.options.queue_depth = 0;
	EXPECT_EQ(orion_manager_init(&manager, &world.config, &wrong), ORION_INVALID);
	EXPECT_STR(wrong->name, "queue_depth");
	world.options.queue_depth = 8;
	world.host->port.dma_free = NULL;
	EXPECT_EQ(orion_manager_init(&manager, &world.config, NULL), ORION_PORT_INCOMPLETE);
}

TEST(manager_manager__lowest_free_number)
{
	unsigned index = 99;

	begin();
	for (unsigned i = 0; i < 5; i++) {
		EXPECT_EQ(attach(fake_make(0), &index), ORION_OK);
		EXPECT_EQ(index, i);
	}
	EXPECT_EQ(orion_manager_count(&world.manager), 5);
	EXPECT_EQ(orion_manager_detach(&world.manager, 3, false), ORION_OK);
	EXPECT_EQ(orion_manager_detach(&world.manager, 1, false), ORION_OK);
	EXPECT(orion_manager_device_get(&world.manager, 1) == NULL);
	EXPECT(orion_manager_device_get(&world.manager, 2) != NULL);
	EXPECT_EQ(attach(fake_make(0), &index), ORION_OK);
	EXPECT_EQ(index, 1);
	EXPECT_EQ(orion_manager_count(&world.manager), 4);
	EXPECT_EQ(world.live, 8);
}

TEST(manager_manager__indices_that_are_none)
{
	static const unsigned none[] = {0, 1, 31, 32, 33, 1000, UINT32_MAX};

	begin();
	for (unsigned i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		EXPECT_EQ(orion_manager_detach(&world.manager, none[i], true), ORION_NOT_FOUND);
		EXPECT(orion_manager_device_get(&world.manager, none[i]) == NULL);
	}
}

TEST(manager_manager__as_many_as_the_options_allow)
{
	unsigned index;
	struct fake *extra;

	begin();
	world.options.device_max_count = 3;
	EXPECT_EQ(orion_manager_init(&world.manager, &world.config, NULL), ORION_OK);
	for (unsigned i = 0; i < 3; i++)
		EXPECT_EQ(attach(fake_make(0), &index), ORION_OK);
	extra = fake_make(0);
	EXPECT_EQ(attach(extra, &index), ORION_TOO_LARGE);
	EXPECT_EQ(extra->opens, 0);
	EXPECT_EQ(attach_pci(8, &index), ORION_TOO_LARGE);
}

TEST(manager_manager__thirty_two_devices)
{
	unsigned index;

	begin();
	for (unsigned i = 0; i < 32; i++)
		EXPECT_EQ(attach(fake_make(0), &index), ORION_OK);
	EXPECT_EQ(orion_manager_count(&world.manager), 32);
	EXPECT_EQ(attach(fake_make(0), &index), ORION_TOO_LARGE);
}

/* Memory, probe and open fail in turn, and once the first piece of DMA memory. */
TEST(manager_manager__failed_attach_leaves_nothing)
{
	for (unsigned n = 0; n < 6; n++) {
		struct fake *fake;
		unsigned index = 77;
		orion_status status;

		begin();
		fake = fake_make(0);
		world.fail_at = n < 2 ? n + 1 : 0;
		fake->features_refused = n == 2;
		world.host->fail_at = n == 3 ? 1 : 0;
		fake->enable_refused = n == 4 ? 1 : 0;
		status = attach(fake, &index);
		/* The device has less memory then. */
		if (n == 3 || n == 5) {
			EXPECT_EQ(status, ORION_OK);
			EXPECT_EQ(orion_manager_detach(&world.manager, index, false), ORION_OK);
		} else {
			EXPECT_EQ(status, n < 2 ? ORION_NO_MEMORY : ORION_DEVICE_REFUSED);
			EXPECT_EQ(index, 77);
		}
		EXPECT_EQ(fake->closed, true);
		EXPECT_EQ(fake_vectors_live(fake), 0);
		EXPECT_EQ(world.host->regions_live, 0);
		EXPECT_EQ(world.live, 0);
		EXPECT_EQ(orion_manager_count(&world.manager), 0);
		EXPECT_EQ(world.manager.budget.used, 0);
	}
}

TEST(manager_manager__pci_without_pci)
{
	unsigned index;

	begin();
	EXPECT_EQ(attach_pci(8, &index), ORION_NOT_FOUND);
	world.host->port.pci_read = NULL;
	EXPECT_EQ(attach_pci(8, &index), ORION_PORT_INCOMPLETE);
	EXPECT_EQ(orion_manager_count(&world.manager), 0);
}

TEST(manager_manager__busy_devices_stay_unless_forced)
{
	struct vblk_segment segment = {0x1000, 512, 0};
	struct vblk_request request = {.segments = &segment, .segment_count = 1};
	unsigned index;

	begin();
	EXPECT_EQ(attach(fake_make(0), &index), ORION_OK);
	EXPECT_EQ(vblk_submit(vblk_queue_get(orion_manager_device_get(&world.manager, index), 0),
			      &request, 1),
		  1);
	EXPECT_EQ(orion_manager_detach(&world.manager, index, false), ORION_BUSY);
	EXPECT_EQ(orion_manager_count(&world.manager), 1);
	EXPECT_EQ(orion_manager_detach(&world.manager, index, true), ORION_OK);
	EXPECT_EQ(world.live, 0);
}

/* One budget for all. */
TEST(manager_manager__shared_budget)
{
	unsigned index, attached = 0;

	begin();
	world.options.shared_memory_size = 1 << 20;
	world.options.queue_depth = 1024;
	EXPECT_EQ(orion_manager_init(&world.manager, &world.config, NULL), ORION_OK);
	while (attached < 32) {
		struct fake *fake = fake_make(BIT(2) | BIT(28));

		fake->queue_size = 1024;
		fake_config(fake, 12, 4, 126);
		if (attach(fake, &index) != ORION_OK)
			break;
		attached++;
	}
	EXPECT(attached < 32);
	EXPECT(world.manager.budget.used <= 1 << 20);
	EXPECT(world.manager.budget.refusals >= 1);
}

/* ---- places ---- */

/* A device goes, and comes back under its number; the object and its memory stay where they are. */
TEST(manager_manager__away_and_back)
{
	struct vblk_device *device;
	struct fake *fakes[3];
	unsigned index, taken;

	begin();
	for (unsigned i = 0; i < 3; i++) {
		fakes[i] = fake_make(0);
		EXPECT_EQ(attach(fakes[i], &index), ORION_OK);
	}
	device = orion_manager_device_get(&world.manager, 1);
	taken = world.taken;
	EXPECT_EQ(orion_manager_remove(&world.manager, 1, false), ORION_OK);
	EXPECT_EQ(fakes[1]->closed, true);
	EXPECT_EQ(vblk_state_get(device), VBLK_CLOSED);
	EXPECT(orion_manager_device_get(&world.manager, 1) == NULL);
	EXPECT_EQ(orion_manager_count(&world.manager), 2);
	EXPECT_EQ(orion_manager_remove(&world.manager, 1, true), ORION_NOT_FOUND);

	/* Its number is nobody else's. */
	EXPECT_EQ(attach(fake_make(0), &index), ORION_OK);
	EXPECT_EQ(index, 3);
	taken = world.taken;
	EXPECT_EQ(attach(fakes[1], &index), ORION_OK);
	EXPECT_EQ(index, 1);
	EXPECT(orion_manager_device_get(&world.manager, 1) == device);
	EXPECT_EQ(vblk_state_get(device), VBLK_LIVE);
	EXPECT_EQ(world.taken, taken);
	/* What is there is not opened a second time. */
	EXPECT_EQ(attach(fakes[1], &index), ORION_BUSY);
	EXPECT_EQ(fakes[1]->opens, 2);
	EXPECT_EQ(fakes[1]->closed, false);
}

/* Bringing up again goes by the manager's options of now; what fails may be tried again. */
TEST(manager_manager__reattach)
{
	struct vblk_segment segment = {0x1000, 512, 0};
	struct vblk_request request = {.segments = &segment, .segment_count = 1};
	struct vblk_device *device;
	struct fake *fake;
	unsigned index, found = 99;
	orion_status expected[] = {ORION_NOT_FOUND, ORION_DEVICE_REFUSED, ORION_NO_MEMORY};

	begin();
	world.manager.options.queue_depth = 8;
	fake = fake_make(BIT(34) | BIT(28));
	EXPECT_EQ(attach(fake, &index), ORION_OK);
	device = orion_manager_device_get(&world.manager, index);
	EXPECT_EQ(vblk_info(device)->packed, true);
	EXPECT_EQ(vblk_submit(vblk_queue_get(device, 0), &request, 1), 1);
	EXPECT_EQ(orion_manager_reattach(&world.manager, index, false), ORION_BUSY);
	EXPECT_EQ(vblk_state_get(device), VBLK_LIVE);

	world.manager.options.features_off = BIT(34);
	EXPECT_EQ(orion_manager_reattach(&world.manager, index, true), ORION_OK);
	EXPECT(orion_manager_device_get(&world.manager, index) == device);
	EXPECT_EQ(vblk_info(device)->packed, false);

	for (unsigned i = 0; i < 3; i++) {
		struct manager_place place = fake_place(fake);

		fake->absent = i == 0;
		fake->features_refused = i == 1;
		/* More than it had: what is there does not do. */
		world.manager.options.queue_depth = i == 2 ? 64 : 8;
		world.fail_at = i == 2 ? world.taken + 1 : 0;
		test_note("attempt %u", i);
		EXPECT_EQ(orion_manager_reattach(&world.manager, index, false), expected[i]);
		EXPECT(orion_manager_device_get(&world.manager, index) == NULL);
		EXPECT_EQ(vblk_state_get(device), VBLK_CLOSED);
		EXPECT(orion_manager_find(&world.manager, &place, &found));
		EXPECT_EQ(found, index);
		fake->absent = fake->features_refused = false;
		world.fail_at = 0;
	}
	EXPECT_EQ(orion_manager_reattach(&world.manager, index, false), ORION_OK);
	EXPECT_EQ(vblk_info(device)->queue_depth, 64);
	EXPECT_EQ(orion_manager_reattach(&world.manager, index + 1, true), ORION_NOT_FOUND);

	/* Away, then forgotten: nothing is left. */
	EXPECT_EQ(orion_manager_remove(&world.manager, index, false), ORION_OK);
	EXPECT_EQ(orion_manager_detach(&world.manager, index, false), ORION_OK);
	EXPECT_EQ(world.live, 0);
	EXPECT_EQ(world.manager.budget.used, 0);
	EXPECT_EQ(orion_manager_detach(&world.manager, index, false), ORION_NOT_FOUND);
}

/* SPDX-License-Identifier: MIT */
/* A driver on a fake host and transport, brought up by hand or at once: see fake.h. */
#include "fake.h"

#include "test/harness.h"

#define BIT(n) (UINT64_C(1) << (n))

/* Those of the running permutation. */
static struct fake_world *worlds;

static void
release(void *unused)
{
	(void)unused;
	for (struct fake_world *world = worlds, *next; world != NULL; world = next) {
		next = world->next;
		test_free(world->memory);
		test_free(world->more);
		test_free(world);
	}
	worlds = NULL;
}

struct fake_world *
fake_world_make(struct fake *fake)
{
	struct fake_world *world = test_alloc(sizeof(*world));

	if (worlds == NULL)
		test_at_end(release, NULL);
	world->next = worlds;
	worlds = world;
	world->fake = fake;
	orion_options_default(&world->options);
	world->budget.limit = world->options.shared_memory_size;
	world->home_count = 1;
	world->memory = test_alloc(VBLK_DEVICE_BYTES);
	for (unsigned i = 0; i < VBLK_QUEUES_MAX; i++) {
		world->homes[i].event = &world->events[i];
		world->homes[i].cpu = (uint16_t)(i + 3);
	}
	return world;
}

orion_status
fake_probe(struct fake_world *world)
{
	struct vblk_config config = {
		.transport = world->fake->transport,
		.port = &world->fake->port,
		.port_context = world->fake,
		.options = &world->options,
		.homes = world->homes,
		.home_count = world->home_count,
		.budget = &world->budget,
	};

	return vblk_probe(world->memory, &config, &world->device, &world->bytes);
}

orion_status
fake_open(struct fake_world *world)
{
	world->more = test_alloc(world->bytes);
	return vblk_open(world->device, world->more, world->bytes);
}

struct vblk_queue *
fake_live(struct fake_world *world)
{
	EXPECT_EQ(fake_probe(world), ORION_OK);
	EXPECT_EQ(fake_open(world), ORION_OK);
	EXPECT_EQ(vblk_state_get(world->device), VBLK_LIVE);
	return vblk_queue_get(world->device, 0);
}

struct hand
fake_hand(struct fake_world *world, unsigned queue)
{
	struct fake *fake = world->fake;
	const struct virtio_queue_setup *setup = &fake->setup[queue];
	bool packed = (fake->driver_features & BIT(34)) != 0;
	size_t driver = packed ? 4 : 6 + 2 * (size_t)setup->size;
	size_t device = packed ? 4 : 6 + 8 * (size_t)setup->size;
	struct hand hand =
		hand_make(fake_at(fake, setup->descriptor_area, 16 * (size_t)setup->size),
			  fake_at(fake, setup->driver_area, driver),
			  fake_at(fake, setup->device_area, device), setup->size, packed);

	EXPECT(fake->enabled[queue] && hand.desc != NULL && hand.driver != NULL &&
	       hand.device != NULL);
	hand.at = fake_at;
	hand.context = fake;
	return hand;
}

void
fake_expect_empty(struct fake_world *world)
{
	const struct fake *fake = world->fake;

	EXPECT_EQ(fake->closed, true);
	EXPECT_EQ(fake->after_close, 0);
	EXPECT_EQ(fake->regions_live, 0);
	EXPECT_EQ(world->budget.used, 0);
	EXPECT_EQ(fake_vectors_live(fake), 0);
	EXPECT_EQ(fake->line.live, false);
}

static orion_status
open_fake(const struct manager_place *place, const struct orion_port *port, void *port_context,
	  union manager_transport *room, struct virtio_transport *transport)
{
	struct fake *fake = place->context;

	(void)port;
	(void)port_context;
	(void)room;
	fake->closed = false;
	fake->opens++;
	*transport = fake->transport;
	return fake->absent ? ORION_NOT_FOUND : ORION_OK;
}

struct manager_place
fake_place(struct fake *fake)
{
	return (struct manager_place){.open = open_fake, .context = fake};
}

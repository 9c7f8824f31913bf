/* SPDX-License-Identifier: MIT */
/* src/blk/open.c: the stages up, in order; from any of them down, completely; refresh. */
#include <limits.h>
#include <string.h>

#include "test/harness.h"

#include "desk_blk.h"

#define EVERYTHING (BIT(1) | BIT(2) | BIT(6) | BIT(9) | BIT(12) | BIT(28) | BIT(29))

static struct fake_world *
begin(uint64_t features, unsigned queues)
{
	struct fake *fake = fake_make(features);
	struct fake_world *world = fake_world_make(fake);

	fake_config(fake, 34, 2, queues);
	fake_config(fake, 8, 4, 65536);
	fake->queue_count = (uint16_t)queues;
	world->home_count = queues;
	return world;
}

TEST(blk_open__the_order_of_the_handshake)
{
	struct fake_world *world = begin(EVERYTHING, 2);

	(void)fake_live(world);
	EXPECT_STR(world->fake->journal,
		   "status=0 status=1 status=3 features? features! status=11 alloc alloc "
		   "vector0 vector1 vector2 enable0 enable1 status=15 ");
	fake_journal_clear(world->fake);
	vblk_close(world->device);
	EXPECT_STR(world->fake->journal, "status=0 -vector2 -vector1 -vector0 free free close");
	fake_expect_empty(world);
	EXPECT_EQ(vblk_state_get(world->device), VBLK_CLOSED);
	/* A second close finds nothing. */
	vblk_close(world->device);
	EXPECT_EQ(world->fake->after_close, 0);
}

/* No FEATURES_OK, no VERSION_1, ANY_LAYOUT taken, rings in whole pages. */
TEST(blk_open__legacy)
{
	struct fake_world *world = begin(EVERYTHING | BIT(27), 1);
	struct fake *fake = world->fake;
	struct orion_vring_layout layout;

	fake->ops.legacy = true;
	fake->features &= ~BIT(32);
	(void)fake_live(world);
	EXPECT_STR(fake->journal,
		   "status=0 status=1 status=3 features? features! alloc vector0 vector1 enable0 "
		   "status=7 ");
	EXPECT_EQ(fake->driver_features, EVERYTHING | BIT(27));
	EXPECT(vblk_info(world->device)->legacy);
	layout = orion_vring_layout_legacy(fake->setup[0].size);
	EXPECT_EQ(fake->setup[0].descriptor_area % 4096, 0);
	EXPECT_EQ(fake->setup[0].driver_area - fake->setup[0].descriptor_area,
		  layout.driver_offset);
	EXPECT_EQ(fake->setup[0].device_area - fake->setup[0].descriptor_area,
		  layout.device_offset);
	vblk_close(world->device);
	fake_expect_empty(world);
}

TEST(blk_open__probe_fails_without_a_trace)
{
	static const struct {
		bool refused, gone;
		unsigned stuck;
		orion_status expected;
	} rows[] = {
		{true, false, 0, ORION_DEVICE_REFUSED},
		{false, true, 0, ORION_DEVICE_GONE},
		{false, false, UINT_MAX, ORION_TIMED_OUT},
	};

	for (unsigned i = 0; i < 3; i++) {
		struct fake_world *world = begin(EVERYTHING, 1);

		world->fake->features_refused = rows[i].refused;
		world->fake->gone = rows[i].gone;
		world->fake->reset_reads = rows[i].stuck;
		world->fake->reset_sticks = 4;
		EXPECT_EQ(fake_probe(world), rows[i].expected);
		fake_expect_empty(world);
		EXPECT_EQ(world->fake->region_count, 0);
	}
}

TEST(blk_open__bad_arguments_close_the_transport)
{
	for (unsigned i = 0; i < 9; i++) {
		struct fake_world *world = begin(EVERYTHING, 1);
		struct vblk_config config = {
			.transport = world->fake->transport,
			.port = i == 0 ? NULL : &world->fake->port,
			.port_context = world->fake,
			.options = i == 1 ? NULL : &world->options,
			.homes = i == 2 ? NULL : world->homes,
			.home_count = i == 3   ? 0
				      : i == 4 ? 17
					       : 1,
			.budget = i == 5 ? NULL : &world->budget,
		};
		uint8_t *memory = i == 6 ? NULL : (uint8_t *)world->memory + (i == 7 ? 32 : 0);

		if (i == 8)
			world->options.queue_count = 0;
		EXPECT_EQ(vblk_probe(memory, &config, &world->device, &world->bytes),
			  ORION_INVALID);
		EXPECT_STR(world->fake->journal, "close");
	}
}

TEST(blk_open__incomplete_port)
{
	struct fake_world *world = begin(EVERYTHING, 1);

	world->fake->port.now_ns = NULL;
	EXPECT_EQ(fake_probe(world), ORION_PORT_INCOMPLETE);
	EXPECT_STR(world->fake->journal, "close");
}

/* Every call of host and device that may fail fails in turn: either live, or nothing is left. */
static const struct test_axis layouts = {"layout", {"split", "packed"}};
static const struct test_axis *const layout_axes[] = {&layouts, NULL};

TEST_AXES(blk_open__each_failure_unwinds, layout_axes, NULL)
{
	unsigned refused = 0;

	for (unsigned n = 1; n < 24; n++) {
		struct fake_world *world =
			begin(EVERYTHING | (test_choice(&layouts) ? BIT(34) : 0), 4);
		orion_status status;

		world->fake->fail_at = n;
		EXPECT_EQ(fake_probe(world), ORION_OK);
		status = fake_open(world);
		refused += status != ORION_OK;
		if (status == ORION_OK) {
			EXPECT_EQ(vblk_state_get(world->device), VBLK_LIVE);
			vblk_close(world->device);
		}
		EXPECT_EQ(vblk_state_get(world->device), VBLK_CLOSED);
		fake_expect_empty(world);
	}
	/* 4 queues have no substitute; vectors have, and for memory there is less of it. */
	EXPECT_EQ(refused, 4);
}

/* A device that does not start, or not soundly, is told so, reset and left. */
TEST(blk_open__a_start_that_fails_leaves_nothing)
{
	static const struct {
		uint8_t lost, found;
		bool legacy;
	} rows[] = {{4, 0, false}, {8, 0, false}, {0, 64, false}, {4, 0, true}, {0, 64, true}};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fake_world *world = begin(EVERYTHING, 2);

		test_note("row %u", i);
		world->fake->ops.legacy = rows[i].legacy;
		world->fake->start_lost = rows[i].lost;
		world->fake->start_found = rows[i].found;
		EXPECT_EQ(fake_probe(world), ORION_OK);
		fake_journal_clear(world->fake);
		EXPECT_EQ(fake_open(world), ORION_DEVICE_REFUSED);
		EXPECT(strstr(world->fake->journal, rows[i].legacy ? "status=7 status=135 status=0"
								   : "status=15 status=143 "
								     "status=0") != NULL);
		EXPECT_EQ(world->fake->reports[ORION_EVENT_FEATURES_REFUSED], 1);
		EXPECT_EQ(vblk_state_get(world->device), VBLK_CLOSED);
		fake_expect_empty(world);
	}
}

TEST(blk_open__open_wants_its_memory)
{
	struct fake_world *world = begin(EVERYTHING, 2);

	EXPECT_EQ(fake_probe(world), ORION_OK);
	world->more = test_alloc(world->bytes + 64);
	EXPECT_EQ(vblk_open(world->device, world->more, world->bytes - 1), ORION_INVALID);
	fake_expect_empty(world);
	EXPECT_EQ(vblk_open(world->device, world->more, world->bytes), ORION_WRONG_STATE);
	world = begin(EVERYTHING, 1);
	EXPECT_EQ(fake_probe(world), ORION_OK);
	world->more = test_alloc(world->bytes + 64);
	EXPECT_EQ(vblk_open(world->device, (uint8_t *)world->more + 8, world->bytes),
		  ORION_INVALID);
	fake_expect_empty(world);
}

TEST(blk_open__only_once)
{
	struct fake_world *world = begin(EVERYTHING, 1);

	(void)fake_live(world);
	EXPECT_EQ(vblk_open(world->device, world->more, world->bytes), ORION_WRONG_STATE);
	EXPECT_EQ(vblk_state_get(world->device), VBLK_LIVE);
}

TEST(blk_open__budget_is_kept)
{
	struct fake_world *world = begin(EVERYTHING, 4);
	uint64_t each;

	(void)fake_live(world);
	each = world->budget.used / 4;
	EXPECT_EQ(vblk_info(world->device)->dma_bytes, world->budget.used);
	vblk_close(world->device);
	for (unsigned affordable = 0; affordable < 4; affordable++) {
		world = begin(EVERYTHING, 4);
		EXPECT_EQ(fake_probe(world), ORION_OK);
		/* Another device was quicker. */
		world->budget.limit = affordable * each + each / 2;
		EXPECT_EQ(fake_open(world), ORION_OK);
		EXPECT_EQ(world->budget.refusals, 1);
		EXPECT(world->budget.peak <= world->budget.limit);
		vblk_close(world->device);
		fake_expect_empty(world);
		EXPECT_EQ(world->budget.quarantined, 0);
	}
}

/*
 * The device does not take vector N or any above: reset, and again with fewer, config vector
 * included.
 */
TEST(blk_open__vectors_that_the_device_refuses)
{
	static const virtio_irq_mode modes[] = {VIRTIO_IRQ_LINE, VIRTIO_IRQ_SHARED,
						VIRTIO_IRQ_PAIRED, VIRTIO_IRQ_PAIRED,
						VIRTIO_IRQ_PER_QUEUE};

	for (uint16_t first = 0; first < 5; first++) {
		struct fake_world *world = begin(EVERYTHING, 3);
		const char *last;

		world->fake->vector_refused = first;
		(void)fake_live(world);
		EXPECT_EQ(vblk_info(world->device)->irq_mode, modes[first]);
		for (unsigned i = 0; i < 3; i++)
			EXPECT_EQ(world->fake->enabled[i], true);
		/* Vectors are named to the device after the last reset, which forgets them. */
		last = strstr(world->fake->journal, "alloc");
		for (const char *at = last; (at = strstr(at, "status=0")) != NULL; at++)
			last = at;
		if (modes[first] != VIRTIO_IRQ_LINE)
			EXPECT(strstr(last, "vector0") != NULL);
		vblk_close(world->device);
		fake_expect_empty(world);
	}
}

TEST(blk_open__polled_host)
{
	struct fake_world *world = begin(EVERYTHING, 2);

	world->fake->port.irq_attach = NULL;
	(void)fake_live(world);
	EXPECT_EQ(vblk_info(world->device)->irq_mode, VIRTIO_IRQ_POLLED);
	EXPECT_EQ(world->fake->setup[1].vector, VIRTIO_NO_VECTOR);
}

/* Nobody says that the capacity changed: every refresh looks. */
TEST(blk_open__polled_refresh)
{
	struct fake_world *world = begin(EVERYTHING, 1);
	bool changed = false;

	world->fake->port.irq_attach = NULL;
	(void)fake_live(world);
	EXPECT_EQ(vblk_refresh(world->device, &changed), ORION_OK);
	EXPECT_EQ(changed, false);
	fake_config(world->fake, 0, 8, 4096);
	EXPECT_EQ(vblk_refresh(world->device, &changed), ORION_OK);
	EXPECT_EQ(changed, true);
	EXPECT_EQ(vblk_info(world->device)->capacity_sectors, 4096);
}

/* A transport with neither a doorbell nor a notify() cannot be kicked. */
TEST(blk_open__no_doorbell)
{
	struct fake_world *world = begin(EVERYTHING, 1);

	world->fake->ops.notify = NULL;
	EXPECT_EQ(fake_probe(world), ORION_OK);
	EXPECT_EQ(fake_open(world), ORION_DEVICE_REFUSED);
	fake_expect_empty(world);
}

TEST(blk_open__close_quarantines_when_the_reset_is_not_proven)
{
	for (unsigned gone = 0; gone < 2; gone++) {
		struct fake_world *world = begin(EVERYTHING, 2);

		(void)fake_live(world);
		world->fake->gone = gone == 1;
		world->fake->reset_sticks = 15;
		world->fake->reset_reads = UINT_MAX;
		vblk_close(world->device);
		EXPECT_EQ(world->fake->regions_live, 2);
		EXPECT_EQ(world->fake->regions_freed, 0);
		EXPECT(world->budget.quarantined > 0);
		EXPECT_EQ(world->budget.quarantined, world->budget.used);
		EXPECT_EQ(fake_vectors_live(world->fake), 0);
		EXPECT_EQ(world->fake->closed, true);
	}
}

/* ---- refresh ---- */

static void
config_interrupt(struct fake *fake)
{
	EXPECT(fake->irq[0].live);
	EXPECT_EQ(fake->irq[0].handler(fake->irq[0].argument), true);
}

/* Told by an interrupt or not: one may get lost, and some hosts have none. */
TEST(blk_open__refresh_reads_the_capacity)
{
	struct fake_world *world = begin(EVERYTHING, 2);
	struct vblk_queue *queue = fake_live(world);
	bool changed = true;

	EXPECT_EQ(queue->capacity, 2048);
	EXPECT_EQ(vblk_refresh(world->device, &changed), ORION_OK);
	EXPECT_EQ(changed, false);
	fake_config(world->fake, 0, 8, 1024);
	EXPECT_EQ(vblk_refresh(world->device, &changed), ORION_OK);
	EXPECT_EQ(changed, true);
	EXPECT_EQ(vblk_info(world->device)->capacity_sectors, 1024);
	fake_config(world->fake, 0, 8, 4096);
	config_interrupt(world->fake);
	EXPECT_EQ(vblk_config_pending(world->device), true);
	EXPECT_EQ(vblk_refresh(world->device, &changed), ORION_OK);
	EXPECT_EQ(changed, true);
	EXPECT_EQ(vblk_config_pending(world->device), false);
	EXPECT_EQ(vblk_info(world->device)->capacity_sectors, 4096);
	EXPECT_EQ(queue->capacity, 4096);
	EXPECT_EQ(vblk_queue_get(world->device, 1)->capacity, 4096);
	config_interrupt(world->fake);
	EXPECT_EQ(vblk_refresh(world->device, NULL), ORION_OK);
}

/* The change is not lost when the configuration would not hold still. */
TEST(blk_open__refresh_tries_again_after_a_torn_read)
{
	struct fake_world *world = begin(EVERYTHING, 1);

	(void)fake_live(world);
	config_interrupt(world->fake);
	fake_config(world->fake, 0, 8, 4096);
	world->fake->torn = UINT_MAX;
	EXPECT_EQ(vblk_refresh(world->device, NULL), ORION_TIMED_OUT);
	EXPECT_EQ(vblk_info(world->device)->capacity_sectors, 2048);
	world->fake->torn = 0;
	fake_config(world->fake, 0, 8, 4096);
	EXPECT_EQ(vblk_config_pending(world->device), true);
	EXPECT_EQ(vblk_refresh(world->device, NULL), ORION_OK);
	EXPECT_EQ(vblk_info(world->device)->capacity_sectors, 4096);
}

TEST(blk_open__refresh_sees_a_broken_device)
{
	struct fake_world *world = begin(EVERYTHING, 1);

	(void)fake_live(world);
	world->fake->status |= 64;
	EXPECT_EQ(vblk_refresh(world->device, NULL), ORION_DEVICE_BROKEN);
	EXPECT_EQ(vblk_state_get(world->device), VBLK_BROKEN);
	EXPECT_EQ(vblk_cause_get(world->device), VBLK_CAUSE_NEEDS_RESET);
	world->fake->gone = true;
	EXPECT_EQ(vblk_refresh(world->device, NULL), ORION_DEVICE_GONE);
	EXPECT_EQ(vblk_state_get(world->device), VBLK_DEAD);
	EXPECT_EQ(vblk_cause_get(world->device), VBLK_CAUSE_NEEDS_RESET);
	world = begin(EVERYTHING, 1);
	(void)fake_live(world);
	world->fake->gone = true;
	EXPECT_EQ(vblk_refresh(world->device, NULL), ORION_DEVICE_GONE);
	EXPECT_EQ(vblk_cause_get(world->device), VBLK_CAUSE_GONE);
}

static const struct test_axis ends = {"end", {"needs_reset", "gone"}};
static const struct test_axis *const end_axes[] = {&blk_kinds, &ends, NULL};

/* Once it is known, nothing is taken and nothing is believed, on any queue, until the stop. */
TEST_AXES(blk_open__refresh_latches_the_queues, end_axes, NULL)
{
	struct blk_bench *bench = blk_bench_make(blk_kind_features() | BIT(12) | FLUSH_F);
	struct vblk_request read = blk_request(VBLK_READ, 3, 1, 512);
	bool gone = test_choice(&ends) == 1;
	struct vblk_completion done[2];
	struct vblk_queue *other;

	fake_config(bench->fake, 34, 2, 2);
	bench->fake->queue_count = 2;
	bench->world->home_count = 2;
	blk_bench_open(bench);
	other = vblk_queue_get(bench->world->device, 1);
	blk_send(bench, &read);
	EXPECT(blk_pop(bench));
	blk_complete(bench, &bench->chain, 0, 513);
	bench->fake->status |= 64;
	bench->fake->gone = gone;
	EXPECT_EQ(vblk_refresh(bench->world->device, NULL),
		  gone ? ORION_DEVICE_GONE : ORION_DEVICE_BROKEN);
	EXPECT_EQ(vblk_submit(bench->queue, &read, 1), 0);
	EXPECT_EQ(vblk_refusal(bench->queue), ORION_DEVICE_BROKEN);
	EXPECT_EQ(vblk_kick(bench->queue), false);
	EXPECT_EQ(vblk_submit(other, &read, 1), 0);
	EXPECT_EQ(vblk_refusal(other), ORION_DEVICE_BROKEN);
	EXPECT_EQ(vblk_reap(bench->queue, done, 2), 0);
	EXPECT_EQ(vblk_in_flight(bench->queue), 1);
	(void)vblk_stop(bench->world->device);
	EXPECT_EQ(vblk_reap(bench->queue, done, 2), 1);
	EXPECT_EQ(done[0].cookie, 1003);
	EXPECT_EQ(done[0].result, ORION_OUTCOME_UNKNOWN);
	EXPECT_EQ(vblk_submit(bench->queue, &read, 1), 0);
	EXPECT_EQ(vblk_refusal(bench->queue), ORION_WRONG_STATE);
}

/* Who gave a queue up has it given back, whatever is found of the device afterwards. */
TEST(blk_open__refresh_leaves_an_abandoned_queue)
{
	struct blk_bench *bench = blk_bench_make(0);
	struct vblk_request read = blk_request(VBLK_READ, 3, 1, 512);
	struct vblk_completion done;

	blk_bench_open(bench);
	blk_send(bench, &read);
	vblk_queue_abandon(bench->queue);
	bench->fake->status |= 64;
	EXPECT_EQ(vblk_refresh(bench->world->device, NULL), ORION_DEVICE_BROKEN);
	EXPECT_EQ(vblk_reap(bench->queue, &done, 1), 1);
	EXPECT_EQ(done.result, ORION_OUTCOME_UNKNOWN);
}

/* A device that we stopped did nothing wrong, and is not asked. */
TEST(blk_open__refresh_of_what_does_not_run)
{
	struct fake_world *world = begin(EVERYTHING, 1);
	unsigned reads;

	EXPECT_EQ(fake_probe(world), ORION_OK);
	EXPECT_EQ(vblk_refresh(world->device, NULL), ORION_WRONG_STATE);
	EXPECT_EQ(fake_open(world), ORION_OK);
	EXPECT_EQ(vblk_stop(world->device), ORION_OK);
	EXPECT_EQ(vblk_refresh(world->device, NULL), ORION_WRONG_STATE);
	EXPECT_EQ(vblk_state_get(world->device), VBLK_STOPPED);
	EXPECT_EQ(vblk_cause_get(world->device), VBLK_CAUSE_NONE);
	vblk_close(world->device);
	reads = world->fake->status_reads;
	EXPECT_EQ(vblk_refresh(world->device, NULL), ORION_WRONG_STATE);
	EXPECT_EQ(world->fake->status_reads, reads);
	EXPECT_EQ(world->fake->after_close, 0);
}

/* What happens between the probe and DRIVER_OK interrupts nobody.  [spec 2.1.2] */
TEST(blk_open__what_changed_before_it_was_live)
{
	struct blk_bench *bench = blk_bench_make(0);
	struct vblk_request read = blk_request(VBLK_READ, 1000, 1, 512);

	EXPECT_EQ(fake_probe(bench->world), ORION_OK);
	EXPECT_EQ(vblk_info(bench->world->device)->capacity_sectors, 2048);
	fake_config(bench->fake, 0, 8, 100);
	EXPECT_EQ(fake_open(bench->world), ORION_OK);
	bench->queue = vblk_queue_get(bench->world->device, 0);
	EXPECT_EQ(vblk_config_pending(bench->world->device), true);
	EXPECT_EQ(vblk_refresh(bench->world->device, NULL), ORION_OK);
	EXPECT_EQ(vblk_config_pending(bench->world->device), false);
	EXPECT_EQ(vblk_info(bench->world->device)->capacity_sectors, 100);
	EXPECT_EQ(vblk_submit(bench->queue, &read, 1), 0);
	EXPECT_EQ(vblk_refusal(bench->queue), ORION_OUT_OF_RANGE);
}

/* Brought up again without a vector that was refused: from the front, with what is true then. */
TEST(blk_open__another_device_after_a_refused_vector)
{
	struct fake_world *world = begin(EVERYTHING | BIT(11), 2);
	const struct vblk_info *info;
	char *second;

	fake_config(world->fake, 32, 1, 0);
	EXPECT_EQ(fake_probe(world), ORION_OK);
	info = vblk_info(world->device);
	EXPECT_EQ(info->durability, VBLK_DURABILITY_STABLE);
	world->fake->vector_refused = 2;
	world->fake->features &= ~BIT(1);
	fake_config(world->fake, 32, 1, 1);
	fake_config(world->fake, 0, 8, 100);
	fake_config(world->fake, 12, 4, 3);
	EXPECT_EQ(fake_open(world), ORION_OK);
	second = strstr(world->fake->journal + 1, "status=0 ");
	EXPECT(second != NULL && strncmp(second,
					 "status=0 free free status=1 status=3 features? "
					 "features! status=11 alloc alloc ",
					 79) == 0);
	EXPECT_EQ(info->features_offered & BIT(1), 0);
	EXPECT_EQ(world->fake->driver_features & BIT(1), 0);
	EXPECT_EQ(info->segment_bytes_max, UINT32_MAX);
	EXPECT_EQ(info->segments_max, 3);
	EXPECT_EQ(info->capacity_sectors, 100);
	EXPECT_EQ(info->writeback, true);
	EXPECT_EQ(info->durability, VBLK_DURABILITY_FLUSH);
	EXPECT_EQ(vblk_queue_get(world->device, 0)->capacity, 100);
	EXPECT_EQ(world->fake->regions_live, 2);
	EXPECT_EQ(info->dma_bytes, world->budget.used);
	vblk_close(world->device);
	fake_expect_empty(world);
}

/* What wants more than it was given by then cannot be had. */
TEST(blk_open__a_larger_device_after_a_refused_vector)
{
	struct fake_world *world = begin(EVERYTHING, 2);

	fake_config(world->fake, 34, 2, 1);
	EXPECT_EQ(fake_probe(world), ORION_OK);
	EXPECT_EQ(vblk_info(world->device)->queues, 1);
	world->fake->vector_refused = 1;
	fake_config(world->fake, 34, 2, 2);
	EXPECT_EQ(fake_open(world), ORION_DEVICE_REFUSED);
	fake_expect_empty(world);
}

/* Whatever an opening fails of, the device is told.  [spec 3.1.1] */
TEST(blk_open__failed)
{
	for (unsigned i = 0; i < 3; i++) {
		struct fake_world *world = begin(EVERYTHING, 1);

		EXPECT_EQ(fake_probe(world), ORION_OK);
		if (i == 0)
			world->budget.limit = 0;
		else if (i == 1)
			world->fake->enable_refused = 1;
		else
			world->bytes--;
		EXPECT(fake_open(world) != ORION_OK);
		EXPECT(strstr(world->fake->journal, "status=139 status=0 ") != NULL);
		fake_expect_empty(world);
	}
}

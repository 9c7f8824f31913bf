/* SPDX-License-Identifier: MIT */
/*
 * src/device/device.c: the table of moves, and the status handshake with a device that misbehaves.
 */
#include <limits.h>
#include <string.h>

#include "test/harness.h"

#include "device/device.h"
#include "fake.h"

static struct virtio_device *
device_make(struct fake *fake, virtio_state state)
{
	static struct virtio_device device;

	memset(&device, 0, sizeof(device));
	device.transport = fake->transport;
	device.port = &fake->port;
	device.port_context = fake;
	device.state = state;
	return &device;
}

/* The whole table: a row for each state, the states it may go to. */
static const char *const may_go[VIRTIO_STATE_COUNT] = {
	[VIRTIO_ABSENT] = "reset dead gone",
	[VIRTIO_RESET] = "reset acknowledged dead gone absent",
	[VIRTIO_ACKNOWLEDGED] = "negotiated reset dead gone",
	[VIRTIO_NEGOTIATED] = "queues reset dead gone",
	[VIRTIO_QUEUES] = "live reset dead gone",
	[VIRTIO_LIVE] = "broken reset dead gone",
	[VIRTIO_BROKEN] = "reset dead gone",
	[VIRTIO_DEAD] = "reset dead gone absent",
	[VIRTIO_GONE] = "absent",
};

static const char *const state_names[VIRTIO_STATE_COUNT] = {
	[VIRTIO_ABSENT] = "absent",
	[VIRTIO_RESET] = "reset",
	[VIRTIO_ACKNOWLEDGED] = "acknowledged",
	[VIRTIO_NEGOTIATED] = "negotiated",
	[VIRTIO_QUEUES] = "queues",
	[VIRTIO_LIVE] = "live",
	[VIRTIO_BROKEN] = "broken",
	[VIRTIO_DEAD] = "dead",
	[VIRTIO_GONE] = "gone",
};

TEST(device_device__every_move)
{
	struct fake *fake = fake_make(0);

	for (unsigned from = 0; from < VIRTIO_STATE_COUNT; from++) {
		for (unsigned to = 0; to < VIRTIO_STATE_COUNT; to++) {
			bool legal = strstr(may_go[from], state_names[to]) != NULL;

			test_note("%s to %s", state_names[from], state_names[to]);
			EXPECT_EQ(orion_virtio_move_legal((virtio_state)from, (virtio_state)to),
				  legal);
			if (legal) {
				struct virtio_device *device =
					device_make(fake, (virtio_state)from);

				orion_virtio_move(device, (virtio_state)to);
				EXPECT_EQ(device->state, to);
			}
		}
	}
}

TEST(device_device__states_that_are_none)
{
	for (int state = -2; state < 40; state++) {
		if (state >= 0 && state < VIRTIO_STATE_COUNT)
			continue;
		EXPECT_EQ(orion_virtio_move_legal((virtio_state)state, VIRTIO_RESET), false);
		EXPECT_EQ(orion_virtio_move_legal(VIRTIO_RESET, (virtio_state)state), false);
	}
}

TEST(device_device__handshake_adds_bits_one_by_one)
{
	struct fake *fake = fake_make(0);
	struct virtio_device *device = device_make(fake, VIRTIO_ABSENT);

	EXPECT_EQ(orion_virtio_reset(device), ORION_OK);
	EXPECT_EQ(device->state, VIRTIO_RESET);
	orion_virtio_acknowledge(device);
	device->offered = fake->features;
	EXPECT_EQ(orion_virtio_negotiate(device, fake->features), ORION_OK);
	EXPECT_EQ(device->state, VIRTIO_NEGOTIATED);
	EXPECT_EQ(device->negotiated, fake->features);
	orion_virtio_move(device, VIRTIO_QUEUES);
	EXPECT_EQ(orion_virtio_live(device), ORION_OK);
	EXPECT_EQ(device->state, VIRTIO_LIVE);
	EXPECT_STR(fake->journal, "status=0 status=1 status=3 features! status=11 status=15 ");
	EXPECT_EQ(orion_virtio_look(device), ORION_OK);
	orion_virtio_fail(device);
	EXPECT_EQ(fake->status, 143);
}

/* DRIVER_OK is looked at when it is written: lost, or met with a wish for a reset. */
TEST(device_device__start_is_read_back)
{
	static const struct {
		uint8_t lost, found;
		bool gone;
		orion_status expected;
	} rows[] = {
		{0, 0, false, ORION_OK},
		{0, 0x30, false, ORION_OK},     /* bits that nobody defined */
		{4, 0, false, ORION_DEVICE_REFUSED},
		{8, 0, false, ORION_DEVICE_REFUSED},
		{2, 0, false, ORION_DEVICE_REFUSED},
		{15, 0, false, ORION_DEVICE_REFUSED},
		{0, 64, false, ORION_DEVICE_REFUSED},
		{0, 128, false, ORION_DEVICE_REFUSED},
		{0, 0, true, ORION_DEVICE_GONE},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fake *fake = fake_make(0);
		struct virtio_device *device = device_make(fake, VIRTIO_QUEUES);
		bool refused = rows[i].expected == ORION_DEVICE_REFUSED;

		test_note("row %u", i);
		device->status = 11;
		fake->start_lost = rows[i].lost;
		fake->start_found = rows[i].found;
		fake->gone = rows[i].gone;
		EXPECT_EQ(orion_virtio_live(device), rows[i].expected);
		EXPECT_EQ(device->state, rows[i].gone ? VIRTIO_GONE
					 : refused    ? VIRTIO_QUEUES
						      : VIRTIO_LIVE);
		EXPECT_EQ(fake->reports[ORION_EVENT_FEATURES_REFUSED], refused);
	}
}

static uint64_t told;

static uint64_t
features_told(void *context)
{
	(void)context;
	return told;
}

/* A legacy device that says what it heard must have heard it; one that says nothing may not. */
TEST(device_device__legacy_tells_what_it_heard)
{
	static const struct {
		uint64_t told;
		orion_status expected;
	} rows[] = {
		{0, ORION_OK},
		{0x30000040, ORION_OK},
		{0x10000040, ORION_DEVICE_REFUSED},
		{0x30000041, ORION_DEVICE_REFUSED},
		{UINT32_MAX, ORION_DEVICE_REFUSED},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fake *fake = fake_make(0);
		struct virtio_device *device = device_make(fake, VIRTIO_ACKNOWLEDGED);
		bool refused = rows[i].expected != ORION_OK;

		test_note("row %u", i);
		fake->ops.legacy = true;
		fake->ops.features_told = features_told;
		fake->status = device->status = 3;
		device->offered = 0x7fffffff;
		told = rows[i].told;
		EXPECT_EQ(orion_virtio_negotiate(device, 0x30000040), rows[i].expected);
		EXPECT_EQ(fake->reports[ORION_EVENT_FEATURES_REFUSED], refused);
		EXPECT(!refused || fake->report[ORION_EVENT_FEATURES_REFUSED][1] == 0x30000040);
	}
}

TEST(device_device__reset_waits_for_zero)
{
	struct fake *fake = fake_make(0);
	struct virtio_device *device = device_make(fake, VIRTIO_LIVE);

	fake->reset_sticks = 15;
	fake->reset_reads = 40;
	EXPECT_EQ(orion_virtio_reset(device), ORION_OK);
	EXPECT_EQ(device->state, VIRTIO_RESET);
	EXPECT(fake->paused > 0 && fake->paused < 100000000);
}

TEST(device_device__reset_gives_up_after_five_seconds)
{
	struct fake *fake = fake_make(0);
	struct virtio_device *device = device_make(fake, VIRTIO_LIVE);

	fake->reset_sticks = 15;
	fake->reset_reads = UINT_MAX;
	EXPECT_EQ(orion_virtio_reset(device), ORION_TIMED_OUT);
	EXPECT_EQ(device->state, VIRTIO_DEAD);
	EXPECT(fake->now >= 5000000000 && fake->now < 6000000000);
	EXPECT_EQ(fake->reports[ORION_EVENT_RESET_TIMEOUT], 1);
	EXPECT_EQ(fake->report[ORION_EVENT_RESET_TIMEOUT][0], 15);
	EXPECT(fake->report[ORION_EVENT_RESET_TIMEOUT][1] >= 5000);
	/* A dead device may be reset again, and come back. */
	fake->reset_reads = 0;
	EXPECT_EQ(orion_virtio_reset(device), ORION_OK);
	EXPECT_EQ(device->state, VIRTIO_RESET);
}

static uint64_t
stopped_clock(void *context)
{
	(void)context;
	return 42;
}

TEST(device_device__reset_ends_although_the_clock_stands)
{
	struct fake *fake = fake_make(0);
	struct virtio_device *device = device_make(fake, VIRTIO_LIVE);

	fake->port.now_ns = stopped_clock;
	fake->reset_sticks = 1;
	fake->reset_reads = UINT_MAX;
	EXPECT_EQ(orion_virtio_reset(device), ORION_TIMED_OUT);
	EXPECT_EQ(device->state, VIRTIO_DEAD);
	EXPECT(fake->status_reads <= 100000);
}

TEST(device_device__all_ones_is_gone_for_good)
{
	struct fake *fake = fake_make(0);
	struct virtio_device *device = device_make(fake, VIRTIO_LIVE);

	fake->gone = true;
	EXPECT_EQ(orion_virtio_look(device), ORION_DEVICE_GONE);
	EXPECT_EQ(device->state, VIRTIO_GONE);
	EXPECT_EQ(fake->reports[ORION_EVENT_DEVICE_GONE], 1);
	fake_journal_clear(fake);
	orion_virtio_fail(device);
	EXPECT_EQ(orion_virtio_reset(device), ORION_DEVICE_GONE);
	fake->gone = false;
	EXPECT_EQ(orion_virtio_look(device), ORION_DEVICE_GONE);
	EXPECT_STR(fake->journal, "");
	EXPECT_EQ(fake->reports[ORION_EVENT_DEVICE_GONE], 1);
}

TEST(device_device__gone_during_reset_and_negotiation)
{
	struct fake *fake = fake_make(0);
	struct virtio_device *device = device_make(fake, VIRTIO_LIVE);

	fake->gone = true;
	EXPECT_EQ(orion_virtio_reset(device), ORION_DEVICE_GONE);
	EXPECT_EQ(device->state, VIRTIO_GONE);
	device = device_make(fake, VIRTIO_ACKNOWLEDGED);
	device->offered = VIRTIO_BIT(VIRTIO_F_VERSION_1);
	EXPECT_EQ(orion_virtio_negotiate(device, device->offered), ORION_DEVICE_GONE);
	EXPECT_EQ(device->state, VIRTIO_GONE);
	EXPECT_EQ(device->negotiated, 0);
}

TEST(device_device__features_ok_is_read_back)
{
	struct fake *fake = fake_make(0);
	struct virtio_device *device = device_make(fake, VIRTIO_ACKNOWLEDGED);

	fake->features_refused = true;
	device->offered = fake->features;
	EXPECT_EQ(orion_virtio_negotiate(device, fake->features), ORION_DEVICE_REFUSED);
	EXPECT_EQ(device->state, VIRTIO_ACKNOWLEDGED);
	EXPECT_EQ(device->negotiated, 0);
	EXPECT_EQ(fake->status_reads, 1);
	EXPECT_EQ(fake->reports[ORION_EVENT_FEATURES_REFUSED], 1);
	EXPECT_EQ(fake->report[ORION_EVENT_FEATURES_REFUSED][1], fake->features);
}

TEST(device_device__legacy_is_only_told)
{
	struct fake *fake = fake_make(0);
	struct virtio_device *device = device_make(fake, VIRTIO_ACKNOWLEDGED);

	fake->ops.legacy = true;
	fake->features_refused = true;
	device->offered = 0x3f;
	EXPECT_EQ(orion_virtio_negotiate(device, 0x21), ORION_OK);
	EXPECT_EQ(device->state, VIRTIO_NEGOTIATED);
	EXPECT_EQ(device->negotiated, 0x21);
	EXPECT_EQ(fake->driver_features, 0x21);
	EXPECT_EQ(fake->status_reads, 1);
	EXPECT_STR(fake->journal, "features! ");
}

TEST(device_device__needs_reset_breaks_a_live_device)
{
	struct fake *fake = fake_make(0);
	struct virtio_device *device = device_make(fake, VIRTIO_LIVE);

	fake->status = 15 | 64;
	EXPECT_EQ(orion_virtio_look(device), ORION_DEVICE_BROKEN);
	EXPECT_EQ(device->state, VIRTIO_BROKEN);
	fake->status = 15;
	EXPECT_EQ(orion_virtio_look(device), ORION_DEVICE_BROKEN);
	EXPECT_EQ(orion_virtio_reset(device), ORION_OK);
}

TEST(device_device__a_host_that_does_not_listen)
{
	struct fake *fake = fake_make(0);
	struct virtio_device *device = device_make(fake, VIRTIO_LIVE);

	fake->port.report = NULL;
	fake->gone = true;
	EXPECT_EQ(orion_virtio_reset(device), ORION_DEVICE_GONE);
}

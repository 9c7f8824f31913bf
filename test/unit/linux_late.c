/* SPDX-License-Identifier: MIT */
/* ports/linux/{late,wait}.c: requests that take long, and waiting for them. */
#include "desk_linux.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static struct linux_desk
begin(uint64_t features)
{
	struct linux_desk desk = linux_desk_make(features);

	linux_desk_open(&desk, 64);
	return desk;
}

/*
 * As if what is in flight had been handed over so long ago.  The fake's core has another clock, so
 * the time is written over; what was known of the oldest request still is of the same one.
 */
static void
grow_old(struct linux_desk *desk, double seconds)
{
	uint64_t ticks =
		home_linux.ticks() - (uint64_t)(seconds * (double)orion_ticks_per_second());
	uint64_t oldest = 0;

	EXPECT(vblk_oldest(desk->bench->queue, &oldest));
	if (desk->queue->lane.late.oldest == oldest)
		desk->queue->lane.late.oldest = ticks;
	for (uint32_t id = 0; id < desk->bench->queue->ring.ids; id++)
		vblk_slot_at(desk->bench->queue, id)->ticks = ticks;
}

static void
look(struct linux_desk *desk)
{
	struct orion_io *done;

	storage_turn(&desk->disk->instance);
	EXPECT_EQ(orion_queue_reap(desk->queue, &done, 1), 0);
}

/* The device is kicked when the oldest request is a second old, then at growing intervals. */
TEST(linux_late__kicks_by_age)
{
	static const struct {
		double seconds;         /* the oldest request's age */
		unsigned kicks;
	} rows[] = {{0, 0},   {0.5, 0}, {1.1, 1}, {1.2, 0}, {1.9, 0}, {2.1, 1}, {3.9, 0},
		    {4.1, 1}, {7.9, 0}, {8.1, 1}, {50, 1},  {31, 0},  {33, 1},  {63, 0},
		    {65, 1},  {95, 0},  {97, 1},  {98, 0},  {127, 0}, {129, 1}};
	struct linux_desk desk = begin(0);
	unsigned char data[512];
	struct orion_io io = {.buffer = data, .bytes = 512};
	unsigned late = 0, kicks;
	uint64_t oldest;

	/* The first kick gets lost, and the device asks for no other. */
	hand_want_kicks(&desk.bench->hand, false);
	EXPECT_EQ(linux_desk_submit(&desk, &io), 0);
	orion_queue_kick(desk.queue);
	kicks = desk.bench->fake->kicks;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		test_note("row %u", i);
		grow_old(&desk, rows[i].seconds);
		look(&desk);
		kicks += rows[i].kicks;
		late += rows[i].kicks;
		EXPECT_EQ(desk.bench->fake->kicks, kicks);
		EXPECT_EQ(desk.queue->lane.counters.late, late);
	}
	EXPECT(blk_pop(desk.bench));
	EXPECT_EQ(linux_desk_finish(&desk, &io, 0, 513), 0);
	EXPECT(!vblk_oldest(desk.bench->queue, &oldest));
	look(&desk);
	EXPECT_EQ(desk.bench->fake->kicks, kicks);
	linux_desk_close(&desk);
}

/* Who reaps only when arming says that there is something gets the same. */
TEST(linux_late__arming_looks_too)
{
	struct linux_desk desk = begin(0);
	unsigned char data[512];
	struct orion_io io = {.buffer = data, .bytes = 512};
	unsigned kicks;

	linux_desk_send(&desk, &io);
	kicks = desk.bench->fake->kicks;
	EXPECT(orion_queue_arm(desk.queue));
	grow_old(&desk, 1.1);
	EXPECT(orion_queue_arm(desk.queue));
	EXPECT_EQ(desk.bench->fake->kicks, kicks);
	storage_turn(&desk.disk->instance);
	orion_queue_disarm(desk.queue);
	EXPECT(orion_queue_arm(desk.queue));
	EXPECT_EQ(desk.bench->fake->kicks, kicks + 1);
	/* What is there is given, however late. */
	blk_complete(desk.bench, &desk.bench->chain, 0, 513);
	grow_old(&desk, 2.1);
	storage_turn(&desk.disk->instance);
	EXPECT(!orion_queue_arm(desk.queue));
	EXPECT_EQ(desk.bench->fake->kicks, kicks + 1);
	linux_desk_close(&desk);
}

/* Kicked for three times in a row: every kick is sent from then on, on this connection. */
TEST(linux_late__kicks_unasked)
{
	struct linux_desk desk = begin(0);
	unsigned char data[512];
	struct orion_io io = {.buffer = data, .bytes = 512};

	hand_want_kicks(&desk.bench->hand, false);
	for (unsigned i = 0; i < 6; i++) {
		unsigned kicks = desk.bench->fake->kicks;

		test_note("request %u", i);
		EXPECT_EQ(linux_desk_submit(&desk, &io), 0);
		orion_queue_kick(desk.queue);
		EXPECT_EQ(desk.bench->fake->kicks, kicks + (i >= 3));
		grow_old(&desk, 1.1);
		look(&desk);
		EXPECT_EQ(desk.bench->fake->kicks, kicks + (i >= 3) + 1);
		EXPECT(blk_pop(desk.bench));
		EXPECT_EQ(linux_desk_finish(&desk, &io, 0, 513), 0);
	}
	linux_desk_close(&desk);
}

/* The monitor has owners look when nothing came back for a second, and not before. */
TEST(linux_late__the_monitor_tells)
{
	struct linux_desk desk = begin(0);
	struct pollfd wake = {orion_queue_fd(desk.queue), POLLIN, 0};
	unsigned char data[512];
	struct orion_io io = {.buffer = data, .bytes = 512};
	uint32_t turn = desk.disk->instance.turn;

	EXPECT_EQ(storage_late_watch(&desk.disk->instance), 1000);
	linux_desk_send(&desk, &io);
	EXPECT_EQ(storage_late_watch(&desk.disk->instance), 250);
	EXPECT_EQ(desk.disk->instance.turn, turn);
	desk.queue->lane.late.given_ns -= 1100000000;
	EXPECT_EQ(storage_late_watch(&desk.disk->instance), 250);
	EXPECT_EQ(desk.disk->instance.turn, turn + 1);
	EXPECT_EQ(poll(&wake, 1, 0), 1);
	orion_queue_disarm(desk.queue);
	EXPECT_EQ(poll(&wake, 1, 0), 0);
	/* Found only now that the clock said so: the device's word got lost. */
	EXPECT_EQ(linux_desk_finish(&desk, &io, 0, 513), 0);
	EXPECT_EQ(desk.queue->lane.counters.late, 1);
	EXPECT_EQ(storage_late_watch(&desk.disk->instance), 1000);
	EXPECT_EQ(desk.disk->instance.turn, turn + 1);
	linux_desk_close(&desk);
}

/* With a deadline the connection ends, and what was in flight with it; nothing is replayed. */
TEST(linux_late__deadline)
{
	struct linux_desk desk = begin(0);
	struct pollfd wake = {desk.disk->wake, POLLIN, 0};
	unsigned char data[512];
	struct orion_io ios[3] = {{.buffer = data, .bytes = 512},
				  {.operation = ORION_FLUSH},
				  {.buffer = data, .bytes = 512, .operation = ORION_WRITE}};
	struct orion_io *done[4];

	desk.disk->instance.deadline_ms = 400;
	EXPECT_EQ(storage_late_watch(&desk.disk->instance), 100);
	EXPECT_EQ(linux_desk_submit(&desk, &ios[0]), 0);
	EXPECT_EQ(linux_desk_submit(&desk, &ios[1]), 0);
	grow_old(&desk, 0.35);
	look(&desk);
	EXPECT_EQ(poll(&wake, 1, 0), 0);
	grow_old(&desk, 0.41);
	look(&desk);
	EXPECT_EQ(poll(&wake, 1, 0), 1);
	EXPECT(desk.session->base.expired);
	/* The monitor drops it. */
	desk.session->base.users++;
	desk.disk->instance.device = NULL;
	desk.disk->instance.state = STORAGE_LOST;
	storage_turn(&desk.disk->instance);
	EXPECT_EQ(orion_queue_reap(desk.queue, done, 4), 2);
	EXPECT_EQ(ios[0].result, -ETIMEDOUT);
	EXPECT_EQ(ios[1].result, -ETIMEDOUT);
	/* What is held for the next connection is not held for longer. */
	EXPECT_EQ(linux_desk_submit(&desk, &ios[2]), 0);
	EXPECT_EQ(orion_queue_reap(desk.queue, done, 4), 0);
	storage_private(&ios[2])->segment.device_address -= 401000000;
	EXPECT_EQ(orion_queue_reap(desk.queue, done, 4), 1);
	EXPECT_EQ(ios[2].result, -ETIMEDOUT);
	EXPECT_EQ(orion_queue_in_flight(desk.queue), 0);
	linux_desk_close(&desk);
}

/* ---- waiting ---- */

static const struct test_axis ways = {"wait", {"adaptive", "poll", "event"}};
static const struct test_axis *const way[] = {&ways, NULL};

/* A device that is silent: the time given is the time it takes; polling ends by itself. */
TEST_AXES(linux_wait__ends, way, NULL)
{
	struct linux_desk desk = begin(0);
	unsigned char data[512];
	struct orion_io io = {.buffer = data, .bytes = 512}, *done;
	uint64_t before = port_now_ns();

	desk.disk->options.wait = (orion_wait)test_choice(&ways);
	linux_desk_send(&desk, &io);
	EXPECT_EQ(orion_queue_wait(desk.queue, &done, 1, 30000000), 0);
	EXPECT(port_now_ns() - before >= 29000000);
	if (desk.disk->options.wait == ORION_WAIT_POLL) {
		EXPECT_EQ(orion_queue_wait(desk.queue, &done, 1, -1), 0);
		EXPECT(port_now_ns() - before >= 129000000);
	}
	blk_complete(desk.bench, &desk.bench->chain, 0, 513);
	EXPECT_EQ(orion_queue_wait(desk.queue, &done, 1, -1), 1);
	EXPECT_EQ(orion_queue_wait(desk.queue, &done, 1, -1), 0);
	linux_desk_close(&desk);
}

/* Asks for an interrupt to sleep, for none when it is awake, and empties the descriptor. */
TEST(linux_wait__arm_and_disarm)
{
	struct linux_desk desk = begin(BIT(34));
	struct pollfd event = {orion_queue_fd(desk.queue), POLLIN, 0};
	const uint64_t one = 1;
	unsigned char data[512];
	struct orion_io io = {.buffer = data, .bytes = 512}, *done;

	EXPECT_EQ(hand_get(desk.bench->hand.driver + 2, 2), 1);
	linux_desk_send(&desk, &io);
	EXPECT(orion_queue_arm(desk.queue));
	EXPECT_EQ(hand_get(desk.bench->hand.driver + 2, 2), 0);
	EXPECT_EQ(write(desk.disk->events[0], &one, sizeof(one)), (ssize_t)sizeof(one));
	EXPECT_EQ(poll(&event, 1, 0), 1);
	orion_queue_disarm(desk.queue);
	EXPECT_EQ(poll(&event, 1, 0), 0);
	EXPECT_EQ(hand_get(desk.bench->hand.driver + 2, 2), 1);
	blk_complete(desk.bench, &desk.bench->chain, 0, 513);
	EXPECT(!orion_queue_arm(desk.queue));
	EXPECT_EQ(orion_queue_reap(desk.queue, &done, 1), 1);
	linux_desk_close(&desk);
}

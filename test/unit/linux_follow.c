/* SPDX-License-Identifier: MIT */
/* ports/linux/connection/follow.c, io.c: requests and the connections that are lost under them. */
#include "desk_connection.h"

#include <errno.h>

#define MANY 12u

static void
submit(struct desk_disk *desk, struct orion_io *io)
{
	EXPECT_EQ(orion_queue_submit(desk->queue, &io, 1), 1);
	orion_queue_kick(desk->queue);
}

/* Takes what CONNECTION was given; the sectors must be FIRST, FIRST + STEP, ... */
static unsigned
take_in_order(struct desk_connection *connection, uint64_t first, uint64_t step)
{
	struct desk_request request;
	unsigned count = 0;

	for (; desk_take(connection, &request); count++)
		EXPECT_EQ(request.sector, first + count * step);
	return count;
}

static void
stopped(struct desk_connection *connection)
{
	connection->session.base.end = STORAGE_STOPPED;
}

/* However many connections take a part of them and die: in the order of submission, each time. */
TEST(linux_follow__replays_in_order)
{
	static unsigned char buffer[MANY][8192];
	/* Room for the bounce copies of eight. */
	struct desk_disk *desk = desk_disk_make(1, 16, 64);
	struct orion_io io[MANY], *done[MANY];
	struct desk_connection *connection;
	unsigned got = 0;

	/* Not connected: all wait. */
	for (unsigned i = 0; i < MANY; i++) {
		io[i] = (struct orion_io){.operation = ORION_WRITE,
					  .buffer = buffer[i],
					  .bytes = sizeof(buffer[i]),
					  .offset = i * sizeof(buffer[i])};
		submit(desk, &io[i]);
	}
	for (unsigned i = 0; i < 3; i++) {
		connection = desk_connect(desk, STORAGE_PROMISE_FLUSH);
		storage_follow(&desk->queue->lane);
		EXPECT_EQ(take_in_order(connection, 0, 16), 8);
		desk_lose(desk);
		stopped(connection);
		storage_follow(&desk->queue->lane);
	}
	connection = desk_connect(desk, STORAGE_PROMISE_FLUSH);
	for (unsigned i = 0; i < 2 * MANY; i++) {
		struct desk_request request;

		while (desk_take(connection, &request))
			desk_complete(connection, &request);
		got += orion_queue_reap(desk->queue, done + got, MANY - got);
	}
	EXPECT_EQ(got, MANY);
	for (unsigned i = 0; i < MANY; i++) {
		EXPECT(done[i] == &io[i]);
		EXPECT_EQ(io[i].result, 0);
	}
	desk_disk_free(desk);
}

/* As many as there is room for, and one that ends at once: it is refused, the others come back. */
TEST(linux_follow__never_more_than_the_depth)
{
	enum {
		DEPTH = 4
	};
	static unsigned char buffer[512];
	struct desk_disk *desk = desk_disk_make(1, DEPTH, 64);
	struct desk_connection *connection = desk_connect(desk, STORAGE_PROMISE_STABLE);
	struct orion_io io[DEPTH], flush = {.operation = ORION_FLUSH}, *ios = &flush;
	struct orion_io *done[DEPTH + 1];
	struct desk_request request;
	unsigned got = 0;

	for (unsigned i = 0; i < DEPTH; i++) {
		io[i] = (struct orion_io){.buffer = buffer, .bytes = sizeof(buffer)};
		submit(desk, &io[i]);
	}
	EXPECT_EQ(orion_queue_submit(desk->queue, &ios, 1), 0);
	EXPECT_EQ(orion_queue_refusal(desk->queue), -EAGAIN);
	desk_lose(desk);
	stopped(connection);
	connection = desk_connect(desk, STORAGE_PROMISE_STABLE);
	EXPECT_EQ(orion_queue_reap(desk->queue, done, DEPTH), 0);
	while (desk_take(connection, &request))
		desk_complete(connection, &request);
	for (unsigned i = 0; i < 4; i++)
		got += orion_queue_reap(desk->queue, done + got, DEPTH + 1 - got);
	EXPECT_EQ(got, DEPTH);
	EXPECT_EQ(orion_queue_in_flight(desk->queue), 0);
	for (unsigned i = 0; i < DEPTH; i++)
		EXPECT(done[i] == &io[i]);
	desk_disk_free(desk);
}

/* A write, and a read, are in flight when the connection is lost and another is there. */
struct doubt {
	struct desk_disk *desk;
	struct desk_connection *old, *new;
	struct orion_io write, read, later;
	unsigned char buffer[512];
};

static struct doubt *
doubt_make(void)
{
	static struct doubt doubt;

	doubt = (struct doubt){.desk = desk_disk_make(1, 4, 64)};
	doubt.write = (struct orion_io){
		.operation = ORION_WRITE, .buffer = doubt.buffer, .bytes = sizeof(doubt.buffer)};
	doubt.read = (struct orion_io){
		.buffer = doubt.buffer, .bytes = sizeof(doubt.buffer), .offset = 512};
	doubt.later = doubt.write;
	doubt.later.offset = 1024;
	doubt.old = desk_connect(doubt.desk, STORAGE_PROMISE_FLUSH);
	submit(doubt.desk, &doubt.write);
	submit(doubt.desk, &doubt.read);
	EXPECT_EQ(take_in_order(doubt.old, 0, 1), 2);
	desk_lose(doubt.desk);
	doubt.new = desk_connect(doubt.desk, STORAGE_PROMISE_FLUSH);
	return &doubt;
}

/* The owner looks; so many requests have reached the new device since the last call. */
static unsigned
look(struct doubt *doubt, uint64_t first)
{
	struct orion_io *done;

	EXPECT_EQ(orion_queue_reap(doubt->desk->queue, &done, 1), 0);
	return take_in_order(doubt->new, first, 1);
}

/* Nothing is replayed, nor overtaken, before the old device is known to have stopped. */
TEST(linux_follow__waits_for_the_old_device)
{
	struct doubt *doubt = doubt_make();
	unsigned users = doubt->old->session.base.users;

	EXPECT_EQ(look(doubt, 0), 0);
	submit(doubt->desk, &doubt->later);
	EXPECT_EQ(look(doubt, 0), 0);
	stopped(doubt->old);
	storage_turn(&doubt->desk->disk.instance);
	EXPECT_EQ(look(doubt, 0), 3);
	EXPECT_EQ(doubt->old->session.base.users, users - 1);
	EXPECT(doubt->desk->queue->lane.doubt == NULL);
	desk_disk_free(doubt->desk);
}

/* Nobody knows, and the time is over: its writes fail, and what can do no harm is done again. */
TEST(linux_follow__fails_what_is_doubted)
{
	struct doubt *doubt = doubt_make();
	struct orion_io *done;

	submit(doubt->desk, &doubt->later);
	doubt->old->session.base.end = STORAGE_DOUBTED;
	storage_turn(&doubt->desk->disk.instance);
	storage_follow(&doubt->desk->queue->lane);
	EXPECT_EQ(take_in_order(doubt->new, 1, 1), 2);
	EXPECT_EQ(orion_queue_reap(doubt->desk->queue, &done, 1), 1);
	EXPECT(done == &doubt->write);
	EXPECT_EQ(done->result, -ENODEV);
	EXPECT_EQ(orion_queue_in_flight(doubt->desk->queue), 2);
	desk_disk_free(doubt->desk);
}

/* Reads alone are waited for by nobody: they change nothing. */
TEST(linux_follow__reads_need_no_proof)
{
	static unsigned char buffer[512];
	struct desk_disk *desk = desk_disk_make(1, 4, 64);
	struct orion_io io = {.buffer = buffer, .bytes = sizeof(buffer)};
	struct desk_connection *connection = desk_connect(desk, STORAGE_PROMISE_FLUSH);

	submit(desk, &io);
	EXPECT_EQ(take_in_order(connection, 0, 1), 1);
	desk_lose(desk);
	connection = desk_connect(desk, STORAGE_PROMISE_FLUSH);
	storage_follow(&desk->queue->lane);
	EXPECT_EQ(take_in_order(connection, 0, 1), 1);
	desk_disk_free(desk);
}

/* While requests fail, all that is held does, and the old device is of no more interest. */
TEST(linux_follow__fails_while_away)
{
	struct doubt *doubt = doubt_make();
	struct orion_io *done[4];

	desk_lose(doubt->desk);
	doubt->desk->disk.instance.state = STORAGE_FAILED;
	storage_turn(&doubt->desk->disk.instance);
	EXPECT_EQ(orion_queue_reap(doubt->desk->queue, done, 4), 2);
	EXPECT_EQ(doubt->write.result, -ENODEV);
	EXPECT_EQ(doubt->read.result, -ENODEV);
	EXPECT(doubt->desk->queue->lane.doubt == NULL);
	/* It comes back. */
	stopped(doubt->new);
	doubt->new = desk_connect(doubt->desk, STORAGE_PROMISE_FLUSH);
	submit(doubt->desk, &doubt->later);
	EXPECT_EQ(take_in_order(doubt->new, 2, 1), 1);
	desk_disk_free(doubt->desk);
}

/* What the library asked for itself is not the program's; what was written is remembered. */
TEST(linux_follow__counts_the_program_s_requests)
{
	static unsigned char buffer[512];
	struct desk_disk *desk = desk_disk_make(2, 4, 64);
	struct desk_connection *connection = desk_connect(desk, STORAGE_PROMISE_FLUSH);
	struct orion_io io = {.buffer = buffer, .bytes = 512, .operation = ORION_WRITE};
	struct vblk_queue_stats stats;
	struct desk_request request;
	struct orion_io *done;

	connection->session.asking.submitted = connection->session.asking.completed = 1;
	connection->session.asking.latency_max_ticks = 77;
	connection->session.base.asking = &connection->session.asking;
	storage_follow(&desk->queue->lane);
	storage_follow(&desk->disk.queues[1]->lane);
	EXPECT_EQ(desk->queue->lane.past.submitted, UINT64_MAX);
	EXPECT_EQ(desk->queue->lane.past.latency_max_ticks, 0);
	EXPECT_EQ(desk->disk.queues[1]->lane.past.submitted, 0);
	submit(desk, &io);
	EXPECT(desk_take(connection, &request));
	desk_complete(connection, &request);
	EXPECT_EQ(orion_queue_reap(desk->queue, &done, 1), 1);
	EXPECT_EQ(orion_queue_stats(desk->queue, &stats, NULL), 0);
	/* Ours is taken off, though the fake never saw it. */
	EXPECT_EQ(stats.submitted, 0);
	desk_lose(desk);
	desk->disk.instance.wrote = false;
	stopped(connection);
	desk_connect(desk, STORAGE_PROMISE_FLUSH);
	storage_follow(&desk->queue->lane);
	EXPECT(desk->disk.instance.wrote);
	EXPECT_EQ(desk->queue->lane.past.writes, 1);
	desk_disk_free(desk);
}

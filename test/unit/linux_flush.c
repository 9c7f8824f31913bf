/* SPDX-License-Identifier: MIT */
/* flush.c of ports/linux/connection: what a flush may claim of connections that differ. */
#include "desk_connection.h"

#include <errno.h>

static struct orion_io
flush_io(void)
{
	return (struct orion_io){.operation = ORION_FLUSH};
}

/* Flushes on QUEUE, whose device does its part: what the program is told. */
static int
flush(struct orion_queue *queue)
{
	struct orion_io io = flush_io();
	struct storage_lane *lane = &queue->lane;
	orion_status status = storage_flush_begin(lane, &io);

	if (status == STORAGE_FINISHED) {
		struct orion_io *done;

		EXPECT_EQ(storage_take_ready(lane, &done, 1), 1);
		EXPECT(done == &io);
		return io.result;
	}
	EXPECT_EQ(status, ORION_OK);
	status = storage_flush_end(lane, &io, ORION_OK);
	storage_flush_drop(lane, &io);
	return storage_result(lane, status);
}

/* QUEUE has acknowledged one write more. */
static void
acknowledge(struct orion_queue *queue)
{
	queue->lane.writes++;
}

/* All queues follow the disk's connection. */
static void
follow(struct desk_disk *desk)
{
	for (unsigned i = 0; i < desk->disk.instance.lane_count; i++)
		storage_follow(&desk->disk.queues[i]->lane);
}

/* What a connection promised decides what its loss means, whatever the next one promises. */
TEST(linux_flush__each_promise)
{
	static const struct {
		enum storage_promise first, second;
		bool durable;
		int told[2];    /* by two flushes on the second */
	} rows[] = {
		{STORAGE_PROMISE_FLUSH, STORAGE_PROMISE_FLUSH, false, {-ESTALE, 0}},
		{STORAGE_PROMISE_STABLE, STORAGE_PROMISE_FLUSH, false, {0, 0}},
		{STORAGE_PROMISE_STABLE, STORAGE_PROMISE_STABLE, false, {0, 0}},
		{STORAGE_PROMISE_FLUSH, STORAGE_PROMISE_STABLE, false, {-ESTALE, 0}},
		{STORAGE_PROMISE_NONE, STORAGE_PROMISE_FLUSH, false, {-ESTALE, 0}},
		{STORAGE_PROMISE_NONE, STORAGE_PROMISE_STABLE, false, {-ESTALE, 0}},
		{STORAGE_PROMISE_NONE, STORAGE_PROMISE_NONE, false, {-ESTALE, -EOPNOTSUPP}},
		{STORAGE_PROMISE_FLUSH, STORAGE_PROMISE_FLUSH, true, {0, 0}},
		{STORAGE_PROMISE_NONE, STORAGE_PROMISE_NONE, true, {0, 0}},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct desk_disk *desk = desk_disk_make(1, 4, 64);

		test_note("row %u", i);
		desk->disk.instance.durable = rows[i].durable;
		desk_connect(desk, rows[i].first);
		follow(desk);
		acknowledge(desk->queue);
		desk_lose(desk);
		desk_connect(desk, rows[i].second);
		follow(desk);
		EXPECT_EQ(flush(desk->queue), rows[i].told[0]);
		EXPECT_EQ(flush(desk->queue), rows[i].told[1]);
		desk_disk_free(desk);
	}
}

/* A connection that needs no flush is sent none, one that promises nothing claims nothing. */
TEST(linux_flush__answers_by_itself)
{
	static const int told[] = {-EOPNOTSUPP, 0, 0};

	for (enum storage_promise promise = STORAGE_PROMISE_NONE; promise <= STORAGE_PROMISE_STABLE;
	     promise++) {
		struct desk_disk *desk = desk_disk_make(1, 4, 64);
		struct desk_connection *connection = desk_connect(desk, promise);
		struct orion_io io = flush_io(), *ios = &io, *done;
		struct desk_request request;

		EXPECT_EQ(orion_queue_submit(desk->queue, &ios, 1), 1);
		orion_queue_kick(desk->queue);
		EXPECT_EQ(desk_take(connection, &request), promise == STORAGE_PROMISE_FLUSH);
		if (promise == STORAGE_PROMISE_FLUSH)
			desk_complete(connection, &request);
		EXPECT_EQ(orion_queue_reap(desk->queue, &done, 1), 1);
		EXPECT_EQ(io.result, told[promise]);
		EXPECT_EQ(desk->queue->lane.marks_left, 4);
		desk_disk_free(desk);
	}
}

/* A loss is told once to each queue, and no more than once when it was noticed twice. */
TEST(linux_flush__told_once_a_queue)
{
	struct desk_disk *desk = desk_disk_make(3, 4, 64);

	desk_connect(desk, STORAGE_PROMISE_FLUSH);
	follow(desk);
	acknowledge(desk->disk.queues[1]);
	desk_lose(desk);
	desk_connect(desk, STORAGE_PROMISE_FLUSH);
	follow(desk);
	for (unsigned i = 0; i < 3; i++) {
		EXPECT_EQ(flush(desk->disk.queues[i]), -ESTALE);
		EXPECT_EQ(flush(desk->disk.queues[i]), 0);
		EXPECT_EQ(desk->disk.queues[i]->lane.counters.stale_flushes, 1);
	}
	EXPECT_EQ(desk->disk.instance.stale, 1);
	desk_disk_free(desk);
}

/* What was acknowledged after the loss, before the owner looked, is lost as well. */
TEST(linux_flush__acknowledged_between_loss_and_leaving)
{
	struct desk_disk *desk = desk_disk_make(2, 4, 64);

	desk_connect(desk, STORAGE_PROMISE_FLUSH);
	follow(desk);
	desk_lose(desk);
	acknowledge(desk->disk.queues[1]);
	desk_connect(desk, STORAGE_PROMISE_FLUSH);
	storage_follow(&desk->disk.queues[0]->lane);
	/* The other has not followed: whoever flushes looks at it. */
	EXPECT_EQ(flush(desk->disk.queues[0]), -ESTALE);
	EXPECT_EQ(flush(desk->disk.queues[0]), 0);
	acknowledge(desk->disk.queues[1]);
	storage_follow(&desk->disk.queues[1]->lane);
	EXPECT_EQ(flush(desk->disk.queues[1]), -ESTALE);
	EXPECT_EQ(flush(desk->disk.queues[0]), -ESTALE);
	desk_disk_free(desk);
}

/* A flush covers nothing that was acknowledged on another connection, older or newer. */
TEST(linux_flush__covers_its_own_connection)
{
	for (unsigned newer = 0; newer < 2; newer++) {
		struct desk_disk *desk = desk_disk_make(2, 4, 64);
		struct orion_queue *one = desk->disk.queues[0], *other = desk->disk.queues[1];
		struct orion_io io = flush_io();

		test_note("newer %u", newer);
		desk_connect(desk, STORAGE_PROMISE_FLUSH);
		follow(desk);
		if (!newer) {
			desk_lose(desk);
			desk_connect(desk, STORAGE_PROMISE_FLUSH);
			storage_follow(&one->lane);
			EXPECT_EQ(storage_flush_begin(&one->lane, &io), 0);
			acknowledge(other);
		} else {
			desk_lose(desk);
			desk_connect(desk, STORAGE_PROMISE_FLUSH);
			storage_follow(&other->lane);
			acknowledge(other);
			EXPECT_EQ(storage_flush_begin(&one->lane, &io), 0);
		}
		EXPECT_EQ(storage_flush_end(&one->lane, &io, ORION_OK), ORION_OK);
		storage_flush_drop(&one->lane, &io);
		EXPECT_EQ(other->lane.covered, 0);
		desk_lose(desk);
		EXPECT_EQ(desk->disk.instance.stale, newer);
		storage_follow(&other->lane);
		EXPECT_EQ(desk->disk.instance.stale, 1);
		desk_disk_free(desk);
	}
}

/* One that is on its way when a loss is found says so, and one that failed covers nothing. */
TEST(linux_flush__in_flight)
{
	struct desk_disk *desk = desk_disk_make(2, 4, 64);
	struct orion_queue *one = desk->disk.queues[0], *other = desk->disk.queues[1];
	struct orion_io io = flush_io();

	desk_connect(desk, STORAGE_PROMISE_FLUSH);
	follow(desk);
	acknowledge(one);
	EXPECT_EQ(storage_flush_begin(&one->lane, &io), 0);
	EXPECT_EQ(storage_flush_end(&one->lane, &io, ORION_IO_ERROR), ORION_IO_ERROR);
	storage_flush_drop(&one->lane, &io);
	EXPECT_EQ(one->lane.covered, 0);
	EXPECT_EQ(storage_flush_begin(&one->lane, &io), 0);
	acknowledge(other);
	desk_lose(desk);
	EXPECT_EQ(storage_flush_end(&one->lane, &io, ORION_OK), ORION_STALE);
	storage_flush_drop(&one->lane, &io);
	desk_disk_free(desk);
}

/* It covers what was acknowledged before it on every queue, and not what came later. */
TEST(linux_flush__marks)
{
	struct desk_disk *desk = desk_disk_make(2, 4, 64);
	struct orion_queue *one = desk->disk.queues[0], *other = desk->disk.queues[1];
	struct orion_io io = flush_io();

	desk_connect(desk, STORAGE_PROMISE_FLUSH);
	follow(desk);
	acknowledge(one);
	acknowledge(other);
	EXPECT_EQ(storage_flush_begin(&one->lane, &io), 0);
	acknowledge(one);
	EXPECT_EQ(storage_flush_end(&one->lane, &io, ORION_OK), ORION_OK);
	storage_flush_drop(&one->lane, &io);
	EXPECT_EQ(one->lane.covered, 1);
	EXPECT_EQ(other->lane.covered, 1);
	desk_lose(desk);
	EXPECT_EQ(desk->disk.instance.stale, 1);
	desk_disk_free(desk);
}

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
	int result = flush_begin(queue, &io);

	if (result == IO_FINISHED) {
		struct orion_io *done;

		EXPECT_EQ(queue_take_ready(queue, &done, 1), 1);
		EXPECT(done == &io);
		return io.result;
	}
	EXPECT_EQ(result, 0);
	result = flush_end(queue, &io, 0);
	flush_drop(queue, &io);
	return result;
}

/* QUEUE has acknowledged one write more. */
static void
acknowledge(struct orion_queue *queue)
{
	queue->writes++;
}

/* All queues follow the disk's connection. */
static void
follow(struct desk_disk *desk)
{
	for (unsigned i = 0; i < desk->disk.queue_count; i++)
		queue_follow(desk->disk.queues[i]);
}

/* What a connection promised decides what its loss means, whatever the next one promises. */
TEST(linux_flush__each_promise)
{
	static const struct {
		enum promise first, second;
		bool durable;
		int told[2];    /* by two flushes on the second */
	} rows[] = {
		{PROMISE_FLUSH, PROMISE_FLUSH, false, {-ESTALE, 0}},
		{PROMISE_STABLE, PROMISE_FLUSH, false, {0, 0}},
		{PROMISE_STABLE, PROMISE_STABLE, false, {0, 0}},
		{PROMISE_FLUSH, PROMISE_STABLE, false, {-ESTALE, 0}},
		{PROMISE_NONE, PROMISE_FLUSH, false, {-ESTALE, 0}},
		{PROMISE_NONE, PROMISE_STABLE, false, {-ESTALE, 0}},
		{PROMISE_NONE, PROMISE_NONE, false, {-ESTALE, -EOPNOTSUPP}},
		{PROMISE_FLUSH, PROMISE_FLUSH, true, {0, 0}},
		{PROMISE_NONE, PROMISE_NONE, true, {0, 0}},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct desk_disk *desk = desk_disk_make(1, 4, 64);

		test_note("row %u", i);
		desk->disk.options.durable = rows[i].durable;
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

	for (enum promise promise = PROMISE_NONE; promise <= PROMISE_STABLE; promise++) {
		struct desk_disk *desk = desk_disk_make(1, 4, 64);
		struct desk_connection *connection = desk_connect(desk, promise);
		struct orion_io io = flush_io(), *ios = &io, *done;
		struct desk_request request;

		EXPECT_EQ(orion_queue_submit(desk->queue, &ios, 1), 1);
		orion_queue_kick(desk->queue);
		EXPECT_EQ(desk_take(connection, &request), promise == PROMISE_FLUSH);
		if (promise == PROMISE_FLUSH)
			desk_complete(connection, &request);
		EXPECT_EQ(orion_queue_reap(desk->queue, &done, 1), 1);
		EXPECT_EQ(io.result, told[promise]);
		EXPECT_EQ(desk->queue->marks_left, 4);
		desk_disk_free(desk);
	}
}

/* A loss is told once to each queue, and no more than once when it was noticed twice. */
TEST(linux_flush__told_once_a_queue)
{
	struct desk_disk *desk = desk_disk_make(3, 4, 64);

	desk_connect(desk, PROMISE_FLUSH);
	follow(desk);
	acknowledge(desk->disk.queues[1]);
	desk_lose(desk);
	desk_connect(desk, PROMISE_FLUSH);
	follow(desk);
	for (unsigned i = 0; i < 3; i++) {
		EXPECT_EQ(flush(desk->disk.queues[i]), -ESTALE);
		EXPECT_EQ(flush(desk->disk.queues[i]), 0);
		EXPECT_EQ(desk->disk.queues[i]->counters.stale_flushes, 1);
	}
	EXPECT_EQ(desk->disk.stale, 1);
	desk_disk_free(desk);
}

/* What was acknowledged after the loss, before the owner looked, is lost as well. */
TEST(linux_flush__acknowledged_between_loss_and_leaving)
{
	struct desk_disk *desk = desk_disk_make(2, 4, 64);

	desk_connect(desk, PROMISE_FLUSH);
	follow(desk);
	desk_lose(desk);
	acknowledge(desk->disk.queues[1]);
	desk_connect(desk, PROMISE_FLUSH);
	queue_follow(desk->disk.queues[0]);
	/* The other has not followed: whoever flushes looks at it. */
	EXPECT_EQ(flush(desk->disk.queues[0]), -ESTALE);
	EXPECT_EQ(flush(desk->disk.queues[0]), 0);
	acknowledge(desk->disk.queues[1]);
	queue_follow(desk->disk.queues[1]);
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
		desk_connect(desk, PROMISE_FLUSH);
		follow(desk);
		if (!newer) {
			desk_lose(desk);
			desk_connect(desk, PROMISE_FLUSH);
			queue_follow(one);
			EXPECT_EQ(flush_begin(one, &io), 0);
			acknowledge(other);
		} else {
			desk_lose(desk);
			desk_connect(desk, PROMISE_FLUSH);
			queue_follow(other);
			acknowledge(other);
			EXPECT_EQ(flush_begin(one, &io), 0);
		}
		EXPECT_EQ(flush_end(one, &io, 0), 0);
		flush_drop(one, &io);
		EXPECT_EQ(other->covered, 0);
		desk_lose(desk);
		EXPECT_EQ(desk->disk.stale, newer);
		queue_follow(other);
		EXPECT_EQ(desk->disk.stale, 1);
		desk_disk_free(desk);
	}
}

/* One that is on its way when a loss is found says so, and one that failed covers nothing. */
TEST(linux_flush__in_flight)
{
	struct desk_disk *desk = desk_disk_make(2, 4, 64);
	struct orion_queue *one = desk->disk.queues[0], *other = desk->disk.queues[1];
	struct orion_io io = flush_io();

	desk_connect(desk, PROMISE_FLUSH);
	follow(desk);
	acknowledge(one);
	EXPECT_EQ(flush_begin(one, &io), 0);
	EXPECT_EQ(flush_end(one, &io, -EIO), -EIO);
	flush_drop(one, &io);
	EXPECT_EQ(one->covered, 0);
	EXPECT_EQ(flush_begin(one, &io), 0);
	acknowledge(other);
	desk_lose(desk);
	EXPECT_EQ(flush_end(one, &io, 0), -ESTALE);
	flush_drop(one, &io);
	desk_disk_free(desk);
}

/* It covers what was acknowledged before it on every queue, and not what came later. */
TEST(linux_flush__marks)
{
	struct desk_disk *desk = desk_disk_make(2, 4, 64);
	struct orion_queue *one = desk->disk.queues[0], *other = desk->disk.queues[1];
	struct orion_io io = flush_io();

	desk_connect(desk, PROMISE_FLUSH);
	follow(desk);
	acknowledge(one);
	acknowledge(other);
	EXPECT_EQ(flush_begin(one, &io), 0);
	acknowledge(one);
	EXPECT_EQ(flush_end(one, &io, 0), 0);
	flush_drop(one, &io);
	EXPECT_EQ(one->covered, 1);
	EXPECT_EQ(other->covered, 1);
	desk_lose(desk);
	EXPECT_EQ(desk->disk.stale, 1);
	desk_disk_free(desk);
}

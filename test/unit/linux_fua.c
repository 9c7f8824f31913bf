/* SPDX-License-Identifier: MIT */
/* Writes that are stable when they complete (ORION_FUA): a flush behind each, over any loss. */
#include "desk_connection.h"

#include <errno.h>
#include <string.h>

#include "spec/virtio_blk.h"

#define BYTES 4096u

static unsigned char buffer[BYTES];

static struct orion_io
fua(void)
{
	return (struct orion_io){.operation = ORION_WRITE,
				 .flags = ORION_FUA,
				 .buffer = buffer,
				 .bytes = BYTES,
				 .offset = BYTES};
}

static int
submit(struct desk_disk *desk, struct orion_io *io)
{
	unsigned taken = orion_queue_submit(desk->queue, &io, 1);

	orion_queue_kick(desk->queue);
	return taken == 1 ? 0 : orion_queue_refusal(desk->queue);
}

/* The device is given a request of TYPE next, and no other. */
static struct desk_request
take(struct desk_connection *connection, uint32_t type)
{
	struct desk_request request, more;

	EXPECT(desk_take(connection, &request));
	EXPECT_EQ(request.type, type);
	EXPECT(!desk_take(connection, &more));
	return request;
}

static void
complete(struct desk_connection *connection, uint32_t type)
{
	struct desk_request request = take(connection, type);

	desk_complete(connection, &request);
}

/* Nothing is given back yet. */
static void
nothing(struct desk_disk *desk)
{
	struct orion_io *done[2];

	EXPECT_EQ(orion_queue_reap(desk->queue, done, 2), 0);
	EXPECT_EQ(orion_queue_in_flight(desk->queue), 1);
}

/* IO alone is given back, with RESULT. */
static void
given(struct desk_disk *desk, struct orion_io *io, int result)
{
	struct orion_io *done[2];

	EXPECT_EQ(orion_queue_reap(desk->queue, done, 2), 1);
	EXPECT(done[0] == io);
	EXPECT_EQ(io->result, result);
	EXPECT_EQ(orion_queue_in_flight(desk->queue), 0);
}

static struct desk_connection *
connect(struct desk_disk *desk, enum storage_promise promise)
{
	struct desk_connection *connection = desk_connect(desk, promise);

	storage_follow(&desk->queue->lane);
	return connection;
}

static void
lose(struct desk_disk *desk, struct desk_connection *connection)
{
	desk_lose(desk);
	connection->session.base.end = STORAGE_STOPPED;
}

TEST(linux_fua__flushes_behind)
{
	struct desk_disk *desk = desk_disk_make(1, 4, 64);
	struct desk_connection *connection = connect(desk, STORAGE_PROMISE_FLUSH);
	struct orion_io io = fua();

	/* Twice with the same struct, as programs do. */
	for (unsigned i = 0; i < 2; i++) {
		EXPECT_EQ(submit(desk, &io), 0);
		complete(connection, VIRTIO_BLK_T_OUT);
		nothing(desk);
		complete(connection, VIRTIO_BLK_T_FLUSH);
		given(desk, &io, 0);
	}
	/* Its bounce memory and its mark are there again. */
	EXPECT_EQ(desk->queue->lane.bounce.free, 16);
	EXPECT_EQ(desk->queue->lane.marks_left, 4);
	/* What is stable cannot be lost. */
	lose(desk, connection);
	EXPECT_EQ(desk->disk.instance.stale, 0);
	desk_disk_free(desk);
}

/* Others in the same batch are given back at once, in the order in which they completed. */
TEST(linux_fua__among_others)
{
	struct desk_disk *desk = desk_disk_make(1, 4, 64);
	struct desk_connection *connection = connect(desk, STORAGE_PROMISE_FLUSH);
	struct orion_io first = fua(), second = fua(), *done[4];
	struct desk_request request;

	second.flags = 0;
	EXPECT_EQ(submit(desk, &first), 0);
	EXPECT_EQ(submit(desk, &second), 0);
	while (desk_take(connection, &request))
		desk_complete(connection, &request);
	EXPECT_EQ(orion_queue_reap(desk->queue, done, 4), 1);
	EXPECT(done[0] == &second);
	complete(connection, VIRTIO_BLK_T_FLUSH);
	given(desk, &first, 0);
	desk_disk_free(desk);
}

/* Where every write is stable nothing is to be flushed; where none is promised, there is none. */
TEST(linux_fua__each_promise)
{
	struct desk_disk *desk = desk_disk_make(1, 4, 64);
	struct desk_connection *connection = connect(desk, STORAGE_PROMISE_STABLE);
	struct orion_io io = fua();

	EXPECT_EQ(submit(desk, &io), 0);
	complete(connection, VIRTIO_BLK_T_OUT);
	given(desk, &io, 0);
	desk_disk_free(desk);

	desk = desk_disk_make(1, 4, 64);
	connection = connect(desk, STORAGE_PROMISE_NONE);
	EXPECT_EQ(submit(desk, &io), -EOPNOTSUPP);
	EXPECT(strstr(orion_queue_refusal_text(desk->queue), "promises nothing") != NULL);
	/* The user's promise. */
	desk->disk.instance.durable = true;
	EXPECT_EQ(submit(desk, &io), 0);
	complete(connection, VIRTIO_BLK_T_OUT);
	given(desk, &io, 0);
	desk_disk_free(desk);
}

TEST(linux_fua__of_writes_only)
{
	struct desk_disk *desk = desk_disk_make(1, 4, 64);
	struct orion_io io = fua();

	(void)connect(desk, STORAGE_PROMISE_FLUSH);
	io.operation = ORION_READ;
	EXPECT_EQ(submit(desk, &io), -EINVAL);
	EXPECT(strstr(orion_queue_refusal_text(desk->queue), "ORION_FUA") != NULL);
	io.operation = ORION_FLUSH;
	EXPECT_EQ(submit(desk, &io), -EINVAL);
	io = fua();
	io.flags = ORION_FUA | 2;
	EXPECT_EQ(submit(desk, &io), -EINVAL);
	desk_disk_free(desk);
}

static const struct test_axis moment = {"moment", {"writing", "flushing", "between"}};
static const struct test_axis *const axes[] = {&moment, NULL};

/* The device is lost at any moment: the next gets write and flush, the program one answer. */
TEST_AXES(linux_fua__over_a_loss, axes, NULL)
{
	struct desk_disk *desk = desk_disk_make(1, 4, 64);
	struct desk_connection *connection = connect(desk, STORAGE_PROMISE_FLUSH);
	struct orion_io io = fua(), other = {.operation = ORION_FLUSH}, *done;
	unsigned when = test_choice(&moment);

	EXPECT_EQ(submit(desk, &io), 0);
	if (when == 2) {
		/* No mark is left for its flush, which waits. */
		desk->queue->lane.marks_left = 0;
	}
	if (when == 0) {
		take(connection, VIRTIO_BLK_T_OUT);
	} else {
		complete(connection, VIRTIO_BLK_T_OUT);
		nothing(desk);
	}
	if (when == 1)
		take(connection, VIRTIO_BLK_T_FLUSH);
	lose(desk, connection);
	if (when == 2)
		desk->queue->lane.marks_left = 4;
	storage_follow(&desk->queue->lane);
	connection = connect(desk, STORAGE_PROMISE_FLUSH);
	complete(connection, VIRTIO_BLK_T_OUT);
	nothing(desk);
	complete(connection, VIRTIO_BLK_T_FLUSH);
	given(desk, &io, 0);
	/* Nothing that was told of is lost. */
	EXPECT_EQ(submit(desk, &other), 0);
	complete(connection, VIRTIO_BLK_T_FLUSH);
	EXPECT_EQ(orion_queue_reap(desk->queue, &done, 1), 1);
	EXPECT_EQ(other.result, 0);
	desk_disk_free(desk);
}

/*
 * One is written, and its flush waits for a mark; another write is still with the device.  The
 * device is lost, and nobody knows whether it has stopped: both fail, and neither is done again.
 */
TEST(linux_fua__in_doubt)
{
	struct desk_disk *desk = desk_disk_make(1, 4, 64);
	struct desk_connection *connection = connect(desk, STORAGE_PROMISE_FLUSH);
	struct orion_io first = fua(), second = fua(), *done[4];
	struct desk_request given_first, given_second;
	uint64_t before = port_now_ns();

	second.flags = 0;
	EXPECT_EQ(submit(desk, &first), 0);
	EXPECT_EQ(submit(desk, &second), 0);
	EXPECT(desk_take(connection, &given_first) && desk_take(connection, &given_second));
	desk_complete(connection, &given_first);
	desk->queue->lane.marks_left = 0;
	EXPECT_EQ(orion_queue_reap(desk->queue, done, 4), 0);
	desk_lose(desk);
	storage_follow(&desk->queue->lane);
	/* It is held since now. */
	EXPECT(storage_private(&first)->segment.device_address - before <= port_now_ns() - before);
	desk->queue->lane.marks_left = 4;
	connection->session.base.end = STORAGE_DOUBTED;
	connection = connect(desk, STORAGE_PROMISE_FLUSH);
	EXPECT(!desk_take(connection, &given_first));
	EXPECT_EQ(orion_queue_reap(desk->queue, done, 4), 2);
	EXPECT_EQ(first.result, -ENODEV);
	EXPECT_EQ(second.result, -ENODEV);
	desk_disk_free(desk);
}

/* A flush that fails, or that has a loss to tell of, is the write's result. */
TEST(linux_fua__its_flush_fails)
{
	struct desk_disk *desk = desk_disk_make(1, 4, 64);
	struct desk_connection *connection = connect(desk, STORAGE_PROMISE_FLUSH);
	struct orion_io io = fua(), plain = fua();

	plain.flags = 0;
	EXPECT_EQ(submit(desk, &plain), 0);
	complete(connection, VIRTIO_BLK_T_OUT);
	given(desk, &plain, 0);
	lose(desk, connection);
	storage_follow(&desk->queue->lane);
	connection = connect(desk, STORAGE_PROMISE_FLUSH);
	EXPECT_EQ(submit(desk, &io), 0);
	complete(connection, VIRTIO_BLK_T_OUT);
	nothing(desk);
	given(desk, &io, -ESTALE);
	EXPECT_EQ(submit(desk, &io), 0);
	complete(connection, VIRTIO_BLK_T_OUT);
	nothing(desk);
	complete(connection, VIRTIO_BLK_T_FLUSH);
	given(desk, &io, 0);
	desk_disk_free(desk);
}

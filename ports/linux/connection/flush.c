/* SPDX-License-Identifier: MIT */
/*
 * What a flush may claim.
 *
 * A back end that dies takes its cache along.  What was in flight is replayed; what it had
 * acknowledged, but not flushed, may be lost without anybody knowing.  So each queue counts its
 * acknowledged writes and how many of them a flush covers.  When a connection is lost and the two
 * differ, disk->stale moves, and the next flush of each queue says so instead of lying.
 *
 * What was acknowledged and is not covered was acknowledged on the connection that the queue
 * follows: it settles the account whenever it leaves one.  So it is judged by what that connection
 * promised, whatever those before and after it do.  Where every write that is acknowledged is
 * stable, nothing is lost.
 *
 * A flush covers what was acknowledged, on the same connection, on every queue before it was
 * submitted: its mark.  What a queue acknowledges on another connection is no matter of its own.
 */
#include "ports/linux/disk.h"

#include <errno.h>

/* Moves COVERED up to WRITES; returns whether it was below. */
static bool
cover(struct orion_queue *queue, uint64_t writes)
{
	uint64_t covered = __atomic_load_n(&queue->covered, __ATOMIC_ACQUIRE);

	while (covered < writes) {
		if (__atomic_compare_exchange_n(&queue->covered, &covered, writes, false,
						__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			return true;
	}
	return false;
}

/* What QUEUE acknowledged on the connection WORD, up to WRITES, is lost if it was not stable. */
static void
settle(struct orion_queue *queue, uint64_t word, uint64_t writes)
{
	struct orion_disk *disk = queue->disk;

	/* Under a lock: nobody may see it covered, and not yet that it is lost. */
	pthread_mutex_lock(&disk->lock);
	if (cover(queue, writes) && !disk->options.durable &&
	    connection_promise(word) != PROMISE_STABLE)
		__atomic_add_fetch(&disk->stale, 1, __ATOMIC_ACQ_REL);
	pthread_mutex_unlock(&disk->lock);
}

/* What QUEUE acknowledged, if it follows the connection WORD and no other meanwhile; else 0. */
static uint64_t
writes_on(const struct orion_queue *queue, uint64_t word)
{
	uint64_t writes;

	if (__atomic_load_n(&queue->connection, __ATOMIC_ACQUIRE) != word)
		return 0;
	writes = __atomic_load_n(&queue->writes, __ATOMIC_ACQUIRE);
	return __atomic_load_n(&queue->connection, __ATOMIC_ACQUIRE) == word ? writes : 0;
}

void
flush_lost(struct orion_queue *queue, uint32_t number)
{
	uint64_t word = __atomic_load_n(&queue->connection, __ATOMIC_ACQUIRE);

	if (connection_number(word) == number)
		settle(queue, word, writes_on(queue, word));
}

/* Queues that have not followed to this connection yet may have lost something with the last. */
static void
look_at_others(struct orion_queue *queue)
{
	const struct orion_disk *disk = queue->disk;
	uint32_t number = connection_number(queue->connection);

	for (unsigned i = 0; i < disk->queue_count; i++) {
		struct orion_queue *other = disk->queues[i];
		uint32_t theirs =
			connection_number(__atomic_load_n(&other->connection, __ATOMIC_ACQUIRE));

		if (theirs < number)
			flush_lost(other, theirs);
	}
}

static bool
is_stale(struct orion_queue *queue)
{
	uint32_t stale = __atomic_load_n(&queue->disk->stale, __ATOMIC_ACQUIRE);

	if (queue->stale_seen == stale)
		return false;
	queue->stale_seen = stale;
	count_up(&queue->counters.stale_flushes, 1);
	return true;
}

int
flush_begin(struct orion_queue *queue, struct orion_io *io)
{
	const struct orion_disk *disk = queue->disk;
	struct io_private *own = io_private(io);
	enum promise promise = connection_promise(queue->connection);
	struct flush_mark *mark;

	own->segment.length = 0;
	look_at_others(queue);
	if (is_stale(queue)) {
		queue_finish(queue, io, -ESTALE);
		return IO_FINISHED;
	}
	/*
	 * Nothing to make stable; or nobody who could, unless the user promises what no device
	 * does.
	 */
	if (promise != PROMISE_FLUSH) {
		bool stable = promise == PROMISE_STABLE || disk->options.durable;

		queue_finish(queue, io, stable ? 0 : -EOPNOTSUPP);
		return IO_FINISHED;
	}
	if (queue->marks_left == 0)
		return -EAGAIN;
	own->segment.length = queue->marks_free[--queue->marks_left] + 1u;
	mark = &queue->marks[own->segment.length - 1];
	for (unsigned i = 0; i < disk->queue_count; i++)
		mark->writes[i] = writes_on(disk->queues[i], queue->connection);
	return 0;
}

int
flush_end(struct orion_queue *queue, struct orion_io *io, int result)
{
	const struct flush_mark *mark = &queue->marks[io_private(io)->segment.length - 1];

	if (is_stale(queue))
		return -ESTALE;
	for (unsigned i = 0; result == 0 && i < queue->disk->queue_count; i++)
		cover(queue->disk->queues[i], mark->writes[i]);
	return result;
}

void
flush_drop(struct orion_queue *queue, struct orion_io *io)
{
	struct io_private *own = io_private(io);

	if (own->segment.length != 0)
		queue->marks_free[queue->marks_left++] = (uint16_t)(own->segment.length - 1);
	own->segment.length = 0;
}

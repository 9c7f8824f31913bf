/* SPDX-License-Identifier: MIT */
/*
 * What a flush may claim.
 *
 * A back end that dies takes its cache along.  What was in flight is replayed; what it had
 * acknowledged, but not flushed, may be lost without anybody knowing.  So each queue counts its
 * acknowledged writes and how many of them a flush covers.  When a connection is lost and the two
 * differ, disk->stale moves, and the next flush of each queue says so instead of lying.
 *
 * A flush covers what was acknowledged on every queue before it was submitted: its mark.
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

void
flush_lost(struct orion_queue *queue)
{
	const struct orion_disk *disk = queue->disk;

	if (disk->durable || !disk->volatile_cache)
		return;
	if (cover(queue, __atomic_load_n(&queue->writes, __ATOMIC_ACQUIRE)))
		__atomic_add_fetch(&queue->disk->stale, 1, __ATOMIC_ACQ_REL);
}

/* Queues that have not followed to this connection yet may have lost something with the last. */
static void
look_at_others(struct orion_queue *queue)
{
	const struct orion_disk *disk = queue->disk;

	for (unsigned i = 0; i < disk->queue_count; i++) {
		if (__atomic_load_n(&disk->queues[i]->session_number, __ATOMIC_ACQUIRE) !=
		    queue->session_number)
			flush_lost(disk->queues[i]);
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
	struct flush_mark *mark;

	own->segment.length = 0;
	look_at_others(queue);
	if (is_stale(queue)) {
		queue_finish(queue, io, -ESTALE);
		return IO_FINISHED;
	}
	/* Nothing to make stable: no cache. */
	if (!vblk_info(queue->session->device)->flush) {
		queue_finish(queue, io, 0);
		return IO_FINISHED;
	}
	if (queue->marks_left == 0)
		return -EAGAIN;
	own->segment.length = queue->marks_free[--queue->marks_left] + 1u;
	mark = &queue->marks[own->segment.length - 1];
	for (unsigned i = 0; i < disk->queue_count; i++)
		mark->writes[i] = __atomic_load_n(&disk->queues[i]->writes, __ATOMIC_ACQUIRE);
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

/* SPDX-License-Identifier: MIT */
/*
 * An owner leaves a connection that was lost, and follows to the next.  The manual is disk.h.
 *
 * What was in flight comes back through the core as "outcome unknown", whether or not the old back
 * end had done it: reads, writes and flushes may be done twice.  It waits in queue->held, by the
 * order of submission, and is handed over from there, once the old device is known to have stopped.
 */
#include "ports/linux/disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "arch/arch.h"

void
queue_look_again(struct orion_queue *queue)
{
	queue->turn = __atomic_load_n(&queue->disk->turn, __ATOMIC_ACQUIRE) - 1;
}

void
queue_finish(struct orion_queue *queue, struct orion_io *io, int result)
{
	unsigned at = queue->ready_first + queue->ready_count++;

	io->result = result;
	queue->ready[at % queue->depth] = io;
	queue_look_again(queue);
}

unsigned
queue_take_ready(struct orion_queue *queue, struct orion_io **done, unsigned max)
{
	unsigned count = 0;

	while (count < max && queue->ready_count > 0) {
		done[count++] = queue->ready[queue->ready_first % queue->depth];
		queue->ready_first++;
		queue->ready_count--;
	}
	return count;
}

static int
by_sequence(const void *left, const void *right)
{
	const struct orion_io *a = *(struct orion_io *const *)left;
	const struct orion_io *b = *(struct orion_io *const *)right;
	uint64_t x = ((const struct io_private *)(const void *)a->private_)->sequence;
	uint64_t y = ((const struct io_private *)(const void *)b->private_)->sequence;

	return (x > y) - (x < y);
}

/* Takes back what the connection still has: *TAKEN requests.  Returns whether one is a write. */
static bool
take_back(struct orion_queue *queue, unsigned *taken)
{
	unsigned count;
	bool writes = false;

	*taken = 0;

	vblk_queue_abandon(queue->ring);
	while ((count = vblk_reap(queue->ring, queue->completions, IO_BATCH)) != 0) {
		for (unsigned i = 0; i < count; i++) {
			struct orion_io *io =
				(struct orion_io *)(uintptr_t)queue->completions[i].cookie;

			io_release(queue, io);
			if (__atomic_load_n(&queue->session->expired, __ATOMIC_ACQUIRE)) {
				queue_finish(queue, io, -ETIMEDOUT);
				continue;
			}
			late_hold(io);
			queue->held[queue->held_count++] = io;
			count_up(&queue->counters.replayed, 1);
			writes |= io->operation == ORION_WRITE;
		}
		*taken += count;
	}
	/* Those that were given to it come first: what was held then came later. */
	qsort(queue->held, queue->held_count, sizeof(*queue->held), by_sequence);
	return writes;
}

/* The descriptor by which SESSION's device calls. */
static int
call_of(const struct orion_queue *queue, const struct session *session)
{
	return session->link.ops->call(session->link.context, queue->index);
}

static void
leave(struct orion_queue *queue)
{
	struct session *session = queue->session;
	struct vblk_queue_stats stats;
	struct vblk_irq_stats irq;
	unsigned taken;
	bool writes;

	flush_lost(queue, session->number);
	writes = take_back(queue, &taken);
	epoll_ctl(queue->event, EPOLL_CTL_DEL, call_of(queue, session), NULL);
	vblk_queue_stats(queue->ring, &stats, &irq);
	if (stats.writes != 0)
		__atomic_store_n(&queue->disk->wrote, true, __ATOMIC_RELEASE);
	pthread_mutex_lock(&queue->disk->lock);
	orion_stats_add(&queue->past, &stats);
	pthread_mutex_unlock(&queue->disk->lock);
	queue->ring = queue->kick = NULL;
	queue->session = NULL;
	if (!writes) {
		session_leave(session);
		return;
	}
	queue->doubt = session;
	queue->doubted = taken;
}

static void
forget_doubt(struct orion_queue *queue)
{
	struct session *session = queue->doubt;

	queue->doubt = NULL;
	if (session != NULL)
		session_leave(session);
}

/* What is held fails: all, or the writes among the first COUNT. */
static void
fail_held(struct orion_queue *queue, bool all, unsigned count)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < queue->held_count; i++) {
		struct orion_io *io = queue->held[i];

		if (all || (i < count && io->operation == ORION_WRITE))
			queue_finish(queue, io, -ENODEV);
		else
			queue->held[kept++] = io;
	}
	queue->held_count = kept;
}

/* Whether the device that may still be at what is held is out of the way. */
static bool
doubt_is_over(struct orion_queue *queue)
{
	enum session_end end = queue->doubt == NULL
				       ? SESSION_STOPPED
				       : __atomic_load_n(&queue->doubt->end, __ATOMIC_ACQUIRE);

	if (end == SESSION_MAY_RUN)
		return false;
	if (end == SESSION_DOUBTED)
		fail_held(queue, false, queue->doubted);
	forget_doubt(queue);
	return true;
}

/* Counters are of the program's requests: ours are taken off beforehand.  Under disk->lock. */
static void
count_off(struct orion_queue *queue, const struct vblk_queue_stats *ours)
{
	uint64_t *sum = (uint64_t *)(void *)&queue->past, max = queue->past.latency_max_ticks;
	const uint64_t *less = (const uint64_t *)(const void *)ours;

	for (size_t i = 0; i < sizeof(*ours) / sizeof(uint64_t); i++)
		sum[i] -= less[i];
	queue->past.latency_max_ticks = max;
}

static void
join(struct orion_queue *queue, struct session *session)
{
	struct orion_disk *disk = queue->disk;
	size_t each = (size_t)disk->options.bounce_kb * 1024;
	size_t at = session->arena.bytes - (disk->options.queues - queue->index) * each;
	const struct vblk_info *info = vblk_info(session->device);
	struct epoll_event edge = {.events = EPOLLIN | EPOLLET};

	queue->session = session;
	queue->ring = queue->kick = vblk_queue_get(session->device, queue->index);
	queue->late.patience = queue->late.requests = 0;
	queue->bounce_base = session->arena.base + at;
	queue->bounce_device = session->arena.device + at;
	queue->largest = info->read_only || disk->options.read_only ? ORION_READ : ORION_WRITE;
	/* Both at once, for whoever adds the counters up. */
	pthread_mutex_lock(&disk->lock);
	if (queue->index == 0)
		count_off(queue, &session->asking);
	__atomic_store_n(&queue->connection, connection_word(session), __ATOMIC_RELEASE);
	pthread_mutex_unlock(&disk->lock);
	/* Before any write that is acknowledged there: see writes_on(). */
	arch_order_publish();
	/* At each edge, so that nobody need read what the back end shares with us. */
	epoll_ctl(queue->event, EPOLL_CTL_ADD, call_of(queue, session), &edge);
}

void
queue_hand_over(struct orion_queue *queue)
{
	unsigned done = 0;

	if (queue->ring == NULL || queue->held_count == 0 || !doubt_is_over(queue))
		return;
	for (; done < queue->held_count; done++) {
		struct orion_io *io = queue->held[done];
		struct vblk_request request;
		int result = io_prepare(queue, io, &request);

		if (result == 0 && vblk_submit(queue->ring, &request, 1) == 0) {
			io_refuse(queue, io);
			result = io_errno(vblk_refusal(queue->ring));
		}
		if (result == -EAGAIN)
			break;
		if (result < 0)
			queue_finish(queue, io, result);
	}
	queue->held_count -= done;
	memmove(queue->held, queue->held + done, queue->held_count * sizeof(*queue->held));
	vblk_kick(queue->ring);
}

void
queue_follow(struct orion_queue *queue)
{
	struct orion_disk *disk = queue->disk;
	uint32_t turn = __atomic_load_n(&disk->turn, __ATOMIC_ACQUIRE);
	struct session *newest;

	queue->turn = turn - 1;
	queue->near = (struct dma_place){NULL, 0, 0};
	if (disk_state(disk) == DISK_FORKED)
		return;
	pthread_mutex_lock(&disk->lock);
	newest = disk->session;
	if (newest != NULL && newest != queue->session)
		__atomic_add_fetch(&newest->users, 1, __ATOMIC_ACQ_REL);
	pthread_mutex_unlock(&disk->lock);
	if (queue->session != NULL && queue->session != newest)
		leave(queue);
	if (queue->session == NULL && newest != NULL)
		join(queue, newest);
	if (disk_state(disk) == DISK_FAILED) {
		fail_held(queue, true, 0);
		forget_doubt(queue);
	} else {
		late_held(queue);
	}
	queue_hand_over(queue);
	if (queue->ring != NULL && queue->held_count == 0 && queue->ready_count == 0)
		queue->turn = turn;
}

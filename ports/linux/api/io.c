/* SPDX-License-Identifier: MIT */
/*
 * HOT: submit and reap.
 *
 * A plain request (a read or write of one buffer in registered memory) becomes the core's request
 * in a row of stores; the program's struct orion_io is its cookie and, until it completes, the
 * record from which it would be replayed.  Nothing here locks, allocates or copies; what is rare is
 * a call.
 */
#include "ports/linux/disk.h"

#include <errno.h>
#include <string.h>

_Static_assert((unsigned)ORION_READ == VBLK_READ && (unsigned)ORION_WRITE == VBLK_WRITE &&
		       (unsigned)ORION_FLUSH == VBLK_FLUSH && IO_IDENTIFY == VBLK_GET_ID,
	       "the core's numbers");
_Static_assert(ORION_WRITE == 1, "acknowledged writes are counted by adding operations up");

#define SECTOR_SHIFT 9

int
io_errno(orion_status status)
{
	static const int numbers[ORION_STATUS_COUNT] = {
		[ORION_OK] = 0,
		[ORION_NO_ROOM] = -EAGAIN,
		[ORION_TIMED_OUT] = -ETIMEDOUT,
		[ORION_BUSY] = -EBUSY,
		[ORION_INVALID] = -EINVAL,
		[ORION_OUT_OF_RANGE] = -ERANGE,
		[ORION_MISALIGNED] = -EINVAL,
		[ORION_TOO_LARGE] = -E2BIG,
		[ORION_READ_ONLY] = -EROFS,
		[ORION_DENIED] = -EPERM,
		[ORION_NOT_FOUND] = -ENOENT,
		[ORION_WRONG_STATE] = -EAGAIN,
		[ORION_NOT_SUPPORTED] = -EOPNOTSUPP,
		[ORION_NO_MEMORY] = -ENOMEM,
		[ORION_NO_MAPPING] = -EFAULT,
		[ORION_NO_INTERRUPT] = -EIO,
		[ORION_PORT_INCOMPLETE] = -ENOSYS,
		[ORION_IO_ERROR] = -EIO,
		[ORION_DEVICE_UNSUPPORTED] = -EOPNOTSUPP,
		[ORION_DEVICE_REFUSED] = -EPROTO,
		[ORION_DEVICE_BROKEN] = -EAGAIN,
		[ORION_DEVICE_GONE] = -ENODEV,
		[ORION_OUTCOME_UNKNOWN] = -EIO,
	};

	return (unsigned)status < ORION_STATUS_COUNT ? numbers[status] : -EIO;
}

/* ---- submit ---- */

/*
 * A read or write of one buffer that lies where the last one lay.  False: it may be anything else.
 */
static inline bool
prepare_plain(struct orion_queue *queue, struct orion_io *io, struct vblk_request *request)
{
	struct io_private *own = io_private(io);
	size_t at = (uintptr_t)io->buffer - (uintptr_t)queue->near.base;
	size_t room = queue->near.bytes;
	uint64_t offset = io->offset;
	uint32_t bytes = io->bytes;

	if (unlikely((io->operation | io->flags << 8) > queue->largest || io->vectors != 0 ||
		     (offset & ((1u << SECTOR_SHIFT) - 1)) != 0 || at > room || bytes > room - at))
		return false;
	own->segment.device_address = queue->near.device + at;
	own->segment.length = bytes;
	own->segment.unused = 0;
	own->sequence = queue->sequence++;
	request->sector = offset >> SECTOR_SHIFT;
	request->segments = &own->segment;
	request->cookie = (uintptr_t)io;
	request->segment_count = 1;
	request->operation = io->operation;
	return true;
}

static __attribute__((noinline)) void
refuse(struct orion_queue *queue, struct orion_io *const *ios, unsigned count)
{
	orion_status status = vblk_refusal(queue->ring);

	queue_refuse(queue, io_errno(status), ios[0]);
	for (unsigned i = 0; i < count; i++)
		io_refuse(queue, ios[i]);
	/* The connection is about to be dropped: from now on requests are held for the next. */
	if (status == ORION_DEVICE_BROKEN)
		queue_look_again(queue);
}

static inline unsigned
hand_over(struct orion_queue *queue, struct orion_io *const *ios,
	  const struct vblk_request *requests, unsigned count)
{
	unsigned taken = vblk_submit(queue->ring, requests, count);

	count_up(&queue->taken, taken);
	if (unlikely(taken != count))
		refuse(queue, ios + taken, count - taken);
	return taken;
}

/*
 * From the first request on that is not plain: that one by itself, since its result may end the
 * batch.  Returns 1 when it was taken.
 */
static __attribute__((noinline)) unsigned
submit_odd(struct orion_queue *queue, struct orion_io *const *ios)
{
	struct vblk_request request;
	int result;

	/* What finishes at once takes a place, too. */
	if (!queue_has_room(queue)) {
		queue->refusal = -EAGAIN;
		return 0;
	}
	io_private(ios[0])->sequence = queue->sequence++;
	result = io_prepare(queue, ios[0], &request);
	if (result == IO_FINISHED) {
		count_up(&queue->taken, 1);
		return 1;
	}
	if (result != 0) {
		queue_refuse(queue, result, ios[0]);
		return 0;
	}
	return hand_over(queue, ios, &request, 1);
}

/* While there is no connection, or something waits to be handed over first. */
static __attribute__((noinline)) unsigned
submit_held(struct orion_queue *queue, struct orion_io *const *ios, unsigned count)
{
	unsigned taken = 0;

	queue_follow(queue);
	if (queue->turn == __atomic_load_n(&queue->disk->turn, __ATOMIC_ACQUIRE))
		return orion_queue_submit(queue, ios, count);
	if (disk_state(queue->disk) == DISK_FORKED) {
		queue_refuse(queue, -ECHILD, NULL);
		return 0;
	}
	while (taken < count && queue_has_room(queue)) {
		struct orion_io *io = ios[taken++];

		count_up(&queue->taken, 1);
		if (disk_state(queue->disk) == DISK_FAILED) {
			queue_finish(queue, io, -ENODEV);
			continue;
		}
		io_private(io)->sequence = queue->sequence++;
		late_hold(io);
		queue->held[queue->held_count++] = io;
	}
	queue->refusal = taken == count ? 0 : -EAGAIN;
	queue_hand_over(queue);
	return taken;
}

static __attribute__((noinline)) unsigned
submit_many(struct orion_queue *queue, struct orion_io *const *ios, unsigned count)
{
	struct vblk_request requests[IO_BATCH];
	unsigned done = 0;

	queue->refusal = 0;
	while (done < count) {
		unsigned many = count - done < IO_BATCH ? count - done : IO_BATCH, made = 0;
		unsigned taken;

		while (made < many &&
		       likely(prepare_plain(queue, ios[done + made], &requests[made])))
			made++;
		taken = made != 0 ? hand_over(queue, ios + done, requests, made)
				  : submit_odd(queue, ios + done);
		done += taken;
		/* Something finished at once: what follows is counted with it. */
		if (unlikely(queue->ready_count != 0))
			return done + submit_held(queue, ios + done, count - done);
		if (unlikely(taken == 0 || taken < made))
			break;
	}
	return done;
}

static __attribute__((noinline)) unsigned
refuse_null(struct orion_queue *queue)
{
	queue_refuse(queue, -EINVAL, NULL);
	return 0;
}

unsigned
orion_queue_submit(struct orion_queue *queue, struct orion_io *const *ios, unsigned count)
{
	struct vblk_request request;

	if (unlikely(queue == NULL || ios == NULL))
		return queue != NULL && count != 0 ? refuse_null(queue) : 0;
	if (unlikely(__atomic_load_n(&queue->disk->turn, __ATOMIC_ACQUIRE) != queue->turn))
		return submit_held(queue, ios, count);
	/* One by itself, in a straight line: depth 1 is where latency counts most. */
	if (count != 1 || unlikely(!prepare_plain(queue, ios[0], &request)))
		return submit_many(queue, ios, count);
	queue->refusal = 0;
	return hand_over(queue, ios, &request, 1);
}

int
orion_queue_refusal(const struct orion_queue *queue)
{
	return queue != NULL ? queue->refusal : -EINVAL;
}

void
orion_queue_kick(struct orion_queue *queue)
{
	if (unlikely(queue == NULL))
		return;
	if (likely(queue->kick != NULL))
		vblk_kick(queue->kick);
	else if (queue->ring != NULL)
		vblk_kick_always(queue->ring);
}

/* ---- reap ---- */

/* Not a plain request that succeeded. */
static __attribute__((noinline)) void
finish_odd(struct orion_queue *queue, struct orion_io *io, uint32_t status)
{
	int result = io_errno((orion_status)status);

	if (io->operation == ORION_FLUSH)
		result = flush_end(queue, io, result);
	io->result = result;
	if (io->operation == ORION_WRITE && result == 0)
		__atomic_store_n(&queue->writes, queue->writes + 1, __ATOMIC_RELAXED);
	io_give(queue, io);
}

static __attribute__((noinline)) unsigned
reap_held(struct orion_queue *queue, struct orion_io **done, unsigned max)
{
	unsigned count;

	queue_follow(queue);
	count = queue_take_ready(queue, done, max);
	if (count != 0 || queue->ring == NULL) {
		count_up(&queue->given, count);
		return count;
	}
	/* With the connection's requests the path is as usual, but for the turn. */
	count = vblk_reap(queue->ring, queue->completions, max < IO_BATCH ? max : IO_BATCH);
	for (unsigned i = 0; i < count; i++) {
		done[i] = (struct orion_io *)(uintptr_t)queue->completions[i].cookie;
		finish_odd(queue, done[i], queue->completions[i].result);
	}
	count_up(&queue->given, count);
	if (count == 0)
		late_look(queue);
	else
		late_found(queue);
	queue_hand_over(queue);
	return count;
}

/* Gives the COUNT completions that were reaped. */
static __attribute__((noinline)) unsigned
give(struct orion_queue *queue, struct orion_io **done, unsigned count)
{
	const struct vblk_completion *completion = queue->completions, *end = completion + count;
	uint64_t writes = queue->writes;

	count_up(&queue->given, count);
	for (; completion != end; completion++, done++) {
		struct orion_io *io = (struct orion_io *)(uintptr_t)completion->cookie;

		*done = io;
		if (unlikely((completion->result | io_private(io)->segment.unused |
			      (io->operation & ~1u)) != 0)) {
			__atomic_store_n(&queue->writes, writes, __ATOMIC_RELAXED);
			finish_odd(queue, io, completion->result);
			writes = queue->writes;
			continue;
		}
		io->result = 0;
		writes += io->operation;
	}
	__atomic_store_n(&queue->writes, writes, __ATOMIC_RELAXED);
	return count;
}

unsigned
orion_queue_reap(struct orion_queue *queue, struct orion_io **done, unsigned max)
{
	unsigned count;

	if (unlikely(queue == NULL || done == NULL))
		return 0;
	if (unlikely(__atomic_load_n(&queue->disk->turn, __ATOMIC_ACQUIRE) != queue->turn))
		return reap_held(queue, done, max);
	count = vblk_reap(queue->ring, queue->completions, max < IO_BATCH ? max : IO_BATCH);
	return count == 0 ? 0 : give(queue, done, count);
}

unsigned
orion_queue_in_flight(const struct orion_queue *queue)
{
	if (unlikely(queue == NULL))
		return 0;
	return (unsigned)(__atomic_load_n(&queue->taken, __ATOMIC_RELAXED) -
			  __atomic_load_n(&queue->given, __ATOMIC_RELAXED));
}

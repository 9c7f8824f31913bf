/* SPDX-License-Identifier: MIT */
/* HOT: a program's way to its lane.  The manual is orion/disk.h. */
#include "ports/linux/disk.h"

#include <errno.h>
#include <sys/uio.h>

_Static_assert(sizeof(struct iovec) == sizeof(struct orion_vector) &&
		       offsetof(struct iovec, iov_base) == offsetof(struct orion_vector, base) &&
		       offsetof(struct iovec, iov_len) == offsetof(struct orion_vector, bytes),
	       "a struct iovec is a struct orion_vector");

static __attribute__((noinline)) void
refuse_null(struct orion_queue *queue)
{
	storage_refuse(&queue->lane, ORION_INVALID, NULL);
}

unsigned
orion_queue_submit(struct orion_queue *queue, struct orion_io *const *ios, unsigned count)
{
	if (likely(queue != NULL && ios != NULL))
		return storage_submit(&queue->lane, ios, count);
	if (queue != NULL && count != 0)
		refuse_null(queue);
	return 0;
}

int
orion_queue_refusal(const struct orion_queue *queue)
{
	return queue != NULL ? queue->lane.refusal : -EINVAL;
}

void
orion_queue_kick(struct orion_queue *queue)
{
	if (likely(queue != NULL))
		storage_kick(&queue->lane);
}

unsigned
orion_queue_reap(struct orion_queue *queue, struct orion_io **done, unsigned max)
{
	if (unlikely(queue == NULL || done == NULL))
		return 0;
	return storage_reap(&queue->lane, done, max);
}

unsigned
orion_queue_in_flight(const struct orion_queue *queue)
{
	return queue != NULL ? storage_in_flight(&queue->lane) : 0;
}

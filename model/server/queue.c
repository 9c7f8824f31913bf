/* SPDX-License-Identifier: MIT */
/* A queue's life, and batches of requests out of its ring. */
#include "model/server/server.h"

#include <time.h>
#include <unistd.h>

/*
 * What one batch completes becomes visible at once.  A long one spares cache lines, but keeps the
 * driver waiting; so it ends when enough was copied.
 */
#define BATCH 16u
#define BATCH_BYTES (32u << 10)

/* ---- start and stop ---- */

/* Where the parts of a ring lie, and what they take. */
static bool
map_ring(struct queue *queue)
{
	const struct vu_vring_address *at = &queue->address;
	struct device_ring *ring = &queue->ring;
	uint64_t n = ring->size;
	uint64_t driver = ring->packed ? sizeof(struct virtq_packed_event) : 6 + 2 * n;
	uint64_t device = ring->packed ? sizeof(struct virtq_packed_event) : 6 + 8 * n;
	const struct memory *memory = &queue->session->memory;

	ring->descriptors = memory_of_user(memory, at->descriptor, n * sizeof(struct virtq_desc));
	ring->driver = memory_of_user(memory, at->available, driver);
	ring->device = memory_of_user(memory, at->used, device);
	if (ring->descriptors == NULL || ring->driver == NULL || ring->device == NULL)
		return session_fail(queue->session,
				    "queue %u: its ring of %u leaves the memory that was shared",
				    queue->index, queue->size);
	if (((uintptr_t)ring->descriptors & 15) != 0 ||
	    ((uintptr_t)ring->driver & (ring->packed ? 3 : 1)) != 0 ||
	    ((uintptr_t)ring->device & 3) != 0)
		return session_fail(queue->session, "queue %u: its ring is not aligned",
				    queue->index);
	return true;
}

static bool
check_ring(struct queue *queue)
{
	struct session *session = queue->session;
	const struct device_ring *ring = &queue->ring;

	if (!session_has(session, VIRTIO_F_VERSION_1))
		return session_fail(session, "the driver did not accept VERSION_1");
	if (!queue->addressed || queue->size == 0)
		return session_fail(session, "queue %u was started without a size or an address",
				    queue->index);
	if (!ring->packed && (queue->size & (queue->size - 1)) != 0)
		return session_fail(session, "queue %u: a split ring of %u, no power of two",
				    queue->index, queue->size);
	if (ring->packed && queue->base >= 0 && (queue->base & 0x7fff) >= queue->size)
		return session_fail(session, "queue %u: position %u of a ring of %u", queue->index,
				    queue->base & 0x7fff, queue->size);
	return true;
}

static bool
start(struct queue *queue)
{
	struct session *session = queue->session;
	struct device_ring *ring = &queue->ring;

	ring->packed = session_has(session, VIRTIO_F_RING_PACKED);
	ring->event_index = session_has(session, VIRTIO_F_EVENT_IDX);
	ring->in_order = session_has(session, VIRTIO_F_IN_ORDER);
	ring->size = queue->size;
	queue->region.bytes = 0;
	if (!check_ring(queue) || !map_ring(queue))
		return false;
	device_ring_start(ring);
	if (ring->packed && queue->base >= 0) {
		ring->avail = (uint16_t)(queue->base & 0x7fff);
		ring->wrap = (queue->base & 0x8000) != 0;
	} else if (!ring->packed) {
		ring->avail = queue->base >= 0 ? (uint16_t)queue->base : 0;
		ring->used = shared_get16(&device_ring_used(ring)->idx);
	}
	queue->runs = true;
	if (session->inflight != NULL) {
		size_t bytes = inflight_bytes(ring->packed, session->inflight_size);

		if (queue->index >= session->inflight_queues ||
		    queue->size > session->inflight_size)
			return session_fail(session, "queue %u of %u is not in the record",
					    queue->index, queue->size);
		if (!inflight_resume(queue, session->inflight + queue->index * bytes))
			return false;
	}
	device_ring_disarm(ring);
	return true;
}

void
queue_stop(struct queue *queue)
{
	const struct device_ring *ring = &queue->ring;

	if (!queue->runs)
		return;
	queue->base = ring->avail | (ring->packed && ring->wrap ? 0x8000 : 0);
	queue->runs = false;
	queue->inflight = NULL;
}

bool
queue_refresh(struct queue *queue)
{
	const struct session *session = queue->session;
	bool live = !(session->protocol & VIRTIO_BIT(VU_PROTOCOL_STATUS)) ||
		    (session->status & VIRTIO_STATUS_DRIVER_OK) != 0;
	bool wanted = queue->started && queue->enabled && live &&
		      !__atomic_load_n(&session->failed, __ATOMIC_RELAXED);

	if (!wanted)
		queue_stop(queue);
	return queue->runs || !wanted || start(queue);
}

uint32_t
queue_position(const struct queue *queue)
{
	uint32_t base = queue->base >= 0 ? (uint32_t)queue->base : queue->ring.packed ? 0x8000 : 0;

	return queue->ring.packed ? base | base << 16 : base;
}

static void
close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void
queue_reset(struct queue *queue)
{
	close_one(&queue->kick);
	close_one(&queue->call);
	close_one(&queue->error);
	queue->size = 0;
	queue->base = -1;
	queue->runs = queue->started = queue->enabled = queue->addressed = false;
	queue->inflight = NULL;
}

/* ---- batches ---- */

static void
signal_fd(int fd)
{
	uint64_t one = 1;

	/* Full, or gone: then nobody needs it. */
	if (fd >= 0 && write(fd, &one, sizeof(one)) < 0)
		return;
}

void
queue_tell(struct queue *queue)
{
	if (device_ring_ask(&queue->ring))
		signal_fd(queue->call);
}

static void
stop_broken(struct queue *queue)
{
	queue->runs = false;
	signal_fd(queue->error);
}

/* How many requests may be in the next batch: one, if it is recorded or the last. */
static unsigned
batch_max(const struct queue *queue)
{
	if (queue->inflight != NULL || queue->left == 1)
		return 1;
	return queue->left - 1 < BATCH ? (unsigned)queue->left - 1 : BATCH;
}

/* The delay that --delay-us asks for, once a batch. */
static void
wait_if_told(const struct queue *queue)
{
	uint32_t us = queue->session->options->delay_us;

	if (us != 0)
		nanosleep(&(struct timespec){us / 1000000, (long)(us % 1000000) * 1000}, NULL);
}

static unsigned
run_split(struct queue *queue, unsigned max)
{
	struct device_ring *ring = &queue->ring;
	struct virtq_avail *avail = device_ring_avail(ring);
	uint16_t end = shared_get16(&avail->idx), first = ring->used, entry = 0;
	uint64_t limit = queue->bytes + BATCH_BYTES;
	unsigned count = 0;

	if (end == ring->avail)
		return 0;
	if ((uint16_t)(end - ring->avail) > ring->size)
		return session_fail(queue->session,
				    "queue %u: the available index leapt from %u "
				    "to %u",
				    queue->index, ring->avail, end);
	arch_order_observe();
	do {
		uint16_t head =
			shared_get16(&avail->ring[ring->avail & (uint16_t)(ring->size - 1)]);
		uint64_t length;

		if (queue->inflight != NULL && head < ring->size)
			entry = inflight_begin(queue, head);
		if (!chain_of_split(queue, head))
			return 0;
		length = request_run(queue);
		if (length == UINT64_MAX)
			return 0;
		device_ring_put_split(ring, ring->in_order ? first : ring->used, head,
				      (uint32_t)length);
		ring->avail++;
		ring->used++;
		ring->unasked++;
		count++;
	} while (ring->avail != end && count < max && queue->bytes < limit);
	wait_if_told(queue);
	if (queue->inflight != NULL)
		inflight_using(queue, entry);
	arch_order_publish();
	shared_put16(&device_ring_used(ring)->idx, ring->used);
	if (queue->inflight != NULL)
		inflight_end(queue, entry);
	return count;
}

struct used {
	uint16_t slot, id;
	bool wrap;
	uint32_t length;
};

/* The first goes last: the driver sees none before it. */
static void
put_packed(struct device_ring *ring, const struct used *used, unsigned count)
{
	while (count-- != 0)
		device_ring_put(ring, used[count].slot, used[count].wrap, used[count].id,
				used[count].length);
}

static unsigned
run_packed(struct queue *queue, unsigned max)
{
	struct device_ring *ring = &queue->ring;
	const struct virtq_packed_desc *table = (const void *)ring->descriptors;
	uint64_t limit = queue->bytes + BATCH_BYTES;
	struct used used[BATCH];
	unsigned count = 0;
	uint16_t entry = 0;

	do {
		struct used *next = &used[count];
		uint64_t word = shared_get64(&table[ring->avail].len_id_flags), length;

		if (!device_ring_is_available(ring, word))
			break;
		arch_order_observe();
		next->slot = ring->avail;
		next->wrap = ring->wrap;
		if (queue->inflight != NULL)
			entry = inflight_begin(queue, 0);
		if (!chain_of_packed(queue, word, &next->id))
			return 0;
		length = request_run(queue);
		if (length == UINT64_MAX)
			return 0;
		next->length = (uint32_t)length;
		count++;
	} while (count < max && queue->bytes < limit);
	if (count == 0)
		return 0;
	wait_if_told(queue);
	if (queue->inflight != NULL)
		inflight_using(queue, entry);
	if (ring->in_order) {
		used[0].id = used[count - 1].id;
		used[0].length = used[count - 1].length;
	}
	put_packed(ring, used, ring->in_order ? 1 : count);
	if (queue->inflight != NULL)
		inflight_end(queue, entry);
	return count;
}

unsigned
queue_run(struct queue *queue)
{
	unsigned max = batch_max(queue);
	unsigned count = queue->ring.packed ? run_packed(queue, max) : run_split(queue, max);

	if (count != 0)
		queue_tell(queue);
	else if (__atomic_load_n(&queue->session->failed, __ATOMIC_RELAXED))
		stop_broken(queue);
	return count;
}

/* SPDX-License-Identifier: MIT */
/*
 * HOT: reap, and asking for interrupts.
 *
 * Written once and compiled for each kind of ring, as submit.h.  What reap reads was published by
 * the device: the used index (split), or the flags of a used descriptor (packed), vouch for it.
 */
#ifndef ORION_BLK_REAP_H
#define ORION_BLK_REAP_H

#include "kinds.h"

#include "../base/latency.h"
#include "../ring/packed.h"
#include "../ring/split.h"

static ALWAYS_INLINE void
count_latency(struct vblk_counters *stats, uint64_t ticks, unsigned requests)
{
	stats->latency[latency_bucket(ticks)] += requests;
	stats->latency_ticks += ticks * requests;
	if (unlikely(ticks > stats->latency_max_ticks))
		stats->latency_max_ticks = ticks;
}

static NEVER_INLINE void
end_run(struct vblk_counters *stats, uint64_t ticks, unsigned requests)
{
	if (requests != 0)
		count_latency(stats, ticks, requests);
}

/*
 * Bytes that the device says it wrote into the segments, where that is not what was lent.  LENGTH
 * is without the status byte, which comes after the data; nothing written wraps.  Less than lent is
 * taken as it is said: the status is what decides (docs/decisions/0012).
 */
static NEVER_INLINE uint32_t
odd_length(struct vblk_queue *queue, const struct vblk_slot *slot, uint8_t status, uint32_t length)
{
	uint32_t written = length == UINT32_MAX ? 0 : length;

	if (written > slot->lent) {
		queue->stats.used_length_odd++;
		return slot->lent;
	}
	if (written < slot->lent && status == VIRTIO_BLK_S_OK)
		queue->stats.short_lengths++;
	return written;
}

/* A request that failed, or a part of one.  Returns how many completions it made, 0 or 1. */
static NEVER_INLINE unsigned
finish_odd(struct vblk_queue *queue, struct vblk_slot *slot, uint8_t status, uint32_t length,
	   struct vblk_completion *completion)
{
	orion_status result = status == VIRTIO_BLK_S_OK ? ORION_OK : vblk_result(queue, status);
	uint16_t part = slot->part;

	slot->part = VBLK_NO_PART;
	*completion = (struct vblk_completion){slot->cookie, result, length};
	if (part != VBLK_NO_PART && !vblk_parts_done(queue, part, result, length, completion))
		return 0;
	if (completion->result != ORION_OK)
		queue->stats.failed++;
	return 1;
}

/* One used chain: status, length.  Returns how many completions it made, 0 or 1. */
static ALWAYS_INLINE unsigned
finish(struct vblk_queue *queue, struct vblk_slot *slot, uint32_t length,
       struct vblk_completion *completion, const unsigned kind)
{
	uint8_t status = shared_get8(&slot->cell->status);

	length--;
	/*
	 * Passed over in a batch: all of it was used, says the specification.  [spec 2.7.9, 2.8.8]
	 */
	if (kind & VRING_IN_ORDER && length == VRING_LENGTH_UNKNOWN - 1)
		length = slot->lent;
	else if (unlikely(length != slot->lent))
		length = odd_length(queue, slot, status, length);
	if (unlikely((status | slot->part) != 0))
		return finish_odd(queue, slot, status, length, completion);
	*completion = (struct vblk_completion){slot->cookie, ORION_OK, length};
	return 1;
}

/* ---- a batch ---- */

/* Statistics of a batch that gave DONE completions, and what else is due after it. */
static ALWAYS_INLINE void
end_batch(struct vblk_queue *queue, unsigned done, vring_fault fault, uint32_t pending)
{
	if (likely(done != 0))
		queue->stats.reap_batches++;
	else
		queue->stats.reaps_empty++;
	if (unlikely(fault != VRING_OK))
		vblk_break(queue, (vblk_cause)fault, pending);
	else if (unlikely(queue->parts_waiting != 0))
		vblk_parts_continue(queue);
}

/* A chain by itself that is not plain; its latency is counted if it makes a completion. */
static NEVER_INLINE unsigned
finish_one_odd(struct vblk_queue *queue, struct vblk_slot *slot, uint8_t status, uint32_t length,
	       struct vblk_completion *completion)
{
	uint64_t ticks = ticks_now(queue) - slot->ticks;
	unsigned done;

	if (length != slot->lent)
		length = odd_length(queue, slot, status, length);
	done = finish_odd(queue, slot, status, length, completion);
	end_run(&queue->stats, ticks, done);
	end_batch(queue, done, VRING_OK, 0);
	return done;
}

/* One used chain that is all there is.  What is rare is left to a call in its place. */
static ALWAYS_INLINE unsigned
finish_one(struct vblk_queue *queue, struct vblk_slot *slot, uint32_t length,
	   struct vblk_completion *completion)
{
	uint8_t status = shared_get8(&slot->cell->status);

	length--;
	if (unlikely(length != slot->lent ||
		     ((unsigned)status | slot->part | queue->after_one) != 0))
		return finish_one_odd(queue, slot, status, length, completion);
	*completion = (struct vblk_completion){slot->cookie, ORION_OK, length};
	count_latency(&queue->stats, arch_ticks() - slot->ticks, 1);
	queue->stats.reap_batches++;
	return 1;
}

static NEVER_INLINE unsigned
reap_nothing(struct vblk_queue *queue, vring_fault fault, uint32_t pending)
{
	end_batch(queue, 0, fault, pending);
	return 0;
}

/* Takes up to MAX of the PENDING chains. */
static ALWAYS_INLINE unsigned
reap_many(struct vblk_queue *queue, struct vblk_completion *completions, unsigned max,
	  uint32_t pending, const unsigned kind, const bool packed)
{
	struct vblk_completion *completion = completions, *first = completions;
	struct vring ring = queue->ring;
	uint64_t now = ticks_now(queue), ticks = queue->submit_ticks;
	uint32_t stop = pending < max ? 0 : pending - max, length = 0;
	struct vring_slot *used = NULL;
	vring_fault fault = VRING_OK;

	/* Chains that were submitted together have one latency: it is counted once a run. */
	for (; pending != stop; pending--) {
		struct vblk_slot *slot;

		fault = packed ? vring_packed_take(&ring, pending, &used, &length, kind)
			       : vring_split_take(&ring, pending, &used, &length, kind);
		if (unlikely(fault != VRING_OK) || (packed && used == NULL))
			break;
		slot = (struct vblk_slot *)(void *)used;
		if (unlikely(slot->ticks != ticks)) {
			end_run(&queue->stats, now - ticks, (unsigned)(completion - first));
			ticks = slot->ticks;
			first = completion;
		}
		completion += finish(queue, slot, length, completion, kind);
	}
	vring_keep_consumer(&queue->ring, &ring, kind, packed);
	end_run(&queue->stats, now - ticks, (unsigned)(completion - first));
	end_batch(queue, (unsigned)(completion - completions), fault, pending);
	return (unsigned)(completion - completions);
}

typedef unsigned reap_function(struct vblk_queue *, struct vblk_completion *, unsigned, uint32_t);

/* Nothing, or one chain that is all there is: in a straight line.  MANY takes what is more. */
static ALWAYS_INLINE unsigned
reap(struct vblk_queue *queue, struct vblk_completion *completions, unsigned max,
     reap_function *many, const unsigned kind, const bool packed)
{
	struct vring *ring = &queue->ring;
	struct vring_slot *used = NULL;
	uint32_t pending, length = 0;
	vring_fault fault;

	fault = packed ? vring_packed_pending(ring, &pending) : vring_split_pending(ring, &pending);
	if (unlikely(fault != VRING_OK))
		return reap_nothing(queue, fault, pending);
	if (pending != 1 || unlikely(max == 0))
		return pending == 0 ? reap_nothing(queue, VRING_OK, 0)
				    : many(queue, completions, max, pending);
	fault = packed ? vring_packed_take(ring, 1, &used, &length, kind)
		       : vring_split_take(ring, 1, &used, &length, kind);
	if (unlikely(fault != VRING_OK) || (packed && used == NULL))
		return reap_nothing(queue, fault, pending);
	return finish_one(queue, (struct vblk_slot *)(void *)used, length, completions);
}

/* ---- the kinds of ring ---- */

static NEVER_INLINE unsigned
reap_many_split_table(struct vblk_queue *queue, struct vblk_completion *completions, unsigned max,
		      uint32_t pending)
{
	return reap_many(queue, completions, max, pending, 0, false);
}

#define COMPILE_REAP(name, kind, packed)                                                           \
	static NEVER_INLINE unsigned reap_many_##name(struct vblk_queue *queue,                    \
						      struct vblk_completion *completions,         \
						      unsigned max, uint32_t pending)              \
	{                                                                                          \
		return reap_many(queue, completions, max, pending, kind, packed);                  \
	}                                                                                          \
	static NEVER_INLINE unsigned reap_##name(                                                  \
		struct vblk_queue *queue, struct vblk_completion *completions, unsigned max)       \
	{                                                                                          \
		return reap(queue, completions, max, reap_many_##name, kind, packed);              \
	}

VBLK_KINDS(COMPILE_REAP)

/* Any kind, looked at as it goes. */
static NEVER_INLINE unsigned
reap_other(struct vblk_queue *queue, struct vblk_completion *completions, unsigned max)
{
	const struct vring *ring = &queue->ring;
	const bool packed = ring_packed(ring);
	uint32_t pending;
	vring_fault fault =
		packed ? vring_packed_pending(ring, &pending) : vring_split_pending(ring, &pending);

	if (unlikely(fault != VRING_OK))
		return reap_nothing(queue, fault, pending);
	return reap_many(queue, completions, max, pending, ring_kind(ring), packed);
}

#define REAP(name, kind, packed)                                                                   \
	case VBLK_MODE(kind, packed):                                                              \
		return has_kind(kind, packed) ? reap_##name(queue, completions, max) : 0;

unsigned
vblk_reap(struct vblk_queue *queue, struct vblk_completion *completions, unsigned max)
{
	uint32_t mode = vblk_mode(queue);

	/* The commonest kind is spared the table of jumps. */
	if (HAS(TABLES) && likely(mode == 0))
		return reap(queue, completions, max, reap_many_split_table, 0, false);
	switch (mode) {
		VBLK_KINDS(REAP)
	case VBLK_MODE_BROKEN:
		return 0;
	case VBLK_MODE_STOPPED:
		return vblk_drain(queue, completions, max);
	default:
		return reap_other(queue, completions, max);
	}
}

bool
vblk_arm(struct vblk_queue *queue)
{
	/*
	 * Nobody will wake the owner: not for a queue that takes nothing, nor without interrupts.
	 */
	if (unlikely(!vblk_running(queue) || queue->polled))
		return false;
	return ring_packed(&queue->ring) ? vring_packed_arm(&queue->ring)
					 : vring_split_arm(&queue->ring);
}

void
vblk_disarm(struct vblk_queue *queue)
{
	if (unlikely(!vblk_running(queue)))
		return;
	if (ring_packed(&queue->ring))
		vring_packed_disarm(&queue->ring);
	else
		vring_split_disarm(&queue->ring);
}

#endif

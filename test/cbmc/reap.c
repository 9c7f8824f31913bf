/* SPDX-License-Identifier: MIT */
/* Bounded proofs: what reap gives back, whatever the device says. */
#define VBLK_HAS VBLK_HAS_ALL

#include "blk/reap.h"

#include "test/cbmc/ring_state.h"

#define CELL_BYTES (sizeof(struct vblk_cell) + 4 * sizeof(struct virtq_desc))

static struct vblk_queue queue;
static struct vblk_completion completions[IDS];

/* What the queue was found broken by. */
static vblk_cause broken;

void
vblk_break(struct vblk_queue *of, vblk_cause cause, uint64_t detail)
{
	PROVE(of == &queue && cause != VBLK_CAUSE_NONE && detail <= IDS + UINT16_MAX, "a cause");
	PROVE(broken == VBLK_CAUSE_NONE, "once");
	broken = cause;
}

/* No request here is a part of a larger one. */
bool
vblk_parts_done(struct vblk_queue *of, uint16_t part, orion_status result, uint32_t written,
		struct vblk_completion *completion)
{
	(void)of, (void)part, (void)result, (void)written, (void)completion;
	PROVE(false, "no parts");
	return false;
}

void
vblk_parts_continue(struct vblk_queue *of)
{
	(void)of;
	PROVE(false, "no parts");
}

static struct vblk_slot *
owned(uint32_t id)
{
	return (struct vblk_slot *)(void *)&slots[id];
}

/* A queue with chains in flight in any state; a request's cookie is the number of its slot. */
static void
any_queue(bool packed)
{
	world.cells = (struct world_cells){IDS, CELL_BYTES, offsetof(struct vblk_cell, status)};
	state_any(packed);
	for (uint32_t i = 0; i < IDS; i++) {
		owned(i)->cell = (struct vblk_cell *)(void *)(world.area + world.cells_offset +
							      i * CELL_BYTES);
		owned(i)->cookie = i;
		owned(i)->ticks = nondet_bool();
		owned(i)->lent = nondet_u32();
		owned(i)->part = VBLK_NO_PART;
	}
	queue.ring = ring;
	queue.submit_ticks = nondet_bool();
}

/* One chain that the ring gave: status and length, each looked at once. */
void
proof_finish(void)
{
	uint32_t id = nondet_u32(), length = nondet_u32(), written = length - 1;
	struct vblk_completion completion;
	uint8_t status;

	any_queue(false);
	ASSUME(id < IDS);
	PROVE(finish(&queue, owned(id), length, &completion, KIND) == 1, "one completion");
	PROVE(world.stores == 0 && world.loads == 1, "one load");
	status = (uint8_t)world_loaded(
		0, world.cells_offset + id * CELL_BYTES + offsetof(struct vblk_cell, status), 1);
	PROVE(completion.cookie == id, "the request's own");
	PROVE((completion.result == ORION_OK) == (status == VIRTIO_BLK_S_OK),
	      "ok: the device said so");
	PROVE(status != VBLK_STATUS_POISON || completion.result == ORION_IO_ERROR,
	      "a status that was never written is an error");
	PROVE(completion.value <= owned(id)->lent, "never more than was lent");
	if (KIND & VRING_IN_ORDER && length == VRING_LENGTH_UNKNOWN)
		written = owned(id)->lent;
	PROVE(completion.value == written || written > owned(id)->lent, "what the device said");
	POSSIBLE(status == VBLK_STATUS_POISON, "never written");
	POSSIBLE(completion.result == ORION_OK && completion.value != 0, "a read");
}

/* A completion is as the status byte of its request said, which was looked at once. */
static void
judged(const struct vblk_completion *completion)
{
	size_t status = world.cells_offset + completion->cookie * CELL_BYTES +
			offsetof(struct vblk_cell, status);
	unsigned looks = 0;

	for (unsigned i = 0; i < WORLD_LOG && i < world.loads; i++) {
		if (world.load[i].offset != status)
			continue;
		looks++;
		PROVE((world.load[i].value == VIRTIO_BLK_S_OK) == (completion->result == ORION_OK),
		      "by its status");
	}
	PROVE(looks == 1, "one look at the status");
	PROVE(completion->value <= owned((uint32_t)completion->cookie)->lent,
	      "within what was lent");
}

static unsigned
many_split(struct vblk_queue *of, struct vblk_completion *to, unsigned max, uint32_t pending)
{
	return reap_many(of, to, max, pending, KIND, false);
}

static unsigned
many_packed(struct vblk_queue *of, struct vblk_completion *to, unsigned max, uint32_t pending)
{
	return reap_many(of, to, max, pending, KIND, true);
}

/*
 * A whole call.  Each completion is of another chain that was in flight; what was not given back is
 * in flight still.  Work is bounded by what was, and by MAX.
 */
static void
reap_any(bool packed)
{
	unsigned max = nondet_u32(), any = nondet_u32(), done;
	bool given[IDS] = {false};

	any_queue(packed);
	ASSUME(max <= IDS);
	done = reap(&queue, completions, max, packed ? many_packed : many_split, KIND, packed);
	ring = queue.ring;
	PROVE(state_holds(), "the invariant");
	PROVE(done <= max && done + state_in_flight() == state_in_flight_before(), "none is lost");
	for (uint32_t i = 0; i < IDS && i < done; i++) {
		uint64_t id = completions[i].cookie;

		PROVE(id < IDS && !given[id % IDS], "exactly once");
		given[id % IDS] = true;
		PROVE(slots_before[id % IDS].ring.descriptors != 0 &&
			      slots[id % IDS].ring.descriptors == 0,
		      "it was in flight, and is no longer");
	}
	if (any < done)
		judged(&completions[any]);
	PROVE(world.stores == 0 && world_untouched(), "nothing is written");
	POSSIBLE(done == IDS, "all of them");
	POSSIBLE(done == 1 && broken != VBLK_CAUSE_NONE, "one, and then a lie");
	POSSIBLE(done == 0 && broken == VBLK_CAUSE_NONE && state_in_flight() == IDS, "none yet");
}

void
proof_reap_split(void)
{
	reap_any(false);
}

void
proof_reap_packed(void)
{
	reap_any(true);
}

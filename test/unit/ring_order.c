/* SPDX-License-Identifier: MIT */
/*
 * Both rings with VIRTIO_F_IN_ORDER, against a device played by hand: one used entry a chain, or
 * one for a batch, which names its last.  [spec 2.7.9, 2.8.8]
 */
#include <string.h>

#include "test/harness.h"

#include "hand.h"
#include "ring/packed.h"
#include "ring/split.h"
#include "ring_slots.h"

#define LIVE_MAX 32

struct chain {
	uint16_t id;            /* what the device is told */
	unsigned slots, number;
};

struct bench {
	struct vring ring;
	struct bare_slot *slots;
	uint16_t *links;
	uint8_t *shared;
	struct hand hand;
	unsigned kind, size;
	bool packed;
	struct chain live[LIVE_MAX];    /* oldest first */
	unsigned live_count, added, taken;
};

static const struct test_axis layouts = {"layout", {"split", "packed"}};
static const struct test_axis chains = {"chains", {"table", "direct"}};
static const struct test_axis sizes = {"size", {"1", "2", "4", "5", "8"}};
static const struct test_axis *const axes[] = {&layouts, &chains, &sizes, NULL};
static const unsigned all_sizes[] = {1, 2, 4, 5, 8};

static void
bench_end(void *argument)
{
	struct bench *bench = argument;

	test_free(bench->slots);
	test_free(bench->links);
	test_free(bench->shared);
	test_free(bench);
}

static struct bench *
bench_make(unsigned size, bool packed, bool direct)
{
	struct bench *bench = test_alloc(sizeof(*bench));
	struct vring_layout layout = vring_layout(size, packed);
	struct vring_config config = {.size = size,
				      .ids = size,
				      .limit = size,
				      .kind = VRING_IN_ORDER | (direct ? VRING_DIRECT : 0),
				      .packed = packed,
				      .event_index = true};

	bench->shared = test_alloc(layout.bytes);
	bench->slots = test_alloc(size * sizeof(*bench->slots));
	bench->links = test_alloc(size * sizeof(*bench->links));
	config.shared = bench->shared;
	config.slots = bench->slots;
	config.links = bench->links;
	vring_setup(&bench->ring, &config);
	bench->hand = hand_make(bench->shared, bench->shared + layout.driver_offset,
				bench->shared + layout.device_offset, size, packed);
	bench->kind = config.kind;
	bench->packed = packed;
	bench->size = size;
	test_at_end(bench_end, bench);
	return bench;
}

/* A size of 5 is for packed rings. */
static bool
possible(void)
{
	return test_choice(&layouts) == 1 || all_sizes[test_choice(&sizes)] != 5;
}

static bool
room(const struct bench *bench, unsigned pieces)
{
	return bench->packed ? vring_packed_room(&bench->ring, pieces, bench->kind)
			     : vring_split_room(&bench->ring, pieces, bench->kind);
}

static void
add_chain(struct bench *bench, unsigned pieces, uint64_t address)
{
	struct vring_packed_chain packed;
	struct vring_split_chain split;

	if (bench->packed) {
		vring_packed_begin(&bench->ring, &packed);
		for (unsigned i = 0; i + 1 < pieces; i++)
			vring_packed_piece(&bench->ring, &packed, address + i, 16, 0);
		vring_packed_last(&bench->ring, &packed, address + pieces - 1, 16, 2, bench->kind);
		return;
	}
	vring_split_begin(&bench->ring, &split, bench->kind);
	for (unsigned i = 0; i + 1 < pieces; i++)
		vring_split_piece(&bench->ring, &split, address + i, 16, 0, bench->kind);
	vring_split_last(&bench->ring, &split, address + pieces - 1, 16, 2, bench->kind);
}

/* Adds a chain of PIECES (a table: 1) and lets the device take it. */
static void
add(struct bench *bench, unsigned pieces)
{
	uint64_t address = 0x10000 * (uint64_t)++bench->added;
	struct vring *ring = &bench->ring;
	struct hand_chain seen;
	struct vring_slot *slot = bench->packed ? vring_packed_next(ring) : vring_split_next(ring);

	if (bench->kind & VRING_DIRECT) {
		add_chain(bench, pieces, address);
	} else if (bench->packed) {
		vring_packed_add_table(ring, slot, address, vring_packed_table_word(slot, 48),
				       bench->kind);
	} else {
		vring_split_prepare_table(ring, slot, address, 48);
		vring_split_add_table(ring, slot, bench->kind);
	}
	if (!bench->packed)
		vring_split_publish(ring);
	EXPECT(hand_pop(&bench->hand, &seen));
	EXPECT_EQ(seen.slots, pieces);
	EXPECT_EQ(bench->kind & VRING_DIRECT ? seen.piece[0].address : seen.table, address);
	/* Descriptors are used in a circle, from the first of the table on.  [spec 2.7.5.2] */
	if (!bench->packed && pieces > 1)
		EXPECT_EQ(hand_get(bench->hand.desc + 16 * (size_t)seen.id + 14, 2),
			  (seen.id + 1u) % bench->size);
	bench->live[bench->live_count++] = (struct chain){seen.id, seen.slots, bench->added};
}

/* The device uses the oldest COUNT chains, and says so once. */
static void
give(struct bench *bench, unsigned count, uint32_t length)
{
	unsigned slots = 0;

	for (unsigned i = 0; i < count; i++)
		slots += bench->live[i].slots;
	hand_push(&bench->hand, bench->live[count - 1].id, length, slots);
	if (bench->packed)
		return;
	/* The entry stands where the batch begins; the index moves on by its size. */
	bench->hand.put = (uint16_t)(bench->hand.put + count - 1);
	hand_index(&bench->hand, bench->hand.put);
}

static vring_fault
take(struct bench *bench, struct vring_slot **slot, uint32_t *length)
{
	uint32_t pending = 0;
	vring_fault fault;

	*slot = NULL;
	fault = bench->packed ? vring_packed_pending(&bench->ring, &pending)
			      : vring_split_pending(&bench->ring, &pending);
	if (fault != VRING_OK || pending == 0)
		return fault;
	return bench->packed ? vring_packed_take(&bench->ring, pending, slot, length, bench->kind)
			     : vring_split_take(&bench->ring, pending, slot, length, bench->kind);
}

/* COUNT chains of one batch come back in the order in which they were added; then no more. */
static void
expect_taken(struct bench *bench, unsigned count, uint32_t last_length)
{
	struct vring_slot *slot;
	uint32_t length = 0;

	for (unsigned i = 0; i < count; i++) {
		EXPECT_EQ(take(bench, &slot, &length), VRING_OK);
		EXPECT(slot != NULL);
		EXPECT_EQ(slot->id, bench->taken % bench->size);
		EXPECT_EQ(slot->descriptors, 0);
		EXPECT_EQ(length, i + 1 < count ? VRING_LENGTH_UNKNOWN : last_length);
		bench->taken++;
	}
	EXPECT_EQ(take(bench, &slot, &length), VRING_OK);
	EXPECT(slot == NULL);
	bench->live_count -= count;
	memmove(bench->live, bench->live + count, bench->live_count * sizeof(bench->live[0]));
	EXPECT_EQ(vring_outstanding(&bench->ring), bench->live_count);
}

TEST_AXES(ring_order__batches_of_any_length, axes, possible)
{
	bool direct = test_choice(&chains) == 1;
	unsigned size = all_sizes[test_choice(&sizes)];
	struct bench *bench = bench_make(size, test_choice(&layouts) == 1, direct);

	for (unsigned round = 0; round < 3000; round++) {
		unsigned pieces = direct ? 1 + (unsigned)test_random_below(size < 3 ? size : 3) : 1;

		if (test_random_below(2) == 0 && room(bench, pieces)) {
			add(bench, pieces);
		} else if (bench->live_count > 0) {
			unsigned count = 1 + (unsigned)test_random_below(bench->live_count);

			give(bench, count, round);
			expect_taken(bench, count, round);
		}
		EXPECT_EQ(vring_outstanding(&bench->ring), bench->live_count);
	}
	EXPECT(bench->taken > 200);
}

/* Between the chains of a batch there is something to take: no sleep. */
TEST_AXES(ring_order__no_sleep_within_a_batch, axes, possible)
{
	unsigned size = all_sizes[test_choice(&sizes)];
	struct bench *bench =
		bench_make(size, test_choice(&layouts) == 1, test_choice(&chains) == 1);
	struct vring_slot *slot;
	uint32_t length;

	for (unsigned i = 0; i < size; i++)
		add(bench, 1);
	give(bench, size, 1);
	for (unsigned i = 0; i < size; i++) {
		EXPECT_EQ(bench->packed ? vring_packed_arm(&bench->ring)
					: vring_split_arm(&bench->ring),
			  false);
		EXPECT_EQ(take(bench, &slot, &length), VRING_OK);
		EXPECT(slot != NULL);
	}
	EXPECT_EQ(bench->packed ? vring_packed_arm(&bench->ring) : vring_split_arm(&bench->ring),
		  true);
}

/* ---- claims ---- */

/* Three of four are in flight; the device claims ID and moves on by STEP. */
static vring_fault
claim(bool packed, bool direct, uint32_t id, unsigned step)
{
	struct bench *bench = bench_make(4, packed, direct);
	struct vring_slot *slot;
	uint32_t length;

	/* The circle does not begin where the memory does. */
	add(bench, 1);
	add(bench, 1);
	give(bench, 2, 0);
	expect_taken(bench, 2, 0);
	for (unsigned i = 0; i < 3; i++)
		add(bench, 1);
	hand_push(&bench->hand, id, 7, step);
	if (!packed)
		hand_index(&bench->hand, (uint16_t)(bench->hand.put + step - 1));
	return take(bench, &slot, &length);
}

/* In flight are ids 2, 3, 0, in this order. */
TEST(ring_order__split_claims)
{
	for (unsigned direct = 0; direct < 2; direct++) {
		EXPECT_EQ(claim(false, direct, 2, 1), VRING_OK);
		EXPECT_EQ(claim(false, direct, 3, 2), VRING_OK);
		EXPECT_EQ(claim(false, direct, 0, 3), VRING_OK);
		EXPECT_EQ(claim(false, direct, 1, 1), VRING_ID_FREE);
		EXPECT_EQ(claim(false, direct, 4, 1), VRING_ID_RANGE);
		EXPECT_EQ(claim(false, direct, 0x10002, 1), VRING_ID_RANGE);
		/* The batch is longer than the index has moved. */
		EXPECT_EQ(claim(false, direct, 3, 1), VRING_OUT_OF_ORDER);
		EXPECT_EQ(claim(false, direct, 0, 2), VRING_OUT_OF_ORDER);
		EXPECT_EQ(claim(false, direct, 2, 4), VRING_INDEX_LEAP);
	}
}

TEST(ring_order__packed_claims)
{
	for (unsigned direct = 0; direct < 2; direct++) {
		EXPECT_EQ(claim(true, direct, 2, 1), VRING_OK);
		EXPECT_EQ(claim(true, direct, 3, 2), VRING_OK);
		EXPECT_EQ(claim(true, direct, 0, 3), VRING_OK);
		EXPECT_EQ(claim(true, direct, 1, 1), VRING_ID_FREE);
		EXPECT_EQ(claim(true, direct, 4, 1), VRING_ID_RANGE);
	}
}

/* A descriptor that was the head of a chain long ago names nothing, though its slot is in use. */
TEST(ring_order__head_of_long_ago)
{
	struct bench *bench = bench_make(8, false, true);
	struct vring_slot *slot;
	uint32_t length;

	for (unsigned i = 0; i < 6; i++)
		add(bench, 1);
	give(bench, 6, 0);
	expect_taken(bench, 6, 0);
	/* Slots 6 and 7, then 0 again, whose head was descriptor 0 and is now 4. */
	add(bench, 3);
	add(bench, 3);
	add(bench, 2);
	EXPECT_EQ(bench->live[2].id, 4);
	hand_push(&bench->hand, 0, 0, 1);
	hand_index(&bench->hand, (uint16_t)(bench->hand.put + 2));
	EXPECT_EQ(take(bench, &slot, &length), VRING_ID_FREE);
}

/* SPDX-License-Identifier: MIT */
/* src/ring/split.h against a device played by hand, byte by byte (hand.h). */
#include <string.h>

#include "test/harness.h"

#include "hand.h"
#include "ring/split.h"
#include "ring_slots.h"

#define LIVE_MAX 64

struct live {
	uint16_t id;
	unsigned descriptors;
	uint64_t address;
};

struct bench {
	struct vring ring;
	struct bare_slot *slots;
	uint16_t *links;
	uint8_t *shared;
	struct orion_vring_layout layout;
	struct hand hand;
	bool direct;
	unsigned kind;
	unsigned expected_free;
	struct live live[LIVE_MAX];     /* what the device holds */
	unsigned live_count;
};

/* One at a time. */
static struct bench *current;

static void
bench_end(void *unused)
{
	(void)unused;
	if (current == NULL)
		return;
	test_free(current->slots);
	test_free(current->links);
	test_free(current->shared);
	test_free(current);
	current = NULL;
}

static struct bench *
bench_make(unsigned size, bool direct, bool event_index)
{
	struct bench *bench = test_alloc(sizeof(*bench));
	struct vring_config config = {.size = size,
				      .ids = size,
				      .limit = size,
				      .kind = direct ? VRING_DIRECT : 0,
				      .event_index = event_index};

	bench->layout = orion_vring_layout(config.size, false);
	bench->shared = test_alloc(bench->layout.bytes);
	bench->slots = test_alloc(size * sizeof(*bench->slots));
	bench->links = test_alloc(size * sizeof(*bench->links));
	if (current == NULL)
		test_at_end(bench_end, NULL);
	bench_end(NULL);
	current = bench;
	config.shared = bench->shared;
	config.slots = bench->slots;
	config.links = bench->links;
	orion_vring_setup(&bench->ring, &config);
	bench->hand = hand_make(bench->shared, bench->shared + bench->layout.driver_offset,
				bench->shared + bench->layout.device_offset, size, false);
	bench->direct = direct;
	bench->kind = config.kind;
	bench->expected_free = size;
	return bench;
}

/* Marks COUNT descriptors from AT on, linked head to last, as seen: each once. */
static void
see_chain(const struct bench *bench, uint8_t *seen, uint32_t at, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		EXPECT(at < bench->ring.size && seen[at] == 0);
		seen[at] = 1;
		at = bench->links[at];
	}
}

/* Every descriptor is either lent, once, or on the free list, once. */
static void
expect_conserved(const struct bench *bench)
{
	const struct vring *ring = &bench->ring;
	static uint8_t seen[32768];
	unsigned chains = 0, count = 0;

	memset(seen, 0, ring->size);
	EXPECT_EQ(vring_free(ring), bench->expected_free);
	if (bench->direct) {
		see_chain(bench, seen, ring->free_head, ring->free);
	} else {
		for (const struct vring_slot *slot = ring->free_slot; slot != NULL;
		     slot = slot->next, count++) {
			EXPECT(slot->id < ring->size && seen[slot->id] == 0);
			EXPECT_EQ(slot->descriptors, 0);
			seen[slot->id] = 1;
		}
		EXPECT_EQ(count, bench->expected_free);
	}
	for (unsigned id = 0; id < ring->size; id++) {
		const struct vring_slot *slot = vring_slot_at(ring, id);

		EXPECT_EQ(slot->id, id);
		if (slot->descriptors == 0)
			continue;
		chains++;
		see_chain(bench, seen, id, slot->descriptors);
	}
	EXPECT_EQ(chains, vring_outstanding(ring));
	for (unsigned i = 0; i < ring->size; i++)
		EXPECT_EQ(seen[i], 1);
}

/* Adds a chain of COUNT pieces whose addresses begin with ADDRESS; returns its id. */
static uint16_t
add(struct bench *bench, unsigned count, uint64_t address)
{
	struct vring_split_chain chain;
	struct vring_slot *slot = vring_split_next(&bench->ring);

	EXPECT(vring_split_room(&bench->ring, bench->direct ? count : 1, bench->kind));
	if (!bench->direct) {
		vring_split_prepare_table(&bench->ring, slot, address, 16 * count);
		bench->expected_free--;
		vring_split_add_table(&bench->ring, slot, 0);
		return slot->id;
	}
	vring_split_begin(&bench->ring, &chain, VRING_DIRECT);
	for (unsigned i = 0; i + 1 < count; i++)
		vring_split_piece(&bench->ring, &chain, address + i, 100 + i, i > 0 ? 2 : 0,
				  VRING_DIRECT);
	vring_split_last(&bench->ring, &chain, address + count - 1, 100 + count - 1, 2,
			 VRING_DIRECT);
	bench->expected_free -= count;
	EXPECT_EQ(chain.slot->id, chain.head);
	return chain.slot->id;
}

/* The device takes what was published; what it sees must be what was added. */
static void
device_takes(struct bench *bench, unsigned count, uint64_t address)
{
	struct hand_chain chain;

	EXPECT(hand_pop(&bench->hand, &chain));
	EXPECT_EQ(chain.slots, bench->direct ? count : 1);
	if (bench->direct) {
		EXPECT_EQ(chain.count, count);
		for (unsigned i = 0; i < count; i++) {
			EXPECT_EQ(chain.piece[i].address, address + i);
			EXPECT_EQ(chain.piece[i].length, 100 + i);
			EXPECT_EQ(chain.piece[i].writable, i > 0 || count == 1);
		}
	} else {
		EXPECT_EQ(chain.table, address);
		EXPECT_EQ(chain.table_bytes, 16 * count);
	}
	EXPECT(bench->live_count < LIVE_MAX);
	bench->live[bench->live_count++] = (struct live){chain.id, chain.slots, address};
}

static struct live
device_gives(struct bench *bench, unsigned which, uint32_t length)
{
	struct live live = bench->live[which];

	bench->live[which] = bench->live[--bench->live_count];
	hand_push(&bench->hand, live.id, length, live.descriptors);
	return live;
}

static void
driver_takes(struct bench *bench, const struct live *live, uint32_t expected_length)
{
	uint32_t length = 0, pending = 0;
	struct vring_slot *slot;

	EXPECT_EQ(vring_split_pending(&bench->ring, &pending), VRING_OK);
	EXPECT(pending >= 1);
	EXPECT_EQ(vring_split_take(&bench->ring, pending, &slot, &length, bench->kind), VRING_OK);
	EXPECT_EQ(slot->id, live->id);
	EXPECT_EQ(length, expected_length);
	bench->expected_free += live->descriptors;
}

/* ---- bytes ---- */

TEST(ring_split__direct_chain_bytes)
{
	static const uint8_t first[16] = {0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01,
					  0x10, 0,    0,    0,    1,    0,    1,    0};
	static const uint8_t second[16] = {0, 0, 0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 3, 0, 2, 0};
	static const uint8_t third[16] = {0x78, 0x56, 0x34, 0x12, 0, 0, 0, 0,
					  1,    0,    0,    0,    2, 0, 0, 0};
	struct bench *bench = bench_make(8, true, false);
	struct vring_split_chain chain;

	vring_split_begin(&bench->ring, &chain, VRING_DIRECT);
	vring_split_piece(&bench->ring, &chain, 0x0123456789abcdef, 16, 0, VRING_DIRECT);
	vring_split_piece(&bench->ring, &chain, 0x100000000, 512, VIRTQ_DESC_F_WRITE, VRING_DIRECT);
	vring_split_last(&bench->ring, &chain, 0x12345678, 1, VIRTQ_DESC_F_WRITE, VRING_DIRECT);
	EXPECT_MEM(bench->hand.desc, first, 16);
	EXPECT_MEM(bench->hand.desc + 16, second, 16);
	EXPECT_MEM(bench->hand.desc + 32, third, 16);
	EXPECT_EQ(hand_get(bench->hand.driver + 2, 2), 0);
	vring_split_publish(&bench->ring);
	EXPECT_EQ(hand_get(bench->hand.driver + 2, 2), 1);
	EXPECT_EQ(hand_get(bench->hand.driver + 4, 2), 0);
}

TEST(ring_split__table_bytes)
{
	static const uint8_t entry[16] = {0, 0x10, 0, 0, 0x34, 0x12, 0, 0, 48, 0, 0, 0, 4, 0, 0, 0};
	struct bench *bench = bench_make(4, false, false);

	vring_split_prepare_table(&bench->ring, vring_split_next(&bench->ring), 0x123400001000, 48);
	vring_split_add_table(&bench->ring, vring_split_next(&bench->ring), 0);
	EXPECT_EQ(hand_get(bench->hand.driver + 4, 2), 0);
	EXPECT_MEM(bench->hand.desc, entry, 16);
}

/* ---- runs ---- */

static const struct test_axis sizes = {"size", {"1", "2", "4", "8", "32768"}};
static const struct test_axis chains = {"chains", {"table", "direct"}};
static const struct test_axis *const run_axes[] = {&sizes, &chains, NULL};
static const unsigned run_sizes[] = {1, 2, 4, 8, 32768};

/*
 * Random adding and completing, in any order, past the wrap of the indices.  After each fetch all
 * that the driver wrote is overwritten: nothing of it may be read back.
 */
TEST_AXES(ring_split__random_runs_conserve_descriptors, run_axes, NULL)
{
	unsigned size = run_sizes[test_choice(&sizes)], rounds = size > 8 ? 300 : 70000;
	struct bench *bench = bench_make(size, test_choice(&chains) == 1, true);
	struct vring *ring = &bench->ring;

	for (unsigned round = 0; round < rounds; round++) {
		unsigned count = 1 + (unsigned)test_random_below(size < 5 ? size : 5);

		if (bench->live_count < LIVE_MAX &&
		    vring_free(ring) >= (bench->direct ? count : 1) && test_random_below(3) != 0) {
			add(bench, count, round * UINT64_C(0x1000));
			EXPECT_EQ(hand_pop(&bench->hand, &(struct hand_chain){0}), false);
			vring_split_publish(ring);
			device_takes(bench, count, round * UINT64_C(0x1000));
			if (round % 16 == 0)
				hand_garble(&bench->hand);
			hand_set(bench->hand.driver + 2, 2, bench->hand.seen);
		} else if (bench->live_count > 0) {
			struct live live = device_gives(
				bench, (unsigned)test_random_below(bench->live_count), round);

			driver_takes(bench, &live, round);
		}
		if (round < 2000 || round % 64 == 0)
			expect_conserved(bench);
	}
}

static void
swap(unsigned *a, unsigned *b)
{
	unsigned t = *a;

	*a = *b;
	*b = t;
}

static void
complete_in(const unsigned *order, unsigned count, bool direct)
{
	struct bench *bench = bench_make(8, direct, false);
	struct live live[8];

	for (unsigned lap = 0; lap < 3; lap++) {
		for (unsigned i = 0; i < count; i++)
			add(bench, 2, 0x1000 * (i + 1));
		vring_split_publish(&bench->ring);
		for (unsigned i = 0; i < count; i++)
			device_takes(bench, 2, 0x1000 * (i + 1));
		memcpy(live, bench->live, count * sizeof(live[0]));
		bench->live_count = 0;
		for (unsigned i = 0; i < count; i++)
			hand_push(&bench->hand, live[order[i]].id, i, 0);
		for (unsigned i = 0; i < count; i++) {
			driver_takes(bench, &live[order[i]], i);
			expect_conserved(bench);
		}
	}
}

static void
all_orders(unsigned *order, unsigned at, unsigned count, bool direct)
{
	if (at == count) {
		complete_in(order, count, direct);
		return;
	}
	for (unsigned i = at; i < count; i++) {
		swap(&order[at], &order[i]);
		all_orders(order, at + 1, count, direct);
		swap(&order[at], &order[i]);
	}
}

TEST(ring_split__every_order_of_completion_direct)
{
	unsigned order[] = {0, 1, 2, 3};

	all_orders(order, 0, 3, true);
}

TEST(ring_split__every_order_of_completion_table)
{
	unsigned order[] = {0, 1, 2, 3};

	all_orders(order, 0, 3, false);
}

TEST(ring_split__room_is_exact)
{
	struct bench *bench = bench_make(8, true, false);

	for (unsigned i = 0; i < 4; i++) {
		EXPECT_EQ(bench->ring.free, 8 - 2 * i);
		EXPECT_EQ(vring_split_room(&bench->ring, 8 - 2 * i, VRING_DIRECT), true);
		EXPECT_EQ(vring_split_room(&bench->ring, 9 - 2 * i, VRING_DIRECT), false);
		add(bench, 2, i);
	}
	EXPECT_EQ(bench->ring.free, 0);
	expect_conserved(bench);
}

/* ---- claims of the device ---- */

/* Three chains of two are in flight in a ring of 8; the device claims ID. */
static void
expect_fault(uint32_t claim, vring_fault fault, bool direct)
{
	struct bench *bench = bench_make(8, direct, false);
	struct vring before;
	struct bare_slot slots[8];
	struct vring_slot *slot;
	uint32_t pending = 0, length;

	for (unsigned i = 0; i < 3; i++)
		add(bench, 2, i);
	vring_split_publish(&bench->ring);
	hand_push(&bench->hand, claim, 0, 0);
	before = bench->ring;
	memcpy(slots, bench->slots, sizeof(slots));
	EXPECT_EQ(vring_split_pending(&bench->ring, &pending), VRING_OK);
	EXPECT_EQ(vring_split_take(&bench->ring, pending, &slot, &length, bench->kind), fault);
	if (fault != VRING_OK) {
		EXPECT_MEM(&bench->ring, &before, sizeof(before));
		EXPECT_MEM(bench->slots, slots, sizeof(slots));
		expect_conserved(bench);
	}
}

TEST(ring_split__id_beyond_the_ring)
{
	for (uint32_t id = 8; id < 70000; id += id < 300 ? 1 : 251)
		expect_fault(id, VRING_ID_RANGE, true);
	expect_fault(0xffff, VRING_ID_RANGE, false);
	expect_fault(0xffffffff, VRING_ID_RANGE, false);
}

/* The id is 32 bits wide: its high half must not be cut off before the check. */
TEST(ring_split__id_high_bits)
{
	for (unsigned bit = 3; bit < 32; bit++) {
		expect_fault(UINT32_C(1) << bit, VRING_ID_RANGE, true);
		expect_fault(UINT32_C(1) << bit, VRING_ID_RANGE, false);
		expect_fault(UINT32_C(1) << bit | 2, VRING_ID_RANGE, true);
	}
}

TEST(ring_split__id_not_in_flight)
{
	for (uint32_t id = 0; id < 8; id++) {
		/*
		 * Direct: heads are 0, 2, 4; 1, 3, 5 are in the middle of a chain, 6 and 7 are
		 * free.
		 */
		expect_fault(id, id % 2 == 0 && id < 6 ? VRING_OK : VRING_ID_FREE, true);
		expect_fault(id, id < 3 ? VRING_OK : VRING_ID_FREE, false);
	}
}

TEST(ring_split__id_twice)
{
	struct bench *bench = bench_make(4, false, false);
	struct vring_slot *slot;
	uint32_t pending, length;

	add(bench, 1, 0);
	add(bench, 1, 0);
	vring_split_publish(&bench->ring);
	hand_push(&bench->hand, 1, 0, 0);
	hand_push(&bench->hand, 1, 0, 0);
	EXPECT_EQ(vring_split_pending(&bench->ring, &pending), VRING_OK);
	EXPECT_EQ(pending, 2);
	EXPECT_EQ(vring_split_take(&bench->ring, 2, &slot, &length, 0), VRING_OK);
	EXPECT_EQ(vring_split_take(&bench->ring, 1, &slot, &length, 0), VRING_ID_FREE);
}

/* The index may name what is outstanding and no more, wherever it stands. */
TEST(ring_split__index_leaps)
{
	for (unsigned outstanding = 0; outstanding <= 4; outstanding++) {
		struct bench *bench = bench_make(4, false, false);
		uint32_t pending;

		for (unsigned i = 0; i < outstanding; i++)
			add(bench, 1, 0);
		vring_split_publish(&bench->ring);
		for (unsigned index = 0; index < 0x10000; index++) {
			hand_index(&bench->hand, (uint16_t)index);
			EXPECT_EQ(vring_split_pending(&bench->ring, &pending),
				  index <= outstanding ? VRING_OK : VRING_INDEX_LEAP);
			EXPECT_EQ(pending, index);
		}
	}
}

/* ---- notifications ---- */

TEST(ring_split__ask_by_flags)
{
	struct bench *bench = bench_make(4, false, false);

	for (unsigned flags = 0; flags < 0x10000; flags += 7) {
		hand_set(bench->hand.device, 2, flags);
		EXPECT_EQ(vring_split_ask(&bench->ring), (flags & 1) == 0);
	}
}

/* Every batch of 1 to 4 and every avail_event near it, from START on. */
static void
ask_from(uint16_t start, unsigned batch, int off)
{
	struct bench *bench = bench_make(4, false, true);

	bench->ring.added = bench->ring.asked = bench->ring.used = start;
	bench->hand.seen = start;
	hand_index(&bench->hand, start);
	for (unsigned round = 0; round < 3; round++) {
		uint16_t before = (uint16_t)bench->ring.added;

		for (unsigned i = 0; i < batch; i++)
			add(bench, 1, 0);
		vring_split_publish(&bench->ring);
		hand_want_event(&bench->hand, (uint16_t)(before + off));
		EXPECT_EQ(vring_split_ask(&bench->ring), off >= 0 && off < (int)batch);
		EXPECT_EQ(vring_split_ask(&bench->ring), false);
		for (unsigned i = 0; i < batch; i++)
			device_takes(bench, 1, 0);
		while (bench->live_count > 0) {
			struct live live = device_gives(bench, 0, 0);

			driver_takes(bench, &live, 0);
		}
	}
}

TEST(ring_split__ask_by_event_index)
{
	for (unsigned start = 0xfff0; start <= 0x10010; start++) {
		for (unsigned batch = 1; batch <= 4; batch++) {
			for (int off = -6; off <= 6; off++)
				ask_from((uint16_t)start, batch, off);
		}
	}
}

/*
 * A device that works unkicked: after 2^16 chains the index stands where it stood at the last
 * question.
 */
TEST(ring_split__ask_after_a_whole_lap)
{
	struct bench *bench = bench_make(4, false, true);

	for (unsigned round = 0; round < 0x10000; round++) {
		struct live live;

		add(bench, 1, 0);
		vring_split_publish(&bench->ring);
		device_takes(bench, 1, 0);
		live = device_gives(bench, 0, 0);
		driver_takes(bench, &live, 0);
	}
	hand_want_event(&bench->hand, (uint16_t)(bench->ring.added - 1));
	EXPECT_EQ(vring_split_ask(&bench->ring), true);
	EXPECT_EQ(vring_split_ask(&bench->ring), false);
}

TEST(ring_split__arm_and_disarm_by_flags)
{
	struct bench *bench = bench_make(4, false, false);

	EXPECT_EQ(hand_driver_flags(&bench->hand), 1);
	EXPECT_EQ(vring_split_arm(&bench->ring), true);
	EXPECT_EQ(hand_driver_flags(&bench->hand), 0);
	vring_split_disarm(&bench->ring);
	EXPECT_EQ(hand_driver_flags(&bench->hand), 1);
	add(bench, 1, 0);
	vring_split_publish(&bench->ring);
	EXPECT_EQ(vring_split_arm(&bench->ring), true);
	hand_push(&bench->hand, 0, 0, 1);
	EXPECT_EQ(vring_split_arm(&bench->ring), false);
}

TEST(ring_split__arm_names_the_next_entry)
{
	struct bench *bench = bench_make(4, false, true);

	for (unsigned round = 0; round < 66000; round++) {
		struct live live;

		add(bench, 1, 0);
		vring_split_publish(&bench->ring);
		device_takes(bench, 1, 0);
		EXPECT_EQ(vring_split_arm(&bench->ring), true);
		EXPECT_EQ(hand_used_event(&bench->hand), (uint16_t)round);
		live = device_gives(bench, 0, 0);
		EXPECT_EQ(vring_split_arm(&bench->ring), false);
		driver_takes(bench, &live, 0);
		EXPECT_EQ(hand_driver_flags(&bench->hand), 0);
	}
}

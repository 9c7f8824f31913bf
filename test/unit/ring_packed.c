/* SPDX-License-Identifier: MIT */
/* src/ring/packed.h against a device played by hand, byte by byte (hand.h). */
#include <string.h>

#include "test/harness.h"

#include "hand.h"
#include "ring/packed.h"
#include "ring_slots.h"

#define LIVE_MAX 64

struct live {
	uint16_t id;
	unsigned slots;
};

struct bench {
	struct vring ring;
	struct bare_slot *slots;
	uint8_t *shared;
	struct hand hand;
	bool direct;
	unsigned kind;
	unsigned lent;                  /* descriptors */
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
	test_free(current->shared);
	test_free(current);
	current = NULL;
}

static struct bench *
bench_make(unsigned size, unsigned ids, bool direct, bool event_index)
{
	struct bench *bench = test_alloc(sizeof(*bench));
	struct vring_config config = {.size = size,
				      .ids = ids,
				      .limit = ids,
				      .kind = direct ? VRING_DIRECT : 0,
				      .packed = true,
				      .event_index = event_index};
	struct orion_vring_layout layout = orion_vring_layout(config.size, true);

	bench->shared = test_alloc(layout.bytes);
	bench->slots = test_alloc(ids * sizeof(*bench->slots));
	if (current == NULL)
		test_at_end(bench_end, NULL);
	bench_end(NULL);
	current = bench;
	config.shared = bench->shared;
	config.slots = bench->slots;
	orion_vring_setup(&bench->ring, &config);
	bench->hand = hand_make(bench->shared, bench->shared + layout.driver_offset,
				bench->shared + layout.device_offset, size, true);
	bench->direct = direct;
	bench->kind = config.kind;
	return bench;
}

/* Every id is either in flight or on the free list, once; every descriptor is lent or free. */
static void
expect_conserved(const struct bench *bench)
{
	const struct vring *ring = &bench->ring;
	static uint8_t seen[32768];
	unsigned in_flight = 0, descriptors = 0;

	memset(seen, 0, ring->ids);
	for (unsigned id = 0; id < ring->ids; id++) {
		in_flight += vring_slot_at(ring, id)->descriptors > 0;
		descriptors += vring_slot_at(ring, id)->descriptors;
	}
	EXPECT_EQ(vring_outstanding(ring), in_flight);
	EXPECT_EQ(descriptors, bench->lent);
	EXPECT_EQ(vring_free(ring) + descriptors, bench->direct ? ring->size : ring->ids);
	for (const struct vring_slot *slot = ring->free_slot; slot != NULL; slot = slot->next) {
		EXPECT(slot->id < ring->ids && seen[slot->id] == 0 && slot->descriptors == 0);
		seen[slot->id] = 1;
		in_flight++;
	}
	EXPECT_EQ(in_flight, ring->ids);
}

static uint16_t
add(struct bench *bench, unsigned count, uint64_t address)
{
	struct vring_slot *slot = vring_packed_next(&bench->ring);
	struct vring_packed_chain chain = {0};

	EXPECT(vring_packed_room(&bench->ring, bench->direct ? count : 1, bench->kind));
	if (!bench->direct) {
		bench->lent++;
		vring_packed_add_table(&bench->ring, slot, address,
				       vring_packed_table_word(slot, 16 * count), 0);
		return slot->id;
	}
	vring_packed_begin(&bench->ring, &chain);
	for (unsigned i = 0; i + 1 < count; i++)
		vring_packed_piece(&bench->ring, &chain, address + i, 100 + i, i > 0 ? 2 : 0);
	vring_packed_last(&bench->ring, &chain, address + count - 1, 100 + count - 1, 2,
			  VRING_DIRECT);
	bench->lent += count;
	return chain.slot->id;
}

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
	bench->live[bench->live_count++] = (struct live){chain.id, chain.slots};
	EXPECT_EQ(hand_pop(&bench->hand, &chain), false);
}

static struct live
device_gives(struct bench *bench, unsigned which, uint32_t length)
{
	struct live live = bench->live[which];

	bench->live[which] = bench->live[--bench->live_count];
	hand_push(&bench->hand, live.id, length, live.slots);
	return live;
}

static void
driver_takes(struct bench *bench, const struct live *live, uint32_t expected_length)
{
	struct vring_slot *slot;
	uint32_t length = 0;

	EXPECT_EQ(vring_packed_take(&bench->ring, 1, &slot, &length, bench->kind), VRING_OK);
	EXPECT(slot != NULL);
	EXPECT_EQ(slot->id, live->id);
	EXPECT_EQ(length, expected_length);
	bench->lent -= live->slots;
}

static void
expect_nothing(struct bench *bench)
{
	struct vring_slot *slot;
	uint32_t length;

	EXPECT_EQ(vring_packed_take(&bench->ring, 1, &slot, &length, bench->kind), VRING_OK);
	EXPECT(slot == NULL);
}

/* ---- bytes ---- */

TEST(ring_packed__direct_chain_bytes_in_both_laps)
{
	static const uint8_t first[16] = {0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01,
					  0x10, 0,    0,    0,    0,    0,    0x81, 0};
	static const uint8_t second[16] = {0, 0, 0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0x82, 0};
	static const uint8_t third[16] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0x82, 0};
	static const uint8_t lap_two[16] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0x02, 0x80};
	struct bench *bench = bench_make(3, 3, true, false);
	struct vring_packed_chain chain = {0};
	struct live live = {0, 2};

	vring_packed_begin(&bench->ring, &chain);
	vring_packed_piece(&bench->ring, &chain, 0x0123456789abcdef, 16, 0);
	EXPECT_EQ(hand_get(bench->hand.desc + 14, 2), 0);
	vring_packed_last(&bench->ring, &chain, 0x100000000, 512, VIRTQ_DESC_F_WRITE, VRING_DIRECT);
	EXPECT_MEM(bench->hand.desc, first, 16);
	EXPECT_MEM(bench->hand.desc + 16, second, 16);
	vring_packed_begin(&bench->ring, &chain);
	vring_packed_last(&bench->ring, &chain, 0, 1, VIRTQ_DESC_F_WRITE, VRING_DIRECT);
	EXPECT_MEM(bench->hand.desc + 32, third, 16);
	bench->lent = 3;
	hand_push(&bench->hand, 0, 7, 2);
	driver_takes(bench, &live, 7);
	vring_packed_begin(&bench->ring, &chain);
	vring_packed_last(&bench->ring, &chain, 0, 1, VIRTQ_DESC_F_WRITE, VRING_DIRECT);
	EXPECT_MEM(bench->hand.desc, lap_two, 16);
}

TEST(ring_packed__table_bytes)
{
	static const uint8_t entry[16] = {0,  0x10, 0, 0, 0x34, 0x12, 0,    0,
					  48, 0,    0, 0, 0,    0,    0x84, 0};
	struct bench *bench = bench_make(5, 5, false, false);

	EXPECT_EQ(vring_packed_next(&bench->ring)->id, 0);
	vring_packed_add_table(&bench->ring, vring_packed_next(&bench->ring), 0x123400001000,
			       vring_packed_table_word(vring_packed_next(&bench->ring), 48), 0);
	EXPECT_MEM(bench->hand.desc, entry, 16);
}

/* ---- runs ---- */

static const struct test_axis sizes = {"size", {"1", "2", "3", "4", "5", "8", "32768"}};
static const struct test_axis chains = {"chains", {"table", "direct"}};
static const struct test_axis *const run_axes[] = {&sizes, &chains, NULL};
static const unsigned run_sizes[] = {1, 2, 3, 4, 5, 8, 32768};

/* As of the split ring; many laps. */
TEST_AXES(ring_packed__random_runs_conserve_descriptors, run_axes, NULL)
{
	unsigned size = run_sizes[test_choice(&sizes)];
	struct bench *bench = bench_make(size, size, test_choice(&chains) == 1, true);
	struct vring *ring = &bench->ring;

	for (unsigned round = 0; round < (size > 8 ? 300 : 20000); round++) {
		unsigned count = 1 + (unsigned)test_random_below(size < 5 ? size : 5);

		if (bench->live_count < LIVE_MAX &&
		    vring_free(ring) >= (bench->direct ? count : 1) && test_random_below(3) != 0) {
			add(bench, count, round * UINT64_C(0x1000));
			device_takes(bench, count, round * UINT64_C(0x1000));
			if (round % 16 == 0)
				hand_garble(&bench->hand);
		} else if (bench->live_count > 0) {
			struct live live = device_gives(
				bench, (unsigned)test_random_below(bench->live_count), round);

			driver_takes(bench, &live, round);
			expect_nothing(bench);
		}
		if (round < 2000 || round % 64 == 0)
			expect_conserved(bench);
	}
}

static void
complete_in(const unsigned *order, unsigned size, bool direct)
{
	unsigned pieces = direct ? 2 : 1;
	struct bench *bench = bench_make(size, size, direct, false);
	struct live live[3];

	for (unsigned lap = 0; lap < 7; lap++) {
		for (unsigned i = 0; i < 3; i++) {
			add(bench, pieces, 0x1000 * (i + 1));
			device_takes(bench, pieces, 0x1000 * (i + 1));
		}
		memcpy(live, bench->live, sizeof(live));
		bench->live_count = 0;
		for (unsigned i = 0; i < 3; i++)
			hand_push(&bench->hand, live[order[i]].id, i, live[order[i]].slots);
		for (unsigned i = 0; i < 3; i++) {
			driver_takes(bench, &live[order[i]], i);
			expect_conserved(bench);
		}
		expect_nothing(bench);
	}
}

TEST(ring_packed__every_order_of_completion)
{
	static const unsigned orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
					      {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

	for (unsigned i = 0; i < 6; i++) {
		for (unsigned size = 6; size <= 11; size++)
			complete_in(orders[i], size, true);
		for (unsigned size = 3; size <= 5; size++)
			complete_in(orders[i], size, false);
	}
}

/* ---- claims of the device ---- */

static void
expect_fault(unsigned size, unsigned ids, uint32_t claim, vring_fault fault, bool direct)
{
	struct bench *bench = bench_make(size, ids, direct, false);
	struct vring before;
	struct bare_slot slots[8];
	struct vring_slot *slot;
	uint32_t length;

	for (unsigned i = 0; i < 3; i++)
		add(bench, direct ? 2 : 1, i);
	hand_push(&bench->hand, claim, 0, direct ? 2 : 1);
	before = bench->ring;
	memcpy(slots, bench->slots, ids * sizeof(slots[0]));
	EXPECT_EQ(vring_packed_take(&bench->ring, 3, &slot, &length, bench->kind), fault);
	if (fault != VRING_OK) {
		EXPECT_MEM(&bench->ring, &before, sizeof(before));
		EXPECT_MEM(bench->slots, slots, ids * sizeof(slots[0]));
		expect_conserved(bench);
	}
}

TEST(ring_packed__id_beyond_the_ids)
{
	for (uint32_t id = 8; id < 0x10000; id += id < 300 ? 1 : 251)
		expect_fault(8, 8, id, VRING_ID_RANGE, true);
	for (unsigned bit = 3; bit < 16; bit++)
		expect_fault(8, 8, UINT32_C(1) << bit | 1, VRING_ID_RANGE, false);
	/* Fewer ids than the mask covers, and than descriptors. */
	for (uint32_t id = 5; id < 8; id++)
		expect_fault(8, 5, id, VRING_ID_RANGE, false);
	expect_fault(8, 8, 0xffff, VRING_ID_RANGE, true);
}

TEST(ring_packed__id_not_in_flight)
{
	for (uint32_t id = 0; id < 8; id++) {
		expect_fault(8, 8, id, id < 3 ? VRING_OK : VRING_ID_FREE, true);
		expect_fault(8, 8, id, id < 3 ? VRING_OK : VRING_ID_FREE, false);
	}
}

TEST(ring_packed__id_twice)
{
	struct bench *bench = bench_make(4, 4, false, false);
	struct live live = {1, 1};
	struct vring_slot *slot;
	uint32_t length;

	add(bench, 1, 0);
	add(bench, 1, 0);
	hand_push(&bench->hand, 1, 0, 1);
	hand_push(&bench->hand, 1, 0, 1);
	driver_takes(bench, &live, 0);
	EXPECT_EQ(vring_packed_take(&bench->ring, 1, &slot, &length, 0), VRING_ID_FREE);
}

/* Only flags that both say "used" in this lap count. */
TEST(ring_packed__only_this_lap_counts)
{
	struct bench *bench = bench_make(2, 2, false, false);
	struct live live = {0, 1};

	add(bench, 1, 0);
	for (unsigned flags = 0; flags < 0x10000; flags += 0x80) {
		if ((flags & 0x8080) == 0x8080)
			continue;
		hand_set(bench->hand.desc + 14, 2, flags);
		expect_nothing(bench);
	}
	hand_push(&bench->hand, 0, 5, 1);
	driver_takes(bench, &live, 5);
	add(bench, 1, 0);
	live.id = bench->slots[0].ring.descriptors > 0 ? 0 : 1;
	hand_push(&bench->hand, live.id, 6, 1);
	driver_takes(bench, &live, 6);
	/* Second lap: used is 0 and 0. */
	add(bench, 1, 0);
	for (unsigned flags = 0x80; flags < 0x10000; flags += 0x80) {
		if ((flags & 0x8080) == 0)
			continue;
		hand_set(bench->hand.desc + 14, 2, flags);
		expect_nothing(bench);
	}
	live.id = bench->slots[0].ring.descriptors > 0 ? 0 : 1;
	hand_push(&bench->hand, live.id, 7, 1);
	driver_takes(bench, &live, 7);
}

TEST(ring_packed__pending_is_bounded_by_what_is_outstanding)
{
	struct bench *bench = bench_make(4, 4, false, false);
	uint32_t pending = 77;

	for (unsigned i = 0; i <= 4; i++) {
		EXPECT_EQ(vring_packed_pending(&bench->ring, &pending), VRING_OK);
		EXPECT_EQ(pending, i);
		if (i < 4)
			add(bench, 1, 0);
	}
}

/* ---- notifications ---- */

/* ENABLE, DISABLE, DESC and the reserved value; without event index DESC means "always". */
TEST(ring_packed__ask_by_flags)
{
	struct bench *bench = bench_make(4, 4, false, false);

	for (unsigned flags = 0; flags < 0x10000; flags += 3) {
		add(bench, 1, 0);
		hand_set(bench->hand.device, 4, 0x8003u | (uint64_t)flags << 16);
		EXPECT_EQ(vring_packed_ask(&bench->ring), (flags & 3) != 1);
		device_takes(bench, 1, 0);
		(void)device_gives(bench, 0, 0);
		driver_takes(bench, &(struct live){bench->slots[0].ring.descriptors > 0 ? 0 : 1, 1},
			     0);
	}
}

TEST(ring_packed__ask_by_event_index)
{
	struct bench *bench = bench_make(5, 5, false, true);
	unsigned at =
		0; /* the first new descriptor, in laps of 10: wrap counter in bit "5 or more" */

	for (unsigned round = 0; round < 20000; round++) {
		unsigned batch = 1 + round % 5, event = (at + round / 5 % 10) % 10;

		for (unsigned i = 0; i < batch; i++) {
			add(bench, 1, 0);
			device_takes(bench, 1, 0);
		}
		hand_want_event(&bench->hand, (uint16_t)(event % 5 | (event < 5 ? 0x8000 : 0)));
		EXPECT_EQ(vring_packed_ask(&bench->ring), (event + 10 - at) % 10 < batch);
		at = (at + batch) % 10;
		while (bench->live_count > 0) {
			struct live live = device_gives(bench, 0, 0);

			driver_takes(bench, &live, 0);
		}
	}
}

/* A device that works unkicked: many laps of descriptors lie between two questions. */
TEST(ring_packed__ask_after_whole_laps)
{
	struct bench *bench = bench_make(4, 4, false, true);

	for (unsigned round = 0; round < 0x10000; round++) {
		struct live live;

		add(bench, 1, 0);
		device_takes(bench, 1, 0);
		live = device_gives(bench, 0, 0);
		driver_takes(bench, &live, 0);
	}
	/* The last slot of the lap before this one. */
	hand_want_event(&bench->hand,
			bench->ring.avail_lap >> 48 & VIRTQ_PACKED_F_AVAIL ? 3 : 0x8003);
	EXPECT_EQ(vring_packed_ask(&bench->ring), true);
	EXPECT_EQ(vring_packed_ask(&bench->ring), false);
}

static const struct test_axis events = {"events", {"flags", "index"}};
static const struct test_axis *const arm_axes[] = {&events, NULL};

TEST_AXES(ring_packed__arm_and_disarm, arm_axes, NULL)
{
	bool index = test_choice(&events) == 1;
	struct bench *bench = bench_make(3, 3, false, index);

	EXPECT_EQ(hand_driver_flags(&bench->hand), 0x10000);
	for (unsigned round = 0; round < 20; round++) {
		unsigned slot = round % 3, wrap = round / 3 % 2 == 0 ? 0x8000 : 0;
		struct live live;

		add(bench, 1, 0);
		device_takes(bench, 1, 0);
		EXPECT_EQ(vring_packed_arm(&bench->ring), true);
		EXPECT_EQ(hand_driver_flags(&bench->hand) & 0xffff, slot | wrap);
		EXPECT_EQ(hand_driver_flags(&bench->hand) >> 16, index ? 2 : 0);
		live = device_gives(bench, 0, 0);
		EXPECT_EQ(vring_packed_arm(&bench->ring), false);
		driver_takes(bench, &live, 0);
		EXPECT_EQ(vring_packed_arm(&bench->ring), true);
		vring_packed_disarm(&bench->ring);
		EXPECT_EQ(hand_driver_flags(&bench->hand), 0x10000);
	}
}

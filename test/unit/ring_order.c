/* SPDX-License-Identifier: MIT */
/*
 * VIRTIO_F_IN_ORDER in src/ring, both layouts, against a device played by hand (hand.h): one used
 * entry for each chain, or one for a batch, and entries that name what they must not.
 */
#include <string.h>

#include "test/harness.h"

#include "hand.h"
#include "ring/packed.h"
#include "ring/split.h"
#include "ring_slots.h"

#define SIZE_MAX_HERE 8u

/* A chain in flight. */
struct live {
	unsigned slot;
	uint16_t id; /* what the device calls it */
	unsigned descriptors;
	uint32_t length; /* to be taken with, once the device has given it */
};

struct bench {
	struct vring ring;
	struct bare_slot slots[SIZE_MAX_HERE];
	uint16_t links[SIZE_MAX_HERE];
	uint8_t *shared;
	size_t bytes;
	struct hand hand;
	unsigned kind;
	bool packed;
	struct live live[SIZE_MAX_HERE]; /* oldest first */
	unsigned count;
	unsigned given; /* the first of them: used, but not taken */
	unsigned next; /* the slot of the next chain */
	unsigned held; /* descriptors */
};

static void
bench_start(struct bench *bench, unsigned size, unsigned limit, bool packed, bool direct)
{
	struct orion_vring_layout layout = orion_vring_layout(size, packed);
	struct vring_config config = {
		.size = size,
		.ids = size,
		.limit = limit,
		.kind = VRING_IN_ORDER | (direct ? VRING_DIRECT : 0),
		.packed = packed,
		.event_index = true,
	};

	memset(bench, 0, sizeof(*bench));
	bench->shared = test_alloc(layout.bytes);
	bench->bytes = layout.bytes;
	bench->kind = config.kind;
	bench->packed = packed;
	config.shared = bench->shared;
	config.slots = bench->slots;
	config.links = bench->links;
	orion_vring_setup(&bench->ring, &config);
	bench->hand = hand_make(bench->shared, bench->shared + layout.driver_offset,
				bench->shared + layout.device_offset, size, packed);
}

static bool
direct(const struct bench *bench)
{
	return (bench->kind & VRING_DIRECT) != 0;
}

/* Slots are used in a circle: first those in flight, oldest first, then the free ones. */
static void
expect_circle(const struct bench *bench)
{
	const struct vring *ring = &bench->ring;
	const struct vring_slot *slot = ring->oldest;

	EXPECT_EQ(vring_outstanding(ring), bench->count);
	EXPECT_EQ(vring_free(ring),
		  direct(bench) ? ring->size - bench->held : ring->limit - bench->count);
	for (unsigned i = 0; i < bench->count; i++, slot = slot->next) {
		EXPECT_EQ(slot->id, bench->live[i].slot);
		EXPECT_EQ(slot->descriptors, bench->live[i].descriptors);
	}
	EXPECT(slot == ring->free_slot);
	for (unsigned i = bench->count; i < ring->ids; i++, slot = slot->next)
		EXPECT_EQ(slot->descriptors, 0);
	EXPECT(slot == ring->oldest);
}

static bool
room(const struct bench *bench, unsigned pieces)
{
	return bench->packed ? vring_packed_room(&bench->ring, pieces, bench->kind)
			     : vring_split_room(&bench->ring, pieces, bench->kind);
}

static struct vring_slot *
add_split(struct vring *ring, unsigned pieces, uint64_t address, unsigned kind)
{
	struct vring_slot *slot = vring_split_next(ring);
	struct vring_split_chain chain;

	if (!(kind & VRING_DIRECT)) {
		vring_split_prepare_table(ring, slot, address, 16 * pieces);
		vring_split_add_table(ring, slot, kind);
		return slot;
	}
	vring_split_begin(ring, &chain, kind);
	for (unsigned i = 0; i + 1 < pieces; i++)
		vring_split_piece(ring, &chain, address + i, 100 + i, 0, kind);
	vring_split_last(ring, &chain, address + pieces - 1, 99 + pieces, 2, kind);
	return chain.slot;
}

static struct vring_slot *
add_packed(struct vring *ring, unsigned pieces, uint64_t address, unsigned kind)
{
	struct vring_slot *slot = vring_packed_next(ring);
	struct vring_packed_chain chain;

	if (!(kind & VRING_DIRECT)) {
		vring_packed_add_table(ring, slot, address,
				       vring_packed_table_word(slot, 16 * pieces), kind);
		return slot;
	}
	vring_packed_begin(ring, &chain);
	for (unsigned i = 0; i + 1 < pieces; i++)
		vring_packed_piece(ring, &chain, address + i, 100 + i, 0);
	vring_packed_last(ring, &chain, address + pieces - 1, 99 + pieces, 2, kind);
	return chain.slot;
}

/* The device sees the chain as it was added. */
static uint16_t
device_sees(struct bench *bench, unsigned pieces, uint64_t address)
{
	struct hand_chain chain;

	EXPECT(hand_pop(&bench->hand, &chain));
	if (!direct(bench)) {
		EXPECT_EQ(chain.slots, 1);
		EXPECT_EQ(chain.table, address);
		EXPECT_EQ(chain.table_bytes, 16 * pieces);
		return chain.id;
	}
	EXPECT_EQ(chain.slots, pieces);
	EXPECT_EQ(chain.count, pieces);
	for (unsigned i = 0; i < pieces; i++) {
		EXPECT_EQ(chain.piece[i].address, address + i);
		EXPECT_EQ(chain.piece[i].length, 100 + i);
		EXPECT_EQ(chain.piece[i].writable, i == pieces - 1);
	}
	return chain.id;
}

/* Adds a chain on a copy of the ring, as a batch does; then the driver's own bytes are spoilt. */
static void
add(struct bench *bench, unsigned pieces, uint64_t address)
{
	struct live *live = &bench->live[bench->count];
	struct vring work = bench->ring;
	struct vring_slot *slot;

	if (bench->packed) {
		slot = add_packed(&work, pieces, address, bench->kind);
		vring_packed_publish(&work);
	} else {
		slot = add_split(&work, pieces, address, bench->kind);
		EXPECT_EQ(hand_pop(&bench->hand, &(struct hand_chain){0}), false);
		vring_split_publish(&work);
	}
	vring_keep_producer(&bench->ring, &work, bench->kind, bench->packed);
	EXPECT_EQ(slot->id, bench->next);
	bench->next = (bench->next + 1) % bench->ring.ids;
	live->slot = slot->id;
	live->descriptors = direct(bench) ? pieces : 1;
	live->id = device_sees(bench, pieces, address);
	bench->held += live->descriptors;
	bench->count++;
	if (bench->packed)
		hand_garble(&bench->hand);
	else
		memset(bench->hand.desc, 0xee, 16 * (size_t)bench->ring.size);
}

/* One used entry for the next CHAINS that the device holds; it names the last. */
static void
give(struct bench *bench, unsigned chains, uint32_t length)
{
	unsigned descriptors = 0;

	for (unsigned i = 0; i < chains; i++) {
		bench->live[bench->given + i].length = VRING_LENGTH_UNKNOWN;
		descriptors += bench->live[bench->given + i].descriptors;
	}
	bench->given += chains;
	bench->live[bench->given - 1].length = length;
	hand_push(&bench->hand, bench->live[bench->given - 1].id, length, descriptors);
	/* The index counts the chains that no entry was written for. */
	if (!bench->packed)
		hand_index(&bench->hand, (uint16_t)(bench->hand.put + chains - 1));
}

static vring_fault
take_from(struct vring *ring, uint32_t pending, struct vring_slot **slot, uint32_t *length)
{
	return ring->packed ? vring_packed_take(ring, pending, slot, length, ring->kind)
			    : vring_split_take(ring, pending, slot, length, ring->kind);
}

/* Takes the oldest, which was given, on a copy of the ring. */
static void
take(struct bench *bench)
{
	struct vring work = bench->ring;
	struct live live = bench->live[0];
	uint32_t pending = 0, length = 0;
	struct vring_slot *slot = NULL;

	if (bench->packed) {
		EXPECT_EQ(vring_packed_pending(&work, &pending), VRING_OK);
		EXPECT_EQ(pending, bench->count);
	} else {
		EXPECT_EQ(vring_split_pending(&work, &pending), VRING_OK);
		EXPECT_EQ(pending, bench->given);
	}
	EXPECT_EQ(take_from(&work, pending, &slot, &length), VRING_OK);
	EXPECT(slot != NULL);
	EXPECT_EQ(slot->id, live.slot);
	EXPECT_EQ(length, live.length);
	vring_keep_consumer(&bench->ring, &work, bench->kind, bench->packed);
	bench->held -= live.descriptors;
	bench->given--;
	bench->count--;
	memmove(&bench->live[0], &bench->live[1], bench->count * sizeof(live));
}

/* Nothing more can be taken. */
static void
expect_nothing(struct bench *bench)
{
	struct vring_slot *slot;
	uint32_t pending, length;

	if (bench->packed) {
		EXPECT_EQ(vring_packed_take(&bench->ring, 1, &slot, &length, bench->kind),
			  VRING_OK);
		EXPECT(slot == NULL);
	} else {
		EXPECT_EQ(vring_split_pending(&bench->ring, &pending), VRING_OK);
		EXPECT_EQ(pending, 0);
	}
}

/* The owner may sleep when all that was given is taken, the rest of a batch too. */
static void
expect_arm(struct bench *bench)
{
	bool armed = bench->packed ? vring_packed_arm(&bench->ring) : vring_split_arm(&bench->ring);

	EXPECT_EQ(armed, bench->given == 0);
}

/* Some chains are added, given in entries for up to BATCH of them, or taken. */
static void
step(struct bench *bench, unsigned batch, uint32_t number)
{
	unsigned size = bench->ring.size, held = bench->count - bench->given;
	unsigned pieces = 1 + (unsigned)test_random_below(size < 3 ? size : 3);

	switch (test_random_below(3)) {
	case 0:
		EXPECT_EQ(room(bench, pieces),
			  bench->count < bench->ring.limit &&
				  (!direct(bench) || bench->held + pieces <= size));
		if (room(bench, pieces))
			add(bench, pieces, number * UINT64_C(0x1000));
		break;
	case 1:
		if (held > 0)
			give(bench, 1 + (unsigned)test_random_below(held < batch ? held : batch),
			     number);
		break;
	default:
		for (unsigned n = (unsigned)test_random_below(bench->given + 1u); n > 0; n--)
			take(bench);
	}
	if (bench->given == 0)
		expect_nothing(bench);
	expect_arm(bench);
	expect_circle(bench);
}

/* ---- runs ---- */

static const struct test_axis layouts = {"layout", {"split", "packed"}};
static const struct test_axis chains = {"chains", {"table", "direct"}};
static const struct test_axis answers = {"answers", {"single", "batch"}};
static const struct test_axis sizes = {"size", {"1", "2", "3", "4", "5", "8"}};
static const struct test_axis *const run_axes[] = {&layouts, &chains, &answers, &sizes, NULL};
static const unsigned run_sizes[] = {1, 2, 3, 4, 5, 8};

static bool
possible(void)
{
	unsigned size = run_sizes[test_choice(&sizes)];

	return test_choice(&layouts) == 1 || (size & (size - 1)) == 0;
}

/* Past the wrap of the indices. */
TEST_AXES(ring_order__random_runs, run_axes, possible)
{
	unsigned size = run_sizes[test_choice(&sizes)];
	unsigned batch = test_choice(&answers) == 1 ? size : 1;
	static struct bench bench;
	unsigned added = 0;

	bench_start(&bench, size, size, test_choice(&layouts) == 1, test_choice(&chains) == 1);
	for (uint32_t number = 0; added < 70000; number++) {
		unsigned before = bench.count;

		step(&bench, batch, number);
		added += bench.count > before;
	}
	test_free(bench.shared);
}

static const struct test_axis *const kind_axes[] = {&layouts, &chains, NULL};

/* One entry for a full ring, one for each but the last, and back again, at every place. */
TEST_AXES(ring_order__every_split_into_batches, kind_axes, NULL)
{
	static struct bench bench;

	bench_start(&bench, 4, 4, test_choice(&layouts) == 1, test_choice(&chains) == 1);
	for (unsigned round = 0; round < 64; round++) {
		for (unsigned i = 0; i < 4; i++)
			add(&bench, 1, round * UINT64_C(0x10000) + i);
		/* Bit I says that an entry ends with chain I; the last is always one. */
		for (unsigned i = 0, chain = 1; i < 4; i++, chain++) {
			if (i < 3 && (round >> i & 1) == 0)
				continue;
			give(&bench, chain, round * 4 + i);
			chain = 0;
		}
		while (bench.count > 0) {
			expect_arm(&bench);
			take(&bench);
			expect_circle(&bench);
		}
		expect_arm(&bench);
		expect_nothing(&bench);
		/* The next round begins at another place. */
		add(&bench, 1, 0);
		give(&bench, 1, 0);
		take(&bench);
	}
	test_free(bench.shared);
}

/* Fewer chains than slots may be in flight; the circle goes through all slots. */
TEST_AXES(ring_order__limit, kind_axes, NULL)
{
	static struct bench bench;

	bench_start(&bench, 8, 3, test_choice(&layouts) == 1, test_choice(&chains) == 1);
	for (unsigned round = 0; round < 40; round++) {
		while (bench.count < 3) {
			EXPECT(room(&bench, 1));
			add(&bench, 1, round);
		}
		EXPECT_EQ(room(&bench, 1), false);
		give(&bench, 1 + round % 3, round);
		while (bench.given > 0)
			take(&bench);
		expect_circle(&bench);
	}
	test_free(bench.shared);
}

/* ---- claims of the device ---- */

/* What a take may change, before it did. */
struct before {
	struct vring ring;
	struct hand hand;
	struct bare_slot slots[SIZE_MAX_HERE];
	uint16_t links[SIZE_MAX_HERE];
	uint8_t shared[512];
};

static void
remember(const struct bench *bench, struct before *before)
{
	EXPECT(bench->bytes <= sizeof(before->shared));
	before->ring = bench->ring;
	before->hand = bench->hand;
	memcpy(before->slots, bench->slots, sizeof(before->slots));
	memcpy(before->links, bench->links, sizeof(before->links));
	memcpy(before->shared, bench->shared, bench->bytes);
}

static void
go_back(struct bench *bench, const struct before *before)
{
	bench->ring = before->ring;
	bench->hand = before->hand;
	memcpy(bench->slots, before->slots, sizeof(before->slots));
	memcpy(bench->links, before->links, sizeof(before->links));
	memcpy(bench->shared, before->shared, bench->bytes);
}

/* What the claim that ID ends a batch must come to; *BATCH is how many chains that would be. */
static vring_fault
verdict(const struct bench *bench, uint32_t id, uint32_t pending, unsigned *batch)
{
	if (id >= bench->ring.ids)
		return VRING_ID_RANGE;
	for (*batch = 1; *batch <= bench->count; ++*batch) {
		if (bench->live[*batch - 1].id == id)
			return *batch > pending ? VRING_OUT_OF_ORDER : VRING_OK;
	}
	return VRING_ID_FREE;
}

/* The device claims ID; PENDING is what used.idx said.  A claim that is refused changes nothing. */
static void
claim(struct bench *bench, uint32_t id, uint32_t pending)
{
	static struct before before;
	unsigned batch = 0;
	vring_fault fault = verdict(bench, id, pending, &batch);
	struct vring_slot *slot = NULL;
	uint32_t length = 0;

	remember(bench, &before);
	hand_push(&bench->hand, id, 77, 1);
	EXPECT_EQ(take_from(&bench->ring, pending, &slot, &length), fault);
	if (fault != VRING_OK) {
		EXPECT_MEM(&bench->ring, &before.ring, sizeof(before.ring));
		EXPECT_MEM(bench->slots, before.slots, sizeof(before.slots));
		EXPECT_MEM(bench->links, before.links, sizeof(before.links));
	}
	for (unsigned i = 0; fault == VRING_OK && i < batch; i++) {
		if (i > 0)
			EXPECT_EQ(take_from(&bench->ring, pending - i, &slot, &length), VRING_OK);
		EXPECT_EQ(slot->id, bench->live[i].slot);
		EXPECT_EQ(length, i + 1 == batch ? 77 : VRING_LENGTH_UNKNOWN);
	}
	go_back(bench, &before);
}

static void
claim_everything(struct bench *bench)
{
	for (uint32_t pending = bench->packed ? bench->count : 1; pending <= bench->count;
	     pending++) {
		for (uint32_t id = 0; id < 20; id++)
			claim(bench, id, pending);
		claim(bench, 0xffff, pending);
		/* A packed id has 16 bits, a split one 32. */
		for (unsigned bit = 4; bit < (bench->packed ? 16 : 32); bit++)
			claim(bench, bench->live[0].id | UINT32_C(1) << bit, pending);
	}
}

/*
 * Every id, wherever the ring stands: of chains in flight, of those taken long ago, of descriptors
 * that are no heads, of none.
 */
TEST_AXES(ring_order__every_claim, kind_axes, NULL)
{
	bool packed = test_choice(&layouts) == 1;
	static struct bench bench;

	bench_start(&bench, packed ? 7 : 8, packed ? 7 : 8, packed, test_choice(&chains) == 1);
	for (uint32_t number = 0; number < 6000; number++) {
		step(&bench, 8, number);
		if (bench.given == 0 && bench.count > 0)
			claim_everything(&bench);
	}
	test_free(bench.shared);
}

static const struct test_axis *const chains_axes[] = {&chains, NULL};

/* The index says fewer chains than the entry ends: the rest may still be the device's. */
TEST_AXES(ring_order__a_batch_longer_than_the_index_says, chains_axes, NULL)
{
	static struct bench bench;

	for (uint16_t said = 1; said <= 3; said++) {
		for (unsigned named = 1; named <= 3; named++) {
			struct vring_slot *slot;
			uint32_t pending, length;

			bench_start(&bench, 8, 8, false, test_choice(&chains) == 1);
			for (unsigned i = 0; i < 3; i++)
				add(&bench, 2, i);
			hand_push(&bench.hand, bench.live[named - 1].id, 5, 0);
			hand_index(&bench.hand, said);
			EXPECT_EQ(vring_split_pending(&bench.ring, &pending), VRING_OK);
			EXPECT_EQ(pending, said);
			EXPECT_EQ(take_from(&bench.ring, pending, &slot, &length),
				  named <= said ? VRING_OK : VRING_OUT_OF_ORDER);
			if (named > said)
				expect_circle(&bench);
			test_free(bench.shared);
		}
	}
}

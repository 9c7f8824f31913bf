/* SPDX-License-Identifier: MIT */
/* src/ring/event.h against oracles that walk from position to position. */
#include "test/harness.h"

#include "ring/event.h"

/* [spec 2.7.10]: the position that the other side named is among BEFORE ... NOW - 1. */
static bool
passed_slowly(uint16_t event, uint16_t now, uint16_t before)
{
	for (uint16_t at = before; at != now; at++) {
		if (at == event)
			return true;
	}
	return false;
}

static const uint16_t bases[] = {0,      1,      2,      255,    256,    0x7ffe,
				 0x7fff, 0x8000, 0x8001, 0xff00, 0xfffe, 0xffff};
#define BASES (sizeof(bases) / sizeof(bases[0]))

TEST(ring_event__every_small_window_round_every_edge)
{
	for (unsigned b = 0; b < BASES; b++) {
		for (unsigned added = 0; added <= 20; added++) {
			for (int off = -30; off <= 30; off++) {
				uint16_t before = bases[b];
				uint16_t now = (uint16_t)(before + added);
				uint16_t event = (uint16_t)(before + off);

				EXPECT_EQ(vring_event_passed(event, now, added),
					  passed_slowly(event, now, before));
			}
		}
	}
}

TEST(ring_event__batches_up_to_the_largest_ring)
{
	for (unsigned i = 0; i < 4000; i++) {
		uint16_t before = (uint16_t)test_random();
		uint32_t fresh = (uint32_t)test_random_below(32769);
		uint16_t now = (uint16_t)(before + fresh);
		uint16_t event = (uint16_t)test_random();

		EXPECT_EQ(vring_event_passed(event, now, fresh), passed_slowly(event, now, before));
	}
}

TEST(ring_event__nothing_new_is_never_passed)
{
	for (unsigned i = 0; i < 0x10000; i++) {
		EXPECT_EQ(vring_event_passed((uint16_t)i, 0, 0), false);
		EXPECT_EQ(vring_event_passed((uint16_t)i, 0xffff, 0), false);
	}
}

/* After 2^16 and more, every position was passed, wherever the index stands. */
TEST(ring_event__a_whole_lap_passes_everything)
{
	for (unsigned i = 0; i < 0x10000; i++) {
		EXPECT_EQ(vring_event_passed((uint16_t)i, 5, 0x10000), true);
		EXPECT_EQ(vring_event_passed((uint16_t)i, 5, UINT64_MAX), true);
		EXPECT_EQ(vring_event_passed((uint16_t)i, 5, 0xffff), i != 5);
	}
}

/*
 * Where ADDED descriptors that end before (NOW, WRAP) lie, walked back one by one.  [spec 2.8.14]
 */
static bool
packed_passed_slowly(uint16_t event, uint16_t now, bool wrap, unsigned added, uint16_t size)
{
	uint16_t at = now;

	while (added-- > 0) {
		if (at == 0) {
			at = size;
			wrap = !wrap;
		}
		at--;
		if ((event & 0x7fff) == at && (event >> 15 != 0) == wrap)
			return true;
	}
	return false;
}

TEST(ring_event__packed_all_of_small_rings)
{
	for (uint16_t size = 1; size <= 9; size++) {
		for (unsigned now = 0; now < 2u * size; now++) {
			for (unsigned added = 0; added <= size; added++) {
				for (unsigned e = 0; e < 2u * size; e++) {
					uint16_t slot = (uint16_t)(now % size);
					bool wrap = now >= size;
					uint16_t event =
						(uint16_t)(e % size | (e >= size ? 0x8000 : 0));

					EXPECT_EQ(vring_packed_event_passed(event, slot, wrap,
									    (uint16_t)added, size),
						  packed_passed_slowly(event, slot, wrap, added,
								       size));
				}
			}
		}
	}
}

TEST(ring_event__packed_largest_ring)
{
	for (unsigned i = 0; i < 4000; i++) {
		uint16_t size = (uint16_t)(i % 2 == 0 ? 32768 : 32767);
		uint16_t now = (uint16_t)test_random_below(size);
		uint16_t added = (uint16_t)test_random_below(size + 1u);
		uint16_t event = (uint16_t)(test_random_below(size) | (test_random() & 0x8000));
		bool wrap = test_random() & 1;

		EXPECT_EQ(vring_packed_event_passed(event, now, wrap, added, size),
			  packed_passed_slowly(event, now, wrap, added, size));
	}
}

/*
 * An offset beyond the ring is nonsense: whatever the answer, it must not cost a needed kick's
 * safety.
 */
TEST(ring_event__packed_nonsense_does_not_trap)
{
	for (unsigned e = 0; e < 0x10000; e++) {
		(void)vring_packed_event_passed((uint16_t)e, 0, true, 4, 4);
		(void)vring_packed_event_passed((uint16_t)e, 3, false, 1, 4);
	}
}

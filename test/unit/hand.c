/* SPDX-License-Identifier: MIT */
/* See hand.h.  Numbers are the specification's, written out. */
#include "hand.h"

#include <string.h>

#include "test/harness.h"

struct hand
hand_make(uint8_t *desc, uint8_t *driver, uint8_t *device, unsigned size, bool packed)
{
	return (struct hand){
		.desc = desc,
		.driver = driver,
		.device = device,
		.size = size,
		.packed = packed,
		.seen_wrap = true,
		.put_wrap = true,
	};
}

static void
add_piece(struct hand_chain *chain, const uint8_t *desc, unsigned flags)
{
	EXPECT(chain->count < HAND_PIECES_MAX);
	chain->piece[chain->count++] = (struct hand_piece){
		hand_get(desc, 8), (uint32_t)hand_get(desc + 8, 4), (flags & 2) != 0};
}

static void
open_table(struct hand *hand, struct hand_chain *chain, const uint8_t *desc)
{
	unsigned entries, i = 0, seen = 0;
	const uint8_t *table;

	chain->table = hand_get(desc, 8);
	chain->table_bytes = (uint32_t)hand_get(desc + 8, 4);
	if (hand->at == NULL)
		return;
	EXPECT(chain->table_bytes > 0 && chain->table_bytes % 16 == 0);
	entries = chain->table_bytes / 16;
	table = hand->at(hand->context, chain->table, chain->table_bytes);
	EXPECT(table != NULL);
	for (; seen < entries; seen++) {
		const uint8_t *entry = table + 16 * (size_t)i;
		unsigned flags = (unsigned)hand_get(entry + (hand->packed ? 14 : 12), 2);

		EXPECT((flags & ~(hand->packed ? 2u : 3u)) == 0);
		add_piece(chain, entry, flags);
		if (hand->packed)
			i++;
		else if ((flags & 1) == 0)
			break;
		else
			i = (unsigned)hand_get(entry + 14, 2);
		EXPECT(i < entries || hand->packed);
	}
	EXPECT_EQ(seen, hand->packed ? entries : entries - 1);
}

static bool
pop_split(struct hand *hand, struct hand_chain *chain)
{
	unsigned slot, flags;

	if ((uint16_t)hand_get(hand->driver + 2, 2) == hand->seen)
		return false;
	slot = (unsigned)hand_get(hand->driver + 4 + 2 * (hand->seen % hand->size), 2);
	hand->seen++;
	chain->id = (uint16_t)slot;
	for (;;) {
		const uint8_t *desc = hand->desc + 16 * (size_t)slot;

		EXPECT(slot < hand->size && chain->slots < hand->size);
		flags = (unsigned)hand_get(desc + 12, 2);
		EXPECT((flags & ~7u) == 0);
		chain->slots++;
		if (flags & 4) {
			EXPECT_EQ(flags, 4);
			open_table(hand, chain, desc);
			return true;
		}
		add_piece(chain, desc, flags);
		if ((flags & 1) == 0)
			return true;
		slot = (unsigned)hand_get(desc + 14, 2);
	}
}

static bool
packed_available(const struct hand *hand)
{
	unsigned flags = (unsigned)hand_get(hand->desc + 16 * (size_t)hand->seen + 14, 2);

	return (flags >> 7 & 1) == hand->seen_wrap && (flags >> 15 & 1) != hand->seen_wrap;
}

static bool
pop_packed(struct hand *hand, struct hand_chain *chain)
{
	unsigned flags;

	if (!packed_available(hand))
		return false;
	do {
		const uint8_t *desc = hand->desc + 16 * (size_t)hand->seen;

		EXPECT(packed_available(hand) && chain->slots < hand->size);
		flags = (unsigned)hand_get(desc + 14, 2);
		EXPECT((flags & ~0x8087u) == 0);
		chain->id = (uint16_t)hand_get(desc + 12, 2);
		chain->slots++;
		if (flags & 4)
			open_table(hand, chain, desc);
		else
			add_piece(chain, desc, flags);
		if (++hand->seen == hand->size) {
			hand->seen = 0;
			hand->seen_wrap = !hand->seen_wrap;
		}
	} while (flags & 1);
	return true;
}

bool
hand_pop(struct hand *hand, struct hand_chain *chain)
{
	memset(chain, 0, sizeof(*chain));
	return hand->packed ? pop_packed(hand, chain) : pop_split(hand, chain);
}

void
hand_push(struct hand *hand, uint32_t id, uint32_t length, unsigned slots)
{
	uint8_t *at;

	if (!hand->packed) {
		at = hand->device + 4 + 8 * (size_t)(hand->put % hand->size);
		hand_set(at, 4, id);
		hand_set(at + 4, 4, length);
		hand_index(hand, (uint16_t)(hand->put + 1));
		return;
	}
	at = hand->desc + 16 * (size_t)hand->put;
	hand_set(at + 8, 4, length);
	hand_set(at + 12, 2, id);
	hand_set(at + 14, 2, (hand->put_wrap ? 0x8080 : 0) | (hand->silent ? 0 : 2));
	hand->put = (uint16_t)(hand->put + slots);
	if (hand->put >= hand->size) {
		hand->put = (uint16_t)(hand->put - hand->size);
		hand->put_wrap = !hand->put_wrap;
	}
}

void
hand_index(struct hand *hand, uint16_t index)
{
	hand->put = index;
	hand_set(hand->device + 2, 2, index);
}

void
hand_want_event(struct hand *hand, uint16_t event)
{
	if (hand->packed)
		hand_set(hand->device, 4, event | UINT64_C(2) << 16);
	else
		hand_set(hand->device + 4 + 8 * (size_t)hand->size, 2, event);
}

void
hand_want_kicks(struct hand *hand, bool wanted)
{
	if (hand->packed)
		hand_set(hand->device, 4, wanted ? 0 : UINT64_C(1) << 16);
	else
		hand_set(hand->device, 2, wanted ? 0 : 1);
}

uint32_t
hand_driver_flags(const struct hand *hand)
{
	return (uint32_t)hand_get(hand->driver, hand->packed ? 4 : 2);
}

uint16_t
hand_used_event(const struct hand *hand)
{
	return (uint16_t)hand_get(hand->driver + 4 + 2 * (size_t)hand->size, 2);
}

void
hand_garble(struct hand *hand)
{
	size_t driver = hand->packed ? 4 : 6 + 2 * (size_t)hand->size;

	for (size_t i = 0; i < driver; i++)
		hand->driver[i] = (uint8_t)test_random();
	/*
	 * In a packed ring the flags are the device's too: those that say "used" must stay as they
	 * are.
	 */
	for (size_t i = 0; i < 16 * (size_t)hand->size; i++) {
		if (!hand->packed || i % 16 < 8)
			hand->desc[i] = (uint8_t)test_random();
	}
}

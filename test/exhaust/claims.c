/* SPDX-License-Identifier: MIT */
/* See claims.h: whole words of every kind, and their parts, each once. */
#include "test/exhaust/claims.h"

#include <string.h>

#include "test/exhaust/ring.h"
#include "test/harness.h"

/* By place, first byte and width: parts of the whole words, each once. */
static struct claims lists[WISH + 1][8][9];

static void
list_add(enum place place, uint64_t word)
{
	static const unsigned widths[] = {1, 2, 4, 8};

	for (unsigned w = 0; w < 4; w++) {
		unsigned width = widths[w];

		for (unsigned first = 0; first + width <= 8; first += width) {
			struct claims *list = &lists[place][first][width];
			uint64_t part = word >> (8 * first) &
					(width == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * width) - 1);
			unsigned i = 0;

			while (i < list->count && list->value[i] != part)
				i++;
			EXPECT(i < CLAIMS_MAX);
			list->value[i] = part;
			list->count += i == list->count;
		}
	}
}

/* Ids in and around the ring, and their likes with other high bits. */
static unsigned
list_ids(uint32_t *ids)
{
	static const uint32_t others[] = {0x7f,       0x80,       0xff,       0x100,     0x7fff,
					  0x8000,     0xffff,     0x10000,    0x10001,   0x7fffffff,
					  0x80000000, 0x80000001, 0xfffffffe, UINT32_MAX};
	unsigned count = 0;

	for (uint32_t id = 0; id <= 2u * ring_config.size; id++)
		ids[count++] = id;
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		ids[count++] = others[i];
	return count;
}

static void
list_entries(void)
{
	static const uint32_t lengths[] = {0, 1, UINT32_MAX};
	static const unsigned flags[] = {0, 0x80, 0x8000, 0x8080, 0x7f7f, 0x7fff, 0xff7f, 0xffff};
	uint32_t ids[32];
	unsigned count = list_ids(ids);

	for (unsigned i = 0; i < count; i++) {
		for (unsigned l = 0; l < 3; l++) {
			if (!ring_config.packed)
				list_add(ENTRY, ids[i] | (uint64_t)lengths[l] << 32);
			for (unsigned f = 0; f < 8 && ring_config.packed && ids[i] < 0x10000; f++)
				list_add(ENTRY, lengths[l] % 2 * UINT32_MAX |
							(uint64_t)ids[i] << 32 |
							(uint64_t)flags[f] << 48);
		}
	}
}

static void
list_wishes(void)
{
	static const uint16_t slots[] = {0, 1, 2, 3, 4, 5, 8, 0x7ffe, 0x7fff};
	static const uint16_t flags[] = {0, 1, 2, 3, 0xfffc, 0xfffe};

	for (unsigned i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
		for (unsigned f = 0; f < sizeof(flags) / sizeof(flags[0]); f++) {
			list_add(WISH, slots[i] | (uint32_t)flags[f] << 16);
			list_add(WISH, slots[i] | 0x8000u | (uint32_t)flags[f] << 16);
		}
	}
	list_add(FLAGS, 0);
	list_add(FLAGS, 1);
	list_add(FLAGS, 0xfffe);
	list_add(FLAGS, 0xffff);
}

void
claims_open(void)
{
	memset(lists, 0, sizeof(lists));
	list_entries();
	list_wishes();
}

const struct claims *
claims_of(enum place place, unsigned first, unsigned width)
{
	return &lists[place][first][width];
}

enum place
claims_place(unsigned at, unsigned *first)
{
	unsigned device = (unsigned)ring_layout.device_offset, size = ring_config.size;

	*first = 0;
	if (ring_config.packed) {
		*first = at % 16 >= 8 ? at % 8 : at % 4;
		if (at < ring_layout.driver_offset && at % 16 < 8)
			machine_fail("the driver reads the address of a descriptor");
		if (at >= ring_layout.driver_offset && at < device)
			machine_fail("the driver reads what it wrote");
		return at >= device ? WISH : ENTRY;
	}
	if (at < device)
		machine_fail("the driver reads what it wrote");
	if (at < device + 4)
		return at < device + 2 ? FLAGS : INDEX;
	*first = (at - device - 4) % 8;
	return at < device + 4 + 8 * size ? ENTRY : EVENT;
}

/* SPDX-License-Identifier: MIT */
/*
 * The device's side of a virtqueue by hand: literal offsets and bytes of VirtIO 1.4, sections 2.7
 * and 2.8, with nothing of the driver's own headers, so that an error in those shows.
 */
#ifndef TEST_UNIT_HAND_H
#define TEST_UNIT_HAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HAND_PIECES_MAX 300

/* Little-endian bytes, one by one. */
static inline uint64_t
hand_get(const void *memory, unsigned width)
{
	const uint8_t *bytes = memory;
	uint64_t value = 0;

	while (width-- > 0)
		value = value << 8 | bytes[width];
	return value;
}

static inline void
hand_set(void *memory, unsigned width, uint64_t value)
{
	uint8_t *bytes = memory;

	for (unsigned i = 0; i < width; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
}

struct hand_piece {
	uint64_t address;
	uint32_t length;
	bool writable;
};

struct hand_chain {
	uint16_t id;
	unsigned slots;           /* ring descriptors */
	uint64_t table;           /* indirect table, 0: none */
	uint32_t table_bytes;
	unsigned count;
	struct hand_piece piece[HAND_PIECES_MAX];
};

struct hand {
	uint8_t *desc, *driver, *device;        /* the three areas */
	unsigned size;
	bool packed;
	/* The CPU's view of device memory, for indirect tables; NULL: tables are not opened. */
	void *(*at)(void *context, uint64_t address, size_t bytes);
	void *context;

	uint16_t seen, put;       /* split: free-running; packed: slot */
	bool seen_wrap, put_wrap;
	bool silent;              /* packed: used descriptors do not say that they were written */
};

/* The areas lie in SHARED as the split and packed layouts of the driver under test have them. */
struct hand hand_make(uint8_t *desc, uint8_t *driver, uint8_t *device, unsigned size, bool packed);

/* The next chain that the driver made available; false when there is none. */
bool hand_pop(struct hand *hand, struct hand_chain *chain);

/*
 * A used entry that claims ID and LENGTH, published at once; SLOTS descriptors are skipped
 * (packed).
 */
void hand_push(struct hand *hand, uint32_t id, uint32_t length, unsigned slots);

/* Split: what used.idx says. */
void hand_index(struct hand *hand, uint16_t index);

/* What the device asks of the driver: kicks at EVENT (event index), always, or never. */
void hand_want_event(struct hand *hand, uint16_t event);
void hand_want_kicks(struct hand *hand, bool wanted);

/* What the driver asks of the device: split flags or used_event, packed desc | flags << 16. */
uint32_t hand_driver_flags(const struct hand *hand);
uint16_t hand_used_event(const struct hand *hand);

/* Overwrites everything that the driver wrote in its areas. */
void hand_garble(struct hand *hand);

#endif

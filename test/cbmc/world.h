/* SPDX-License-Identifier: MIT */
/*
 * The world of the bounded proofs: what is beyond the code under proof.
 *
 * The stepped build's hooks (arch/stepped.h) stand for shared memory.  A load gives whatever the
 * device pleases, anew each time, so that a word that is loaded twice is two words.  A store goes
 * into a log.  Every access must lie in the ring's areas, be aligned, and go the right way: what
 * the device writes is only loaded, what the driver writes is only stored.
 *
 * The memory itself holds bytes that have nothing to do with what the hooks say, so that a load
 * past them gives nonsense; world_untouched() finds a store past them.
 */
#ifndef ORION_TEST_CBMC_WORLD_H
#define ORION_TEST_CBMC_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASSUME(condition) __CPROVER_assume(condition)
#define PROVE(condition, text) __CPROVER_assert(condition, text)
/*
 * Demands that CONDITION can be true here: a proof whose assumptions leave nothing proves nothing.
 */
#define POSSIBLE(condition, text) __CPROVER_assert(!(condition), "possible: " text)

/* Any value of the type. */
bool nondet_bool(void);
uint8_t nondet_u8(void);
uint16_t nondet_u16(void);
uint32_t nondet_u32(void);
uint64_t nondet_u64(void);

#define WORLD_LOG 10u

/* One access or fence, as the device could tell them apart. */
struct world_access {
	size_t offset;          /* from the start of the ring's areas */
	unsigned width;
	uint64_t value;
	unsigned published;     /* publish fences before it */
	unsigned asked;         /* ask fences before it */
	unsigned observed;      /* observe fences before it */
};

/* What a ring's owner shares with the device for each slot. */
struct world_cells {
	size_t count;
	size_t bytes;           /* of each */
	size_t status;          /* offset of the byte that the device writes */
};

struct world {
	unsigned char *area;    /* the ring's shared memory, for addresses only */
	size_t probe;           /* any place in it, and what it holds */
	unsigned char probed;
	size_t driver_offset;   /* of the three areas, as in struct orion_vring_layout */
	size_t device_offset;
	size_t bytes;           /* of the areas together */
	size_t cells_offset;    /* behind them the owner's cells, if there are any */
	size_t end;
	struct world_cells cells;
	bool device_writes_descriptors; /* packed */
	unsigned loads, stores, published, asked, observed;
	struct world_access load[WORLD_LOG], store[WORLD_LOG];
};

extern struct world world;

/* Makes the areas of a ring of SIZE, with world.cells behind them, and empties the logs. */
void world_open(uint32_t size, bool packed);

/* Whether store number AT was this one. */
bool world_stored(unsigned at, size_t offset, unsigned width, uint64_t value);

/* What the device said at load number AT, which must be this one. */
uint64_t world_loaded(unsigned at, size_t offset, unsigned width);

/* Whether no byte of the areas was stored to past the hooks. */
bool world_untouched(void);

#endif

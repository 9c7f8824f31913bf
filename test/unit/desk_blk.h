/* SPDX-License-Identifier: MIT */
/* A live block device behind the fake, and the device's side of its first queue: for blk_*.c. */
#ifndef TEST_UNIT_DESK_BLK_H
#define TEST_UNIT_DESK_BLK_H

#include "test/harness.h"

#include "blk/types.h"
#include "fake.h"

#define BIT(n) (UINT64_C(1) << (n))
#define FLUSH_F BIT(9)

/* The four kinds of ring. */
extern const struct test_axis blk_kinds;
uint64_t blk_kind_features(void);

struct blk_bench {
	struct fake_world *world;
	struct fake *fake;
	struct vblk_queue *queue;
	struct hand hand;
	struct hand_chain chain;        /* the last that was popped */
};

/* Limits by hand: set them in the fake before blk_bench_open(). */
struct blk_bench *blk_bench_make(uint64_t features);
void blk_bench_open(struct blk_bench *bench);

/* One request of SEGMENTS segments of LENGTH bytes; its cookie is the sector plus 1000. */
struct vblk_request blk_request(uint8_t operation, uint64_t sector, unsigned segments,
				uint32_t length);

/* The device's side: the next chain, its header fields, its status byte. */
bool blk_pop(struct blk_bench *bench);
uint32_t blk_type(struct blk_bench *bench, const struct hand_chain *chain);
uint64_t blk_sector(struct blk_bench *bench, const struct hand_chain *chain);
uint8_t *blk_status(struct blk_bench *bench, const struct hand_chain *chain);

/* Completes CHAIN with STATUS and the used length LENGTH. */
void blk_complete(struct blk_bench *bench, const struct hand_chain *chain, uint8_t status,
		  uint32_t length);

/* Submits and kicks one request; it must be taken. */
void blk_send(struct blk_bench *bench, const struct vblk_request *request);

/* Reaps exactly one completion. */
struct vblk_completion blk_reap_one(struct blk_bench *bench);

#endif

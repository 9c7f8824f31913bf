/* SPDX-License-Identifier: MIT */
/*
 * The library's queue on a fake device, without a server: for linux_*.c.
 *
 * The connection is made up: a fake link; its device is the fake's, whose side of the ring the test
 * plays by hand; its arena, of bounce memory only, the test sees as the back end would.
 */
#ifndef TEST_UNIT_DESK_LINUX_H
#define TEST_UNIT_DESK_LINUX_H

#include "ports/linux/disk.h"

#include "desk_blk.h"
#include "fake_link.h"

#define DESK_ARENA_DEVICE UINT64_C(0x700000000000)

struct linux_desk {
	struct blk_bench *bench;
	struct orion_disk *disk;
	struct session *session;
	struct fake_link *link;
	struct orion_queue *queue;
};

/* FEATURES beside VERSION_1, indirect tables and FLUSH; limits by hand in DESK.bench->fake. */
struct linux_desk linux_desk_make(uint64_t features);

/* Opens it: BOUNCE_KB of bounce memory, a multiple of 4. */
void linux_desk_open(struct linux_desk *desk, uint32_t bounce_kb);
void linux_desk_close(struct linux_desk *desk);

/* The device's view of bounce memory at ADDRESS; NULL: it is none. */
unsigned char *linux_desk_at(const struct linux_desk *desk, uint64_t address);

/* Memory of the library's that the device reaches. */
unsigned char *linux_desk_alloc(struct linux_desk *desk, size_t bytes);

/* Submits IO: 0, or why not. */
int linux_desk_submit(struct linux_desk *desk, struct orion_io *io);

/* Submits IO, kicks, and pops its chain, which becomes bench->chain. */
const struct hand_chain *linux_desk_send(struct linux_desk *desk, struct orion_io *io);

/* Completes the chain with STATUS, LENGTH bytes being told of, and reaps: IO must come back. */
int linux_desk_finish(struct linux_desk *desk, struct orion_io *io, uint8_t status,
		      uint32_t length);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A ring, driven directly: requests of three pieces, of which the device reads the first and writes
 * the others, each with a cookie that comes back.
 *
 * Instructions are counted in the functions named counted_*: counted_add hands over a request,
 * counted_kick publishes what was added and asks whether the device wants a kick, counted_get takes
 * one used entry and gives cookie and length, counted_disarm and counted_arm stand round the gets
 * of an owner that sleeps.  The indirect table is written anew for every request.
 */
#ifndef ORION_BENCH_RIG_H
#define ORION_BENCH_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/device.h"
#include "bench/options.h"
#include "ring/ring.h"

#define RIG_SIZE_MAX 1024u
#define RIG_PIECES 3u

struct ring_piece {
	uint64_t address;
	uint32_t length;
};

/* A request as its owner describes it: the first piece is the device's to read. */
struct ring_request {
	struct ring_piece pieces[RIG_PIECES];
	uint64_t cookie;
};

/* A slot: the ring's part, then ours. */
struct rig_slot {
	struct vring_slot ring;
	uint64_t cookie;
	struct virtq_desc *table;
	uint64_t word;          /* packed: vring_packed_table_word() */
	uint64_t unused[3];
};

_Static_assert(sizeof(struct rig_slot) == VRING_SLOT_BYTES, "rig_slot");

struct ring_rig {
	struct vring ring;
	struct rig_slot *slots;
	struct virtq_desc (*tables)[RIG_PIECES + 1];
	/* On lines of its own: it may run in another thread. */
	_Alignas(128) struct ring_device device;
};

/* The verbs of one kind of ring: counted_add_..., and so on. */
struct ring_verbs {
	bool (*add)(struct ring_rig *rig, const struct ring_request *request);
	bool (*kick)(struct ring_rig *rig);
	bool (*get)(struct ring_rig *rig, uint64_t *cookie, uint32_t *length);
	void (*disarm)(struct ring_rig *rig);
	bool (*arm)(struct ring_rig *rig);
};

/* Makes RIG, zeroed by the caller, and its device ready. */
void ring_rig_open(struct ring_rig *rig, const struct bench_options *options);

/* The verbs of the ring that OPTIONS describes. */
const struct ring_verbs *ring_rig_verbs(const struct bench_options *options);

#endif

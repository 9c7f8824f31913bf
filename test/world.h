/* SPDX-License-Identifier: MIT */
/*
 * A small world for tests: the model's host, one model device, the driver on it, and a book that
 * proves that each accepted request completes exactly once.
 *
 * world_submit() and its like are the driver's calls with the book kept and the store buffer
 * settled after each.  world_close() checks what every test wants: nothing lost, nothing twice, no
 * rule broken by the driver, everything given back.
 */
#ifndef TEST_WORLD_H
#define TEST_WORLD_H

#include "orion/manager.h"

#include "model/model.h"
#include "test/harness.h"

/* The way to the device: the model's own transport, or one of the core's. */
typedef enum world_reach {
	WORLD_MODEL,
	WORLD_PCI,
	WORLD_MMIO,
	/* Legacy: no feature above 31, whatever the model was to offer. */
	WORLD_LEGACY, /* MMIO version 1 */
	WORLD_PCI_LEGACY,
	/* PCI with a detour: registers through configuration space, kicks by I/O ports. */
	WORLD_PCI_CONFIG,
	WORLD_PCI_PORTS,
	WORLD_PCI_TRANSITIONAL,
} world_reach;

static inline bool
world_is_legacy(world_reach reach)
{
	return reach == WORLD_LEGACY || reach == WORLD_PCI_LEGACY;
}

static inline bool
world_is_mmio(world_reach reach)
{
	return reach == WORLD_MMIO || reach == WORLD_LEGACY;
}

/* A model device that is plugged in somewhere, and attaching it there. */
struct world_plug {
	world_reach reach;
	struct model_device *device;
	uint32_t function; /* on the PCI bus */
	struct model_mmio_place place;
};

/* Where the model DEVICE is found by itself, on no bus. */
struct manager_place world_model_place(struct model_device *device);

void world_plug(world_reach reach, struct model_device *device, struct world_plug *plug);
orion_status world_plug_attach(const struct world_plug *plug, struct manager *manager,
			       unsigned *index);

/* Legacy devices are driven on little-endian CPUs only. */
bool world_reachable(world_reach reach);

struct world_config {
	struct model_options model;
	struct orion_options options;
	model_memory memory;
	model_step_mode mode;
	world_reach reach;
	bool polled; /* a port without interrupts */
	unsigned homes;
	bool breaches_allowed; /* the driver may break rules: the device lies to it */
};

struct world {
	struct world_config config;
	struct model_host *host;
	struct model_device *model;
	struct world_plug plug;
	struct vblk_device *device; /* NULL: not open */
	void *memory[2];
	size_t bytes[2];
	struct model_event events[VBLK_QUEUES_MAX];
	uint8_t *book; /* by cookie: 1 in flight, 2 completed */
	uint64_t book_room, cookies; /* cookies are 1 .. cookies */
	uint64_t accepted, completed;
	uint64_t quarantined; /* DMA bytes never to be freed, once closed */
	struct world_buffer *buffers;
};

/* A buffer that the device may read or write. */
struct world_buffer {
	uint8_t *cpu;
	size_t bytes;
	uint64_t cookie;
	orion_direction direction;
	struct vblk_segment segment; /* all of it */
	struct world_buffer *next;
};

/* The defaults: model, options, strong memory, one home. */
void world_defaults(struct world_config *config);

/*
 * Makes a world and probes and opens the driver; WORLD is zeroed.  *STATUS may be NULL: must be OK.
 */
void world_open(struct world *world, const struct world_config *config, orion_status *status);

/* The two halves of it. */
void world_begin(struct world *world, const struct world_config *config);
orion_status world_attach(struct world *world);

/* Stops, reaps, closes the driver; the world stays, and can be attached to again. */
void world_detach(struct world *world);

/* The same, if need be; checks; and the end of the world. */
void world_close(struct world *world);

/* vblk_stop() and what comes back: each request that was in flight, as ORION_OUTCOME_UNKNOWN. */
orion_status world_stop(struct world *world);

/* A buffer, given back by world_close() or before. */
struct world_buffer *world_buffer(struct world *world, size_t bytes, orion_direction direction);
void world_buffer_free(struct world *world, struct world_buffer *buffer);

/* The driver's calls, with the book kept.  The cookie is world_cookie()'s. */
uint64_t world_cookie(struct world *world);
unsigned world_submit(struct world *world, unsigned queue, const struct vblk_request *requests,
		      unsigned count);
bool world_kick(struct world *world, unsigned queue);
unsigned world_reap(struct world *world, unsigned queue, struct vblk_completion *completions,
		    unsigned max);
bool world_arm(struct world *world, unsigned queue);

/* Lets the device act until it rests. */
void world_run(struct world *world);

/* Runs and reaps queue QUEUE until nothing is in flight; every result must be RESULT. */
void world_drain(struct world *world, unsigned queue, orion_status result);

/* One request, start to end; the result, or why it was not taken. */
orion_status world_io(struct world *world, unsigned queue, vblk_operation operation,
		      uint64_t sector, const struct vblk_segment *segments, unsigned count);

/* Data that is different for every sector, seed and byte. */
void world_pattern(uint8_t *data, size_t bytes, uint64_t sector, uint64_t seed);

#endif

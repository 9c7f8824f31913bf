/* SPDX-License-Identifier: MIT */
/*
 * A host and a transport whose every answer is a field: set the field, run the driver, read the
 * journal.
 *
 * Unlike the model it knows no rules and does no work; it says what it is told to say, counts what
 * it gives out, and writes down the order in which it was called.
 */
#ifndef TEST_UNIT_FAKE_H
#define TEST_UNIT_FAKE_H

#include "orion/manager.h"

#include "hand.h"

#define FAKE_REGIONS 64
#define FAKE_QUEUES 64
#define FAKE_VECTORS 64

struct fake_irq {
	bool live;
	orion_irq_handler *handler;
	void *argument;
	uint16_t cpu;
};

struct fake {
	struct fake *next;
	struct orion_port port;                 /* functions may be knocked out */
	struct virtio_transport transport;
	struct virtio_transport_ops ops;        /* likewise */

	/* The host. */
	uint64_t now, paused;
	struct orion_region regions[FAKE_REGIONS];
	unsigned region_count, regions_live, regions_freed;
	unsigned fail_at, fallible;             /* the Nth fallible call fails; 0: none */
	size_t piece_max;                       /* no larger piece of memory is there; 0: any */
	bool dma_refused;                       /* dma_open() does */
	bool dma_partial;
	struct fake *dma_other;                 /* whose memory the device is to use; NULL: ours */
	unsigned dma_opens, dma_closes, dma_live_at_close;
	uint32_t dma_function;                  /* what dma_open() was last told */
	bool dma_platform;
	unsigned wakes;
	void *woken;                            /* the last event */
	unsigned reports[ORION_EVENT_COUNT];
	uint64_t report[ORION_EVENT_COUNT][3];  /* the last of each */
	orion_level report_level[ORION_EVENT_COUNT];

	/* Status and features. */
	uint8_t status;
	unsigned status_reads;
	uint8_t reset_sticks;                   /* what status says after a reset */
	unsigned reset_reads;                   /* ... for so many reads (UINT_MAX: ever) */
	uint8_t start_lost, start_found;        /* bits that go, and that come, with DRIVER_OK */
	bool features_refused, gone;
	uint64_t features, driver_features;

	/* Configuration. */
	uint8_t config[128];
	uint32_t config_bytes, generation;
	unsigned torn;                          /* so many reads change it, and the generation */
	unsigned config_reads;
	bool config_widths_odd;

	/* Queues. */
	uint16_t queue_count, queue_size;
	uint16_t queue_sizes[FAKE_QUEUES];      /* where not 0: in place of queue_size */
	struct virtio_queue_setup setup[FAKE_QUEUES];
	bool enabled[FAKE_QUEUES];
	uint16_t vector_refused;                /* this vector and higher ones */
	unsigned enable_refused;                /* the Nth enabling is refused */
	unsigned enables;
	bool resetting[FAKE_QUEUES];
	unsigned queue_reset_reads;             /* so many say "not yet" (UINT_MAX: ever) */
	unsigned queue_reset_reads_left;
	unsigned kicks;
	uint32_t kick;                          /* the value of the last */

	/* Interrupts. */
	uint16_t vectors, vectors_attachable;   /* the host gives so many at the same time */
	bool config_vector_refused, line_refused;
	unsigned config_vector_calls;
	struct fake_irq irq[FAKE_VECTORS], line;
	uint8_t isr;

	bool closed;
	unsigned opens;                         /* of its place */
	bool absent;                            /* nothing is there: ORION_NOT_FOUND */
	unsigned after_close;
	char journal[2048];
};

/* A port with every function, for orion_port_check(). */
struct orion_port fake_port_full(void);

/*
 * Sound answers everywhere: 1 MiB of 512-byte blocks, FEATURES offered beside VERSION_1, one queue
 * of 64, 17 vectors.  The fake is released when the permutation ends.
 */
struct fake *fake_make(uint64_t features);

/* Sets field OFFSET, WIDTH of the configuration. */
void fake_config(struct fake *fake, unsigned offset, unsigned width, uint64_t value);

/* The CPU's view of device memory. */
void *fake_at(void *fake, uint64_t address, size_t bytes);

/* Live vectors. */
unsigned fake_vectors_live(const struct fake *fake);

/* Forgets the journal. */
void fake_journal_clear(struct fake *fake);

/* A device and its memory; probe and open by hand, or at once with defaults. */
struct fake_world {
	struct fake_world *next;
	struct fake *fake;
	struct orion_options options;
	struct orion_budget budget;
	struct vblk_queue_home homes[VBLK_QUEUES_MAX];
	uint32_t home_count;
	void *memory, *more;
	struct vblk_device *device;
	size_t bytes;
	int events[VBLK_QUEUES_MAX];
};

struct fake_world *fake_world_make(struct fake *fake);
orion_status fake_probe(struct fake_world *world);
orion_status fake_open(struct fake_world *world);       /* after fake_probe() */
struct vblk_queue *fake_live(struct fake_world *world); /* both; queue 0 */

/* The device's side of queue QUEUE. */
struct hand fake_hand(struct fake_world *world, unsigned queue);

/* After vblk_close(): nothing is held, nothing attached, the transport closed. */
void fake_expect_empty(struct fake_world *world);

/* Where FAKE is found: opening it anew makes it as a reset would. */
struct manager_place fake_place(struct fake *fake);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A virtio device of any type: status handshake, features, configuration, interrupts, DMA memory.
 *
 *   absent -> reset -> acknowledged -> negotiated -> queues -> live
 *                ^                                              |
 *                +------------------ reset <-- broken <---------+
 *   any -> dead: a reset that did not complete.  any -> gone: registers read as all ones.
 *
 * orion_virtio_move() is the only function that changes the state; its table of legal moves is
 * tested whole.  Construction goes through the stages in order; virtio_close() undoes from
 * whichever was reached and cannot fail.
 */
#ifndef ORION_DEVICE_DEVICE_H
#define ORION_DEVICE_DEVICE_H

#include "orion/transport.h"

#include "../base/check.h"
#include "../spec/virtio_ids.h"

typedef enum virtio_state {
	VIRTIO_ABSENT,
	VIRTIO_RESET,
	VIRTIO_ACKNOWLEDGED,
	VIRTIO_NEGOTIATED,
	VIRTIO_QUEUES,
	VIRTIO_LIVE,
	VIRTIO_BROKEN,
	VIRTIO_DEAD,
	VIRTIO_GONE,
	VIRTIO_STATE_COUNT
} virtio_state;

/* Whom the interrupt of a queue wakes.  interrupts is the handler's word; the rest is constant. */
struct virtio_irq_target {
	struct virtio_device *device;
	void *event;
	uint16_t cpu;
	uint16_t vector;        /* VIRTIO_NO_VECTOR: none of its own */
	uint64_t interrupts;
};

struct virtio_device {
	struct virtio_transport transport;
	const struct orion_port *port;
	void *port_context;
	struct orion_budget *budget;
	struct orion_dma dma;   /* whose addresses the device uses */
	bool dma_open;

	virtio_state state;
	uint8_t status;         /* what we wrote; never rebuilt from a device read */

	uint64_t offered, wanted, negotiated;

	virtio_irq_mode irq_mode;
	uint16_t vectors;       /* attached */
	uint16_t targets;
	bool line_attached;
	uint32_t config_pending; /* 1: set by the interrupt handler, cleared by whoever looks */
	uint64_t config_interrupts;
	struct virtio_irq_target target[VIRTIO_QUEUES_MAX];
};

/* ---- device.c: the state machine ---- */

/* Whether FROM -> TO is a legal move. */
bool orion_virtio_move_legal(virtio_state from, virtio_state to);

/* Moves DEVICE to TO; panics when the move is illegal (an error of the driver's own). */
void orion_virtio_move(struct virtio_device *device, virtio_state to);

/*
 * Resets the device and waits, at most 5 seconds and a bounded number of reads, until it says so.
 * When it does not, and its bus can reset it, that is done, and once more waited.
 * ORION_TIMED_OUT moves it to dead, ORION_DEVICE_GONE to gone.  Context: setup.  [spec 2.4]
 */
orion_status orion_virtio_reset(struct virtio_device *device);

/*
 * Resets QUEUE of a live device with VIRTIO_F_RING_RESET.  ORION_TIMED_OUT: the device did not say
 * that it is done, and is broken: only a reset of all of it will do.  [spec 2.6.1]
 */
ORION_MUST_USE orion_status orion_virtio_queue_reset(struct virtio_device *device, uint16_t queue);

/* ACKNOWLEDGE and DRIVER.  [spec 3.1.1] */
void orion_virtio_acknowledge(struct virtio_device *device);

/*
 * Writes the feature bits NEGOTIATED (they must be among the offered), sets FEATURES_OK and reads
 * the status back.  ORION_DEVICE_REFUSED when it is another (reported); ORION_DEVICE_GONE.  A
 * legacy device is only told, and asked what it heard where it can say so.  [spec 3.1.1, 3.1.2]
 */
ORION_MUST_USE orion_status orion_virtio_negotiate(struct virtio_device *device,
						   uint64_t negotiated);

/*
 * DRIVER_OK: the device is live.  ORION_DEVICE_REFUSED (reported) when its status is another then:
 * it did not take the bit, or needs a reset; ORION_DEVICE_GONE.
 */
ORION_MUST_USE orion_status orion_virtio_live(struct virtio_device *device);

/* Tells the device that the driver gave up: FAILED. */
void orion_virtio_fail(struct virtio_device *device);

/*
 * Looks at the status field of a live device.  ORION_OK, ORION_DEVICE_BROKEN (DEVICE_NEEDS_RESET)
 * or ORION_DEVICE_GONE; the state follows.
 */
orion_status orion_virtio_look(struct virtio_device *device);

/* Reports EVENT to the host, if it listens. */
void orion_virtio_report(const struct virtio_device *device, orion_level level, orion_event event,
			 uint64_t a, uint64_t b, uint64_t c);

/* ---- features.c: sets and their rules ---- */

/* BIT is worth nothing, and is not taken, without the one that it NEEDS. */
struct virtio_dependency {
	uint8_t bit, needs;
};

/*
 * OFFER without the bits whose prerequisites it lacks: those of all devices, and the COUNT rows of
 * OWN, which are of this type.
 */
uint64_t orion_virtio_features_closed(uint64_t offer, const struct virtio_dependency *own,
				      unsigned count);

/* ---- config.c: the only reader of the configuration space ---- */

struct virtio_field {
	uint16_t offset;
	uint16_t width;         /* 1, 2, 4 or 8; 8 is read as two halves */
	uint64_t *value;
};

/*
 * Reads COUNT fields as one consistent set: again while the generation changes, or, of a legacy
 * device, which has none, until two readings in a row agree; at most 16 times.
 * ORION_DEVICE_REFUSED when a field lies outside the space, ORION_TIMED_OUT when it would not hold
 * still; the values are then unspecified.  [spec 2.5.1, 2.5.2]
 */
ORION_MUST_USE orion_status orion_virtio_config_read(struct virtio_device *device,
						     const struct virtio_field *fields,
						     unsigned count);

/* ---- interrupt.c: vectors, from one per queue down to none ---- */

/*
 * Attaches interrupts for COUNT queues, target[i].event and .cpu being set, in the best mode that
 * device and host allow; fills target[i].vector.  Cannot fail: the last resort is polling,
 * reported.
 */
void orion_virtio_interrupts_attach(struct virtio_device *device, uint16_t count);

/*
 * The device refused a queue's vector: detaches everything and attaches in the next mode down.
 * Returns false when even polling was refused, that is, never twice for one mode.
 */
bool orion_virtio_interrupts_degrade(struct virtio_device *device, uint16_t count);

/* Detaches all.  Afterwards no handler runs. */
void orion_virtio_interrupts_detach(struct virtio_device *device);

/* ---- region.c: DMA memory within the budget ---- */

/*
 * Asks the host how the device reaches memory; PLATFORM: VIRTIO_F_ACCESS_PLATFORM will be
 * negotiated.  ORION_NO_MAPPING: not at all.  orion_virtio_dma_close() after the last region was
 * given back; without orion_virtio_dma_open() it does nothing.  [spec 6.1]
 */
ORION_MUST_USE orion_status orion_virtio_dma_open(struct virtio_device *device, bool platform);
void orion_virtio_dma_close(struct virtio_device *device);

ORION_MUST_USE orion_status orion_virtio_region_take(struct virtio_device *device, size_t bytes,
						     struct orion_region *region);

/*
 * Frees REGION, or, when the device is dead, gone or not reset, keeps it from ever being used
 * again.
 */
void orion_virtio_region_give(struct virtio_device *device, struct orion_region *region);

#endif

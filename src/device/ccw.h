/* SPDX-License-Identifier: MIT */
/*
 * What src/device/ccw.c keeps of a device behind a subchannel.
 *
 * The device has no registers.  It takes commands, which can fail; it sets indicators, bits in our
 * memory, before it interrupts; and it is kicked by a call.  A vector of the transport is therefore
 * nothing of the device's: each queue has its indicator, and a vector is what we call for it.
 */
#ifndef ORION_DEVICE_CCW_H
#define ORION_DEVICE_CCW_H

#include "device.h"
#include "../spec/virtio_ccw.h"

#define CCW_QUEUES_MAX VIRTIO_QUEUES_MAX  /* of the 64 that indicators have bits for */
#define CCW_VECTORS_MAX (CCW_QUEUES_MAX + 1u)
#define CCW_CONFIG_BYTES 128u           /* more than the configuration has */

/* Written by the device, word by word, at any moment. */
struct ccw_indicators {
	uint64_t queues;
	uint64_t config;
};

struct ccw_vector {
	orion_irq_handler *handler;     /* NULL: none */
	void *argument;
};

struct ccw {
	const struct orion_port *port;
	void *port_context;
	const struct virtio_ccw_host *host;
	uint32_t device;

	uint8_t revision;
	uint8_t status;                 /* what the device was last told, and took */
	bool features_lost;             /* it did not take them */
	bool start_lost;                /* nor DRIVER_OK: only a reset helps */
	bool position;                  /* VIRTIO_F_NOTIFICATION_DATA was negotiated */
	bool adapter;                   /* queues interrupt by the adapter, not the subchannel */
	bool indicators_set;            /* the device knows where they are, until its reset */
	bool wires_attached;

	uint32_t generation;            /* of the copy of the configuration */
	uint16_t config_bytes;
	uint8_t config[CCW_CONFIG_BYTES];
	bool config_read[CCW_CONFIG_BYTES];     /* bytes that were read of this copy */

	struct orion_region region;     /* of struct ccw_indicators */
	uint64_t wire_cookies[2];       /* subchannel, adapter */
	uint16_t config_vector;
	uint16_t queue_vectors[CCW_QUEUES_MAX];
	struct ccw_vector vectors[CCW_VECTORS_MAX];
	int64_t kick_cookies[CCW_QUEUES_MAX];   /* each its queue's owner's */
};

_Static_assert(sizeof(struct ccw) <= sizeof(struct virtio_ccw), "storage for a CCW transport");

/* ccw_interrupt.c: vectors and what they stand for. */
uint16_t orion_ccw_vector_count(void *context);
orion_status orion_ccw_vector_attach(void *context, uint16_t vector, uint16_t cpu,
				     orion_irq_handler *handler, void *argument);
void orion_ccw_vector_detach(void *context, uint16_t vector);
orion_status orion_ccw_config_vector(void *context, uint16_t vector);

/*
 * Runs a command.  ORION_NOT_SUPPORTED: the device rejected it; not reported.  Everything else that
 * is not ORION_OK is.  Context: setup.
 */
ORION_MUST_USE orion_status orion_ccw_run(struct ccw *ccw, uint8_t command, uint8_t *data,
					  uint16_t bytes, uint16_t *done);

/* The same when a rejection is unexpected, and reported; ORION_DEVICE_REFUSED then. */
ORION_MUST_USE orion_status orion_ccw_demand(struct ccw *ccw, uint8_t command, uint8_t *data,
					     uint16_t bytes);

#endif

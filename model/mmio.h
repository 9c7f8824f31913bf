/* SPDX-License-Identifier: MIT */
/* The model behind MMIO registers, of version 2 or 1: see mmio.c. */
#ifndef MODEL_MMIO_H
#define MODEL_MMIO_H

#include "model/private.h"

#include "spec/virtio_mmio.h"

struct model_mmio {
	struct model_device *device;
	uint64_t address;
	uint32_t bytes, line;
	uint8_t *registers;     /* what map_registers() hands out; never read or written */

	unsigned known;         /* of MagicValue, Version and DeviceID, how many were read */
	uint32_t device_features_sel, driver_features_sel;
	bool device_selected, driver_selected;  /* since the last read, or write, of the features */
	uint32_t queue_sel;
	bool line_high;
	struct virtio_queue_setup setup[MODEL_QUEUES_MAX];

	/* Version 1. */
	uint32_t page_bytes;
	uint32_t align[MODEL_QUEUES_MAX], page[MODEL_QUEUES_MAX];
};

#endif

/* SPDX-License-Identifier: MIT */
/* The MMIO transport's private object, shared by mmio.c and mmio_legacy.c (version 1). */
#ifndef ORION_DEVICE_MMIO_H
#define ORION_DEVICE_MMIO_H

#include "orion/transport.h"

#include "../arch/arch.h"
#include "../base/check.h"
#include "../spec/virtio_mmio.h"

struct mmio {
	const struct orion_port *port;
	void *port_context;
	volatile unsigned char *at;
	size_t bytes;
	uint64_t negotiated;            /* what features_set() was told */
	uint32_t line;                  /* VIRTIO_MMIO_NO_LINE: none */
	bool line_attached;
	uint64_t line_cookie;
};

_Static_assert(sizeof(struct mmio) <= sizeof(struct virtio_mmio), "storage for an MMIO transport");

static inline uint32_t
mmio_get(const struct mmio *mmio, uint32_t offset)
{
	return register_load32(mmio->at + offset);
}

static inline void
mmio_put(const struct mmio *mmio, uint32_t offset, uint32_t value)
{
	register_store32(mmio->at + offset, value);
}

/* mmio_legacy.c: what version 1 does otherwise. */
uint64_t orion_mmio_legacy_features_get(void *context);
void orion_mmio_legacy_features_set(void *context, uint64_t features);
orion_status orion_mmio_legacy_queue_enable(void *context, uint16_t queue,
					    const struct virtio_queue_setup *setup,
					    struct virtio_doorbell *doorbell);

#endif

/* SPDX-License-Identifier: MIT */
/* The sink device of the benchmarks.  The manual is sink.h. */
#include "bench/sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "spec/virtio_blk.h"
#include "spec/virtio_ids.h"

#define CAPACITY_SECTORS (UINT64_C(1) << 21)
#define SEGMENTS 16u

static uint8_t
status_get(void *context)
{
	return ((struct sink *)context)->status;
}

static void
status_set(void *context, uint8_t status)
{
	((struct sink *)context)->status = status;
}

static uint64_t
features_get(void *context)
{
	const struct sink *sink = context;

	return VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(VIRTIO_BLK_F_SEG_MAX) |
	       VIRTIO_BIT(VIRTIO_BLK_F_FLUSH) |
	       (sink->packed ? VIRTIO_BIT(VIRTIO_F_RING_PACKED) : 0) |
	       (sink->indirect ? VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC) : 0) |
	       (sink->event_index ? VIRTIO_BIT(VIRTIO_F_EVENT_IDX) : 0) |
	       (sink->in_order ? VIRTIO_BIT(VIRTIO_F_IN_ORDER) : 0) |
	       (sink->queues > 1 ? VIRTIO_BIT(VIRTIO_BLK_F_MQ) : 0);
}

static void
features_set(void *context, uint64_t features)
{
	((struct sink *)context)->features = features;
}

static uint32_t
config_bytes(void *context)
{
	(void)context;
	return sizeof(struct virtio_blk_config);
}

static uint32_t
config_read(void *context, uint32_t offset, unsigned width)
{
	(void)width;
	if (offset == offsetof(struct virtio_blk_config, capacity))
		return (uint32_t)CAPACITY_SECTORS;
	if (offset == offsetof(struct virtio_blk_config, num_queues))
		return ((struct sink *)context)->queues;
	return offset == offsetof(struct virtio_blk_config, seg_max) ? SEGMENTS : 0;
}

static void
config_write(void *context, uint32_t offset, unsigned width, uint32_t value)
{
	(void)context, (void)offset, (void)width, (void)value;
}

static uint32_t
config_generation(void *context)
{
	(void)context;
	return 0;
}

static uint16_t
queue_count(void *context)
{
	return ((struct sink *)context)->queues;
}

static uint16_t
queue_size_max(void *context, uint16_t queue)
{
	(void)queue;
	return ((struct sink *)context)->size_max;
}

static orion_status
queue_enable(void *context, uint16_t queue, const struct virtio_queue_setup *setup,
	     struct virtio_doorbell *doorbell)
{
	static uint16_t register_sink;
	struct sink *sink = context;
	struct ring_device *device = &sink->rings[queue];

	*device = (struct ring_device){
		.echo = sink->echo,
		.ring.packed = sink->packed,
		.ring.event_index = (sink->features & VIRTIO_BIT(VIRTIO_F_EVENT_IDX)) != 0,
		.ring.in_order = (sink->features & VIRTIO_BIT(VIRTIO_F_IN_ORDER)) != 0,
		.ring.size = setup->size,
		.ring.descriptors = (unsigned char *)(uintptr_t)setup->descriptor_area,
		.ring.driver = (unsigned char *)(uintptr_t)setup->driver_area,
		.ring.device = (unsigned char *)(uintptr_t)setup->device_area,
	};
	ring_device_start(device);
	if (!sink->polled)
		ring_device_arm(device);
	*doorbell = (struct virtio_doorbell){&register_sink, queue, 2, false};
	return ORION_OK;
}

static uint16_t
vector_count(void *context)
{
	(void)context;
	return 0;
}

static void
close_sink(void *context)
{
	(void)context;
}

static const struct virtio_transport_ops sink_ops = {
	.name = "sink",
	.status_get = status_get,
	.status_set = status_set,
	.features_get = features_get,
	.features_set = features_set,
	.config_bytes = config_bytes,
	.config_read = config_read,
	.config_write = config_write,
	.config_generation = config_generation,
	.queue_count = queue_count,
	.queue_size_max = queue_size_max,
	.queue_enable = queue_enable,
	.vector_count = vector_count,
	.close = close_sink,
};

struct virtio_transport
sink_transport(struct sink *sink)
{
	return (struct virtio_transport){&sink_ops, sink};
}

unsigned
sink_poll(struct sink *sink, unsigned queue, unsigned max)
{
	unsigned count = ring_device_poll(&sink->rings[queue], max);

	ring_device_arm(&sink->rings[queue]);
	return count;
}

static orion_status
dma_alloc(void *context, size_t bytes, size_t align, struct orion_region *out)
{
	size_t rounded = (bytes + align - 1) & ~(align - 1);

	(void)context;
	out->cpu = aligned_alloc(align, rounded);
	if (out->cpu == NULL)
		return ORION_NO_MEMORY;
	memset(out->cpu, 0, rounded);
	out->device = (uintptr_t)out->cpu;
	out->bytes = bytes;
	return ORION_OK;
}

static void
dma_free(void *context, const struct orion_region *region)
{
	(void)context;
	free(region->cpu);
}

static orion_status
share(void *context, void *cpu, size_t bytes, orion_direction direction, uint64_t *device,
      size_t *contiguous, uint64_t *cookie)
{
	(void)context, (void)direction;
	*device = (uintptr_t)cpu;
	*contiguous = bytes;
	*cookie = 0;
	return ORION_OK;
}

static void
unshare(void *context, uint64_t cookie, orion_direction direction)
{
	(void)context, (void)cookie, (void)direction;
}

static uint64_t
now_ns(void *context)
{
	struct timespec now;

	(void)context;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static void
pause_ns(void *context, uint64_t ns)
{
	(void)context, (void)ns;
}

const struct orion_port sink_port = {
	.dma_alloc = dma_alloc,
	.dma_free = dma_free,
	.share = share,
	.unshare = unshare,
	.now_ns = now_ns,
	.pause_ns = pause_ns,
	.ticks_per_second = 1000000000,
};

_Noreturn void
orion_panic(const char *text)
{
	fprintf(stderr, "%s\n", text);
	abort();
}

/* SPDX-License-Identifier: MIT */
/* The sink device of the benchmarks.  The manual is sink.h. */
#include "bench/sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/le.h"
#include "spec/virtio_blk.h"
#include "spec/virtio_ids.h"
#include "spec/virtq_packed.h"

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
	       (sink->event_index ? VIRTIO_BIT(VIRTIO_F_EVENT_IDX) : 0);
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
	(void)context;
	(void)width;
	if (offset == offsetof(struct virtio_blk_config, capacity))
		return (uint32_t)CAPACITY_SECTORS;
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
	(void)context;
	return 1;
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

	sink->size = setup->size;
	sink->descriptors = (unsigned char *)(uintptr_t)setup->descriptor_area;
	sink->driver = (unsigned char *)(uintptr_t)setup->driver_area;
	sink->device = (unsigned char *)(uintptr_t)setup->device_area;
	sink->avail_wrap = sink->used_wrap = true;
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

/* Both layouts keep address and length in the first 12 bytes of a descriptor. */
static void
finish(uint64_t status_address)
{
	*(volatile uint8_t *)(uintptr_t)status_address = VIRTIO_BLK_S_OK;
}

static unsigned
poll_split(struct sink *sink)
{
	const struct virtq_desc *table = (const void *)sink->descriptors;
	struct virtq_avail *avail = (void *)sink->driver;
	struct virtq_used *used = (void *)sink->device;
	uint16_t end = le16_to_cpu((le16){__atomic_load_n(&avail->idx.raw, __ATOMIC_ACQUIRE)});
	unsigned count = 0;

	for (; sink->avail != end; sink->avail++, count++) {
		uint16_t head = le16_to_cpu(avail->ring[sink->avail & (sink->size - 1)]);
		const struct virtq_desc *desc = &table[head];

		if (le16_to_cpu(desc->flags) & VIRTQ_DESC_F_INDIRECT) {
			uint32_t entries = le32_to_cpu(desc->len) / (uint32_t)sizeof(*desc);

			desc = (const struct virtq_desc *)(uintptr_t)le64_to_cpu(desc->addr);
			desc += entries - 1;
		}
		while (le16_to_cpu(desc->flags) & VIRTQ_DESC_F_NEXT)
			desc = &table[le16_to_cpu(desc->next)];
		finish(le64_to_cpu(desc->addr));
		used->ring[sink->used & (sink->size - 1)] =
			(struct virtq_used_elem){cpu_to_le32(head), cpu_to_le32(1)};
		sink->used++;
	}
	__atomic_store_n(&used->idx.raw, cpu_to_le16(sink->used).raw, __ATOMIC_RELEASE);
	if (sink->event_index) {
		le16 *avail_event = (le16 *)(void *)&used->ring[sink->size];

		*avail_event = cpu_to_le16(sink->avail);
	}
	return count;
}

static unsigned
poll_packed(struct sink *sink)
{
	struct virtq_packed_desc *ring = (void *)sink->descriptors;
	unsigned count = 0;

	for (;;) {
		struct virtq_packed_desc *head = &ring[sink->avail], *desc = head;
		uint16_t flags =
			le16_to_cpu((le16){__atomic_load_n(&head->flags.raw, __ATOMIC_ACQUIRE)});
		uint16_t id, used_flags, length = 1;
		uint64_t status;

		if (((flags & VIRTQ_PACKED_F_AVAIL) != 0) != sink->avail_wrap ||
		    ((flags & VIRTQ_PACKED_F_USED) != 0) == sink->avail_wrap)
			break;
		for (; le16_to_cpu(desc->flags) & VIRTQ_DESC_F_NEXT; length++)
			desc = desc == &ring[sink->size - 1] ? ring : desc + 1;
		id = le16_to_cpu(desc->id);
		status = le64_to_cpu(desc->addr);
		if (flags & VIRTQ_DESC_F_INDIRECT) {
			const struct virtq_packed_desc *table = (const void *)(uintptr_t)status;

			status = le64_to_cpu(
				table[le32_to_cpu(desc->len) / sizeof(*table) - 1].addr);
		}
		finish(status);
		head->id = cpu_to_le16(id);
		head->len = cpu_to_le32(1);
		used_flags = sink->avail_wrap ? VIRTQ_PACKED_F_AVAIL | VIRTQ_PACKED_F_USED : 0;
		__atomic_store_n(&head->flags.raw, cpu_to_le16(used_flags).raw, __ATOMIC_RELEASE);
		sink->avail = (uint16_t)(sink->avail + length);
		if (sink->avail >= sink->size) {
			sink->avail = (uint16_t)(sink->avail - sink->size);
			sink->avail_wrap = !sink->avail_wrap;
		}
		count++;
	}
	if (sink->event_index) {
		struct virtq_packed_event *event = (void *)sink->device;
		uint32_t position = sink->avail | (sink->avail_wrap ? VIRTQ_PACKED_EVENT_WRAP : 0u);

		event->desc_flags = cpu_to_le32(position | VIRTQ_PACKED_EVENT_DESC << 16);
	}
	return count;
}

unsigned
sink_poll(struct sink *sink)
{
	unsigned count = sink->packed ? poll_packed(sink) : poll_split(sink);

	sink->completed += count;
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

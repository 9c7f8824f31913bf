/* SPDX-License-Identifier: MIT */
/* Rings, cold: sizes, offsets, the empty state.  The manual is ring.h. */
#include "ring/ring.h"

#include "base/memory.h"
#include "base/num.h"

struct vring_layout
vring_layout(uint16_t size, bool packed)
{
	struct vring_layout layout;

	/* Descriptors are 16 bytes in both layouts. */
	layout.driver_offset = (size_t)size * sizeof(struct virtq_desc);
	if (packed) {
		layout.device_offset = layout.driver_offset + sizeof(struct virtq_packed_event);
		layout.bytes = layout.device_offset + sizeof(struct virtq_packed_event);
		return layout;
	}
	/*
	 * flags, idx, ring[size], used_event; then, apart from what the driver writes, the used
	 * ring.
	 */
	layout.device_offset = num_align_up(layout.driver_offset + 6 + 2 * (size_t)size, 64);
	layout.bytes = layout.device_offset + 6 + 8 * (size_t)size;
	return layout;
}

/* The free list: ids in rising order, or every descriptor when chains are direct. */
static void
setup_slots(struct vring *ring, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++) {
		ring->slots[i].descriptors = 0;
		ring->slots[i].next = (uint16_t)(i + 1);
		ring->slots[i].last = i;
	}
	ring->free_head = 0;
}

static void
setup_split(struct vring *ring, unsigned char *shared, const struct vring_layout *layout)
{
	ring->driver.avail = (struct virtq_avail *)(void *)(shared + layout->driver_offset);
	ring->device.used = (struct virtq_used *)(void *)(shared + layout->device_offset);
	ring->used_event = &ring->driver.avail->ring[ring->size];
	ring->avail_event = (le16 *)(void *)&ring->device.used->ring[ring->size];
	if (ring->event_index)
		shared_put16(ring->used_event, UINT16_MAX);
	else
		shared_put16(&ring->driver.avail->flags, VIRTQ_AVAIL_F_NO_INTERRUPT);
}

static void
setup_packed(struct vring *ring, unsigned char *shared, const struct vring_layout *layout)
{
	ring->driver.event = (struct virtq_packed_event *)(void *)(shared + layout->driver_offset);
	ring->device.event = (struct virtq_packed_event *)(void *)(shared + layout->device_offset);
	shared_put32(&ring->driver.event->desc_flags, VIRTQ_PACKED_EVENT_DISABLE << 16);
	ring->avail_flags = VIRTQ_PACKED_F_AVAIL;
	ring->used_wrap = true;
}

void
vring_setup(struct vring *ring, const struct vring_config *config)
{
	struct vring_layout layout = vring_layout(config->size, config->packed);
	unsigned char *shared = config->shared;

	CHECK(config->size >= 1 && config->size <= VIRTQ_SIZE_MAX);
	CHECK(config->packed || num_is_power_of_two(config->size));
	CHECK(config->ids >= 1 && config->ids <= config->size);

	memset(ring, 0, sizeof(*ring));
	memset(shared, 0, layout.bytes);
	ring->desc.split = config->shared;
	ring->slots = config->slots;
	ring->size = config->size;
	ring->mask = (uint16_t)(config->size - 1);
	ring->ids = config->ids;
	ring->id_mask = (uint16_t)(num_power_of_two_ceil(config->ids) - 1);
	ring->packed = config->packed;
	ring->event_index = config->event_index;
	/* Packed direct chains take descriptors from the ring in order, and ids from the list. */
	ring->free = config->direct ? config->size : config->ids;
	setup_slots(ring, config->ids);
	if (config->packed)
		setup_packed(ring, shared, &layout);
	else
		setup_split(ring, shared, &layout);
}

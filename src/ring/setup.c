/* SPDX-License-Identifier: MIT */
/* Rings, cold: sizes, offsets, the empty state.  The manual is ring.h. */
#include "ring.h"

#include "../base/memory.h"
#include "../base/num.h"

struct orion_vring_layout
orion_vring_layout(uint32_t size, bool packed)
{
	struct orion_vring_layout layout;

	/* Descriptors are 16 bytes in both layouts. */
	layout.driver_offset = (size_t)size * sizeof(struct virtq_desc);
	if (packed) {
		layout.device_offset = layout.driver_offset + sizeof(struct virtq_packed_event);
		layout.bytes = layout.device_offset + sizeof(struct virtq_packed_event);
		return layout;
	}
	/*
	 * flags, idx, ring[size], used_event; then, apart from what the driver writes, the used
	 * ring, which begins 4 bytes into a cache line: its elements, after flags and idx, are then
	 * aligned to their 8 bytes, and each is read at once.
	 */
	layout.device_offset =
		num_align_up(layout.driver_offset + 6 + 2 * (size_t)size, 64) + VIRTQ_USED_ALIGN;
	layout.bytes = layout.device_offset + 6 + 8 * (size_t)size;
	return layout;
}

struct orion_vring_layout
orion_vring_layout_legacy(uint32_t size)
{
	struct orion_vring_layout layout;

	layout.driver_offset = (size_t)size * sizeof(struct virtq_desc);
	layout.device_offset =
		num_align_up(layout.driver_offset + 6 + 2 * (size_t)size, VIRTQ_LEGACY_ALIGN);
	layout.bytes =
		layout.device_offset + num_align_up(6 + 8 * (size_t)size, VIRTQ_LEGACY_ALIGN);
	return layout;
}

/* Every slot free, in rising order; in a circle when they are used in order. */
static void
setup_slots(struct vring *ring, uint32_t ids)
{
	for (uint32_t id = 0; id < ids; id++) {
		struct vring_slot *slot = vring_slot_at(ring, id);

		slot->next = id + 1 < ids ? vring_slot_at(ring, id + 1) : NULL;
		slot->id = (uint16_t)id;
		slot->descriptors = 0;
	}
	ring->free_slot = vring_slot_at(ring, 0);
	ring->oldest = ring->free_slot;
	if (ring->kind & VRING_IN_ORDER)
		vring_slot_at(ring, ids - 1)->next = ring->free_slot;
}

/* In order, tables lie in the avail ring in the order of their ids, for good. */
static void
setup_avail(const struct vring *ring)
{
	for (uint32_t i = 0; i < ring->size; i++)
		shared_put16(&ring->driver.avail->ring[i], (uint16_t)i);
}

static void
setup_split(struct vring *ring, unsigned char *shared, const struct orion_vring_layout *layout)
{
	ring->driver.avail = (struct virtq_avail *)(void *)(shared + layout->driver_offset);
	ring->device.used = (struct virtq_used *)(void *)(shared + layout->device_offset);
	ring->used_event = &ring->driver.avail->ring[ring->size];
	ring->avail_event = (le16 *)(void *)&ring->device.used->ring[ring->size];
	if (ring->event_index)
		shared_put16(ring->used_event, UINT16_MAX);
	else
		shared_put16(&ring->driver.avail->flags, VIRTQ_AVAIL_F_NO_INTERRUPT);
	if (ring->kind & VRING_DIRECT) {
		for (uint32_t i = 0; i < ring->size; i++)
			ring->links[i] = (uint16_t)(i + 1);
	} else if (ring->kind & VRING_IN_ORDER) {
		setup_avail(ring);
	}
}

static void
setup_packed(struct vring *ring, unsigned char *shared, const struct orion_vring_layout *layout)
{
	ring->driver.event = (struct virtq_packed_event *)(void *)(shared + layout->driver_offset);
	ring->device.event = (struct virtq_packed_event *)(void *)(shared + layout->device_offset);
	shared_put32(&ring->driver.event->desc_flags, VIRTQ_PACKED_EVENT_DISABLE << 16);
	ring->end = ring->desc.packed + ring->size;
	ring->fill = ring->desc.packed;
	ring->look = ring->desc.packed;
	ring->avail_lap = (uint64_t)VIRTQ_PACKED_F_AVAIL << 48;
	ring->used_lap = VIRTQ_PACKED_F_AVAIL | VIRTQ_PACKED_F_USED | VIRTQ_DESC_F_WRITE;
}

void
orion_vring_setup(struct vring *ring, const struct vring_config *config)
{
	struct orion_vring_layout layout =
		config->legacy ? orion_vring_layout_legacy(config->size)
			       : orion_vring_layout(config->size, config->packed);
	bool every = (config->kind & VRING_IN_ORDER) != 0 ||
		     ((config->kind & VRING_DIRECT) != 0 && !config->packed);

	CHECK(config->size >= 1 && config->size <= VIRTQ_SIZE_MAX);
	CHECK(config->packed || num_is_power_of_two(config->size));
	CHECK(!config->packed || !config->legacy);
	CHECK(config->ids >= 1 && config->ids <= config->size);
	CHECK(config->limit >= 1 && config->limit <= config->ids);
	CHECK(!every || config->ids == config->size);
	CHECK((config->kind & VRING_IN_ORDER) != 0 || config->limit == config->ids);

	memset(ring, 0, sizeof(*ring));
	memset(config->shared, 0, layout.bytes);
	ring->desc.split = config->shared;
	ring->slots = config->slots;
	ring->links = config->links;
	ring->size = config->size;
	ring->mask = config->size - 1;
	ring->ids = config->ids;
	ring->id_mask = (uint32_t)vring_slots(config->ids) - 1;
	ring->limit = config->limit;
	ring->kind = (uint8_t)config->kind;
	ring->packed = config->packed;
	ring->event_index = config->event_index;
	ring->free = config->size;
	setup_slots(ring, config->ids);
	if (config->packed)
		setup_packed(ring, config->shared, &layout);
	else
		setup_split(ring, config->shared, &layout);
}

/* SPDX-License-Identifier: MIT */
/*
 * MMIO version 1, the legacy interface: 32 feature bits, and queues by page number.  [spec 4.2.4]
 */
#include "mmio.h"

#include "../ring/ring.h"

uint64_t
orion_mmio_legacy_features_get(void *context)
{
	mmio_put(context, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	return mmio_get(context, VIRTIO_MMIO_DEVICE_FEATURES);
}

/* The size of a page comes along: it has to be known before any queue, and a reset forgets it. */
void
orion_mmio_legacy_features_set(void *context, uint64_t features)
{
	struct mmio *mmio = context;

	mmio->negotiated = features;
	mmio_put(mmio, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	mmio_put(mmio, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)features);
	mmio_put(mmio, VIRTIO_MMIO_GUEST_PAGE_SIZE, VIRTQ_LEGACY_ALIGN);
}

/* QueuePFN comes last, and reads back; the other areas follow from it. */
orion_status
orion_mmio_legacy_queue_enable(void *context, uint16_t queue,
			       const struct virtio_queue_setup *setup,
			       struct virtio_doorbell *doorbell)
{
	struct orion_vring_layout layout = orion_vring_layout_legacy(setup->size);
	uint64_t page = setup->descriptor_area / VIRTQ_LEGACY_ALIGN;
	struct mmio *mmio = context;

	CHECK(setup->descriptor_area % VIRTQ_LEGACY_ALIGN == 0);
	CHECK(setup->driver_area - setup->descriptor_area == layout.driver_offset);
	CHECK(setup->device_area - setup->descriptor_area == layout.device_offset);
	mmio_put(mmio, VIRTIO_MMIO_QUEUE_SEL, queue);
	if (page == 0 || page > UINT32_MAX || mmio_get(mmio, VIRTIO_MMIO_QUEUE_PFN) != 0 ||
	    setup->size > mmio_get(mmio, VIRTIO_MMIO_QUEUE_SIZE_MAX))
		return ORION_DEVICE_REFUSED;
	mmio_put(mmio, VIRTIO_MMIO_QUEUE_SIZE, setup->size);
	mmio_put(mmio, VIRTIO_MMIO_QUEUE_ALIGN, VIRTQ_LEGACY_ALIGN);
	mmio_put(mmio, VIRTIO_MMIO_QUEUE_PFN, (uint32_t)page);
	*doorbell = (struct virtio_doorbell){mmio->at + VIRTIO_MMIO_QUEUE_NOTIFY, queue, 4, false};
	return mmio_get(mmio, VIRTIO_MMIO_QUEUE_PFN) == page ? ORION_OK : ORION_DEVICE_REFUSED;
}

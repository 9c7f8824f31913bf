/* SPDX-License-Identifier: MIT */
/* DMA memory within the budget, and its quarantine (Memory Manager).  The manual is device.h. */
#include "device.h"

#define REGION_ALIGN 4096u

orion_status
orion_virtio_dma_open(struct virtio_device *device, bool platform)
{
	const struct virtio_transport *transport = &device->transport;
	uint32_t function = ORION_NO_FUNCTION;
	orion_status status;

	if (device->port->dma_open == NULL || device->dma_open)
		return ORION_OK;
	if (transport->ops->function != NULL)
		function = transport->ops->function(transport->context);
	status = device->port->dma_open(device->port_context, function, platform, &device->dma);
	device->dma_open = status == ORION_OK;
	return status;
}

void
orion_virtio_dma_close(struct virtio_device *device)
{
	if (device->dma_open)
		device->port->dma_close(device->port_context, &device->dma);
	device->dma_open = false;
}

orion_status
orion_virtio_region_take(struct virtio_device *device, size_t bytes, struct orion_region *region)
{
	struct orion_budget *budget = device->budget;
	orion_status status;

	if (bytes > budget->limit || budget->used > budget->limit - bytes) {
		budget->refusals++;
		return ORION_NO_MEMORY;
	}
	status = device->port->dma_alloc(device->dma.context, bytes, REGION_ALIGN, region);
	if (status != ORION_OK) {
		budget->refusals++;
		return status;
	}
	budget->used += bytes;
	if (budget->used > budget->peak)
		budget->peak = budget->used;
	return ORION_OK;
}

void
orion_virtio_region_give(struct virtio_device *device, struct orion_region *region)
{
	struct orion_budget *budget = device->budget;

	if (region->bytes == 0)
		return;
	/* Only a reset that was seen to complete takes memory back from a device.  [spec 2.4] */
	if (device->state == VIRTIO_RESET) {
		device->port->dma_free(device->dma.context, region);
		budget->used -= region->bytes;
	} else {
		budget->quarantined += region->bytes;
	}
	*region = (struct orion_region){0};
}

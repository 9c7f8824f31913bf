/* SPDX-License-Identifier: MIT */
/* The configuration space: bounded, generation-checked reads.  The manual is device.h. */
#include "device/device.h"

#define CONFIG_TRIES 16u

static uint64_t
read_field(const struct virtio_transport *transport, const struct virtio_field *field)
{
	uint64_t low;

	if (field->width != 8)
		return transport->ops->config_read(transport->context, field->offset, field->width);
	low = transport->ops->config_read(transport->context, field->offset, 4);
	return low |
	       (uint64_t)transport->ops->config_read(transport->context, field->offset + 4u, 4)
		       << 32;
}

orion_status
virtio_config_read(struct virtio_device *device, const struct virtio_field *fields, unsigned count)
{
	const struct virtio_transport *transport = &device->transport;
	uint32_t bytes = transport->ops->config_bytes(transport->context);
	uint32_t before, after;

	for (unsigned i = 0; i < count; i++) {
		if ((uint32_t)fields[i].offset + fields[i].width > bytes) {
			virtio_report(device, ORION_LEVEL_WARNING, ORION_EVENT_CONFIG_SHORT,
				      (uint32_t)fields[i].offset + fields[i].width, bytes, 0);
			return ORION_DEVICE_REFUSED;
		}
	}
	for (unsigned try = 0; try < CONFIG_TRIES; try++) {
		before = transport->ops->config_generation(transport->context);
		for (unsigned i = 0; i < count; i++)
			*fields[i].value = read_field(transport, &fields[i]);
		after = transport->ops->config_generation(transport->context);
		if (before == after)
			return ORION_OK;
	}
	virtio_report(device, ORION_LEVEL_ERROR, ORION_EVENT_CONFIG_TORN,
		      count > 0 ? fields[0].offset : 0, CONFIG_TRIES, 0);
	return ORION_TIMED_OUT;
}

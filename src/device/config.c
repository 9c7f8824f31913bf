/* SPDX-License-Identifier: MIT */
/* The configuration space: bounded, generation-checked reads.  The manual is device.h. */
#include "device.h"

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

/* Whether nothing changed meanwhile, as the generation says. */
static bool
read_is_whole(const struct virtio_transport *transport, const struct virtio_field *fields,
	      unsigned count)
{
	uint32_t before = transport->ops->config_generation(transport->context);

	for (unsigned i = 0; i < count; i++)
		*fields[i].value = read_field(transport, &fields[i]);
	return transport->ops->config_generation(transport->context) == before;
}

/* Whether the fields read as they did the last time.  [spec 2.5.4] */
static bool
read_agrees(const struct virtio_transport *transport, const struct virtio_field *fields,
	    unsigned count)
{
	bool same = true;

	for (unsigned i = 0; i < count; i++) {
		uint64_t value = read_field(transport, &fields[i]);

		same = same && value == *fields[i].value;
		*fields[i].value = value;
	}
	return same;
}

orion_status
orion_virtio_config_read(struct virtio_device *device, const struct virtio_field *fields,
			 unsigned count)
{
	const struct virtio_transport *transport = &device->transport;
	uint32_t bytes = transport->ops->config_bytes(transport->context);
	for (unsigned i = 0; i < count; i++) {
		if ((uint32_t)fields[i].offset + fields[i].width > bytes) {
			orion_virtio_report(device, ORION_LEVEL_WARNING, ORION_EVENT_CONFIG_SHORT,
					    (uint32_t)fields[i].offset + fields[i].width, bytes, 0);
			return ORION_DEVICE_REFUSED;
		}
	}
	for (unsigned try = 0; try < CONFIG_TRIES; try++) {
		if (transport->ops->legacy ? read_agrees(transport, fields, count) && try > 0
					   : read_is_whole(transport, fields, count))
			return ORION_OK;
	}
	orion_virtio_report(device, ORION_LEVEL_ERROR, ORION_EVENT_CONFIG_TORN,
			    count > 0 ? fields[0].offset : 0, CONFIG_TRIES, 0);
	return ORION_TIMED_OUT;
}

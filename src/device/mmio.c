/* SPDX-License-Identifier: MIT */
/* The MMIO transport: version 2, and what version 1 has in common with it.  [spec 4.2] */
#include "mmio.h"

#include "../base/memory.h"
#include "../base/num.h"
#include "../spec/virtio_ids.h"

#define KICK_BYTES 4u                   /* always 32 bits  [spec 4.2.3.3] */
#define LOOKS_MAX 64u

/* Features of other transports, by numbers that mean nothing here.  [spec 4.2.5, 6] */
#define FEATURES_FOREIGN                                                    \
	(VIRTIO_BIT(VIRTIO_F_ADMIN_VQ) | VIRTIO_BIT(VIRTIO_F_SR_IOV) |      \
	 VIRTIO_BIT(VIRTIO_F_NOTIF_CONFIG_DATA))

static bool
has(const struct mmio *mmio, unsigned feature)
{
	return (mmio->negotiated & VIRTIO_BIT(feature)) != 0;
}

static uint8_t
status_get(void *context)
{
	return (uint8_t)mmio_get(context, VIRTIO_MMIO_STATUS);
}

static void
status_set(void *context, uint8_t status)
{
	mmio_put(context, VIRTIO_MMIO_STATUS, status);
}

static uint64_t
features_get(void *context)
{
	uint64_t features = 0;

	for (uint32_t word = 0; word < 2; word++) {
		mmio_put(context, VIRTIO_MMIO_DEVICE_FEATURES_SEL, word);
		features |= (uint64_t)mmio_get(context, VIRTIO_MMIO_DEVICE_FEATURES) << (32 * word);
	}
	return features & ~FEATURES_FOREIGN;
}

static void
features_set(void *context, uint64_t features)
{
	struct mmio *mmio = context;

	mmio->negotiated = features;
	for (uint32_t word = 0; word < 2; word++) {
		mmio_put(mmio, VIRTIO_MMIO_DRIVER_FEATURES_SEL, word);
		mmio_put(mmio, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(features >> (32 * word)));
	}
}

static uint32_t
config_bytes(void *context)
{
	const struct mmio *mmio = context;

	return (uint32_t)num_min64(mmio->bytes - VIRTIO_MMIO_CONFIG, UINT16_MAX);
}

static uint32_t
config_read(void *context, uint32_t offset, unsigned width)
{
	const struct mmio *mmio = context;
	const volatile unsigned char *field = mmio->at + VIRTIO_MMIO_CONFIG + offset;

	if (offset + width > config_bytes(context))
		return UINT32_MAX;
	if (width == 1)
		return register_load8(field);
	if (width == 2)
		return register_load16(field);
	return register_load32(field);
}

static void
config_write(void *context, uint32_t offset, unsigned width, uint32_t value)
{
	const struct mmio *mmio = context;
	volatile unsigned char *field = mmio->at + VIRTIO_MMIO_CONFIG + offset;

	if (offset + width > config_bytes(context))
		return;
	if (width == 1)
		register_store8(field, (uint8_t)value);
	else if (width == 2)
		register_store16(field, (uint16_t)value);
	else
		register_store32(field, value);
}

static uint32_t
config_generation(void *context)
{
	return mmio_get(context, VIRTIO_MMIO_CONFIG_GENERATION);
}

/* No register says how many: a queue is there when its size is not 0. */
static uint16_t
queue_count(void *context)
{
	(void)context;
	return UINT16_MAX;
}

static uint16_t
queue_size_max(void *context, uint16_t queue)
{
	mmio_put(context, VIRTIO_MMIO_QUEUE_SEL, queue);
	return (uint16_t)num_min32(mmio_get(context, VIRTIO_MMIO_QUEUE_SIZE_MAX), UINT16_MAX);
}

static void
put64(const struct mmio *mmio, uint32_t offset, uint64_t value)
{
	mmio_put(mmio, offset, (uint32_t)value);
	mmio_put(mmio, offset + 4, (uint32_t)(value >> 32));
}

/* QueueReady comes last, and reads back.  [spec 4.2.3.2] */
static orion_status
queue_enable(void *context, uint16_t queue, const struct virtio_queue_setup *setup,
	     struct virtio_doorbell *doorbell)
{
	const struct mmio *mmio = context;

	mmio_put(mmio, VIRTIO_MMIO_QUEUE_SEL, queue);
	/* The size is the device's claim, and may have shrunk since it was asked for. */
	if (mmio_get(mmio, VIRTIO_MMIO_QUEUE_READY) != 0 ||
	    setup->size > mmio_get(mmio, VIRTIO_MMIO_QUEUE_SIZE_MAX))
		return ORION_DEVICE_REFUSED;
	mmio_put(mmio, VIRTIO_MMIO_QUEUE_SIZE, setup->size);
	put64(mmio, VIRTIO_MMIO_QUEUE_DESC, setup->descriptor_area);
	put64(mmio, VIRTIO_MMIO_QUEUE_DRIVER, setup->driver_area);
	put64(mmio, VIRTIO_MMIO_QUEUE_DEVICE, setup->device_area);
	mmio_put(mmio, VIRTIO_MMIO_QUEUE_READY, 1);
	*doorbell = (struct virtio_doorbell){mmio->at + VIRTIO_MMIO_QUEUE_NOTIFY, queue, KICK_BYTES,
					     has(mmio, VIRTIO_F_NOTIFICATION_DATA)};
	return mmio_get(mmio, VIRTIO_MMIO_QUEUE_READY) == 1 ? ORION_OK : ORION_DEVICE_REFUSED;
}

static void
queue_reset(void *context, uint16_t queue)
{
	const struct mmio *mmio = context;

	CHECK(has(mmio, VIRTIO_F_RING_RESET));
	mmio_put(mmio, VIRTIO_MMIO_QUEUE_SEL, queue);
	mmio_put(mmio, VIRTIO_MMIO_QUEUE_RESET, 1);
}

/* Both registers must say so: a queue that still is ready has not been reset.  [spec 4.2.2] */
static bool
queue_resetting(void *context, uint16_t queue)
{
	const struct mmio *mmio = context;

	CHECK(has(mmio, VIRTIO_F_RING_RESET));
	mmio_put(mmio, VIRTIO_MMIO_QUEUE_SEL, queue);
	return mmio_get(mmio, VIRTIO_MMIO_QUEUE_RESET) != 0 ||
	       mmio_get(mmio, VIRTIO_MMIO_QUEUE_READY) != 0;
}

/* ---- interrupts: one line ---- */

static orion_status
line_attach(void *context, orion_irq_handler *handler, void *argument)
{
	struct mmio *mmio = context;
	struct orion_irq_source source = {.kind = ORION_IRQ_WIRE, .wire = mmio->line};
	struct orion_irq_message message = {0, 0, 0};
	orion_status status;

	if (mmio->line == VIRTIO_MMIO_NO_LINE || mmio->line_attached)
		return ORION_NO_INTERRUPT;
	status = mmio->port->irq_attach(mmio->port_context, &source, handler, argument, &message);
	if (status != ORION_OK)
		return status;
	mmio->line_attached = true;
	mmio->line_cookie = message.cookie;
	return ORION_OK;
}

static void
line_detach(void *context)
{
	struct mmio *mmio = context;

	if (mmio->line_attached)
		mmio->port->irq_detach(mmio->port_context, mmio->line_cookie);
	mmio->line_attached = false;
}

/*
 * Acknowledged before anybody is woken: what the device does from then on interrupts again.  And
 * read until there is nothing left, so that the line was seen low by a host that takes it by its
 * edges.  [spec 4.2.3.4.1]
 */
static uint8_t
isr_read(void *context)
{
	const struct mmio *mmio = context;
	uint32_t known = VIRTIO_MMIO_INTERRUPT_QUEUE | VIRTIO_MMIO_INTERRUPT_CONFIG;
	uint32_t cause = 0, status;

	for (unsigned look = 0; look < LOOKS_MAX; look++) {
		status = mmio_get(mmio, VIRTIO_MMIO_INTERRUPT_STATUS);
		if (status == UINT32_MAX)
			return UINT8_MAX;
		if ((status & known) == 0)
			break;
		mmio_put(mmio, VIRTIO_MMIO_INTERRUPT_ACK, status & known);
		cause |= status & known;
	}
	return (uint8_t)cause;
}

static void
close_transport(void *context)
{
	struct mmio *mmio = context;

	mmio->port->unmap_registers(mmio->port_context, mmio->at, mmio->bytes);
}

static const struct virtio_transport_ops modern_ops = {
	.name = "mmio",
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
	.queue_reset = queue_reset,
	.queue_resetting = queue_resetting,
	.line_attach = line_attach,
	.line_detach = line_detach,
	.isr_read = isr_read,
	.close = close_transport,
};

static const struct virtio_transport_ops legacy_ops = {
	.name = "mmio-legacy",
	.legacy = true,
	.status_get = status_get,
	.status_set = status_set,
	.features_get = orion_mmio_legacy_features_get,
	.features_set = orion_mmio_legacy_features_set,
	.config_bytes = config_bytes,
	.config_read = config_read,
	.config_write = config_write,
	.queue_count = queue_count,
	.queue_size_max = queue_size_max,
	.queue_enable = orion_mmio_legacy_queue_enable,
	.line_attach = line_attach,
	.line_detach = line_detach,
	.isr_read = isr_read,
	.close = close_transport,
};

static orion_status
refuse(const struct mmio *mmio, uint64_t address, uint32_t offset, uint32_t value)
{
	if (mmio->port->report != NULL)
		mmio->port->report(mmio->port_context, ORION_LEVEL_ERROR, ORION_EVENT_MMIO_REFUSED,
				   address, offset, value);
	return ORION_DEVICE_REFUSED;
}

/*
 * Which interface: the first three registers in turn, and none beyond the first that is not right.
 * A legacy device speaks the CPU's byte order, which here is little-endian or nothing.
 * [spec 4.2.3.1.1, 4.2.4]
 */
static orion_status
identify(const struct mmio *mmio, uint64_t address, const struct virtio_transport_ops **ops)
{
	uint32_t magic, version, id;

	magic = mmio_get(mmio, VIRTIO_MMIO_MAGIC_VALUE);
	if (magic != VIRTIO_MMIO_MAGIC)
		return refuse(mmio, address, VIRTIO_MMIO_MAGIC_VALUE, magic);
	version = mmio_get(mmio, VIRTIO_MMIO_VERSION);
	if (version != VIRTIO_MMIO_VERSION_MODERN &&
	    (version != VIRTIO_MMIO_VERSION_LEGACY || arch_le16(1) != 1))
		return refuse(mmio, address, VIRTIO_MMIO_VERSION, version);
	id = mmio_get(mmio, VIRTIO_MMIO_DEVICE_ID);
	*ops = version == VIRTIO_MMIO_VERSION_MODERN ? &modern_ops : &legacy_ops;
	return id == VIRTIO_ID_BLOCK ? ORION_OK : ORION_NOT_FOUND;
}

orion_status
orion_virtio_mmio_open(struct virtio_mmio *storage, const struct orion_port *port,
		       void *port_context, uint64_t address, size_t bytes, uint32_t line,
		       struct virtio_transport *out)
{
	struct mmio *mmio = (struct mmio *)(void *)storage->opaque;
	const struct virtio_transport_ops *ops = NULL;
	volatile void *registers = NULL;
	orion_status status;

	status = orion_port_check(port, PORT_NEEDS_REGISTERS, NULL);
	if (status != ORION_OK)
		return status;
	if (address % 4 != 0 || bytes < VIRTIO_MMIO_CONFIG)
		return ORION_INVALID;
	status = port->map_registers(port_context, address, bytes, &registers);
	if (status != ORION_OK)
		return status;
	memset(mmio, 0, sizeof(*mmio));
	mmio->port = port;
	mmio->port_context = port_context;
	mmio->at = registers;
	mmio->bytes = bytes;
	mmio->line = line;
	status = identify(mmio, address, &ops);
	if (status == ORION_OK)
		*out = (struct virtio_transport){ops, mmio};
	else
		port->unmap_registers(port_context, registers, bytes);
	return status;
}

/* SPDX-License-Identifier: MIT */
/* The modern PCI transport: discovery, common configuration, doorbells.  [spec 4.1] */
#include "pci.h"

#include "../base/memory.h"
#include "../base/num.h"
#include "../spec/virtio_ids.h"
#include "../spec/virtq_split.h"

#define FUNCTIONS_PER_BUS 256u
#define KICK_BYTES 2u                   /* the queue's number alone */
#define KICK_POSITION_BYTES 4u          /* with VIRTIO_F_NOTIFICATION_DATA */

static uint16_t
common_get16(struct pci *pci, unsigned offset)
{
	return (uint16_t)orion_pci_get(pci, &pci->common, offset, 2);
}

static void
common_put16(struct pci *pci, unsigned offset, uint16_t value)
{
	orion_pci_put(pci, &pci->common, offset, 2, value);
}

static void
common_put32(struct pci *pci, unsigned offset, uint32_t value)
{
	orion_pci_put(pci, &pci->common, offset, 4, value);
}

/* 64-bit fields are two 32-bit accesses.  [spec 4.1.3.1] */
static void
common_put64(struct pci *pci, unsigned offset, uint64_t value)
{
	common_put32(pci, offset, (uint32_t)value);
	common_put32(pci, offset + 4, (uint32_t)(value >> 32));
}

static uint8_t
status_get(void *context)
{
	struct pci *pci = context;

	return (uint8_t)orion_pci_get(pci, &pci->common, VIRTIO_PCI_COMMON_DEVICE_STATUS, 1);
}

static void
status_set(void *context, uint8_t status)
{
	struct pci *pci = context;

	orion_pci_put(pci, &pci->common, VIRTIO_PCI_COMMON_DEVICE_STATUS, 1, status);
}

static bool
common_holds(const struct pci *pci, uint32_t offset)
{
	return pci->common.bytes >= offset + 2;
}

/*
 * The features that need more of the registers than this device has: fields past the end of its
 * common structure, doorbells that cannot take four bytes.  Doorbells are also judged one by one
 * when their queue is enabled.  [spec 4.1.4.3, 4.1.4.4]
 */
static uint64_t
features_impossible(const struct pci *pci)
{
	uint64_t features = 0;

	if (!common_holds(pci, VIRTIO_PCI_COMMON_QUEUE_NOTIF_CONFIG_DATA))
		features |= VIRTIO_BIT(VIRTIO_F_NOTIF_CONFIG_DATA);
	if (!common_holds(pci, VIRTIO_PCI_COMMON_QUEUE_RESET))
		features |= VIRTIO_BIT(VIRTIO_F_RING_RESET);
	if (pci->notify.bytes < KICK_POSITION_BYTES ||
	    pci->notify.offset % KICK_POSITION_BYTES != 0 ||
	    pci->notify_multiplier % KICK_POSITION_BYTES != 0)
		features |= VIRTIO_BIT(VIRTIO_F_NOTIFICATION_DATA);
	return features;
}

static uint64_t
features_get(void *context)
{
	struct pci *pci = context;
	uint64_t features = 0;

	for (uint32_t word = 0; word < 2; word++) {
		common_put32(pci, VIRTIO_PCI_COMMON_DEVICE_FEATURE_SELECT, word);
		features |= (uint64_t)orion_pci_get(pci, &pci->common,
						    VIRTIO_PCI_COMMON_DEVICE_FEATURE, 4)
			    << (32 * word);
	}
	return features & ~features_impossible(pci);
}

static void
features_set(void *context, uint64_t features)
{
	struct pci *pci = context;

	pci->negotiated = features;
	for (uint32_t word = 0; word < 2; word++) {
		common_put32(pci, VIRTIO_PCI_COMMON_DRIVER_FEATURE_SELECT, word);
		common_put32(pci, VIRTIO_PCI_COMMON_DRIVER_FEATURE,
			     (uint32_t)(features >> (32 * word)));
	}
}

static uint32_t
config_bytes(void *context)
{
	const struct pci *pci = context;

	return pci->device.bytes;
}

static uint32_t
config_read(void *context, uint32_t offset, unsigned width)
{
	struct pci *pci = context;

	if (offset + width > pci->device.bytes)
		return UINT32_MAX;
	return orion_pci_get(pci, &pci->device, offset, width);
}

static void
config_write(void *context, uint32_t offset, unsigned width, uint32_t value)
{
	struct pci *pci = context;

	if (offset + width <= pci->device.bytes)
		orion_pci_put(pci, &pci->device, offset, width, value);
}

static uint32_t
config_generation(void *context)
{
	struct pci *pci = context;

	return orion_pci_get(pci, &pci->common, VIRTIO_PCI_COMMON_CONFIG_GENERATION, 1);
}

static uint16_t
queue_count(void *context)
{
	return common_get16(context, VIRTIO_PCI_COMMON_NUM_QUEUES);
}

static uint16_t
queue_size_max(void *context, uint16_t queue)
{
	common_put16(context, VIRTIO_PCI_COMMON_QUEUE_SELECT, queue);
	return common_get16(context, VIRTIO_PCI_COMMON_QUEUE_SIZE);
}

static bool
has(const struct pci *pci, unsigned feature)
{
	return (pci->negotiated & VIRTIO_BIT(feature)) != 0;
}

/* With VIRTIO_F_NOTIFICATION_DATA a kick also tells where the ring stands. */
static uint16_t
kick_bytes(const struct pci *pci)
{
	return has(pci, VIRTIO_F_NOTIFICATION_DATA) ? KICK_POSITION_BYTES : KICK_BYTES;
}

/*
 * Where to kick, and with what: the offset is checked in 64 bits against what is mapped.  The queue
 * is selected.  Only memory can be stored to; the rest is a matter of notify().
 * [spec 4.1.4.4, 4.1.5.2]
 */
static bool
doorbell_find(struct pci *pci, uint16_t queue, struct virtio_doorbell *doorbell)
{
	uint16_t width = kick_bytes(pci);
	uint64_t offset = (uint64_t)common_get16(pci, VIRTIO_PCI_COMMON_QUEUE_NOTIFY_OFF) *
			  pci->notify_multiplier;

	if ((offset & (width - 1)) != 0 || offset + width > pci->notify.bytes ||
	    queue >= VIRTIO_QUEUES_MAX)
		return false;
	*doorbell = (struct virtio_doorbell){NULL, queue, width, width == KICK_POSITION_BYTES};
	if (pci->notify.reach == PCI_REACH_MEMORY)
		doorbell->address = pci->notify.at + offset;
	pci->kick_offset[queue] = (uint32_t)offset;
	if (has(pci, VIRTIO_F_NOTIF_CONFIG_DATA))
		doorbell->value = common_get16(pci, VIRTIO_PCI_COMMON_QUEUE_NOTIF_CONFIG_DATA);
	return true;
}

/* Of a queue whose doorbell has no address. */
static void
notify(void *context, uint16_t queue, uint32_t value)
{
	struct pci *pci = context;

	orion_pci_put(pci, &pci->notify, pci->kick_offset[queue], kick_bytes(pci), value);
}

/* queue_enable comes last.  [spec 4.1.4.3.2] */
static orion_status
queue_enable(void *context, uint16_t queue, const struct virtio_queue_setup *setup,
	     struct virtio_doorbell *doorbell)
{
	struct pci *pci = context;

	common_put16(pci, VIRTIO_PCI_COMMON_QUEUE_SELECT, queue);
	if (common_get16(pci, VIRTIO_PCI_COMMON_QUEUE_ENABLE) != 0 ||
	    !doorbell_find(pci, queue, doorbell))
		return ORION_DEVICE_REFUSED;
	if (common_get16(pci, VIRTIO_PCI_COMMON_QUEUE_SIZE) != setup->size) {
		common_put16(pci, VIRTIO_PCI_COMMON_QUEUE_SIZE, setup->size);
		if (common_get16(pci, VIRTIO_PCI_COMMON_QUEUE_SIZE) != setup->size)
			return ORION_DEVICE_REFUSED;
	}
	if (pci->msix != 0) {
		common_put16(pci, VIRTIO_PCI_COMMON_QUEUE_VECTOR, setup->vector);
		if (common_get16(pci, VIRTIO_PCI_COMMON_QUEUE_VECTOR) != setup->vector)
			return ORION_NO_INTERRUPT;
	}
	common_put64(pci, VIRTIO_PCI_COMMON_QUEUE_DESC, setup->descriptor_area);
	common_put64(pci, VIRTIO_PCI_COMMON_QUEUE_DRIVER, setup->driver_area);
	common_put64(pci, VIRTIO_PCI_COMMON_QUEUE_DEVICE, setup->device_area);
	common_put16(pci, VIRTIO_PCI_COMMON_QUEUE_ENABLE, 1);
	return common_get16(pci, VIRTIO_PCI_COMMON_QUEUE_ENABLE) == 1 ? ORION_OK
								      : ORION_DEVICE_REFUSED;
}

/* [spec 4.1.4.3.2] */
static void
queue_reset(void *context, uint16_t queue)
{
	struct pci *pci = context;

	CHECK(has(pci, VIRTIO_F_RING_RESET));
	common_put16(pci, VIRTIO_PCI_COMMON_QUEUE_SELECT, queue);
	common_put16(pci, VIRTIO_PCI_COMMON_QUEUE_RESET, 1);
}

/* Both fields must say so: a queue that still is enabled has not been reset.  [spec 4.1.4.3.1] */
static bool
queue_resetting(void *context, uint16_t queue)
{
	struct pci *pci = context;

	CHECK(has(pci, VIRTIO_F_RING_RESET));
	common_put16(pci, VIRTIO_PCI_COMMON_QUEUE_SELECT, queue);
	return common_get16(pci, VIRTIO_PCI_COMMON_QUEUE_RESET) != 0 ||
	       common_get16(pci, VIRTIO_PCI_COMMON_QUEUE_ENABLE) != 0;
}

static orion_status
config_vector(void *context, uint16_t vector)
{
	common_put16(context, VIRTIO_PCI_COMMON_CONFIG_VECTOR, vector);
	return common_get16(context, VIRTIO_PCI_COMMON_CONFIG_VECTOR) == vector
		       ? ORION_OK
		       : ORION_NO_INTERRUPT;
}

static uint8_t
isr_read(void *context)
{
	struct pci *pci = context;

	return (uint8_t)orion_pci_get(pci, &pci->isr, 0, 1);
}

uint32_t
orion_pci_function_get(void *context)
{
	const struct pci *pci = context;

	return pci->function;
}

void
orion_pci_close(void *context)
{
	struct pci *pci = context;
	uint32_t command = pci_config_get(pci, PCI_COMMAND, 2);

	orion_pci_msix_disable(pci);
	pci_config_put(pci, PCI_COMMAND, 2, command & ~PCI_COMMAND_ALL);
	orion_pci_unmap_structures(pci);
}

static const struct virtio_transport_ops pci_ops = {
	.name = "pci",
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
	.vector_count = orion_pci_vector_count,
	.vector_attach = orion_pci_vector_attach,
	.vector_detach = orion_pci_vector_detach,
	.config_vector = config_vector,
	.line_attach = orion_pci_line_attach,
	.line_detach = orion_pci_line_detach,
	.isr_read = isr_read,
	.notify = notify,
	.function_reset = orion_pci_function_reset,
	.function = orion_pci_function_get,
	.close = orion_pci_close,
};

static bool
is_block(const struct orion_port *port, void *port_context, uint32_t function)
{
	uint32_t device;

	if (port->pci_read(port_context, function, PCI_VENDOR_ID, 2) != VIRTIO_PCI_VENDOR)
		return false;
	device = port->pci_read(port_context, function, PCI_DEVICE_ID, 2);
	return device == VIRTIO_PCI_DEVICE_MODERN_BASE + VIRTIO_ID_BLOCK ||
	       device == VIRTIO_PCI_DEVICE_TRANSITIONAL_BLOCK;
}

bool
orion_virtio_pci_find(const struct orion_port *port, void *port_context, uint8_t last_bus,
		      uint32_t *function)
{
	uint32_t end = (last_bus + 1u) * FUNCTIONS_PER_BUS;
	bool multifunction = true;

	if (port->pci_read == NULL)
		return false;
	for (uint32_t at = *function; at < end; at++) {
		uint32_t first = at & ~7u;

		/* Functions 1 to 7 exist only where function 0 says so. */
		if (at == first || at == *function)
			multifunction = (port->pci_read(port_context, first, PCI_HEADER_TYPE, 1) &
					 PCI_HEADER_MULTIFUNCTION) != 0;
		if ((at == first || multifunction) && is_block(port, port_context, at)) {
			*function = at;
			return true;
		}
	}
	return false;
}

orion_status
orion_virtio_pci_open(struct virtio_pci *storage, const struct orion_port *port, void *port_context,
		      uint32_t function, struct virtio_transport *out)
{
	struct pci *pci = (struct pci *)(void *)storage->opaque;
	orion_status status;

	status = orion_port_check(port, PORT_NEEDS_PCI | PORT_NEEDS_REGISTERS, NULL);
	if (status != ORION_OK)
		return status;
	if (!is_block(port, port_context, function))
		return ORION_NOT_FOUND;
	memset(pci, 0, sizeof(*pci));
	pci->port = port;
	pci->port_context = port_context;
	pci->function = function;
	status = orion_pci_map_structures(pci);
	if (status != ORION_OK)
		return status;
	orion_pci_msix_enable(pci);
	*out = (struct virtio_transport){pci->modern ? &pci_ops : &orion_pci_legacy_ops, pci};
	return ORION_OK;
}

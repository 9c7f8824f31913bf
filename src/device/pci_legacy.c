/* SPDX-License-Identifier: MIT */
/*
 * The legacy PCI interface: registers in the I/O ports of BAR 0, 32 feature bits, queues by page
 * number, whose size is the device's choice.  [spec 4.1.4.10]
 */
#include "pci.h"

#include "../base/num.h"
#include "../ring/ring.h"

static uint32_t
get(struct pci *pci, uint32_t offset, unsigned width)
{
	return orion_pci_get(pci, &pci->common, offset, width);
}

static void
put(struct pci *pci, uint32_t offset, unsigned width, uint32_t value)
{
	orion_pci_put(pci, &pci->common, offset, width, value);
}

static uint8_t
status_get(void *context)
{
	return (uint8_t)get(context, VIRTIO_PCI_LEGACY_DEVICE_STATUS, 1);
}

static void
status_set(void *context, uint8_t status)
{
	put(context, VIRTIO_PCI_LEGACY_DEVICE_STATUS, 1, status);
}

static uint64_t
features_get(void *context)
{
	return get(context, VIRTIO_PCI_LEGACY_DEVICE_FEATURES, 4);
}

static void
features_set(void *context, uint64_t features)
{
	put(context, VIRTIO_PCI_LEGACY_DRIVER_FEATURES, 4, (uint32_t)features);
}

/* Of no use where it is not there, and reads as 0. */
static uint64_t
features_told(void *context)
{
	return get(context, VIRTIO_PCI_LEGACY_DRIVER_FEATURES, 4);
}

/* Where the device's configuration begins moves when MSI-X is switched. */
static uint32_t
config_at(const struct pci *pci)
{
	return pci->msix_enabled ? VIRTIO_PCI_LEGACY_MSIX_BYTES : VIRTIO_PCI_LEGACY_BYTES;
}

static uint32_t
config_bytes(void *context)
{
	const struct pci *pci = context;

	return pci->common.bytes - config_at(pci);
}

/*
 * Byte after byte, as is allowed here: where a CPU can have either byte order, devices swap wider
 * fields for the one that they take it to have.  [spec 4.1.4.10]
 */
static uint32_t
config_read(void *context, uint32_t offset, unsigned width)
{
	uint32_t value = 0;

	if (offset + width > config_bytes(context))
		return UINT32_MAX;
	for (unsigned i = 0; i < width; i++)
		value |= get(context, config_at(context) + offset + i, 1) << (8 * i);
	return value;
}

static void
config_write(void *context, uint32_t offset, unsigned width, uint32_t value)
{
	if (offset + width > config_bytes(context))
		return;
	for (unsigned i = 0; i < width; i++)
		put(context, config_at(context) + offset + i, 1, value >> (8 * i) & 0xff);
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
	put(context, VIRTIO_PCI_LEGACY_QUEUE_SELECT, 2, queue);
	return (uint16_t)get(context, VIRTIO_PCI_LEGACY_QUEUE_SIZE, 2);
}

static bool
vector_put(struct pci *pci, uint32_t offset, uint16_t vector)
{
	if (!pci->msix_enabled)
		return vector == VIRTIO_NO_VECTOR;
	put(pci, offset, 2, vector);
	return get(pci, offset, 2) == vector;
}

static orion_status
config_vector(void *context, uint16_t vector)
{
	return vector_put(context, VIRTIO_PCI_LEGACY_CONFIG_VECTOR, vector) ? ORION_OK
									    : ORION_NO_INTERRUPT;
}

/* The queue's address comes last, and reads back; all of it follows from it. [spec 4.1.5.1.3.1] */
static orion_status
queue_enable(void *context, uint16_t queue, const struct virtio_queue_setup *setup,
	     struct virtio_doorbell *doorbell)
{
	struct orion_vring_layout layout = orion_vring_layout_legacy(setup->size);
	uint64_t page = setup->descriptor_area / VIRTQ_LEGACY_ALIGN;
	struct pci *pci = context;

	CHECK(setup->descriptor_area % VIRTQ_LEGACY_ALIGN == 0);
	CHECK(setup->driver_area - setup->descriptor_area == layout.driver_offset);
	CHECK(setup->device_area - setup->descriptor_area == layout.device_offset);
	*doorbell = (struct virtio_doorbell){NULL, queue, 2, false};
	put(pci, VIRTIO_PCI_LEGACY_QUEUE_SELECT, 2, queue);
	/* The size is the device's claim: only what it says now, and said before, will do. */
	if (page == 0 || page > UINT32_MAX || get(pci, VIRTIO_PCI_LEGACY_QUEUE_PFN, 4) != 0 ||
	    get(pci, VIRTIO_PCI_LEGACY_QUEUE_SIZE, 2) != setup->size)
		return ORION_DEVICE_REFUSED;
	if (!vector_put(pci, VIRTIO_PCI_LEGACY_QUEUE_VECTOR, setup->vector))
		return ORION_NO_INTERRUPT;
	put(pci, VIRTIO_PCI_LEGACY_QUEUE_PFN, 4, (uint32_t)page);
	return get(pci, VIRTIO_PCI_LEGACY_QUEUE_PFN, 4) == page ? ORION_OK : ORION_DEVICE_REFUSED;
}

static uint8_t
isr_read(void *context)
{
	return (uint8_t)get(context, VIRTIO_PCI_LEGACY_ISR, 1);
}

static void
notify(void *context, uint16_t queue, uint32_t value)
{
	(void)queue;
	put(context, VIRTIO_PCI_LEGACY_QUEUE_NOTIFY, 2, value);
}

const struct virtio_transport_ops orion_pci_legacy_ops = {
	.name = "pci-legacy",
	.legacy = true,
	.size_fixed = true,
	.status_get = status_get,
	.status_set = status_set,
	.features_get = features_get,
	.features_set = features_set,
	.features_told = features_told,
	.config_bytes = config_bytes,
	.config_read = config_read,
	.config_write = config_write,
	.queue_count = queue_count,
	.queue_size_max = queue_size_max,
	.queue_enable = queue_enable,
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

static orion_status
refuse(const struct pci *pci, virtio_pci_legacy why, uint64_t address, uint64_t bytes)
{
	orion_pci_report(pci, ORION_LEVEL_ERROR, ORION_EVENT_PCI_LEGACY_REFUSED, why, address,
			 bytes);
	return ORION_DEVICE_REFUSED;
}

/* A legacy device speaks the CPU's byte order, which here is little-endian or nothing. */
orion_status
orion_pci_legacy_map(struct pci *pci, uint64_t address, uint64_t bytes)
{
	if (arch_le16(1) != 1)
		return refuse(pci, VIRTIO_PCI_LEGACY_ENDIAN, address, bytes);
	if (pci->port->io_read == NULL)
		return refuse(pci, VIRTIO_PCI_LEGACY_HOST, address, bytes);
	if (address == 0)
		return refuse(pci, VIRTIO_PCI_LEGACY_BAR, address, bytes);
	if (bytes <= VIRTIO_PCI_LEGACY_MSIX_BYTES)
		return refuse(pci, VIRTIO_PCI_LEGACY_SHORT, address, bytes);
	pci->common = (struct pci_window){
		.address = address,
		.bytes = (uint32_t)bytes,
		.reach = PCI_REACH_PORTS,
	};
	return ORION_OK;
}

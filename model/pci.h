/* SPDX-License-Identifier: MIT */
/* The model as a PCI function: shared by pci.c (configuration space) and pci_registers.c. */
#ifndef MODEL_PCI_H
#define MODEL_PCI_H

#include "model/private.h"

#include "spec/virtio_pci.h"

/* Where things lie. */
#define MODEL_PCI_BAR_PORTS 0u /* I/O: the legacy registers */
#define MODEL_PCI_BAR_MSIX 1u
#define MODEL_PCI_BAR_KICK 2u /* I/O: the notify structure, if not in BAR 4 */
#define MODEL_PCI_BAR_VIRTIO 4u
#define MODEL_PCI_PORTS 0x80u
#define MODEL_PCI_KICK_PORTS 0x100u
#define MODEL_PCI_MSIX_BYTES 0x1000u
#define MODEL_PCI_MSIX_PBA 0x800u
#define MODEL_PCI_VIRTIO_BYTES 0x4000u
#define MODEL_PCI_COMMON 0x0000u
#define MODEL_PCI_ISR 0x1000u
#define MODEL_PCI_DEVICE 0x2000u
#define MODEL_PCI_NOTIFY 0x3000u
#define MODEL_PCI_NOTIFY_BYTES 0x1000u
#define MODEL_PCI_NOTIFY_MULTIPLIER 4u
#define MODEL_PCI_COMMON_BYTES 0x3cu /* with queue_notif_config_data and queue_reset */

/* queue_notif_config_data: the device's own number for a queue, unlike any index. */
static inline uint16_t
model_pci_notif_data(unsigned queue)
{
	return (uint16_t)(0xa5c3u + 0x0102u * queue);
}

struct model_msix_entry {
	uint64_t address;
	uint32_t data;
	uint32_t control;
	bool pending;
};

struct model_pci {
	struct model_device *device;
	uint32_t function;
	uint8_t config[PCI_CONFIG_BYTES];
	model_pci_face face;
	uint16_t msix_cap, window_cap, express_cap; /* offsets; 0: not there */
	uint32_t common_bytes, notify_bytes, multiplier; /* what the capabilities say */
	uint32_t bar_bytes[PCI_BARS]; /* 0: not there */
	uint8_t *registers[PCI_BARS]; /* what map_registers() hands out; never read or written */

	uint32_t device_feature_select, driver_feature_select;
	uint16_t queue_select;
	struct virtio_queue_setup setup[MODEL_QUEUES_MAX];
	uint32_t page[MODEL_QUEUES_MAX]; /* legacy */
	struct model_msix_entry entries[MODEL_VECTORS_MAX];
};

static inline bool
model_pci_is_io(unsigned bar)
{
	return bar == MODEL_PCI_BAR_PORTS || bar == MODEL_PCI_BAR_KICK;
}

static inline bool
model_pci_decodes(const struct model_pci *pci, unsigned bar)
{
	return (pci->config[PCI_COMMAND] &
		(model_pci_is_io(bar) ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY)) != 0;
}

static inline bool
model_pci_msix_is_on(const struct model_pci *pci)
{
	return pci->msix_cap != 0 &&
	       (pci->config[pci->msix_cap + PCI_MSIX_CONTROL + 1] & 0x80) != 0;
}

/* A register access at OFFSET of BAR, from the driver or through the window capability. */
uint32_t model_pci_register_get(struct model_pci *pci, unsigned bar, uint32_t offset,
				unsigned width);
void model_pci_register_set(struct model_pci *pci, unsigned bar, uint32_t offset, unsigned width,
			    uint32_t value);

/* pci_legacy.c: the registers in I/O ports. */
uint32_t model_pci_legacy_get(struct model_pci *pci, uint32_t offset, unsigned width);
void model_pci_legacy_set(struct model_pci *pci, uint32_t offset, unsigned width, uint32_t value);

/* A vector that the device takes, or none. */
uint16_t model_pci_vector_taken(struct model_pci *pci, uint32_t vector);

/* The cause of the interrupts, read by the driver, which clears it.  [spec 4.1.4.5] */
uint32_t model_pci_cause_take(struct model_pci *pci);

/* Sends what is pending and no longer masked. */
void model_pci_msix_send(struct model_pci *pci);

/* model_device.raise of a PCI function. */
void model_pci_raise(struct model_device *device, uint16_t vector);

#endif

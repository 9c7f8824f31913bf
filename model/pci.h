/* SPDX-License-Identifier: MIT */
/* The model as a PCI function: shared by pci.c (configuration space) and pci_registers.c. */
#ifndef MODEL_PCI_H
#define MODEL_PCI_H

#include "model/private.h"

#include "spec/virtio_pci.h"

/* Where things lie. */
#define MODEL_PCI_BAR_MSIX 1u
#define MODEL_PCI_BAR_VIRTIO 4u
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
	uint16_t msix_cap, window_cap; /* offsets of two capabilities */
	uint32_t common_bytes, notify_bytes, multiplier; /* what the capabilities say */
	uint8_t *registers[PCI_BARS]; /* what map_registers() hands out; never read or written */

	uint32_t device_feature_select, driver_feature_select;
	uint16_t queue_select;
	struct virtio_queue_setup setup[MODEL_QUEUES_MAX];
	struct model_msix_entry entries[MODEL_VECTORS_MAX];
};

static inline bool
model_pci_decodes(const struct model_pci *pci)
{
	return (pci->config[PCI_COMMAND] & PCI_COMMAND_MEMORY) != 0;
}

/* A register access at OFFSET of BAR, from the driver or through the window capability. */
uint32_t model_pci_register_get(struct model_pci *pci, unsigned bar, uint32_t offset,
				unsigned width);
void model_pci_register_set(struct model_pci *pci, unsigned bar, uint32_t offset, unsigned width,
			    uint32_t value);

/* Sends what is pending and no longer masked. */
void model_pci_msix_send(struct model_pci *pci);

/* model_device.raise of a PCI function. */
void model_pci_raise(struct model_device *device, uint16_t vector);

#endif

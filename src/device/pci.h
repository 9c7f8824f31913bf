/* SPDX-License-Identifier: MIT */
/* The PCI transport's private object, shared by pci.c (registers), pci_caps.c and pci_msix.c. */
#ifndef ORION_DEVICE_PCI_H
#define ORION_DEVICE_PCI_H

#include "orion/transport.h"
#include "orion/vblk.h"

#include "arch/arch.h"
#include "base/check.h"
#include "spec/virtio_pci.h"

/* One vector for configuration, one for each queue. */
#define PCI_VECTORS_MAX (VBLK_QUEUES_MAX + 1)

/* A mapped piece of a BAR. */
struct pci_window {
	volatile unsigned char *at;     /* NULL: not there */
	uint64_t address;               /* on the bus */
	uint32_t bytes;                 /* mapped */
};

struct pci {
	const struct orion_port *port;
	void *port_context;
	uint32_t function;
	uint32_t notify_multiplier;
	uint64_t negotiated;            /* what features_set() was told */
	struct pci_window common, notify, isr, device, table;
	uint16_t msix;                  /* offset of the capability; 0: none */
	uint16_t vectors;               /* usable entries of the table */
	bool line_attached;
	uint64_t line_cookie;
	uint64_t vector_cookie[PCI_VECTORS_MAX];
	bool vector_attached[PCI_VECTORS_MAX];
};

_Static_assert(sizeof(struct pci) <= sizeof(struct virtio_pci), "storage for a PCI transport");

static inline uint32_t
pci_config_get(const struct pci *pci, uint32_t offset, unsigned width)
{
	return pci->port->pci_read(pci->port_context, pci->function, (uint16_t)offset, width);
}

static inline void
pci_config_put(const struct pci *pci, uint32_t offset, unsigned width, uint32_t value)
{
	pci->port->pci_write(pci->port_context, pci->function, (uint16_t)offset, width, value);
}

/* pci_caps.c: finds, checks and maps the structures. */
ORION_MUST_USE orion_status pci_map_structures(struct pci *pci);
void pci_unmap_structures(struct pci *pci);

/* pci_msix.c */
void pci_msix_enable(struct pci *pci);
void pci_msix_disable(struct pci *pci);
orion_status pci_vector_attach(void *context, uint16_t vector, uint16_t cpu,
			       orion_irq_handler *handler, void *argument);
void pci_vector_detach(void *context, uint16_t vector);
orion_status pci_line_attach(void *context, orion_irq_handler *handler, void *argument);
void pci_line_detach(void *context);

#endif

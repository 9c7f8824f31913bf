/* SPDX-License-Identifier: MIT */
/*
 * The PCI transport's private object, shared by pci.c (modern registers), pci_legacy.c (legacy
 * ones), pci_reach.c (how any of them are got at), pci_caps.c, pci_msix.c and pci_reset.c.
 */
#ifndef ORION_DEVICE_PCI_H
#define ORION_DEVICE_PCI_H

#include "orion/transport.h"
#include "orion/transport.h"

#include "../arch/arch.h"
#include "../base/check.h"
#include "../spec/virtio_pci.h"

/* One vector for configuration, one for each queue. */
#define PCI_VECTORS_MAX (VIRTIO_QUEUES_MAX + 1)

/* How registers are got at: the best way that device and host allow. */
typedef enum pci_reach {
	PCI_REACH_NONE,
	PCI_REACH_CONFIG,       /* the configuration access capability: one at a time, polled */
	PCI_REACH_PORTS,        /* I/O ports */
	PCI_REACH_MEMORY,       /* mapped */
} pci_reach;

/* A piece of a BAR. */
struct pci_window {
	volatile unsigned char *at;     /* memory: where it is mapped */
	uint64_t address;               /* memory and ports: on the bus */
	uint32_t bytes;
	uint32_t offset;                /* in the BAR */
	uint8_t bar;
	uint8_t reach;                  /* pci_reach */
};

struct pci {
	const struct orion_port *port;
	void *port_context;
	uint32_t function;
	uint32_t notify_multiplier;
	uint64_t negotiated;            /* what features_set() was told */
	struct pci_window common;       /* of a legacy device: all its registers */
	struct pci_window notify, isr, device, table;
	uint16_t msix;                  /* offset of the capability; 0: none */
	uint16_t vectors;               /* usable entries of the table */
	uint16_t access;                /* offset of the configuration access capability; 0: none */
	bool modern;                    /* has capabilities of virtio */
	bool msix_enabled;
	uint32_t access_taken;          /* 1: somebody is between its registers: atomic */
	bool line_attached;
	uint64_t line_cookie;
	uint32_t kick_offset[VIRTIO_QUEUES_MAX];  /* in notify, unless that is memory */
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

/*
 * pci_reach.c: registers of WINDOW, which is one of PCI's and is there; OFFSET is a multiple of
 * WIDTH, 1, 2 or 4, and lies in it.
 */
uint32_t orion_pci_get(struct pci *pci, const struct pci_window *window, uint32_t offset,
		       unsigned width);
void orion_pci_put(struct pci *pci, const struct pci_window *window, uint32_t offset,
		   unsigned width, uint32_t value);

/*
 * Fills in reach, and with it at, for WINDOW, whose other fields are set; ADDRESS 0 is none.
 * ORION_NO_MAPPING: there is no way.
 */
orion_status orion_pci_reach_find(struct pci *pci, struct pci_window *window, bool is_io);
void orion_pci_reach_end(const struct pci *pci, struct pci_window *window);

/*
 * pci_caps.c: measures the BARs; finds, checks and maps the structures.  PCI->modern tells whether
 * there was any capability of virtio.
 */
ORION_MUST_USE orion_status orion_pci_map_structures(struct pci *pci);
void orion_pci_unmap_structures(struct pci *pci);

/* Reports EVENT to the host, if it listens. */
void orion_pci_report(const struct pci *pci, orion_level level, orion_event event, uint64_t a,
		      uint64_t b, uint64_t c);

/*
 * Where the first capability ID of at least BYTES is, of cfg_type TYPE if it is a vendor's; 0:
 * none.
 */
uint32_t orion_pci_caps_find(const struct pci *pci, uint32_t id, uint32_t bytes, uint32_t type);

/* pci_msix.c */
void orion_pci_msix_enable(struct pci *pci);
void orion_pci_msix_disable(struct pci *pci);
uint16_t orion_pci_vector_count(void *context);
orion_status orion_pci_vector_attach(void *context, uint16_t vector, uint16_t cpu,
				     orion_irq_handler *handler, void *argument);
void orion_pci_vector_detach(void *context, uint16_t vector);
orion_status orion_pci_line_attach(void *context, orion_irq_handler *handler, void *argument);
void orion_pci_line_detach(void *context);

/* pci_reset.c: a function-level reset; as virtio_transport_ops says. */
orion_status orion_pci_function_reset(void *context);

/* pci.c; orion_pci_close(): decoding, mastering and MSI-X off, everything unmapped. */
uint32_t orion_pci_function_get(void *context);
void orion_pci_close(void *context);

/*
 * pci_legacy.c: takes the registers at ADDRESS (0: not there), the BYTES of BAR 0.
 * ORION_DEVICE_REFUSED when they cannot be used (reported).
 */
ORION_MUST_USE orion_status orion_pci_legacy_map(struct pci *pci, uint64_t address, uint64_t bytes);
extern const struct virtio_transport_ops orion_pci_legacy_ops;

#endif

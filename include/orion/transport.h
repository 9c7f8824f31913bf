/* SPDX-License-Identifier: MIT */
/*
 * Transports: how the core reaches a virtio device's status, features, configuration and queues.
 *
 * A transport is a table of functions and a context.  The core brings them for PCI
 * (orion_virtio_pci_open()), MMIO (orion_virtio_mmio_open()) and channel I/O
 * (orion_virtio_ccw_open()); a host brings its own for anything else: a socket, a hypercall, the
 * model device.  All functions run in context setup, except isr_read (interrupt) and notify
 * (owner).
 *
 * What a transport returns is the device's claim.  The core reads each value once, checks it, and
 * works from its private copy; a transport only has to move numbers, in the CPU's byte order.
 */
#ifndef ORION_TRANSPORT_H
#define ORION_TRANSPORT_H

#include "orion/api.h"
#include "orion/port.h"

ORION_BEGIN_C

/* Virtqueues of a device that are driven at most, those for data and others. */
#define VIRTIO_QUEUES_MAX 16u

/* No vector: the value that virtio uses for "no interrupt" [spec 4.1.4.3]. */
#define VIRTIO_NO_VECTOR 0xffffu

/* What a queue is told when it is enabled. */
struct virtio_queue_setup {
	uint16_t size;            /* descriptors */
	uint16_t vector;          /* VIRTIO_NO_VECTOR: none */
	uint64_t descriptor_area; /* device addresses [spec 2.6] */
	uint64_t driver_area;
	uint64_t device_area;
};

/*
 * How a queue is kicked: one store of VALUE, WIDTH bytes (2 or 4) wide and little-endian, to
 * ADDRESS; or, when ADDRESS is NULL, a call of the transport's notify().  With POSITION set
 * (VIRTIO_F_NOTIFICATION_DATA, WIDTH 4) bits 16 to 31 of the store tell where the ring stands: the
 * avail index (split), or the next slot and its wrap counter (packed).  [spec 2.9]
 */
struct virtio_doorbell {
	volatile void *address;
	uint32_t value;
	uint16_t width;
	bool position;
};

/* How completions reach the driver. */
typedef enum virtio_irq_mode {
	VIRTIO_IRQ_POLLED,        /* no interrupt could be had */
	VIRTIO_IRQ_LINE,          /* INTx, or the line of an MMIO device */
	VIRTIO_IRQ_SHARED,        /* one vector for everything */
	VIRTIO_IRQ_PAIRED,        /* one vector for configuration, one for all queues */
	VIRTIO_IRQ_PER_QUEUE,     /* one for configuration, one per queue */
} virtio_irq_mode;

struct virtio_transport_ops {
	const char *name;         /* "pci", "model", ... */

	/*
	 * The legacy interface: features 0 to 31, of which VERSION_1 is not one; no FEATURES_OK;
	 * config_generation() is never called; each queue lies in one block of pages, whose used
	 * ring is aligned to VIRTQ_LEGACY_ALIGN.  Little-endian CPUs only.  [spec 2.7.2, 3.1.2]
	 */
	bool legacy;

	/* A queue has the size that queue_size_max() says, and no other.  [spec 4.1.5.1.3.1] */
	bool size_fixed;

	/* Device status field [spec 2.1].  A get that finds the device gone gives 0xff. */
	uint8_t (*status_get)(void *context);
	void (*status_set)(void *context, uint8_t status);

	/* Feature bits 0 to 63 [spec 2.2], less those that the transport itself cannot do. */
	uint64_t (*features_get)(void *context);
	void (*features_set)(void *context, uint64_t features);

	/*
	 * Legacy only: what the device says that features_set() told it; 0: it does not say.  NULL
	 * where it cannot be read.
	 */
	uint64_t (*features_told)(void *context);

	/*
	 * Device configuration [spec 2.5]: how many bytes are there, one field of WIDTH 1, 2 or 4
	 * bytes at a naturally aligned OFFSET, and the generation counter.
	 */
	uint32_t (*config_bytes)(void *context);
	uint32_t (*config_read)(void *context, uint32_t offset, unsigned width);
	void (*config_write)(void *context, uint32_t offset, unsigned width, uint32_t value);
	uint32_t (*config_generation)(void *context);

	/*
	 * How many virtqueues the transport has room for (as good as any number when only each
	 * queue's size tells), and the largest size of one; 0: absent.
	 */
	uint16_t (*queue_count)(void *context);
	uint16_t (*queue_size_max)(void *context, uint16_t queue);

	/*
	 * Programs and enables a queue and says how to kick it.  ORION_NO_INTERRUPT when the device
	 * did not take the vector (nothing is enabled then), ORION_DEVICE_REFUSED when it did not
	 * take the size or has no usable doorbell.  A queue is disabled by device reset, or by its
	 * own.
	 */
	orion_status (*queue_enable)(void *context, uint16_t queue,
				     const struct virtio_queue_setup *setup,
				     struct virtio_doorbell *doorbell);

	/*
	 * Resets one queue (VIRTIO_F_RING_RESET): the request, and whether the device is still at
	 * it.  NULL, both, when the transport cannot; features_get() must then leave the feature
	 * out.  [spec 2.6.1]
	 */
	void (*queue_reset)(void *context, uint16_t queue);
	bool (*queue_resetting)(void *context, uint16_t queue);

	/*
	 * Message vectors: how many there are (0: none), attaching a handler to one, and naming the
	 * vector for configuration changes.  vector_detach() of an unattached vector does nothing.
	 * All four are NULL for a bus that has no such thing.
	 */
	uint16_t (*vector_count)(void *context);
	orion_status (*vector_attach)(void *context, uint16_t vector, uint16_t cpu,
				      orion_irq_handler *handler, void *argument);
	void (*vector_detach)(void *context, uint16_t vector);
	orion_status (*config_vector)(void *context, uint16_t vector);

	/* The interrupt line, for devices without usable vectors, and its cause register. */
	orion_status (*line_attach)(void *context, orion_irq_handler *handler, void *argument);
	void (*line_detach)(void *context);
	uint8_t (*isr_read)(void *context);

	/*
	 * Kicks QUEUE; VALUE is what its doorbell would be given.  May be NULL when every doorbell
	 * has an address.
	 */
	void (*notify)(void *context, uint16_t queue, uint32_t value);

	/*
	 * The last resort when the device does not complete its reset: the bus resets it, and what
	 * the transport needs to go on is put back.  Every queue, vector and feature is gone then.
	 * ORION_NOT_SUPPORTED when the device cannot be reset like that, ORION_TIMED_OUT when it
	 * did not come back.  NULL: never possible.
	 */
	orion_status (*function_reset)(void *context);

	/*
	 * The PCI function that the device is, as in pci_read(): what an IOMMU knows it by.  May be
	 * NULL: it is none.
	 */
	uint32_t (*function)(void *context);

	/* Ends the use of the transport: registers unmapped, bus mastering off.  Cannot fail. */
	void (*close)(void *context);
};

struct virtio_transport {
	const struct virtio_transport_ops *ops;
	void *context;
};

/* Why a PCI capability was passed over: ORION_EVENT_PCI_CAP_SKIPPED. */
typedef enum virtio_pci_skip {
	VIRTIO_PCI_SKIP_SHORT,    /* cap_len, or length, below what the structure needs */
	VIRTIO_PCI_SKIP_BAR,      /* BAR number above 5, or one that is not there or not reached */
	VIRTIO_PCI_SKIP_OUTSIDE,  /* offset + length beyond the BAR */
	VIRTIO_PCI_SKIP_ALIGN,    /* offset misaligned */
	VIRTIO_PCI_SKIP_OVERLAP,  /* overlaps a structure taken before */
	VIRTIO_PCI_SKIP_LIST,     /* the list leaves the configuration space, or loops */
} virtio_pci_skip;

/* Why a legacy PCI device was not opened: ORION_EVENT_PCI_LEGACY_REFUSED. */
typedef enum virtio_pci_legacy {
	VIRTIO_PCI_LEGACY_ENDIAN, /* the CPU is big-endian */
	VIRTIO_PCI_LEGACY_HOST,   /* the host reaches no I/O ports */
	VIRTIO_PCI_LEGACY_BAR,    /* BAR 0 is no I/O BAR, or has no address */
	VIRTIO_PCI_LEGACY_SHORT,  /* BAR 0 is too small for the registers */
} virtio_pci_legacy;

/* Storage for one PCI transport, owned by the caller, alive until the transport's close(). */
struct virtio_pci {
	__attribute__((aligned(8))) unsigned char opaque[512];
};

/*
 * Finds the next virtio block device (modern, transitional or legacy) on the PCI bus.  *FUNCTION is
 * the first function number to look at, and the one found afterwards; buses 0 to LAST_BUS of
 * segment 0 are searched.  Returns false when there is none left.  Context: setup.
 * [spec 4.1.2]
 */
bool orion_virtio_pci_find(const struct orion_port *port, void *port_context, uint8_t last_bus,
			   uint32_t *function);

/*
 * Opens the PCI function FUNCTION: walks its capabilities (bounded, each checked against its BAR),
 * maps the structures, switches decoding and bus mastering on.  PORT must outlive the transport.
 *
 * A device with capabilities of virtio is driven as a modern one, whatever else it can; one without
 * as a legacy one, by the I/O ports of its BAR 0, on little-endian CPUs only.  Structures in I/O
 * BARs are used where the port reaches them; what cannot be reached at all, for want of an address
 * or of the host's mapping, goes through configuration space, one register at a time: slow, and an
 * interrupt line is not used then.
 *
 * ORION_NOT_FOUND: no virtio block device there.  ORION_DEVICE_REFUSED: a needed structure is
 * missing, lies outside its BAR or cannot be reached, or a legacy device cannot be driven here
 * (reported).  ORION_NO_MAPPING: the host did not map it.  ORION_PORT_INCOMPLETE: the port has no
 * PCI functions.  Context: setup.  [spec 4.1.4, 4.1.5.1.1]
 */
ORION_MUST_USE orion_status orion_virtio_pci_open(struct virtio_pci *pci,
						  const struct orion_port *port, void *port_context,
						  uint32_t function, struct virtio_transport *out);

/* Storage for one MMIO transport, owned by the caller, alive until the transport's close(). */
struct virtio_mmio {
	__attribute__((aligned(8))) unsigned char opaque[128];
};

/* No interrupt line is known. */
#define VIRTIO_MMIO_NO_LINE UINT32_MAX

/*
 * Opens the device whose registers are the BYTES at bus address ADDRESS (a multiple of 4), and
 * whose interrupt is the host's line LINE: version 2 or, on little-endian CPUs, version 1 (legacy).
 * There is no probing: where devices are, the platform says (device tree, ACPI, a command line).
 * PORT must outlive the transport.
 *
 * ORION_NOT_FOUND: no device, or none of type block.  ORION_DEVICE_REFUSED: not virtio, or of
 * another version (reported).  ORION_INVALID: too few BYTES, or ADDRESS misaligned.
 * ORION_NO_MAPPING: the host did not map it.  ORION_PORT_INCOMPLETE: the port maps no registers.
 * Context: setup.  [spec 4.2]
 */
ORION_MUST_USE orion_status orion_virtio_mmio_open(struct virtio_mmio *mmio,
						   const struct orion_port *port,
						   void *port_context, uint64_t address,
						   size_t bytes, uint32_t line,
						   struct virtio_transport *out);

/* What sense ID says of the control unit of a virtio block device [spec 4.3.1]. */
#define VIRTIO_CCW_CONTROL_UNIT 0x3832u
#define VIRTIO_CCW_MODEL_BLOCK 2u

/*
 * Whether ID, of which BYTES came, is the answer of a virtio block device to SENSE ID: by its
 * control unit alone, whatever it says of device type and model.  Any context.  [spec 4.3.1]
 */
static inline bool
virtio_ccw_is_block(const uint8_t *id, size_t bytes)
{
	return bytes >= 4 && (id[1] << 8 | id[2]) == VIRTIO_CCW_CONTROL_UNIT &&
	       id[3] == VIRTIO_CCW_MODEL_BLOCK;
}

/* Adapter interrupts of one subclass, shared by any number of devices [spec 4.3.3.1.2]. */
struct virtio_ccw_adapter {
	uint64_t summary;     /* device address of the summary indicator, a byte */
	uint32_t wire;        /* the number under which irq_attach() knows them */
	uint8_t subclass;     /* of I/O interruptions: 0 to 7 */
};

/*
 * What a host does for virtio devices behind a channel subsystem, besides struct orion_port, whose
 * context it shares.  A device is known by the host's own number for its subchannel, which is also
 * the wire under which irq_attach() knows the subchannel's interrupts; the host takes the status
 * (test subchannel) before it calls the handler.
 */
struct virtio_ccw_host {
	/*
	 * Enables the subchannel of DEVICE, after disabling it if need be, so that the device has
	 * forgotten its revision; or disables it.  ORION_DEVICE_GONE; ORION_TIMED_OUT.  Context:
	 * setup.
	 */
	orion_status (*enable)(void *context, uint32_t device, bool on);

	/*
	 * Runs a channel program of one command and waits, within limits, for its end.  The BYTES
	 * at DATA (at most 128; NULL: none) go along as they are, and come back as the device left
	 * them: the host copies both ways if a channel program cannot reach them.  No check of the
	 * length (SLI); *DONE is how many of the bytes took part, as far as the device says.  An
	 * interrupt that coincides with the command's end is not lost: the handler is called.
	 *
	 * ORION_NOT_SUPPORTED: command reject.  ORION_DEVICE_GONE: not operational.
	 * ORION_TIMED_OUT: no end.  ORION_IO_ERROR: any other end.  Context: setup.
	 */
	orion_status (*command)(void *context, uint32_t device, uint8_t command, void *data,
				uint16_t bytes, uint16_t *done);

	/*
	 * Kicks: diagnose 0x500, function 3, with VALUE and the cookie that it returned the last
	 * time; negative: an error.  Context: owner.  [spec 4.3.3.2]
	 */
	int64_t (*notify)(void *context, uint32_t device, uint32_t value, int64_t cookie);

	/*
	 * NULL: there are no adapter interrupts.  Before the host calls their handlers it clears
	 * the summary indicator and keeps the handlers' loads behind that (a full barrier).
	 */
	const struct virtio_ccw_adapter *adapter;
};

/* Storage for one CCW transport, owned by the caller, alive until the transport's close(). */
struct virtio_ccw {
	__attribute__((aligned(8))) unsigned char opaque[896];
};

/*
 * Opens DEVICE, of which the host knows that it has the control unit above: revision 2 or 1 of the
 * transport.  PORT and HOST must outlive it.
 *
 * ORION_DEVICE_REFUSED: only the legacy interface (reported).  ORION_PORT_INCOMPLETE: HOST lacks a
 * function.  ORION_NO_MEMORY; others as of enable() and command().  Context: setup.  [spec 4.3]
 */
ORION_MUST_USE orion_status orion_virtio_ccw_open(struct virtio_ccw *ccw,
						  const struct orion_port *port, void *port_context,
						  const struct virtio_ccw_host *host,
						  uint32_t device, struct virtio_transport *out);

ORION_END_C

#endif

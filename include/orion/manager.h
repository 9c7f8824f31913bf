/* SPDX-License-Identifier: MIT */
/*
 * The device manager: a table of up to 32 block devices, what they are called and what they hold.
 *
 * Attaching gives a device the lowest free index n; the storage framework calls its disk "vd<n>".
 * The manager owns each device's private memory and its transport's; it takes both from the host
 * through two functions, because devices differ in what they need.
 *
 * Context: setup, one caller at a time, for everything here.
 */
#ifndef ORION_MANAGER_H
#define ORION_MANAGER_H

#include "orion/api.h"
#include "orion/vblk.h"

ORION_BEGIN_C

#define MANAGER_DEVICES_MAX 32u

struct manager_config {
	const struct orion_port *port;
	void *port_context;
	const struct orion_options *options;    /* copied */
	const struct vblk_queue_home *homes;    /* copied */
	uint32_t home_count;

	/*
	 * Private memory, 64-byte aligned, zeroed; NULL when there is none.  Release cannot fail.
	 */
	void *(*memory_take)(void *port_context, size_t bytes);
	void (*memory_give)(void *port_context, void *memory, size_t bytes);
};

struct manager_device {
	struct vblk_device *device;     /* NULL: slot free */
	void *memory[2];
	size_t bytes[2];
	__extension__ union {
		struct virtio_pci pci;  /* when pci_function is not UINT32_MAX */
		struct virtio_mmio mmio;
	};
	uint32_t pci_function;
};

struct manager {
	const struct orion_port *port;
	void *port_context;
	struct orion_options options;
	struct vblk_queue_home homes[VBLK_QUEUES_MAX];
	uint32_t home_count;
	void *(*memory_take)(void *port_context, size_t bytes);
	void (*memory_give)(void *port_context, void *memory, size_t bytes);
	struct orion_budget budget;      /* of all devices; limit: options.shared_memory_size */
	struct manager_device devices[MANAGER_DEVICES_MAX];
};

/*
 * Makes MANAGER ready.  PORT and the functions must outlive it.  ORION_INVALID; if the options
 * are at fault, *WRONG (WRONG may be NULL) is the first that is.  ORION_PORT_INCOMPLETE.
 */
ORION_MUST_USE orion_status orion_manager_init(struct manager *manager,
					       const struct manager_config *config,
					       const struct orion_option **wrong);

/*
 * Attaches the block device at PCI function FUNCTION and brings it live.  *INDEX is its number.
 * Errors as of orion_virtio_pci_open(), vblk_probe() and vblk_open(); ORION_TOO_LARGE when
 * options.device_max_count devices are attached.  A failed attach leaves nothing behind.
 */
ORION_MUST_USE orion_status orion_manager_attach_pci(struct manager *manager, uint32_t function,
						     unsigned *index);

/*
 * The same for the device with registers at ADDRESS and interrupt line LINE, as of
 * orion_virtio_mmio_open().
 */
ORION_MUST_USE orion_status orion_manager_attach_mmio(struct manager *manager, uint64_t address,
						      size_t bytes, uint32_t line, unsigned *index);

/* The same for another transport (orion_virtio_ccw_open()), the manager's from here on. */
ORION_MUST_USE orion_status orion_manager_attach(struct manager *manager,
						 struct virtio_transport transport,
						 unsigned *index);

/*
 * Closes device INDEX and frees its slot.  ORION_NOT_FOUND; ORION_BUSY while requests are in
 * flight and FORCE is false.
 */
orion_status orion_manager_detach(struct manager *manager, unsigned index, bool force);

/* Device INDEX, or NULL. */
struct vblk_device *orion_manager_device_get(const struct manager *manager, unsigned index);

/* Number of devices attached. */
unsigned orion_manager_count(const struct manager *manager);

ORION_END_C

#endif

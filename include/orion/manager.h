/* SPDX-License-Identifier: MIT */
/*
 * The device manager: a table of up to 32 block devices, where each was found, what they hold.
 *
 * A place is where a device is found, and how it is opened there: a PCI function, registers at an
 * address, or whatever the host knows to open.  Attaching a place gives it the lowest free index n;
 * the storage framework calls its disk "vd<n>".  The place is kept with the index, so that a device
 * can go and come back under the same name: orion_manager_remove(), orion_manager_reattach().
 *
 * The manager owns each device's private memory and its transport's; it takes both from the host
 * through two functions, because devices differ in what they need.  The device object of an index
 * stays where it is until orion_manager_detach(): a pointer to it is good for as long, and says
 * VBLK_CLOSED while the device is away.  Its queues are others after each return.
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

/* Room for the transport of a place, whichever it is. */
union manager_transport {
	struct virtio_pci pci;
	struct virtio_mmio mmio;
};

/* Where a device is found.  Two places are the same when all but LINE and BYTES is equal. */
struct manager_place {
	/*
	 * Opens the transport of the device that is there now, in ROOM if it is one of those.  The
	 * errors are orion_manager_attach()'s.
	 */
	orion_status (*open)(const struct manager_place *place, const struct orion_port *port,
			     void *port_context, union manager_transport *room,
			     struct virtio_transport *transport);
	void *context;                  /* the opener's own */
	uint64_t address;               /* likewise: a function, an address, a number */
	size_t bytes;
	uint32_t line;
};

/* The place of a PCI function, as orion_virtio_pci_open() takes it.  Any context. */
struct manager_place orion_place_pci(uint32_t function);

/* That of registers at ADDRESS, as orion_virtio_mmio_open() takes it.  Any context. */
struct manager_place orion_place_mmio(uint64_t address, size_t bytes, uint32_t line);

struct manager_device {
	struct vblk_device *device;     /* NULL: slot free, or the device is away */
	struct manager_place place;     /* open is NULL: slot free */
	void *memory[2];
	size_t bytes[2];
	union manager_transport transport;
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
 * Attaches the block device at PLACE, which is copied, and brings it live.  *INDEX is its number:
 * the one it had, if it was there before and is only away.  A failed attach leaves nothing behind.
 *   ORION_BUSY        a device at that place is attached already
 *   ORION_TOO_LARGE   options.device_max_count places are in use
 *   and whatever the place's open(), vblk_probe() and vblk_open() say
 */
ORION_MUST_USE orion_status orion_manager_attach(struct manager *manager,
						 const struct manager_place *place,
						 unsigned *index);

/*
 * Closes device INDEX; its index and place are kept, for a device that was unplugged, or is to be
 * left alone for a while.  ORION_NOT_FOUND: there is no such device, or it is away already;
 * ORION_BUSY while requests are in flight and FORCE is false.
 */
orion_status orion_manager_remove(struct manager *manager, unsigned index, bool force);

/*
 * Closes device INDEX, if it is there, and opens what is at its place now, with the manager's
 * options of now: a reset of everything, or a return.  What it needs no more than before is not
 * taken anew.  ORION_NOT_FOUND: nothing ever was there; ORION_BUSY as above, and nothing is
 * changed.  After any other error the device is away, and this may be tried again.
 */
ORION_MUST_USE orion_status orion_manager_reattach(struct manager *manager, unsigned index,
						   bool force);

/*
 * Closes device INDEX, if it is there, and frees its slot.  ORION_NOT_FOUND; ORION_BUSY while
 * requests are in flight and FORCE is false.
 */
orion_status orion_manager_detach(struct manager *manager, unsigned index, bool force);

/* Whether PLACE has an index, and which; its device may be away. */
bool orion_manager_find(const struct manager *manager, const struct manager_place *place,
			unsigned *index);

/* Device INDEX, or NULL: there is none, or it is away. */
struct vblk_device *orion_manager_device_get(const struct manager *manager, unsigned index);

/* Number of devices that are attached and not away. */
unsigned orion_manager_count(const struct manager *manager);

ORION_END_C

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The Orion Storage Framework: disks by name, handles with rights, synchronous I/O on any buffer.
 *
 * Lanes.  A queue has one owner at a time.  The framework's word for an owner is a lane: lane n
 * uses queue n of every disk.  On Orion lane n is CPU n's worker; a Linux program has a lane a
 * thread.  A caller names its own lane in each call, and two callers never use one lane at the same
 * time.
 *
 * Rights.  A handle carries the rights it was opened with; each operation checks them, refusals are
 * counted and give ORION_DENIED.
 */
#ifndef ORION_STORAGE_H
#define ORION_STORAGE_H

#include "orion/api.h"
#include "orion/manager.h"

ORION_BEGIN_C

#define STORAGE_DISKS_MAX MANAGER_DEVICES_MAX
#define STORAGE_HANDLES_MAX 64u
#define STORAGE_NAME_BYTES 16u

typedef enum storage_right {
	STORAGE_MAY_READ = 1u << 0,
	STORAGE_MAY_WRITE = 1u << 1,
	STORAGE_MAY_FLUSH = 1u << 2,
	STORAGE_MAY_STATS = 1u << 3,
	STORAGE_MAY_ADMIN = 1u << 4,
	STORAGE_MAY_ALL = 0x1f,
} storage_right;

/* What the framework needs of its host besides the port. */
struct storage_host {
	const struct orion_port *port;
	void *port_context;
	/*
	 * Lets the caller of LANE sleep until port.wake() was called for the lane's event since
	 * idle() last returned, or until NS nanoseconds have passed.  May return early.  Context:
	 * owner.
	 */
	void (*idle)(void *port_context, unsigned lane, uint64_t ns);
};

struct storage_disk {
	char name[STORAGE_NAME_BYTES];
	struct vblk_device *device;     /* NULL: slot free */
	unsigned index;                 /* the manager's number */
	unsigned open_handles;
	uint64_t denials;
	uint64_t bounced_bytes;         /* copied through the queues' own memory; atomic */
	/* The framework's own, touched atomically: see storage/halt.h. */
	uint32_t lanes_inside, phase, refreshing;
};

struct storage {
	struct storage_host host;
	struct manager *manager;
	struct storage_disk disks[STORAGE_DISKS_MAX];
	struct storage_handle {
		struct storage_disk *disk;  /* NULL: free */
		unsigned rights;
	} handles[STORAGE_HANDLES_MAX];
};

/* Makes STORAGE ready, without disks.  HOST is copied; its port and MANAGER must outlive it. */
ORION_MUST_USE orion_status storage_init(struct storage *storage, const struct storage_host *host,
					 struct manager *manager);

/* Enters the manager's device INDEX as disk "vd<INDEX>". */
ORION_MUST_USE orion_status storage_add(struct storage *storage, unsigned index);

/* Takes the disk of the manager's device INDEX out; ORION_BUSY while handles are open. */
orion_status storage_remove(struct storage *storage, unsigned index);

/* The disk called NAME, or NULL; disk number N in order of index, or NULL past the last. */
struct storage_disk *storage_find(struct storage *storage, const char *name);
struct storage_disk *storage_at(struct storage *storage, unsigned n);

/*
 * Opens disk NAME with RIGHTS (storage_right).  ORION_NOT_FOUND; ORION_READ_ONLY when RIGHTS ask to
 * write a read-only disk; ORION_TOO_LARGE when no handle is free.
 */
ORION_MUST_USE orion_status storage_open(struct storage *storage, const char *name, unsigned rights,
					 struct storage_handle **handle);
void storage_close(struct storage *storage, struct storage_handle *handle);

/*
 * Reads or writes BYTES at byte OFFSET of the disk, both multiples of the block size, and waits for
 * the result.  BUFFER is ordinary memory of the host.  The call keeps several requests in flight.
 * On an error *DONE (may be NULL) says how many bytes from the start are surely transferred.
 * ORION_DENIED, ORION_MISALIGNED, ORION_OUT_OF_RANGE, ORION_READ_ONLY, ORION_WRONG_STATE (LANE has
 * no queue on this disk), or the device's verdict.  Context: owner of LANE.
 */
orion_status storage_read(struct storage *storage, struct storage_handle *handle, unsigned lane,
			  uint64_t offset, void *buffer, size_t bytes, size_t *done);
orion_status storage_write(struct storage *storage, struct storage_handle *handle, unsigned lane,
			   uint64_t offset, const void *buffer, size_t bytes, size_t *done);

/*
 * Makes every write that completed before this call stable.  ORION_OK without asking the device
 * only when the device has no volatile cache (VIRTIO_BLK_F_FLUSH was not offered).  Context: owner
 * of LANE.
 */
orion_status storage_flush(struct storage *storage, struct storage_handle *handle, unsigned lane);

/* The device's serial number, cleaned of unprintable bytes, NUL-terminated. */
orion_status storage_identify(struct storage *storage, struct storage_handle *handle, unsigned lane,
			      char id[VBLK_ID_BYTES + 1]);

/* Size in bytes, rounded down to whole blocks, and the block size. */
uint64_t storage_bytes(const struct storage_disk *disk);
uint32_t storage_block_bytes(const struct storage_disk *disk);

ORION_END_C

#endif

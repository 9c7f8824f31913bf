/* SPDX-License-Identifier: MIT */
/* Disks by name, handles with rights, and the checks in front of every transfer. */
#include "orion/storage.h"

#include "storage/bytes.h"

#include "orion/serial.h"
#include "storage/recover.h"
#include "storage/transfer.h"
#include "storage/work.h"

#define REFRESH_NS UINT64_C(100000000) /* between two looks at a disk without interrupts */

orion_status
storage_init(struct storage *storage, const struct storage_host *host, struct manager *manager)
{
	if (host->port == NULL || host->idle == NULL || host->port->share == NULL ||
	    orion_port_check(host->port, 0, NULL) != ORION_OK)
		return ORION_PORT_INCOMPLETE;
	memset(storage, 0, sizeof(*storage));
	storage->host = *host;
	storage->manager = manager;
	return ORION_OK;
}

/* "vd" and INDEX, which has at most two digits. */
static void
name_disk(char name[STORAGE_NAME_BYTES], unsigned index)
{
	unsigned at = 2;

	name[0] = 'v';
	name[1] = 'd';
	if (index >= 10)
		name[at++] = (char)('0' + index / 10);
	name[at++] = (char)('0' + index % 10);
	name[at] = '\0';
}

orion_status
storage_add(struct storage *storage, unsigned index)
{
	struct vblk_device *device = orion_manager_device_get(storage->manager, index);

	if (device == NULL || index >= STORAGE_DISKS_MAX)
		return ORION_NOT_FOUND;

	struct storage_disk *disk = &storage->disks[index];

	if (disk->device != NULL)
		return ORION_BUSY;
	memset(disk, 0, sizeof(*disk));
	disk->device = device;
	disk->manager = storage->manager;
	disk->index = index;
	name_disk(disk->name, index);

	orion_status status = work_open(storage, disk);

	if (status != ORION_OK)
		disk->device = NULL;
	return status;
}

orion_status
storage_remove(struct storage *storage, unsigned index)
{
	if (index >= STORAGE_DISKS_MAX || storage->disks[index].device == NULL)
		return ORION_NOT_FOUND;

	struct storage_disk *disk = &storage->disks[index];
	bool dead = vblk_state_get(disk->device) == VBLK_DEAD;

	if (disk->open_handles != 0)
		return ORION_BUSY;
	for (unsigned lane = 0; lane < VBLK_QUEUES_MAX; lane++) {
		work_settle(storage, disk, lane);
		if (work_left(disk, lane) != 0 && !dead)
			return ORION_BUSY;
	}
	work_close(storage, disk);
	disk->device = NULL;
	return ORION_OK;
}

struct storage_disk *
storage_find(struct storage *storage, const char *name)
{
	for (unsigned i = 0; i < STORAGE_DISKS_MAX; i++) {
		struct storage_disk *disk = &storage->disks[i];
		unsigned n = 0;

		while (n < STORAGE_NAME_BYTES && name[n] != '\0' && name[n] == disk->name[n])
			n++;
		if (disk->device != NULL && n < STORAGE_NAME_BYTES && name[n] == disk->name[n])
			return disk;
	}
	return NULL;
}

struct storage_disk *
storage_at(struct storage *storage, unsigned n)
{
	for (unsigned i = 0; i < STORAGE_DISKS_MAX; i++) {
		if (storage->disks[i].device != NULL && n-- == 0)
			return &storage->disks[i];
	}
	return NULL;
}

orion_status
storage_open(struct storage *storage, const char *name, unsigned rights,
	     struct storage_handle **handle)
{
	struct storage_disk *disk = storage_find(storage, name);

	if ((rights & ~(unsigned)STORAGE_MAY_ALL) != 0)
		return ORION_INVALID;
	if (disk == NULL)
		return ORION_NOT_FOUND;
	if ((rights & STORAGE_MAY_WRITE) != 0 && vblk_info(disk->device)->read_only)
		return ORION_READ_ONLY;
	for (unsigned i = 0; i < STORAGE_HANDLES_MAX; i++) {
		if (storage->handles[i].disk == NULL) {
			storage->handles[i].disk = disk;
			storage->handles[i].rights = rights;
			disk->open_handles++;
			*handle = &storage->handles[i];
			return ORION_OK;
		}
	}
	return ORION_TOO_LARGE;
}

void
storage_close(struct storage *storage, struct storage_handle *handle)
{
	(void)storage;
	if (handle != NULL && handle->disk != NULL) {
		handle->disk->open_handles--;
		handle->disk = NULL;
		handle->rights = 0;
	}
}

uint32_t
storage_block_bytes(const struct storage_disk *disk)
{
	return vblk_info(disk->device)->block_bytes;
}

uint64_t
storage_bytes(const struct storage_disk *disk)
{
	uint64_t sectors_in_block = storage_block_bytes(disk) / VIRTIO_BLK_SECTOR_BYTES;
	uint64_t blocks = vblk_info(disk->device)->capacity_sectors / sectors_in_block;
	uint64_t bytes;

	/* A device may claim a size that no 64-bit byte offset can reach. */
	if (__builtin_mul_overflow(blocks, storage_block_bytes(disk), &bytes))
		return UINT64_MAX / storage_block_bytes(disk) * storage_block_bytes(disk);
	return bytes;
}

/* As storage_refresh(), by whoever has entered LANE. */
static void
look_anew(struct storage *storage, struct storage_disk *disk, unsigned lane)
{
	recover_refresh(storage, disk);
	(void)recover_look(storage, disk, lane, 0);
	work_settle(storage, disk, lane);
}

void
storage_refresh(struct storage *storage, struct storage_disk *disk, unsigned lane)
{
	if (work_of(disk, lane) == NULL || !work_enter(storage, disk, lane))
		return;
	look_anew(storage, disk, lane);
	work_exit(storage, disk, lane);
}

uint64_t
storage_silent_ns(const struct storage *storage, const struct storage_disk *disk)
{
	uint64_t since = __atomic_load_n(&disk->silent_since_ns, __ATOMIC_RELAXED);

	return since == 0 ? 0 : storage->host.port->now_ns(storage->host.port_context) - since + 1;
}

/* Where nobody can say that anything changed it is looked at now and then. */
static bool
refresh_due(const struct storage *storage, const struct storage_disk *disk)
{
	const struct storage_host *host = &storage->host;

	if (vblk_config_pending(disk->device))
		return true;
	return vblk_info(disk->device)->irq_mode == VIRTIO_IRQ_POLLED &&
	       host->port->now_ns(host->port_context) -
			       __atomic_load_n(&disk->refreshed_ns, __ATOMIC_RELAXED) >=
		       REFRESH_NS;
}

/*
 * What every operation begins with: the handle is open, has RIGHT, and LANE has a queue, which is
 * entered.  A disk that failed is tried anew if it is time.
 */
static orion_status
admit(struct storage *storage, struct storage_handle *handle, unsigned lane, unsigned right)
{
	struct storage_disk *disk = handle == NULL ? NULL : handle->disk;

	if (disk == NULL)
		return ORION_INVALID;
	if ((handle->rights & right) == 0) {
		(void)__atomic_add_fetch(&disk->denials, 1, __ATOMIC_RELAXED);
		return ORION_DENIED;
	}
	if (work_of(disk, lane) == NULL)
		return ORION_WRONG_STATE;
	if (!work_enter(storage, disk, lane))
		return ORION_BUSY;
	if (refresh_due(storage, disk))
		recover_refresh(storage, disk);

	orion_status status = recover_look(storage, disk, lane, 0);

	work_settle(storage, disk, lane);
	if (status != ORION_OK)
		work_exit(storage, disk, lane);
	return status;
}

static bool
is_within(const struct storage_disk *disk, uint64_t offset, size_t bytes)
{
	uint64_t size = storage_bytes(disk);

	return offset <= size && bytes <= size - offset;
}

static orion_status
check_range(struct storage *storage, struct storage_disk *disk, unsigned lane, uint8_t operation,
	    uint64_t offset, size_t bytes)
{
	uint32_t block = storage_block_bytes(disk);

	if (operation == ORION_WRITE && vblk_info(disk->device)->read_only)
		return ORION_READ_ONLY;
	if (offset % block != 0 || bytes % block != 0)
		return ORION_MISALIGNED;
	/* It may have grown, and nobody have said so. */
	if (!is_within(disk, offset, bytes))
		look_anew(storage, disk, lane);
	return is_within(disk, offset, bytes) ? ORION_OK : ORION_OUT_OF_RANGE;
}

static orion_status
read_or_write(struct storage *storage, struct storage_handle *handle, unsigned lane,
	      uint8_t operation, uint64_t offset, void *buffer, size_t bytes, size_t *done)
{
	orion_status status = admit(storage, handle, lane,
				    operation == ORION_READ ? STORAGE_MAY_READ : STORAGE_MAY_WRITE);

	if (done != NULL)
		*done = 0;
	if (status != ORION_OK)
		return status;

	status = check_range(storage, handle->disk, lane, operation, offset, bytes);
	if (status == ORION_OK)
		status = transfer_run(storage, handle->disk, lane, operation, offset, buffer, bytes,
				      done);
	work_exit(storage, handle->disk, lane);
	return status;
}

orion_status
storage_read(struct storage *storage, struct storage_handle *handle, unsigned lane, uint64_t offset,
	     void *buffer, size_t bytes, size_t *done)
{
	return read_or_write(storage, handle, lane, ORION_READ, offset, buffer, bytes, done);
}

orion_status
storage_write(struct storage *storage, struct storage_handle *handle, unsigned lane,
	      uint64_t offset, const void *buffer, size_t bytes, size_t *done)
{
	/* The device only reads it: share() is told so. */
	return read_or_write(storage, handle, lane, ORION_WRITE, offset, (void *)buffer, bytes,
			     done);
}

orion_status
storage_flush(struct storage *storage, struct storage_handle *handle, unsigned lane)
{
	orion_status status = admit(storage, handle, lane, STORAGE_MAY_FLUSH);

	if (status != ORION_OK)
		return status;
	status = transfer_run(storage, handle->disk, lane, ORION_FLUSH, 0, NULL, 0, NULL);
	work_exit(storage, handle->disk, lane);
	return status;
}

orion_status
storage_identify(struct storage *storage, struct storage_handle *handle, unsigned lane,
		 char id[VIRTIO_BLK_ID_BYTES + 1])
{
	orion_status status = admit(storage, handle, lane, STORAGE_MAY_STATS);

	id[0] = '\0';
	if (status != ORION_OK)
		return status;

	/*
	 * Aligned to 64 bytes, so that it crosses no page: the request takes one segment.  Not on
	 * the stack: if the device dies with it, it must stay out of use.
	 */
	struct manager *manager = storage->manager;
	char *raw = manager->memory_take(manager->port_context, VIRTIO_BLK_ID_BYTES);

	status = raw == NULL ? ORION_NO_MEMORY
			     : transfer_run(storage, handle->disk, lane, STORAGE_IDENTIFY, 0, raw,
					    VIRTIO_BLK_ID_BYTES, NULL);
	if (status == ORION_OK)
		orion_serial_text(raw, id);
	storage_memory_give(storage, handle->disk, lane, raw, VIRTIO_BLK_ID_BYTES);
	work_exit(storage, handle->disk, lane);
	return status;
}

uint64_t
storage_bounced_bytes(const struct storage_disk *disk)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < VBLK_QUEUES_MAX; i++) {
		const struct storage_work *work = work_of(disk, i);

		if (work != NULL)
			sum += __atomic_load_n(&work->lane.counters.bounced_bytes,
					       __ATOMIC_RELAXED);
	}
	return sum;
}

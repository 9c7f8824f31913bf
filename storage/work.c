/* SPDX-License-Identifier: MIT */
/* What a lane's owner has of a disk, and what the device still holds of it: see work.h. */
#include "storage/work.h"

#include "storage/host.h"
#include "storage/recover.h"

static bool
take(struct storage_disk *disk, unsigned lane, uint32_t *was, enum work_taken as)
{
	*was = WORK_FREE;
	return __atomic_compare_exchange_n(&work_of(disk, lane)->taken, was, as, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE);
}

static void
let_go(struct storage_disk *disk, unsigned lane)
{
	__atomic_store_n(&work_of(disk, lane)->taken, WORK_FREE, __ATOMIC_RELEASE);
}

bool
work_visit(struct storage_disk *disk, unsigned lane)
{
	uint32_t was;

	return take(disk, lane, &was, WORK_VISITED);
}

void
work_unvisit(struct storage_disk *disk, unsigned lane)
{
	let_go(disk, lane);
}

static void
say_subject(struct storage *storage, unsigned lane, const struct storage_disk *disk)
{
	if (storage->host.subject != NULL)
		storage->host.subject(storage->host.port_context, lane, disk);
}

bool
work_enter(struct storage *storage, struct storage_disk *disk, unsigned lane)
{
	uint32_t was;

	/* A visit takes no longer than a look at the ring. */
	while (!take(disk, lane, &was, WORK_OWNED)) {
		if (was == WORK_OWNED)
			return false;
	}
	say_subject(storage, lane, disk);
	return true;
}

void
work_exit(struct storage *storage, struct storage_disk *disk, unsigned lane)
{
	say_subject(storage, lane, NULL);
	let_go(disk, lane);
}

void
work_unshare(struct storage *storage, const struct storage_disk *disk, struct piece *piece)
{
	orion_direction direction =
		piece->io.operation == ORION_WRITE ? ORION_DEVICE_READS : ORION_DEVICE_WRITES;

	while (piece->segments != 0) {
		piece->segments--;
		storage->host.port->unshare(vblk_dma_context(disk->device),
					    piece->mapping[piece->segments], direction);
	}
}

uint32_t
work_left(const struct storage_disk *disk, unsigned lane)
{
	const struct storage_work *work = work_of(disk, lane);
	uint32_t left = work != NULL && work->foreign != 0 ? WORK_FOREIGN : 0;

	for (unsigned n = 0; work != NULL && n < TRANSFER_PIECES; n++)
		left |= (uint32_t)(work->pieces[n].state == PIECE_LEFT) << n;
	return left;
}

void
work_leave(struct storage_disk *disk, struct piece *piece)
{
	piece->state = PIECE_LEFT;
	if (piece->io.operation == ORION_WRITE)
		(void)__atomic_add_fetch(&disk->lent_writes, 1, __ATOMIC_SEQ_CST);
}

bool
work_blocks_write(const struct storage_disk *disk, unsigned lane, uint64_t offset, uint64_t bytes)
{
	const struct storage_work *work = work_of(disk, lane);
	uint32_t all = __atomic_load_n(&disk->lent_writes, __ATOMIC_SEQ_CST), mine = 0;

	if (all == 0)
		return false;
	for (unsigned n = 0; n < TRANSFER_PIECES; n++) {
		const struct piece *out = &work->pieces[n];

		if (out->state != PIECE_LEFT || out->io.operation != ORION_WRITE)
			continue;
		mine++;
		if (offset < out->io.offset + out->bytes && out->io.offset < offset + bytes)
			return true;
	}
	/* Of other lanes', and of foreign ones, only the number is known. */
	return mine != all;
}

/* Gives back the memory that waited for the pieces in WHICH and waits for no other. */
static void
give_memory(struct storage *storage, struct storage_work *work, uint32_t which)
{
	struct manager *manager = storage->manager;

	for (unsigned i = 0; i < WORK_MEMORIES; i++) {
		struct work_memory *kept = &work->memories[i];

		if (kept->memory == NULL)
			continue;
		kept->waits &= ~which;
		if (kept->waits != 0)
			continue;
		manager->memory_give(manager->port_context, kept->memory, kept->bytes);
		kept->memory = NULL;
	}
}

/* DEAD: memory stays out of use, but nothing is in flight any more. */
static void
foreign_returned(struct storage *storage, struct storage_disk *disk, struct storage_work *work,
		 bool dead)
{
	if (--work->foreign != 0)
		return;
	if (work->foreign_writes)
		(void)__atomic_sub_fetch(&disk->lent_writes, 1, __ATOMIC_SEQ_CST);
	if (work->region.cpu != NULL)
		storage_dma_give(storage, disk, &work->region);
	if (!dead)
		give_memory(storage, work, WORK_FOREIGN);
}

void
work_returned(struct storage *storage, struct storage_disk *disk, unsigned lane,
	      struct orion_io *io)
{
	struct storage_work *work = work_of(disk, lane);

	/* A device that died may still reach all of it; before its reset nothing is written. */
	bool dead = vblk_state_get(disk->device) == VBLK_DEAD;

	for (unsigned n = 0; n < TRANSFER_PIECES; n++) {
		struct piece *piece = &work->pieces[n];

		if (&piece->io != io)
			continue;
		piece->state = PIECE_FREE;
		if (io->operation == ORION_WRITE)
			(void)__atomic_sub_fetch(&disk->lent_writes, 1, __ATOMIC_SEQ_CST);
		if (dead)
			return;
		work_unshare(storage, disk, piece);
		give_memory(storage, work, 1u << n);
		return;
	}
	if (work->foreign != 0)
		foreign_returned(storage, disk, work, dead);
}

void
work_settle(struct storage *storage, struct storage_disk *disk, unsigned lane)
{
	struct storage_work *work = work_of(disk, lane);
	struct orion_io *done[TRANSFER_PIECES];
	unsigned n;

	while (work_left(disk, lane) != 0 &&
	       (n = storage_reap(&work->lane, done, TRANSFER_PIECES)) != 0) {
		__atomic_store_n(&disk->silent_since_ns, 0, __ATOMIC_RELAXED);
		for (unsigned i = 0; i < n; i++)
			work_returned(storage, disk, lane, done[i]);
	}
}

/* ---- all lanes of a disk ---- */

static size_t
work_bytes(const struct storage_disk *disk)
{
	return sizeof(struct storage_work) +
	       storage_lane_bytes(&disk->instance, vblk_info(disk->device)->queue_depth);
}

orion_status
work_open(struct storage *storage, struct storage_disk *disk)
{
	struct manager *manager = storage->manager;
	const struct vblk_info *info = vblk_info(disk->device);

	host_instance(disk);
	for (unsigned i = 0; i < disk->instance.lane_count; i++) {
		struct storage_work *work =
			manager->memory_take(manager->port_context, work_bytes(disk));

		if (work == NULL) {
			work_close(storage, disk);
			return ORION_NO_MEMORY;
		}
		disk->lanes[i].work = work;
		storage_lane_init(&work->lane, &disk->instance, i, info->queue_depth, work + 1);
		/* Nobody is an owner yet. */
		storage_follow(&work->lane);
	}
	return ORION_OK;
}

void
work_close(struct storage *storage, struct storage_disk *disk)
{
	struct manager *manager = storage->manager;

	for (unsigned i = 0; i < VBLK_QUEUES_MAX; i++) {
		if (disk->lanes[i].work != NULL)
			manager->memory_give(manager->port_context, disk->lanes[i].work,
					     work_bytes(disk));
		disk->lanes[i].work = NULL;
	}
}

/* ---- orion/storage.h ---- */

struct storage_lane *
storage_lane_of(struct storage_disk *disk, unsigned lane)
{
	struct storage_work *work = work_of(disk, lane);

	return work != NULL ? &work->lane : NULL;
}

unsigned
storage_lent(const struct storage_disk *disk, unsigned lane)
{
	const struct storage_work *work = work_of(disk, lane);
	uint32_t left = work_left(disk, lane) & ~WORK_FOREIGN;
	unsigned count = work != NULL ? work->foreign : 0;

	for (; left != 0; left &= left - 1)
		count++;
	return count;
}

void
storage_memory_give(struct storage *storage, struct storage_disk *disk, unsigned lane, void *memory,
		    size_t bytes)
{
	struct manager *manager = storage->manager;
	uint32_t waits = work_left(disk, lane);

	if (memory == NULL || vblk_state_get(disk->device) == VBLK_DEAD)
		return;
	if (waits == 0) {
		manager->memory_give(manager->port_context, memory, bytes);
		return;
	}
	/*
	 * There are as many entries as pieces.  All of them in use means that two wait for one
	 * piece; then this one is kept for good, which is safe.
	 */
	for (unsigned i = 0; i < WORK_MEMORIES; i++) {
		struct work_memory *kept = &work_of(disk, lane)->memories[i];

		if (kept->memory == NULL) {
			*kept = (struct work_memory){memory, bytes, waits};
			return;
		}
	}
}

orion_status
storage_claim(struct storage *storage, struct storage_disk *disk, unsigned lane)
{
	orion_status status;

	if (work_of(disk, lane) == NULL)
		return ORION_WRONG_STATE;
	if (!work_enter(storage, disk, lane))
		return ORION_BUSY;
	status = recover_look(storage, disk, lane, 0);
	work_settle(storage, disk, lane);
	if (status == ORION_OK && work_left(disk, lane) != 0)
		status = ORION_BUSY;
	if (status != ORION_OK)
		work_exit(storage, disk, lane);
	return status;
}

void
storage_unclaim(struct storage *storage, struct storage_disk *disk, unsigned lane)
{
	work_exit(storage, disk, lane);
}

void
storage_leave(struct storage *storage, struct storage_disk *disk, unsigned lane, bool writes,
	      const struct orion_region *region, void *memory, size_t bytes)
{
	struct storage_work *work = disk->lanes[lane].work;

	work->foreign = storage_in_flight(&work->lane);
	work->foreign_writes = writes;
	work->region = *region;
	if (work->foreign == 0 && region->cpu != NULL)
		storage_dma_give(storage, disk, region);
	else if (writes && work->foreign != 0)
		(void)__atomic_add_fetch(&disk->lent_writes, 1, __ATOMIC_SEQ_CST);
	storage_memory_give(storage, disk, lane, memory, bytes);
	work_exit(storage, disk, lane);
}

orion_status
storage_dma_take(struct storage *storage, struct storage_disk *disk, size_t bytes,
		 struct orion_region *region)
{
	struct orion_budget *budget = &storage->manager->budget;
	orion_status status = ORION_NO_MEMORY;

	if (budget->used <= budget->limit && bytes <= budget->limit - budget->used)
		status = storage->host.port->dma_alloc(vblk_dma_context(disk->device), bytes,
						       STORAGE_DMA_ALIGN, region);
	if (status != ORION_OK) {
		budget->refusals++;
		return status;
	}
	budget->used += bytes;
	budget->peak = budget->used > budget->peak ? budget->used : budget->peak;
	host_region_enter(disk, region);
	return ORION_OK;
}

void
storage_dma_give(struct storage *storage, struct storage_disk *disk,
		 const struct orion_region *region)
{
	host_region_leave(disk, region);
	if (vblk_state_get(disk->device) == VBLK_DEAD) {
		/* Its reset did not complete: it may still write there. */
		storage->manager->budget.quarantined += region->bytes;
		return;
	}
	storage->manager->budget.used -= region->bytes;
	storage->host.port->dma_free(vblk_dma_context(disk->device), region);
}

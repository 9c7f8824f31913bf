/* SPDX-License-Identifier: MIT */
/* What the device still holds of calls that were given up: see lent.h. */
#include "storage/lent.h"

#include <string.h>

struct storage_lent *
lent_of(struct storage *storage, struct storage_disk *disk, unsigned lane)
{
	struct manager *manager = storage->manager;
	struct storage_account *mine = &disk->lanes[lane];

	if (mine->lent == NULL)
		mine->lent = manager->memory_take(manager->port_context, sizeof(*mine->lent));
	return mine->lent;
}

void
lent_unshare(struct storage *storage, const struct storage_disk *disk, vblk_operation operation,
	     struct piece *piece)
{
	orion_direction direction =
		operation == VBLK_WRITE ? ORION_DEVICE_READS : ORION_DEVICE_WRITES;

	while (piece->segments != 0) {
		piece->segments--;
		if (piece->bounce == NULL)
			storage->host.port->unshare(vblk_dma_context(disk->device),
						    piece->mapping[piece->segments], direction);
	}
}

uint32_t
lent_places(const struct storage_disk *disk, unsigned lane)
{
	const struct storage_lent *lent = disk->lanes[lane].lent;

	if (lent == NULL)
		return 0;
	return lent->places | (lent->foreign_bounces ? LENT_FOREIGN - 1 : 0);
}

void
lent_leave(struct storage_disk *disk, unsigned lane, unsigned n, const struct piece *piece,
	   vblk_operation operation, uint64_t offset)
{
	struct storage_lent *lent = disk->lanes[lane].lent;

	lent->pieces[n] = (struct lent_piece){*piece, operation, offset};
	lent->places |= 1u << n;
	if (operation == VBLK_WRITE)
		(void)__atomic_add_fetch(&disk->lent_writes, 1, __ATOMIC_SEQ_CST);
}

bool
lent_blocks_write(const struct storage_disk *disk, unsigned lane, uint64_t offset, uint64_t bytes)
{
	const struct storage_lent *lent = disk->lanes[lane].lent;
	uint32_t all = __atomic_load_n(&disk->lent_writes, __ATOMIC_SEQ_CST), mine = 0;

	if (all == 0)
		return false;
	for (unsigned n = 0; lent != NULL && n < TRANSFER_PIECES; n++) {
		const struct lent_piece *out = &lent->pieces[n];

		if ((lent->places >> n & 1) == 0 || out->operation != VBLK_WRITE)
			continue;
		mine++;
		if (offset < out->offset + out->piece.bytes && out->offset < offset + bytes)
			return true;
	}
	/* Of other lanes', and of foreign ones, only the number is known. */
	return mine != all;
}

/* Gives back the memory that waited for the places in WHICH and waits for no other. */
static void
give_memory(struct storage *storage, struct storage_lent *lent, uint32_t which)
{
	struct manager *manager = storage->manager;

	for (unsigned i = 0; i < LENT_MEMORIES; i++) {
		struct lent_memory *kept = &lent->memories[i];

		if (kept->memory == NULL)
			continue;
		kept->waits &= ~which;
		if (kept->waits != 0)
			continue;
		manager->memory_give(manager->port_context, kept->memory, kept->bytes);
		kept->memory = NULL;
	}
}

static void
foreign_returned(struct storage *storage, struct storage_disk *disk, struct storage_lent *lent)
{
	if (--lent->foreign != 0)
		return;
	lent->places &= ~LENT_FOREIGN;
	lent->foreign_bounces = false;
	if (lent->foreign_writes)
		(void)__atomic_sub_fetch(&disk->lent_writes, 1, __ATOMIC_SEQ_CST);
	if (lent->region.cpu != NULL)
		storage_dma_give(storage, disk, &lent->region);
	give_memory(storage, lent, LENT_FOREIGN);
}

void
lent_returned(struct storage *storage, struct storage_disk *disk, unsigned lane, uint64_t cookie)
{
	struct storage_lent *lent = disk->lanes[lane].lent;

	/* A device that died may still reach all of it. */
	if (lent == NULL || vblk_state_get(disk->device) == VBLK_DEAD)
		return;
	if (cookie >= STORAGE_COOKIE_FOREIGN && lent->foreign != 0) {
		foreign_returned(storage, disk, lent);
	} else if (cookie < TRANSFER_PIECES && (lent->places >> cookie & 1) != 0) {
		struct lent_piece *out = &lent->pieces[cookie];

		lent->places &= ~(1u << cookie);
		if (out->operation == VBLK_WRITE)
			(void)__atomic_sub_fetch(&disk->lent_writes, 1, __ATOMIC_SEQ_CST);
		lent_unshare(storage, disk, out->operation, &out->piece);
		give_memory(storage, lent, 1u << cookie);
	}
}

void
lent_settle(struct storage *storage, struct storage_disk *disk, unsigned lane)
{
	struct vblk_queue *queue = vblk_queue_get(disk->device, lane);
	struct vblk_completion completions[TRANSFER_PIECES];
	unsigned n;

	while (queue != NULL && lent_places(disk, lane) != 0 &&
	       (n = vblk_reap(queue, completions, TRANSFER_PIECES)) != 0) {
		__atomic_store_n(&disk->silent_since_ns, 0, __ATOMIC_RELAXED);
		for (unsigned i = 0; i < n; i++)
			lent_returned(storage, disk, lane, completions[i].cookie);
	}
}

/* ---- orion/storage.h ---- */

unsigned
storage_lent(const struct storage_disk *disk, unsigned lane)
{
	const struct storage_lent *lent = lane < VBLK_QUEUES_MAX ? disk->lanes[lane].lent : NULL;

	unsigned count = 0;

	if (lent == NULL)
		return 0;
	for (unsigned n = 0; n < TRANSFER_PIECES; n++)
		count += lent->places >> n & 1;
	return count + lent->foreign;
}

void
storage_memory_give(struct storage *storage, struct storage_disk *disk, unsigned lane, void *memory,
		    size_t bytes)
{
	struct manager *manager = storage->manager;
	const struct storage_lent *lent = disk->lanes[lane].lent;
	uint32_t waits = lent == NULL ? 0 : lent->places;

	if (memory == NULL || vblk_state_get(disk->device) == VBLK_DEAD)
		return;
	if (waits == 0) {
		manager->memory_give(manager->port_context, memory, bytes);
		return;
	}
	/*
	 * There are as many entries as places.  All of them in use means that two wait for one
	 * place; then this one is kept for good, which is safe.
	 */
	for (unsigned i = 0; i < LENT_MEMORIES; i++) {
		struct lent_memory *kept = &disk->lanes[lane].lent->memories[i];

		if (kept->memory == NULL) {
			*kept = (struct lent_memory){memory, bytes, waits};
			return;
		}
	}
}

orion_status
storage_claim(struct storage *storage, struct storage_disk *disk, unsigned lane)
{
	orion_status status = storage_verdict(disk);

	if (status != ORION_OK)
		return status;
	if (lent_of(storage, disk, lane) == NULL)
		return ORION_NO_MEMORY;
	lent_settle(storage, disk, lane);
	return lent_places(disk, lane) != 0 ? ORION_BUSY : ORION_OK;
}

void
storage_leave(struct storage *storage, struct storage_disk *disk, unsigned lane, unsigned count,
	      bool writes, const struct orion_region *region, void *memory, size_t bytes)
{
	const struct vblk_queue *queue = vblk_queue_get(disk->device, lane);
	struct storage_lent *lent = disk->lanes[lane].lent;

	lent->places |= LENT_FOREIGN;
	lent->foreign = count;
	lent->foreign_writes = writes;
	lent->foreign_bounces = region->cpu == NULL && vblk_bounce_memory(queue).bytes != 0;
	lent->region = *region;
	if (writes)
		(void)__atomic_add_fetch(&disk->lent_writes, 1, __ATOMIC_SEQ_CST);
	storage_memory_give(storage, disk, lane, memory, bytes);
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
	return ORION_OK;
}

void
storage_dma_give(struct storage *storage, struct storage_disk *disk,
		 const struct orion_region *region)
{
	if (vblk_state_get(disk->device) == VBLK_DEAD) {
		/* Its reset did not complete: it may still write there. */
		storage->manager->budget.quarantined += region->bytes;
		return;
	}
	storage->manager->budget.used -= region->bytes;
	storage->host.port->dma_free(vblk_dma_context(disk->device), region);
}

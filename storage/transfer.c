/* SPDX-License-Identifier: MIT */
/* One synchronous transfer: see transfer.h. */
#include "storage/transfer.h"

#include "storage/recover.h"
#include "storage/work.h"

struct transfer {
	struct storage *storage;
	struct storage_disk *disk;
	struct storage_work *work;
	unsigned lane;
	uint8_t operation;
	uint64_t offset;
	unsigned char *buffer;
	size_t bytes;

	size_t next;            /* first byte that no piece has covered */
	bool whole;             /* everything was submitted */
	orion_status status;    /* first failure in the order of the bytes */
	size_t good;            /* where it is; else BYTES */
	unsigned in_flight;
	bool blocked;           /* nothing can be submitted before what was given up is back */
	struct storage_wait wait;
};

static uint64_t
now(const struct transfer *t)
{
	return t->storage->host.port->now_ns(t->storage->host.port_context);
}

static orion_direction
direction(const struct transfer *t)
{
	return t->operation == ORION_WRITE ? ORION_DEVICE_READS : ORION_DEVICE_WRITES;
}

/* Records STATUS for the bytes from START on, unless something before them failed. */
static void
fail(struct transfer *t, size_t start, orion_status status)
{
	if (t->status == ORION_OK || start < t->good) {
		t->status = status;
		t->good = start;
	}
}

/* ---- pieces: sharing ---- */

static void
unshare_last(struct transfer *t, struct piece *piece)
{
	piece->segments--;
	piece->bytes -= piece->segment[piece->segments].length;
	t->storage->host.port->unshare(vblk_dma_context(t->disk->device),
				       piece->mapping[piece->segments], direction(t));
}

/* Adds a segment of at most LIMIT bytes to PIECE. */
static orion_status
share_more(struct transfer *t, struct piece *piece, size_t limit)
{
	const struct storage_host *host = &t->storage->host;
	size_t contiguous = 0;
	unsigned n = piece->segments;
	orion_status status = host->port->share(
		vblk_dma_context(t->disk->device), t->buffer + piece->start + piece->bytes, limit,
		direction(t), &piece->segment[n].device_address, &contiguous, &piece->mapping[n]);

	if (status != ORION_OK)
		return status;
	piece->segment[n].length = (uint32_t)contiguous;
	piece->segments++;
	piece->bytes += contiguous;
	if (contiguous == 0 || contiguous > limit) {
		unshare_last(t, piece);
		return ORION_NO_MAPPING;
	}
	return ORION_OK;
}

/*
 * Cuts PIECE back to whole blocks.  A mapping that is longer than what the device will use must not
 * stay: unsharing it would copy a bounce buffer over bytes that the next piece has filled.
 */
static orion_status
trim(struct transfer *t, struct piece *piece, size_t block)
{
	size_t whole = piece->bytes / block * block;

	if (piece->bytes == whole)
		return whole == 0 ? ORION_NO_MAPPING : ORION_OK;
	while (piece->bytes > whole)
		unshare_last(t, piece);
	if (whole == 0)
		return ORION_NO_MAPPING;
	if (piece->bytes == whole)
		return ORION_OK;

	orion_status status = share_more(t, piece, whole - piece->bytes);

	return status == ORION_OK && piece->bytes != whole ? ORION_NO_MAPPING : status;
}

/* Shares up to LEFT bytes of the buffer as PIECE, in place.  On failure PIECE is free. */
static orion_status
share(struct transfer *t, struct piece *piece, size_t left, size_t block)
{
	const struct vblk_info *info = vblk_info(t->disk->device);
	unsigned segments = TRANSFER_SEGMENTS;
	orion_status status = ORION_OK;

	if (info->segments_max != 0 && segments > info->segments_max)
		segments = info->segments_max;
	while (status == ORION_OK && piece->bytes < left && piece->segments < segments) {
		size_t limit = left - piece->bytes;

		if (info->segment_bytes_max != 0 && limit > info->segment_bytes_max)
			limit = info->segment_bytes_max;
		status = share_more(t, piece, limit);
	}

	/* What could be mapped goes on its way; only when that is nothing is it a failure. */
	orion_status trimmed = trim(t, piece, block);

	if (trimmed != ORION_OK) {
		work_unshare(t->storage, t->disk, piece);
		piece->bytes = 0;
		return status != ORION_OK ? status : trimmed;
	}
	return ORION_OK;
}

/* Makes the next part of the buffer PIECE, shared or to be copied.  On failure PIECE is free. */
static orion_status
prepare(struct transfer *t, struct piece *piece)
{
	const struct vblk_info *info = vblk_info(t->disk->device);
	size_t block = t->operation == STORAGE_IDENTIFY ? VIRTIO_BLK_ID_BYTES : info->block_bytes;
	uint64_t most =
		(uint64_t)info->request_sectors_max * VIRTIO_BLK_SECTOR_BYTES / block * block;
	size_t left = t->bytes - t->next;
	orion_status status = ORION_OK;

	if (left > TRANSFER_PIECE_BYTES)
		left = TRANSFER_PIECE_BYTES;
	if (most != 0 && left > most)
		left = (size_t)most;
	piece->io.operation = t->operation;
	piece->start = t->next;
	piece->segments = 0;
	piece->bytes = 0;
	if (left == 0)
		return ORION_OK;
	if (!info->bounces)
		status = share(t, piece, left, block);
	if (info->bounces || (status == ORION_NO_MAPPING && info->bounce_pieces != 0)) {
		/* The lane copies what it is not given as segments. */
		piece->bytes = left < VBLK_BOUNCE_BYTES ? left : VBLK_BOUNCE_BYTES / block * block;
		status = ORION_OK;
	}
	return status;
}

/* ---- pieces: submitting and finishing ---- */

static orion_status
submit(struct transfer *t, struct piece *piece)
{
	struct orion_io *io = &piece->io;
	bool mapped = piece->segments != 0;

	*io = (struct orion_io){
		.offset = t->offset + piece->start,
		.buffer = mapped ? (void *)piece->segment : t->buffer + piece->start,
		.bytes = (uint32_t)piece->bytes,
		.operation = t->operation,
		.flags = mapped ? STORAGE_MAPPED : 0,
		.vectors = (uint16_t)piece->segments,
		.user = piece,
	};
	/* No memory for a copy is known to have the room for another's serial number. */
	t->work->lane.identify = io;
	if (storage_submit(&t->work->lane, (struct orion_io *[]){io}, 1) == 1) {
		piece->state = PIECE_OUT;
		t->in_flight++;
		t->next += piece->bytes;
		t->whole = t->next == t->bytes;
		return ORION_OK;
	}

	orion_status why = (orion_status)t->work->lane.refusal;

	work_unshare(t->storage, t->disk, piece);
	return why == ORION_OK ? ORION_NO_ROOM : why;
}

/* What the queue's counters have as submitted was not transferred. */
static void
count_failure(struct transfer *t, const struct piece *piece)
{
	struct storage_account *lane = &t->disk->lanes[t->lane];

	if (t->operation == ORION_READ)
		(void)__atomic_add_fetch(&lane->failed_bytes_read, piece->bytes, __ATOMIC_RELAXED);
	else if (t->operation == ORION_WRITE)
		(void)__atomic_add_fetch(&lane->failed_bytes_written, piece->bytes,
					 __ATOMIC_RELAXED);
}

static void
finish(struct transfer *t, struct piece *piece, orion_status result)
{
	/* What is handed over to a disk that failed is told so by the framework. */
	if (result == ORION_DEVICE_GONE && storage_verdict(t->disk) != ORION_OK)
		result = storage_verdict(t->disk);
	piece->state = PIECE_FREE;
	t->in_flight--;
	if (result != ORION_OK) {
		fail(t, piece->start, result);
		count_failure(t, piece);
	}
	if (vblk_state_get(t->disk->device) == VBLK_DEAD) {
		/* The device may still reach it: this mapping is never to be used again. */
		return;
	}
	work_unshare(t->storage, t->disk, piece);
}

/* Submits as much as fits.  Returns whether anything was. */
static bool
fill(struct transfer *t)
{
	uint32_t left = work_left(t->disk, t->lane);
	bool any = false;

	t->blocked = t->operation == ORION_WRITE &&
		     work_blocks_write(t->disk, t->lane, t->offset, t->bytes);
	for (unsigned i = 0; i < TRANSFER_PIECES && t->status == ORION_OK && !t->whole; i++) {
		struct piece *piece = &t->work->pieces[i];

		if (piece->state != PIECE_FREE)
			continue;
		if (t->blocked ||
		    storage_in_flight(&t->work->lane) >= vblk_info(t->disk->device)->queue_depth)
			break;

		orion_status status = prepare(t, piece);
		bool mapped = status == ORION_OK;

		if (mapped)
			status = submit(t, piece);
		if (status != ORION_OK) {
			/*
			 * What comes back will make room, in the queue or for mappings; and a device
			 * that is about to be reset takes none.
			 */
			bool hopeless =
				mapped ? status != ORION_NO_ROOM : t->in_flight == 0 && left == 0;

			if (hopeless)
				fail(t, t->next, status);
			break;
		}
		any = true;
	}
	t->blocked = t->in_flight == 0 && !t->whole && t->status == ORION_OK;
	return any;
}

/* Takes what has come back.  Returns whether anything had. */
static bool
collect(struct transfer *t)
{
	struct orion_io *done[TRANSFER_PIECES];
	unsigned n = storage_reap(&t->work->lane, done, TRANSFER_PIECES);

	for (unsigned i = 0; i < n; i++) {
		struct piece *piece = done[i]->user;
		bool ours = piece >= t->work->pieces && piece < t->work->pieces + TRANSFER_PIECES;

		if (ours && piece->state == PIECE_OUT)
			finish(t, piece, (orion_status)done[i]->result);
		else
			work_returned(t->storage, t->disk, t->lane, done[i]);
	}
	if (n != 0)
		storage_answered(t->storage, t->disk, t->lane, &t->wait);
	return n != 0;
}

/* ---- waiting ---- */

/* The first byte that is not surely transferred. */
static size_t
first_open(const struct transfer *t)
{
	size_t first = t->next;

	for (unsigned i = 0; i < TRANSFER_PIECES; i++) {
		const struct piece *piece = &t->work->pieces[i];

		if (piece->state == PIECE_OUT && piece->start < first)
			first = piece->start;
	}
	return first;
}

/* Gives up and leaves with the device what it holds. */
static void
leave(struct transfer *t)
{
	fail(t, first_open(t), ORION_TIMED_OUT);
	for (unsigned i = 0; i < TRANSFER_PIECES; i++) {
		struct piece *piece = &t->work->pieces[i];

		if (piece->state != PIECE_OUT)
			continue;
		count_failure(t, piece);
		work_leave(t->disk, piece);
	}
	t->in_flight = 0;
}

static bool
poll_briefly(struct transfer *t)
{
	uint64_t until = now(t) + TRANSFER_POLL_NS;

	do {
		if (collect(t))
			return true;
	} while (now(t) < until);
	return false;
}

/* Waits until something has come back, or gives up. */
static void
await(struct transfer *t)
{
	orion_status why;

	if (poll_briefly(t))
		return;
	storage_sleep(t->storage, t->disk, t->lane);
	if (collect(t))
		return;
	why = storage_unanswered(t->storage, t->disk, t->lane, &t->wait);
	if (why == ORION_TIMED_OUT)
		leave(t);
	else if (why != ORION_OK)
		fail(t, first_open(t), why);
}

orion_status
transfer_run(struct storage *storage, struct storage_disk *disk, unsigned lane, uint8_t operation,
	     uint64_t offset, void *buffer, size_t bytes, size_t *done)
{
	struct transfer t = {
		.storage = storage,
		.disk = disk,
		.work = work_of(disk, lane),
		.lane = lane,
		.operation = operation,
		.offset = offset,
		.buffer = buffer,
		.bytes = bytes,
		.whole = bytes == 0 && operation != ORION_FLUSH,
		.good = bytes,
	};

	storage_wait_begin(storage, &t.wait);
	do {
		if (fill(&t))
			storage_kick(&t.work->lane);
		if ((t.in_flight != 0 || t.blocked) && !collect(&t))
			await(&t);
	} while (t.in_flight != 0 || (!t.whole && t.status == ORION_OK));

	if (done != NULL)
		*done = t.good;
	return t.status;
}

/* SPDX-License-Identifier: MIT */
/* Synchronous transfers with several requests in flight: see transfer.h. */
#include "storage/transfer.h"

#include <string.h>

#include "storage/halt.h"
#include "storage/lent.h"

#define NUDGE_NS UINT64_C(200000000)
#define NUDGE_MOST_NS UINT64_C(2000000000)
#define SILENT_NS UINT64_C(1000000000)

struct transfer {
	struct storage *storage;
	struct storage_disk *disk;
	struct vblk_queue *queue;
	unsigned lane;
	vblk_operation operation;
	uint64_t offset;
	unsigned char *buffer;
	size_t bytes;

	size_t next;            /* first byte that no piece has covered */
	bool whole;             /* everything was submitted */
	orion_status status;    /* first failure in the order of the bytes */
	size_t good;            /* where it is; else BYTES */
	unsigned in_flight;
	bool blocked;           /* nothing can be submitted before what was given up is back */
	bool outside;           /* the disk was halted under us */
	uint64_t progress_ns;   /* when something was last submitted or completed */
	/* How late it is to be for the next: kick, look at interrupted(), call of silent(). */
	uint64_t nudge_ns, look_ns, tell_ns;
	struct piece pieces[TRANSFER_PIECES];
};

static uint64_t
now(const struct transfer *t)
{
	return t->storage->host.port->now_ns(t->storage->host.port_context);
}

static orion_direction
direction(const struct transfer *t)
{
	return t->operation == VBLK_WRITE ? ORION_DEVICE_READS : ORION_DEVICE_WRITES;
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
	if (piece->bounce == NULL)
		t->storage->host.port->unshare(vblk_dma_context(t->disk->device),
					       piece->mapping[piece->segments], direction(t));
}

static void
unshare_all(struct transfer *t, struct piece *piece)
{
	lent_unshare(t->storage, t->disk, t->operation, piece);
	piece->bytes = 0;
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

/*
 * Puts PIECE, at most LEFT bytes of it, into the queue's own memory: its N-th piece is the N-th of
 * the transfer's.  What a device is to write is cleared first, so that one that only claims to have
 * written it shows nothing of earlier transfers.
 */
static orion_status
bounce(struct transfer *t, struct piece *piece, size_t left, size_t block)
{
	size_t n = (size_t)(piece - t->pieces), bytes = left;
	struct orion_region memory = vblk_bounce_memory(t->queue);

	if (memory.bytes / VBLK_BOUNCE_BYTES <= n)
		return ORION_NO_MAPPING;
	if (bytes > VBLK_BOUNCE_BYTES)
		bytes = VBLK_BOUNCE_BYTES / block * block;
	piece->bounce = (unsigned char *)memory.cpu + n * VBLK_BOUNCE_BYTES;
	if (t->operation == VBLK_WRITE)
		memcpy(piece->bounce, t->buffer + piece->start, bytes);
	else
		memset(piece->bounce, 0, bytes);
	/* One segment, whatever the device's limits: the core cuts what is over them. */
	piece->segment[0] = (struct vblk_segment){
		.device_address = memory.device + n * VBLK_BOUNCE_BYTES,
		.length = (uint32_t)bytes,
	};
	piece->segments = 1;
	piece->bytes = bytes;
	(void)__atomic_add_fetch(&t->disk->bounced_bytes, bytes, __ATOMIC_RELAXED);
	return ORION_OK;
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
		unshare_all(t, piece);
		return status != ORION_OK ? status : trimmed;
	}
	return ORION_OK;
}

/* Makes the next part of the buffer reachable as PIECE.  On failure PIECE is free. */
static orion_status
prepare(struct transfer *t, struct piece *piece)
{
	const struct vblk_info *info = vblk_info(t->disk->device);
	size_t block = t->operation == VBLK_GET_ID ? VIRTIO_BLK_ID_BYTES : info->block_bytes;
	uint64_t most =
		(uint64_t)info->request_sectors_max * VIRTIO_BLK_SECTOR_BYTES / block * block;
	size_t left = t->bytes - t->next;
	orion_status status = ORION_OK;

	if (left > TRANSFER_PIECE_BYTES)
		left = TRANSFER_PIECE_BYTES;
	if (most != 0 && left > most)
		left = (size_t)most;
	*piece = (struct piece){.start = t->next};
	if (left == 0)
		return ORION_OK;
	if (!info->bounces)
		status = share(t, piece, left, block);
	if (info->bounces || (status == ORION_NO_MAPPING && info->bounce_pieces != 0))
		status = bounce(t, piece, left, block);
	return status;
}

/* ---- pieces: submitting and finishing ---- */

static orion_status
submit(struct transfer *t, struct piece *piece)
{
	struct vblk_request request = {
		.sector = (t->offset + piece->start) / VIRTIO_BLK_SECTOR_BYTES,
		.segments = piece->segments == 0 ? NULL : piece->segment,
		.cookie = (uint64_t)(piece - t->pieces),
		.segment_count = (uint16_t)piece->segments,
		.operation = (uint8_t)t->operation,
	};

	if (vblk_submit(t->queue, &request, 1) == 1) {
		piece->busy = true;
		t->in_flight++;
		t->next += piece->bytes;
		t->whole = t->next == t->bytes;
		return ORION_OK;
	}

	orion_status why = vblk_refusal(t->queue);

	unshare_all(t, piece);
	return why == ORION_OK ? ORION_WRONG_STATE : why;
}

/* What the queue's counters have as submitted was not transferred. */
static void
count_failure(struct transfer *t, const struct piece *piece)
{
	struct storage_account *lane = &t->disk->lanes[t->lane];

	if (t->operation == VBLK_READ)
		(void)__atomic_add_fetch(&lane->failed_bytes_read, piece->bytes, __ATOMIC_RELAXED);
	else if (t->operation == VBLK_WRITE)
		(void)__atomic_add_fetch(&lane->failed_bytes_written, piece->bytes,
					 __ATOMIC_RELAXED);
}

static void
finish(struct transfer *t, struct piece *piece, orion_status result)
{
	piece->busy = false;
	t->in_flight--;
	if (result != ORION_OK) {
		fail(t, piece->start, result);
		count_failure(t, piece);
	} else if (piece->bounce != NULL && t->operation != VBLK_WRITE) {
		memcpy(t->buffer + piece->start, piece->bounce, piece->bytes);
	}
	if (vblk_state_get(t->disk->device) == VBLK_DEAD) {
		/* The device may still reach it: this mapping is never to be used again. */
		return;
	}
	unshare_all(t, piece);
}

/* Submits as much as fits.  Returns whether anything was. */
static bool
fill(struct transfer *t)
{
	const struct vblk_info *info = vblk_info(t->disk->device);
	uint32_t places = lent_places(t->disk, t->lane);
	bool any = false;

	t->blocked = t->operation == VBLK_WRITE &&
		     lent_blocks_write(t->disk, t->lane, t->offset, t->bytes);
	for (unsigned i = 0; i < TRANSFER_PIECES && t->status == ORION_OK && !t->whole; i++) {
		if (t->pieces[i].busy || (places >> i & 1) != 0)
			continue;
		if (halt_due(t->disk)) {
			fail(t, t->next, halt_status(t->disk));
			break;
		}
		if (t->blocked || vblk_in_flight(t->queue) >= info->queue_depth)
			break;

		orion_status status = prepare(t, &t->pieces[i]);
		bool mapped = status == ORION_OK;

		if (mapped)
			status = submit(t, &t->pieces[i]);
		if (status != ORION_OK) {
			/* What comes back will make room, in the queue or for mappings. */
			if ((t->in_flight == 0 && places == 0) ||
			    (mapped && status != ORION_NO_ROOM))
				fail(t, t->next, status);
			break;
		}
		any = true;
	}
	t->blocked = t->in_flight == 0 && !t->whole && t->status == ORION_OK;
	return any;
}

/* Something came, or is being waited for anew. */
static void
restart_wait(struct transfer *t)
{
	t->progress_ns = now(t);
	t->nudge_ns = NUDGE_NS;
	t->look_ns = STORAGE_LOOK_NS;
	t->tell_ns = STORAGE_TELL_NS;
}

/* The disk is not silent any more. */
static void
end_silence(struct transfer *t)
{
	const struct storage_host *host = &t->storage->host;

	if (t->tell_ns != STORAGE_TELL_NS && host->silent != NULL)
		host->silent(host->port_context, t->disk, t->in_flight, 0);
	/* An earlier call may have said so, and left what came now. */
	if (__atomic_load_n(&t->disk->silent_since_ns, __ATOMIC_RELAXED) != 0)
		__atomic_store_n(&t->disk->silent_since_ns, 0, __ATOMIC_RELAXED);
	restart_wait(t);
}

/* Takes what has come back.  Returns whether anything had. */
static bool
collect(struct transfer *t)
{
	struct vblk_completion completions[TRANSFER_PIECES];
	unsigned n = vblk_reap(t->queue, completions, TRANSFER_PIECES);

	for (unsigned i = 0; i < n; i++) {
		uint64_t cookie = completions[i].cookie;

		if (cookie < TRANSFER_PIECES && t->pieces[cookie].busy)
			finish(t, &t->pieces[cookie], (orion_status)completions[i].result);
		else
			lent_returned(t->storage, t->disk, t->lane, cookie);
	}
	if (n != 0)
		end_silence(t);
	return n != 0;
}

/* ---- waiting ---- */

/* The first byte that is not surely transferred. */
static size_t
first_open(const struct transfer *t)
{
	size_t first = t->next;

	for (unsigned i = 0; i < TRANSFER_PIECES; i++) {
		if (t->pieces[i].busy && t->pieces[i].start < first)
			first = t->pieces[i].start;
	}
	return first;
}

/* Halts the disk because of WHY and takes back everything. */
static void
give_up(struct transfer *t, orion_status why)
{
	fail(t, first_open(t), why);
	halt_join(t->storage, t->disk, t->lane);
	t->outside = true;
	while (collect(t)) {
	}
	for (unsigned i = 0; i < TRANSFER_PIECES; i++) {
		if (t->pieces[i].busy)
			finish(t, &t->pieces[i], ORION_OUTCOME_UNKNOWN);
	}
}

/* Gives up and leaves with the device what it holds.  False: there is no memory to remember it. */
static bool
leave(struct transfer *t)
{
	if (t->in_flight != 0 && lent_of(t->storage, t->disk, t->lane) == NULL)
		return false;
	fail(t, first_open(t), ORION_TIMED_OUT);
	for (unsigned i = 0; i < TRANSFER_PIECES; i++) {
		if (!t->pieces[i].busy)
			continue;
		t->pieces[i].busy = false;
		count_failure(t, &t->pieces[i]);
		lent_leave(t->disk, t->lane, i, &t->pieces[i], t->operation,
			   t->offset + t->pieces[i].start);
	}
	t->in_flight = 0;
	return true;
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

/*
 * Nothing has come for LATE_NS.  A kick or an interrupt may be lost, more than once, and where no
 * interrupt can come nobody says that the device wants a reset: kicks and looks again, less and
 * less often.
 */
static void
nudge(struct transfer *t, uint64_t late_ns)
{
	if (late_ns >= t->nudge_ns) {
		t->nudge_ns = late_ns + (late_ns < NUDGE_MOST_NS ? late_ns : NUDGE_MOST_NS);
		vblk_kick_always(t->queue);
		halt_refresh(t->storage, t->disk);
		if (late_ns >= SILENT_NS)
			__atomic_store_n(&t->disk->silent_since_ns, t->progress_ns + 1,
					 __ATOMIC_RELAXED);
	} else if (vblk_config_pending(t->disk->device)) {
		halt_refresh(t->storage, t->disk);
	}
}

/* Whether it is time to give up waiting, though nothing is known to be wrong. */
static bool
out_of_patience(struct transfer *t, uint64_t late_ns)
{
	const struct storage_host *host = &t->storage->host;

	if (late_ns >= t->tell_ns) {
		t->tell_ns *= 2;
		if (host->silent != NULL)
			host->silent(host->port_context, t->disk, vblk_in_flight(t->queue),
				     late_ns);
	}
	if (late_ns < t->look_ns)
		return false;
	t->look_ns = late_ns + STORAGE_LOOK_NS;
	return late_ns >= STORAGE_PATIENCE_NS ||
	       (host->interrupted != NULL && host->interrupted(host->port_context, t->lane));
}

/* Waits until something has come back, or gives up. */
static void
await(struct transfer *t)
{
	const struct storage_host *host = &t->storage->host;
	bool polled = vblk_info(t->disk->device)->irq_mode == VIRTIO_IRQ_POLLED;

	if (poll_briefly(t))
		return;
	if (vblk_arm(t->queue) || polled) {
		host->idle(host->port_context, t->lane,
			   polled ? TRANSFER_POLLED_SLICE_NS : TRANSFER_SLICE_NS);
	}
	vblk_disarm(t->queue);
	if (collect(t))
		return;

	uint64_t late_ns = now(t) - t->progress_ns;

	nudge(t, late_ns);

	/* When somebody else stopped it, everything in flight is there to be reaped. */
	orion_status why = halt_status(t->disk);

	if (why != ORION_OK)
		give_up(t, why);
	else if (out_of_patience(t, late_ns))
		(void)leave(t);
}

orion_status
transfer_run(struct storage *storage, struct storage_disk *disk, unsigned lane,
	     vblk_operation operation, uint64_t offset, void *buffer, size_t bytes, size_t *done)
{
	struct transfer t;

	/* Field by field: clearing the pieces' segments would cost more than a short transfer. */
	t.storage = storage;
	t.disk = disk;
	t.queue = vblk_queue_get(disk->device, lane);
	t.lane = lane;
	t.operation = operation;
	t.offset = offset;
	t.buffer = buffer;
	t.bytes = bytes;
	t.next = 0;
	t.whole = bytes == 0 && operation != VBLK_FLUSH;
	t.status = ORION_OK;
	t.good = bytes;
	t.in_flight = 0;
	t.blocked = false;
	t.outside = false;
	for (unsigned i = 0; i < TRANSFER_PIECES; i++) {
		t.pieces[i].busy = false;
		t.pieces[i].segments = 0;
	}
	restart_wait(&t);

	do {
		if (fill(&t))
			(void)vblk_kick(t.queue);
		if ((t.in_flight != 0 || t.blocked) && !collect(&t))
			await(&t);
	} while (t.in_flight != 0 || (!t.whole && t.status == ORION_OK));

	if (!t.outside)
		halt_leave(disk);
	if (done != NULL)
		*done = t.good;
	return t.status;
}

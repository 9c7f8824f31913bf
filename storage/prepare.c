/* SPDX-License-Identifier: MIT */
/* Requests that are not plain: other memory, vectors, flushes, wrong ones; bounce buffers. */
#include "storage/lane.h"

#include "storage/bytes.h"

#define SECTOR_SHIFT 9

/* ---- what the core would refuse ---- */

/*
 * A read or write that is refused must leave nothing behind in memory that the device reads, so the
 * core's rules are looked at before anything is copied.
 */
static orion_status
check_data(const struct storage_lane *lane, const struct orion_io *io, uint64_t bytes)
{
	const struct vblk_info *info = vblk_info(lane->device->device);
	uint64_t capacity = __atomic_load_n(&info->capacity_sectors, __ATOMIC_RELAXED);
	uint64_t sector = io->offset >> SECTOR_SHIFT;

	if (bytes == 0 || ((io->offset | bytes) & (info->block_bytes - 1)) != 0)
		return ORION_INVALID;
	if (sector > capacity || bytes >> SECTOR_SHIFT > capacity - sector)
		return ORION_OUT_OF_RANGE;
	return bytes > VBLK_REQUEST_BYTES_MAX ? ORION_TOO_LARGE : ORION_OK;
}

/* ---- bounce buffers ---- */

static void
copy_in(unsigned char *to, const struct orion_io *io)
{
	const struct orion_vector *vector = io->buffer;

	if (io->vectors == 0) {
		memcpy(to, io->buffer, io->bytes);
		return;
	}
	for (unsigned i = 0; i < io->vectors; to += vector[i].bytes, i++)
		memcpy(to, vector[i].base, vector[i].bytes);
}

static void
copy_out(const unsigned char *from, const struct orion_io *io)
{
	const struct orion_vector *vector = io->buffer;

	if (io->vectors == 0) {
		memcpy(io->buffer, from, io->bytes);
		return;
	}
	for (unsigned i = 0; i < io->vectors; from += vector[i].bytes, i++)
		memcpy(vector[i].base, from, vector[i].bytes);
}

static unsigned char *
bounce_at(const struct storage_lane *lane, const struct storage_private *own)
{
	return lane->bounce_base + (own->segment.device_address - lane->bounce_device);
}

static uint32_t
bounce_page(const struct storage_lane *lane, const struct storage_private *own)
{
	return (uint32_t)((own->segment.device_address - lane->bounce_device) / STORAGE_PAGE);
}

/* BYTES of bounce memory become the one segment of REQUEST. */
static orion_status
bounce(struct storage_lane *lane, struct orion_io *io, uint64_t bytes, struct vblk_request *request)
{
	struct storage_private *own = storage_private(io);
	uint32_t pages = (uint32_t)((bytes + STORAGE_PAGE - 1) / STORAGE_PAGE), first;

	request->segments = &own->segment;
	request->segment_count = 1;
	if (bytes > (uint64_t)lane->bounce.count * STORAGE_PAGE)
		return ORION_TOO_LARGE;
	/* Without room in the ring there would be nothing but the copy. */
	if (vblk_in_flight(lane->ring) >= vblk_info(lane->device->device)->queue_depth)
		return ORION_NO_ROOM;
	first = storage_pages_take(&lane->bounce, pages, 1);
	if (first == UINT32_MAX)
		return ORION_NO_ROOM;
	own->segment.device_address = lane->bounce_device + (uint64_t)first * STORAGE_PAGE;
	own->segment.length = (uint32_t)bytes;
	own->segment.unused |= STORAGE_BOUNCED;
	/*
	 * A device may answer without having written all of it: what it leaves out must not be
	 * another request's.
	 */
	if (io->operation == ORION_WRITE)
		copy_in(bounce_at(lane, own), io);
	else
		memset(bounce_at(lane, own), 0, bytes);
	return ORION_OK;
}

void
storage_release(struct storage_lane *lane, struct orion_io *io)
{
	struct storage_private *own = storage_private(io);

	if (storage_is_flush(io))
		storage_flush_drop(lane, io);
	else if ((own->segment.unused & STORAGE_BOUNCED) != 0)
		storage_pages_give(&lane->bounce, bounce_page(lane, own));
	else if ((own->segment.unused & STORAGE_TABLED) != 0)
		lane->tables_used &= (uint16_t) ~(1u << own->segment.length);
	own->segment.unused = 0;
}

void
storage_unprepare(struct storage_lane *lane, struct orion_io *io)
{
	struct storage_private *own = storage_private(io);
	uint32_t flushing = own->segment.unused & STORAGE_FLUSHING;

	if ((own->segment.unused & STORAGE_BOUNCED) != 0)
		memset(bounce_at(lane, own), 0, own->segment.length);
	storage_release(lane, io);
	own->segment.unused = flushing;
}

void
storage_give(struct storage_lane *lane, struct orion_io *io)
{
	const struct storage_private *own = storage_private(io);

	if (!storage_is_flush(io) && (own->segment.unused & STORAGE_BOUNCED) != 0) {
		storage_count(&lane->counters.bounced, 1);
		storage_count(&lane->counters.bounced_bytes, own->segment.length);
		if (io->operation != ORION_WRITE && io->result == 0)
			copy_out(bounce_at(lane, own), io);
	}
	storage_release(lane, io);
}

/* ---- one buffer ---- */

static bool
find(const struct storage_lane *lane, const void *address, size_t bytes, struct storage_place *out)
{
	return lane->instance->home->find(lane->instance, address, bytes, out);
}

static orion_status
prepare_buffer(struct storage_lane *lane, struct orion_io *io, struct vblk_request *request)
{
	struct storage_private *own = storage_private(io);
	struct storage_place place;
	orion_status status;

	if (io->bytes == 0 || io->buffer == NULL)
		return ORION_INVALID;
	status = check_data(lane, io, io->bytes);
	if (status != ORION_OK)
		return status;
	if (!find(lane, io->buffer, io->bytes, &place))
		return bounce(lane, io, io->bytes, request);
	/* The next one probably lies there, too. */
	lane->near = place;
	own->segment.device_address = storage_address(&place, io->buffer);
	own->segment.length = io->bytes;
	request->segments = &own->segment;
	request->segment_count = 1;
	return ORION_OK;
}

/* ---- vectors ---- */

/* What a vector is, all in all. */
struct pieces {
	uint64_t bytes;
	size_t longest;
	size_t lengths;         /* of all pieces, or'ed */
};

static orion_status
measure(const struct orion_io *io, struct pieces *pieces)
{
	const struct orion_vector *vector = io->buffer;

	*pieces = (struct pieces){0, 0, 0};
	if (io->vectors > ORION_VECTORS_MAX || vector == NULL)
		return ORION_INVALID;
	for (unsigned i = 0; i < io->vectors; i++) {
		size_t length = vector[i].bytes;

		if (vector[i].base == NULL || length == 0 || length > VBLK_REQUEST_BYTES_MAX)
			return ORION_INVALID;
		pieces->bytes += length;
		pieces->lengths |= length;
		pieces->longest = length > pieces->longest ? length : pieces->longest;
	}
	return ORION_OK;
}

/* Each piece as a segment; false when one lies in memory that the device does not reach. */
static bool
map_pieces(const struct storage_lane *lane, const struct orion_io *io, struct vblk_segment *out)
{
	const struct orion_vector *vector = io->buffer;

	for (unsigned i = 0; i < io->vectors; i++, out++) {
		struct storage_place place;

		if (!find(lane, vector[i].base, vector[i].bytes, &place))
			return false;
		*out = (struct vblk_segment){storage_address(&place, vector[i].base),
					     (uint32_t)vector[i].bytes, 0};
	}
	return true;
}

/*
 * Over the limits of one device request, the core cuts it into parts, for which the segments stay
 * in a table of the queue's.  ORION_NO_MAPPING: it is to be copied.
 */
static orion_status
prepare_table(struct storage_lane *lane, struct orion_io *io, struct vblk_request *request)
{
	struct storage_private *own = storage_private(io);
	unsigned table = 0;

	if (lane->instance->tables == 0)
		return ORION_NO_MAPPING;
	while (table < lane->instance->tables && (lane->tables_used >> table & 1) != 0)
		table++;
	if (table == lane->instance->tables)
		return ORION_NO_ROOM;
	if (!map_pieces(lane, io, lane->tables[table]))
		return ORION_NO_MAPPING;
	lane->tables_used |= (uint16_t)(1u << table);
	own->segment.unused |= STORAGE_TABLED;
	own->segment.length = table;
	request->segments = lane->tables[table];
	request->segment_count = io->vectors;
	return ORION_OK;
}

static orion_status
prepare_vectors(struct storage_lane *lane, struct orion_io *io, struct vblk_request *request)
{
	const struct vblk_info *info = vblk_info(lane->device->device);
	uint64_t limit = (uint64_t)info->request_sectors_max << SECTOR_SHIFT;
	struct pieces pieces;
	orion_status status = measure(io, &pieces);

	if (status == ORION_OK)
		status = check_data(lane, io, pieces.bytes);
	if (status != ORION_OK)
		return status;
	if (io->vectors <= info->segments_max && io->vectors <= STORAGE_VECTORS_MAPPED &&
	    pieces.bytes <= limit && pieces.longest <= info->segment_bytes_max) {
		if (!map_pieces(lane, io, lane->segments))
			return bounce(lane, io, pieces.bytes, request);
		request->segments = lane->segments;
		request->segment_count = io->vectors;
		return ORION_OK;
	}
	/* Whole blocks can be cut between any two; what else can, only the core could say. */
	status = (pieces.lengths & (info->block_bytes - 1)) == 0 ? prepare_table(lane, io, request)
								 : ORION_NO_MAPPING;
	return status == ORION_NO_MAPPING ? bounce(lane, io, pieces.bytes, request) : status;
}

/* ---- any request ---- */

/* A layer above has shared its memory with the device. */
static orion_status
prepare_mapped(const struct storage_lane *lane, const struct orion_io *io,
	       struct vblk_request *request)
{
	if (io->operation != STORAGE_IDENTIFY && io->operation > ORION_WRITE)
		return ORION_INVALID;
	if (io->operation == ORION_WRITE && lane->largest < ORION_WRITE)
		return ORION_READ_ONLY;
	request->sector = io->offset >> SECTOR_SHIFT;
	request->segments = io->buffer;
	request->segment_count = io->vectors;
	return ORION_OK;
}

/* A write that is to be stable when it completes.  [spec 5.2.6.2] */
static orion_status
prepare_stable(const struct storage_lane *lane, struct orion_io *io)
{
	enum storage_promise promise = storage_word_promise(lane->connection);

	if (io->flags != ORION_FUA || io->operation != ORION_WRITE)
		return ORION_INVALID;
	if (promise == STORAGE_PROMISE_NONE && !lane->instance->durable)
		return ORION_NOT_SUPPORTED;
	if (promise == STORAGE_PROMISE_FLUSH)
		storage_private(io)->segment.unused = STORAGE_FLUSHES;
	return ORION_OK;
}

orion_status
storage_prepare(struct storage_lane *lane, struct orion_io *io, struct vblk_request *request)
{
	struct storage_private *own = storage_private(io);

	*request = (struct vblk_request){.cookie = (uintptr_t)io, .operation = io->operation};
	if ((own->segment.unused & STORAGE_FLUSHING) != 0) {
		request->operation = VBLK_FLUSH;
		return storage_flush_begin(lane, io);
	}
	own->segment.unused = 0;
	if (io->flags == STORAGE_MAPPED && lane->instance->maps)
		return prepare_mapped(lane, io, request);
	if (io->flags != 0) {
		orion_status status = prepare_stable(lane, io);

		if (status != ORION_OK)
			return status;
	}
	switch (io->operation) {
	case ORION_READ:
	case ORION_WRITE:
		if (io->operation > lane->largest)
			return ORION_READ_ONLY;
		request->sector = io->offset >> SECTOR_SHIFT;
		return io->vectors == 0 ? prepare_buffer(lane, io, request)
					: prepare_vectors(lane, io, request);
	case ORION_FLUSH:
		return storage_flush_begin(lane, io);
	case STORAGE_IDENTIFY:
		/* Ours alone: no program's buffer is known to have the room. */
		if (io == lane->identify)
			return bounce(lane, io, VIRTIO_BLK_ID_BYTES, request);
		break;
	default:
		break;
	}
	return ORION_INVALID;
}

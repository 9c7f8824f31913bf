/* SPDX-License-Identifier: MIT */
/* Requests that are not plain: other memory, vectors, flushes, wrong ones; bounce buffers. */
#include "ports/linux/disk.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#define SECTOR_SHIFT 9

/* What a request has of the queue's: io_private.segment.unused. */
#define BOUNCED 1u      /* bounce memory */
#define TABLED 2u       /* queue->tables[segment.length] */

/* ---- what the core would refuse ---- */

/*
 * A read or write that is refused must leave nothing behind in memory that the device reads, so the
 * core's rules are looked at before anything is copied.
 */
static int
check_data(const struct orion_queue *queue, const struct orion_io *io, uint64_t bytes)
{
	const struct vblk_info *info = vblk_info(queue->session->device);
	uint64_t capacity = __atomic_load_n(&info->capacity_sectors, __ATOMIC_RELAXED);
	uint64_t sector = io->offset >> SECTOR_SHIFT;

	if (bytes == 0 || ((io->offset | bytes) & (info->block_bytes - 1)) != 0)
		return -EINVAL;
	if (sector > capacity || bytes >> SECTOR_SHIFT > capacity - sector)
		return -ERANGE;
	return bytes > VBLK_REQUEST_BYTES_MAX ? -E2BIG : 0;
}

/* ---- bounce buffers ---- */

static void
copy_in(unsigned char *to, const struct orion_io *io)
{
	const struct iovec *vector = io->buffer;

	if (io->vectors == 0) {
		memcpy(to, io->buffer, io->bytes);
		return;
	}
	for (unsigned i = 0; i < io->vectors; to += vector[i].iov_len, i++)
		memcpy(to, vector[i].iov_base, vector[i].iov_len);
}

static void
copy_out(const unsigned char *from, const struct orion_io *io)
{
	const struct iovec *vector = io->buffer;

	if (io->vectors == 0) {
		memcpy(io->buffer, from, io->bytes);
		return;
	}
	for (unsigned i = 0; i < io->vectors; from += vector[i].iov_len, i++)
		memcpy(vector[i].iov_base, from, vector[i].iov_len);
}

static unsigned char *
bounce_at(const struct orion_queue *queue, const struct io_private *own)
{
	return queue->bounce_base + (own->segment.device_address - queue->bounce_device);
}

static uint32_t
bounce_page(const struct orion_queue *queue, const struct io_private *own)
{
	return (uint32_t)((own->segment.device_address - queue->bounce_device) / DMA_PAGE);
}

/* BYTES of bounce memory become the one segment of REQUEST. */
static int
bounce(struct orion_queue *queue, struct orion_io *io, uint64_t bytes, struct vblk_request *request)
{
	struct io_private *own = io_private(io);
	uint32_t pages = (uint32_t)((bytes + DMA_PAGE - 1) / DMA_PAGE), first;

	request->segments = &own->segment;
	request->segment_count = 1;
	if (bytes > (uint64_t)queue->bounce.count * DMA_PAGE)
		return -E2BIG;
	/* Without room in the ring there would be nothing but the copy. */
	if (vblk_in_flight(queue->ring) >= vblk_info(queue->session->device)->queue_depth)
		return -EAGAIN;
	first = pages_take(&queue->bounce, pages, 1);
	if (first == UINT32_MAX)
		return -EAGAIN;
	own->segment.device_address = queue->bounce_device + (uint64_t)first * DMA_PAGE;
	own->segment.length = (uint32_t)bytes;
	own->segment.unused = BOUNCED;
	/*
	 * A device may answer without having written all of it: what it leaves out must not be
	 * another request's.
	 */
	if (io->operation == ORION_WRITE)
		copy_in(bounce_at(queue, own), io);
	else
		memset(bounce_at(queue, own), 0, bytes);
	return 0;
}

void
io_release(struct orion_queue *queue, struct orion_io *io)
{
	struct io_private *own = io_private(io);

	if (io->operation == ORION_FLUSH)
		flush_drop(queue, io);
	else if (own->segment.unused == BOUNCED)
		pages_give(&queue->bounce, bounce_page(queue, own));
	else if (own->segment.unused == TABLED)
		queue->tables_used &= (uint16_t) ~(1u << own->segment.length);
	own->segment.unused = 0;
}

void
io_refuse(struct orion_queue *queue, struct orion_io *io)
{
	const struct io_private *own = io_private(io);

	if (own->segment.unused == BOUNCED)
		memset(bounce_at(queue, own), 0, own->segment.length);
	io_release(queue, io);
}

void
io_give(struct orion_queue *queue, struct orion_io *io)
{
	const struct io_private *own = io_private(io);

	if (io->operation != ORION_FLUSH && own->segment.unused == BOUNCED) {
		count_up(&queue->counters.bounced, 1);
		count_up(&queue->counters.bounced_bytes, own->segment.length);
		if (io->operation != ORION_WRITE && io->result == 0)
			copy_out(bounce_at(queue, own), io);
	}
	io_release(queue, io);
}

/* ---- one buffer ---- */

static int
prepare_buffer(struct orion_queue *queue, struct orion_io *io, struct vblk_request *request)
{
	struct io_private *own = io_private(io);
	struct dma_place place;
	int result;

	if (io->bytes == 0 || io->buffer == NULL)
		return -EINVAL;
	result = check_data(queue, io, io->bytes);
	if (result != 0)
		return result;
	if (!dma_find(&queue->disk->memory, io->buffer, io->bytes, &place))
		return bounce(queue, io, io->bytes, request);
	/* The next one probably lies there, too. */
	queue->near = place;
	own->segment.device_address = dma_device(&place, io->buffer);
	own->segment.length = io->bytes;
	request->segments = &own->segment;
	request->segment_count = 1;
	return 0;
}

/* ---- vectors ---- */

/* What a vector is, all in all. */
struct pieces {
	uint64_t bytes;
	size_t longest;
	size_t lengths;         /* of all pieces, or'ed */
};

static int
measure(const struct orion_io *io, struct pieces *pieces)
{
	const struct iovec *vector = io->buffer;

	*pieces = (struct pieces){0, 0, 0};
	if (io->vectors > ORION_VECTORS_MAX || vector == NULL)
		return -EINVAL;
	for (unsigned i = 0; i < io->vectors; i++) {
		size_t length = vector[i].iov_len;

		if (vector[i].iov_base == NULL || length == 0 || length > VBLK_REQUEST_BYTES_MAX)
			return -EINVAL;
		pieces->bytes += length;
		pieces->lengths |= length;
		pieces->longest = length > pieces->longest ? length : pieces->longest;
	}
	return 0;
}

/* Each piece as a segment; false when one lies in memory that the device does not reach. */
static bool
map_pieces(const struct orion_queue *queue, const struct orion_io *io, struct vblk_segment *out)
{
	const struct iovec *vector = io->buffer;

	for (unsigned i = 0; i < io->vectors; i++, out++) {
		struct dma_place place;

		if (!dma_find(&queue->disk->memory, vector[i].iov_base, vector[i].iov_len, &place))
			return false;
		*out = (struct vblk_segment){dma_device(&place, vector[i].iov_base),
					     (uint32_t)vector[i].iov_len, 0};
	}
	return true;
}

/*
 * Over the limits of one device request, the core cuts it into parts, for which the segments stay
 * in a table of the queue's.  -ENOTSUP: it is to be copied.
 */
static int
prepare_table(struct orion_queue *queue, struct orion_io *io, struct vblk_request *request)
{
	struct io_private *own = io_private(io);
	unsigned table = 0;

	while (table < TABLES && (queue->tables_used >> table & 1) != 0)
		table++;
	if (table == TABLES)
		return -EAGAIN;
	if (!map_pieces(queue, io, queue->tables[table]))
		return -ENOTSUP;
	queue->tables_used |= (uint16_t)(1u << table);
	own->segment.unused = TABLED;
	own->segment.length = table;
	request->segments = queue->tables[table];
	request->segment_count = io->vectors;
	return 0;
}

static int
prepare_vectors(struct orion_queue *queue, struct orion_io *io, struct vblk_request *request)
{
	const struct vblk_info *info = vblk_info(queue->session->device);
	uint64_t limit = (uint64_t)info->request_sectors_max << SECTOR_SHIFT;
	struct pieces pieces;
	int result = measure(io, &pieces);

	if (result == 0)
		result = check_data(queue, io, pieces.bytes);
	if (result != 0)
		return result;
	if (io->vectors <= info->segments_max && io->vectors <= VECTORS_MAPPED &&
	    pieces.bytes <= limit && pieces.longest <= info->segment_bytes_max) {
		if (!map_pieces(queue, io, queue->segments))
			return bounce(queue, io, pieces.bytes, request);
		request->segments = queue->segments;
		request->segment_count = io->vectors;
		return 0;
	}
	/* Whole blocks can be cut between any two; what else can, only the core could say. */
	result = (pieces.lengths & (info->block_bytes - 1)) == 0 ? prepare_table(queue, io, request)
								 : -ENOTSUP;
	return result == -ENOTSUP ? bounce(queue, io, pieces.bytes, request) : result;
}

/* ---- any request ---- */

int
io_prepare(struct orion_queue *queue, struct orion_io *io, struct vblk_request *request)
{
	struct io_private *own = io_private(io);

	*request = (struct vblk_request){.cookie = (uintptr_t)io, .operation = io->operation};
	own->segment.unused = 0;
	if (io->flags != 0)
		return -EINVAL;
	switch (io->operation) {
	case ORION_READ:
	case ORION_WRITE:
		if (io->operation > queue->largest)
			return -EROFS;
		request->sector = io->offset >> SECTOR_SHIFT;
		return io->vectors == 0 ? prepare_buffer(queue, io, request)
					: prepare_vectors(queue, io, request);
	case ORION_FLUSH:
		return flush_begin(queue, io);
	case IO_IDENTIFY:
		/* Ours alone: no program's buffer is known to have the room. */
		if (io == &queue->sync[0])
			return bounce(queue, io, VIRTIO_BLK_ID_BYTES, request);
		break;
	default:
		break;
	}
	return -EINVAL;
}

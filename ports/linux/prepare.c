/* SPDX-License-Identifier: MIT */
/* Requests that are not plain: other memory, vectors, flushes, wrong ones; bounce buffers. */
#include "ports/linux/disk.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#define SECTOR_SHIFT 9
#define BOUNCED 1u

/* ---- bounce buffers ---- */

static void
count_bounce(struct orion_queue *queue, uint64_t bytes)
{
	queue->counters.bounced++;
	queue->counters.bounced_bytes += bytes;
}

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

static int
bounce(struct orion_queue *queue, struct orion_io *io, uint64_t bytes)
{
	struct io_private *own = io_private(io);
	uint32_t pages = (uint32_t)((bytes + DMA_PAGE - 1) / DMA_PAGE), first;

	if (bytes > (uint64_t)queue->bounce.count * DMA_PAGE)
		return -E2BIG;
	first = pages_take(&queue->bounce, pages, 1);
	if (first == UINT32_MAX)
		return queue->bounce.free == queue->bounce.count ? -E2BIG : -EAGAIN;
	own->segment.device_address = queue->bounce_device + (uint64_t)first * DMA_PAGE;
	own->segment.length = (uint32_t)bytes;
	own->segment.unused = BOUNCED;
	if (io->operation == ORION_WRITE)
		copy_in(bounce_at(queue, own), io);
	count_bounce(queue, bytes);
	return 0;
}

void
io_release(struct orion_queue *queue, struct orion_io *io)
{
	struct io_private *own = io_private(io);

	if (io->operation == ORION_FLUSH)
		flush_drop(queue, io);
	else if (own->segment.unused == BOUNCED)
		pages_give(&queue->bounce,
			   (uint32_t)((own->segment.device_address - queue->bounce_device) /
				      DMA_PAGE));
	own->segment.unused = 0;
}

void
io_give(struct orion_queue *queue, struct orion_io *io)
{
	const struct io_private *own = io_private(io);

	if (own->segment.unused == BOUNCED && io->operation != ORION_WRITE && io->result == 0)
		copy_out(bounce_at(queue, own), io);
	io_release(queue, io);
}

/* ---- one buffer ---- */

static int
prepare_buffer(struct orion_queue *queue, struct orion_io *io, struct vblk_request *request)
{
	struct io_private *own = io_private(io);
	struct dma_region *region = dma_find(&queue->disk->memory, io->buffer, io->bytes);

	if (io->bytes == 0 || io->buffer == NULL)
		return -EINVAL;
	request->segments = &own->segment;
	request->segment_count = 1;
	if (region == NULL)
		return bounce(queue, io, io->bytes);
	/* The next one probably lies there, too. */
	queue->region = region;
	own->segment.device_address =
		region->device + (uint64_t)((unsigned char *)io->buffer - region->base);
	own->segment.length = io->bytes;
	return 0;
}

/* ---- vectors ---- */

/* All of them in registered memory, few and short enough for one device request? */
static bool
map_vectors(struct orion_queue *queue, const struct orion_io *io)
{
	const struct vblk_info *info = vblk_info(queue->session->device);
	const struct iovec *vector = io->buffer;

	if (io->vectors > info->segments_max || io->vectors > VECTORS_MAPPED)
		return false;
	for (unsigned i = 0; i < io->vectors; i++) {
		const struct dma_region *region =
			dma_find(&queue->disk->memory, vector[i].iov_base, vector[i].iov_len);

		if (region == NULL || vector[i].iov_len > info->segment_bytes_max)
			return false;
		queue->segments[i] = (struct vblk_segment){
			region->device +
				(uint64_t)((unsigned char *)vector[i].iov_base - region->base),
			(uint32_t)vector[i].iov_len, 0};
	}
	return true;
}

static int
prepare_vectors(struct orion_queue *queue, struct orion_io *io, struct vblk_request *request)
{
	const struct iovec *vector = io->buffer;
	uint64_t bytes = 0, limit;

	if (io->vectors > ORION_VECTORS_MAX || vector == NULL)
		return -EINVAL;
	for (unsigned i = 0; i < io->vectors; i++) {
		if (vector[i].iov_base == NULL || vector[i].iov_len == 0 ||
		    vector[i].iov_len > VBLK_REQUEST_BYTES_MAX)
			return -EINVAL;
		bytes += vector[i].iov_len;
	}
	limit = (uint64_t)vblk_info(queue->session->device)->request_sectors_max << SECTOR_SHIFT;
	if (bytes <= limit && map_vectors(queue, io)) {
		request->segments = queue->segments;
		request->segment_count = io->vectors;
		return 0;
	}
	/* Too many pieces, or strangers among them: one bounce buffer, which the core may cut. */
	request->segments = &io_private(io)->segment;
	request->segment_count = 1;
	return bounce(queue, io, bytes);
}

/* ---- any request ---- */

static int
prepare_data(struct orion_queue *queue, struct orion_io *io, struct vblk_request *request)
{
	if (io->operation == ORION_WRITE && queue->largest < ORION_WRITE)
		return -EROFS;
	if (io->offset % VBLK_SECTOR_BYTES != 0)
		return -EINVAL;
	request->sector = io->offset >> SECTOR_SHIFT;
	return io->vectors == 0 ? prepare_buffer(queue, io, request)
				: prepare_vectors(queue, io, request);
}

int
io_prepare(struct orion_queue *queue, struct orion_io *io, struct vblk_request *request)
{
	struct io_private *own = io_private(io);

	*request = (struct vblk_request){.cookie = (uintptr_t)io, .operation = io->operation};
	own->segment.unused = 0;
	own->sequence = queue->sequence++;
	if (io->flags != 0)
		return -EINVAL;
	if (io->operation <= ORION_WRITE)
		return prepare_data(queue, io, request);
	if (io->operation == IO_IDENTIFY) {
		request->segments = &own->segment;
		request->segment_count = 1;
		return bounce(queue, io, io->bytes);
	}
	if (io->operation != ORION_FLUSH)
		return -EINVAL;
	return flush_begin(queue, io);
}

/* SPDX-License-Identifier: MIT */
/* Block requests as the device carries them out [spec 5.2.6]. */
#include "model/private.h"

#include <limits.h>
#include <string.h>

#define HEADER_BYTES sizeof(struct virtio_blk_header)
#define STATUS_ODD 0x77u

/* A request, unpacked. */
struct request {
	struct model_queue *queue;
	const struct model_chain *chain;
	uint32_t type;
	uint64_t sector;
	uint64_t data_out, data_in; /* data bytes that the device may read, may write */
	uint64_t wrote; /* data bytes written */
};

/*
 * Copies between BUFFER and the chain's readable or writable bytes, BYTES from OFFSET on.  The
 * pieces were reachable when the chain was fetched; a piece that is not any more is a breach.
 */
static bool
copy(struct model_queue *q, const struct model_chain *chain, bool writable, uint64_t offset,
     uint8_t *buffer, uint64_t bytes)
{
	for (uint32_t i = 0; i < chain->count && bytes > 0; i++) {
		const struct model_piece *p = &chain->pieces[i];
		uint64_t n = p->bytes;
		uint8_t *cpu;

		if (p->writable != writable)
			continue;
		if (offset >= n) {
			offset -= n;
			continue;
		}
		n = n - offset < bytes ? n - offset : bytes;
		cpu = model_host_at(q->host, p->address + offset, (size_t)n);
		if (cpu == NULL) {
			model_queue_breached(q, MODEL_BREACH_MEMORY, p->address, p->bytes, 3);
			return false;
		}
		if (writable) {
			for (uint64_t b = 0; n <= 8 && b < n; b++)
				model_step_device_store(cpu + b, 1);
			memcpy(cpu, buffer, (size_t)n);
		} else {
			memcpy(buffer, cpu, (size_t)n);
		}
		buffer += n;
		bytes -= n;
		offset = 0;
	}
	return bytes == 0;
}

static void
breached(const struct request *r, model_breach breach, uint64_t a, uint64_t b)
{
	model_breached(r->queue->host, breach, r->queue->index, r->type, a, b);
}

static bool
has(const struct request *r, unsigned feature)
{
	return (r->queue->device->negotiated & VIRTIO_BIT(feature)) != 0;
}

/* seg_max and size_max bind the data segments: pieces that hold more than header and status. */
static void
check_segments(const struct request *r)
{
	const struct model_options *o = &r->queue->device->options;
	uint64_t before = 0, all = r->chain->readable + r->chain->writable;
	uint32_t segments = 0;

	for (uint32_t i = 0; i < r->chain->count; i++) {
		uint64_t end = before + r->chain->pieces[i].bytes;
		uint64_t data_first = before < HEADER_BYTES ? HEADER_BYTES : before;
		uint64_t data_end = end == all ? end - 1 : end;

		if (data_end > data_first) {
			segments++;
			if (has(r, VIRTIO_BLK_F_SIZE_MAX) && o->size_max != 0 &&
			    data_end - data_first > o->size_max) {
				breached(r, MODEL_BREACH_SEGMENT_LONG, data_end - data_first,
					 o->size_max);
			}
		}
		before = end;
	}
	if (has(r, VIRTIO_BLK_F_SEG_MAX) && o->seg_max != 0 && segments > o->seg_max)
		breached(r, MODEL_BREACH_SEGMENTS_MANY, segments, o->seg_max);
}

/* Whole sectors within the disk. */
static bool
check_range(const struct request *r, uint64_t bytes)
{
	uint64_t capacity = r->queue->device->options.capacity_sectors;
	uint64_t sectors = bytes / VIRTIO_BLK_SECTOR_BYTES;

	if (bytes == 0 || bytes % VIRTIO_BLK_SECTOR_BYTES != 0) {
		breached(r, MODEL_BREACH_DATA_LENGTH, bytes, r->sector);
		return false;
	}
	if (r->sector > capacity || sectors > capacity - r->sector) {
		breached(r, MODEL_BREACH_BEYOND_CAPACITY, r->sector, sectors);
		return false;
	}
	return true;
}

static bool
is_failing(const struct request *r, uint64_t bytes)
{
	const struct model_device *d = r->queue->device;

	return d->fail_sector != UINT64_MAX && d->fail_sector >= r->sector &&
	       d->fail_sector - r->sector < bytes / VIRTIO_BLK_SECTOR_BYTES;
}

/* The offer counts, whether or not the driver took it [spec 5.2.6.2]. */
static bool
is_read_only(const struct model_device *d)
{
	return (d->options.features & VIRTIO_BIT(VIRTIO_BLK_F_RO)) != 0;
}

static uint8_t
run_transfer(struct request *r, bool in)
{
	struct model_device *d = r->queue->device;
	uint64_t bytes = in ? r->data_in : r->data_out;
	uint8_t block[4096];

	if ((in ? r->data_out : r->data_in) != 0) {
		breached(r, MODEL_BREACH_DATA_LENGTH, r->data_out, r->data_in);
		return VIRTIO_BLK_S_IOERR;
	}
	if (!check_range(r, bytes) || (!in && is_read_only(d)))
		return VIRTIO_BLK_S_IOERR;
	if (is_failing(r, bytes))
		return d->fail_status;
	if (model_trick_now(d, MODEL_MISCHIEF_DATA_NONE, NULL))
		return VIRTIO_BLK_S_OK;
	for (uint64_t at = 0; at < bytes; at += sizeof(block)) {
		uint64_t n = bytes - at < sizeof(block) ? bytes - at : sizeof(block);
		uint64_t place = r->sector * VIRTIO_BLK_SECTOR_BYTES + at;

		if (in)
			model_disk_read(&d->disk, place, block, (size_t)n);
		if (!copy(r->queue, r->chain, in, in ? at : HEADER_BYTES + at, block, n))
			return VIRTIO_BLK_S_IOERR;
		if (!in)
			model_disk_write(&d->disk, place, block, (size_t)n);
		if (!in && d->options.cache && model_writes_through(d))
			model_disk_write(&d->stable, place, block, (size_t)n);
	}
	r->wrote = in ? bytes : 0;
	return VIRTIO_BLK_S_OK;
}

/* The device has no such request, or was not asked for it.  [spec 5.2.6] */
static uint8_t
run_unknown(const struct request *r)
{
	breached(r, MODEL_BREACH_TYPE, r->sector, r->queue->device->negotiated);
	r->queue->device->stats.unsupported++;
	return VIRTIO_BLK_S_UNSUPP;
}

static uint8_t
run_flush(struct request *r)
{
	struct model_device *d = r->queue->device;

	if (r->sector != 0 || r->data_out != 0 || r->data_in != 0)
		breached(r, MODEL_BREACH_FLUSH_FIELDS, r->sector, r->data_out + r->data_in);
	if (!has(r, VIRTIO_BLK_F_FLUSH))
		return run_unknown(r);
	d->stats.flushes++;
	if (is_failing(r, VIRTIO_BLK_SECTOR_BYTES))
		return d->fail_status;
	if (d->options.cache)
		model_disk_copy(&d->stable, &d->disk);
	return VIRTIO_BLK_S_OK;
}

static uint8_t
run_get_id(struct request *r)
{
	struct model_device *d = r->queue->device;

	if (r->data_in != VIRTIO_BLK_ID_BYTES || r->data_out != 0) {
		breached(r, MODEL_BREACH_DATA_LENGTH, r->data_out, r->data_in);
		return VIRTIO_BLK_S_IOERR;
	}
	if (!copy(r->queue, r->chain, true, 0, (uint8_t *)d->serial, VIRTIO_BLK_ID_BYTES))
		return VIRTIO_BLK_S_IOERR;
	d->stats.ids++;
	r->wrote = VIRTIO_BLK_ID_BYTES;
	return VIRTIO_BLK_S_OK;
}

static uint8_t
run_by_type(struct request *r)
{
	struct model_device_stats *stats = &r->queue->device->stats;

	check_segments(r);
	switch (r->type) {
	case VIRTIO_BLK_T_IN:
		stats->reads++;
		return run_transfer(r, true);
	case VIRTIO_BLK_T_OUT:
		stats->writes++;
		return run_transfer(r, false);
	case VIRTIO_BLK_T_FLUSH:
		return run_flush(r);
	case VIRTIO_BLK_T_GET_ID:
		return run_get_id(r);
	default:
		return run_unknown(r);
	}
}

/* A legacy driver that did not accept ANY_LAYOUT keeps header and status apart.  [spec 5.2.6.4] */
static void
check_framing(const struct request *r)
{
	const struct model_chain *c = r->chain;

	if (r->queue->device->legacy && !has(r, VIRTIO_F_ANY_LAYOUT) &&
	    (c->pieces[0].bytes != HEADER_BYTES || c->pieces[c->count - 1].bytes != 1))
		breached(r, MODEL_BREACH_FRAMING, c->pieces[0].bytes,
			 c->pieces[c->count - 1].bytes);
}

static bool
read_header(struct request *r)
{
	uint8_t header[HEADER_BYTES];
	uint32_t reserved;

	if (r->chain->readable < HEADER_BYTES ||
	    !copy(r->queue, r->chain, false, 0, header, HEADER_BYTES)) {
		breached(r, MODEL_BREACH_HEADER, r->chain->readable, 0);
		return false;
	}
	r->type = model_get32(header);
	reserved = model_get32(header + offsetof(struct virtio_blk_header, reserved));
	r->sector = model_get64(header + offsetof(struct virtio_blk_header, sector));
	if (reserved != 0)
		breached(r, MODEL_BREACH_HEADER, r->chain->readable, reserved);
	r->data_out = r->chain->readable - HEADER_BYTES;
	r->data_in = r->chain->writable - 1;
	return true;
}

uint32_t
model_request_run(struct model_queue *q, const struct model_chain *chain)
{
	struct request r = {.queue = q, .chain = chain};
	uint8_t status = VIRTIO_BLK_S_IOERR;
	uint64_t value;

	if (chain->writable == 0) {
		breached(&r, MODEL_BREACH_STATUS_BYTE, chain->readable, chain->count);
		return 0;
	}
	check_framing(&r);
	if (read_header(&r))
		status = run_by_type(&r);
	q->device->stats.errors += status == VIRTIO_BLK_S_IOERR;
	if (model_trick_now(q->device, MODEL_MISCHIEF_STATUS_NONE, NULL))
		return (uint32_t)r.wrote;
	if (model_trick_now(q->device, MODEL_MISCHIEF_STATUS_ODD, &value))
		status = value != 0 ? (uint8_t)value : STATUS_ODD;
	(void)copy(q, chain, true, chain->writable - 1, &status, 1);
	/* The length counts from the first writable byte: all or, when data is missing, nothing. */
	return r.wrote == chain->writable - 1 ? (uint32_t)chain->writable : (uint32_t)r.wrote;
}

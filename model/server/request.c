/* SPDX-License-Identifier: MIT */
/* Block requests, carried out [spec 5.2.6].  How they are cut into descriptors doesn't matter. */
#include "model/server/server.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define FAILED UINT64_MAX

/* Takes the header off the front of the chain.  Returns the first piece behind it, 0: too short. */
static uint32_t
take_header(struct chain *chain, struct virtio_blk_header *header)
{
	size_t missing = sizeof(*header);

	for (uint32_t i = 0; i < chain->readable; i++) {
		struct piece *piece = &chain->pieces[i];
		size_t n = piece->bytes < missing ? piece->bytes : missing;

		memcpy((unsigned char *)(header + 1) - missing, piece->base, n);
		piece->base += n;
		piece->bytes -= n;
		missing -= n;
		if (missing == 0) {
			arch_order_observe();
			return piece->bytes != 0 ? i : i + 1;
		}
	}
	return UINT32_MAX;
}

/* Takes the last writable byte, which exists, off the end of the chain. */
static uint8_t *
take_status(struct chain *chain)
{
	struct piece *piece = &chain->pieces[chain->count - 1];

	while (piece->bytes == 0)
		piece--;
	piece->bytes--;
	chain->writable_bytes--;
	return piece->base + piece->bytes;
}

static uint64_t
sum(const struct chain *chain, uint32_t first, uint32_t end)
{
	uint64_t bytes = 0;

	for (; first < end; first++)
		bytes += chain->pieces[first].bytes;
	return bytes;
}

/* Whole blocks of the disk. */
static bool
is_on_disk(const struct queue *queue, uint64_t sector, uint64_t bytes)
{
	uint64_t block = queue->session->options->block - 1, size = queue->session->disk->bytes;

	return bytes != 0 && (bytes & block) == 0 && sector <= size / VIRTIO_BLK_SECTOR_BYTES &&
	       (sector * VIRTIO_BLK_SECTOR_BYTES & block) == 0 &&
	       bytes <= size - sector * VIRTIO_BLK_SECTOR_BYTES;
}

static uint8_t
run_read(struct queue *queue, uint64_t sector, uint64_t readable)
{
	const struct chain *chain = &queue->chain;
	const struct disk *disk = queue->session->disk;
	uint64_t offset = sector * VIRTIO_BLK_SECTOR_BYTES;

	if (readable != 0 || !is_on_disk(queue, sector, chain->writable_bytes))
		return VIRTIO_BLK_S_IOERR;
	queue->bytes += chain->writable_bytes;
	if (disk->base == NULL)
		return VIRTIO_BLK_S_OK;
	for (uint32_t i = chain->readable; i < chain->count; i++) {
		disk_read(disk, offset, chain->pieces[i].base, chain->pieces[i].bytes);
		offset += chain->pieces[i].bytes;
	}
	return VIRTIO_BLK_S_OK;
}

static uint8_t
run_flush(struct queue *queue)
{
	if (!disk_flush(queue->session->disk))
		return VIRTIO_BLK_S_IOERR;
	return VIRTIO_BLK_S_OK;
}

static uint8_t
run_write(struct queue *queue, uint64_t sector, uint32_t first, uint64_t readable)
{
	const struct chain *chain = &queue->chain;
	struct disk *disk = queue->session->disk;
	uint64_t offset = sector * VIRTIO_BLK_SECTOR_BYTES;

	if (chain->writable_bytes != 0 || !is_on_disk(queue, sector, readable) ||
	    queue->session->options->read_only)
		return VIRTIO_BLK_S_IOERR;
	queue->bytes += readable;
	if (disk->base == NULL)
		return VIRTIO_BLK_S_OK;
	for (; first < chain->readable; first++) {
		disk_write(disk, offset, chain->pieces[first].base, chain->pieces[first].bytes);
		offset += chain->pieces[first].bytes;
	}
	if (session_writes_through(queue->session))
		return run_flush(queue);
	return VIRTIO_BLK_S_OK;
}

static uint8_t
run_get_id(struct queue *queue)
{
	const struct chain *chain = &queue->chain;
	char id[VIRTIO_BLK_ID_BYTES] = {0};
	size_t done = 0;

	if (chain->writable_bytes != sizeof(id))
		return VIRTIO_BLK_S_IOERR;
	memcpy(id, queue->session->options->serial,
	       strnlen(queue->session->options->serial, sizeof(id)));
	for (uint32_t i = chain->readable; i < chain->count; i++) {
		memcpy(chain->pieces[i].base, id + done, chain->pieces[i].bytes);
		done += chain->pieces[i].bytes;
	}
	return VIRTIO_BLK_S_OK;
}

static uint8_t
run(struct queue *queue, const struct virtio_blk_header *header, uint32_t first)
{
	uint64_t sector = le64_to_cpu(header->sector);
	uint64_t readable = sum(&queue->chain, first, queue->chain.readable);

	switch (le32_to_cpu(header->type)) {
	case VIRTIO_BLK_T_IN:
		return run_read(queue, sector, readable);
	case VIRTIO_BLK_T_OUT:
		return run_write(queue, sector, first, readable);
	case VIRTIO_BLK_T_FLUSH:
		if (!session_has(queue->session, VIRTIO_BLK_F_FLUSH))
			return VIRTIO_BLK_S_UNSUPP;
		return run_flush(queue);
	case VIRTIO_BLK_T_GET_ID:
		return run_get_id(queue);
	default:
		return VIRTIO_BLK_S_UNSUPP;
	}
}

uint64_t
request_run(struct queue *queue)
{
	struct chain *chain = &queue->chain;
	struct virtio_blk_header header;
	uint8_t *status, result;
	uint32_t first;

	if (chain->writable_bytes == 0) {
		(void)session_fail(queue->session, "queue %u: a request without a status byte",
				   queue->index);
		return FAILED;
	}
	first = take_header(chain, &header);
	if (first == UINT32_MAX) {
		(void)session_fail(queue->session,
				   "queue %u: a request whose header is shorter than 16 bytes",
				   queue->index);
		return FAILED;
	}
	status = take_status(chain);
	result = run(queue, &header, first);
	shared_put8(status, result);
	queue->requests++;
	if (--queue->left == 0)
		kill(getpid(), SIGKILL);
	/* What counts is written from the first byte on: all, or nothing that is vouched for. */
	return result == VIRTIO_BLK_S_OK || chain->writable_bytes == 0 ? chain->writable_bytes + 1
								       : 0;
}

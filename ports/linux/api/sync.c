/* SPDX-License-Identifier: MIT */
/* Synchronous reads, writes and flushes, and the serial number.  The manual is orion/disk.h. */
#include "ports/linux/disk.h"

#include <errno.h>
#include <time.h>

#include "orion/serial.h"

_Static_assert(ORION_SERIAL_BYTES == VIRTIO_BLK_ID_BYTES && ORION_ID_BYTES == VIRTIO_BLK_ID_BYTES,
	       "a serial number");

#define PIECE_BYTES ((size_t)1 << 20)
#define SYNC_DEPTH (sizeof(((struct orion_queue *)NULL)->sync) / sizeof(struct orion_io))

/* Waits for one piece, and returns its result; *FREE is the request to use again. */
static int
one_back(struct orion_queue *queue, struct orion_io **free)
{
	while (orion_queue_wait(queue, free, 1, -1) == 0) {
		if (disk_state(queue->disk) == STORAGE_FOREIGN)
			return -ECHILD;
	}
	return (*free)->result;
}

/* A quarter of the bounce memory, so that some are in flight; whole blocks, and at least one. */
static size_t
piece_bytes(const struct orion_queue *queue)
{
	size_t block = queue->disk->first.block_bytes;
	size_t bytes = (size_t)queue->lane.bounce.count * STORAGE_PAGE / 4;

	bytes = (bytes < PIECE_BYTES ? bytes : PIECE_BYTES) & ~(block - 1);
	return bytes > block ? bytes : block;
}

/*
 * Hands IO over.  -EAGAIN only while something else is in flight: a connection that is being
 * dropped takes nothing for a moment.
 */
static int
hand_in(struct orion_queue *queue, struct orion_io *io)
{
	const struct timespec pause = {0, 1000000};

	while (orion_queue_submit(queue, &io, 1) == 0) {
		int refusal = orion_queue_refusal(queue);

		if (refusal != -EAGAIN || orion_queue_in_flight(queue) != 0)
			return refusal;
		nanosleep(&pause, NULL);
	}
	orion_queue_kick(queue);
	return 0;
}

/* The pieces of one transfer. */
struct transfer {
	uint8_t operation;
	unsigned char *buffer;
	size_t bytes, at, piece;
	uint64_t offset;
	struct orion_io *free[SYNC_DEPTH];
	unsigned left;          /* free */
	unsigned flying;
	int result;             /* the first error */
};

/* Hands pieces over as long as there are some, and room. */
static void
fill(struct orion_queue *queue, struct transfer *transfer)
{
	while (transfer->at < transfer->bytes && transfer->left > 0 && transfer->result == 0) {
		size_t rest = transfer->bytes - transfer->at;
		struct orion_io *io = transfer->free[transfer->left - 1];
		int result;

		*io = (struct orion_io){
			.offset = transfer->offset + transfer->at,
			.buffer = transfer->buffer + transfer->at,
			.bytes = (uint32_t)(rest < transfer->piece ? rest : transfer->piece),
			.operation = transfer->operation,
		};
		result = hand_in(queue, io);
		if (result == -EAGAIN)
			return;
		if (result != 0) {
			transfer->result = result;
			return;
		}
		transfer->left--;
		transfer->flying++;
		transfer->at += io->bytes;
	}
}

static int
transfer(struct orion_queue *queue, uint8_t operation, unsigned char *buffer, size_t bytes,
	 uint64_t offset)
{
	struct transfer transfer = {operation, buffer, bytes, 0, piece_bytes(queue),
				    offset,    {NULL}, 0,     0, 0};

	transfer.left = queue->lane.depth < SYNC_DEPTH ? queue->lane.depth : SYNC_DEPTH;
	for (unsigned i = 0; i < transfer.left; i++)
		transfer.free[i] = &queue->sync[i];
	for (;;) {
		int result;

		fill(queue, &transfer);
		if (transfer.flying == 0)
			return transfer.result;
		result = one_back(queue, &transfer.free[transfer.left]);
		if (result == -ECHILD)
			return result;
		transfer.left++;
		transfer.flying--;
		if (transfer.result == 0)
			transfer.result = result;
	}
}

static int
check(struct orion_queue *queue)
{
	orion_status status = ORION_OK;

	if (queue == NULL)
		return -EINVAL;
	if (disk_state(queue->disk) == STORAGE_FOREIGN)
		status = ORION_DENIED;
	else if (orion_queue_in_flight(queue) != 0)
		status = ORION_BUSY;
	storage_refuse(&queue->lane, status, NULL);
	return queue->lane.refusal;
}

int
orion_queue_read(struct orion_queue *queue, void *buffer, size_t bytes, uint64_t offset)
{
	int result = check(queue);

	return result != 0 ? result : transfer(queue, ORION_READ, buffer, bytes, offset);
}

int
orion_queue_write(struct orion_queue *queue, const void *buffer, size_t bytes, uint64_t offset)
{
	int result = check(queue);

	return result != 0 ? result
			   : transfer(queue, ORION_WRITE, (unsigned char *)(uintptr_t)buffer, bytes,
				      offset);
}

int
orion_queue_flush(struct orion_queue *queue)
{
	int result = check(queue);
	struct orion_io *io, *done;

	if (result != 0)
		return result;
	io = &queue->sync[0];
	*io = (struct orion_io){.operation = ORION_FLUSH};
	result = hand_in(queue, io);
	if (result != 0)
		return result;
	return one_back(queue, &done);
}

int
orion_queue_identify(struct orion_queue *queue, char id[VIRTIO_BLK_ID_BYTES + 1])
{
	int result = id != NULL ? check(queue) : -EINVAL;
	struct orion_io *io, *done;
	char raw[VIRTIO_BLK_ID_BYTES];

	if (result != 0)
		return result;
	id[0] = '\0';
	io = &queue->sync[0];
	*io = (struct orion_io){
		.buffer = raw, .bytes = VIRTIO_BLK_ID_BYTES, .operation = STORAGE_IDENTIFY};
	result = hand_in(queue, io);
	if (result != 0)
		return result;
	result = one_back(queue, &done);
	if (result == 0)
		orion_serial_text(raw, id);
	return result;
}

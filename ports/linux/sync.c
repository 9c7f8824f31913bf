/* SPDX-License-Identifier: MIT */
/* Synchronous reads, writes and flushes, and the serial number.  The manual is orion/disk.h. */
#include "ports/linux/disk.h"

#include <errno.h>
#include <string.h>

#define PIECE_BYTES ((size_t)1 << 20)
#define SYNC_DEPTH (sizeof(((struct orion_queue *)NULL)->sync) / sizeof(struct orion_io))

/* Waits for one piece, and returns its result; *FREE is the request to use again. */
static int
one_back(struct orion_queue *queue, struct orion_io **free)
{
	while (orion_queue_wait(queue, free, 1, -1) == 0) {
		if (queue->disk->state == DISK_FORKED)
			return -ECHILD;
	}
	return (*free)->result;
}

static size_t
piece_bytes(const struct orion_queue *queue)
{
	size_t bounce = (size_t)queue->bounce.count * MEMORY_PAGE / 4;

	return bounce < PIECE_BYTES ? bounce : PIECE_BYTES;
}

/* Hands IO over, waiting for room.  A request of ours that comes back meanwhile is in *FREE. */
static int
hand_in(struct orion_queue *queue, struct orion_io *io)
{
	if (orion_queue_submit(queue, &io, 1) == 1)
		return 0;
	return orion_queue_refusal(queue);
}

static int
transfer(struct orion_queue *queue, uint8_t operation, unsigned char *buffer, size_t bytes,
	 uint64_t offset)
{
	struct orion_io *free[SYNC_DEPTH], *io;
	unsigned left = queue->depth < SYNC_DEPTH ? queue->depth : SYNC_DEPTH, flying = 0;
	size_t piece = piece_bytes(queue), at = 0;
	int result = 0, status;

	for (unsigned i = 0; i < left; i++)
		free[i] = &queue->sync[i];
	while ((at < bytes && result == 0) || flying > 0) {
		status = -EAGAIN;
		if (at < bytes && result == 0 && left > 0) {
			size_t length = bytes - at < piece ? bytes - at : piece;

			io = free[left - 1];
			*io = (struct orion_io){.offset = offset + at,
						.buffer = buffer + at,
						.bytes = (uint32_t)length,
						.operation = operation};
			status = hand_in(queue, io);
			if (status == 0) {
				left--;
				flying++;
				at += length;
				orion_queue_kick(queue);
				continue;
			}
			if (status != -EAGAIN)
				result = status;
		}
		if (flying == 0 && status != -EAGAIN)
			break;
		status = one_back(queue, &free[left]);
		if (status == -ECHILD)
			return status;
		left++;
		flying--;
		if (result == 0)
			result = status;
	}
	return result;
}

static int
check(struct orion_queue *queue)
{
	if (queue->disk->state == DISK_FORKED)
		return -ECHILD;
	return orion_queue_in_flight(queue) != 0 ? -EBUSY : 0;
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
	struct orion_io *io = &queue->sync[0], *done;
	int result = check(queue);

	*io = (struct orion_io){.operation = ORION_FLUSH};
	if (result == 0)
		result = hand_in(queue, io);
	if (result != 0)
		return result;
	orion_queue_kick(queue);
	return one_back(queue, &done);
}

int
orion_queue_identify(struct orion_queue *queue, char id[VBLK_ID_BYTES + 1])
{
	struct orion_io *io = &queue->sync[0], *done;
	int result = check(queue);

	*io = (struct orion_io){.buffer = id, .bytes = VBLK_ID_BYTES, .operation = IO_IDENTIFY};
	if (result == 0)
		result = hand_in(queue, io);
	if (result != 0)
		return result;
	orion_queue_kick(queue);
	result = one_back(queue, &done);
	id[result == 0 ? VBLK_ID_BYTES : 0] = '\0';
	for (char *c = id; *c != '\0'; c++)
		*c = *c < ' ' || *c > '~' ? '?' : *c;
	return result;
}

/* SPDX-License-Identifier: MIT */
/* Going through a range of a disk: see walk.h. */
#include "commands/walk.h"

#include "commands/args.h"
#include "commands/print.h"
#include "commands/progress.h"

/* Lane 0 runs the commands. */
#define LANE 0u

/* Enough that storage keeps its requests in flight; then less, if memory is short. */
#define BUFFER_BYTES (UINT64_C(4) << 20)
/* Pieces but the last are multiples of this, so that a dump's lines are whole. */
#define WALK_GRAIN 16u

#define BUFFER_LEAST (UINT64_C(4) << 10)

void *
walk_buffer_take(struct command_context *context, const struct storage_disk *disk, uint64_t most,
		 size_t *bytes)
{
	struct manager *manager = context->manager;
	uint64_t block = storage_block_bytes(disk);
	uint64_t wanted = most < BUFFER_BYTES ? most : BUFFER_BYTES;

	for (; wanted >= BUFFER_LEAST || wanted == most; wanted /= 2) {
		size_t whole = (size_t)((wanted + block - 1) / block * block);
		void *buffer;

		whole = whole == 0 ? (size_t)block : whole;
		buffer = manager->memory_take(manager->port_context, whole);
		if (buffer != NULL) {
			*bytes = whole;
			return buffer;
		}
		if (wanted == 0)
			break;
	}
	return NULL;
}

static orion_status
write_piece(const struct walk *walk, uint64_t offset, void *buffer, size_t room, size_t *done)
{
	uint64_t left = walk->offset + walk->length - offset;
	size_t bytes = left < room ? (size_t)left : room;

	if (!walk->piece(walk->argument, offset, buffer, bytes)) {
		*done = 0;
		return COMMAND_INTERRUPTED;
	}
	return storage_write(walk->context->storage, walk->handle, LANE, offset, buffer, bytes,
			     done);
}

/* The blocks around the piece are read; the walk's function sees what was asked for and is good. */
static orion_status
read_piece(const struct walk *walk, uint64_t offset, void *buffer, size_t room, size_t *done)
{
	uint64_t block = storage_block_bytes(walk->handle->disk);
	size_t before = (size_t)(offset % block);
	uint64_t left = walk->offset + walk->length - offset;
	uint64_t whole = (before + left + block - 1) / block * block;
	size_t bytes = whole < room ? (size_t)whole : room, good = 0;
	orion_status status = storage_read(walk->context->storage, walk->handle, LANE,
					   offset - before, buffer, bytes, &good);

	good = good > before ? good - before : 0;
	*done = good < left ? good : (size_t)left;
	if (status == ORION_OK && *done < left)
		*done -= *done % WALK_GRAIN;
	if (*done != 0 &&
	    !walk->piece(walk->argument, offset, (unsigned char *)buffer + before, *done)) {
		*done = 0;
		return COMMAND_INTERRUPTED;
	}
	return status;
}

static orion_status
walk_pieces(const struct walk *walk, struct progress *progress, void *buffer, size_t room,
	    uint64_t *done, bool *interrupted)
{
	orion_status status = ORION_OK;

	while (status == ORION_OK && *done != walk->length) {
		uint64_t at = walk->offset + *done;
		size_t moved = 0;

		*interrupted = args_interrupted(walk->context);
		if (*interrupted)
			return COMMAND_INTERRUPTED;
		status = walk->writes ? write_piece(walk, at, buffer, room, &moved)
				      : read_piece(walk, at, buffer, room, &moved);
		*done += moved;
		progress_show(progress, *done);
	}
	*interrupted = status == COMMAND_INTERRUPTED && args_interrupted(walk->context);
	return status;
}

/* Says how it ended, unless that was well. */
static orion_status
end_walk(const struct walk *walk, orion_status status, uint64_t done, bool interrupted)
{
	const struct storage_disk *disk = walk->handle->disk;
	struct command_context *context = walk->context;
	unsigned lent = args_lent(disk);

	if (status == ORION_OK)
		return ORION_OK;
	if (interrupted)
		print(context, "%s: interrupted after %llu of %llu bytes", walk->command,
		      wide(done), wide(walk->length));
	else
		print(context, "%s: %s: %s at or after byte %llu", walk->command, disk->name,
		      args_status_text(disk, status), wide(walk->offset + done));
	if (lent != 0)
		print(context, "; %s still holds %u %s", disk->name, lent,
		      lent == 1 ? "request" : "requests");
	print(context, "\n");
	return status;
}

orion_status
walk_run(const struct walk *walk)
{
	struct storage_disk *disk = walk->handle->disk;
	struct command_context *context = walk->context;
	struct progress progress;
	uint64_t done = 0;
	bool interrupted = false;
	size_t room;
	void *buffer;

	/* Nothing will be lent to it any more, so no buffer need be kept out of use. */
	if (vblk_state_get(disk->device) == VBLK_DEAD)
		return args_fail(context, walk->command, disk, storage_verdict(disk));
	buffer = walk_buffer_take(context, disk,
				  walk->length > BUFFER_BYTES
					  ? BUFFER_BYTES
					  : walk->length + storage_block_bytes(disk),
				  &room);
	if (buffer == NULL) {
		return args_refuse(context, walk->command, ORION_NO_MEMORY,
				   "no memory for a buffer of %u bytes", storage_block_bytes(disk));
	}
	progress_start(&progress, context, walk->command, walk->length, METER_BYTES);

	orion_status status = walk_pieces(walk, &progress, buffer, room, &done, &interrupted);

	progress_end(&progress);
	storage_memory_give(context->storage, disk, LANE, buffer, room);
	return end_walk(walk, status, done, interrupted);
}

/* SPDX-License-Identifier: MIT */
/* Going through a range of a disk piece by piece, with progress, Ctrl-C, and errors in words. */
#ifndef COMMANDS_WALK_H
#define COMMANDS_WALK_H

#include "orion/command.h"

struct walk {
	struct command_context *context;
	const char *command;
	struct storage_handle *handle;
	uint64_t offset;
	uint64_t length;
	/*
	 * Called for each piece, in order.  A walk that reads has just filled BUFFER; a walk that
	 * writes is about to write it.  False ends the walk: a person wants it (Ctrl-C).
	 */
	bool (*piece)(void *argument, uint64_t offset, void *buffer, size_t bytes);
	void *argument;
	bool writes;
};

/*
 * Walks.  OFFSET and LENGTH lie within the disk; a walk that writes takes whole blocks, one that
 * reads any bytes.  On an error or Ctrl-C says so and how far it came, and returns the status; the
 * pieces before were given.  Context: owner of lane 0.
 */
orion_status walk_run(const struct walk *walk);

/*
 * A buffer for DISK: *BYTES, a multiple of its block, at most MOST if a block is not larger.  NULL:
 * no memory.  It goes back by storage_memory_give().
 */
void *walk_buffer_take(struct command_context *context, const struct storage_disk *disk,
		       uint64_t most, size_t *bytes);

#endif

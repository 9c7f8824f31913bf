/* SPDX-License-Identifier: MIT */
/* Disks of the storage framework as views. */
#ifndef COMMANDS_VIEW_ORION_H
#define COMMANDS_VIEW_ORION_H

#include "commands/view.h"
#include "orion/command.h"

#define VIEW_PLACE_BYTES 32u

/* A view of a disk, and what lies behind its texts. */
struct view_orion {
	struct view view;
	char place[VIEW_PLACE_BYTES];
};

/*
 * Fills ONE with what is known of DISK, which the caller holds one handle of, but for its serial
 * number: that has to be asked for.  Good while the disk is there and ONE is not moved.
 */
void view_orion_fill(struct view_orion *one, struct command_context *context,
		     const struct storage_disk *disk);

/* Whether DISK can be asked: it takes requests, and is not silent. */
bool view_orion_answers(const struct command_context *context, const struct storage_disk *disk);

#endif

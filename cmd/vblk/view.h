/* SPDX-License-Identifier: MIT */
/* Disks of this library, and those that other processes have open, as views of commands/view.h. */
#ifndef CMD_VBLK_VIEW_H
#define CMD_VBLK_VIEW_H

#include "cmd/vblk/watch.h"
#include "commands/view.h"
#include "orion/disk.h"

/* An open disk called NAME; the serial number is the caller's to ask for. */
void view_of_disk(struct view *view, const char *name, struct orion_disk *disk);

/* One that a process publishes, called NAME.  WATCHED stays for as long as VIEW. */
void view_of_watched(struct view *view, const char *name, const struct watched *watched);

#endif

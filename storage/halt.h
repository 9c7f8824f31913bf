/* SPDX-License-Identifier: MIT */
/*
 * Stopping a disk whose device broke or is gone, while other lanes may be at work on it.
 *
 * vblk_stop() wants no owner active.  So each call of the framework enters its disk and leaves it;
 * the lane that finds the device broken starts the halt; every other lane inside notices at
 * its next look, steps back and waits; when none is left the first one stops the device.  Then each
 * lane reaps what it had in flight and returns.  A halted disk takes no more requests: attaching
 * the device anew is the way back.
 *
 *     RUNNING --halt_begin()--> HALTING --all lanes stepped back, vblk_stop()--> HALTED
 *
 * Hosts that drive queues by vblk_submit() on their own keep them apart from the framework's calls
 * on the same disk.  vblk_refresh() is the framework's, one lane at a time, for disks that it
 * holds.
 */
#ifndef STORAGE_HALT_H
#define STORAGE_HALT_H

#include "orion/storage.h"

typedef enum halt_phase {
	HALT_RUNNING,
	HALT_HALTING,
	HALT_HALTED,
} halt_phase;

/* Enters DISK for one call; false when it is halted or about to be. */
bool halt_enter(struct storage_disk *disk);

/* Leaves it.  Not after halt_join(), which left for good. */
void halt_leave(struct storage_disk *disk);

/* True once a halt has begun: call halt_join(). */
bool halt_due(const struct storage_disk *disk);

/*
 * Begins the halt if nobody has, otherwise joins it, and returns when the device is stopped.
 * Called inside the disk; the caller is outside afterwards.  Context: owner of LANE.
 */
void halt_join(struct storage *storage, struct storage_disk *disk, unsigned lane);

/* storage_verdict(), and a halt that has begun. */
orion_status halt_status(const struct storage_disk *disk);

/* Looks at the device's status and capacity, unless another lane is just doing so. */
void halt_refresh(struct storage *storage, struct storage_disk *disk);

#endif

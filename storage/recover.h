/* SPDX-License-Identifier: MIT */
/*
 * A disk whose device broke, wants a reset, or has been silent for too long, while lanes are at
 * work on it: the device is reset and brought back as it was, and what was in flight is handed over
 * again.  The callers see that it took long.
 *
 *     LIVE --recover_look()--> LOST --every lane has left, reset, restart--> LIVE
 *                                   \--it does not come back--> FAILED --now and then--> LOST
 *
 * A lane has one owner: its worker, from work_enter() to work_exit(), or else whoever recovers, who
 * takes those that nobody is in.  The device is reset when no lane uses its ring any more; owners
 * leave it by themselves, in storage_submit() and storage_reap().  Nobody waits for anybody: each
 * call of recover_look() does what can be done.
 *
 * What a lane is held back for is short: a reset and a handshake, which the core bounds.
 */
#ifndef STORAGE_RECOVER_H
#define STORAGE_RECOVER_H

#include "orion/storage.h"

/*
 * Looks whether DISK works, and gets on with bringing it back.  SILENT_NS: for how long the caller
 * has had no answer.  ORION_OK: it works, or is being brought back; wait on.  Else what
 * storage_verdict() says.  Called by whoever has entered LANE.
 */
orion_status recover_look(struct storage *storage, struct storage_disk *disk, unsigned lane,
			  uint64_t silent_ns);

/* An answer came after SILENT_NS: a device that takes so long is not to be reset for it. */
void recover_answered(struct storage_disk *disk, uint64_t silent_ns);

/* Reads the device's status and capacity, unless somebody is at it.  Context: likewise. */
void recover_refresh(struct storage *storage, struct storage_disk *disk);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Requests of nbdkit's threads on the queues of a disk: each takes a lane, that is a queue with
 * memory of its own, for as long as it lasts, or waits for one.
 *
 * A request whose back end answers nothing is waited for, until nbdkit is to end, or its client has
 * gone: then it is given up.  Its lane, and the memory that the device may still use, stays aside
 * until everything has come back.
 */
#ifndef CMD_NBDKIT_LANE_H
#define CMD_NBDKIT_LANE_H

#include <stdint.h>

#include "orion/disk.h"

/* Lanes for all queues of DISK; 0 or a negative errno. */
int lanes_open(struct orion_disk *disk);

/* Gives back what they needed.  After the disk was closed: the device reaches nothing any more. */
void lanes_close(void);

/*
 * Reads or writes BYTES at OFFSET, or flushes.  0, or a negative errno; -ESHUTDOWN: it was given
 * up.  A buffer that was given up is not touched any more.
 */
int lanes_do(orion_operation operation, void *buffer, uint32_t bytes, uint64_t offset);

#endif

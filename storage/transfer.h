/* SPDX-License-Identifier: MIT */
/*
 * One synchronous transfer: cut into pieces, several in flight, all of them back before it returns.
 *
 * Each piece shares its part of the buffer with the device (port.share, in as many segments as the
 * host needs, up to TRANSFER_SEGMENTS), is one request on the lane, and is unshared when it
 * completed.  Or the lane copies: all pieces when the options dma_enabled or zero_copy_enabled say
 * so; otherwise those that the host cannot share, if the queue has memory for that.  A device never
 * sees the caller's own memory then, and nothing that it writes late, or beyond what it was lent,
 * reaches it.  After the first failure nothing more is submitted; what is in flight is waited for.
 *
 * Waiting: poll for TRANSFER_POLL_NS, then as wait.c does.  Of a device that cannot be brought back
 * (recover.h) everything comes back as failed; one that is merely silent keeps what it holds when
 * the call gives up (work.h).
 *
 * Memory that is lent to the device is never given back early.  If the reset of a device does not
 * complete (VBLK_DEAD), the mappings of what was in flight are kept for ever: a host that bounces
 * or has an IOMMU thereby loses the mapping, not the caller's memory; on a host that does neither,
 * the caller keeps the buffer out of use: storage_memory_give() does.
 */
#ifndef STORAGE_TRANSFER_H
#define STORAGE_TRANSFER_H

#include "orion/storage.h"

#define TRANSFER_POLL_NS UINT64_C(20000)

/*
 * Runs OPERATION on sectors from byte OFFSET with BYTES at BUFFER (both 0 for a flush) and waits
 * for it.  The caller has checked rights, range and alignment.  *DONE (may be NULL): bytes from the
 * start that are surely transferred.  After ORION_TIMED_OUT, ORION_DEVICE_BROKEN and
 * ORION_DEVICE_GONE it is unknown what happened behind them.  Context: owner of LANE.
 */
orion_status transfer_run(struct storage *storage, struct storage_disk *disk, unsigned lane,
			  uint8_t operation, uint64_t offset, void *buffer, size_t bytes,
			  size_t *done);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Copies from one place to another, or compares the two, with many requests in flight.
 *
 * A slot carries one piece: it is read from A, then written to B or read from B and compared.  The
 * slots' buffers lie in shared memory that is lent to URLs, so that nothing is copied on the way.
 *
 * A copy to a disk is flushed now and then.  When a flush tells that the disk may have lost what it
 * had acknowledged, the copy goes back to where the last flush was, if its source can.
 */
#ifndef CMD_VBLK_TRANSFER_H
#define CMD_VBLK_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/vblk/place.h"
#include "cmd/vblk/say.h"

#define TRANSFER_PIECE_BYTES (UINT64_C(256) << 10)
#define TRANSFER_SLOTS 32u

struct transfer {
	struct place *a, *b;
	uint64_t a_offset, b_offset;    /* where to begin: multiples of each one's block */
	uint64_t bytes;                 /* how much; PLACE_UNKNOWN: until A, a stream, ends */
	bool compare;                   /* not: copy */
	bool pad;                       /* copy: fill the last block of B with zeros */
	struct progress *progress;

	/* What became of it. */
	uint64_t done;            /* every byte before this one is copied, or was compared */
	int flushed;              /* of a copy: what place_flush() said of it */
	uint64_t padded;          /* bytes of zeros behind the end, in the last block */
	uint64_t holes;           /* of these, bytes that were not read, or not written, being 0 */
	uint64_t first_difference;      /* PLACE_UNKNOWN: none */
	uint64_t difference_unit;       /* bytes of a block that is counted as different */
	uint64_t differences;           /* blocks */
	bool ended;               /* A, a stream, ended */
	bool longer;              /* A, a stream, goes on where B ends */
	bool interrupted;         /* a person ended it */
	bool abandoned;           /* he was in a hurry: requests are still in flight */
	bool failed;              /* said */

	struct transfer_run *run;       /* its own */
};

/*
 * Does it, and flushes a copy, whether it is complete or not.  A and B are opened, and B prepared.
 * Troubles are said, but not what is there of a copy that is not complete.  Returns STATUS_OK when
 * all was copied or compared, whatever was found; STATUS_INTERRUPTED or STATUS_TROUBLE otherwise.
 */
int transfer_run(struct transfer *transfer);

/* Frees what it needed.  After its places are closed: requests may have been in flight. */
void transfer_free(struct transfer *transfer);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the device still holds of calls that were given up.
 *
 * A lane has TRANSFER_PIECES places for pieces; a piece's place is its request's cookie.  A call
 * that gives up leaves its pieces in their places here, and the lane's next calls use the others.
 * Whatever is reaped and is not the present call's is one of these: its mappings are undone, and
 * memory that waited for it is given back.  Everything here is the lane's owner's, but for
 * disk->lent_writes.
 */
#ifndef STORAGE_LENT_H
#define STORAGE_LENT_H

#include "orion/storage.h"
#include "storage/transfer.h"

#define LENT_MEMORIES (TRANSFER_PIECES + 1)
#define LENT_FOREIGN (1u << TRANSFER_PIECES) /* in a mask of places: those of storage_leave() */

/* A part of a buffer that is lent to the device. */
struct piece {
	size_t start;           /* from the transfer's start */
	size_t bytes;
	unsigned segments;
	bool busy;
	unsigned char *bounce;  /* where its bytes are for the device; NULL: in place */
	struct vblk_segment segment[TRANSFER_SEGMENTS];
	uint64_t mapping[TRANSFER_SEGMENTS];
};

struct storage_lent {
	uint32_t places;        /* a bit for each piece that is out, and LENT_FOREIGN */
	struct lent_piece {
		struct piece piece;
		vblk_operation operation;
		uint64_t offset; /* of the disk, in bytes */
	} pieces[TRANSFER_PIECES];
	unsigned foreign;       /* requests of storage_leave() that are out */
	bool foreign_writes;
	bool foreign_bounces;   /* they may use the queue's bounce memory: no place is free */
	struct orion_region region; /* of storage_leave() */
	struct lent_memory {
		void *memory;   /* NULL: free */
		size_t bytes;
		uint32_t waits; /* for these places */
	} memories[LENT_MEMORIES];
};

/* The lane's record, made if need be; NULL: no memory. */
struct storage_lent *lent_of(struct storage *storage, struct storage_disk *disk, unsigned lane);

/* Ends the mappings of PIECE, which OPERATION used. */
void lent_unshare(struct storage *storage, const struct storage_disk *disk,
		  vblk_operation operation, struct piece *piece);

/* The places of LANE that are not free. */
uint32_t lent_places(const struct storage_disk *disk, unsigned lane);

/* Leaves PIECE, in place N and at byte OFFSET of the disk, with the device.  After lent_of(). */
void lent_leave(struct storage_disk *disk, unsigned lane, unsigned n, const struct piece *piece,
		vblk_operation operation, uint64_t offset);

/* True when a write of BYTES at OFFSET has to wait: one that was given up may land on it. */
bool lent_blocks_write(const struct storage_disk *disk, unsigned lane, uint64_t offset,
		       uint64_t bytes);

/* The request with COOKIE, which is no present call's, has come back. */
void lent_returned(struct storage *storage, struct storage_disk *disk, unsigned lane,
		   uint64_t cookie);

/* Takes what has come back, with no call at work on the lane. */
void lent_settle(struct storage *storage, struct storage_disk *disk, unsigned lane);

#endif

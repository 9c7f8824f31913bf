/* SPDX-License-Identifier: MIT */
/*
 * What a lane's owner has of one disk: the lane, and the pieces of its synchronous transfers.
 *
 * A call that gives up leaves its pieces with the device (PIECE_LEFT), and the lane's next calls
 * use the others.  Whatever is reaped and is not the present call's is one of these, or of those
 * who drive the lane on their own (storage_leave()): its mappings are undone, and memory that
 * waited for it is given back.  Everything here is the owner's, but for disk->lent_writes.
 */
#ifndef STORAGE_WORK_H
#define STORAGE_WORK_H

#include "orion/storage.h"

#define TRANSFER_PIECES 8u
#define TRANSFER_SEGMENTS 6u
#define TRANSFER_PIECE_BYTES (256u * 1024u)
#define WORK_MEMORIES (TRANSFER_PIECES + 1)
#define WORK_FOREIGN (1u << TRANSFER_PIECES) /* in a mask of pieces: those of storage_leave() */

typedef enum piece_state {
	PIECE_FREE,
	PIECE_OUT,              /* of the present call */
	PIECE_LEFT,             /* of one that was given up */
} piece_state;

/* A part of a buffer that is lent to the device. */
struct piece {
	struct orion_io io;
	piece_state state;
	unsigned segments;      /* 0: none is shared by us, the lane copies if need be */
	size_t start;           /* from the transfer's start */
	size_t bytes;
	struct vblk_segment segment[TRANSFER_SEGMENTS];
	uint64_t mapping[TRANSFER_SEGMENTS];
};

enum work_taken {
	WORK_FREE,
	WORK_OWNED,             /* its owner is in it */
	WORK_VISITED,           /* whoever recovers is, for a moment */
};

struct storage_work {
	struct storage_lane lane;
	uint32_t taken;         /* atomic: enum work_taken */
	struct piece pieces[TRANSFER_PIECES];
	unsigned foreign;       /* requests of storage_leave() that are out */
	bool foreign_writes;
	struct orion_region region; /* of storage_leave() */
	struct work_memory {
		void *memory;   /* NULL: free */
		size_t bytes;
		uint32_t waits; /* for these pieces */
	} memories[WORK_MEMORIES];
};

static inline struct storage_work *
work_of(const struct storage_disk *disk, unsigned lane)
{
	return lane < VBLK_QUEUES_MAX ? disk->lanes[lane].work : NULL;
}

/*
 * Into LANE, for its owner's call, and out of it; the host knows meanwhile whom it is about.  False:
 * its owner is in it already.
 */
bool work_enter(struct storage *storage, struct storage_disk *disk, unsigned lane);
void work_exit(struct storage *storage, struct storage_disk *disk, unsigned lane);

/* Into a LANE that is another's, if nobody is in it; and out of it. */
bool work_visit(struct storage_disk *disk, unsigned lane);
void work_unvisit(struct storage_disk *disk, unsigned lane);

/* The pieces of LANE, as a mask, that were given up and are not back. */
uint32_t work_left(const struct storage_disk *disk, unsigned lane);

/* Ends the mappings of PIECE. */
void work_unshare(struct storage *storage, const struct storage_disk *disk, struct piece *piece);

/* Leaves PIECE with the device. */
void work_leave(struct storage_disk *disk, struct piece *piece);

/* True when a write of BYTES at OFFSET has to wait: one that was given up may land on it. */
bool work_blocks_write(const struct storage_disk *disk, unsigned lane, uint64_t offset,
		       uint64_t bytes);

/* IO, which is no present call's, has come back. */
void work_returned(struct storage *storage, struct storage_disk *disk, unsigned lane,
		   struct orion_io *io);

/* Takes what has come back, with no call at work on the lane. */
void work_settle(struct storage *storage, struct storage_disk *disk, unsigned lane);

/* Makes what the lanes of DISK need, and has them follow its device; gives it back. */
ORION_MUST_USE orion_status work_open(struct storage *storage, struct storage_disk *disk);
void work_close(struct storage *storage, struct storage_disk *disk);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A disk as it is shown, whichever home it is in: what the reports of commands/show.h are made of.
 *
 * A home clears a view and fills in what it knows: Orion in commands/view_orion.c, the Linux
 * program in cmd/vblk/view.c.  What it left alone comes out as null in JSON, and as no line in
 * text.  The names of the fields are the keys.  No memory is taken; texts stay the home's.
 */
#ifndef COMMANDS_VIEW_H
#define COMMANDS_VIEW_H

#include "orion/vblk.h"

/* A number that is not known; texts are then NULL, answers VIEW_UNKNOWN. */
#define VIEW_NONE UINT64_MAX

typedef enum view_answer {
	VIEW_UNKNOWN,
	VIEW_NO,
	VIEW_YES,
} view_answer;

static inline view_answer
view_answer_of(bool yes)
{
	return yes ? VIEW_YES : VIEW_NO;
}

/* One queue's counters since the disk was opened. */
struct view_queue {
	uint64_t in_flight;
	uint64_t interrupts;            /* for this queue; with a shared vector, for all */
	uint64_t config_interrupts;
	uint64_t waits, sleeps, late, bounced, bounced_bytes, replayed, stale_flushes;
	struct vblk_queue_stats stats;  /* known, always */
};

struct view {
	const char *disk;               /* what it is called by who uses it; never NULL */
	const char *serial;             /* "": it has none */
	const char *transport;
	const char *place;              /* where it was found */
	const char *program;            /* who has it open, if that is another */
	const char *state;              /* one word */
	const char *cause;              /* why it is broken */
	const char *last_reset;         /* why it was reset last; NULL: it never was */
	const char *trouble;            /* why it takes no requests, or may not */
	const char *durability, *ring, *interrupt_mode, *bounces;

	uint64_t pid;
	uint64_t silent_seconds, given_up_requests;
	/* Of its device, by the driver: to bring it back; that did not; requests sent again. */
	uint64_t resets, failures, replayed;
	uint64_t last_reset_ms;         /* how long the last one took, with what led to it */
	uint64_t connections;           /* since it was opened */
	uint64_t bytes, capacity_sectors, block_bytes, physical_block_bytes;
	uint64_t alignment_offset_blocks, io_min_blocks, io_opt_blocks;
	uint64_t segments_max;
	uint64_t segment_bytes_max;     /* UINT32_MAX: no limit */
	uint64_t request_sectors_max;
	uint64_t queues, queues_offered, queue_size, queue_depth;
	uint64_t vectors;
	uint64_t open_handles, denials;
	uint64_t dma_bytes, bounce_bytes, bounced_bytes, private_bytes;
	/* Sets of bits. */
	uint64_t features, features_offered, features_wanted, protocol_features;

	view_answer connected, read_only, flush, writeback;
	view_answer indirect, event_index, in_order, queue_reset;

	/* The name of a bit of protocol_features, or NULL; given where these are known. */
	const char *(*protocol_feature_name)(unsigned bit);

	/* Of the counters. */
	uint64_t ticks_per_second;      /* that latencies are counted in; 0: there is no clock */
	bool interrupts_shared;         /* each queue has the interrupts of all */

	/*
	 * Fills *QUEUE, which is cleared, with the counters of queue INDEX, or *RING with its
	 * picture.  False: there is no such queue, or nobody wants more.  NULL: the home has none.
	 */
	bool (*count)(const struct view *view, unsigned index, struct view_queue *queue);
	bool (*look)(const struct view *view, unsigned index, struct vblk_ring_info *ring);
	void *home;                     /* theirs */
	const void *home_disk;
};

/* Nothing is known. */
void view_clear(struct view *view);
void view_queue_clear(struct view_queue *queue);

#endif

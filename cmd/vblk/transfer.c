/* SPDX-License-Identifier: MIT */
/* Copies and compares: see transfer.h. */
#include "cmd/vblk/transfer.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cmd/vblk/command.h"

#define MEMORY_BYTES (2 * TRANSFER_SLOTS * TRANSFER_PIECE_BYTES)
#define LOOK_MS 200
#define NUDGE_NS UINT64_C(1000000000)

/* A copy to a disk is flushed when both have gone since the last time. */
#define FLUSH_BYTES (UINT64_C(64) << 20)
#define FLUSH_NS UINT64_C(2000000000)
#define REDO_MAX 16u            /* times in a row that what a flush lost is copied again */

typedef enum step {
	STEP_FREE,
	STEP_A,                   /* to be read from A */
	STEP_A_OUT,
	STEP_B,                   /* to be written to B, or read from B */
	STEP_B_OUT,
} step;

struct slot {
	struct orion_io io[2];    /* to A, to B */
	uint64_t at;              /* from the transfer's start */
	uint32_t bytes;
	step step;
};

/* What is to be said of the first piece that failed, once it is known which that is. */
struct failure {
	struct place *place;
	const char *doing;
	uint64_t offset;
	int result;
};

struct transfer_run {
	struct transfer *t;
	struct slot slots[TRANSFER_SLOTS];
	char *memory;             /* NULL: none */
	uint64_t next;            /* where the next piece begins */
	uint64_t limit;           /* where B ends, if A may be longer; else PLACE_UNKNOWN */
	uint64_t emitted;         /* what of B was handed over, in order; for streams */
	uint64_t bad;             /* the lowest piece that failed; PLACE_UNKNOWN: none */
	struct failure why;       /* of that piece; place NULL: it was said */
	uint64_t extent_end;      /* up to here is known whether A has a hole */
	bool hole;
	bool stopping;
	unsigned busy;
	uint64_t moved_ns;        /* when something last moved */
	struct patience patience;
	uint64_t covered;         /* every byte before this one is flushed */
	uint64_t covered_holes;   /* the transfer's holes at that point */
	uint64_t covered_ns;      /* when that was */
	unsigned redone;          /* times, since covered moved */
	bool draining;            /* nothing is begun until a flush is done */
};

/* ---- memory ---- */

static bool
get_memory(struct transfer_run *run)
{
	int fd;

	run->memory = place_memory(MEMORY_BYTES, &fd);
	if (run->memory == NULL) {
		trouble("no memory for buffers: %s", strerror(errno));
		return false;
	}
	place_lend(run->t->a, run->memory, MEMORY_BYTES, fd);
	place_lend(run->t->b, run->memory, MEMORY_BYTES, fd);
	close(fd);
	return true;
}

static void
attach_memory(struct transfer_run *run)
{
	for (unsigned i = 0; i < TRANSFER_SLOTS; i++) {
		for (unsigned side = 0; side < 2; side++) {
			struct orion_io *io = &run->slots[i].io[side];
			bool second = side == 1 && run->t->compare;

			io->buffer = run->memory +
				     (i + (second ? TRANSFER_SLOTS : 0)) * TRANSFER_PIECE_BYTES;
			io->operation = side == 1 && !run->t->compare ? ORION_WRITE : ORION_READ;
			io->user = &run->slots[i];
		}
	}
}

/* ---- pieces ---- */

static uint64_t
round_up(uint64_t bytes, uint32_t block)
{
	return (bytes + block - 1) / block * block;
}

/* The piece at AT failed.  WHY is NULL when it was said. */
static void
fail(struct transfer_run *run, uint64_t at, const struct failure *why)
{
	run->stopping = true;
	run->t->failed = true;
	if (at >= run->bad)
		return;
	run->bad = at;
	run->why = why != NULL ? *why : (struct failure){0};
}

static void
finish(struct transfer_run *run, struct slot *slot)
{
	slot->step = STEP_FREE;
	run->busy--;
}

/* Counts the blocks that differ. */
static void
compare(struct transfer *t, const struct slot *slot)
{
	const char *a = slot->io[0].buffer, *b = slot->io[1].buffer;
	uint64_t unit = t->difference_unit;

	if (memcmp(a, b, slot->bytes) == 0)
		return;
	for (uint64_t i = 0; i < slot->bytes; i += unit) {
		uint64_t n = slot->bytes - i < unit ? slot->bytes - i : unit, j = i;

		if (memcmp(a + i, b + i, n) == 0)
			continue;
		t->differences++;
		while (a[j] == b[j])
			j++;
		if (slot->at + j < t->first_difference)
			t->first_difference = slot->at + j;
	}
}

/* A stream goes on where B has ended. */
static void
cut(struct transfer_run *run, struct slot *slot)
{
	struct transfer *t = run->t;

	run->stopping = true;
	run->next = run->limit;
	t->longer = true;
	slot->bytes = (uint32_t)(run->limit - slot->at);
	if (t->compare)
		return;
	trouble("%s has room for %llu bytes, and %s has more", t->b->name,
		(unsigned long long)run->limit, t->a->name);
	fail(run, run->limit, NULL);
}

/* A's part is in the buffer: what of B is to be done. */
static void
got_a(struct transfer_run *run, struct slot *slot)
{
	struct transfer *t = run->t;
	uint64_t whole;

	if (slot->at + slot->bytes > run->limit)
		cut(run, slot);
	if (slot->bytes == 0) {
		finish(run, slot);
		return;
	}
	slot->step = STEP_B;
	if (t->compare)
		return;
	whole = round_up(slot->bytes, t->b->block);
	if (whole != slot->bytes && !t->pad) {
		trouble("%s ended after %llu bytes, which is no multiple of the target's block, "
			"%u; --pad would fill the last block with zeros",
			t->a->name, (unsigned long long)(slot->at + slot->bytes), t->b->block);
		slot->bytes -= slot->bytes % t->b->block;
		fail(run, slot->at + slot->bytes, NULL);
		if (slot->bytes == 0) {
			finish(run, slot);
			return;
		}
	}
	if (whole > slot->bytes) {
		t->padded = whole - slot->bytes;
		memset((char *)slot->io[0].buffer + slot->bytes, 0, t->padded);
	}
	if (t->b->zero && place_is_zero(slot->io[0].buffer, slot->bytes)) {
		t->holes += slot->bytes;
		finish(run, slot);
	}
}

/* A stream may give less than was asked for: then it has ended, or a person wants to end. */
static void
shorten(struct transfer_run *run, struct slot *slot)
{
	struct transfer *t = run->t;
	uint64_t end;

	if (slot->io[0].bytes >= slot->bytes)
		return;
	slot->bytes = slot->io[0].bytes;
	end = slot->at + slot->bytes;
	run->next = end;
	run->stopping = true;
	if (interrupts() > 0) {
		slot->bytes -= slot->bytes % t->b->block;
		run->next = slot->at + slot->bytes;
		return;
	}
	t->ended = true;
	if (t->bytes != PLACE_UNKNOWN && !t->compare) {
		trouble("%s ended after %llu of %llu bytes", t->a->name, (unsigned long long)end,
			(unsigned long long)t->bytes);
		fail(run, end, NULL);
	}
}

/* A request came back. */
static void
advance(struct transfer_run *run, struct orion_io *io)
{
	struct transfer *t = run->t;
	struct slot *slot = io->user;
	bool of_a = slot->step == STEP_A_OUT;

	if (io->result != 0) {
		const struct failure why = {
			.place = io->result == -EINTR && interrupts() > 0 ? NULL
				 : of_a                                   ? t->a
									  : t->b,
			.doing = io->operation == ORION_READ ? "reading" : "writing",
			.offset = io->offset,
			.result = io->result,
		};

		fail(run, slot->at, &why);
		finish(run, slot);
		return;
	}
	if (of_a) {
		if (t->a->stream)
			shorten(run, slot);
		got_a(run, slot);
		return;
	}
	if (t->compare)
		compare(t, slot);
	finish(run, slot);
}

/* Hands over what can be; true: something was. */
static bool
push(struct transfer_run *run, struct slot *slot)
{
	struct transfer *t = run->t;
	bool of_a = slot->step == STEP_A;
	struct place *place = of_a ? t->a : t->b;
	struct orion_io *io = &slot->io[!of_a];

	/* Behind a failure nothing more is begun. */
	if (slot->at > run->bad) {
		finish(run, slot);
		return true;
	}
	if (!of_a && place->stream && slot->at != run->emitted)
		return false;
	io->offset = slot->at + (of_a ? t->a_offset : t->b_offset);
	io->bytes = (uint32_t)round_up(slot->bytes, place->block);
	if (!place_submit(place, io))
		return false;
	slot->step = of_a ? STEP_A_OUT : STEP_B_OUT;
	if (!of_a)
		run->emitted = slot->at + slot->bytes;
	return true;
}

/*
 * Looks for holes from run->next on; steps over one when nothing need be written there.  What is
 * compared is read: whether a file system tells the truth of its holes is part of the question.
 */
static void
look_for_hole(struct transfer_run *run)
{
	struct transfer *t = run->t;
	uint64_t length;

	while (!t->compare && run->next < t->bytes && run->next >= run->extent_end) {
		run->hole = place_hole(t->a, t->a_offset + run->next, &length);
		if (length > t->bytes - run->next)
			length = t->bytes - run->next;
		if (run->hole && t->b->zero) {
			/* The step must be one that both blocks divide. */
			length -= run->next + length < t->bytes ? length % TRANSFER_PIECE_BYTES : 0;
			t->holes += length;
			run->next += length;
			if (length > 0)
				continue;
		}
		run->extent_end = run->next + (length > 0 ? length : TRANSFER_PIECE_BYTES);
		run->hole = run->hole && length > 0;
	}
}

/* Begins the next piece in SLOT; false: there is none. */
static bool
begin(struct transfer_run *run, struct slot *slot)
{
	struct transfer *t = run->t;
	uint64_t bytes;

	look_for_hole(run);
	if (run->next >= t->bytes)
		return false;
	bytes = t->bytes - run->next;
	if (bytes > TRANSFER_PIECE_BYTES)
		bytes = TRANSFER_PIECE_BYTES;
	slot->at = run->next;
	slot->bytes = (uint32_t)bytes;
	run->next += bytes;
	run->busy++;
	slot->step = STEP_A;
	if (run->hole && slot->at + bytes <= run->extent_end) {
		memset(slot->io[0].buffer, 0, bytes);
		got_a(run, slot);
	}
	return true;
}

/* One round over the slots; true: something moved. */
static bool
round_trip(struct transfer_run *run)
{
	struct transfer *t = run->t;
	struct orion_io *done[TRANSFER_SLOTS];
	struct place *places[2] = {t->a, t->b};
	bool moved = false, begun = false;

	for (unsigned i = 0; i < TRANSFER_SLOTS; i++) {
		struct slot *slot = &run->slots[i];

		/* What works at once works for one piece: then the other end has its turn. */
		if (slot->step == STEP_FREE && !run->stopping && !run->draining &&
		    !(begun && t->a->synchronous))
			begun |= begin(run, slot);
		if (slot->step == STEP_A || slot->step == STEP_B)
			moved |= push(run, slot);
	}
	for (unsigned side = 0; side < 2; side++) {
		unsigned n = place_reap(places[side], done, TRANSFER_SLOTS);

		for (unsigned i = 0; i < n; i++)
			advance(run, done[i]);
		moved |= n > 0;
	}
	return moved || begun;
}

/* Sleeps until a request may have come back; tells a device again that lets wait for long. */
static void
wait_for_any(struct transfer_run *run)
{
	struct place *places[2] = {run->t->a, run->t->b};
	struct pollfd fds[2 * ORION_DISK_QUEUES_MAX];
	bool out[2] = {false, false}, late = clock_ns() - run->moved_ns > NUDGE_NS;
	unsigned count = 0, more;

	for (unsigned i = 0; i < TRANSFER_SLOTS; i++) {
		out[0] |= run->slots[i].step == STEP_A_OUT;
		out[1] |= run->slots[i].step == STEP_B_OUT;
	}
	for (unsigned side = 0; side < 2; side++) {
		if (!out[side])
			continue;
		if (late)
			place_nudge(places[side]);
		more = place_arm(places[side], fds + count);
		if (more == 0)
			return;
		count += more;
	}
	poll(fds, count, LOOK_MS);
}

/* Up to where everything is done. */
static uint64_t
done_until(const struct transfer_run *run)
{
	uint64_t least = run->next < run->bad ? run->next : run->bad;

	for (unsigned i = 0; i < TRANSFER_SLOTS; i++) {
		if (run->slots[i].step != STEP_FREE && run->slots[i].at < least)
			least = run->slots[i].at;
	}
	return least;
}

/* ---- flushes ---- */

/* Whether what a flush tells to be lost may be copied again. */
static bool
can_redo(struct transfer_run *run)
{
	return run->t->flushed == -ESTALE && !run->t->a->stream && run->redone++ < REDO_MAX &&
	       interrupts() == 0;
}

/* Flushes B up to run->next, all of which was written.  False: it failed, and that is the end. */
static bool
flush(struct transfer_run *run, bool complete)
{
	struct transfer *t = run->t;

	t->flushed = place_flush(t->b, t->b_offset + run->next, complete);
	run->draining = false;
	if (t->flushed >= 0) {
		run->redone = run->next > run->covered ? 0 : run->redone;
		run->covered = run->next;
		run->covered_holes = t->holes;
		run->covered_ns = clock_ns();
		return true;
	}
	if (can_redo(run)) {
		say("%s: the back end restarted, and may have lost what it had acknowledged: "
		    "copying again from byte %llu on",
		    t->b->name, (unsigned long long)run->covered);
		run->next = run->covered;
		run->extent_end = 0;
		t->holes = run->covered_holes;
		return true;
	}
	t->abandoned = t->flushed == -EINTR;
	trouble("%s: the flush %s failed: %s", t->b->name, complete ? "at the end" : "on the way",
		place_words(t->b, t->flushed));
	t->failed = true;
	run->stopping = true;
	return false;
}

/* Begins a flush when it is time, and does it once nothing is in flight. */
static void
flush_on_the_way(struct transfer_run *run)
{
	struct transfer *t = run->t;

	if (t->b->disk == NULL || t->compare || run->stopping)
		return;
	if (run->next - run->covered >= FLUSH_BYTES && run->next < t->bytes &&
	    clock_ns() - run->covered_ns >= FLUSH_NS)
		run->draining = true;
	if (run->draining && run->busy == 0)
		flush(run, false);
}

/* ---- from the beginning to the end ---- */

/* True while there is something to do. */
static bool
go_on(struct transfer_run *run)
{
	struct transfer *t = run->t;
	char what[64];

	if (interrupts() > 0) {
		run->stopping = true;
		t->interrupted = true;
	}
	if (run->busy > 0 && clock_ns() - run->moved_ns > LOOK_MS * UINT64_C(1000000)) {
		snprintf(what, sizeof(what), "%u requests in flight", run->busy);
		if (!patience_left(&run->patience, what))
			return false;
	}
	if (interrupts() > 1 && run->busy > 0)
		return false;
	return run->busy > 0 || (!run->stopping && run->next < t->bytes);
}

static void
move(struct transfer_run *run)
{
	struct transfer *t = run->t;

	while (go_on(run)) {
		if (round_trip(run)) {
			run->moved_ns = clock_ns();
			run->patience = (struct patience){0};
		} else {
			wait_for_any(run);
		}
		flush_on_the_way(run);
		if (t->progress != NULL)
			progress_show(t->progress, done_until(run));
	}
}

/* Whether what was read, or passed over as holes, was there until the end. */
static void
check_ends(struct transfer_run *run)
{
	struct transfer *t = run->t;
	struct place *places[2] = {t->a, t->b};

	for (unsigned side = 0; side < (t->compare ? 2 : 1) && !t->failed; side++) {
		struct failure why = {places[side], "reading", t->bytes, -ENODATA};

		if (t->bytes != PLACE_UNKNOWN && !place_whole(places[side]))
			fail(run, run->covered, &why);
	}
}

static void
begin_run(struct transfer *t, struct transfer_run *run)
{
	t->run = run;
	run->t = t;
	run->bad = PLACE_UNKNOWN;
	run->limit = PLACE_UNKNOWN;
	if (t->bytes == PLACE_UNKNOWN && t->b->bytes != PLACE_UNKNOWN)
		run->limit = t->b->bytes - t->b_offset;
	t->first_difference = PLACE_UNKNOWN;
	t->difference_unit = t->a->block > t->b->block ? t->a->block : t->b->block;
	if (t->difference_unit < VIRTIO_BLK_SECTOR_BYTES)
		t->difference_unit = VIRTIO_BLK_SECTOR_BYTES;
	run->moved_ns = run->covered_ns = clock_ns();
}

/* All that was to be moved was, and nothing speaks against its being the whole. */
static bool
is_complete(const struct transfer *t)
{
	return !t->failed && !t->abandoned && (t->ended || t->longer || t->done == t->bytes);
}

/* After the last piece: the flush, which may send us back. */
static bool
end_copy(struct transfer_run *run)
{
	struct transfer *t = run->t;
	uint64_t before = run->redone;

	if (is_complete(t))
		return flush(run, true) && run->redone != before && t->flushed < 0;
	if (!t->abandoned || t->b->disk == NULL)
		t->flushed = place_flush(t->b, t->b_offset + t->done, false);
	t->abandoned |= t->flushed == -EINTR;
	return false;
}

int
transfer_run(struct transfer *t)
{
	struct transfer_run *run = calloc(1, sizeof(*run));
	bool again;

	if (run == NULL)
		abort();
	begin_run(t, run);
	if (!get_memory(run))
		return STATUS_TROUBLE;
	attach_memory(run);
	do {
		move(run);
		t->abandoned = run->busy > 0;
		check_ends(run);
		t->done = done_until(run);
		if (run->why.place != NULL)
			place_trouble(run->why.place, run->why.doing, run->why.offset,
				      run->why.result);
		if (t->progress != NULL && t->progress->shown && !t->compare)
			say_progress("flushing");
		again = !t->compare && end_copy(run);
	} while (again);
	if (is_complete(t))
		t->interrupted = false;
	return t->interrupted ? STATUS_INTERRUPTED : t->failed ? STATUS_TROUBLE : STATUS_OK;
}

void
transfer_free(struct transfer *t)
{
	if (t->run != NULL && t->run->memory != NULL)
		munmap(t->run->memory, MEMORY_BYTES);
	free(t->run);
	t->run = NULL;
}

/* SPDX-License-Identifier: MIT */
/* Copies and compares: see transfer.h. */
#include "cmd/vblk/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cmd/vblk/command.h"

#define MEMORY_BYTES (2 * TRANSFER_SLOTS * TRANSFER_PIECE_BYTES)
#define LOOK_MS 200
#define PATIENCE_NS UINT64_C(1000000000)

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

struct transfer_run {
	struct transfer *t;
	struct slot slots[TRANSFER_SLOTS];
	char *memory;             /* NULL: none */
	uint64_t next;            /* where the next piece begins */
	uint64_t limit;           /* where B ends, if A may be longer; else PLACE_UNKNOWN */
	uint64_t emitted;         /* what of B was handed over, in order; for streams */
	uint64_t bad;             /* the lowest piece that failed; PLACE_UNKNOWN: none */
	uint64_t extent_end;      /* up to here is known whether A has a hole */
	bool hole;
	bool stopping;
	unsigned busy;
	uint64_t interrupted_ns;
	bool said;
};

/* ---- memory ---- */

/*
 * Shared and sealed: a back end that could shrink the file would end this program at its next look
 * at a buffer.
 */
static bool
get_memory(struct transfer_run *run)
{
	const uint64_t bytes = MEMORY_BYTES;
	void *memory;
	int fd = memfd_create("vblk", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, (off_t)bytes) != 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
		goto fail;
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		goto fail;
	run->memory = memory;
	place_lend(run->t->a, run->memory, bytes, fd);
	place_lend(run->t->b, run->memory, bytes, fd);
	close(fd);
	return true;
fail:
	trouble("no memory for buffers: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return false;
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

static void
fail(struct transfer_run *run, uint64_t at)
{
	run->stopping = true;
	run->t->failed = true;
	if (at < run->bad)
		run->bad = at;
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
	fail(run, run->limit);
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
			"%u; "
			"--pad would fill the last block with zeros",
			t->a->name, (unsigned long long)(slot->at + slot->bytes), t->b->block);
		slot->bytes -= slot->bytes % t->b->block;
		fail(run, slot->at + slot->bytes);
		if (slot->bytes == 0) {
			finish(run, slot);
			return;
		}
	}
	if (whole > slot->bytes)
		memset((char *)slot->io[0].buffer + slot->bytes, 0, whole - slot->bytes);
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
		fail(run, end);
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
		if (slot->at < run->bad && !(io->result == -EINTR && interrupts() > 0))
			place_trouble(of_a ? t->a : t->b,
				      io->operation == ORION_READ ? "reading" : "writing",
				      io->offset, io->result);
		fail(run, slot->at);
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

/* Looks for holes from run->next on; steps over one when nothing need be done there. */
static void
look_for_hole(struct transfer_run *run)
{
	struct transfer *t = run->t;
	uint64_t length, other;
	bool skip;

	while (run->next < t->bytes && run->next >= run->extent_end) {
		run->hole = place_hole(t->a, t->a_offset + run->next, &length);
		skip = run->hole && t->b->zero;
		if (run->hole && t->compare && place_hole(t->b, t->b_offset + run->next, &other)) {
			skip = true;
			length = other < length ? other : length;
		}
		if (length > t->bytes - run->next)
			length = t->bytes - run->next;
		if (skip) {
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
		if (slot->step == STEP_FREE && !run->stopping && !(begun && t->a->synchronous))
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

/* Sleeps until a request may have come back. */
static void
wait_for_any(struct transfer_run *run)
{
	struct pollfd fds[2];
	unsigned count = 0;
	bool out[2] = {false, false};

	for (unsigned i = 0; i < TRANSFER_SLOTS; i++) {
		out[0] |= run->slots[i].step == STEP_A_OUT;
		out[1] |= run->slots[i].step == STEP_B_OUT;
	}
	for (unsigned side = 0; side < 2; side++) {
		if (!out[side])
			continue;
		fds[count].fd = place_arm(side == 0 ? run->t->a : run->t->b);
		fds[count].events = POLLIN;
		if (fds[count].fd < 0)
			return;
		count++;
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

/* True while there is something to do. */
static bool
go_on(struct transfer_run *run)
{
	if (interrupts() > 0 && run->interrupted_ns == 0) {
		run->interrupted_ns = clock_ns();
		run->stopping = true;
		run->t->interrupted = true;
	}
	if (run->interrupted_ns != 0 && !run->said &&
	    clock_ns() - run->interrupted_ns > PATIENCE_NS) {
		run->said = true;
		say("waiting for %u requests in flight; Ctrl-C again doesn't wait", run->busy);
	}
	if (interrupts() > 1)
		return false;
	return run->busy > 0 || (!run->stopping && run->next < run->t->bytes);
}

int
transfer_run(struct transfer *t)
{
	struct transfer_run *run = calloc(1, sizeof(*run));

	if (run == NULL)
		abort();
	t->run = run;
	run->t = t;
	run->bad = PLACE_UNKNOWN;
	run->limit = PLACE_UNKNOWN;
	if (t->bytes == PLACE_UNKNOWN && t->b->bytes != PLACE_UNKNOWN)
		run->limit = t->b->bytes - t->b_offset;
	t->first_difference = PLACE_UNKNOWN;
	t->difference_unit = t->a->block > t->b->block ? t->a->block : t->b->block;
	if (t->difference_unit < 512)
		t->difference_unit = 512;
	if (!get_memory(run))
		return STATUS_TROUBLE;
	attach_memory(run);
	while (go_on(run)) {
		if (!round_trip(run))
			wait_for_any(run);
		if (t->progress != NULL)
			progress_show(t->progress, done_until(run));
	}
	t->done = done_until(run);
	t->abandoned = run->busy > 0;
	if (t->ended || t->done == t->bytes)
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

/* SPDX-License-Identifier: MIT */
/*
 * HOT: submit and reap.
 *
 * A plain request (a read or write of one buffer in registered memory) becomes the core's request
 * in a row of stores; the caller's struct orion_io is its cookie and, until it completes, the
 * record from which it would be replayed.  Nothing here locks, allocates or copies; what is rare is
 * a call.
 */
#include "storage/lane.h"

_Static_assert((unsigned)ORION_READ == VBLK_READ && (unsigned)ORION_WRITE == VBLK_WRITE &&
		       (unsigned)ORION_FLUSH == VBLK_FLUSH && STORAGE_IDENTIFY == VBLK_GET_ID,
	       "the core's numbers");
_Static_assert(ORION_WRITE == 1, "acknowledged writes are counted by adding operations up");

#define SECTOR_SHIFT 9

int
storage_result(const struct storage_lane *lane, orion_status status)
{
	/* What came as a number from below need be none of ours. */
	return lane->instance->home
		->results[(unsigned)status < ORION_STATUS_COUNT ? status : ORION_IO_ERROR];
}

/* Bytes of IO's vectors, as far as these are sound; *BAD is the first that is not. */
static uint64_t
vector_bytes(const struct orion_io *io, uint16_t *bad)
{
	const struct orion_vector *vector = io->buffer;
	uint64_t bytes = 0;

	*bad = 0;
	if (vector == NULL || io->vectors > ORION_VECTORS_MAX)
		return 0;
	for (; *bad < io->vectors; bytes += vector[(*bad)++].bytes) {
		if (vector[*bad].base == NULL || vector[*bad].bytes == 0 ||
		    vector[*bad].bytes > VBLK_REQUEST_BYTES_MAX)
			break;
	}
	return bytes;
}

void
storage_refuse(struct storage_lane *lane, orion_status status, const struct orion_io *io)
{
	struct storage_refused *refused = &lane->refused;

	lane->refusal = storage_result(lane, status);
	if (storage_not_now(status))
		return;
	*refused = (struct storage_refused){.no_request = io == NULL};
	if (io == NULL)
		return;
	refused->offset = io->offset;
	refused->operation = io->operation;
	refused->flags = io->flags;
	refused->vectors = io->vectors;
	refused->no_buffer = io->buffer == NULL;
	refused->bytes = io->bytes;
	if (io->vectors != 0 && io->operation <= ORION_WRITE)
		refused->bytes = vector_bytes(io, &refused->bad_vector);
}

/* ---- submit ---- */

/*
 * A read or write of one buffer that lies where the last one lay.  False: it may be anything else.
 */
static inline bool
prepare_plain(const struct storage_lane *lane, struct orion_io *io, struct vblk_request *request,
	      uint64_t sequence)
{
	struct storage_private *own = storage_private(io);
	size_t at = (uintptr_t)io->buffer - (uintptr_t)lane->near.base;
	size_t room = lane->near.bytes;
	uint64_t offset = io->offset;
	uint32_t bytes = io->bytes;

	if (unlikely((io->operation | io->flags << 8) > lane->largest || io->vectors != 0 ||
		     (offset & ((1u << SECTOR_SHIFT) - 1)) != 0 || at > room || bytes > room - at))
		return false;
	own->segment.device_address = lane->near.device + at;
	own->segment.length = bytes;
	own->segment.unused = 0;
	own->sequence = sequence;
	request->sector = offset >> SECTOR_SHIFT;
	request->segments = &own->segment;
	request->cookie = (uintptr_t)io;
	request->segment_count = 1;
	request->operation = io->operation;
	return true;
}

static __attribute__((noinline)) void
refuse(struct storage_lane *lane, struct orion_io *const *ios, unsigned count)
{
	orion_status status = vblk_refusal(lane->ring);

	storage_refuse(lane, status, ios[0]);
	for (unsigned i = 0; i < count; i++)
		storage_unprepare(lane, ios[i]);
	/* The device is about to be dropped: from now on requests are held for the next. */
	if (status == ORION_DEVICE_BROKEN)
		storage_look_again(lane);
}

static inline unsigned
hand_over(struct storage_lane *lane, struct orion_io *const *ios,
	  const struct vblk_request *requests, unsigned count)
{
	unsigned taken = vblk_submit(lane->ring, requests, count);

	storage_count(&lane->taken, taken);
	if (unlikely(taken != count))
		refuse(lane, ios + taken, count - taken);
	return taken;
}

/*
 * From the first request on that is not plain: that one by itself, since its result may end the
 * batch.  Returns 1 when it was taken.
 */
static __attribute__((noinline)) unsigned
submit_odd(struct storage_lane *lane, struct orion_io *const *ios)
{
	struct vblk_request request;
	orion_status status;

	/* What finishes at once takes a place, too. */
	if (!storage_has_room(lane)) {
		storage_refuse(lane, ORION_NO_ROOM, NULL);
		return 0;
	}
	storage_private(ios[0])->sequence = lane->sequence++;
	storage_private(ios[0])->segment.unused = 0;
	status = storage_prepare(lane, ios[0], &request);
	if (status == STORAGE_FINISHED) {
		storage_count(&lane->taken, 1);
		return 1;
	}
	if (status != ORION_OK) {
		storage_refuse(lane, status, ios[0]);
		return 0;
	}
	return hand_over(lane, ios, &request, 1);
}

/* While there is no device, or something waits to be handed over first. */
static __attribute__((noinline)) unsigned
submit_held(struct storage_lane *lane, struct orion_io *const *ios, unsigned count)
{
	unsigned taken = 0;

	storage_follow(lane);
	if (lane->turn == __atomic_load_n(&lane->instance->turn, __ATOMIC_ACQUIRE))
		return storage_submit(lane, ios, count);
	if (storage_state(lane->instance) == STORAGE_FOREIGN) {
		storage_refuse(lane, ORION_DENIED, NULL);
		return 0;
	}
	while (taken < count && storage_has_room(lane)) {
		struct orion_io *io = ios[taken++];

		storage_count(&lane->taken, 1);
		if (storage_state(lane->instance) == STORAGE_FAILED) {
			storage_finish(lane, io, ORION_DEVICE_GONE);
			continue;
		}
		storage_private(io)->sequence = lane->sequence++;
		storage_private(io)->segment.unused = 0;
		storage_late_hold(lane, io);
		lane->held[lane->held_count++] = io;
	}
	storage_refuse(lane, taken == count ? ORION_OK : ORION_NO_ROOM, NULL);
	storage_hand_over(lane);
	return taken;
}

/* Makes as many of the core's requests as are plain, one after the other.  Returns how many. */
static inline unsigned
prepare_batch(struct storage_lane *lane, struct orion_io *const *next, struct orion_io *const *end)
{
	struct vblk_request *request = lane->requests;
	uint64_t sequence = lane->sequence;

	end = end - next > STORAGE_BATCH ? next + STORAGE_BATCH : end;
	for (; next != end && likely(prepare_plain(lane, *next, request, sequence)); next++) {
		request++;
		sequence++;
	}
	lane->sequence = sequence;
	return (unsigned)(request - lane->requests);
}

static __attribute__((noinline)) unsigned
submit_many(struct storage_lane *lane, struct orion_io *const *ios, unsigned count)
{
	struct orion_io *const *end = ios + count, *const *next = ios;

	lane->refusal = 0;
	while (next != end) {
		unsigned made = prepare_batch(lane, next, end), taken;

		taken = made != 0 ? hand_over(lane, next, lane->requests, made)
				  : submit_odd(lane, next);
		next += taken;
		/* Something finished at once: what follows is counted with it. */
		if (unlikely(lane->ready_count != 0))
			return (unsigned)(next - ios) +
			       submit_held(lane, next, (unsigned)(end - next));
		if (unlikely(taken == 0 || taken < made))
			break;
	}
	return (unsigned)(next - ios);
}

unsigned
storage_submit(struct storage_lane *lane, struct orion_io *const *ios, unsigned count)
{
	struct vblk_request request;

	if (unlikely(__atomic_load_n(&lane->instance->turn, __ATOMIC_ACQUIRE) != lane->turn))
		return submit_held(lane, ios, count);
	/* One by itself, in a straight line: depth 1 is where latency counts most. */
	if (count != 1 || unlikely(!prepare_plain(lane, ios[0], &request, lane->sequence)))
		return submit_many(lane, ios, count);
	lane->sequence++;
	lane->refusal = 0;
	return hand_over(lane, ios, &request, 1);
}

void
storage_kick(struct storage_lane *lane)
{
	if (likely(lane->kick != NULL))
		vblk_kick(lane->kick);
	else if (lane->ring != NULL)
		vblk_kick_always(lane->ring);
}

/* ---- reap ---- */

/* IO is written, and not stable yet: its flush is handed over with what is held. */
static void
flush_behind(struct storage_lane *lane, struct orion_io *io)
{
	io->result = 0;
	storage_give(lane, io);
	storage_private(io)->segment.unused = STORAGE_FLUSHING;
	lane->held[lane->held_count++] = io;
}

/* Not a plain request that succeeded.  Returns whether it is done. */
static __attribute__((noinline)) bool
finish_odd(struct storage_lane *lane, struct orion_io *io, uint32_t result)
{
	orion_status status = (orion_status)result;

	if (status == ORION_OK && (storage_private(io)->segment.unused & STORAGE_FLUSHES) != 0) {
		flush_behind(lane, io);
		return false;
	}
	if (storage_is_flush(io))
		status = storage_flush_end(lane, io, status);
	io->result = storage_result(lane, status);
	/* One that is stable needs no flush any more. */
	if (io->operation == ORION_WRITE && status == ORION_OK && (io->flags & ORION_FUA) == 0)
		__atomic_store_n(&lane->writes, lane->writes + 1, __ATOMIC_RELEASE);
	storage_give(lane, io);
	return true;
}

static __attribute__((noinline)) unsigned
reap_held(struct storage_lane *lane, struct orion_io **done, unsigned max)
{
	unsigned count, given = 0;

	storage_follow(lane);
	count = storage_take_ready(lane, done, max);
	if (count != 0 || lane->ring == NULL) {
		storage_count(&lane->given, count);
		return count;
	}
	/* With the device's requests the path is as usual, but for the turn. */
	count = vblk_reap(lane->ring, lane->completions, max < STORAGE_BATCH ? max : STORAGE_BATCH);
	for (unsigned i = 0; i < count; i++) {
		done[given] = (struct orion_io *)(uintptr_t)lane->completions[i].cookie;
		given += finish_odd(lane, done[given], lane->completions[i].result);
	}
	storage_count(&lane->given, given);
	if (count == 0)
		storage_late_look(lane);
	else
		storage_late_found(lane);
	storage_hand_over(lane);
	return given;
}

/* Gives the COUNT completions that were reaped, as far as they are done.  Returns how many. */
static __attribute__((noinline)) unsigned
give(struct storage_lane *lane, struct orion_io **done, unsigned count)
{
	const struct vblk_completion *completion = lane->completions, *end = completion + count;
	struct orion_io **next = done;
	uint64_t writes = lane->writes;

	for (; completion != end; completion++) {
		struct orion_io *io = (struct orion_io *)(uintptr_t)completion->cookie;

		*next = io;
		if (unlikely((completion->result | storage_private(io)->segment.unused |
			      (io->operation & ~1u)) != 0)) {
			__atomic_store_n(&lane->writes, writes, __ATOMIC_RELEASE);
			next += finish_odd(lane, io, completion->result);
			writes = lane->writes;
			continue;
		}
		io->result = 0;
		writes += io->operation;
		next++;
	}
	__atomic_store_n(&lane->writes, writes, __ATOMIC_RELEASE);
	count = (unsigned)(next - done);
	storage_count(&lane->given, count);
	if (unlikely(lane->held_count != 0)) {
		storage_look_again(lane);
		storage_hand_over(lane);
	}
	return count;
}

unsigned
storage_reap(struct storage_lane *lane, struct orion_io **done, unsigned max)
{
	unsigned count;

	if (unlikely(__atomic_load_n(&lane->instance->turn, __ATOMIC_ACQUIRE) != lane->turn))
		return reap_held(lane, done, max);
	count = vblk_reap(lane->ring, lane->completions, max < STORAGE_BATCH ? max : STORAGE_BATCH);
	return count == 0 ? 0 : give(lane, done, count);
}

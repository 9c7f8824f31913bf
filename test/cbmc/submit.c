/* SPDX-License-Identifier: MIT */
/* Bounded proofs: what submit takes, and what it hands to the device. */
#define VBLK_HAS VBLK_HAS_ALL

#include "blk/submit.h"

#include "blk/queue.c"
#include "test/cbmc/ring_state.h"

#define CELL_BYTES (sizeof(struct vblk_cell) + 4 * sizeof(struct virtq_desc))
#define SEGMENTS 3u

static struct vblk_device device;
static struct orion_port port;
static struct vblk_queue queue;
static struct vblk_segment segments[SEGMENTS];

/* Any limits that limits.c lets through. */
static void
any_limits(bool packed)
{
	struct vblk_info *info = &device.info;
	unsigned shift = nondet_u8();

	ASSUME(shift >= 9 && shift <= 16);
	info->block_bytes = UINT32_C(1) << shift;
	info->capacity_sectors = nondet_u64();
	info->read_only = nondet_bool();
	info->segments_max = nondet_u32();
	info->segment_bytes_max = nondet_u32();
	info->request_sectors_max = nondet_u32();
	ASSUME(info->segments_max >= 1 && info->segments_max <= VBLK_SEGMENTS_MAX);
	ASSUME(info->segment_bytes_max >= 1);
	info->queue_depth = nondet_u16();
	ASSUME(info->queue_depth >= 1 && info->queue_depth <= IDS);
	info->packed = packed;
	/* A host with a tick counter, or without one. */
	port.ticks_per_second = nondet_u16();
	device.virtio.port = &port;
	take_limits(&queue, &device);
}

/* Any read or write, of up to three segments that lie in the caller's array. */
static struct vblk_request
any_request(void)
{
	struct vblk_request request = {
		.sector = nondet_u64(),
		.segments = nondet_bool() ? segments : NULL,
		.cookie = nondet_u64(),
		.segment_count = nondet_u16(),
		.operation = nondet_u8(),
	};

	ASSUME(request.segment_count <= SEGMENTS);
	for (unsigned i = 0; i < SEGMENTS; i++)
		segments[i] = (struct vblk_segment){nondet_u64(), nondet_u32(), nondet_u32()};
	return request;
}

/* Whether each segment has bytes and an end; *TOTAL, *LONGEST of their lengths. */
static bool
segments_sound(const struct vblk_request *request, uint64_t *total, uint32_t *longest)
{
	bool sound = request->segments != NULL && request->segment_count != 0;

	*total = 0;
	*longest = 0;
	for (unsigned i = 0; i < SEGMENTS && i < request->segment_count; i++) {
		uint32_t length = segments[i].length;

		sound = sound && length != 0 && segments[i].device_address <= UINT64_MAX - length;
		*total += length;
		*longest = length > *longest ? length : *longest;
	}
	return sound;
}

/* A request is accepted when, and only when, it is within every limit; *BYTES is its length. */
void
proof_check_data(void)
{
	struct vblk_request request = any_request();
	uint64_t bytes = 0, total;
	uint32_t longest;
	orion_status status, expected = ORION_OK;

	any_limits(false);
	status = check_data(&queue, &request, &bytes);
	if (!segments_sound(&request, &total, &longest))
		expected = ORION_INVALID;
	else if (request.operation == VBLK_WRITE && queue.read_only)
		expected = ORION_READ_ONLY;
	else if ((total & queue.block_mask) != 0 ||
		 (request.sector & queue.block_mask >> VIRTIO_BLK_SECTOR_SHIFT) != 0)
		expected = ORION_MISALIGNED;
	else if (request.sector > queue.capacity || total / 512 > queue.capacity - request.sector)
		expected = ORION_OUT_OF_RANGE;
	else if (request.segment_count > queue.segments_max || longest > queue.segment_bytes_max ||
		 total > queue.request_bytes_max)
		expected = OVER_LIMITS;
	PROVE(status == expected, "by the limits");
	PROVE(expected == ORION_INVALID || bytes == total, "its bytes");
	POSSIBLE(status == ORION_OK && request.segment_count == SEGMENTS, "accepted");
	POSSIBLE(status == OVER_LIMITS, "over the limits");
	POSSIBLE(status == ORION_OUT_OF_RANGE, "out of range");
}

/* A queue of slots with cells, in any state that the ring's invariant allows. */
static void
any_queue(bool packed)
{
	world.cells = (struct world_cells){IDS, CELL_BYTES, offsetof(struct vblk_cell, status)};
	state_any(packed);
	for (uint32_t i = 0; i < IDS; i++) {
		struct vblk_slot *slot = (struct vblk_slot *)(void *)&slots[i];

		slot->cell = (struct vblk_cell *)(void *)(world.area + world.cells_offset +
							  i * CELL_BYTES);
		slot->address = nondet_u64();
		slot->word = nondet_u64();
		slot->part = VBLK_NO_PART;
		slot->shape = nondet_u16();
	}
	any_limits(packed);
}

/* The header and the poisoned status are stored before what hands them over. */
static void
stored_cell(unsigned at, const struct vblk_request *request, size_t cell)
{
	PROVE(world_stored(at, cell, 8, request->operation) &&
		      world_stored(at + 1, cell + 8, 8, request->sector),
	      "the header");
	PROVE(world_stored(at + 2, cell + offsetof(struct vblk_cell, status), 1,
			   VBLK_STATUS_POISON),
	      "the status, poisoned");
	PROVE(world.store[at + 2].published == 0, "before the fence");
}

static void
stored_table(const struct vblk_request *request, const struct vblk_slot *slot, bool packed)
{
	size_t cell = world.cells_offset + slot->ring.id * CELL_BYTES;
	size_t entry = cell + offsetof(struct vblk_cell, table) + sizeof(struct virtq_desc);
	uint64_t write = request->operation == VBLK_READ ? VIRTQ_DESC_F_WRITE : 0;
	uint64_t word =
		packed ? segments[0].length | write << 48
		       : segments[0].length | (write | VIRTQ_DESC_F_NEXT) << 32 | UINT64_C(2) << 48;

	PROVE(world_stored(0, entry, 8, segments[0].device_address) &&
		      world_stored(1, entry + 8, 8, word),
	      "the data's entry");
	stored_cell(2, request, cell);
	if (packed)
		PROVE(world.store[world.stores - 1].published == 1, "the flags behind the fence");
}

/* Header, data, status: three descriptors that say so. */
static void
stored_chain(const struct vblk_request *request, const struct vblk_slot *slot)
{
	size_t cell = world.cells_offset + slot->ring.id * CELL_BYTES;
	uint64_t addresses[] = {slot->address, segments[0].device_address,
				slot->address + offsetof(struct vblk_cell, status)};

	stored_cell(0, request, cell);
	for (unsigned i = 0; i < COUNT_OF(addresses); i++) {
		/* A packed chain's head hands it over, so its second word comes last. */
		unsigned at = ring.packed && i > 0 ? 2 * i + 2 : 2 * i + 3;

		PROVE(world.store[at].offset % 16 == 0 && world.store[at].value == addresses[i],
		      "a piece's address");
	}
}

/*
 * The short way takes nothing that the long one would refuse, and takes every sound read or write
 * of one segment for which there is room.
 */
static void
plain(bool packed)
{
	struct vblk_request request = any_request();
	uint64_t bytes = 0;
	struct vblk_slot *slot;
	bool room, sound;

	any_queue(packed);
	room = state_in_flight() < (KIND == VRING_DIRECT ? queue.depth : ring.limit) &&
	       (!(KIND & VRING_DIRECT) || ring.free >= 3);
	ASSUME(!room || KIND & VRING_DIRECT || table_next(&ring)->shape == 1);
	sound = request.operation <= VBLK_WRITE && request.segment_count == 1 &&
		check_data(&queue, &request, &bytes) == ORION_OK;
	slot = take_plain(&queue, &ring, &request, KIND, packed);
	PROVE((slot != NULL) == (sound && room), "taken when sound, and when there is room");
	if (slot == NULL) {
		PROVE(world.stores == 0 && state_equal(&ring, &before) && state_same(NULL),
		      "what is not taken leaves no trace");
		POSSIBLE(sound && !room, "no room");
		return;
	}
	PROVE(slot->ring.descriptors == (KIND & VRING_DIRECT ? 3 : 1) && state_same(&slot->ring),
	      "in flight, as no other");
	PROVE(state_holds(), "the invariant");
	PROVE(slot->cookie == request.cookie && slot->part == VBLK_NO_PART &&
		      slot->lent == (request.operation == VBLK_READ ? bytes : 0),
	      "what is remembered of it");
	PROVE(world.loads == 0, "nothing is asked of the device");
	if (KIND & VRING_DIRECT)
		stored_chain(&request, slot);
	else
		stored_table(&request, slot, packed);
	POSSIBLE(request.operation == VBLK_WRITE, "a write taken");
}

void
proof_plain_split(void)
{
	plain(false);
}

void
proof_plain_packed(void)
{
	plain(true);
}

/* SPDX-License-Identifier: MIT */
/*
 * What one request of three pieces costs in the ring alone: 16 bytes that the device reads, 4,096
 * and 1 that it writes, and a cookie that comes back.
 *
 *     ring [WORDS]      the words are those of options.h
 *
 * Counted are the functions named counted_*: counted_add hands over a request, counted_kick
 * publishes what was added and asks whether the device wants a kick, counted_get takes one used
 * entry and gives cookie and length.  The indirect table is written anew for every request.
 */
#include <stdlib.h>
#include <string.h>

#include "bench/count.h"
#include "bench/device.h"
#include "bench/options.h"

#include "ring/packed.h"
#include "ring/split.h"

#define SIZE_MAX_RING 1024u
#define PIECES 3u
#define COUNTED __attribute__((noinline)) static
#define ALWAYS_INLINE inline __attribute__((always_inline))

struct piece {
	uint64_t address;
	uint32_t length;
};

/* A request as its owner describes it: the first piece is the device's to read. */
struct request {
	struct piece pieces[PIECES];
	uint64_t cookie;
};

struct rig {
	struct vring ring;
	struct vring_slot *slots;
	uint64_t cookies[SIZE_MAX_RING];
	struct virtq_desc (*tables)[PIECES + 1];
	struct ring_device device;
	unsigned long kicks;
};

/* One kind of ring. */
struct verbs {
	bool (*add)(struct rig *rig, const struct request *request);
	bool (*kick)(struct rig *rig);
	bool (*get)(struct rig *rig, uint64_t *cookie, uint32_t *length);
};

static ALWAYS_INLINE bool
add_split_chain(struct rig *rig, const struct request *request)
{
	const struct piece *piece = request->pieces;
	struct vring_split_chain chain;

	if (unlikely(rig->ring.free < PIECES))
		return false;
	vring_split_begin(&rig->ring, &chain);
	vring_split_piece(&rig->ring, &chain, piece[0].address, piece[0].length, 0);
	vring_split_piece(&rig->ring, &chain, piece[1].address, piece[1].length,
			  VIRTQ_DESC_F_WRITE);
	vring_split_last(&rig->ring, &chain, piece[2].address, piece[2].length, VIRTQ_DESC_F_WRITE);
	rig->cookies[chain.head] = request->cookie;
	return true;
}

static ALWAYS_INLINE bool
add_packed_chain(struct rig *rig, const struct request *request)
{
	const struct piece *piece = request->pieces;
	struct vring_packed_chain chain;

	if (unlikely(rig->ring.free < PIECES))
		return false;
	vring_packed_begin(&rig->ring, &chain);
	vring_packed_piece(&rig->ring, &chain, piece[0].address, piece[0].length, 0);
	vring_packed_piece(&rig->ring, &chain, piece[1].address, piece[1].length,
			   VIRTQ_DESC_F_WRITE);
	vring_packed_last(&rig->ring, &chain, piece[2].address, piece[2].length,
			  VIRTQ_DESC_F_WRITE);
	rig->cookies[chain.id] = request->cookie;
	return true;
}

/* Three entries, in the layout that split and packed tables share. */
static ALWAYS_INLINE void
put_table(struct virtq_desc *entry, const struct request *request, const bool packed)
{
	for (unsigned i = 0; i < PIECES; i++, entry++) {
		uint64_t flags = (i != 0 ? VIRTQ_DESC_F_WRITE : 0) |
				 (!packed && i != PIECES - 1 ? VIRTQ_DESC_F_NEXT : 0);
		uint64_t next = !packed && i != PIECES - 1 ? i + 1 : 0;

		shared_put64(&entry->addr, request->pieces[i].address);
		shared_put64(&entry->len_flags_next,
			     packed ? request->pieces[i].length | flags << 48
				    : request->pieces[i].length | flags << 32 | next << 48);
	}
}

static ALWAYS_INLINE bool
add_split_table(struct rig *rig, const struct request *request)
{
	uint16_t id;

	if (unlikely(rig->ring.free == 0))
		return false;
	id = vring_split_next_id(&rig->ring);
	put_table(rig->tables[id], request, false);
	rig->cookies[vring_split_add_table(&rig->ring)] = request->cookie;
	return true;
}

static ALWAYS_INLINE bool
add_packed_table(struct rig *rig, const struct request *request)
{
	uint16_t id;

	if (unlikely(rig->ring.free == 0))
		return false;
	id = vring_packed_next_id(&rig->ring);
	put_table(rig->tables[id], request, true);
	vring_packed_add_table(&rig->ring, (uintptr_t)rig->tables[id],
			       PIECES * sizeof(struct virtq_desc));
	rig->cookies[id] = request->cookie;
	return true;
}

static ALWAYS_INLINE bool
get_split(struct rig *rig, const bool direct, uint64_t *cookie, uint32_t *length)
{
	uint16_t pending, id = 0;

	if (unlikely(vring_split_pending(&rig->ring, &pending) != VRING_OK) || pending == 0 ||
	    unlikely(vring_split_take(&rig->ring, direct, &id, length) != VRING_OK))
		return false;
	*cookie = rig->cookies[id];
	return true;
}

static ALWAYS_INLINE bool
get_packed(struct rig *rig, const bool direct, uint64_t *cookie, uint32_t *length)
{
	uint16_t pending, id = UINT16_MAX;

	if (unlikely(vring_packed_pending(&rig->ring, &pending) != VRING_OK) || pending == 0 ||
	    unlikely(vring_packed_take(&rig->ring, direct, &id, length) != VRING_OK) ||
	    id == UINT16_MAX)
		return false;
	*cookie = rig->cookies[id];
	return true;
}

COUNTED bool
counted_kick_split(struct rig *rig)
{
	vring_split_publish(&rig->ring);
	return vring_split_ask(&rig->ring);
}

COUNTED bool
counted_kick_packed(struct rig *rig)
{
	vring_packed_publish(&rig->ring);
	return vring_packed_ask(&rig->ring);
}

#define VERBS(layout, shape, is_direct)                                                \
	COUNTED bool counted_add_##layout##_##shape(struct rig *rig,                   \
						    const struct request *request)     \
	{                                                                              \
		return add_##layout##_##shape(rig, request);                           \
	}                                                                              \
	COUNTED bool counted_get_##layout##_##shape(struct rig *rig, uint64_t *cookie, \
						    uint32_t *length)                  \
	{                                                                              \
		return get_##layout(rig, is_direct, cookie, length);                   \
	}                                                                              \
	static const struct verbs layout##_##shape = {counted_add_##layout##_##shape,  \
						      counted_kick_##layout,           \
						      counted_get_##layout##_##shape}

VERBS(split, chain, true);
VERBS(split, table, false);
VERBS(packed, chain, true);
VERBS(packed, table, false);

static void *
allocate(size_t bytes)
{
	size_t rounded = (bytes + 63) & ~(size_t)63;
	void *memory = aligned_alloc(64, rounded);

	if (memory == NULL)
		bench_fail("no memory");
	return memset(memory, 0, rounded);
}

static void
set_up(struct rig *rig, const struct bench_options *options)
{
	uint16_t size = (uint16_t)options->size;
	struct vring_layout layout = vring_layout(size, options->packed);
	unsigned char *shared = allocate(layout.bytes);

	if (size > SIZE_MAX_RING)
		bench_fail("size must be 1 to 1024");
	rig->slots = allocate(size * sizeof(*rig->slots));
	rig->tables = allocate(size * sizeof(*rig->tables));
	vring_setup(&rig->ring, &(struct vring_config){.shared = shared,
						       .slots = rig->slots,
						       .size = size,
						       .ids = size,
						       .packed = options->packed,
						       .event_index = options->event_index,
						       .direct = options->direct});
	for (uint16_t i = 0; !options->packed && !options->direct && i < size; i++)
		vring_split_prepare_table(&rig->ring, i, (uintptr_t)rig->tables[i],
					  PIECES * sizeof(struct virtq_desc));
	rig->device = (struct ring_device){.packed = options->packed,
					   .event_index = options->event_index,
					   .in_order = options->in_order,
					   .size = size,
					   .descriptors = shared,
					   .driver = shared + layout.driver_offset,
					   .device = shared + layout.device_offset};
	ring_device_start(&rig->device);
	ring_device_arm(&rig->device);
}

static void
add_batch(struct rig *rig, const struct verbs *verbs, struct request *request, unsigned batch)
{
	for (unsigned i = 0; i < batch; i++) {
		request->cookie = i;
		if (!verbs->add(rig, request))
			bench_fail("the ring is full");
	}
	rig->kicks += verbs->kick(rig);
}

static void
get_batch(struct rig *rig, const struct verbs *verbs, unsigned batch)
{
	uint64_t cookie;
	uint32_t length;

	for (unsigned i = 0; i < batch; i++)
		if (!verbs->get(rig, &cookie, &length))
			bench_fail("a completion is missing");
		else if (cookie != i || length != 4097)
			bench_fail("a completion is not the one that was due");
}

int
main(int argc, char **argv)
{
	static const struct verbs *const kinds[] = {&split_table, &split_chain, &packed_table,
						    &packed_chain};
	static unsigned char header[16], data[4096], status[1];
	static struct rig rig;
	struct bench_options options = bench_options(argc, argv);
	const struct verbs *verbs = kinds[2 * options.packed + options.direct];
	struct request request = {{{(uintptr_t)header, sizeof(header)},
				   {(uintptr_t)data, sizeof(data)},
				   {(uintptr_t)status, sizeof(status)}},
				  0};
	unsigned long done;

	set_up(&rig, &options);
	for (done = 0; done < options.count; done += options.batch) {
		access_count.on = true;
		add_batch(&rig, verbs, &request, options.batch);
		access_count.on = false;
		ring_device_poll(&rig.device, options.batch);
		ring_device_arm(&rig.device);
		access_count.on = true;
		get_batch(&rig, verbs, options.batch);
		access_count.on = false;
	}
	access_count_print(done, rig.kicks);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* A ring, driven directly.  The manual is rig.h. */
#include "bench/rig.h"

#include <stdlib.h>
#include <string.h>

#include "ring/packed.h"
#include "ring/split.h"

#define COUNTED __attribute__((noinline)) static
#define ALWAYS_INLINE inline __attribute__((always_inline))

static ALWAYS_INLINE bool
add_split_chain(struct ring_rig *rig, const struct ring_request *request)
{
	const struct ring_piece *piece = request->pieces;
	struct vring_split_chain chain;

	if (unlikely(rig->ring.free < RIG_PIECES))
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
add_packed_chain(struct ring_rig *rig, const struct ring_request *request)
{
	const struct ring_piece *piece = request->pieces;
	struct vring_packed_chain chain;

	if (unlikely(rig->ring.free < RIG_PIECES))
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
put_table(struct virtq_desc *entry, const struct ring_request *request, const bool packed)
{
	for (unsigned i = 0; i < RIG_PIECES; i++, entry++) {
		uint64_t flags = (i != 0 ? VIRTQ_DESC_F_WRITE : 0) |
				 (!packed && i != RIG_PIECES - 1 ? VIRTQ_DESC_F_NEXT : 0);
		uint64_t next = !packed && i != RIG_PIECES - 1 ? i + 1 : 0;

		shared_put64(&entry->addr, request->pieces[i].address);
		shared_put64(&entry->len_flags_next,
			     packed ? request->pieces[i].length | flags << 48
				    : request->pieces[i].length | flags << 32 | next << 48);
	}
}

static ALWAYS_INLINE bool
add_split_table(struct ring_rig *rig, const struct ring_request *request)
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
add_packed_table(struct ring_rig *rig, const struct ring_request *request)
{
	uint16_t id;

	if (unlikely(rig->ring.free == 0))
		return false;
	id = vring_packed_next_id(&rig->ring);
	put_table(rig->tables[id], request, true);
	vring_packed_add_table(&rig->ring, (uintptr_t)rig->tables[id],
			       RIG_PIECES * sizeof(struct virtq_desc));
	rig->cookies[id] = request->cookie;
	return true;
}

static ALWAYS_INLINE bool
get_split(struct ring_rig *rig, const bool direct, uint64_t *cookie, uint32_t *length)
{
	uint16_t pending, id = 0;

	if (unlikely(vring_split_pending(&rig->ring, &pending) != VRING_OK) || pending == 0 ||
	    unlikely(vring_split_take(&rig->ring, direct, &id, length) != VRING_OK))
		return false;
	*cookie = rig->cookies[id];
	return true;
}

static ALWAYS_INLINE bool
get_packed(struct ring_rig *rig, const bool direct, uint64_t *cookie, uint32_t *length)
{
	uint16_t pending, id = UINT16_MAX;

	if (unlikely(vring_packed_pending(&rig->ring, &pending) != VRING_OK) || pending == 0 ||
	    unlikely(vring_packed_take(&rig->ring, direct, &id, length) != VRING_OK) ||
	    id == UINT16_MAX)
		return false;
	*cookie = rig->cookies[id];
	return true;
}

#define LAYOUT(layout)                                             \
	COUNTED bool counted_kick_##layout(struct ring_rig *rig)   \
	{                                                          \
		vring_##layout##_publish(&rig->ring);              \
		return vring_##layout##_ask(&rig->ring);           \
	}                                                          \
	COUNTED void counted_disarm_##layout(struct ring_rig *rig) \
	{                                                          \
		vring_##layout##_disarm(&rig->ring);               \
	}                                                          \
	COUNTED bool counted_arm_##layout(struct ring_rig *rig)    \
	{                                                          \
		return vring_##layout##_arm(&rig->ring);           \
	}

#define SHAPE(layout, shape, is_direct)                                                     \
	COUNTED bool counted_add_##layout##_##shape(struct ring_rig *rig,                   \
						    const struct ring_request *request)     \
	{                                                                                   \
		return add_##layout##_##shape(rig, request);                                \
	}                                                                                   \
	COUNTED bool counted_get_##layout##_##shape(struct ring_rig *rig, uint64_t *cookie, \
						    uint32_t *length)                       \
	{                                                                                   \
		return get_##layout(rig, is_direct, cookie, length);                        \
	}                                                                                   \
	static const struct ring_verbs layout##_##shape = {                                 \
		counted_add_##layout##_##shape, counted_kick_##layout,                      \
		counted_get_##layout##_##shape, counted_disarm_##layout, counted_arm_##layout}

LAYOUT(split)
LAYOUT(packed)
SHAPE(split, chain, true);
SHAPE(split, table, false);
SHAPE(packed, chain, true);
SHAPE(packed, table, false);

static void *
allocate(size_t bytes)
{
	size_t rounded = (bytes + 63) & ~(size_t)63;
	void *memory = aligned_alloc(64, rounded);

	if (memory == NULL)
		bench_fail("no memory");
	return memset(memory, 0, rounded);
}

void
ring_rig_open(struct ring_rig *rig, const struct bench_options *options)
{
	uint16_t size = (uint16_t)options->size;
	struct vring_layout layout = vring_layout(size, options->packed);
	unsigned char *shared = allocate(layout.bytes);

	if (size > RIG_SIZE_MAX)
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
					  RIG_PIECES * sizeof(struct virtq_desc));
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

const struct ring_verbs *
ring_rig_verbs(const struct bench_options *options)
{
	static const struct ring_verbs *const kinds[] = {&split_table, &split_chain, &packed_table,
							 &packed_chain};

	return kinds[2 * options->packed + options->direct];
}

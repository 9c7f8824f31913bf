/* SPDX-License-Identifier: MIT */
/* A ring, driven directly.  The manual is rig.h. */
#include "bench/rig.h"

#include <stdlib.h>
#include <string.h>

#include "ring/packed.h"
#include "ring/split.h"

#define COUNTED __attribute__((noinline)) static
#define ALWAYS_INLINE inline __attribute__((always_inline))

static ALWAYS_INLINE struct rig_slot *
owner_of(struct vring_slot *slot)
{
	return (struct rig_slot *)(void *)slot;
}

static ALWAYS_INLINE bool
add_split_chain(struct ring_rig *rig, const struct ring_request *request, const unsigned kind)
{
	const struct ring_piece *piece = request->pieces;
	struct vring_split_chain chain;

	if (unlikely(!vring_split_room(&rig->ring, RIG_PIECES, kind)))
		return false;
	vring_split_begin(&rig->ring, &chain, kind);
	vring_split_piece(&rig->ring, &chain, piece[0].address, piece[0].length, 0, kind);
	vring_split_piece(&rig->ring, &chain, piece[1].address, piece[1].length, VIRTQ_DESC_F_WRITE,
			  kind);
	vring_split_last(&rig->ring, &chain, piece[2].address, piece[2].length, VIRTQ_DESC_F_WRITE,
			 kind);
	owner_of(chain.slot)->cookie = request->cookie;
	return true;
}

static ALWAYS_INLINE bool
add_packed_chain(struct ring_rig *rig, const struct ring_request *request, const unsigned kind)
{
	const struct ring_piece *piece = request->pieces;
	struct vring_packed_chain chain;

	if (unlikely(!vring_packed_room(&rig->ring, RIG_PIECES, kind)))
		return false;
	vring_packed_begin(&rig->ring, &chain);
	vring_packed_piece(&rig->ring, &chain, piece[0].address, piece[0].length, 0);
	vring_packed_piece(&rig->ring, &chain, piece[1].address, piece[1].length,
			   VIRTQ_DESC_F_WRITE);
	vring_packed_last(&rig->ring, &chain, piece[2].address, piece[2].length, VIRTQ_DESC_F_WRITE,
			  kind);
	owner_of(chain.slot)->cookie = request->cookie;
	return true;
}

/* One entry of a table; split and packed tables differ in the last word only. */
static ALWAYS_INLINE void
put_entry(struct virtq_desc *entry, const struct ring_piece *piece, uint64_t flags, uint64_t next,
	  const bool packed)
{
	shared_put64(&entry->addr, piece->address);
	shared_put64(&entry->len_flags_next, packed ? piece->length | flags << 48
						    : piece->length | flags << 32 | next << 48);
}

static ALWAYS_INLINE void
put_table(struct virtq_desc *table, const struct ring_request *request, const bool packed)
{
	uint64_t chained = packed ? 0 : VIRTQ_DESC_F_NEXT;

	put_entry(&table[0], &request->pieces[0], chained, 1, packed);
	put_entry(&table[1], &request->pieces[1], chained | VIRTQ_DESC_F_WRITE, 2, packed);
	put_entry(&table[2], &request->pieces[2], VIRTQ_DESC_F_WRITE, 0, packed);
}

static ALWAYS_INLINE bool
add_split_table(struct ring_rig *rig, const struct ring_request *request, const unsigned kind)
{
	struct rig_slot *slot;

	if (unlikely(!vring_split_room(&rig->ring, 1, kind)))
		return false;
	slot = owner_of(vring_split_next(&rig->ring));
	put_table(slot->table, request, false);
	slot->cookie = request->cookie;
	vring_split_add_table(&rig->ring, &slot->ring, kind);
	return true;
}

static ALWAYS_INLINE bool
add_packed_table(struct ring_rig *rig, const struct ring_request *request, const unsigned kind)
{
	struct rig_slot *slot;

	if (unlikely(!vring_packed_room(&rig->ring, 1, kind)))
		return false;
	slot = owner_of(vring_packed_next(&rig->ring));
	put_table(slot->table, request, true);
	slot->cookie = request->cookie;
	vring_packed_add_table(&rig->ring, &slot->ring, (uintptr_t)slot->table, slot->word, kind);
	return true;
}

static ALWAYS_INLINE bool
get_split(struct ring_rig *rig, uint64_t *cookie, uint32_t *length, const unsigned kind)
{
	struct vring_slot *slot;
	uint32_t pending;

	if (unlikely(vring_split_pending(&rig->ring, &pending) != VRING_OK) || pending == 0 ||
	    unlikely(vring_split_take(&rig->ring, pending, &slot, length, kind) != VRING_OK))
		return false;
	*cookie = owner_of(slot)->cookie;
	return true;
}

static ALWAYS_INLINE bool
get_packed(struct ring_rig *rig, uint64_t *cookie, uint32_t *length, const unsigned kind)
{
	struct vring_slot *slot;
	uint32_t pending;

	if (unlikely(vring_packed_pending(&rig->ring, &pending) != VRING_OK) || pending == 0 ||
	    unlikely(vring_packed_take(&rig->ring, pending, &slot, length, kind) != VRING_OK) ||
	    slot == NULL)
		return false;
	*cookie = owner_of(slot)->cookie;
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

#define SHAPE(layout, shape, name, kind)                                                    \
	COUNTED bool counted_add_##layout##_##name(struct ring_rig *rig,                    \
						   const struct ring_request *request)      \
	{                                                                                   \
		return add_##layout##_##shape(rig, request, kind);                          \
	}                                                                                   \
	COUNTED bool counted_get_##layout##_##name(struct ring_rig *rig, uint64_t *cookie,  \
						   uint32_t *length)                        \
	{                                                                                   \
		return get_##layout(rig, cookie, length, kind);                             \
	}                                                                                   \
	static const struct ring_verbs layout##_##name = {                                  \
		counted_add_##layout##_##name, counted_kick_##layout,                       \
		counted_get_##layout##_##name, counted_disarm_##layout, counted_arm_##layout}

LAYOUT(split)
LAYOUT(packed)
SHAPE(split, table, table, 0);
SHAPE(split, chain, chain, VRING_DIRECT);
SHAPE(split, table, table_ordered, VRING_IN_ORDER);
SHAPE(split, chain, chain_ordered, VRING_DIRECT | VRING_IN_ORDER);
SHAPE(packed, table, table, 0);
SHAPE(packed, chain, chain, VRING_DIRECT);
SHAPE(packed, table, table_ordered, VRING_IN_ORDER);
SHAPE(packed, chain, chain_ordered, VRING_DIRECT | VRING_IN_ORDER);

static void *
allocate(size_t bytes)
{
	size_t rounded = (bytes + 63) & ~(size_t)63;
	void *memory = aligned_alloc(64, rounded);

	if (memory == NULL)
		bench_fail("no memory");
	return memset(memory, 0, rounded);
}

static unsigned
kind_of(const struct bench_options *options)
{
	return (options->direct ? VRING_DIRECT : 0) | (options->in_order ? VRING_IN_ORDER : 0);
}

static void
prepare(struct ring_rig *rig, struct rig_slot *slot, struct virtq_desc *table)
{
	const uint32_t bytes = RIG_PIECES * sizeof(*table);

	slot->table = table;
	if (rig->ring.packed)
		slot->word = vring_packed_table_word(&slot->ring, bytes);
	else if (!(rig->ring.kind & VRING_DIRECT))
		vring_split_prepare_table(&rig->ring, &slot->ring, (uintptr_t)table, bytes);
}

void
ring_rig_open(struct ring_rig *rig, const struct bench_options *options)
{
	uint16_t size = (uint16_t)options->size;
	struct orion_vring_layout layout = orion_vring_layout(size, options->packed);
	unsigned char *shared = allocate(layout.bytes);

	if (size > RIG_SIZE_MAX)
		bench_fail("size must be 1 to 1024");
	rig->slots = allocate(size * sizeof(*rig->slots));
	rig->tables = allocate(size * sizeof(*rig->tables));
	orion_vring_setup(&rig->ring,
			  &(struct vring_config){.shared = shared,
						 .slots = rig->slots,
						 .links = allocate(size * sizeof(uint16_t)),
						 .size = size,
						 .ids = size,
						 .limit = size,
						 .kind = kind_of(options),
						 .packed = options->packed,
						 .event_index = options->event_index});
	for (uint32_t i = 0; i < size; i++)
		prepare(rig, &rig->slots[i], rig->tables[i]);
	rig->device = (struct ring_device){.ring.packed = options->packed,
					   .ring.event_index = options->event_index,
					   .ring.in_order = options->in_order,
					   .echo = options->check,
					   .ring.size = size,
					   .ring.descriptors = shared,
					   .ring.driver = shared + layout.driver_offset,
					   .ring.device = shared + layout.device_offset};
	ring_device_start(&rig->device);
	if (!options->polled)
		ring_device_arm(&rig->device);
}

const struct ring_verbs *
ring_rig_verbs(const struct bench_options *options)
{
	static const struct ring_verbs *const kinds[] = {
		&split_table,  &split_chain,  &split_table_ordered,  &split_chain_ordered,
		&packed_table, &packed_chain, &packed_table_ordered, &packed_chain_ordered};

	return kinds[4 * options->packed + kind_of(options)];
}

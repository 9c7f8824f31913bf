/* SPDX-License-Identifier: MIT */
/*
 * The device side of a virtqueue.  The manual is device.h.
 *
 * Words that tell the other side something go through the shared accessors; what they vouch for is
 * read and written plainly, so that ThreadSanitizer sees a missing order.
 */
#include "bench/device.h"

#include "spec/virtio_blk.h"

/* What the device keeps of a chain: its header, its last two writable pieces. */
struct chain {
	const struct virtio_blk_header *header;
	unsigned char *data, *status;
	uint32_t writable;
};

static inline void
take_piece(struct chain *chain, uint64_t address, uint32_t length, unsigned flags)
{
	if (flags & VIRTQ_DESC_F_WRITE) {
		chain->data = chain->status;
		chain->status = (unsigned char *)(uintptr_t)address;
		chain->writable += length;
	} else {
		chain->header = (const struct virtio_blk_header *)(uintptr_t)address;
	}
}

static inline void
complete(struct ring_device *device, const struct chain *chain)
{
	if (device->echo)
		*(le64 *)(void *)chain->data = chain->header->sector;
	*chain->status = VIRTIO_BLK_S_OK;
	device->completed++;
}

static inline void
walk_split(const struct virtq_desc *table, uint16_t head, struct chain *chain)
{
	const struct virtq_desc *desc = &table[head];

	if (le16_to_cpu(desc->flags) & VIRTQ_DESC_F_INDIRECT) {
		table = (const struct virtq_desc *)(uintptr_t)le64_to_cpu(desc->addr);
		desc = table;
	}
	for (;; desc = &table[le16_to_cpu(desc->next)]) {
		unsigned flags = le16_to_cpu(desc->flags);

		take_piece(chain, le64_to_cpu(desc->addr), le32_to_cpu(desc->len), flags);
		if (!(flags & VIRTQ_DESC_F_NEXT))
			break;
	}
}

/* [spec 2.7.8], in order: [spec 2.7.9] */
static unsigned
poll_split(struct ring_device *device, unsigned max)
{
	struct device_ring *ring = &device->ring;
	const struct virtq_desc *table = (const void *)ring->descriptors;
	uint16_t end = shared_get16(&device_ring_avail(ring)->idx),
		 mask = (uint16_t)(ring->size - 1);
	uint16_t first = ring->used;
	unsigned count = 0;

	arch_order_observe();
	for (; ring->avail != end && count < max; ring->avail++, count++) {
		uint16_t head = le16_to_cpu(device_ring_avail(ring)->ring[ring->avail & mask]);
		struct chain chain = {0};

		walk_split(table, head, &chain);
		complete(device, &chain);
		device_ring_put_split(ring, ring->in_order ? first : ring->used, head,
				      chain.writable);
		ring->used++;
		ring->unasked++;
	}
	if (count != 0) {
		arch_order_publish();
		shared_put16(&device_ring_used(ring)->idx, ring->used);
	}
	return count;
}

static inline void
walk_table(const struct virtq_packed_desc *table, uint32_t entries, struct chain *chain)
{
	for (; entries != 0; entries--, table++)
		take_piece(chain, le64_to_cpu(table->addr), le32_to_cpu(table->len),
			   le16_to_cpu(table->flags));
}

/* Walks the chain whose head has the second word WORD.  Returns its id. */
static inline uint16_t
walk_packed(struct device_ring *ring, uint64_t word, struct chain *chain)
{
	const struct virtq_packed_desc *table = (const void *)ring->descriptors;

	if (word >> 48 & VIRTQ_DESC_F_INDIRECT) {
		uint64_t entries = le64_to_cpu(table[ring->avail].addr);

		walk_table((const struct virtq_packed_desc *)(uintptr_t)entries,
			   (uint32_t)word / (uint32_t)sizeof(*table), chain);
		device_ring_advance(ring);
		return (uint16_t)(word >> 32);
	}
	for (;;) {
		take_piece(chain, le64_to_cpu(table[ring->avail].addr), (uint32_t)word,
			   (unsigned)(word >> 48));
		device_ring_advance(ring);
		if (!(word >> 48 & VIRTQ_DESC_F_NEXT))
			return (uint16_t)(word >> 32);
		word = le64_to_cpu(table[ring->avail].len_id_flags);
	}
}

/* [spec 2.8.6], in order: [spec 2.8.9] */
static unsigned
poll_packed(struct ring_device *device, unsigned max)
{
	struct device_ring *ring = &device->ring;
	struct virtq_packed_desc *table = (void *)ring->descriptors;
	uint16_t first = ring->avail, id = 0;
	bool wrap = ring->wrap;
	uint32_t length = 0;
	unsigned count = 0;

	for (; count < max; count++) {
		uint16_t slot = ring->avail;
		bool lap = ring->wrap;
		uint64_t word = shared_get64(&table[slot].len_id_flags);
		struct chain chain = {0};

		if (!device_ring_is_available(ring, word))
			break;
		arch_order_observe();
		id = walk_packed(ring, word, &chain);
		complete(device, &chain);
		length = chain.writable;
		if (!ring->in_order)
			device_ring_put(ring, slot, lap, id, length);
	}
	if (ring->in_order && count != 0)
		device_ring_put(ring, first, wrap, id, length);
	return count;
}

void
ring_device_start(struct ring_device *device)
{
	device_ring_start(&device->ring);
}

unsigned
ring_device_poll(struct ring_device *device, unsigned max)
{
	return device->ring.packed ? poll_packed(device, max) : poll_split(device, max);
}

bool
ring_device_arm(struct ring_device *device)
{
	return device_ring_arm(&device->ring);
}

void
ring_device_disarm(struct ring_device *device)
{
	device_ring_disarm(&device->ring);
}

bool
ring_device_ask(struct ring_device *device)
{
	return device_ring_ask(&device->ring);
}

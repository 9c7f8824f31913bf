/* SPDX-License-Identifier: MIT */
/*
 * The device side of a virtqueue.  The manual is device.h.
 *
 * Words that tell the other side something go through the shared accessors; what they vouch for is
 * read and written plainly, so that ThreadSanitizer sees a missing order.
 */
#include "bench/device.h"

#include "base/shared.h"
#include "ring/event.h"
#include "spec/virtio_blk.h"
#include "spec/virtq_packed.h"
#include "spec/virtq_split.h"

#define LAP (VIRTQ_PACKED_F_AVAIL | VIRTQ_PACKED_F_USED)

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

static inline struct virtq_avail *
avail_of(const struct ring_device *device)
{
	return (struct virtq_avail *)(void *)device->driver;
}

static inline struct virtq_used *
used_of(const struct ring_device *device)
{
	return (struct virtq_used *)(void *)device->device;
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
	const struct virtq_desc *table = (const void *)device->descriptors;
	struct virtq_used *used = used_of(device);
	uint16_t end = shared_get16(&avail_of(device)->idx), mask = (uint16_t)(device->size - 1);
	uint16_t first = device->used;
	unsigned count = 0;

	arch_order_observe();
	for (; device->avail != end && count < max; device->avail++, count++) {
		uint16_t head = le16_to_cpu(avail_of(device)->ring[device->avail & mask]);
		struct chain chain = {0};
		struct virtq_used_elem *elem;

		walk_split(table, head, &chain);
		complete(device, &chain);
		elem = &used->ring[(device->in_order ? first : device->used) & mask];
		elem->id = cpu_to_le32(head);
		elem->len = cpu_to_le32(chain.writable);
		device->used++;
		device->unasked++;
	}
	if (count != 0) {
		arch_order_publish();
		shared_put16(&used->idx, device->used);
	}
	return count;
}

/* Whether the descriptor whose second word is WORD was made available in this lap. */
static inline bool
is_available(const struct ring_device *device, uint64_t word)
{
	return (word >> 48 & LAP) == (device->wrap ? VIRTQ_PACKED_F_AVAIL : VIRTQ_PACKED_F_USED);
}

static inline void
advance_packed(struct ring_device *device)
{
	device->unasked++;
	if (++device->avail == device->size) {
		device->avail = 0;
		device->wrap = !device->wrap;
	}
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
walk_packed(struct ring_device *device, uint64_t word, struct chain *chain)
{
	const struct virtq_packed_desc *ring = (const void *)device->descriptors;

	if (word >> 48 & VIRTQ_DESC_F_INDIRECT) {
		uint64_t table = le64_to_cpu(ring[device->avail].addr);

		walk_table((const struct virtq_packed_desc *)(uintptr_t)table,
			   (uint32_t)word / (uint32_t)sizeof(*ring), chain);
		advance_packed(device);
		return (uint16_t)(word >> 32);
	}
	for (;;) {
		take_piece(chain, le64_to_cpu(ring[device->avail].addr), (uint32_t)word,
			   (unsigned)(word >> 48));
		advance_packed(device);
		if (!(word >> 48 & VIRTQ_DESC_F_NEXT))
			return (uint16_t)(word >> 32);
		word = le64_to_cpu(ring[device->avail].len_id_flags);
	}
}

/* Writes the used entry of a batch that began at SLOT in lap WRAP; one store tells all. */
static inline void
put_used(struct ring_device *device, uint16_t slot, bool wrap, uint16_t id, uint32_t length)
{
	struct virtq_packed_desc *ring = (void *)device->descriptors;

	arch_order_publish();
	shared_put64(&ring[slot].len_id_flags,
		     length | (uint64_t)id << 32 | (uint64_t)(wrap ? LAP : 0) << 48);
}

/* [spec 2.8.6], in order: [spec 2.8.9] */
static unsigned
poll_packed(struct ring_device *device, unsigned max)
{
	struct virtq_packed_desc *ring = (void *)device->descriptors;
	uint16_t first = device->avail, id = 0;
	bool wrap = device->wrap;
	uint32_t length = 0;
	unsigned count = 0;

	for (; count < max; count++) {
		uint16_t slot = device->avail;
		bool lap = device->wrap;
		uint64_t word = shared_get64(&ring[slot].len_id_flags);
		struct chain chain = {0};

		if (!is_available(device, word))
			break;
		arch_order_observe();
		id = walk_packed(device, word, &chain);
		complete(device, &chain);
		length = chain.writable;
		if (!device->in_order)
			put_used(device, slot, lap, id, length);
	}
	if (device->in_order && count != 0)
		put_used(device, first, wrap, id, length);
	return count;
}

void
ring_device_start(struct ring_device *device)
{
	device->avail = device->used = 0;
	device->unasked = 0;
	device->wrap = true;
}

unsigned
ring_device_poll(struct ring_device *device, unsigned max)
{
	return device->packed ? poll_packed(device, max) : poll_split(device, max);
}

static bool
arm_split(struct ring_device *device)
{
	struct virtq_used *used = used_of(device);

	if (device->event_index)
		shared_put16((le16 *)(void *)&used->ring[device->size], device->avail);
	else
		shared_put16(&used->flags, 0);
	arch_order_ask();
	return shared_get16(&avail_of(device)->idx) == device->avail;
}

static bool
arm_packed(struct ring_device *device)
{
	struct virtq_packed_event *event = (void *)device->device;
	struct virtq_packed_desc *ring = (void *)device->descriptors;
	uint32_t position = device->avail | (device->wrap ? VIRTQ_PACKED_EVENT_WRAP : 0u);

	shared_put32(&event->desc_flags, device->event_index
						 ? position | VIRTQ_PACKED_EVENT_DESC << 16
						 : VIRTQ_PACKED_EVENT_ENABLE << 16);
	arch_order_ask();
	return !is_available(device, shared_get64(&ring[device->avail].len_id_flags));
}

bool
ring_device_arm(struct ring_device *device)
{
	return device->packed ? arm_packed(device) : arm_split(device);
}

/* With the event index a split device has nothing to write: the wish lies behind it already. */
void
ring_device_disarm(struct ring_device *device)
{
	struct virtq_packed_event *event = (void *)device->device;

	if (device->packed)
		shared_put32(&event->desc_flags, VIRTQ_PACKED_EVENT_DISABLE << 16);
	else if (!device->event_index)
		shared_put16(&used_of(device)->flags, VIRTQ_USED_F_NO_NOTIFY);
}

static bool
ask_split(const struct ring_device *device, uint32_t added)
{
	struct virtq_avail *avail = avail_of(device);

	if (!device->event_index)
		return !(shared_get16(&avail->flags) & VIRTQ_AVAIL_F_NO_INTERRUPT);
	return vring_event_passed(shared_get16(&avail->ring[device->size]), device->used, added);
}

static bool
ask_packed(const struct ring_device *device, uint32_t added)
{
	const struct virtq_packed_event *event = (const void *)device->driver;
	uint32_t wish = shared_get32(&event->desc_flags);

	if ((wish >> 16 & VIRTQ_PACKED_EVENT_FLAGS) != VIRTQ_PACKED_EVENT_DESC)
		return (wish >> 16 & VIRTQ_PACKED_EVENT_FLAGS) != VIRTQ_PACKED_EVENT_DISABLE;
	return added > device->size ||
	       vring_packed_event_passed((uint16_t)wish, device->avail, device->wrap,
					 (uint16_t)added, device->size);
}

bool
ring_device_ask(struct ring_device *device)
{
	uint32_t added = device->unasked;

	device->unasked = 0;
	if (added == 0)
		return false;
	arch_order_ask();
	return device->packed ? ask_packed(device, added) : ask_split(device, added);
}

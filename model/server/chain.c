/* SPDX-License-Identifier: MIT */
/*
 * Descriptor chains out of memory that the driver may change at any moment: each word is read once,
 * checked, then used.
 */
#include "model/server/server.h"

void
chain_begin(struct chain *chain)
{
	chain->count = chain->readable = 0;
	chain->descriptors = 0;
	chain->writable_bytes = 0;
}

/* The region that was used last lies in the queue itself. */
static inline bool
in_region(const struct queue *queue, uint64_t address, uint64_t bytes)
{
	uint64_t offset = address - queue->region.device;

	return offset < queue->region.bytes && bytes <= queue->region.bytes - offset;
}

static bool
find_region(struct queue *queue, uint64_t address)
{
	const struct region *region = memory_region(&queue->session->memory, address);

	if (region == NULL)
		return session_fail(queue->session,
				    "queue %u: address 0x%llx is in no memory that was shared",
				    queue->index, (unsigned long long)address);
	queue->region = *region;
	return true;
}

static inline bool
add_piece(struct queue *queue, uint64_t address, uint64_t bytes, unsigned flags)
{
	struct chain *chain = &queue->chain;
	struct piece *piece = &chain->pieces[chain->count];

	if (chain->count == PIECES_MAX)
		return session_fail(queue->session, "queue %u: a chain of more than %u pieces",
				    queue->index, PIECES_MAX);
	chain->count++;
	piece->base = queue->region.base + (address - queue->region.device);
	piece->bytes = bytes;
	if (!(flags & VIRTQ_DESC_F_WRITE))
		chain->readable++;
	return true;
}

/* A buffer may go on in the region behind; it is then two pieces. */
static bool
add_across(struct queue *queue, uint64_t address, uint64_t bytes, unsigned flags)
{
	while (bytes != 0) {
		uint64_t offset, n;

		if (!in_region(queue, address, 1) && !find_region(queue, address))
			return false;
		offset = address - queue->region.device;
		n = queue->region.bytes - offset < bytes ? queue->region.bytes - offset : bytes;
		if (!add_piece(queue, address, n, flags))
			return false;
		address += n;
		bytes -= n;
	}
	return true;
}

static inline bool
add(struct queue *queue, uint64_t address, uint32_t bytes, unsigned flags)
{
	struct chain *chain = &queue->chain;

	if (++chain->descriptors > queue->ring.size)
		return session_fail(queue->session,
				    "queue %u: a chain of more descriptors than the queue's %u",
				    queue->index, queue->ring.size);
	if (flags & VIRTQ_DESC_F_WRITE)
		chain->writable_bytes += bytes;
	else if (chain->count != chain->readable)
		return session_fail(
			queue->session,
			"queue %u: a device-readable descriptor follows a device-writable one",
			queue->index);
	if (in_region(queue, address, bytes))
		return add_piece(queue, address, bytes, flags);
	return add_across(queue, address, bytes, flags);
}

/* The indirect table at ADDRESS, or NULL. */
static const void *
table_at(struct queue *queue, uint64_t address, uint32_t bytes, unsigned flags)
{
	const char *wrong = NULL;

	if (!session_has(queue->session, VIRTIO_F_INDIRECT_DESC))
		wrong = "was not negotiated";
	else if (flags & VIRTQ_DESC_F_NEXT)
		wrong = "has a next descriptor";
	else if (bytes == 0 || bytes % sizeof(struct virtq_desc) != 0)
		wrong = "is no multiple of 16 bytes long";
	else if (!in_region(queue, address, bytes) && !find_region(queue, address))
		return NULL;
	else if (!in_region(queue, address, bytes))
		wrong = "leaves the memory that was shared";
	if (wrong == NULL)
		return queue->region.base + (address - queue->region.device);
	(void)session_fail(queue->session, "queue %u: the indirect table at 0x%llx of %u bytes %s",
			   queue->index, (unsigned long long)address, bytes, wrong);
	return NULL;
}

bool
chain_of_split(struct queue *queue, uint16_t head)
{
	const struct virtq_desc *table = (const void *)queue->ring.descriptors;
	uint32_t entries = queue->ring.size, index = head;
	bool indirect = false;

	chain_begin(&queue->chain);
	for (;;) {
		uint64_t address, word;
		unsigned flags;

		if (index >= entries)
			return session_fail(queue->session,
					    "queue %u: descriptor %u of a table of %u",
					    queue->index, index, entries);
		address = shared_get64(&table[index].addr);
		word = shared_get64(&table[index].len_flags_next);
		flags = (unsigned)(word >> 32) & 0xffff;
		if (flags & VIRTQ_DESC_F_INDIRECT) {
			if (indirect)
				return session_fail(queue->session,
						    "queue %u: an indirect table in another",
						    queue->index);
			table = table_at(queue, address, (uint32_t)word, flags);
			if (table == NULL)
				return false;
			entries = (uint32_t)word / (uint32_t)sizeof(*table);
			index = 0;
			indirect = true;
			continue;
		}
		if (!add(queue, address, (uint32_t)word, flags))
			return false;
		if (!(flags & VIRTQ_DESC_F_NEXT))
			return true;
		index = (uint32_t)(word >> 48);
	}
}

/* In a packed ring's table all entries count, and of their flags only one [spec 2.8.7]. */
static bool
add_table(struct queue *queue, uint64_t address, uint32_t bytes, unsigned flags)
{
	const struct virtq_packed_desc *table = table_at(queue, address, bytes, flags);

	if (table == NULL)
		return false;
	for (uint32_t i = 0; i < bytes / sizeof(*table); i++) {
		uint64_t word = shared_get64(&table[i].len_id_flags);

		if (!add(queue, shared_get64(&table[i].addr), (uint32_t)word,
			 (unsigned)(word >> 48) & VIRTQ_DESC_F_WRITE))
			return false;
	}
	return true;
}

bool
chain_add(struct queue *queue, uint64_t address, uint32_t bytes, unsigned flags)
{
	if (queue->ring.packed && flags & VIRTQ_DESC_F_INDIRECT)
		return add_table(queue, address, bytes, flags);
	return add(queue, address, bytes, flags);
}

bool
chain_of_packed(struct queue *queue, uint64_t word, uint16_t *id)
{
	const struct virtq_packed_desc *table = (const void *)queue->ring.descriptors;

	chain_begin(&queue->chain);
	for (;;) {
		unsigned flags = (unsigned)(word >> 48);
		uint64_t address = shared_get64(&table[queue->ring.avail].addr);

		*id = (uint16_t)(word >> 32);
		device_ring_advance(&queue->ring);
		if (!chain_add(queue, address, (uint32_t)word, flags))
			return false;
		if (!(flags & VIRTQ_DESC_F_NEXT))
			return true;
		word = shared_get64(&table[queue->ring.avail].len_id_flags);
	}
}

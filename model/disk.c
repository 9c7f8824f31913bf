/* SPDX-License-Identifier: MIT */
/*
 * The backing store: sparse, in memory; what was never written reads as zero.  A device with a
 * volatile cache has two: what is read and written, and what a power cut leaves of it.
 */
#include "model/private.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES 4096u
#define BUCKETS 4096u

struct model_chunk {
	struct model_chunk *next;
	uint64_t number;
	uint8_t data[CHUNK_BYTES];
};

static struct model_chunk *
chunk_find(const struct model_disk *disk, uint64_t number)
{
	struct model_chunk *chunk = NULL;

	if (disk->buckets != NULL)
		chunk = disk->buckets[number % BUCKETS];
	while (chunk != NULL && chunk->number != number)
		chunk = chunk->next;
	return chunk;
}

static struct model_chunk *
chunk_make(struct model_disk *disk, uint64_t number)
{
	struct model_chunk *chunk = calloc(1, sizeof(*chunk));

	if (disk->buckets == NULL)
		disk->buckets = calloc(BUCKETS, sizeof(struct model_chunk *));
	if (chunk == NULL || disk->buckets == NULL)
		abort();
	chunk->number = number;
	chunk->next = disk->buckets[number % BUCKETS];
	disk->buckets[number % BUCKETS] = chunk;
	return chunk;
}

void
model_disk_close(struct model_disk *disk)
{
	for (unsigned i = 0; disk->buckets != NULL && i < BUCKETS; i++) {
		while (disk->buckets[i] != NULL) {
			struct model_chunk *chunk = disk->buckets[i];

			disk->buckets[i] = chunk->next;
			free(chunk);
		}
	}
	free(disk->buckets);
	disk->buckets = NULL;
}

void
model_disk_read(const struct model_disk *disk, uint64_t offset, void *data, size_t bytes)
{
	uint8_t *to = data;

	while (bytes > 0) {
		const struct model_chunk *chunk = chunk_find(disk, offset / CHUNK_BYTES);
		size_t at = (size_t)(offset % CHUNK_BYTES);
		size_t n = CHUNK_BYTES - at < bytes ? CHUNK_BYTES - at : bytes;

		if (chunk != NULL)
			memcpy(to, chunk->data + at, n);
		else
			memset(to, 0, n);
		to += n;
		offset += n;
		bytes -= n;
	}
}

void
model_disk_write(struct model_disk *disk, uint64_t offset, const void *data, size_t bytes)
{
	const uint8_t *from = data;

	while (bytes > 0) {
		struct model_chunk *chunk = chunk_find(disk, offset / CHUNK_BYTES);
		size_t at = (size_t)(offset % CHUNK_BYTES);
		size_t n = CHUNK_BYTES - at < bytes ? CHUNK_BYTES - at : bytes;

		if (chunk == NULL)
			chunk = chunk_make(disk, offset / CHUNK_BYTES);
		memcpy(chunk->data + at, from, n);
		from += n;
		offset += n;
		bytes -= n;
	}
}

void
model_disk_copy(struct model_disk *to, const struct model_disk *from)
{
	for (unsigned i = 0; from->buckets != NULL && i < BUCKETS; i++) {
		for (const struct model_chunk *c = from->buckets[i]; c != NULL; c = c->next)
			model_disk_write(to, c->number * CHUNK_BYTES, c->data, CHUNK_BYTES);
	}
}

bool
model_writes_through(const struct model_device *d)
{
	uint64_t flush = VIRTIO_BIT(VIRTIO_BLK_F_FLUSH);

	if ((d->negotiated & VIRTIO_BIT(VIRTIO_BLK_F_CONFIG_WCE)) != 0)
		return d->writeback == 0;
	return (d->negotiated & flush) == 0 && (d->options.features & flush) != 0;
}

void
model_device_power_cut(struct model_device *d)
{
	if (!d->options.cache)
		return;
	for (unsigned i = 0; d->disk.buckets != NULL && i < BUCKETS; i++) {
		for (struct model_chunk *c = d->disk.buckets[i]; c != NULL; c = c->next) {
			for (size_t at = 0; at < CHUNK_BYTES; at += VIRTIO_BLK_SECTOR_BYTES) {
				if (model_random(&d->random) % 2 == 0)
					model_disk_write(&d->stable, c->number * CHUNK_BYTES + at,
							 c->data + at, VIRTIO_BLK_SECTOR_BYTES);
			}
		}
	}
	model_disk_close(&d->disk);
	model_disk_copy(&d->disk, &d->stable);
}

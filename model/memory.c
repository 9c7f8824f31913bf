/* SPDX-License-Identifier: MIT */
/* The memory that the driver lends to devices: regions, guards, what a chain in flight holds. */
#define _POSIX_C_SOURCE 200809L

#include "model/private.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define GUARD_BYTES 4096u
#define GUARD_FILL 0xa5
#define ADDRESS_FIRST UINT64_C(0x100000000)
#define ADDRESS_GAP 0x2000u

/* The last region that begins at or before ADDRESS. */
static struct model_region *
region_before(struct model_host *host, uint64_t address)
{
	unsigned low = 0, high = host->region_count;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (host->regions[middle].device <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? NULL : &host->regions[low - 1];
}

struct model_region *
model_region_at(struct model_host *host, uint64_t address, uint64_t bytes)
{
	struct model_region *r = region_before(host, address);

	if (r == NULL || bytes > r->bytes || address - r->device > r->bytes - bytes)
		return NULL;
	return r;
}

static bool
holds(const struct model_region *r, const void *pointer)
{
	return r->kind == MODEL_LENT_DMA && (uintptr_t)pointer >= (uintptr_t)r->cpu &&
	       (uintptr_t)pointer - (uintptr_t)r->cpu < r->bytes;
}

struct model_region *
model_region_of(struct model_host *host, const void *pointer)
{
	unsigned i = host->region_recent;

	if (i < host->region_count && holds(&host->regions[i], pointer))
		return &host->regions[i];
	for (i = 0; i < host->region_count; i++) {
		if (holds(&host->regions[i], pointer)) {
			host->region_recent = i;
			return &host->regions[i];
		}
	}
	return NULL;
}

void *
model_host_at(struct model_host *host, uint64_t address, size_t bytes)
{
	struct model_region *r = model_region_at(host, address, bytes);

	return r == NULL ? NULL : r->cpu + (address - r->device);
}

void
model_busy(struct model_host *host, uint64_t address, uint64_t bytes, int delta)
{
	struct model_region *r = model_region_at(host, address, bytes);

	if (r == NULL || r->busy == NULL)
		return;
	for (uint64_t i = 0; i < bytes; i++) {
		uint8_t *busy = &r->busy[address - r->device + i];

		*busy = (uint8_t)(*busy + delta);
	}
}

static struct model_region *
region_add(struct model_host *host, size_t bytes, size_t align)
{
	struct model_region *r;

	if (host->region_count == host->region_room) {
		unsigned room = host->region_room == 0 ? 64 : host->region_room * 2;
		struct model_region *larger = realloc(host->regions, room * sizeof(*larger));

		if (larger == NULL)
			abort();
		host->regions = larger;
		host->region_room = room;
	}
	if (host->next_address == 0)
		host->next_address = ADDRESS_FIRST;
	host->next_address = (host->next_address + align - 1) & ~(uint64_t)(align - 1);
	r = &host->regions[host->region_count++];
	memset(r, 0, sizeof(*r));
	r->device = host->next_address;
	r->bytes = bytes;
	host->next_address += bytes + ADDRESS_GAP;
	return r;
}

static void
region_remove(struct model_host *host, struct model_region *r)
{
	size_t at = (size_t)(r - host->regions);

	free(r->block);
	free(r->busy);
	memmove(r, r + 1, (host->region_count - at - 1) * sizeof(*r));
	host->region_count--;
}

orion_status
model_dma_open(void *context, uint32_t function, bool platform, struct orion_dma *out)
{
	struct model_host *host = context;

	(void)function;
	(void)platform;
	if (model_must_fail(host))
		return ORION_NO_MAPPING;
	host->stats.dma_opens++;
	*out = (struct orion_dma){.context = host, .partial = host->partial};
	return ORION_OK;
}

void
model_dma_close(void *context, const struct orion_dma *dma)
{
	struct model_host *host = context;

	if (dma->context != host || host->stats.dma_opens == 0)
		host->stats.bad_frees++;
	else
		host->stats.dma_opens--;
}

orion_status
model_dma_alloc(void *context, size_t bytes, size_t align, struct orion_region *out)
{
	struct model_host *host = context;
	struct model_region *r;
	void *block = NULL;

	if (model_must_fail(host))
		return ORION_NO_MEMORY;
	if (posix_memalign(&block, 4096, bytes + 2 * GUARD_BYTES) != 0)
		return ORION_NO_MEMORY;
	r = region_add(host, bytes, align);
	r->block = block;
	r->cpu = r->block + GUARD_BYTES;
	r->busy = calloc(1, bytes);
	r->kind = MODEL_LENT_DMA;
	memset(r->block, GUARD_FILL, bytes + 2 * GUARD_BYTES);
	memset(r->cpu, 0, bytes);
	host->stats.dma_regions++;
	host->stats.dma_bytes += bytes;
	*out = (struct orion_region){r->cpu, r->device, bytes, r->device ^ 0x5a5a};
	return ORION_OK;
}

static void
check_guards(struct model_host *host, const struct model_region *r)
{
	for (unsigned i = 0; i < GUARD_BYTES; i++) {
		if (r->block[i] != GUARD_FILL || r->cpu[r->bytes + i] != GUARD_FILL) {
			host->stats.guards_broken++;
			return;
		}
	}
}

/* What an enabled queue or a chain in flight uses must not be taken back [spec 3.3]. */
static void
check_not_lent(struct model_host *host, const struct model_region *r)
{
	for (unsigned i = 0; i < host->device_count; i++) {
		for (unsigned q = 0; q < host->devices[i]->options.queues; q++) {
			struct model_queue *queue = &host->devices[i]->queues[q];
			uint64_t area = queue->setup.descriptor_area - r->device;

			if (queue->enabled && area < r->bytes) {
				model_breached(host, MODEL_BREACH_FREED_LENT, q, r->device,
					       r->bytes, 0);
			}
			for (unsigned c = 0; queue->enabled && c < queue->held_count; c++) {
				struct model_chain *chain = queue->held[c];

				for (unsigned p = 0; p < chain->count; p++) {
					if (chain->pieces[p].address - r->device < r->bytes) {
						model_breached(host, MODEL_BREACH_FREED_LENT, q,
							       r->device, r->bytes, chain->id);
						return;
					}
				}
			}
		}
	}
}

void
model_dma_free(void *context, const struct orion_region *region)
{
	struct model_host *host = context;
	struct model_region *r = model_region_at(host, region->device, region->bytes);

	if (r == NULL || r->kind != MODEL_LENT_DMA || r->device != region->device ||
	    r->bytes != region->bytes || r->cpu != region->cpu ||
	    region->cookie != (r->device ^ 0x5a5a)) {
		host->stats.bad_frees++;
		return;
	}
	model_step_forget(r->cpu, r->bytes);
	check_guards(host, r);
	check_not_lent(host, r);
	host->stats.dma_regions--;
	host->stats.dma_bytes -= r->bytes;
	region_remove(host, r);
}

orion_status
model_share(void *context, void *cpu, size_t bytes, orion_direction direction, uint64_t *device,
	    size_t *contiguous, uint64_t *cookie)
{
	struct model_host *host = context;
	struct model_region *r;

	if (model_must_fail(host) || host->partial)
		return ORION_NO_MAPPING;
	if (host->share_limit != 0 && bytes > host->share_limit)
		bytes = host->share_limit;
	r = region_add(host, bytes, 1);
	r->cpu = cpu;
	r->kind = direction == ORION_DEVICE_READS ? MODEL_LENT_READ : MODEL_LENT_WRITE;
	host->stats.shares++;
	*device = *cookie = r->device;
	*contiguous = bytes;
	return ORION_OK;
}

void
model_unshare(void *context, uint64_t cookie, orion_direction direction)
{
	struct model_host *host = context;
	struct model_region *r = region_before(host, cookie);

	if (r == NULL || r->device != cookie ||
	    r->kind != (direction == ORION_DEVICE_READS ? MODEL_LENT_READ : MODEL_LENT_WRITE)) {
		host->stats.bad_frees++;
		return;
	}
	check_not_lent(host, r);
	host->stats.shares--;
	region_remove(host, r);
}

void
model_memory_drop(struct model_host *host)
{
	while (host->region_count > 0)
		region_remove(host, &host->regions[host->region_count - 1]);
	free(host->regions);
}

uint16_t
model_get16(const void *p)
{
	le16 v;

	memcpy(&v, p, sizeof(v));
	return le16_to_cpu(v);
}

uint32_t
model_get32(const void *p)
{
	le32 v;

	memcpy(&v, p, sizeof(v));
	return le32_to_cpu(v);
}

uint64_t
model_get64(const void *p)
{
	le64 v;

	memcpy(&v, p, sizeof(v));
	return le64_to_cpu(v);
}

void
model_put8(void *p, uint8_t value)
{
	model_step_device_store(p, 1);
	memcpy(p, &value, 1);
}

void
model_put16(void *p, uint16_t value)
{
	le16 v = cpu_to_le16(value);

	model_step_device_store(p, sizeof(v));
	memcpy(p, &v, sizeof(v));
}

void
model_put32(void *p, uint32_t value)
{
	le32 v = cpu_to_le32(value);

	model_step_device_store(p, sizeof(v));
	memcpy(p, &v, sizeof(v));
}

void
model_put64(void *p, uint64_t value)
{
	le64 v = cpu_to_le64(value);

	model_step_device_store(p, sizeof(v));
	memcpy(p, &v, sizeof(v));
}

/* SPDX-License-Identifier: MIT */
/* Memory that the front end shares, by two kinds of address: the device side's and its own. */
#include "model/server/server.h"

#include <sys/mman.h>
#include <sys/stat.h>

#define PAGE 4096u

static bool
overlaps(uint64_t a, uint64_t b, uint64_t a_bytes, uint64_t b_bytes)
{
	return a < b + b_bytes && b < a + a_bytes;
}

static const char *
wrong_with(const struct memory *memory, const struct vu_region *message, int fd)
{
	uint64_t bytes = message->bytes, end;
	struct stat stat;

	if (bytes == 0 || message->device + bytes < bytes || message->user + bytes < bytes ||
	    __builtin_add_overflow(message->offset, bytes, &end))
		return "a region of no bytes, or beyond the last address";
	if (fstat(fd, &stat) != 0 || (S_ISREG(stat.st_mode) && (uint64_t)stat.st_size < end))
		return "a region that is longer than its file";
	if (memory->count == REGIONS_MAX)
		return "more regions than there are slots";
	for (unsigned i = 0; i < memory->count; i++) {
		const struct region *other = &memory->regions[i];

		if (overlaps(other->device, message->device, other->bytes, bytes) ||
		    overlaps(other->user, message->user, other->bytes, bytes))
			return "regions that overlap";
	}
	return NULL;
}

bool
memory_add(struct memory *memory, const struct vu_region *message, int fd, const char **reason)
{
	uint64_t before = message->offset % PAGE;
	struct region region = {.device = message->device,
				.user = message->user,
				.bytes = message->bytes,
				.map_bytes = message->bytes + before};

	*reason = wrong_with(memory, message, fd);
	if (*reason != NULL)
		return false;
	region.map = mmap(NULL, region.map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			  (off_t)(message->offset - before));
	if (region.map == MAP_FAILED) {
		*reason = "a region that can't be mapped for reading and writing";
		return false;
	}
	region.base = (unsigned char *)region.map + before;
	memory->regions[memory->count++] = region;
	return true;
}

bool
memory_remove(struct memory *memory, const struct vu_region *message)
{
	for (unsigned i = 0; i < memory->count; i++) {
		struct region *region = &memory->regions[i];

		if (region->device != message->device || region->user != message->user ||
		    region->bytes != message->bytes)
			continue;
		munmap(region->map, region->map_bytes);
		*region = memory->regions[--memory->count];
		return true;
	}
	return false;
}

void
memory_clear(struct memory *memory)
{
	while (memory->count != 0) {
		memory->count--;
		munmap(memory->regions[memory->count].map,
		       memory->regions[memory->count].map_bytes);
	}
}

const struct region *
memory_region(const struct memory *memory, uint64_t address)
{
	for (unsigned i = 0; i < memory->count; i++)
		if (address - memory->regions[i].device < memory->regions[i].bytes)
			return &memory->regions[i];
	return NULL;
}

unsigned char *
memory_of_user(const struct memory *memory, uint64_t address, uint64_t bytes)
{
	for (unsigned i = 0; i < memory->count; i++) {
		const struct region *region = &memory->regions[i];
		uint64_t offset = address - region->user;

		if (offset < region->bytes && bytes <= region->bytes - offset)
			return region->base + offset;
	}
	return NULL;
}

/* SPDX-License-Identifier: MIT */
/*
 * Spaces: which page of RAM is lent at which device address.  See iommu.h.
 *
 * FRAMES has a word for each page of RAM.  It is written under the lock and read without: a page is
 * in the hardware's tables before its word says so, and its word is cleared before it leaves them.
 * Whoever lends a page owns it, so nobody else is freeing it meanwhile.
 */
#include "kernel/core/iommu.h"

#include "kernel/core/lock.h"
#include "kernel/core/memory.h"
#include "kernel/core/print.h"

/* A word of FRAMES: the page of the window above two flags; 0: not lent. */
#define FRAME_THERE 1u
#define FRAME_WRITABLE 2u
#define FRAME_SHIFT 2u
#define WINDOW_PAGES_MAX (UINT64_C(1) << 30)
#define FAULTS_PRINTED 8u

static const struct iommu_ops *drivers[IOMMU_DRIVERS_MAX];
static unsigned driver_count;
static struct iommu_space spaces[IOMMU_SPACES_MAX];
static struct lock spaces_lock;
static uint64_t ram_first; /* pages */
static uint64_t ram_pages;
static uint64_t faults;

void
iommu_add(const struct iommu_ops *ops)
{
	if (driver_count == IOMMU_DRIVERS_MAX)
		orion_panic("more kinds of IOMMU than there is room for");
	drivers[driver_count++] = ops;
	memory_on_give(iommu_take_back);
}

void
iommu_fault(const struct iommu_ops *ops, uint32_t function, uint64_t address, bool writes,
	    const char *why)
{
	uint64_t number = __atomic_fetch_add(&faults, 1, __ATOMIC_RELAXED);

	if (number < FAULTS_PRINTED)
		kprint_message("iommu: %s kept %02x:%02x.%x from %s 0x%llx: %s\n", ops->name,
			       function >> 8, function >> 3 & 31, function & 7,
			       writes ? "writing" : "reading", (unsigned long long)address, why);
	if (number + 1 == FAULTS_PRINTED)
		kprint_message(
			"iommu: further faults are counted only; iommu list tells how many\n");
}

uint64_t
iommu_faults(void)
{
	for (unsigned i = 0; i < driver_count; i++)
		if (drivers[i]->look != NULL)
			drivers[i]->look();
	return __atomic_load_n(&faults, __ATOMIC_RELAXED);
}

const struct iommu_ops *
iommu_driver_at(unsigned n)
{
	return n < driver_count ? drivers[n] : NULL;
}

const struct iommu_space *
iommu_space_at(unsigned n)
{
	for (unsigned i = 0; i < IOMMU_SPACES_MAX; i++)
		if (spaces[i].ops != NULL && n-- == 0)
			return &spaces[i];
	return NULL;
}

/* ---- spaces ---- */

static struct iommu_space *
space_find(const struct iommu_ops *ops, uint64_t group)
{
	for (unsigned i = 0; i < IOMMU_SPACES_MAX; i++)
		if (spaces[i].ops == ops && spaces[i].group == group)
			return &spaces[i];
	return NULL;
}

static void
measure_ram(void)
{
	unsigned count;
	const struct memory_range *ranges = memory_ranges(&count);
	uint64_t first = UINT64_MAX, end = 0;

	for (unsigned i = 0; i < count; i++) {
		uint64_t after = (ranges[i].start + ranges[i].bytes) / PAGE_BYTES;

		first = ranges[i].start / PAGE_BYTES < first ? ranges[i].start / PAGE_BYTES : first;
		end = after > end ? after : end;
	}
	ram_first = first;
	ram_pages = end - first;
}

static size_t
frames_bytes(void)
{
	return ram_pages * sizeof(uint32_t);
}

static uint64_t
window_pages(const struct iommu_space *space)
{
	return space->window.bytes / PAGE_BYTES;
}

static size_t
taken_bytes(const struct iommu_space *space)
{
	return (window_pages(space) + 63) / 64 * sizeof(uint64_t);
}

static void
space_free(struct iommu_space *space)
{
	uint32_t *frames = space->frames;
	uint64_t *taken = space->taken;
	size_t bytes = taken_bytes(space);

	space->ops = NULL;
	if (frames != NULL)
		memory_give(frames, frames_bytes());
	if (taken != NULL)
		memory_give(taken, bytes);
}

/* Twice RAM is room enough: each page is lent at one address at most. */
static struct iommu_space *
space_make(const struct iommu_ops *ops, uint64_t group, const struct memory_range *window)
{
	struct iommu_space *space = space_find(NULL, 0);
	uint64_t pages = window->bytes / PAGE_BYTES;

	if (space == NULL)
		return NULL;
	measure_ram();
	pages = pages > 2 * ram_pages ? 2 * ram_pages : pages;
	pages = pages > WINDOW_PAGES_MAX ? WINDOW_PAGES_MAX : pages;
	*space = (struct iommu_space){.ops = ops,
				      .group = group,
				      .number = (unsigned)(space - spaces) + 1,
				      .window = *window};
	space->window.bytes = pages * PAGE_BYTES;
	space->frames = memory_take(frames_bytes());
	space->taken = memory_take(taken_bytes(space));
	if (space->frames == NULL || space->taken == NULL || !ops->open(space)) {
		space_free(space);
		*space = (struct iommu_space){0};
		return NULL;
	}
	return space;
}

orion_status
iommu_open(uint32_t function, struct iommu_space **out, const char **why)
{
	enum iommu_place place = IOMMU_ELSEWHERE;
	struct iommu_space *space;
	struct memory_range window;
	uint64_t group = 0;
	unsigned i = 0;

	*out = NULL;
	for (; i < driver_count && place == IOMMU_ELSEWHERE; i++)
		place = drivers[i]->find(function, &group, &window, why);
	if (place == IOMMU_ELSEWHERE)
		return ORION_OK;
	if (place == IOMMU_USELESS)
		return ORION_NO_MAPPING;
	space = space_find(drivers[i - 1], group);
	if (space == NULL)
		space = space_make(drivers[i - 1], group, &window);
	if (space == NULL) {
		*why = "no room for its tables";
		return ORION_NO_MEMORY;
	}
	space->users++;
	*out = space;
	return ORION_OK;
}

void
iommu_close(struct iommu_space *space)
{
	if (--space->users != 0)
		return;
	space->ops->close(space);
	space_free(space);
	*space = (struct iommu_space){0};
}

const struct iommu_space *
iommu_space_of(uint32_t function)
{
	struct memory_range window;
	uint64_t group;
	const char *why;

	for (unsigned i = 0; i < driver_count; i++)
		if (drivers[i]->find(function, &group, &window, &why) == IOMMU_HERE)
			return space_find(drivers[i], group);
	return NULL;
}

/* ---- the window ---- */

static bool
page_is_taken(const struct iommu_space *space, uint64_t page)
{
	return (space->taken[page / 64] >> (page % 64) & 1) != 0;
}

static void
pages_mark(struct iommu_space *space, uint64_t page, uint64_t pages, bool taken)
{
	for (uint64_t end = page + pages; page < end; page++) {
		uint64_t bit = UINT64_C(1) << (page % 64);

		if (taken)
			space->taken[page / 64] |= bit;
		else
			space->taken[page / 64] &= ~bit;
	}
}

/* The first of PAGES free pages from FROM on and before END; END when there is no such run. */
static uint64_t
find_run(const struct iommu_space *space, uint64_t from, uint64_t end, uint64_t pages)
{
	uint64_t run = 0;

	for (uint64_t page = from; page < end; page++) {
		run = page_is_taken(space, page) ? 0 : run + 1;
		if (run == pages)
			return page + 1 - pages;
	}
	return end;
}

/* Takes a run of the window; page 0 stays free, lest an address be 0.  False: none left. */
static bool
window_take(struct iommu_space *space, uint64_t pages, uint64_t *page)
{
	uint64_t end = window_pages(space);

	*page = find_run(space, space->hint + 1, end, pages);
	if (*page == end)
		*page = find_run(space, 1, end, pages);
	if (*page == end)
		return false;
	pages_mark(space, *page, pages, true);
	space->hint = *page + pages - 1;
	return true;
}

/* ---- lending ---- */

static uint32_t
frame_get(const struct iommu_space *space, uint64_t frame)
{
	return __atomic_load_n(&space->frames[frame], __ATOMIC_ACQUIRE);
}

static void
frame_set(struct iommu_space *space, uint64_t frame, uint32_t word)
{
	__atomic_store_n(&space->frames[frame], word, __ATOMIC_RELEASE);
}

static uint64_t
frame_address(uint64_t frame)
{
	return (ram_first + frame) * PAGE_BYTES;
}

static uint64_t
window_address(const struct iommu_space *space, uint64_t page)
{
	return space->window.start + page * PAGE_BYTES;
}

/* How many pages from FRAME on, up to PAGES, are as the first is: lent, or not. */
static uint64_t
same_run(const struct iommu_space *space, uint64_t frame, uint64_t pages)
{
	uint32_t first = frame_get(space, frame);
	uint64_t run = 1;

	while (run < pages) {
		uint32_t word = frame_get(space, frame + run);

		if (first == 0 ? word != 0 : word != first + (run << FRAME_SHIFT))
			break;
		run++;
	}
	return run;
}

/* Maps the first run of the PAGES pages from FRAME on that is lent too little.  Cold. */
static bool
lend_run(struct iommu_space *space, uint64_t frame, uint64_t pages, uint32_t flags)
{
	bool on = lock_take(&spaces_lock), done = true;
	uint32_t word = frame_get(space, frame);
	uint64_t run = same_run(space, frame, pages);
	uint64_t page = word >> FRAME_SHIFT;

	/* Another CPU may have been faster. */
	if ((word & flags) == flags) {
		lock_give(&spaces_lock, on);
		return true;
	}
	if (word == 0)
		done = window_take(space, run, &page);
	if (done && !space->ops->map(space, window_address(space, page), frame_address(frame), run,
				     (flags & FRAME_WRITABLE) != 0)) {
		if (word == 0)
			pages_mark(space, page, run, false);
		done = false;
	}
	for (uint64_t i = 0; done && i < run; i++)
		frame_set(space, frame + i, (uint32_t)((page + i) << FRAME_SHIFT) | flags);
	if (done && word == 0)
		space->pages += run;
	lock_give(&spaces_lock, on);
	return done;
}

bool
iommu_lend(struct iommu_space *space, const void *memory, size_t bytes, bool writable,
	   uint64_t *device, size_t *contiguous)
{
	uint32_t flags = FRAME_THERE | (writable ? FRAME_WRITABLE : 0);
	uint64_t into = (uintptr_t)memory % PAGE_BYTES;
	uint64_t frame = (uintptr_t)memory / PAGE_BYTES - ram_first;
	uint64_t pages = (into + bytes + PAGE_BYTES - 1) / PAGE_BYTES, run = 1;
	uint32_t word;

	if (frame >= ram_pages || pages > ram_pages - frame)
		return false;
	word = frame_get(space, frame);
	if ((word & flags) != flags) {
		/* Not on the path of an I/O whose memory was lent before. */
		if (!memory_is_lendable((uintptr_t)memory, bytes) ||
		    !lend_run(space, frame, pages, flags))
			return false;
		word = frame_get(space, frame);
	}
	while (run < pages) {
		uint32_t next = frame_get(space, frame + run);

		if ((next & flags) != flags || next >> FRAME_SHIFT != (word >> FRAME_SHIFT) + run)
			break;
		run++;
	}
	*device = window_address(space, word >> FRAME_SHIFT) + into;
	*contiguous = run == pages ? bytes : (size_t)(run * PAGE_BYTES - into);
	return true;
}

static void
take_back(struct iommu_space *space, uint64_t frame, uint64_t pages)
{
	while (pages != 0) {
		uint32_t word = frame_get(space, frame);
		uint64_t run = same_run(space, frame, pages);

		if (word != 0) {
			uint64_t page = word >> FRAME_SHIFT;

			for (uint64_t i = 0; i < run; i++)
				frame_set(space, frame + i, 0);
			space->ops->unmap(space, window_address(space, page), run);
			pages_mark(space, page, run, false);
			space->pages -= run;
		}
		frame += run;
		pages -= run;
	}
}

void
iommu_take_back(void *memory, size_t bytes)
{
	uint64_t frame = (uintptr_t)memory / PAGE_BYTES - ram_first;
	uint64_t pages = bytes / PAGE_BYTES + (bytes % PAGE_BYTES != 0);
	bool on;

	if (frame >= ram_pages || pages > ram_pages - frame)
		return;
	on = lock_take(&spaces_lock);
	for (unsigned i = 0; i < IOMMU_SPACES_MAX; i++)
		if (spaces[i].users != 0)
			take_back(&spaces[i], frame, pages);
	lock_give(&spaces_lock, on);
}

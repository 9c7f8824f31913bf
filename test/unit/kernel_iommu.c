/* SPDX-License-Identifier: MIT */
/*
 * kernel/core/iommu.c over an IOMMU that only keeps books: what is lent is mapped, what is given
 * back is not, addresses are no one else's; iommu_table.c against a walk of its own.
 */
#include <string.h>

#include "harness.h"
#include "kernel/core/iommu.h"
#include "kernel/core/iommu_table.h"
#include "kernel/core/memory.h"
#include "kernel_ram.h"

#define WINDOW UINT64_C(0x800000000)
#define WINDOW_PAGES 64u
#define GROUPS 3u

/* ---- the books ---- */

static struct book {
	uint64_t physical[WINDOW_PAGES]; /* 0: nothing */
	bool writable[WINDOW_PAGES];
	bool is_open;
} books[GROUPS];
static unsigned maps, unmaps, looks;
static bool map_fails, open_fails, is_added;
static uint64_t window_bytes;

static enum iommu_place
find(uint32_t function, uint64_t *group, struct memory_range *window, const char **why)
{
	if (function == ORION_NO_FUNCTION)
		return IOMMU_ELSEWHERE;
	*why = "useless";
	if (function >= 10 * GROUPS)
		return IOMMU_USELESS;
	*group = function / 10;
	*window = (struct memory_range){WINDOW, window_bytes};
	return IOMMU_HERE;
}

static bool
space_open(struct iommu_space *space)
{
	EXPECT(!books[space->group].is_open);
	memset(&books[space->group], 0, sizeof(books[0]));
	books[space->group].is_open = !open_fails;
	return !open_fails;
}

static void
space_close(struct iommu_space *space)
{
	EXPECT(books[space->group].is_open);
	books[space->group].is_open = false;
}

static bool
map(struct iommu_space *space, uint64_t device, uint64_t physical, uint64_t pages, bool writable)
{
	struct book *book = &books[space->group];
	uint64_t page = (device - WINDOW) / 4096;

	maps++;
	if (map_fails)
		return false;
	EXPECT(device % 4096 == 0 && physical % 4096 == 0 && book->is_open);
	EXPECT(page != 0 && page + pages <= WINDOW_PAGES);
	for (uint64_t i = 0; i < pages; i++) {
		/* A page that is mapped may only become writable. */
		EXPECT(book->physical[page + i] == 0 ||
		       (book->physical[page + i] == physical + 4096 * i && writable));
		book->physical[page + i] = physical + 4096 * i;
		book->writable[page + i] = writable;
	}
	return true;
}

static void
unmap(struct iommu_space *space, uint64_t device, uint64_t pages)
{
	uint64_t page = (device - WINDOW) / 4096;

	unmaps++;
	for (uint64_t i = 0; i < pages; i++) {
		EXPECT(books[space->group].physical[page + i] != 0);
		books[space->group].physical[page + i] = 0;
	}
}

static void
look(void)
{
	looks++;
}

static const struct iommu_ops ops = {
	.name = "books",
	.find = find,
	.open = space_open,
	.close = space_close,
	.map = map,
	.unmap = unmap,
	.look = look,
};

static void
begin(void)
{
	kernel_ram_begin();
	if (!is_added)
		iommu_add(&ops);
	is_added = true;
	maps = unmaps = 0;
	map_fails = open_fails = false;
	window_bytes = WINDOW_PAGES * 4096;
}

static void
end(void)
{
	struct memory_stats stats;

	EXPECT(iommu_space_at(0) == NULL);
	memory_stats_get(&stats);
	EXPECT_EQ(stats.used_bytes, 0);
	kernel_ram_end();
}

/* Where the device with SPACE finds the byte at DEVICE, 0 when nowhere. */
static uint64_t
translate(const struct iommu_space *space, uint64_t device, bool writes)
{
	uint64_t page = (device - WINDOW) / 4096;
	const struct book *book = &books[space->group];

	if (device < WINDOW || page >= WINDOW_PAGES || book->physical[page] == 0 ||
	    (writes && !book->writable[page]))
		return 0;
	return book->physical[page] + device % 4096;
}

static struct iommu_space *
open_space(uint32_t function)
{
	struct iommu_space *space = NULL;
	const char *why = NULL;

	EXPECT_EQ(iommu_open(function, &space, &why), ORION_OK);
	EXPECT(space != NULL);
	return space;
}

/* ---- spaces ---- */

TEST(kernel_iommu__who_is_behind_it)
{
	struct iommu_space *space = (struct iommu_space *)&ops;
	const char *why = NULL;

	begin();
	EXPECT_EQ(iommu_open(ORION_NO_FUNCTION, &space, &why), ORION_OK);
	EXPECT(space == NULL);
	EXPECT_EQ(iommu_open(10 * GROUPS, &space, &why), ORION_NO_MAPPING);
	EXPECT(space == NULL);
	EXPECT_STR(why, "useless");
	open_fails = true;
	EXPECT_EQ(iommu_open(0, &space, &why), ORION_NO_MEMORY);
	EXPECT(space == NULL);
	end();
}

TEST(kernel_iommu__a_group_has_one_space)
{
	struct iommu_space *a, *b, *c;

	begin();
	a = open_space(0);
	b = open_space(9);
	c = open_space(10);
	EXPECT(a == b && a != c && a->number != c->number);
	EXPECT(iommu_space_of(5) == a && iommu_space_of(25) == NULL);
	iommu_close(a);
	EXPECT(books[0].is_open);
	iommu_close(b);
	EXPECT(!books[0].is_open && books[1].is_open);
	iommu_close(c);
	end();
}

/* ---- lending ---- */

TEST(kernel_iommu__lends_once)
{
	struct iommu_space *space;
	unsigned char *memory;
	uint64_t at = 0, again = 0;
	size_t contiguous = 0;

	begin();
	space = open_space(0);
	memory = memory_take(5 * 4096);
	EXPECT(iommu_lend(space, memory + 100, 3 * 4096, false, &at, &contiguous));
	EXPECT_EQ(contiguous, 3 * 4096);
	EXPECT_EQ(at % 4096, 100);
	for (unsigned i = 0; i < 3 * 4096; i += 512) {
		EXPECT_EQ(translate(space, at + i, false), (uintptr_t)memory + 100 + i);
		EXPECT_EQ(translate(space, at + i, true), 0);
	}
	EXPECT_EQ(space->pages, 4);
	EXPECT_EQ(maps, 1);
	/* The same again, and a part of it: nothing is to be done. */
	EXPECT(iommu_lend(space, memory + 4096, 8192, false, &again, &contiguous));
	EXPECT(again == at - 100 + 4096 && contiguous == 8192);
	EXPECT_EQ(maps, 1);
	/* For writing it stays where it is. */
	EXPECT(iommu_lend(space, memory + 4096, 4096, true, &again, &contiguous));
	EXPECT(again == at - 100 + 4096 && contiguous == 4096);
	EXPECT_EQ(translate(space, again, true), (uintptr_t)memory + 4096);
	EXPECT_EQ(translate(space, at, true), 0);
	EXPECT_EQ(space->pages, 4);
	memory_give(memory, 5 * 4096);
	EXPECT_EQ(translate(space, at, false), 0);
	EXPECT_EQ(translate(space, again, false), 0);
	EXPECT_EQ(space->pages, 0);
	iommu_close(space);
	end();
}

/* What lies in several places for the device is told piece by piece. */
TEST(kernel_iommu__pieces)
{
	struct iommu_space *space;
	unsigned char *memory;
	uint64_t at = 0, first = 0, second = 0;
	size_t contiguous = 0;

	begin();
	space = open_space(0);
	memory = memory_take(4 * 4096);
	EXPECT(iommu_lend(space, memory + 2 * 4096, 4096, true, &second, &contiguous));
	EXPECT(iommu_lend(space, memory, 4 * 4096, true, &first, &contiguous));
	EXPECT_EQ(contiguous, 2 * 4096);
	EXPECT(iommu_lend(space, memory + contiguous, 2 * 4096, true, &at, &contiguous));
	EXPECT_EQ(at, second);
	for (size_t done = 0; done < 4 * 4096; done += contiguous) {
		EXPECT(iommu_lend(space, memory + done, 4 * 4096 - done, true, &at, &contiguous));
		EXPECT(contiguous != 0 && contiguous <= 4 * 4096 - done);
		for (size_t i = 0; i < contiguous; i += 512)
			EXPECT_EQ(translate(space, at + i, true), (uintptr_t)memory + done + i);
	}
	memory_give(memory, 4 * 4096);
	iommu_close(space);
	end();
}

TEST(kernel_iommu__what_is_not_lent)
{
	struct iommu_space *space;
	size_t contiguous = 0;
	uint64_t at = 0;
	void *memory;

	begin();
	space = open_space(0);
	EXPECT(!iommu_lend(space, (void *)(uintptr_t)KERNEL, 1, false, &at, &contiguous));
	EXPECT(!iommu_lend(space, (void *)(uintptr_t)(KERNEL - 1), 4096, false, &at, &contiguous));
	EXPECT(!iommu_lend(space, (void *)(uintptr_t)(RAM - 1), 4096, false, &at, &contiguous));
	EXPECT(!iommu_lend(space, &at, sizeof(at), false, &at, &contiguous));
	EXPECT(!iommu_lend(space, (void *)(uintptr_t)(RAM + RAM_BYTES - 1), 2, false, &at,
			   &contiguous));
	EXPECT_EQ(maps, 0);
	memory = memory_take(4096 * WINDOW_PAGES);
	/* Page 0 of the window is nobody's, so one is too many. */
	EXPECT(!iommu_lend(space, memory, 4096 * WINDOW_PAGES, true, &at, &contiguous));
	map_fails = true;
	EXPECT(!iommu_lend(space, memory, 4096, true, &at, &contiguous));
	map_fails = false;
	EXPECT_EQ(space->pages, 0);
	EXPECT(iommu_lend(space, memory, 4096 * (WINDOW_PAGES - 1), true, &at, &contiguous));
	EXPECT_EQ(contiguous, 4096 * (WINDOW_PAGES - 1));
	memory_give(memory, 4096 * WINDOW_PAGES);
	EXPECT_EQ(unmaps, 1);
	iommu_close(space);
	end();
}

/* Two devices, buffers that come and go: each byte is where it should be, or nowhere. */
TEST(kernel_iommu__at_random)
{
	enum {
		BUFFERS = 12
	};
	struct {
		unsigned char *at;
		size_t bytes;
	} buffers[BUFFERS] = {{0}};
	struct iommu_space *spaces[2];

	begin();
	spaces[0] = open_space(0);
	spaces[1] = open_space(20);
	for (unsigned round = 0; round < 4000; round++) {
		unsigned n = (unsigned)test_random_below(BUFFERS);
		struct iommu_space *space = spaces[test_random_below(2)];
		bool writes = test_random_below(2) == 0;
		size_t from, bytes, contiguous = 0;
		uint64_t at = 0;

		if (buffers[n].at == NULL) {
			buffers[n].bytes = 1 + (size_t)test_random_below(4 * 4096);
			buffers[n].at = memory_take(buffers[n].bytes);
			continue;
		}
		if (test_random_below(6) == 0) {
			memory_give(buffers[n].at, buffers[n].bytes);
			buffers[n].at = NULL;
			continue;
		}
		from = (size_t)test_random_below(buffers[n].bytes);
		bytes = 1 + (size_t)test_random_below(buffers[n].bytes - from);
		if (!iommu_lend(space, buffers[n].at + from, bytes, writes, &at, &contiguous))
			continue;
		EXPECT(contiguous != 0 && contiguous <= bytes);
		EXPECT_EQ(translate(space, at, writes), (uintptr_t)buffers[n].at + from);
		EXPECT_EQ(translate(space, at + contiguous - 1, writes),
			  (uintptr_t)buffers[n].at + from + contiguous - 1);
	}
	for (unsigned n = 0; n < BUFFERS; n++)
		if (buffers[n].at != NULL)
			memory_give(buffers[n].at, buffers[n].bytes);
	for (unsigned i = 0; i < 2; i++) {
		EXPECT_EQ(spaces[i]->pages, 0);
		for (unsigned page = 0; page < WINDOW_PAGES; page++)
			EXPECT_EQ(books[spaces[i]->group].physical[page], 0);
		iommu_close(spaces[i]);
	}
	end();
}

TEST(kernel_iommu__faults_are_counted)
{
	uint64_t before;

	begin();
	before = iommu_faults();
	for (unsigned i = 0; i < 20; i++)
		iommu_fault(&ops, 8, 0x1000, true, "so");
	EXPECT_EQ(iommu_faults() - before, 20);
	EXPECT(looks >= 2);
	end();
}

/* ---- tables ---- */

#define TABLE_MARK 0x8000000000000001u
#define PAGE_MARK 0x4000000000000001u
#define PAGE_WRITES 2u
#define ADDRESS 0x0000fffffffff000ull

static unsigned flushed;

static uint64_t
entry_table(uint64_t address)
{
	return address | TABLE_MARK;
}

static uint64_t
entry_page(uint64_t address, bool writable)
{
	return address | PAGE_MARK | (writable ? PAGE_WRITES : 0);
}

static void
flush(const void *memory, size_t bytes)
{
	(void)memory;
	flushed += bytes != 0;
}

static uint64_t
walk(const struct iommu_table_kind *kind, uint64_t table, uint64_t device)
{
	for (unsigned level = kind->levels; level > 1; level--) {
		uint64_t entry = ((uint64_t *)(uintptr_t)table)[device >> (3 + 9 * level) & 511];

		if (entry == 0)
			return 0;
		EXPECT_EQ(entry & ~ADDRESS, TABLE_MARK);
		table = entry & ADDRESS;
	}
	return ((uint64_t *)(uintptr_t)table)[device >> 12 & 511];
}

TEST(kernel_iommu__tables)
{
	for (unsigned levels = 3; levels <= 4; levels++) {
		const struct iommu_table_kind kind = {levels, entry_table, entry_page, flush};
		/* Over the edge of a table at each level. */
		uint64_t device = (UINT64_C(1) << (3 + 9 * levels)) - 2 * 4096;
		uint64_t root;

		begin();
		flushed = 0;
		root = iommu_table_make(&kind);
		EXPECT(root != 0 && root % 4096 == 0);
		EXPECT(iommu_table_map(&kind, root, device, 0x5000, 4, false));
		for (unsigned i = 0; i < 4; i++)
			EXPECT_EQ(walk(&kind, root, device + 4096 * i),
				  (0x5000 + 4096 * i) | PAGE_MARK);
		EXPECT_EQ(walk(&kind, root, device + 4 * 4096), 0);
		EXPECT_EQ(walk(&kind, root, device - 4096), 0);
		EXPECT(iommu_table_map(&kind, root, device, 0x5000, 1, true));
		EXPECT_EQ(walk(&kind, root, device), 0x5000 | PAGE_MARK | PAGE_WRITES);
		iommu_table_unmap(&kind, root, device + 4096, 2);
		EXPECT_EQ(walk(&kind, root, device + 4096), 0);
		EXPECT_EQ(walk(&kind, root, device + 2 * 4096), 0);
		EXPECT_EQ(walk(&kind, root, device + 3 * 4096), 0x8000 | PAGE_MARK);
		EXPECT(flushed >= 7);
		iommu_table_free(&kind, root);
		end();
	}
}

/* Without memory for a table on the way nothing is mapped, and nothing is lost. */
TEST(kernel_iommu__tables_without_memory)
{
	const struct iommu_table_kind kind = {4, entry_table, entry_page, NULL};
	uint64_t root, device = (UINT64_C(1) << 21) - 4096;
	void *rest[64];
	unsigned count = 0;

	begin();
	root = iommu_table_make(&kind);
	EXPECT(iommu_table_map(&kind, root, device - 4096, 0x7000, 1, true));
	for (size_t bytes = RAM_BYTES; bytes >= 4096; bytes /= 2)
		while (count < 64 && (rest[count] = memory_take(bytes)) != NULL)
			count++;
	EXPECT(memory_take(1) == NULL);
	EXPECT(!iommu_table_map(&kind, root, device, 0x9000, 2, true));
	EXPECT_EQ(walk(&kind, root, device), 0);
	EXPECT_EQ(walk(&kind, root, device - 4096), 0x7000 | PAGE_MARK | PAGE_WRITES);
	kernel_ram_end();
}

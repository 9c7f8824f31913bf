/* SPDX-License-Identifier: MIT */
/* ports/linux/memory/dma.c, pages.c, adaptive.h: regions, pools, pages, how long to poll. */
#include "ports/linux/api/adaptive.h"
#include "ports/linux/memory/dma.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test/harness.h"

#define RUNS 64u

/* Runs never overlap, are aligned, and all pages are free at the end. */
TEST(linux_pages__random_runs)
{
	struct storage_pages pages;
	uint8_t owner[300] = {0};
	uint32_t first[RUNS], length[RUNS] = {0};
	void *map = test_alloc(storage_pages_bytes(sizeof(owner)));

	storage_pages_init(&pages, sizeof(owner), map);
	for (unsigned step = 0; step < 20000; step++) {
		unsigned i = (unsigned)test_random_below(RUNS);
		uint32_t align = 1u << test_random_below(4);

		if (length[i] != 0) {
			EXPECT_EQ(storage_pages_give(&pages, first[i]), length[i]);
			EXPECT_EQ(storage_pages_give(&pages, first[i]), 0);
			memset(owner + first[i], 0, length[i]);
			length[i] = 0;
			continue;
		}
		length[i] = 1 + (uint32_t)test_random_below(40);
		first[i] = storage_pages_take(&pages, length[i], align);
		if (first[i] == UINT32_MAX) {
			length[i] = 0;
			continue;
		}
		EXPECT_EQ(first[i] % align, 0);
		EXPECT(first[i] + length[i] <= sizeof(owner));
		for (uint32_t page = 0; page < length[i]; page++)
			EXPECT_EQ(owner[first[i] + page]++, 0);
	}
	for (unsigned i = 0; i < RUNS; i++) {
		if (length[i] != 0)
			storage_pages_give(&pages, first[i]);
	}
	EXPECT_EQ(pages.free, sizeof(owner));
	EXPECT_EQ(storage_pages_take(&pages, sizeof(owner), 1), 0);
	EXPECT_EQ(storage_pages_take(&pages, 1, 1), UINT32_MAX);
	test_free(map);
}

TEST(linux_pages__whole_words_are_stepped_over)
{
	struct storage_pages pages;
	void *map = test_alloc(storage_pages_bytes(512));

	storage_pages_init(&pages, 512, map);
	EXPECT_EQ(storage_pages_take(&pages, 200, 1), 0);
	EXPECT_EQ(storage_pages_take(&pages, 312, 1), 200);
	EXPECT_EQ(storage_pages_give(&pages, 200), 312);
	EXPECT_EQ(storage_pages_take(&pages, 1, 128), 256);
	EXPECT_EQ(storage_pages_take(&pages, 56, 1), 200);
	EXPECT_EQ(storage_pages_take(&pages, 0, 1), UINT32_MAX);
	EXPECT_EQ(storage_pages_give(&pages, 1), 0);
	EXPECT_EQ(storage_pages_give(&pages, 9999), 0);
	test_free(map);
}

static struct dma *
make(void)
{
	struct dma *memory = test_alloc(sizeof(*memory));

	dma_init(memory);
	return memory;
}

/* Whoever has the descriptor can't shorten the file under us, nor unseal it. */
TEST(linux_dma__is_sealed)
{
	unsigned char *base;
	int fd;

	EXPECT_EQ(dma_map(3 * STORAGE_PAGE, &base, &fd), 0);
	EXPECT_EQ((uintptr_t)base % (2 << 20), 0);
	EXPECT_EQ(ftruncate(fd, STORAGE_PAGE), -1);
	EXPECT_EQ(errno, EPERM);
	EXPECT_EQ(ftruncate(fd, 99 * STORAGE_PAGE), -1);
	EXPECT_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), -1);
	dma_unmap(base, 3 * STORAGE_PAGE, fd);
}

TEST(linux_dma__pools)
{
	struct dma *memory = make();
	struct dma_region *region;
	struct storage_place place;
	unsigned char *small, *large;

	EXPECT(dma_pool_take(memory, 1) == NULL);
	EXPECT_EQ(dma_pool_add(memory, 1, &region), 0);
	small = dma_pool_take(memory, 1);
	large = dma_pool_take(memory, 4 << 20);
	EXPECT(small != NULL && large != NULL);
	EXPECT_EQ((uintptr_t)large % (2 << 20), 0);
	EXPECT(!dma_find(memory, large, 4 << 20, &place));
	dma_show(region);
	EXPECT(dma_find(memory, large, 4 << 20, &place));
	EXPECT(place.base == region->base && place.bytes == region->bytes);
	EXPECT_EQ(storage_address(&place, large),
		  region->device + (uint64_t)(large - region->base));
	EXPECT(!dma_find(memory, small, region->bytes + 1, &place));
	EXPECT(!dma_find(memory, region->base + region->bytes, 1, &place));
	EXPECT(!dma_find(memory, small, SIZE_MAX, &place));
	EXPECT(dma_overlaps(memory, region->base + region->bytes - 1, 5));
	EXPECT(!dma_overlaps(memory, region->base + region->bytes, 5));
	/* What was given back is zero when it comes again. */
	memset(large, 0x55, 4 << 20);
	EXPECT(!dma_pool_give(memory, large + 1));
	EXPECT(!dma_pool_give(memory, large + STORAGE_PAGE));
	EXPECT(dma_pool_give(memory, large));
	EXPECT(!dma_pool_give(memory, large));
	EXPECT_EQ(dma_pool_take(memory, 4 << 20), large);
	for (size_t i = 0; i < 4 << 20; i++)
		EXPECT_EQ(large[i], 0);
	dma_end(memory);
	test_free(memory);
}

/* An address is never given out twice, and a request can't run from a region into the next. */
TEST(linux_dma__device_addresses)
{
	struct dma *memory = make();
	uint64_t first = dma_address(memory, 5), second = dma_address(memory, 3 << 20);

	EXPECT(second >= first + (4 << 20));
	EXPECT(dma_address(memory, 1) >= second + (6 << 20));
	test_free(memory);
}

/* Where no hole can be punched, pages that are given back are zeroed by hand. */
TEST(linux_dma__pages_without_holes)
{
	struct dma *memory = make();
	struct dma_region *region;
	unsigned char *page;
	int fd;

	EXPECT_EQ(dma_pool_add(memory, 1, &region), 0);
	page = dma_pool_take(memory, 3 * STORAGE_PAGE);
	memset(page, 0x55, 3 * STORAGE_PAGE);
	fd = region->fd;
	region->fd = open("/dev/null", O_RDWR);
	EXPECT(dma_pool_give(memory, page));
	close(region->fd);
	region->fd = fd;
	EXPECT_EQ(dma_pool_take(memory, 3 * STORAGE_PAGE), page);
	for (size_t i = 0; i < 3 * STORAGE_PAGE; i++)
		EXPECT_EQ(page[i], 0);
	dma_end(memory);
	test_free(memory);
}

/* ---- owners that look while the table changes ---- */

#define FINDS 2000u

static struct dma *changing;
static bool enough;

/* Enters and takes away a region, of another length and place each time. */
static void *
change(void *argument)
{
	unsigned char *base = argument;

	for (unsigned i = 0; !__atomic_load_n(&enough, __ATOMIC_ACQUIRE); i++) {
		size_t bytes = (size_t)(1 + i % 7) * STORAGE_PAGE;
		struct dma_region *region =
			dma_enter(changing, base + (i % 5) * STORAGE_PAGE, bytes, -1, 0);

		dma_show(region);
		for (volatile unsigned pause = 0; pause < i % 64; pause++)
			continue;
		dma_leave(changing, region);
	}
	return NULL;
}

/* What is found is one entry as it was, never the length of one with the address of another. */
TEST(linux_dma__an_entry_is_found_as_a_whole)
{
	unsigned char *base = (unsigned char *)(uintptr_t)(64 * STORAGE_PAGE);
	struct storage_place place;
	pthread_t thread;

	changing = make();
	enough = false;
	EXPECT_EQ(pthread_create(&thread, NULL, change, base), 0);
	for (unsigned found = 0; found < FINDS;) {
		uint64_t number;

		if (!dma_find(changing, base + 4 * STORAGE_PAGE, 1, &place))
			continue;
		found++;
		/* Each region takes two large pages of addresses: they tell which it was. */
		number = (place.device - (UINT64_C(1) << 32)) / (4 << 20);
		EXPECT_EQ(place.bytes, (size_t)(1 + number % 7) * STORAGE_PAGE);
		EXPECT_EQ((uintptr_t)place.base, (uintptr_t)base + number % 5 * STORAGE_PAGE);
	}
	__atomic_store_n(&enough, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	test_free(changing);
}

TEST(linux_adaptive__learns)
{
	struct adaptive adaptive = {.limit = 1000};
	unsigned tries = 0;

	/* Nothing known: tries a little. */
	EXPECT(adaptive_budget(&adaptive) > 0);
	for (unsigned i = 0; i < 100; i++)
		adaptive_learn(&adaptive, 100);
	EXPECT(adaptive_budget(&adaptive) >= 150 && adaptive_budget(&adaptive) <= 300);
	/* A slow device: sleeps at once, but for a try now and then. */
	for (unsigned i = 0; i < 100; i++)
		adaptive_learn(&adaptive, 50000);
	for (unsigned i = 0; i < 10 * ADAPTIVE_TRY_EVERY; i++)
		tries += adaptive_budget(&adaptive) != 0;
	EXPECT_EQ(tries, 10);
	/* It became fast: a few short waits are enough. */
	for (unsigned i = 0; i < 20; i++)
		adaptive_learn(&adaptive, 10);
	EXPECT(adaptive_budget(&adaptive) > 0 && adaptive_budget(&adaptive) <= 1000);
	adaptive.limit = 0;
	EXPECT_EQ(adaptive_budget(&adaptive), 0);
}

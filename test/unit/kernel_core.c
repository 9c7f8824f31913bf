/* SPDX-License-Identifier: MIT */
/*
 * The parts of the kernel's core that know nothing of a machine: messages on the console, and the
 * page allocator, against a shadow of what it gave.
 */
#include <string.h>
#include <sys/mman.h>

#include "harness.h"
#include "kernel/core/arch.h"
#include "kernel/core/memory.h"
#include "kernel/core/print.h"
#include "kernel_ram.h"

/* ---- the machine ---- */

static unsigned locks_held;

bool
arch_irq_off(void)
{
	locks_held++;
	return true;
}

void
arch_irq_restore(bool on)
{
	EXPECT_EQ(on, true);
	locks_held--;
}

void
arch_relax(void)
{
}

static char written[16384]; /* on the console */
static size_t written_used;

void
arch_console_write(const char *text, size_t length)
{
	EXPECT(written_used + length < sizeof(written));
	memcpy(written + written_used, text, length);
	written_used += length;
	written[written_used] = '\0';
}

unsigned
arch_memory_ranges(struct memory_range *out, unsigned most)
{
	EXPECT(most >= 2);
	out[0] = (struct memory_range){RAM, HOLE - RAM};
	out[1] = (struct memory_range){HOLE + HOLE_BYTES, RAM + RAM_BYTES - HOLE - HOLE_BYTES};
	return 2;
}

unsigned
arch_memory_occupied(struct memory_range *out, unsigned most)
{
	EXPECT(most >= 1);
	out[0] = (struct memory_range){KERNEL, KERNEL_BYTES};
	return 1;
}

void
kernel_ram_begin(void)
{
	void *ram = mmap((void *)(uintptr_t)RAM, RAM_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	EXPECT(ram == (void *)(uintptr_t)RAM);
	memory_init();
}

void
kernel_ram_end(void)
{
	EXPECT_EQ(locks_held, 0);
	munmap((void *)(uintptr_t)RAM, RAM_BYTES);
}

/* ---- printing ---- */

/* A message takes a line of its own, or waits; what has no room is counted. */
TEST(kernel_print__messages)
{
	written_used = 0;
	kprint_plain(true);
	kprint("{ \"a\": ");
	kprint_message("vd0: %u\n", 1u);
	EXPECT_STR(written, "{ \"a\": \nvd0: 1\n");
	written_used = 0;
	kprint("whole\n");
	kprint_message("vd0: 2\n");
	EXPECT_STR(written, "whole\nvd0: 2\n");

	written_used = 0;
	kprint_hold(true);
	kprint("{");
	kprint_message("vd0: 3\n");
	kprint_message("vd0: 4\n");
	kprint("}\n");
	EXPECT_STR(written, "{}\n");
	kprint_hold(false);
	EXPECT_STR(written, "{}\nvd0: 3\nvd0: 4\n");

	kprint_hold(true);
	for (unsigned i = 0; i < 1000; i++)
		kprint_message("vd0: message %3u\n", i);
	written_used = 0;
	kprint_hold(false);
	EXPECT_EQ(strncmp(written, "vd0: message   0\nvd0: message   1\n", 34), 0);
	/* Of 17 bytes each: 240 find room in 4 KiB. */
	EXPECT(strstr(written, "vd0: message 239\n760 further messages are lost\n") != NULL);
	kprint_plain(false);
	EXPECT_EQ(locks_held, 0);
}

/* ---- memory ---- */

#define TAKEN_MAX 256

static struct {
	unsigned char *at;
	size_t bytes;
	unsigned char mark;
} taken[TAKEN_MAX];

static void
expect_inside(const unsigned char *at, size_t bytes)
{
	uint64_t start = (uintptr_t)at, end = start + (bytes + 4095) / 4096 * 4096;

	EXPECT_EQ(start % 4096, 0);
	EXPECT(start >= RAM && end <= RAM + RAM_BYTES);
	EXPECT(end <= HOLE || start >= HOLE + HOLE_BYTES);
	EXPECT(end <= KERNEL || start >= KERNEL + KERNEL_BYTES);
}

static void
take(unsigned slot)
{
	size_t bytes = 1 + (size_t)test_random_below(test_random_below(4) == 0 ? 3 << 20 : 20000);
	unsigned char *at = memory_take(bytes);

	if (at == NULL)
		return;
	expect_inside(at, bytes);
	for (size_t i = 0; i < bytes; i += 97)
		EXPECT_EQ(at[i], 0);
	taken[slot].at = at;
	taken[slot].bytes = bytes;
	taken[slot].mark = (unsigned char)(1 + test_random_below(255));
	memset(at, taken[slot].mark, bytes);
}

/* Nobody else wrote here since: no two takers share a page. */
static void
give(unsigned slot)
{
	for (size_t i = 0; i < taken[slot].bytes; i++)
		EXPECT_EQ(taken[slot].at[i], taken[slot].mark);
	memory_give(taken[slot].at, taken[slot].bytes);
	taken[slot].at = NULL;
}

TEST(kernel_memory__gives_each_page_once)
{
	struct memory_stats stats;
	uint64_t total;

	kernel_ram_begin();
	memory_stats_get(&stats);
	total = stats.total_bytes;
	EXPECT(total > RAM_BYTES - HOLE_BYTES - (1u << 20) && total < RAM_BYTES - HOLE_BYTES);
	EXPECT(memory_is_ram(RAM, 1) && memory_is_ram(RAM - 4096, 4097));
	EXPECT(!memory_is_ram(HOLE, HOLE_BYTES) && !memory_is_ram(RAM - 4096, 4096));
	EXPECT(memory_take(0) == NULL && memory_take(RAM_BYTES) == NULL);
	EXPECT(memory_take(SIZE_MAX) == NULL);

	for (unsigned round = 0; round < 3000; round++) {
		unsigned slot = (unsigned)test_random_below(TAKEN_MAX);

		if (taken[slot].at != NULL)
			give(slot);
		else
			take(slot);
	}
	for (unsigned slot = 0; slot < TAKEN_MAX; slot++) {
		if (taken[slot].at != NULL)
			give(slot);
	}
	memory_stats_get(&stats);
	EXPECT_EQ(stats.used_bytes, 0);
	EXPECT(stats.refusals > 0 && stats.peak_bytes <= total);
	/* Whole again: the largest range can be had in one piece but for what lies in it. */
	EXPECT(memory_take(28u << 20) != NULL);
	kernel_ram_end();
}

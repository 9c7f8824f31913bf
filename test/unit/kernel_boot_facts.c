/* SPDX-License-Identifier: MIT */
/*
 * kernel/arch/x86_64/boot_facts.c: what each protocol's loader tells, and the same with every
 * length and count spoiled: then nothing beyond the list of tags, or beyond reach, may be read.
 */
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "kernel/arch/x86_64/boot_facts.h"

#define NO_LIMIT UINT64_MAX
#define MIB (UINT64_C(1) << 20)
#define PARAMS_BYTES 4096

static struct boot_facts facts;
static uint8_t block[16384];
static uint32_t used;

static void
put(uint32_t offset, uint64_t value, unsigned width)
{
	EXPECT(offset + width <= sizeof(block));
	for (unsigned i = 0; i < width; i++)
		block[offset + i] = (uint8_t)(value >> 8 * i);
}

static void
put_range(uint32_t offset, uint64_t start, uint64_t bytes, uint32_t type)
{
	put(offset, start, 8);
	put(offset + 8, bytes, 8);
	put(offset + 16, type, 4);
}

static uint64_t
address_of(const void *memory)
{
	return (uintptr_t)memory;
}

static const char *
read_by(boot_reader *reader, uint64_t reach)
{
	memset(&facts, 0, sizeof(facts));
	return reader(&facts, address_of(block), reach);
}

static void
expect_refusal(boot_reader *reader, const char *word)
{
	const char *wrong = read_by(reader, NO_LIMIT);

	EXPECT(wrong != NULL);
	EXPECT(strstr(wrong, word) != NULL);
}

/* What all three are made to tell. */
static void
expect_facts(void)
{
	EXPECT_EQ(facts.ram_count, 2);
	EXPECT_EQ(facts.ram[0].start, 0);
	EXPECT_EQ(facts.ram[0].bytes, 0x9fc00);
	EXPECT_EQ(facts.ram[1].start, MIB);
	EXPECT_EQ(facts.ram[1].bytes, 255 * MIB); /* of two that touch */
	EXPECT_STR(facts.command_line, "quiet a=b");
	EXPECT_EQ(facts.initrd.start, 8 * MIB);
	EXPECT_EQ(facts.initrd.bytes, 5000);
}

/* Five ranges, ENTRY_BYTES apart. */
static void
put_ranges(uint32_t offset, uint32_t entry_bytes)
{
	put_range(offset, 0, 0x9fc00, 1);
	put_range(offset + entry_bytes, 0x9fc00, 0x400, 2);
	put_range(offset + 2 * entry_bytes, MIB, 127 * MIB, 1);
	put_range(offset + 3 * entry_bytes, 128 * MIB, 128 * MIB, 1);
	put_range(offset + 4 * entry_bytes, UINT64_MAX - 4095, 8192, 1); /* wraps */
}

/* ---- PVH ---- */

#define PVH_RANGES_AT 128
#define PVH_MODULES_AT 512
#define PVH_WORDS_AT 1024

static void
make_pvh(void)
{
	memset(block, 0, sizeof(block));
	put(0, 0x336ec578, 4);
	put(4, 1, 4);
	put(12, 2, 4);
	put(16, address_of(block + PVH_MODULES_AT), 8);
	put(24, address_of(block + PVH_WORDS_AT), 8);
	put(32, 0xf5b00, 8);
	put(40, address_of(block + PVH_RANGES_AT), 8);
	put(48, 5, 4);
	put_ranges(PVH_RANGES_AT, 24);
	put(PVH_MODULES_AT, 8 * MIB, 8);
	put(PVH_MODULES_AT + 8, 5000, 8);
	put(PVH_MODULES_AT + 32, 9 * MIB, 8);
	put(PVH_MODULES_AT + 40, 1, 8);
	memcpy(block + PVH_WORDS_AT, "quiet a=b", 10);
}

TEST(boot_facts__pvh)
{
	make_pvh();
	EXPECT(read_by(boot_read_pvh, NO_LIMIT) == NULL);
	expect_facts();
	EXPECT_EQ(facts.root_pointer, 0xf5b00);
	EXPECT_EQ(facts.modules_unused, 1);
	EXPECT(!facts.has_root_copy);
	put(12, 0, 4); /* no modules, wherever their list is */
	put(16, 0, 8);
	put(24, 0, 8);
	EXPECT(read_by(boot_read_pvh, NO_LIMIT) == NULL);
	EXPECT_EQ(facts.initrd.bytes, 0);
	EXPECT_STR(facts.command_line, "");
}

TEST(boot_facts__pvh_refused)
{
	make_pvh();
	put(0, 0x336ec579, 4);
	expect_refusal(boot_read_pvh, "no start_info");
	make_pvh();
	put(4, 0, 4);
	expect_refusal(boot_read_pvh, "version 1");
	make_pvh();
	put(48, UINT32_MAX, 4);
	EXPECT_STR(read_by(boot_read_pvh, address_of(block + sizeof(block))),
		   "PVH: the memory map is out of reach");
	make_pvh();
	put(40, 0, 8);
	expect_refusal(boot_read_pvh, "memory map");
	make_pvh();
	put(12, 600, 4);
	EXPECT_STR(read_by(boot_read_pvh, address_of(block + sizeof(block))),
		   "PVH: the list of modules is out of reach");
	make_pvh();
	put(48, 2, 4);
	put(PVH_RANGES_AT + 16, 5, 4);
	expect_refusal(boot_read_pvh, "no RAM");
	EXPECT(boot_read_pvh(&facts, 0, NO_LIMIT) != NULL);
	EXPECT(boot_read_pvh(&facts, NO_LIMIT - 10, NO_LIMIT) != NULL);
}

/* ---- Linux ---- */

#define LINUX_WORDS_AT 8000

static void
make_linux(void)
{
	uint64_t words = address_of(block + LINUX_WORDS_AT);

	memset(block, 0, sizeof(block));
	put(0x070, 0xe0000, 8);
	put(0x1e8, 5, 1);
	memcpy(block + 0x202, "HdrS", 4);
	put(0x218, 8 * MIB, 4);
	put(0x21c, 5000, 4);
	put(0x228, (uint32_t)words, 4);
	put(0x0c8, words >> 32, 4);
	put_ranges(0x2d0, 20);
	memcpy(block + LINUX_WORDS_AT, "quiet a=b", 10);
}

TEST(boot_facts__linux)
{
	make_linux();
	EXPECT(read_by(boot_read_linux, NO_LIMIT) == NULL);
	expect_facts();
	EXPECT_EQ(facts.root_pointer, 0xe0000);
	/* The words end where reach does, without a NUL. */
	memset(block + LINUX_WORDS_AT, 'x', sizeof(block) - LINUX_WORDS_AT);
	EXPECT(read_by(boot_read_linux, address_of(block + LINUX_WORDS_AT + 3)) == NULL);
	EXPECT_STR(facts.command_line, "xxx");
	EXPECT(read_by(boot_read_linux, NO_LIMIT) == NULL);
	EXPECT_EQ(strlen(facts.command_line), BOOT_COMMAND_LINE_BYTES - 1);
}

TEST(boot_facts__linux_refused)
{
	make_linux();
	block[0x205] = 's';
	expect_refusal(boot_read_linux, "HdrS");
	make_linux();
	put(0x1e8, 129, 1);
	expect_refusal(boot_read_linux, "128");
	make_linux();
	put(0x1e8, 0, 1);
	expect_refusal(boot_read_linux, "no RAM");
	EXPECT(boot_read_linux(&facts, 0, NO_LIMIT) != NULL);
	make_linux();
	EXPECT(read_by(boot_read_linux, address_of(block + PARAMS_BYTES - 1)) != NULL);
}

TEST(boot_facts__archive_must_be_ram)
{
	make_linux();
	put(0x0c0, 1, 4); /* above 4 GiB */
	memset(&facts, 0, sizeof(facts));
	EXPECT(strstr(read_by(boot_read_linux, NO_LIMIT), "RAM") != NULL);
	make_linux();
	put(0x0c0, UINT32_MAX, 4);
	EXPECT(strstr(read_by(boot_read_linux, UINT64_MAX / 2), "out of reach") != NULL);
	make_linux();
	put(0x218, 256 * MIB - 4999, 4); /* one byte too far */
	expect_refusal(boot_read_linux, "RAM");
	put(0x218, 256 * MIB - 5000, 4);
	EXPECT(read_by(boot_read_linux, NO_LIMIT) == NULL);
	put(0x218, 0x9fc00, 4);
	expect_refusal(boot_read_linux, "RAM");
	put(0x0c4, UINT32_MAX, 4);
	expect_refusal(boot_read_linux, "RAM");
}

/* ---- Multiboot2 ---- */

static uint32_t
begin_tag(uint32_t type)
{
	uint32_t at = used;

	put(at, type, 4);
	used += 8;
	return at;
}

static void
end_tag(uint32_t at)
{
	put(at + 4, used - at, 4);
	used = (used + 7) & ~7u;
}

static void
add_tag(uint32_t type, const void *bytes, uint32_t count)
{
	uint32_t at = begin_tag(type);

	memcpy(block + used, bytes, count);
	used += count;
	end_tag(at);
}

static void
add_module(uint32_t start, uint32_t end)
{
	uint32_t at = begin_tag(3);

	put(used, start, 4);
	put(used + 4, end, 4);
	used += 9;
	end_tag(at);
}

static void
make_multiboot2(bool new_first)
{
	uint32_t at;

	memset(block, 0, sizeof(block));
	used = 8;
	add_tag(1, "quiet a=b", 10);
	add_tag(2, "GRUB 2.06", 10);
	add_module(8 * MIB, 8 * MIB + 5000);
	if (new_first)
		add_tag(15, "RSD PTR new root pointer of thirty-six", 36);
	add_tag(14, "RSD PTR older pointer", 20);
	if (!new_first)
		add_tag(15, "RSD PTR new root pointer of thirty-six", 36);
	add_module(12 * MIB, 12 * MIB + 1);
	at = begin_tag(6);
	put(used, 32, 4);
	put_ranges(used + 8, 32);
	used += 8 + 5 * 32;
	end_tag(at);
	end_tag(begin_tag(0));
	put(0, used, 4);
}

TEST(boot_facts__multiboot2)
{
	for (unsigned new_first = 0; new_first < 2; new_first++) {
		make_multiboot2(new_first != 0);
		EXPECT(read_by(boot_read_multiboot2, NO_LIMIT) == NULL);
		expect_facts();
		EXPECT_EQ(facts.modules_unused, 1);
		EXPECT(facts.has_root_copy);
		EXPECT(memcmp(facts.root_copy, "RSD PTR new", 11) == 0);
	}
}

TEST(boot_facts__multiboot2_refused)
{
	make_multiboot2(true);
	EXPECT(read_by(boot_read_multiboot2, address_of(block) + used - 1) != NULL);
	put(0, used - 8, 4);
	expect_refusal(boot_read_multiboot2, "no end");
	put(0, 0, 4);
	expect_refusal(boot_read_multiboot2, "no end");
	make_multiboot2(true);
	put(12, 7, 4);
	expect_refusal(boot_read_multiboot2, "within the list");
	put(12, used, 4);
	expect_refusal(boot_read_multiboot2, "within the list");
	put(12, UINT32_MAX, 4);
	expect_refusal(boot_read_multiboot2, "within the list");
	used = 8;
	add_module(8 * MIB, 8 * MIB - 1);
	expect_refusal(boot_read_multiboot2, "before it begins");
	used = 8;
	add_tag(6, "\0\0\0\0\0\0\0\0", 8);
	expect_refusal(boot_read_multiboot2, "24 bytes");
	EXPECT(boot_read_multiboot2(&facts, 0, NO_LIMIT) != NULL);
}

/* A module's tag that is cut, where the list and the memory end. */
TEST(boot_facts__multiboot2_cut)
{
	uint8_t *list = calloc(1, 16);

	EXPECT(list != NULL);
	list[0] = 16;
	list[8] = 3;
	list[12] = 8;
	memset(&facts, 0, sizeof(facts));
	EXPECT(strstr(boot_read_multiboot2(&facts, address_of(list), address_of(list) + 16),
		      "before it begins") != NULL);
	free(list);
}

/* Every byte of the list, spoiled in several ways, in memory that ends where the list does. */
TEST(boot_facts__multiboot2_spoiled)
{
	static const uint8_t values[] = {0, 1, 7, 8, 15, 16, 0x7f, 0x80, 0xff};

	make_multiboot2(true);

	uint8_t *list = malloc(used);

	EXPECT(list != NULL);
	for (uint32_t at = 0; at < used; at++) {
		for (unsigned i = 0; i < sizeof(values); i++) {
			memcpy(list, block, used);
			list[at] = values[i];
			memset(&facts, 0, sizeof(facts));
			(void)boot_read_multiboot2(&facts, address_of(list),
						   address_of(list) + used);
			EXPECT(facts.ram_count <= MEMORY_RANGES_MAX);
		}
	}
	free(list);
}

/* More ranges than there is room for: the first ones count. */
TEST(boot_facts__many_ranges)
{
	make_linux();
	put(0x1e8, 128, 1);
	for (unsigned i = 0; i < 128; i++)
		put_range(0x2d0 + 20 * i, (2 * i + 1) * 16 * MIB, 16 * MIB, 1);
	put(0x218, 16 * MIB, 4);
	EXPECT(read_by(boot_read_linux, NO_LIMIT) == NULL);
	EXPECT_EQ(facts.ram_count, MEMORY_RANGES_MAX);
	EXPECT_EQ(facts.ram[MEMORY_RANGES_MAX - 1].start, (2 * 63 + 1) * 16 * MIB);
}

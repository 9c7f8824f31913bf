/* SPDX-License-Identifier: MIT */
/* kernel/core/mmio.c: places of devices in a command line, and in pieces of AML. */
#include <string.h>

#include "harness.h"
#include "kernel/core/mmio.h"

#define BASE UINT64_C(0xd0000000)

/* The table is never emptied, so each expectation has an address of its own. */
static const struct mmio_place *
place_at(uint64_t address)
{
	for (unsigned i = 0; i < mmio_count(); i++)
		if (mmio_at(i)->address == address)
			return mmio_at(i);
	return NULL;
}

static void
expect_place(uint64_t address, uint64_t bytes, uint32_t line)
{
	const struct mmio_place *place = place_at(address);

	test_note("%llx", (unsigned long long)address);
	EXPECT(place != NULL);
	EXPECT_EQ(place->bytes, bytes);
	EXPECT_EQ(place->line, line);
}

TEST(kernel_mmio__command_line)
{
	mmio_from_command_line("");
	mmio_from_command_line("quiet virtio_mmio.device=4K@0xd0000000:5 "
			       "pci=off\tvirtio_mmio.device=512@3489664512:0x6\n"
			       "virtio_mmio.device=0x200@0xD0002000:7:3 "
			       "virtio_mmio.device=1M@0xd0100000:8");
	expect_place(BASE, 4096, 5);
	expect_place(3489664512, 512, 6);
	expect_place(BASE + 0x2000, 512, 7);
	expect_place(BASE + 0x100000, 1 << 20, 8);
	/* Who came first stays. */
	mmio_from_command_line("virtio_mmio.device=8K@0xd0000000:9");
	expect_place(BASE, 4096, 5);
}

TEST(kernel_mmio__wrong_words)
{
	static const char *const words[] = {
		"=512",
		"=512@0xd2000000",
		"=512@0xd2000000:",
		"=@0xd2000000:1",
		"=0@0xd2000000:1",
		"=512@0xd2000000:1x",
		"=512@0x:1",
		"=512@0xd2000000:1:",
		"=2048M@0xd2000000:1",
		"=512G@0xd2000000:1",
		"=512@0xfffffffffffffffff:1",
		"=512@0xd2000000:0xffffffff",
		"s=512@0xd2000000:1",
		"=-1@0xd2000000:1",
	};
	unsigned before = mmio_count();
	char line[128];

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		test_note("%s", words[i]);
		strcpy(line, "x virtio_mmio.device");
		strcat(line, words[i]);
		mmio_from_command_line(line);
		EXPECT_EQ(mmio_count(), before);
	}
}

/* As QEMU's tables have it: a name, what is between, a memory range, an interrupt. */
static size_t
device(uint8_t *at, uint8_t page, uint8_t line)
{
	static const uint8_t middle[] = {0x08, '_',  'U', 'I', 'D', 0x0a,
					 3,    0x08, '_', 'C', 'R', 'S'};
	const uint8_t rest[] = {0x86, 9, 0, 1, 0, 0,    page, 0xe0, 0, 2,    0, 0,
				0x89, 6, 0, 1, 1, line, 0,    0,    0, 0x79, 0};

	memcpy(at, "LNRO0005", 9);
	memcpy(at + 9, middle, sizeof(middle));
	memcpy(at + 9 + sizeof(middle), rest, sizeof(rest));
	return 9 + sizeof(middle) + sizeof(rest);
}

TEST(kernel_mmio__aml)
{
	uint8_t code[256] = {0};
	size_t bytes = device(code + 7, 1, 33) + 7;

	bytes += device(code + bytes, 2, 34);
	mmio_from_aml(code, bytes);
	expect_place(0xe0010000, 512, 33);
	expect_place(0xe0020000, 512, 34);
}

/* Cut anywhere, without a memory range, without an interrupt; each in memory of its own size. */
TEST(kernel_mmio__broken_aml)
{
	uint8_t whole[64];
	size_t bytes = device(whole, 3, 35);

	for (size_t cut = 0; cut < bytes; cut++) {
		uint8_t *code = test_alloc(cut + 1);
		unsigned before = mmio_count();
		const struct mmio_place *place;

		memcpy(code, whole, cut);
		if (cut > 29)
			code[27] = (uint8_t)(0x40 + cut); /* another page each time */
		mmio_from_aml(code, cut);
		EXPECT(mmio_count() - before <= 1);
		place = mmio_count() > before ? mmio_at(mmio_count() - 1) : NULL;
		EXPECT(place == NULL || cut >= 33);
		EXPECT(place == NULL || place->line == (cut >= 42 ? 35 : UINT32_MAX));
		test_free(code);
	}
}

/* The interrupt of the next device is not this one's. */
TEST(kernel_mmio__aml_without_interrupt)
{
	uint8_t code[128];
	size_t bytes = device(code, 0x50, 36) - 11;

	bytes += device(code + bytes, 0x51, 37);
	mmio_from_aml(code, bytes);
	expect_place(0xe0500000, 512, UINT32_MAX);
	expect_place(0xe0510000, 512, 37);
}

/* The table has an end. */
TEST(kernel_mmio__many)
{
	for (unsigned i = 0; i < 100; i++) {
		uint8_t code[64];

		mmio_from_aml(code, device(code, (uint8_t)(0x80 + i), 1));
	}
	EXPECT_EQ(mmio_count(), MMIO_PLACES_MAX);
	EXPECT(mmio_at(MMIO_PLACES_MAX) == NULL);
}

/* SPDX-License-Identifier: MIT */
/* The boot protocols' descriptions: see boot_facts.h. */
#include "boot_facts.h"

#include "kernel/core/string.h"

#define RAM 1u /* the type of a range, in all three protocols */

#define PVH_MAGIC 0x336ec578u
#define PVH_BYTES 56u
#define PVH_VERSION 4u
#define PVH_MODULE_COUNT 12u
#define PVH_MODULES 16u
#define PVH_COMMAND_LINE 24u
#define PVH_ROOT 32u
#define PVH_RANGES 40u
#define PVH_RANGE_COUNT 48u
#define PVH_RANGE_BYTES 24u
#define PVH_MODULE_BYTES 32u

#define LINUX_BYTES 4096u
#define LINUX_ROOT 0x070u
#define LINUX_INITRD_HIGH 0x0c0u
#define LINUX_INITRD_BYTES_HIGH 0x0c4u
#define LINUX_COMMAND_LINE_HIGH 0x0c8u
#define LINUX_RANGE_COUNT 0x1e8u
#define LINUX_MAGIC 0x202u
#define LINUX_MAGIC_VALUE 0x53726448u /* "HdrS" */
#define LINUX_INITRD 0x218u
#define LINUX_INITRD_BYTES 0x21cu
#define LINUX_COMMAND_LINE 0x228u
#define LINUX_RANGES 0x2d0u
#define LINUX_RANGE_BYTES 20u
#define LINUX_RANGES_MAX 128u

#define MULTIBOOT2_HEADER_BYTES 8u
#define MULTIBOOT2_END 0u
#define MULTIBOOT2_COMMAND_LINE 1u
#define MULTIBOOT2_MODULE 3u
#define MULTIBOOT2_RANGES 6u
#define MULTIBOOT2_ROOT_OLD 14u
#define MULTIBOOT2_ROOT_NEW 15u
#define MULTIBOOT2_RANGE_BYTES 24u /* at least */
#define ROOT_OLD_BYTES 20u

static uint64_t
field(const uint8_t *base, unsigned offset, unsigned width)
{
	uint64_t value = 0;

	for (unsigned i = width; i > 0; i--)
		value = value << 8 | base[offset + i - 1];
	return value;
}

static uint32_t
field32(const uint8_t *base, unsigned offset)
{
	return (uint32_t)field(base, offset, 4);
}

/* The BYTES at ADDRESS; NULL when there is nothing, or not all of them can be reached. */
static const uint8_t *
at(uint64_t address, uint64_t bytes, uint64_t reach)
{
	if (address == 0 || bytes > reach || address > reach - bytes)
		return NULL;
	return (const uint8_t *)(uintptr_t)address;
}

static void
add_range(struct boot_facts *facts, uint64_t start, uint64_t bytes, uint32_t type)
{
	struct memory_range *last =
		facts->ram_count != 0 ? &facts->ram[facts->ram_count - 1] : NULL;

	if (type != RAM || bytes == 0 || start + bytes < start)
		return;
	if (last != NULL && last->start + last->bytes == start) {
		last->bytes += bytes;
	} else if (facts->ram_count < MEMORY_RANGES_MAX) {
		facts->ram[facts->ram_count].start = start;
		facts->ram[facts->ram_count++].bytes = bytes;
	}
}

/* COUNT ranges in a row, each an address, a size and a type in ENTRY_BYTES. */
static void
add_ranges(struct boot_facts *facts, const uint8_t *entry, uint64_t count, uint32_t entry_bytes)
{
	for (uint64_t i = 0; i < count; i++, entry += entry_bytes)
		add_range(facts, field(entry, 0, 8), field(entry, 8, 8), field32(entry, 16));
}

static void
add_module(struct boot_facts *facts, uint64_t start, uint64_t bytes)
{
	if (bytes == 0)
		return;
	if (facts->initrd.bytes != 0) {
		facts->modules_unused++;
		return;
	}
	facts->initrd.start = start;
	facts->initrd.bytes = bytes;
}

/* Reads no further than the NUL. */
static void
copy_command_line(struct boot_facts *facts, uint64_t address, uint64_t reach)
{
	for (unsigned i = 0; i < BOOT_COMMAND_LINE_BYTES - 1; i++) {
		const uint8_t *byte = address != 0 ? at(address + i, 1, reach) : NULL;

		if (byte == NULL || *byte == '\0')
			return;
		facts->command_line[i] = (char)*byte;
	}
}

/* RAM that no gap divides has all of the BYTES at START. */
static bool
is_in_ram(const struct boot_facts *facts, uint64_t start, uint64_t bytes)
{
	for (unsigned i = 0; i < facts->ram_count; i++) {
		uint64_t into = start - facts->ram[i].start;

		if (start >= facts->ram[i].start && into < facts->ram[i].bytes)
			return bytes <= facts->ram[i].bytes - into;
	}
	return false;
}

/* What all protocols must have told. */
static const char *
check(const struct boot_facts *facts, uint64_t reach)
{
	if (facts->ram_count == 0)
		return "the boot loader told of no RAM";
	if (facts->initrd.bytes == 0)
		return NULL;
	if (at(facts->initrd.start, facts->initrd.bytes, reach) == NULL)
		return "the archive of files (initrd) is out of reach: below 4 GiB is needed";
	if (!is_in_ram(facts, facts->initrd.start, facts->initrd.bytes))
		return "the archive of files (initrd) does not lie in RAM";
	return NULL;
}

const char *
boot_read_pvh(struct boot_facts *facts, uint64_t address, uint64_t reach)
{
	const uint8_t *info = at(address, PVH_BYTES, reach);
	const uint8_t *ranges, *modules;
	uint32_t count, module_count;

	if (info == NULL || field32(info, 0) != PVH_MAGIC)
		return "PVH: no start_info (336ec578) where one is needed";
	if (field32(info, PVH_VERSION) < 1)
		return "PVH: start_info of version 1 or later is needed, this one has no "
		       "memory map";
	count = field32(info, PVH_RANGE_COUNT);
	ranges = at(field(info, PVH_RANGES, 8), (uint64_t)count * PVH_RANGE_BYTES, reach);
	if (ranges == NULL)
		return "PVH: the memory map is out of reach";
	add_ranges(facts, ranges, count, PVH_RANGE_BYTES);
	module_count = field32(info, PVH_MODULE_COUNT);
	modules = at(field(info, PVH_MODULES, 8), (uint64_t)module_count * PVH_MODULE_BYTES, reach);
	if (modules == NULL && module_count != 0)
		return "PVH: the list of modules is out of reach";
	for (uint32_t i = 0; i < module_count; i++, modules += PVH_MODULE_BYTES)
		add_module(facts, field(modules, 0, 8), field(modules, 8, 8));
	facts->root_pointer = field(info, PVH_ROOT, 8);
	copy_command_line(facts, field(info, PVH_COMMAND_LINE, 8), reach);
	return check(facts, reach);
}

/* A number of which boot_params has the two halves in different places. */
static uint64_t
halves(const uint8_t *params, unsigned low, unsigned high)
{
	return (uint64_t)field32(params, high) << 32 | field32(params, low);
}

const char *
boot_read_linux(struct boot_facts *facts, uint64_t address, uint64_t reach)
{
	const uint8_t *params = at(address, LINUX_BYTES, reach);
	uint32_t count;

	if (params == NULL)
		return "Linux boot protocol: boot_params below 4 GiB are needed";
	/* Not boot_flag (0xaa55) before it: GRUB writes into that. */
	if (field32(params, LINUX_MAGIC) != LINUX_MAGIC_VALUE)
		return "Linux boot protocol: no setup header (HdrS) in boot_params";
	count = params[LINUX_RANGE_COUNT];
	if (count > LINUX_RANGES_MAX)
		return "Linux boot protocol: more than 128 ranges in the memory map";
	add_ranges(facts, params + LINUX_RANGES, count, LINUX_RANGE_BYTES);
	add_module(facts, halves(params, LINUX_INITRD, LINUX_INITRD_HIGH),
		   halves(params, LINUX_INITRD_BYTES, LINUX_INITRD_BYTES_HIGH));
	facts->root_pointer = field(params, LINUX_ROOT, 8);
	copy_command_line(facts, halves(params, LINUX_COMMAND_LINE, LINUX_COMMAND_LINE_HIGH),
			  reach);
	return check(facts, reach);
}

static void
copy_root(struct boot_facts *facts, const uint8_t *root, uint32_t bytes)
{
	if (bytes < ROOT_OLD_BYTES)
		return;
	memset(facts->root_copy, 0, BOOT_ROOT_BYTES);
	memcpy(facts->root_copy, root, bytes < BOOT_ROOT_BYTES ? bytes : BOOT_ROOT_BYTES);
	facts->has_root_copy = true;
}

/* A tag's BYTES include its type and size.  The newer root pointer counts, wherever it stands. */
static const char *
read_tag(struct boot_facts *facts, const uint8_t *tag, uint32_t bytes, bool *has_new_root)
{
	uint32_t entry_bytes;

	switch (field32(tag, 0)) {
	case MULTIBOOT2_COMMAND_LINE:
		copy_command_line(facts, (uintptr_t)tag + 8, (uintptr_t)tag + bytes);
		break;
	case MULTIBOOT2_MODULE:
		if (bytes < 16 || field32(tag, 12) < field32(tag, 8))
			return "Multiboot2: a module ends before it begins";
		add_module(facts, field32(tag, 8), field32(tag, 12) - field32(tag, 8));
		break;
	case MULTIBOOT2_RANGES:
		entry_bytes = bytes < 16 ? 0 : field32(tag, 8);
		if (entry_bytes < MULTIBOOT2_RANGE_BYTES)
			return "Multiboot2: entries of 24 bytes or more are needed in the memory "
			       "map";
		add_ranges(facts, tag + 16, (bytes - 16) / entry_bytes, entry_bytes);
		break;
	case MULTIBOOT2_ROOT_NEW:
		copy_root(facts, tag + 8, bytes - 8);
		*has_new_root = facts->has_root_copy;
		break;
	case MULTIBOOT2_ROOT_OLD:
		if (!*has_new_root)
			copy_root(facts, tag + 8, bytes - 8);
		break;
	}
	return NULL;
}

const char *
boot_read_multiboot2(struct boot_facts *facts, uint64_t address, uint64_t reach)
{
	const uint8_t *info = at(address, MULTIBOOT2_HEADER_BYTES, reach);
	uint32_t offset = MULTIBOOT2_HEADER_BYTES;
	bool has_new_root = false;
	uint32_t total;

	if (info == NULL || at(address, field32(info, 0), reach) == NULL)
		return "Multiboot2: the list of tags is out of reach";
	total = field32(info, 0);
	while (offset < total && total - offset >= 8) {
		const uint8_t *tag = info + offset;
		uint32_t bytes = field32(tag, 4);
		const char *wrong;

		if (bytes < 8 || bytes > total - offset)
			return "Multiboot2: a tag does not lie within the list";
		if (field32(tag, 0) == MULTIBOOT2_END)
			return check(facts, reach);
		wrong = read_tag(facts, tag, bytes, &has_new_root);
		if (wrong != NULL)
			return wrong;
		if (bytes > total - offset - 7)
			break;
		offset += (bytes + 7) & ~7u;
	}
	return "Multiboot2: the list of tags has no end";
}

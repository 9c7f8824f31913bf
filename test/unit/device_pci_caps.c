/* SPDX-License-Identifier: MIT */
/*
 * src/device/pci_caps.c: capability lists as they should be and as they should not, in a
 * configuration space made by hand.  Nothing outside a BAR is ever mapped, and what is mapped is
 * unmapped.
 */
#include <string.h>

#include "test/harness.h"

#include "device/pci.h"
#include "hand.h"

#define BAR4_AT UINT64_C(0x7000000000)
#define NO_TYPE 255u

static struct slot {
	struct orion_port port;
	uint8_t config[256];
	uint64_t sizes[6];              /* of the BARs; 0: not there */
	unsigned link, end;             /* where the next capability goes */
	unsigned maps, unmaps, fail_at;
	unsigned skips[8], missing[256];
	struct pci pci;
} slot;

static uint32_t
pci_read(void *context, uint32_t function, uint16_t offset, unsigned width)
{
	(void)context;
	EXPECT_EQ(function, 8);
	EXPECT((width == 1 || width == 2 || width == 4) && offset % width == 0 &&
	       offset + width <= 256);
	return (uint32_t)hand_get(slot.config + offset, width);
}

/* The control word of MSI-X: of what capabilities have nothing else is to be written here. */
static bool
is_msix_control(unsigned offset, unsigned width)
{
	return width == 2 && slot.config[offset - 2] == 0x11;
}

/* Address bits below the size stick at 0, type bits as they are. */
static void
bar_write(unsigned bar, uint32_t value)
{
	bool upper = bar > 0 && (slot.config[0x10 + 4 * (bar - 1)] & 7) == 4;
	uint64_t mask = ~((upper ? slot.sizes[bar - 1] : slot.sizes[bar]) - 1);
	uint8_t type = slot.config[0x10 + 4 * bar];

	EXPECT_EQ(slot.config[4] & 2, 0);
	if (upper)
		value &= (uint32_t)(mask >> 32);
	else if (slot.sizes[bar] == 0)
		value = 0;
	else
		value = (value & (uint32_t)mask & ~15u) | (type & (type & 1 ? 3u : 15u));
	hand_set(slot.config + 0x10 + 4 * bar, 4, value);
}

static void
pci_write(void *context, uint32_t function, uint16_t offset, unsigned width, uint32_t value)
{
	(void)context;
	EXPECT_EQ(function, 8);
	EXPECT(offset == 4 || (offset >= 0x10 && offset < 0x28) || is_msix_control(offset, width));
	if (offset >= 0x10 && offset < 0x28 && width == 4)
		bar_write((offset - 0x10u) / 4, value);
	else
		hand_set(slot.config + offset, width, value);
}

static bool
is_inside(unsigned bar, uint64_t address, uint64_t bytes)
{
	uint32_t low = (uint32_t)hand_get(slot.config + 0x10 + 4 * bar, 4);
	uint64_t at = low & ~15u;

	if (slot.sizes[bar] == 0 || (low & 1) != 0)
		return false;
	if ((low & 6) == 4)
		at |= hand_get(slot.config + 0x14 + 4 * bar, 4) << 32;
	return address >= at && address - at < slot.sizes[bar] &&
	       bytes <= slot.sizes[bar] - (address - at);
}

static orion_status
map_registers(void *context, uint64_t address, size_t bytes, volatile void **out)
{
	static uint8_t memory[16];
	bool inside = false;

	(void)context;
	EXPECT((slot.config[4] & 2) != 0 && bytes > 0);
	if (slot.maps + 1 == slot.fail_at)
		return ORION_NO_MAPPING;
	for (unsigned bar = 0; bar < 6; bar++)
		inside |= is_inside(bar, address, bytes);
	EXPECT(inside);
	slot.maps++;
	*out = memory;
	return ORION_OK;
}

static void
unmap_registers(void *context, volatile void *registers, size_t bytes)
{
	(void)context, (void)registers;
	EXPECT(bytes > 0);
	slot.unmaps++;
}

static void
report(void *context, orion_level level, orion_event event, uint64_t a, uint64_t b, uint64_t c)
{
	(void)context, (void)level, (void)b;
	if (event == ORION_EVENT_PCI_CAP_SKIPPED)
		slot.skips[c]++;
	else if (event == ORION_EVENT_PCI_CAP_MISSING)
		slot.missing[a]++;
}

/* A function with BARs: 0 of 4 KiB, 2 for I/O, 4 of 16 KiB and 64 bits; no capability yet. */
static void
slot_make(void)
{
	memset(&slot, 0, sizeof(slot));
	slot.port.pci_read = pci_read;
	slot.port.pci_write = pci_write;
	slot.port.map_registers = map_registers;
	slot.port.unmap_registers = unmap_registers;
	slot.port.report = report;
	hand_set(slot.config, 4, 0x10421af4);
	slot.config[6] = 0x10;
	slot.sizes[0] = 0x1000;
	slot.sizes[2] = 0x20;
	slot.sizes[4] = 0x4000;
	hand_set(slot.config + 0x10, 4, 0xfe000000);
	hand_set(slot.config + 0x18, 4, 0xc001);
	hand_set(slot.config + 0x20, 8, BAR4_AT | 4);
	slot.link = 0x34;
	slot.end = 0x40;
	slot.pci.port = &slot.port;
	slot.pci.function = 8;
}

/* Appends a capability of BYTES; returns where it is. */
static unsigned
append(uint8_t id, unsigned bytes)
{
	unsigned at = slot.end;

	slot.config[slot.link] = (uint8_t)at;
	slot.config[at] = id;
	slot.link = at + 1;
	slot.end = at + ((bytes + 3) & ~3u);
	EXPECT(slot.end <= 256);
	return at;
}

static unsigned
structure(unsigned type, unsigned bar, uint32_t offset, uint32_t length)
{
	unsigned bytes = type == 2 ? 20 : 16, at = append(9, bytes);

	slot.config[at + 2] = (uint8_t)bytes;
	slot.config[at + 3] = (uint8_t)type;
	slot.config[at + 4] = (uint8_t)bar;
	hand_set(slot.config + at + 8, 4, offset);
	hand_set(slot.config + at + 12, 4, length);
	if (type == 2)
		hand_set(slot.config + at + 16, 4, 4);
	return at;
}

static const struct {
	uint32_t offset, length;
} sound[5] = {{0, 0}, {0x0000, 0x38}, {0x3000, 0x1000}, {0x1000, 1}, {0x2000, 0x100}};

/* The sound structures but for type EXCEPT. */
static void
structures_but(unsigned except)
{
	for (unsigned type = 1; type <= 4; type++) {
		if (type != except)
			structure(type, 4, sound[type].offset, sound[type].length);
	}
}

static void
finish(void)
{
	orion_pci_unmap_structures(&slot.pci);
	EXPECT_EQ(slot.maps, slot.unmaps);
}

/* Refused for want of TYPE, with nothing left behind. */
static void
expect_refused(unsigned type)
{
	EXPECT_EQ(orion_pci_map_structures(&slot.pci), ORION_DEVICE_REFUSED);
	EXPECT_EQ(slot.missing[type], 1);
	EXPECT_EQ(slot.maps, slot.unmaps);
	EXPECT(slot.pci.common.at == NULL && slot.pci.notify.at == NULL &&
	       slot.pci.isr.at == NULL && slot.pci.device.at == NULL && slot.pci.table.at == NULL);
	EXPECT_EQ(slot.config[4] & 6, 0);
}

static struct pci_window *
window_of(unsigned type)
{
	return type == 1   ? &slot.pci.common
	       : type == 2 ? &slot.pci.notify
	       : type == 3 ? &slot.pci.isr
			   : &slot.pci.device;
}

static void
expect_found(void)
{
	EXPECT_EQ(orion_pci_map_structures(&slot.pci), ORION_OK);
	for (unsigned type = 1; type <= 4; type++) {
		EXPECT(window_of(type)->at != NULL);
		EXPECT_EQ(window_of(type)->address, BAR4_AT + sound[type].offset);
		EXPECT_EQ(window_of(type)->bytes, sound[type].length);
	}
	finish();
}

TEST(device_pci_caps__sound)
{
	slot_make();
	structures_but(0);
	expect_found();
	EXPECT_EQ(slot.pci.notify_multiplier, 4);
	EXPECT_EQ(hand_get(slot.config + 4, 2), 0x406);
	/* Measuring left the BARs as they were. */
	EXPECT_EQ(hand_get(slot.config + 0x10, 4), 0xfe000000);
	EXPECT_EQ(hand_get(slot.config + 0x18, 4), 0xc001);
	EXPECT_EQ(hand_get(slot.config + 0x20, 8), BAR4_AT | 4);
}

TEST(device_pci_caps__each_is_needed)
{
	for (unsigned type = 1; type <= 4; type++) {
		slot_make();
		structures_but(type);
		expect_refused(type);
	}
}

TEST(device_pci_caps__no_list_at_all)
{
	slot_make();
	structures_but(0);
	slot.config[6] = 0;
	expect_refused(1);
	slot_make();
	expect_refused(1);
}

/* One unusable instance of a type: refused alone; passed over when a sound one follows. */
static const struct {
	const char *what;
	unsigned type, bar;
	uint32_t offset, length;
	virtio_pci_skip why;
} unusable[] = {
	{"BAR 6", 1, 6, 0, 0x38, VIRTIO_PCI_SKIP_BAR},
	{"BAR 7", 2, 7, 0x3000, 0x1000, VIRTIO_PCI_SKIP_BAR},
	{"BAR 255", 4, 255, 0, 0x40, VIRTIO_PCI_SKIP_BAR},
	{"an I/O BAR", 3, 2, 0, 1, VIRTIO_PCI_SKIP_BAR},
	{"a BAR that is not there", 1, 1, 0, 0x38, VIRTIO_PCI_SKIP_BAR},
	{"the upper half of a BAR", 1, 5, 0, 0x38, VIRTIO_PCI_SKIP_BAR},
	{"one byte past", 1, 4, 0x3fcc, 0x38, VIRTIO_PCI_SKIP_OUTSIDE},
	{"at the end", 3, 4, 0x4000, 1, VIRTIO_PCI_SKIP_OUTSIDE},
	{"sum of 32 bits wraps", 1, 4, 0xfffffff0, 0x38, VIRTIO_PCI_SKIP_OUTSIDE},
	{"length wraps", 2, 4, 0x3000, 0xfffff000, VIRTIO_PCI_SKIP_OUTSIDE},
	{"longest", 4, 4, 4, 0xffffffff, VIRTIO_PCI_SKIP_OUTSIDE},
	{"common misaligned", 1, 4, 2, 0x38, VIRTIO_PCI_SKIP_ALIGN},
	{"device misaligned", 4, 4, 0x2001, 0x40, VIRTIO_PCI_SKIP_ALIGN},
	{"notify odd", 2, 4, 0x3001, 0x100, VIRTIO_PCI_SKIP_ALIGN},
	{"common short", 1, 4, 0, 0x37, VIRTIO_PCI_SKIP_SHORT},
	{"empty", 3, 4, 0x1000, 0, VIRTIO_PCI_SKIP_SHORT},
	{"notify of one byte", 2, 4, 0x3000, 1, VIRTIO_PCI_SKIP_SHORT},
	{"device without capacity", 4, 4, 0x2000, 7, VIRTIO_PCI_SKIP_SHORT},
};

TEST(device_pci_caps__unusable_ones_are_passed_over)
{
	for (unsigned i = 0; i < sizeof(unusable) / sizeof(unusable[0]); i++) {
		for (unsigned second = 0; second < 2; second++) {
			unsigned type = unusable[i].type;

			test_note("%s", unusable[i].what);
			slot_make();
			structure(type, unusable[i].bar, unusable[i].offset, unusable[i].length);
			structures_but(second ? 0 : type);
			if (second)
				expect_found();
			else
				expect_refused(type);
			EXPECT_EQ(slot.skips[unusable[i].why], 1);
		}
	}
}

TEST(device_pci_caps__capability_too_short)
{
	for (unsigned type = 1; type <= 4; type++) {
		slot_make();
		slot.config[structure(type, 4, sound[type].offset, sound[type].length) + 2] = 15;
		structures_but(type);
		expect_refused(type);
		EXPECT_EQ(slot.skips[VIRTIO_PCI_SKIP_SHORT], 1);
	}
	/* Without room for its multiplier. */
	slot_make();
	slot.config[structure(2, 4, 0x3000, 0x1000) + 2] = 16;
	structures_but(2);
	expect_refused(2);
}

/* Longer than what is known of it: what is known is there, and is used.  [spec 4.1.4.1] */
TEST(device_pci_caps__capability_longer)
{
	static const unsigned more[] = {1, 4, 24};

	for (unsigned i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		unsigned access;

		test_note("%u more", more[i]);
		slot_make();
		for (unsigned type = 1; type <= 4; type++) {
			unsigned at = structure(type, 4, sound[type].offset, sound[type].length);

			memset(slot.config + slot.end, 0xee, more[i]);
			slot.config[at + 2] = (uint8_t)(slot.config[at + 2] + more[i]);
			slot.end += (more[i] + 3) & ~3u;
		}
		/* The way through configuration space as well, where it has room. */
		access = more[i] < 24 ? append(9, 20 + more[i]) : 0;
		if (access != 0) {
			slot.config[access + 2] = (uint8_t)(20 + more[i]);
			slot.config[access + 3] = 5;
		}
		expect_found();
		EXPECT_EQ(slot.pci.access, access);
		EXPECT_EQ(slot.pci.notify_multiplier, 4);
		for (unsigned why = 0; why < 8; why++)
			EXPECT_EQ(slot.skips[why], 0);
	}
}

TEST(device_pci_caps__first_of_two_sound_ones)
{
	slot_make();
	structures_but(0);
	structure(1, 4, 0x800, 0x38);
	structure(3, 0, 0, 1);
	structure(4, 0, 0x100, 0x40);
	expect_found();
	EXPECT_EQ(slot.maps, 4);
}

TEST(device_pci_caps__overlaps)
{
	slot_make();
	structure(1, 4, 0, 0x38);
	structure(2, 4, 0x34, 0x1000);
	structures_but(1);
	expect_found();
	EXPECT_EQ(slot.skips[VIRTIO_PCI_SKIP_OVERLAP], 1);
	slot_make();
	structures_but(3);
	structure(3, 4, 0x20ff, 1);
	expect_refused(3);
	EXPECT_EQ(slot.skips[VIRTIO_PCI_SKIP_OVERLAP], 1);
	/* Side by side is no overlap. */
	slot_make();
	structures_but(3);
	structure(3, 4, 0x2100, 1);
	EXPECT_EQ(orion_pci_map_structures(&slot.pci), ORION_OK);
	finish();
}

TEST(device_pci_caps__unknown_types_and_capabilities)
{
	slot_make();
	structure(0, 6, 1, 0);
	structure(6, 6, 1, 0);
	structure(255, 4, 0, 0x4000);
	append(1, 8);
	append(0x10, 12);
	structures_but(0);
	expect_found();
	for (unsigned i = 0; i < 6; i++)
		EXPECT_EQ(slot.skips[i], 0);
}

TEST(device_pci_caps__lists_that_loop)
{
	static const unsigned targets[] = {0x40, 0x50, 0x74};

	for (unsigned i = 0; i < 3; i++) {
		slot_make();
		structures_but(0);
		slot.config[slot.link] = (uint8_t)targets[i];
		expect_found();
		EXPECT_EQ(slot.skips[VIRTIO_PCI_SKIP_LIST], 1);
	}
	slot_make();
	slot.config[append(1, 4) + 1] = 0x40;
	expect_refused(1);
	EXPECT_EQ(slot.skips[VIRTIO_PCI_SKIP_LIST], 1);
}

TEST(device_pci_caps__lists_that_leave)
{
	/* Into the header, and to the last bytes, where no capability of ours fits. */
	for (unsigned target = 1; target < 0x40; target++) {
		slot_make();
		structures_but(0);
		slot.config[slot.link] = (uint8_t)target;
		expect_found();
		EXPECT_EQ(slot.skips[VIRTIO_PCI_SKIP_LIST], 1);
	}
	for (unsigned target = 0xf1; target < 0x100; target++) {
		slot_make();
		structures_but(0);
		slot.config[slot.link] = (uint8_t)target;
		slot.config[target & ~3u] = 9;
		slot.config[(target & ~3u) + 1] = 0;
		slot.config[0xf2] = 255;
		expect_found();
	}
	/* The two low bits of a pointer are reserved. */
	slot_make();
	structures_but(0);
	slot.config[0x34] |= 3;
	expect_found();
}

/* 64-bit BARs of 8 GiB: the sum of offset and length goes beyond 32 bits, and is right to. */
TEST(device_pci_caps__large_bar)
{
	slot_make();
	slot.sizes[4] = UINT64_C(8) << 30;
	hand_set(slot.config + 0x20, 8, (UINT64_C(8) << 30) | 12);
	structure(1, 4, 0xffffffc0, 0x48);
	structures_but(1);
	EXPECT_EQ(orion_pci_map_structures(&slot.pci), ORION_OK);
	EXPECT_EQ(slot.pci.common.address, (UINT64_C(8) << 30) + 0xffffffc0);
	finish();
}

/* A BAR that has no address, or no size bits, or pretends to be 64 bits wide in the last place. */
TEST(device_pci_caps__bars_that_are_none)
{
	slot_make();
	hand_set(slot.config + 0x20, 8, 4);
	structures_but(0);
	expect_refused(1);
	slot_make();
	slot.sizes[4] = 0;
	structures_but(0);
	expect_refused(1);
	slot_make();
	hand_set(slot.config + 0x20, 8, 0);
	slot.sizes[4] = 0;
	slot.sizes[5] = 0x4000;
	hand_set(slot.config + 0x24, 4, 0xfd000004);
	for (unsigned type = 1; type <= 4; type++)
		structure(type, 5, sound[type].offset, sound[type].length);
	expect_refused(1);
}

/* An address that is no multiple of the size, a BAR that ends at 2^64: found by the fuzzer. */
TEST(device_pci_caps__bars_that_cannot_be)
{
	slot_make();
	slot.sizes[4] = UINT64_C(8) << 30;
	hand_set(slot.config + 0x20, 8, (UINT64_C(4) << 30) | 12);
	structures_but(0);
	expect_refused(1);
	slot_make();
	slot.sizes[4] = UINT64_C(1) << 32;
	hand_set(slot.config + 0x20, 8, UINT64_C(0xffffffff0000000c));
	structures_but(0);
	expect_refused(1);
}

TEST(device_pci_caps__the_host_maps_nothing)
{
	for (unsigned n = 1; n <= 5; n++) {
		slot_make();
		hand_set(slot.config + append(0x11, 12) + 4, 4, 0);
		structures_but(0);
		slot.fail_at = n;
		EXPECT_EQ(orion_pci_map_structures(&slot.pci), ORION_NO_MAPPING);
		EXPECT_EQ(slot.unmaps, n - 1);
		EXPECT_EQ(slot.maps, slot.unmaps);
		EXPECT_EQ(slot.config[4] & 6, 0);
	}
}

/* ---- MSI-X ---- */

static void
msix(unsigned entries, uint32_t table)
{
	unsigned at = append(0x11, 12);

	hand_set(slot.config + at + 2, 2, entries - 1);
	hand_set(slot.config + at + 4, 4, table);
}

TEST(device_pci_caps__msix_tables)
{
	static const struct {
		unsigned entries;
		uint32_t table;
		unsigned vectors;
	} rows[] = {
		{1, 0, 1},        {2, 0, 2},       {17, 0x800, 17},    {18, 0, 17},
		{128, 0x800, 17}, {129, 0x800, 0}, {256, 0, 17},       {257, 0, 0},
		{2048, 0, 0},     {4, 6, 0},       {4, 7, 0},          {4, 1, 0},
		{4, 2, 0},        {4, 5, 0},       {4, 0x1000, 0},     {4, 0xfffffff8, 0},
		{1, 0xff0, 1},    {2, 0xff0, 0},   {4, 0x1100 | 4, 4}, {2, 0x0000 | 4, 2},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool overlapping = rows[i].table == 4;

		test_note("row %u", i);
		slot_make();
		/* The table first: what overlaps it later is passed over. */
		msix(rows[i].entries, rows[i].table);
		structures_but(0);
		if (overlapping) {
			expect_refused(1);
			continue;
		}
		EXPECT_EQ(orion_pci_map_structures(&slot.pci), ORION_OK);
		EXPECT_EQ(slot.pci.vectors, rows[i].vectors);
		EXPECT_EQ(slot.pci.msix, rows[i].vectors > 0 ? 0x40 : 0);
		if (rows[i].vectors > 0)
			EXPECT_EQ(slot.pci.table.bytes, 16 * rows[i].vectors);
		finish();
	}
}

TEST(device_pci_caps__second_msix)
{
	slot_make();
	msix(4, 6);
	msix(3, 0);
	msix(9, 0x800);
	structures_but(0);
	EXPECT_EQ(orion_pci_map_structures(&slot.pci), ORION_OK);
	EXPECT_EQ(slot.pci.vectors, 3);
	EXPECT_EQ(slot.pci.msix, 0x4c);
	finish();
}

/* ---- anything ---- */

TEST(device_pci_caps__random_configuration_space)
{
	static const uint8_t ids[] = {9, 9, 9, 0x11, 1};

	for (unsigned round = 0; round < 20000; round++) {
		orion_status status;

		slot_make();
		for (unsigned i = 0x40; i < 256; i++)
			slot.config[i] = (uint8_t)(test_random() & test_random());
		slot.config[0x34] = (uint8_t)test_random();
		for (unsigned at = 0x40; at < 256; at += 16) {
			slot.config[at] = ids[test_random_below(5)];
			slot.config[at + 1] = (uint8_t)(test_random_below(12) * 16 + 0x40);
			slot.config[at + 2] = 20;
			slot.config[at + 3] = (uint8_t)test_random_below(7);
			slot.config[at + 4] = (uint8_t)(4 * test_random_below(3));
			hand_set(slot.config + at + 8, 4, test_random_below(0x4800) & ~3u);
			hand_set(slot.config + at + 12, 4, test_random_below(0x80));
		}
		status = orion_pci_map_structures(&slot.pci);
		EXPECT(status == ORION_OK || status == ORION_DEVICE_REFUSED);
		finish();
	}
}

/* SPDX-License-Identifier: MIT */
/* kernel/core/hypervisor.c: what CPUID and firmware say under each hypervisor, and SMBIOS. */
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "kernel/arch/x86_64/smbios.h"
#include "kernel/core/hypervisor.h"

/* ebx, ecx, edx of leaf 0x40000000 and its likes. */
#define FACE_KVM                                   \
	{                                          \
		0x4b4d564b, 0x564b4d56, 0x0000004d \
	}
#define FACE_TCG                                   \
	{                                          \
		0x54474354, 0x43544743, 0x47435447 \
	}
#define FACE_XEN                                   \
	{                                          \
		0x566e6558, 0x65584d4d, 0x4d4d566e \
	}
#define FACE_VMWARE                                \
	{                                          \
		0x61774d56, 0x4d566572, 0x65726177 \
	}
#define FACE_HYPER_V                               \
	{                                          \
		0x7263694d, 0x666f736f, 0x76482074 \
	}
#define FACE_BHYVE                                 \
	{                                          \
		0x76796862, 0x68622065, 0x20657679 \
	}
#define FACE_VIRTUALBOX                            \
	{                                          \
		0x786f4256, 0x786f4256, 0x786f4256 \
	}
#define FACE_ACRN                                  \
	{                                          \
		0x4e524341, 0x4e524341, 0x4e524341 \
	}
#define FACE_OTHER                                 \
	{                                          \
		0x44434241, 0x01464544, 0x00000000 \
	}
#define FACE_JUNK                                  \
	{                                          \
		0x00000001, 0x00000002, 0x00000003 \
	} /* a leaf that is not there */

static const struct {
	const char *expected;
	uint32_t faces[3][3]; /* ends before ebx = 0 */
	const char *words[4]; /* ends before NULL */
} cases[] = {
	{"none found", {{0}}, {NULL}},
	{"none found", {{0}}, {"Dell Inc.", "Latitude 7490", "DELL  "}},
	{"QEMU TCG", {FACE_TCG, FACE_JUNK}, {"BOCHS ", "QEMU", "Standard PC (Q35 + ICH9, 2009)"}},
	{"QEMU TCG", {FACE_TCG}, {NULL}},
	{"QEMU", {{0}}, {"BOCHS ", "QEMU", "Standard PC (i440FX + PIIX, 1996)"}},
	{"KVM", {FACE_KVM}, {NULL}}, /* Firecracker without ACPI, or kvmtool */
	{"KVM (QEMU)", {FACE_KVM, FACE_JUNK}, {"BOCHS ", "QEMU"}},
	{"KVM (QEMU)", {FACE_KVM}, {"BOCHS ", "Red Hat", "KVM"}},
	{"KVM (Firecracker)", {FACE_KVM}, {"FIRECK"}},
	{"KVM (Cloud Hypervisor)", {FACE_KVM}, {"CLOUDH", "Cloud Hypervisor"}},
	{"Hyper-V (Cloud Hypervisor)", {FACE_HYPER_V}, {"CLOUDH"}},
	{"KVM (crosvm)", {FACE_KVM}, {"CROSVM"}},
	{"KVM (QEMU), also seen as Hyper-V", {FACE_HYPER_V, FACE_KVM}, {"BOCHS ", "QEMU"}},
	{"QEMU, also seen as Xen", {FACE_XEN, FACE_JUNK}, {"BOCHS ", "QEMU"}},
	{"KVM (QEMU), also seen as Xen", {FACE_XEN, FACE_KVM}, {"BOCHS ", "QEMU"}},
	{"KVM (QEMU), also seen as Hyper-V, Xen",
	 {FACE_HYPER_V, FACE_XEN, FACE_KVM},
	 {"BOCHS ", "QEMU"}},
	{"QEMU, also seen as Hyper-V", {FACE_HYPER_V}, {"BOCHS ", "QEMU"}}, /* kvm=off */
	{"Xen", {FACE_XEN}, {"Xen", "Xen", "HVM domU"}},
	{"Xen", {FACE_XEN, FACE_JUNK}, {NULL}},
	{"Xen, also seen as Hyper-V", {FACE_HYPER_V, FACE_XEN}, {"Xen", "HVM domU"}},
	{"Hyper-V", {FACE_HYPER_V}, {"VRTUAL", "Microsoft Corporation", "Virtual Machine"}},
	{"VMware", {FACE_VMWARE}, {"PTLTD ", "VMware, Inc.", "VMware Virtual Platform"}},
	{"bhyve", {FACE_BHYVE}, {"BHYVE ", "FreeBSD", "BHYVE"}},
	{"VirtualBox", {FACE_VIRTUALBOX}, {"VBOX  ", "innotek GmbH", "VirtualBox"}},
	{"VirtualBox", {{0}}, {"VBOX  ", "innotek GmbH", "VirtualBox"}},
	{"VirtualBox, also seen as KVM", {FACE_KVM}, {"VBOX  ", "innotek GmbH", "VirtualBox"}},
	{"VirtualBox, also seen as Hyper-V", {FACE_HYPER_V}, {"VBOX  ", "VirtualBox"}},
	{"ACRN", {FACE_ACRN}, {NULL}},
	{"unknown (\"ABCDDEF?\")", {FACE_OTHER, FACE_JUNK}, {"Someone"}},
};

TEST(hypervisor__told_by_cpuid_and_firmware)
{
	char text[HYPERVISOR_TEXT_BYTES];

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hypervisor_clues clues = {.face_count = 0};

		for (unsigned j = 0; j < 3 && cases[i].faces[j][0] != 0; j++)
			hypervisor_add_cpuid(&clues, cases[i].faces[j][0], cases[i].faces[j][1],
					     cases[i].faces[j][2]);
		for (unsigned j = 0; j < 4 && cases[i].words[j] != NULL; j++)
			hypervisor_add_word(&clues, cases[i].words[j], strlen(cases[i].words[j]));
		hypervisor_describe(&clues, text, sizeof(text));
		EXPECT_STR(text, cases[i].expected);
	}
}

TEST(hypervisor__told_by_device_tree)
{
	char text[HYPERVISOR_TEXT_BYTES];
	struct hypervisor_clues clues = {.face_count = 0};

	hypervisor_add_word(&clues, "linux,dummy-virt", 17);
	hypervisor_describe(&clues, text, sizeof(text));
	EXPECT_STR(text, "none found");
	hypervisor_add_word(&clues, "qemu,pseries", 13);
	hypervisor_describe(&clues, text, sizeof(text));
	EXPECT_STR(text, "QEMU");
	hypervisor_add_face(&clues, "linux,kvm", 10);
	hypervisor_describe(&clues, text, sizeof(text));
	EXPECT_STR(text, "KVM (QEMU)");
}

/* More clues than places, longer than places, unprintable; a text that does not fit. */
TEST(hypervisor__clues_are_cut)
{
	static char word[100];
	char text[HYPERVISOR_TEXT_BYTES], small[8];
	struct hypervisor_clues clues = {.face_count = 0};

	memset(word, '\x1b', sizeof(word));
	for (unsigned i = 0; i < 20; i++) {
		hypervisor_add_word(&clues, word, sizeof(word));
		hypervisor_add_face(&clues, word, sizeof(word));
	}
	hypervisor_describe(&clues, text, sizeof(text));
	EXPECT_STR(text, "unknown (\"????????????\")");
	hypervisor_describe(&clues, small, sizeof(small));
	EXPECT_STR(small, "unknown");
	clues.face_count = 0;
	for (unsigned i = 0; i < 2; i++)
		hypervisor_add_cpuid(&clues, 0x7263694d, 0x666f736f, 0x76482074);
	hypervisor_add_cpuid(&clues, 0x4b4d564b, 0x564b4d56, 0x4d);
	hypervisor_describe(&clues, small, sizeof(small));
	EXPECT_STR(small, "KVM, al");
}

/* ---- SMBIOS ---- */

static const uint8_t list[] = {
	0,   6,   0,   0,   1,   2, 'b', 'i', 'o', 's', 0,   '1', 0,   0, /* firmware */
	32,  4,   1,   0,   0,   0, /* no strings */
	1,   8,   2,   0,   2,   1, 0,   9,   'm', 'o', 'd', 'e', 'l', 0,
	'm', 'a', 'k', 'e', 'r', 0, 0,   127, 4,   3,   0,   0,   0,
};

TEST(smbios__system)
{
	const char *maker, *product;
	uint8_t *copy = malloc(sizeof(list));

	EXPECT(copy != NULL);
	smbios_system(list, sizeof(list), &maker, &product);
	EXPECT_STR(maker, "maker");
	EXPECT_STR(product, "model");
	/* Every end, and every byte spoiled: nothing beyond the list is read. */
	for (size_t at = 0; at < sizeof(list); at++) {
		uint8_t *cut = malloc(at + 1);

		EXPECT(cut != NULL);
		memcpy(cut, list, at);
		smbios_system(cut, at, &maker, &product);
		EXPECT(strlen(maker) <= 5 && strlen(product) <= 5);
		free(cut);
		for (unsigned value = 0; value < 256; value++) {
			memcpy(copy, list, sizeof(list));
			copy[at] = (uint8_t)value;
			smbios_system(copy, sizeof(list), &maker, &product);
			EXPECT(strlen(maker) < sizeof(list) && strlen(product) < sizeof(list));
		}
	}
	free(copy);
}

static void
sum_up(uint8_t *anchor, unsigned count, unsigned sum_at)
{
	uint8_t sum = 0;

	anchor[sum_at] = 0;
	for (unsigned i = 0; i < count; i++)
		sum = (uint8_t)(sum + anchor[i]);
	anchor[sum_at] = (uint8_t)-sum;
}

TEST(smbios__anchor)
{
	uint8_t anchor[SMBIOS_ANCHOR_BYTES] = "_SM_";

	anchor[0x16] = 0x34;
	anchor[0x17] = 0x12;
	anchor[0x19] = 0x5a;
	anchor[0x1a] = 0x0f;
	sum_up(anchor, 31, 4);
	EXPECT_EQ(smbios_anchor(anchor).address, 0xf5a00);
	EXPECT_EQ(smbios_anchor(anchor).bytes, 0x1234);
	anchor[4]++;
	EXPECT_EQ(smbios_anchor(anchor).bytes, 0);
	memset(anchor, 0, sizeof(anchor));
	memcpy(anchor, "_SM3_", 5);
	anchor[0x0d] = 1;
	anchor[0x14] = 2;
	sum_up(anchor, 24, 5);
	EXPECT_EQ(smbios_anchor(anchor).address, UINT64_C(2) << 32);
	EXPECT_EQ(smbios_anchor(anchor).bytes, 0x100);
	anchor[5]++;
	EXPECT_EQ(smbios_anchor(anchor).bytes, 0);
}

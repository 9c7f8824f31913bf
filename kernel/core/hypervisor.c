/* SPDX-License-Identifier: MIT */
/* The known names and what follows from several of them: see hypervisor.h. */
#include "kernel/core/hypervisor.h"

#include "kernel/core/print.h"
#include "kernel/core/string.h"
#include "words/text.h"

enum hypervisor {
	UNKNOWN,
	KVM,
	QEMU_TCG,
	XEN,
	VMWARE,
	HYPER_V,
	BHYVE,
	VIRTUALBOX,
	ACRN,
	QEMU, /* from here on programs that need another's help, which may not be told */
	FIRECRACKER,
	CLOUD_HYPERVISOR,
	CROSVM,
};

static const char *const names[] = {
	[KVM] = "KVM",
	[QEMU_TCG] = "QEMU TCG",
	[XEN] = "Xen",
	[VMWARE] = "VMware",
	[HYPER_V] = "Hyper-V",
	[BHYVE] = "bhyve",
	[VIRTUALBOX] = "VirtualBox",
	[ACRN] = "ACRN",
	[QEMU] = "QEMU",
	[FIRECRACKER] = "Firecracker",
	[CLOUD_HYPERVISOR] = "Cloud Hypervisor",
	[CROSVM] = "crosvm",
};

struct name {
	const char *text;
	enum hypervisor hypervisor;
};

/* CPUID's, then those of device trees, then s390x's. */
static const struct name face_names[] = {
	{"KVMKVMKVM", KVM},           {"TCGTCGTCGTCG", QEMU_TCG},
	{"XenVMMXenVMM", XEN},        {"VMwareVMware", VMWARE},
	{"Microsoft Hv", HYPER_V},    {"bhyve bhyve ", BHYVE},
	{"VBoxVBoxVBox", VIRTUALBOX}, {"ACRNACRNACRN", ACRN},
	{"linux,kvm", KVM},           {"xen,xen", XEN},
	{"KVM/Linux", KVM},
};

/* Parts of what firmware says; the first that is found counts. */
static const struct name word_names[] = {
	{"FIRECK", FIRECRACKER}, /* ACPI's makers */
	{"CLOUDH", CLOUD_HYPERVISOR},
	{"CROSVM", CROSVM},
	{"VBOX", VIRTUALBOX},
	{"Cloud Hypervisor", CLOUD_HYPERVISOR}, /* SMBIOS */
	{"VirtualBox", VIRTUALBOX},
	{"VMware", VMWARE},
	{"Virtual Machine", HYPER_V},
	{"BHYVE", BHYVE},
	{"Xen", XEN},
	{"QEMU", QEMU},
	{"qemu", QEMU}, /* device trees */
	{"BOCHS ", QEMU}, /* ACPI's maker, where SMBIOS was given another's words */
};

static void
copy_printable(char *to, size_t bytes, const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < length && i < bytes - 1 && text[i] != '\0'; i++)
		to[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	to[i] = '\0';
}

void
hypervisor_add_face(struct hypervisor_clues *clues, const char *text, size_t length)
{
	if (clues->face_count < HYPERVISOR_FACES_MAX)
		copy_printable(clues->faces[clues->face_count++], HYPERVISOR_FACE_BYTES, text,
			       length);
}

void
hypervisor_add_word(struct hypervisor_clues *clues, const char *text, size_t length)
{
	if (clues->word_count < HYPERVISOR_WORDS_MAX)
		copy_printable(clues->words[clues->word_count++], HYPERVISOR_WORD_BYTES, text,
			       length);
}

void
hypervisor_add_cpuid(struct hypervisor_clues *clues, uint32_t b, uint32_t c, uint32_t d)
{
	const uint32_t words[] = {b, c, d};
	char text[12];

	for (unsigned i = 0; i < sizeof(text); i++)
		text[i] = (char)(words[i / 4] >> 8 * (i % 4));
	hypervisor_add_face(clues, text, sizeof(text));
}

static enum hypervisor
of_face(const char *face)
{
	for (unsigned i = 0; i < sizeof(face_names) / sizeof(face_names[0]); i++)
		if (text_equal(face, face_names[i].text))
			return face_names[i].hypervisor;
	return UNKNOWN;
}

static bool
contains(const char *text, const char *part)
{
	size_t length = text_length(part);

	for (size_t i = 0; i + length <= text_length(text); i++)
		if (memcmp(text + i, part, length) == 0)
			return true;
	return false;
}

static enum hypervisor
of_words(const struct hypervisor_clues *clues)
{
	for (unsigned i = 0; i < sizeof(word_names) / sizeof(word_names[0]); i++)
		for (unsigned j = 0; j < clues->word_count; j++)
			if (contains(clues->words[j], word_names[i].text))
				return word_names[i].hypervisor;
	return UNKNOWN;
}

/* Whether the program MACHINE may be what it is with the help of CORE. */
static bool
works_on(enum hypervisor machine, enum hypervisor core)
{
	return machine >= QEMU && (core == KVM || (machine == CLOUD_HYPERVISOR && core == HYPER_V));
}

/* Faces are put on in front: the last one that is known is the hypervisor's own. */
static enum hypervisor
own_face(const struct hypervisor_clues *clues)
{
	enum hypervisor own = UNKNOWN;

	for (unsigned i = 0; i < clues->face_count; i++)
		if (of_face(clues->faces[i]) != UNKNOWN)
			own = of_face(clues->faces[i]);
	return own;
}

void
hypervisor_describe(const struct hypervisor_clues *clues, char *text, size_t bytes)
{
	enum hypervisor core = own_face(clues), machine = of_words(clues), shown = core;
	const char *comma = ", also seen as ";
	size_t length;

	if (machine != UNKNOWN && works_on(machine, core)) {
		length = print_into(text, bytes, "%s (%s)", names[core], names[machine]);
	} else if (machine != UNKNOWN && core != QEMU_TCG) {
		/* Firmware knows better than a face that may be put on. */
		shown = machine;
		length = print_into(text, bytes, "%s", names[machine]);
	} else if (core != UNKNOWN) {
		length = print_into(text, bytes, "%s", names[core]);
	} else if (clues->face_count != 0) {
		length = print_into(text, bytes, "unknown (\"%s\")", clues->faces[0]);
	} else {
		length = print_into(text, bytes, "none found");
	}
	for (unsigned i = 0; i < clues->face_count; i++) {
		enum hypervisor face = of_face(clues->faces[i]);

		if (face == UNKNOWN || face == shown || length >= bytes)
			continue;
		length += print_into(text + length, bytes - length, "%s%s", comma, names[face]);
		comma = ", ";
	}
}

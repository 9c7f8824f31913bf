/* SPDX-License-Identifier: MIT */
/* The clues that a PC has: CPUID, ACPI's maker, SMBIOS. */
#include "kernel/core/hypervisor.h"

#include "cpu.h"
#include "kernel/core/acpi.h"
#include "smbios.h"
#include "words/text.h"

#define CPUID_FEATURES 1u
#define CPUID_HYPERVISOR (1u << 31)
#define CPUID_FACES 0x40000000u
#define CPUID_FACES_STEP 0x100u
#define SMBIOS_START 0xf0000u
#define SMBIOS_END 0x100000u

static void
add_faces(struct hypervisor_clues *clues)
{
	if ((cpuid_get(CPUID_FEATURES).c & CPUID_HYPERVISOR) == 0)
		return;
	for (uint32_t i = 0; i < HYPERVISOR_FACES_MAX; i++) {
		struct cpuid face = cpuid_get(CPUID_FACES + i * CPUID_FACES_STEP);

		hypervisor_add_cpuid(clues, face.b, face.c, face.d);
	}
}

static void
add_smbios(struct hypervisor_clues *clues)
{
	const uint8_t *bios = arch_map_table(SMBIOS_START, SMBIOS_END - SMBIOS_START);
	const char *maker, *product;

	for (uint32_t at = 0; bios != NULL && at + SMBIOS_ANCHOR_BYTES <= SMBIOS_END - SMBIOS_START;
	     at += 16) {
		struct smbios_list found = smbios_anchor(bios + at);
		const uint8_t *list =
			found.bytes != 0 ? arch_map_table(found.address, found.bytes) : NULL;

		if (list == NULL)
			continue;
		smbios_system(list, found.bytes, &maker, &product);
		hypervisor_add_word(clues, maker, text_length(maker));
		hypervisor_add_word(clues, product, text_length(product));
		return;
	}
}

void
arch_hypervisor_clues(struct hypervisor_clues *clues)
{
	const struct acpi_header *fadt = acpi_find("FACP");

	add_faces(clues);
	if (fadt != NULL)
		hypervisor_add_word(clues, fadt->oem, sizeof(fadt->oem));
	add_smbios(clues);
}

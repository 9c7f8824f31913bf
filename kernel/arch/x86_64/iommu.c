/* SPDX-License-Identifier: MIT */
/*
 * The IOMMUs that the ACPI tables name: Intel VT-d (DMAR) is driven; AMD-Vi (IVRS) and virtio-iommu
 * (VIOT) are not, and a device behind one is served only while it lets everything through.
 */
#include "kernel/core/iommu.h"

#include "cpu.h"
#include "kernel/core/acpi.h"
#include "kernel/core/virtio_iommu.h"

#define IVRS_BLOCKS 48u
#define IVRS_HARDWARE 0x10u /* the three types that describe an IOMMU */
#define IVRS_HARDWARE_2 0x11u
#define IVRS_HARDWARE_3 0x40u
#define AMD_CONTROL 0x18u
#define AMD_ENABLED 1u
#define VIOT_NODES 38u
#define VIOT_PCI_RANGE 1u
#define VIOT_IOMMU_PCI 3u

static const struct acpi_header *ivrs, *viot;

/* ---- AMD-Vi ---- */

static bool
amd_is_on(void)
{
	for (uint32_t at = IVRS_BLOCKS; acpi_u16(ivrs, at + 2) >= 4; at += acpi_u16(ivrs, at + 2)) {
		uint32_t type = acpi_u8(ivrs, at);
		uint64_t registers = acpi_u64(ivrs, at + 8);

		if (type != IVRS_HARDWARE && type != IVRS_HARDWARE_2 && type != IVRS_HARDWARE_3)
			continue;
		if (!arch_map_device(registers, PAGE_BYTES) ||
		    (register_read(registers + AMD_CONTROL) & AMD_ENABLED) != 0)
			return true;
	}
	return false;
}

static enum iommu_place
amd_find(uint32_t function, uint64_t *group, struct memory_range *window, const char **why)
{
	(void)group;
	(void)window;
	*why = "AMD-Vi was left switched on, and this kernel has no driver for it; "
	       "start the machine with another kind of IOMMU, or without";
	return function != ORION_NO_FUNCTION && amd_is_on() ? IOMMU_USELESS : IOMMU_ELSEWHERE;
}

static const struct iommu_ops amd_ops = {.name = "AMD-Vi", .find = amd_find};

/* ---- virtio-iommu ---- */

/* The offset of the node that FUNCTION's requests go to; 0: none. */
static uint32_t
viot_output(uint32_t function)
{
	for (uint32_t at = acpi_u16(viot, VIOT_NODES); acpi_u16(viot, at + 2) >= 4;
	     at += acpi_u16(viot, at + 2))
		if (acpi_u8(viot, at) == VIOT_PCI_RANGE && acpi_u16(viot, at + 8) == 0 &&
		    function >= acpi_u16(viot, at + 12) && function <= acpi_u16(viot, at + 14))
			return acpi_u16(viot, at + 16);
	return 0;
}

static enum iommu_place
viot_find(uint32_t function, uint64_t *group, struct memory_range *window, const char **why)
{
	uint32_t node = viot_output(function);

	(void)group;
	(void)window;
	*why = virtio_iommu_refusal;
	if (node == 0)
		return IOMMU_ELSEWHERE;
	return acpi_u8(viot, node) == VIOT_IOMMU_PCI &&
			       virtio_iommu_bypasses(acpi_u16(viot, node + 6))
		       ? IOMMU_ELSEWHERE
		       : IOMMU_USELESS;
}

static const struct iommu_ops viot_ops = {.name = "virtio-iommu", .find = viot_find};

void
iommu_init(void)
{
	vtd_init();
	ivrs = acpi_find("IVRS");
	viot = acpi_find("VIOT");
	if (ivrs != NULL)
		iommu_add(&amd_ops);
	if (viot != NULL)
		iommu_add(&viot_ops);
}

/* SPDX-License-Identifier: MIT */
/* See virtio_iommu.h.  The device is only looked at: its status stays as it is. */
#include "kernel/core/virtio_iommu.h"

#include "kernel/core/arch.h"
#include "kernel/core/pci.h"

#define VIRTIO_VENDOR 0x1af4u
#define VIRTIO_IOMMU 0x1057u
#define CAPABILITY_VENDOR 0x09u
#define STRUCTURE_COMMON 1u
#define STRUCTURE_DEVICE 4u
#define COMMON_BYTES 8u
#define CONFIG_BYTES 40u
#define CONFIG_BYPASS 36u
#define FEATURE_BYPASS_CONFIG 6u

const char virtio_iommu_refusal[] =
	"a virtio-iommu keeps it from memory, and this kernel has no driver for one; "
	"start the machine with boot-bypass=on, with another kind of IOMMU, or without";

/* Maps the first BYTES of the structure KIND; NULL when it is not there. */
static volatile uint8_t *
structure_map(uint32_t function, unsigned kind, unsigned bytes)
{
	unsigned at = 0;

	while ((at = pci_capability(function, at, CAPABILITY_VENDOR)) != 0) {
		unsigned bar = arch_pci_read(function, at + 4, 1);
		uint64_t offset = arch_pci_read(function, at + 8, 4), base;

		if (arch_pci_read(function, at + 3, 1) != kind || bar > 5 ||
		    arch_pci_read(function, at + 12, 4) < bytes)
			continue;
		base = arch_pci_read(function, PCI_BASE_ADDRESS + 4 * bar, 4);
		if ((base & PCI_BASE_IO) != 0)
			continue;
		if ((base & PCI_BASE_64) != 0 && bar < 5)
			base |= (uint64_t)arch_pci_read(function, PCI_BASE_ADDRESS + 4 * bar + 4, 4)
				<< 32;
		base = (base & ~(uint64_t)PCI_BASE_FLAGS) + offset;
		if (base % 4 == 0 && !arch_is_reserved(base, bytes) && arch_map_device(base, bytes))
			return (volatile uint8_t *)(uintptr_t)base;
	}
	return NULL;
}

bool
virtio_iommu_bypasses(uint32_t function)
{
	uint32_t command = arch_pci_read(function, PCI_COMMAND, 2);
	volatile uint8_t *common, *config;
	uint8_t features;

	if (arch_pci_read(function, PCI_VENDOR, 2) != VIRTIO_VENDOR ||
	    arch_pci_read(function, PCI_DEVICE, 2) != VIRTIO_IOMMU)
		return false;
	common = structure_map(function, STRUCTURE_COMMON, COMMON_BYTES);
	config = structure_map(function, STRUCTURE_DEVICE, CONFIG_BYTES);
	if (common == NULL || config == NULL)
		return false;
	arch_pci_write(function, PCI_COMMAND, 2, command | PCI_COMMAND_MEMORY);
	/* Words of the features are chosen by number: the first is word 0, in either byte order. */
	*(volatile uint32_t *)(volatile void *)common = 0;
	features = common[4];
	return (features >> FEATURE_BYPASS_CONFIG & 1) != 0 && config[CONFIG_BYPASS] == 1;
}

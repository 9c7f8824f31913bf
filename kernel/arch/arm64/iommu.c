/* SPDX-License-Identifier: MIT */
/*
 * The IOMMUs of the device tree: Arm's SMMUv3 is driven; virtio-iommu is not, nor anything else
 * that "iommu-map" names, and a device behind one is served only while it lets everything through.
 */
#include "kernel/core/iommu.h"

#include "cpu.h"
#include "kernel/core/virtio_iommu.h"

static bool
has_kind(uint32_t node, const char *kind)
{
	return fdt_has_string(fdt_get(boot_tree(), node, "compatible"), kind);
}

static enum iommu_place
other_find(uint32_t function, uint64_t *group, struct memory_range *window, const char **why)
{
	uint32_t node, stream, bridge;

	(void)group;
	(void)window;
	if (function == ORION_NO_FUNCTION || !pci_iommu_of(function, &node, &stream))
		return IOMMU_ELSEWHERE;
	*why = "an IOMMU that this kernel has no driver for is in front of it; start the machine "
	       "with iommu=smmuv3, or without";
	if (!has_kind(node, "virtio,pci-iommu"))
		return IOMMU_USELESS;
	*why = virtio_iommu_refusal;
	/* The first cell of a PCI node's "reg" has its function from bit 8 on. */
	bridge = fdt_cell(fdt_get(boot_tree(), node, "reg"), 0) >> 8 & 0xffff;
	return virtio_iommu_bypasses(bridge) ? IOMMU_ELSEWHERE : IOMMU_USELESS;
}

static const struct iommu_ops virtio_ops = {.name = "virtio-iommu", .find = other_find};
static const struct iommu_ops other_ops = {.name = "an unknown IOMMU", .find = other_find};

void
iommu_init(void)
{
	uint32_t node, stream;

	smmu_init();
	/* Function 1 stands for all: function 0, the host bridge, may be left out of the map. */
	if (!pci_iommu_of(1u << 3, &node, &stream) || has_kind(node, "arm,smmu-v3"))
		return;
	iommu_add(has_kind(node, "virtio,pci-iommu") ? &virtio_ops : &other_ops);
}

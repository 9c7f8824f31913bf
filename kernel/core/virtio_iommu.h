/* SPDX-License-Identifier: MIT */
/*
 * virtio-iommu, which this kernel does not drive: whether it lets devices through as it is.
 */
#ifndef KERNEL_CORE_VIRTIO_IOMMU_H
#define KERNEL_CORE_VIRTIO_IOMMU_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether the virtio-iommu at PCI function FUNCTION passes on what devices without a domain ask
 * for, untranslated; false, too, when it does not say.  After pci_init().
 */
bool virtio_iommu_bypasses(uint32_t function);

/* Why a device behind one that does not is left out, static. */
extern const char virtio_iommu_refusal[];

#endif

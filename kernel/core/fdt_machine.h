/* SPDX-License-Identifier: MIT */
/*
 * What machines have in common that a device tree describes whole: their RAM, QEMU's fw_cfg, the
 * PCI host bridge with configuration space in memory.  The functions of arch.h for all of that are
 * in fdt_machine.c, fdt_fw_cfg.c and fdt_host.c.
 */
#ifndef KERNEL_CORE_FDT_MACHINE_H
#define KERNEL_CORE_FDT_MACHINE_H

#include "kernel/core/fdt.h"

/* ---- Supplied by the ISA ---- */

/*
 * Maps registers that are the kernel's own: no disk may claim to lie there.  False when they cannot
 * be mapped or noted.
 */
bool mmu_own(const struct memory_range *registers);

/* The line of an interrupt of the device tree, as arch_line_enable() wants it; or UINT32_MAX. */
uint32_t interrupt_line(const struct fdt_interrupt *interrupt);

/* ---- Supplied by kernel/core ---- */

/*
 * Takes over the tree at BLOB; what RAM of it lies below LIMIT is the machine's.  False when there
 * is no tree.  Loads bytes only, so that it may be called before the caches are on.
 */
bool fdt_machine_init(const void *blob, uint64_t limit);

/* The machine's tree, and its RAM, COUNT ranges. */
const struct fdt *boot_tree(void);
const struct memory_range *boot_ram(unsigned *count);

/* Finds QEMU's fw_cfg. */
void fw_cfg_init(void);

/* Finds the PCI host bridge; after there are page tables. */
void pci_host_init(void);

/* The IOMMU that FUNCTION's requests go through: its node, and its number for FUNCTION. */
bool pci_iommu_of(uint32_t function, uint32_t *node, uint32_t *id);

/* The controller that takes FUNCTION's messages, and its number for FUNCTION. */
bool pci_messages_of(uint32_t function, uint32_t *controller, uint32_t *id);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The tables that an IOMMU walks: 512 entries of 64 bits a table, pages of 4 KiB, no large ones, up
 * to 48 bits of device address.  VT-d's second level and the SMMU's are alike in this; what an
 * entry looks like, the driver says.  An entry of 0 leads nowhere.
 */
#ifndef KERNEL_CORE_IOMMU_TABLE_H
#define KERNEL_CORE_IOMMU_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iommu_table_kind {
	unsigned levels; /* 3: 39 bits, 4: 48 */

	/*
	 * An entry that leads to the table at ADDRESS, and one that maps it; address bits 12 to 47.
	 */
	uint64_t (*entry_table)(uint64_t address);
	uint64_t (*entry_page)(uint64_t address, bool writable);

	/* Makes what was written visible to an IOMMU that does not snoop; NULL: it does. */
	void (*flush)(const void *memory, size_t bytes);
};

/* An empty table, or 0 when there is no memory. */
uint64_t iommu_table_make(const struct iommu_table_kind *kind);

/*
 * Maps PAGES pages at DEVICE, or more than before of pages that are mapped.  False when there is no
 * memory for tables: then nothing changed.
 */
bool iommu_table_map(const struct iommu_table_kind *kind, uint64_t root, uint64_t device,
		     uint64_t physical, uint64_t pages, bool writable);

/* Takes pages that are mapped out. */
void iommu_table_unmap(const struct iommu_table_kind *kind, uint64_t root, uint64_t device,
		       uint64_t pages);

/* Gives all tables back. */
void iommu_table_free(const struct iommu_table_kind *kind, uint64_t root);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The IOMMU: a table of translation control entries (TCE), one a page of the window that the device
 * tree gives the host bridge's devices, all of them together.  It is the hypervisor's, and written
 * by calls.
 */
#include "cpu.h"
#include "kernel/core/iommu.h"

#define H_GET_TCE 0x1cu
#define H_PUT_TCE 0x20u
#define H_STUFF_TCE 0x138u
#define STUFF_PAGES 512u /* in one call */

#define TCE_READ 1u
#define TCE_WRITE 2u
#define TCE_RIGHTS 3u

static uint32_t table; /* the hypervisor's number for it */
static struct memory_range table_window;

static enum iommu_place
find(uint32_t function, uint64_t *group, struct memory_range *window, const char **why)
{
	(void)why;
	if (function == ORION_NO_FUNCTION)
		return IOMMU_ELSEWHERE;
	*group = table;
	*window = table_window;
	return IOMMU_HERE;
}

static void
unmap(struct iommu_space *space, uint64_t device, uint64_t pages)
{
	(void)space;
	while (pages != 0) {
		uint64_t now = pages < STUFF_PAGES ? pages : STUFF_PAGES;

		if (hypercall(H_STUFF_TCE, table, device, 0, now, NULL) != H_SUCCESS)
			orion_panic("the hypervisor does not take pages from a device");
		device += now * PAGE_BYTES;
		pages -= now;
	}
}

static void
clear(struct iommu_space *space)
{
	unmap(space, space->window.start, space->window.bytes / PAGE_BYTES);
}

static bool
open(struct iommu_space *space)
{
	clear(space);
	return true;
}

/* Returns how many of PAGES were entered. */
static uint64_t
put(uint64_t device, uint64_t physical, uint64_t pages, uint64_t rights)
{
	uint64_t done = 0;

	while (done < pages &&
	       hypercall(H_PUT_TCE, table, device + done * PAGE_BYTES,
			 (physical + done * PAGE_BYTES) | rights, 0, NULL) == H_SUCCESS)
		done++;
	return done;
}

/* Should the hypervisor refuse, the pages get the rights again that the first one had. */
static bool
map(struct iommu_space *space, uint64_t device, uint64_t physical, uint64_t pages, bool writable)
{
	uint64_t before[3] = {0};
	uint64_t done;

	(void)space;
	if (hypercall(H_GET_TCE, table, device, 0, 0, before) != H_SUCCESS)
		return false;
	done = put(device, physical, pages, writable ? TCE_READ | TCE_WRITE : TCE_READ);
	if (done < pages)
		put(device, physical, done, before[0] & TCE_RIGHTS);
	return done == pages;
}

void
tce_init(uint32_t bridge)
{
	static const struct iommu_ops ops = {
		.name = "TCE",
		.silent = true,
		.find = find,
		.open = open,
		.close = clear,
		.map = map,
		.unmap = unmap,
	};
	struct fdt_value window = fdt_get(boot_tree(), bridge, "ibm,dma-window");

	if (window.length != 5 * sizeof(uint32_t))
		return;
	table = fdt_cell(window, 0);
	table_window.start = fdt_cells(window, 1, 2);
	table_window.bytes = fdt_cells(window, 3, 2);
	iommu_add(&ops);
}

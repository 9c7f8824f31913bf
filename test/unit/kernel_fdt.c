/* SPDX-License-Identifier: MIT */
/*
 * The kernel's reader of device trees, on a tree that dtc made (fdt_trees.dts), and on the same
 * with every byte and every word of it spoiled: then nothing but the tree's own bytes may be read.
 */
#include <stdlib.h>
#include <string.h>

#include "fdt_trees.h"
#include "harness.h"
#include "kernel/core/fdt.h"
#include "kernel/core/fdt_pci.h"

static struct fdt tree;

static void
open_tree(void)
{
	EXPECT(fdt_init(&tree, fdt_tree_blob, sizeof(fdt_tree_blob)));
}

static uint32_t
at(const char *a, const char *b)
{
	uint32_t node = fdt_child_named(&tree, FDT_ROOT, a);

	return b != NULL ? fdt_child_named(&tree, node, b) : node;
}

TEST(kernel_fdt__finds_nodes)
{
	open_tree();
	EXPECT(fdt_has_string(fdt_get(&tree, FDT_ROOT, "compatible"), "test,board"));
	EXPECT(fdt_has_string(fdt_get(&tree, FDT_ROOT, "compatible"), "test,family"));
	EXPECT(!fdt_has_string(fdt_get(&tree, FDT_ROOT, "compatible"), "test"));
	EXPECT_STR(fdt_string(fdt_get(&tree, FDT_ROOT, "compatible")), "test,board");
	EXPECT_EQ(at("uart", NULL), at("uart@9000000", NULL));
	EXPECT_EQ(at("uart@904", NULL), FDT_NONE);
	EXPECT_EQ(at("uar", NULL), FDT_NONE);
	EXPECT_EQ(at("its", NULL), FDT_NONE); /* a grandchild */
	EXPECT_EQ(fdt_parent(&tree, at("intc", "its")), at("intc", NULL));
	EXPECT_EQ(fdt_parent(&tree, at("uart", NULL)), FDT_ROOT);
	EXPECT_EQ(fdt_parent(&tree, FDT_ROOT), FDT_NONE);
	EXPECT_EQ(fdt_sibling(&tree, FDT_ROOT), FDT_NONE);
	EXPECT_EQ(fdt_child(&tree, at("intc", "its")), FDT_NONE);
	EXPECT_EQ(fdt_sibling(&tree, at("intc", "its")), FDT_NONE);
	EXPECT_EQ(fdt_child(&tree, FDT_NONE), FDT_NONE);
	EXPECT_EQ(fdt_parent(&tree, FDT_NONE), FDT_NONE);
}

TEST(kernel_fdt__walks_all_children)
{
	static const char *const names[] = {
		"memory", "reserved-memory", "intc", "uart@9000000", "uart@9040000", "bus", "pcie"};
	unsigned count = 0;

	open_tree();
	for (uint32_t node = fdt_child(&tree, FDT_ROOT); node != FDT_NONE;
	     node = fdt_sibling(&tree, node), count++)
		EXPECT_EQ(node, count < 7 ? at(names[count], NULL) : FDT_NONE);
	EXPECT_EQ(count, 7);
}

/* What is switched off is passed over, and a search goes on from where it was. */
TEST(kernel_fdt__searches)
{
	uint32_t its;

	open_tree();
	EXPECT_EQ(fdt_compatible(&tree, FDT_ROOT, "arm,pl011"), at("uart@9040000", NULL));
	EXPECT_EQ(fdt_compatible(&tree, at("uart@9040000", NULL), "arm,pl011"), FDT_NONE);
	EXPECT(!fdt_is_on(&tree, at("uart@9000000", NULL)));
	EXPECT(fdt_is_on(&tree, at("pcie", NULL)));
	its = fdt_compatible(&tree, FDT_ROOT, "arm,gic-v3-its");
	EXPECT_EQ(its, at("intc", "its"));
	EXPECT_EQ(fdt_by_phandle(&tree, fdt_number(&tree, its, "phandle", 0)), its);
	EXPECT_EQ(fdt_by_phandle(&tree, 0), FDT_NONE);
	EXPECT_EQ(fdt_by_phandle(&tree, 4711), FDT_NONE);
}

TEST(kernel_fdt__reads_numbers)
{
	struct fdt_value reg;

	open_tree();
	reg = fdt_get(&tree, at("memory", NULL), "reg");
	EXPECT_EQ(reg.length, 32);
	EXPECT_EQ(fdt_cell(reg, 1), 0x40000000);
	EXPECT_EQ(fdt_cells(reg, 4, 2), UINT64_C(0x100000000));
	EXPECT_EQ(fdt_cell(reg, 8), 0);
	EXPECT_EQ(fdt_cell(reg, UINT32_MAX), 0);
	EXPECT_EQ(fdt_number(&tree, FDT_ROOT, "#size-cells", 7), 2);
	EXPECT_EQ(fdt_number(&tree, FDT_ROOT, "#size", 7), 7);
	EXPECT(fdt_get(&tree, FDT_NONE, "reg").bytes == NULL);
	EXPECT_STR(fdt_string(fdt_get(&tree, FDT_ROOT, "absent")), "");
}

static void
expect_range(bool found, const struct memory_range *range, uint64_t start, uint64_t bytes)
{
	EXPECT(found);
	EXPECT_EQ(range->start, start);
	EXPECT_EQ(range->bytes, bytes);
}

TEST(kernel_fdt__translates_addresses)
{
	struct memory_range range;
	uint32_t far, memory;

	open_tree();
	memory = at("memory", NULL);
	far = at("bus", "far");
	expect_range(fdt_reg(&tree, memory, 0, &range), &range, 0x40000000, 0x10000000);
	expect_range(fdt_reg(&tree, memory, 1, &range), &range, UINT64_C(0x100000000),
		     UINT64_C(0x280000000));
	EXPECT(!fdt_reg(&tree, memory, 2, &range));
	EXPECT(!fdt_reg(&tree, memory, UINT32_MAX, &range));
	expect_range(fdt_reg(&tree, at("intc", "its"), 0, &range), &range, 0x8080000, 0x20000);
	expect_range(fdt_reg(&tree, far, 0, &range), &range, 0xc000400, 0x10);
	expect_range(fdt_reg(&tree, far, 1, &range), &range, UINT64_C(0x500000400), 0x10);
	EXPECT(!fdt_reg(&tree, far, 2, &range)); /* in no range of the bus */
	EXPECT(!fdt_reg(&tree, far, 3, &range)); /* just behind one */
	EXPECT(!fdt_reg(&tree, fdt_compatible(&tree, FDT_ROOT, "test,lost"), 0, &range));
	EXPECT(!fdt_reg(&tree, FDT_NONE, 0, &range));
}

TEST(kernel_fdt__lists_reserved_memory)
{
	struct memory_range range;

	open_tree();
	expect_range(fdt_reserved(&tree, 0, &range), &range, 0x48000000, 0x4000);
	expect_range(fdt_reserved(&tree, 1, &range), &range, 0x49000000, 0x1000);
	expect_range(fdt_reserved(&tree, 2, &range), &range, 0x4a000000, 0x2000);
	EXPECT(!fdt_reserved(&tree, 3, &range));
}

TEST(kernel_fdt__finds_interrupts)
{
	struct fdt_interrupt interrupt;
	uint32_t uart;

	open_tree();
	uart = at("uart@9040000", NULL);
	EXPECT(fdt_interrupt(&tree, uart, 1, &interrupt));
	EXPECT_EQ(interrupt.controller, at("intc", NULL));
	EXPECT_EQ(interrupt.cells[0], 0);
	EXPECT_EQ(interrupt.cells[1], 9);
	EXPECT_EQ(interrupt.cells[2], 4);
	EXPECT(!fdt_interrupt(&tree, uart, 2, &interrupt));
	EXPECT(!fdt_interrupt(&tree, at("memory", NULL), 0, &interrupt));
	EXPECT(!fdt_interrupt(&tree, FDT_NONE, 0, &interrupt));
}

static void
expect_pin(const struct fdt_pci *pci, uint32_t function, uint32_t pin, uint32_t number)
{
	struct fdt_interrupt interrupt;

	EXPECT(fdt_pci_interrupt(&tree, pci, function, pin, &interrupt));
	EXPECT_EQ(interrupt.controller, at("intc", NULL));
	EXPECT_EQ(interrupt.cells[1], number);
}

TEST(kernel_fdt__describes_pci)
{
	/* Ports, the larger of two windows of memory, and wide addresses. */
	static const struct pci_window windows[PCI_SPACES] = {
		{0, 0x3eff0000, 0x10000},
		{0, UINT64_C(0x600000000), 0x70000000},
		{UINT64_C(0x8000000000), UINT64_C(0x8000000000), UINT64_C(0x8000000000)},
	};
	struct fdt_interrupt interrupt;
	uint32_t controller, id;
	struct fdt_pci pci;

	open_tree();
	EXPECT(fdt_pci_find(&tree, &pci));
	EXPECT_EQ(pci.space, UINT64_C(0x4010000000));
	EXPECT_EQ(pci.first_bus, 0);
	EXPECT_EQ(pci.last_bus, 0x7f);
	for (unsigned i = 0; i < PCI_SPACES; i++) {
		EXPECT_EQ(pci.windows[i].bus, windows[i].bus);
		EXPECT_EQ(pci.windows[i].cpu, windows[i].cpu);
		EXPECT_EQ(pci.windows[i].bytes, windows[i].bytes);
	}
	expect_pin(&pci, 0 << 3, 1, 3);
	expect_pin(&pci, 0 << 3, 2, 4);
	expect_pin(&pci, 1 << 3 | 2, 1, 5);
	expect_pin(&pci, 5 << 3, 1, 5); /* the mask lets 5 be 1 */
	EXPECT(!fdt_pci_interrupt(&tree, &pci, 0, 3, &interrupt));
	EXPECT(!fdt_pci_interrupt(&tree, &pci, 2 << 3, 1, &interrupt));
	EXPECT(fdt_pci_messages(&tree, &pci, 0x12, &controller, &id));
	EXPECT_EQ(controller, at("intc", "its"));
	EXPECT_EQ(id, 0x112);
	EXPECT(!fdt_pci_messages(&tree, &pci, 0x100, &controller, &id));
	EXPECT(fdt_pci_messages(&tree, &pci, 0x207, &controller, &id));
	EXPECT_EQ(id, 0x1007);
	EXPECT(!fdt_pci_messages(&tree, &pci, 0x208, &controller, &id));
}

/* Asks everything of COPY, in memory of its own size: a sanitizer sees what goes beyond. */
static void
ask_everything(const uint8_t *copy, size_t bytes)
{
	struct memory_range range;
	struct fdt_interrupt interrupt;
	struct fdt_pci pci;
	uint32_t controller, id;

	if (!fdt_init(&tree, copy, bytes))
		return;
	for (uint32_t node = FDT_ROOT; node != FDT_NONE;
	     node = fdt_compatible(&tree, node, "test,far")) {
		(void)fdt_reg(&tree, node, 1, &range);
		(void)fdt_interrupt(&tree, node, 0, &interrupt);
	}
	for (uint32_t node = fdt_child(&tree, FDT_ROOT); node != FDT_NONE;
	     node = fdt_sibling(&tree, node))
		(void)fdt_reg(&tree, node, 0, &range);
	(void)at("bus", "far");
	(void)fdt_interrupt(&tree, at("uart@9040000", NULL), 0, &interrupt);
	(void)fdt_reserved(&tree, 9, &range);
	if (fdt_pci_find(&tree, &pci)) {
		(void)fdt_pci_interrupt(&tree, &pci, 8, 1, &interrupt);
		(void)fdt_pci_messages(&tree, &pci, 8, &controller, &id);
	}
}

TEST(kernel_fdt__survives_damage)
{
	static const uint8_t values[] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x09, 0x7f, 0x80, 0xff};
	size_t bytes = sizeof(fdt_tree_blob);
	uint8_t *copy = malloc(bytes);

	memcpy(copy, fdt_tree_blob, bytes);
	for (size_t i = 0; i < bytes; i++) {
		for (unsigned v = 0; v < sizeof(values); v++) {
			copy[i] = values[v];
			ask_everything(copy, bytes);
		}
		copy[i] = fdt_tree_blob[i];
	}
	for (size_t i = 0; i + 4 <= bytes; i += 4) {
		memset(copy + i, 0xff, 4);
		ask_everything(copy, bytes);
		memcpy(copy + i, fdt_tree_blob + i, 4);
	}
	free(copy);
}

TEST(kernel_fdt__survives_a_cut)
{
	for (size_t bytes = 0; bytes < sizeof(fdt_tree_blob); bytes++) {
		uint8_t *copy = malloc(bytes != 0 ? bytes : 1);

		memcpy(copy, fdt_tree_blob, bytes);
		ask_everything(copy, bytes);
		/* The header tells of more than there is. */
		EXPECT(!fdt_init(&tree, copy, bytes));
		free(copy);
	}
	EXPECT(!fdt_init(&tree, NULL, 4096));
}

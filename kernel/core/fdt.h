/* SPDX-License-Identifier: MIT */
/*
 * The device tree, read where it lies, in the flattened form (version 17).
 *
 * A node is the offset of its first token; FDT_NONE is no node, and every function takes it and
 * finds nothing there.  No read goes beyond the tree's own bytes, whatever they hold.  Only bytes
 * are loaded, so that the tree may be read before the caches are on.
 *
 * Debian's libfdt would be the library for this, but comes compiled for hosted programs only, and
 * for other CPUs' kernels not at all.
 */
#ifndef KERNEL_CORE_FDT_H
#define KERNEL_CORE_FDT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/core/arch.h"

#define FDT_NONE UINT32_MAX
#define FDT_ROOT 0u
#define FDT_DEPTH_MAX 16 /* nodes that lie deeper are not found */
#define FDT_INTERRUPT_CELLS_MAX 4u

struct fdt {
	const uint8_t *blob;
	uint32_t bytes; /* of it all */
	const uint8_t *nodes;
	uint32_t nodes_bytes;
	const uint8_t *strings;
	uint32_t strings_bytes;
	uint32_t reserved_offset;
};

/* A property's value: NULL and 0 when it is absent. */
struct fdt_value {
	const uint8_t *bytes;
	uint32_t length;
};

/* An interrupt as its controller's node describes it: #interrupt-cells numbers. */
struct fdt_interrupt {
	uint32_t controller;
	uint32_t cells[FDT_INTERRUPT_CELLS_MAX];
};

/* False when there is no tree at BLOB, or its parts do not lie within it or within LIMIT bytes. */
bool fdt_init(struct fdt *fdt, const void *blob, size_t limit);

/* ---- Nodes, in the order in which they stand ---- */

uint32_t fdt_child(const struct fdt *fdt, uint32_t node);
uint32_t fdt_sibling(const struct fdt *fdt, uint32_t node);
uint32_t fdt_parent(const struct fdt *fdt, uint32_t node);

/* The child whose name is NAME, with or without an address behind an '@'. */
uint32_t fdt_child_named(const struct fdt *fdt, uint32_t node, const char *name);

/* Whether NODE's status does not switch it off for us; the secure world's is. */
bool fdt_is_on(const struct fdt *fdt, uint32_t node);

/*
 * The first node after AFTER (FDT_ROOT: of all) that is compatible with TEXT and is on.
 */
uint32_t fdt_compatible(const struct fdt *fdt, uint32_t after, const char *text);

/* The node that a phandle names. */
uint32_t fdt_by_phandle(const struct fdt *fdt, uint32_t phandle);

/* ---- Properties ---- */

struct fdt_value fdt_get(const struct fdt *fdt, uint32_t node, const char *name);

/* The INDEXth 32-bit number; 0 past the end. */
uint32_t fdt_cell(struct fdt_value value, uint32_t index);

/* COUNT (up to 2) of them as one number. */
uint64_t fdt_cells(struct fdt_value value, uint32_t index, uint32_t count);

/* Whether one of the value's strings is TEXT. */
bool fdt_has_string(struct fdt_value value, const char *text);

/* The value's first string; "" when it is none. */
const char *fdt_string(struct fdt_value value);

/* The number that a property has, or USUAL when it is absent. */
uint32_t fdt_number(const struct fdt *fdt, uint32_t node, const char *name, uint32_t usual);

/* ---- Addresses and interrupts ---- */

/* The INDEXth range of "reg" as the CPU sees it: translated by every bus above. */
bool fdt_reg(const struct fdt *fdt, uint32_t node, uint32_t index, struct memory_range *out);

/* ADDRESS on the bus that NODE is as the CPU sees it. */
bool fdt_translate(const struct fdt *fdt, uint32_t node, uint64_t *address);

/* The INDEXth interrupt of "interrupts". */
bool fdt_interrupt(const struct fdt *fdt, uint32_t node, uint32_t index, struct fdt_interrupt *out);

/*
 * The INDEXth range of memory that is not to be used: those of the header's list, then those of the
 * children of /reserved-memory that have an address.
 */
bool fdt_reserved(const struct fdt *fdt, uint32_t index, struct memory_range *out);

/* What it says of who runs the machine: hypervisor.h. */
struct hypervisor_clues;
void fdt_hypervisor_clues(const struct fdt *fdt, struct hypervisor_clues *clues);

/* ---- What the loader was told: /chosen ---- */

/* The command line; "" when there is none. */
const char *fdt_command_line(const struct fdt *fdt);

/* Where the archive of files is that the loader brought along. */
bool fdt_initrd(const struct fdt *fdt, struct memory_range *out);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Open Firmware: what is asked of it before it goes.
 *
 * The device tree is copied, node by node, into the flattened form that the rest of the kernel
 * reads: SLOF could hand it over whole, QEMU's own firmware (VOF) cannot, and so both are asked in
 * the same way.
 */
#include "cpu.h"
#include "kernel/core/memory.h"
#include "kernel/core/paging.h"
#include "kernel/core/string.h"
#include "words/text.h"

#include <stdarg.h>

#define ARGUMENTS_MAX 10u /* inputs and outputs of a call */
#define FAILED UINT32_MAX
#define PATH_BYTES 256u
#define NAME_BYTES 64u

/* The flattened tree: header, one range of reserved memory, names of properties, nodes. */
#define TREE_BYTES (256u << 10)
#define TREE_RESERVED 40u
#define TREE_NAMES (TREE_RESERVED + 32u)
#define TREE_NODES (16u << 10)
#define FDT_BEGIN 1u
#define FDT_END_NODE 2u
#define FDT_PROPERTY 3u
#define FDT_END 9u

static _Alignas(8) uint8_t blob[TREE_BYTES];
static uint32_t names_end, nodes_end; /* offsets in blob */
static uint32_t client_entry;

static uint32_t
address_of(const void *pointer)
{
	return (uint32_t)(uintptr_t)pointer;
}

/* Calls SERVICE with INPUTS numbers; returns the first output, the last one is in *LAST. */
static uint32_t
client(const char *service, uint32_t *last, unsigned outputs, unsigned inputs, ...)
{
	static struct {
		uint32_t service, inputs, outputs, arguments[ARGUMENTS_MAX];
	} call;
	va_list list;

	call.service = big32(address_of(service));
	call.inputs = big32(inputs);
	call.outputs = big32(outputs);
	va_start(list, inputs);
	for (unsigned i = 0; i < inputs; i++)
		call.arguments[i] = big32(va_arg(list, uint32_t));
	va_end(list);
	for (unsigned i = 0; i < outputs; i++)
		call.arguments[inputs + i] = FAILED;
	firmware_enter(address_of(&call), 0, client_entry);
	if (last != NULL)
		*last = big32(call.arguments[inputs + outputs - 1]);
	return big32(call.arguments[inputs]);
}

static uint32_t
get(uint32_t node, const char *name, void *value, uint32_t bytes)
{
	return client("getprop", NULL, 1, 4, node, address_of(name), address_of(value), bytes);
}

/* BYTES more of the tree's nodes, filled up to a multiple of 4 with zeros. */
static uint8_t *
grow(uint32_t bytes)
{
	uint8_t *at = blob + nodes_end;

	if (bytes > TREE_BYTES - 64 - nodes_end)
		orion_panic("the device tree is larger than the room for it");
	nodes_end += (bytes + 3) & ~3u;
	return at;
}

static void
put(uint32_t number)
{
	number = big32(number);
	memcpy(grow(sizeof(number)), &number, sizeof(number));
}

/* The offset, among the names, of NAME. */
static uint32_t
name_offset(const char *name)
{
	size_t bytes = text_length(name) + 1;
	uint32_t at = TREE_NAMES;

	while (at < names_end && !text_equal((const char *)blob + at, name))
		at += (uint32_t)text_length((const char *)blob + at) + 1;
	if (at == names_end) {
		if (bytes > TREE_NODES - names_end)
			orion_panic("the device tree has more names than there is room for");
		memcpy(blob + at, name, bytes);
		names_end += (uint32_t)bytes;
	}
	return at - TREE_NAMES;
}

static void
copy_property(uint32_t node, const char *name)
{
	uint32_t bytes = client("getproplen", NULL, 1, 2, node, address_of(name));
	uint8_t *value;

	if (bytes == FAILED)
		return;
	put(FDT_PROPERTY);
	put(bytes);
	put(name_offset(name));
	value = grow(bytes);
	if (bytes != 0)
		get(node, name, value, bytes);
}

/* SLOF's phandles are not properties, but the tree's references to nodes are by them. */
static void
copy_properties(uint32_t node)
{
	static char names[2][NAME_BYTES];
	bool has_phandle = false;

	names[1][0] = '\0';
	for (unsigned i = 0; client("nextprop", NULL, 1, 3, node, address_of(names[1 - i]),
				    address_of(names[i])) == 1;
	     i = 1 - i) {
		names[i][NAME_BYTES - 1] = '\0';
		has_phandle = has_phandle || text_equal(names[i], "phandle");
		copy_property(node, names[i]);
	}
	if (!has_phandle) {
		put(FDT_PROPERTY);
		put(sizeof(node));
		put(name_offset("phandle"));
		put(node);
	}
}

/* The node's name is what stands behind the last '/' of its path. */
static void
copy_node(uint32_t node, unsigned depth)
{
	static char path[PATH_BYTES];
	uint32_t name = 0;

	memset(path, 0, sizeof(path));
	client("package-to-path", NULL, 1, 3, node, address_of(path), PATH_BYTES - 1);
	for (uint32_t i = 0; path[i] != '\0'; i++)
		name = path[i] == '/' ? i + 1 : name;
	put(FDT_BEGIN);
	memcpy(grow((uint32_t)text_length(path + name) + 1), path + name, text_length(path + name));
	copy_properties(node);
	for (uint32_t child = client("child", NULL, 1, 1, node);
	     child != 0 && child != FAILED && depth < FDT_DEPTH_MAX;
	     child = client("peer", NULL, 1, 1, child))
		copy_node(child, depth + 1);
	put(FDT_END_NODE);
}

static void
copy_tree(void)
{
	names_end = TREE_NAMES;
	nodes_end = TREE_NODES;
	copy_node(client("peer", NULL, 1, 1, 0), 0);
	put(FDT_END);
	const uint32_t header[] = {
		0xd00dfeed,
		nodes_end,
		TREE_NODES,
		TREE_NAMES,
		TREE_RESERVED,
		17,
		16,
		0, /* versions: its own, the first that could read it */
		names_end - TREE_NAMES,
		nodes_end - TREE_NODES,
	};
	for (unsigned i = 0; i < sizeof(header) / sizeof(header[0]); i++) {
		uint32_t word = big32(header[i]);

		memcpy(blob + i * sizeof(word), &word, sizeof(word));
	}
}

static bool
start_rtas(struct rtas *out)
{
	uint64_t reserved[2];
	uint32_t node = client("finddevice", NULL, 1, 1, address_of("/rtas"));
	uint32_t bytes = 0, base, instance;

	if (node == FAILED || get(node, "rtas-size", &bytes, sizeof(bytes)) != sizeof(bytes))
		return false;
	bytes = big32(bytes);
	base = client("claim", NULL, 1, 3, 0, bytes, PAGE_BYTES);
	instance = client("open", NULL, 1, 1, address_of("/rtas"));
	if (base == FAILED || instance == 0 || instance == FAILED ||
	    client("call-method", &out->entry, 2, 3, address_of("instantiate-rtas"), instance,
		   base) != 0)
		return false;
	out->base = base;
	out->bytes = bytes;
	reserved[0] = big64(base);
	reserved[1] = big64(bytes);
	memcpy(blob + TREE_RESERVED, reserved, sizeof(reserved));
	return !ranges_meet(base, bytes, (uintptr_t)kernel_start,
			    (uintptr_t)kernel_end - (uintptr_t)kernel_start);
}

void
firmware_init(uint32_t entry, struct rtas *rtas)
{
	bool started;

	client_entry = entry;
	copy_tree();
	started = start_rtas(rtas);
	client("quiesce", NULL, 0, 0);
	if (!started || !fdt_machine_init(blob, paging_limit))
		orion_panic("Open Firmware gave no device tree, or no RTAS");
}

/* SPDX-License-Identifier: MIT */
/* See fdt.h.  This file: the tree itself; fdt_bus.c: addresses and interrupts. */
#include "kernel/core/fdt.h"
#include "words/text.h"

#define FDT_MAGIC 0xd00dfeedu
#define FDT_VERSION 17u
#define FDT_HEADER_BYTES 40u

/* Offsets in the header. */
#define FDT_TOTAL 4
#define FDT_NODES 8
#define FDT_STRINGS 12
#define FDT_RESERVED 16
#define FDT_VERSION_NOW 20
#define FDT_VERSION_LEAST 24
#define FDT_STRINGS_BYTES 32
#define FDT_NODES_BYTES 36

enum fdt_token {
	FDT_BEGIN = 1, /* then the name, with its NUL */
	FDT_END_NODE = 2,
	FDT_PROPERTY = 3, /* then the value's length, the name's offset, the value */
	FDT_NOP = 4,
	FDT_END = 9,
};

#define FDT_PROPERTY_BYTES 12u /* up to the value */

static uint32_t
big_endian(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

static bool
lies_within(uint32_t offset, uint32_t bytes, uint32_t limit)
{
	return offset <= limit && bytes <= limit - offset;
}

bool
fdt_init(struct fdt *fdt, const void *blob, size_t limit)
{
	const uint8_t *header = blob;
	uint32_t nodes, strings;

	if (blob == NULL || limit < FDT_HEADER_BYTES || big_endian(header) != FDT_MAGIC)
		return false;
	fdt->blob = blob;
	fdt->bytes = big_endian(header + FDT_TOTAL);
	nodes = big_endian(header + FDT_NODES);
	strings = big_endian(header + FDT_STRINGS);
	fdt->nodes_bytes = big_endian(header + FDT_NODES_BYTES);
	fdt->strings_bytes = big_endian(header + FDT_STRINGS_BYTES);
	fdt->reserved_offset = big_endian(header + FDT_RESERVED);
	if (fdt->bytes > limit || big_endian(header + FDT_VERSION_NOW) < FDT_VERSION ||
	    big_endian(header + FDT_VERSION_LEAST) > FDT_VERSION ||
	    !lies_within(nodes, fdt->nodes_bytes, fdt->bytes) ||
	    !lies_within(strings, fdt->strings_bytes, fdt->bytes))
		return false;
	fdt->nodes = header + nodes;
	fdt->strings = header + strings;
	return fdt->nodes_bytes >= 4 && big_endian(fdt->nodes) == FDT_BEGIN;
}

/* The token at AT; FDT_END when there is none. */
static uint32_t
token_at(const struct fdt *fdt, uint32_t at)
{
	return lies_within(at, 4, fdt->nodes_bytes) ? big_endian(fdt->nodes + at) : FDT_END;
}

/* The length of the string at AT, up to LIMIT; UINT32_MAX when no NUL ends it. */
static uint32_t
string_at(const uint8_t *bytes, uint32_t at, uint32_t limit)
{
	for (uint32_t end = at; end < limit; end++)
		if (bytes[end] == '\0')
			return end - at;
	return UINT32_MAX;
}

/* Where the token after the one at AT begins; FDT_NONE when the latter does not end in time. */
static uint32_t
token_after(const struct fdt *fdt, uint32_t at)
{
	uint64_t end = (uint64_t)at + 4;
	uint32_t length;

	switch (token_at(fdt, at)) {
	case FDT_BEGIN:
		length = string_at(fdt->nodes, at + 4, fdt->nodes_bytes);
		if (length == UINT32_MAX)
			return FDT_NONE;
		end += (uint64_t)length + 1;
		break;
	case FDT_PROPERTY:
		if (!lies_within(at, FDT_PROPERTY_BYTES, fdt->nodes_bytes))
			return FDT_NONE;
		end = (uint64_t)at + FDT_PROPERTY_BYTES + big_endian(fdt->nodes + at + 4);
		break;
	case FDT_END_NODE:
	case FDT_NOP:
		break;
	default:
		return FDT_NONE;
	}
	end = (end + 3) & ~UINT64_C(3);
	return end < fdt->nodes_bytes ? (uint32_t)end : FDT_NONE;
}

/* The node after NODE in the order of the text; *DEPTH grows by 1 for a child, and so on. */
static uint32_t
node_after(const struct fdt *fdt, uint32_t node, int *depth)
{
	uint32_t at = node == FDT_NONE ? FDT_NONE : token_after(fdt, node);

	while (at != FDT_NONE) {
		uint32_t token = token_at(fdt, at);

		*depth += token == FDT_BEGIN ? 1 : token == FDT_END_NODE ? -1 : 0;
		if (token == FDT_BEGIN)
			return at;
		at = token_after(fdt, at);
	}
	return FDT_NONE;
}

uint32_t
fdt_child(const struct fdt *fdt, uint32_t node)
{
	int depth = 0;
	uint32_t next = node_after(fdt, node, &depth);

	return depth == 1 ? next : FDT_NONE;
}

uint32_t
fdt_sibling(const struct fdt *fdt, uint32_t node)
{
	int depth = 0;
	uint32_t next = node_after(fdt, node, &depth);

	while (next != FDT_NONE && depth > 0)
		next = node_after(fdt, next, &depth);
	return depth == 0 ? next : FDT_NONE;
}

uint32_t
fdt_parent(const struct fdt *fdt, uint32_t node)
{
	uint32_t path[FDT_DEPTH_MAX] = {FDT_ROOT};
	uint32_t at = FDT_ROOT;
	int depth = 0;

	while (at != node && at != FDT_NONE) {
		at = node_after(fdt, at, &depth);
		if (depth >= FDT_DEPTH_MAX || depth < 1)
			return FDT_NONE;
		path[depth] = at;
	}
	return at != FDT_NONE && depth > 0 ? path[depth - 1] : FDT_NONE;
}

static bool
has_name(const struct fdt *fdt, uint32_t node, const char *name)
{
	const uint8_t *own = fdt->nodes + node + 4; /* its end was looked for by token_after() */
	size_t length = text_length(name);

	for (size_t i = 0; i < length; i++)
		if (own[i] != (uint8_t)name[i])
			return false;
	return own[length] == '\0' || own[length] == '@';
}

uint32_t
fdt_child_named(const struct fdt *fdt, uint32_t node, const char *name)
{
	uint32_t child = fdt_child(fdt, node);

	while (child != FDT_NONE &&
	       (token_after(fdt, child) == FDT_NONE || !has_name(fdt, child, name)))
		child = fdt_sibling(fdt, child);
	return child;
}

bool
fdt_is_on(const struct fdt *fdt, uint32_t node)
{
	struct fdt_value status = fdt_get(fdt, node, "status");

	return node != FDT_NONE && (status.bytes == NULL || fdt_has_string(status, "okay") ||
				    fdt_has_string(status, "ok"));
}

uint32_t
fdt_compatible(const struct fdt *fdt, uint32_t after, const char *text)
{
	uint32_t node = after;
	int depth = 0;

	do {
		node = node_after(fdt, node, &depth);
	} while (node != FDT_NONE && (!fdt_has_string(fdt_get(fdt, node, "compatible"), text) ||
				      !fdt_is_on(fdt, node)));
	return node;
}

uint32_t
fdt_by_phandle(const struct fdt *fdt, uint32_t phandle)
{
	uint32_t node = FDT_ROOT;
	int depth = 0;

	while (node != FDT_NONE && fdt_number(fdt, node, "phandle", 0) != phandle)
		node = node_after(fdt, node, &depth);
	return phandle != 0 ? node : FDT_NONE;
}

struct fdt_value
fdt_get(const struct fdt *fdt, uint32_t node, const char *name)
{
	struct fdt_value value = {NULL, 0};
	uint32_t at = node == FDT_NONE ? FDT_NONE : token_after(fdt, node);

	for (; at != FDT_NONE; at = token_after(fdt, at)) {
		uint32_t token = token_at(fdt, at);
		uint32_t offset;

		if (token != FDT_PROPERTY && token != FDT_NOP)
			break;
		if (token == FDT_NOP || token_after(fdt, at) == FDT_NONE)
			continue;
		offset = big_endian(fdt->nodes + at + 8);
		if (string_at(fdt->strings, offset, fdt->strings_bytes) != UINT32_MAX &&
		    text_equal((const char *)fdt->strings + offset, name)) {
			value.bytes = fdt->nodes + at + FDT_PROPERTY_BYTES;
			value.length = big_endian(fdt->nodes + at + 4);
			break;
		}
	}
	return value;
}

uint32_t
fdt_cell(struct fdt_value value, uint32_t index)
{
	return index < value.length / 4 ? big_endian(value.bytes + (size_t)index * 4) : 0;
}

uint64_t
fdt_cells(struct fdt_value value, uint32_t index, uint32_t count)
{
	uint64_t number = 0;

	for (uint32_t i = 0; i < count; i++)
		number = number << 32 | fdt_cell(value, index + i);
	return number;
}

bool
fdt_has_string(struct fdt_value value, const char *text)
{
	uint32_t at = 0;
	uint32_t length;

	while ((length = string_at(value.bytes, at, value.length)) != UINT32_MAX) {
		if (text_equal((const char *)value.bytes + at, text))
			return true;
		at += length + 1;
	}
	return false;
}

const char *
fdt_string(struct fdt_value value)
{
	return string_at(value.bytes, 0, value.length) != UINT32_MAX ? (const char *)value.bytes
								     : "";
}

uint32_t
fdt_number(const struct fdt *fdt, uint32_t node, const char *name, uint32_t usual)
{
	struct fdt_value value = fdt_get(fdt, node, name);

	return value.length >= 4 ? fdt_cell(value, 0) : usual;
}

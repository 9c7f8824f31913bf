/* SPDX-License-Identifier: MIT */
/* SMBIOS structures: a formatted part, then strings, the last followed by an empty one. */
#include "smbios.h"

#include "kernel/core/string.h"

#define ANCHOR2_BYTES 31u
#define ANCHOR2_LIST_BYTES 0x16u
#define ANCHOR2_LIST 0x18u
#define ANCHOR3_BYTES 24u
#define ANCHOR3_LIST_BYTES 0x0cu
#define ANCHOR3_LIST 0x10u
#define HEADER_BYTES 4u
#define TYPE_SYSTEM 1u
#define SYSTEM_MAKER 4u
#define SYSTEM_PRODUCT 5u

static uint64_t
field(const uint8_t *base, unsigned offset, unsigned width)
{
	uint64_t value = 0;

	for (unsigned i = width; i > 0; i--)
		value = value << 8 | base[offset + i - 1];
	return value;
}

static int
sums_to_zero(const uint8_t *bytes, unsigned count)
{
	uint8_t sum = 0;

	for (unsigned i = 0; i < count; i++)
		sum = (uint8_t)(sum + bytes[i]);
	return sum == 0;
}

struct smbios_list
smbios_anchor(const uint8_t *anchor)
{
	struct smbios_list list = {0, 0};

	if (memcmp(anchor, "_SM_", 4) == 0 && sums_to_zero(anchor, ANCHOR2_BYTES)) {
		list.address = field(anchor, ANCHOR2_LIST, 4);
		list.bytes = (uint32_t)field(anchor, ANCHOR2_LIST_BYTES, 2);
	} else if (memcmp(anchor, "_SM3_", 5) == 0 && sums_to_zero(anchor, ANCHOR3_BYTES)) {
		list.address = field(anchor, ANCHOR3_LIST, 8);
		list.bytes = (uint32_t)field(anchor, ANCHOR3_LIST_BYTES, 4);
	}
	return list;
}

/* The end of the string at AT: its NUL, or BYTES when there is none. */
static size_t
string_end(const uint8_t *list, size_t at, size_t bytes)
{
	while (at < bytes && list[at] != '\0')
		at++;
	return at;
}

/* String NUMBER, from 1, of those that begin at AT. */
static const char *
string_of(const uint8_t *list, size_t at, size_t bytes, unsigned number)
{
	for (unsigned i = 1; at < bytes && list[at] != '\0'; i++) {
		size_t end = string_end(list, at, bytes);

		if (i == number)
			return end < bytes ? (const char *)list + at : "";
		at = end + 1;
	}
	return "";
}

void
smbios_system(const uint8_t *list, size_t bytes, const char **maker, const char **product)
{
	size_t at = 0;

	*maker = *product = "";
	while (bytes - at >= HEADER_BYTES) {
		size_t length = list[at + 1], strings = at + length, next = strings;

		if (length < HEADER_BYTES || length > bytes - at)
			return;
		if (list[at] == TYPE_SYSTEM && length > SYSTEM_PRODUCT) {
			*maker = string_of(list, strings, bytes, list[at + SYSTEM_MAKER]);
			*product = string_of(list, strings, bytes, list[at + SYSTEM_PRODUCT]);
			return;
		}
		/* Two NULs end it, also where there is no string. */
		while (next + 1 < bytes && (list[next] != '\0' || list[next + 1] != '\0'))
			next++;
		if (next + 2 > bytes)
			return;
		at = next + 2;
	}
}

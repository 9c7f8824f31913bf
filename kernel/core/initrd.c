/* SPDX-License-Identifier: MIT */
/* The archive: of each file a header, its name and its bytes, the last two filled up to 4 bytes. */
#include "kernel/core/initrd.h"

#include "kernel/core/string.h"
#include "words/text.h"

#include <stdbool.h>
#include <stdint.h>

#define HEADER_BYTES 110u /* 6 characters, then 13 numbers of 8 hexadecimal digits */
#define HEADER_FILE_BYTES 54u
#define HEADER_NAME_BYTES 94u
#define LAST_NAME "TRAILER!!!"

struct file {
	const char *name;
	const char *text;
	size_t length;
	size_t next; /* where the next header is */
};

/* UINT64_MAX when these are not all digits. */
static uint64_t
number(const char *digits)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 8; i++) {
		char c = digits[i];

		if (c >= '0' && c <= '9')
			value = value << 4 | (unsigned)(c - '0');
		else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
			value = value << 4 | (unsigned)((c | 0x20) - 'a' + 10);
		else
			return UINT64_MAX;
	}
	return value;
}

static uint64_t
filled(uint64_t at)
{
	return (at + 3) & ~UINT64_C(3);
}

/* The file whose header is at AT; false when it is none, or does not lie within the archive. */
static bool
read_header(const char *archive, size_t bytes, size_t at, struct file *file)
{
	uint64_t name_bytes, file_bytes, text, end;

	if (at > bytes || bytes - at < HEADER_BYTES ||
	    (memcmp(archive + at, "070701", 6) != 0 && memcmp(archive + at, "070702", 6) != 0))
		return false;
	name_bytes = number(archive + at + HEADER_NAME_BYTES);
	file_bytes = number(archive + at + HEADER_FILE_BYTES);
	if (name_bytes == 0 || name_bytes > bytes || file_bytes > bytes)
		return false;
	text = filled(at + HEADER_BYTES + name_bytes);
	end = text + file_bytes;
	if (end > bytes)
		return false;
	file->name = archive + at + HEADER_BYTES;
	file->text = archive + text;
	file->length = file_bytes;
	file->next = filled(end);
	return file->name[name_bytes - 1] == '\0';
}

orion_status
initrd_find(const void *archive, size_t bytes, const char *name, const char **text, size_t *length)
{
	struct file file = {0};

	if (bytes == 0)
		return ORION_NOT_FOUND;
	while (read_header(archive, bytes, file.next, &file)) {
		if (text_equal(file.name, LAST_NAME))
			return ORION_NOT_FOUND;
		if (text_equal(file.name, name)) {
			*text = file.text;
			*length = file.length;
			return ORION_OK;
		}
	}
	return ORION_INVALID;
}

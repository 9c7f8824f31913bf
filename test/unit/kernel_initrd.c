/* SPDX-License-Identifier: MIT */
/* kernel/core/initrd.c: archives as cpio writes them, and broken ones. */
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "kernel/core/initrd.h"

#define ARCHIVE_BYTES 4096

static _Alignas(4) char archive[ARCHIVE_BYTES];
static size_t archive_bytes;

static void
fill_up(void)
{
	while (archive_bytes % 4 != 0)
		archive[archive_bytes++] = '\0';
}

static void
add_file(const char *name, const char *text)
{
	char header[112];

	snprintf(header, sizeof(header),
		 "070701%08X%08X%08X%08X%08X%08X%08x%08X%08X%08X%08X%08X%08X", 1u, 0100644u, 0u, 0u,
		 1u, 0u, (unsigned)strlen(text), 0u, 0u, 0u, 0u, (unsigned)strlen(name) + 1, 0u);
	memcpy(archive + archive_bytes, header, 110);
	archive_bytes += 110;
	memcpy(archive + archive_bytes, name, strlen(name) + 1);
	archive_bytes += strlen(name) + 1;
	fill_up();
	memcpy(archive + archive_bytes, text, strlen(text));
	archive_bytes += strlen(text);
	fill_up();
}

static void
make(void)
{
	memset(archive, 0, sizeof(archive));
	archive_bytes = 0;
	add_file("opt", "");
	add_file("opt/a", "first\n");
	add_file("opt/a.b", "second file, longer than ten bytes\n");
	add_file("TRAILER!!!", "");
	add_file("opt/behind", "not part of it");
}

static orion_status
find(const char *name, size_t bytes, const char *expected)
{
	const char *text = NULL;
	size_t length = 0;
	orion_status status = initrd_find(archive, bytes, name, &text, &length);

	if (expected != NULL && status == ORION_OK) {
		EXPECT_EQ(length, strlen(expected));
		EXPECT(memcmp(text, expected, length) == 0);
	}
	return status;
}

TEST(kernel_initrd__files)
{
	make();
	EXPECT_EQ(find("opt/a", archive_bytes, "first\n"), ORION_OK);
	EXPECT_EQ(find("opt/a.b", archive_bytes, "second file, longer than ten bytes\n"), ORION_OK);
	EXPECT_EQ(find("opt", archive_bytes, ""), ORION_OK);
	EXPECT_EQ(find("opt/", archive_bytes, NULL), ORION_NOT_FOUND);
	EXPECT_EQ(find("opt/behind", archive_bytes, NULL), ORION_NOT_FOUND);
	EXPECT_EQ(find("opt/a", 0, NULL), ORION_NOT_FOUND);
}

/* Cut anywhere, it is either still there or known to be broken. */
TEST(kernel_initrd__cut)
{
	make();
	for (size_t bytes = 1; bytes < archive_bytes; bytes++) {
		orion_status status =
			find("opt/a.b", bytes, "second file, longer than ten bytes\n");

		test_note("%zu", bytes);
		EXPECT(status == ORION_OK || status == ORION_INVALID);
		EXPECT(bytes > 300 || status == ORION_INVALID);
	}
}

/* Each byte of the headers set to what it must not be. */
TEST(kernel_initrd__nonsense)
{
	static const char values[] = {'\0', 'f', 'g', '7', (char)0xff};

	for (size_t at = 0; at < 260; at++) {
		for (size_t i = 0; i < sizeof(values); i++) {
			make();
			archive[at] = values[i];
			test_note("%zu %zu", at, i);
			(void)find("opt/none", archive_bytes, NULL);
		}
	}
	make();
	memcpy(archive + 54, "ffffffff", 8);
	EXPECT_EQ(find("opt/a", archive_bytes, NULL), ORION_INVALID);
	make();
	memcpy(archive + 94, "00000000", 8);
	EXPECT_EQ(find("opt/a", archive_bytes, NULL), ORION_INVALID);
	make();
	memcpy(archive, "070707", 6);
	EXPECT_EQ(find("opt/a", archive_bytes, NULL), ORION_INVALID);
}

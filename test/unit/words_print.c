/* SPDX-License-Identifier: MIT */
/*
 * What is written for people: the formatter, against the C library's snprintf(), sizes and numbers;
 * the line of progress; how near two texts are.
 */
#include <stdio.h>
#include <string.h>

#include "test/harness.h"
#include "words/meter.h"
#include "words/print.h"
#include "words/text.h"

#define BOTH(...)                                                      \
	do {                                                           \
		char mine[64], theirs[64];                             \
		size_t a = print_into(mine, sizeof(mine), __VA_ARGS__); \
		int b = snprintf(theirs, sizeof(theirs), __VA_ARGS__); \
		EXPECT_EQ(a, (size_t)b); \
		EXPECT_STR(mine, theirs); \
	} while (0)

TEST(words_print__as_snprintf)
{
	static const unsigned long long values[] = {
		0, 1, 9, 10, 255, 0x7fffffff, 0x80000000, 0xffffffff, 1ull << 63, ~0ull};

	for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		BOTH("%llu %llx %lld", values[i], values[i], (long long)values[i]);
		BOTH("[%u|%8x|%-8X|%08x]", (unsigned)values[i], (unsigned)values[i],
		     (unsigned)values[i], (unsigned)values[i]);
		BOTH("%d %i %hd %hhu", (int)values[i], (int)values[i], (short)values[i],
		     (unsigned char)values[i]);
		BOTH("%zu %*u %-*u|", (size_t)values[i], 7, (unsigned)values[i] % 1000, 7,
		     (unsigned)values[i] % 1000);
	}
	BOTH("%s|%8s|%-8s|%.2s|%8.2s|%.*s", "text", "text", "text", "text", "text", 3, "text");
	BOTH("%c%c%%", 'a', 'b');
	BOTH("plain");
	BOTH("%s<%*s>", "", 0, "");
	BOTH("%x %llx %016llx", 0xbeefu, 0xfeedfacecafebeefull, 0x1ull);
	/* Cut, and terminated; the length is that of the whole. */
	char cut[8];

	EXPECT_EQ(print_into(cut, sizeof(cut), "%s", "longer than that"), 16);
	EXPECT_STR(cut, "longer ");
}

struct pieces {
	char text[600];
	size_t used;
	unsigned count;
};

static void
take_piece(void *context, const char *text, size_t length)
{
	struct pieces *pieces = context;

	memcpy(pieces->text + pieces->used, text, length);
	pieces->used += length;
	pieces->count += length != 0;
}

/* A text of any length gets through a sink, in pieces. */
TEST(words_print__sink)
{
	struct pieces pieces = {.used = 0};

	print_to(&(struct text_sink){take_piece, &pieces}, "%s%*s|%u", "begin", 400, "", 17u);
	EXPECT_EQ(pieces.used, 5 + 400 + 3);
	EXPECT(pieces.count > 1);
	EXPECT_EQ(strncmp(pieces.text, "begin    ", 9), 0);
	EXPECT_EQ(strncmp(pieces.text + 400, "     |17", 8), 0);
	pieces.count = 0;
	print_to(&(struct text_sink){take_piece, &pieces}, "%s", "");
	EXPECT_EQ(pieces.count, 0);
}

TEST(words_print__sizes)
{
	EXPECT_STR(print_size(0).s, "0 B");
	EXPECT_STR(print_size(1023).s, "1023 B");
	EXPECT_STR(print_size(1024).s, "1 KiB");
	EXPECT_STR(print_size(1536).s, "1.5 KiB");
	EXPECT_STR(print_size((UINT64_C(1) << 41)).s, "2 TiB");
	EXPECT_STR(print_size(UINT64_MAX).s, "15.9 EiB");
	EXPECT_STR(print_exact(0).s, "0");
	EXPECT_STR(print_exact(4096).s, "4k");
	EXPECT_STR(print_exact(1000).s, "1000");
	EXPECT_STR(print_exact(UINT64_C(16) << 20).s, "16M");
	EXPECT_STR(print_fixed(1234, 2).s, "12.34");
	EXPECT_STR(print_fixed(5, 3).s, "0.005");
	EXPECT_STR(print_fixed(5, 0).s, "5");
	EXPECT_STR(print_ratio(1, 3, 3).s, "0.333");
	EXPECT_STR(print_ratio(1, 0, 3).s, "-");
	EXPECT_EQ(print_scale(UINT64_MAX, 3, 3), UINT64_MAX);
	EXPECT_EQ(print_scale(UINT64_MAX, 2, 1), UINT64_MAX);
	EXPECT_EQ(print_scale(10, 1000000000, 3000000000), 3);
	EXPECT_EQ(print_scale(0, 5, 7), 0);
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t a = test_random() >> 32, b = test_random() >> 32,
			 c = (test_random() >> 32) + 1;

		EXPECT_EQ(print_scale(a, b, c), a * b / c);
	}
	EXPECT_EQ(print_scale(UINT64_MAX / 3, UINT64_MAX / 5, UINT64_MAX / 15), UINT64_MAX);
	EXPECT_EQ(print_scale(UINT64_MAX - 1, UINT64_MAX - 1, UINT64_MAX), UINT64_MAX - 2);
}

TEST(words_text__distance)
{
	EXPECT_EQ(text_distance("", ""), 0);
	EXPECT_EQ(text_distance("abc", "abc"), 0);
	EXPECT_EQ(text_distance("", "abc"), 3);
	EXPECT_EQ(text_distance("abc", ""), 3);
	EXPECT_EQ(text_distance("kitten", "sitting"), 3);
	EXPECT_EQ(text_distance("dsk list", "disk list"), 1);
	EXPECT_EQ(text_distance("Queue-Count", "queue_count"), 0);
}

TEST(words_text__utf8)
{
	static const struct {
		const char *text;
		unsigned bytes;
	} rows[] = {
		{"a", 1},
		{"\xc3\xa9", 2},
		{"\xe2\x82\xac", 3},
		{"\xf0\x9f\x98\x80", 4},
		{"\xed\x9f\xbf", 3},
		{"\xf4\x8f\xbf\xbf", 4},
		{"\x80", 0},
		{"\xc3", 0},
		{"\xc0\x80", 0},
		{"\xe0\x9f\xbf", 0},
		{"\xed\xa0\x80", 0},
		{"\xf0\x8f\xbf\xbf", 0},
		{"\xf4\x90\x80\x80", 0},
		{"\xf8\x88\x80\x80\x80", 0},
		{"\xe2\x82", 0},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t length = strlen(rows[i].text);

		EXPECT_EQ(text_utf8(rows[i].text, length), rows[i].bytes);
		/* Cut short it is none. */
		if (length > 1)
			EXPECT_EQ(text_utf8(rows[i].text, length - 1), 0);
	}
}

#define SECOND UINT64_C(1000000000)

TEST(words_meter__lines)
{
	struct meter meter;
	char line[100];

	meter_start(&meter, "copying", 200 << 20, METER_BYTES, 5 * SECOND);
	EXPECT_EQ(meter_line(&meter, 0, 5 * SECOND + SECOND / 10, line, sizeof(line)), 0);
	EXPECT(meter_line(&meter, 50 << 20, 6 * SECOND, line, sizeof(line)) != 0);
	EXPECT_STR(line, "copying   25% [###...........]  50 MiB of 200 MiB  50 MiB/s  0:03 left");
	/* Not twice at once; what is more than all is all; a line is cut. */
	EXPECT_EQ(meter_line(&meter, 51 << 20, 6 * SECOND + 1, line, sizeof(line)), 0);
	EXPECT(meter_line(&meter, 300 << 20, 7 * SECOND, line, sizeof(line)) != 0);
	EXPECT_STR(line,
		   "copying  100% [##############]  200 MiB of 200 MiB  150 MiB/s  0:00 left");
	EXPECT_EQ(meter_line(&meter, 0, 8 * SECOND, line, 12), 11);
	EXPECT_STR(line, "copying    ");
	meter_start(&meter, "disk bench", 16384, METER_REQUESTS, 0);
	EXPECT(meter_line(&meter, 1, SECOND, line, sizeof(line)) != 0);
	EXPECT_STR(line,
		   "disk bench    0% [..............]  1 of 16384  1 requests/s  4:33:03 left");
	meter_start(&meter, "reading", METER_UNKNOWN, METER_BYTES, 0);
	EXPECT(meter_line(&meter, 3072, 2 * SECOND, line, sizeof(line)) != 0);
	EXPECT_STR(line, "reading  3 KiB  1.5 KiB/s");
	meter_start(&meter, "measuring", METER_UNKNOWN, METER_TIME, 0);
	EXPECT(meter_line(&meter, 61 * SECOND, 61 * SECOND, line, sizeof(line)) != 0);
	EXPECT_STR(line, "measuring  1:01");
}

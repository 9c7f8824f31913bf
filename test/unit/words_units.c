/* SPDX-License-Identifier: MIT */
/* Sizes and times as people write them: orion/units.h. */
#include "test/harness.h"

#include "words/units.h"

struct word {
	const char *text;
	uint64_t value;
};

#define KI UINT64_C(1024)
#define COUNT(words) (sizeof(words) / sizeof((words)[0]))

TEST(words_units__sizes)
{
	static const struct word words[] = {
		{"0", 0},
		{"4096", 4096},
		{"0x1000", 4096},
		{"17B", 17},
		{"64k", 65536},
		{"64K", 65536},
		{"64KiB", 65536},
		{"64kiB", 65536},
		{"64kB", 64000},
		{"64KB", 64000},
		{"3M", 3 * KI * KI},
		{"3MiB", 3 * KI * KI},
		{"3MB", 3000000},
		{"2GB", 2000000000},
		{"16383P", 16383 * KI * KI * KI * KI * KI},
		{"15E", 15 * KI * KI * KI * KI * KI * KI},
		{"64 MiB", 64 * KI * KI},
		{"64  kB", 64000},
		{"512 B", 512},
		{"1m", KI * KI},
		{"2giB", 2 * KI * KI * KI},
		{"0x10k", 16384},
		{"007", 7},
		{"18446744073709551615", UINT64_MAX},
	};

	for (unsigned i = 0; i < COUNT(words); i++) {
		uint64_t found = 1;

		EXPECT(orion_units_size(words[i].text, &found));
		EXPECT_EQ(found, words[i].value);
	}
}

TEST(words_units__durations)
{
	static const struct word words[] = {
		{"0", 0},
		{"5", UINT64_C(5000000000)},
		{"5s", UINT64_C(5000000000)},
		{"60", UINT64_C(60000000000)},
		{"1.5s", UINT64_C(1500000000)},
		{"0.25", 250000000},
		{"500ms", 500000000},
		{"2.5ms", 2500000},
		{"50us", 50000},
		{"20ns", 20},
		{"2m", UINT64_C(120000000000)},
		{"2min", UINT64_C(120000000000)},
		{"1h", UINT64_C(3600000000000)},
		{"1.9ns", 1},
	};

	for (unsigned i = 0; i < COUNT(words); i++) {
		uint64_t found = 1;

		EXPECT(orion_units_duration(words[i].text, &found));
		EXPECT_EQ(found, words[i].value);
	}
}

/* What is none leaves the value alone. */
TEST(words_units__refused)
{
	static const char *const sizes[] = {"",
					    " 1",
					    "-1",
					    "+1",
					    "1 ",
					    "k",
					    "1kb",
					    "1Ki",
					    "1kiBs",
					    "1.5k",
					    "0x",
					    "0xg",
					    "x10",
					    "ff",
					    "1Q",
					    "4kk",
					    "KiB",
					    "1  ",
					    "16384P",
					    "16E",
					    "18446744073709551616",
					    "0x10000000000000000"};
	static const char *const times[] = {"",
					    " 1",
					    "-1",
					    "1 s",
					    "s",
					    "1S",
					    "1.",
					    ".5",
					    "1.s",
					    "0x10",
					    "1.5.5",
					    "1d",
					    "18446744073709551615s",
					    "99999999999999999999"};
	uint64_t value = 77;

	for (unsigned i = 0; i < COUNT(sizes); i++)
		EXPECT(!orion_units_size(sizes[i], &value));
	for (unsigned i = 0; i < COUNT(times); i++)
		EXPECT(!orion_units_duration(times[i], &value));
	EXPECT(!orion_units_number("12k", &value));
	/* What is too large is told from what is no size. */
	EXPECT_EQ(units_read_size("18446744073709551616", &value), UNITS_LARGE);
	EXPECT_EQ(units_read_size("16777216T", &value), UNITS_LARGE);
	EXPECT_EQ(units_read_size("99999999999999999999999 MB", &value), UNITS_LARGE);
	EXPECT_EQ(units_read_size("99999999999999999999999 mb", &value), UNITS_NONE);
	EXPECT_EQ(value, 77);
	EXPECT(orion_units_number("0x10", &value));
	EXPECT_EQ(value, 16);
}

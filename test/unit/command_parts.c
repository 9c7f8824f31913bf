/* SPDX-License-Identifier: MIT */
/* The commands' parts: SHA-256, the pattern, the fine histogram. */
#include <stdio.h>
#include <string.h>

#include "commands/latency.h"
#include "commands/pattern.h"
#include "commands/sha256.h"
#include "test/harness.h"

/* Of bytes (i * 7 + i / 256) % 256, from Python's hashlib. */
TEST(command_parts__sha256)
{
	static const struct {
		unsigned bytes;
		const char *digest;
	} rows[] = {
		{0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
		{3, "b361d0f9a938a2bb4fbdc9c21dc5a859788041b0040919d8a811c1888184f4df"},
		{55, "576a1bf8d4478657e6dc4af9398544765c2a92cde28478b019235cfed315fc09"},
		{56, "9b20501dfd1d99161c257950f3444f3e49230c351c5c8e0943ef369f85f5205d"},
		{63, "30b345906b493f06f69444b6521113511c242f30e29840462950035043682f1e"},
		{64, "d8bc63b4fc1156e5e7d95a418b9bf54cd3174bedbc2db40f74895349b229b3c0"},
		{65, "1ee23b0fbcaecc1aff4a9e8f1645f35ab2c8e13609cd73b68df8b5e3f63ce073"},
		{111, "d80a22461ae74d8e6944001e255f9e47eca17702b1dc987238d78e6e1ea3e342"},
		{112, "a4ecd1e6c38e9d976d0cef32d899be35eb83c98d46b4dbfd68a1560f83b786a2"},
		{119, "7a6589821178918ca8d9edaba5abfc1e9b2669564f4469b66885379c1530b2c8"},
		{120, "655250427d56b1b0eeb8497d21428704273458a01772d6881b65c0abac0f8a98"},
		{127, "67d79933e3c9aa8e89f481e071cfca1e9a16c09d7263b5efa3bb01f1a9f8d065"},
		{128, "54c9eb041badfd7064645067b107661fed6113197ce2dd066ba69618abd3732f"},
		{1000, "c85a431e0fe575b2609289d3a4042414715f400612575a125d2ce5573d608732"},
		{100000, "55af394c980c7a7fb68aa904c4afdd93d76e5f826487105fc06f92a25bab8cbe"},
	};
	uint8_t *data = test_alloc(100000), digest[SHA256_BYTES];
	struct sha256 hash;
	char text[65];

	for (unsigned i = 0; i < 100000; i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		/* In one piece, and in pieces of any length. */
		for (unsigned pieces = 0; pieces < 3; pieces++) {
			size_t done = 0;

			sha256_start(&hash);
			while (done < rows[i].bytes) {
				size_t n = rows[i].bytes - done;

				if (pieces != 0)
					n = test_random_below(n < 150 ? n + 1 : 150);
				sha256_add(&hash, data + done, n);
				done += n;
			}
			sha256_end(&hash, digest);
			for (unsigned b = 0; b < SHA256_BYTES; b++)
				(void)snprintf(text + 2 * b, 3, "%02x", digest[b]);
			EXPECT_STR(text, rows[i].digest);
		}
	}
	test_free(data);
}

/* From test/tools/pattern.py. */
TEST(command_parts__pattern)
{
	static const uint8_t zero[] = {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};
	static const uint8_t one[] = {0xc1, 0x5c, 0x02, 0x89, 0xec, 0x2d, 0x0a, 0x91};
	static const uint8_t odd[] = {0x48, 0xdb, 0x41, 0x1b, 0x04, 0x82,
				      0x31, 0x83, 0x1b, 0xfd, 0x83};
	static const uint8_t far[] = {0x80, 0x2e, 0x34, 0x2b, 0xb3, 0x66, 0xeb, 0x7f,
				      0x13, 0x4d, 0x3a, 0x07, 0x9f, 0x93, 0x55, 0xa6};
	uint8_t data[64], expected;
	size_t first;

	pattern_fill(0, 0, data, 8);
	EXPECT_MEM(data, zero, 8);
	pattern_fill(1, 8, data, 8);
	EXPECT_MEM(data, one, 8);
	pattern_fill(7, 4093, data, 11);
	EXPECT_MEM(data, odd, 11);
	pattern_fill(UINT64_MAX, (UINT64_C(1) << 40) + 3, data, 16);
	EXPECT_MEM(data, far, 16);

	EXPECT_EQ(pattern_check(UINT64_MAX, (UINT64_C(1) << 40) + 3, data, 16, &first, &expected),
		  0);
	data[5] ^= 0x80;
	data[15] ^= 1;
	EXPECT_EQ(pattern_check(UINT64_MAX, (UINT64_C(1) << 40) + 3, data, 16, &first, &expected),
		  2);
	EXPECT_EQ(first, 5);
	EXPECT_EQ(expected, data[5] ^ 0x80);
}

/* The driver's buckets end above the greatest time that was seen: no percentile does. */
TEST(command_parts__latency_counted)
{
	uint64_t buckets[ORION_LATENCY_BUCKETS] = {0};

	EXPECT_EQ(latency_counted(buckets, 0, 990), 0);
	buckets[orion_stats_bucket(1000)] = 99;
	buckets[orion_stats_bucket(5000)] = 1;
	EXPECT(latency_counted(buckets, 5000, 500) >= 1000);
	EXPECT(latency_counted(buckets, 5000, 500) <= 1250);
	EXPECT_EQ(latency_counted(buckets, 5000, 999), 5000);
	EXPECT_EQ(latency_counted(buckets, 5000, 1000), 5000);
}

/* Rows are the buckets again, eight at a time: none is lost, each begins where it says. */
TEST(command_parts__latency_rows)
{
	struct latency *latency = test_alloc(sizeof(*latency));

	for (unsigned r = 1; r < LATENCY_ROWS; r++) {
		EXPECT(latency_row_floor(r) > latency_row_floor(r - 1));
		latency_add(latency, latency_row_floor(r));
		latency_add(latency, latency_row_floor(r) - 1);
	}
	for (unsigned r = 1; r + 1 < LATENCY_ROWS; r++)
		EXPECT_EQ(latency_row(latency, r), 2);
	EXPECT_EQ(latency_row(latency, 0), 1);
	EXPECT_EQ(latency_row(latency, LATENCY_ROWS - 1), 1);
	test_free(latency);
}

TEST(command_parts__latency)
{
	struct latency *latency = test_alloc(sizeof(*latency)), *sum = test_alloc(sizeof(*sum));

	EXPECT_EQ(latency_percentile(latency, 500), 0);
	for (unsigned i = 1; i <= 10000; i++)
		latency_add(latency, i * 100);
	for (unsigned t = 0; t <= 1000; t += 10) {
		uint64_t exact = t == 0 ? 100 : UINT64_C(1000) * t;
		uint64_t got = latency_percentile(latency, t);

		EXPECT(got >= exact && got <= exact + exact / 32);
	}
	EXPECT_EQ(latency_percentile(latency, 1000), 1000000);
	latency_merge(sum, latency);
	latency_merge(sum, latency);
	EXPECT_EQ(sum->count, 20000);
	EXPECT_EQ(sum->max_ns, 1000000);
	EXPECT_EQ(latency_percentile(sum, 990), latency_percentile(latency, 990));
	latency_add(latency, UINT64_MAX);
	latency_add(latency, 0);
	EXPECT_EQ(latency_percentile(latency, 1000), UINT64_MAX);
	test_free(latency);
	test_free(sum);
}

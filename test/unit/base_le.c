/* SPDX-License-Identifier: MIT */
/*
 * src/base/le.h, base/shared.h: bytes in memory are little-endian whatever the CPU, converted once.
 */
#include "test/harness.h"

#include "base/le.h"
#include "base/shared.h"

static const uint8_t counting[8] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08};

TEST(base_le__wrapper_lays_out_low_byte_first)
{
	le16 a = cpu_to_le16(0x0201);
	le32 b = cpu_to_le32(0x04030201);
	le64 c = cpu_to_le64(0x0807060504030201);

	EXPECT_EQ(sizeof(a), 2);
	EXPECT_EQ(sizeof(b), 4);
	EXPECT_EQ(sizeof(c), 8);
	EXPECT_MEM(&a, counting, 2);
	EXPECT_MEM(&b, counting, 4);
	EXPECT_MEM(&c, counting, 8);
}

TEST(base_le__there_and_back)
{
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t v = test_random();

		EXPECT_EQ(le16_to_cpu(cpu_to_le16((uint16_t)v)), (uint16_t)v);
		EXPECT_EQ(le32_to_cpu(cpu_to_le32((uint32_t)v)), (uint32_t)v);
		EXPECT_EQ(le64_to_cpu(cpu_to_le64(v)), v);
	}
}

/* A second conversion, or none, shows on a big-endian CPU only; the bytes are literal here. */
TEST(base_shared__put_stores_the_bytes_of_the_specification)
{
	union {
		uint8_t bytes[8];
		uint8_t v8;
		le16 v16;
		le32 v32;
		le64 v64;
	} memory;

	shared_put64(&memory.v64, 0x0807060504030201);
	EXPECT_MEM(memory.bytes, counting, 8);
	shared_put64(&memory.v64, 0);
	shared_put32(&memory.v32, 0x04030201);
	EXPECT_MEM(memory.bytes, counting, 4);
	EXPECT_EQ(memory.bytes[4], 0);
	shared_put64(&memory.v64, 0);
	shared_put16(&memory.v16, 0x0201);
	EXPECT_MEM(memory.bytes, counting, 2);
	EXPECT_EQ(memory.bytes[2], 0);
	shared_put8(&memory.v8, 0xff);
	EXPECT_EQ(memory.bytes[0], 0xff);
	EXPECT_EQ(memory.bytes[1], 2);
}

TEST(base_shared__get_reads_the_bytes_of_the_specification)
{
	union {
		uint8_t bytes[12];
		uint8_t v8;
		le16 v16;
		le32 v32;
		le64 v64;
	} memory;

	for (unsigned i = 0; i < 8; i++)
		memory.bytes[i + 4] = counting[i];
	EXPECT_EQ(shared_get64_at4(memory.bytes + 4), 0x0807060504030201);
	for (unsigned i = 0; i < 8; i++)
		memory.bytes[i] = counting[i];
	EXPECT_EQ(shared_get8(&memory.v8), 0x01);
	EXPECT_EQ(shared_get16(&memory.v16), 0x0201);
	EXPECT_EQ(shared_get32(&memory.v32), 0x04030201);
	EXPECT_EQ(shared_get64(&memory.v64), 0x0807060504030201);
}

/* SPDX-License-Identifier: MIT */
/* src/device/config.c: consistent, bounded, and inside what is there. */
#include <limits.h>
#include <string.h>

#include "test/harness.h"

#include "device/device.h"
#include "fake.h"

static struct virtio_device *
device_make(struct fake *fake)
{
	static struct virtio_device device;

	memset(&device, 0, sizeof(device));
	device.transport = fake->transport;
	device.port = &fake->port;
	device.port_context = fake;
	return &device;
}

TEST(device_config__widths_in_little_endian)
{
	struct fake *fake = fake_make(0);
	uint64_t v1 = 0, v2 = 0, v4 = 0, v8 = 0;
	const struct virtio_field fields[] = {{1, 1, &v1}, {2, 2, &v2}, {4, 4, &v4}, {8, 8, &v8}};

	for (unsigned i = 0; i < 16; i++)
		fake->config[i] = (uint8_t)(0xf0 + i);
	EXPECT_EQ(orion_virtio_config_read(device_make(fake), fields, 4), ORION_OK);
	EXPECT_EQ(v1, 0xf1);
	EXPECT_EQ(v2, 0xf3f2);
	EXPECT_EQ(v4, 0xf7f6f5f4);
	EXPECT_EQ(v8, 0xfffefdfcfbfaf9f8);
	EXPECT_EQ(fake->config_reads, 5);
}

/*
 * Each of the first TORN reads changes the value and the generation: what comes out must be the
 * last.
 */
TEST(device_config__reads_again_while_the_generation_changes)
{
	for (unsigned torn = 1; torn <= 31; torn++) {
		struct fake *fake = fake_make(0);
		uint64_t value = 0;
		const struct virtio_field field = {0, 8, &value};

		fake_config(fake, 0, 8, 0);
		fake->torn = torn;
		EXPECT_EQ(orion_virtio_config_read(device_make(fake), &field, 1),
			  torn <= 30 ? ORION_OK : ORION_TIMED_OUT);
		if (torn <= 30)
			EXPECT_EQ(value, torn);
		EXPECT(fake->config_reads <= 32);
	}
}

TEST(device_config__gives_up_when_it_never_holds_still)
{
	struct fake *fake = fake_make(0);
	uint64_t value;
	const struct virtio_field field = {20, 4, &value};

	fake->torn = UINT_MAX;
	EXPECT_EQ(orion_virtio_config_read(device_make(fake), &field, 1), ORION_TIMED_OUT);
	EXPECT_EQ(fake->config_reads, 16);
	EXPECT_EQ(fake->reports[ORION_EVENT_CONFIG_TORN], 1);
	EXPECT_EQ(fake->report[ORION_EVENT_CONFIG_TORN][0], 20);
	EXPECT_EQ(fake->report[ORION_EVENT_CONFIG_TORN][1], 16);
}

/* Every end of a field against every length of the space. */
TEST(device_config__never_beyond_the_space)
{
	static const uint16_t widths[] = {1, 2, 4, 8};
	struct fake *fake = fake_make(0);

	for (uint32_t bytes = 0; bytes <= 96; bytes++) {
		for (unsigned w = 0; w < 4; w++) {
			for (uint16_t offset = 0; offset <= 96;
			     offset = (uint16_t)(offset + widths[w])) {
				uint64_t value;
				const struct virtio_field field = {offset, widths[w], &value};
				bool inside = offset + widths[w] <= (int)bytes;

				fake->config_bytes = bytes;
				fake->config_reads = 0;
				EXPECT_EQ(orion_virtio_config_read(device_make(fake), &field, 1),
					  inside ? ORION_OK : ORION_DEVICE_REFUSED);
				EXPECT_EQ(fake->config_reads > 0, inside);
			}
		}
	}
	EXPECT(fake->reports[ORION_EVENT_CONFIG_SHORT] > 0);
}

TEST(device_config__one_field_outside_refuses_all)
{
	struct fake *fake = fake_make(0);
	uint64_t a, b;
	const struct virtio_field fields[] = {{0, 8, &a}, {0xfffc, 4, &b}};

	fake->config_bytes = 0xfffc;
	EXPECT_EQ(orion_virtio_config_read(device_make(fake), fields, 2), ORION_DEVICE_REFUSED);
	EXPECT_EQ(fake->config_reads, 0);
	EXPECT_EQ(fake->report[ORION_EVENT_CONFIG_SHORT][0], 0x10000);
	EXPECT_EQ(fake->report[ORION_EVENT_CONFIG_SHORT][1], 0xfffc);
}

/* Without a generation: until two readings agree; each of the first TORN reads is another value. */
TEST(device_config__legacy_readings_agree)
{
	for (unsigned torn = 0; torn <= 31; torn++) {
		struct fake *fake = fake_make(0);
		uint64_t value = 0;
		const struct virtio_field field = {0, 8, &value};

		fake_config(fake, 0, 8, 0);
		fake->ops.legacy = true;
		fake->ops.config_generation = NULL;
		fake->torn = torn;
		EXPECT_EQ(orion_virtio_config_read(device_make(fake), &field, 1),
			  torn <= 29 ? ORION_OK : ORION_TIMED_OUT);
		if (torn <= 29)
			EXPECT_EQ(value, torn);
		EXPECT(fake->config_reads >= 4 && fake->config_reads <= 32);
	}
}

/* SPDX-License-Identifier: MIT */
/* The model's MMIO registers: each rule that a driver may break is noticed when it is broken. */
#include <string.h>

#include "test/unit/model_bench.h"

#include "arch/arch.h"
#include "spec/virtio_ids.h"
#include "spec/virtio_mmio.h"

static struct {
	struct model_host *host;
	struct model_device *device;
	struct model_mmio_place place;
	volatile void *at;
} world;

static uint64_t world_features; /* offered besides the usual ones */

static void
world_end(void *unused)
{
	(void)unused;
	model_step_end();
	if (world.host != NULL) {
		model_device_close(world.device);
		model_host_close(world.host);
	}
	memset(&world, 0, sizeof(world));
}

static uint32_t
get(uint32_t offset)
{
	return register_load32((const volatile uint8_t *)world.at + offset);
}

static void
put(uint32_t offset, uint32_t value)
{
	register_store32((volatile uint8_t *)world.at + offset, value);
}

static void
plug_unknown(bool legacy)
{
	struct model_options options;

	world_end(NULL);
	model_options_default(&options);
	options.features |= world_features;
	world.host = model_host_open(1);
	world.device = model_device_open(world.host, &options);
	model_device_plug_mmio(world.device, legacy, &world.place);
	EXPECT_EQ(model_host_port()->map_registers(world.host, world.place.address,
						   world.place.bytes, &world.at),
		  ORION_OK);
	model_step_begin(world.host, MODEL_MEMORY_STRONG, 1);
	test_at_end(world_end, NULL);
}

static void
plug(bool legacy)
{
	plug_unknown(legacy);
	EXPECT_EQ(get(VIRTIO_MMIO_MAGIC_VALUE), VIRTIO_MMIO_MAGIC);
	EXPECT_EQ(get(VIRTIO_MMIO_VERSION), legacy ? 1 : 2);
	EXPECT_EQ(get(VIRTIO_MMIO_DEVICE_ID), VIRTIO_ID_BLOCK);
	EXPECT(get(VIRTIO_MMIO_VENDOR_ID) != 0);
	EXPECT_STR(model_host_stats(world.host)->first_breach, "");
}

static void
expect_breach(model_breach breach)
{
	test_note("%s", model_host_stats(world.host)->first_breach);
	EXPECT_EQ(model_host_stats(world.host)->breaches[breach], 1);
	EXPECT_EQ(model_host_stats(world.host)->breach_total, 1);
}

TEST(model_mmio__identity_comes_first)
{
	static const uint32_t too_early[] = {VIRTIO_MMIO_VERSION, VIRTIO_MMIO_DEVICE_ID,
					     VIRTIO_MMIO_STATUS, VIRTIO_MMIO_INTERRUPT_STATUS};

	for (unsigned i = 0; i < 4; i++) {
		plug_unknown(false);
		(void)get(too_early[i]);
		expect_breach(MODEL_BREACH_MMIO_EARLY);
	}
	plug_unknown(false);
	(void)get(VIRTIO_MMIO_MAGIC_VALUE);
	(void)get(VIRTIO_MMIO_VERSION);
	put(VIRTIO_MMIO_STATUS, 0);
	expect_breach(MODEL_BREACH_MMIO_EARLY);
	/* A device that is none stays unknown. */
	plug_unknown(false);
	model_device_trick(world.device, MODEL_MISCHIEF_SAY_DEVICE_ID, 0, 0, 0);
	(void)get(VIRTIO_MMIO_MAGIC_VALUE);
	(void)get(VIRTIO_MMIO_VERSION);
	EXPECT_EQ(get(VIRTIO_MMIO_DEVICE_ID), 0);
	EXPECT_STR(model_host_stats(world.host)->first_breach, "");
	(void)get(VIRTIO_MMIO_VENDOR_ID);
	expect_breach(MODEL_BREACH_MMIO_EARLY);
}

TEST(model_mmio__widths_and_places)
{
	plug(false);
	(void)register_load8((const volatile uint8_t *)world.at + VIRTIO_MMIO_STATUS);
	expect_breach(MODEL_BREACH_MMIO_WIDTH);
	plug(false);
	register_store16((volatile uint8_t *)world.at + VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	expect_breach(MODEL_BREACH_MMIO_WIDTH);
	plug(false);
	(void)get(0x06);
	expect_breach(MODEL_BREACH_MMIO_WIDTH);
	plug(false);
	(void)get(VIRTIO_MMIO_CONFIG + 2);
	expect_breach(MODEL_BREACH_CONFIG_WIDTH);
}

TEST(model_mmio__registers_of_the_other_version)
{
	static const uint32_t modern[] = {VIRTIO_MMIO_QUEUE_READY, VIRTIO_MMIO_QUEUE_DESC + 4,
					  VIRTIO_MMIO_QUEUE_DEVICE};
	static const uint32_t legacy[] = {VIRTIO_MMIO_GUEST_PAGE_SIZE, VIRTIO_MMIO_QUEUE_ALIGN,
					  VIRTIO_MMIO_QUEUE_PFN};

	for (unsigned i = 0; i < 3; i++) {
		plug(true);
		put(modern[i], 0);
		expect_breach(MODEL_BREACH_MMIO_OUTSIDE);
		plug(false);
		put(legacy[i], 0);
		expect_breach(MODEL_BREACH_MMIO_OUTSIDE);
	}
	plug(true);
	(void)get(VIRTIO_MMIO_CONFIG_GENERATION);
	expect_breach(MODEL_BREACH_MMIO_OUTSIDE);
	/* Shared memory, which a block device has not; a reset that was not negotiated. */
	plug(false);
	(void)get(VIRTIO_MMIO_SHM_LEN);
	expect_breach(MODEL_BREACH_MMIO_OUTSIDE);
	plug(false);
	put(VIRTIO_MMIO_QUEUE_RESET, 1);
	expect_breach(MODEL_BREACH_MMIO_OUTSIDE);
}

TEST(model_mmio__one_way_registers)
{
	static const uint32_t readable[] = {VIRTIO_MMIO_MAGIC_VALUE, VIRTIO_MMIO_QUEUE_SIZE_MAX,
					    VIRTIO_MMIO_INTERRUPT_STATUS,
					    VIRTIO_MMIO_CONFIG_GENERATION};
	static const uint32_t writable[] = {VIRTIO_MMIO_DRIVER_FEATURES, VIRTIO_MMIO_QUEUE_SIZE,
					    VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_MMIO_INTERRUPT_ACK};

	for (unsigned i = 0; i < 4; i++) {
		plug(false);
		put(readable[i], 0);
		expect_breach(MODEL_BREACH_MMIO_READ_ONLY);
		plug(false);
		(void)get(writable[i]);
		expect_breach(MODEL_BREACH_MMIO_WRITE_ONLY);
	}
}

TEST(model_mmio__features_are_selected_each_time)
{
	plug(false);
	put(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	EXPECT_EQ(get(VIRTIO_MMIO_DEVICE_FEATURES),
		  model_device_options(world.device)->features >> 32);
	put(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 2);
	EXPECT_EQ(get(VIRTIO_MMIO_DEVICE_FEATURES), 0);
	EXPECT_STR(model_host_stats(world.host)->first_breach, "");
	(void)get(VIRTIO_MMIO_DEVICE_FEATURES);
	expect_breach(MODEL_BREACH_MMIO_SELECT);
	plug(false);
	put(VIRTIO_MMIO_STATUS, 1);
	put(VIRTIO_MMIO_STATUS, 3);
	put(VIRTIO_MMIO_DRIVER_FEATURES, 0);
	expect_breach(MODEL_BREACH_MMIO_SELECT);
}

TEST(model_mmio__acknowledgements)
{
	plug(false);
	put(VIRTIO_MMIO_INTERRUPT_ACK, 3);
	EXPECT_STR(model_host_stats(world.host)->first_breach, "");
	put(VIRTIO_MMIO_INTERRUPT_ACK, 4);
	expect_breach(MODEL_BREACH_MMIO_ACK);
}

TEST(model_mmio__queues)
{
	plug(false);
	put(VIRTIO_MMIO_QUEUE_SEL, 1);
	EXPECT_EQ(get(VIRTIO_MMIO_QUEUE_SIZE_MAX), 0);
	EXPECT_EQ(get(VIRTIO_MMIO_QUEUE_READY), 0);
	put(VIRTIO_MMIO_QUEUE_SIZE, 4);
	expect_breach(MODEL_BREACH_QUEUE_ABSENT);
	plug(false);
	put(VIRTIO_MMIO_QUEUE_SEL, 0);
	put(VIRTIO_MMIO_QUEUE_READY, 1);
	expect_breach(MODEL_BREACH_QUEUE_STATE);
	plug(false);
	put(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	expect_breach(MODEL_BREACH_KICK_EARLY);
}

TEST(model_mmio__legacy_queues)
{
	struct orion_region region;

	plug(true);
	put(VIRTIO_MMIO_QUEUE_SEL, 0);
	put(VIRTIO_MMIO_QUEUE_SIZE, 4);
	put(VIRTIO_MMIO_QUEUE_ALIGN, 4096);
	put(VIRTIO_MMIO_QUEUE_PFN, 1);
	expect_breach(MODEL_BREACH_MMIO_PAGE);
	plug(true);
	EXPECT_EQ(model_host_port()->dma_alloc(world.host, 8192, 4096, &region), ORION_OK);
	put(VIRTIO_MMIO_STATUS, 1);
	put(VIRTIO_MMIO_STATUS, 3);
	put(VIRTIO_MMIO_GUEST_PAGE_SIZE, 4096);
	put(VIRTIO_MMIO_QUEUE_SEL, 0);
	put(VIRTIO_MMIO_QUEUE_SIZE, 4);
	put(VIRTIO_MMIO_QUEUE_ALIGN, 4096);
	put(VIRTIO_MMIO_QUEUE_PFN, (uint32_t)(region.device / 4096));
	EXPECT(model_device_enabled(world.device, 0));
	EXPECT_EQ(get(VIRTIO_MMIO_QUEUE_PFN), region.device / 4096);
	put(VIRTIO_MMIO_QUEUE_PFN, 0);
	EXPECT(!model_device_enabled(world.device, 0));
	EXPECT_STR(model_host_stats(world.host)->first_breach, "");
	/* FEATURES_OK is not of this interface. */
	put(VIRTIO_MMIO_STATUS, 11);
	expect_breach(MODEL_BREACH_STATUS_ORDER);
	model_host_port()->dma_free(world.host, &region);
}

#define ANY_LAYOUT (1u << 27)

/* A write whose header and data are one descriptor of HEADER bytes, or two. */
static unsigned
framed(uint32_t features, uint32_t header)
{
	struct orion_region ring, data;
	unsigned breaches;

	world_features = ANY_LAYOUT;
	plug(true);
	world_features = 0;
	EXPECT_EQ(model_host_port()->dma_alloc(world.host, 8192, 4096, &ring), ORION_OK);
	EXPECT_EQ(model_host_port()->dma_alloc(world.host, 4096, 4096, &data), ORION_OK);
	put(VIRTIO_MMIO_STATUS, 1);
	put(VIRTIO_MMIO_STATUS, 3);
	put(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	put(VIRTIO_MMIO_DRIVER_FEATURES, features);
	put(VIRTIO_MMIO_GUEST_PAGE_SIZE, 4096);
	put(VIRTIO_MMIO_QUEUE_SEL, 0);
	put(VIRTIO_MMIO_QUEUE_SIZE, 4);
	put(VIRTIO_MMIO_QUEUE_ALIGN, 4096);
	put(VIRTIO_MMIO_QUEUE_PFN, (uint32_t)(ring.device / 4096));
	put(VIRTIO_MMIO_STATUS, 7);
	put32(data.cpu, 0, 1);
	((uint8_t *)data.cpu)[1024] = 0xff;
	split_desc(&ring, 0, data.device, header, NEXT, header == 16 ? 1 : 2);
	split_desc(&ring, 16, data.device + 16, 512, NEXT, 2);
	split_desc(&ring, 32, data.device + 1024, 1, WRITE, 0);
	put16(ring.cpu, 64 + 4, 0);
	put16(ring.cpu, 64 + 2, 1);
	put(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	EXPECT(model_host_run(world.host));
	EXPECT_EQ(((uint8_t *)data.cpu)[1024], 0);
	breaches = model_host_stats(world.host)->breaches[MODEL_BREACH_FRAMING];
	EXPECT_EQ(model_host_stats(world.host)->breach_total, breaches);
	put(VIRTIO_MMIO_STATUS, 0);
	model_host_port()->dma_free(world.host, &data);
	model_host_port()->dma_free(world.host, &ring);
	return breaches;
}

/* Without ANY_LAYOUT the header is a descriptor of its own.  [spec 5.2.6.4] */
TEST(model_mmio__legacy_framing)
{
	EXPECT_EQ(framed(0, 16), 0);
	EXPECT_EQ(framed(0, 16 + 512), 1);
	EXPECT_EQ(framed(ANY_LAYOUT, 16 + 512), 0);
}

/* SPDX-License-Identifier: MIT */
/*
 * src/device/mmio.c and mmio_legacy.c: registers on the model, which knows the rules; what a device
 * may say on a bank of words, which knows none.
 */
#include <string.h>

#include "test/harness.h"

#include "device/mmio.h"
#include "model/model.h"
#include "ring/ring.h"
#include "spec/virtio_ids.h"

#define VERSION_1 VIRTIO_BIT(VIRTIO_F_VERSION_1)
#define MQ VIRTIO_BIT(VIRTIO_BLK_F_MQ)
#define POSITION VIRTIO_BIT(VIRTIO_F_NOTIFICATION_DATA)
#define RING_RESET VIRTIO_BIT(VIRTIO_F_RING_RESET)
#define LINE 7u

static const struct test_axis versions = {"version", {"modern", "legacy"}};
static const struct test_axis *const axes[] = {&versions, NULL};

/* ---- on the model ---- */

static struct {
	struct model_host *host;
	struct model_device *device;
	struct orion_port port;
	struct virtio_mmio storage;
	struct mmio *mmio;
	struct virtio_transport transport;
	struct model_mmio_place place;
	struct orion_region region;
	bool legacy;
} world;

static bool
is_little_endian(void)
{
	return arch_le16(1) == 1;
}

static bool
version_wanted(void)
{
	return test_choice(&versions) == 0 || is_little_endian();
}

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

static void
plug(bool legacy, uint64_t more_features)
{
	struct model_options options;

	world_end(NULL);
	model_options_default(&options);
	options.queues = 2;
	options.features |= more_features;
	world.legacy = legacy;
	world.host = model_host_open(1);
	world.device = model_device_open(world.host, &options);
	model_device_plug_mmio(world.device, legacy, &world.place);
	world.port = *model_host_port();
	world.mmio = (struct mmio *)(void *)world.storage.opaque;
	model_step_begin(world.host, MODEL_MEMORY_STRONG, 1);
	test_at_end(world_end, NULL);
}

static orion_status
open_transport(void)
{
	return orion_virtio_mmio_open(&world.storage, &world.port, world.host, world.place.address,
				      world.place.bytes, world.place.line, &world.transport);
}

/* Opened, and ready for queues. */
static const struct virtio_transport_ops *
open_and_negotiate(uint64_t features)
{
	const struct virtio_transport_ops *ops;

	EXPECT_EQ(open_transport(), ORION_OK);
	ops = world.transport.ops;
	ops->status_set(world.mmio, 0);
	EXPECT_EQ(ops->status_get(world.mmio), 0);
	ops->status_set(world.mmio, 1);
	ops->status_set(world.mmio, 3);
	features |= world.legacy ? MQ : VERSION_1 | MQ;
	ops->features_set(world.mmio, features);
	if (!world.legacy)
		ops->status_set(world.mmio, 11);
	EXPECT_EQ(model_device_features(world.device), features);
	EXPECT_EQ(world.port.dma_alloc(world.host, 16384, 4096, &world.region), ORION_OK);
	return ops;
}

static struct virtio_queue_setup
a_queue(uint16_t size)
{
	struct orion_vring_layout layout =
		world.legacy ? orion_vring_layout_legacy(size) : orion_vring_layout(size, false);

	return (struct virtio_queue_setup){
		.size = size,
		.vector = VIRTIO_NO_VECTOR,
		.descriptor_area = world.region.device,
		.driver_area = world.region.device + layout.driver_offset,
		.device_area = world.region.device + layout.device_offset,
	};
}

static void
close_transport(void)
{
	world.transport.ops->status_set(world.mmio, 0);
	world.transport.ops->close(world.mmio);
	if (world.region.bytes != 0)
		world.port.dma_free(world.host, &world.region);
	world.region.bytes = 0;
	EXPECT_EQ(model_host_stats(world.host)->mappings, 0);
	EXPECT_EQ(model_host_stats(world.host)->irqs, 0);
	EXPECT_STR(model_host_stats(world.host)->first_breach, "");
}

TEST_AXES(device_mmio__opens_and_closes, axes, version_wanted)
{
	plug(test_choice(&versions) == 1, 0);
	EXPECT_EQ(open_transport(), ORION_OK);
	EXPECT_STR(world.transport.ops->name, world.legacy ? "mmio-legacy" : "mmio");
	EXPECT_EQ(world.transport.ops->legacy, world.legacy);
	EXPECT_EQ(model_host_stats(world.host)->mappings, 1);
	close_transport();
	EXPECT_EQ(open_transport(), ORION_OK);
	close_transport();
}

TEST(device_mmio__bad_places)
{
	plug(false, 0);
	world.place.bytes = 0xff;
	EXPECT_EQ(open_transport(), ORION_INVALID);
	world.place.bytes = 0x200;
	world.place.address += 2;
	EXPECT_EQ(open_transport(), ORION_INVALID);
	world.place.address += 0x7ffe;
	EXPECT_EQ(open_transport(), ORION_NO_MAPPING);
	world.port.map_registers = NULL;
	EXPECT_EQ(open_transport(), ORION_PORT_INCOMPLETE);
	EXPECT_EQ(model_host_stats(world.host)->mappings, 0);
}

/* Legacy devices speak the CPU's byte order: not on a CPU where that would be another. */
TEST(device_mmio__legacy_needs_a_little_endian_cpu)
{
	plug(true, 0);
	EXPECT_EQ(open_transport(), arch_le16(1) == 1 ? ORION_OK : ORION_DEVICE_REFUSED);
	if (arch_le16(1) == 1)
		close_transport();
	else
		EXPECT_EQ(model_host_stats(world.host)->reports[ORION_EVENT_MMIO_REFUSED], 1);
	EXPECT_EQ(model_host_stats(world.host)->mappings, 0);
}

TEST(device_mmio__features_are_64_bits_less_the_foreign)
{
	uint64_t foreign = VIRTIO_BIT(VIRTIO_F_ADMIN_VQ) | VIRTIO_BIT(VIRTIO_F_SR_IOV) |
			   VIRTIO_BIT(VIRTIO_F_NOTIF_CONFIG_DATA);
	uint64_t good = POSITION | RING_RESET;

	plug(false, foreign | good);
	EXPECT_EQ(open_transport(), ORION_OK);
	EXPECT_EQ(world.transport.ops->features_get(world.mmio),
		  model_device_options(world.device)->features & ~foreign);
	EXPECT((world.transport.ops->features_get(world.mmio) & good) == good);
	close_transport();
}

TEST_AXES(device_mmio__config_is_bounded, axes, version_wanted)
{
	const struct virtio_transport_ops *ops;
	uint32_t bytes;

	plug(test_choice(&versions) == 1, 0);
	EXPECT_EQ(open_transport(), ORION_OK);
	ops = world.transport.ops;
	bytes = ops->config_bytes(world.mmio);
	EXPECT_EQ(bytes, world.place.bytes - 0x100);
	EXPECT_EQ(ops->config_read(world.mmio, 0, 4), 2097152);
	EXPECT_EQ(ops->config_read(world.mmio, 34, 2), 2);
	EXPECT_EQ(ops->config_read(world.mmio, 24, 1), 0);
	EXPECT_EQ(ops->config_read(world.mmio, bytes & ~3u, 4), UINT32_MAX);
	EXPECT_EQ(ops->config_read(world.mmio, bytes, 1), UINT32_MAX);
	ops->config_write(world.mmio, bytes, 1, 0);
	ops->config_write(world.mmio, bytes & ~3u, 4, 0);
	close_transport();
}

TEST_AXES(device_mmio__queues, axes, version_wanted)
{
	const struct virtio_transport_ops *ops;
	struct virtio_doorbell doorbell = {0};
	struct virtio_queue_setup setup;

	plug(test_choice(&versions) == 1, 0);
	ops = open_and_negotiate(0);
	setup = a_queue(16);
	EXPECT(ops->queue_count(world.mmio) >= 2);
	EXPECT_EQ(ops->queue_size_max(world.mmio, 1), 256);
	EXPECT_EQ(ops->queue_size_max(world.mmio, 2), 0);
	EXPECT_EQ(ops->queue_enable(world.mmio, 1, &setup, &doorbell), ORION_OK);
	EXPECT(model_device_enabled(world.device, 1) && !model_device_enabled(world.device, 0));
	EXPECT(doorbell.address == world.mmio->at + VIRTIO_MMIO_QUEUE_NOTIFY);
	EXPECT_EQ(doorbell.value, 1);
	EXPECT_EQ(doorbell.width, 4);
	EXPECT_EQ(doorbell.position, false);
	/* Not a second time; not larger than it may be; not when the device does not want to. */
	EXPECT_EQ(ops->queue_enable(world.mmio, 1, &setup, &doorbell), ORION_DEVICE_REFUSED);
	setup.size = 512;
	if (!world.legacy)
		EXPECT_EQ(ops->queue_enable(world.mmio, 0, &setup, &doorbell),
			  ORION_DEVICE_REFUSED);
	setup = a_queue(16);
	model_device_trick(world.device, MODEL_MISCHIEF_QUEUE_REFUSED, 0, 1, 0);
	EXPECT_EQ(ops->queue_enable(world.mmio, 0, &setup, &doorbell), ORION_DEVICE_REFUSED);
	model_device_trick(world.device, MODEL_MISCHIEF_QUEUE_READY, 0, 1, 0);
	EXPECT_EQ(ops->queue_enable(world.mmio, 0, &setup, &doorbell), ORION_DEVICE_REFUSED);
	EXPECT(!model_device_enabled(world.device, 0));
	close_transport();
}

TEST(device_mmio__position_in_the_doorbell)
{
	struct virtio_doorbell doorbell = {0};
	struct virtio_queue_setup setup;

	plug(false, POSITION);
	(void)open_and_negotiate(POSITION);
	setup = a_queue(16);
	EXPECT_EQ(world.transport.ops->queue_enable(world.mmio, 0, &setup, &doorbell), ORION_OK);
	EXPECT(doorbell.position);
	close_transport();
}

/* A page number has 32 bits, and 0 means none. */
TEST_AXES(device_mmio__legacy_pages_that_cannot_be, NULL, is_little_endian)
{
	static const uint64_t starts[] = {0, UINT64_C(1) << 44, UINT64_MAX << 12};

	plug(true, 0);
	(void)open_and_negotiate(0);
	for (unsigned i = 0; i < 3; i++) {
		struct virtio_queue_setup setup = a_queue(16);
		struct virtio_doorbell doorbell;
		uint64_t by = starts[i] - setup.descriptor_area;

		setup.descriptor_area += by;
		setup.driver_area += by;
		setup.device_area += by;
		EXPECT_EQ(world.transport.ops->queue_enable(world.mmio, 0, &setup, &doorbell),
			  ORION_DEVICE_REFUSED);
	}
	close_transport();
}

TEST(device_mmio__queue_reset)
{
	const struct virtio_transport_ops *ops;
	struct virtio_queue_setup setup;
	struct virtio_doorbell doorbell;

	plug(false, RING_RESET);
	ops = open_and_negotiate(RING_RESET);
	setup = a_queue(16);
	EXPECT_EQ(ops->queue_enable(world.mmio, 1, &setup, &doorbell), ORION_OK);
	ops->status_set(world.mmio, 15);
	model_device_trick(world.device, MODEL_MISCHIEF_QUEUE_RESET_STUCK, 0, 1, 0);
	ops->queue_reset(world.mmio, 1);
	EXPECT(ops->queue_resetting(world.mmio, 1));
	ops->status_set(world.mmio, 0);
	close_transport();
	plug(false, RING_RESET);
	ops = open_and_negotiate(RING_RESET);
	setup = a_queue(16);
	EXPECT_EQ(ops->queue_enable(world.mmio, 1, &setup, &doorbell), ORION_OK);
	ops->status_set(world.mmio, 15);
	ops->queue_reset(world.mmio, 1);
	EXPECT(!ops->queue_resetting(world.mmio, 1));
	/* Reset, but still ready: that is not done. */
	model_device_trick(world.device, MODEL_MISCHIEF_QUEUE_READY, 0, 1, 0);
	EXPECT(ops->queue_resetting(world.mmio, 1));
	EXPECT_EQ(ops->queue_enable(world.mmio, 1, &setup, &doorbell), ORION_OK);
	close_transport();
}

/* ---- interrupts ---- */

static unsigned calls;

static bool
handler(void *argument)
{
	calls++;
	return world.transport.ops->isr_read(argument) != 0;
}

TEST_AXES(device_mmio__one_line, axes, version_wanted)
{
	const struct virtio_transport_ops *ops;

	plug(test_choice(&versions) == 1, 0);
	ops = open_and_negotiate(0);
	EXPECT(ops->vector_count == NULL && ops->vector_attach == NULL);
	EXPECT_EQ(ops->line_attach(world.mmio, handler, world.mmio), ORION_OK);
	EXPECT_EQ(ops->line_attach(world.mmio, handler, world.mmio), ORION_NO_INTERRUPT);
	ops->status_set(world.mmio, world.legacy ? 7 : 15);
	calls = 0;
	/* The model takes the line by its edges: each is heard only if the last was dealt with. */
	for (unsigned i = 1; i <= 3; i++) {
		model_device_resize(world.device, 4096 * i);
		EXPECT_EQ(calls, i);
	}
	EXPECT_EQ(ops->isr_read(world.mmio), 0);
	ops->line_detach(world.mmio);
	ops->line_detach(world.mmio);
	model_device_resize(world.device, 4096);
	EXPECT_EQ(calls, 3);
	EXPECT_EQ(ops->isr_read(world.mmio), VIRTIO_MMIO_INTERRUPT_CONFIG);
	close_transport();
}

TEST(device_mmio__no_line)
{
	plug(false, 0);
	world.place.line = VIRTIO_MMIO_NO_LINE;
	EXPECT_EQ(open_transport(), ORION_OK);
	EXPECT_EQ(world.transport.ops->line_attach(world.mmio, handler, world.mmio),
		  ORION_NO_INTERRUPT);
	close_transport();
}

/* Where nobody is, three registers are read, and that is all.  [spec 4.2.3.1.1] */
TEST_AXES(device_mmio__nobody_there, axes, version_wanted)
{
	plug(test_choice(&versions) == 1, 0);
	model_device_trick(world.device, MODEL_MISCHIEF_SAY_DEVICE_ID, 0, 0, 0);
	EXPECT_EQ(open_transport(), ORION_NOT_FOUND);
	EXPECT_EQ(model_step_stats()->register_loads, 3);
	EXPECT_EQ(model_step_stats()->register_stores, 0);
	EXPECT_EQ(model_host_stats(world.host)->reports[ORION_EVENT_MMIO_REFUSED], 0);
	EXPECT_EQ(model_host_stats(world.host)->mappings, 0);
	EXPECT_STR(model_host_stats(world.host)->first_breach, "");
}

/* ---- on a bank of words ---- */

static uint32_t bank[128];
static unsigned mapped;

static orion_status
bank_map(void *context, uint64_t address, size_t bytes, volatile void **out)
{
	(void)context;
	EXPECT_EQ(address, 0x1000);
	EXPECT_EQ(bytes, sizeof(bank));
	*out = bank;
	mapped++;
	return ORION_OK;
}

static void
bank_unmap(void *context, volatile void *registers, size_t bytes)
{
	(void)context;
	EXPECT(registers == bank && bytes == sizeof(bank));
	mapped--;
}

static orion_status
bank_open(void)
{
	world.port = *model_host_port();
	world.port.map_registers = bank_map;
	world.port.unmap_registers = bank_unmap;
	world.port.report = NULL;
	world.mmio = (struct mmio *)(void *)world.storage.opaque;
	return orion_virtio_mmio_open(&world.storage, &world.port, NULL, 0x1000, sizeof(bank), LINE,
				      &world.transport);
}

static void
bank_fill(uint32_t magic, uint32_t version, uint32_t id)
{
	world_end(NULL);
	memset(bank, 0, sizeof(bank));
	bank[VIRTIO_MMIO_MAGIC_VALUE / 4] = magic;
	bank[VIRTIO_MMIO_VERSION / 4] = version;
	bank[VIRTIO_MMIO_DEVICE_ID / 4] = id;
}

/* Refused without a report function, too, and never left mapped. */
TEST(device_mmio__identity)
{
	static const struct {
		uint32_t magic, version, id;
		orion_status status;
	} rows[] = {
		{VIRTIO_MMIO_MAGIC, 2, 2, ORION_OK},
		{VIRTIO_MMIO_MAGIC, 2, 0, ORION_NOT_FOUND},
		{VIRTIO_MMIO_MAGIC, 2, 1, ORION_NOT_FOUND},
		{VIRTIO_MMIO_MAGIC, 2, 0x102, ORION_NOT_FOUND},
		{VIRTIO_MMIO_MAGIC, 0, 2, ORION_DEVICE_REFUSED},
		{VIRTIO_MMIO_MAGIC, 3, 2, ORION_DEVICE_REFUSED},
		{VIRTIO_MMIO_MAGIC, 0x100, 2, ORION_DEVICE_REFUSED},
		{VIRTIO_MMIO_MAGIC ^ 1, 2, 2, ORION_DEVICE_REFUSED},
		{UINT32_MAX, UINT32_MAX, UINT32_MAX, ORION_DEVICE_REFUSED},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		test_note("row %u", i);
		bank_fill(rows[i].magic, rows[i].version, rows[i].id);
		EXPECT_EQ(bank_open(), rows[i].status);
		if (rows[i].status == ORION_OK)
			world.transport.ops->close(world.mmio);
		EXPECT_EQ(mapped, 0);
	}
}

/* What a cause register may hold: nothing, what nobody defined, all ones, or for ever the same. */
TEST(device_mmio__causes)
{
	static const struct {
		uint32_t status;
		uint8_t cause;
		uint32_t acknowledged;
	} rows[] = {
		{0, 0, 0},
		{1, 1, 1},
		{2, 2, 2},
		{3, 3, 3},
		{0xc, 0, 0},
		{0xfffffffd, 1, 1},
		{UINT32_MAX, 0xff, 0},
	};

	bank_fill(VIRTIO_MMIO_MAGIC, 2, 2);
	EXPECT_EQ(bank_open(), ORION_OK);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bank[VIRTIO_MMIO_INTERRUPT_STATUS / 4] = rows[i].status;
		bank[VIRTIO_MMIO_INTERRUPT_ACK / 4] = 0;
		EXPECT_EQ(world.transport.ops->isr_read(world.mmio), rows[i].cause);
		EXPECT_EQ(bank[VIRTIO_MMIO_INTERRUPT_ACK / 4], rows[i].acknowledged);
	}
	world.transport.ops->close(world.mmio);
}

/* Registers wider than what is made of them. */
TEST(device_mmio__large_values)
{
	const struct virtio_transport_ops *ops;

	bank_fill(VIRTIO_MMIO_MAGIC, 2, 2);
	EXPECT_EQ(bank_open(), ORION_OK);
	ops = world.transport.ops;
	bank[VIRTIO_MMIO_QUEUE_SIZE_MAX / 4] = 0x10000;
	EXPECT_EQ(ops->queue_size_max(world.mmio, 0), 0xffff);
	bank[VIRTIO_MMIO_QUEUE_SIZE_MAX / 4] = 0x8000;
	EXPECT_EQ(ops->queue_size_max(world.mmio, 3), 0x8000);
	EXPECT_EQ(bank[VIRTIO_MMIO_QUEUE_SEL / 4], 3);
	bank[VIRTIO_MMIO_STATUS / 4] = UINT32_MAX;
	EXPECT_EQ(ops->status_get(world.mmio), 0xff);
	bank[VIRTIO_MMIO_CONFIG_GENERATION / 4] = 0x12345678;
	EXPECT_EQ(ops->config_generation(world.mmio), 0x12345678);
	ops->close(world.mmio);
}

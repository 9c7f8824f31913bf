/* SPDX-License-Identifier: MIT */
/*
 * src/device/pci.c: discovery on a bus made by hand; registers, doorbells and close on the model.
 */
#include <string.h>

#include "test/harness.h"

#include "device/pci.h"
#include "model/model.h"

/* ---- discovery ---- */

/* Vendor | device << 16 and header type of each function on two buses. */
static struct {
	uint32_t id;
	uint8_t header;
} functions[512];
static unsigned reads;

static uint32_t
bus_read(void *context, uint32_t function, uint16_t offset, unsigned width)
{
	(void)context;
	reads++;
	EXPECT(function < 512);
	if (functions[function].id == 0)
		return UINT32_MAX >> (32 - 8 * width);
	if (offset == 0x0e)
		return functions[function].header;
	return offset == 0 ? functions[function].id & 0xffff : functions[function].id >> 16;
}

#define VERSION_1 (UINT64_C(1) << 32)
#define MODERN 0x10421af4u
#define TRANSITIONAL 0x10011af4u

TEST(device_pci__finds_block_devices)
{
	struct orion_port port = {.pci_read = bus_read};
	uint32_t at = 0;

	memset(functions, 0, sizeof(functions));
	functions[0].id = 0x12378086;
	functions[8].id = 0x10411af4;           /* a network device */
	functions[16].id = MODERN;
	functions[17].id = MODERN;              /* but 16 is not multifunction */
	functions[24].id = 0x12378086;
	functions[24].header = 0x80;
	functions[31].id = TRANSITIONAL;
	functions[40].id = 0x10421af5;          /* somebody else's */
	functions[300].id = MODERN;             /* function 4 without function 0 */
	functions[504].id = MODERN;

	EXPECT(virtio_pci_find(&port, NULL, 0, &at));
	EXPECT_EQ(at, 16);
	at++;
	EXPECT(virtio_pci_find(&port, NULL, 0, &at));
	EXPECT_EQ(at, 31);
	at++;
	EXPECT(!virtio_pci_find(&port, NULL, 0, &at));
	at = 32;
	EXPECT(virtio_pci_find(&port, NULL, 1, &at));
	if (at == 300) {
		at++;
		EXPECT(virtio_pci_find(&port, NULL, 1, &at));
	}
	EXPECT_EQ(at, 504);
	at++;
	EXPECT(!virtio_pci_find(&port, NULL, 1, &at));
}

TEST(device_pci__finds_nothing_without_pci)
{
	struct orion_port port = {.pci_read = NULL};
	uint32_t at = 0;

	EXPECT(!virtio_pci_find(&port, NULL, 255, &at));
	port.pci_read = bus_read;
	memset(functions, 0, sizeof(functions));
	reads = 0;
	EXPECT(!virtio_pci_find(&port, NULL, 1, &at));
	EXPECT(reads < 1100);
	at = 10000;
	EXPECT(!virtio_pci_find(&port, NULL, 1, &at));
}

/* ---- on the model ---- */

static struct {
	struct model_host *host;
	struct model_device *device;
	struct orion_port port;
	struct virtio_pci storage;
	struct pci *pci;
	struct virtio_transport transport;
	uint32_t function;
	/* A configuration register that reads otherwise. */
	uint16_t patched;
	uint32_t patch;
} world;

static uint32_t
patched_read(void *context, uint32_t function, uint16_t offset, unsigned width)
{
	if (world.patched != 0 && offset == world.patched && width == 4)
		return world.patch;
	return model_host_port()->pci_read(context, function, offset, width);
}

static void
world_end(void *unused)
{
	(void)unused;
	if (world.host == NULL)
		return;
	model_step_end();
	model_device_close(world.device);
	model_host_close(world.host);
	world.host = NULL;
}

static void
plug(uint16_t queues, uint16_t vectors)
{
	struct model_options options;

	world_end(NULL);
	memset(&world, 0, sizeof(world));
	model_options_default(&options);
	options.queues = queues;
	options.vectors = vectors;
	world.host = model_host_open(1);
	world.device = model_device_open(world.host, &options);
	world.function = model_device_plug(world.device);
	world.port = *model_host_port();
	world.port.pci_read = patched_read;
	model_step_begin(world.host, MODEL_MEMORY_STRONG, 1);
	test_at_end(world_end, NULL);
}

static orion_status
open_transport(void)
{
	world.pci = (struct pci *)(void *)world.storage.opaque;
	return virtio_pci_open(&world.storage, &world.port, world.host, world.function,
			       &world.transport);
}

/* Status, features: ready for queues. */
static void
negotiate(void)
{
	const struct virtio_transport_ops *ops = world.transport.ops;

	ops->status_set(world.pci, 0);
	EXPECT_EQ(ops->status_get(world.pci), 0);
	ops->status_set(world.pci, 1);
	ops->status_set(world.pci, 3);
	ops->features_set(world.pci, VERSION_1);
	ops->status_set(world.pci, 11);
	EXPECT_EQ(ops->status_get(world.pci), 11);
}

static void
close_transport(void)
{
	world.transport.ops->status_set(world.pci, 0);
	world.transport.ops->close(world.pci);
	EXPECT_EQ(model_host_stats(world.host)->mappings, 0);
	EXPECT_STR(model_host_stats(world.host)->first_breach, "");
	EXPECT_EQ(world.port.pci_read(world.host, world.function, 4, 2) & 6, 0);
}

TEST(device_pci__opens_and_closes)
{
	plug(1, 4);
	EXPECT_EQ(open_transport(), ORION_OK);
	EXPECT_STR(world.transport.ops->name, "pci");
	EXPECT_EQ(model_host_stats(world.host)->mappings, 5);
	EXPECT_EQ(world.port.pci_read(world.host, world.function, 4, 2) & 6, 6);
	close_transport();
}

TEST(device_pci__not_a_block_device)
{
	plug(1, 4);
	world.function += 8;
	EXPECT_EQ(open_transport(), ORION_NOT_FOUND);
	world.function -= 8;
	world.port.pci_write = NULL;
	EXPECT_EQ(open_transport(), ORION_PORT_INCOMPLETE);
	EXPECT_EQ(model_host_stats(world.host)->mappings, 0);
}

TEST(device_pci__features_are_64_bits)
{
	const struct virtio_transport_ops *ops;

	plug(1, 4);
	EXPECT_EQ(open_transport(), ORION_OK);
	ops = world.transport.ops;
	EXPECT_EQ(ops->features_get(world.pci), model_device_options(world.device)->features);
	negotiate();
	EXPECT_EQ(model_device_features(world.device), VERSION_1);
	EXPECT_EQ(ops->queue_count(world.pci), 1);
	EXPECT_EQ(ops->queue_size_max(world.pci, 0), 256);
	EXPECT_EQ(ops->queue_size_max(world.pci, 1), 0);
	close_transport();
}

/* Reads of the configuration stay inside what is mapped. */
TEST(device_pci__config_reads_are_bounded)
{
	const struct virtio_transport_ops *ops;
	uint32_t bytes;

	plug(1, 4);
	EXPECT_EQ(open_transport(), ORION_OK);
	ops = world.transport.ops;
	bytes = ops->config_bytes(world.pci);
	EXPECT(bytes >= 8);
	EXPECT_EQ(ops->config_read(world.pci, 0, 4),
		  (uint32_t)model_device_options(world.device)->capacity_sectors);
	EXPECT_EQ(ops->config_read(world.pci, bytes & ~3u, 4), UINT32_MAX);
	EXPECT_EQ(ops->config_read(world.pci, bytes, 1), UINT32_MAX);
	ops->config_write(world.pci, bytes, 1, 0);
	ops->config_write(world.pci, bytes & ~3u, 4, 0);
	close_transport();
}

/* Queue 1's doorbell by the multiplier; what is odd, or outside, is refused. */
TEST(device_pci__notify_multiplier)
{
	static const struct {
		uint32_t multiplier;
		bool usable;
		uint64_t offset;
	} rows[] = {
		{0, true, 0},           {4, true, 4},           {2, true, 2},
		{1, false, 0},          {3, false, 0},          {0xffe, true, 0xffe},
		{0xfff, false, 0},      {0x1000, false, 0},     {0x80000000, false, 0},
		{0xfffffffe, false, 0}, {0xffffffff, false, 0},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct virtio_queue_setup setup = {.size = 4, .vector = VIRTIO_NO_VECTOR};
		struct virtio_doorbell doorbell = {0};
		struct orion_region region;
		orion_status status;

		test_note("multiplier %u", rows[i].multiplier);
		plug(2, 4);
		/* MSI-X at 0x40, the window at 0x4c, then the notify capability. */
		world.patched = 0x60 + 16;
		world.patch = rows[i].multiplier;
		EXPECT_EQ(open_transport(), ORION_OK);
		negotiate();
		EXPECT_EQ(world.pci->notify_multiplier, rows[i].multiplier);
		EXPECT_EQ(world.port.dma_alloc(world.host, 4096, 4096, &region), ORION_OK);
		setup.descriptor_area = region.device;
		setup.driver_area = region.device + 64;
		setup.device_area = region.device + 128;
		status = world.transport.ops->queue_enable(world.pci, 1, &setup, &doorbell);
		EXPECT_EQ(status, rows[i].usable ? ORION_OK : ORION_DEVICE_REFUSED);
		if (rows[i].usable) {
			EXPECT(doorbell.address == world.pci->notify.at + rows[i].offset);
			EXPECT_EQ(doorbell.value, 1);
			EXPECT_EQ(doorbell.width, 2);
			/* Not a second time. */
			EXPECT_EQ(
				world.transport.ops->queue_enable(world.pci, 1, &setup, &doorbell),
				ORION_DEVICE_REFUSED);
		}
		close_transport();
		world.port.dma_free(world.host, &region);
	}
}

TEST(device_pci__vectors_read_back)
{
	struct virtio_queue_setup setup = {.size = 4, .vector = 1};
	struct virtio_doorbell doorbell;

	plug(1, 4);
	EXPECT_EQ(open_transport(), ORION_OK);
	negotiate();
	EXPECT_EQ(world.transport.ops->vector_count(world.pci), 4);
	EXPECT_EQ(world.transport.ops->config_vector(world.pci, 0), ORION_OK);
	model_device_trick(world.device, MODEL_MISCHIEF_VECTOR_REFUSED, 0, 2, 0);
	EXPECT_EQ(world.transport.ops->config_vector(world.pci, 0), ORION_NO_INTERRUPT);
	EXPECT_EQ(world.transport.ops->queue_enable(world.pci, 0, &setup, &doorbell),
		  ORION_NO_INTERRUPT);
	close_transport();
}

TEST(device_pci__a_queue_that_will_not_be_enabled)
{
	struct virtio_queue_setup setup = {.size = 4, .vector = VIRTIO_NO_VECTOR};
	struct virtio_doorbell doorbell;

	plug(1, 4);
	EXPECT_EQ(open_transport(), ORION_OK);
	negotiate();
	model_device_trick(world.device, MODEL_MISCHIEF_QUEUE_REFUSED, 0, 1, 0);
	EXPECT_EQ(world.transport.ops->queue_enable(world.pci, 0, &setup, &doorbell),
		  ORION_DEVICE_REFUSED);
	close_transport();
}

/* A failed opening leaves neither mappings nor bus mastering, at each call that may fail. */
TEST(device_pci__failed_opening_leaves_nothing)
{
	for (unsigned n = 1; n <= 5; n++) {
		plug(1, 4);
		model_host_fail(world.host, n, false);
		EXPECT_EQ(open_transport(), ORION_NO_MAPPING);
		EXPECT_EQ(model_host_stats(world.host)->mappings, 0);
		EXPECT_EQ(world.port.pci_read(world.host, world.function, 4, 2) & 6, 0);
	}
}

TEST(device_pci__gone_reads_as_all_ones)
{
	plug(1, 4);
	EXPECT_EQ(open_transport(), ORION_OK);
	model_device_trick(world.device, MODEL_MISCHIEF_ALL_ONES, 0, 0, 0);
	EXPECT_EQ(world.transport.ops->status_get(world.pci), 0xff);
	world.transport.ops->close(world.pci);
	EXPECT_EQ(model_host_stats(world.host)->mappings, 0);
}

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

#define MQ (UINT64_C(1) << 12)
#define VERSION_1 (UINT64_C(1) << 32)
#define POSITION (UINT64_C(1) << 38)
#define NUMBER (UINT64_C(1) << 39)
#define RING_RESET (UINT64_C(1) << 40)
#define LATER (POSITION | NUMBER | RING_RESET)
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

	EXPECT(orion_virtio_pci_find(&port, NULL, 0, &at));
	EXPECT_EQ(at, 16);
	at++;
	EXPECT(orion_virtio_pci_find(&port, NULL, 0, &at));
	EXPECT_EQ(at, 31);
	at++;
	EXPECT(!orion_virtio_pci_find(&port, NULL, 0, &at));
	at = 32;
	EXPECT(orion_virtio_pci_find(&port, NULL, 1, &at));
	if (at == 300) {
		at++;
		EXPECT(orion_virtio_pci_find(&port, NULL, 1, &at));
	}
	EXPECT_EQ(at, 504);
	at++;
	EXPECT(!orion_virtio_pci_find(&port, NULL, 1, &at));
}

TEST(device_pci__finds_nothing_without_pci)
{
	struct orion_port port = {.pci_read = NULL};
	uint32_t at = 0;

	EXPECT(!orion_virtio_pci_find(&port, NULL, 255, &at));
	port.pci_read = bus_read;
	memset(functions, 0, sizeof(functions));
	reads = 0;
	EXPECT(!orion_virtio_pci_find(&port, NULL, 1, &at));
	EXPECT(reads < 1100);
	at = 10000;
	EXPECT(!orion_virtio_pci_find(&port, NULL, 1, &at));
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
plug_model(const struct model_options *options)
{
	world_end(NULL);
	memset(&world, 0, sizeof(world));
	world.host = model_host_open(1);
	world.device = model_device_open(world.host, options);
	world.function = model_device_plug(world.device, MODEL_PCI_MODERN);
	world.port = *model_host_port();
	world.port.pci_read = patched_read;
	model_step_begin(world.host, MODEL_MEMORY_STRONG, 1);
	test_at_end(world_end, NULL);
}

static void
plug(uint16_t queues, uint16_t vectors)
{
	struct model_options options;

	model_options_default(&options);
	options.queues = queues;
	options.vectors = vectors;
	plug_model(&options);
}

static orion_status
open_transport(void)
{
	world.pci = (struct pci *)(void *)world.storage.opaque;
	return orion_virtio_pci_open(&world.storage, &world.port, world.host, world.function,
				     &world.transport);
}

/* Status, features: ready for queues. */
static void
negotiate_with(uint64_t features)
{
	const struct virtio_transport_ops *ops = world.transport.ops;

	ops->status_set(world.pci, 0);
	EXPECT_EQ(ops->status_get(world.pci), 0);
	ops->status_set(world.pci, 1);
	ops->status_set(world.pci, 3);
	ops->features_set(world.pci, VERSION_1 | MQ | features);
	ops->status_set(world.pci, 11);
	EXPECT_EQ(ops->status_get(world.pci), 11);
}

static void
negotiate(void)
{
	negotiate_with(0);
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
	EXPECT_EQ(model_device_features(world.device), VERSION_1 | MQ);
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
	struct model_options options;

	model_options_default(&options);
	options.vectors = 4;
	/* Without this one there is no other way to the registers. */
	options.tricks[0] =
		(struct model_trick){MODEL_MISCHIEF_CAP_MISSING, 0, 0, VIRTIO_PCI_CAP_PCI_CFG};
	for (unsigned n = 1; n <= 5; n++) {
		plug_model(&options);
		model_host_fail(world.host, n, false);
		EXPECT_EQ(open_transport(), ORION_NO_MAPPING);
		EXPECT_EQ(model_host_stats(world.host)->mappings, 0);
		EXPECT_EQ(world.port.pci_read(world.host, world.function, 4, 2) & 7, 0);
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

/* ---- queue reset, notification data, the device's own numbers ---- */

static void
plug_later(const struct model_trick *trick)
{
	struct model_options options;

	model_options_default(&options);
	options.queues = 2;
	options.vectors = 4;
	options.reset_reads = 3;
	options.features |= LATER;
	if (trick != NULL)
		options.tricks[0] = *trick;
	plug_model(&options);
	EXPECT_EQ(open_transport(), ORION_OK);
}

static uint64_t
later_features(void)
{
	return world.transport.ops->features_get(world.pci) & LATER;
}

static orion_status
enable(uint16_t queue, struct orion_region *region, struct virtio_doorbell *doorbell)
{
	struct virtio_queue_setup setup = {.size = 4, .vector = VIRTIO_NO_VECTOR};

	if (region->bytes == 0)
		EXPECT_EQ(world.port.dma_alloc(world.host, 4096, 4096, region), ORION_OK);
	setup.descriptor_area = region->device;
	setup.driver_area = region->device + 64;
	setup.device_area = region->device + 128;
	return world.transport.ops->queue_enable(world.pci, queue, &setup, doorbell);
}

/* Features whose registers the device does not have are not offered to the core. */
TEST(device_pci__features_need_their_registers)
{
	static const struct {
		model_mischief what;
		uint64_t value, features;
	} rows[] = {
		{MODEL_MISCHIEF_NONE, 0, LATER},
		{MODEL_MISCHIEF_SAY_COMMON_BYTES, 0x38, POSITION},
		{MODEL_MISCHIEF_SAY_COMMON_BYTES, 0x39, POSITION},
		{MODEL_MISCHIEF_SAY_COMMON_BYTES, 0x3a, POSITION | NUMBER},
		{MODEL_MISCHIEF_SAY_COMMON_BYTES, 0x3b, POSITION | NUMBER},
		{MODEL_MISCHIEF_SAY_COMMON_BYTES, 0x3c, LATER},
		{MODEL_MISCHIEF_SAY_COMMON_BYTES, 0x1000, LATER},
		{MODEL_MISCHIEF_SAY_NOTIFY_BYTES, 3, NUMBER | RING_RESET},
		{MODEL_MISCHIEF_SAY_NOTIFY_BYTES, 4, LATER},
		{MODEL_MISCHIEF_SAY_MULTIPLIER, 0, LATER},
		{MODEL_MISCHIEF_SAY_MULTIPLIER, 2, NUMBER | RING_RESET},
		{MODEL_MISCHIEF_SAY_MULTIPLIER, 6, NUMBER | RING_RESET},
		{MODEL_MISCHIEF_SAY_MULTIPLIER, 8, LATER},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct model_trick trick = {rows[i].what, 0, 0, rows[i].value};

		test_note("%s: %#llx", model_mischief_text(trick.what),
			  (unsigned long long)trick.value);
		plug_later(&trick);
		EXPECT_EQ(later_features(), rows[i].features);
		negotiate_with(later_features());
		close_transport();
	}
	/* A notify structure at an odd multiple of two: its offset is patched. */
	plug_later(NULL);
	world.transport.ops->close(world.pci);
	world.patched = 0x60 + 8;
	world.patch = 0x2ffe;
	EXPECT_EQ(open_transport(), ORION_OK);
	EXPECT_EQ(later_features(), NUMBER | RING_RESET);
	close_transport();
}

static const struct test_axis wishes = {"features",
					{"none", "position", "number", "position_number"}};
static const struct test_axis *const wish_axes[] = {&wishes, NULL};

/* Width, value and position of a doorbell are what was negotiated, and the device hears it. */
TEST_AXES(device_pci__doorbells, wish_axes, NULL)
{
	bool position = (test_choice(&wishes) & 1) != 0, number = (test_choice(&wishes) & 2) != 0;
	struct virtio_doorbell doorbell = {0};
	struct orion_region region = {0};

	plug_later(NULL);
	negotiate_with((position ? POSITION : 0) | (number ? NUMBER : 0));
	EXPECT_EQ(enable(1, &region, &doorbell), ORION_OK);
	EXPECT(doorbell.address == world.pci->notify.at + 4);
	EXPECT_EQ(doorbell.width, position ? 4 : 2);
	EXPECT_EQ(doorbell.position, position);
	EXPECT_EQ(doorbell.value, number ? 0xa6c5 : 1);
	world.transport.ops->status_set(world.pci, 15);
	if (position)
		register_store32(doorbell.address, doorbell.value);
	else
		register_store16(doorbell.address, (uint16_t)doorbell.value);
	EXPECT_EQ(model_device_stats(world.device)->kicks, 1);
	close_transport();
	world.port.dma_free(world.host, &region);
}

/* Queue 1's doorbell at the structure's end: two bytes are room for a number only. */
TEST(device_pci__a_position_needs_four_bytes)
{
	static const struct {
		uint32_t bytes;
		bool plain, position;
	} rows[] = {{4, false, false}, {5, false, false}, {6, true, false},
		    {7, true, false},  {8, true, true},   {9, true, true}};

	for (unsigned i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		struct model_trick trick = {MODEL_MISCHIEF_SAY_NOTIFY_BYTES, 0, 0,
					    rows[i / 2].bytes};
		bool position = i % 2 == 1;
		bool usable = position ? rows[i / 2].position : rows[i / 2].plain;
		struct virtio_doorbell doorbell;
		struct orion_region region = {0};

		test_note("%u bytes", rows[i / 2].bytes);
		plug_later(&trick);
		negotiate_with(position ? POSITION : 0);
		EXPECT_EQ(enable(1, &region, &doorbell), usable ? ORION_OK : ORION_DEVICE_REFUSED);
		close_transport();
		world.port.dma_free(world.host, &region);
	}
}

/* Asked for, waited for, set up again: each of two queues on its own. */
TEST(device_pci__queue_reset)
{
	const struct virtio_transport_ops *ops;
	struct virtio_doorbell doorbell;
	struct orion_region region[2] = {{0}, {0}};

	plug_later(NULL);
	ops = world.transport.ops;
	negotiate_with(RING_RESET);
	for (uint16_t i = 0; i < 2; i++)
		EXPECT_EQ(enable(i, &region[i], &doorbell), ORION_OK);
	ops->status_set(world.pci, 15);
	for (unsigned round = 0; round < 3; round++) {
		ops->queue_reset(world.pci, 1);
		for (unsigned i = 0; i < 3; i++) {
			/* Looking at another queue changes nothing. */
			EXPECT_EQ(ops->queue_size_max(world.pci, 0), 4);
			EXPECT(ops->queue_resetting(world.pci, 1));
		}
		EXPECT(!ops->queue_resetting(world.pci, 1));
		EXPECT(!model_device_enabled(world.device, 1));
		EXPECT(model_device_enabled(world.device, 0));
		EXPECT_EQ(ops->queue_size_max(world.pci, 1), 256);
		EXPECT_EQ(enable(1, &region[1], &doorbell), ORION_OK);
		EXPECT_EQ(doorbell.value, 1);
	}
	EXPECT_EQ(model_device_stats(world.device)->queue_resets, 3);
	close_transport();
	world.port.dma_free(world.host, &region[0]);
	world.port.dma_free(world.host, &region[1]);
}

/* A reset that does not end, and a device that is gone, both are "not yet". */
TEST(device_pci__queue_reset_that_never_ends)
{
	struct model_trick trick = {MODEL_MISCHIEF_QUEUE_RESET_STUCK, 0, 0, 0};
	struct virtio_doorbell doorbell;
	struct orion_region region = {0};

	plug_later(&trick);
	negotiate_with(RING_RESET);
	EXPECT_EQ(enable(0, &region, &doorbell), ORION_OK);
	world.transport.ops->queue_reset(world.pci, 0);
	for (unsigned i = 0; i < 100; i++)
		EXPECT(world.transport.ops->queue_resetting(world.pci, 0));
	model_device_trick(world.device, MODEL_MISCHIEF_ALL_ONES, 0, 0, 0);
	EXPECT(world.transport.ops->queue_resetting(world.pci, 0));
	world.transport.ops->close(world.pci);
	world.port.dma_free(world.host, &region);
}

/* queue_reset reads 0, and the queue still is enabled: that is no reset. */
TEST(device_pci__queue_reset_wants_a_disabled_queue)
{
	struct virtio_doorbell doorbell;
	struct orion_region region = {0};

	plug_later(NULL);
	negotiate_with(RING_RESET);
	EXPECT_EQ(enable(0, &region, &doorbell), ORION_OK);
	EXPECT(world.transport.ops->queue_resetting(world.pci, 0));
	close_transport();
	world.port.dma_free(world.host, &region);
}

/* SPDX-License-Identifier: MIT */
/*
 * src/device/pci_legacy.c, pci_reach.c and pci_reset.c on the model: registers in I/O ports, or
 * behind configuration space; what is refused; what a function-level reset puts back.
 */
#include "test/harness.h"

#include <string.h>

#include "device/pci.h"
#include "model/model.h"
#include "spec/virtio_ids.h"

static struct {
	struct model_host *host;
	struct model_device *device;
	struct orion_port port;
	struct virtio_pci storage;
	struct pci *pci;
	struct virtio_transport transport;
	uint32_t function;
	uint64_t reason; /* of ORION_EVENT_PCI_LEGACY_REFUSED */
	unsigned refused;
} world;

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
report(void *context, orion_level level, orion_event event, uint64_t a, uint64_t b, uint64_t c)
{
	model_host_port()->report(context, level, event, a, b, c);
	if (event == ORION_EVENT_PCI_LEGACY_REFUSED) {
		world.reason = a;
		world.refused++;
	}
}

static void
plug(const struct model_options *options, model_pci_face face)
{
	world_end(NULL);
	memset(&world, 0, sizeof(world));
	world.host = model_host_open(1);
	world.device = model_device_open(world.host, options);
	world.function = model_device_plug(world.device, face);
	world.port = *model_host_port();
	world.port.report = report;
	model_step_begin(world.host, MODEL_MEMORY_STRONG, 1);
	test_at_end(world_end, NULL);
}

static void
plug_usual(model_pci_face face)
{
	struct model_options options;

	model_options_default(&options);
	options.queues = 2;
	options.vectors = 3;
	plug(&options, face);
}

static orion_status
open_transport(void)
{
	world.pci = (struct pci *)(void *)world.storage.opaque;
	return orion_virtio_pci_open(&world.storage, &world.port, world.host, world.function,
				     &world.transport);
}

static uint32_t
config_get(uint16_t offset, unsigned width)
{
	return world.port.pci_read(world.host, world.function, offset, width);
}

static void
close_transport(void)
{
	world.transport.ops->status_set(world.pci, 0);
	world.transport.ops->close(world.pci);
	EXPECT_EQ(model_host_stats(world.host)->mappings, 0);
	EXPECT_STR(model_host_stats(world.host)->first_breach, "");
	EXPECT_EQ(config_get(PCI_COMMAND, 2) & 7, 0);
}

static bool
is_little(void)
{
	return arch_le16(1) == 1;
}

static bool
nobody(void *argument)
{
	(void)argument;
	return false;
}

/* Every register once; only the MSI-X table is mapped. */
TEST(device_pci_legacy__registers)
{
	const struct virtio_transport_ops *ops;

	if (!is_little())
		return;
	plug_usual(MODEL_PCI_LEGACY);
	EXPECT_EQ(open_transport(), ORION_OK);
	ops = world.transport.ops;
	EXPECT_STR(ops->name, "pci-legacy");
	EXPECT(ops->legacy && ops->size_fixed);
	EXPECT_EQ(model_host_stats(world.host)->mappings, 1);
	EXPECT_EQ(config_get(PCI_COMMAND, 2) & 7, 7);
	ops->status_set(world.pci, 1);
	ops->status_set(world.pci, 3);
	EXPECT_EQ(ops->status_get(world.pci), 3);
	EXPECT_EQ(ops->features_get(world.pci),
		  model_device_options(world.device)->features & UINT32_MAX);
	ops->features_set(world.pci, VIRTIO_BIT(VIRTIO_F_EVENT_IDX));
	EXPECT_EQ(model_device_features(world.device), VIRTIO_BIT(VIRTIO_F_EVENT_IDX));
	EXPECT_EQ(ops->queue_size_max(world.pci, 1), 256);
	EXPECT_EQ(ops->queue_size_max(world.pci, 2), 0);
	EXPECT_EQ(ops->vector_count(world.pci), 3);
	EXPECT_EQ(ops->config_vector(world.pci, 1), ORION_OK);
	EXPECT_EQ(ops->line_attach(world.pci, nobody, NULL), ORION_OK);
	EXPECT_EQ(ops->isr_read(world.pci), 0);
	ops->line_detach(world.pci);
	close_transport();
}

/* The configuration lies behind two vectors that are there with MSI-X only. */
static void
expect_capacity(void)
{
	EXPECT_EQ(world.transport.ops->config_read(world.pci, 0, 4),
		  (uint32_t)model_device_options(world.device)->capacity_sectors);
}

TEST(device_pci_legacy__config_moves_with_msix)
{
	const struct virtio_transport_ops *ops;

	if (!is_little())
		return;
	plug_usual(MODEL_PCI_LEGACY);
	EXPECT_EQ(open_transport(), ORION_OK);
	ops = world.transport.ops;
	EXPECT_EQ(ops->config_bytes(world.pci), 128 - 24);
	expect_capacity();
	EXPECT_EQ(ops->line_attach(world.pci, nobody, NULL), ORION_OK);
	EXPECT_EQ(ops->config_bytes(world.pci), 128 - 20);
	expect_capacity();
	EXPECT_EQ(ops->config_vector(world.pci, 0), ORION_NO_INTERRUPT);
	EXPECT_EQ(ops->config_read(world.pci, 128 - 20, 1), UINT32_MAX);
	EXPECT_EQ(ops->config_read(world.pci, 128 - 20, 4), UINT32_MAX);
	ops->line_detach(world.pci);
	EXPECT_EQ(ops->config_bytes(world.pci), 128 - 24);
	expect_capacity();
	/* A line that cannot be had changes nothing. */
	model_host_fail(world.host, 1, false);
	EXPECT_EQ(ops->line_attach(world.pci, nobody, NULL), ORION_NO_INTERRUPT);
	model_host_fail(world.host, 0, false);
	expect_capacity();
	close_transport();
}

/* What a legacy device needs of CPU, host and BAR 0. */
TEST(device_pci_legacy__refusals)
{
	struct model_options options;

	model_options_default(&options);
	if (!is_little()) {
		plug(&options, MODEL_PCI_LEGACY);
		EXPECT_EQ(open_transport(), ORION_DEVICE_REFUSED);
		EXPECT_EQ(world.reason, VIRTIO_PCI_LEGACY_ENDIAN);
		return;
	}
	plug(&options, MODEL_PCI_LEGACY);
	world.port.io_read = NULL;
	EXPECT_EQ(open_transport(), ORION_DEVICE_REFUSED);
	EXPECT_EQ(world.reason, VIRTIO_PCI_LEGACY_HOST);
	plug(&options, MODEL_PCI_LEGACY);
	world.port.pci_write(world.host, world.function, PCI_BAR0, 4, 0);
	EXPECT_EQ(open_transport(), ORION_DEVICE_REFUSED);
	EXPECT_EQ(world.reason, VIRTIO_PCI_LEGACY_BAR);
	options.tricks[0] = (struct model_trick){MODEL_MISCHIEF_SAY_PORTS, 0, 0, 16};
	plug(&options, MODEL_PCI_LEGACY);
	EXPECT_EQ(open_transport(), ORION_DEVICE_REFUSED);
	EXPECT_EQ(world.reason, VIRTIO_PCI_LEGACY_SHORT);
	EXPECT_EQ(world.refused, 1);
	EXPECT_EQ(model_host_stats(world.host)->mappings, 0);
	EXPECT_EQ(config_get(PCI_COMMAND, 2) & 7, 0);
}

/* A transitional device is driven as a modern one: its ports are never touched, or decoded. */
TEST(device_pci_legacy__transitional_is_modern)
{
	plug_usual(MODEL_PCI_TRANSITIONAL);
	EXPECT_EQ(open_transport(), ORION_OK);
	EXPECT_STR(world.transport.ops->name, "pci");
	EXPECT_EQ(config_get(PCI_COMMAND, 2) & 7, 6);
	EXPECT_EQ(world.transport.ops->queue_count(world.pci), 2);
	close_transport();
}

/* ---- other ways to modern registers ---- */

/* No BAR has an address: nothing is mapped, all registers answer, and the pin stays silent. */
TEST(device_pci_legacy__through_configuration_space)
{
	const struct virtio_transport_ops *ops;
	struct model_options options;

	model_options_default(&options);
	options.unassigned = true;
	plug(&options, MODEL_PCI_MODERN);
	EXPECT_EQ(open_transport(), ORION_OK);
	ops = world.transport.ops;
	EXPECT_EQ(model_host_stats(world.host)->mappings, 0);
	EXPECT_EQ(model_host_stats(world.host)->reports[ORION_EVENT_PCI_BY_CONFIG], 4);
	EXPECT_EQ(ops->features_get(world.pci), model_device_options(world.device)->features);
	expect_capacity();
	EXPECT_EQ(ops->vector_count(world.pci), 0);
	EXPECT_EQ(ops->line_attach(world.pci, nobody, NULL), ORION_NO_INTERRUPT);
	close_transport();
	/* And without that capability there is no way at all. */
	options.tricks[0] =
		(struct model_trick){MODEL_MISCHIEF_CAP_MISSING, 0, 0, VIRTIO_PCI_CAP_PCI_CFG};
	plug(&options, MODEL_PCI_MODERN);
	EXPECT_EQ(open_transport(), ORION_DEVICE_REFUSED);
}

/* Milliseconds, one at each look; and after how many looks the window is given back, or never. */
static uint64_t clock_now, given_back_at;
static bool clock_stands;

static uint64_t
looked_at_clock(void *context)
{
	(void)context;
	if (clock_now == given_back_at * 1000000)
		world.pci->access_taken = 0;
	clock_now += clock_stands ? 0 : 1000000;
	return clock_now;
}

static void
window_is_taken(uint64_t back_at)
{
	world.pci->access_taken = 1;
	clock_now = 0;
	given_back_at = back_at;
}

/*
 * Whoever has the window may keep it: a second is waited, then the access is given up, and said.
 * What comes after it is done when the window is free again.
 */
TEST(device_pci_legacy__a_window_that_stays_taken)
{
	const struct virtio_transport_ops *ops;
	struct model_options options;
	const unsigned *given_up;

	model_options_default(&options);
	options.unassigned = true;
	plug(&options, MODEL_PCI_MODERN);
	world.port.now_ns = looked_at_clock;
	EXPECT_EQ(open_transport(), ORION_OK);
	ops = world.transport.ops;
	given_up = &model_host_stats(world.host)->reports[ORION_EVENT_PCI_ACCESS_TAKEN];
	ops->status_set(world.pci, 1);
	window_is_taken(900);
	EXPECT_EQ(ops->status_get(world.pci), 1);
	EXPECT_EQ(*given_up, 0);
	window_is_taken(UINT32_MAX);
	EXPECT_EQ(ops->status_get(world.pci), VIRTIO_STATUS_GONE);
	EXPECT(clock_now >= UINT64_C(1000000000) && clock_now < UINT64_C(1010000000));
	EXPECT_EQ(ops->queue_size_max(world.pci, 0), 0xffff);
	ops->status_set(world.pci, 3);
	EXPECT_EQ(*given_up, 4);
	EXPECT_EQ(world.pci->access_taken, 1);
	clock_stands = true;
	EXPECT_EQ(ops->config_read(world.pci, 0, 4), UINT32_MAX);
	clock_stands = false;
	EXPECT_EQ(*given_up, 5);
	window_is_taken(3);
	EXPECT_EQ(ops->status_get(world.pci), 1);
	expect_capacity();
	EXPECT_EQ(*given_up, 5);
	close_transport();
}

/* A host that maps nothing is got round in the same way; the table of vectors is not. */
TEST(device_pci_legacy__a_host_that_maps_nothing)
{
	plug_usual(MODEL_PCI_MODERN);
	model_host_fail(world.host, 1, true);
	EXPECT_EQ(open_transport(), ORION_OK);
	model_host_fail(world.host, 0, false);
	EXPECT_EQ(world.transport.ops->vector_count(world.pci), 0);
	expect_capacity();
	close_transport();
}

/* The notify structure in I/O ports: a doorbell without an address, where there are ports. */
TEST(device_pci_legacy__kicks_by_port)
{
	struct model_options options;

	model_options_default(&options);
	options.kick_by_port = true;
	plug(&options, MODEL_PCI_MODERN);
	EXPECT_EQ(open_transport(), ORION_OK);
	EXPECT_EQ(world.pci->notify.reach, PCI_REACH_PORTS);
	EXPECT_EQ(world.pci->common.reach, PCI_REACH_MEMORY);
	EXPECT_EQ(config_get(PCI_COMMAND, 2) & 7, 7);
	close_transport();
	/* Without ports: through configuration space. */
	plug(&options, MODEL_PCI_MODERN);
	world.port.io_read = NULL;
	EXPECT_EQ(open_transport(), ORION_OK);
	EXPECT_EQ(world.pci->notify.reach, PCI_REACH_CONFIG);
	close_transport();
}

/* ---- function-level reset ---- */

TEST(device_pci_legacy__function_reset)
{
	uint32_t bars[PCI_BARS], command;
	struct model_options options;

	model_options_default(&options);
	plug(&options, MODEL_PCI_MODERN);
	EXPECT_EQ(open_transport(), ORION_OK);
	EXPECT_EQ(world.transport.ops->function_reset(world.pci), ORION_NOT_SUPPORTED);
	close_transport();
	options.function_reset = true;
	plug(&options, MODEL_PCI_MODERN);
	EXPECT_EQ(open_transport(), ORION_OK);
	command = config_get(PCI_COMMAND, 2);
	for (unsigned i = 0; i < PCI_BARS; i++)
		bars[i] = config_get((uint16_t)(PCI_BAR0 + 4 * i), 4);
	world.transport.ops->status_set(world.pci, 1);
	EXPECT_EQ(world.transport.ops->function_reset(world.pci), ORION_OK);
	EXPECT_EQ(config_get(PCI_COMMAND, 2), command);
	for (unsigned i = 0; i < PCI_BARS; i++)
		EXPECT_EQ(config_get((uint16_t)(PCI_BAR0 + 4 * i), 4), bars[i]);
	EXPECT(config_get((uint16_t)(world.pci->msix + PCI_MSIX_CONTROL), 2) &
	       PCI_MSIX_CONTROL_ENABLE);
	EXPECT_EQ(world.transport.ops->status_get(world.pci), 0);
	model_device_trick(world.device, MODEL_MISCHIEF_FLR_LOST, 0, 0, 0);
	EXPECT_EQ(world.transport.ops->function_reset(world.pci), ORION_TIMED_OUT);
	world.transport.ops->close(world.pci);
}

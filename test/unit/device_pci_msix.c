/* SPDX-License-Identifier: MIT */
/* src/device/pci_msix.c: the table entry by entry, the line, and a host that refuses. */
#include <string.h>

#include "test/harness.h"

#include "device/pci.h"
#include "model/model.h"

static struct {
	struct model_host *host;
	struct model_device *device;
	struct orion_port port;
	struct virtio_pci storage;
	struct pci *pci;
	struct virtio_transport transport;
	uint32_t function;
	bool pin_absent;
	unsigned detached;
	uint16_t watched;               /* its entry must be masked when the handler goes */
} world;

static uint32_t
read_without_pin(void *context, uint32_t function, uint16_t offset, unsigned width)
{
	if (world.pin_absent && offset == 0x3d)
		return 0;
	return model_host_port()->pci_read(context, function, offset, width);
}

static uint32_t
entry(uint16_t vector, unsigned word)
{
	return register_load32(world.pci->table.at + 16 * (size_t)vector + 4 * word);
}

static void
watch_detach(void *context, uint64_t cookie)
{
	world.detached++;
	if (world.watched != UINT16_MAX)
		EXPECT_EQ(entry(world.watched, 3) & 1, 1);
	model_host_port()->irq_detach(context, cookie);
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
begin(uint16_t vectors)
{
	struct model_options options;

	world_end(NULL);
	memset(&world, 0, sizeof(world));
	model_options_default(&options);
	options.vectors = vectors;
	world.watched = UINT16_MAX;
	world.host = model_host_open(1);
	world.device = model_device_open(world.host, &options);
	world.function = model_device_plug(world.device, MODEL_PCI_MODERN);
	world.port = *model_host_port();
	world.port.pci_read = read_without_pin;
	world.port.irq_detach = watch_detach;
	model_step_begin(world.host, MODEL_MEMORY_STRONG, 1);
	test_at_end(world_end, NULL);
	world.pci = (struct pci *)(void *)world.storage.opaque;
	EXPECT_EQ(orion_virtio_pci_open(&world.storage, &world.port, world.host, world.function,
					&world.transport),
		  ORION_OK);
}

static void
finish(void)
{
	world.transport.ops->close(world.pci);
	EXPECT_EQ(model_host_stats(world.host)->irqs, 0);
	EXPECT_EQ(model_host_stats(world.host)->mappings, 0);
	EXPECT_STR(model_host_stats(world.host)->first_breach, "");
}

static bool
handler(void *argument)
{
	++*(unsigned *)argument;
	return true;
}

/* Message control of the capability at 0x40. */
static uint32_t
control(void)
{
	return world.port.pci_read(world.host, world.function, 0x42, 2);
}

static uint32_t
command(void)
{
	return world.port.pci_read(world.host, world.function, 4, 2);
}

TEST(device_pci_msix__enabled_with_every_entry_masked)
{
	begin(8);
	EXPECT_EQ(control() & 0xc000, 0x8000);
	for (uint16_t v = 0; v < 8; v++)
		EXPECT_EQ(entry(v, 3), 1);
	finish();
	EXPECT_EQ(control() & 0x8000, 0);
}

TEST(device_pci_msix__attach_writes_the_hosts_message)
{
	unsigned count = 0;

	begin(5);
	for (uint16_t v = 0; v < 5; v++) {
		EXPECT_EQ(orion_pci_vector_attach(world.pci, v, v, handler, &count), ORION_OK);
		EXPECT_EQ(entry(v, 0), 0xfee00000 + v * 0x1000u);
		EXPECT_EQ(entry(v, 1), 0);
		EXPECT_EQ(entry(v, 2), 0x4000u + v);
		EXPECT_EQ(entry(v, 3), 0);
	}
	EXPECT_EQ(orion_pci_vector_attach(world.pci, 3, 0, handler, &count), ORION_INVALID);
	EXPECT_EQ(orion_pci_vector_attach(world.pci, 5, 0, handler, &count), ORION_INVALID);
	EXPECT_EQ(orion_pci_vector_attach(world.pci, 0xffff, 0, handler, &count), ORION_INVALID);
	EXPECT_EQ(model_host_stats(world.host)->irqs, 5);
	for (uint16_t v = 0; v < 5; v++) {
		world.watched = v;
		orion_pci_vector_detach(world.pci, v);
		EXPECT_EQ(entry(v, 3), 1);
		orion_pci_vector_detach(world.pci, v);
	}
	EXPECT_EQ(world.detached, 5);
	orion_pci_vector_detach(world.pci, 0xffff);
	finish();
}

TEST(device_pci_msix__host_refuses)
{
	unsigned count = 0;

	begin(3);
	model_host_fail(world.host, 1, false);
	EXPECT_EQ(orion_pci_vector_attach(world.pci, 0, 0, handler, &count), ORION_NO_INTERRUPT);
	EXPECT_EQ(entry(0, 3), 1);
	orion_pci_vector_detach(world.pci, 0);
	EXPECT_EQ(world.detached, 0);
	EXPECT_EQ(orion_pci_vector_attach(world.pci, 0, 0, handler, &count), ORION_OK);
	orion_pci_vector_detach(world.pci, 0);
	finish();
}

TEST(device_pci_msix__without_msix)
{
	unsigned count = 0;

	begin(0);
	EXPECT_EQ(world.pci->msix, 0);
	EXPECT_EQ(world.pci->vectors, 0);
	EXPECT_EQ(orion_pci_vector_attach(world.pci, 0, 0, handler, &count), ORION_INVALID);
	finish();
}

/* The pin works while MSI-X is off and INTx not disabled; both are undone. */
TEST(device_pci_msix__line)
{
	unsigned count = 0;

	begin(2);
	EXPECT_EQ(orion_pci_line_attach(world.pci, handler, &count), ORION_OK);
	EXPECT_EQ(control() & 0x8000, 0);
	EXPECT_EQ(command() & 0x400, 0);
	EXPECT_EQ(orion_pci_line_attach(world.pci, handler, &count), ORION_NO_INTERRUPT);
	orion_pci_line_detach(world.pci);
	EXPECT_EQ(command() & 0x400, 0x400);
	orion_pci_line_detach(world.pci);
	EXPECT_EQ(world.detached, 1);
	finish();
}

TEST(device_pci_msix__line_that_is_not_there)
{
	unsigned count = 0;

	begin(2);
	world.pin_absent = true;
	EXPECT_EQ(orion_pci_line_attach(world.pci, handler, &count), ORION_NO_INTERRUPT);
	world.pin_absent = false;
	model_host_fail(world.host, 1, false);
	EXPECT_EQ(orion_pci_line_attach(world.pci, handler, &count), ORION_NO_INTERRUPT);
	/* A pin that nobody listens to must not be pulled. */
	EXPECT((control() & 0x8000) != 0 || (command() & 0x400) != 0);
	finish();
}

TEST(device_pci_msix__a_pin_that_nobody_listens_to)
{
	begin(0);
	EXPECT_EQ(command() & 0x400, 0x400);
	finish();
}

/* SPDX-License-Identifier: MIT */
/* src/device/ccw_interrupt.c on the scripted host of ccw_host.h: indicators; and a whole device. */
#include <string.h>

#include "test/harness.h"

#include "orion/manager.h"
#include "test/unit/ccw_host.h"

static const struct test_axis hows = {"how", {"reject", "gone", "late", "error"}};
static const struct test_axis *const how_axes[] = {&hows, NULL};
static const orion_status statuses[] = {ORION_NOT_SUPPORTED, ORION_DEVICE_GONE, ORION_TIMED_OUT,
					ORION_IO_ERROR};

/* ---- interrupts ---- */

static unsigned calls[3];

static bool
called(void *argument)
{
	++*(unsigned *)argument;
	return true;
}

/* Vector 0 for the configuration, 1 and 2 for queues 0 and 1. */
static orion_status
attach_all(void)
{
	const struct virtio_transport_ops *ops = script.transport.ops;
	struct virtio_queue_setup setup = {8, 0, 0, 0, 0};
	struct virtio_doorbell doorbell;
	orion_status status = ORION_OK;

	memset(calls, 0, sizeof(calls));
	for (uint16_t i = 0; i < 3 && status == ORION_OK; i++)
		status = ops->vector_attach(script.ccw, i, 0, called, &calls[i]);
	if (status == ORION_OK)
		status = ops->config_vector(script.ccw, 0);
	for (uint16_t i = 0; i < 2 && status == ORION_OK; i++) {
		setup.vector = i + 1;
		status = ops->queue_enable(script.ccw, i, &setup, &doorbell);
	}
	return status;
}

static void
detach_all(void)
{
	for (uint16_t i = 3; i > 0; i--)
		script.transport.ops->vector_detach(script.ccw, i - 1);
	EXPECT_EQ(script.irqs, 0);
	ccw_close();
}

static void
set_bit(size_t word, unsigned from_the_right)
{
	uint8_t *bytes = (uint8_t *)script.ccw->region.cpu + word;

	bytes[7 - from_the_right / 8] |= (uint8_t)(1 << from_the_right % 8);
}

static bool
interrupt(uint32_t wire)
{
	for (unsigned i = 0; i < 2; i++)
		if (script.irq[i].handler != NULL && script.irq[i].wire == wire)
			return script.irq[i].handler(script.irq[i].argument);
	test_fail(__FILE__, __LINE__, "nobody listens to wire %x", wire);
}

static void
expect_calls(unsigned config, unsigned first, unsigned second)
{
	EXPECT_EQ(calls[0], config);
	EXPECT_EQ(calls[1], first);
	EXPECT_EQ(calls[2], second);
}

/* Of sixteen digits. */
static const char *
address(uint64_t at, const char *before, const char *after)
{
	static char text[80];
	size_t length = strlen(before);

	memcpy(text, before, length);
	for (unsigned i = 0; i < 16; i++)
		text[length + i] = "0123456789abcdef"[at >> (60 - 4 * i) & 15];
	memcpy(text + length + 16, after, strlen(after) + 1);
	return text;
}

static const struct test_axis kinds = {"kind", {"none", "unknown", "unattached"}};
static const struct test_axis *const kind_axes[] = {&kinds, NULL};

/* No adapter; one that the device does not know; one whose interrupt cannot be had. */
TEST_AXES(device_ccw__classic_indicators, kind_axes, NULL)
{
	unsigned kind = test_choice(&kinds);
	uint64_t at;

	(void)ccw_opened();
	if (kind == 0)
		script.host.adapter = NULL;
	script.no_adapter_command = kind == 1;
	script.irqs_max = kind == 2 ? 1 : 2;
	EXPECT_EQ(attach_all(), ORION_OK);
	EXPECT_EQ(script.irqs, 1);
	at = script.ccw->region.device;
	ccw_expect_sent(3, 0x43, address(at, "", ""));
	ccw_expect_sent(2, 0x53, address(at + 8, "", ""));
	EXPECT_EQ(script.reports[ORION_EVENT_CCW_FAILED], 0);
	EXPECT(!interrupt(CCW_DEVICE));
	set_bit(0, 1);
	EXPECT(interrupt(CCW_DEVICE));
	expect_calls(0, 0, 1);
	EXPECT(!interrupt(CCW_DEVICE));
	set_bit(0, 0);
	set_bit(0, 5);
	set_bit(8, 0);
	EXPECT(interrupt(CCW_DEVICE));
	expect_calls(1, 1, 1);
	detach_all();
}

TEST(device_ccw__adapter_indicators)
{
	(void)ccw_opened();
	EXPECT_EQ(attach_all(), ORION_OK);
	EXPECT_EQ(script.irqs, 2);
	ccw_expect_sent(
		3, 0x73,
		address(script.ccw->region.device, "0011223344556677", "000000000000000005"));
	ccw_expect_sent(2, 0x53, address(script.ccw->region.device + 8, "", ""));
	for (unsigned i = 0; i < script.sent_count; i++)
		EXPECT(script.sent[i].code != 0x43);
	/* Counted from the left. */
	set_bit(0, 63);
	EXPECT(interrupt(CCW_ADAPTER_WIRE));
	expect_calls(0, 1, 0);
	set_bit(0, 62);
	EXPECT(interrupt(CCW_ADAPTER_WIRE));
	expect_calls(0, 1, 1);
	EXPECT(!interrupt(CCW_ADAPTER_WIRE));
	set_bit(8, 0);
	EXPECT(interrupt(CCW_DEVICE));
	expect_calls(1, 1, 1);
	detach_all();
}

/* After a reset the device is told anew; otherwise not twice. */
TEST(device_ccw__indicators_are_told_once)
{
	const struct virtio_transport_ops *ops = ccw_opened();

	EXPECT_EQ(attach_all(), ORION_OK);
	script.sent_count = 0;
	EXPECT_EQ(ops->config_vector(script.ccw, 0), ORION_OK);
	EXPECT_EQ(script.sent_count, 0);
	ops->status_set(script.ccw, 0);
	EXPECT_EQ(ops->config_vector(script.ccw, 0), ORION_OK);
	EXPECT_EQ(script.sent_count, 3);
	detach_all();
}

TEST(device_ccw__no_interrupt)
{
	orion_status status;

	(void)ccw_opened();
	script.irqs_max = 0;
	status = script.transport.ops->vector_attach(script.ccw, 0, 0, called, &calls[0]);
	EXPECT_EQ(status, ORION_NO_INTERRUPT);
	EXPECT_EQ(script.transport.ops->line_attach(script.ccw, called, &calls[0]),
		  ORION_NO_INTERRUPT);
	detach_all();
	(void)ccw_opened();
	script.fail_code = 0x53;
	script.how = ORION_IO_ERROR;
	EXPECT_EQ(attach_all(), ORION_NO_INTERRUPT);
	detach_all();
}

/* Without a reset that was seen to end, the device may write to the indicators for ever. */
TEST(device_ccw__indicators_in_quarantine)
{
	(void)ccw_opened();
	EXPECT_EQ(attach_all(), ORION_OK);
	for (uint16_t i = 3; i > 0; i--)
		script.transport.ops->vector_detach(script.ccw, i - 1);
	script.fail_code = 0x33;
	script.how = ORION_TIMED_OUT;
	script.transport.ops->status_set(script.ccw, 0);
	script.transport.ops->close(script.ccw);
	EXPECT_EQ(script.regions_live, 1);
	ccw_forget();
}

/* ---- all of a device ---- */

static void *
memory_take(void *context, size_t bytes)
{
	(void)context;
	return test_alloc(bytes);
}

static void
memory_give(void *context, void *memory, size_t bytes)
{
	(void)context;
	(void)bytes;
	test_free(memory);
}

static orion_status
open_ccw(const struct manager_place *place, const struct orion_port *port, void *port_context,
	 union manager_transport *room, struct virtio_transport *transport)
{
	(void)room;
	return orion_virtio_ccw_open(place->context, port, port_context, &script.host,
				     (uint32_t)place->address, transport);
}

/* Whichever command fails, the attempt ends well or clearly, and holds on to nothing. */
TEST_AXES(device_ccw__every_command_fails_once, how_axes, NULL)
{
	static struct manager manager;
	struct vblk_queue_home homes[2] = {{&homes[0], 0}, {&homes[1], 1}};
	struct orion_options options;
	unsigned good = 0;

	orion_options_default(&options);
	for (unsigned n = 1; n < 60; n++) {
		struct manager_config config = {.port = &script.port,
						.options = &options,
						.homes = homes,
						.home_count = 2,
						.memory_take = memory_take,
						.memory_give = memory_give};
		struct virtio_ccw ccw;
		struct manager_place place = {
			.open = open_ccw, .context = &ccw, .address = CCW_DEVICE};
		unsigned index;
		orion_status status;

		ccw_plug();
		EXPECT_EQ(orion_manager_init(&manager, &config, NULL), ORION_OK);
		script.fail_at = n;
		script.how = statuses[test_choice(&hows)];
		status = orion_manager_attach(&manager, &place, &index);
		test_note("command %u: status %d", n, status);
		EXPECT(status != ORION_OK || script.commands >= 15);
		good += status == ORION_OK;
		if (status == ORION_OK)
			EXPECT_EQ(orion_manager_detach(&manager, index, true), ORION_OK);
		EXPECT_EQ(script.enabled, 0);
		EXPECT_EQ(script.irqs, 0);
		/* Only what a device that was not reset may still reach is kept. */
		EXPECT_EQ(script.regions_live > 0,
			  script.queues_before > 0 &&
				  (script.failed == 0x33 || script.failed == 0x72));
		ccw_forget();
	}
	EXPECT(good > 20);
}

/* SPDX-License-Identifier: MIT */
/* src/device/ccw.c on the scripted host of ccw_host.h: payloads to the byte, and what fails. */
#include <string.h>

#include "test/harness.h"

#include "orion/vblk.h"
#include "test/unit/ccw_host.h"

/* ---- opening ---- */

TEST(device_ccw__highest_revision_first)
{
	ccw_plug();
	EXPECT_EQ(ccw_open(), ORION_OK);
	EXPECT_STR(script.transport.ops->name, "ccw");
	EXPECT_EQ(script.sent_count, 1);
	ccw_expect_sent(0, 0x83, "00020000");
	script.transport.ops->close(script.ccw);
	EXPECT_EQ(script.enabled, 0);
	ccw_plug();
	script.revision_max = 1;
	EXPECT_EQ(ccw_open(), ORION_OK);
	EXPECT_EQ(script.sent_count, 2);
	ccw_expect_sent(1, 0x83, "00020000");
	ccw_expect_sent(0, 0x83, "00010000");
	script.transport.ops->close(script.ccw);
}

TEST(device_ccw__legacy_is_refused)
{
	ccw_plug();
	script.revision_max = 0;
	EXPECT_EQ(ccw_open(), ORION_DEVICE_REFUSED);
	EXPECT_EQ(script.sent_count, 2);
	EXPECT_EQ(script.reports[ORION_EVENT_CCW_LEGACY], 1);
	EXPECT_EQ(script.enabled, 0);
}

/* Only a reject steps down; anything else ends the attempt. */
TEST(device_ccw__opening_fails)
{
	ccw_plug();
	script.fail_code = 0x83;
	script.how = ORION_TIMED_OUT;
	EXPECT_EQ(ccw_open(), ORION_TIMED_OUT);
	EXPECT_EQ(script.sent_count, 1);
	EXPECT_EQ(script.reports[ORION_EVENT_CCW_FAILED], 1);
	EXPECT_EQ(script.enabled, 0);
	ccw_plug();
	script.how = ORION_DEVICE_GONE;
	EXPECT_EQ(ccw_open(), ORION_DEVICE_GONE);
	EXPECT_EQ(script.sent_count, 0);
	ccw_plug();
	script.host.notify = NULL;
	EXPECT_EQ(ccw_open(), ORION_PORT_INCOMPLETE);
	EXPECT_EQ(script.enables, 0);
	ccw_plug();
	script.port.dma_alloc = NULL;
	EXPECT_EQ(ccw_open(), ORION_PORT_INCOMPLETE);
}

/* By control unit type and model; byte 0 and the device's own type and model are nobody's. */
TEST(device_ccw__which_is_a_block_device)
{
	static const struct {
		uint8_t id[7];
		uint8_t bytes;
		bool block;
	} rows[] = {
		{{0xff, 0x38, 0x32, 2, 0, 0, 0}, 7, true},
		{{0xff, 0x38, 0x32, 2, 0x33, 0x90, 0x0c}, 7, true},
		{{0xff, 0x38, 0x32, 2, 0, 0, 0}, 4, true},
		{{0xff, 0x38, 0x32, 2, 0, 0, 0}, 3, false},
		{{0xff, 0x38, 0x32, 1, 0, 0, 0}, 7, false},
		{{0xff, 0x38, 0x32, 0, 2, 2, 2}, 7, false},
		{{0xff, 0x39, 0x32, 2, 0, 0, 0}, 7, false},
		{{0xff, 0x38, 0x33, 2, 0, 0, 0}, 7, false},
		{{0xff, 0x32, 0x38, 2, 0, 0, 0}, 7, false},
		{{0xff, 0x39, 0x90, 2, 0x38, 0x32, 2}, 7, false},
		{{0, 0, 0, 0, 0, 0, 0}, 7, false},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		test_note("row %u", i);
		EXPECT_EQ(virtio_ccw_is_block(rows[i].id, rows[i].bytes), rows[i].block);
	}
}

/* ---- payloads ---- */

TEST(device_ccw__status)
{
	const struct virtio_transport_ops *ops = ccw_opened();

	ops->status_set(script.ccw, 0);
	ccw_expect_sent(0, 0x33, "");
	EXPECT_EQ(ops->status_get(script.ccw), 0);
	ccw_expect_sent(0, 0x72, "00");
	ops->status_set(script.ccw, 3);
	ccw_expect_sent(0, 0x31, "03");
	script.status = 0x47;
	EXPECT_EQ(ops->status_get(script.ccw), 0x47);
	ccw_close();
}

/* Revision 1 has no command to read it: what was taken is remembered. */
TEST(device_ccw__status_of_revision_1)
{
	const struct virtio_transport_ops *ops;

	ccw_plug();
	script.revision_max = 1;
	EXPECT_EQ(ccw_open(), ORION_OK);
	ops = script.transport.ops;
	EXPECT_EQ(ops->status_get(script.ccw), VIRTIO_STATUS_GONE);
	ops->status_set(script.ccw, 0);
	EXPECT_EQ(ops->status_get(script.ccw), 0);
	ops->status_set(script.ccw, 3);
	script.taken = VIRTIO_BIT(50);
	ops->status_set(script.ccw, 11);
	EXPECT_EQ(ops->status_get(script.ccw), 3);
	for (unsigned i = 0; i < script.sent_count; i++)
		EXPECT(script.sent[i].code != 0x72);
	EXPECT_EQ(script.reports[ORION_EVENT_CCW_FAILED], 0);
	script.fail_code = 0x33;
	script.how = ORION_TIMED_OUT;
	ops->status_set(script.ccw, 0);
	EXPECT_EQ(ops->status_get(script.ccw), VIRTIO_STATUS_GONE);
	ccw_close();
}

TEST(device_ccw__features)
{
	const struct virtio_transport_ops *ops = ccw_opened();
	uint64_t foreign = VIRTIO_BIT(VIRTIO_F_ADMIN_VQ) | VIRTIO_BIT(VIRTIO_F_SR_IOV) |
			   VIRTIO_BIT(VIRTIO_F_NOTIF_CONFIG_DATA) | VIRTIO_BIT(VIRTIO_F_RING_RESET);
	uint64_t suspend = VIRTIO_BIT(VIRTIO_F_SUSPEND);

	EXPECT(ops->queue_reset == NULL && ops->queue_resetting == NULL);
	script.features |= foreign | suspend;
	EXPECT_EQ(ops->features_get(script.ccw), script.features & ~foreign);
	ccw_expect_sent(1, 0x12, "0000000000");
	ccw_expect_sent(0, 0x12, "0000000001");
	ops->features_set(script.ccw, UINT64_C(0x0000000510203004));
	ccw_expect_sent(1, 0x11, "0430201000");
	ccw_expect_sent(0, 0x11, "0500000001");
	script.ccw->revision = 1;
	EXPECT_EQ(ops->features_get(script.ccw), script.features & ~foreign & ~suspend);
	ccw_close();
}

/*
 * What a block device is told of all that it can offer, by hand: 1 2 5 6 9-12 28 29 32-36 38.  Not
 * 39 and 40, for which there is no command.  [spec 4.3.4, 5.2.3, 6]
 */
TEST(device_ccw__allow_list)
{
	static union {
		uint64_t align[VBLK_DEVICE_BYTES / 8];
		uint8_t bytes[VBLK_DEVICE_BYTES];
	} memory __attribute__((aligned(64)));
	struct vblk_queue_home home = {NULL, 0};
	struct orion_budget budget = {.limit = 1 << 20};
	struct orion_options options;
	struct vblk_config config = {.port = &script.port,
				     .options = &options,
				     .homes = &home,
				     .home_count = 1,
				     .budget = &budget};
	struct vblk_device *device;
	size_t bytes;

	(void)ccw_opened();
	orion_options_default(&options);
	script.features = UINT64_MAX;
	script.config[21] = 2;          /* blk_size 512 */
	script.config[34] = 1;          /* num_queues */
	config.transport = script.transport;
	EXPECT_EQ(vblk_probe(memory.bytes, &config, &device, &bytes), ORION_OK);
	EXPECT_EQ(script.taken, UINT64_C(0x0000005f30001e66));
	script.how = ORION_OK;
	vblk_close(device);
}

TEST(device_ccw__queues)
{
	const struct virtio_transport_ops *ops = ccw_opened();
	struct virtio_queue_setup setup = {0x80, 2, UINT64_C(0x1122334455667788),
					   UINT64_C(0x99aabbccddeeff00), 0x1000};
	struct virtio_doorbell doorbell;

	EXPECT_EQ(ops->queue_count(script.ccw), 16);
	EXPECT_EQ(ops->queue_size_max(script.ccw, 1), 256);
	ccw_expect_sent(0, 0x32, "00010000");
	EXPECT_EQ(ops->queue_size_max(script.ccw, 2), 0);
	EXPECT_EQ(ops->queue_enable(script.ccw, 1, &setup, &doorbell), ORION_OK);
	ccw_expect_sent(0, 0x13,
			"1122334455667788"
			"00000000"
			"0001"
			"0080"
			"99aabbccddeeff00"
			"0000000000001000");
	EXPECT(doorbell.address == NULL && !doorbell.position);
	EXPECT_EQ(doorbell.value, 1);
	ops->features_set(script.ccw, VIRTIO_BIT(VIRTIO_F_NOTIFICATION_DATA));
	EXPECT_EQ(ops->queue_enable(script.ccw, 1, &setup, &doorbell), ORION_OK);
	EXPECT(doorbell.position);
	ccw_close();
}

/* Each queue gives back what its last kick returned; what is an error is no cookie. */
TEST(device_ccw__kicks)
{
	const struct virtio_transport_ops *ops = ccw_opened();
	struct virtio_queue_setup setup = {8, 0, 0, 0, 0};
	struct virtio_doorbell doorbell;

	script.cookie = 77;
	ops->notify(script.ccw, 1, 0x00050001);
	EXPECT_EQ(script.kick.value, 0x00050001);
	EXPECT_EQ(script.kick.cookie, 0);
	script.cookie = -22;
	ops->notify(script.ccw, 1, 1);
	EXPECT_EQ(script.kick.cookie, 77);
	ops->notify(script.ccw, 1, 1);
	EXPECT_EQ(script.kick.cookie, 0);
	script.cookie = 5;
	ops->notify(script.ccw, 0, 0);
	ops->notify(script.ccw, 1, 1);
	EXPECT_EQ(script.kick.cookie, 0);
	EXPECT_EQ(ops->queue_enable(script.ccw, 0, &setup, &doorbell), ORION_OK);
	ops->notify(script.ccw, 0, 0);
	EXPECT_EQ(script.kick.cookie, 0);
	ccw_close();
}

TEST(device_ccw__configuration)
{
	const struct virtio_transport_ops *ops = ccw_opened();
	uint32_t before;

	EXPECT_EQ(ops->config_bytes(script.ccw), CCW_CONFIG_THERE);
	EXPECT_EQ(script.sent[0].bytes, 128);
	before = ops->config_generation(script.ccw);
	EXPECT_EQ(script.sent[1].bytes, CCW_CONFIG_THERE);
	EXPECT_EQ(ops->config_generation(script.ccw), before);
	EXPECT_EQ(ops->config_read(script.ccw, 20, 4), 0);
	script.config[20] = 1;
	script.config[21] = 2;
	script.config[23] = 4;
	EXPECT_EQ(ops->config_read(script.ccw, 20, 4), 0);
	EXPECT(ops->config_generation(script.ccw) != before);
	EXPECT_EQ(ops->config_read(script.ccw, 20, 4), 0x04000201);
	EXPECT_EQ(ops->config_read(script.ccw, 20, 2), 0x0201);
	EXPECT_EQ(ops->config_read(script.ccw, CCW_CONFIG_THERE, 1), UINT32_MAX);
	EXPECT_EQ(ops->config_read(script.ccw, CCW_CONFIG_THERE - 2, 4), UINT32_MAX);
	EXPECT_EQ(ops->config_read(script.ccw, UINT32_MAX, 4), UINT32_MAX);
	/* All of it goes back, as it was but for the field. */
	ops->config_write(script.ccw, 32, 1, 1);
	EXPECT_EQ(script.sent[script.sent_count - 1].code, 0x21);
	EXPECT_EQ(script.sent[script.sent_count - 1].bytes, CCW_CONFIG_THERE);
	EXPECT_EQ(script.config[32], 1);
	EXPECT_EQ(script.config[20], 1);
	before = script.sent_count;
	ops->config_write(script.ccw, CCW_CONFIG_THERE, 1, 1);
	EXPECT_EQ(script.sent[script.sent_count - 1].code, 0x22);
	ccw_close();
}

/*
 * Only what was read has to hold still: a counter beside it may run.  What was read once counts for
 * one look at it.
 */
TEST(device_ccw__what_nobody_reads_may_change)
{
	const struct virtio_transport_ops *ops = ccw_opened();
	uint32_t before, read;

	EXPECT_EQ(ops->config_bytes(script.ccw), CCW_CONFIG_THERE);
	before = ops->config_generation(script.ccw);
	for (unsigned at = 0; at < CCW_CONFIG_THERE; at++) {
		for (unsigned other = 0; other < CCW_CONFIG_THERE; other += 4) {
			(void)ops->config_read(script.ccw, other, 4);
			script.config[at]++;
			read = ops->config_generation(script.ccw);
			EXPECT_EQ(read != before, at / 4 == other / 4);
			before = read;
			script.config[at]++;
			EXPECT_EQ(ops->config_generation(script.ccw), before);
		}
	}
	ccw_close();
}

/* ---- what fails ---- */

static const struct test_axis hows = {"how", {"reject", "gone", "late", "error"}};
static const struct test_axis *const how_axes[] = {&hows, NULL};
static const orion_status statuses[] = {ORION_NOT_SUPPORTED, ORION_DEVICE_GONE, ORION_TIMED_OUT,
					ORION_IO_ERROR};

static void
fail(uint8_t code)
{
	script.fail_code = code;
	script.how = statuses[test_choice(&hows)];
	script.reports[ORION_EVENT_CCW_FAILED] = 0;
}

TEST_AXES(device_ccw__commands_fail, how_axes, NULL)
{
	const struct virtio_transport_ops *ops = ccw_opened();
	struct virtio_queue_setup setup = {8, 0, 0, 0, 0};
	struct virtio_doorbell doorbell;
	uint32_t before;

	ops->status_set(script.ccw, 0);
	ops->status_set(script.ccw, 3);
	fail(0x72);
	EXPECT_EQ(ops->status_get(script.ccw), VIRTIO_STATUS_GONE);
	EXPECT_EQ(script.reports[ORION_EVENT_CCW_FAILED], 1);
	fail(0x12);
	EXPECT_EQ(ops->features_get(script.ccw), 0);
	EXPECT_EQ(script.reports[ORION_EVENT_CCW_FAILED], 1);
	fail(0x32);
	EXPECT_EQ(ops->queue_size_max(script.ccw, 0), 0);
	EXPECT_EQ(script.reports[ORION_EVENT_CCW_FAILED], 1);
	fail(0x13);
	EXPECT_EQ(ops->queue_enable(script.ccw, 0, &setup, &doorbell),
		  script.how == ORION_NOT_SUPPORTED ? ORION_DEVICE_REFUSED : script.how);
	EXPECT_EQ(script.reports[ORION_EVENT_CCW_FAILED], 1);
	fail(0x22);
	EXPECT_EQ(ops->config_bytes(script.ccw), 0);
	before = ops->config_generation(script.ccw);
	EXPECT(ops->config_generation(script.ccw) != before);
	EXPECT_EQ(ops->config_read(script.ccw, 0, 4), UINT32_MAX);
	ops->config_write(script.ccw, 32, 1, 1);
	EXPECT_EQ(script.sent[(script.sent_count - 1) % CCW_SENT_MAX].code, 0x22);
	/* Features that were lost must not pass for taken ones; until the next reset. */
	fail(0x11);
	ops->features_set(script.ccw, script.features);
	EXPECT_EQ(script.reports[ORION_EVENT_CCW_FAILED], 2);
	script.how = ORION_OK;
	ops->status_set(script.ccw, 11);
	EXPECT_EQ(ops->status_get(script.ccw), 3);
	ops->status_set(script.ccw, 0);
	ops->status_set(script.ccw, 11);
	EXPECT_EQ(ops->status_get(script.ccw), 11);
	/* One that was not told to start needs a reset. */
	fail(0x31);
	ops->status_set(script.ccw, 15);
	EXPECT_EQ(ops->status_get(script.ccw), 0x4b);
	script.how = ORION_OK;
	ops->status_set(script.ccw, 0);
	EXPECT_EQ(ops->status_get(script.ccw), 0);
	ccw_close();
}

/* A device that claims to have moved fewer bytes: the rest would be our own. */
TEST(device_ccw__short_answers)
{
	static const uint8_t codes[] = {0x12, 0x32, 0x72};
	const struct virtio_transport_ops *ops = ccw_opened();

	script.short_by = 1;
	for (unsigned i = 0; i < sizeof(codes); i++) {
		script.fail_code = codes[i];
		EXPECT(i != 0 || ops->features_get(script.ccw) == 0);
		EXPECT(i != 1 || ops->queue_size_max(script.ccw, 0) == 0);
		EXPECT(i != 2 || ops->status_get(script.ccw) == VIRTIO_STATUS_GONE);
	}
	script.fail_code = 0x22;
	script.short_by = CCW_CONFIG_THERE;
	EXPECT_EQ(ops->config_bytes(script.ccw), 0);
	script.short_by = UINT16_MAX - 128 + CCW_CONFIG_THERE;
	EXPECT_EQ(ops->config_bytes(script.ccw), 0);
	ccw_close();
}

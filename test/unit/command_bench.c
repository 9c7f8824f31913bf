/* SPDX-License-Identifier: MIT */
/* disk bench on a model device: the right requests, all back, refused when it should be. */
#include <string.h>

#include "commands/bench.h"
#include "spec/virtio_blk.h"
#include "spec/virtio_ids.h"
#include "test/unit/desk.h"

static const struct test_axis mode = {"mode", {"randread", "randwrite", "read", "write"}};
static const struct test_axis lanes = {"lanes", {"1", "3"}};
static const struct test_axis size = {"size", {"256", "4"}};
static const struct test_axis poll = {"poll", {"sleep", "poll"}};
static const struct test_axis *const axes[] = {&mode, &lanes, &size, &poll, NULL};

static void
choose(struct desk_config *config)
{
	desk_defaults(config);
	config->lanes = test_choice(&lanes) == 0 ? 1 : 3;
	config->model[0].queues = 4;
	config->model[0].vectors = 5;
	config->model[0].queue_size = test_choice(&size) == 0 ? 256 : 4;
	config->model[0].order = MODEL_ORDER_SHUFFLED;
	/* A lane that polls never lets the device act otherwise. */
	config->mode = test_choice(&poll) == 0 ? MODEL_STEP_NEVER : MODEL_STEP_RANDOM;
}

TEST_AXES(command_bench__runs, axes, NULL)
{
	static const char *const words[] = {"randread", "randwrite destroy", "read",
					    "write destroy"};
	struct desk_config config;
	struct desk desk;
	char line[128];

	choose(&config);
	desk_open(&desk, &config);
	strcpy(line, "disk bench vd0 bs=4k depth=32 count=501 ");
	strcat(line, words[test_choice(&mode)]);
	if (test_choice(&poll) == 1)
		strcat(line, " poll");
	EXPECT_EQ(desk_run(&desk, line), ORION_OK);
	desk_expect(&desk, "501 completed in ");
	desk_expect(&desk, ", 0 failed");
	desk_expect(&desk, "IOPS");
	desk_expect(&desk, "p99.9");

	const struct model_device_stats *stats = model_device_stats(desk.models[0]);
	bool writes = test_choice(&mode) % 2 == 1;

	EXPECT_EQ(writes ? stats->writes : stats->reads, 501);
	EXPECT_EQ(writes ? stats->reads : stats->writes, 0);
	desk_close(&desk);
}

/*
 * Sequential lanes share the disk out: together they write each block once, whatever the queue
 * takes.
 */
TEST(command_bench__sequential_covers_the_disk)
{
	struct desk_config config;
	struct desk desk;
	uint8_t sector[512], zero[512] = {0};

	desk_defaults(&config);
	config.lanes = 2;
	config.model[0].queues = 2;
	/* Requests are cut into parts, for which the queue soon has no room. */
	config.options.device_max_sectors = 8;
	desk_open(&desk, &config);
	EXPECT_EQ(desk_run(&desk, "disk bench vd0 write destroy bs=8k depth=64 count=128 seed=9"),
		  ORION_OK);
	for (unsigned s = 0; s < 2048; s++) {
		model_device_peek(desk.models[0], s, sector, 512);
		EXPECT(memcmp(sector, zero, 512) != 0);
	}
	desk_close(&desk);
}

TEST(command_bench__refusals)
{
	static const struct {
		const char *line;
		orion_status status;
		const char *says;
	} rows[] = {
		{"disk bench", ORION_INVALID, "missing; write: disk bench DISK"},
		{"disk bench vd7", ORION_NOT_FOUND, "no disk 'vd7'"},
		{"disk bench vd0 backwards", ORION_INVALID, "'backwards' is not understood"},
		{"disk bench vd0 bs=3", ORION_INVALID, "bs= is 3; it has to be from 512 to 16M"},
		{"disk bench vd0 bs=513", ORION_MISALIGNED, "multiple of the block size"},
		{"disk bench vd0 bs=2M", ORION_OUT_OF_RANGE, "less than one bs= of 2097152"},
		{"disk bench vd0 bs=x", ORION_INVALID, "bs= is 'x'"},
		{"disk bench vd0 depth=0", ORION_INVALID, "depth= is 0; it has to be from 1 to 1k"},
		{"disk bench vd0 count=0", ORION_INVALID, "count= is 0"},
		{"disk bench vd0 queues=2", ORION_INVALID, "at most 1"},
		{"disk bench vd0 queues=17", ORION_INVALID, "from 1 to 16"},
		{"disk bench vd0 write", ORION_INVALID, "add the word 'destroy'"},
		{"disk bench vd1 resets=1", ORION_NOT_SUPPORTED,
		 "needs a device with VIRTIO_F_RING"},
		{"disk bench vd1 write destroy", ORION_READ_ONLY, "vd1: read-only disk"},
		{"disk bench vd2", ORION_OUT_OF_RANGE, "vd2 has 0 bytes"},
		{"disk bench vd1 randread count=10", ORION_OK, "10 completed"},
	};
	struct desk_config config;
	struct desk desk;

	desk_defaults(&config);
	config.disks = 3;
	config.model[1].features |= VIRTIO_BIT(VIRTIO_BLK_F_RO);
	config.model[1].features &= ~VIRTIO_BIT(VIRTIO_F_RING_RESET);
	config.model[2].capacity_sectors = 0;
	desk_open(&desk, &config);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		EXPECT_EQ(desk_run(&desk, rows[i].line), rows[i].status);
		desk_expect(&desk, rows[i].says);
	}
	EXPECT_EQ(model_device_stats(desk.models[0])->writes, 0);
	desk_close(&desk);
}

/* Queues are reset under the load: nothing fails, and the disk is covered all the same. */
static const struct test_axis settles = {"settled", {"no", "yes"}};
static const struct test_axis *const reset_axes[] = {&settles, &lanes, NULL};

TEST_AXES(command_bench__resets, reset_axes, NULL)
{
	bool settled = test_choice(&settles) == 1;
	struct desk_config config;
	struct desk desk;
	uint8_t sector[512], zero[512] = {0};

	desk_defaults(&config);
	config.lanes = test_choice(&lanes) == 0 ? 1 : 3;
	config.model[0].queues = (uint16_t)config.lanes;
	config.model[0].features |= VIRTIO_BIT(VIRTIO_F_RING_RESET);
	desk_open(&desk, &config);
	EXPECT_EQ(
		desk_run(&desk, settled ? "disk bench vd0 write destroy bs=1k count=1023 depth=16 "
					  "seed=9 resets=7"
					: "disk bench vd0 write destroy bs=1k count=1023 depth=16 "
					  "seed=9 resets=7 unsettled"),
		ORION_OK);
	desk_expect(&desk, " 1023 completed");
	desk_expect(&desk, ", 0 failed");
	desk_expect(&desk, config.lanes == 1 ? "  resets       7, " : "  resets       21, ");
	if (settled)
		desk_expect(&desk, ", 0 requests given back");
	for (unsigned s = 0; s < 2 * 1023 / config.lanes; s++) {
		model_device_peek(desk.models[0], s, sector, 512);
		EXPECT(memcmp(sector, zero, 512) != 0);
	}
	desk_close(&desk);
}

/* Ctrl-C, failed requests, and no memory: an end in words, and everything back. */
TEST(command_bench__ends_early)
{
	struct desk_config config;
	struct desk desk;

	desk_defaults(&config);
	desk_open(&desk, &config);
	desk.patience = 5;
	EXPECT(desk_run(&desk, "disk bench vd0 count=100000000") != ORION_OK);
	desk_expect(&desk, "disk bench: interrupted\n");
	desk_expect(&desk, "IOPS");
	model_device_fail_sector(desk.models[0], 8, VIRTIO_BLK_S_IOERR);
	EXPECT_EQ(desk_run(&desk, "disk bench vd0 read bs=4k count=256"), ORION_IO_ERROR);
	desk_expect(&desk, "256 completed");
	desk_expect(&desk, ", 1 failed");
	for (unsigned n = 1; n < 3; n++) {
		model_host_fail(desk.host, n, true);
		EXPECT(desk_run(&desk, "disk bench vd0 count=10") != ORION_OK);
		desk_expect(&desk, "lower bs=, depth= or queues=");
		model_host_fail(desk.host, 0, false);
	}
	desk_close(&desk);
}

/*
 * A device that stops answering, breaks, or does not even reset: bounded, nothing freed while lent.
 */
static const struct test_axis trouble = {"trouble", {"withheld", "broken", "reset-stuck"}};
static const struct test_axis *const trouble_axes[] = {&trouble, &lanes, NULL};

TEST_AXES(command_bench__device_fails, trouble_axes, NULL)
{
	unsigned which = test_choice(&trouble);
	struct desk_config config;
	struct desk desk;

	desk_defaults(&config);
	config.lanes = test_choice(&lanes) == 0 ? 1 : 3;
	config.model[0].queues = 3;
	config.model[0].vectors = 4;
	config.breaches_allowed = which == 1;
	config.leaks_allowed = which == 2;
	/* A device that is reset for its silence: storage_recover. */
	if (which == 0)
		config.options.recovery_silence = 0;
	desk_open(&desk, &config);
	/* Held requests are the device's until its reset: freeing their buffers is a breach. */
	model_device_hold(desk.models[0], which == 0);
	if (which != 0)
		model_device_trick(desk.models[0],
				   which == 1 ? MODEL_MISCHIEF_ID_RANGE : MODEL_MISCHIEF_WITHHELD,
				   100, 0, 0);
	if (which == 2)
		model_device_trick(desk.models[0], MODEL_MISCHIEF_RESET_STUCK, 0, 0, 0);
	EXPECT_EQ(desk_run(&desk, "disk bench vd0 depth=16 count=1000"),
		  which == 0 ? ORION_TIMED_OUT : ORION_DEVICE_BROKEN);
	desk_expect(&desk, which == 0 ? " 0 completed" : "100 completed");
	EXPECT(desk_run(&desk, "disk bench vd0 depth=16 count=1000") != ORION_OK);
	if (which == 0) {
		/* Nothing is wrong with it: what was given up comes back, and it works on. */
		desk_expect(&desk, "vd0 still holds requests that were given up");
		unsigned lent = 0;

		for (unsigned i = 0; i < config.lanes; i++)
			lent += storage_lent(&desk.storage.disks[0], i);
		EXPECT_EQ(lent, 16);
		EXPECT(model_host_stats(desk.host)->dma_regions > config.lanes);
		model_device_hold(desk.models[0], false);
		EXPECT(model_host_run(desk.host));
		EXPECT_EQ(desk_run(&desk, "disk read vd0 0 512"), ORION_OK);
		/* Each lane's own next call finds what came back. */
		EXPECT_EQ(desk_run(&desk, "disk bench vd0 depth=16 count=1000"), ORION_OK);
		EXPECT_EQ(model_device_stats(desk.models[0])->resets, 1);
	} else {
		EXPECT(desk_run(&desk, "disk read vd0 0 512") != ORION_OK);
	}
	desk_close(&desk);
}

/* SPDX-License-Identifier: MIT */
/* src/blk/info.c: states, causes, counters and the ring's picture of itself. */
#include <string.h>

#include "model/model.h"

#include "desk_blk.h"
#include "orion/texts.h"

static const struct test_axis *const kinds[] = {&blk_kinds, NULL};

TEST(blk_info__cause_texts)
{
	for (unsigned cause = 0; cause < VBLK_CAUSE_COUNT; cause++) {
		EXPECT(strlen(vblk_cause_text((vblk_cause)cause)) >= 4);
		for (unsigned other = 0; other < cause; other++)
			EXPECT(strcmp(vblk_cause_text((vblk_cause)cause),
				      vblk_cause_text((vblk_cause)other)) != 0);
	}
	EXPECT_STR(vblk_cause_text(VBLK_CAUSE_COUNT), "unknown cause");
	EXPECT_STR(vblk_cause_text((vblk_cause)-1), "unknown cause");
}

TEST(blk_info__state_of_every_inner_state)
{
	static const struct {
		virtio_state inner;
		bool stopped;
		vblk_state outer;
	} rows[] = {
		{VIRTIO_ABSENT, false, VBLK_CLOSED},     {VIRTIO_RESET, false, VBLK_PROBED},
		{VIRTIO_RESET, true, VBLK_STOPPED},      {VIRTIO_ACKNOWLEDGED, false, VBLK_PROBED},
		{VIRTIO_NEGOTIATED, false, VBLK_PROBED}, {VIRTIO_QUEUES, false, VBLK_PROBED},
		{VIRTIO_LIVE, false, VBLK_LIVE},         {VIRTIO_BROKEN, false, VBLK_BROKEN},
		{VIRTIO_DEAD, true, VBLK_DEAD},          {VIRTIO_GONE, true, VBLK_DEAD},
	};
	static struct vblk_device device;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		device.virtio.state = rows[i].inner;
		device.stopped = rows[i].stopped;
		EXPECT_EQ(vblk_state_get(&device), rows[i].outer);
	}
}

TEST(blk_info__feature_names_are_public)
{
	EXPECT_STR(vblk_feature_name(5), "VIRTIO_BLK_F_RO");
	EXPECT(vblk_feature_name(63) == NULL);
}

TEST_AXES(blk_info__queues_by_index, kinds, NULL)
{
	struct blk_bench *bench = blk_bench_make(blk_kind_features());

	blk_bench_open(bench);
	EXPECT(vblk_queue_get(bench->world->device, 0) == bench->queue);
	EXPECT(vblk_queue_get(bench->world->device, 1) == NULL);
	EXPECT(vblk_queue_get(bench->world->device, UINT32_MAX) == NULL);
}

TEST_AXES(blk_info__counters, kinds, NULL)
{
	struct blk_bench *bench = blk_bench_make(blk_kind_features() | FLUSH_F);
	struct vblk_request batch[4] = {
		blk_request(VBLK_READ, 1, 2, 512), blk_request(VBLK_WRITE, 2, 1, 1024),
		blk_request(VBLK_FLUSH, 0, 0, 0), blk_request(VBLK_GET_ID, 0, 1, 20)};
	struct vblk_completion done[8];
	struct vblk_queue_stats stats;
	struct vblk_irq_stats irq;
	uint64_t in_buckets = 0;

	blk_bench_open(bench);
	EXPECT_EQ(vblk_submit(bench->queue, batch, 4), 4);
	(void)vblk_kick(bench->queue);
	while (blk_pop(bench))
		blk_complete(bench, &bench->chain, 0, 1);
	EXPECT_EQ(vblk_reap(bench->queue, done, 8), 4);
	EXPECT_EQ(vblk_reap(bench->queue, done, 8), 0);
	(void)bench->fake->irq[1].handler(bench->fake->irq[1].argument);
	(void)bench->fake->irq[0].handler(bench->fake->irq[0].argument);
	vblk_queue_stats(bench->queue, &stats, &irq);
	EXPECT_EQ(stats.submitted, 4);
	EXPECT_EQ(stats.completed, 4);
	EXPECT_EQ(stats.failed, 0);
	EXPECT_EQ(stats.reads, 1);
	EXPECT_EQ(stats.writes, 1);
	EXPECT_EQ(stats.flushes, 1);
	EXPECT_EQ(stats.others, 1);
	EXPECT_EQ(stats.bytes_read, 1024);
	EXPECT_EQ(stats.bytes_written, 1024);
	EXPECT_EQ(stats.submit_batches, 1);
	EXPECT_EQ(stats.reap_batches, 1);
	EXPECT_EQ(stats.reaps_empty, 1);
	EXPECT_EQ(stats.kicks, 1);
	EXPECT_EQ(irq.interrupts, 1);
	EXPECT_EQ(irq.config_interrupts, 1);
	for (unsigned i = 0; i < ORION_LATENCY_BUCKETS; i++)
		in_buckets += stats.latency[i];
	EXPECT_EQ(in_buckets, 4);
}

/* Completes what was submitted: the first with an error, the others as they should. */
static void
complete_all(struct blk_bench *bench)
{
	struct vblk_completion done[8];
	uint8_t status = 1;

	(void)vblk_kick(bench->queue);
	while (blk_pop(bench)) {
		blk_complete(bench, &bench->chain, status, 1);
		status = 0;
	}
	while (vblk_reap(bench->queue, done, 8) != 0)
		continue;
	EXPECT_EQ(vblk_in_flight(bench->queue), 0);
}

/* The instruction may be missing or forbidden: nothing of a device's life reads the counter. */
TEST_AXES(blk_info__without_a_tick_rate_no_ticks_are_read, kinds, NULL)
{
	struct blk_bench *bench = blk_bench_make(blk_kind_features() | FLUSH_F);
	struct vblk_request batch[4] = {
		blk_request(VBLK_READ, 1, 2, 512), blk_request(VBLK_WRITE, 2, 1, 1024),
		blk_request(VBLK_FLUSH, 0, 0, 0), blk_request(VBLK_READ, 4, 1, 512)};
	struct vblk_request cut = blk_request(VBLK_READ, 0, 8, 4096);
	static const struct vblk_queue_stats nothing;
	uint64_t before = model_step_stats()->ticks;
	struct vblk_queue_stats stats;
	struct vblk_irq_stats irq;

	bench->fake->port.ticks_per_second = 0;
	bench->world->options.device_max_sectors = 8;
	blk_bench_open(bench);
	for (unsigned i = 0; i < 4; i++) {
		EXPECT_EQ(vblk_submit(bench->queue, &batch[i], 1), 1);
		complete_all(bench);
	}
	for (unsigned i = 0; i < 5; i++) {
		EXPECT_EQ(vblk_submit(bench->queue, &batch[1], 1), 1);
		(void)vblk_kick(bench->queue);
		EXPECT(blk_pop(bench));
		blk_complete(bench, &bench->chain, 0, 1);
		EXPECT_EQ(blk_reap_one(bench).result, ORION_OK);
	}
	EXPECT_EQ(vblk_submit(bench->queue, batch, 4), 4);
	complete_all(bench);
	EXPECT_EQ(vblk_submit(bench->queue, &cut, 1), 1);
	complete_all(bench);
	vblk_queue_stats(bench->queue, &stats, &irq);
	EXPECT_EQ(stats.submitted, 14);
	EXPECT_EQ(stats.completed, 14);
	EXPECT_EQ(stats.failed, 6);
	EXPECT_EQ(stats.reap_batches >= 11, true);
	EXPECT_EQ(stats.latency_ticks, 0);
	EXPECT_EQ(stats.latency_max_ticks, 0);
	EXPECT(memcmp(stats.latency, nothing.latency, sizeof(stats.latency)) == 0);
	EXPECT_EQ(model_step_stats()->ticks, before);

	/* The same, where there is one. */
	bench = blk_bench_make(blk_kind_features());
	blk_bench_open(bench);
	EXPECT_EQ(vblk_submit(bench->queue, &batch[1], 1), 1);
	complete_all(bench);
	EXPECT(model_step_stats()->ticks > before);
}

TEST_AXES(blk_info__ring, kinds, NULL)
{
	struct blk_bench *bench = blk_bench_make(blk_kind_features());
	struct vblk_request request = blk_request(VBLK_READ, 1, 1, 512);
	bool direct = (test_choice(&blk_kinds) & 1) == 0;
	struct vblk_ring_info info;
	uint16_t room;

	blk_bench_open(bench);
	vblk_ring_info(bench->queue, &info);
	room = info.free;
	EXPECT_EQ(info.size, 64);
	EXPECT_EQ(info.available, 0);
	EXPECT_EQ(info.used, 0);
	EXPECT_EQ(info.vector, 1);
	EXPECT_EQ(info.descriptor_area, bench->fake->setup[0].descriptor_area);
	EXPECT_EQ(info.driver_area, bench->fake->setup[0].driver_area);
	EXPECT_EQ(info.device_area, bench->fake->setup[0].device_area);
	EXPECT_EQ(info.cause, VBLK_CAUSE_NONE);
	blk_send(bench, &request);
	vblk_ring_info(bench->queue, &info);
	EXPECT_EQ(info.free, room - (direct ? 3 : 1));
	EXPECT_EQ(info.available, bench->hand.packed && direct ? 3 : 1);
}

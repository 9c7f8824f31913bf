/* SPDX-License-Identifier: MIT */
/* src/blk/parts.c: requests over the device's limits, cut into parts: every byte once, in order. */
#include <string.h>

#include "desk_blk.h"

static const struct test_axis *const kinds[] = {&blk_kinds, NULL};

#define BASE_ADDRESS UINT64_C(0x600000000)
#define PIECES_MAX 64

struct limits {
	uint32_t size_max, seg_max, sectors, block;
};

static struct blk_bench *
begin(const struct limits *limits)
{
	struct blk_bench *bench = blk_bench_make(blk_kind_features() | BIT(1) | BIT(6) | FLUSH_F);

	fake_config(bench->fake, 0, 8, 1 << 20);
	fake_config(bench->fake, 8, 4, limits->size_max);
	fake_config(bench->fake, 12, 4, limits->seg_max);
	fake_config(bench->fake, 20, 4, limits->block);
	bench->world->options.device_max_sectors = limits->sectors;
	blk_bench_open(bench);
	return bench;
}

/* A request of COUNT segments that lie apart; LENGTHS in bytes. */
static struct vblk_request
scattered(const uint32_t *lengths, unsigned count, uint64_t sector)
{
	static struct vblk_segment pool[8][PIECES_MAX];
	static unsigned next;
	struct vblk_segment *segments = pool[next++ % 8];
	uint64_t at = BASE_ADDRESS;

	for (unsigned i = 0; i < count; i++) {
		segments[i] = (struct vblk_segment){at, lengths[i], 0};
		at += lengths[i] + 0x100000;
	}
	return (struct vblk_request){.sector = sector,
				     .segments = segments,
				     .cookie = 77,
				     .segment_count = (uint16_t)count};
}

/*
 * Serves the device's side until nothing comes: each part within the limits, and all together the
 * request, byte for byte, from *DONE on.
 */
static void
serve(struct blk_bench *bench, const struct vblk_request *request, const struct limits *limits,
      uint64_t *done)
{
	while (blk_pop(bench)) {
		const struct hand_chain *chain = &bench->chain;
		uint64_t bytes = 0;

		EXPECT_EQ(blk_sector(bench, chain), request->sector + *done / 512);
		EXPECT(chain->count - 2 <= limits->seg_max);
		for (unsigned i = 1; i + 1 < chain->count; i++) {
			uint64_t at = *done + bytes;
			unsigned s = 0;

			EXPECT(chain->piece[i].length > 0 &&
			       chain->piece[i].length <= limits->size_max);
			while (at >= request->segments[s].length)
				at -= request->segments[s++].length;
			EXPECT_EQ(chain->piece[i].address,
				  request->segments[s].device_address + at);
			EXPECT(at + chain->piece[i].length <= request->segments[s].length);
			bytes += chain->piece[i].length;
		}
		EXPECT(bytes > 0 && bytes % limits->block == 0 && bytes <= limits->sectors * 512u);
		*done += bytes;
		blk_complete(bench, chain, 0, (uint32_t)bytes + 1);
	}
}

static uint64_t
total_of(const struct vblk_request *request)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < request->segment_count; i++)
		total += request->segments[i].length;
	return total;
}

/* Submits REQUEST and carries it through. */
static void
carry(struct blk_bench *bench, const struct vblk_request *request, const struct limits *limits)
{
	struct vblk_completion done[4];
	uint64_t served = 0;
	unsigned got = 0;

	blk_send(bench, request);
	EXPECT_EQ(vblk_in_flight(bench->queue), 1);
	for (unsigned round = 0; round < 5000 && got == 0; round++) {
		serve(bench, request, limits, &served);
		got = vblk_reap(bench->queue, done, 4);
	}
	EXPECT_EQ(got, 1);
	EXPECT_EQ(done[0].cookie, 77);
	EXPECT_EQ(done[0].result, ORION_OK);
	EXPECT_EQ(done[0].value, request->operation == VBLK_READ ? total_of(request) : 0);
	EXPECT_EQ(served, total_of(request));
	EXPECT_EQ(vblk_in_flight(bench->queue), 0);
	EXPECT_EQ(bench->queue->ring.outstanding, 0);
}

TEST_AXES(blk_parts__each_limit_cuts, kinds, NULL)
{
	static const struct {
		struct limits limits;
		uint32_t lengths[6];
	} rows[] = {
		{{512, 1, 65536, 512}, {8192}},
		{{4096, 2, 65536, 512}, {65536, 512, 512, 8192}},
		{{0x10000, 4, 8, 512}, {65536}},
		{{0x10000, 1, 65536, 512}, {512, 512, 512, 512, 512}},
		{{0x10000, 3, 64, 4096}, {4096, 8192, 65536, 4096}},
		{{0x10000, 3, 65536, 4096}, {1024, 1024, 2048, 3072, 1024, 4096}},
		{{1024, 8, 65536, 4096}, {20480}},
		{{256, 4, 65536, 512}, {512, 8192, 512}},
		{{100, 6, 65536, 512}, {4096, 512}},
		{{9, 57, 65536, 512}, {1536, 512}},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct blk_bench *bench = begin(&rows[i].limits);
		struct vblk_request request;
		unsigned count = 0;

		test_note("row %u", i);
		while (count < 6 && rows[i].lengths[count] != 0)
			count++;
		request = scattered(rows[i].lengths, count, 8);
		carry(bench, &request, &rows[i].limits);
		request.operation = VBLK_WRITE;
		carry(bench, &request, &rows[i].limits);
	}
}

/* Any lengths under any limits: carried, or refused as not to be cut on block boundaries. */
TEST_AXES(blk_parts__random_cuts, kinds, NULL)
{
	unsigned carried = 0;

	for (unsigned round = 0; round < 60; round++) {
		struct limits limits = {
			.size_max = 512u << test_random_below(6),
			.seg_max = 1 + (uint32_t)test_random_below(6),
			.sectors = 8u << test_random_below(5),
			.block = 512u << test_random_below(4),
		};

		/* What can carry no block is refused at the probe. */
		if (limits.size_max * limits.seg_max < limits.block)
			limits.seg_max = limits.block / limits.size_max;

		struct blk_bench *bench = begin(&limits);

		for (unsigned i = 0; i < 8; i++) {
			uint32_t lengths[20], sum = 0;
			unsigned count = 1 + (unsigned)test_random_below(18);
			struct vblk_request request;

			for (unsigned s = 0; s < count; s++) {
				lengths[s] = test_random_below(3) == 0
						     ? 1 + (uint32_t)test_random_below(3000)
						     : 512 * (1 + (uint32_t)test_random_below(16));
				sum += lengths[s];
			}
			/* The last makes whole blocks of it. */
			lengths[count++] = limits.block - sum % limits.block;
			request = scattered(lengths, count, limits.block / 512 * 3);
			if (vblk_submit(bench->queue, &request, 1) == 0) {
				EXPECT_EQ(vblk_refusal(bench->queue), ORION_MISALIGNED);
				EXPECT_EQ(vblk_in_flight(bench->queue), 0);
				continue;
			}
			(void)vblk_kick(bench->queue);
			carried++;
			for (uint64_t served = 0;;) {
				struct vblk_completion done;

				serve(bench, &request, &limits, &served);
				if (vblk_reap(bench->queue, &done, 1) == 0)
					continue;
				EXPECT_EQ(done.result, ORION_OK);
				EXPECT_EQ(served, total_of(&request));
				break;
			}
		}
	}
	EXPECT(carried > 100);
}

/* A segment that no cut brings to a block boundary within the limits. */
TEST_AXES(blk_parts__what_cannot_be_cut_is_refused, kinds, NULL)
{
	static const struct limits limits = {65536, 2, 65536, 4096};
	static const uint32_t lengths[] = {1024, 1024, 1024, 1024};
	struct blk_bench *bench = begin(&limits);
	struct vblk_request request = scattered(lengths, 4, 8);

	EXPECT_EQ(vblk_submit(bench->queue, &request, 1), 0);
	EXPECT_EQ(vblk_refusal(bench->queue), ORION_MISALIGNED);
	EXPECT_EQ(vblk_in_flight(bench->queue), 0);
	EXPECT_EQ(bench->queue->ring.outstanding, 0);
}

TEST_AXES(blk_parts__larger_than_any_request, kinds, NULL)
{
	static const struct limits limits = {0x10000000, 4, 65536, 512};
	static const uint32_t lengths[] = {0x10000000, 0x10000000, 0x10000000, 0x10000000, 512};
	struct blk_bench *bench = blk_bench_make(blk_kind_features());
	struct vblk_request request = scattered(lengths, 5, 0);

	fake_config(bench->fake, 0, 8, BIT(40));
	fake_config(bench->fake, 12, 4, limits.seg_max);
	blk_bench_open(bench);
	EXPECT_EQ(vblk_submit(bench->queue, &request, 1), 0);
	EXPECT_EQ(vblk_refusal(bench->queue), ORION_TOO_LARGE);
}

/* One part fails: no further part is begun, and the request fails with the first error, once. */
TEST_AXES(blk_parts__first_error_wins, kinds, NULL)
{
	static const struct limits limits = {512, 1, 65536, 512};
	static const uint32_t lengths[] = {512 * 400};
	struct blk_bench *bench = begin(&limits);
	struct vblk_request request = scattered(lengths, 1, 0);
	struct vblk_completion done[4];
	unsigned parts = 0, got = 0;

	blk_send(bench, &request);
	while (got == 0) {
		while (blk_pop(bench)) {
			blk_complete(bench, &bench->chain, parts == 3 ? 2 : parts > 3, 513);
			parts++;
		}
		got = vblk_reap(bench->queue, done, 4);
	}
	EXPECT_EQ(got, 1);
	EXPECT_EQ(done[0].result, ORION_DEVICE_UNSUPPORTED);
	EXPECT_EQ(done[0].cookie, 77);
	EXPECT(parts < 400);
	EXPECT_EQ(vblk_reap(bench->queue, done, 4), 0);
	EXPECT_EQ(vblk_in_flight(bench->queue), 0);
	EXPECT_EQ(bench->queue->parts_waiting + bench->queue->parts_active, 0);
	/* The queue is as good as new. */
	carry(bench, &request, &limits);
}

/* While one waits for room, the next over the limits has to wait, and small ones go on. */
TEST_AXES(blk_parts__several_at_a_time, kinds, NULL)
{
	static const struct limits limits = {512, 1, 65536, 512};
	static const uint32_t small[] = {1024}, large[] = {512 * 300};
	struct blk_bench *bench = begin(&limits);
	struct vblk_request request = scattered(small, 1, 0), big = scattered(large, 1, 0);
	struct vblk_completion done[32];
	unsigned got = 0, sent = 0;

	while (sent < 40) {
		if (vblk_submit(bench->queue, &request, 1) == 1) {
			sent++;
			continue;
		}
		EXPECT_EQ(vblk_refusal(bench->queue), ORION_NO_ROOM);
		(void)vblk_kick(bench->queue);
		while (blk_pop(bench))
			blk_complete(bench, &bench->chain, 0, 513);
		got += vblk_reap(bench->queue, done, 32);
	}
	(void)vblk_kick(bench->queue);
	for (unsigned i = 0; i < 100; i++) {
		while (blk_pop(bench))
			blk_complete(bench, &bench->chain, 0, 513);
		got += vblk_reap(bench->queue, done, 32);
	}
	EXPECT_EQ(got, 40);
	blk_send(bench, &big);
	EXPECT_EQ(vblk_submit(bench->queue, &request, 1), 0);
	EXPECT_EQ(vblk_refusal(bench->queue), ORION_NO_ROOM);
	EXPECT_EQ(vblk_in_flight(bench->queue), 1);
}

/* The device stops with parts in flight and parts waiting: the request comes back once. */
TEST_AXES(blk_parts__drained_once, kinds, NULL)
{
	static const struct limits limits = {512, 1, 65536, 512};
	static const uint32_t large[] = {512 * 300};
	struct blk_bench *bench = begin(&limits);
	struct vblk_request big = scattered(large, 1, 0), one = blk_request(VBLK_READ, 3, 1, 512);
	struct vblk_completion done[8];

	blk_send(bench, &one);
	blk_send(bench, &big);
	EXPECT_EQ(vblk_in_flight(bench->queue), 2);
	EXPECT_EQ(vblk_stop(bench->world->device), ORION_OK);
	EXPECT_EQ(vblk_in_flight(bench->queue), 2);
	EXPECT_EQ(vblk_reap(bench->queue, done, 1), 1);
	EXPECT_EQ(vblk_in_flight(bench->queue), 1);
	EXPECT_EQ(vblk_reap(bench->queue, done + 1, 7), 1);
	EXPECT_EQ(done[0].cookie + done[1].cookie, 77 + 1003);
	EXPECT_EQ(done[0].result, ORION_OUTCOME_UNKNOWN);
	EXPECT_EQ(done[1].result, ORION_OUTCOME_UNKNOWN);
	EXPECT_EQ(vblk_reap(bench->queue, done, 8), 0);
	EXPECT_EQ(vblk_in_flight(bench->queue), 0);
}

/*
 * Parts that wait for room are not overtaken by those of a smaller request, though it would fit:
 * chains of twelve leave some descriptors, and the smaller one wants four.
 */
TEST_AXES(blk_parts__not_overtaken, kinds, NULL)
{
	static const struct limits limits = {4096, 10, 80, 512};
	static const uint32_t wide[] = {4096 * 10 * 12}, narrow[] = {8192};
	struct blk_bench *bench = blk_bench_make(blk_kind_features() | BIT(1) | FLUSH_F);
	bool direct = (test_choice(&blk_kinds) & 1) == 0;
	struct vblk_request big, small;

	fake_config(bench->fake, 0, 8, 1 << 20);
	fake_config(bench->fake, 8, 4, limits.size_max);
	fake_config(bench->fake, 12, 4, limits.seg_max);
	bench->world->options.device_max_sectors = limits.sectors;
	bench->world->options.queue_depth = 10;
	blk_bench_open(bench);
	big = scattered(wide, 1, 0);
	small = scattered(narrow, 1, 2048);
	blk_send(bench, &big);
	EXPECT_EQ(bench->queue->parts_waiting, 1);
	EXPECT_EQ(vring_free(&bench->queue->ring) >= 4, direct);
	EXPECT(direct || vring_free(&bench->queue->ring) == 0);
	EXPECT_EQ(vblk_submit(bench->queue, &small, 1), 0);
	EXPECT_EQ(vblk_refusal(bench->queue), ORION_NO_ROOM);
	EXPECT_EQ(vblk_in_flight(bench->queue), 1);
}

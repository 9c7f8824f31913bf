/* SPDX-License-Identifier: MIT */
/* src/blk/submit.h, reap.h: requests byte by byte, checks, completions true and false, kicks. */
#include <string.h>

#include "desk_blk.h"

static const struct test_axis *const kinds[] = {&blk_kinds, NULL};

static struct blk_bench *
begin(void)
{
	struct blk_bench *bench = blk_bench_make(blk_kind_features() | FLUSH_F);

	blk_bench_open(bench);
	return bench;
}

/* ---- what the device sees ---- */

TEST_AXES(blk_io__what_the_device_sees, kinds, NULL)
{
	static const struct {
		uint8_t operation;
		uint32_t type;
		unsigned segments;
		bool writable;
	} rows[] = {
		{VBLK_READ, 0, 1, true},   {VBLK_WRITE, 1, 1, false}, {VBLK_READ, 0, 3, true},
		{VBLK_WRITE, 1, 5, false}, {VBLK_FLUSH, 4, 0, false}, {VBLK_GET_ID, 8, 1, true},
		{VBLK_READ, 0, 1, true},   {VBLK_READ, 0, 16, true},
	};
	struct blk_bench *bench = begin();

	/* Often enough that every slot is used again with another shape. */
	for (unsigned i = 0; i < 300; i++) {
		unsigned row = i % 8;
		bool data = rows[row].operation <= VBLK_WRITE;
		struct vblk_request request = blk_request(rows[row].operation, data ? i : 0,
							  rows[row].segments, data ? 512 : 20);
		const struct hand_chain *chain = &bench->chain;

		blk_send(bench, &request);
		EXPECT(blk_pop(bench));
		EXPECT_EQ(chain->count, rows[row].segments + 2);
		EXPECT_EQ(blk_type(bench, chain), rows[row].type);
		EXPECT_EQ(blk_sector(bench, chain), request.sector);
		EXPECT_EQ(*blk_status(bench, chain), 0xff);
		for (unsigned s = 0; s < rows[row].segments; s++) {
			EXPECT_EQ(chain->piece[s + 1].address, request.segments[s].device_address);
			EXPECT_EQ(chain->piece[s + 1].length, request.segments[s].length);
			EXPECT_EQ(chain->piece[s + 1].writable, rows[row].writable);
		}
		EXPECT_EQ(blk_pop(bench), false);
		blk_complete(bench, &bench->chain, 0, 1);
		EXPECT_EQ(blk_reap_one(bench).cookie, request.cookie);
	}
}

/* 64-bit addresses and sectors, in the specification's byte order. */
TEST_AXES(blk_io__wide_values, kinds, NULL)
{
	struct blk_bench *bench = blk_bench_make(blk_kind_features());
	struct vblk_segment segment = {0x0123456789abcdef, 0x11223200, 0};
	struct vblk_request request = {
		.sector = 0x0012345678abcdef, .segments = &segment, .segment_count = 1};

	fake_config(bench->fake, 0, 8, UINT64_MAX);
	bench->world->options.device_max_sectors = 8388608;
	blk_bench_open(bench);
	blk_send(bench, &request);
	EXPECT(blk_pop(bench));
	EXPECT_EQ(blk_sector(bench, &bench->chain), 0x0012345678abcdef);
	EXPECT_EQ(bench->chain.piece[1].address, 0x0123456789abcdef);
	EXPECT_EQ(bench->chain.piece[1].length, 0x11223200);
}

/* ---- the checks ---- */

TEST_AXES(blk_io__a_bad_one_ends_the_batch, kinds, NULL)
{
	struct blk_bench *bench = begin();
	struct vblk_request batch[3] = {blk_request(VBLK_READ, 1, 1, 512),
					blk_request(VBLK_READ, 2, 1, 100),
					blk_request(VBLK_READ, 3, 1, 512)};
	struct vblk_queue_stats stats;
	struct vblk_irq_stats irq;

	EXPECT_EQ(vblk_submit(bench->queue, batch, 3), 1);
	EXPECT_EQ(vblk_refusal(bench->queue), ORION_MISALIGNED);
	EXPECT_EQ(vblk_submit(bench->queue, batch, 0), 0);
	EXPECT_EQ(vblk_refusal(bench->queue), ORION_OK);
	vblk_queue_stats(bench->queue, &stats, &irq);
	EXPECT_EQ(stats.submitted, 1);
	EXPECT_EQ(stats.refused, 1);
	EXPECT_EQ(stats.ring_full, 0);
	EXPECT_EQ(stats.submit_batches, 1);
}

/* ---- completions ---- */

TEST_AXES(blk_io__every_status_byte, kinds, NULL)
{
	struct blk_bench *bench = begin();
	struct vblk_queue_stats stats;
	struct vblk_irq_stats irq;

	for (unsigned status = 0; status < 256; status++) {
		struct vblk_request request = blk_request(VBLK_READ, status, 1, 512);
		struct vblk_completion completion;

		blk_send(bench, &request);
		EXPECT(blk_pop(bench));
		blk_complete(bench, &bench->chain, (uint8_t)status, 513);
		completion = blk_reap_one(bench);
		EXPECT_EQ(completion.result, status == 0   ? ORION_OK
					     : status == 2 ? ORION_DEVICE_UNSUPPORTED
							   : ORION_IO_ERROR);
		EXPECT_EQ(completion.cookie, request.cookie);
	}
	vblk_queue_stats(bench->queue, &stats, &irq);
	EXPECT_EQ(stats.completed, 256);
	EXPECT_EQ(stats.failed, 255);
	EXPECT_EQ(stats.status_unwritten, 1);
}

/* Status left unwritten by the device, in a slot whose last request ended well. */
TEST_AXES(blk_io__forgotten_status_is_an_error, kinds, NULL)
{
	struct blk_bench *bench = begin();
	struct vblk_request request = blk_request(VBLK_READ, 5, 1, 512);

	for (unsigned i = 0; i < 200; i++) {
		blk_send(bench, &request);
		EXPECT(blk_pop(bench));
		if (i % 2 == 0)
			*blk_status(bench, &bench->chain) = 0;
		hand_push(&bench->hand, bench->chain.id, 513, bench->chain.slots);
		EXPECT_EQ(blk_reap_one(bench).result, i % 2 == 0 ? ORION_OK : ORION_IO_ERROR);
	}
}

TEST_AXES(blk_io__written_is_clamped_to_what_was_lent, kinds, NULL)
{
	static const struct {
		uint8_t operation;
		uint32_t used, written;
		bool odd;
	} rows[] = {
		{VBLK_READ, 0, 0, false},
		{VBLK_READ, 1, 0, false},
		{VBLK_READ, 2, 1, false},
		{VBLK_READ, 1025, 1024, false},
		{VBLK_READ, 1026, 1024, true},
		{VBLK_READ, 0x80000000, 1024, true},
		{VBLK_READ, 0xffffffff, 1024, true},
		{VBLK_WRITE, 1, 0, false},
		{VBLK_WRITE, 0, 0, false},
		{VBLK_WRITE, 2, 0, true},
		{VBLK_WRITE, 0xffffffff, 0, true},
		{VBLK_FLUSH, 1, 0, false},
		{VBLK_FLUSH, 2, 0, true},
	};
	struct blk_bench *bench = begin();
	struct vblk_queue_stats stats;
	struct vblk_irq_stats irq;
	unsigned odd = 0;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool flush = rows[i].operation == VBLK_FLUSH;
		struct vblk_request request = blk_request(rows[i].operation, 0, flush ? 0 : 2, 512);

		blk_send(bench, &request);
		EXPECT(blk_pop(bench));
		blk_complete(bench, &bench->chain, 0, rows[i].used);
		EXPECT_EQ(blk_reap_one(bench).value, rows[i].written);
		odd += rows[i].odd;
		vblk_queue_stats(bench->queue, &stats, &irq);
		EXPECT_EQ(stats.used_length_odd, odd);
	}
}

/* Four in flight, completed in every order: the error falls on the right cookie. */
TEST_AXES(blk_io__status_belongs_to_the_id, kinds, NULL)
{
	for (unsigned code = 0; code < 256; code++) {
		unsigned order[4] = {code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6};
		struct hand_chain chains[4];
		struct vblk_completion done[8];
		static struct blk_bench *bench;

		if (code == 0)
			bench = begin();
		if ((1u << order[0] | 1u << order[1] | 1u << order[2] | 1u << order[3]) != 15)
			continue;
		for (unsigned i = 0; i < 4; i++) {
			struct vblk_request request = blk_request(VBLK_READ, 10 + i, 1, 512);

			blk_send(bench, &request);
			EXPECT(blk_pop(bench));
			chains[i] = bench->chain;
		}
		for (unsigned i = 0; i < 4; i++)
			blk_complete(bench, &chains[order[i]], order[i] == code % 4, 513);
		EXPECT_EQ(vblk_reap(bench->queue, done, 8), 4);
		for (unsigned i = 0; i < 4; i++) {
			EXPECT_EQ(done[i].cookie, 1010 + order[i]);
			EXPECT_EQ(done[i].result, order[i] == code % 4 ? ORION_IO_ERROR : ORION_OK);
		}
	}
}

TEST_AXES(blk_io__reap_keeps_to_its_maximum, kinds, NULL)
{
	struct blk_bench *bench = begin();
	struct vblk_completion done[8];

	for (unsigned i = 0; i < 5; i++) {
		struct vblk_request request = blk_request(VBLK_READ, i, 1, 512);

		blk_send(bench, &request);
		EXPECT(blk_pop(bench));
		blk_complete(bench, &bench->chain, 0, 513);
	}
	EXPECT_EQ(vblk_reap(bench->queue, done, 0), 0);
	EXPECT_EQ(vblk_reap(bench->queue, done, 2), 2);
	EXPECT_EQ(done[1].cookie, 1001);
	EXPECT_EQ(vblk_in_flight(bench->queue), 3);
	EXPECT_EQ(vblk_reap(bench->queue, done, 8), 3);
	EXPECT_EQ(done[2].cookie, 1004);
	EXPECT_EQ(vblk_reap(bench->queue, done, 8), 0);
}

/* Fills the queue to the last slot; what does not fit is not taken, and not lost. */
TEST_AXES(blk_io__full_queue, kinds, NULL)
{
	struct blk_bench *bench = begin();
	unsigned depth = vblk_info(bench->world->device)->queue_depth, taken = 0, laps = 3;
	struct vblk_completion done[64];

	while (laps-- > 0) {
		for (taken = 0; taken <= depth; taken++) {
			struct vblk_request request = blk_request(VBLK_READ, taken, 1, 512);

			if (vblk_submit(bench->queue, &request, 1) == 0)
				break;
		}
		EXPECT_EQ(taken, depth);
		EXPECT_EQ(vblk_refusal(bench->queue), ORION_NO_ROOM);
		EXPECT_EQ(vblk_in_flight(bench->queue), depth);
		(void)vblk_kick(bench->queue);
		while (blk_pop(bench))
			blk_complete(bench, &bench->chain, 0, 513);
		EXPECT_EQ(vblk_reap(bench->queue, done, 64), depth);
		for (unsigned i = 0; i < depth; i++)
			EXPECT_EQ(done[i].cookie, 1000 + i);
	}
}

/* No more than the depth, though the ring has room: one by one, in batches, and short chains. */
TEST_AXES(blk_io__depth_is_kept, kinds, NULL)
{
	for (unsigned shape = 0; shape < 6; shape++) {
		struct blk_bench *bench = blk_bench_make(blk_kind_features() | FLUSH_F |
							 (shape % 2 == 0 ? 0 : BIT(35)));
		struct vblk_request requests[8];
		unsigned taken = 0, now;

		bench->world->options.queue_depth = 5;
		blk_bench_open(bench);
		EXPECT_EQ(vblk_info(bench->world->device)->queue_depth, 5);
		for (unsigned i = 0; i < 8; i++)
			requests[i] = shape < 2 ? blk_request(VBLK_FLUSH, 0, 0, 0)
						: blk_request(VBLK_READ, i, 1, 512);
		while ((now = vblk_submit(bench->queue, requests, shape < 4 ? 1 : 8)) != 0)
			taken += now;
		EXPECT_EQ(taken, 5);
		EXPECT_EQ(vblk_refusal(bench->queue), ORION_NO_ROOM);
		EXPECT_EQ(vblk_in_flight(bench->queue), 5);
	}
}

/* Long chains use up the descriptors before the slots. */
TEST_AXES(blk_io__full_of_long_chains, kinds, NULL)
{
	struct blk_bench *bench = begin();
	bool direct = (test_choice(&blk_kinds) & 1) == 0;
	struct vblk_request request = blk_request(VBLK_READ, 1, 12, 512);
	unsigned taken = 0;

	while (vblk_submit(bench->queue, &request, 1) == 1)
		taken++;
	EXPECT_EQ(vblk_refusal(bench->queue), ORION_NO_ROOM);
	EXPECT_EQ(taken, direct ? 4 : vblk_info(bench->world->device)->queue_depth);
}

/* After each fetch everything that the driver wrote is overwritten: rings, headers, tables. */
TEST_AXES(blk_io__nothing_is_read_back, kinds, NULL)
{
	struct blk_bench *bench = begin();
	const struct orion_region *region = &bench->fake->regions[0];
	struct hand_chain held[8];
	unsigned held_count = 0, sent = 0, back = 0;
	uint64_t outstanding = 0;

	for (unsigned round = 0; round < 4000; round++) {
		if (held_count < 8 && test_random_below(2) == 0 && sent < 2000) {
			struct vblk_request request =
				blk_request(sent % 3 == 0, sent % 2000,
					    1 + (unsigned)test_random_below(3), 512);

			if (vblk_submit(bench->queue, &request, 1) == 0)
				continue;
			(void)vblk_kick(bench->queue);
			/*
			 * Tables persist from request to request: what the driver writes now is
			 * seen.
			 */
			held[held_count].id = UINT16_MAX;
			outstanding += 1000 + sent++ % 2000;
			if (bench->hand.packed)
				EXPECT(hand_pop(&bench->hand, &held[held_count]));
			else
				held[held_count].id = (uint16_t)hand_get(
					bench->hand.driver + 4 +
						2 * (bench->hand.seen++ % bench->hand.size),
					2);
			held[held_count].slots = bench->hand.packed ? held[held_count].slots : 1;
			held_count++;
		} else if (held_count > 0) {
			unsigned which = (unsigned)test_random_below(held_count);
			struct hand_chain chain = held[which];
			size_t begin_at = bench->queue->cells_offset;
			uint8_t *cpu = region->cpu;

			/* In a packed ring with tables all of the ring but the flags, too. */
			hand_garble(&bench->hand);
			for (size_t i = begin_at; i < region->bytes && !bench->hand.packed; i++)
				cpu[i] = (uint8_t)test_random();
			cpu[begin_at + (size_t)bench->queue->cell_bytes * chain.id + 16] = 0;
			held[which] = held[--held_count];
			hand_push(&bench->hand, chain.id, 1, chain.slots);
			outstanding -= blk_reap_one(bench).cookie;
			back++;
		}
		EXPECT_EQ(vblk_in_flight(bench->queue), held_count);
	}
	while (held_count > 0) {
		held_count--;
		vblk_slot_at(bench->queue, held[held_count].id)->cell->status = 0;
		hand_push(&bench->hand, held[held_count].id, 1, held[held_count].slots);
		outstanding -= blk_reap_one(bench).cookie;
		back++;
	}
	EXPECT_EQ(outstanding, 0);
	EXPECT_EQ(back, sent);
	EXPECT_EQ(vblk_state_get(bench->world->device), VBLK_LIVE);
}

/* ---- false claims ---- */

static void
expect_broken(struct blk_bench *bench, vblk_cause cause)
{
	struct vblk_request request = blk_request(VBLK_READ, 1, 1, 512);
	struct vblk_completion done[4];

	EXPECT_EQ(vblk_reap(bench->queue, done, 4), 0);
	EXPECT_EQ(vblk_state_get(bench->world->device), VBLK_BROKEN);
	EXPECT_EQ(vblk_cause_get(bench->world->device), cause);
	EXPECT_EQ(bench->fake->reports[ORION_EVENT_DEVICE_BROKEN], 1);
	EXPECT_EQ(bench->fake->report[ORION_EVENT_DEVICE_BROKEN][0], cause);
	EXPECT_EQ(vblk_submit(bench->queue, &request, 1), 0);
	EXPECT_EQ(vblk_refusal(bench->queue), ORION_DEVICE_BROKEN);
	EXPECT_EQ(vblk_kick(bench->queue), false);
	vblk_kick_always(bench->queue);
	vblk_disarm(bench->queue);
	EXPECT_EQ(vblk_reap(bench->queue, done, 4), 0);
	EXPECT_EQ(vblk_in_flight(bench->queue), 2);
	EXPECT_EQ(vblk_stop(bench->world->device), ORION_OK);
	EXPECT_EQ(vblk_reap(bench->queue, done, 4), 2);
	EXPECT_EQ(done[0].cookie + done[1].cookie, 2003);
	EXPECT_EQ(done[0].result, ORION_OUTCOME_UNKNOWN);
	EXPECT_EQ(done[1].result, ORION_OUTCOME_UNKNOWN);
	EXPECT_EQ(vblk_reap(bench->queue, done, 4), 0);
	EXPECT_EQ(vblk_in_flight(bench->queue), 0);
	vblk_close(bench->world->device);
	fake_expect_empty(bench->world);
}

/* Packed: ids are 16 bits wide, and there is no index. */
static bool
is_split(void)
{
	return test_choice(&blk_kinds) < 2;
}

static struct blk_bench *
two_in_flight(void)
{
	struct blk_bench *bench = begin();

	for (unsigned i = 1; i <= 2; i++) {
		struct vblk_request request = blk_request(VBLK_READ, i, 1, 512);

		blk_send(bench, &request);
		EXPECT(blk_pop(bench));
	}
	return bench;
}

TEST_AXES(blk_io__forged_ids_break_the_queue, kinds, NULL)
{
	static const uint32_t claims[] = {64, 65, 255, 0x7fff, 0x8000, 0xffff};
	struct blk_bench *bench;

	for (unsigned i = 0; i < 6; i++) {
		bench = two_in_flight();
		hand_push(&bench->hand, claims[i], 513, 1);
		expect_broken(bench, VBLK_CAUSE_ID_RANGE);
	}
	bench = two_in_flight();
	hand_push(&bench->hand, 63, 513, 1);
	expect_broken(bench, VBLK_CAUSE_ID_FREE);
}

TEST_AXES(blk_io__forged_wide_ids_break_the_queue, kinds, is_split)
{
	struct blk_bench *bench = two_in_flight();

	hand_push(&bench->hand, bench->chain.id | 0x10000u, 513, 1);
	expect_broken(bench, VBLK_CAUSE_ID_RANGE);
}

TEST_AXES(blk_io__used_index_leaps, kinds, is_split)
{
	static const uint16_t leaps[] = {3, 64, 0x8000, 0xffff};

	for (unsigned i = 0; i < 4; i++) {
		struct blk_bench *bench = two_in_flight();

		hand_index(&bench->hand, leaps[i]);
		expect_broken(bench, VBLK_CAUSE_INDEX_LEAP);
	}
}

/* The good completion before the false one is given, once; the one that was used twice breaks. */
TEST_AXES(blk_io__completed_twice, kinds, NULL)
{
	struct blk_bench *bench = two_in_flight();
	struct vblk_completion done[4];

	blk_complete(bench, &bench->chain, 0, 513);
	hand_push(&bench->hand, bench->chain.id, 513, bench->chain.slots);
	EXPECT_EQ(vblk_reap(bench->queue, done, 4), 1);
	EXPECT_EQ(done[0].cookie, 1002);
	EXPECT_EQ(vblk_cause_get(bench->world->device), VBLK_CAUSE_ID_FREE);
	EXPECT_EQ(vblk_stop(bench->world->device), ORION_OK);
	EXPECT_EQ(vblk_reap(bench->queue, done, 4), 1);
	EXPECT_EQ(done[0].cookie, 1001);
}

/* ---- notifications ---- */

TEST_AXES(blk_io__kick_only_for_news, kinds, NULL)
{
	struct blk_bench *bench = begin();
	struct vblk_request request = blk_request(VBLK_READ, 1, 1, 512);

	hand_want_kicks(&bench->hand, true);
	EXPECT_EQ(vblk_kick(bench->queue), false);
	EXPECT_EQ(vblk_submit(bench->queue, &request, 1), 1);
	EXPECT_EQ(vblk_kick(bench->queue), true);
	EXPECT_EQ(bench->fake->kicks, 1);
	EXPECT_EQ(vblk_kick(bench->queue), false);
	hand_want_kicks(&bench->hand, false);
	EXPECT_EQ(vblk_submit(bench->queue, &request, 1), 1);
	EXPECT_EQ(vblk_kick(bench->queue), false);
	EXPECT_EQ(bench->fake->kicks, 1);
	vblk_kick_always(bench->queue);
	EXPECT_EQ(bench->fake->kicks, 2);
	hand_want_kicks(&bench->hand, true);
	EXPECT_EQ(vblk_submit(bench->queue, &request, 1), 1);
	vblk_kick_always(bench->queue);
	EXPECT_EQ(bench->fake->kicks, 3);
	EXPECT(blk_pop(bench) && blk_pop(bench) && blk_pop(bench));
}

TEST_AXES(blk_io__without_batches_each_request_is_kicked, kinds, NULL)
{
	struct blk_bench *bench = blk_bench_make(blk_kind_features());
	struct vblk_request batch[3] = {blk_request(VBLK_READ, 1, 1, 512),
					blk_request(VBLK_READ, 2, 1, 512),
					blk_request(VBLK_READ, 3, 1, 100)};

	bench->world->options.batch_processing = false;
	blk_bench_open(bench);
	EXPECT_EQ(vblk_submit(bench->queue, batch, 3), 2);
	EXPECT_EQ(vblk_refusal(bench->queue), ORION_MISALIGNED);
	EXPECT_EQ(bench->fake->kicks, 2);
}

TEST_AXES(blk_io__event_index_saves_kicks, kinds, NULL)
{
	struct blk_bench *bench = blk_bench_make(blk_kind_features() | BIT(29));
	struct vblk_request request = blk_request(VBLK_READ, 1, 1, 512);
	struct vblk_queue_stats stats;
	struct vblk_irq_stats irq;
	unsigned step;

	blk_bench_open(bench);
	step = test_choice(&blk_kinds) == 2 ? 3 : 1;
	for (unsigned i = 0; i < 9; i++) {
		/* The third, sixth and ninth are asked for. */
		uint16_t event = (uint16_t)((i / 3 * 3 + 2) * step);

		hand_want_event(&bench->hand, bench->hand.packed ? event | 0x8000 : event);
		EXPECT_EQ(vblk_submit(bench->queue, &request, 1), 1);
		EXPECT_EQ(vblk_kick(bench->queue), i % 3 == 2);
	}
	vblk_queue_stats(bench->queue, &stats, &irq);
	EXPECT_EQ(stats.kicks, 3);
	EXPECT_EQ(stats.kicks_saved, 6);
	EXPECT_EQ(bench->fake->kicks, 3);
}

TEST_AXES(blk_io__arm_says_what_there_is, kinds, NULL)
{
	struct blk_bench *bench = begin();
	struct vblk_request request = blk_request(VBLK_READ, 1, 1, 512);
	struct vblk_completion done[2];

	EXPECT_EQ(vblk_arm(bench->queue), true);
	EXPECT_EQ(hand_driver_flags(&bench->hand) >> (bench->hand.packed ? 16 : 0), 0);
	vblk_disarm(bench->queue);
	blk_send(bench, &request);
	EXPECT(blk_pop(bench));
	blk_complete(bench, &bench->chain, 0, 513);
	EXPECT_EQ(vblk_arm(bench->queue), false);
	EXPECT_EQ(vblk_reap(bench->queue, done, 2), 1);
	EXPECT_EQ(vblk_arm(bench->queue), true);
}

/* "You may sleep" is never said where nobody would wake: without interrupts, on a latched queue. */
TEST_AXES(blk_io__arm_never_sends_to_sleep_for_good, kinds, NULL)
{
	struct blk_bench *bench = blk_bench_make(blk_kind_features());
	struct vblk_request request = blk_request(VBLK_READ, 1, 1, 512);
	struct vblk_completion done[2];
	uint32_t flags;

	bench->fake->port.irq_attach = NULL;
	blk_bench_open(bench);
	flags = hand_driver_flags(&bench->hand);
	EXPECT_EQ(vblk_info(bench->world->device)->irq_mode, VIRTIO_IRQ_POLLED);
	EXPECT_EQ(vblk_arm(bench->queue), false);
	blk_send(bench, &request);
	EXPECT_EQ(vblk_arm(bench->queue), false);
	EXPECT_EQ(hand_driver_flags(&bench->hand), flags); /* asks for none either */

	bench = begin();
	blk_send(bench, &request);
	EXPECT_EQ(vblk_arm(bench->queue), true);
	EXPECT(blk_pop(bench));
	hand_push(&bench->hand, 0x7fff, 513, 1);
	EXPECT_EQ(vblk_reap(bench->queue, done, 2), 0);
	EXPECT_EQ(vblk_state_get(bench->world->device), VBLK_BROKEN);
	EXPECT_EQ(vblk_arm(bench->queue), false);
	EXPECT_EQ(vblk_stop(bench->world->device), ORION_OK);
	EXPECT_EQ(vblk_arm(bench->queue), false);
	EXPECT_EQ(vblk_reap(bench->queue, done, 2), 1);
	EXPECT_EQ(vblk_arm(bench->queue), false);
}

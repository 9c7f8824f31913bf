/* SPDX-License-Identifier: MIT */
/* VIRTIO_F_IN_ORDER in the model, both rings: batches, skipped entries, and lies about them. */
#include "test/unit/model_bench.h"

static void
start(struct bench *b, struct model_options *o, uint16_t size, uint64_t features)
{
	o->features |= F_IN_ORDER;
	o->queue_size = size;
	bench_start(b, o, F_VERSION_1 | F_IN_ORDER | features);
}

static void
offer_split(struct bench *b, unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++) {
		split_chain(b, i, 0, i, 512);
		split_offer(b, i, 3 * i);
	}
}

static void
finish(struct bench *b)
{
	EXPECT_STR(model_host_stats(b->host)->first_breach, "");
	bench_end(b);
}

/* Without batches each request has its entry, whatever the order of fetching. */
TEST(model_in_order__split_one_each)
{
	for (unsigned order = 0; order < 3; order++) {
		struct model_options o;
		struct bench b;

		model_options_default(&o);
		o.order = (model_order)order;
		start(&b, &o, 32, 0);
		offer_split(&b, 0, 8);
		bench_run(&b);
		EXPECT_EQ(split_used(&b), 8);
		for (unsigned i = 0; i < 8; i++) {
			EXPECT_EQ(split_used_id(&b, i), 3 * i);
			EXPECT_EQ(split_used_length(&b, i), 513);
			EXPECT_EQ(bench_status(&b, i), 0);
		}
		finish(&b);
	}
}

/* A device that could batch does not unless the feature was negotiated. */
TEST(model_in_order__no_batches_without_the_feature)
{
	struct model_options o;
	struct bench b;

	model_options_default(&o);
	o.features |= F_IN_ORDER;
	o.queue_size = 16;
	o.batch = 4;
	o.order = MODEL_ORDER_REVERSED;
	bench_start(&b, &o, F_VERSION_1);
	offer_split(&b, 0, 4);
	bench_run(&b);
	EXPECT_EQ(model_device_stats(b.device)->batch_longest, 1);
	for (unsigned i = 0; i < 4; i++)
		EXPECT_EQ(split_used_id(&b, i), 3 * (3 - i));
	finish(&b);
}

/* One entry, with the last head, at the place of the batch's first; the rest is not written. */
TEST(model_in_order__split_batch)
{
	struct model_options o;
	struct bench b;

	model_options_default(&o);
	o.batch = 4;
	start(&b, &o, 32, 0);
	offer_split(&b, 0, 6);
	bench_run(&b);
	EXPECT_EQ(split_used(&b), 6);
	EXPECT_EQ(split_used_id(&b, 0), 3 * 3);
	EXPECT_EQ(split_used_length(&b, 0), 513);
	for (unsigned i = 1; i < 4; i++)
		EXPECT_EQ(split_used_length(&b, i), 0);
	EXPECT_EQ(split_used_id(&b, 4), 3 * 5);
	EXPECT_EQ(split_used_length(&b, 5), 0);
	for (unsigned i = 0; i < 6; i++)
		EXPECT_EQ(bench_status(&b, i), 0);
	EXPECT_EQ(model_device_stats(b.device)->completed, 6);
	EXPECT_EQ(model_device_stats(b.device)->batch_longest, 4);
	finish(&b);
}

/* An event index that falls on a skipped entry is passed all the same. */
TEST(model_in_order__split_event_in_a_batch)
{
	struct model_options o;
	struct bench b;

	model_options_default(&o);
	o.batch = 4;
	start(&b, &o, 32, F_EVENT);
	put16(b.ring.cpu, b.driver + 4 + 2 * 32, 2);
	offer_split(&b, 0, 4);
	bench_run(&b);
	EXPECT_EQ(split_used(&b), 4);
	EXPECT_EQ(b.interrupts, 1);
	offer_split(&b, 4, 4);
	bench_run(&b);
	EXPECT_EQ(b.interrupts, 1);
	finish(&b);
}

/* Descriptors must come in ring order, from 0 on, round the end. */
TEST(model_in_order__split_descriptors_in_ring_order)
{
	struct model_options o;
	struct bench b;

	model_options_default(&o);
	start(&b, &o, 4, 0);
	for (unsigned i = 0; i < 9; i++) {
		unsigned d = 3 * i;

		bench_header(&b, 0, 0, 0);
		split_desc(&b.ring, 16 * (d % 4), b.data.device + header_at(0), 16, NEXT,
			   (d + 1) % 4);
		split_desc(&b.ring, 16 * ((d + 1) % 4), b.data.device + data_at(0), 512,
			   NEXT | WRITE, (d + 2) % 4);
		split_desc(&b.ring, 16 * ((d + 2) % 4), b.data.device + status_at(0), 1, WRITE, 0);
		split_offer(&b, i, d % 4);
		bench_run(&b);
		EXPECT_EQ(split_used(&b), i + 1);
	}
	EXPECT_STR(model_host_stats(b.host)->first_breach, "");
	bench_end(&b);

	model_options_default(&o);
	start(&b, &o, 8, 0);
	split_chain(&b, 1, 0, 0, 512); /* at descriptor 3 */
	split_offer(&b, 0, 3);
	bench_run(&b);
	EXPECT_EQ(model_host_stats(b.host)->breaches[MODEL_BREACH_DESC_ORDER], 1);
	bench_end(&b);
}

TEST(model_in_order__packed_batch)
{
	struct model_options o;
	struct bench b;

	model_options_default(&o);
	o.batch = 3;
	o.order = MODEL_ORDER_REVERSED;
	start(&b, &o, 14, F_PACKED);
	for (unsigned i = 0; i < 4; i++)
		packed_chain(&b, i, 3 * i, true, 10 + i);
	bench_run(&b);
	EXPECT(packed_is_used(&b, 0, true));
	EXPECT_EQ(get16(b.ring.cpu, 12), 12);
	for (unsigned slot = 1; slot < 9; slot++)
		EXPECT(!packed_is_used(&b, slot, true));
	EXPECT(packed_is_used(&b, 9, true));
	EXPECT_EQ(get16(b.ring.cpu, 16 * 9 + 12), 13);
	for (unsigned i = 0; i < 4; i++)
		EXPECT_EQ(bench_status(&b, i), 0);
	/* The next lies where the last left off, over the end. */
	packed_chain(&b, 0, 12, true, 7);
	bench_run(&b);
	EXPECT(packed_is_used(&b, 12, true));
	EXPECT_EQ(get16(b.ring.cpu, 16 * 12 + 12), 7);
	finish(&b);
}

static const struct test_axis sizes = {"size", {"3", "5", "7", "100", "1000"}};
static const struct test_axis batches = {"batch", {"1", "2", "5"}};
static const struct test_axis *const lap_axes[] = {&sizes, &batches, NULL};

/*
 * As many requests as the ring holds, lap after lap: used entries stand where batches began, name
 * their ends, and add up.
 */
TEST_AXES(model_in_order__packed_laps, lap_axes, NULL)
{
	static const uint16_t size_values[] = {3, 5, 7, 100, 1000};
	static const uint16_t batch_values[] = {1, 2, 5};
	unsigned size = size_values[test_choice(&sizes)], slot = 0, used = 0, done = 0, added = 0;
	bool wrap = true, used_wrap = true;
	struct model_options o;
	struct bench b;

	model_options_default(&o);
	o.batch = batch_values[test_choice(&batches)];
	o.order = MODEL_ORDER_SHUFFLED;
	start(&b, &o, (uint16_t)size, F_PACKED);
	for (unsigned round = 0; round < 40; round++) {
		for (unsigned free = size; free >= 3 && added - done < 60; free -= 3) {
			packed_chain(&b, added % 60, slot, wrap, added % 60);
			added++;
			wrap = slot + 3 >= size ? !wrap : wrap;
			slot = (slot + 3) % size;
		}
		bench_run(&b);
		while (done < added) {
			unsigned count = 1;

			EXPECT(packed_is_used(&b, used, used_wrap));
			while ((done + count - 1) % 60 != get16(b.ring.cpu, 16 * used + 12))
				EXPECT(++count <= added - done);
			EXPECT(count <= o.batch);
			used_wrap = used + 3 * count >= size ? !used_wrap : used_wrap;
			used = (used + 3 * count) % size;
			done += count;
		}
	}
	EXPECT_EQ(model_device_stats(b.device)->completed, added);
	EXPECT_EQ(model_device_stats(b.device)->batch_longest, size < 6             ? 1
							       : o.batch < size / 3 ? o.batch
										    : size / 3);
	finish(&b);
}

/* ---- lies ---- */

/* Five requests, of which the device does two at a time, with trick WHAT at the Nth occasion. */
static void
start_lie(struct bench *b, model_mischief what, unsigned after, uint64_t features)
{
	struct model_options o;

	model_options_default(&o);
	o.batch = 2;
	o.order = MODEL_ORDER_REVERSED;
	o.tricks[0] = (struct model_trick){what, after, 1, 0};
	start(b, &o, 16, features);
	for (unsigned i = 0; i < 5; i++) {
		if (features & F_PACKED)
			packed_chain(b, i, 3 * i, true, 20 + i);
		else
			offer_split(b, i, 1);
	}
	bench_run(b);
	EXPECT_EQ(model_device_stats(b->device)->mischief, 1);
}

TEST(model_in_order__lies_split)
{
	struct bench b;

	start_lie(&b, MODEL_MISCHIEF_ORDER_AHEAD, 0, 0);
	EXPECT_EQ(split_used_id(&b, 0), 6); /* the third, in place of the second */
	EXPECT_EQ(split_used_id(&b, 2), 9);
	EXPECT_EQ(split_used(&b), 5);
	finish(&b);

	start_lie(&b, MODEL_MISCHIEF_ORDER_STALE, 0, 0);
	EXPECT_EQ(split_used_id(&b, 0), 3);
	EXPECT_EQ(split_used_id(&b, 2), 3); /* once more, in place of 9 */
	EXPECT_EQ(split_used_id(&b, 4), 12);
	finish(&b);

	start_lie(&b, MODEL_MISCHIEF_BATCH_LONG, 0, 0);
	EXPECT_EQ(split_used_id(&b, 0), 3);
	EXPECT_EQ(split_used_id(&b, 3), 9); /* at 3, where 2 was its place */
	EXPECT_EQ(split_used(&b), 6);
	finish(&b);

	start_lie(&b, MODEL_MISCHIEF_BATCH_SKIPS, 1, 0);
	EXPECT_EQ(split_used(&b), 5);
	for (unsigned i = 0; i < 5; i++)
		EXPECT_EQ(bench_status(&b, i), i == 2 ? 0xff : 0);
	finish(&b);
}

TEST(model_in_order__lies_packed)
{
	struct bench b;

	start_lie(&b, MODEL_MISCHIEF_ORDER_AHEAD, 0, F_PACKED);
	EXPECT_EQ(get16(b.ring.cpu, 12), 22);
	EXPECT_EQ(get16(b.ring.cpu, 16 * 6 + 12), 23);
	finish(&b);

	start_lie(&b, MODEL_MISCHIEF_ORDER_STALE, 0, F_PACKED);
	EXPECT_EQ(get16(b.ring.cpu, 12), 21);
	EXPECT_EQ(get16(b.ring.cpu, 16 * 6 + 12), 21);
	finish(&b);

	start_lie(&b, MODEL_MISCHIEF_BATCH_LONG, 0, F_PACKED);
	EXPECT(!packed_is_used(&b, 6, true));
	EXPECT(packed_is_used(&b, 7, true)); /* one slot too far */
	bench_end(&b);

	start_lie(&b, MODEL_MISCHIEF_BATCH_SKIPS, 0, F_PACKED);
	for (unsigned i = 0; i < 5; i++)
		EXPECT_EQ(bench_status(&b, i), i == 0 ? 0xff : 0);
	finish(&b);
}

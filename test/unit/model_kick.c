/* SPDX-License-Identifier: MIT */
/* Notification data in the model: what a kick must say, and that anything else is a breach. */
#include "test/unit/model_bench.h"

static void
start(struct bench *b, uint16_t size, uint64_t features)
{
	struct model_options o;

	model_options_default(&o);
	o.features |= F_POSITION;
	o.queue_size = size;
	bench_start(b, &o, F_VERSION_1 | F_POSITION | features);
	EXPECT_EQ(b->bell.position, true);
	EXPECT_EQ(b->bell.width, 4);
	EXPECT_EQ(b->bell.value, 0);
}

static void
kick(struct bench *b, unsigned number, unsigned position)
{
	b->t.ops->notify(b->t.context, 0, number | (uint32_t)position << 16);
	EXPECT(model_host_run(b->host));
}

static unsigned
breaches(const struct bench *b, model_breach breach)
{
	return model_host_stats(b->host)->breaches[breach];
}

/* The avail index, all 16 bits of it, also beyond 32,767 and round 65,535. */
TEST(model_kick__split)
{
	struct bench b;

	start(&b, 4, 0);
	split_chain(&b, 0, 0, 1, 512);
	for (unsigned i = 0; i < 66000; i++) {
		split_offer(&b, i, 0);
		kick(&b, 0, (i + 1) & 0xffff);
		EXPECT_EQ(split_used(&b), (i + 1) & 0xffff);
	}
	/* Again, with nothing new: the same. */
	kick(&b, 0, 66000 & 0xffff);
	EXPECT_STR(model_host_stats(b.host)->first_breach, "");

	kick(&b, 0, (66000 & 0xffff) + 1);
	EXPECT_EQ(breaches(&b, MODEL_BREACH_KICK_POSITION), 1);
	kick(&b, 0, (66000 & 0xffff) | 0x8000);
	EXPECT_EQ(breaches(&b, MODEL_BREACH_KICK_POSITION), 2);
	kick(&b, 1, 66000 & 0xffff);
	EXPECT_EQ(breaches(&b, MODEL_BREACH_KICK_NUMBER), 1);
	EXPECT_EQ(model_host_stats(b.host)->breach_total, 3);
	bench_end(&b);
}

static const struct test_axis sizes = {"size", {"3", "4", "5", "7", "100", "1000"}};
static const struct test_axis *const size_axes[] = {&sizes, NULL};

/* The next slot and its wrap counter, lap after lap, with up to the whole ring unlooked at. */
TEST_AXES(model_kick__packed, size_axes, NULL)
{
	static const uint16_t values[] = {3, 4, 5, 7, 100, 1000};
	unsigned size = values[test_choice(&sizes)], slot = 0, lists = size / 3;
	bool wrap = true;
	struct bench b;

	start(&b, (uint16_t)size, F_PACKED);
	for (unsigned round = 0; round < 300; round++) {
		unsigned count = 1 + round % (lists < 60 ? lists : 60);

		for (unsigned i = 0; i < count; i++) {
			packed_chain(&b, i, slot, wrap, i);
			wrap = slot + 3 >= size ? !wrap : wrap;
			slot = (slot + 3) % size;
		}
		kick(&b, 0, slot | (wrap ? 0x8000u : 0));
	}
	EXPECT_STR(model_host_stats(b.host)->first_breach, "");
	kick(&b, 0, slot | (wrap ? 0 : 0x8000u));
	EXPECT_EQ(breaches(&b, MODEL_BREACH_KICK_POSITION), 1);
	kick(&b, 0, (slot + 1) % size | (wrap ? 0x8000u : 0));
	EXPECT_EQ(breaches(&b, MODEL_BREACH_KICK_POSITION), 2);
	bench_end(&b);
}

/* Without the feature a kick is the queue's number and nothing else. */
TEST(model_kick__without_the_feature)
{
	struct model_options o;
	struct bench b;

	model_options_default(&o);
	o.features |= F_POSITION | F_NUMBER;
	bench_start(&b, &o, F_VERSION_1);
	EXPECT_EQ(b.t.ops->features_get(b.t.context) & F_NUMBER, 0);
	EXPECT_EQ(b.bell.position, false);
	EXPECT_EQ(b.bell.width, 2);
	kick(&b, 0, 0);
	EXPECT_EQ(model_host_stats(b.host)->breach_total, 0);
	kick(&b, 0, 1);
	EXPECT_EQ(breaches(&b, MODEL_BREACH_KICK_NUMBER), 1);
	bench_end(&b);
}

/* SPDX-License-Identifier: MIT */
/* The reset of one queue in the model: what ends, what stays, what a faulty one does. */
#include "test/unit/model_bench.h"

static void
start(struct bench *b, struct model_options *o, uint64_t features)
{
	o->features |= F_RING_RESET | F_IN_ORDER;
	o->queue_size = 16;
	o->order = MODEL_ORDER_REVERSED;
	bench_start(b, o, F_VERSION_1 | F_RING_RESET | features);
}

static void
reset(struct bench *b)
{
	b->t.ops->queue_reset(b->t.context, 0);
}

static bool
resetting(struct bench *b)
{
	return b->t.ops->queue_resetting(b->t.context, 0);
}

/* Zeroes the ring, as a driver must, and enables the queue again. */
static orion_status
enable(struct bench *b)
{
	memset(b->ring.cpu, 0, b->ring.bytes);
	return b->t.ops->queue_enable(b->t.context, 0, &b->setup, &b->bell);
}

static unsigned
breaches(const struct bench *b, model_breach breach)
{
	return model_host_stats(b->host)->breaches[breach];
}

/* Four requests, held; packed or split, all at once. */
static void
offer(struct bench *b, bool packed)
{
	for (unsigned i = 0; i < 4; i++) {
		if (packed) {
			packed_chain(b, i, 3 * i, true, i);
		} else {
			split_chain(b, i, 0, i, 512);
			split_offer(b, i, 3 * i);
		}
	}
}

static const struct test_axis layouts = {"layout", {"split", "packed"}};
static const struct test_axis *const layout_axes[] = {&layouts, NULL};

/* What was in flight is dropped for good; the queue begins anew from index and slot 0. */
TEST_AXES(model_reset__drops_and_starts_again, layout_axes, NULL)
{
	bool packed = test_choice(&layouts) == 1;
	struct model_options o;
	struct bench b;

	model_options_default(&o);
	o.held = true;
	start(&b, &o, packed ? F_PACKED : 0);
	offer(&b, packed);
	bench_run(&b);
	EXPECT_EQ(model_device_held(b.device), 4);
	EXPECT(!resetting(&b));
	EXPECT(model_device_enabled(b.device, 0));
	reset(&b);
	EXPECT(!resetting(&b));
	EXPECT(!model_device_enabled(b.device, 0));
	EXPECT_EQ(model_device_held(b.device), 0);
	EXPECT_EQ(model_device_stats(b.device)->queue_resets, 1);
	model_device_hold(b.device, false);
	EXPECT(model_host_run(b.host));
	for (unsigned i = 0; i < 4; i++)
		EXPECT_EQ(bench_status(&b, i), 0xff);
	EXPECT_EQ(b.interrupts, 0);

	EXPECT_EQ(enable(&b), ORION_OK);
	EXPECT(model_device_sleeps(b.device, 0));
	offer(&b, packed);
	bench_run(&b);
	for (unsigned i = 0; i < 4; i++)
		EXPECT_EQ(bench_status(&b, i), 0);
	if (packed)
		EXPECT(packed_is_used(&b, 0, true));
	else
		EXPECT_EQ(split_used(&b), 4);
	EXPECT_STR(model_host_stats(b.host)->first_breach, "");
	bench_end(&b);
}

/* So many looks find it resetting; meanwhile requests may still be carried out. */
TEST(model_reset__takes_its_time)
{
	struct model_options o;
	struct bench b;

	model_options_default(&o);
	o.reset_reads = 3;
	start(&b, &o, 0);
	offer(&b, false);
	b.t.ops->notify(b.t.context, 0, 0);
	reset(&b);
	EXPECT(resetting(&b));
	EXPECT(model_host_run(b.host));
	EXPECT_EQ(split_used(&b), 4);
	EXPECT(resetting(&b));
	EXPECT(resetting(&b));
	EXPECT(model_device_enabled(b.device, 0));
	EXPECT(!resetting(&b));
	EXPECT(!model_device_enabled(b.device, 0));
	EXPECT_EQ(enable(&b), ORION_OK);
	EXPECT_STR(model_host_stats(b.host)->first_breach, "");
	bench_end(&b);
}

TEST(model_reset__never_ends)
{
	struct model_options o;
	struct bench b;

	model_options_default(&o);
	o.tricks[0] = (struct model_trick){MODEL_MISCHIEF_QUEUE_RESET_STUCK, 0, 1, 0};
	start(&b, &o, 0);
	reset(&b);
	for (unsigned i = 0; i < 1000; i++)
		EXPECT(resetting(&b));
	/* A reset of the device ends it. */
	b.t.ops->status_set(b.t.context, 0);
	EXPECT(!resetting(&b));
	EXPECT(!model_device_enabled(b.device, 0));
	EXPECT_STR(model_host_stats(b.host)->first_breach, "");
	bench_end(&b);
}

/* A queue that says it was reset, and goes on: late data, and old ids in the new ring. */
TEST_AXES(model_reset__runs_on, layout_axes, NULL)
{
	bool packed = test_choice(&layouts) == 1;
	struct model_options o;
	struct bench b;

	model_options_default(&o);
	o.held = true;
	o.tricks[0] = (struct model_trick){MODEL_MISCHIEF_QUEUE_RESET_RUNS, 0, 1, 0};
	start(&b, &o, packed ? F_PACKED : 0);
	offer(&b, packed);
	bench_run(&b);
	reset(&b);
	EXPECT(!resetting(&b));
	EXPECT(!model_device_enabled(b.device, 0));
	EXPECT_EQ(enable(&b), ORION_OK);
	EXPECT(model_host_run(b.host));
	for (unsigned i = 0; i < 4; i++)
		EXPECT_EQ(bench_status(&b, i), 0);
	if (packed) {
		EXPECT(packed_is_used(&b, 0, true));
		EXPECT_EQ(get16(b.ring.cpu, 12), 3);
		EXPECT(packed_is_used(&b, 3, true));
	} else {
		EXPECT_EQ(split_used(&b), 4);
		EXPECT_EQ(split_used_id(&b, 0), 9);
	}
	bench_end(&b);
}

/* The same, and the memory is gone: nothing happens to it. */
TEST(model_reset__runs_on_without_memory)
{
	struct model_options o;
	struct bench b;

	model_options_default(&o);
	o.held = true;
	o.tricks[0] = (struct model_trick){MODEL_MISCHIEF_QUEUE_RESET_RUNS, 0, 1, 0};
	start(&b, &o, 0);
	offer(&b, false);
	bench_run(&b);
	reset(&b);
	model_host_port()->dma_free(b.host, &b.data);
	EXPECT_EQ(breaches(&b, MODEL_BREACH_FREED_LENT), 0);
	EXPECT(model_host_run(b.host));
	EXPECT_EQ(model_host_port()->dma_alloc(b.host, 65536, 4096, &b.data), ORION_OK);
	EXPECT_EQ(model_host_stats(b.host)->breach_total, 0);
	bench_end(&b);
}

TEST(model_reset__rules)
{
	struct model_options o;
	struct bench b;

	/* Not without the feature. */
	model_options_default(&o);
	o.queue_size = 16;
	bench_start(&b, &o, F_VERSION_1);
	reset(&b);
	EXPECT_EQ(breaches(&b, MODEL_BREACH_QUEUE_RESET), 1);
	EXPECT(model_device_enabled(b.device, 0));
	bench_end(&b);

	/* Not twice, not while it lasts; no kick and no enabling meanwhile. */
	model_options_default(&o);
	o.reset_reads = 1;
	start(&b, &o, 0);
	reset(&b);
	reset(&b);
	EXPECT_EQ(breaches(&b, MODEL_BREACH_QUEUE_RESET), 1);
	b.t.ops->notify(b.t.context, 0, 0);
	EXPECT_EQ(breaches(&b, MODEL_BREACH_KICK_EARLY), 1);
	EXPECT_EQ(b.t.ops->queue_enable(b.t.context, 0, &b.setup, &b.bell), ORION_DEVICE_REFUSED);
	EXPECT_EQ(breaches(&b, MODEL_BREACH_QUEUE_STATE), 1);
	EXPECT(resetting(&b));
	EXPECT(!resetting(&b));
	reset(&b);
	EXPECT_EQ(breaches(&b, MODEL_BREACH_QUEUE_RESET), 2);
	EXPECT_EQ(enable(&b), ORION_OK);
	EXPECT_EQ(enable(&b), ORION_DEVICE_REFUSED);
	EXPECT_EQ(breaches(&b, MODEL_BREACH_QUEUE_STATE), 2);
	b.t.ops->queue_reset(b.t.context, 9);
	EXPECT_EQ(breaches(&b, MODEL_BREACH_QUEUE_ABSENT), 1);
	bench_end(&b);
}

/* In order, a queue that was reset wants its descriptors from 0 on again. */
TEST(model_reset__order_starts_again)
{
	struct model_options o;
	struct bench b;

	model_options_default(&o);
	start(&b, &o, F_IN_ORDER);
	offer(&b, false);
	bench_run(&b);
	reset(&b);
	EXPECT(!resetting(&b));
	EXPECT_EQ(enable(&b), ORION_OK);
	offer(&b, false);
	bench_run(&b);
	EXPECT_EQ(split_used(&b), 4);
	EXPECT_STR(model_host_stats(b.host)->first_breach, "");
	bench_end(&b);
}

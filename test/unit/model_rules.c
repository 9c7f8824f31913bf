/* SPDX-License-Identifier: MIT */
/*
 * Rules of the handshake, of configuration and of queues that the model judges, and what it does
 * that devices may do: resets that take a while, a cache that loses what was not flushed.
 */
#include "test/unit/model_bench.h"

#define F_WRITEBACK (UINT64_C(1) << 11)
#define F_MQ (UINT64_C(1) << 12)

static unsigned
breaches(const struct bench *b, model_breach breach)
{
	return model_host_stats(b->host)->breaches[breach];
}

static void
status(const struct bench *b, uint8_t value)
{
	b->t.ops->status_set(b->t.context, value);
}

/* Nobody told the driver of bits 16, 32 and 64; what the device set itself may be written back. */
TEST(model_rules__status_bits)
{
	static const uint8_t unknown[] = {16, 32, 64};
	struct model_options o;
	struct bench b;

	model_options_default(&o);
	bench_negotiate(&b, &o, F_VERSION_1);
	for (unsigned i = 0; i < 3; i++) {
		status(&b, 11 | unknown[i]);
		EXPECT_EQ(breaches(&b, MODEL_BREACH_STATUS_UNKNOWN), i + 1);
		EXPECT_EQ(model_device_status(b.device), 11);
	}
	model_device_break(b.device);
	status(&b, 64 | 11);
	EXPECT_EQ(model_host_stats(b.host)->breach_total, 3);
	bench_end(&b);
}

TEST(model_rules__failed_is_the_end)
{
	struct model_options o;
	struct bench b;

	model_options_default(&o);
	bench_negotiate(&b, &o, F_VERSION_1);
	status(&b, 128 | 11);
	status(&b, 128 | 11);
	EXPECT_EQ(model_host_stats(b.host)->breach_total, 0);
	status(&b, 128 | 15);
	EXPECT_EQ(breaches(&b, MODEL_BREACH_STATUS_FAILED), 1);
	EXPECT_EQ(model_device_status(b.device), 128 | 11);
	status(&b, 0);
	status(&b, 1);
	EXPECT_EQ(model_device_status(b.device), 1);
	EXPECT_EQ(model_host_stats(b.host)->breach_total, 1);
	bench_end(&b);
}

/* Until the driver has seen 0 it may look, and ask again. */
TEST(model_rules__reset_takes_a_while)
{
	struct model_options o;
	struct bench b;

	model_options_default(&o);
	o.status_reads = 2;
	bench_negotiate(&b, &o, F_VERSION_1);
	EXPECT_EQ(bench_queue(&b, 8, false), ORION_OK);
	EXPECT_EQ(model_host_stats(b.host)->breach_total, 0);
	for (unsigned turn = 0; turn < 2; turn++) {
		status(&b, 0);
		EXPECT_EQ(b.t.ops->status_get(b.t.context), 11);
		EXPECT(model_device_enabled(b.device, 0));
	}
	status(&b, 1);
	b.t.ops->features_set(b.t.context, F_VERSION_1);
	EXPECT_EQ(b.t.ops->queue_enable(b.t.context, 0, &b.setup, &b.bell), ORION_DEVICE_REFUSED);
	EXPECT_EQ(breaches(&b, MODEL_BREACH_RESET_EARLY), 3);
	EXPECT_EQ(b.t.ops->status_get(b.t.context), 11);
	EXPECT_EQ(b.t.ops->status_get(b.t.context), 0);
	EXPECT(!model_device_enabled(b.device, 0));
	EXPECT_EQ(model_device_features(b.device), 0);
	/* There is nothing to do for one that does nothing. */
	status(&b, 0);
	status(&b, 1);
	EXPECT_EQ(model_device_status(b.device), 1);
	EXPECT_EQ(model_host_stats(b.host)->breach_total, 3);
	status(&b, 0);
	while (b.t.ops->status_get(b.t.context) != 0)
		;
	bench_end(&b);
}

TEST(model_rules__fields_of_features)
{
	static const struct {
		uint8_t offset, width, feature;
	} rows[] = {
		{8, 4, 1},   {12, 4, 2},  {16, 2, 4},  {18, 1, 4},  {20, 4, 6},  {24, 1, 10},
		{26, 2, 10}, {28, 4, 10}, {32, 1, 11}, {34, 2, 12}, {36, 4, 13}, {44, 4, 13},
		{48, 4, 14}, {56, 1, 14}, {60, 4, 16}, {68, 4, 16}, {72, 4, 17}, {92, 1, 17},
	};
	struct model_options o;
	struct bench b;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		test_note("offset %u", rows[i].offset);
		model_options_default(&o);
		o.features |= UINT64_C(1) << rows[i].feature;
		bench_negotiate(&b, &o, F_VERSION_1);
		(void)b.t.ops->config_read(b.t.context, rows[i].offset, rows[i].width);
		EXPECT_EQ(model_host_stats(b.host)->breach_total, 0);
		bench_end(&b);
		o.features &= ~(UINT64_C(1) << rows[i].feature);
		bench_negotiate(&b, &o, F_VERSION_1);
		(void)b.t.ops->config_read(b.t.context, rows[i].offset, rows[i].width);
		EXPECT_EQ(breaches(&b, MODEL_BREACH_CONFIG_FIELD), 1);
		EXPECT_EQ(b.t.ops->config_read(b.t.context, 0, 4), 2097152);
		EXPECT_EQ(model_host_stats(b.host)->breach_total, 1);
		bench_end(&b);
	}
}

TEST(model_rules__a_second_queue)
{
	struct model_options o;
	struct bench b;

	model_options_default(&o);
	o.queues = 2;
	for (unsigned mq = 0; mq < 2; mq++) {
		bench_negotiate(&b, &o, F_VERSION_1 | (mq ? F_MQ : 0));
		EXPECT_EQ(bench_queue(&b, 8, false), ORION_OK);
		EXPECT_EQ(b.t.ops->queue_enable(b.t.context, 1, &b.setup, &b.bell),
			  mq ? ORION_OK : ORION_DEVICE_REFUSED);
		EXPECT_EQ(breaches(&b, MODEL_BREACH_QUEUE_EXTRA), !mq);
		EXPECT_EQ(model_host_stats(b.host)->breach_total, !mq);
		bench_end(&b);
	}
}

/* A driver that cannot flush is given no cache. */
TEST(model_rules__writeback_without_flush)
{
	struct model_options o;
	struct bench b;

	model_options_default(&o);
	for (unsigned flush = 0; flush < 2; flush++) {
		bench_negotiate(&b, &o, F_VERSION_1 | F_WRITEBACK | (flush ? F_FLUSH : 0));
		EXPECT_EQ(b.t.ops->config_read(b.t.context, 32, 1), flush);
		bench_end(&b);
	}
}

/* Reads, writes and the serial number are for all; a flush was negotiated; the rest nobody has. */
TEST(model_rules__requests_of_features)
{
	static const uint8_t types[] = {2, 4, 5, 10, 11, 13, 14, 15, 16, 18, 24, 26};
	struct model_options o;
	struct bench b;

	model_options_default(&o);
	o.queue_size = 64;
	bench_start(&b, &o, F_VERSION_1);
	for (unsigned i = 0; i < sizeof(types); i++) {
		split_chain(&b, i, types[i], 0, 0);
		split_offer(&b, i, 3 * i);
		bench_run(&b);
		EXPECT_EQ(breaches(&b, MODEL_BREACH_TYPE), i + 1);
		EXPECT_EQ(bench_status(&b, i), 2);
	}
	EXPECT_EQ(model_host_stats(b.host)->breach_total, sizeof(types));
	bench_end(&b);
	bench_start(&b, &o, F_VERSION_1 | F_FLUSH);
	split_chain(&b, 0, 4, 0, 0);
	split_offer(&b, 0, 0);
	bench_run(&b);
	EXPECT_EQ(model_host_stats(b.host)->breach_total, 0);
	EXPECT_EQ(bench_status(&b, 0), 0);
	bench_end(&b);
}

/* The cause is read where there is nothing but the line. */
TEST(model_rules__cause_beside_vectors)
{
	struct model_options o;
	struct bench b;

	model_options_default(&o);
	bench_negotiate(&b, &o, F_VERSION_1);
	(void)b.t.ops->isr_read(b.t.context);
	EXPECT_EQ(model_host_stats(b.host)->breach_total, 0);
	EXPECT_EQ(b.t.ops->vector_attach(b.t.context, 1, 0, bench_interrupt, &b), ORION_OK);
	(void)b.t.ops->isr_read(b.t.context);
	EXPECT_EQ(breaches(&b, MODEL_BREACH_PCI_ISR), 1);
	b.t.ops->vector_detach(b.t.context, 1);
	bench_end(&b);
}

/* ---- what a power cut leaves ---- */

static const struct test_axis caches = {"cache",
					{"none", "flush", "mode", "off", "declined", "not"}};
static const struct test_axis *const cache_axes[] = {&caches, NULL};

/* 16 sectors of LETTER. */
static void
write_sectors(struct bench *b, unsigned *at, uint8_t letter)
{
	memset((uint8_t *)b->data.cpu + data_at(0), letter, 16 * 512);
	split_chain(b, 0, 1, 0, 16 * 512);
	split_offer(b, (*at)++, 0);
	bench_run(b);
	EXPECT_EQ(bench_status(b, 0), 0);
}

/* How many of the 16 sectors hold LETTER; each is of one piece. */
static unsigned
count_sectors(const struct bench *b, uint8_t letter)
{
	uint8_t sector[512], whole[512];
	unsigned count = 0;

	memset(whole, letter, sizeof(whole));
	for (unsigned i = 0; i < 16; i++) {
		model_device_peek(b->device, i, sector, sizeof(sector));
		count += memcmp(sector, whole, sizeof(whole)) == 0;
	}
	return count;
}

/* Stable is what was flushed, and what was written while there was no cache.  [spec 5.2.6.2] */
TEST_AXES(model_rules__power_cut, cache_axes, NULL)
{
	static const uint64_t taken[] = {
		F_FLUSH, F_FLUSH, F_FLUSH | F_WRITEBACK, F_FLUSH | F_WRITEBACK, 0, 0};
	unsigned cache = test_choice(&caches), at = 0, left;
	bool stable = cache == 0 || cache == 3 || cache == 4;
	struct model_options o;
	struct bench b;

	model_options_default(&o);
	o.queue_size = 8;
	o.cache = cache != 0;
	o.seed = test_random();
	o.features &= cache == 5 ? ~(F_FLUSH | F_WRITEBACK) : UINT64_MAX;
	bench_start(&b, &o, F_VERSION_1 | taken[cache]);
	if (cache == 3)
		b.t.ops->config_write(b.t.context, 32, 1, 0);
	write_sectors(&b, &at, 'a');
	if (cache != 4 && cache != 5) {
		split_chain(&b, 0, 4, 0, 0);
		split_offer(&b, at++, 0);
		bench_run(&b);
		EXPECT_EQ(bench_status(&b, 0), 0);
	}
	write_sectors(&b, &at, 'b');
	EXPECT_EQ(count_sectors(&b, 'b'), 16);
	model_device_power_cut(b.device);
	left = count_sectors(&b, 'b');
	/* One chance in 65,536 each that they all stay, or all go. */
	EXPECT_EQ(left == 16, stable);
	EXPECT_EQ(count_sectors(&b, 'a') + left == 16, cache != 5);
	model_device_power_cut(b.device);
	EXPECT_EQ(count_sectors(&b, 'b'), left);
	EXPECT_EQ(model_host_stats(b.host)->breach_total, 0);
	bench_end(&b);
}

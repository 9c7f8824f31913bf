/* SPDX-License-Identifier: MIT */
/* The model's split ring and requests, against bytes laid out by hand. */
#include "test/unit/model_bench.h"

#include <limits.h>

static void
options_make(struct model_options *o, uint16_t size)
{
	model_options_default(o);
	o->queue_size = size;
}

TEST(model_split__read_write)
{
	struct model_options o;
	struct bench b;
	uint8_t *data;

	options_make(&o, 8);
	bench_start(&b, &o, F_VERSION_1);
	data = b.data.cpu;
	for (unsigned i = 0; i < 512; i++)
		data[data_at(0) + i] = (uint8_t)(i * 7);
	split_chain(&b, 0, 1, 5, 512);
	split_offer(&b, 0, 0);
	bench_run(&b);
	EXPECT_EQ(split_used(&b), 1);
	EXPECT_EQ(get32(b.ring.cpu, b.device_at + 4), 0); /* id */
	EXPECT_EQ(get32(b.ring.cpu, b.device_at + 8), 1); /* the status byte */
	EXPECT_EQ(bench_status(&b, 0), 0);
	EXPECT_EQ(b.interrupts, 1);

	split_chain(&b, 1, 0, 5, 512);
	split_offer(&b, 1, 3);
	bench_run(&b);
	EXPECT_EQ(split_used(&b), 2);
	EXPECT_EQ(get32(b.ring.cpu, b.device_at + 12), 3);
	EXPECT_EQ(get32(b.ring.cpu, b.device_at + 16), 513);
	EXPECT_EQ(bench_status(&b, 1), 0);
	EXPECT_MEM(data + data_at(1), data + data_at(0), 512);
	EXPECT_STR(model_host_stats(b.host)->first_breach, "");
	bench_end(&b);
}

TEST(model_split__indirect)
{
	struct model_options o;
	struct bench b;

	options_make(&o, 4);
	bench_start(&b, &o, F_VERSION_1 | F_INDIRECT);
	bench_header(&b, 0, 0, 1);
	split_desc(&b.data, table_at(0), b.data.device + header_at(0), 16, NEXT, 1);
	split_desc(&b.data, table_at(0) + 16, b.data.device + data_at(0), 512, NEXT | WRITE, 2);
	split_desc(&b.data, table_at(0) + 32, b.data.device + status_at(0), 1, WRITE, 0);
	split_desc(&b.ring, 16 * 2, b.data.device + table_at(0), 48, INDIRECT, 0);
	split_offer(&b, 0, 2);
	bench_run(&b);
	EXPECT_EQ(split_used(&b), 1);
	EXPECT_EQ(get32(b.ring.cpu, b.device_at + 4), 2);
	EXPECT_EQ(get32(b.ring.cpu, b.device_at + 8), 513);
	EXPECT_STR(model_host_stats(b.host)->first_breach, "");
	bench_end(&b);
}

/* 70,000 requests: positions come round in ring and index. */
TEST(model_split__wraps)
{
	struct model_options o;
	struct bench b;

	options_make(&o, 4);
	bench_start(&b, &o, F_VERSION_1 | F_EVENT);
	split_chain(&b, 0, 0, 1, 512);
	for (unsigned i = 0; i < 70000; i++) {
		put16(b.ring.cpu, b.driver + 4 + 2 * 4, i); /* used_event: now */
		split_offer(&b, i, 0);
		bench_run(&b);
		EXPECT_EQ(split_used(&b), (i + 1) & 0xffff);
		EXPECT_EQ(get16(b.ring.cpu, b.device_at + 4 + 8 * 4), (i + 1) & 0xffff);
	}
	EXPECT_EQ(b.interrupts, 70000);
	EXPECT_STR(model_host_stats(b.host)->first_breach, "");
	bench_end(&b);
}

TEST(model_split__largest_ring)
{
	struct model_options o;
	struct bench b;

	options_make(&o, 32768);
	bench_start(&b, &o, F_VERSION_1);
	split_chain(&b, 0, 0, 1, 512);
	split_desc(&b.ring, 16 * 32767, b.data.device + header_at(0), 16, NEXT, 1);
	split_offer(&b, 0, 32767);
	bench_run(&b);
	EXPECT_EQ(get32(b.ring.cpu, b.device_at + 4), 32767);
	EXPECT_EQ(bench_status(&b, 0), 0);
	bench_end(&b);
}

static const struct test_axis orders = {"order", {"fifo", "reversed", "shuffled"}};
static const struct test_axis *const order_axes[] = {&orders, NULL};

TEST_AXES(model_split__order, order_axes, NULL)
{
	struct model_options o;
	unsigned order[8], sum = 0;
	struct bench b;

	options_make(&o, 32);
	o.order = (model_order)test_choice(&orders);
	o.seed = 5;
	bench_start(&b, &o, F_VERSION_1);
	for (unsigned i = 0; i < 8; i++) {
		split_chain(&b, i, 0, i, 512);
		split_offer(&b, i, 3 * i);
	}
	bench_run(&b);
	EXPECT_EQ(split_used(&b), 8);
	for (unsigned i = 0; i < 8; i++) {
		order[i] = get32(b.ring.cpu, b.device_at + 4 + 8 * i) / 3;
		sum += 1u << order[i];
		EXPECT(o.order != MODEL_ORDER_FIFO || order[i] == i);
		EXPECT(o.order != MODEL_ORDER_REVERSED || order[i] == 7 - i);
	}
	EXPECT_EQ(sum, 0xff);
	bench_end(&b);
}

/* Held back, released one by one, let go. */
TEST(model_split__held)
{
	struct model_options o;
	struct bench b;

	options_make(&o, 16);
	o.held = true;
	bench_start(&b, &o, F_VERSION_1);
	for (unsigned i = 0; i < 4; i++) {
		split_chain(&b, i, 0, i, 512);
		split_offer(&b, i, 3 * i);
	}
	bench_run(&b);
	EXPECT_EQ(split_used(&b), 0);
	EXPECT_EQ(model_device_held(b.device), 4);
	EXPECT_EQ(model_device_release(b.device, 1), 1);
	EXPECT_EQ(split_used(&b), 1);
	model_device_hold(b.device, false);
	EXPECT(model_host_run(b.host));
	EXPECT_EQ(split_used(&b), 4);
	EXPECT(model_device_sleeps(b.device, 0));
	bench_end(&b);
}

/* A sleeping device says how it wants to be woken, and looks at nothing before. */
TEST(model_split__sleeps_until_kicked)
{
	struct model_options o;
	struct bench b;

	options_make(&o, 8);
	bench_start(&b, &o, F_VERSION_1);
	split_chain(&b, 0, 0, 0, 512);
	split_offer(&b, 0, 0);
	EXPECT(model_host_run(b.host));
	EXPECT_EQ(split_used(&b), 0);
	bench_run(&b);
	EXPECT_EQ(split_used(&b), 1);
	EXPECT_EQ(get16(b.ring.cpu, b.device_at), 0); /* flags: kicks wanted */
	bench_end(&b);
}

/* Interrupts: suppressed by the flag, or given at used_event only. */
TEST(model_split__interrupts)
{
	struct model_options o;
	struct bench b;

	options_make(&o, 8);
	bench_start(&b, &o, F_VERSION_1);
	put16(b.ring.cpu, b.driver, 1);
	split_chain(&b, 0, 0, 0, 512);
	split_offer(&b, 0, 0);
	bench_run(&b);
	EXPECT_EQ(b.interrupts, 0);
	bench_end(&b);

	bench_start(&b, &o, F_VERSION_1 | F_EVENT);
	put16(b.ring.cpu, b.driver + 4 + 2 * 8, 2);
	for (unsigned i = 0; i < 4; i++) {
		split_chain(&b, 0, 0, 0, 512);
		split_offer(&b, i, 0);
		bench_run(&b);
		EXPECT_EQ(b.interrupts, i >= 2);
	}
	bench_end(&b);
}

/* ---- requests ---- */

static uint8_t
run_request(uint64_t offered, uint32_t type, uint64_t sector, uint32_t length, uint64_t bad_sector)
{
	struct model_options o;
	struct bench b;
	uint8_t status;

	options_make(&o, 8);
	o.features |= offered;
	o.capacity_sectors = 100;
	bench_start(&b, &o, F_VERSION_1 | (offered & ~F_RO));
	model_device_fail_sector(b.device, bad_sector, 1);
	split_chain(&b, 0, type, sector, length);
	split_offer(&b, 0, 0);
	bench_run(&b);
	EXPECT_EQ(split_used(&b), 1);
	status = bench_status(&b, 0);
	bench_end(&b);
	return status;
}

TEST(model_blk__statuses)
{
	EXPECT_EQ(run_request(0, 0, 99, 512, UINT64_MAX), 0);
	EXPECT_EQ(run_request(0, 0, 100, 512, UINT64_MAX), 1);
	EXPECT_EQ(run_request(0, 0, UINT64_MAX, 512, UINT64_MAX), 1);
	EXPECT_EQ(run_request(0, 0, 0, 100, UINT64_MAX), 1);
	EXPECT_EQ(run_request(0, 1, 0, 512, UINT64_MAX), 0);
	EXPECT_EQ(run_request(F_RO, 1, 0, 512, UINT64_MAX), 1);
	EXPECT_EQ(run_request(F_FLUSH, 4, 0, 0, UINT64_MAX), 0);
	EXPECT_EQ(run_request(0, 4, 0, 0, UINT64_MAX), 2);
	EXPECT_EQ(run_request(0, 8, 0, 20, UINT64_MAX), 0);
	EXPECT_EQ(run_request(0, 11, 0, 512, UINT64_MAX), 2);
	EXPECT_EQ(run_request(0, 0xffffffff, 0, 512, UINT64_MAX), 2);
	EXPECT_EQ(run_request(0, 0, 5, 512, 5), 1);
	EXPECT_EQ(run_request(0, 0, 6, 512, 5), 0);
}

/* ---- breaches ---- */

static const struct test_axis faults = {
	"fault", {"flags",        "next_range",  "loop",          "long",       "readable_late",
		  "indirect_off", "zero_length", "outside",       "head_range", "leap",
		  "back",         "in_flight",   "avail_flags",   "no_status",  "short_header",
		  "beyond",       "nested",      "indirect_next", "table_size", "table_order"}};
static const struct test_axis *const fault_axes[] = {&faults, NULL};

static const model_breach expected[] = {
	MODEL_BREACH_DESC_FLAGS,      MODEL_BREACH_NEXT_RANGE,      MODEL_BREACH_DESC_IN_FLIGHT,
	MODEL_BREACH_CHAIN_LONG,      MODEL_BREACH_READABLE_LATE,   MODEL_BREACH_INDIRECT_OFF,
	MODEL_BREACH_CHAIN_EMPTY,     MODEL_BREACH_MEMORY,          MODEL_BREACH_HEAD_RANGE,
	MODEL_BREACH_AVAIL_LEAP,      MODEL_BREACH_AVAIL_LEAP,      MODEL_BREACH_DESC_IN_FLIGHT,
	MODEL_BREACH_AVAIL_FLAGS,     MODEL_BREACH_STATUS_BYTE,     MODEL_BREACH_HEADER,
	MODEL_BREACH_BEYOND_CAPACITY, MODEL_BREACH_INDIRECT_NESTED, MODEL_BREACH_INDIRECT_NEXT,
	MODEL_BREACH_INDIRECT_TABLE,  MODEL_BREACH_INDIRECT_ORDER,
};

/* An indirect chain of COUNT one-sector entries after the header, in the table of request 0. */
static void
long_table(struct bench *b, unsigned count)
{
	split_desc(&b->data, table_at(0), b->data.device + header_at(0), 16, NEXT, 1);
	for (unsigned i = 1; i < count; i++) {
		split_desc(&b->data, table_at(0) + 16 * i, b->data.device + data_at(0), 512,
			   NEXT | WRITE, i + 1);
	}
	split_desc(&b->data, table_at(0) + 16 * count, b->data.device + status_at(0), 1, WRITE, 0);
	split_desc(&b->ring, 0, b->data.device + table_at(0), 16 * (count + 1), INDIRECT, 0);
}

/* The faults that are one or two wrong words in the ring. */
static const struct word {
	uint8_t fault, width;
	bool driver; /* offset into the driver area, else into the table */
	uint16_t offset;
	uint32_t value;
} words[] = {
	{0, 2, false, 12, NEXT | 8},  {1, 2, false, 14, 8},
	{2, 2, false, 16 + 14, 0},    {4, 2, false, 12, NEXT | WRITE},
	{4, 2, false, 16 + 12, NEXT}, {5, 2, false, 12, INDIRECT},
	{6, 4, false, 16 + 8, 0},     {8, 2, true, 4, 8},
	{9, 2, true, 2, 9},           {10, 2, true, 2, 0xffff},
	{12, 2, true, 0, 2},          {13, 2, false, 16 + 12, NEXT},
	{13, 2, false, 32 + 12, 0},   {14, 4, false, 8, 15},
};

static void
spoil_words(struct bench *b, unsigned fault)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t at = words[i].offset + (words[i].driver ? b->driver : 0);

		if (words[i].fault != fault)
			continue;
		if (words[i].width == 2)
			put16(b->ring.cpu, at, words[i].value);
		else
			put32(b->ring.cpu, at, words[i].value);
	}
}

static void
spoil(struct bench *b, unsigned fault)
{
	spoil_words(b, fault);
	if (fault == 3) {
		long_table(b, 9);
	} else if (fault == 7) {
		put64(b->ring.cpu, 16, b->data.device + 65536 - 511);
	} else if (fault == 11) {
		split_chain(b, 1, 0, 0, 512);
		put16(b->ring.cpu, 16 * 3 + 14, 1);
		split_offer(b, 1, 3);
	} else if (fault == 15) {
		put64(b->data.cpu, 8, 1u << 30);
	} else if (fault >= 16) {
		long_table(b, 2);
	}
	if (fault == 16)
		put16(b->data.cpu, table_at(0) + 16 + 12, INDIRECT);
	else if (fault == 17)
		put16(b->ring.cpu, 12, INDIRECT | NEXT);
	else if (fault == 18)
		put32(b->ring.cpu, 8, 47);
	else if (fault == 19)
		put16(b->data.cpu, table_at(0) + 14, 2);
}

/* Each rule broken by itself is found and named. */
TEST_AXES(model_split__breaches, fault_axes, NULL)
{
	unsigned fault = test_choice(&faults);
	model_breach breach = expected[fault];
	struct model_options o;
	struct bench b;

	options_make(&o, 8);
	o.held = fault == 11;
	bench_start(&b, &o, F_VERSION_1 | (fault == 5 ? 0 : F_INDIRECT));
	split_chain(&b, 0, 0, 0, 512);
	split_offer(&b, 0, 0);
	spoil(&b, fault);
	bench_run(&b);
	test_note("first: %s", model_host_stats(b.host)->first_breach);
	EXPECT(model_host_stats(b.host)->breaches[breach] >= 1);
	EXPECT_EQ(model_host_stats(b.host)->breaches[breach],
		  model_host_stats(b.host)->breach_total);
	EXPECT_EQ((model_device_status(b.device) & 64) != 0, fault < 13 || fault > 15);
	bench_end(&b);
}

/* ---- set-up ---- */

TEST(model_device__handshake_rules)
{
	struct model_options o;
	struct bench b;
	struct virtio_queue_setup setup = {.size = 8};
	struct virtio_doorbell bell;
	const unsigned *breaches;

	options_make(&o, 8);
	bench_negotiate(&b, &o, F_VERSION_1 | UINT64_C(1) << 50);
	breaches = model_host_stats(b.host)->breaches;
	EXPECT_EQ(model_device_status(b.device), 3); /* FEATURES_OK did not stay */
	EXPECT_EQ(breaches[MODEL_BREACH_FEATURES_NOT_OFFERED], 1);
	b.t.ops->features_set(b.t.context, F_VERSION_1);
	b.t.ops->status_set(b.t.context, 11);
	EXPECT_EQ(model_device_status(b.device), 11);
	EXPECT_EQ(model_device_features(b.device), F_VERSION_1);
	b.t.ops->features_set(b.t.context, F_VERSION_1);
	EXPECT_EQ(breaches[MODEL_BREACH_FEATURES_LATE], 1);
	b.t.ops->status_set(b.t.context, 3);
	EXPECT_EQ(breaches[MODEL_BREACH_STATUS_CLEARED], 1);
	b.t.ops->notify(b.t.context, 0, 0);
	EXPECT_EQ(breaches[MODEL_BREACH_KICK_EARLY], 1);
	b.t.ops->status_set(b.t.context, 0);
	EXPECT_EQ(model_device_status(b.device), 0);
	b.t.ops->status_set(b.t.context, 4);
	EXPECT_EQ(breaches[MODEL_BREACH_STATUS_ORDER], 1);
	EXPECT_EQ(b.t.ops->queue_enable(b.t.context, 0, &setup, &bell), ORION_DEVICE_REFUSED);
	EXPECT_EQ(breaches[MODEL_BREACH_QUEUE_STATE], 1);
	EXPECT_EQ(b.t.ops->queue_enable(b.t.context, 1, &setup, &bell), ORION_DEVICE_REFUSED);
	EXPECT_EQ(breaches[MODEL_BREACH_QUEUE_ABSENT], 1);
	bench_end(&b);
}

TEST(model_device__queue_rules)
{
	static const struct {
		uint16_t size;
		uint64_t desc;
		model_breach breach;
	} rows[] = {
		{0, 0, MODEL_BREACH_QUEUE_SIZE},         {16, 0, MODEL_BREACH_QUEUE_SIZE},
		{6, 0, MODEL_BREACH_QUEUE_SIZE},         {8, 8, MODEL_BREACH_QUEUE_ALIGN},
		{8, 0x10000, MODEL_BREACH_QUEUE_MEMORY},
	};
	struct virtio_doorbell bell;
	struct model_options o;
	struct bench b;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct virtio_queue_setup setup = {.size = rows[i].size, .vector = 0xffff};

		options_make(&o, 8);
		bench_negotiate(&b, &o, F_VERSION_1);
		EXPECT_EQ(model_host_port()->dma_alloc(b.host, 4096, 4096, &b.ring), ORION_OK);
		EXPECT_EQ(model_host_port()->dma_alloc(b.host, 4096, 4096, &b.data), ORION_OK);
		setup.descriptor_area = b.ring.device + rows[i].desc;
		setup.driver_area = setup.device_area = b.ring.device + 1024;
		EXPECT_EQ(b.t.ops->queue_enable(b.t.context, 0, &setup, &bell),
			  ORION_DEVICE_REFUSED);
		EXPECT_EQ(model_host_stats(b.host)->breaches[rows[i].breach], 1);
		bench_end(&b);
	}
}

TEST(model_device__config)
{
	struct model_options o;
	struct bench b;
	uint32_t generation;

	options_make(&o, 8);
	o.capacity_sectors = UINT64_C(0x123456789a);
	o.block_bytes = 4096;
	bench_negotiate(&b, &o, F_VERSION_1);
	EXPECT_EQ(b.t.ops->config_bytes(b.t.context), 96);
	EXPECT_EQ(b.t.ops->config_read(b.t.context, 0, 4), 0x3456789a);
	EXPECT_EQ(b.t.ops->config_read(b.t.context, 4, 4), 0x12);
	EXPECT_EQ(b.t.ops->config_read(b.t.context, 20, 4), 4096);
	EXPECT_EQ(b.t.ops->config_read(b.t.context, 34, 2), 1);
	EXPECT_EQ(model_host_stats(b.host)->breach_total, 0);
	(void)b.t.ops->config_read(b.t.context, 0, 2);
	EXPECT_EQ(model_host_stats(b.host)->breaches[MODEL_BREACH_CONFIG_WIDTH], 1);
	b.t.ops->config_write(b.t.context, 0, 4, 1);
	EXPECT_EQ(model_host_stats(b.host)->breaches[MODEL_BREACH_CONFIG_WRITE], 1);
	generation = b.t.ops->config_generation(b.t.context);
	model_device_resize(b.device, 7);
	EXPECT(b.t.ops->config_generation(b.t.context) != generation);
	EXPECT_EQ(b.t.ops->config_read(b.t.context, 0, 4), 7);
	bench_end(&b);
}

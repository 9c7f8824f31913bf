/* SPDX-License-Identifier: MIT */
/* The model's packed ring, against bytes laid out by hand. */
#include "test/unit/model_bench.h"

static void
options_make(struct model_options *o, uint16_t size)
{
	model_options_default(o);
	o->queue_size = size;
}

TEST(model_packed__read)
{
	struct model_options o;
	struct bench b;

	options_make(&o, 8);
	bench_start(&b, &o, F_VERSION_1 | F_PACKED);
	packed_chain(&b, 0, 0, true, 77);
	bench_run(&b);
	EXPECT(packed_is_used(&b, 0, true));
	EXPECT(!packed_is_used(&b, 1, true));
	EXPECT_EQ(get16(b.ring.cpu, 12), 77);
	EXPECT_EQ(get32(b.ring.cpu, 8), 513);
	EXPECT_EQ(bench_status(&b, 0), 0);
	EXPECT_EQ(b.interrupts, 1);
	EXPECT_EQ(get16(b.ring.cpu, b.device_at + 2), 0); /* kicks: enabled */
	EXPECT_STR(model_host_stats(b.host)->first_breach, "");
	bench_end(&b);
}

static const struct test_axis sizes = {"size", {"3", "4", "5", "7", "8", "64"}};
static const struct test_axis *const size_axes[] = {&sizes, NULL};

/* Rings of any size, used one request at a time for many laps: slots and wrap counters agree. */
TEST_AXES(model_packed__laps, size_axes, NULL)
{
	static const uint16_t values[] = {3, 4, 5, 7, 8, 64};
	uint16_t size = values[test_choice(&sizes)];
	struct model_options o;
	unsigned slot = 0;
	bool wrap = true;
	struct bench b;

	options_make(&o, size);
	bench_start(&b, &o, F_VERSION_1 | F_PACKED | F_EVENT);
	for (unsigned i = 0; i < 500; i++) {
		put32(b.ring.cpu, b.driver, slot | (wrap ? 0x8000u : 0) | 2u << 16);
		packed_chain(&b, 0, slot, wrap, i & 0xffff);
		bench_run(&b);
		EXPECT(packed_is_used(&b, slot, wrap));
		EXPECT_EQ(get16(b.ring.cpu, 16 * slot + 12), i & 0xffff);
		EXPECT_EQ(b.interrupts, i + 1);
		wrap = slot + 3 >= size ? !wrap : wrap;
		slot = (slot + 3) % size;
		/* Asleep, the device asks to be kicked at the next slot. */
		EXPECT_EQ(get32(b.ring.cpu, b.device_at), slot | (wrap ? 0x8000u : 0) | 2u << 16);
	}
	EXPECT_STR(model_host_stats(b.host)->first_breach, "");
	bench_end(&b);
}

/* A ring of one descriptor can carry an indirect table, which may then hold one entry only. */
TEST(model_packed__size_one)
{
	struct model_options o;
	struct bench b;

	options_make(&o, 1);
	bench_start(&b, &o, F_VERSION_1 | F_PACKED | F_INDIRECT);
	bench_header(&b, 0, 0, 0);
	split_desc(&b.data, table_at(0), b.data.device + header_at(0), 16, 0, 0);
	split_desc(&b.data, table_at(0) + 16, b.data.device + status_at(0), 1, 0, WRITE);
	packed_desc(&b, 0, b.data.device + table_at(0), 32, 0, INDIRECT, true);
	bench_run(&b);
	EXPECT_EQ(model_host_stats(b.host)->breaches[MODEL_BREACH_CHAIN_LONG], 1);
	bench_end(&b);
}

TEST(model_packed__indirect)
{
	struct model_options o;
	struct bench b;

	options_make(&o, 4);
	bench_start(&b, &o, F_VERSION_1 | F_PACKED | F_INDIRECT);
	bench_header(&b, 0, 0, 1);
	for (unsigned i = 0; i < 3; i++) {
		static const uint32_t lengths[] = {16, 512, 1};
		uint64_t places[] = {header_at(0), data_at(0), status_at(0)};
		size_t at = table_at(0) + 16 * i;

		put64(b.data.cpu, at, b.data.device + places[i]);
		put32(b.data.cpu, at + 8, lengths[i]);
		put16(b.data.cpu, at + 12, 0xabcd); /* id: reserved, ignored */
		put16(b.data.cpu, at + 14, i == 0 ? 0 : WRITE);
	}
	packed_desc(&b, 0, b.data.device + table_at(0), 48, 3, INDIRECT, true);
	bench_run(&b);
	EXPECT(packed_is_used(&b, 0, true));
	EXPECT_EQ(get16(b.ring.cpu, 12), 3);
	EXPECT_EQ(bench_status(&b, 0), 0);
	EXPECT_STR(model_host_stats(b.host)->first_breach, "");
	bench_end(&b);
}

/* Out of order: used descriptors fill the ring from the front, with other requests' ids. */
TEST(model_packed__reversed)
{
	struct model_options o;
	struct bench b;

	options_make(&o, 12);
	o.order = MODEL_ORDER_REVERSED;
	bench_start(&b, &o, F_VERSION_1 | F_PACKED);
	for (unsigned i = 0; i < 4; i++)
		packed_chain(&b, i, 3 * i, true, 10 + i);
	bench_run(&b);
	for (unsigned i = 0; i < 4; i++) {
		EXPECT(packed_is_used(&b, 3 * i, true));
		EXPECT_EQ(get16(b.ring.cpu, 16 * 3 * i + 12), 13 - i);
	}
	EXPECT_STR(model_host_stats(b.host)->first_breach, "");
	bench_end(&b);
}

TEST(model_packed__interrupts)
{
	struct model_options o;
	struct bench b;

	options_make(&o, 9);
	bench_start(&b, &o, F_VERSION_1 | F_PACKED | F_EVENT);
	put32(b.ring.cpu, b.driver, 1u << 16); /* disabled */
	packed_chain(&b, 0, 0, true, 0);
	bench_run(&b);
	EXPECT_EQ(b.interrupts, 0);
	put32(b.ring.cpu, b.driver, 0x8000u | 7 | 2u << 16); /* at slot 7 of this lap */
	packed_chain(&b, 0, 3, true, 0);
	bench_run(&b);
	EXPECT_EQ(b.interrupts, 0);
	packed_chain(&b, 0, 6, true, 0); /* slots 6, 7, 8 */
	bench_run(&b);
	EXPECT_EQ(b.interrupts, 1);
	put32(b.ring.cpu, b.driver, 0x8000u | 0 | 2u << 16); /* slot 0, a lap too late */
	packed_chain(&b, 0, 0, false, 0);
	bench_run(&b);
	EXPECT_EQ(b.interrupts, 1);
	put32(b.ring.cpu, b.driver, 0); /* always */
	packed_chain(&b, 0, 3, false, 0);
	bench_run(&b);
	EXPECT_EQ(b.interrupts, 2);
	bench_end(&b);
}

static const struct test_axis faults = {"fault",
					{"half", "flags", "indirect_off", "indirect_next",
					 "table_flags", "id_in_flight", "event_flags",
					 "event_offset", "readable_late"}};
static const struct test_axis *const fault_axes[] = {&faults, NULL};

TEST_AXES(model_packed__breaches, fault_axes, NULL)
{
	static const model_breach expected[] = {
		MODEL_BREACH_CHAIN_HALF,    MODEL_BREACH_DESC_FLAGS,  MODEL_BREACH_INDIRECT_OFF,
		MODEL_BREACH_INDIRECT_NEXT, MODEL_BREACH_DESC_FLAGS,  MODEL_BREACH_DESC_IN_FLIGHT,
		MODEL_BREACH_EVENT_FLAGS,   MODEL_BREACH_EVENT_FLAGS, MODEL_BREACH_READABLE_LATE,
	};
	unsigned fault = test_choice(&faults);
	struct model_options o;
	struct bench b;

	options_make(&o, 8);
	o.held = true;
	bench_start(&b, &o, F_VERSION_1 | F_PACKED | F_EVENT | (fault == 2 ? 0 : F_INDIRECT));
	packed_chain(&b, 0, 0, true, 1);
	switch (fault) {
	case 0:
		put16(b.ring.cpu, 16 + 14, NEXT | WRITE);
		break;
	case 1:
		put16(b.ring.cpu, 14, NEXT | 8 | PACKED_AVAIL);
		break;
	case 2:
		put16(b.ring.cpu, 14, INDIRECT | PACKED_AVAIL);
		break;
	case 3:
		put16(b.ring.cpu, 14, NEXT | INDIRECT | PACKED_AVAIL);
		break;
	case 4:
		split_desc(&b.data, table_at(0), b.data.device + header_at(0), 16, 0, NEXT);
		packed_desc(&b, 0, b.data.device + table_at(0), 16, 1, INDIRECT, true);
		break;
	case 5:
		packed_chain(&b, 1, 3, true, 1);
		break;
	case 6:
		put32(b.ring.cpu, b.driver, 3u << 16);
		break;
	case 7:
		put32(b.ring.cpu, b.driver, 8 | 2u << 16);
		break;
	default:
		put16(b.ring.cpu, 14, NEXT | WRITE | PACKED_AVAIL);
		put16(b.ring.cpu, 16 + 14, NEXT | PACKED_AVAIL);
		break;
	}
	bench_run(&b);
	test_note("first: %s", model_host_stats(b.host)->first_breach);
	EXPECT_EQ(model_host_stats(b.host)->breaches[expected[fault]], 1);
	EXPECT_EQ(model_host_stats(b.host)->breach_total, 1);
	EXPECT_EQ(model_device_status(b.device) & 64, 64);
	bench_end(&b);
}

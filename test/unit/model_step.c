/* SPDX-License-Identifier: MIT */
/* The store buffer and the stepping, by themselves: what may be seen when. */
#include "test/unit/model_bench.h"

#include "arch/stepped.h"

struct field {
	struct model_host *host;
	struct orion_region region;
	uint8_t *cpu;
};

static void
field_open(struct field *f, model_memory memory)
{
	f->host = model_host_open(3);
	EXPECT_EQ(model_host_port()->dma_alloc(f->host, 4096, 64, &f->region), ORION_OK);
	f->cpu = f->region.cpu;
	model_step_begin(f->host, memory, test_random());
}

static void
field_close(struct field *f)
{
	model_step_end();
	model_host_port()->dma_free(f->host, &f->region);
	EXPECT_STR(model_host_stats(f->host)->first_breach, "");
	model_host_close(f->host);
}

TEST(model_step__plain_without_host)
{
	uint32_t word = 0;

	step_shared_store(&word, 4, 0x12345678);
	EXPECT_EQ(word, 0x12345678);
	EXPECT_EQ(step_shared_load(&word, 4), 0x12345678);
	step_fence(STEP_ASK);
}

TEST(model_step__strong)
{
	struct field f;

	field_open(&f, MODEL_MEMORY_STRONG);
	step_shared_store(f.cpu, 1, 7);
	EXPECT_EQ(f.cpu[0], 7);
	field_close(&f);
}

/* A store is seen by its own loads, and by the device at the latest after the full fence. */
TEST(model_step__forwards)
{
	struct field f;

	field_open(&f, MODEL_MEMORY_TSO);
	step_shared_store(f.cpu, 8, UINT64_C(0x1122334455667788));
	EXPECT_EQ(step_shared_load(f.cpu, 8), UINT64_C(0x1122334455667788));
	step_shared_store(f.cpu + 8, 2, 0xabcd);
	EXPECT_EQ(step_shared_load(f.cpu + 8, 2), 0xabcd);
	step_fence(STEP_ASK);
	EXPECT_EQ(step_shared_load(f.cpu, 8), UINT64_C(0x1122334455667788));
	EXPECT(f.cpu[0] == 0x88 || f.cpu[0] == 0x11);
	field_close(&f);
}

/* What a store may overtake: counted over many seeds. */
static unsigned
overtakings(model_memory memory, bool fence)
{
	unsigned count = 0;

	for (unsigned i = 0; i < 400; i++) {
		struct field f;

		field_open(&f, memory);
		step_shared_store(f.cpu, 1, 1);
		if (fence)
			step_fence(STEP_PUBLISH);
		step_shared_store(f.cpu + 64, 1, 1);
		for (unsigned k = 0; k < 4; k++) {
			(void)step_shared_load(f.cpu + 128, 1);
			count += f.cpu[64] == 1 && f.cpu[0] == 0;
		}
		field_close(&f);
	}
	return count;
}

TEST(model_step__store_order)
{
	EXPECT_EQ(overtakings(MODEL_MEMORY_TSO, false), 0);
	EXPECT(overtakings(MODEL_MEMORY_WEAK, false) > 0);
	EXPECT_EQ(overtakings(MODEL_MEMORY_WEAK, true), 0);
}

/* A full fence drains; without it a store can stay behind a load. */
static unsigned
delays(bool fence)
{
	unsigned count = 0;

	for (unsigned i = 0; i < 200; i++) {
		struct field f;

		field_open(&f, MODEL_MEMORY_TSO);
		step_shared_store(f.cpu, 1, 1);
		if (fence)
			step_fence(STEP_ASK);
		(void)step_shared_load(f.cpu + 64, 1);
		count += f.cpu[0] == 0;
		field_close(&f);
	}
	return count;
}

TEST(model_step__full_fence)
{
	EXPECT(delays(false) > 0);
	EXPECT_EQ(delays(true), 0);
}

/*
 * Loads: the device writes a value and then a flag.  Without an observe fence the flag may be seen
 * and the value not; never with it, and never under TSO.  One place never goes back in time.
 */
static unsigned
stale(model_memory memory, bool fence)
{
	unsigned count = 0;

	for (unsigned i = 0; i < 200; i++) {
		struct model_options o;
		struct bench b;
		uint8_t *used, *data;

		model_options_default(&o);
		o.queue_size = 8;
		bench_start(&b, &o, F_VERSION_1);
		model_step_begin(b.host, memory, test_random());
		used = (uint8_t *)b.ring.cpu + b.device_at;
		data = b.data.cpu;
		put16(b.ring.cpu, b.driver, 1); /* an interrupt would order everything */
		split_chain(&b, 0, 0, 1, 512);
		split_offer(&b, 0, 0);
		bench_run(&b);
		while (get16(&(uint16_t){(uint16_t)step_shared_load(used + 2, 2)}, 0) == 0) {
		}
		if (fence)
			step_fence(STEP_OBSERVE);
		count += step_shared_load(data + status_at(0), 1) == 0xff;
		EXPECT(get16(&(uint16_t){(uint16_t)step_shared_load(used + 2, 2)}, 0) == 1);
		model_step_end();
		bench_end(&b);
	}
	return count;
}

TEST(model_step__load_order)
{
	EXPECT_EQ(stale(MODEL_MEMORY_TSO, false), 0);
	EXPECT(stale(MODEL_MEMORY_WEAK, false) > 0);
	EXPECT_EQ(stale(MODEL_MEMORY_WEAK, true), 0);
}

/* The device acts exactly at the access that was named. */
TEST(model_step__once)
{
	for (uint64_t point = 0; point < 4; point++) {
		struct model_options o;
		struct bench b;
		uint8_t *ring;

		model_options_default(&o);
		o.queue_size = 8;
		bench_start(&b, &o, F_VERSION_1);
		model_step_begin(b.host, MODEL_MEMORY_STRONG, 1);
		ring = b.ring.cpu;
		split_chain(&b, 0, 0, 1, 512);
		split_offer(&b, 0, 0);
		b.t.ops->notify(b.t.context, 0, 0);
		model_step_mode_set(MODEL_STEP_ONCE, point);
		for (uint64_t i = 0; i < 4; i++) {
			(void)step_shared_load(ring + b.device_at + 2, 2);
			EXPECT_EQ(split_used(&b), i >= point);
		}
		EXPECT_EQ(model_step_accesses(), 4);
		EXPECT_EQ(model_step_stats()->loads, 4);
		model_step_end();
		bench_end(&b);
	}
}

/* Stores to what the device holds, to its own area, and outside everything are breaches. */
TEST(model_step__stores_checked)
{
	const unsigned *breaches;
	struct model_options o;
	struct bench b;
	uint8_t *ring;

	model_options_default(&o);
	o.queue_size = 8;
	o.held = true;
	bench_start(&b, &o, F_VERSION_1);
	model_step_begin(b.host, MODEL_MEMORY_STRONG, 1);
	breaches = model_host_stats(b.host)->breaches;
	ring = b.ring.cpu;
	split_chain(&b, 0, 0, 1, 512);
	split_offer(&b, 0, 0);
	bench_run(&b);
	step_shared_store(ring + 3 * 16, 8, 0); /* a free descriptor */
	EXPECT_EQ(model_host_stats(b.host)->breach_total, 0);
	step_shared_store(ring + 16, 8, 0);
	EXPECT_EQ(breaches[MODEL_BREACH_STORE_LENT], 1);
	step_shared_store((uint8_t *)b.data.cpu + status_at(0), 1, 0xff);
	EXPECT_EQ(breaches[MODEL_BREACH_STORE_LENT], 2);
	step_shared_store(ring + b.device_at, 2, 0);
	EXPECT_EQ(breaches[MODEL_BREACH_STORE_DEVICE_AREA], 1);
	step_shared_store(&b, 1, *(uint8_t *)&b);
	EXPECT_EQ(breaches[MODEL_BREACH_STORE_ASTRAY], 1);
	model_device_hold(b.device, false);
	EXPECT(model_host_run(b.host));
	step_shared_store(ring + 16, 8, 0);
	EXPECT_EQ(breaches[MODEL_BREACH_STORE_LENT], 2);
	model_step_end();
	bench_end(&b);
}

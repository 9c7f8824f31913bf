/* SPDX-License-Identifier: MIT */
/* The bench's engine and report on a home of numbers: what no device can be made to do in time. */
#include "commands/bench.h"

#include <string.h>

#include "test/harness.h"

#define DEPTH 8u

/* A home whose device answers at once, every FAILING-th request with an error. */
static struct fake {
	struct bench bench;
	struct orion_io *held[DEPTH];
	unsigned count, taken, failing, failures, pauses, resets;
	uint64_t now_ns;
	char out[4096];
	size_t used;
} fake;

static unsigned
submit(struct bench_lane *lane, struct orion_io *const *ios, unsigned count, int *why)
{
	unsigned taken = count < 3 ? count : 3;

	(void)lane;
	(void)why;
	for (unsigned i = 0; i < taken; i++) {
		fake.taken++;
		ios[i]->result = fake.failing != 0 && fake.taken % fake.failing == 0 ? -5 : 0;
		fake.held[fake.count++] = ios[i];
	}
	return taken;
}

static int
reap(struct bench_lane *lane, struct orion_io **done, unsigned max, bool idle)
{
	unsigned count = fake.count < max ? fake.count : max;

	(void)lane;
	(void)idle;
	fake.count -= count;
	memcpy(done, fake.held + fake.count, count * sizeof(*done));
	fake.now_ns += 1000000;
	return (int)count;
}

static uint64_t
now_ns(const struct bench *bench)
{
	(void)bench;
	return fake.now_ns;
}

static void
failed(struct bench_lane *lane, const struct orion_io *io)
{
	(void)lane;
	(void)io;
	fake.failures++;
}

static int
reset(struct bench_lane *lane, struct orion_io **back, unsigned *count)
{
	(void)lane;
	fake.resets++;
	memcpy(back, fake.held, fake.count * sizeof(*back));
	*count = fake.count;
	fake.count = 0;
	return 0;
}

static void
wait_for_setup(struct bench_lane *lane, uint64_t ns)
{
	(void)lane;
	fake.pauses++;
	fake.now_ns += ns;
}

static const struct bench_home home = {
	.submit = submit,
	.reap = reap,
	.now_ns = now_ns,
	.failed = failed,
	.reset = reset,
	.pause = wait_for_setup,
	.late = -62,
};

static void
write_out(void *context, const char *text, size_t length)
{
	(void)context;
	EXPECT(fake.used + length < sizeof(fake.out));
	memcpy(fake.out + fake.used, text, length);
	fake.used += length;
}

static void
expect_out(const char *text)
{
	fake.out[fake.used] = '\0';
	if (strstr(fake.out, text) == NULL)
		test_fail(__FILE__, __LINE__, "there is no %s in %s", text, fake.out);
}

/* Runs COUNT requests on one lane, and reports them. */
static struct bench_lane *
run(uint64_t count, bool json)
{
	const struct text_sink sink = {write_out, NULL};
	struct bench_lane *lane = test_alloc(sizeof(*lane));
	struct bench *bench = &fake.bench;
	unsigned char *buffers = test_alloc(DEPTH * 4096);
	struct report report;
	char words[160];
	void *memory;

	bench->home = &home;
	bench->disk = "vd0";
	bench->cpu_ns = BENCH_UNKNOWN;
	bench->lanes[0] = lane;
	bench->work.queues = 1;
	bench->work.count = count;
	bench->work.depth = DEPTH;
	bench_settle(&bench->work);
	EXPECT_EQ(bench_fit(bench, 1 << 20, 512, words), ORION_OK);
	memory = test_alloc(bench_lane_bytes(bench));
	bench_lane_init(lane, bench, 0, memory, buffers, 4096);
	bench_lane_run(bench, 0);
	bench_add_up(bench);
	report_open(&report, &sink, json);
	bench_report(&report, bench);
	report_close(&report);
	test_free(memory);
	test_free(buffers);
	return lane;
}

static void
begin(void)
{
	memset(&fake, 0, sizeof(fake));
	bench_work_init(&fake.bench.work);
}

/* What failed came back, and moved nothing: it is in no rate, no byte and no latency. */
TEST(bench_lane__failures_count_for_nothing)
{
	struct bench_lane *lane;

	begin();
	fake.failing = 4;
	lane = run(100, true);
	EXPECT_EQ(fake.failures, 25);
	EXPECT_EQ(lane->latency.count, 75);
	EXPECT_EQ(fake.bench.error, -5);
	expect_out("\"requests\": 100,");
	expect_out("\"failed\": 25,");
	expect_out("\"bytes\": 307200,");
	/* Three at a time, a millisecond each. */
	expect_out("\"elapsed_ns\": 34000000,");
	expect_out("\"requests_per_second\": 2205,");
	test_free(lane);
}

/* Another lane that is at its reset for ever is not waited for for ever. */
TEST(bench_lane__setup_has_a_limit)
{
	struct bench_lane *lane;

	begin();
	fake.bench.setup = 1;
	fake.bench.work.resets = 1;
	lane = run(100, false);
	EXPECT_EQ(fake.bench.error, -62);
	EXPECT(fake.pauses > 1000);
	EXPECT_EQ(fake.resets, 0);
	EXPECT(fake.bench.completed < 100);
	EXPECT_EQ(fake.bench.setup, 1);
	test_free(lane);
}

/* What a reset gives back is sent again: all are done, each once. */
TEST(bench_lane__resets_lose_nothing)
{
	struct bench_lane *lane;

	begin();
	fake.bench.work.resets = 5;
	fake.bench.work.settled = false;
	lane = run(100, false);
	EXPECT_EQ(fake.bench.error, 0);
	EXPECT_EQ(fake.resets, 5);
	EXPECT_EQ(fake.bench.completed, 100);
	EXPECT_EQ(fake.taken, 100 + fake.bench.given_back);
	EXPECT(fake.bench.given_back != 0);
	expect_out("resets       5, ");
	test_free(lane);
}

/* A bench without requests has no figures, and says so. */
TEST(bench_lane__nothing_measured)
{
	struct bench_lane *lane;

	begin();
	fake.bench.stop = BENCH_TIME_OVER;
	lane = run(100, true);
	expect_out("\"requests\": 0,");
	expect_out("\"kicks_per_request\": null,");
	expect_out("\"p99\": null,");
	expect_out("\"histogram\": []");
	test_free(lane);
}

/* SPDX-License-Identifier: MIT */
/* The model's host: memory, guards, ledger, failures on demand, clock; and the model's words. */
#include "test/unit/model_bench.h"

TEST(model_host__regions)
{
	struct model_host *host = model_host_open(1);
	const struct orion_port *port = model_host_port();
	struct orion_region a, b, bad;

	EXPECT_EQ(port->dma_alloc(host, 100, 4096, &a), ORION_OK);
	EXPECT_EQ(port->dma_alloc(host, 200, 16, &b), ORION_OK);
	EXPECT_EQ(a.device % 4096, 0);
	EXPECT(model_host_at(host, a.device, 100) == a.cpu);
	EXPECT(model_host_at(host, a.device + 99, 1) == (uint8_t *)a.cpu + 99);
	EXPECT(model_host_at(host, a.device, 101) == NULL);
	EXPECT(model_host_at(host, a.device - 1, 1) == NULL);
	EXPECT(model_host_at(host, UINT64_MAX, 2) == NULL);
	EXPECT_EQ(((uint8_t *)b.cpu)[199], 0);
	bad = a;
	bad.bytes = 99;
	port->dma_free(host, &bad);
	EXPECT_EQ(model_host_stats(host)->bad_frees, 1);
	port->dma_free(host, &a);
	port->dma_free(host, &a);
	EXPECT_EQ(model_host_stats(host)->bad_frees, 2);
	((uint8_t *)b.cpu)[200] = 1;
	port->dma_free(host, &b);
	EXPECT_EQ(model_host_stats(host)->guards_broken, 1);
	EXPECT_EQ(model_host_stats(host)->dma_bytes, 0);
	model_host_close(host);
}

TEST(model_host__share)
{
	struct model_host *host = model_host_open(1);
	const struct orion_port *port = model_host_port();
	uint8_t data[100];
	uint64_t device, cookie;
	size_t contiguous;

	model_host_share_limit(host, 60);
	EXPECT_EQ(port->share(host, data, 100, ORION_DEVICE_READS, &device, &contiguous, &cookie),
		  ORION_OK);
	EXPECT_EQ(contiguous, 60);
	EXPECT(model_host_at(host, device + 10, 50) == data + 10);
	port->unshare(host, cookie, ORION_DEVICE_WRITES);
	EXPECT_EQ(model_host_stats(host)->bad_frees, 1);
	port->unshare(host, cookie, ORION_DEVICE_READS);
	EXPECT_EQ(model_host_stats(host)->shares, 0);
	EXPECT(model_host_at(host, device, 1) == NULL);
	model_host_close(host);
}

/* The n-th fallible call fails, alone or with all that follow. */
TEST(model_host__fails)
{
	struct model_host *host = model_host_open(1);
	const struct orion_port *port = model_host_port();
	struct orion_region r;

	for (unsigned forever = 0; forever < 2; forever++) {
		model_host_fail(host, 2, forever == 1);
		for (unsigned call = 1; call <= 4; call++) {
			bool fails = call == 2 || (forever == 1 && call > 2);
			orion_status status = port->dma_alloc(host, 16, 16, &r);

			EXPECT_EQ(status, fails ? ORION_NO_MEMORY : ORION_OK);
			if (status == ORION_OK)
				port->dma_free(host, &r);
		}
		EXPECT_EQ(model_host_stats(host)->failed, forever == 1 ? 3 : 1);
	}
	model_host_close(host);
}

TEST(model_host__clock)
{
	struct model_host *host = model_host_open(1);
	const struct orion_port *port = model_host_port();
	uint64_t before = port->now_ns(host);

	port->pause_ns(host, 5000);
	EXPECT(port->now_ns(host) >= before + 5000);
	model_host_close(host);
}

/* Memory that a live queue uses is not taken back unnoticed. */
TEST(model_host__freed_while_lent)
{
	struct model_options o;
	struct bench b;

	model_options_default(&o);
	o.queue_size = 8;
	bench_start(&b, &o, F_VERSION_1);
	model_host_port()->dma_free(b.host, &b.ring);
	EXPECT_EQ(model_host_stats(b.host)->breaches[MODEL_BREACH_FREED_LENT], 1);
	b.t.ops->status_set(b.t.context, 0);
	model_host_port()->dma_free(b.host, &b.data);
	b.ring.cpu = NULL;
	bench_end(&b);
}

TEST(model_text__all_there)
{
	for (int i = 0; i < MODEL_BREACH_COUNT; i++)
		EXPECT(strcmp(model_breach_text((model_breach)i), "unknown breach") != 0);
	for (int i = 0; i < MODEL_MISCHIEF_COUNT; i++)
		EXPECT(strcmp(model_mischief_text((model_mischief)i), "unknown mischief") != 0);
	EXPECT_STR(model_breach_text(MODEL_BREACH_COUNT), "unknown breach");
	EXPECT_STR(model_mischief_text(MODEL_MISCHIEF_COUNT), "unknown mischief");
}

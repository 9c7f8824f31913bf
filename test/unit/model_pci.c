/* SPDX-License-Identifier: MIT */
/* The model as a PCI function, register by register, against numbers of the specification. */
#include "test/unit/model_bench.h"

#include "arch/stepped.h"

struct card {
	struct model_host *host;
	struct model_device *device;
	const struct orion_port *port;
	uint32_t function;
	volatile uint8_t *virtio; /* BAR 4 */
	volatile uint8_t *table; /* BAR 1 */
	unsigned messages;
};

static uint32_t
config_get(struct card *c, unsigned offset, unsigned width)
{
	return c->port->pci_read(c->host, c->function, (uint16_t)offset, width);
}

static void
config_put(struct card *c, unsigned offset, unsigned width, uint32_t value)
{
	c->port->pci_write(c->host, c->function, (uint16_t)offset, width, value);
}

static uint64_t
bar(struct card *c, unsigned number, bool wide)
{
	return (config_get(c, 0x10 + 4 * number, 4) & ~15u) |
	       (wide ? (uint64_t)config_get(c, 0x14 + 4 * number, 4) << 32 : 0);
}

static void
card_open(struct card *c, const struct model_options *o)
{
	volatile void *at;

	memset(c, 0, sizeof(*c));
	c->host = model_host_open(1);
	c->device = model_device_open(c->host, o);
	c->port = model_host_port();
	c->function = model_device_plug(c->device, MODEL_PCI_MODERN);
	model_step_begin(c->host, MODEL_MEMORY_STRONG, 1);
	config_put(c, 4, 2, 6);
	EXPECT_EQ(c->port->map_registers(c->host, bar(c, 4, true), 0x4000, &at), ORION_OK);
	c->virtio = at;
	EXPECT_EQ(c->port->map_registers(c->host, bar(c, 1, false), 0x1000, &at), ORION_OK);
	c->table = at;
}

static void
card_close(struct card *c)
{
	c->port->unmap_registers(c->host, c->virtio, 0x4000);
	c->port->unmap_registers(c->host, c->table, 0x1000);
	EXPECT_EQ(model_host_stats(c->host)->mappings, 0);
	EXPECT_EQ(model_host_stats(c->host)->irqs, 0);
	model_step_end();
	model_device_close(c->device);
	model_host_close(c->host);
}

static unsigned
breaches(struct card *c, model_breach breach)
{
	return model_host_stats(c->host)->breaches[breach];
}

TEST(model_pci__header)
{
	struct model_options o;
	struct card c;

	model_options_default(&o);
	card_open(&c, &o);
	EXPECT_EQ(config_get(&c, 0, 4), 0x10421af4);
	EXPECT_EQ(config_get(&c, 6, 2) & 0x10, 0x10);
	EXPECT_EQ(config_get(&c, 0x3d, 1), 1);
	EXPECT_EQ(c.port->pci_read(c.host, 0xf8, 0, 4), 0xffffffff);
	EXPECT_EQ(c.port->pci_read(c.host, 0xf8, 0, 2), 0xffff);

	config_put(&c, 4, 2, 0);
	for (unsigned i = 0; i < 6; i++) {
		static const uint32_t masks[] = {0, 0xfffff000, 0, 0, 0xffffc004, 0xffffffff};
		uint32_t before = config_get(&c, 0x10 + 4 * i, 4);

		config_put(&c, 0x10 + 4 * i, 4, 0xffffffff);
		EXPECT_EQ(config_get(&c, 0x10 + 4 * i, 4), masks[i]);
		config_put(&c, 0x10 + 4 * i, 4, before);
		EXPECT_EQ(config_get(&c, 0x10 + 4 * i, 4), before);
	}
	EXPECT_EQ(model_host_stats(c.host)->breach_total, 0);
	config_put(&c, 4, 2, 2);
	config_put(&c, 0x14, 4, 0xffffffff);
	EXPECT_EQ(breaches(&c, MODEL_BREACH_PCI_BAR_SIZING), 1);
	card_close(&c);
}

/* The list: MSI-X and the five virtio structures, each once, in place. */
TEST(model_pci__capabilities)
{
	static const uint32_t lengths[] = {0, 0x3c, 0x1000, 1, 96, 0};
	unsigned at, found = 0, hops = 0;
	struct model_options o;
	struct card c;

	model_options_default(&o);
	o.vectors = 5;
	card_open(&c, &o);
	for (at = config_get(&c, 0x34, 1); at != 0; at = config_get(&c, at + 1, 1)) {
		EXPECT(at >= 0x40 && at % 4 == 0 && hops++ < 48);
		if (config_get(&c, at, 1) == 0x11) {
			EXPECT_EQ(config_get(&c, at + 2, 2), 4);
			EXPECT_EQ(config_get(&c, at + 4, 4) & 7, 1);
			found |= 1;
		} else {
			unsigned type = config_get(&c, at + 3, 1);

			EXPECT_EQ(config_get(&c, at, 1), 9);
			EXPECT(type >= 1 && type <= 5 && (found & 1u << type) == 0);
			EXPECT_EQ(config_get(&c, at + 2, 1), type == 2 || type == 5 ? 20 : 16);
			EXPECT_EQ(config_get(&c, at + 4, 1), type == 5 ? 0 : 4);
			EXPECT_EQ(config_get(&c, at + 12, 4), lengths[type]);
			found |= 1u << type;
		}
	}
	EXPECT_EQ(found, 0x3f);
	card_close(&c);
}

static bool
on_message(void *argument)
{
	((struct card *)argument)->messages++;
	return true;
}

static void
status_put(struct card *c, uint32_t status)
{
	step_register_store(c->virtio + 0x14, 1, status);
}

/* Reset to FEATURES_OK, with VERSION_1 and MORE of bits 32 to 63. */
static void
negotiate(struct card *c, uint64_t offered, uint64_t more)
{
	status_put(c, 0);
	status_put(c, 1);
	status_put(c, 3);
	step_register_store(c->virtio + 0x00, 4, 1);
	EXPECT_EQ(step_register_load(c->virtio + 0x04, 4), offered >> 32);
	step_register_store(c->virtio + 0x08, 4, 1);
	step_register_store(c->virtio + 0x0c, 4, (uint32_t)((F_VERSION_1 | more) >> 32));
	status_put(c, 11);
	EXPECT_EQ(step_register_load(c->virtio + 0x14, 1), 11);
	EXPECT_EQ(model_device_features(c->device), F_VERSION_1 | more);
}

/* The message control word of the first capability, MSI-X. */
static void
msix_put(struct card *c, uint32_t control)
{
	config_put(c, config_get(c, 0x34, 1) + 2, 2, control);
}

/* Entry 1 of the table, masked; MSI-X on. */
static uint64_t
message_make(struct card *c)
{
	struct orion_irq_source source = {
		.kind = ORION_IRQ_MESSAGE, .function = c->function, .index = 1};
	struct orion_irq_message message;

	EXPECT_EQ(c->port->irq_attach(c->host, &source, on_message, c, &message), ORION_OK);
	step_register_store(c->table + 16, 4, (uint32_t)message.address);
	step_register_store(c->table + 20, 4, (uint32_t)(message.address >> 32));
	step_register_store(c->table + 24, 4, message.data);
	step_register_store(c->table + 28, 4, 1);
	msix_put(c, 0x8000);
	return message.cookie;
}

static void
queue_make(struct card *c, const struct bench *b)
{
	step_register_store(c->virtio + 0x16, 2, 0);
	EXPECT_EQ(step_register_load(c->virtio + 0x18, 2), 8);
	EXPECT_EQ(step_register_load(c->virtio + 0x1a, 2), 0xffff);
	step_register_store(c->virtio + 0x1a, 2, 1);
	EXPECT_EQ(step_register_load(c->virtio + 0x1a, 2), 1);
	for (unsigned i = 0; i < 3; i++) {
		uint64_t address = b->ring.device + 256 * i;

		step_register_store(c->virtio + 0x20 + 8 * i, 4, (uint32_t)address);
		step_register_store(c->virtio + 0x24 + 8 * i, 4, (uint32_t)(address >> 32));
	}
	EXPECT_EQ(step_register_load(c->virtio + 0x1c, 2), 0);
	step_register_store(c->virtio + 0x1c, 2, 1);
	EXPECT_EQ(step_register_load(c->virtio + 0x1c, 2), 1);
}

/* From reset to a completed request through registers alone, with MSI-X. */
TEST(model_pci__whole_life)
{
	struct model_options o;
	struct bench b = {.size = 8, .driver = 256, .device_at = 512};
	struct card c;
	uint64_t cookie;

	model_options_default(&o);
	o.queue_size = 8;
	card_open(&c, &o);
	b.host = c.host;
	EXPECT_EQ(c.port->dma_alloc(c.host, 4096, 4096, &b.ring), ORION_OK);
	EXPECT_EQ(c.port->dma_alloc(c.host, 65536, 4096, &b.data), ORION_OK);
	negotiate(&c, o.features, 0);
	cookie = message_make(&c);
	queue_make(&c, &b);
	status_put(&c, 15);

	split_chain(&b, 0, 0, 1, 512);
	split_offer(&b, 0, 0);
	step_register_store(c.virtio + 0x3000 + 4 * step_register_load(c.virtio + 0x1e, 2), 2, 0);
	EXPECT(model_host_run(c.host));
	EXPECT_EQ(split_used(&b), 1);
	EXPECT_EQ(c.messages, 0);
	step_register_store(c.table + 28, 4, 0); /* pending until here */
	EXPECT_EQ(c.messages, 1);
	msix_put(&c, 0);
	EXPECT_EQ(step_register_load(c.virtio + 0x1000, 1), 1);
	EXPECT_EQ(step_register_load(c.virtio + 0x1000, 1), 0);
	EXPECT_STR(model_host_stats(c.host)->first_breach, "");
	msix_put(&c, 0x8000);
	(void)step_register_load(c.virtio + 0x1000, 1);
	EXPECT_EQ(breaches(&c, MODEL_BREACH_PCI_ISR), 1);

	status_put(&c, 0);
	EXPECT_EQ(step_register_load(c.virtio + 0x1c, 2), 0);
	step_register_store(c.table + 28, 4, 1);
	c.port->irq_detach(c.host, cookie);
	EXPECT_EQ(breaches(&c, MODEL_BREACH_PCI_UNMASKED), 0);
	c.port->dma_free(c.host, &b.ring);
	c.port->dma_free(c.host, &b.data);
	card_close(&c);
}

TEST(model_pci__detached_unmasked)
{
	struct model_options o;
	struct card c;
	uint64_t cookie;

	model_options_default(&o);
	card_open(&c, &o);
	cookie = message_make(&c);
	step_register_store(c.table + 28, 4, 0);
	c.port->irq_detach(c.host, cookie);
	EXPECT_EQ(breaches(&c, MODEL_BREACH_PCI_UNMASKED), 1);
	card_close(&c);
}

TEST(model_pci__access_rules)
{
	struct model_options o;
	struct card c;

	model_options_default(&o);
	card_open(&c, &o);
	(void)step_register_load(c.virtio + 0x14, 4);
	(void)step_register_load(c.virtio + 0x20, 2);
	EXPECT_EQ(breaches(&c, MODEL_BREACH_PCI_WIDTH), 2);
	step_register_store(c.virtio + 0x12, 2, 1);
	EXPECT_EQ(breaches(&c, MODEL_BREACH_PCI_READ_ONLY), 1);
	(void)step_register_load(c.virtio + 0x1800, 4);
	(void)step_register_load(&o, 4);
	EXPECT_EQ(breaches(&c, MODEL_BREACH_PCI_OUTSIDE), 2);
	step_register_store(c.virtio + 0x10, 2, 2); /* vectors are 0 and 1 */
	EXPECT_EQ(breaches(&c, MODEL_BREACH_VECTOR_RANGE), 1);
	EXPECT_EQ(step_register_load(c.virtio + 0x10, 2), 0xffff);
	config_put(&c, 4, 2, 0);
	EXPECT_EQ(step_register_load(c.virtio + 0x14, 1), 0xff);
	EXPECT_EQ(breaches(&c, MODEL_BREACH_PCI_DECODE), 1);
	card_close(&c);
}

/* The window capability reaches the same registers by way of configuration space [spec 4.1.4.9]. */
TEST(model_pci__window)
{
	struct model_options o;
	struct card c;
	unsigned at;

	model_options_default(&o);
	card_open(&c, &o);
	at = config_get(&c, 0x34, 1);
	while (config_get(&c, at, 1) != 9 || config_get(&c, at + 3, 1) != 5)
		at = config_get(&c, at + 1, 1);
	config_put(&c, at + 4, 1, 4);
	config_put(&c, at + 8, 4, 0x14);
	config_put(&c, at + 12, 4, 1);
	config_put(&c, at + 16, 1, 1);
	EXPECT_EQ(config_get(&c, at + 16, 1), 1);
	EXPECT_EQ(model_device_status(c.device), 1);
	EXPECT_STR(model_host_stats(c.host)->first_breach, "");
	/* Nothing else of it, nor of any other capability, is to be written. */
	config_put(&c, at + 2, 1, 24);
	config_put(&c, at + 3, 1, 1);
	config_put(&c, at + 4, 2, 4);
	config_put(&c, config_get(&c, at + 1, 1) + 8, 4, 0);
	config_put(&c, 0, 2, 0);
	EXPECT_EQ(breaches(&c, MODEL_BREACH_PCI_CONFIG), 5);
	card_close(&c);
}

/* What it may be aimed at, and what may then be accessed.  [spec 4.1.4.9.2] */
TEST(model_pci__window_rules)
{
	static const struct {
		uint32_t bar, offset, length, width;
		unsigned breaches;
	} rows[] = {
		{4, 0x14, 1, 1, 0},   {4, 0x00, 4, 4, 0},   {4, 0x2000, 4, 4, 0},
		{4, 0x16, 4, 4, 2}, /* told, and then used */
		{4, 0x15, 2, 2, 2},   {4, 0x14, 1, 2, 1},   {4, 0x14, 2, 1, 1},
		{4, 0x14, 0, 1, 1},   {4, 0x3c, 4, 4, 1}, /* past the common structure */
		{4, 0x1001, 1, 1, 1}, {4, 0x2060, 4, 4, 1}, {1, 0, 4, 4, 1},
		{0, 0, 4, 4, 1},
	};
	struct model_options o;
	struct card c;
	unsigned at;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		test_note("row %u", i);
		model_options_default(&o);
		card_open(&c, &o);
		at = config_get(&c, 0x34, 1);
		while (config_get(&c, at, 1) != 9 || config_get(&c, at + 3, 1) != 5)
			at = config_get(&c, at + 1, 1);
		config_put(&c, at + 4, 1, rows[i].bar);
		config_put(&c, at + 12, 4, rows[i].length);
		config_put(&c, at + 8, 4, rows[i].offset);
		(void)config_get(&c, at + 16, rows[i].width);
		EXPECT_EQ(breaches(&c, MODEL_BREACH_PCI_WINDOW), rows[i].breaches);
		EXPECT_EQ(model_host_stats(c.host)->breach_total, rows[i].breaches);
		card_close(&c);
	}
}

TEST(model_pci__gone)
{
	struct model_options o;
	struct card c;

	model_options_default(&o);
	o.tricks[0] = (struct model_trick){MODEL_MISCHIEF_ALL_ONES, 2, 0, 0};
	card_open(&c, &o);
	EXPECT_EQ(step_register_load(c.virtio + 0x16, 2), 0);
	EXPECT_EQ(step_register_load(c.virtio + 0x16, 2), 0);
	EXPECT_EQ(step_register_load(c.virtio + 0x16, 2), 0xffff);
	EXPECT_EQ(step_register_load(c.virtio + 0x14, 1), 0xff);
	EXPECT_EQ(config_get(&c, 0, 4), 0xffffffff);
	card_close(&c);
}

/* ---- what later features added ---- */

/* Registers of a feature that was not negotiated are not there. */
TEST(model_pci__fields_of_features)
{
	struct model_options o;
	struct card c;

	model_options_default(&o);
	o.features |= F_NUMBER | F_RING_RESET;
	card_open(&c, &o);
	negotiate(&c, o.features, 0);
	EXPECT_EQ(step_register_load(c.virtio + 0x38, 2), 0);
	EXPECT_EQ(step_register_load(c.virtio + 0x3a, 2), 0);
	step_register_store(c.virtio + 0x3a, 2, 1);
	EXPECT_EQ(breaches(&c, MODEL_BREACH_PCI_FIELD), 3);
	negotiate(&c, o.features, F_NUMBER | F_RING_RESET);
	step_register_store(c.virtio + 0x16, 2, 0);
	EXPECT_EQ(step_register_load(c.virtio + 0x38, 2), 0xa5c3);
	EXPECT_EQ(step_register_load(c.virtio + 0x3a, 2), 0);
	EXPECT_EQ(breaches(&c, MODEL_BREACH_PCI_FIELD), 3);
	step_register_store(c.virtio + 0x38, 2, 1);
	EXPECT_EQ(breaches(&c, MODEL_BREACH_PCI_READ_ONLY), 1);
	status_put(&c, 0);
	card_close(&c);
}

static const struct test_axis numbers = {"number", {"index", "own"}};
static const struct test_axis positions = {"position", {"none", "data"}};
static const struct test_axis *const kick_axes[] = {&numbers, &positions, NULL};

/* The doorbell's width and value with each of the two features, and what else is a breach. */
TEST_AXES(model_pci__doorbells, kick_axes, NULL)
{
	bool own = test_choice(&numbers) == 1, data = test_choice(&positions) == 1;
	uint64_t features = (own ? F_NUMBER : 0) | (data ? F_POSITION : 0);
	uint32_t number = own ? 0xa5c3 : 0, value = number | (data ? 1u << 16 : 0);
	unsigned width = data ? 4 : 2;
	struct model_options o;
	struct bench b = {.size = 8, .driver = 256, .device_at = 512};
	struct card c;

	model_options_default(&o);
	o.queue_size = 8;
	o.features |= F_NUMBER | F_POSITION;
	card_open(&c, &o);
	b.host = c.host;
	EXPECT_EQ(c.port->dma_alloc(c.host, 4096, 4096, &b.ring), ORION_OK);
	EXPECT_EQ(c.port->dma_alloc(c.host, 65536, 4096, &b.data), ORION_OK);
	negotiate(&c, o.features, features);
	queue_make(&c, &b);
	status_put(&c, 15);
	split_chain(&b, 0, 0, 1, 512);
	split_offer(&b, 0, 0);
	step_register_store(c.virtio + 0x3000, width, value);
	EXPECT(model_host_run(c.host));
	EXPECT_EQ(split_used(&b), 1);
	EXPECT_STR(model_host_stats(c.host)->first_breach, "");

	step_register_store(c.virtio + 0x3000, 6 - width, value);
	EXPECT_EQ(breaches(&c, MODEL_BREACH_PCI_WIDTH), 1);
	step_register_store(c.virtio + 0x3000, width, value ^ (own ? number : 1));
	EXPECT_EQ(breaches(&c, MODEL_BREACH_KICK_NUMBER), 1);
	if (data) {
		step_register_store(c.virtio + 0x3000, 4, number | 2u << 16);
		EXPECT_EQ(breaches(&c, MODEL_BREACH_KICK_POSITION), 1);
	}
	EXPECT_EQ(model_device_stats(c.device)->kicks, 1 + data);
	status_put(&c, 0);
	c.port->dma_free(c.host, &b.ring);
	c.port->dma_free(c.host, &b.data);
	card_close(&c);
}

/* queue_reset reads 1 while it lasts, then it and queue_enable read 0, and all else is as new. */
TEST(model_pci__queue_reset)
{
	struct model_options o;
	struct bench b = {.size = 8, .driver = 256, .device_at = 512};
	struct card c;

	model_options_default(&o);
	o.queue_size = 8;
	o.reset_reads = 2;
	o.features |= F_RING_RESET;
	card_open(&c, &o);
	b.host = c.host;
	EXPECT_EQ(c.port->dma_alloc(c.host, 4096, 4096, &b.ring), ORION_OK);
	negotiate(&c, o.features, F_RING_RESET);
	queue_make(&c, &b);
	status_put(&c, 15);
	step_register_store(c.virtio + 0x3a, 2, 2);
	EXPECT_EQ(breaches(&c, MODEL_BREACH_QUEUE_RESET), 1);
	EXPECT_EQ(step_register_load(c.virtio + 0x3a, 2), 0);
	for (unsigned round = 0; round < 2; round++) {
		step_register_store(c.virtio + 0x3a, 2, 1);
		EXPECT_EQ(step_register_load(c.virtio + 0x3a, 2), 1);
		EXPECT_EQ(step_register_load(c.virtio + 0x1c, 2), 1);
		EXPECT_EQ(step_register_load(c.virtio + 0x3a, 2), 1);
		EXPECT_EQ(step_register_load(c.virtio + 0x3a, 2), 0);
		EXPECT_EQ(step_register_load(c.virtio + 0x1c, 2), 0);
		EXPECT_EQ(step_register_load(c.virtio + 0x20, 4), 0);
		/* After DRIVER_OK, this once. */
		queue_make(&c, &b);
		EXPECT_EQ(step_register_load(c.virtio + 0x3a, 2), 0);
	}
	EXPECT_EQ(model_host_stats(c.host)->breach_total, 1);
	status_put(&c, 0);
	c.port->dma_free(c.host, &b.ring);
	card_close(&c);
}

/* A structure shorter than its fields: what lies past its end is not there. */
TEST(model_pci__short_structures)
{
	struct model_options o;
	struct card c;

	model_options_default(&o);
	o.features |= F_NUMBER | F_RING_RESET;
	o.queues = 2;
	o.tricks[0] = (struct model_trick){MODEL_MISCHIEF_SAY_COMMON_BYTES, 0, 0, 0x3a};
	o.tricks[1] = (struct model_trick){MODEL_MISCHIEF_SAY_MULTIPLIER, 0, 0, 2};
	o.tricks[2] = (struct model_trick){MODEL_MISCHIEF_SAY_NOTIFY_BYTES, 0, 0, 3};
	card_open(&c, &o);
	negotiate(&c, o.features, F_NUMBER | F_RING_RESET);
	step_register_store(c.virtio + 0x16, 2, 0);
	EXPECT_EQ(step_register_load(c.virtio + 0x38, 2), 0xa5c3);
	EXPECT_EQ(breaches(&c, MODEL_BREACH_PCI_FIELD), 0);
	(void)step_register_load(c.virtio + 0x3a, 2);
	EXPECT_EQ(breaches(&c, MODEL_BREACH_PCI_FIELD), 1);
	step_register_store(c.virtio + 0x3000, 2, 0xa5c3);
	EXPECT_EQ(breaches(&c, MODEL_BREACH_KICK_EARLY), 1);
	step_register_store(c.virtio + 0x3002, 2, 0xa6c5);
	EXPECT_EQ(breaches(&c, MODEL_BREACH_KICK_NUMBER), 1);
	EXPECT_EQ(breaches(&c, MODEL_BREACH_KICK_EARLY), 1);
	status_put(&c, 0);
	card_close(&c);
}

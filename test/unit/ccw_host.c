/* SPDX-License-Identifier: MIT */
/* See ccw_host.h. */
#include "test/unit/ccw_host.h"

#include <string.h>

#include "test/harness.h"

struct ccw_script script;

/* ---- the port ---- */

static orion_status
dma_alloc(void *context, size_t bytes, size_t align, struct orion_region *out)
{
	(void)context;
	EXPECT(align <= 4096);
	EXPECT(script.regions_live < 8);
	out->cpu = test_alloc(bytes);
	script.regions[script.regions_live++] = out->cpu;
	out->device = (uintptr_t)out->cpu;
	out->bytes = bytes;
	return ORION_OK;
}

static void
dma_free(void *context, const struct orion_region *region)
{
	(void)context;
	for (unsigned i = 0; i < script.regions_live; i++) {
		if (script.regions[i] != region->cpu)
			continue;
		script.regions[i] = script.regions[--script.regions_live];
		test_free(region->cpu);
		return;
	}
	test_fail(__FILE__, __LINE__, "memory given back that is none");
}

static orion_status
irq_attach(void *context, const struct orion_irq_source *source, orion_irq_handler *handler,
	   void *argument, struct orion_irq_message *out)
{
	(void)context;
	EXPECT_EQ(source->kind, ORION_IRQ_WIRE);
	if (script.irqs == script.irqs_max)
		return ORION_NO_INTERRUPT;
	for (unsigned i = 0; i < 2; i++) {
		if (script.irq[i].handler != NULL)
			continue;
		script.irq[i].handler = handler;
		script.irq[i].argument = argument;
		script.irq[i].wire = source->wire;
		out->cookie = i;
		script.irqs++;
		test_ledger("interrupt", 1);
		return ORION_OK;
	}
	return ORION_NO_INTERRUPT;
}

static void
irq_detach(void *context, uint64_t cookie)
{
	(void)context;
	EXPECT(cookie < 2 && script.irq[cookie].handler != NULL);
	script.irq[cookie].handler = NULL;
	script.irqs--;
	test_ledger("interrupt", -1);
}

static orion_status
share(void *context, void *cpu, size_t bytes, orion_direction direction, uint64_t *device,
      size_t *contiguous, uint64_t *cookie)
{
	(void)context;
	(void)direction;
	*device = (uintptr_t)cpu;
	*contiguous = bytes;
	*cookie = 0;
	return ORION_OK;
}

static void
unshare(void *context, uint64_t cookie, orion_direction direction)
{
	(void)context;
	(void)cookie;
	(void)direction;
}

static uint64_t
now_ns(void *context)
{
	(void)context;
	return script.now += 1000000;
}

static void
pause_ns(void *context, uint64_t ns)
{
	(void)context;
	script.now += ns;
}

static void
wake(void *context, void *event)
{
	(void)context;
	(void)event;
}

static void
report(void *context, orion_level level, orion_event event, uint64_t a, uint64_t b, uint64_t c)
{
	(void)context;
	(void)level;
	test_note("event %d: %llu %llx %llu", event, (unsigned long long)a, (unsigned long long)b,
		  (unsigned long long)c);
	script.reports[event]++;
}

/* ---- what a driver may send ---- */

/* The lengths of commands that have one, by the specification.  [spec 4.3.1.1, 4.3.2] */
static const struct {
	uint8_t code;
	uint16_t bytes;
} lengths[] = {
	{0x83, 4}, {0x33, 0},  {0x31, 1}, {0x72, 1}, {0x12, 5},  {0x11, 5},
	{0x32, 4}, {0x13, 32}, {0x43, 8}, {0x53, 8}, {0x73, 25},
};

static void
demand(bool holds, const char *clause, uint8_t code)
{
	if (!holds)
		test_fail(__FILE__, __LINE__, "command 0x%02x breaks %s", code, clause);
}

static void
judge(uint8_t code, const uint8_t *data, uint16_t bytes)
{
	for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		demand(code != lengths[i].code || bytes == lengths[i].bytes, "CCW-BASIC-03", code);
	demand(code == 0x83 || script.revision != 0, "CCW-REV-02", code);
	demand(code != 0x83 || script.revision == 0, "CCW-REV-03", code);
	demand(code != 0x83 || (data[2] == 0 && data[3] == 0), "CCW-I-01", code);
	demand(code != 0x72 || script.revision >= 2, "CCW-STAT-03", code);
	demand(code != 0x31 || (script.status & ~data[0] & 0x8f) == 0, "STATUS-02", code);
	demand(code != 0x31 || (data[0] & 0x70 & ~script.status) == 0, "STATUS-I-01", code);
	demand(code != 0x11 || (script.status & 8) == 0, "INIT-04", code);
	demand(code != 0x13 || (data[8] | data[9] | data[10] | data[11]) == 0, "CCW-I-02", code);
	demand(code != 0x43 || !script.two_stage, "CCW-D-01", code);
	demand(code != 0x73 || !script.classic, "CCW-D-01", code);
}

/* What the driver did that a later command must suit. */
static void
remember(uint8_t code, const uint8_t *data)
{
	if (code == 0x83)
		script.revision = (uint16_t)(data[0] << 8 | data[1]);
	else if (code == 0x33)
		script.classic = script.two_stage = false;
	else if (code == 0x43)
		script.classic = true;
	else if (code == 0x73)
		script.two_stage = true;
}

/* ---- the host and the device ---- */

static orion_status
enable(void *context, uint32_t device, bool on)
{
	(void)context;
	EXPECT_EQ(device, CCW_DEVICE);
	if (on && script.how != ORION_OK && script.fail_code == 0 && script.fail_at == 0)
		return script.how;
	script.enables += on;
	if (on != (script.enabled != 0))
		test_ledger("enabled subchannel", on ? 1 : -1);
	script.enabled = on;
	script.revision = 0;
	return ORION_OK;
}

/* A device's answer; NOT_SUPPORTED is a command reject. */
static orion_status
answer(uint8_t code, uint8_t *data, uint16_t bytes, uint16_t *done)
{
	uint64_t word;

	*done = bytes;
	switch (code) {
	case 0x83:
		return (data[0] << 8 | data[1]) <= script.revision_max && script.revision_max > 0
			       ? ORION_OK
			       : ORION_NOT_SUPPORTED;
	case 0x33:
		script.status = 0;
		break;
	case 0x31:
		if ((data[0] & 8) != 0 && (script.taken & ~script.features) != 0)
			return ORION_NOT_SUPPORTED;
		script.status = data[0];
		break;
	case 0x72:
		data[0] = script.status;
		break;
	case 0x12:
		word = script.features >> (32 * data[4]);
		for (unsigned i = 0; i < 4; i++)
			data[i] = (uint8_t)(word >> (8 * i));
		break;
	case 0x11:
		word = 0;
		for (unsigned i = 0; i < 4; i++)
			word |= (uint64_t)data[i] << (8 * i + 32 * data[4]);
		script.taken = (script.taken & ~(UINT64_C(0xffffffff) << (32 * data[4]))) | word;
		break;
	case 0x22:
		*done = bytes < CCW_CONFIG_THERE ? bytes : CCW_CONFIG_THERE;
		memcpy(data, script.config, *done);
		break;
	case 0x21:
		memcpy(script.config, data, bytes);
		break;
	case 0x32:
		data[2] = (uint8_t)((data[1] < 2 ? script.queue_size : 0) >> 8);
		data[3] = 0;
		break;
	case 0x73:
		return script.no_adapter_command ? ORION_NOT_SUPPORTED : ORION_OK;
	case 0x13:
		script.queues++;
		break;
	case 0x43:
	case 0x53:
		break;
	default:
		return ORION_NOT_SUPPORTED;
	}
	return ORION_OK;
}

static orion_status
command(void *context, uint32_t device, uint8_t code, void *data, uint16_t bytes, uint16_t *done)
{
	struct ccw_sent *sent = &script.sent[script.sent_count % CCW_SENT_MAX];
	orion_status status;

	(void)context;
	EXPECT_EQ(device, CCW_DEVICE);
	EXPECT(script.enabled && bytes <= 128);
	sent->code = code;
	sent->bytes = bytes;
	if (bytes > 0)
		memcpy(sent->data, data, bytes);
	script.sent_count++;
	judge(code, data, bytes);
	if (script.how != ORION_OK &&
	    (code == script.fail_code || ++script.commands == script.fail_at)) {
		script.failed = code;
		script.queues_before = script.queues;
		return script.how;
	}
	status = answer(code, data, bytes, done);
	if (status == ORION_OK)
		remember(code, data);
	if (code == script.fail_code)
		*done = (uint16_t)(*done - script.short_by);
	return status;
}

static int64_t
notify(void *context, uint32_t device, uint32_t value, int64_t cookie)
{
	(void)context;
	EXPECT_EQ(device, CCW_DEVICE);
	script.kick.value = value;
	script.kick.cookie = cookie;
	return script.cookie;
}

void
ccw_plug(void)
{
	memset(&script, 0, sizeof(script));
	script.port = (struct orion_port){
		.dma_alloc = dma_alloc,
		.dma_free = dma_free,
		.share = share,
		.unshare = unshare,
		.irq_attach = irq_attach,
		.irq_detach = irq_detach,
		.now_ns = now_ns,
		.pause_ns = pause_ns,
		.wake = wake,
		.report = report,
		.ticks_per_second = 1000000,
	};
	script.adapter = (struct virtio_ccw_adapter){CCW_SUMMARY, CCW_ADAPTER_WIRE, 5};
	script.host = (struct virtio_ccw_host){enable, command, notify, &script.adapter};
	script.revision_max = 2;
	script.features = VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC) | 4;
	script.config[1] = 0x10; /* 4096 sectors */
	script.config[12] = 128;
	script.queue_size = 256;
	script.irqs_max = 2;
	script.ccw = (struct ccw *)(void *)script.storage.opaque;
}

orion_status
ccw_open(void)
{
	return orion_virtio_ccw_open(&script.storage, &script.port, NULL, &script.host, CCW_DEVICE,
				     &script.transport);
}

const struct virtio_transport_ops *
ccw_opened(void)
{
	ccw_plug();
	EXPECT_EQ(ccw_open(), ORION_OK);
	script.sent_count = 0;
	return script.transport.ops;
}

void
ccw_close(void)
{
	script.how = ORION_OK;
	script.transport.ops->status_set(script.ccw, 0);
	script.transport.ops->close(script.ccw);
}

void
ccw_forget(void)
{
	while (script.regions_live > 0)
		test_free(script.regions[--script.regions_live]);
}

void
ccw_expect_sent(unsigned back, uint8_t code, const char *hex)
{
	const struct ccw_sent *sent = &script.sent[(script.sent_count - 1 - back) % CCW_SENT_MAX];
	char text[257];

	for (unsigned i = 0; i < sent->bytes; i++) {
		text[2 * i] = "0123456789abcdef"[sent->data[i] >> 4];
		text[2 * i + 1] = "0123456789abcdef"[sent->data[i] & 15];
	}
	text[2 * sent->bytes] = '\0';
	EXPECT_EQ(sent->code, code);
	EXPECT_STR(text, hex);
}

/* SPDX-License-Identifier: MIT */
/*
 * A driver in forty lines, for testing the model without ours: it lays the bytes of VirtIO 1.4's
 * rings out by hand, at offsets taken from the specification, and shares no code with src/.
 */
#ifndef TEST_UNIT_MODEL_BENCH_H
#define TEST_UNIT_MODEL_BENCH_H

#include "model/model.h"
#include "test/harness.h"

#include <string.h>

#define F_RO (UINT64_C(1) << 5)
#define F_FLUSH (UINT64_C(1) << 9)
#define F_INDIRECT (UINT64_C(1) << 28)
#define F_EVENT (UINT64_C(1) << 29)
#define F_VERSION_1 (UINT64_C(1) << 32)
#define F_PACKED (UINT64_C(1) << 34)
#define F_IN_ORDER (UINT64_C(1) << 35)
#define F_POSITION (UINT64_C(1) << 38)
#define F_NUMBER (UINT64_C(1) << 39)
#define F_RING_RESET (UINT64_C(1) << 40)

enum {
	NEXT = 1,
	WRITE = 2,
	INDIRECT = 4,
	PACKED_AVAIL = 0x80,
	PACKED_USED = 0x8000
};

struct bench {
	struct model_host *host;
	struct model_device *device;
	struct virtio_transport t;
	struct orion_region ring, data;
	uint32_t size;
	size_t driver, device_at; /* offsets of the other two areas in ring */
	struct virtio_queue_setup setup;
	struct virtio_doorbell bell;
	unsigned interrupts;
};

static inline void
put16(void *at, size_t offset, unsigned value)
{
	uint8_t *p = (uint8_t *)at + offset;

	p[0] = (uint8_t)value;
	p[1] = (uint8_t)(value >> 8);
}

static inline void
put32(void *at, size_t offset, uint32_t value)
{
	put16(at, offset, value & 0xffff);
	put16(at, offset + 2, value >> 16);
}

static inline void
put64(void *at, size_t offset, uint64_t value)
{
	put32(at, offset, (uint32_t)value);
	put32(at, offset + 4, (uint32_t)(value >> 32));
}

static inline unsigned
get16(const void *at, size_t offset)
{
	const uint8_t *p = (const uint8_t *)at + offset;

	return p[0] | (unsigned)p[1] << 8;
}

static inline uint32_t
get32(const void *at, size_t offset)
{
	return get16(at, offset) | (uint32_t)get16(at, offset + 2) << 16;
}

static inline bool
bench_interrupt(void *argument)
{
	((struct bench *)argument)->interrupts++;
	return true;
}

/* Up to FEATURES_OK; a queue is enabled and the device set live by bench_start(). */
static inline void
bench_negotiate(struct bench *b, const struct model_options *options, uint64_t features)
{
	memset(b, 0, sizeof(*b));
	b->host = model_host_open(1);
	b->device = model_device_open(b->host, options);
	b->t = model_device_transport(b->device);
	b->t.ops->status_set(b->t.context, 0);
	b->t.ops->status_set(b->t.context, 1);
	b->t.ops->status_set(b->t.context, 1 | 2);
	b->t.ops->features_set(b->t.context, features);
	b->t.ops->status_set(b->t.context, 1 | 2 | 8);
}

static inline orion_status
bench_queue(struct bench *b, uint32_t size, bool packed)
{
	size_t driver_bytes = packed ? 4 : 6 + 2 * size, device_bytes = packed ? 4 : 6 + 8 * size;

	b->size = size;
	b->driver = 16 * size;
	b->device_at = (b->driver + driver_bytes + 3) / 4 * 4;
	EXPECT_EQ(
		model_host_port()->dma_alloc(b->host, b->device_at + device_bytes, 4096, &b->ring),
		ORION_OK);
	EXPECT_EQ(model_host_port()->dma_alloc(b->host, 65536, 4096, &b->data), ORION_OK);
	b->setup = (struct virtio_queue_setup){
		.size = (uint16_t)size,
		.vector = 0,
		.descriptor_area = b->ring.device,
		.driver_area = b->ring.device + b->driver,
		.device_area = b->ring.device + b->device_at,
	};
	EXPECT_EQ(b->t.ops->vector_attach(b->t.context, 0, 0, bench_interrupt, b), ORION_OK);
	return b->t.ops->queue_enable(b->t.context, 0, &b->setup, &b->bell);
}

static inline void
bench_start(struct bench *b, const struct model_options *options, uint64_t features)
{
	bench_negotiate(b, options, features);
	EXPECT_EQ(bench_queue(b, options->queue_size, (features & F_PACKED) != 0), ORION_OK);
	b->t.ops->status_set(b->t.context, 1 | 2 | 8 | 4);
	EXPECT_EQ(model_device_status(b->device), 0x0f);
}

static inline void
bench_run(struct bench *b)
{
	b->t.ops->notify(b->t.context, 0, 0);
	EXPECT(model_host_run(b->host));
}

static inline void
bench_end(struct bench *b)
{
	b->t.ops->status_set(b->t.context, 0);
	b->t.ops->vector_detach(b->t.context, 0);
	b->t.ops->close(b->t.context);
	if (b->ring.cpu != NULL) {
		model_host_port()->dma_free(b->host, &b->ring);
		model_host_port()->dma_free(b->host, &b->data);
	}
	EXPECT_EQ(model_host_stats(b->host)->dma_regions, 0);
	EXPECT_EQ(model_host_stats(b->host)->bad_frees, 0);
	EXPECT_EQ(model_host_stats(b->host)->guards_broken, 0);
	EXPECT_EQ(model_host_stats(b->host)->irqs, 0);
	model_device_close(b->device);
	model_host_close(b->host);
}

/*
 * Places in the data region: headers 16 bytes apart, status bytes, tables, data of 512 bytes each.
 */
static inline uint64_t
header_at(unsigned i)
{
	return i * 16;
}
static inline uint64_t
status_at(unsigned i)
{
	return 4096 + i;
}
static inline uint64_t
table_at(unsigned i)
{
	return 8192 + i * 64;
}
static inline uint64_t
data_at(unsigned i)
{
	return 16384 + i * 512;
}

static inline void
bench_header(struct bench *b, unsigned i, uint32_t type, uint64_t sector)
{
	put32(b->data.cpu, header_at(i), type);
	put32(b->data.cpu, header_at(i) + 4, 0);
	put64(b->data.cpu, header_at(i) + 8, sector);
	((uint8_t *)b->data.cpu)[status_at(i)] = 0xff;
}

static inline uint8_t
bench_status(const struct bench *b, unsigned i)
{
	return ((const uint8_t *)b->data.cpu)[status_at(i)];
}

/* A split descriptor at OFFSET of REGION. */
static inline void
split_desc(struct orion_region *region, size_t offset, uint64_t address, uint32_t length,
	   unsigned flags, unsigned next)
{
	put64(region->cpu, offset, address);
	put32(region->cpu, offset + 8, length);
	put16(region->cpu, offset + 12, flags);
	put16(region->cpu, offset + 14, next);
}

/* Request I as a chain at descriptors 3 I, 3 I + 1, 3 I + 2 of a split ring. */
static inline void
split_chain(struct bench *b, unsigned i, uint32_t type, uint64_t sector, uint32_t length)
{
	unsigned d = 3 * i, way = type == 0 || type == 8 ? WRITE : 0;

	bench_header(b, i, type, sector);
	split_desc(&b->ring, 16 * d, b->data.device + header_at(i), 16, NEXT,
		   length ? d + 1 : d + 2);
	split_desc(&b->ring, 16 * (d + 1), b->data.device + data_at(i), length, NEXT | way, d + 2);
	split_desc(&b->ring, 16 * (d + 2), b->data.device + status_at(i), 1, WRITE, 0);
}

/* Makes HEAD available at free-running position INDEX. */
static inline void
split_offer(struct bench *b, unsigned index, unsigned head)
{
	put16(b->ring.cpu, b->driver + 4 + 2 * (index % b->size), head);
	put16(b->ring.cpu, b->driver + 2, index + 1);
}

static inline unsigned
split_used(const struct bench *b)
{
	return get16(b->ring.cpu, b->device_at + 2);
}

/* Used entry I of a split ring. */
static inline unsigned
split_used_id(const struct bench *b, unsigned i)
{
	return get32(b->ring.cpu, b->device_at + 4 + 8 * i);
}

static inline uint32_t
split_used_length(const struct bench *b, unsigned i)
{
	return get32(b->ring.cpu, b->device_at + 8 + 8 * i);
}

/* A packed descriptor in slot SLOT, with the AVAIL and USED bits of lap WRAP; flags last. */
static inline void
packed_desc(struct bench *b, unsigned slot, uint64_t address, uint32_t length, unsigned id,
	    unsigned flags, bool wrap)
{
	put64(b->ring.cpu, 16 * slot, address);
	put32(b->ring.cpu, 16 * slot + 8, length);
	put16(b->ring.cpu, 16 * slot + 12, id);
	put16(b->ring.cpu, 16 * slot + 14, flags | (wrap ? PACKED_AVAIL : PACKED_USED));
}

/*
 * Request I as three descriptors from slot SLOT on (lap WRAP), which may run over the ring's end.
 */
static inline void
packed_chain(struct bench *b, unsigned i, unsigned slot, bool wrap, unsigned id)
{
	unsigned at[3];
	bool lap[3];

	for (unsigned k = 0; k < 3; k++) {
		at[k] = (slot + k) % b->size;
		lap[k] = slot + k >= b->size ? !wrap : wrap;
	}
	bench_header(b, i, 0, i);
	packed_desc(b, at[2], b->data.device + status_at(i), 1, id, WRITE, lap[2]);
	packed_desc(b, at[1], b->data.device + data_at(i), 512, id, NEXT | WRITE, lap[1]);
	packed_desc(b, at[0], b->data.device + header_at(i), 16, id, NEXT, lap[0]);
}

static inline bool
packed_is_used(const struct bench *b, unsigned slot, bool wrap)
{
	unsigned flags = get16(b->ring.cpu, 16 * slot + 14) & (PACKED_AVAIL | PACKED_USED);

	return flags == (wrap ? PACKED_AVAIL | PACKED_USED : 0);
}

#endif

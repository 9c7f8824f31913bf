/* SPDX-License-Identifier: MIT */
/*
 * A host that has the I/O path for some kinds of ring (docs/decisions/0029), with the model device
 * as its disk.  For each offer of a device it says what was negotiated, and whether requests of
 * every shape went through; then what comes of a feature that is required.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"
#include "orion/spec.h"
#include "orion/texts.h"
#include "orion/vblk.h"

#define TABLES VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC)
#define IN_ORDER VIRTIO_BIT(VIRTIO_F_IN_ORDER)
#define PACKED VIRTIO_BIT(VIRTIO_F_RING_PACKED)
#define KINDS (TABLES | IN_ORDER | PACKED)

#define SECTOR VIRTIO_BLK_SECTOR_BYTES
#define REQUESTS 8u
#define EACH 4u         /* sectors of a request */
#define SECTORS (REQUESTS * EACH)
#define LIMIT 16u       /* sectors of a device request: one for all of them is cut */

static _Alignas(64) uint8_t object[VBLK_DEVICE_BYTES], memory[256 << 10];
/* By operation: what is read arrives in the first, what is written stands in the second. */
static _Alignas(4096) uint8_t buffer[2][SECTORS * SECTOR];

/* What the core said of a feature that was missing. */
static uint64_t missing[3];

void
orion_panic(const char *text)
{
	printf("panic: %s\n", text);
	exit(1);
}

static void
hear(void *context, orion_level level, orion_event event, uint64_t a, uint64_t b, uint64_t c)
{
	(void)context, (void)level;
	if (event == ORION_EVENT_FEATURES_MISSING)
		memcpy(missing, (uint64_t[]){a, b, c}, sizeof(missing));
}

static const char *
names(uint64_t features)
{
	static char text[64];

	snprintf(text, sizeof(text), "%s%s%s%s", features & PACKED ? " packed" : "",
		 features & IN_ORDER ? " in-order" : "", features & TABLES ? " tables" : "",
		 features & KINDS ? "" : " none");
	return text + 1;
}

/* A disk on the table. */
struct bench {
	struct model_host *host;
	struct model_device *device;
	struct vblk_device *disk;
	struct vblk_queue *queue;
	uint64_t address[2];    /* of the buffers, for the device */
};

/* Whether COUNT requests at once, in as many calls as it takes, all end well. */
static bool
all(struct bench *b, struct vblk_request *requests, unsigned count)
{
	struct vblk_completion done[REQUESTS];
	unsigned taken = vblk_submit(b->queue, requests, count), back = 0, ok = 0, n;

	vblk_kick(b->queue);
	do {
		if (!model_host_run(b->host))
			return false;
		n = vblk_reap(b->queue, done, REQUESTS);
		/* Parts that waited for room were added by reap. */
		vblk_kick(b->queue);
		for (unsigned i = 0; i < n; i++)
			ok += done[i].result == ORION_OK;
		back += n;
	} while (n != 0);
	return taken == count && back == count && ok == count && vblk_in_flight(b->queue) == 0;
}

/* The whole buffer as REQUESTS requests of PIECES segments each. */
static bool
pieces(struct bench *b, uint8_t operation, unsigned count, bool together)
{
	struct vblk_segment segments[REQUESTS][EACH];
	struct vblk_request requests[REQUESTS];
	uint32_t bytes = EACH / count * SECTOR;

	for (unsigned i = 0; i < REQUESTS; i++) {
		for (unsigned n = 0; n < count; n++)
			segments[i][n] = (struct vblk_segment){
				b->address[operation] + i * EACH * SECTOR + n * bytes, bytes, 0};
		requests[i] = (struct vblk_request){.sector = i * EACH,
						    .segments = segments[i],
						    .segment_count = (uint16_t)count,
						    .operation = operation};
	}
	if (together)
		return all(b, requests, REQUESTS);
	for (unsigned i = 0; i < REQUESTS; i++)
		if (!all(b, &requests[i], 1))
			return false;
	return true;
}

/* Read, or written, as requests of COUNT segments; 0: as one request, over the device's limit. */
static bool
whole(struct bench *b, uint8_t operation, unsigned count, bool together)
{
	struct vblk_segment segment = {b->address[operation], sizeof(buffer[0]), 0};
	struct vblk_request one = {
		.segments = &segment, .segment_count = 1, .operation = operation};

	if (count == 0)
		return all(b, &one, 1);
	return pieces(b, operation, count, together);
}

/* Writes of every shape reach the disk, and reads give what is there. */
static bool
works(struct bench *b)
{
	static uint8_t seed, disk[sizeof(buffer[0])];
	uint8_t *in = buffer[VBLK_READ], *out = buffer[VBLK_WRITE];
	struct vblk_request flush = {.operation = VBLK_FLUSH};

	for (unsigned count = 0; count <= EACH; count = count * 2 + (count == 0)) {
		for (unsigned together = 0; together < 2; together++) {
			seed++;
			for (size_t i = 0; i < sizeof(disk); i++)
				out[i] = (uint8_t)(i * 31 + i / 512 + seed);
			if (!whole(b, VBLK_WRITE, count, together != 0))
				return false;
			model_device_peek(b->device, 0, disk, sizeof(disk));
			memset(in, 0, sizeof(disk));
			if (memcmp(disk, out, sizeof(disk)) != 0 ||
			    !whole(b, VBLK_READ, count, together != 0) ||
			    memcmp(in, out, sizeof(disk)) != 0)
				return false;
		}
	}
	if (!vblk_arm(b->queue) || !all(b, &flush, 1))
		return false;
	vblk_disarm(b->queue);
	return vblk_stop(b->disk) == ORION_OK;
}

/* With the buffers shared: all of them, or none of them. */
static bool
works_shared(struct bench *b, const struct orion_port *port)
{
	static const orion_direction ways[2] = {ORION_DEVICE_WRITES, ORION_DEVICE_READS};
	void *dma = vblk_dma_context(b->disk);
	uint64_t cookies[2];
	unsigned shared = 0;
	bool good = true;
	size_t bytes;

	for (; shared < 2 && good; shared += good)
		good = port->share(dma, buffer[shared], sizeof(buffer[0]), ways[shared],
				   &b->address[shared], &bytes, &cookies[shared]) == ORION_OK &&
		       bytes == sizeof(buffer[0]);
	good = good && works(b);
	while (shared-- > 0)
		port->unshare(dma, cookies[shared], ways[shared]);
	return good;
}

/* Opens a disk that offers OFFER of the kinds, and tells what comes of it. */
static void
try(uint64_t offer, uint64_t required, bool batches)
{
	static struct orion_budget budget = {.limit = 16 << 20};
	struct model_options model;
	struct orion_options options;
	struct orion_port port = *model_host_port();
	struct vblk_queue_home home = {0};
	struct bench b = {.host = model_host_open(1)};
	const struct model_host_stats *left = model_host_stats(b.host);
	uint64_t negotiated;
	orion_status status;
	bool good = false;
	size_t bytes;

	model_options_default(&model);
	model.features = (model.features & ~KINDS) | offer;
	b.device = model_device_open(b.host, &model);
	orion_options_default(&options);
	options.queue_depth = REQUESTS;
	options.device_max_sectors = LIMIT;
	options.features_required = required;
	options.batch_processing = batches;
	port.report = hear;
	memset(missing, 0, sizeof(missing));
	struct vblk_config config = {
		model_device_transport(b.device), &port, b.host, &options, &home, 1, &budget};
	status = vblk_probe(object, &config, &b.disk, &bytes);
	if (status != ORION_OK) {
		printf("%s; needed: ", orion_status_text(status));
		printf("%s; not the driver's: ", names(missing[1]));
		printf("%s\n", names(missing[2]));
	} else if ((status = vblk_open(b.disk, memory, sizeof(memory))) != ORION_OK) {
		printf("%s\n", orion_status_text(status));
	} else {
		negotiated = vblk_info(b.disk)->features_negotiated;
		b.queue = vblk_queue_get(b.disk, 0);
		good = works_shared(&b, &port);
		vblk_close(b.disk);
		printf("%s; %s\n", names(negotiated), good ? "works" : "FAILS");
	}
	if (left->breach_total != 0 || left->dma_regions != 0 || left->shares != 0)
		printf("left behind: %u regions, %u shares; rules broken: %u %s\n",
		       left->dma_regions, left->shares, left->breach_total, left->first_breach);
	model_device_close(b.device);
	model_host_close(b.host);
}

int
main(void)
{
	static const uint64_t bits[] = {TABLES, IN_ORDER, PACKED};

	for (unsigned batches = 0; batches < 2; batches++) {
		for (unsigned set = 0; set < 8; set++) {
			uint64_t offer = (set & 1 ? bits[0] : 0) | (set & 2 ? bits[1] : 0) |
					 (set & 4 ? bits[2] : 0);

			printf("%s, offered %s: ", batches ? "batches" : "one by one",
			       names(offer));
			try(offer, 0, batches != 0);
		}
	}
	for (unsigned i = 0; i < 3; i++) {
		printf("required %s: ", names(bits[i]));
		try(KINDS, bits[i], true);
		printf("required %s, not offered: ", names(bits[i]));
		try(KINDS & ~bits[i], bits[i], true);
	}
	return 0;
}

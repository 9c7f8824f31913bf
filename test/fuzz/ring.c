/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes the whole driver from the device's side: every register, every byte of configuration and
 * every load from shared memory is the fuzzer's, and so is what the driver is asked to do.
 *
 * Whatever the device says, the driver must not touch memory that is not its own, must not spin,
 * and must give back each request that it took exactly once.
 */
#include <string.h>

#include "arch/stepped.h"
#include "orion/vblk.h"

#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REGIONS_MAX 256
#define COOKIES_MAX 512
#define SEGMENTS 6
#define BATCH_MAX 5
#define ACTIONS_MAX 300
#define VERSION_1 (UINT64_C(1) << 32)

static struct world {
	uint64_t now;
	uint8_t status;
	struct orion_region regions[REGIONS_MAX];
	unsigned live; /* regions not freed */
	unsigned char taken[COOKIES_MAX]; /* 1: with the driver */
	struct vblk_segment segments[COOKIES_MAX][SEGMENTS];
	unsigned cookies;
} world;

/* ---- shared memory: what is loaded is what the device just wrote there ---- */

static uint64_t
claim(uint64_t truth, unsigned width)
{
	uint64_t choice = next(1);

	if (choice < 96)
		return truth;
	if (choice < 160)
		return truth + (choice & 7) + 1;
	if (choice < 208) /* packed: used, or the other wrap */
		return truth ^ (width == 8 ? UINT64_C(0x8080) << 48 : UINT64_C(0x8080));
	if (choice < 224)
		return truth ^ UINT64_C(1) << (choice & 7) * (width > 1 ? 2 : 1);
	return next(width);
}

uint64_t
step_shared_load(const void *address, unsigned width)
{
	uint64_t value = 0;
	void *shared = (void *)(uintptr_t)address;

	memcpy(&value, address, width);
	value = claim(value, width);
	memcpy(shared, &value, width);
	return value;
}

void
step_shared_store(void *address, unsigned width, uint64_t value)
{
	memcpy(address, &value, width);
}

uint32_t
step_register_load(const volatile void *address, unsigned width)
{
	(void)address;
	return (uint32_t)next(width);
}

void
step_register_store(volatile void *address, unsigned width, uint32_t value)
{
	(void)address;
	(void)width;
	(void)value;
}

void
step_fence(step_order order)
{
	(void)order;
}

void
step_relax(void)
{
}

uint64_t
step_ticks(void)
{
	return world.now += 10;
}

/* ---- the port ---- */

static orion_status
dma_alloc(void *context, size_t bytes, size_t align, struct orion_region *out)
{
	(void)context;
	if (next(1) == 0xff)
		return ORION_NO_MEMORY;
	for (unsigned i = 0; i < REGIONS_MAX; i++) {
		if (world.regions[i].cpu == NULL) {
			void *cpu = aligned_alloc(align, (bytes + align - 1) / align * align);

			demand(cpu != NULL);
			memset(cpu, 0, bytes);
			world.regions[i] = (struct orion_region){cpu, (uintptr_t)cpu, bytes, i};
			*out = world.regions[i];
			world.live++;
			return ORION_OK;
		}
	}
	return ORION_NO_MEMORY;
}

static void
dma_free(void *context, const struct orion_region *region)
{
	(void)context;
	demand(region->cookie < REGIONS_MAX && world.regions[region->cookie].cpu == region->cpu);
	free(region->cpu);
	world.regions[region->cookie].cpu = NULL;
	world.live--;
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
	return world.now += 100;
}

static void
pause_ns(void *context, uint64_t ns)
{
	(void)context;
	world.now += ns;
}

/* ---- the device ---- */

static uint8_t
status_get(void *context)
{
	uint64_t choice = next(1);

	(void)context;
	return choice < 0xf0 ? world.status : (uint8_t)next(1);
}

static void
status_set(void *context, uint8_t status)
{
	(void)context;
	world.status = status;
}

static uint64_t
features_get(void *context)
{
	(void)context;
	return next(8) | (next(1) == 0xff ? 0 : VERSION_1);
}

static void
features_set(void *context, uint64_t features)
{
	(void)context;
	(void)features;
}

static uint32_t
config_bytes(void *context)
{
	(void)context;
	return next(1) < 0xf0 ? 96 : (uint32_t)next(2);
}

/* Small numbers often, so that there is a device to talk to. */
static uint32_t
config_read(void *context, uint32_t offset, unsigned width)
{
	(void)context;
	(void)offset;
	return (uint32_t)next(next(1) < 0xc0 ? 1 : width);
}

static void
config_write(void *context, uint32_t offset, unsigned width, uint32_t value)
{
	(void)context;
	(void)offset;
	(void)width;
	(void)value;
}

static uint32_t
config_generation(void *context)
{
	(void)context;
	return next(1) < 0xf0 ? 0 : (uint32_t)next(1);
}

static uint16_t
queue_count(void *context)
{
	(void)context;
	return next(1) < 0xf0 ? 2 : (uint16_t)next(2);
}

static uint16_t
queue_size_max(void *context, uint16_t queue)
{
	uint64_t choice = next(1);

	(void)context;
	(void)queue;
	return choice < 0xf0 ? (uint16_t)(1u << choice % 8) : (uint16_t)next(2);
}

static orion_status
queue_enable(void *context, uint16_t queue, const struct virtio_queue_setup *setup,
	     struct virtio_doorbell *doorbell)
{
	(void)context;
	(void)queue;
	(void)setup;
	*doorbell = (struct virtio_doorbell){NULL, 0, 0, false};
	return next(1) < 0xf8 ? ORION_OK : ORION_DEVICE_REFUSED;
}

static void
queue_reset(void *context, uint16_t queue)
{
	(void)context;
	(void)queue;
}

static bool
queue_resetting(void *context, uint16_t queue)
{
	(void)context;
	(void)queue;
	return next(1) >= 0xc0;
}

static uint16_t
vector_count(void *context)
{
	(void)context;
	return 0;
}

static orion_status
vector_attach(void *context, uint16_t vector, uint16_t cpu, orion_irq_handler *handler,
	      void *argument)
{
	(void)context;
	(void)vector;
	(void)cpu;
	(void)handler;
	(void)argument;
	return ORION_NO_INTERRUPT;
}

static void
vector_detach(void *context, uint16_t vector)
{
	(void)context;
	(void)vector;
}

static orion_status
config_vector(void *context, uint16_t vector)
{
	(void)context;
	(void)vector;
	return ORION_NO_INTERRUPT;
}

static orion_status
line_attach(void *context, orion_irq_handler *handler, void *argument)
{
	(void)context;
	(void)handler;
	(void)argument;
	return ORION_NO_INTERRUPT;
}

static void
line_detach(void *context)
{
	(void)context;
}

static uint8_t
isr_read(void *context)
{
	(void)context;
	return (uint8_t)next(1);
}

/* A kick: the device scribbles over a byte that it shares with the driver, now and then. */
static void
notify(void *context, uint16_t queue, uint32_t value)
{
	(void)context;
	(void)queue;
	(void)value;
	if (next(1) >= 0xe0) {
		struct orion_region *region = &world.regions[next(1) % REGIONS_MAX];

		if (region->cpu != NULL)
			((uint8_t *)region->cpu)[next(2) % region->bytes] = (uint8_t)next(1);
	}
}

static void
transport_close(void *context)
{
	(void)context;
}

static const struct virtio_transport_ops ops = {
	.name = "fuzz",
	.status_get = status_get,
	.status_set = status_set,
	.features_get = features_get,
	.features_set = features_set,
	.config_bytes = config_bytes,
	.config_read = config_read,
	.config_write = config_write,
	.config_generation = config_generation,
	.queue_count = queue_count,
	.queue_size_max = queue_size_max,
	.queue_enable = queue_enable,
	.queue_reset = queue_reset,
	.queue_resetting = queue_resetting,
	.vector_count = vector_count,
	.vector_attach = vector_attach,
	.vector_detach = vector_detach,
	.config_vector = config_vector,
	.line_attach = line_attach,
	.line_detach = line_detach,
	.isr_read = isr_read,
	.notify = notify,
	.close = transport_close,
};

static const struct orion_port port = {
	.dma_alloc = dma_alloc,
	.dma_free = dma_free,
	.share = share,
	.unshare = unshare,
	.now_ns = now_ns,
	.pause_ns = pause_ns,
	.ticks_per_second = 1000000000,
};

/* ---- the caller ---- */

/* Some request under COOKIE, sound or not. */
static struct vblk_request
any_request(unsigned cookie)
{
	struct vblk_segment *segments = world.segments[cookie];
	struct vblk_request request = {
		.sector = next(1) < 0xf0 ? next(1) : next(8),
		.segments = segments,
		.cookie = cookie,
		.segment_count = (uint16_t)(next(1) % (SEGMENTS + 1)),
		.operation = (uint8_t)next(1) % (VBLK_OPERATION_COUNT + 1),
	};

	if (request.operation == VBLK_FLUSH) {
		request.segment_count = 0;
		request.sector = 0;
	}
	for (unsigned i = 0; i < request.segment_count; i++)
		segments[i] = (struct vblk_segment){
			.device_address = next(2) << 12,
			.length =
				next(1) < 0xe0 ? 512 * (uint32_t)(next(1) % 64) : (uint32_t)next(4),
		};
	if (request.operation == VBLK_GET_ID) {
		request.segment_count = 1;
		request.sector = 0;
		segments[0].length = VIRTIO_BLK_ID_BYTES;
	}
	return request;
}

static void
submit(struct vblk_queue *queue, unsigned count)
{
	struct vblk_request requests[BATCH_MAX];
	unsigned taken;

	if (world.cookies + count > COOKIES_MAX)
		return;
	for (unsigned i = 0; i < count; i++)
		requests[i] = any_request(world.cookies + i);
	taken = vblk_submit(queue, requests, count);
	demand(taken <= count);
	demand((vblk_refusal(queue) == ORION_OK) == (taken == count));
	for (unsigned i = 0; i < taken; i++)
		world.taken[world.cookies++] = 1;
}

static unsigned
reap(struct vblk_queue *queue, unsigned max)
{
	struct vblk_completion done[8];
	unsigned got = vblk_reap(queue, done, max);

	demand(got <= max);
	for (unsigned i = 0; i < got; i++) {
		demand(done[i].cookie < world.cookies && world.taken[done[i].cookie] == 1);
		demand(done[i].result < ORION_STATUS_COUNT);
		world.taken[done[i].cookie] = 0;
	}
	return got;
}

/* One queue is stopped and, if that went well, started again; what it held comes back, once. */
static void
restart(struct vblk_queue *queue)
{
	if (next(1) % 4 != 0 || vblk_queue_stop(queue) != ORION_OK)
		return;
	while (reap(queue, 8) > 0)
		continue;
	demand(vblk_in_flight(queue) == 0);
	if (vblk_queue_start(queue) == ORION_OK)
		demand(vblk_in_flight(queue) == 0);
}

static void
act(struct vblk_device *device, unsigned queues)
{
	struct vblk_queue *queue = vblk_queue_get(device, (unsigned)next(1) % queues);
	struct vblk_queue_stats stats;
	struct vblk_irq_stats irq;
	struct vblk_ring_info ring;

	demand(queue != NULL);
	switch (next(1) % 16) {
	case 0:
		vblk_refresh(device, NULL);
		break;
	case 1:
		vblk_arm(queue);
		break;
	case 2:
		vblk_queue_stats(queue, &stats, &irq);
		vblk_ring_info(queue, &ring);
		demand(ring.free <= ring.size);
		break;
	case 3:
		vblk_kick_always(queue);
		break;
	case 4:
	case 5:
		vblk_kick(queue);
		break;
	case 6:
	case 7:
	case 8:
	case 9:
		reap(queue, (unsigned)next(1) % 9);
		break;
	case 10:
		restart(queue);
		break;
	case 11:
		submit(queue, 2 + (unsigned)next(1) % (BATCH_MAX - 1));
		break;
	default:
		submit(queue, 1);
		break;
	}
}

/* Stops the device: each request that is still with the driver comes back, once. */
static void
finish(struct vblk_device *device, unsigned queues)
{
	vblk_stop(device);
	for (unsigned q = 0; q < queues; q++) {
		struct vblk_queue *queue = vblk_queue_get(device, q);

		while (reap(queue, 8) > 0)
			continue;
		demand(vblk_in_flight(queue) == 0);
	}
	for (unsigned i = 0; i < world.cookies; i++)
		demand(world.taken[i] == 0);
}

static void
drive(const struct vblk_config *config, void *object)
{
	struct vblk_device *device;
	size_t bytes;

	if (vblk_probe(object, config, &device, &bytes) != ORION_OK)
		return;
	demand(bytes < 64u << 20);
	void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64 + 64);

	demand(memory != NULL);
	memset(memory, 0, bytes);
	if (vblk_open(device, memory, bytes) == ORION_OK) {
		unsigned queues = vblk_info(device)->queues;

		demand(queues >= 1 && queues <= VBLK_QUEUES_MAX);
		for (unsigned i = 0; i < ACTIONS_MAX && input.left > 0; i++)
			act(device, queues);
		finish(device, queues);
		bool dead = vblk_state_get(device) == VBLK_DEAD;

		vblk_close(device);
		demand(dead || world.live == 0);
	} else {
		demand(world.live == 0 || config->budget->quarantined > 0);
	}
	free(memory);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static _Alignas(64) uint8_t object[VBLK_DEVICE_BYTES];
	struct vblk_queue_home homes[4] = {{0}};
	struct orion_budget budget = {.limit = 64u << 20};
	struct orion_options options;
	struct vblk_config config = {
		.transport = {&ops, NULL},
		.port = &port,
		.options = &options,
		.homes = homes,
		.home_count = 4,
		.budget = &budget,
	};

	memset(&world, 0, sizeof(world));
	memset(object, 0, sizeof(object));
	input.data = data;
	input.left = size;
	orion_options_default(&options);
	options.queue_count = 1 + (uint32_t)next(1) % 4;
	options.queue_depth = 1 + (uint32_t)next(1) % 64;
	options.device_max_sectors = 8 + (uint32_t)next(1);
	drive(&config, object);
	for (unsigned i = 0; i < REGIONS_MAX; i++)
		free(world.regions[i].cpu);
	return 0;
}

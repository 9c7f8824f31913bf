/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes the whole way up and down over MMIO: every register reads as the fuzzer likes.
 *
 * The driver must touch only registers of the version that it found, each as it may be; must end;
 * and must give back the mapping, the interrupt and all memory that no dead device may hold.
 */
#include <string.h>

#include "arch/stepped.h"
#include "orion/options.h"
#include "orion/vblk.h"
#include "spec/virtio_mmio.h"

#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REGISTERS UINT64_C(0x100000000) /* never real memory */
#define READS_MAX 100000u
#define SECOND UINT64_C(1000000000)
#define QUEUES 2u

static struct {
	size_t bytes; /* mapped */
	uint32_t version;
	unsigned irqs, reads;
	void *blocks[QUEUES]; /* of DMA memory; NULL: free */
	uint64_t now;
	orion_irq_handler *handler;
	void *argument;
} world;

static const uint16_t readable[] = {
	VIRTIO_MMIO_MAGIC_VALUE,     VIRTIO_MMIO_VERSION,        VIRTIO_MMIO_DEVICE_ID,
	VIRTIO_MMIO_DEVICE_FEATURES, VIRTIO_MMIO_QUEUE_SIZE_MAX, VIRTIO_MMIO_INTERRUPT_STATUS,
	VIRTIO_MMIO_STATUS,
};
static const uint16_t readable_2[] = {VIRTIO_MMIO_QUEUE_READY, VIRTIO_MMIO_QUEUE_RESET,
				      VIRTIO_MMIO_CONFIG_GENERATION};
static const uint16_t readable_1[] = {VIRTIO_MMIO_QUEUE_PFN};
static const uint16_t writable[] = {
	VIRTIO_MMIO_DEVICE_FEATURES_SEL, VIRTIO_MMIO_DRIVER_FEATURES,
	VIRTIO_MMIO_DRIVER_FEATURES_SEL, VIRTIO_MMIO_QUEUE_SEL,
	VIRTIO_MMIO_QUEUE_SIZE,          VIRTIO_MMIO_QUEUE_NOTIFY,
	VIRTIO_MMIO_INTERRUPT_ACK,       VIRTIO_MMIO_STATUS,
};
static const uint16_t writable_2[] = {
	VIRTIO_MMIO_QUEUE_READY,      VIRTIO_MMIO_QUEUE_DESC,       VIRTIO_MMIO_QUEUE_DESC + 4,
	VIRTIO_MMIO_QUEUE_DRIVER,     VIRTIO_MMIO_QUEUE_DRIVER + 4, VIRTIO_MMIO_QUEUE_DEVICE,
	VIRTIO_MMIO_QUEUE_DEVICE + 4, VIRTIO_MMIO_QUEUE_RESET,
};
static const uint16_t writable_1[] = {VIRTIO_MMIO_GUEST_PAGE_SIZE, VIRTIO_MMIO_QUEUE_ALIGN,
				      VIRTIO_MMIO_QUEUE_PFN};

/* ---- registers ---- */

static bool
among(uint64_t offset, const uint16_t *offsets, size_t bytes)
{
	for (size_t i = 0; i < bytes / sizeof(offsets[0]); i++)
		if (offsets[i] == offset)
			return true;
	return false;
}

static uint64_t
judge(const volatile void *address, unsigned width, bool write)
{
	uint64_t offset = (uintptr_t)address - REGISTERS;

	demand(world.bytes != 0 && offset + width <= world.bytes && offset % width == 0);
	if (offset >= VIRTIO_MMIO_CONFIG)
		return offset;
	demand(width == 4);
	if (write)
		demand(among(offset, writable, sizeof(writable)) ||
		       (world.version == 2 ? among(offset, writable_2, sizeof(writable_2))
					   : among(offset, writable_1, sizeof(writable_1))));
	else
		demand(among(offset, readable, sizeof(readable)) ||
		       (world.version == 2 ? among(offset, readable_2, sizeof(readable_2))
					   : among(offset, readable_1, sizeof(readable_1))));
	return offset;
}

/* Often what a sound device would say, so that the fuzzer gets far. */
uint32_t
step_register_load(const volatile void *address, unsigned width)
{
	uint64_t offset = judge(address, width, false);
	bool sound = next(1) < 0xe0;

	demand(++world.reads < READS_MAX);
	if (offset == VIRTIO_MMIO_MAGIC_VALUE)
		return sound ? VIRTIO_MMIO_MAGIC : (uint32_t)next(4);
	if (offset == VIRTIO_MMIO_VERSION)
		return world.version = sound ? 1 + (uint32_t)next(1) % 2 : (uint32_t)next(4);
	if (offset == VIRTIO_MMIO_DEVICE_ID)
		return sound ? 2 : (uint32_t)next(4);
	if (offset == VIRTIO_MMIO_STATUS && sound)
		return next(1) % 2 == 0 ? 0 : 11;
	if (offset == VIRTIO_MMIO_CONFIG_GENERATION && sound)
		return 0;
	if (offset == VIRTIO_MMIO_QUEUE_READY && sound)
		return (uint32_t)next(1) % 2;
	return (uint32_t)next(width);
}

void
step_register_store(volatile void *address, unsigned width, uint32_t value)
{
	uint64_t offset = judge(address, width, true);

	if (offset == VIRTIO_MMIO_INTERRUPT_ACK)
		demand(value != 0 && value <= 3);
}

/* ---- memory ---- */

uint64_t
step_shared_load(const void *address, unsigned width)
{
	uint64_t value = 0;

	memcpy(&value, address, width);
	return value;
}

void
step_shared_store(void *address, unsigned width, uint64_t value)
{
	memcpy(address, &value, width);
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
	return 0;
}

static orion_status
dma_alloc(void *context, size_t bytes, size_t align, struct orion_region *out)
{
	size_t whole = (bytes + align - 1) / align * align;
	unsigned i = world.blocks[0] == NULL ? 0 : 1;
	void *memory;

	(void)context;
	if (next(1) == 0xff)
		return ORION_NO_MEMORY;
	demand(world.blocks[i] == NULL);
	memory = aligned_alloc(align, whole);
	demand(memory != NULL);
	memset(memory, 0, whole);
	*out = (struct orion_region){memory, next(1) < 0xf0 ? 0x10000 : next(7) << 12, bytes, i};
	world.blocks[i] = memory;
	return ORION_OK;
}

static void
dma_free(void *context, const struct orion_region *region)
{
	(void)context;
	demand(region->cookie < QUEUES && world.blocks[region->cookie] == region->cpu);
	free(region->cpu);
	world.blocks[region->cookie] = NULL;
}

/* No request is made, so that nothing is shared. */
static orion_status
share(void *context, void *cpu, size_t bytes, orion_direction direction, uint64_t *device,
      size_t *contiguous, uint64_t *cookie)
{
	(void)context, (void)cpu, (void)bytes, (void)direction;
	(void)device, (void)contiguous, (void)cookie;
	abort();
}

static void
unshare(void *context, uint64_t cookie, orion_direction direction)
{
	(void)context, (void)cookie, (void)direction;
	abort();
}

/* ---- the rest of the port ---- */

static orion_status
map_registers(void *context, uint64_t address, size_t bytes, volatile void **out)
{
	(void)context;
	demand(address == 0x1000 && world.bytes == 0);
	if (next(1) == 0xff)
		return ORION_NO_MAPPING;
	world.bytes = bytes;
	*out = (volatile void *)(uintptr_t)REGISTERS;
	return ORION_OK;
}

static void
unmap_registers(void *context, volatile void *registers, size_t bytes)
{
	(void)context;
	demand((uintptr_t)registers == REGISTERS && bytes == world.bytes);
	world.bytes = 0;
}

static orion_status
irq_attach(void *context, const struct orion_irq_source *source, orion_irq_handler *handler,
	   void *argument, struct orion_irq_message *out)
{
	(void)context;
	demand(source->kind == ORION_IRQ_WIRE && source->wire == 5 && world.irqs == 0);
	if (next(1) == 0xff)
		return ORION_NO_INTERRUPT;
	out->cookie = 7;
	world.irqs++;
	world.handler = handler;
	world.argument = argument;
	return ORION_OK;
}

static void
irq_detach(void *context, uint64_t cookie)
{
	(void)context;
	demand(cookie == 7 && world.irqs == 1);
	world.irqs--;
}

static uint64_t
now_ns(void *context)
{
	(void)context;
	return world.now;
}

static void
pause_ns(void *context, uint64_t ns)
{
	(void)context, (void)ns;
	world.now += SECOND;
}

static void
wake(void *context, void *event)
{
	(void)context, (void)event;
}

static const struct orion_port port = {
	.dma_alloc = dma_alloc,
	.dma_free = dma_free,
	.share = share,
	.unshare = unshare,
	.map_registers = map_registers,
	.unmap_registers = unmap_registers,
	.irq_attach = irq_attach,
	.irq_detach = irq_detach,
	.now_ns = now_ns,
	.pause_ns = pause_ns,
	.wake = wake,
	.ticks_per_second = 1000000000,
};

/* ---- the caller ---- */

static void
live(struct vblk_device *device, size_t bytes)
{
	void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);

	demand(memory != NULL);
	if (vblk_open(device, memory, bytes) == ORION_OK) {
		for (unsigned i = 0; i < 4; i++) {
			if (world.irqs > 0)
				(void)world.handler(world.argument);
			(void)vblk_refresh(device, NULL);
			(void)vblk_queue_stop(vblk_queue_get(device, 0));
			(void)vblk_queue_start(vblk_queue_get(device, 0));
		}
		vblk_close(device);
	}
	free(memory);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static _Alignas(64) unsigned char memory[VBLK_DEVICE_BYTES];
	static const struct vblk_queue_home homes[QUEUES];
	struct orion_budget budget = {.limit = UINT64_C(64) << 20};
	struct virtio_mmio mmio;
	struct orion_options options;
	struct vblk_device *device;
	struct vblk_config config = {.port = &port,
				     .options = &options,
				     .homes = homes,
				     .home_count = QUEUES,
				     .budget = &budget};
	size_t bytes;

	memset(&world, 0, sizeof(world));
	input.data = data;
	input.left = size;
	orion_options_default(&options);
	if (orion_virtio_mmio_open(&mmio, &port, NULL, 0x1000, 0x100 + next(1), 5,
				   &config.transport) == ORION_OK &&
	    vblk_probe(memory, &config, &device, &bytes) == ORION_OK)
		live(device, bytes);
	demand(world.bytes == 0 && world.irqs == 0);
	/* What a dead device may still write is never freed by the driver. */
	for (unsigned i = 0; i < QUEUES; i++) {
		demand(world.blocks[i] == NULL || budget.quarantined != 0);
		free(world.blocks[i]);
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes the PCI transport: configuration space, BARs and registers are the fuzzer's.
 *
 * The driver must stay within what it mapped, must end, and must give back every mapping and every
 * interrupt.
 */
#include <string.h>

#include "arch/stepped.h"
#include "orion/transport.h"

#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SPACE_BYTES 256u
#define MAPPINGS_MAX 64
#define WINDOW UINT64_C(0x100000000) /* between two mappings: an address names its mapping */
#define READS_MAX 20000u

static struct world {
	uint8_t space[SPACE_BYTES];
	size_t mapped[MAPPINGS_MAX]; /* bytes; 0: free */
	unsigned irqs;
	unsigned reads;
} world;

/* ---- registers: never real memory, so that each address can be judged ---- */

static void
judge(const volatile void *address, unsigned width)
{
	uint64_t at = (uintptr_t)address, slot = at / WINDOW, offset = at % WINDOW;

	demand(width == 1 || width == 2 || width == 4);
	demand(slot >= 1 && slot <= MAPPINGS_MAX && world.mapped[slot - 1] != 0);
	demand(offset % width == 0 && offset + width <= world.mapped[slot - 1]);
}

uint32_t
step_register_load(const volatile void *address, unsigned width)
{
	judge(address, width);
	return (uint32_t)next(width);
}

void
step_register_store(volatile void *address, unsigned width, uint32_t value)
{
	judge(address, width);
	(void)value;
}

uint64_t
step_shared_load(const void *address, unsigned width)
{
	(void)address;
	(void)width;
	abort();
}

void
step_shared_store(void *address, unsigned width, uint64_t value)
{
	(void)address;
	(void)width;
	(void)value;
	abort();
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

/* ---- the port ---- */

static orion_status
map_registers(void *context, uint64_t address, size_t bytes, volatile void **out)
{
	(void)context;
	demand(bytes > 0 && address + bytes >= address && bytes < WINDOW);
	if (next(1) == 0xff)
		return ORION_NO_MAPPING;
	for (unsigned i = 0; i < MAPPINGS_MAX; i++) {
		if (world.mapped[i] == 0) {
			world.mapped[i] = bytes;
			*out = (volatile void *)(uintptr_t)((i + 1) * WINDOW);
			return ORION_OK;
		}
	}
	return ORION_NO_MAPPING;
}

static void
unmap_registers(void *context, volatile void *registers, size_t bytes)
{
	uint64_t slot = (uintptr_t)registers / WINDOW;

	(void)context;
	demand((uintptr_t)registers % WINDOW == 0 && slot >= 1 && slot <= MAPPINGS_MAX);
	demand(world.mapped[slot - 1] == bytes);
	world.mapped[slot - 1] = 0;
}

static uint32_t
pci_read(void *context, uint32_t function, uint16_t offset, unsigned width)
{
	uint32_t value = 0;

	(void)context;
	(void)function;
	demand(offset % width == 0 && width <= 4 && offset + width <= 4096);
	demand(++world.reads < READS_MAX);
	if (offset + width > SPACE_BYTES)
		return UINT32_MAX >> (32 - 8 * width);
	for (unsigned i = 0; i < width; i++)
		value |= (uint32_t)world.space[offset + i] << 8 * i;
	return value;
}

/* BARs hold what is written, less the bits below a size that the fuzzer chose. */
static void
pci_write(void *context, uint32_t function, uint16_t offset, unsigned width, uint32_t value)
{
	(void)context;
	(void)function;
	demand(offset % width == 0 && width <= 4 && offset + width <= 4096);
	if (offset >= 0x10 && offset < 0x28 && width == 4 && value == UINT32_MAX) {
		uint64_t choice = next(1);

		value = choice < 0xc0 ? UINT32_MAX << (4 + choice % 24) : (uint32_t)next(4);
	}
	for (unsigned i = 0; i < width && offset + i < SPACE_BYTES; i++)
		world.space[offset + i] = (uint8_t)(value >> 8 * i);
}

static orion_status
irq_attach(void *context, const struct orion_irq_source *source, orion_irq_handler *handler,
	   void *argument, struct orion_irq_message *out)
{
	(void)context;
	(void)source;
	(void)handler;
	(void)argument;
	if (next(1) == 0xff)
		return ORION_NO_INTERRUPT;
	*out = (struct orion_irq_message){0xfee00000, 0x41, 7};
	world.irqs++;
	return ORION_OK;
}

static void
irq_detach(void *context, uint64_t cookie)
{
	(void)context;
	demand(cookie == 7 && world.irqs > 0);
	world.irqs--;
}

static uint64_t
now_ns(void *context)
{
	(void)context;
	return 0;
}

static void
pause_ns(void *context, uint64_t ns)
{
	(void)context;
	(void)ns;
}

static void
wake(void *context, void *event)
{
	(void)context;
	(void)event;
}

/* Opening a transport takes no memory: these are only there because a port has to be complete. */
static orion_status
dma_alloc(void *context, size_t bytes, size_t align, struct orion_region *out)
{
	(void)context;
	(void)bytes;
	(void)align;
	(void)out;
	abort();
}

static void
dma_free(void *context, const struct orion_region *region)
{
	(void)context;
	(void)region;
	abort();
}

static orion_status
share(void *context, void *cpu, size_t bytes, orion_direction direction, uint64_t *device,
      size_t *contiguous, uint64_t *cookie)
{
	(void)context;
	(void)cpu;
	(void)bytes;
	(void)direction;
	(void)device;
	(void)contiguous;
	(void)cookie;
	abort();
}

static void
unshare(void *context, uint64_t cookie, orion_direction direction)
{
	(void)context;
	(void)cookie;
	(void)direction;
	abort();
}

static const struct orion_port port = {
	.dma_alloc = dma_alloc,
	.dma_free = dma_free,
	.share = share,
	.unshare = unshare,
	.map_registers = map_registers,
	.unmap_registers = unmap_registers,
	.pci_read = pci_read,
	.pci_write = pci_write,
	.irq_attach = irq_attach,
	.irq_detach = irq_detach,
	.now_ns = now_ns,
	.pause_ns = pause_ns,
	.wake = wake,
	.ticks_per_second = 1000000000,
};

/* ---- the caller ---- */

static bool
handler(void *argument)
{
	(void)argument;
	return true;
}

static void
use(const struct virtio_transport *t)
{
	struct virtio_queue_setup setup = {8, 1, 0x1000, 0x2000, 0x3000};
	struct virtio_doorbell doorbell;
	void *c = t->context;

	t->ops->status_set(c, 1);
	t->ops->features_set(c, t->ops->features_get(c));
	t->ops->config_generation(c);
	uint32_t bytes = t->ops->config_bytes(c);

	for (uint32_t at = 0; at + 4 <= bytes && at < 128; at += 4)
		t->ops->config_read(c, at, 4);
	uint16_t vectors = t->ops->vector_count(c);

	for (uint16_t v = 0; v < vectors && v < 4; v++) {
		if (t->ops->vector_attach(c, v, 0, handler, NULL) != ORION_OK)
			break;
	}
	if (vectors > 0)
		(void)t->ops->config_vector(c, 0);
	uint16_t queues = t->ops->queue_count(c);

	for (uint16_t q = 0; q < queues && q < 4; q++) {
		if (t->ops->queue_size_max(c, q) == 0)
			continue;
		if (t->ops->queue_enable(c, q, &setup, &doorbell) == ORION_OK) {
			demand(doorbell.address != NULL);
			judge(doorbell.address, doorbell.width);
		}
	}
	if (vectors == 0 && t->ops->line_attach(c, handler, NULL) == ORION_OK) {
		t->ops->isr_read(c);
		t->ops->line_detach(c);
	}
	for (uint16_t v = 0; v < vectors && v < 4; v++)
		t->ops->vector_detach(c, v);
}

/* A sound header, so that the fuzzer's bytes go into the capabilities. */
static void
fill_space(void)
{
	for (unsigned i = 0; i < SPACE_BYTES; i++)
		world.space[i] = (uint8_t)next(1);
	if (next(1) == 0xff)
		return;
	memcpy(world.space, "\xf4\x1a\x42\x10", 4);
	world.space[6] |= 0x10;
	world.space[0x0e] = 0;
	world.space[0x34] = 0x40;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct virtio_transport transport;
	struct virtio_pci pci;
	orion_status status;

	memset(&world, 0, sizeof(world));
	memset(&pci, 0, sizeof(pci));
	input.data = data;
	input.left = size;
	fill_space();
	status = virtio_pci_open(&pci, &port, NULL, 8, &transport);
	demand(status != ORION_PORT_INCOMPLETE);
	if (status == ORION_OK) {
		use(&transport);
		transport.ops->close(transport.context);
	}
	for (unsigned i = 0; i < MAPPINGS_MAX; i++)
		demand(world.mapped[i] == 0);
	demand(world.irqs == 0);
	return 0;
}

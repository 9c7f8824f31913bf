/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes the PCI transports, modern and legacy: configuration space, BARs and registers are the
 * fuzzer's.
 *
 * The driver must stay within what it mapped and within I/O BARs, must end, and must give back
 * every mapping and every interrupt.
 */
#include <string.h>

#include "arch/stepped.h"
#include "orion/transport.h"
#include "ring/ring.h"

#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SPACE_BYTES 256u
#define MAPPINGS_MAX 64
#define WINDOW UINT64_C(0x100000000) /* between two mappings: an address names its mapping */
#define READS_MAX 20000u
#define MS UINT64_C(1000000)

static struct world {
	uint8_t space[SPACE_BYTES];
	size_t mapped[MAPPINGS_MAX]; /* bytes; 0: free */
	unsigned irqs;
	unsigned reads;
	uint32_t ones[6]; /* what each BAR made of ones */
	uint64_t now;
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
		if ((world.space[offset] & 1) != 0)
			value |= 1;
		world.ones[(offset - 0x10) / 4] = value;
	}
	for (unsigned i = 0; i < width && offset + i < SPACE_BYTES; i++)
		world.space[offset + i] = (uint8_t)(value >> 8 * i);
}

/* Within an I/O BAR, which decodes. */
static void
judge_port(uint32_t address, unsigned width)
{
	bool inside = false;

	demand((world.space[4] & 1) != 0 && address % width == 0);
	for (unsigned bar = 0; bar < 6; bar++) {
		uint32_t at = (uint32_t)world.space[0x10 + 4 * bar] |
			      (uint32_t)world.space[0x11 + 4 * bar] << 8 |
			      (uint32_t)world.space[0x12 + 4 * bar] << 16 |
			      (uint32_t)world.space[0x13 + 4 * bar] << 24;
		uint32_t mask = world.ones[bar] & ~3u;
		uint32_t bytes = ~(mask <= UINT16_MAX ? mask | 0xffff0000 : mask) + 1;

		inside |= (at & 1) != 0 && address >= (at & ~3u) && address - (at & ~3u) < bytes &&
			  width <= bytes - (address - (at & ~3u));
	}
	demand(inside);
}

static uint32_t
io_read(void *context, uint32_t address, unsigned width)
{
	(void)context;
	judge_port(address, width);
	demand(++world.reads < READS_MAX);
	return (uint32_t)next(width);
}

static void
io_write(void *context, uint32_t address, unsigned width, uint32_t value)
{
	(void)context;
	(void)value;
	judge_port(address, width);
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
	return world.now;
}

static void
pause_ns(void *context, uint64_t ns)
{
	(void)context;
	world.now += ns + MS;
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
	.io_read = io_read,
	.io_write = io_write,
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

/* Enables queue Q and kicks it. */
static void
use_queue(const struct virtio_transport *t, uint16_t q)
{
	struct virtio_queue_setup setup = {8, 1, 0x1000, 0x2000, 0x3000};
	struct virtio_doorbell doorbell;
	uint16_t size = t->ops->queue_size_max(t->context, q);

	if (size == 0)
		return;
	if (t->ops->legacy) {
		setup.size = size;
		if (t->ops->vector_count(t->context) == 0)
			setup.vector = VIRTIO_NO_VECTOR;
		setup.driver_area = 0x1000 + orion_vring_layout_legacy(size).driver_offset;
		setup.device_area = 0x1000 + orion_vring_layout_legacy(size).device_offset;
	}
	if (t->ops->queue_enable(t->context, q, &setup, &doorbell) != ORION_OK)
		return;
	if (doorbell.address != NULL)
		judge(doorbell.address, doorbell.width);
	else
		t->ops->notify(t->context, q, doorbell.value);
}

static void
use(const struct virtio_transport *t)
{
	void *c = t->context;

	t->ops->status_set(c, 1);
	t->ops->features_set(c, t->ops->features_get(c));
	if (!t->ops->legacy)
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

	for (uint16_t q = 0; q < queues && q < 4; q++)
		use_queue(t, q);
	if (vectors == 0 && t->ops->line_attach(c, handler, NULL) == ORION_OK) {
		t->ops->isr_read(c);
		t->ops->line_detach(c);
	}
	for (uint16_t v = 0; v < vectors && v < 4; v++)
		t->ops->vector_detach(c, v);
	(void)t->ops->function_reset(c);
}

/* A sound header, so that the fuzzer's bytes go into the capabilities. */
static void
fill_space(void)
{
	for (unsigned i = 0; i < SPACE_BYTES; i++)
		world.space[i] = (uint8_t)next(1);
	if (next(1) == 0xff)
		return;
	memcpy(world.space, next(1) < 0x80 ? "\xf4\x1a\x42\x10" : "\xf4\x1a\x01\x10", 4);
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
	status = orion_virtio_pci_open(&pci, &port, NULL, 8, &transport);
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

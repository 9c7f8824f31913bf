/* SPDX-License-Identifier: MIT */
/* See fake.h. */
#include "fake.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "test/harness.h"

#define BIT(n) (UINT64_C(1) << (n))
#define REGION_FIRST UINT64_C(0x7000000000)
#define REGION_STEP UINT64_C(0x10000000)
#define STATUS_DRIVER_OK 4u
#define STATUS_FEATURES_OK 8u

static void __attribute__((format(printf, 2, 3)))
journal(struct fake *fake, const char *format, ...)
{
	size_t used = strlen(fake->journal);
	va_list list;

	fake->after_close += fake->closed;
	va_start(list, format);
	vsnprintf(fake->journal + used, sizeof(fake->journal) - used, format, list);
	va_end(list);
}

static bool
must_fail(struct fake *fake)
{
	return ++fake->fallible == fake->fail_at;
}

/* ---- the host ---- */

static orion_status
dma_alloc(void *context, size_t bytes, size_t align, struct orion_region *out)
{
	struct fake *fake = context;
	unsigned i = fake->region_count;

	EXPECT(align > 0 && align <= 4096 && (align & (align - 1)) == 0 && bytes > 0);
	if (must_fail(fake) || (fake->piece_max != 0 && bytes > fake->piece_max))
		return ORION_NO_MEMORY;
	EXPECT(i < FAKE_REGIONS);
	fake->regions[i] = (struct orion_region){test_alloc(bytes), REGION_FIRST + i * REGION_STEP,
						 bytes, 1000 + i};
	fake->region_count++;
	fake->regions_live++;
	*out = fake->regions[i];
	journal(fake, "alloc ");
	return ORION_OK;
}

static void
dma_free(void *context, const struct orion_region *region)
{
	struct fake *fake = context;
	unsigned i = (unsigned)(region->cookie - 1000);

	EXPECT(i < fake->region_count && fake->regions[i].cpu == region->cpu &&
	       fake->regions[i].device == region->device &&
	       fake->regions[i].bytes == region->bytes);
	test_free(region->cpu);
	fake->regions[i].cpu = NULL;
	fake->regions_live--;
	fake->regions_freed++;
	journal(fake, "free ");
}

static orion_status
share(void *context, void *cpu, size_t bytes, orion_direction direction, uint64_t *device,
      size_t *contiguous, uint64_t *cookie)
{
	(void)context, (void)cpu, (void)direction;
	*device = *cookie = 0x1000;
	*contiguous = bytes;
	return ORION_OK;
}

static void
unshare(void *context, uint64_t cookie, orion_direction direction)
{
	(void)context, (void)cookie, (void)direction;
}

static orion_status
map_registers(void *context, uint64_t address, size_t bytes, volatile void **out)
{
	(void)context, (void)address, (void)bytes, (void)out;
	return ORION_NO_MAPPING;
}

static void
unmap_registers(void *context, volatile void *registers, size_t bytes)
{
	(void)context, (void)registers, (void)bytes;
}

static uint32_t
pci_read(void *context, uint32_t function, uint16_t offset, unsigned width)
{
	(void)context, (void)function, (void)offset, (void)width;
	return UINT32_MAX;
}

static void
pci_write(void *context, uint32_t function, uint16_t offset, unsigned width, uint32_t value)
{
	(void)context, (void)function, (void)offset, (void)width, (void)value;
}

static orion_status
irq_attach(void *context, const struct orion_irq_source *source, orion_irq_handler *handler,
	   void *argument, struct orion_irq_message *out)
{
	(void)context, (void)source, (void)handler, (void)argument, (void)out;
	return ORION_NO_INTERRUPT;
}

static void
irq_detach(void *context, uint64_t cookie)
{
	(void)context, (void)cookie;
}

static uint64_t
now_ns(void *context)
{
	return ((struct fake *)context)->now;
}

static void
pause_ns(void *context, uint64_t ns)
{
	struct fake *fake = context;

	fake->now += ns;
	fake->paused += ns;
}

static void
wake(void *context, void *event)
{
	struct fake *fake = context;

	fake->wakes++;
	fake->woken = event;
}

static void
report(void *context, orion_level level, orion_event event, uint64_t a, uint64_t b, uint64_t c)
{
	struct fake *fake = context;

	EXPECT((unsigned)event < ORION_EVENT_COUNT);
	fake->reports[event]++;
	fake->report_level[event] = level;
	fake->report[event][0] = a;
	fake->report[event][1] = b;
	fake->report[event][2] = c;
}

static orion_status
dma_open(void *context, uint32_t function, bool platform, struct orion_dma *out)
{
	struct fake *fake = context;

	fake->dma_function = function;
	fake->dma_platform = platform;
	if (fake->dma_refused)
		return ORION_NO_MAPPING;
	fake->dma_opens++;
	out->context = fake->dma_other != NULL ? fake->dma_other : fake;
	out->partial = fake->dma_partial;
	return ORION_OK;
}

static void
dma_close(void *context, const struct orion_dma *dma)
{
	struct fake *fake = context;

	EXPECT(dma->context == (fake->dma_other != NULL ? fake->dma_other : fake));
	fake->dma_live_at_close = ((struct fake *)dma->context)->regions_live;
	EXPECT_EQ(fake->closed, false);
	fake->dma_closes++;
}

struct orion_port
fake_port_full(void)
{
	return (struct orion_port){
		.dma_open = dma_open,
		.dma_close = dma_close,
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
		.report = report,
		.ticks_per_second = 1000000000,
	};
}

/* ---- the device ---- */

static uint8_t
status_get(void *context)
{
	struct fake *fake = context;

	fake->after_close += fake->closed;
	fake->status_reads++;
	if (fake->gone)
		return 0xff;
	if (fake->reset_reads > 0 && fake->status == 0) {
		fake->reset_reads -= fake->reset_reads != UINT_MAX;
		return fake->reset_sticks;
	}
	return fake->status;
}

static void
status_set(void *context, uint8_t status)
{
	struct fake *fake = context;

	journal(fake, "status=%u ", status);
	if (status == 0) {
		memset(fake->enabled, 0, sizeof(fake->enabled));
		memset(fake->resetting, 0, sizeof(fake->resetting));
	}
	fake->status = status;
	if (fake->features_refused)
		fake->status &= (uint8_t)~STATUS_FEATURES_OK;
	if ((status & STATUS_DRIVER_OK) != 0)
		fake->status = (uint8_t)((status & ~fake->start_lost) | fake->start_found);
}

static uint64_t
features_get(void *context)
{
	struct fake *fake = context;

	journal(fake, "features? ");
	return fake->gone ? UINT64_MAX : fake->features;
}

static void
features_set(void *context, uint64_t features)
{
	struct fake *fake = context;

	journal(fake, "features! ");
	fake->driver_features = features;
}

static uint32_t
config_bytes(void *context)
{
	return ((struct fake *)context)->config_bytes;
}

static uint32_t
config_read(void *context, uint32_t offset, unsigned width)
{
	struct fake *fake = context;

	EXPECT(width == 1 || width == 2 || width == 4);
	EXPECT(offset % width == 0 && offset + width <= fake->config_bytes);
	fake->after_close += fake->closed;
	fake->config_reads++;
	if (fake->torn > 0) {
		fake->torn -= fake->torn != UINT_MAX;
		fake->generation++;
		fake->config[0]++;
	}
	return (uint32_t)hand_get(fake->config + offset, width);
}

static void
config_write(void *context, uint32_t offset, unsigned width, uint32_t value)
{
	(void)context, (void)offset, (void)width, (void)value;
	test_fail(__FILE__, __LINE__, "the driver wrote the configuration");
}

static uint32_t
config_generation(void *context)
{
	return ((struct fake *)context)->generation;
}

static uint16_t
queue_count(void *context)
{
	return ((struct fake *)context)->queue_count;
}

static uint16_t
queue_size_max(void *context, uint16_t queue)
{
	struct fake *fake = context;

	EXPECT(queue < FAKE_QUEUES);
	return fake->queue_sizes[queue] != 0 ? fake->queue_sizes[queue] : fake->queue_size;
}

static orion_status
queue_enable(void *context, uint16_t queue, const struct virtio_queue_setup *setup,
	     struct virtio_doorbell *doorbell)
{
	struct fake *fake = context;
	bool position = (fake->driver_features & BIT(38)) != 0;

	EXPECT(queue < FAKE_QUEUES && !fake->enabled[queue]);
	journal(fake, "enable%u ", queue);
	if (setup->vector != VIRTIO_NO_VECTOR && setup->vector >= fake->vector_refused)
		return ORION_NO_INTERRUPT;
	if (++fake->enables == fake->enable_refused || must_fail(fake))
		return ORION_DEVICE_REFUSED;
	fake->setup[queue] = *setup;
	fake->enabled[queue] = true;
	*doorbell = (struct virtio_doorbell){NULL, queue, position ? 4 : 2, position};
	return ORION_OK;
}

static void
queue_reset(void *context, uint16_t queue)
{
	struct fake *fake = context;

	EXPECT(queue < FAKE_QUEUES && fake->enabled[queue]);
	EXPECT((fake->driver_features & BIT(40)) != 0);
	journal(fake, "reset%u ", queue);
	fake->resetting[queue] = true;
	fake->queue_reset_reads_left = fake->queue_reset_reads;
}

/* So many reads say yes; the last of them ends it. */
static bool
queue_resetting(void *context, uint16_t queue)
{
	struct fake *fake = context;

	EXPECT(queue < FAKE_QUEUES);
	fake->after_close += fake->closed;
	if (fake->gone)
		return true;
	if (fake->resetting[queue] && fake->queue_reset_reads_left > 0) {
		fake->queue_reset_reads_left -= fake->queue_reset_reads_left != UINT_MAX;
		return true;
	}
	if (fake->resetting[queue])
		fake->enabled[queue] = false;
	fake->resetting[queue] = false;
	return false;
}

static uint16_t
vector_count(void *context)
{
	return ((struct fake *)context)->vectors;
}

unsigned
fake_vectors_live(const struct fake *fake)
{
	unsigned live = 0;

	for (unsigned i = 0; i < FAKE_VECTORS; i++)
		live += fake->irq[i].live;
	return live;
}

static orion_status
vector_attach(void *context, uint16_t vector, uint16_t cpu, orion_irq_handler *handler,
	      void *argument)
{
	struct fake *fake = context;

	EXPECT(vector < fake->vectors && vector < FAKE_VECTORS && !fake->irq[vector].live);
	if (fake_vectors_live(fake) >= fake->vectors_attachable || must_fail(fake))
		return ORION_NO_INTERRUPT;
	fake->irq[vector] = (struct fake_irq){true, handler, argument, cpu};
	journal(fake, "vector%u ", vector);
	return ORION_OK;
}

static void
vector_detach(void *context, uint16_t vector)
{
	struct fake *fake = context;

	EXPECT(vector < FAKE_VECTORS && fake->irq[vector].live);
	fake->irq[vector].live = false;
	journal(fake, "-vector%u ", vector);
}

static orion_status
config_vector(void *context, uint16_t vector)
{
	struct fake *fake = context;

	EXPECT_EQ(vector, 0);
	fake->config_vector_calls++;
	return fake->config_vector_refused || must_fail(fake) ? ORION_NO_INTERRUPT : ORION_OK;
}

static orion_status
line_attach(void *context, orion_irq_handler *handler, void *argument)
{
	struct fake *fake = context;

	EXPECT(!fake->line.live);
	if (fake->line_refused || must_fail(fake))
		return ORION_NO_INTERRUPT;
	fake->line = (struct fake_irq){true, handler, argument, 0};
	journal(fake, "line ");
	return ORION_OK;
}

static void
line_detach(void *context)
{
	struct fake *fake = context;

	EXPECT(fake->line.live);
	fake->line.live = false;
	journal(fake, "-line ");
}

static uint8_t
isr_read(void *context)
{
	struct fake *fake = context;
	uint8_t isr = fake->isr;

	/* With vectors nobody reads it.  [spec 4.1.4.5.2] */
	EXPECT_EQ(fake_vectors_live(fake), 0);
	fake->isr = 0;
	return isr;
}

static void
notify(void *context, uint16_t queue, uint32_t value)
{
	struct fake *fake = context;

	EXPECT_EQ(value & 0xffff, queue);
	EXPECT(fake->enabled[queue] && !fake->resetting[queue]);
	fake->kick = value;
	fake->kicks++;
}

static void
close_transport(void *context)
{
	struct fake *fake = context;

	EXPECT(!fake->closed);
	journal(fake, "close");
	fake->closed = true;
}

static const struct virtio_transport_ops all_ops = {
	.name = "fake",
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
	.close = close_transport,
};

/* ---- the tests' verbs ---- */

/* Those of the running permutation. */
static struct fake *fakes;

static void
release(void *unused)
{
	(void)unused;
	for (struct fake *fake = fakes, *next; fake != NULL; fake = next) {
		next = fake->next;
		for (unsigned i = 0; i < fake->region_count; i++)
			test_free(fake->regions[i].cpu);
		test_free(fake);
	}
	fakes = NULL;
}

struct fake *
fake_make(uint64_t features)
{
	struct fake *fake = test_alloc(sizeof(*fake));

	if (fakes == NULL)
		test_at_end(release, NULL);
	fake->next = fakes;
	fakes = fake;
	fake->port = fake_port_full();
	fake->ops = all_ops;
	fake->transport = (struct virtio_transport){&fake->ops, fake};
	fake->features = features | BIT(32);
	fake->config_bytes = 96;
	fake_config(fake, 0, 8, 2048);
	fake_config(fake, 20, 4, 512);
	fake_config(fake, 12, 4, 16);
	fake_config(fake, 34, 2, 1);
	fake->queue_count = 1;
	fake->queue_size = 64;
	fake->vectors = fake->vectors_attachable = 17;
	fake->vector_refused = VIRTIO_NO_VECTOR;
	return fake;
}

void
fake_config(struct fake *fake, unsigned offset, unsigned width, uint64_t value)
{
	hand_set(fake->config + offset, width, value);
}

void *
fake_at(void *context, uint64_t address, size_t bytes)
{
	struct fake *fake = context;

	for (unsigned i = 0; i < fake->region_count; i++) {
		const struct orion_region *region = &fake->regions[i];

		if (region->cpu != NULL && address >= region->device &&
		    address - region->device + bytes <= region->bytes)
			return (uint8_t *)region->cpu + (address - region->device);
	}
	return NULL;
}

void
fake_journal_clear(struct fake *fake)
{
	fake->journal[0] = '\0';
}

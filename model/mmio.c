/* SPDX-License-Identifier: MIT */
/*
 * The model behind MMIO registers [spec 4.2.2], or the legacy ones [spec 4.2.4].  Its interrupt
 * line is taken by its edges, which is the stricter way: a driver that leaves a cause standing
 * hears nothing more.
 */
#include "model/mmio.h"

#include <limits.h>
#include <stdlib.h>

#define BASE UINT64_C(0x6000000000)
#define SPACING 0x1000u
#define FIRST_LINE 16u
#define VENDOR 0x4f52494fu
#define KNOWN_ALL 3u

enum access {
	READ = 1,
	WRITE = 2,
	BOTH = 3,
};

/* The registers, by the versions that have them. */
static const struct {
	uint16_t offset;
	uint8_t access;
	uint8_t versions; /* 1, 2, or both: 3 */
	uint8_t feature; /* without which it does not exist; 0: always there */
} registers[] = {
	{VIRTIO_MMIO_MAGIC_VALUE, READ, 3, 0},
	{VIRTIO_MMIO_VERSION, READ, 3, 0},
	{VIRTIO_MMIO_DEVICE_ID, READ, 3, 0},
	{VIRTIO_MMIO_VENDOR_ID, READ, 3, 0},
	{VIRTIO_MMIO_DEVICE_FEATURES, READ, 3, 0},
	{VIRTIO_MMIO_DEVICE_FEATURES_SEL, WRITE, 3, 0},
	{VIRTIO_MMIO_DRIVER_FEATURES, WRITE, 3, 0},
	{VIRTIO_MMIO_DRIVER_FEATURES_SEL, WRITE, 3, 0},
	{VIRTIO_MMIO_GUEST_PAGE_SIZE, WRITE, 1, 0},
	{VIRTIO_MMIO_QUEUE_SEL, WRITE, 3, 0},
	{VIRTIO_MMIO_QUEUE_SIZE_MAX, READ, 3, 0},
	{VIRTIO_MMIO_QUEUE_SIZE, WRITE, 3, 0},
	{VIRTIO_MMIO_QUEUE_ALIGN, WRITE, 1, 0},
	{VIRTIO_MMIO_QUEUE_PFN, BOTH, 1, 0},
	{VIRTIO_MMIO_QUEUE_READY, BOTH, 2, 0},
	{VIRTIO_MMIO_QUEUE_NOTIFY, WRITE, 3, 0},
	{VIRTIO_MMIO_INTERRUPT_STATUS, READ, 3, 0},
	{VIRTIO_MMIO_INTERRUPT_ACK, WRITE, 3, 0},
	{VIRTIO_MMIO_STATUS, BOTH, 3, 0},
	{VIRTIO_MMIO_QUEUE_DESC, WRITE, 2, 0},
	{VIRTIO_MMIO_QUEUE_DESC + 4, WRITE, 2, 0},
	{VIRTIO_MMIO_QUEUE_DRIVER, WRITE, 2, 0},
	{VIRTIO_MMIO_QUEUE_DRIVER + 4, WRITE, 2, 0},
	{VIRTIO_MMIO_QUEUE_DEVICE, WRITE, 2, 0},
	{VIRTIO_MMIO_QUEUE_DEVICE + 4, WRITE, 2, 0},
	{VIRTIO_MMIO_QUEUE_RESET, BOTH, 2, VIRTIO_F_RING_RESET},
	{VIRTIO_MMIO_CONFIG_GENERATION, READ, 2, 0},
};

static void
breached(const struct model_mmio *mmio, model_breach breach, uint64_t a, uint64_t b)
{
	model_breached(mmio->device->host, breach, UINT_MAX, a, b, mmio->device->legacy);
}

/* The first three registers come first, in their order; nothing else before. */
static bool
is_in_turn(struct model_mmio *mmio, uint32_t offset)
{
	if (offset / 4 < KNOWN_ALL && offset / 4 <= mmio->known) {
		mmio->known = offset == 0 ? 1 : mmio->known;
		mmio->known = offset / 4 == mmio->known ? mmio->known + 1 : mmio->known;
		return true;
	}
	if (mmio->known == KNOWN_ALL)
		return true;
	breached(mmio, MODEL_BREACH_MMIO_EARLY, offset, mmio->known);
	return false;
}

/* A control register, there in this version and with these features, to be accessed that way. */
static bool
is_open(struct model_mmio *mmio, uint32_t offset, unsigned width, enum access access)
{
	unsigned version = mmio->device->legacy ? 1 : 2;

	if (width != 4 || offset % 4 != 0) {
		breached(mmio, MODEL_BREACH_MMIO_WIDTH, offset, width);
		return false;
	}
	for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
		uint64_t needs = registers[i].feature != 0 ? VIRTIO_BIT(registers[i].feature) : 0;

		if (registers[i].offset != offset || (registers[i].versions & version) == 0 ||
		    (mmio->device->negotiated & needs) != needs)
			continue;
		if ((registers[i].access & access) != 0)
			return is_in_turn(mmio, offset);
		breached(mmio,
			 access == READ ? MODEL_BREACH_MMIO_WRITE_ONLY
					: MODEL_BREACH_MMIO_READ_ONLY,
			 offset, width);
		return false;
	}
	breached(mmio, MODEL_BREACH_MMIO_OUTSIDE, offset, width);
	return false;
}

static uint32_t
claim(struct model_mmio *mmio, model_mischief what, uint32_t truth)
{
	uint64_t value;

	return model_trick_now(mmio->device, what, &value) ? (uint32_t)value : truth;
}

/* The selected queue, or NULL. */
static struct model_queue *
selected(struct model_mmio *mmio)
{
	struct model_device *d = mmio->device;

	return mmio->queue_sel < d->options.queues ? &d->queues[mmio->queue_sel] : NULL;
}

/* ---- reads ---- */

static uint32_t
queue_get(struct model_mmio *mmio, uint32_t offset)
{
	struct model_queue *q = selected(mmio);

	if (q == NULL)
		return 0;
	switch (offset) {
	case VIRTIO_MMIO_QUEUE_SIZE_MAX:
		return model_queue_size(mmio->device, (uint16_t)mmio->queue_sel);
	case VIRTIO_MMIO_QUEUE_READY:
		return q->enabled ||
		       model_trick_now(mmio->device, MODEL_MISCHIEF_QUEUE_READY, NULL);
	case VIRTIO_MMIO_QUEUE_PFN:
		if (model_trick_now(mmio->device, MODEL_MISCHIEF_QUEUE_READY, NULL))
			return 1;
		return q->enabled ? mmio->page[mmio->queue_sel] : 0;
	default:
		return model_queue_resetting(q);
	}
}

static uint32_t
features_get(struct model_mmio *mmio)
{
	if (!mmio->device_selected)
		breached(mmio, MODEL_BREACH_MMIO_SELECT, VIRTIO_MMIO_DEVICE_FEATURES, 0);
	mmio->device_selected = false;
	return mmio->device_features_sel > 1 ? 0
					     : (uint32_t)(mmio->device->options.features >>
							  (32 * mmio->device_features_sel));
}

static uint32_t
register_get(struct model_mmio *mmio, uint32_t offset)
{
	struct model_device *d = mmio->device;
	uint32_t id;

	switch (offset) {
	case VIRTIO_MMIO_MAGIC_VALUE:
		return claim(mmio, MODEL_MISCHIEF_SAY_MAGIC, VIRTIO_MMIO_MAGIC);
	case VIRTIO_MMIO_VERSION:
		return claim(mmio, MODEL_MISCHIEF_SAY_VERSION, d->legacy ? 1 : 2);
	case VIRTIO_MMIO_DEVICE_ID:
		id = claim(mmio, MODEL_MISCHIEF_SAY_DEVICE_ID, VIRTIO_ID_BLOCK);
		/* Nobody is there: no other register is to be touched.  [spec 4.2.3.1.1] */
		mmio->known = id == 0 ? KNOWN_ALL - 1 : mmio->known;
		return id;
	case VIRTIO_MMIO_VENDOR_ID:
		return VENDOR;
	case VIRTIO_MMIO_DEVICE_FEATURES:
		return features_get(mmio);
	case VIRTIO_MMIO_INTERRUPT_STATUS:
		return d->isr;
	case VIRTIO_MMIO_STATUS:
		return model_status_get(d);
	case VIRTIO_MMIO_CONFIG_GENERATION:
		return d->generation;
	default:
		return queue_get(mmio, offset);
	}
}

/* ---- writes ---- */

static void
features_set(struct model_mmio *mmio, uint32_t value)
{
	unsigned shift = 32 * (mmio->driver_features_sel & 1);
	uint64_t keep = ~(UINT64_C(0xffffffff) << shift);

	if (!mmio->driver_selected)
		breached(mmio, MODEL_BREACH_MMIO_SELECT, VIRTIO_MMIO_DRIVER_FEATURES, 0);
	mmio->driver_selected = false;
	if (mmio->driver_features_sel <= 1)
		model_features_set(mmio->device, (mmio->device->driver_features & keep) |
							 (uint64_t)value << shift);
}

static void
acknowledge(struct model_mmio *mmio, uint32_t value)
{
	struct model_device *d = mmio->device;
	uint32_t defined = VIRTIO_MMIO_INTERRUPT_QUEUE | VIRTIO_MMIO_INTERRUPT_CONFIG;

	if ((value & ~defined) != 0)
		breached(mmio, MODEL_BREACH_MMIO_ACK, value, d->isr);
	if (model_trick_now(d, MODEL_MISCHIEF_ISR_STUCK, NULL))
		return;
	d->isr &= (uint8_t)~value;
	mmio->line_high = mmio->line_high && d->isr != 0;
}

static void
kick(struct model_mmio *mmio, uint32_t value)
{
	struct model_device *d = mmio->device;
	bool position = (d->negotiated & VIRTIO_BIT(VIRTIO_F_NOTIFICATION_DATA)) != 0;

	model_kick(d, position ? value & 0xffff : value, (uint16_t)(value >> 16));
}

/* Where the parts of a legacy queue lie follows from its page.  [spec 2.7.2] */
static void
page_set(struct model_mmio *mmio, struct model_queue *q, uint32_t page)
{
	struct virtio_queue_setup *setup = &mmio->setup[mmio->queue_sel];
	uint64_t align = mmio->align[mmio->queue_sel], end;

	if (page == 0) {
		model_queue_disable(q);
		return;
	}
	if (mmio->page_bytes == 0 || align == 0 ||
	    ((mmio->page_bytes & (mmio->page_bytes - 1)) | (align & (align - 1))) != 0) {
		breached(mmio, MODEL_BREACH_MMIO_PAGE, mmio->page_bytes, align);
		return;
	}
	if (model_trick_now(mmio->device, MODEL_MISCHIEF_QUEUE_REFUSED, NULL))
		return;
	setup->descriptor_area = (uint64_t)page * mmio->page_bytes;
	setup->driver_area = setup->descriptor_area + 16u * setup->size;
	end = setup->driver_area + 6 + 2u * setup->size;
	setup->device_area = (end + align - 1) & ~(align - 1);
	mmio->page[mmio->queue_sel] = page;
	(void)model_queue_enable(q, setup);
}

static void
ready_set(struct model_mmio *mmio, struct model_queue *q, uint32_t value)
{
	if (value == 0)
		model_queue_disable(q);
	else if (value != 1 || q->enabled)
		breached(mmio, MODEL_BREACH_QUEUE_STATE, mmio->queue_sel, value);
	else if (!model_trick_now(mmio->device, MODEL_MISCHIEF_QUEUE_REFUSED, NULL))
		(void)model_queue_enable(q, &mmio->setup[mmio->queue_sel]);
}

static void
area_set(struct virtio_queue_setup *setup, uint32_t offset, uint32_t value)
{
	uint64_t *area = offset < VIRTIO_MMIO_QUEUE_DRIVER   ? &setup->descriptor_area
			 : offset < VIRTIO_MMIO_QUEUE_DEVICE ? &setup->driver_area
							     : &setup->device_area;
	unsigned shift = offset % 8 * 8;

	*area = (*area & ~(UINT64_C(0xffffffff) << shift)) | (uint64_t)value << shift;
}

static void
queue_set(struct model_mmio *mmio, uint32_t offset, uint32_t value)
{
	struct model_queue *q = selected(mmio);

	if (q == NULL) {
		breached(mmio, MODEL_BREACH_QUEUE_ABSENT, mmio->queue_sel, offset);
	} else if (offset == VIRTIO_MMIO_QUEUE_READY) {
		ready_set(mmio, q, value);
	} else if (offset == VIRTIO_MMIO_QUEUE_RESET) {
		if (value == 1)
			model_queue_reset(q);
		else
			breached(mmio, MODEL_BREACH_QUEUE_RESET, mmio->queue_sel, value);
	} else if (q->enabled && (offset != VIRTIO_MMIO_QUEUE_PFN || value != 0)) {
		breached(mmio, MODEL_BREACH_QUEUE_STATE, mmio->queue_sel, offset);
	} else if (offset == VIRTIO_MMIO_QUEUE_PFN) {
		page_set(mmio, q, value);
	} else if (offset == VIRTIO_MMIO_QUEUE_ALIGN) {
		mmio->align[mmio->queue_sel] = value;
	} else if (offset == VIRTIO_MMIO_QUEUE_SIZE) {
		mmio->setup[mmio->queue_sel].size = value <= UINT16_MAX ? (uint16_t)value : 0;
	} else {
		area_set(&mmio->setup[mmio->queue_sel], offset, value);
	}
}

static void
register_set(struct model_mmio *mmio, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
		mmio->device_features_sel = value;
		mmio->device_selected = true;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
		mmio->driver_features_sel = value;
		mmio->driver_selected = true;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES:
		features_set(mmio, value);
		break;
	case VIRTIO_MMIO_GUEST_PAGE_SIZE:
		mmio->page_bytes = value;
		break;
	case VIRTIO_MMIO_QUEUE_SEL:
		mmio->queue_sel = value;
		break;
	case VIRTIO_MMIO_QUEUE_NOTIFY:
		kick(mmio, value);
		break;
	case VIRTIO_MMIO_INTERRUPT_ACK:
		acknowledge(mmio, value);
		break;
	case VIRTIO_MMIO_STATUS:
		model_status_set(mmio->device, (uint8_t)value);
		break;
	default:
		queue_set(mmio, offset, value);
		break;
	}
}

/* ---- the device and its host ---- */

static void
raise_line(struct model_device *d, uint16_t vector)
{
	bool edge = !d->mmio->line_high;

	(void)vector;
	d->mmio->line_high = true;
	if (edge)
		model_line(d->host, ORION_IRQ_WIRE, d->mmio->line);
}

void
model_device_plug_mmio(struct model_device *d, bool legacy, struct model_mmio_place *place)
{
	struct model_mmio *mmio = calloc(1, sizeof(*mmio));
	unsigned number = 0;

	for (unsigned i = 0; i < d->host->device_count; i++)
		number += d->host->devices[i]->mmio != NULL;
	if (mmio == NULL)
		abort();
	mmio->device = d;
	mmio->address = BASE + (uint64_t)number * SPACING;
	mmio->bytes = VIRTIO_MMIO_CONFIG + model_config_bytes(d);
	mmio->line = FIRST_LINE + number;
	mmio->registers = calloc(1, mmio->bytes);
	d->mmio = mmio;
	d->raise = raise_line;
	d->legacy = legacy;
	if (legacy)
		d->options.features &= UINT32_MAX;
	*place = (struct model_mmio_place){mmio->address, mmio->bytes, mmio->line};
}

void
model_mmio_close(struct model_device *d)
{
	if (d->mmio != NULL)
		free(d->mmio->registers);
	free(d->mmio);
	d->mmio = NULL;
}

void
model_mmio_queue_reset(struct model_device *d, unsigned queue)
{
	d->mmio->setup[queue] = (struct virtio_queue_setup){0};
	d->mmio->align[queue] = d->mmio->page[queue] = 0;
}

void
model_mmio_reset(struct model_device *d)
{
	d->mmio->device_selected = d->mmio->driver_selected = false;
	d->mmio->queue_sel = d->mmio->page_bytes = 0;
	d->mmio->line_high = false;
	d->isr = 0;
	for (unsigned i = 0; i < MODEL_QUEUES_MAX; i++)
		model_mmio_queue_reset(d, i);
}

volatile void *
model_mmio_at(struct model_host *host, uint64_t address, size_t bytes)
{
	for (unsigned i = 0; i < host->device_count; i++) {
		struct model_mmio *mmio = host->devices[i]->mmio;

		if (mmio != NULL && address == mmio->address && bytes <= mmio->bytes)
			return mmio->registers;
	}
	return NULL;
}

/* The device whose registers hold ADDRESS. */
static struct model_mmio *
find(struct model_host *host, uintptr_t address, uint32_t *offset)
{
	for (unsigned i = 0; i < host->device_count; i++) {
		struct model_mmio *mmio = host->devices[i]->mmio;

		if (mmio != NULL && address - (uintptr_t)mmio->registers < mmio->bytes) {
			*offset = (uint32_t)(address - (uintptr_t)mmio->registers);
			return mmio;
		}
	}
	return NULL;
}

bool
model_mmio_load(struct model_host *host, const volatile void *address, unsigned width,
		uint32_t *value)
{
	uint32_t offset;
	struct model_mmio *mmio = find(host, (uintptr_t)address, &offset);

	if (mmio == NULL)
		return false;
	*value = UINT32_MAX >> (32 - 8 * width);
	if (model_is_gone(mmio->device))
		return true;
	if (offset >= VIRTIO_MMIO_CONFIG)
		*value = model_config_get(mmio->device, offset - VIRTIO_MMIO_CONFIG, width);
	else
		*value = is_open(mmio, offset, width, READ) ? register_get(mmio, offset) : 0;
	return true;
}

bool
model_mmio_store(struct model_host *host, volatile void *address, unsigned width, uint32_t value)
{
	uint32_t offset;
	struct model_mmio *mmio = find(host, (uintptr_t)address, &offset);

	if (mmio == NULL)
		return false;
	if (model_is_gone(mmio->device))
		return true;
	if (offset >= VIRTIO_MMIO_CONFIG)
		model_config_set(mmio->device, offset - VIRTIO_MMIO_CONFIG, width, value);
	else if (is_open(mmio, offset, width, WRITE))
		register_set(mmio, offset, value);
	return true;
}

/* SPDX-License-Identifier: MIT */
/* The model as a PCI function: the legacy registers, in the I/O ports of BAR 0 [spec 4.1.4.10]. */
#include "model/pci.h"

#include <limits.h>

#define PAGE 4096u

enum access {
	READ = 1,
	WRITE = 2,
	BOTH = 3,
};

static const struct {
	uint8_t offset, width, access;
	bool vectors; /* there with MSI-X only */
} registers[] = {
	{VIRTIO_PCI_LEGACY_DEVICE_FEATURES, 4, READ, false},
	{VIRTIO_PCI_LEGACY_DRIVER_FEATURES, 4, BOTH, false},
	{VIRTIO_PCI_LEGACY_QUEUE_PFN, 4, BOTH, false},
	{VIRTIO_PCI_LEGACY_QUEUE_SIZE, 2, READ, false},
	{VIRTIO_PCI_LEGACY_QUEUE_SELECT, 2, BOTH, false},
	{VIRTIO_PCI_LEGACY_QUEUE_NOTIFY, 2, BOTH, false},
	{VIRTIO_PCI_LEGACY_DEVICE_STATUS, 1, BOTH, false},
	{VIRTIO_PCI_LEGACY_ISR, 1, READ, false},
	{VIRTIO_PCI_LEGACY_CONFIG_VECTOR, 2, BOTH, true},
	{VIRTIO_PCI_LEGACY_QUEUE_VECTOR, 2, BOTH, true},
};

static void
breached(const struct model_pci *pci, model_breach breach, uint64_t a, uint64_t b)
{
	model_breached(pci->device->host, breach, UINT_MAX, a, b, 5);
}

/* Where the device's configuration begins. */
static uint32_t
config_at(const struct model_pci *pci)
{
	return model_pci_msix_is_on(pci) ? VIRTIO_PCI_LEGACY_MSIX_BYTES : VIRTIO_PCI_LEGACY_BYTES;
}

static bool
is_open(const struct model_pci *pci, uint32_t offset, unsigned width, enum access access)
{
	for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
		if (registers[i].offset != offset || registers[i].width != width ||
		    (registers[i].vectors && !model_pci_msix_is_on(pci)))
			continue;
		if ((registers[i].access & access) != 0)
			return true;
		breached(pci, MODEL_BREACH_PCI_READ_ONLY, offset, width);
		return false;
	}
	breached(pci, MODEL_BREACH_PCI_WIDTH, offset, width);
	return false;
}

/* The selected queue, or NULL. */
static struct model_queue *
selected(struct model_pci *pci)
{
	struct model_device *d = pci->device;

	return pci->queue_select < d->options.queues ? &d->queues[pci->queue_select] : NULL;
}

static uint32_t
queue_get(struct model_pci *pci, uint32_t offset)
{
	struct model_queue *q = selected(pci);

	if (q == NULL)
		return offset == VIRTIO_PCI_LEGACY_QUEUE_VECTOR ? VIRTIO_NO_VECTOR : 0;
	if (offset == VIRTIO_PCI_LEGACY_QUEUE_SIZE)
		return model_queue_size(pci->device, pci->queue_select);
	if (offset == VIRTIO_PCI_LEGACY_QUEUE_VECTOR)
		return pci->setup[pci->queue_select].vector;
	if (pci->page[pci->queue_select] != 0)
		return pci->page[pci->queue_select];
	return model_trick_now(pci->device, MODEL_MISCHIEF_QUEUE_READY, NULL);
}

static uint32_t
register_get(struct model_pci *pci, uint32_t offset)
{
	struct model_device *d = pci->device;
	uint32_t told = (uint32_t)d->driver_features;

	switch (offset) {
	case VIRTIO_PCI_LEGACY_DEVICE_FEATURES:
		return (uint32_t)d->options.features;
	case VIRTIO_PCI_LEGACY_DRIVER_FEATURES:
		/* The lowest bit is lost. */
		return model_trick_now(d, MODEL_MISCHIEF_FEATURES_REFUSED, NULL) ? told & (told - 1)
										 : told;
	case VIRTIO_PCI_LEGACY_QUEUE_SELECT:
		return pci->queue_select;
	case VIRTIO_PCI_LEGACY_QUEUE_NOTIFY:
		return 0;
	case VIRTIO_PCI_LEGACY_DEVICE_STATUS:
		return model_status_get(d);
	case VIRTIO_PCI_LEGACY_ISR:
		return model_pci_cause_take(pci);
	case VIRTIO_PCI_LEGACY_CONFIG_VECTOR:
		return d->config_vector;
	default:
		return queue_get(pci, offset);
	}
}

/* The size is the device's, the rest follows from the page.  [spec 2.7.2, 4.1.5.1.3.1] */
static void
page_set(struct model_pci *pci, struct model_queue *q, uint32_t page)
{
	struct virtio_queue_setup *setup = &pci->setup[pci->queue_select];
	uint64_t end;

	if (page == 0) {
		model_queue_disable(q);
		pci->page[pci->queue_select] = 0;
		return;
	}
	if (q->enabled) {
		breached(pci, MODEL_BREACH_QUEUE_STATE, pci->queue_select, page);
		return;
	}
	if (model_trick_now(pci->device, MODEL_MISCHIEF_QUEUE_REFUSED, NULL))
		return;
	setup->size = pci->device->options.queue_size;
	setup->descriptor_area = (uint64_t)page * PAGE;
	setup->driver_area = setup->descriptor_area + 16u * setup->size;
	end = setup->driver_area + 6 + 2u * setup->size;
	setup->device_area = (end + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	pci->page[pci->queue_select] = page;
	(void)model_queue_enable(q, setup);
}

static void
queue_set(struct model_pci *pci, uint32_t offset, uint32_t value)
{
	struct model_queue *q = selected(pci);

	if (q == NULL)
		breached(pci, MODEL_BREACH_QUEUE_ABSENT, pci->queue_select, offset);
	else if (offset == VIRTIO_PCI_LEGACY_QUEUE_VECTOR)
		pci->setup[pci->queue_select].vector = model_pci_vector_taken(pci, value);
	else
		page_set(pci, q, value);
}

static void
kick(struct model_pci *pci, uint32_t queue)
{
	if ((pci->config[PCI_COMMAND] & PCI_COMMAND_MASTER) == 0)
		breached(pci, MODEL_BREACH_PCI_MASTER, queue, 0);
	model_kick(pci->device, queue, 0);
}

static void
register_set(struct model_pci *pci, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case VIRTIO_PCI_LEGACY_DRIVER_FEATURES:
		model_features_set(pci->device, value);
		break;
	case VIRTIO_PCI_LEGACY_QUEUE_SELECT:
		pci->queue_select = (uint16_t)value;
		break;
	case VIRTIO_PCI_LEGACY_QUEUE_NOTIFY:
		kick(pci, value);
		break;
	case VIRTIO_PCI_LEGACY_DEVICE_STATUS:
		model_status_set(pci->device, (uint8_t)value);
		break;
	case VIRTIO_PCI_LEGACY_CONFIG_VECTOR:
		pci->device->config_vector = model_pci_vector_taken(pci, value);
		break;
	default:
		queue_set(pci, offset, value);
		break;
	}
}

/* A transitional device has them too, but not for a driver that knows the modern ones. */
static bool
is_legacy(const struct model_pci *pci, uint32_t offset)
{
	if (pci->face == MODEL_PCI_LEGACY)
		return true;
	breached(pci, MODEL_BREACH_PCI_LEGACY, offset, 0);
	return false;
}

uint32_t
model_pci_legacy_get(struct model_pci *pci, uint32_t offset, unsigned width)
{
	if (!is_legacy(pci, offset))
		return UINT32_MAX;
	if (offset >= config_at(pci))
		return model_config_get(pci->device, offset - config_at(pci), width);
	return is_open(pci, offset, width, READ) ? register_get(pci, offset) : 0;
}

void
model_pci_legacy_set(struct model_pci *pci, uint32_t offset, unsigned width, uint32_t value)
{
	if (!is_legacy(pci, offset))
		return;
	if (offset >= config_at(pci))
		model_config_set(pci->device, offset - config_at(pci), width, value);
	else if (is_open(pci, offset, width, WRITE))
		register_set(pci, offset, value);
}

/* SPDX-License-Identifier: MIT */
/*
 * The model as a PCI function: common configuration, doorbells, ISR, the MSI-X table [spec 4.1.4].
 */
#include "model/pci.h"

#include <limits.h>
#include <string.h>

/* The common configuration's fields; 64-bit ones are two of 32 [spec 4.1.3.1, 4.1.4.3]. */
static const struct {
	uint8_t offset, width;
	bool read_only;
	uint8_t feature; /* without which it does not exist; 0: always there */
} fields[] = {
	{VIRTIO_PCI_COMMON_DEVICE_FEATURE_SELECT, 4, false, 0},
	{VIRTIO_PCI_COMMON_DEVICE_FEATURE, 4, true, 0},
	{VIRTIO_PCI_COMMON_DRIVER_FEATURE_SELECT, 4, false, 0},
	{VIRTIO_PCI_COMMON_DRIVER_FEATURE, 4, false, 0},
	{VIRTIO_PCI_COMMON_CONFIG_VECTOR, 2, false, 0},
	{VIRTIO_PCI_COMMON_NUM_QUEUES, 2, true, 0},
	{VIRTIO_PCI_COMMON_DEVICE_STATUS, 1, false, 0},
	{VIRTIO_PCI_COMMON_CONFIG_GENERATION, 1, true, 0},
	{VIRTIO_PCI_COMMON_QUEUE_SELECT, 2, false, 0},
	{VIRTIO_PCI_COMMON_QUEUE_SIZE, 2, false, 0},
	{VIRTIO_PCI_COMMON_QUEUE_VECTOR, 2, false, 0},
	{VIRTIO_PCI_COMMON_QUEUE_ENABLE, 2, false, 0},
	{VIRTIO_PCI_COMMON_QUEUE_NOTIFY_OFF, 2, true, 0},
	{VIRTIO_PCI_COMMON_QUEUE_DESC, 4, false, 0},
	{VIRTIO_PCI_COMMON_QUEUE_DESC + 4, 4, false, 0},
	{VIRTIO_PCI_COMMON_QUEUE_DRIVER, 4, false, 0},
	{VIRTIO_PCI_COMMON_QUEUE_DRIVER + 4, 4, false, 0},
	{VIRTIO_PCI_COMMON_QUEUE_DEVICE, 4, false, 0},
	{VIRTIO_PCI_COMMON_QUEUE_DEVICE + 4, 4, false, 0},
	{VIRTIO_PCI_COMMON_QUEUE_NOTIF_CONFIG_DATA, 2, true, VIRTIO_F_NOTIF_CONFIG_DATA},
	{VIRTIO_PCI_COMMON_QUEUE_RESET, 2, false, VIRTIO_F_RING_RESET},
};

/* Field I exists, and may be written if WRITE. */
static bool
field_is_open(struct model_pci *pci, size_t i, bool write)
{
	struct model_device *d = pci->device;
	unsigned feature = fields[i].feature, offset = fields[i].offset, width = fields[i].width;

	if ((feature != 0 && (d->negotiated & VIRTIO_BIT(feature)) == 0) ||
	    offset + width > pci->common_bytes) {
		model_breached(d->host, MODEL_BREACH_PCI_FIELD, UINT_MAX, offset, feature,
			       pci->common_bytes);
		return false;
	}
	if (write && fields[i].read_only) {
		model_breached(d->host, MODEL_BREACH_PCI_READ_ONLY, UINT_MAX, offset, width, 0);
		return false;
	}
	return true;
}

static bool
is_field(struct model_pci *pci, uint32_t offset, unsigned width, bool write)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (fields[i].offset == offset && fields[i].width == width)
			return field_is_open(pci, i, write);
	}
	model_breached(pci->device->host, MODEL_BREACH_PCI_WIDTH, UINT_MAX, offset, width, write);
	return false;
}

/* ---- the selected queue ---- */

static bool
queue_is_there(const struct model_pci *pci)
{
	return pci->queue_select < pci->device->options.queues;
}

/* Where a queue's address register lives. */
static uint64_t *
area_of(struct virtio_queue_setup *setup, uint32_t offset)
{
	switch (offset & ~7u) {
	case VIRTIO_PCI_COMMON_QUEUE_DESC:
		return &setup->descriptor_area;
	case VIRTIO_PCI_COMMON_QUEUE_DRIVER:
		return &setup->driver_area;
	default:
		return &setup->device_area;
	}
}

static uint32_t
queue_get(struct model_pci *pci, uint32_t offset)
{
	struct model_device *d = pci->device;
	struct virtio_queue_setup *setup;

	if (!queue_is_there(pci))
		return offset == VIRTIO_PCI_COMMON_QUEUE_VECTOR ? VIRTIO_NO_VECTOR : 0;
	setup = &pci->setup[pci->queue_select];
	switch (offset) {
	case VIRTIO_PCI_COMMON_QUEUE_SIZE:
		return setup->size != 0 ? setup->size : model_queue_size(d, pci->queue_select);
	case VIRTIO_PCI_COMMON_QUEUE_VECTOR:
		return setup->vector;
	case VIRTIO_PCI_COMMON_QUEUE_ENABLE:
		return d->queues[pci->queue_select].enabled;
	case VIRTIO_PCI_COMMON_QUEUE_NOTIF_CONFIG_DATA:
		return model_pci_notif_data(pci->queue_select);
	case VIRTIO_PCI_COMMON_QUEUE_RESET:
		return model_queue_resetting(&d->queues[pci->queue_select]);
	case VIRTIO_PCI_COMMON_QUEUE_NOTIFY_OFF:
		return model_trick_now(d, MODEL_MISCHIEF_NOTIFY_PAST, NULL) ? 0xffffu
									    : pci->queue_select;
	default:
		return (uint32_t)(*area_of(setup, offset) >> (offset % 8 * 8));
	}
}

uint16_t
model_pci_vector_taken(struct model_pci *pci, uint32_t vector)
{
	if (vector == VIRTIO_NO_VECTOR)
		return VIRTIO_NO_VECTOR;
	if (vector >= pci->device->options.vectors) {
		model_breached(pci->device->host, MODEL_BREACH_VECTOR_RANGE, UINT_MAX, vector,
			       pci->device->options.vectors, 0);
		return VIRTIO_NO_VECTOR;
	}
	return model_trick_now(pci->device, MODEL_MISCHIEF_VECTOR_REFUSED, NULL) ? VIRTIO_NO_VECTOR
										 : (uint16_t)vector;
}

static void
queue_reset(struct model_pci *pci, uint32_t value)
{
	if (value == 1)
		model_queue_reset(&pci->device->queues[pci->queue_select]);
	else
		model_breached(pci->device->host, MODEL_BREACH_QUEUE_RESET, pci->queue_select,
			       value, 0, 0);
}

static void
queue_set(struct model_pci *pci, uint32_t offset, uint32_t value)
{
	struct model_device *d = pci->device;
	struct virtio_queue_setup *setup = &pci->setup[pci->queue_select % MODEL_QUEUES_MAX];
	uint64_t *area;

	if (queue_is_there(pci) && offset == VIRTIO_PCI_COMMON_QUEUE_RESET) {
		queue_reset(pci, value);
		return;
	}
	if (!queue_is_there(pci) || d->queues[pci->queue_select].enabled) {
		model_breached(d->host,
			       queue_is_there(pci) ? MODEL_BREACH_QUEUE_STATE
						   : MODEL_BREACH_QUEUE_ABSENT,
			       pci->queue_select, offset, value, 0);
		return;
	}
	switch (offset) {
	case VIRTIO_PCI_COMMON_QUEUE_SIZE:
		setup->size = (uint16_t)value;
		break;
	case VIRTIO_PCI_COMMON_QUEUE_VECTOR:
		setup->vector = model_pci_vector_taken(pci, value);
		break;
	case VIRTIO_PCI_COMMON_QUEUE_ENABLE:
		if (value != 1) {
			model_breached(d->host, MODEL_BREACH_QUEUE_STATE, pci->queue_select, offset,
				       value, 0);
		} else if (!model_trick_now(d, MODEL_MISCHIEF_QUEUE_REFUSED, NULL)) {
			setup->size = (uint16_t)queue_get(pci, VIRTIO_PCI_COMMON_QUEUE_SIZE);
			(void)model_queue_enable(&d->queues[pci->queue_select], setup);
		}
		break;
	default:
		area = area_of(setup, offset);
		*area &= offset % 8 == 0 ? UINT64_C(0xffffffff00000000) : UINT32_MAX;
		*area |= (uint64_t)value << (offset % 8 * 8);
		break;
	}
}

/* ---- the common configuration ---- */

static uint32_t
common_get(struct model_pci *pci, uint32_t offset, unsigned width)
{
	struct model_device *d = pci->device;

	if (!is_field(pci, offset, width, false))
		return 0;
	switch (offset) {
	case VIRTIO_PCI_COMMON_DEVICE_FEATURE_SELECT:
		return pci->device_feature_select;
	case VIRTIO_PCI_COMMON_DEVICE_FEATURE:
		return pci->device_feature_select > 1
			       ? 0
			       : (uint32_t)(d->options.features >>
					    (32 * pci->device_feature_select));
	case VIRTIO_PCI_COMMON_DRIVER_FEATURE_SELECT:
		return pci->driver_feature_select;
	case VIRTIO_PCI_COMMON_DRIVER_FEATURE:
		return pci->driver_feature_select > 1
			       ? 0
			       : (uint32_t)(d->driver_features >>
					    (32 * pci->driver_feature_select));
	case VIRTIO_PCI_COMMON_CONFIG_VECTOR:
		return d->config_vector;
	case VIRTIO_PCI_COMMON_NUM_QUEUES:
		return d->options.queues;
	case VIRTIO_PCI_COMMON_DEVICE_STATUS:
		return model_status_get(d);
	case VIRTIO_PCI_COMMON_CONFIG_GENERATION:
		return d->generation & 0xff;
	case VIRTIO_PCI_COMMON_QUEUE_SELECT:
		return pci->queue_select;
	default:
		return queue_get(pci, offset);
	}
}

static void
features_set(struct model_pci *pci, uint32_t value)
{
	unsigned shift = 32 * (pci->driver_feature_select & 1);
	uint64_t keep = ~(UINT64_C(0xffffffff) << shift);

	if (pci->driver_feature_select <= 1) {
		model_features_set(pci->device, (pci->device->driver_features & keep) |
							(uint64_t)value << shift);
	}
}

static void
common_set(struct model_pci *pci, uint32_t offset, unsigned width, uint32_t value)
{
	if (!is_field(pci, offset, width, true))
		return;
	switch (offset) {
	case VIRTIO_PCI_COMMON_DEVICE_FEATURE_SELECT:
		pci->device_feature_select = value;
		break;
	case VIRTIO_PCI_COMMON_DRIVER_FEATURE_SELECT:
		pci->driver_feature_select = value;
		break;
	case VIRTIO_PCI_COMMON_DRIVER_FEATURE:
		features_set(pci, value);
		break;
	case VIRTIO_PCI_COMMON_CONFIG_VECTOR:
		pci->device->config_vector = model_pci_vector_taken(pci, value);
		break;
	case VIRTIO_PCI_COMMON_DEVICE_STATUS:
		model_status_set(pci->device, (uint8_t)value);
		break;
	case VIRTIO_PCI_COMMON_QUEUE_SELECT:
		pci->queue_select = (uint16_t)value;
		break;
	default:
		queue_set(pci, offset, value);
		break;
	}
}

/* ---- MSI-X and the line ---- */

static uint16_t
msix_control(const struct model_pci *pci)
{
	const uint8_t *p = &pci->config[pci->msix_cap + PCI_MSIX_CONTROL];

	return (uint16_t)(pci->msix_cap == 0 ? 0 : p[0] | p[1] << 8);
}

void
model_pci_msix_send(struct model_pci *pci)
{
	uint16_t control = msix_control(pci);

	if ((control & PCI_MSIX_CONTROL_ENABLE) == 0 || (control & PCI_MSIX_CONTROL_MASK_ALL) != 0)
		return;
	for (unsigned i = 0; i < pci->device->options.vectors; i++) {
		struct model_msix_entry *e = &pci->entries[i];

		if (e->pending && (e->control & PCI_MSIX_ENTRY_MASKED) == 0) {
			e->pending = false;
			model_message(pci->device->host, e->address, e->data);
		}
	}
}

void
model_pci_raise(struct model_device *d, uint16_t vector)
{
	struct model_pci *pci = d->pci;
	uint16_t command = (uint16_t)(pci->config[PCI_COMMAND] | pci->config[PCI_COMMAND + 1] << 8);

	if ((msix_control(pci) & PCI_MSIX_CONTROL_ENABLE) != 0) {
		if (vector < d->options.vectors) {
			pci->entries[vector].pending = true;
			model_pci_msix_send(pci);
		}
	} else if ((command & PCI_COMMAND_INTX_OFF) == 0) {
		model_line(d->host, ORION_IRQ_LINE, pci->function);
	}
}

uint32_t
model_pci_cause_take(struct model_pci *pci)
{
	struct model_device *d = pci->device;
	uint32_t cause = d->isr;

	if (model_pci_msix_is_on(pci))
		model_breached(d->host, MODEL_BREACH_PCI_ISR, UINT_MAX, cause, 0, 0);
	d->isr = 0;
	return cause;
}

void
model_pci_message_gone(struct model_host *host, uint32_t data)
{
	for (unsigned i = 0; i < host->device_count; i++) {
		struct model_pci *pci = host->devices[i]->pci;

		if (pci == NULL || host->devices[i]->gone ||
		    (msix_control(pci) & PCI_MSIX_CONTROL_ENABLE) == 0)
			continue;
		for (unsigned v = 0; v < host->devices[i]->options.vectors; v++) {
			const struct model_msix_entry *e = &pci->entries[v];

			if (e->data == data && (e->control & PCI_MSIX_ENTRY_MASKED) == 0) {
				model_breached(host, MODEL_BREACH_PCI_UNMASKED, UINT_MAX, v, data,
					       0);
			}
		}
	}
}

static uint32_t
msix_get(struct model_pci *pci, uint32_t offset)
{
	const struct model_msix_entry *e = &pci->entries[offset / PCI_MSIX_ENTRY_BYTES];

	switch (offset % PCI_MSIX_ENTRY_BYTES) {
	case PCI_MSIX_ENTRY_ADDRESS_LOW:
		return (uint32_t)e->address;
	case PCI_MSIX_ENTRY_ADDRESS_HIGH:
		return (uint32_t)(e->address >> 32);
	case PCI_MSIX_ENTRY_DATA:
		return e->data;
	default:
		return e->control;
	}
}

static void
msix_set(struct model_pci *pci, uint32_t offset, uint32_t value)
{
	struct model_msix_entry *e = &pci->entries[offset / PCI_MSIX_ENTRY_BYTES];

	switch (offset % PCI_MSIX_ENTRY_BYTES) {
	case PCI_MSIX_ENTRY_ADDRESS_LOW:
		e->address = (e->address & UINT64_C(0xffffffff00000000)) | value;
		break;
	case PCI_MSIX_ENTRY_ADDRESS_HIGH:
		e->address = (e->address & UINT32_MAX) | (uint64_t)value << 32;
		break;
	case PCI_MSIX_ENTRY_DATA:
		e->data = value;
		break;
	default:
		e->control = value & PCI_MSIX_ENTRY_MASKED;
		model_pci_msix_send(pci);
		break;
	}
}

void
model_pci_queue_reset(struct model_device *d, unsigned queue)
{
	d->pci->setup[queue] = (struct virtio_queue_setup){.vector = VIRTIO_NO_VECTOR};
}

void
model_pci_reset(struct model_device *d)
{
	struct model_pci *pci = d->pci;

	pci->device_feature_select = pci->driver_feature_select = 0;
	pci->queue_select = 0;
	for (unsigned i = 0; i < MODEL_QUEUES_MAX; i++) {
		model_pci_queue_reset(d, i);
		pci->page[i] = 0;
	}
	for (unsigned i = 0; i < MODEL_VECTORS_MAX; i++)
		pci->entries[i].pending = false;
}

/* ---- all registers ---- */

static bool
is_reachable(struct model_pci *pci, unsigned bar, uint32_t offset, unsigned width)
{
	uint32_t table = pci->device->options.vectors * PCI_MSIX_ENTRY_BYTES;

	if (!model_pci_decodes(pci, bar)) {
		model_breached(pci->device->host, MODEL_BREACH_PCI_DECODE, UINT_MAX, bar, offset,
			       width);
		return false;
	}
	if (bar == MODEL_PCI_BAR_MSIX && (offset >= table || width != 4 || offset % 4 != 0)) {
		model_breached(pci->device->host, MODEL_BREACH_PCI_OUTSIDE, UINT_MAX, bar, offset,
			       width);
		return false;
	}
	return bar < PCI_BARS && pci->registers[bar] != NULL;
}

uint32_t
model_pci_register_get(struct model_pci *pci, unsigned bar, uint32_t offset, unsigned width)
{
	struct model_device *d = pci->device;
	uint32_t ones = UINT32_MAX >> (32 - 8 * width);

	if (model_is_gone(d) || !is_reachable(pci, bar, offset, width))
		return ones;
	if (bar == MODEL_PCI_BAR_MSIX)
		return msix_get(pci, offset);
	if (bar == MODEL_PCI_BAR_PORTS)
		return model_pci_legacy_get(pci, offset, width) & ones;
	if (bar == MODEL_PCI_BAR_KICK)
		return 0;
	if (offset < MODEL_PCI_ISR)
		return common_get(pci, offset, width) & ones;
	if (offset == MODEL_PCI_ISR && width == 1)
		return model_pci_cause_take(pci);
	if (offset >= MODEL_PCI_DEVICE && offset < MODEL_PCI_NOTIFY)
		return model_config_get(d, offset - MODEL_PCI_DEVICE, width);
	model_breached(d->host, MODEL_BREACH_PCI_OUTSIDE, UINT_MAX, bar, offset, width);
	return ones;
}

/* The queue that is kicked by NUMBER at OFFSET, or UINT_MAX.  [spec 4.1.5.2] */
static unsigned
doorbell_queue(const struct model_pci *pci, uint32_t offset, uint16_t number)
{
	const struct model_device *d = pci->device;
	bool own = (d->negotiated & VIRTIO_BIT(VIRTIO_F_NOTIF_CONFIG_DATA)) != 0;

	for (unsigned i = 0; i < d->options.queues; i++) {
		if ((uint64_t)i * pci->multiplier == offset &&
		    (own ? model_pci_notif_data(i) : i) == number)
			return i;
	}
	return UINT_MAX;
}

static void
doorbell_set(struct model_pci *pci, uint32_t offset, unsigned width, uint32_t value)
{
	struct model_device *d = pci->device;
	bool position = (d->negotiated & VIRTIO_BIT(VIRTIO_F_NOTIFICATION_DATA)) != 0;
	unsigned queue = doorbell_queue(pci, offset, (uint16_t)value);

	if (width != (position ? 4 : 2)) {
		model_breached(d->host, MODEL_BREACH_PCI_WIDTH, UINT_MAX, offset, width, 2);
		return;
	}
	if (queue == UINT_MAX || offset + width > pci->notify_bytes) {
		model_breached(d->host, MODEL_BREACH_KICK_NUMBER, UINT_MAX, value, offset, width);
		return;
	}
	if ((pci->config[PCI_COMMAND] & PCI_COMMAND_MASTER) == 0)
		model_breached(d->host, MODEL_BREACH_PCI_MASTER, queue, 0, 0, 0);
	model_kick(d, queue, (uint16_t)(value >> 16));
}

void
model_pci_register_set(struct model_pci *pci, unsigned bar, uint32_t offset, unsigned width,
		       uint32_t value)
{
	struct model_device *d = pci->device;

	if (model_is_gone(d) || !is_reachable(pci, bar, offset, width))
		return;
	if (bar == MODEL_PCI_BAR_MSIX)
		msix_set(pci, offset, value);
	else if (bar == MODEL_PCI_BAR_PORTS)
		model_pci_legacy_set(pci, offset, width, value);
	else if (bar == MODEL_PCI_BAR_KICK)
		doorbell_set(pci, offset, width, value);
	else if (offset < MODEL_PCI_ISR)
		common_set(pci, offset, width, value);
	else if (offset >= MODEL_PCI_NOTIFY)
		doorbell_set(pci, offset - MODEL_PCI_NOTIFY, width, value);
	else if (offset >= MODEL_PCI_DEVICE)
		model_config_set(d, offset - MODEL_PCI_DEVICE, width, value);
	else
		model_breached(d->host, MODEL_BREACH_PCI_OUTSIDE, UINT_MAX, bar, offset, value);
}

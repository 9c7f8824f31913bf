/* SPDX-License-Identifier: MIT */
/* The model as a PCI function: configuration space, capabilities, BARs [spec 4.1.2, 4.1.4]. */
#include "model/pci.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define BAR_MSIX_BASE UINT32_C(0xfe000000)
#define BAR_VIRTIO_BASE UINT64_C(0x7000000000)
#define SLOTS_PER_BUS 30u
#define CLASS_STORAGE 0x01u
#define CLASS_AT 0x0bu
#define REVISION_AT 0x08u
#define SUBSYSTEM_AT 0x2eu
#define WINDOW_DATA 16u

static uint32_t
get(const struct model_pci *pci, unsigned offset, unsigned width)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < width; i++)
		value |= (uint32_t)pci->config[offset + i] << (8 * i);
	return value;
}

static void
put(struct model_pci *pci, unsigned offset, unsigned width, uint64_t value)
{
	for (unsigned i = 0; i < width; i++)
		pci->config[offset + i] = (uint8_t)(value >> (8 * i));
}

static uint64_t
bar_bytes(unsigned bar)
{
	return bar == MODEL_PCI_BAR_MSIX     ? MODEL_PCI_MSIX_BYTES
	       : bar == MODEL_PCI_BAR_VIRTIO ? MODEL_PCI_VIRTIO_BYTES
					     : 0;
}

static uint64_t
bar_address(const struct model_pci *pci, unsigned bar)
{
	uint64_t low = get(pci, PCI_BAR0 + 4 * bar, 4) & PCI_BAR_MEMORY_MASK;

	if (bar != MODEL_PCI_BAR_VIRTIO)
		return low;
	return low | (uint64_t)get(pci, PCI_BAR0 + 4 * bar + 4, 4) << 32;
}

/* ---- building it ---- */

/* True when the trick WHAT is meant for the capability of cfg_type TYPE. */
static bool
cap_trick(struct model_pci *pci, model_mischief what, unsigned type)
{
	for (unsigned i = 0; i < MODEL_TRICKS_MAX; i++) {
		const struct model_trick *t = &pci->device->tricks[i];

		if (t->what == what && t->value == type)
			return model_trick_now(pci->device, what, NULL);
	}
	return false;
}

/* Appends a capability of BYTES at *END; *LINK is where its offset goes. */
static unsigned
cap_append(struct model_pci *pci, unsigned *link, unsigned *end, uint8_t id, unsigned bytes)
{
	unsigned at = *end;

	pci->config[*link] = (uint8_t)at;
	pci->config[at] = id;
	*link = at + 1;
	*end = (at + bytes + 3u) & ~3u;
	return at;
}

static void
cap_virtio(struct model_pci *pci, unsigned *link, unsigned *end, unsigned type, uint32_t offset,
	   uint32_t length)
{
	bool notify = type == VIRTIO_PCI_CAP_NOTIFY_CFG || type == VIRTIO_PCI_CAP_PCI_CFG;
	unsigned bytes = notify ? VIRTIO_PCI_CAP_NOTIFY_BYTES : VIRTIO_PCI_CAP_BYTES;
	unsigned at, bar = MODEL_PCI_BAR_VIRTIO;

	if (cap_trick(pci, MODEL_MISCHIEF_CAP_MISSING, type))
		return;
	at = cap_append(pci, link, end, PCI_CAP_ID_VENDOR, bytes);
	bar = cap_trick(pci, MODEL_MISCHIEF_CAP_BAR, type) ? 6 : bar;
	bytes = cap_trick(pci, MODEL_MISCHIEF_CAP_SHORT, type) ? 8 : bytes;
	offset =
		cap_trick(pci, MODEL_MISCHIEF_CAP_PAST, type) ? MODEL_PCI_VIRTIO_BYTES - 2 : offset;
	offset = cap_trick(pci, MODEL_MISCHIEF_CAP_WRAP, type) ? UINT32_MAX - 15 : offset;
	offset += cap_trick(pci, MODEL_MISCHIEF_CAP_ODD, type) ? 1 : 0;
	put(pci, at + VIRTIO_PCI_CAP_LEN, 1, bytes);
	put(pci, at + VIRTIO_PCI_CAP_CFG_TYPE, 1, type);
	put(pci, at + VIRTIO_PCI_CAP_BAR, 1, type == VIRTIO_PCI_CAP_PCI_CFG ? 0 : bar);
	put(pci, at + VIRTIO_PCI_CAP_OFFSET, 4, offset);
	put(pci, at + VIRTIO_PCI_CAP_LENGTH, 4, length);
	if (type == VIRTIO_PCI_CAP_NOTIFY_CFG)
		put(pci, at + VIRTIO_PCI_CAP_NOTIFY_MULTIPLIER, 4, pci->multiplier);
	if (type == VIRTIO_PCI_CAP_PCI_CFG)
		pci->window_cap = (uint16_t)at;
}

static void
cap_msix(struct model_pci *pci, unsigned *link, unsigned *end)
{
	uint32_t table = model_trick_now(pci->device, MODEL_MISCHIEF_MSIX_PAST, NULL)
				 ? MODEL_PCI_MSIX_BYTES
				 : 0;
	unsigned at;

	if (pci->device->options.vectors == 0)
		return;
	at = cap_append(pci, link, end, PCI_CAP_ID_MSIX, 12);
	put(pci, at + PCI_MSIX_CONTROL, 2, pci->device->options.vectors - 1u);
	put(pci, at + PCI_MSIX_TABLE, 4, table | MODEL_PCI_BAR_MSIX);
	put(pci, at + PCI_MSIX_PBA, 4, MODEL_PCI_MSIX_PBA | MODEL_PCI_BAR_MSIX);
	pci->msix_cap = (uint16_t)at;
}

static uint32_t
claim(struct model_pci *pci, model_mischief what, uint32_t truth)
{
	uint64_t value;

	return model_trick_now(pci->device, what, &value) ? (uint32_t)value : truth;
}

static void
build_config(struct model_pci *pci, unsigned number)
{
	unsigned link = PCI_CAPABILITIES, end = PCI_CAP_FIRST;

	pci->common_bytes = claim(pci, MODEL_MISCHIEF_SAY_COMMON_BYTES, MODEL_PCI_COMMON_BYTES);
	pci->notify_bytes = claim(pci, MODEL_MISCHIEF_SAY_NOTIFY_BYTES, MODEL_PCI_NOTIFY_BYTES);
	pci->multiplier = claim(pci, MODEL_MISCHIEF_SAY_MULTIPLIER, MODEL_PCI_NOTIFY_MULTIPLIER);
	put(pci, PCI_VENDOR_ID, 2, VIRTIO_PCI_VENDOR);
	put(pci, PCI_DEVICE_ID, 2, VIRTIO_PCI_DEVICE_MODERN_BASE + VIRTIO_ID_BLOCK);
	put(pci, PCI_STATUS, 2, PCI_STATUS_CAPABILITIES);
	put(pci, REVISION_AT, 1, 1);
	put(pci, CLASS_AT, 1, CLASS_STORAGE);
	put(pci, SUBSYSTEM_AT, 2, 0x1100);
	put(pci, PCI_INTERRUPT_PIN, 1, 1);
	put(pci, PCI_BAR0 + 4 * MODEL_PCI_BAR_MSIX, 4,
	    BAR_MSIX_BASE + number * MODEL_PCI_MSIX_BYTES);
	put(pci, PCI_BAR0 + 4 * MODEL_PCI_BAR_VIRTIO, 8,
	    (BAR_VIRTIO_BASE + number * MODEL_PCI_VIRTIO_BYTES) | PCI_BAR_MEMORY_64);
	cap_msix(pci, &link, &end);
	cap_virtio(pci, &link, &end, VIRTIO_PCI_CAP_PCI_CFG, 0, 0);
	cap_virtio(pci, &link, &end, VIRTIO_PCI_CAP_NOTIFY_CFG, MODEL_PCI_NOTIFY,
		   pci->notify_bytes);
	cap_virtio(pci, &link, &end, VIRTIO_PCI_CAP_DEVICE_CFG, MODEL_PCI_DEVICE,
		   model_config_bytes(pci->device));
	cap_virtio(pci, &link, &end, VIRTIO_PCI_CAP_ISR_CFG, MODEL_PCI_ISR, 1);
	cap_virtio(pci, &link, &end, VIRTIO_PCI_CAP_COMMON_CFG, MODEL_PCI_COMMON,
		   pci->common_bytes);
	if (model_trick_now(pci->device, MODEL_MISCHIEF_CAP_LOOP, NULL))
		pci->config[link] = PCI_CAP_FIRST;
}

uint32_t
model_device_plug(struct model_device *d)
{
	struct model_pci *pci = calloc(1, sizeof(*pci));
	unsigned number = 0;

	for (unsigned i = 0; i < d->host->device_count; i++)
		number += d->host->devices[i]->pci != NULL;
	if (pci == NULL)
		abort();
	pci->device = d;
	pci->function = (number / SLOTS_PER_BUS) << 8 | (1 + number % SLOTS_PER_BUS) << 3;
	for (unsigned bar = 0; bar < PCI_BARS; bar++)
		pci->registers[bar] = bar_bytes(bar) != 0 ? calloc(1, bar_bytes(bar)) : NULL;
	d->pci = pci;
	d->raise = model_pci_raise;
	build_config(pci, number);
	model_pci_reset(d);
	return pci->function;
}

void
model_pci_close(struct model_device *d)
{
	if (d->pci == NULL)
		return;
	for (unsigned bar = 0; bar < PCI_BARS; bar++)
		free(d->pci->registers[bar]);
	free(d->pci);
	d->pci = NULL;
}

/* ---- configuration accesses ---- */

static struct model_pci *
find(struct model_host *host, uint32_t function)
{
	for (unsigned i = 0; i < host->device_count; i++) {
		struct model_pci *pci = host->devices[i]->pci;

		if (pci != NULL && pci->function == function && !host->devices[i]->gone)
			return pci;
	}
	return NULL;
}

static bool
is_good_access(struct model_pci *pci, unsigned offset, unsigned width)
{
	if ((width != 1 && width != 2 && width != 4) || offset % width != 0 ||
	    offset + width > PCI_CONFIG_BYTES) {
		model_breached(pci->device->host, MODEL_BREACH_PCI_OUTSIDE, UINT_MAX, offset, width,
			       2);
		return false;
	}
	return true;
}

/* The window capability's data: a register access by way of configuration space [spec 4.1.4.9]. */
static bool
is_window(const struct model_pci *pci, unsigned offset)
{
	return pci->window_cap != 0 && offset == pci->window_cap + WINDOW_DATA;
}

uint32_t
model_pci_config_read(void *context, uint32_t function, uint16_t offset, unsigned width)
{
	struct model_pci *pci = find(context, function);

	if (pci == NULL || !is_good_access(pci, offset, width))
		return UINT32_MAX >> (32 - 8 * width);
	if (is_window(pci, offset)) {
		return model_pci_register_get(pci, pci->config[pci->window_cap + 4],
					      get(pci, pci->window_cap + 8u, 4),
					      get(pci, pci->window_cap + 12u, 4));
	}
	return get(pci, offset, width);
}

/* A BAR keeps only the address bits that its size leaves, and its type. */
static void
write_bar(struct model_pci *pci, unsigned bar, uint32_t value)
{
	bool high = bar == MODEL_PCI_BAR_VIRTIO + 1;
	uint32_t type = bar == MODEL_PCI_BAR_VIRTIO ? PCI_BAR_MEMORY_64 : 0;

	if (model_pci_decodes(pci)) {
		model_breached(pci->device->host, MODEL_BREACH_PCI_BAR_SIZING, UINT_MAX, bar, value,
			       0);
	}
	if (high)
		put(pci, PCI_BAR0 + 4 * bar, 4, value);
	else if (bar_bytes(bar) != 0)
		put(pci, PCI_BAR0 + 4 * bar, 4, (value & ~(bar_bytes(bar) - 1)) | type);
}

void
model_pci_config_write(void *context, uint32_t function, uint16_t offset, unsigned width,
		       uint32_t value)
{
	struct model_pci *pci = find(context, function);

	if (pci == NULL || !is_good_access(pci, offset, width))
		return;
	if (offset == PCI_COMMAND) {
		put(pci, PCI_COMMAND, 2, value);
	} else if (offset >= PCI_BAR0 && offset < PCI_BAR0 + 4 * PCI_BARS && width == 4) {
		write_bar(pci, (offset - PCI_BAR0) / 4u, value);
	} else if (pci->msix_cap != 0 && offset == pci->msix_cap + PCI_MSIX_CONTROL && width == 2) {
		put(pci, offset, 2,
		    (value & (PCI_MSIX_CONTROL_ENABLE | PCI_MSIX_CONTROL_MASK_ALL)) |
			    (get(pci, offset, 2) & PCI_MSIX_CONTROL_SIZE));
		model_pci_msix_send(pci);
	} else if (is_window(pci, offset)) {
		model_pci_register_set(pci, pci->config[pci->window_cap + 4],
				       get(pci, pci->window_cap + 8u, 4),
				       get(pci, pci->window_cap + 12u, 4), value);
	} else if (pci->window_cap != 0 && offset >= pci->window_cap + 4 &&
		   offset < pci->window_cap + WINDOW_DATA) {
		put(pci, offset, width, value);
	}
}

/* ---- mapping ---- */

orion_status
model_pci_map(void *context, uint64_t address, size_t bytes, volatile void **out)
{
	struct model_host *host = context;

	if (model_must_fail(host))
		return ORION_NO_MAPPING;
	*out = model_mmio_at(host, address, bytes);
	if (*out != NULL) {
		host->stats.mappings++;
		return ORION_OK;
	}
	for (unsigned i = 0; i < host->device_count; i++) {
		struct model_pci *pci = host->devices[i]->pci;

		for (unsigned bar = 0; pci != NULL && bar < PCI_BARS; bar++) {
			uint64_t at = address - bar_address(pci, bar);

			if (at < bar_bytes(bar) && bytes <= bar_bytes(bar) - at) {
				*out = pci->registers[bar] + at;
				host->stats.mappings++;
				return ORION_OK;
			}
		}
	}
	return ORION_NO_MAPPING;
}

void
model_pci_unmap(void *context, volatile void *registers, size_t bytes)
{
	struct model_host *host = context;

	(void)bytes;
	if (registers == NULL || host->stats.mappings == 0) {
		host->stats.bad_frees++;
		return;
	}
	host->stats.mappings--;
}

/* The function and BAR whose registers hold ADDRESS. */
static struct model_pci *
find_registers(struct model_host *host, uintptr_t address, unsigned *bar, uint32_t *offset)
{
	for (unsigned i = 0; i < host->device_count; i++) {
		struct model_pci *pci = host->devices[i]->pci;

		for (*bar = 0; pci != NULL && *bar < PCI_BARS; (*bar)++) {
			uintptr_t at = address - (uintptr_t)pci->registers[*bar];

			if (pci->registers[*bar] != NULL && at < bar_bytes(*bar)) {
				*offset = (uint32_t)at;
				return pci;
			}
		}
	}
	return NULL;
}

bool
model_pci_load(struct model_host *host, const volatile void *address, unsigned width,
	       uint32_t *value)
{
	unsigned bar;
	uint32_t offset;
	struct model_pci *pci = find_registers(host, (uintptr_t)address, &bar, &offset);

	if (pci == NULL)
		return false;
	*value = model_pci_register_get(pci, bar, offset, width);
	return true;
}

bool
model_pci_store(struct model_host *host, volatile void *address, unsigned width, uint32_t value)
{
	unsigned bar;
	uint32_t offset;
	struct model_pci *pci = find_registers(host, (uintptr_t)address, &bar, &offset);

	if (pci == NULL)
		return false;
	model_pci_register_set(pci, bar, offset, width, value);
	return true;
}

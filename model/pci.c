/* SPDX-License-Identifier: MIT */
/* The model as a PCI function: configuration space, capabilities, BARs [spec 4.1.2, 4.1.4]. */
#include "model/pci.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "arch/stepped.h"

#define BAR_MSIX_BASE UINT32_C(0xfe000000)
#define BAR_VIRTIO_BASE UINT64_C(0x7000000000)
#define BAR_PORTS_BASE 0xc000u
#define BAR_KICK_BASE 0x4000u
#define EXPRESS_BYTES 60u
#define SLOTS_PER_BUS 30u
#define CLASS_STORAGE 0x01u
#define CLASS_AT 0x0bu
#define CACHE_LINE_AT 0x0cu
#define INTERRUPT_LINE_AT 0x3cu
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
bar_address(const struct model_pci *pci, unsigned bar)
{
	uint64_t low = get(pci, PCI_BAR0 + 4 * bar, 4);

	if (model_pci_is_io(bar))
		return low & PCI_BAR_IO_MASK;
	low &= PCI_BAR_MEMORY_MASK;
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

	if (type == VIRTIO_PCI_CAP_NOTIFY_CFG && pci->device->options.kick_by_port) {
		bar = MODEL_PCI_BAR_KICK;
		offset = 0;
	}
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
cap_express(struct model_pci *pci, unsigned *link, unsigned *end)
{
	unsigned at;

	if (!pci->device->options.function_reset)
		return;
	at = cap_append(pci, link, end, PCI_CAP_ID_EXPRESS, EXPRESS_BYTES);
	put(pci, at + PCI_EXPRESS_DEVICE, 4, PCI_EXPRESS_DEVICE_FLR);
	pci->express_cap = (uint16_t)at;
}

static void
build_bars(struct model_pci *pci, unsigned number)
{
	bool legacy = pci->face == MODEL_PCI_LEGACY;

	if (pci->face != MODEL_PCI_MODERN) {
		pci->bar_bytes[MODEL_PCI_BAR_PORTS] =
			claim(pci, MODEL_MISCHIEF_SAY_PORTS, MODEL_PCI_PORTS);
		put(pci, PCI_BAR0 + 4 * MODEL_PCI_BAR_PORTS, 4,
		    (BAR_PORTS_BASE + number * MODEL_PCI_PORTS) | PCI_BAR_IO);
	}
	pci->bar_bytes[MODEL_PCI_BAR_MSIX] = MODEL_PCI_MSIX_BYTES;
	if (!pci->device->options.unassigned)
		put(pci, PCI_BAR0 + 4 * MODEL_PCI_BAR_MSIX, 4,
		    BAR_MSIX_BASE + number * MODEL_PCI_MSIX_BYTES);
	if (!legacy && pci->device->options.kick_by_port) {
		pci->bar_bytes[MODEL_PCI_BAR_KICK] = MODEL_PCI_KICK_PORTS;
		put(pci, PCI_BAR0 + 4 * MODEL_PCI_BAR_KICK, 4,
		    (BAR_KICK_BASE + number * MODEL_PCI_KICK_PORTS) | PCI_BAR_IO);
	}
	if (!legacy) {
		pci->bar_bytes[MODEL_PCI_BAR_VIRTIO] = MODEL_PCI_VIRTIO_BYTES;
		put(pci, PCI_BAR0 + 4 * MODEL_PCI_BAR_VIRTIO, 8,
		    (pci->device->options.unassigned
			     ? 0
			     : BAR_VIRTIO_BASE + number * MODEL_PCI_VIRTIO_BYTES) |
			    PCI_BAR_MEMORY_64);
	}
	for (unsigned bar = 0; bar < PCI_BARS; bar++)
		if (pci->bar_bytes[bar] != 0)
			pci->registers[bar] = calloc(1, pci->bar_bytes[bar]);
}

/* The structures of the modern interface. */
static void
build_structures(struct model_pci *pci, unsigned *link, unsigned *end)
{
	uint32_t notify_bytes =
		pci->device->options.kick_by_port ? MODEL_PCI_KICK_PORTS : MODEL_PCI_NOTIFY_BYTES;

	pci->common_bytes = claim(pci, MODEL_MISCHIEF_SAY_COMMON_BYTES, MODEL_PCI_COMMON_BYTES);
	pci->notify_bytes = claim(pci, MODEL_MISCHIEF_SAY_NOTIFY_BYTES, notify_bytes);
	pci->multiplier = claim(pci, MODEL_MISCHIEF_SAY_MULTIPLIER, MODEL_PCI_NOTIFY_MULTIPLIER);
	cap_virtio(pci, link, end, VIRTIO_PCI_CAP_PCI_CFG, 0, 0);
	cap_virtio(pci, link, end, VIRTIO_PCI_CAP_NOTIFY_CFG, MODEL_PCI_NOTIFY, pci->notify_bytes);
	cap_virtio(pci, link, end, VIRTIO_PCI_CAP_DEVICE_CFG, MODEL_PCI_DEVICE,
		   model_config_bytes(pci->device));
	cap_virtio(pci, link, end, VIRTIO_PCI_CAP_ISR_CFG, MODEL_PCI_ISR, 1);
	cap_virtio(pci, link, end, VIRTIO_PCI_CAP_COMMON_CFG, MODEL_PCI_COMMON, pci->common_bytes);
}

static void
build_config(struct model_pci *pci, unsigned number)
{
	bool modern = pci->face == MODEL_PCI_MODERN;
	unsigned link = PCI_CAPABILITIES, end = PCI_CAP_FIRST;

	put(pci, PCI_VENDOR_ID, 2, VIRTIO_PCI_VENDOR);
	put(pci, PCI_DEVICE_ID, 2,
	    modern ? VIRTIO_PCI_DEVICE_MODERN_BASE + VIRTIO_ID_BLOCK
		   : VIRTIO_PCI_DEVICE_TRANSITIONAL_BLOCK);
	put(pci, PCI_STATUS, 2, PCI_STATUS_CAPABILITIES);
	put(pci, REVISION_AT, 1, modern);
	put(pci, CLASS_AT, 1, CLASS_STORAGE);
	put(pci, SUBSYSTEM_AT, 2, modern ? 0x1100 : VIRTIO_ID_BLOCK);
	put(pci, PCI_INTERRUPT_PIN, 1, 1);
	build_bars(pci, number);
	cap_msix(pci, &link, &end);
	if (pci->face != MODEL_PCI_LEGACY)
		build_structures(pci, &link, &end);
	cap_express(pci, &link, &end);
	if (model_trick_now(pci->device, MODEL_MISCHIEF_CAP_LOOP, NULL))
		pci->config[link] = PCI_CAP_FIRST;
}

uint32_t
model_device_plug(struct model_device *d, model_pci_face face)
{
	struct model_pci *pci = calloc(1, sizeof(*pci));
	unsigned number = 0;

	for (unsigned i = 0; i < d->host->device_count; i++)
		number += d->host->devices[i]->pci != NULL;
	if (pci == NULL)
		abort();
	pci->device = d;
	pci->face = face;
	pci->function = (number / SLOTS_PER_BUS) << 8 | (1 + number % SLOTS_PER_BUS) << 3;
	d->pci = pci;
	d->raise = model_pci_raise;
	d->legacy = face == MODEL_PCI_LEGACY;
	if (d->legacy)
		d->options.features &= UINT32_MAX;
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

/* Its bar, offset or length: of all capabilities' fields the only ones to be written. */
static bool
is_aim(const struct model_pci *pci, unsigned offset, unsigned width)
{
	unsigned field = offset - pci->window_cap;

	return pci->window_cap != 0 &&
	       ((field == VIRTIO_PCI_CAP_BAR && width == 1) ||
		((field == VIRTIO_PCI_CAP_OFFSET || field == VIRTIO_PCI_CAP_LENGTH) && width == 4));
}

/* What BAR has from OFFSET on is a structure that a capability tells of. */
static bool
is_structure(const struct model_pci *pci, unsigned bar, uint32_t offset, unsigned width)
{
	const struct {
		unsigned bar;
		uint32_t offset, bytes;
	} structures[] = {
		{MODEL_PCI_BAR_VIRTIO, MODEL_PCI_COMMON, pci->common_bytes},
		{MODEL_PCI_BAR_VIRTIO, MODEL_PCI_ISR, 1},
		{MODEL_PCI_BAR_VIRTIO, MODEL_PCI_DEVICE, sizeof(struct virtio_blk_config)},
		{pci->device->options.kick_by_port ? MODEL_PCI_BAR_KICK : MODEL_PCI_BAR_VIRTIO,
		 pci->device->options.kick_by_port ? 0 : MODEL_PCI_NOTIFY, pci->notify_bytes},
	};

	for (size_t i = 0; i < sizeof(structures) / sizeof(structures[0]); i++) {
		if (structures[i].bar == bar && offset >= structures[i].offset &&
		    offset - structures[i].offset + width <= structures[i].bytes)
			return true;
	}
	return false;
}

/*
 * Its length is the access's, its offset a multiple of that, and all of it some structure's.
 * [spec 4.1.4.9.2]
 */
static bool
window_is_good(struct model_pci *pci, unsigned width)
{
	uint32_t offset = get(pci, pci->window_cap + 8u, 4);
	unsigned bar = pci->config[pci->window_cap + 4];

	if (get(pci, pci->window_cap + 12u, 4) == width && offset % width == 0 &&
	    is_structure(pci, bar, offset, width))
		return true;
	model_breached(pci->device->host, MODEL_BREACH_PCI_WINDOW, UINT_MAX, bar, offset, width);
	return false;
}

/* An offset is written to a window whose length is right already.  [spec 4.1.4.9.2] */
static void
check_window_offset(struct model_pci *pci, unsigned offset, uint32_t value)
{
	uint32_t length = get(pci, pci->window_cap + 12u, 4);

	if (offset == pci->window_cap + 8u && length != 0 && value % length != 0)
		model_breached(pci->device->host, MODEL_BREACH_PCI_WINDOW, UINT_MAX, UINT_MAX,
			       value, length);
}

uint32_t
model_pci_config_read(void *context, uint32_t function, uint16_t offset, unsigned width)
{
	struct model_pci *pci = find(context, function);

	if (pci == NULL || !is_good_access(pci, offset, width))
		return UINT32_MAX >> (32 - 8 * width);
	if (is_window(pci, offset)) {
		return window_is_good(pci, width)
			       ? model_pci_register_get(pci, pci->config[pci->window_cap + 4],
							get(pci, pci->window_cap + 8u, 4), width)
			       : 0;
	}
	return get(pci, offset, width);
}

/* A BAR keeps only the address bits that its size leaves, and its type. */
static void
write_bar(struct model_pci *pci, unsigned bar, uint32_t value)
{
	bool high = bar == MODEL_PCI_BAR_VIRTIO + 1;
	uint32_t type = bar == MODEL_PCI_BAR_VIRTIO ? PCI_BAR_MEMORY_64
			: model_pci_is_io(bar)      ? PCI_BAR_IO
						    : 0;

	if (model_pci_decodes(pci, bar)) {
		model_breached(pci->device->host, MODEL_BREACH_PCI_BAR_SIZING, UINT_MAX, bar, value,
			       0);
	}
	if (high && pci->bar_bytes[MODEL_PCI_BAR_VIRTIO] != 0)
		put(pci, PCI_BAR0 + 4 * bar, 4, value);
	else if (!high && pci->bar_bytes[bar] != 0)
		put(pci, PCI_BAR0 + 4 * bar, 4, (value & ~(pci->bar_bytes[bar] - 1)) | type);
}

/* What a function-level reset leaves: nothing that software ever wrote. */
static void
function_reset(struct model_pci *pci)
{
	struct model_device *d = pci->device;

	put(pci, PCI_COMMAND, 2, 0);
	for (unsigned bar = 0; bar < PCI_BARS; bar++)
		write_bar(pci, bar, 0);
	if (pci->msix_cap != 0)
		pci->config[pci->msix_cap + PCI_MSIX_CONTROL + 1] &= 0x3f;
	for (unsigned i = 0; i < MODEL_VECTORS_MAX; i++)
		pci->entries[i] = (struct model_msix_entry){.control = PCI_MSIX_ENTRY_MASKED};
	if (model_trick_now(d, MODEL_MISCHIEF_FLR_LOST, NULL)) {
		model_device_stop(d);
		d->gone = true;
	} else if (!model_trick_now(d, MODEL_MISCHIEF_FLR_NONE, NULL)) {
		model_device_behave(d);
		model_status_set(d, 0);
	}
}

static void
write_msix_control(struct model_pci *pci, uint32_t value)
{
	unsigned at = pci->msix_cap + PCI_MSIX_CONTROL;

	put(pci, at, 2,
	    (value & (PCI_MSIX_CONTROL_ENABLE | PCI_MSIX_CONTROL_MASK_ALL)) |
		    (get(pci, at, 2) & PCI_MSIX_CONTROL_SIZE));
	model_pci_msix_send(pci);
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
		write_msix_control(pci, value);
	} else if (pci->express_cap != 0 && offset == pci->express_cap + PCI_EXPRESS_CONTROL) {
		if ((value & PCI_EXPRESS_CONTROL_FLR) != 0)
			function_reset(pci);
	} else if (is_window(pci, offset)) {
		if (window_is_good(pci, width))
			model_pci_register_set(pci, pci->config[pci->window_cap + 4],
					       get(pci, pci->window_cap + 8u, 4), width, value);
	} else if (is_aim(pci, offset, width)) {
		check_window_offset(pci, offset, value);
		put(pci, offset, width, value);
	} else if (offset != CACHE_LINE_AT && offset != INTERRUPT_LINE_AT) {
		model_breached(pci->device->host, MODEL_BREACH_PCI_CONFIG, UINT_MAX, offset, width,
			       value);
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

			if (!model_pci_is_io(bar) && at < pci->bar_bytes[bar] &&
			    bytes <= pci->bar_bytes[bar] - at) {
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

			if (pci->registers[*bar] != NULL && at < pci->bar_bytes[*bar]) {
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

/* What stands for the I/O port ADDRESS of WIDTH, or NULL. */
static uint8_t *
port_at(struct model_host *host, uint32_t address, unsigned width)
{
	for (unsigned i = 0; i < host->device_count; i++) {
		struct model_pci *pci = host->devices[i]->pci;

		for (unsigned bar = 0; pci != NULL && bar < PCI_BARS; bar++) {
			uint64_t at = address - bar_address(pci, bar);

			if (model_pci_is_io(bar) && at < pci->bar_bytes[bar] &&
			    width <= pci->bar_bytes[bar] - at)
				return pci->registers[bar] + at;
		}
	}
	model_breached(host, MODEL_BREACH_PCI_OUTSIDE, UINT_MAX, address, width, 4);
	return NULL;
}

uint32_t
model_pci_port_read(void *host, uint32_t address, unsigned width)
{
	uint8_t *at = port_at(host, address, width);

	return at != NULL ? step_register_load(at, width) : UINT32_MAX >> (32 - 8 * width);
}

void
model_pci_port_write(void *host, uint32_t address, unsigned width, uint32_t value)
{
	uint8_t *at = port_at(host, address, width);

	if (at != NULL)
		step_register_store(at, width, value);
}

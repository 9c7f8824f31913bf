/* SPDX-License-Identifier: MIT */
/*
 * PCI capabilities: a bounded walk, each structure checked against its BAR before it is mapped.
 *
 * Nothing found here is believed twice: BAR sizes are measured once, offsets and lengths are read
 * once and checked in 64 bits; a structure that does not fit is passed over, and the next of its
 * type is tried.  [spec 4.1.4]
 */
#include "pci.h"

#include "../base/num.h"

/* No device needs more of a structure than this; the rest of a larger window stays unmapped. */
#define COMMON_BYTES_MAX 64u
#define DEVICE_BYTES_MAX 4096u
#define NOTIFY_BYTES_MAX (4u << 20)

struct bar {
	uint64_t address; /* 0: none was assigned */
	uint64_t bytes; /* 0: not there */
	bool is_io;
};

struct capability {
	uint32_t at; /* in configuration space */
	uint32_t length; /* of the capability */
	uint32_t type; /* cfg_type */
	uint32_t bar, offset, bytes; /* the structure that it names */
};

void
orion_pci_report(const struct pci *pci, orion_level level, orion_event event, uint64_t a,
		 uint64_t b, uint64_t c)
{
	if (pci->port->report != NULL)
		pci->port->report(pci->port_context, level, event, a, b, c);
}

static void
skipped(const struct pci *pci, const struct capability *cap, virtio_pci_skip why)
{
	orion_pci_report(pci, ORION_LEVEL_WARNING, ORION_EVENT_PCI_CAP_SKIPPED, cap->at, cap->type,
			 why);
}

/* What BAR register NUMBER answers to ones; what it held is put back. */
static uint32_t
bar_ones(const struct pci *pci, unsigned number, uint32_t held)
{
	uint32_t at = PCI_BAR0 + 4 * number, ones;

	pci_config_put(pci, at, 4, UINT32_MAX);
	ones = pci_config_get(pci, at, 4);
	pci_config_put(pci, at, 4, held);
	return ones;
}

/* I/O BARs may have 16 address bits only. */
static struct bar
bar_measure_io(const struct pci *pci, unsigned number, uint32_t low)
{
	uint32_t mask = bar_ones(pci, number, low) & PCI_BAR_IO_MASK;

	if (mask <= UINT16_MAX)
		mask |= ~(uint32_t)UINT16_MAX;
	return (struct bar){low & PCI_BAR_IO_MASK, (uint32_t)~mask + UINT64_C(1), true};
}

static struct bar
bar_measure_memory(const struct pci *pci, unsigned number, uint32_t low, bool wide)
{
	uint64_t mask = ~(uint64_t)UINT32_MAX;
	uint32_t high = 0;

	mask |= bar_ones(pci, number, low) & PCI_BAR_MEMORY_MASK;
	if (wide) {
		high = pci_config_get(pci, PCI_BAR0 + 4 * number + 4, 4);
		mask &= UINT32_MAX | (uint64_t)bar_ones(pci, number + 1, high) << 32;
	}
	return (struct bar){(low & PCI_BAR_MEMORY_MASK) | (uint64_t)high << 32, ~mask + 1, false};
}

/* Measures a BAR by writing ones; decoding must be off meanwhile. */
static struct bar
bar_measure(const struct pci *pci, unsigned number)
{
	uint32_t low = pci_config_get(pci, PCI_BAR0 + 4 * number, 4);
	bool is_io = (low & PCI_BAR_IO) != 0;
	bool wide = !is_io && (low & PCI_BAR_MEMORY_TYPE) == PCI_BAR_MEMORY_64;
	struct bar bar;

	if (wide && number + 1 >= PCI_BARS)
		return (struct bar){0};
	bar = is_io ? bar_measure_io(pci, number, low) : bar_measure_memory(pci, number, low, wide);
	/*
	 * No size bits (bytes 0, or all that there is): not there.  A size that is no power of two,
	 * an address that is no multiple of it, an end past the last address: not a BAR.
	 */
	if (!num_is_power_of_two(bar.bytes) || (bar.address & (bar.bytes - 1)) != 0 ||
	    bar.address + bar.bytes < bar.address || (!wide && bar.bytes > UINT32_MAX) ||
	    (is_io && bar.bytes > UINT16_MAX))
		return (struct bar){0};
	return bar;
}

static bool
overlaps(const struct pci_window *a, const struct pci_window *b)
{
	if (a->reach == PCI_REACH_NONE)
		return false;
	if (a->bar == b->bar)
		return a->offset < (uint64_t)b->offset + b->bytes &&
		       b->offset < (uint64_t)a->offset + a->bytes;
	return a->reach == PCI_REACH_MEMORY && a->address < b->address + b->bytes &&
	       b->address < a->address + a->bytes;
}

static bool
overlaps_any(const struct pci *pci, const struct pci_window *window)
{
	return overlaps(&pci->common, window) || overlaps(&pci->notify, window) ||
	       overlaps(&pci->isr, window) || overlaps(&pci->device, window) ||
	       overlaps(&pci->table, window);
}

/* Reaches the checked window FOUND of BAR; what cannot be reached by its kind is passed over. */
static orion_status
take_structure(struct pci *pci, const struct bar *bar, const struct capability *cap,
	       const struct pci_window *found, struct pci_window *window)
{
	orion_status status;

	*window = *found;
	status = orion_pci_reach_find(pci, window, bar->is_io);
	if (status == ORION_OK)
		return ORION_OK;
	*window = (struct pci_window){0};
	if (status != ORION_NO_MAPPING || (!bar->is_io && bar->address != 0))
		return status;
	skipped(pci, cap, VIRTIO_PCI_SKIP_BAR);
	return ORION_OK;
}

/* Checks the structure that CAP names and maps at most MOST bytes of it into WINDOW. */
static orion_status
map_structure(struct pci *pci, const struct bar *bars, const struct capability *cap, uint32_t least,
	      uint32_t most, uint32_t align, struct pci_window *window)
{
	struct pci_window found = {.bytes = num_min32(cap->bytes, most), .offset = cap->offset};
	const struct bar *bar = &bars[cap->bar < PCI_BARS ? cap->bar : 0];

	if (cap->bytes < least) {
		skipped(pci, cap, VIRTIO_PCI_SKIP_SHORT);
		return ORION_OK;
	}
	if (cap->bar >= PCI_BARS || bar->bytes == 0) {
		skipped(pci, cap, VIRTIO_PCI_SKIP_BAR);
		return ORION_OK;
	}
	if ((uint64_t)cap->offset + cap->bytes > bar->bytes) {
		skipped(pci, cap, VIRTIO_PCI_SKIP_OUTSIDE);
		return ORION_OK;
	}
	if ((cap->offset & (align - 1)) != 0) {
		skipped(pci, cap, VIRTIO_PCI_SKIP_ALIGN);
		return ORION_OK;
	}
	found.bar = (uint8_t)cap->bar;
	found.address = bar->address != 0 ? bar->address + cap->offset : 0;
	if (overlaps_any(pci, &found)) {
		skipped(pci, cap, VIRTIO_PCI_SKIP_OVERLAP);
		return ORION_OK;
	}
	return take_structure(pci, bar, cap, &found, window);
}

static orion_status
map_msix(struct pci *pci, const struct bar *bars, struct capability *cap)
{
	uint32_t control = pci_config_get(pci, cap->at + PCI_MSIX_CONTROL, 2);
	uint32_t table = pci_config_get(pci, cap->at + PCI_MSIX_TABLE, 4);
	uint32_t entries = (control & PCI_MSIX_CONTROL_SIZE) + 1;
	orion_status status;

	if (pci->table.reach != PCI_REACH_NONE)
		return ORION_OK;
	cap->bar = table & PCI_MSIX_BIR;
	cap->offset = table & ~PCI_MSIX_BIR;
	cap->bytes = entries * PCI_MSIX_ENTRY_BYTES;
	status = map_structure(pci, bars, cap, PCI_MSIX_ENTRY_BYTES,
			       PCI_VECTORS_MAX * PCI_MSIX_ENTRY_BYTES, 8, &pci->table);
	if (pci->table.reach == PCI_REACH_MEMORY) {
		pci->msix = (uint16_t)cap->at;
		pci->vectors = (uint16_t)num_min32(entries, PCI_VECTORS_MAX);
		return status;
	}
	/* The table is no structure of virtio: nothing but memory leads there. */
	if (pci->table.reach != PCI_REACH_NONE)
		skipped(pci, cap, VIRTIO_PCI_SKIP_BAR);
	orion_pci_reach_end(pci, &pci->table);
	pci_config_put(pci, cap->at + PCI_MSIX_CONTROL, 2, control & ~PCI_MSIX_CONTROL_ENABLE);
	return status;
}

static orion_status
map_notify(struct pci *pci, const struct bar *bars, const struct capability *cap)
{
	if (pci->notify.reach != PCI_REACH_NONE)
		return ORION_OK;
	if (cap->length < VIRTIO_PCI_CAP_NOTIFY_BYTES) {
		skipped(pci, cap, VIRTIO_PCI_SKIP_SHORT);
		return ORION_OK;
	}
	pci->notify_multiplier = pci_config_get(pci, cap->at + VIRTIO_PCI_CAP_NOTIFY_MULTIPLIER, 4);
	return map_structure(pci, bars, cap, 2, NOTIFY_BYTES_MAX, 2, &pci->notify);
}

/* Maps into WINDOW unless that has been found already. */
static orion_status
map_first(struct pci *pci, const struct bar *bars, const struct capability *cap, uint32_t least,
	  uint32_t most, uint32_t align, struct pci_window *window)
{
	return window->reach != PCI_REACH_NONE
		       ? ORION_OK
		       : map_structure(pci, bars, cap, least, most, align, window);
}

/* A vendor capability: takes the first usable one of each type, skips types it does not know. */
static orion_status
map_vendor(struct pci *pci, const struct bar *bars, struct capability *cap)
{
	cap->length = pci_config_get(pci, cap->at + VIRTIO_PCI_CAP_LEN, 1);
	cap->type = pci_config_get(pci, cap->at + VIRTIO_PCI_CAP_CFG_TYPE, 1);
	if (cap->length < VIRTIO_PCI_CAP_BYTES) {
		skipped(pci, cap, VIRTIO_PCI_SKIP_SHORT);
		return ORION_OK;
	}
	if (cap->at + cap->length > PCI_CONFIG_BYTES) {
		skipped(pci, cap, VIRTIO_PCI_SKIP_LIST);
		return ORION_OK;
	}
	cap->bar = pci_config_get(pci, cap->at + VIRTIO_PCI_CAP_BAR, 1);
	cap->offset = pci_config_get(pci, cap->at + VIRTIO_PCI_CAP_OFFSET, 4);
	cap->bytes = pci_config_get(pci, cap->at + VIRTIO_PCI_CAP_LENGTH, 4);

	pci->modern |=
		cap->type >= VIRTIO_PCI_CAP_COMMON_CFG && cap->type <= VIRTIO_PCI_CAP_PCI_CFG;
	switch (cap->type) {
	case VIRTIO_PCI_CAP_COMMON_CFG:
		return map_first(pci, bars, cap, VIRTIO_PCI_COMMON_BYTES, COMMON_BYTES_MAX, 4,
				 &pci->common);
	case VIRTIO_PCI_CAP_NOTIFY_CFG:
		return map_notify(pci, bars, cap);
	case VIRTIO_PCI_CAP_ISR_CFG:
		return map_first(pci, bars, cap, 1, 4, 1, &pci->isr);
	case VIRTIO_PCI_CAP_DEVICE_CFG:
		return map_first(pci, bars, cap, 8, DEVICE_BYTES_MAX, 4, &pci->device);
	default:
		return ORION_OK;
	}
}

/* ---- the list ---- */

/*
 * Moves *AT on, from 0 to the first.  Returns false at the list's end, and where it leaves the
 * space or has more hops than capabilities fit: *AT is not 0 then.
 */
static bool
list_next(const struct pci *pci, uint32_t *at, unsigned *hop)
{
	if (*hop == 0 && !(pci_config_get(pci, PCI_STATUS, 2) & PCI_STATUS_CAPABILITIES))
		return false;
	*at = pci_config_get(pci, *hop == 0 ? PCI_CAPABILITIES : *at + 1, 1);
	if (*at == 0)
		return false;
	/* Its low two bits are reserved; what is left of 1 to 3 lies outside. */
	*at = *at < 4 ? *at : *at & ~3u;
	return *at >= PCI_CAP_FIRST && *at + 4 <= PCI_CONFIG_BYTES && (*hop)++ < PCI_CAP_HOPS_MAX;
}

uint32_t
orion_pci_caps_find(const struct pci *pci, uint32_t id, uint32_t bytes, uint32_t type)
{
	unsigned hop = 0;

	for (uint32_t at = 0; list_next(pci, &at, &hop);)
		if (pci_config_get(pci, at, 1) == id && at + bytes <= PCI_CONFIG_BYTES &&
		    (id != PCI_CAP_ID_VENDOR ||
		     (pci_config_get(pci, at + VIRTIO_PCI_CAP_CFG_TYPE, 1) == type &&
		      pci_config_get(pci, at + VIRTIO_PCI_CAP_LEN, 1) >= bytes)))
			return at;
	return 0;
}

static orion_status
walk(struct pci *pci, const struct bar *bars)
{
	struct capability cap = {0};
	orion_status status = ORION_OK;
	unsigned hop = 0;
	uint32_t id;

	while (status == ORION_OK && list_next(pci, &cap.at, &hop)) {
		cap = (struct capability){.at = cap.at};
		id = pci_config_get(pci, cap.at, 1);
		if (id == PCI_CAP_ID_VENDOR && cap.at + VIRTIO_PCI_CAP_BYTES <= PCI_CONFIG_BYTES)
			status = map_vendor(pci, bars, &cap);
		else if (id == PCI_CAP_ID_MSIX && cap.at + 12 <= PCI_CONFIG_BYTES)
			status = map_msix(pci, bars, &cap);
	}
	if (status == ORION_OK && cap.at != 0) {
		cap.type = 0;
		skipped(pci, &cap, VIRTIO_PCI_SKIP_LIST);
	}
	return status;
}

static orion_status
check_complete(const struct pci *pci)
{
	const struct {
		const struct pci_window *window;
		uint32_t type;
	} needed[] = {
		{&pci->common, VIRTIO_PCI_CAP_COMMON_CFG},
		{&pci->notify, VIRTIO_PCI_CAP_NOTIFY_CFG},
		{&pci->isr, VIRTIO_PCI_CAP_ISR_CFG},
		{&pci->device, VIRTIO_PCI_CAP_DEVICE_CFG},
	};

	for (unsigned i = 0; i < COUNT_OF(needed); i++) {
		const struct pci_window *window = needed[i].window;

		if (window->reach == PCI_REACH_NONE) {
			orion_pci_report(pci, ORION_LEVEL_ERROR, ORION_EVENT_PCI_CAP_MISSING,
					 needed[i].type, 0, 0);
			return ORION_DEVICE_REFUSED;
		}
		if (window->reach == PCI_REACH_CONFIG)
			orion_pci_report(pci, ORION_LEVEL_WARNING, ORION_EVENT_PCI_BY_CONFIG,
					 needed[i].type, window->bar, window->offset);
	}
	return ORION_OK;
}

static void
measure(const struct pci *pci, struct bar *bars)
{
	for (unsigned i = 0; i < PCI_BARS; i++) {
		bars[i] = bar_measure(pci, i);
		/* The upper half of a 64-bit BAR is no BAR of its own. */
		if ((pci_config_get(pci, PCI_BAR0 + 4 * i, 4) &
		     (PCI_BAR_IO | PCI_BAR_MEMORY_TYPE)) == PCI_BAR_MEMORY_64 &&
		    i + 1 < PCI_BARS)
			bars[++i] = (struct bar){0};
	}
}

orion_status
orion_pci_map_structures(struct pci *pci)
{
	uint32_t command = pci_config_get(pci, PCI_COMMAND, 2);
	struct bar bars[PCI_BARS];
	orion_status status;

	pci_config_put(pci, PCI_COMMAND, 2, command & ~PCI_COMMAND_ALL);
	measure(pci, bars);
	/* The pin stays silent until somebody listens to it: see orion_pci_line_attach(). */
	command |= PCI_COMMAND_INTX_OFF | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	pci_config_put(pci, PCI_COMMAND, 2, command);

	pci->access = (uint16_t)orion_pci_caps_find(
		pci, PCI_CAP_ID_VENDOR, VIRTIO_PCI_CAP_WINDOW_BYTES, VIRTIO_PCI_CAP_PCI_CFG);
	status = walk(pci, bars);
	/* Transitional, and no capability of virtio: a legacy device.  [spec 4.1.5.1.1.1] */
	if (status == ORION_OK && !pci->modern &&
	    pci_config_get(pci, PCI_DEVICE_ID, 2) == VIRTIO_PCI_DEVICE_TRANSITIONAL_BLOCK)
		status = orion_pci_legacy_map(pci, bars[0].is_io ? bars[0].address : 0,
					      bars[0].bytes);
	else if (status == ORION_OK)
		status = check_complete(pci);
	if (status == ORION_OK &&
	    (pci->common.reach == PCI_REACH_PORTS || pci->notify.reach == PCI_REACH_PORTS ||
	     pci->isr.reach == PCI_REACH_PORTS || pci->device.reach == PCI_REACH_PORTS))
		pci_config_put(pci, PCI_COMMAND, 2, command | PCI_COMMAND_IO);
	if (status != ORION_OK) {
		orion_pci_unmap_structures(pci);
		pci_config_put(pci, PCI_COMMAND, 2, command & ~PCI_COMMAND_ALL);
	}
	return status;
}

void
orion_pci_unmap_structures(struct pci *pci)
{
	orion_pci_reach_end(pci, &pci->common);
	orion_pci_reach_end(pci, &pci->notify);
	orion_pci_reach_end(pci, &pci->isr);
	orion_pci_reach_end(pci, &pci->device);
	orion_pci_reach_end(pci, &pci->table);
}

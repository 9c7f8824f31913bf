/* SPDX-License-Identifier: MIT */
/*
 * PCI capabilities: a bounded walk, each structure checked against its BAR before it is mapped.
 *
 * Nothing found here is believed twice: BAR sizes are measured once, offsets and lengths are read
 * once and checked in 64 bits; a structure that does not fit is passed over, and the next of its
 * type is tried.  [spec 4.1.4]
 */
#include "device/pci.h"

#include "base/num.h"

/* No device needs more of a structure than this; the rest of a larger window stays unmapped. */
#define COMMON_BYTES_MAX 64u
#define DEVICE_BYTES_MAX 4096u
#define NOTIFY_BYTES_MAX (4u << 20)

struct bar {
	uint64_t address, bytes; /* bytes 0: not a usable memory BAR */
};

struct capability {
	uint32_t at; /* in configuration space */
	uint32_t length; /* of the capability */
	uint32_t type; /* cfg_type */
	uint32_t bar, offset, bytes; /* the structure that it names */
};

static void
skipped(const struct pci *pci, const struct capability *cap, virtio_pci_skip why)
{
	if (pci->port->report != NULL)
		pci->port->report(pci->port_context, ORION_LEVEL_WARNING,
				  ORION_EVENT_PCI_CAP_SKIPPED, cap->at, cap->type, why);
}

/* Measures a memory BAR by writing ones; decoding must be off meanwhile. */
static struct bar
bar_measure(const struct pci *pci, unsigned number)
{
	uint32_t at = PCI_BAR0 + 4 * number;
	uint32_t low = pci_config_get(pci, at, 4), high = 0;
	uint64_t mask;
	struct bar bar = {0, 0};
	bool wide = (low & PCI_BAR_MEMORY_TYPE) == PCI_BAR_MEMORY_64;

	if ((low & PCI_BAR_IO) || (wide && number + 1 >= PCI_BARS))
		return bar;
	pci_config_put(pci, at, 4, UINT32_MAX);
	mask = UINT64_C(0xffffffff00000000) | (pci_config_get(pci, at, 4) & PCI_BAR_MEMORY_MASK);
	pci_config_put(pci, at, 4, low);
	if (wide) {
		high = pci_config_get(pci, at + 4, 4);
		pci_config_put(pci, at + 4, 4, UINT32_MAX);
		mask = (mask & UINT32_MAX) | (uint64_t)pci_config_get(pci, at + 4, 4) << 32;
		pci_config_put(pci, at + 4, 4, high);
	}
	bar.address = (low & PCI_BAR_MEMORY_MASK) | (uint64_t)high << 32;
	bar.bytes = ~mask + 1;
	/*
	 * No size bits (bytes 0, or all of a 32-bit BAR), no address: not there.  A size that is no
	 * power of two, an address that is no multiple of it, an end past the last address: not a
	 * BAR.
	 */
	if (bar.address == 0 || !num_is_power_of_two(bar.bytes) || bar.address % bar.bytes != 0 ||
	    bar.address + bar.bytes < bar.address || (!wide && bar.bytes > UINT32_MAX))
		return (struct bar){0, 0};
	return bar;
}

static bool
overlaps(const struct pci_window *window, uint64_t address, uint64_t bytes)
{
	return window->at != NULL && address < window->address + window->bytes &&
	       window->address < address + bytes;
}

static bool
overlaps_any(const struct pci *pci, uint64_t address, uint64_t bytes)
{
	return overlaps(&pci->common, address, bytes) || overlaps(&pci->notify, address, bytes) ||
	       overlaps(&pci->isr, address, bytes) || overlaps(&pci->device, address, bytes) ||
	       overlaps(&pci->table, address, bytes);
}

/* Checks the structure that CAP names and maps at most MOST bytes of it into WINDOW. */
static orion_status
map_structure(struct pci *pci, const struct bar *bars, const struct capability *cap, uint32_t least,
	      uint32_t most, uint32_t align, struct pci_window *window)
{
	uint32_t bytes = num_min32(cap->bytes, most);
	volatile void *at;
	uint64_t address;
	orion_status status;

	if (cap->bytes < least) {
		skipped(pci, cap, VIRTIO_PCI_SKIP_SHORT);
		return ORION_OK;
	}
	if (cap->bar >= PCI_BARS || bars[cap->bar].bytes == 0) {
		skipped(pci, cap, VIRTIO_PCI_SKIP_BAR);
		return ORION_OK;
	}
	if ((uint64_t)cap->offset + cap->bytes > bars[cap->bar].bytes) {
		skipped(pci, cap, VIRTIO_PCI_SKIP_OUTSIDE);
		return ORION_OK;
	}
	if (cap->offset % align != 0) {
		skipped(pci, cap, VIRTIO_PCI_SKIP_ALIGN);
		return ORION_OK;
	}
	address = bars[cap->bar].address + cap->offset;
	if (overlaps_any(pci, address, bytes)) {
		skipped(pci, cap, VIRTIO_PCI_SKIP_OVERLAP);
		return ORION_OK;
	}
	status = pci->port->map_registers(pci->port_context, address, bytes, &at);
	if (status == ORION_OK)
		*window = (struct pci_window){at, address, bytes};
	return status;
}

static orion_status
map_msix(struct pci *pci, const struct bar *bars, struct capability *cap)
{
	uint32_t control = pci_config_get(pci, cap->at + PCI_MSIX_CONTROL, 2);
	uint32_t table = pci_config_get(pci, cap->at + PCI_MSIX_TABLE, 4);
	uint32_t entries = (control & PCI_MSIX_CONTROL_SIZE) + 1;
	orion_status status;

	if (pci->table.at != NULL)
		return ORION_OK;
	cap->bar = table & PCI_MSIX_BIR;
	cap->offset = table & ~PCI_MSIX_BIR;
	cap->bytes = entries * PCI_MSIX_ENTRY_BYTES;
	status = map_structure(pci, bars, cap, PCI_MSIX_ENTRY_BYTES,
			       PCI_VECTORS_MAX * PCI_MSIX_ENTRY_BYTES, 8, &pci->table);
	if (pci->table.at != NULL) {
		pci->msix = (uint16_t)cap->at;
		pci->vectors = (uint16_t)num_min32(entries, PCI_VECTORS_MAX);
	}
	return status;
}

static orion_status
map_notify(struct pci *pci, const struct bar *bars, const struct capability *cap)
{
	if (pci->notify.at != NULL)
		return ORION_OK;
	if (cap->length < VIRTIO_PCI_CAP_NOTIFY_BYTES) {
		skipped(pci, cap, VIRTIO_PCI_SKIP_SHORT);
		return ORION_OK;
	}
	pci->notify_multiplier = pci_config_get(pci, cap->at + VIRTIO_PCI_CAP_NOTIFY_MULTIPLIER, 4);
	return map_structure(pci, bars, cap, 2, NOTIFY_BYTES_MAX, 2, &pci->notify);
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

	switch (cap->type) {
	case VIRTIO_PCI_CAP_COMMON_CFG:
		return pci->common.at != NULL
			       ? ORION_OK
			       : map_structure(pci, bars, cap, VIRTIO_PCI_COMMON_BYTES,
					       COMMON_BYTES_MAX, 4, &pci->common);
	case VIRTIO_PCI_CAP_NOTIFY_CFG:
		return map_notify(pci, bars, cap);
	case VIRTIO_PCI_CAP_ISR_CFG:
		return pci->isr.at != NULL ? ORION_OK
					   : map_structure(pci, bars, cap, 1, 4, 1, &pci->isr);
	case VIRTIO_PCI_CAP_DEVICE_CFG:
		return pci->device.at != NULL ? ORION_OK
					      : map_structure(pci, bars, cap, 8, DEVICE_BYTES_MAX,
							      4, &pci->device);
	default:
		return ORION_OK;
	}
}

/* Walks the list: no more hops than capabilities fit, every pointer inside and aligned. */
static orion_status
walk(struct pci *pci, const struct bar *bars)
{
	struct capability cap = {.at = pci_config_get(pci, PCI_CAPABILITIES, 1)};
	orion_status status = ORION_OK;
	uint32_t id;

	if (!(pci_config_get(pci, PCI_STATUS, 2) & PCI_STATUS_CAPABILITIES))
		return ORION_OK;
	for (unsigned hop = 0; cap.at != 0 && status == ORION_OK; hop++) {
		cap.at &= ~3u;
		if (cap.at < PCI_CAP_FIRST || cap.at + 4 > PCI_CONFIG_BYTES ||
		    hop == PCI_CAP_HOPS_MAX) {
			skipped(pci, &cap, VIRTIO_PCI_SKIP_LIST);
			break;
		}
		cap.type = 0;
		id = pci_config_get(pci, cap.at, 1);
		if (id == PCI_CAP_ID_VENDOR && cap.at + VIRTIO_PCI_CAP_BYTES <= PCI_CONFIG_BYTES)
			status = map_vendor(pci, bars, &cap);
		else if (id == PCI_CAP_ID_MSIX && cap.at + 12 <= PCI_CONFIG_BYTES)
			status = map_msix(pci, bars, &cap);
		cap = (struct capability){.at = pci_config_get(pci, cap.at + 1, 1)};
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
		if (needed[i].window->at != NULL)
			continue;
		if (pci->port->report != NULL)
			pci->port->report(pci->port_context, ORION_LEVEL_ERROR,
					  ORION_EVENT_PCI_CAP_MISSING, needed[i].type, 0, 0);
		return ORION_DEVICE_REFUSED;
	}
	return ORION_OK;
}

orion_status
pci_map_structures(struct pci *pci)
{
	uint32_t command = pci_config_get(pci, PCI_COMMAND, 2);
	struct bar bars[PCI_BARS];
	orion_status status;

	pci_config_put(pci, PCI_COMMAND, 2, command & ~(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER));
	for (unsigned i = 0; i < PCI_BARS; i++) {
		bars[i] = bar_measure(pci, i);
		/* The upper half of a 64-bit BAR is no BAR of its own. */
		if ((pci_config_get(pci, PCI_BAR0 + 4 * i, 4) &
		     (PCI_BAR_IO | PCI_BAR_MEMORY_TYPE)) == PCI_BAR_MEMORY_64 &&
		    i + 1 < PCI_BARS)
			bars[++i] = (struct bar){0, 0};
	}
	/* The pin stays silent until somebody listens to it: see pci_line_attach(). */
	command |= PCI_COMMAND_INTX_OFF;
	pci_config_put(pci, PCI_COMMAND, 2, command | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);

	status = walk(pci, bars);
	if (status == ORION_OK)
		status = check_complete(pci);
	if (status != ORION_OK) {
		pci_unmap_structures(pci);
		pci_config_put(pci, PCI_COMMAND, 2,
			       command & ~(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER));
	}
	return status;
}

static void
unmap(const struct pci *pci, struct pci_window *window)
{
	if (window->at != NULL)
		pci->port->unmap_registers(pci->port_context, window->at, window->bytes);
	*window = (struct pci_window){0};
}

void
pci_unmap_structures(struct pci *pci)
{
	unmap(pci, &pci->common);
	unmap(pci, &pci->notify);
	unmap(pci, &pci->isr);
	unmap(pci, &pci->device);
	unmap(pci, &pci->table);
}

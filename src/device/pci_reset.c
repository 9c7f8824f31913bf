/* SPDX-License-Identifier: MIT */
/*
 * Function-level reset: PCI Express resets the function whatever state its registers are in.  What
 * configuration space held is put back; the device itself starts from nothing.
 */
#include "pci.h"

#include "../base/num.h"

#define MS_NS UINT64_C(1000000)
#define PENDING_NS (100 * MS_NS)        /* what is under way may end first */
#define QUIET_NS (100 * MS_NS)          /* no access for so long after the reset */
#define RETURN_NS (1000 * MS_NS)        /* then it must be back */
#define LOOKS_MAX 100000u

/* What software wrote in the header: the six BARs, cache line and latency, interrupt line. */
#define HEADER_WORDS 16u
#define HEADER_CACHE_LINE 3u
#define HEADER_BARS 4u
#define HEADER_INTERRUPT 15u

/* Lets NS pass, or less when DONE comes true before. */
static bool
wait(struct pci *pci, uint64_t ns, bool (*done)(struct pci *pci, uint32_t express),
     uint32_t express)
{
	uint64_t begin = pci->port->now_ns(pci->port_context);

	for (unsigned look = 0; look < LOOKS_MAX; look++) {
		if (done != NULL && done(pci, express))
			return true;
		if (pci->port->now_ns(pci->port_context) - begin >= ns)
			break;
		pci->port->pause_ns(pci->port_context, MS_NS);
	}
	return false;
}

static bool
is_idle(struct pci *pci, uint32_t express)
{
	return !(pci_config_get(pci, express + PCI_EXPRESS_STATUS, 2) & PCI_EXPRESS_STATUS_PENDING);
}

static bool
is_back(struct pci *pci, uint32_t express)
{
	(void)express;
	return pci_config_get(pci, PCI_VENDOR_ID, 2) == VIRTIO_PCI_VENDOR;
}

/* Decoding comes back last. */
static void
restore(struct pci *pci, const uint32_t *header, uint32_t command)
{
	for (unsigned i = 0; i < PCI_BARS; i++)
		pci_config_put(pci, 4 * (HEADER_BARS + i), 4, header[HEADER_BARS + i]);
	pci_config_put(pci, 4 * HEADER_CACHE_LINE, 2, header[HEADER_CACHE_LINE] & UINT16_MAX);
	pci_config_put(pci, 4 * HEADER_INTERRUPT, 1, header[HEADER_INTERRUPT] & UINT8_MAX);
	pci_config_put(pci, PCI_COMMAND, 2, command);
}

orion_status
orion_pci_function_reset(void *context)
{
	struct pci *pci = context;
	uint32_t express = orion_pci_caps_find(pci, PCI_CAP_ID_EXPRESS, PCI_EXPRESS_BYTES, 0);
	uint32_t command = pci_config_get(pci, PCI_COMMAND, 2);
	uint32_t header[HEADER_WORDS], control;
	bool msix = pci->msix_enabled;

	if (express == 0 ||
	    !(pci_config_get(pci, express + PCI_EXPRESS_DEVICE, 4) & PCI_EXPRESS_DEVICE_FLR))
		return ORION_NOT_SUPPORTED;
	for (unsigned i = 0; i < COUNT_OF(header); i++)
		header[i] = pci_config_get(pci, 4 * i, 4);
	control = pci_config_get(pci, express + PCI_EXPRESS_CONTROL, 2) & ~PCI_EXPRESS_CONTROL_FLR;
	/* Nothing new begins; what has begun may end. */
	pci_config_put(pci, PCI_COMMAND, 2, PCI_COMMAND_INTX_OFF);
	(void)wait(pci, PENDING_NS, is_idle, express);
	pci_config_put(pci, express + PCI_EXPRESS_CONTROL, 2, control | PCI_EXPRESS_CONTROL_FLR);
	(void)wait(pci, QUIET_NS, NULL, 0);
	if (!wait(pci, RETURN_NS, is_back, 0))
		return ORION_TIMED_OUT;
	pci_config_put(pci, express + PCI_EXPRESS_CONTROL, 2, control);
	restore(pci, header, command);
	if (msix)
		orion_pci_msix_enable(pci);
	return ORION_OK;
}

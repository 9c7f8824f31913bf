/* SPDX-License-Identifier: MIT */
/* MSI-X vectors and the interrupt line of a PCI function. */
#include "pci.h"

static volatile unsigned char *
entry(const struct pci *pci, uint16_t vector)
{
	return pci->table.at + (size_t)vector * PCI_MSIX_ENTRY_BYTES;
}

/* All entries masked first: the table holds whatever it held. */
void
orion_pci_msix_enable(struct pci *pci)
{
	uint32_t control;

	if (pci->msix == 0)
		return;
	control = pci_config_get(pci, pci->msix + PCI_MSIX_CONTROL, 2);
	control |= PCI_MSIX_CONTROL_ENABLE | PCI_MSIX_CONTROL_MASK_ALL;
	pci_config_put(pci, pci->msix + PCI_MSIX_CONTROL, 2, control);
	for (uint16_t i = 0; i < pci->vectors; i++)
		register_store32(entry(pci, i) + PCI_MSIX_ENTRY_CONTROL, PCI_MSIX_ENTRY_MASKED);
	control &= ~PCI_MSIX_CONTROL_MASK_ALL;
	pci_config_put(pci, pci->msix + PCI_MSIX_CONTROL, 2, control);
	pci->msix_enabled = true;
}

void
orion_pci_msix_disable(struct pci *pci)
{
	uint32_t control;

	if (pci->msix == 0)
		return;
	control = pci_config_get(pci, pci->msix + PCI_MSIX_CONTROL, 2);
	pci_config_put(pci, pci->msix + PCI_MSIX_CONTROL, 2, control & ~PCI_MSIX_CONTROL_ENABLE);
	pci->msix_enabled = false;
}

uint16_t
orion_pci_vector_count(void *context)
{
	const struct pci *pci = context;

	return pci->vectors;
}

orion_status
orion_pci_vector_attach(void *context, uint16_t vector, uint16_t cpu, orion_irq_handler *handler,
			void *argument)
{
	struct pci *pci = context;
	struct orion_irq_source source = {
		.kind = ORION_IRQ_MESSAGE,
		.function = pci->function,
		.index = vector,
		.cpu = cpu,
	};
	struct orion_irq_message message = {0, 0, 0};
	orion_status status;

	if (vector >= pci->vectors || pci->vector_attached[vector])
		return ORION_INVALID;
	status = pci->port->irq_attach(pci->port_context, &source, handler, argument, &message);
	if (status != ORION_OK)
		return status;
	pci->vector_attached[vector] = true;
	pci->vector_cookie[vector] = message.cookie;
	register_store32(entry(pci, vector) + PCI_MSIX_ENTRY_ADDRESS_LOW,
			 (uint32_t)message.address);
	register_store32(entry(pci, vector) + PCI_MSIX_ENTRY_ADDRESS_HIGH,
			 (uint32_t)(message.address >> 32));
	register_store32(entry(pci, vector) + PCI_MSIX_ENTRY_DATA, message.data);
	register_store32(entry(pci, vector) + PCI_MSIX_ENTRY_CONTROL, 0);
	return ORION_OK;
}

void
orion_pci_vector_detach(void *context, uint16_t vector)
{
	struct pci *pci = context;

	if (vector >= pci->vectors || !pci->vector_attached[vector])
		return;
	register_store32(entry(pci, vector) + PCI_MSIX_ENTRY_CONTROL, PCI_MSIX_ENTRY_MASKED);
	/* Read back: the mask has arrived before the host takes the handler away. */
	(void)register_load32(entry(pci, vector) + PCI_MSIX_ENTRY_CONTROL);
	pci->port->irq_detach(pci->port_context, pci->vector_cookie[vector]);
	pci->vector_attached[vector] = false;
}

/* Where a handler finds the cause: it cannot wait for its turn at configuration space. */
static const struct pci_window *
cause_window(const struct pci *pci)
{
	return pci->modern ? &pci->isr : &pci->common;
}

/* The pin works only while MSI-X is off. */
orion_status
orion_pci_line_attach(void *context, orion_irq_handler *handler, void *argument)
{
	struct pci *pci = context;
	struct orion_irq_source source = {.kind = ORION_IRQ_LINE, .function = pci->function};
	struct orion_irq_message message = {0, 0, 0};
	uint32_t command = pci_config_get(pci, PCI_COMMAND, 2);
	orion_status status;

	if (pci->line_attached || cause_window(pci)->reach == PCI_REACH_CONFIG ||
	    pci_config_get(pci, PCI_INTERRUPT_PIN, 1) == 0)
		return ORION_NO_INTERRUPT;
	orion_pci_msix_disable(pci);
	status = pci->port->irq_attach(pci->port_context, &source, handler, argument, &message);
	if (status != ORION_OK) {
		orion_pci_msix_enable(pci);
		return status;
	}
	pci->line_attached = true;
	pci->line_cookie = message.cookie;
	pci_config_put(pci, PCI_COMMAND, 2, command & ~PCI_COMMAND_INTX_OFF);
	return ORION_OK;
}

void
orion_pci_line_detach(void *context)
{
	struct pci *pci = context;
	uint32_t command = pci_config_get(pci, PCI_COMMAND, 2);

	if (!pci->line_attached)
		return;
	pci_config_put(pci, PCI_COMMAND, 2, command | PCI_COMMAND_INTX_OFF);
	pci->port->irq_detach(pci->port_context, pci->line_cookie);
	pci->line_attached = false;
	orion_pci_msix_enable(pci);
}

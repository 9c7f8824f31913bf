/* SPDX-License-Identifier: MIT */
/* What an interrupt's number stands for, and the messages and lines of devices. */
#include "cpu.h"
#include "kernel/core/mmio.h"
#include "kernel/core/worker.h"

#define TREE_EDGES 3u /* in an interrupt's flags: rising, falling */

/* The lines that are triggered by an edge, a bit each. */
static uint32_t edges[(GIC_NONE + 31) / 32];

/*
 * An irq's message has the number GIC_MESSAGES + irq.  Its event is the irq, too: the functions
 * behind a bridge to a conventional bus are one device for the ITS, and share one table of events.
 */

bool
arch_message_route(unsigned irq, const struct orion_irq_source *source,
		   struct orion_irq_message *message)
{
	uint32_t controller, device;
	bool routed;

	if (source->cpu >= CPUS_MAX || !pci_messages_of(source->function, &controller, &device))
		return false;
	if (its_is_there())
		routed = its_route(GIC_MESSAGES + irq, device, irq, source->cpu, message);
	else
		routed = v2m_is_there() && v2m_route(irq, source->cpu, message);
	/* An SMMU in front of the device sees a message as a write like any other. */
	return routed && smmu_message_begin(irq, source->function, message->address);
}

void
arch_message_release(unsigned irq, const struct orion_irq_source *source)
{
	uint32_t controller, device;

	smmu_message_end(irq);
	if (v2m_is_there())
		v2m_release(irq);
	else if (its_is_there() && pci_messages_of(source->function, &controller, &device))
		its_release(device, irq, source->cpu);
}

uint32_t
interrupt_line(const struct fdt_interrupt *interrupt)
{
	uint32_t number = gic_number(interrupt);

	if (number < GIC_NONE && (interrupt->cells[2] & TREE_EDGES) != 0)
		edges[number / 32] |= 1u << number % 32;
	return number;
}

void
arch_devices_find(void)
{
	mmio_from_tree(boot_tree(), interrupt_line);
}

/* A number on the command line or in the tree is already the controller's. */
uint32_t
arch_line_of_wire(uint32_t number)
{
	return number < GIC_NONE ? number : UINT32_MAX;
}

/* A line of PCI is level triggered; of another the tree says what it is. */
bool
arch_line_enable(uint32_t line, bool is_pci)
{
	bool edge = !is_pci && line < GIC_NONE && (edges[line / 32] >> line % 32 & 1) != 0;

	return gic_enable(line, 0, edge);
}

void
arch_line_disable(uint32_t line)
{
	gic_disable(line);
}

static void
dispatch(uint32_t number)
{
	uint32_t message = v2m_irq(number);

	if (number >= GIC_MESSAGES)
		irq_message_arrived(number - GIC_MESSAGES);
	else if (number == SENT_STOP)
		for (;;)
			__asm__ volatile("msr daifset, #15; wfi" ::: "memory");
	else if (number < GIC_SENT)
		return; /* the worker was to wake up: it has */
	else if (timer_is(number))
		timer_interrupt();
	else if (uart_is(number))
		uart_interrupt();
	else if (message != UINT32_MAX)
		irq_message_arrived(message);
	else if (!irq_line_arrived(number))
		gic_disable(number);
}

void
interrupt_dispatch(void)
{
	uint32_t number = gic_take();

	if (number >= GIC_NONE && number < GIC_MESSAGES)
		return;
	dispatch(number);
	gic_end(number);
}
